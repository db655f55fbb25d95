//! A scene as SVG: the same bytes for the same scene, small, and safe with any name in it.
//!
//! The picture keeps the fine grid of the scene as its `viewBox`, so that every coordinate is a whole number. It carries
//! its font, so that it looks the same everywhere. Each text carries its measured width as well: a viewer that does not
//! take fonts from a picture squeezes its own letters into it instead of breaking the layout.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

use super::scene::{Ink, Mark, Pen, Point, Rgb, Scene, Words};
use super::text::Weight;

/// The two weights of Inter, cut down to the letters that charts need.
const FONTS: [(u32, &[u8]); 2] = [
    (400, include_bytes!("../../../assets/fonts/Inter-Regular-subset.woff2")),
    (600, include_bytes!("../../../assets/fonts/Inter-SemiBold-subset.woff2")),
];

const FAMILIES: &str = "Inter,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

/// Writes the scene; title and description are for screen readers and for the tool tip of a browser.
pub(super) fn write(scene: &Scene, title: &str, description: &str) -> String {
    let mut svg = String::with_capacity(192 * 1024);
    let (width, height) = (scene.width, scene.height);
    put(&mut svg, format_args!("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{}\"", width / 10));
    put(&mut svg, format_args!(" height=\"{}\" viewBox=\"0 0 {width} {height}\"", height / 10));
    put(&mut svg, format_args!(" font-family=\"{FAMILIES}\" fill=\"none\" stroke-linejoin=\"round\">\n"));
    put(&mut svg, format_args!("<title>{}</title>\n", Escaped(title)));
    put(&mut svg, format_args!("<desc>{}</desc>\n", Escaped(description)));
    write_fonts(&mut svg);
    put(&mut svg, format_args!("<path fill=\"#fff\" d=\"M0 0h{width}v{height}h-{width}z\"/>\n"));
    for mark in &scene.marks {
        match mark {
            Mark::Strokes(lines, pen) => write_strokes(&mut svg, lines, pen),
            Mark::Fill(outline, ink) => {
                put(&mut svg, format_args!("<path fill=\"{}\"{} d=\"", Hex(ink.rgb), Opacity("fill", *ink)));
                write_line(&mut svg, outline);
                svg.push_str("z\"/>\n");
            }
            Mark::Dot((x, y), radius, ink) => {
                let opacity = Opacity("fill", *ink);
                let fill = Hex(ink.rgb);
                put(
                    &mut svg,
                    format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"{opacity}/>\n"),
                );
            }
            Mark::Words(words) => write_words(&mut svg, words),
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn write_fonts(svg: &mut String) {
    svg.push_str("<style>");
    for (weight, font) in FONTS {
        put(svg, format_args!("@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/woff2;base64,"));
        STANDARD.encode_string(font, svg);
        svg.push_str(")format(\"woff2\")}");
    }
    svg.push_str("</style>\n");
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("writing to a string cannot fail");
}

fn write_strokes(svg: &mut String, lines: &[Vec<Point>], pen: &Pen) {
    let (hex, opacity) = (Hex(pen.ink.rgb), Opacity("stroke", pen.ink));
    put(svg, format_args!("<path stroke=\"{hex}\"{opacity} stroke-width=\"{}\"", pen.width));
    if !pen.dash.is_empty() {
        let dash: Vec<String> = pen.dash.iter().map(ToString::to_string).collect();
        put(svg, format_args!(" stroke-dasharray=\"{}\"", dash.join(" ")));
    }
    svg.push_str(" d=\"");
    for line in lines {
        write_line(svg, line);
    }
    svg.push_str("\"/>\n");
}

/// Absolute first point, then steps: they have fewer digits than places.
fn write_line(svg: &mut String, line: &[Point]) {
    let Some(first) = line.first() else { return };
    put(svg, format_args!("M{} {}", first.0, first.1));
    let mut command = 'M';
    for pair in line.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let (next, numbers) = match (dx, dy) {
            (0, 0) => continue,
            (_, 0) => ('h', vec![dx]),
            (0, _) => ('v', vec![dy]),
            _ => ('l', vec![dx, dy]),
        };
        if next != command {
            svg.push(next);
        }
        for (index, number) in numbers.iter().enumerate() {
            if *number >= 0 && (next == command || index > 0) {
                svg.push(' ');
            }
            put(svg, format_args!("{number}"));
        }
        command = next;
    }
}

fn write_words(svg: &mut String, words: &Words) {
    let (x, y) = words.at;
    put(svg, format_args!("<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{}\"", words.size, Hex(words.rgb)));
    if words.weight == Weight::Strong {
        svg.push_str(" font-weight=\"600\"");
    }
    if words.rim {
        put(svg, format_args!(" paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"{}\"", super::png::RIM));
    }
    if words.text.chars().count() > 1 {
        put(svg, format_args!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", words.width()));
    }
    put(svg, format_args!(">{}</text>\n", Escaped(&words.text)));
}

/// A colour, three digits where they say the same as six.
struct Hex(Rgb);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rgb(red, green, blue) = self.0;
        if [red, green, blue].iter().all(|channel| channel >> 4 == channel & 15) {
            write!(f, "#{:x}{:x}{:x}", red & 15, green & 15, blue & 15)
        } else {
            write!(f, "#{red:02x}{green:02x}{blue:02x}")
        }
    }
}

/// The attribute that lets what is behind show through, if it does.
struct Opacity(&'static str, Ink);

impl std::fmt::Display for Opacity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.1.percent < 100 { write!(f, " {}-opacity=\".{:02}\"", self.0, self.1.percent) } else { Ok(()) }
    }
}

/// Text between tags: nothing in it can end the tag, and what XML 1.0 forbids is a question mark.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
                    f.write_char('?')?;
                }
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg_of(mark: Mark) -> String {
        write(&Scene { width: 1000, height: 500, marks: vec![mark] }, "a title", "")
    }

    #[test]
    fn a_name_cannot_end_its_tag() {
        let words = Words {
            text: "</text><script>alert('x')</script>&\u{1}".to_owned(),
            at: (10, 10),
            size: 140,
            weight: Weight::Regular,
            rgb: Rgb(0, 0, 0),
            rim: false,
        };
        let svg = svg_of(Mark::Words(words));
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;&amp;?</text>"), "{svg}");
    }

    #[test]
    fn the_picture_carries_its_font_in_both_weights() {
        let svg = svg_of(Mark::Dot((5, 5), 3, Ink::solid(Rgb(1, 2, 3))));
        for weight in [400, 600] {
            let face =
                format!("@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/woff2;base64,d09G");
            assert!(svg.contains(&face), "no font of weight {weight}");
        }
    }

    #[test]
    fn a_line_is_written_in_steps() {
        let pen = Pen::solid(Ink::solid(Rgb(0x11, 0x22, 0x33)), 1.5);
        let line = vec![(100, 100), (110, 90), (120, 95), (120, 60), (150, 60), (150, 60)];
        let svg = svg_of(Mark::Strokes(vec![line], pen));
        assert!(svg.contains("stroke=\"#123\" stroke-width=\"15\" d=\"M100 100l10-10 10 5v-35h30\""), "{svg}");
    }

    #[test]
    fn the_picture_has_its_real_size_and_the_fine_grid() {
        let svg = svg_of(Mark::Dot((5, 5), 3, Ink::pale(Rgb(1, 2, 3), 5)));
        assert!(svg.contains("width=\"100\" height=\"50\" viewBox=\"0 0 1000 500\""));
        assert!(svg.contains("fill=\"#010203\" fill-opacity=\".05\""));
    }
}
