//! Text of strangers on its way to a terminal or a file: made harmless, measured, cut and wrapped.

use crate::diagnostic::{is_hidden, visible};
use std::borrow::Cow;

/// The text in one line, with nothing that a terminal would act on or that would show it in another order than it is
/// read: line breaks and tabs become blanks, everything else that [`is_hidden`] is written out, as in `\u{1b}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(visible(&text.replace(['\t', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'], " ")))
}

/// How many columns of a terminal the text takes.
///
/// Simplified: marks count 0, East Asian wide characters and emoji 2, everything else 1, from the main ranges of
/// Unicode's tables; a rare script may be a column off.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// How many columns one character takes: none, one or two.
pub const fn char_width(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}'
        | '\u{93c}'
        | '\u{941}'..='\u{948}'
        | '\u{94d}'
        | '\u{e31}'
        | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{1fa70}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// The text, cut to at most `columns` columns; the last one is `…` when something was cut.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut used = 0;
    let mut kept = String::new();
    for c in text.chars() {
        used += char_width(c);
        if used >= columns {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    Cow::Owned(kept)
}

/// The text in lines of at most `columns` columns, broken at spaces; a word longer than a line is broken where it must.
/// A line break in the text stays. Always at least one line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let room = columns.saturating_sub(width(&line) + usize::from(!line.is_empty()));
            if width(word) > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            push_word(&mut lines, &mut line, word, columns);
        }
        lines.push(line);
    }
    lines
}

/// Appends a word to the line; a word longer than a whole line fills as many lines as it needs.
fn push_word(lines: &mut Vec<String>, line: &mut String, word: &str, columns: usize) {
    let mut used = width(line);
    for c in word.chars() {
        if used > 0 && used + char_width(c) > columns {
            lines.push(std::mem::take(line));
            used = 0;
        }
        line.push(c);
        used += char_width(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_act_on() {
        assert_eq!(clean("red \u{1b}[31mred\u{7}"), "red \\u{1b}[31mred\\u{7}");
        assert_eq!(clean("a\r\nb\tc\u{2028}d"), "a  b c d");
        assert_eq!(clean("user\u{202e}txt.exe"), "user\\u{202e}txt.exe");
        assert_eq!(clean("c1 \u{9b}2J"), "c1 \\u{9b}2J");
        assert!(matches!(clean("web → jobs (sqs) ± 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn width_counts_columns_and_not_bytes() {
        assert_eq!(width("web → x"), 7);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("🚚!"), 3);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(fit("encoders", 8), "encoders");
        assert_eq!(fit("encoders", 5), "enco…");
        assert_eq!(fit("日本語", 4), "日…");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_where_they_must() {
        assert_eq!(wrap("the queue kept every job", 9), ["the queue", "kept", "every job"]);
        assert_eq!(wrap("a visibility b", 5), ["a", "visib", "ility", "b"]);
        assert_eq!(wrap("1310\n±14", 20), ["1310", "±14"]);
        assert_eq!(wrap("", 20), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_and_no_letter_is_lost(text in "[a-z 日→]{0,60}", columns in 2_usize..30) {
            let lines = wrap(&text, columns);
            prop_assert!(lines.iter().all(|line| width(line) <= columns));
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            prop_assert!(width(&fit(&text, columns)) <= columns);
        }

        #[test]
        fn cleaned_text_has_nothing_hidden_left_and_is_clean_for_good(text in "\\PC*|(?s).*") {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.contains(is_hidden));
            prop_assert_eq!(clean(&cleaned), &*cleaned);
        }
    }
}
