//! All texts that a scenario was read from, laid end to end in one address space.

use std::collections::BTreeMap;

use super::Span;

/// What a text is, and so why a value from it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// The scenario file itself.
    File,
    /// The file that it extends.
    Extended,
    /// A `--set` on the command line.
    CommandLine,
}

/// One text with its name.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path as the user gave it, or `--set`.
    pub name: String,
    /// The text itself.
    pub text: String,
    /// What it is.
    pub kind: SourceKind,
    base: usize,
    /// Where each line starts, in bytes of this text.
    lines: Vec<usize>,
}

impl Source {
    /// Where this text starts in the address space.
    pub fn base(&self) -> usize {
        self.base
    }

    /// The text of line `line`, counted from one, without its end; empty beyond the last.
    pub fn line(&self, line: usize) -> &str {
        let Some(start) = line.checked_sub(1).and_then(|index| self.lines.get(index)) else { return "" };
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The offset of the first byte of line `line`, counted from one, in this text.
    pub fn line_start(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(self.text.len())
    }
}

/// A position as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'m> {
    /// Name of the text.
    pub name: &'m str,
    /// Counted from one.
    pub line: usize,
    /// Counted from one, in characters.
    pub column: usize,
}

/// Every text of a scenario; positions in them are offsets in one address space.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
    /// By where they start: the end and the case. They do not overlap, because no value is written inside another.
    cases: BTreeMap<usize, (usize, String)>,
}

impl SourceMap {
    /// No texts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the scenario file; returns the offset at which it starts.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.add_as(SourceKind::File, name, text)
    }

    /// Adds a text of a certain kind; returns the offset at which it starts.
    pub fn add_as(&mut self, kind: SourceKind, name: impl Into<String>, text: impl Into<String>) -> usize {
        // One byte apart, so that the end of one text is not the start of the next.
        let base = self.sources.last().map_or(0, |last| last.base + last.text.len() + 1);
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.sources.push(Source { name: name.into(), text, kind, base, lines });
        base
    }

    /// Remembers that what is written in `span` is an override of the case `name`.
    pub fn mark_case(&mut self, span: Span, name: impl Into<String>) {
        self.cases.insert(span.start, (span.end, name.into()));
    }

    /// The case whose override is written at `span`, if any.
    pub fn case_at(&self, span: Span) -> Option<&str> {
        let (_, (end, name)) = self.cases.range(..=span.start).next_back()?;
        (span.start < *end).then_some(name.as_str())
    }

    /// All texts, in the order in which they were added.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The text in which `position` lies.
    pub fn source_at(&self, position: usize) -> Option<&Source> {
        let after = self.sources.partition_point(|source| source.base <= position);
        self.sources.get(after.checked_sub(1)?)
    }

    /// Name, line and column of the start of `span`.
    pub fn place(&self, span: Span) -> Option<Place<'_>> {
        let source = self.source_at(span.start)?;
        let offset = floor_char(&source.text, span.start - source.base);
        let line = source.lines.partition_point(|start| *start <= offset);
        let line_start = source.lines[line - 1];
        let column = source.text[line_start..offset].chars().count() + 1;
        Some(Place { name: &source.name, line, column })
    }

    /// Where the characters of `content` begin, if `span` marks that content in quotes (or bare) and without escapes:
    /// so that a mistake inside a string can be pointed at.
    pub fn content_start(&self, span: Span, content: &str) -> Option<usize> {
        let marked = self.text(span);
        [0, 1, 3].into_iter().find_map(|quotes| {
            let inside = marked.get(quotes..marked.len().checked_sub(quotes)?)?;
            (inside == content).then_some(span.start + quotes)
        })
    }

    /// The marked text itself; empty if the span lies in no text.
    pub fn text(&self, span: Span) -> &str {
        let Some(source) = self.source_at(span.start) else { return "" };
        let start = floor_char(&source.text, span.start - source.base);
        let end = floor_char(&source.text, span.end.saturating_sub(source.base)).max(start);
        &source.text[start..end]
    }
}

/// The last character boundary at or before `offset`.
pub(super) fn floor_char(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters() {
        let mut map = SourceMap::new();
        map.add("a.toml", "title = \"x\"\nzürich = { größe = 1 }\n");
        let text = &map.sources()[0].text;
        let at = text.find("größe").expect("it is there");
        let place = map.place(Span::new(at, at + 7)).expect("it lies in the text");
        assert_eq!((place.name, place.line, place.column), ("a.toml", 2, 12));
        assert_eq!(map.text(Span::new(at, at + 7)), "größe");
    }

    #[test]
    fn the_content_of_a_string_is_found_behind_its_quotes() {
        let mut map = SourceMap::new();
        map.add("a.toml", "a = 'xy'\nb = \"\"\"xy\"\"\"\nc = \"x\\u0079\"");
        assert_eq!(map.content_start(Span::new(4, 8), "xy"), Some(5));
        assert_eq!(map.content_start(Span::new(5, 7), "xy"), Some(5));
        assert_eq!(map.content_start(Span::new(13, 21), "xy"), Some(16));
        assert_eq!(map.content_start(Span::new(26, 35), "xy"), None);
    }

    #[test]
    fn a_position_belongs_to_the_text_it_lies_in() {
        let mut map = SourceMap::new();
        let first = map.add("a.toml", "ab\n");
        let second = map.add_as(SourceKind::Extended, "b.toml", "cd\nef");
        assert_eq!((first, second), (0, 4));
        let place = |start| map.place(Span::new(start, start)).map(|p| (p.name.to_owned(), p.line, p.column));
        assert_eq!(place(1), Some(("a.toml".to_owned(), 1, 2)));
        assert_eq!(place(3), Some(("a.toml".to_owned(), 2, 1)));
        assert_eq!(place(8), Some(("b.toml".to_owned(), 2, 2)));
        assert_eq!(place(900), Some(("b.toml".to_owned(), 2, 3)));
        assert_eq!(map.sources()[1].line(2), "ef");
        assert_eq!(map.sources()[1].line(3), "");
        assert!(SourceMap::new().place(Span::new(0, 0)).is_none());
    }
}
