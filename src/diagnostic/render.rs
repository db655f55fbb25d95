//! Diagnostics as text for people, and as rows for programs.

use std::fmt::Write as _;

use super::source_map::floor_char;
use super::{Diagnostic, Diagnostics, Severity, SourceMap, clip, visible};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// More findings than this are counted instead of shown: nobody reads them, and a hostile file can have millions.
const SHOWN_MAX: usize = 100;
/// Lines longer than this are shortened around the marked text.
const LINE_MAX: usize = 120;
/// How many characters stay in front of the marked text in a shortened line.
const LEAD: usize = 30;
/// Longer messages are cut: they quote a stranger's text.
const MESSAGE_MAX: usize = 600;

/// Whether the text may use terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// No escape sequences at all.
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// One text for all findings, in the order of the sources, each with its line and a mark below it. Every control
/// character of the sources and messages is written out. Ends with a newline unless there is nothing to say.
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap, look: Look) -> String {
    let renderer = match look {
        Look::Plain => Renderer::plain(),
        Look::Coloured => Renderer::styled(),
    };
    let sorted = diagnostics.sorted();
    let mut text = String::new();
    for diagnostic in sorted.iter().take(SHOWN_MAX) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&render_one(diagnostic, sources, &renderer));
        text.push('\n');
    }
    let more = sorted.len().saturating_sub(SHOWN_MAX) + diagnostics.spilt();
    if more > 0 {
        let _ = writeln!(text, "\n... and {more} more");
    }
    text
}

fn safe(text: &str) -> String {
    visible(&clip(text, MESSAGE_MAX))
}

/// Stands for the place while a finding is drawn. The drawn line may be shortened and have characters written out, so
/// the column counted in it is not the column in the file. No text that has been made safe contains this character.
const PLACE: char = '\u{1}';

fn render_one(diagnostic: &Diagnostic, sources: &SourceMap, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(safe(&diagnostic.message)).id(diagnostic.code));
    let excerpt = Excerpt::of(diagnostic, sources);
    if let Some(excerpt) = &excerpt {
        let mark = AnnotationKind::Primary.span(excerpt.mark.clone()).label(safe(&diagnostic.label));
        let snippet = Snippet::source(&excerpt.text).line_start(excerpt.line).annotation(mark);
        group = group.element(snippet.path(PLACE.to_string()));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(safe(note)));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(safe(hint)));
    }
    let drawn = renderer.render(&[group]);
    match (drawn.split_once(PLACE), &excerpt) {
        (Some((before, after)), Some(Excerpt { path, line, column, .. })) => {
            let after = after.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
            format!("{before}{path}:{line}:{column}{after}")
        }
        _ => drawn,
    }
}

/// The one line that is shown, already safe to print, and where the mark is in it.
struct Excerpt {
    path: String,
    line: usize,
    column: usize,
    text: String,
    mark: std::ops::Range<usize>,
}

impl Excerpt {
    fn of(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Self> {
        let span = diagnostic.span?;
        let place = sources.place(span)?;
        let source = sources.source_at(span.start)?;
        let line = source.line(place.line);
        let offset = source.base() + source.line_start(place.line);
        let start = floor_char(line, span.start.saturating_sub(offset));
        let end = floor_char(line, span.end.saturating_sub(offset)).max(start);
        let (from, to) = window(line, start);
        let end = end.min(to);
        let mut text = String::new();
        if from > 0 {
            text.push_str("...");
        }
        text.push_str(&visible(&line[from..start]));
        let mark_start = text.len();
        text.push_str(&visible(&line[start..end]));
        let mark = mark_start..text.len();
        text.push_str(&visible(&line[end..to]));
        if to < line.len() {
            text.push_str("...");
        }
        Some(Self { path: safe(place.name), line: place.line, column: place.column, text, mark })
    }
}

/// The bytes of `line` that are shown when the mark starts at `start`.
fn window(line: &str, start: usize) -> (usize, usize) {
    if line.chars().count() <= LINE_MAX {
        return (0, line.len());
    }
    let from = line[..start].char_indices().rev().take(LEAD).last().map_or(start, |(at, _)| at);
    let to = line[from..].char_indices().nth(LINE_MAX).map_or(line.len(), |(at, _)| from + at);
    (from, to)
}

/// One finding as data, for `--format json`. Every text is safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagnosticRow {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Stable code.
    pub code: &'static str,
    /// Name of the text it is in; empty if it is nowhere in particular.
    pub path: String,
    /// Counted from one.
    pub line: Option<usize>,
    /// Counted from one, in characters.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// A few words about the marked text; may be empty.
    pub label: String,
    /// What else helps to understand it.
    pub notes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

/// All findings as data, in the order of the sources. Control characters are written out here too.
pub fn rows(diagnostics: &Diagnostics, sources: &SourceMap) -> Vec<DiagnosticRow> {
    let row = |diagnostic: &&Diagnostic| {
        let place = diagnostic.span.and_then(|span| sources.place(span));
        DiagnosticRow {
            severity: diagnostic.severity.name(),
            code: diagnostic.code,
            path: place.as_ref().map(|p| safe(p.name)).unwrap_or_default(),
            line: place.as_ref().map(|p| p.line),
            column: place.as_ref().map(|p| p.column),
            message: safe(&diagnostic.message),
            label: safe(&diagnostic.label),
            notes: diagnostic.notes.iter().map(|note| safe(note)).collect(),
            hint: diagnostic.hint.as_deref().map(safe),
        }
    };
    diagnostics.sorted().iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;
    use snapbox::{assert_data_eq, str};

    fn one(text: &str, needle: &str) -> (Diagnostics, SourceMap) {
        let mut sources = SourceMap::new();
        sources.add("scenarios/zürich.toml", text);
        let at = text.find(needle).expect("the needle is in the text");
        let mut found = Diagnostics::new();
        found
            .error(Span::new(at, at + needle.len()), "S014", "unknown key `größe`")
            .label("not known here")
            .note("keys of a queue are `size` and `delay`")
            .hint("did you mean `size`?");
        (found, sources)
    }

    #[test]
    fn a_finding_shows_its_line_and_marks_it() {
        let (found, sources) = one("[a]\nöl = 1\nzürich = { größe = 1 }\n", "größe");
        assert_data_eq!(
            render(&found, &sources, Look::Plain),
            str![[r"
error[S014]: unknown key `größe`
 --> scenarios/zürich.toml:3:12
  |
3 | zürich = { größe = 1 }
  |            ^^^^^ not known here
  |
  = note: keys of a queue are `size` and `delay`
  = hint: did you mean `size`?

"]]
        );
        assert!(render(&found, &sources, Look::Coloured).contains("\u{1b}["));
    }

    #[test]
    fn a_very_long_line_is_shortened_around_the_mark() {
        let text = format!("{} = {}", "ä".repeat(5000), "b".repeat(5000));
        let (found, sources) = one(&text, "= b");
        let shown = render(&found, &sources, Look::Plain);
        assert!(shown.lines().all(|line| line.chars().count() < 160), "{shown}");
        assert!(shown.contains("scenarios/zürich.toml:1:5002"), "{shown}");
        assert!(shown.contains("...ä") && shown.contains("= bbbb") && shown.contains("b..."), "{shown}");
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let mut sources = SourceMap::new();
        let text = "x\u{1b}[2J\u{7} = \"\u{202e}\"\r\n";
        sources.add("bad\u{1b}]0;name\u{7}\n.toml", text);
        let mut found = Diagnostics::new();
        found.error(Span::new(0, 6), "S001", "what is `\u{1b}[31m`\nfake: line").label("\u{9b}1m").hint("\u{2066}");
        found.push(Diagnostic::warning("S002", "nowhere\u{8}"));
        let shown = render(&found, &sources, Look::Plain);
        let hidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2066}');
        assert!(!shown.chars().any(hidden), "{shown:?}");
        assert!(!shown.contains("\nfake"), "{shown}");
        let data = format!("{:?}", rows(&found, &sources));
        assert!(!data.chars().any(hidden), "{data}");
    }

    #[test]
    fn every_span_can_be_shown() {
        let mut sources = SourceMap::new();
        let text = "ä\n\n  bö\n";
        sources.add("a", text);
        sources.add("b", "");
        for start in 0..text.len() + 4 {
            for end in 0..text.len() + 4 {
                let mut found = Diagnostics::new();
                found.error(Span::new(start, end), "S001", "m").label("l");
                assert!(render(&found, &sources, Look::Plain).contains("error[S001]: m"));
            }
        }
    }

    #[test]
    fn a_flood_of_findings_is_counted() {
        let mut found = Diagnostics::new();
        for index in 0..250 {
            found.push(Diagnostic::error("S001", format!("finding {index}")));
        }
        assert!(render(&found, &SourceMap::new(), Look::Plain).ends_with("... and 150 more\n"));
    }

    #[test]
    fn rows_carry_the_position() {
        let (found, sources) = one("größe = 1\n", "größe");
        let rows = rows(&found, &sources);
        assert_eq!((rows[0].line, rows[0].column, rows[0].code), (Some(1), Some(1), "S014"));
        assert_eq!(rows[0].path, "scenarios/zürich.toml");
    }
}
