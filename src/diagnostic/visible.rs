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
}
