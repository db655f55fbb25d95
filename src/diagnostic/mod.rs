//! What is wrong with a scenario, where, and what to do about it.
//!
//! Errors are collected, never thrown at the first one: a person mends a file once, not ten times. Positions are
//! bytes in one address space over all inputs ([`SourceMap`]), so a span alone says file, line and column.
//!
//! | code | the mistake |
//! |---|---|
//! | S001 | the text is not well-formed TOML |
//! | S002 | the text is too large, or nested too deeply |
//! | S003 | the file that is extended cannot be |
//! | S004 | a `--set` cannot be read, or its path leads nowhere |
//! | S005 | a case changes what it cannot |
//! | S010 | a key that nobody reads |
//! | S011 | a value of the wrong type, unit or wording |
//! | S012 | something is missing |
//! | S013 | a kind that does not exist |
//! | S014 | a name that cannot be one |
//! | S015 | too many of something |
//! | S016 | a filter policy, or what messages carry, that cannot be read |
//! | S020 | a fault or list names what does not exist |
//! | S021 | an expectation that is not a comparison |
//! | S022 | an expectation names what does not exist |
//! | S023 | an expectation compares what cannot be compared |
//! | S024 | an edge leads to what does not exist |
//! | S025 | an edge leads to what does not take it |
//! | S026 | a design does not take all of the traffic |
//! | S027 | jobs would go round for ever |
//! | S030 | a value outside the limits of the service |
//! | S031 | a value outside our own limits |
//! | S032 | a key that means nothing beside the others |
//! | S035 | choices that do not go together |
//! | S040 | traffic that brings nothing |
//! | S041 | traffic that no run can simulate |
//! | S043 | a file that cannot be read |
//! | S044 | a file whose content is not what it should be |
//! | S050 | a warning: messages that are lost for certain |
//! | S051 | a warning: a filter looks for what no message says |

mod render;
mod source_map;
mod visible;

use std::collections::BTreeSet;
use visible::shorten_numbers;

pub use render::{DiagnosticRow, Look, render, rows};
pub use source_map::{Place, Source, SourceKind, SourceMap};
pub use visible::{clip, is_hidden, visible};

/// Bytes `start..end` of the address space of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The first byte after it.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The same span `base` bytes further on.
    #[must_use]
    pub const fn moved(self, base: usize) -> Self {
        Self { start: self.start + base, end: self.end + base }
    }

    /// Whether `position` lies in it.
    pub const fn contains(self, position: usize) -> bool {
        self.start <= position && position < self.end
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// Whether a scenario can be run in spite of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but it may not mean what its author thinks.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing to tell the author of a scenario.
///
/// Messages are lower case, without a full stop, with quoted text in backticks. Texts may hold anything that stood in
/// a file: control characters are made visible when they are printed, not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable code such as `S014`, the same for the same kind of mistake in every version.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where, if it is anywhere.
    pub span: Option<Span>,
    /// A few words beside the marked text; may be empty.
    pub label: String,
    /// What else helps to understand it, one sentence each.
    pub notes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning without a place yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self {
            severity,
            code,
            message: shorten_numbers(message),
            span: None,
            label: String::new(),
            notes: Vec::new(),
            hint: None,
        }
    }

    /// Says where it is.
    pub fn at(&mut self, span: Span) -> &mut Self {
        self.span = Some(span);
        self
    }

    /// Puts a few words beside the marked text.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = shorten_numbers(label.into());
        self
    }

    /// Adds a sentence that helps to understand it.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(shorten_numbers(note.into()));
        self
    }

    /// Says what to do next.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(shorten_numbers(hint.into()));
        self
    }

    /// Proposes a name that exists, if one is near.
    pub fn did_you_mean(&mut self, name: Option<&str>) -> &mut Self {
        if let Some(name) = name {
            self.hint = Some(format!("did you mean `{name}`?"));
        }
        self
    }
}

/// More findings than this are only counted: a file with a million mistakes must not fill the memory.
const KEPT_MAX: usize = 1_000;

/// Everything found so far.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Keys, with their path, that were probably meant by keys that nobody knows.
    meant: BTreeSet<String>,
    /// The latest of those that were only counted.
    spilt: Option<Diagnostic>,
    spilt_errors: usize,
    spilt_warnings: usize,
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, and gives it back for notes and hints.
    pub fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        if self.list.len() < KEPT_MAX {
            self.list.push(diagnostic);
            let last = self.list.len() - 1;
            return &mut self.list[last];
        }
        match diagnostic.severity {
            Severity::Error => self.spilt_errors += 1,
            Severity::Warning => self.spilt_warnings += 1,
        }
        self.spilt.insert(diagnostic)
    }

    /// Adds an error at `span`.
    pub fn error(&mut self, span: Span, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = self.push(Diagnostic::error(code, message));
        diagnostic.at(span)
    }

    /// Adds a warning at `span`.
    pub fn warn(&mut self, span: Span, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = self.push(Diagnostic::warning(code, message));
        diagnostic.at(span)
    }

    /// Remembers that a key which nobody knows was probably meant to be the one at `path`: that it is missing follows.
    pub fn misspelt(&mut self, path: impl Into<String>) {
        self.meant.insert(path.into());
    }

    /// Whether the key at `path` is there, but misspelt, and this was told.
    pub fn is_misspelt(&self, path: &str) -> bool {
        self.meant.contains(path)
    }

    /// Keeps only the findings of which `keep` says so, and those that were only counted.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    /// Adds what `other` says and this does not say yet: the same line in two cases is one mistake.
    pub fn append_new(&mut self, other: Self) {
        for diagnostic in other.list {
            if !self.list.contains(&diagnostic) {
                self.push(diagnostic);
            }
        }
        // Of those that were only counted nobody can tell whether they are new; they stay errors.
        self.spilt_errors = self.spilt_errors.max(other.spilt_errors);
        self.spilt_warnings = self.spilt_warnings.max(other.spilt_warnings);
    }

    /// Takes over all that `other` has.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
        self.meant.extend(other.meant);
        self.spilt_errors += other.spilt_errors;
        self.spilt_warnings += other.spilt_warnings;
    }

    /// Whether there is at least one error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.severity == Severity::Error).count() + self.spilt_errors
    }

    /// Number of warnings.
    pub fn warnings(&self) -> usize {
        self.len() - self.errors()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of errors and warnings.
    pub fn len(&self) -> usize {
        self.list.len() + self.spilt()
    }

    /// Number of those that were only counted, because there were too many.
    pub fn spilt(&self) -> usize {
        self.spilt_errors + self.spilt_warnings
    }

    /// The one that was added last.
    pub fn last_mut(&mut self) -> Option<&mut Diagnostic> {
        self.spilt.as_mut().or(self.list.last_mut())
    }

    /// The same to add notes and hints to.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Diagnostic> {
        self.list.iter_mut()
    }

    /// In the order in which they were found, without those that were only counted.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// In the order of the text, those without a place first; the same finding at the same place once.
    ///
    /// A mistake above the cases is found again in each case; the reader needs to hear of it once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = Vec::with_capacity(self.list.len());
        sorted.extend(self.list.iter());
        sorted.sort_by_key(|d| (d.span.map(|span| span.start), d.severity));
        let mut unique: Vec<&Diagnostic> = Vec::with_capacity(sorted.len());
        for diagnostic in sorted {
            // Equal positions are neighbours, but not necessarily next to each other.
            let mut same_place = unique
                .iter()
                .rev()
                .take_while(|d| d.span.map(|span| span.start) == diagnostic.span.map(|span| span.start));
            if !same_place.any(|d| *d == diagnostic) {
                unique.push(diagnostic);
            }
        }
        unique
    }
}

/// The name among `candidates` that `name` was probably meant to be, if one is near enough.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Long names cannot be typing errors of our short ones, and the distance is quadratic; nobody has this many names.
    if name.len() > 100 {
        return None;
    }
    let candidates = candidates.into_iter().filter(|candidate| candidate.len() <= 100).take(1_000);
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(name);
    let allowed = (wanted.chars().count() / 3).clamp(1, 4);
    candidates
        .map(|candidate| {
            let known = plain(candidate);
            // Half a name that was left out is a common slip: `timeout` for `visibility_timeout`.
            let part = wanted.len() >= 4
                && known.split('_').count() > 1
                && (known.contains(&wanted) || wanted.contains(&known));
            // So is the end of a name.
            let begun = wanted.len() >= 3 && known.starts_with(&wanted);
            let distance = strsim::damerau_levenshtein(&wanted, &known);
            (if part || begun { distance.min(allowed) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_in_the_order_of_the_text_and_once() {
        let mut found = Diagnostics::new();
        found.error(Span::new(9, 10), "S001", "late").hint("do");
        found.warn(Span::new(2, 3), "S002", "early");
        found.error(Span::new(9, 10), "S001", "late").hint("do");
        found.push(Diagnostic::error("S003", "nowhere"));
        let order: Vec<&str> = found.sorted().iter().map(|d| d.message.as_str()).collect();
        assert_eq!(order, ["nowhere", "early", "late"]);
        assert_eq!((found.errors(), found.warnings()), (3, 1));
        assert!(found.has_errors());
    }

    #[test]
    fn a_million_findings_are_counted_and_not_kept() {
        let mut found = Diagnostics::new();
        for _ in 0..1_000_000 {
            found.error(Span::new(1, 2), "S001", "again").note("and again");
        }
        assert_eq!((found.errors(), found.iter().count(), found.spilt()), (1_000_000, KEPT_MAX, 1_000_000 - KEPT_MAX));
    }

    #[test]
    fn a_near_name_is_proposed_and_a_far_one_is_not() {
        let known = ["visibility_timeout", "delay", "max_receive_count"];
        assert_eq!(nearest("visibilty_timeout", known), Some("visibility_timeout"));
        assert_eq!(nearest("visibility-timeout", known), Some("visibility_timeout"));
        assert_eq!(nearest("timeout", known), Some("visibility_timeout"));
        assert_eq!(nearest("dealy", known), Some("delay"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("", known), None);
    }
}
