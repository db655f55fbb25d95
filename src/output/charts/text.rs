//! Words in a picture: the embedded font, how wide a text is, how it is shortened, and what is never let through.
//!
//! Names come from a file and are data from a stranger: [`clean`] takes out what could break a line, an SVG or the
//! direction of reading. Every width is measured with the font that draws the PNG, so nothing is guessed.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

use crate::output::text as output;

/// Weight of the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Running text and tick labels.
    Regular,
    /// Titles and names.
    Strong,
}

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../../assets/fonts/Inter-Regular-subset.otf"))
        .expect("the embedded regular font is a valid font")
});
static STRONG: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../../assets/fonts/Inter-SemiBold-subset.otf"))
        .expect("the embedded semi-bold font is a valid font")
});

/// Height of a capital letter as a share of the font size; both weights agree.
pub(super) const CAP_HEIGHT: f64 = 0.727;
/// The embedded font of a weight.
pub(super) fn font(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::Strong => &STRONG,
    }
}

/// Whether the embedded font can draw the character; one it cannot is a hollow box in a PNG, itself in an SVG.
pub(super) fn has_glyph(weight: Weight, character: char) -> bool {
    font(weight).glyph_id(character).0 != 0
}

/// Width of one character as a share of the font size.
pub(super) fn advance(weight: Weight, character: char) -> f64 {
    let font = font(weight);
    let glyph = font.glyph_id(character);
    if is_invisible(character) {
        return 0.0;
    }
    if glyph.0 == 0 {
        return if output::char_width(character) == 2 { 1.0 } else { 0.62 };
    }
    let units = font.units_per_em().map_or(1000.0, f64::from);
    f64::from(font.h_advance_unscaled(glyph)) / units
}

/// Width of a text in pixels.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    text.chars().map(|character| advance(weight, character)).sum::<f64>() * size
}

/// The text if it fits in `room` pixels, else as much of it as fits with an ellipsis; empty if not even that does.
pub(super) fn shorten(text: &str, room: f64, size: f64, weight: Weight) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut left = room - advance(weight, '…') * size;
    if left < 0.0 {
        return String::new();
    }
    let mut short = String::new();
    for character in text.chars() {
        left -= advance(weight, character) * size;
        if left < 0.0 {
            break;
        }
        short.push(character);
    }
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// A text as lines of at most `room` pixels, broken between words; at most `most` lines, the last one shortened.
pub(super) fn wrap(text: &str, room: f64, size: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, Weight::Regular) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        let rest = lines.split_off(most.max(1) - 1).join(" ");
        lines.push(rest);
    }
    lines.iter().map(|line| shorten(line, room, size, Weight::Regular)).collect()
}

/// A name as it may stand in a picture: cleaned as for a terminal, blanks run together, at most two marks on a letter
/// and at most 200 characters.
pub(super) fn clean(name: &str) -> String {
    let mut text = String::new();
    let mut marks = 0;
    for character in output::clean(name).chars().take(200) {
        marks = if is_invisible(character) { marks + 1 } else { 0 };
        let repeated = character.is_whitespace() && (text.is_empty() || text.ends_with(' '));
        if marks <= 2 && !repeated {
            text.push(if character.is_whitespace() { ' ' } else { character });
        }
    }
    text.truncate(text.trim_end().len());
    // An Arabic or Hebrew name must not turn round the words beside it.
    if text.chars().any(reads_from_right) { format!("\u{2068}{text}\u{2069}") } else { text }
}

fn reads_from_right(character: char) -> bool {
    matches!(u32::from(character),
        0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF)
}

/// Whether the character takes no room: a mark on a letter, or an isolate that [`clean`] puts round a name.
pub(super) fn is_invisible(character: char) -> bool {
    output::char_width(character) == 0 || matches!(character, '\u{2068}' | '\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays_and_one_that_does_not_ends_in_an_ellipsis_within_the_room() {
        assert_eq!(shorten("queued", 200.0, 14.0, Weight::Regular), "queued");
        let short = shorten("a very long name of a pipeline", 80.0, 14.0, Weight::Strong);
        assert!(short.ends_with('…') && short.len() > 5, "{short}");
        assert!(width(&short, 14.0, Weight::Strong) <= 80.0);
        assert_eq!(shorten("name", 2.0, 14.0, Weight::Regular), "");
    }

    #[test]
    fn semi_bold_letters_are_wider_than_regular_ones() {
        assert!(width("synchronous", 14.0, Weight::Strong) > width("synchronous", 14.0, Weight::Regular));
    }

    #[test]
    fn a_name_loses_what_could_break_a_line_a_parser_or_the_reading_direction() {
        assert_eq!(clean("a\n\tb\u{7}c"), "a b\\u{7}c");
        assert_eq!(clean("safe\u{202E}gpj.exe"), "safe\\u{202e}gpj.exe");
        assert_eq!(clean("z\u{300}\u{301}\u{302}\u{303}\u{304}!"), "z\u{300}\u{301}!");
        assert_eq!(clean("  x  "), "x");
        assert_eq!(clean("שלום"), "\u{2068}שלום\u{2069}");
        assert!(clean(&"n".repeat(10_000)).len() <= 200);
    }

    #[test]
    fn lines_break_between_words_and_the_last_one_is_shortened() {
        let lines = wrap("one two three four five six seven eight nine ten", 90.0, 14.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| width(line, 14.0, Weight::Regular) <= 90.0));
        assert_eq!(wrap("", 90.0, 14.0, 2), Vec::<String>::new());
    }
}
