//! A scene as PNG, at twice its size: smooth lines and letters from the embedded font, no system font needed.

use ab_glyph::{Font, OutlineCurve};
use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};

use super::scene::{Ink, Mark, Pen, Point, Rgb, Scene, Words};
use super::text;

/// Pixels per pixel of the scene: two, for screens with small pixels and for print.
const SCALE: f32 = 2.0;
/// Width of the white rim of letters, in tenths of a pixel: half of it shows.
pub(super) const RIM: i32 = 36;

/// Draws the scene.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a scene has a positive, bounded size")]
pub(super) fn write(scene: &Scene) -> Vec<u8> {
    let side = |length: i32| pixels(length).round().clamp(1.0, 30_000.0) as u32;
    let mut canvas = Pixmap::new(side(scene.width), side(scene.height)).expect("both sides are bounded above");
    canvas.fill(Color::WHITE);
    for mark in &scene.marks {
        match mark {
            Mark::Strokes(lines, pen) => stroke(&mut canvas, lines, pen),
            Mark::Fill(outline, ink) => fill(&mut canvas, polygon(outline), *ink),
            Mark::Dot((x, y), radius, ink) => {
                fill(&mut canvas, PathBuilder::from_circle(pixels(*x), pixels(*y), pixels(*radius)), *ink);
            }
            Mark::Words(words) => letters(&mut canvas, words),
        }
    }
    canvas.encode_png().expect("writing to memory cannot fail")
}

#[allow(clippy::cast_precision_loss, reason = "tenths of pixels of a picture are far below 2^24")]
fn pixels(length: i32) -> f32 {
    length as f32 * (SCALE / 10.0)
}

fn paint(ink: Ink) -> Paint<'static> {
    let Rgb(red, green, blue) = ink.rgb;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    let alpha = u16::from(ink.percent.min(100)) * 255 / 100;
    paint.set_color_rgba8(red, green, blue, u8::try_from(alpha).unwrap_or(u8::MAX));
    paint
}

fn fill(canvas: &mut Pixmap, path: Option<Path>, ink: Ink) {
    if let Some(path) = path {
        canvas.fill_path(&path, &paint(ink), FillRule::Winding, Transform::identity(), None);
    }
}

fn polygon(outline: &[Point]) -> Option<Path> {
    let mut path = PathBuilder::new();
    add_line(&mut path, outline);
    path.close();
    path.finish()
}

fn add_line(path: &mut PathBuilder, line: &[Point]) {
    for (index, (x, y)) in line.iter().enumerate() {
        if index == 0 {
            path.move_to(pixels(*x), pixels(*y));
        } else {
            path.line_to(pixels(*x), pixels(*y));
        }
    }
}

fn stroke(canvas: &mut Pixmap, lines: &[Vec<Point>], pen: &Pen) {
    let mut path = PathBuilder::new();
    for line in lines {
        add_line(&mut path, line);
    }
    let dash = StrokeDash::new(pen.dash.iter().map(|length| pixels(*length)).collect(), 0.0);
    let style = Stroke {
        width: pixels(pen.width),
        line_cap: LineCap::Butt,
        line_join: LineJoin::Round,
        dash: if pen.dash.is_empty() { None } else { dash },
        ..Stroke::default()
    };
    if let Some(path) = path.finish() {
        canvas.stroke_path(&path, &paint(pen.ink), &style, Transform::identity(), None);
    }
}

fn letters(canvas: &mut Pixmap, words: &Words) {
    let Some(path) = outline(words) else { return };
    if words.rim {
        let white = paint(Ink::solid(Rgb(255, 255, 255)));
        let rim = Stroke { width: pixels(RIM), line_join: LineJoin::Round, ..Stroke::default() };
        canvas.stroke_path(&path, &white, &rim, Transform::identity(), None);
    }
    fill(canvas, Some(path), Ink::solid(words.rgb));
}

/// The outlines of all letters, each at its exact place between pixels.
#[allow(clippy::cast_possible_truncation, reason = "a place in a picture needs no more than single precision")]
fn outline(words: &Words) -> Option<Path> {
    let font = text::font(words.weight);
    let size = pixels(words.size);
    let scale = size / font.units_per_em().unwrap_or(1000.0);
    let base = pixels(words.at.1);
    let mut left = pixels(words.at.0);
    let mut path = PathBuilder::new();
    for character in words.text.chars() {
        if text::is_invisible(character) {
            continue;
        }
        let advance = text::advance(words.weight, character) as f32 * size;
        if !text::has_glyph(words.weight, character) {
            add_box(&mut path, left + 0.08 * size, base, advance - 0.16 * size, 0.7 * size);
        } else if let Some(outline) = font.outline(font.glyph_id(character)) {
            add_glyph(&mut path, &outline.curves, |point| (left + point.x * scale, base - point.y * scale));
        }
        left += advance;
    }
    path.finish()
}

fn add_glyph(path: &mut PathBuilder, curves: &[OutlineCurve], place: impl Fn(ab_glyph::Point) -> (f32, f32)) {
    let mut end: Option<ab_glyph::Point> = None;
    for curve in curves {
        let (OutlineCurve::Line(from, to) | OutlineCurve::Quad(from, _, to) | OutlineCurve::Cubic(from, _, _, to)) =
            curve;
        if end != Some(*from) {
            if end.is_some() {
                path.close();
            }
            let (x, y) = place(*from);
            path.move_to(x, y);
        }
        let (x, y) = place(*to);
        match curve {
            OutlineCurve::Line(..) => path.line_to(x, y),
            OutlineCurve::Quad(_, control, _) => {
                let (cx, cy) = place(*control);
                path.quad_to(cx, cy, x, y);
            }
            OutlineCurve::Cubic(_, first, second, _) => {
                let ((ax, ay), (bx, by)) = (place(*first), place(*second));
                path.cubic_to(ax, ay, bx, by, x, y);
            }
        }
        end = Some(*to);
    }
    if end.is_some() {
        path.close();
    }
}

/// A hollow box for a character that the font does not have: outer edge one way round, inner edge the other.
fn add_box(path: &mut PathBuilder, left: f32, base: f32, width: f32, height: f32) {
    let rim = height * 0.09;
    let (right, top) = (left + width, base - height);
    let outer = [(left, base), (right, base), (right, top), (left, top)];
    let (left, right, base, top) = (left + rim, right - rim, base - rim, top + rim);
    let inner = [(left, base), (left, top), (right, top), (right, base)];
    for ring in [outer, inner] {
        path.move_to(ring[0].0, ring[0].1);
        for (x, y) in &ring[1..] {
            path.line_to(*x, *y);
        }
        path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(marks: Vec<Mark>) -> Pixmap {
        let bytes = write(&Scene { width: 1000, height: 400, marks });
        Pixmap::decode_png(&bytes).expect("what was written is a PNG")
    }

    fn words(text: &str) -> Words {
        Words {
            text: text.to_owned(),
            at: (100, 250),
            size: 140,
            weight: text::Weight::Regular,
            rgb: Rgb(0, 0, 0),
            rim: false,
        }
    }

    /// The columns of pixels, at the scale of the scene, that are not white.
    fn inked_columns(picture: &Pixmap) -> (u32, u32) {
        let inked: Vec<u32> = (0..picture.width())
            .filter(|&x| (0..picture.height()).any(|y| picture.pixel(x, y).is_some_and(|p| p.red() < 128)))
            .collect();
        (inked.first().copied().unwrap_or(0), inked.last().copied().unwrap_or(0))
    }

    #[test]
    fn a_picture_is_twice_as_large_as_its_scene_and_white() {
        let picture = picture(Vec::new());
        assert_eq!((picture.width(), picture.height()), (200, 80));
        assert!(picture.pixels().iter().all(|pixel| pixel.red() == 255 && pixel.alpha() == 255));
    }

    #[test]
    fn words_take_the_room_that_was_measured() {
        let words = words("queued 42 %");
        let (first, last) = inked_columns(&picture(vec![Mark::Words(words.clone())]));
        let measured = f64::from(words.width()) / 10.0;
        assert!((10..=13).contains(&(first / 2)), "{first}");
        assert!((f64::from(last) / 2.0 - 10.0 - measured).abs() < 2.0, "{last} {measured}");
    }

    #[test]
    fn a_character_without_a_glyph_is_a_hollow_box() {
        let picture = picture(vec![Mark::Words(words("漢"))]);
        let dark = picture.pixels().iter().filter(|pixel| pixel.red() < 128).count();
        assert!((40..200).contains(&dark), "{dark} dark pixels");
    }

    #[test]
    fn a_dashed_line_has_gaps() {
        let pen = Pen::solid(Ink::solid(Rgb(0, 0, 0)), 2.0).dashed(&[100, 100]);
        let picture = picture(vec![Mark::Strokes(vec![vec![(0, 200), (1000, 200)]], pen)]);
        let dark = (0..200).filter(|&x| picture.pixel(x, 40).is_some_and(|p| p.red() < 128)).count();
        assert!((90..=110).contains(&dark), "{dark} of 200 pixels are dark");
    }
}
