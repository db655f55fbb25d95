//! What can be wrong with a value, in the words of its author rather than of the decoder.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::diagnostic::{Diagnostic, Diagnostics, Span, clip, nearest};
use crate::site::Data;

/// Lists of names longer than this are not printed.
const NAMES_MAX: usize = 14;

/// What a struct is in words.
const A_TABLE: &str = "a table";

/// One reason why a value cannot be decoded. It is raised without a place; the reader of the innermost value around
/// it fills that in.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) what: What,
    /// Where; nothing until a reader claims it.
    pub(super) span: Option<Span>,
    /// Keys from the outside to the value.
    pub(super) keys: Vec<String>,
}

#[derive(Debug)]
pub(super) enum What {
    /// A key that nobody knows. The value can be decoded without it.
    UnknownKey { name: String, known: &'static [&'static str] },
    /// A word that is none of those allowed.
    UnknownWord { word: String, known: &'static [&'static str] },
    /// A key that must be there.
    Missing(&'static str),
    /// Something else was expected.
    Unfit { found: String, expected: String },
    /// A table with some of these keys was expected.
    NotTable { found: String, known: &'static [&'static str] },
    /// Several or none of a set of keys of which exactly one is wanted.
    NotOne { found: Vec<String>, known: &'static [&'static str] },
    /// In the words of the type itself.
    Custom(String),
    /// Nobody wants the value; it becomes an unknown key as soon as the key is known.
    Ignored,
    /// A consequence of what was told before.
    Silent,
}

impl Problem {
    pub(super) fn new(what: What) -> Self {
        Self { what, span: None, keys: Vec::new() }
    }

    /// One of these words was expected.
    pub(super) fn not_a_word(found: &Data, known: &[&str]) -> Self {
        let found = match found {
            Data::Boolean(value) => format!("`{value}`"),
            Data::Integer(value) => format!("`{value}`"),
            Data::Float(value) => format!("`{value}`"),
            other => other.noun().to_owned(),
        };
        let quoted: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
        Self::new(What::Unfit { found, expected: format!("one of {}", list(&quoted)) })
    }

    /// The same with the keys of the table that was expected instead, if that is the problem.
    pub(super) fn of_table(mut self, known: &'static [&'static str]) -> Self {
        self.what = match self.what {
            What::Unfit { found, expected } if expected == A_TABLE => What::NotTable { found, known },
            other => other,
        };
        self
    }

    /// Adds it to the findings.
    pub(super) fn tell(self, path: &str, found: &mut Diagnostics) {
        let span = self.span.unwrap_or_default();
        let mut place = path.to_owned();
        for key in &self.keys {
            place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        }
        let place = clip(&place, 120);
        let whole = if place.is_empty() { "the file".to_owned() } else { format!("`{place}`") };
        match self.what {
            What::UnknownKey { name, known } => {
                let diagnostic = found.error(span, "S010", format!("unknown key `{}` in {whole}", clip(&name, 60)));
                let near = nearest(&name, known.iter().copied());
                diagnostic.label("not a key here").did_you_mean(near);
                if !known.is_empty() && (known.len() <= NAMES_MAX || diagnostic.hint.is_none()) {
                    diagnostic.note(format!("keys here: {}", list(known)));
                }
                if let Some(near) = near {
                    found.misspelt(format!("{place}.{near}"));
                }
            }
            What::UnknownWord { word, known } => {
                let diagnostic = found.error(span, "S011", format!("`{}` is not known here", clip(&word, 60)));
                tell_choices(diagnostic, &word, known);
            }
            What::Missing(key) => {
                found.error(span, "S012", format!("{whole} needs `{key}`")).label("missing here");
            }
            What::Unfit { found: got, expected } => {
                let key = self.keys.last().map_or("this".to_owned(), |key| format!("`{}`", clip(key, 60)));
                found.error(span, "S011", format!("{key} must be {expected}, not {got}"));
            }
            What::NotTable { found: got, known } => {
                let key = self.keys.last().map_or("this".to_owned(), |key| format!("`{}`", clip(key, 60)));
                found
                    .error(span, "S011", format!("{key} must be a table, not {got}"))
                    .note(format!("keys of it: {}", list(known)));
            }
            What::NotOne { found: got, known } => {
                let got: Vec<&str> = got.iter().map(String::as_str).collect();
                let got = if got.is_empty() { "nothing".to_owned() } else { clip(&list(&got), 120) };
                found
                    .error(span, "S011", format!("{whole} must say exactly one thing, not {got}"))
                    .note(format!("choose one of: {}", list(known)));
            }
            What::Custom(message) => {
                let diagnostic = found.error(span, "S011", message);
                if !place.is_empty() {
                    diagnostic.label(format!("value of `{place}`"));
                }
            }
            What::Ignored | What::Silent => {}
        }
    }
}

fn tell_choices(diagnostic: &mut Diagnostic, word: &str, known: &[&str]) {
    diagnostic.did_you_mean(nearest(word, known.iter().copied())).note(format!("choose one of: {}", list(known)));
}

/// Names in backticks with commas between them; the end of a very long list is left out.
pub(super) fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(4 * NAMES_MAX).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > shown.len() { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The decoder's name of a type in words for the author of a scenario.
fn in_words(expected: &str) -> String {
    let whole = |low: i128, high: u64| format!("a whole number from {low} to {high}");
    match expected {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" | "usize" => "a whole number, zero or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" | "floating point" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" | "string" | "str" => "a string in quotes".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => A_TABLE.to_owned(),
        _ if expected.starts_with("a nonzero") => "a whole number above zero".to_owned(),
        _ if expected.starts_with("struct ") => A_TABLE.to_owned(),
        _ if expected.starts_with("enum ") => "a word or a table with one key".to_owned(),
        other => other.to_owned(),
    }
}

fn found_in_words(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(text) => format!("the string `{}`", clip(text, 60)),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::UnitVariant => "a word".to_owned(),
        Unexpected::Enum | Unexpected::NewtypeVariant | Unexpected::TupleVariant | Unexpected::StructVariant => {
            "a table".to_owned()
        }
        other => other.to_string(),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Custom(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_value(found, expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = in_words(&expected.to_string());
        Self::new(What::Unfit { found: found_in_words(&found), expected })
    }

    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::new(What::Unfit { found: format!("{len} items"), expected: expected.to_string() })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownWord { word: word.to_owned(), known })
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKey { name: name.to_owned(), known })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::Missing(field))
    }
}
