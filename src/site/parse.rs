//! From TOML text to a tree: every mistake in the writing at once, each in words that say how to write it.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::tree::{Data, Entry, Key, Table, Value};
use crate::diagnostic::{Diagnostics, Span, clip};

/// No scenario needs more, and everything below may recurse without fear.
const DEPTH_MAX: usize = 32;

/// Larger files are no scenarios, and would only keep the parser busy.
pub const TEXT_MAX_BYTES: usize = 4 << 20;

/// More mistakes in the writing than this are not listed: the first of them is what to mend.
const MISTAKES_MAX: usize = 50;

/// Reads a TOML document whose first byte has the position `base`. After a mistake (`S001`, `S002`), the tree holds
/// what could be read, but what is missing from it may be missing because of the mistake.
pub fn parse(text: &str, base: usize, found: &mut Diagnostics) -> Table {
    if text.len() > TEXT_MAX_BYTES {
        let size = text.len() >> 20;
        found
            .error(Span::new(base, base), "S002", format!("this file is too large: {size} MiB"))
            .hint("a scenario is at most 4 MiB; a trace of arrivals belongs into a CSV file of its own");
        return Table::new(Span::new(base, base), false);
    }
    let (table, mistakes) = DeTable::parse_recoverable(text);
    let mut spans: Vec<(Span, String)> =
        mistakes.iter().map(|mistake| (mistake.span().unwrap_or(0..0).into(), mistake.message().to_owned())).collect();
    spans.sort_by_key(|(span, _)| span.start);
    let mut told = 0;
    let mut line_end = None;
    let mut is_open = false;
    for (span, message) in spans {
        // Of the keys of a table in braces without its commas or its end, the first says it all.
        let in_braces = message.starts_with("missing key for inline") || message.starts_with("missing comma between");
        if is_open && in_braces {
            continue;
        }
        is_open = in_braces;
        let start = floor(text, span.start);
        // One slip often makes several findings on its line; only the first says something.
        if line_end.is_some_and(|end| start <= end) {
            continue;
        }
        line_end = Some(text[start..].find('\n').map_or(text.len(), |at| start + at));
        told += 1;
        tell(text, span, &message, base, found);
        // A header in braces that are still open: where the writer thinks to be is not where the reader is.
        let is_lost = in_braces && text[start..].starts_with('[');
        if told == MISTAKES_MAX || is_lost {
            break;
        }
    }
    let mut reader = Reader { text, base, found };
    reader.table(&table, false, 0)
}

/// Reads a single value whose first byte has the position `base`; nothing if it is not well-formed TOML.
pub fn parse_value(text: &str, base: usize) -> Option<Value> {
    let (value, mistakes) = DeValue::parse_recoverable(text);
    let mut found = Diagnostics::new();
    let value = Reader { text, base, found: &mut found }.value(&value, 1)?;
    (mistakes.is_empty() && found.is_empty()).then_some(value)
}

/// The last character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Puts one finding of the parser into words.
fn tell(text: &str, span: Span, message: &str, base: usize, found: &mut Diagnostics) {
    let marked = text.get(span.start..span.end).unwrap_or_default();
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line_start..start].trim();
    let first = message.split(", expected").next().unwrap_or(message);
    let word = clip(marked.trim(), 40);
    let span_at = span.moved(base);
    match first {
        "string values must be quoted" | "invalid float" | "invalid boolean" if marked.trim().is_empty() => {
            found.error(span_at, "S001", "there is no value after `=`").label("a value is missing here");
        }
        "string values must be quoted" | "invalid float" | "invalid boolean" => {
            let found = found.error(span_at, "S001", format!("`{word}` is not a value"));
            match marked.trim().to_lowercase().as_str() {
                "true" | "yes" | "on" => found.hint("write `true`"),
                "false" | "no" | "off" => found.hint("write `false`"),
                _ => found.hint(format!("text and numbers with a unit are written in quotes: `\"{word}\"`")),
            };
        }
        "key with no value" => {
            let key = clip(before, 40);
            let what =
                if key.is_empty() { "this key has no value".to_owned() } else { format!("`{key}` has no value") };
            found.error(span_at, "S001", what).label("expected `=` and a value").hint("comments begin with `#`");
        }
        "duplicate key" => {
            found
                .error(span_at, "S001", format!("`{word}` is written twice"))
                .label("this is the second")
                .hint("put both into one place, or remove one");
        }
        "invalid basic string" | "invalid literal string" | "invalid comment"
            if text[start..].starts_with(|c: char| c.is_control() && c != '\n' && c != '\r') =>
        {
            found
                .error(span_at, "S001", "a control character cannot stand here")
                .label("it is written out to be seen")
                .hint("remove it; inside double quotes it can be written as `\\u` and four digits");
        }
        "invalid basic string" | "invalid literal string" => {
            found.error(span_at, "S001", "this string has no end").label("the closing quote is missing");
        }
        "missing escaped value" => {
            found
                .error(span_at, "S001", "after `\\` comes one of `b e f n r t \\ \" x u U`")
                .hint("in single quotes a backslash is only a backslash: 'a\\b'");
        }
        "invalid unquoted key" if marked == ":" => {
            found
                .error(span_at, "S001", "a key and its value are joined by `=`")
                .label("not by `:`")
                .hint(format!("write `{} = ...`", clip(before, 40)));
        }
        "invalid unquoted key" => {
            found
                .error(span_at, "S001", format!("`{word}` cannot stand in a key"))
                .label("only letters a to z, digits, `-` and `_` can")
                .hint("a key with other characters is written in quotes");
        }
        _ => tell_shape(first, message, &text[start..], span_at, found),
    }
}

/// The same for what is wrong with the shape of the file rather than with a key or a value.
fn tell_shape(first: &str, message: &str, rest: &str, span_at: Span, found: &mut Diagnostics) {
    match first {
        "carriage return must be followed by newline" => {
            found
                .error(span_at, "S001", "a carriage return stands in the middle of this line")
                .hint("remove it: a line ends with a newline, or with both");
        }
        "unexpected key or value" => {
            found
                .error(span_at, "S001", "something is left over after the value")
                .label("the line should end here")
                .hint("one key on each line; a comment begins with `#`");
        }
        "unclosed table" | "unclosed array table" => {
            found.error(span_at, "S001", "this header has no end").label("the closing `]` is missing");
        }
        "missing key for inline table element" | "missing comma between key-value pairs" | "unclosed inline table" => {
            found
                .error(span_at, "S001", "a table in braces is still open here")
                .label("expected `,` or `}`")
                .hint("close it with `}`, and put a comma between its keys");
        }
        "invalid key-value pair" if rest.starts_with('{') => {
            found
                .error(span_at, "S001", "a line begins with a key or with a `[header]`")
                .hint("a scenario is TOML, not JSON: write `[run]`, and below it `duration = \"10min\"`");
        }
        "cannot recurse further; max recursion depth met" | "recursion limit" => {
            found.error(span_at, "S002", "this is nested too deeply");
        }
        _ => {
            found.error(span_at, "S001", message);
        }
    }
}

/// Copies the parser's tree into ours, at its place in the address space.
struct Reader<'r> {
    text: &'r str,
    base: usize,
    found: &'r mut Diagnostics,
}

impl Reader<'_> {
    fn table(&mut self, table: &Spanned<DeTable<'_>>, inline: bool, depth: usize) -> Table {
        let mut out = Table::new(Span::from(table.span()).moved(self.base), inline);
        self.entries(table.get_ref(), &mut out, depth);
        out
    }

    fn entries(&mut self, table: &DeTable<'_>, out: &mut Table, depth: usize) {
        for (key, value) in table {
            let key = self.key(key);
            if let Some(value) = self.value(value, depth + 1) {
                out.push_new(Entry { key, value });
            }
        }
    }

    fn key(&self, key: &Spanned<DeString<'_>>) -> Key {
        Key { name: key.get_ref().to_string(), span: Span::from(key.span()).moved(self.base) }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Value> {
        let span = Span::from(value.span()).moved(self.base);
        if depth > DEPTH_MAX {
            self.found.error(span, "S002", "this is nested too deeply");
            return None;
        }
        let data = match value.get_ref() {
            DeValue::String(text) => Data::String(text.to_string()),
            DeValue::Integer(number) => {
                let Ok(number) = i128::from_str_radix(number.as_str(), number.radix()) else {
                    return self.too_large(span);
                };
                Data::Integer(number)
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() || number.as_str().contains("inf") || value.is_nan() => {
                    Data::Float(value)
                }
                _ => return self.too_large(span),
            },
            DeValue::Boolean(yes) => Data::Boolean(*yes),
            DeValue::Datetime(when) => Data::Datetime(when.to_string()),
            DeValue::Array(items) => Data::Array(items.iter().filter_map(|item| self.value(item, depth + 1)).collect()),
            DeValue::Table(table) => {
                // A header's span begins with `[`, that of a dotted key with its name.
                let inline = self.text.as_bytes().get(value.span().start) == Some(&b'{');
                let mut out = Table::new(span, inline);
                self.entries(table, &mut out, depth);
                Data::Table(out)
            }
        };
        Some(Value::new(data, span))
    }

    fn too_large(&mut self, span: Span) -> Option<Value> {
        self.found.error(span, "S001", "this number is too large");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let mut found = Diagnostics::new();
        parse(text, 0, &mut found);
        found
            .sorted()
            .iter()
            .map(|d| {
                let at = d.span.expect("every mistake has a place").start;
                format!("{at}: {} ({})", d.message, d.hint.as_deref().unwrap_or(&d.label))
            })
            .collect()
    }

    #[test]
    fn every_mistake_in_the_writing_is_told_in_one_go() {
        assert_eq!(
            messages("a = 30s\nb =\nc = True\na = 2\nd: 1\n"),
            [
                "4: `30s` is not a value (text and numbers with a unit are written in quotes: `\"30s\"`)",
                "11: there is no value after `=` (a value is missing here)",
                "16: `True` is not a value (write `true`)",
                "21: `a` is written twice (put both into one place, or remove one)",
                "28: a key and its value are joined by `=` (write `d = ...`)",
            ]
        );
    }

    #[test]
    fn a_mistake_never_goes_without_a_place_and_words() {
        for text in ["= 1", "[a", "[[a]", "a = [1", "a = { b = 1", "a = 'x", "a = \"\\q\"", "a b = 1", "[]", "a. = 1"] {
            assert_eq!(messages(text).len(), 1, "{text}: {:?}", messages(text));
        }
        assert_eq!(messages("a = 999999999999999999999999999999999999999999"), ["4: this number is too large ()"]);
        assert_eq!(messages("a = 1e999"), ["4: this number is too large ()"]);
    }

    #[test]
    fn positions_are_moved_into_the_address_space() {
        let mut found = Diagnostics::new();
        let table = parse("[a.b]\nc = { d = 1 }\n", 100, &mut found);
        let b = table.get("a").and_then(Value::as_table).and_then(|a| a.get("b")).expect("it is written");
        let c = b.as_table().and_then(|b| b.entry("c")).expect("it is written");
        assert_eq!((b.span, c.key.span, c.value.span), (Span::new(100, 105), Span::new(106, 107), Span::new(110, 119)));
        assert!(c.value.as_table().is_some_and(Table::is_inline));
        assert!(b.as_table().is_some_and(|b| !b.is_inline()));
        parse("x = ?", 200, &mut found);
        assert_eq!(found.sorted()[0].span.map(|span| span.start), Some(204));
    }

    #[test]
    fn deep_nesting_and_huge_files_are_refused() {
        for text in [
            format!("a = {}", "[".repeat(100_000)),
            format!("a = {}", "{ a = ".repeat(100_000)),
            format!("{}a = 1", "a.".repeat(100_000)),
            format!("[{}a]", "a.".repeat(70)),
            format!("a = {}1{}", "[".repeat(40), "]".repeat(40)),
            " ".repeat(TEXT_MAX_BYTES + 1),
        ] {
            let mut found = Diagnostics::new();
            parse(&text, 0, &mut found);
            assert!(found.iter().any(|d| d.code == "S002"), "{}: {found:?}", &text[..20]);
            assert!(found.len() <= MISTAKES_MAX);
        }
    }

    #[test]
    fn a_flood_of_mistakes_is_cut() {
        assert_eq!(messages(&"=\n".repeat(100_000)).len(), MISTAKES_MAX);
    }

    #[test]
    fn a_single_value_is_read_or_is_none() {
        assert_eq!(parse_value("1_000", 7).map(|v| (v.data, v.span)), Some((Data::Integer(1000), Span::new(7, 12))));
        assert_eq!(parse_value("30min", 0), None);
        assert_eq!(parse_value("[1, 2", 0), None);
        assert_eq!(parse_value("", 0), None);
        assert!(parse_value(&"[".repeat(100_000), 0).is_none());
    }
}
