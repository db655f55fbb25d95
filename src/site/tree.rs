//! What a scenario says, before anyone knows what it means: tables, keys and values, each with its place.
//!
//! An own tree and not that of the TOML parser, because ours is put together from several texts (a base file, a file
//! that extends it, `--set`), and the parser's cannot be moved from one text's positions to another's.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{toml_key, toml_string};
use crate::diagnostic::Span;

/// A key with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The name without quotes.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

/// One `key = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// To the left of `=`.
    pub key: Key,
    /// To the right of it.
    pub value: Value,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The value itself.
    pub data: Data,
    /// Where it is written; of a table with a header, the header.
    pub span: Span,
}

/// What TOML can say.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `"text"`.
    String(String),
    /// `1000`.
    Integer(i128),
    /// `0.5`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time, as written. No scenario has a use for one, so it is only named in errors.
    Datetime(String),
    /// `[1, 2]`, or tables with the header `[[name]]`.
    Array(Vec<Value>),
    /// A table.
    Table(Table),
}

impl Data {
    /// What an error calls such a value.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "true or false",
            Self::Datetime(_) => "a date or time",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Value {
    /// `data`, written at `span`.
    pub fn new(data: Data, span: Span) -> Self {
        Self { data, span }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Data::String(text) = &self.data { Some(text) } else { None }
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        if let Data::Table(table) = &self.data { Some(table) } else { None }
    }

    /// The table to change, if it is one.
    pub fn as_table_mut(&mut self) -> Option<&mut Table> {
        if let Data::Table(table) = &mut self.data { Some(table) } else { None }
    }

    /// The items, if it is a list.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Data::Array(items) = &self.data { Some(items) } else { None }
    }

    /// The value as TOML text on one line.
    pub fn to_toml(&self) -> String {
        match &self.data {
            Data::String(text) => toml_string(text),
            Data::Integer(number) => number.to_string(),
            Data::Float(number) => format!("{number:?}").to_lowercase(),
            Data::Boolean(yes) => yes.to_string(),
            Data::Datetime(text) => text.clone(),
            Data::Array(items) => format!("[{}]", items.iter().map(Self::to_toml).collect::<Vec<_>>().join(", ")),
            Data::Table(table) if table.is_empty() => "{}".to_owned(),
            Data::Table(table) => {
                let entry = |entry: &Entry| format!("{} = {}", toml_key(&entry.key.name), entry.value.to_toml());
                format!("{{ {} }}", table.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A table: entries in the order of the text, every key once.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    entries: Vec<Entry>,
    span: Span,
    inline: bool,
}

impl Table {
    /// An empty table whose header (or value, if written inline as `{ }`) is at `span`.
    pub fn new(span: Span, inline: bool) -> Self {
        Self { entries: Vec::new(), span, inline }
    }

    /// Header of the table, or the whole of it if it is written inline.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether it is written as `{ ... }`, and so is one value rather than a section of the file.
    pub fn is_inline(&self) -> bool {
        self.inline
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The value of `name`, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.entries.iter_mut().find(|entry| entry.key.name == name).map(|entry| &mut entry.value)
    }

    /// Key and value of `name`.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.name == name)
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key.name == name)?;
        Some(self.entries.remove(index))
    }

    /// Sets `key` to `value`: in place if it is there, at the end if not.
    pub fn insert(&mut self, key: Key, value: Value) {
        match self.entries.iter_mut().find(|entry| entry.key.name == key.name) {
            Some(entry) => *entry = Entry { key, value },
            None => self.entries.push(Entry { key, value }),
        }
    }

    /// Adds an entry whose key is known to be new; looking for it would make large tables slow.
    pub(super) fn push_new(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Takes over every entry of `over`: new keys at the end; where both have a key, `join` decides what becomes of
    /// the old entry.
    pub fn merge(&mut self, over: Self, join: &mut dyn FnMut(&mut Entry, Entry)) {
        let index: BTreeMap<String, usize> = self.names().enumerate().map(|(i, name)| (name.to_owned(), i)).collect();
        for entry in over.entries {
            match index.get(&entry.key.name) {
                Some(old) => join(&mut self.entries[*old], entry),
                None => self.entries.push(entry),
            }
        }
    }

    /// The same table, said to be at `span`.
    pub fn move_to(&mut self, span: Span) {
        self.span = span;
    }

    /// All entries, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// All entries by value, in the order of the text.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// All keys, in the order of the text.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.name.as_str())
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The table as a TOML document: own values first, then its parts under their headers. Comments are not kept.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        self.write("", &mut out);
        out
    }

    fn write(&self, path: &str, out: &mut String) {
        for entry in self.iter().filter(|entry| !is_section(&entry.value)) {
            let _ = writeln!(out, "{} = {}", toml_key(&entry.key.name), entry.value.to_toml());
        }
        for entry in self.iter().filter(|entry| is_section(&entry.value)) {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{}", toml_key(&entry.key.name));
            match &entry.value.data {
                Data::Table(table) => {
                    // A section that only holds others needs no header; an empty one would vanish without.
                    if table.is_empty() || table.iter().any(|entry| !is_section(&entry.value)) {
                        let _ = writeln!(out, "\n[{path}]");
                    }
                    table.write(&path, out);
                }
                Data::Array(items) => {
                    for table in items.iter().filter_map(Value::as_table) {
                        let _ = writeln!(out, "\n[[{path}]]");
                        table.write(&path, out);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a value is written under a header of its own.
fn is_section(value: &Value) -> bool {
    match &value.data {
        Data::Table(table) => !table.inline,
        Data::Array(items) => !items.is_empty() && items.iter().all(|item| item.as_table().is_some_and(|t| !t.inline)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::site::parse;

    fn tree(text: &str) -> Table {
        let mut found = Diagnostics::new();
        let table = parse(text, 0, &mut found);
        assert!(found.is_empty(), "{found:?}");
        table
    }

    #[test]
    fn a_tree_printed_and_read_again_is_the_same_tree() {
        let text = "title = 'a \"b\"'\nn = 0x10\nf = 1e3\n[run]\nduration = '30min'\n[case.ten]\n[case.many]\n\
                    set = { \"a.b\" = 1000, c = { } }\n[pipeline.a.web]\nkind = 'service'\ncalls = { to = 'x' }\n\
                    [pipeline.a.web.more.deep]\ny = [1, { z = true }]\n[[fault]]\nnode = 'x'\n\
                    [fault.window]\nfrom = 1\n[[fault]]\nnode = 'y'\n";
        let printed = tree(text).to_toml();
        let again = tree(&printed);
        assert_eq!(again.to_toml(), printed);
        let plain = |text: &str| toml::from_str::<toml::Table>(text).expect("it is TOML");
        assert_eq!(plain(text), plain(&printed));
        assert!(printed.contains("[case.ten]"), "{printed}");
    }

    #[test]
    fn a_key_is_replaced_where_it_stands() {
        let mut table = tree("a = 1\nb = 2\n");
        let key = Key { name: "a".to_owned(), span: Span::new(50, 51) };
        table.insert(key, Value::new(Data::Integer(3), Span::new(54, 55)));
        assert_eq!(table.to_toml(), "a = 3\nb = 2\n");
        assert_eq!(table.entry("a").map(|entry| entry.key.span.start), Some(50));
        assert!(table.remove("a").is_some() && table.get("a").is_none());
    }
}
