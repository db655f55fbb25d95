//! Text from strangers made safe to print: nothing moves the cursor, rings the bell or turns text around.

use std::fmt::Write as _;

/// Whether a terminal or a reader would not see this character as itself.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The same text with every control and direction character written out, as in `\u{1b}`; tabs become a space.
///
/// Applied to every text of a stranger just before it is printed; applying it twice changes nothing more.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// At most the first `most` characters of a text; what is left out is shown as `...`.
pub fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Digits in a row that a person still reads.
const DIGITS_MAX: usize = 24;

/// The same text with the end of every number left out that is too long to be read.
pub(super) fn shorten_numbers(text: String) -> String {
    if text.len() <= DIGITS_MAX {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..].bytes().take_while(u8::is_ascii_digit).count();
        let shown = if digits > DIGITS_MAX { DIGITS_MAX / 2 } else { digits };
        out.push_str(&rest[..start + shown]);
        if shown < digits {
            let _ = write!(out, "... ({digits} digits)");
        }
        rest = &rest[start + digits..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_is_left() {
        assert_eq!(visible("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(visible("bell\u{7} \u{9b}31m"), "bell\\u{7} \\u{9b}31m");
        assert_eq!(visible("two\nlines\tand\r"), "two\\nlines and\\r");
        assert_eq!(visible("\u{202e}olleh"), "\\u{202e}olleh");
        assert_eq!(visible("\u{2066}x\u{feff}"), "\\u{2066}x\\u{feff}");
        assert_eq!(visible("Zürich ✓ 日本"), "Zürich ✓ 日本");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(clip("größe", 3), "grö...");
        assert_eq!(clip("größe", 5), "größe");
    }

    #[test]
    fn only_a_number_that_nobody_reads_is_shortened() {
        let shortened = |text: &str| shorten_numbers(text.to_owned());
        let plain = "`a` is 18446744073709551615, outside 1..=4";
        assert_eq!(shortened(plain), plain);
        let long = format!("`{}` and 7", "9".repeat(300));
        assert_eq!(shortened(&long), "`999999999999... (300 digits)` and 7");
        let fraction = format!("0.{}1", "0".repeat(300));
        assert_eq!(shortened(&fraction), "0.000000000000... (301 digits)");
    }
}
