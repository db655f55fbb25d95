//! From tables to `*Spec` types: everything that is wrong with a table is told at once.
//!
//! A decoder made by serde stops at the first error. So each error is told, the value at fault is passed over, and the
//! decoder starts again, until it gets through. What follows only from an earlier error is not told.

mod access;
mod problem;
mod reader;

use serde::de::DeserializeOwned;

use self::problem::{What, list};
use self::reader::{TableReader, Wrong};
use super::{At, Data, Key, Table};
use crate::diagnostic::{Diagnostics, clip, nearest};

/// After this many errors in one table, the rest is left for the next try.
const ERRORS_MAX: usize = 40;

/// Decodes the table at `path` (as in `pipeline.queued.jobs`, for the messages), telling every error in it: unknown
/// keys (`S010`), values of the wrong type or range (`S011`), missing keys (`S012`). After errors in values there is
/// no result; unknown keys alone do not hide the rest from later checks.
pub fn decode<T: DeserializeOwned>(table: &Table, path: &str, found: &mut Diagnostics) -> Option<T> {
    let wrong = Wrong::default();
    let mut complete = true;
    for _ in 0..ERRORS_MAX {
        let known_wrong = wrong.len();
        let problem = match T::deserialize(TableReader { table, wrong: &wrong }) {
            Ok(spec) => return complete.then_some(spec),
            Err(problem) => problem,
        };
        complete &= matches!(problem.what, What::UnknownKey { .. });
        problem.tell(path, found);
        if wrong.len() == known_wrong {
            // It is the table as a whole: no entry can be passed over.
            return None;
        }
    }
    None
}

/// Takes the key `kind` out of the table at `path`: one of `kinds`, which is what decides how to decode the rest.
pub fn take_kind<'k>(table: &mut Table, path: &str, kinds: &[&'k str], found: &mut Diagnostics) -> Option<At<&'k str>> {
    let Some(entry) = table.remove("kind") else {
        found
            .error(table.span(), "S012", format!("`{}` needs `kind`", clip(path, 120)))
            .label("missing here")
            .note(format!("kinds: {}", list(kinds)));
        return None;
    };
    let Data::String(kind) = &entry.value.data else {
        let message = format!("`kind` must be a string in quotes, not {}", entry.value.data.noun());
        found.error(entry.value.span, "S011", message).note(format!("kinds: {}", list(kinds)));
        return None;
    };
    let known = kinds.iter().find(|known| **known == kind.as_str());
    if known.is_none() {
        found
            .error(entry.value.span, "S013", format!("there is no kind `{}`", clip(kind, 60)))
            .did_you_mean(nearest(kind, kinds.iter().copied()))
            .note(format!("kinds: {}", list(kinds)));
    }
    known.map(|known| At::new(*known, entry.value.span))
}

/// The longest name of a node, pipeline, case or traffic.
pub const NAME_MAX_CHARS: usize = 40;

/// Whether `key` can be the name of a node, pipeline, case, traffic or work (`what` says which, for the message):
/// a small letter, then small letters, digits, `_` or `-`, at most 40 in all. Names become columns, labels and
/// parts of expectations, so they are kept plain.
pub fn check_name(key: &Key, what: &str, found: &mut Diagnostics) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let name = &key.name;
    let short = name.chars().count() <= NAME_MAX_CHARS;
    if short && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain) {
        return true;
    }
    let shown = clip(name, NAME_MAX_CHARS);
    let message = match shown.as_str() {
        "" => format!("the name of a {what} is missing"),
        shown => format!("`{shown}` cannot be the name of a {what}"),
    };
    let diagnostic = found.error(key.span, "S014", message);
    diagnostic.note(format!(
        "a name begins with a letter a to z and goes on with letters, digits, `_` or `-`, at most {NAME_MAX_CHARS}"
    ));
    let mended: String = name.to_lowercase().chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if short && mended.starts_with(|c: char| c.is_ascii_lowercase()) {
        diagnostic.hint(format!("write `{mended}`, for example"));
    }
    false
}

#[cfg(test)]
mod tests;
