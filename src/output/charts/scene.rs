//! A picture as a list of marks: what plotters draws on, and what the SVG and the PNG are both written from.
//!
//! plotters hands whole pixels to its backends, which makes curves jagged; the scene is therefore ten times finer
//! than the picture, and every length in it is in tenths of a pixel. Recording first and writing later has two more
//! uses: both files show the same picture by construction, and a test can ask where things are (does a label cover
//! another, does a line leave its frame) without looking at pixels.

use std::convert::Infallible;

use plotters::element::{Drawable, PointCollection};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

use super::text::{self, Weight};
use super::thin;

/// A point in tenths of a pixel from the upper left corner.
pub(super) type Point = (i32, i32);

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

/// A colour and how much of what is behind it shows through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink {
    /// The colour.
    pub rgb: Rgb,
    /// 100 hides what is behind, 0 hides nothing.
    pub percent: u8,
}

impl Ink {
    /// Hides what is behind it.
    pub(super) const fn solid(rgb: Rgb) -> Self {
        Self { rgb, percent: 100 }
    }

    /// Lets what is behind it show through.
    pub(super) const fn pale(rgb: Rgb, percent: u8) -> Self {
        Self { rgb, percent }
    }

    fn of_backend(colour: BackendColor) -> Self {
        let (red, green, blue) = colour.rgb;
        let percent = tenths(colour.alpha.clamp(0.0, 1.0) * 10.0);
        Self { rgb: Rgb(red, green, blue), percent: u8::try_from(percent).unwrap_or(100) }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pen {
    /// Its colour.
    pub ink: Ink,
    /// Its width in tenths of a pixel.
    pub width: i32,
    /// Dash and gap, in turn, in tenths of a pixel; empty for a solid line.
    pub dash: &'static [i32],
}

impl Pen {
    /// A solid line of a width in pixels.
    pub(super) fn solid(ink: Ink, width: f64) -> Self {
        Self { ink, width: tenths(width), dash: &[] }
    }

    /// The same line in dashes.
    pub(super) fn dashed(self, dash: &'static [i32]) -> Self {
        Self { dash, ..self }
    }
}

/// One thing in a picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// Lines with one pen.
    Strokes(Vec<Vec<Point>>, Pen),
    /// A filled outline.
    Fill(Vec<Point>, Ink),
    /// A filled circle: centre and radius.
    Dot(Point, i32, Ink),
    /// Words.
    Words(Words),
}

/// A line of text, from its left end on its base line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words {
    /// The text; any character, escaped by the writers.
    pub text: String,
    /// Left end of the base line.
    pub at: Point,
    /// Size of the font in tenths of a pixel.
    pub size: i32,
    /// Weight of the font.
    pub weight: Weight,
    /// Colour of the letters.
    pub rgb: Rgb,
    /// Whether a white rim keeps the letters readable on top of lines.
    pub rim: bool,
}

impl Words {
    /// Width in tenths of a pixel, as measured with the embedded font.
    pub(super) fn width(&self) -> i32 {
        tenths(text::width(&self.text, f64::from(self.size) / 10.0, self.weight))
    }
}

/// A whole picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    /// Width in tenths of a pixel.
    pub width: i32,
    /// Height in tenths of a pixel.
    pub height: i32,
    /// What is drawn, the hindmost first.
    pub marks: Vec<Mark>,
}

/// Pixels to tenths of a pixel.
#[allow(clippy::cast_possible_truncation, reason = "clamped to the range first; NaN becomes zero")]
pub(super) fn tenths(pixels: f64) -> i32 {
    (pixels * 10.0).round().clamp(-1e9, 1e9) as i32
}

/// The drawing backend that plotters draws on: it only writes down what it is told.
pub(super) struct Recorder<'a> {
    scene: &'a mut Scene,
}

impl<'a> Recorder<'a> {
    /// Records into the scene, on top of what is there.
    pub(super) fn new(scene: &'a mut Scene) -> Self {
        Self { scene }
    }

    /// Puts a mark on top of all others; neighbours with one pen become one mark, which keeps an SVG small.
    pub(super) fn push(&mut self, mark: Mark) {
        match (self.scene.marks.last_mut(), mark) {
            (Some(Mark::Strokes(lines, pen)), Mark::Strokes(more, same)) if *pen == same && same.ink.percent == 100 => {
                lines.extend(more);
            }
            (_, mark) => self.scene.marks.push(mark),
        }
    }
}

type Recorded = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Recorder<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.scene.width.unsigned_abs(), self.scene.height.unsigned_abs())
    }

    fn ensure_prepared(&mut self) -> Recorded {
        Ok(())
    }

    fn present(&mut self) -> Recorded {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Recorded {
        self.draw_rect((x, y), (x + 1, y + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Recorded {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, (x0, y0): Point, (x1, y1): Point, style: &S, fill: bool) -> Recorded {
        let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.draw_path(corners.into_iter().chain([(x0, y0)]), style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = Point>>(&mut self, path: I, style: &S) -> Recorded {
        let width = i32::try_from(style.stroke_width()).unwrap_or(i32::MAX);
        let pen = Pen { ink: Ink::of_backend(style.color()), width, dash: &[] };
        self.push(Mark::Strokes(vec![path.into_iter().collect()], pen));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: Point, radius: u32, style: &S, _fill: bool) -> Recorded {
        let radius = i32::try_from(radius).unwrap_or(i32::MAX);
        self.push(Mark::Dot(centre, radius, Ink::of_backend(style.color())));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = Point>>(&mut self, path: I, style: &S) -> Recorded {
        self.push(Mark::Fill(path.into_iter().collect(), Ink::of_backend(style.color())));
        Ok(())
    }
}

/// A line through points that go from left to right, in the coordinates of the area it is drawn on.
///
/// plotters' own line series knows no dashes (it draws each as a line of its own) and keeps every point.
pub(super) struct Curve<C> {
    /// The points.
    pub points: Vec<C>,
    /// How it is drawn.
    pub pen: Pen,
    /// How far the drawn line may be from the true one, in tenths of a pixel.
    pub tolerance: i32,
}

/// The area between two lines that go from left to right: the upper one, then the lower one, equally many points.
pub(super) struct Between<C> {
    /// All points of one line, then all points of the other.
    pub points: Vec<C>,
    /// The filling.
    pub ink: Ink,
}

impl<'a, C: 'a> PointCollection<'a, C> for &'a Curve<C> {
    type Point = &'a C;
    type IntoIter = &'a [C];

    fn point_iter(self) -> &'a [C] {
        &self.points
    }
}

impl<'a, C: 'a> PointCollection<'a, C> for &'a Between<C> {
    type Point = &'a C;
    type IntoIter = &'a [C];

    fn point_iter(self) -> &'a [C] {
        &self.points
    }
}

impl<'a> PointCollection<'a, Point> for &'a Words {
    type Point = &'a Point;
    type IntoIter = [&'a Point; 1];

    fn point_iter(self) -> [&'a Point; 1] {
        [&self.at]
    }
}

impl<C> Drawable<Recorder<'_>> for Curve<C> {
    fn draw<I: Iterator<Item = Point>>(&self, points: I, backend: &mut Recorder<'_>, _: (u32, u32)) -> Recorded {
        let line = thin::thin(points, self.tolerance);
        if line.len() > 1 {
            backend.push(Mark::Strokes(vec![line], self.pen));
        }
        Ok(())
    }
}

impl<C> Drawable<Recorder<'_>> for Between<C> {
    fn draw<I: Iterator<Item = Point>>(&self, points: I, backend: &mut Recorder<'_>, _: (u32, u32)) -> Recorded {
        let points: Vec<Point> = points.collect();
        let (upper, lower) = points.split_at(points.len() / 2);
        let mut outline = thin::thin(upper.iter().copied(), thin::FINE);
        outline.extend(thin::thin(lower.iter().copied(), thin::FINE).into_iter().rev());
        if outline.len() > 2 {
            backend.push(Mark::Fill(outline, self.ink));
        }
        Ok(())
    }
}

impl Drawable<Recorder<'_>> for Words {
    fn draw<I: Iterator<Item = Point>>(&self, mut at: I, backend: &mut Recorder<'_>, _: (u32, u32)) -> Recorded {
        if let Some(at) = at.next().filter(|_| !self.text.is_empty()) {
            backend.push(Mark::Words(Self { at, ..self.clone() }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_of_one_pen_become_one_mark_but_pale_ones_do_not() {
        let mut scene = Scene { width: 100, height: 100, marks: Vec::new() };
        let mut recorder = Recorder::new(&mut scene);
        let solid = Pen::solid(Ink::solid(Rgb(0, 0, 0)), 1.0);
        let pale = Pen::solid(Ink::pale(Rgb(0, 0, 0), 50), 1.0);
        for pen in [solid, solid, pale, pale] {
            recorder.push(Mark::Strokes(vec![vec![(0, 0), (5, 5)]], pen));
        }
        assert_eq!(scene.marks.len(), 3, "two pale lines that cross must be darker where they do");
    }

    #[test]
    fn an_impossible_length_is_a_length_all_the_same() {
        assert_eq!(tenths(f64::NAN), 0);
        assert_eq!(tenths(f64::INFINITY), 1_000_000_000);
        assert_eq!(tenths(12.34), 123);
    }
}
