//! The words of an expectation.

use std::ops::Range;

use super::Slip;
use crate::units::Quantity;

/// One word, and the bytes where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub what: What,
    pub at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// A number with or without a unit.
    Quantity(Quantity),
    /// A name with dots: `queued.lost`.
    Name(String),
    /// `+ - * / ( )`.
    Sign(char),
    /// `== != < <= > >=`.
    Compare(&'static str),
}

/// Longer expectations are not written by people.
const TEXT_MAX: usize = 500;

/// Splits the text of an expectation into words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Slip> {
    if text.len() > TEXT_MAX {
        return Err(Slip::new(0..text.len(), format!("an expectation is at most {TEXT_MAX} characters long")));
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let (what, len) = if first.is_ascii_digit() {
            let len = number_len(rest);
            let quantity = rest[..len].parse::<Quantity>();
            (What::Quantity(quantity.map_err(|error| Slip::new(start..start + len, error.message()))?), len)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let len = name_len(rest);
            (What::Name(rest[..len].to_owned()), len)
        } else {
            sign(rest).map_err(|mut slip| {
                slip.at = start + slip.at.start..start + slip.at.end;
                slip
            })?
        };
        tokens.push(Token { what, at: start..start + len });
        rest = rest[len..].trim_start();
    }
    Ok(tokens)
}

/// A number and its unit, written without a space: `1.5`, `50%`, `1h30min`, `10/min`.
fn number_len(text: &str) -> usize {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%');
    let len = text.find(|c: char| !word(c)).unwrap_or(text.len());
    // `10/s` is a rate, `10/2` and `10 / s` are divisions.
    let per = text[len..].strip_prefix('/').map(|rest| {
        let end = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
        &rest[..end]
    });
    match per {
        Some(unit @ ("s" | "min" | "h" | "d")) => len + 1 + unit.len(),
        _ => len,
    }
}

/// A name with dots; a hyphen or dot belongs to it only if something follows without a space.
fn name_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let mut len = 0;
    while word(len) || (matches!(bytes.get(len), Some(b'.' | b'-')) && word(len + 1)) {
        len += 1;
    }
    len
}

fn sign(text: &str) -> Result<(What, usize), Slip> {
    for (written, compare) in [("==", "=="), ("!=", "!="), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">")] {
        if text.starts_with(written) {
            return Ok((What::Compare(compare), written.len()));
        }
    }
    let wrong = |len: usize, hint: &str| {
        Err(Slip::new(0..len, format!("`{}` means nothing here", &text[..len])).hint(hint.to_owned()))
    };
    match text.chars().next() {
        Some(c @ ('+' | '-' | '*' | '/' | '(' | ')')) => Ok((What::Sign(c), 1)),
        Some('=') if text.starts_with("=<") => wrong(2, "write `<=`"),
        Some('=') if text.starts_with("=>") => wrong(2, "write `>=`"),
        Some('=') => wrong(1, "write `==` to compare"),
        Some('&' | '|') => wrong(1, "one comparison in each `[[expect]]`: write two"),
        Some('\u{2264}') => wrong(3, "write `<=`"),
        Some('\u{2265}') => wrong(3, "write `>=`"),
        Some('%') => wrong(1, "it belongs to a number, without a space: `50%`"),
        c => wrong(c.map_or(0, char::len_utf8), "a side is numbers and figures such as `queued.lost`, with `+ - * /`"),
    }
}
