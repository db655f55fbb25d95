//! Every resolved value with its origin, and the resolved scenario as text.

use std::fmt::Write as _;

use crate::diagnostic::{SourceKind, SourceMap, Span, visible};
use crate::site::toml_key;

/// Why a value is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It stands in the scenario file.
    Written(Span),
    /// It was given with `--set`.
    SetOnCommandLine(Span),
    /// A case overrides it.
    Case(Span),
    /// It stands in the file that the scenario extends.
    Extended(Span),
    /// The default of the service: the name of the fact.
    Fact(&'static str),
    /// A default of our own, and why.
    Default(String),
    /// It follows from other values, and how.
    Derived(String),
}

impl Origin {
    /// The origin of what is written at `span`.
    pub fn of(span: Span, sources: &SourceMap) -> Self {
        if sources.case_at(span).is_some() {
            return Self::Case(span);
        }
        match sources.source_at(span.start).map(|source| source.kind) {
            Some(SourceKind::CommandLine) => Self::SetOnCommandLine(span),
            Some(SourceKind::Extended) => Self::Extended(span),
            Some(SourceKind::File) | None => Self::Written(span),
        }
    }

    /// In words, as in `written, a.toml line 14`; safe to print.
    pub fn describe(&self, sources: &SourceMap) -> String {
        let line = |span: &Span| match sources.place(*span) {
            Some(place) => format!("{} line {}", place.name, place.line),
            None => "no file".to_owned(),
        };
        visible(&match self {
            Self::Written(span) => format!("written, {}", line(span)),
            Self::SetOnCommandLine(_) => "set on the command line".to_owned(),
            Self::Case(span) => format!("case {}, {}", sources.case_at(*span).unwrap_or_default(), line(span)),
            Self::Extended(span) => format!("extended, {}", line(span)),
            Self::Fact(name) => format!("default, fact {name}"),
            Self::Default(why) => format!("default: {why}"),
            Self::Derived(why) => format!("derived: {why}"),
        })
    }
}

/// One resolved value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The part it belongs to, as in `pipeline.queued.jobs`; tables of a list carry their number, as in `fault[0]`.
    pub path: String,
    /// Its key in that part.
    pub key: String,
    /// Its value as TOML text.
    pub toml: String,
    /// Why it is what it is.
    pub origin: Origin,
}

/// All resolved values, in the order in which they were resolved.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    records: Vec<Record>,
}

impl Resolution {
    /// Nothing resolved yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Where the value of a key of a part is written, if it is.
    pub fn written(&self, path: &str, key: &str) -> Option<Span> {
        let record = self.records.iter().find(|record| record.key == key && record.path == path)?;
        match record.origin {
            Origin::Written(span) | Origin::SetOnCommandLine(span) | Origin::Case(span) | Origin::Extended(span) => {
                Some(span)
            }
            Origin::Fact(_) | Origin::Default(_) | Origin::Derived(_) => None,
        }
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    /// What was resolved and nothing else: no origins, no order, and no difference between a table that is written in
    /// one line and one that has a header. Two scenarios with the same text here do the same.
    pub fn canonical(&self) -> String {
        let mut leaves = Vec::new();
        for Record { path, key, toml, .. } in &self.records {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{key}");
            match toml::from_str::<toml::Table>(&format!("x = {toml}")).ok().and_then(|mut table| table.remove("x")) {
                Some(value) => flatten(&path, &value, &mut leaves),
                None => leaves.push(format!("{path} = {toml}\n")),
            }
        }
        leaves.sort();
        leaves.concat()
    }

    /// The resolved scenario as a TOML text, each value with its origin behind it. Reading it as a scenario gives the
    /// same resolved values.
    pub fn to_toml(&self, sources: &SourceMap) -> String {
        let mut root = Section::default();
        for record in &self.records {
            let steps = record.path.split('.').filter(|step| !step.is_empty());
            let section = steps.fold(&mut root, Section::part);
            let origin = record.origin.describe(sources);
            section.lines.push(format!("{} = {}  # {origin}\n", toml_key(&record.key), record.toml));
        }
        let mut out = String::new();
        root.write("", &mut out);
        out
    }
}

/// Every value within a value, each with its path.
fn flatten(path: &str, value: &toml::Value, leaves: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                flatten(&format!("{path}.{key}"), value, leaves);
            }
        }
        value => leaves.push(format!("{path} = {value}\n")),
    }
}

/// A table of the text: its own lines come before its parts, as TOML wants it.
#[derive(Default)]
struct Section {
    step: String,
    lines: Vec<String>,
    parts: Vec<Section>,
}

impl Section {
    fn part(&mut self, step: &str) -> &mut Self {
        let index = self.parts.iter().position(|part| part.step == step).unwrap_or_else(|| {
            self.parts.push(Self { step: step.to_owned(), ..Self::default() });
            self.parts.len() - 1
        });
        &mut self.parts[index]
    }

    fn write(&self, path: &str, out: &mut String) {
        self.lines.iter().for_each(|line| out.push_str(line));
        for part in &self.parts {
            let (name, listed) = match part.step.split_once('[') {
                Some((name, _)) => (name, true),
                None => (part.step.as_str(), false),
            };
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{}", toml_key(name));
            // A table that only holds others needs no header, unless it is one of a list.
            if listed || !part.lines.is_empty() {
                let gap = if out.is_empty() { "" } else { "\n" };
                let header = if listed { format!("[[{path}]]") } else { format!("[{path}]") };
                let _ = writeln!(out, "{gap}{header}");
            }
            part.write(&path, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &str, key: &str) -> Record {
        let origin = Origin::Default("x\n[evil]".to_owned());
        Record { path: path.to_owned(), key: key.to_owned(), toml: "1".to_owned(), origin }
    }

    #[test]
    fn a_table_is_the_same_in_one_line_and_under_a_header() {
        let resolution = |records: &[(&str, &str, &str)]| {
            let mut resolution = Resolution::new();
            for (path, key, toml) in records {
                resolution.push(Record { toml: (*toml).to_owned(), ..record(path, key) });
            }
            resolution.canonical()
        };
        let inline =
            resolution(&[("a.b", "latency", "{ lognormal = { median = \"2ms\", p99 = \"9ms\" } }"), ("", "n", "1")]);
        let lognormal = "a.b.latency.lognormal";
        let nested = resolution(&[("", "n", "1"), (lognormal, "p99", "\"9ms\""), (lognormal, "median", "\"2ms\"")]);
        assert_eq!(inline, nested);
        assert_ne!(
            inline,
            resolution(&[("", "n", "2"), (lognormal, "p99", "\"9ms\""), (lognormal, "median", "\"2ms\"")])
        );
    }

    #[test]
    fn the_text_is_toml_whatever_the_order_of_resolution() {
        let mut resolution = Resolution::new();
        for (path, key) in [
            ("pipeline.a.web", "slots"),
            ("pipeline.a.web.calls", "attempts"),
            ("fault[0].window", "from"),
            ("fault[0]", "node"),
            ("fault[1]", "node"),
            ("", "title"),
            ("pipeline.a.web", "late"),
        ] {
            resolution.push(record(path, key));
        }
        let text = resolution.to_toml(&SourceMap::new());
        let table: toml::Table = toml::from_str(&text).expect("it is TOML");
        assert_eq!(table["pipeline"]["a"]["web"]["calls"]["attempts"].as_integer(), Some(1));
        assert_eq!(table["pipeline"]["a"]["web"]["late"].as_integer(), Some(1));
        assert_eq!(table["fault"].as_array().map(Vec::len), Some(2));
        assert_eq!(table["fault"][0]["window"]["from"].as_integer(), Some(1));
        assert_eq!(table["title"].as_integer(), Some(1));
        assert!(!table.contains_key("evil"));
    }
}
