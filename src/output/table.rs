//! One table, three ways: aligned text, Markdown, CSV.

use super::csv::{Field, Rows};
use super::style::{Style, Tone};
use super::text::{clean, fit, width, wrap};
use crate::report::human::Figure;
use std::io;

/// Narrower than this no column is wrapped.
const NARROWEST: usize = 8;
/// Blanks between columns.
const GAP: usize = 2;

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// What gives way when a table is wider than the page: first columns to drop, the last first, then columns to wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Squeeze {
    /// Keeps its width.
    Never,
    /// Breaks its text over several lines.
    Wrap,
    /// Is left out.
    Drop,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    align: Align,
    squeeze: Squeeze,
}

impl Column {
    /// A column of figures, aligned to the right.
    pub fn figures(title: &str) -> Self {
        Self { title: clean(title).into_owned(), align: Align::Right, squeeze: Squeeze::Never }
    }

    /// A column of words, aligned to the left.
    pub fn words(title: &str, squeeze: Squeeze) -> Self {
        Self { title: clean(title).into_owned(), align: Align::Left, squeeze }
    }

    /// Text in lines of at most `columns`: wrapped where the column may be, cut otherwise.
    fn lines(&self, text: &str, columns: usize) -> Vec<String> {
        match self.squeeze {
            Squeeze::Wrap => wrap(text, columns),
            Squeeze::Never | Squeeze::Drop => vec![fit(text, columns).into_owned()],
        }
    }
}

/// A place in the table: text, with a margin (`±14`) that goes beneath it where the page is narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    text: String,
    margin: Option<String>,
    tone: Tone,
}

impl Entry {
    /// Text from anywhere; made harmless for a terminal here.
    pub fn text(text: &str) -> Self {
        Self { text: clean(text).into_owned(), ..Self::default() }
    }

    /// A figure with its margin.
    pub fn figure(figure: Figure) -> Self {
        Self { text: figure.value, margin: figure.margin.map(|margin| format!("±{margin}")), tone: Tone::Normal }
    }

    /// The same in another tone.
    #[must_use]
    pub const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// In one line, for Markdown and CSV.
    fn inline(&self) -> String {
        self.margin.as_ref().map_or_else(|| self.text.clone(), |margin| format!("{} {margin}", self.text))
    }
}

/// A table: columns and rows of as many entries.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Entry>>,
    /// Rows that are set apart from the one before.
    gaps: Vec<usize>,
}

/// How wide a column is printed.
#[derive(Debug, Clone, Copy)]
struct Measure {
    column: usize,
    /// Columns for the text; the whole column unless margins stand beside it.
    text: usize,
    /// Columns for the margin and the blank before it; 0 when there is none, or when it goes beneath.
    margin: usize,
}

impl Measure {
    const fn total(self) -> usize {
        self.text + self.margin
    }
}

impl Table {
    /// A table without rows.
    pub const fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), gaps: Vec::new() }
    }

    /// Adds a row; missing entries are empty, surplus ones are a mistake of the caller.
    pub fn row(&mut self, mut entries: Vec<Entry>) {
        debug_assert!(entries.len() <= self.columns.len(), "a row with more entries than columns");
        entries.resize_with(self.columns.len(), Entry::default);
        self.rows.push(entries);
    }

    /// Sets the next row apart from those before it, by a blank line where the table is printed as text.
    pub fn gap(&mut self) {
        self.gaps.push(self.rows.len());
    }

    /// The width it takes at least without dropping or wrapping a column: margins beneath their figures.
    pub fn narrow_width(&self) -> usize {
        total(&self.measures(true))
    }

    /// As text of at most `page` columns, one line break after each line, no blanks at the ends.
    pub fn to_text(&self, page: usize, style: Style) -> String {
        let beside = self.measures(false);
        let measures = if total(&beside) <= page { beside } else { self.squeezed(page) };
        let mut lines = Vec::new();
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let title = |&measure: &Measure| self.print_title(measure, style);
            print_row(&measures.iter().map(title).collect::<Vec<_>>(), &measures, &mut lines);
        }
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 && self.gaps.contains(&number) {
                lines.push("\n".into());
            }
            let entry = |&measure: &Measure| self.print_entry(&row[measure.column], measure, style);
            print_row(&measures.iter().map(entry).collect::<Vec<_>>(), &measures, &mut lines);
        }
        lines.concat()
    }

    /// As a Markdown table; margins stand beside their figures.
    pub fn to_markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |column: &Column| if column.align == Align::Right { "---:" } else { ":---" };
        let mut text = line(self.columns.iter().map(|column| markdown(&column.title)).collect());
        text += &line(self.columns.iter().map(|column| rule(column).into()).collect());
        for row in &self.rows {
            text += &line(row.iter().map(|entry| markdown(&entry.inline())).collect());
        }
        text
    }

    /// As CSV with the titles as header.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn to_csv(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = Rows::new(out, self.columns.iter().map(|column| column.title.as_str()))?;
        for row in &self.rows {
            let texts: Vec<String> = row.iter().map(Entry::inline).collect();
            rows.row(texts.iter().map(|text| Field::Text(text)))?;
        }
        rows.finish()
    }

    /// The natural width of every column.
    fn measures(&self, margins_beneath: bool) -> Vec<Measure> {
        let measure = |(index, column): (usize, &Column)| {
            let entries = || self.rows.iter().map(move |row| &row[index]);
            let text = entries().map(|entry| width(&entry.text)).max().unwrap_or(0);
            let margin = entries().filter_map(|entry| entry.margin.as_deref()).map(width).max().unwrap_or(0);
            let title = width(&column.title);
            if margins_beneath || margin == 0 {
                return Measure { column: index, text: text.max(margin).max(title), margin: 0 };
            }
            Measure { column: index, text: text.max(title.saturating_sub(margin + 1)), margin: margin + 1 }
        };
        self.columns.iter().enumerate().map(measure).collect()
    }

    /// Margins beneath, then columns left out, then columns wrapped, until the table fits or nothing gives way.
    fn squeezed(&self, page: usize) -> Vec<Measure> {
        let mut measures = self.measures(true);
        let squeeze = |measure: &Measure| self.columns[measure.column].squeeze;
        while total(&measures) > page {
            let Some(last) = measures.iter().rposition(|measure| squeeze(measure) == Squeeze::Drop) else { break };
            measures.remove(last);
        }
        while total(&measures) > page {
            let wraps = measures.iter_mut().filter(|m| squeeze(m) == Squeeze::Wrap && m.text > NARROWEST);
            let Some(widest) = wraps.max_by_key(|measure| measure.text) else { break };
            widest.text -= 1;
        }
        measures
    }

    /// The lines of a title; unlike an entry it uses the room of the margins.
    fn print_title(&self, measure: Measure, style: Style) -> Vec<String> {
        let column = &self.columns[measure.column];
        let lines = column.lines(&column.title, measure.total());
        lines
            .iter()
            .map(|line| pad(&style.paint(Tone::Strong, line), width(line), measure.total(), column.align))
            .collect()
    }

    /// The lines of an entry, each exactly as wide as its column.
    fn print_entry(&self, entry: &Entry, measure: Measure, style: Style) -> Vec<String> {
        let column = &self.columns[measure.column];
        let print = |text: &str, tone, columns, align| pad(&style.paint(tone, text), width(text), columns, align);
        let margin = entry.margin.as_deref().unwrap_or_default();
        if measure.margin > 0 {
            // An entry without a margin leaves its place empty, so that the figures line up.
            let text = print(&entry.text, entry.tone, measure.text, column.align);
            return vec![text + " " + &print(margin, Tone::Quiet, measure.margin - 1, Align::Left)];
        }
        let lines = column.lines(&entry.text, measure.text);
        let texts = lines.iter().map(|line| print(line, entry.tone, measure.text, column.align));
        let beneath = entry.margin.iter().map(|margin| print(margin, Tone::Quiet, measure.text, column.align));
        texts.chain(beneath).collect()
    }
}

/// Prints a row as as many lines as its tallest entry needs.
fn print_row(entries: &[Vec<String>], measures: &[Measure], lines: &mut Vec<String>) {
    let height = entries.iter().map(Vec::len).max().unwrap_or(0);
    for i in 0..height {
        let blank = |measure: &Measure| " ".repeat(measure.total());
        let parts: Vec<String> =
            entries.iter().zip(measures).map(|(entry, m)| entry.get(i).cloned().unwrap_or_else(|| blank(m))).collect();
        lines.push(format!("{}\n", parts.join(&" ".repeat(GAP)).trim_end()));
    }
}

/// Painted text of `width` columns with blanks up to `columns`.
fn pad(painted: &str, width: usize, columns: usize, align: Align) -> String {
    let blanks = " ".repeat(columns.saturating_sub(width));
    match align {
        Align::Left => format!("{painted}{blanks}"),
        Align::Right => format!("{blanks}{painted}"),
    }
}

fn total(measures: &[Measure]) -> usize {
    measures.iter().map(|measure| measure.total()).sum::<usize>() + GAP * measures.len().saturating_sub(1)
}

/// Text for Markdown: harmless, in one line, with nothing in it that would be markup or HTML.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::new();
    for c in clean(text).chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figure(value: &str, margin: &str) -> Entry {
        let margin = (!margin.is_empty()).then(|| margin.to_string());
        Entry::figure(Figure { value: value.into(), margin })
    }

    fn sample() -> Table {
        let mut table = Table::new(vec![
            Column::words("", Squeeze::Never),
            Column::figures("synchronous"),
            Column::figures("queued"),
            Column::words("why", Squeeze::Wrap),
            Column::words("kind", Squeeze::Drop),
        ]);
        table.row(vec![
            Entry::text("sent"),
            figure("1310", "14"),
            figure("1310", "14"),
            Entry::text("the same jobs for everyone"),
            Entry::text("x"),
        ]);
        table.row(vec![Entry::text("lost"), figure("517", "9"), figure("0", "")]);
        table
    }

    #[test]
    fn figures_line_up_and_margins_stand_beside_them() {
        let expected = "\
\x20     synchronous    queued  why                         kind
sent     1310 ±14  1310 ±14  the same jobs for everyone  x
lost      517 ±9      0
";
        assert_eq!(sample().to_text(80, Style::Plain), expected);
    }

    #[test]
    fn on_a_narrow_page_margins_go_beneath_then_columns_drop_then_wrap() {
        let expected = "\
\x20     synchronous  queued  why
sent         1310    1310  the same
              ±14     ±14  jobs for
                           everyone
lost          517       0
               ±9
";
        assert_eq!(sample().to_text(37, Style::Plain), expected);
    }

    #[test]
    fn styling_changes_no_column() {
        let text = sample().to_text(37, Style::Ansi);
        let mut plain = String::new();
        let mut escaped = false;
        for c in text.chars() {
            match c {
                '\u{1b}' => escaped = true,
                'm' if escaped => escaped = false,
                _ if !escaped => plain.push(c),
                _ => {}
            }
        }
        assert_eq!(plain, sample().to_text(37, Style::Plain));
        assert_ne!(plain, text);
    }

    #[test]
    fn markdown_escapes_what_would_be_markup() {
        let mut table = Table::new(vec![Column::words("a|b", Squeeze::Never), Column::figures("n")]);
        table.row(vec![Entry::text("<b>*x*</b>"), figure("3", "1")]);
        assert_eq!(table.to_markdown(), "| a\\|b | n |\n| :--- | ---: |\n| &lt;b>\\*x\\*&lt;/b> | 3 ±1 |\n");
    }

    #[test]
    fn csv_carries_the_same_text() {
        let mut out = Vec::new();
        sample().to_csv(&mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("\nsent,1310 ±14,1310 ±14,the same jobs for everyone,x\n"), "{text}");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_page(texts in prop::collection::vec("\\PC{0,80}", 1..6), page in 30_usize..120) {
            let mut table = Table::new(vec![
                Column::words("name", Squeeze::Wrap),
                Column::figures("figure"),
                Column::words("", Squeeze::Wrap),
            ]);
            for text in &texts {
                table.row(vec![Entry::text(text), figure("12.3", "4"), Entry::text(text)]);
            }
            for line in table.to_text(page, Style::Plain).lines() {
                prop_assert!(width(line) <= page, "{line}");
            }
        }
    }
}
