//! The sheet a chart is drawn on: title above, caption below, and panels with axes between them.
//!
//! Lengths are in pixels here; the scene's tenths begin below this file.

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PointCollection, Rectangle};
use plotters::style::{RGBAColor, ShapeStyle};

use super::axis::{Axis, Scale};
use super::scene::{Between, Curve, Ink, Pen, Point, Recorder, Rgb, Scene, Words, tenths};
use super::text::{self, CAP_HEIGHT, Weight};
use super::{Sketch, caption, theme, thin};
use crate::report::Report;

/// Room for a picture that is not finished: its true height is known at its end.
const TALLEST: i32 = 150_000;

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Frame {
    /// Width in pixels.
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }
}

/// Which point of a text is at the place it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Its left end.
    Left,
    /// Its middle.
    Centre,
    /// Its right end.
    Right,
}

/// How words look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// Size in pixels.
    pub size: f64,
    /// Weight of the letters.
    pub weight: Weight,
    /// Colour.
    pub rgb: Rgb,
    /// Whether a white rim sets the words off from lines behind them.
    pub rim: bool,
    /// Which point of the text is given.
    pub align: Align,
}

impl Style {
    /// Tick labels.
    pub(super) const SMALL: Self =
        Self { size: theme::SMALL, weight: Weight::Regular, rgb: theme::GREY_TEXT, rim: false, align: Align::Left };
    /// Explanations.
    pub(super) const BODY: Self = Self { size: theme::BODY, ..Self::SMALL };
    /// Names.
    pub(super) const NAME: Self = Self { weight: Weight::Strong, rgb: theme::INK, ..Self::BODY };

    /// The same in another colour.
    pub(super) fn in_colour(self, rgb: Rgb) -> Self {
        Self { rgb, ..self }
    }

    /// The same, placed by another point.
    pub(super) fn aligned(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same on top of lines.
    pub(super) fn with_rim(self) -> Self {
        Self { rim: true, ..self }
    }

    /// Width of a text in this style, in pixels.
    pub(super) fn width(&self, text: &str) -> f64 {
        text::width(text, self.size, self.weight)
    }

    /// The text, shortened to `room` pixels if it is wider.
    pub(super) fn shorten(&self, text: &str, room: f64) -> String {
        text::shorten(text, room, self.size, self.weight)
    }
}

/// The sheet, and how far down it is filled.
pub(super) struct Page<'a> {
    root: DrawingArea<Recorder<'a>, Shift>,
    /// Where the next thing begins, in pixels from the top.
    pub top: f64,
}

/// Left end of everything.
pub(super) const LEFT: f64 = theme::MARGIN;
/// Right end of everything.
pub(super) const RIGHT: f64 = theme::WIDTH - theme::MARGIN;

/// A chart: title and explanation, what `paint` draws, and the caption that says which run it is.
pub(super) fn compose(report: &Report, words: [&str; 3], paint: impl FnOnce(&mut Page<'_>)) -> Sketch {
    let [title, explanation, band] = words;
    let mut scene = Scene { width: tenths(theme::WIDTH), height: TALLEST, marks: Vec::new() };
    let caption = caption::of(report, band);
    let bottom = {
        let mut page = Page { root: Recorder::new(&mut scene).into_drawing_area(), top: theme::MARGIN };
        let large = Style { size: theme::TITLE, ..Style::NAME };
        page.top += large.size * CAP_HEIGHT;
        page.words(title, LEFT, page.top, large);
        page.top += 9.0;
        page.paragraph(explanation, Style::BODY, 3);
        page.top += 20.0;
        paint(&mut page);
        page.top += 4.0;
        page.paragraph(&caption, Style::SMALL, 2);
        page.top + theme::MARGIN * 0.8
    };
    scene.height = tenths(bottom.ceil());
    Sketch { title: title.to_owned(), caption: format!("{explanation} {caption}"), scene }
}

impl<'a> Page<'a> {
    fn draw<E>(&self, element: &E)
    where
        for<'e> &'e E: PointCollection<'e, Point>,
        E: Drawable<Recorder<'a>>,
    {
        self.root.draw(element).expect("a scene takes every mark");
    }

    /// A text on one line; `base` is the line the letters stand on.
    pub(super) fn words(&self, text: &str, x: f64, base: f64, style: Style) {
        let width = style.width(text);
        let left = match style.align {
            Align::Left => x,
            Align::Centre => x - width / 2.0,
            Align::Right => x - width,
        };
        self.draw(&Words {
            text: text.to_owned(),
            at: (tenths(left), tenths(base)),
            size: tenths(style.size),
            weight: style.weight,
            rgb: style.rgb,
            rim: style.rim,
        });
    }

    /// A text on one line whose capital letters are centred on `middle`.
    pub(super) fn words_beside(&self, text: &str, x: f64, middle: f64, style: Style) {
        self.words(text, x, middle + style.size * CAP_HEIGHT / 2.0, style);
    }

    /// Text over the whole width, in at most `most` lines; moves on below it.
    pub(super) fn paragraph(&mut self, text: &str, style: Style, most: usize) {
        for line in text::wrap(text, RIGHT - LEFT, style.size, most) {
            self.top += style.size * 1.4;
            self.words(&line, LEFT, self.top, style);
        }
    }

    /// A line through points in pixels.
    pub(super) fn line(&self, points: &[(f64, f64)], pen: Pen) {
        let points = points.iter().map(|(x, y)| (tenths(*x), tenths(*y))).collect();
        self.draw(&Curve { points, pen, tolerance: 0 });
    }

    /// A filled rectangle.
    pub(super) fn fill(&self, frame: Frame, ink: Ink) {
        let corners = [(tenths(frame.left), tenths(frame.top)), (tenths(frame.right), tenths(frame.bottom))];
        self.draw(&Rectangle::new(corners, filled(ink)));
    }

    /// A filled circle with a white rim.
    pub(super) fn dot(&self, (x, y): (f64, f64), radius: f64, rgb: Rgb) {
        for (radius, rgb) in [(radius + 1.5, Rgb(255, 255, 255)), (radius, rgb)] {
            self.draw(&Circle::new((tenths(x), tenths(y)), tenths(radius), filled(Ink::solid(rgb))));
        }
    }

    /// A panel in a frame, with its coordinates.
    pub(super) fn panel(&self, frame: Frame, x: Axis, y: Axis) -> Panel<'a> {
        let across = tenths(frame.left)..tenths(frame.right);
        let upwards = tenths(frame.bottom)..tenths(frame.top);
        let coordinates = Cartesian2d::new(x.clone(), y.clone(), (across, upwards));
        Panel { area: self.root.apply_coord_spec(coordinates), frame, x, y }
    }
}

fn filled(ink: Ink) -> ShapeStyle {
    let Rgb(red, green, blue) = ink.rgb;
    ShapeStyle { color: RGBAColor(red, green, blue, f64::from(ink.percent) / 100.0), filled: true, stroke_width: 0 }
}

/// How far the last label of time may stand out of its panel, in pixels.
const OVERHANG: f64 = 18.0;

/// A frame with two axes.
pub(super) struct Panel<'a> {
    area: DrawingArea<Recorder<'a>, Cartesian2d<Axis, Axis>>,
    /// Where it is on the page.
    pub frame: Frame,
    /// The axis from left to right.
    pub x: Axis,
    /// The axis from bottom to top.
    pub y: Axis,
}

impl<'a> Panel<'a> {
    fn draw<E>(&self, element: &E)
    where
        for<'e> &'e E: PointCollection<'e, (f64, f64)>,
        E: Drawable<Recorder<'a>>,
    {
        self.area.draw(element).expect("a scene takes every mark");
    }

    /// Where a value lies on the page, in pixels.
    pub(super) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let height = self.frame.bottom - self.frame.top;
        (self.frame.left + self.frame.width() * self.x.position(x), self.frame.bottom - height * self.y.position(y))
    }

    /// Grid lines at the ticks of both axes, except on the axes themselves.
    pub(super) fn grid(&self, page: &Page<'_>) {
        let pen = Pen::solid(theme::GRID, 1.0);
        for tick in &self.y.ticks {
            let (_, y) = self.place(self.x.low, tick.at);
            if y < self.frame.bottom - 0.5 {
                page.line(&[(self.frame.left, y), (self.frame.right, y)], pen);
            }
        }
        for tick in &self.x.ticks {
            let (x, _) = self.place(tick.at, self.y.low);
            if x > self.frame.left + 0.5 {
                page.line(&[(x, self.frame.top), (x, self.frame.bottom)], pen);
            }
        }
    }

    /// The line at the foot of the panel, with tick marks and, if asked for, their labels.
    pub(super) fn foot(&self, page: &Page<'_>, labels: bool) {
        let Frame { left, right, bottom, .. } = self.frame;
        let pen = Pen::solid(theme::AXIS, 1.2);
        page.line(&[(left, bottom), (right, bottom)], pen);
        if !labels {
            return;
        }
        let spans: Vec<(f64, f64)> = (0..self.x.ticks.len()).map(|index| self.tick_span(index)).collect();
        let mut free = f64::NEG_INFINITY;
        for (index, (tick, (begin, end))) in self.x.ticks.iter().zip(&spans).enumerate() {
            let (x, _) = self.place(tick.at, self.y.low);
            page.line(&[(x, bottom), (x, bottom + 4.0)], pen);
            // The last label has the unit: it is never the one that is left out for want of room.
            let last = index + 1 == spans.len();
            let before_last = spans.last().is_some_and(|(last, _)| end + 5.0 <= *last);
            if *begin >= free && (last || before_last) {
                page.words(&tick.label, *begin, bottom + 7.0 + Style::SMALL.size * CAP_HEIGHT, Style::SMALL);
                free = end + 5.0;
            }
        }
    }

    /// Where the label of a tick at the foot begins and ends.
    fn tick_span(&self, index: usize) -> (f64, f64) {
        let tick = &self.x.ticks[index];
        let (x, _) = self.place(tick.at, self.y.low);
        let width = Style::SMALL.width(&tick.label);
        let last = index + 1 == self.x.ticks.len() && index > 0;
        // The number stands under its tick, and the unit behind the last one beyond the panel if need be. On a
        // logarithmic axis the first label would stand under the lowest of the other axis.
        let number = Style::SMALL.width(tick.label.split(' ').next().unwrap_or_default());
        let is_clock = self.x.scale == Scale::Linear;
        let begin = x - if last && is_clock { number } else { width } / 2.0;
        let begin = if last { begin.min(self.frame.right + OVERHANG - width) } else { begin };
        let begin = if is_clock { begin } else { begin.max(self.frame.left - 4.0) };
        (begin, begin + width)
    }

    /// Labels of the axis from bottom to top, left of the panel.
    pub(super) fn side(&self, page: &Page<'_>) {
        let mut last = f64::INFINITY;
        for tick in &self.y.ticks {
            let (x, y) = self.place(self.x.low, tick.at);
            if (last - y).abs() < Style::SMALL.size * 1.1 {
                continue;
            }
            last = y;
            page.words_beside(&tick.label, x - 8.0, y, Style::SMALL.aligned(Align::Right));
        }
    }

    /// A line.
    pub(super) fn curve(&self, points: Vec<(f64, f64)>, pen: Pen) {
        self.draw(&Curve { points, pen, tolerance: thin::FINE });
    }

    /// A line in the background, drawn with fewer points.
    pub(super) fn background(&self, points: Vec<(f64, f64)>, pen: Pen) {
        self.draw(&Curve { points, pen, tolerance: thin::COARSE });
    }

    /// The area between two lines over the same places.
    pub(super) fn between(
        &self,
        upper: impl Iterator<Item = (f64, f64)>,
        lower: impl Iterator<Item = (f64, f64)>,
        ink: Ink,
    ) {
        self.draw(&Between { points: upper.chain(lower).collect(), ink });
    }
}
