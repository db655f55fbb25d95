//! The tree as serde sees it. Unlike the parser's own decoder, it knows the place of everything, skips what was
//! already found wrong, and looks at all keys of a table before it reads their values.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::de;
use serde::de::{Deserializer as _, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Entries, Items, OneOf, SpannedSteps};
use super::problem::{Problem, What};
use crate::diagnostic::nearest;
use crate::site::{Data, Entry, Table, Value};

/// Values that were found wrong and are passed over from then on.
///
/// They are known by their address: the tree stays where it is while it is decoded, and two values can share a span
/// (`a.b = 1` makes three) but not an address.
#[derive(Debug, Default)]
pub(super) struct Wrong(RefCell<BTreeSet<usize>>);

impl Wrong {
    pub(super) fn add(&self, value: &Value) {
        self.0.borrow_mut().insert(std::ptr::from_ref(value).addr());
    }

    /// Number of values found wrong so far.
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn has(&self, value: &Value) -> bool {
        self.0.borrow().contains(&std::ptr::from_ref(value).addr())
    }
}

/// Reads the table of one `*Spec`.
#[derive(Clone, Copy)]
pub(super) struct TableReader<'de> {
    pub(super) table: &'de Table,
    pub(super) wrong: &'de Wrong,
}

impl<'de> TableReader<'de> {
    /// The entries that are still worth reading.
    fn entries(self) -> impl Iterator<Item = &'de Entry> {
        self.table.iter().filter(move |entry| !self.wrong.has(&entry.value))
    }

    /// A key that the type does not know is an error, whether or not the type says so itself.
    fn check_keys(self, known: &'static [&'static str]) -> Result<(), Problem> {
        match self.entries().find(|entry| !known.contains(&entry.key.name.as_str())) {
            Some(entry) => Err(self.unknown_key(entry, Problem::unknown_field(&entry.key.name, known))),
            None => Ok(()),
        }
    }

    pub(super) fn unknown_key(self, entry: &Entry, mut problem: Problem) -> Problem {
        self.wrong.add(&entry.value);
        problem.span.get_or_insert(entry.key.span);
        problem
    }

    /// Gives a problem of the table as a whole its place, unless it only follows from what was told before.
    fn claim(self, mut problem: Problem) -> Problem {
        if problem.span.is_none() {
            problem.span = Some(self.table.span());
            let mut wrong = self.table.iter().filter(|entry| self.wrong.has(&entry.value));
            let follows = match problem.what {
                What::Missing(key) => {
                    wrong.any(|entry| entry.key.name == key || nearest(&entry.key.name, [key]).is_some())
                }
                _ => wrong.next().is_some(),
            };
            if follows {
                problem.what = What::Silent;
            }
        }
        problem
    }

    fn one_of<V: Visitor<'de>>(self, known: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        let names = || self.entries().map(|entry| entry.key.name.clone()).collect();
        let mut entries = self.entries();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => visitor.visit_enum(OneOf { entry, reader: self }),
            _ => Err(Problem::new(What::NotOne { found: names(), known })),
        }
    }
}

impl<'de> de::Deserializer<'de> for TableReader<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let entries: Vec<&Entry> = self.entries().collect();
        let map = Entries { rest: entries.into_iter(), value: None, reader: self };
        visitor.visit_map(map).map_err(|problem| self.claim(problem))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if is_spanned(name) {
            let step = SpannedSteps::new(fields, self.table.span(), self);
            return visitor.visit_map(step);
        }
        self.check_keys(fields)?;
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.one_of(variants, visitor).map_err(|problem| self.claim(problem))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string seq bytes byte_buf map unit
        unit_struct ignored_any tuple_struct tuple identifier
    }
}

/// The struct under which [`toml::Spanned`] asks for a value with its place. The name is private to that crate, but
/// the names of its three fields come along, so only the beginning of this one is taken for granted.
fn is_spanned(name: &str) -> bool {
    name.starts_with("$__serde_spanned")
}

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'de> {
    pub(super) value: &'de Value,
    pub(super) wrong: &'de Wrong,
}

impl<'de> ValueReader<'de> {
    /// Gives a problem its place, if nothing further inside has done so, and passes the value over from now on.
    fn claim(self, mut problem: Problem) -> Problem {
        if problem.span.is_none() {
            problem.span = Some(self.value.span);
            self.wrong.add(self.value);
        }
        problem
    }

    /// The same for a table, whose problem may only follow from one of its entries. Whatever is wrong with the table
    /// as a whole, it is passed over as a whole.
    fn table(self, table: &'de Table) -> TableReader<'de> {
        TableReader { table, wrong: self.wrong }
    }

    fn read_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.value.data {
            Data::String(text) => visitor.visit_borrowed_str(text),
            Data::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (_, Ok(number)) => visitor.visit_u64(number),
                _ => Err(Problem::custom("this number is too large")),
            },
            Data::Float(number) => visitor.visit_f64(*number),
            Data::Boolean(yes) => visitor.visit_bool(*yes),
            Data::Datetime(_) => Err(Problem::invalid_type(Unexpected::Other(self.value.data.noun()), &visitor)),
            Data::Array(items) => visitor.visit_seq(Items { items: items.iter(), wrong: self.wrong }),
            Data::Table(table) => self.table(table).deserialize_any(visitor),
        }
    }

    fn with_table<T>(self, result: Result<T, Problem>, table: &Table) -> Result<T, Problem> {
        result.inspect_err(|problem| {
            // Raised by the table itself and not by one of its keys or values: the table cannot be saved.
            let whole = !matches!(problem.what, What::UnknownKey { .. });
            if whole && problem.keys.is_empty() && problem.span == Some(table.span()) {
                self.wrong.add(self.value);
            }
        })
    }
}

impl<'de> de::Deserializer<'de> for ValueReader<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let result = self.read_any(visitor).map_err(|problem| self.claim(problem));
        match &self.value.data {
            Data::Table(table) => self.with_table(result, table),
            _ => result,
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedSteps::new(fields, self.value.span, self));
        }
        let Data::Table(table) = &self.value.data else {
            return self.deserialize_any(visitor).map_err(|problem| problem.of_table(fields));
        };
        self.with_table(self.table(table).deserialize_struct(name, fields, visitor), table)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match &self.value.data {
            Data::Table(table) => self.with_table(self.table(table).deserialize_enum(name, variants, visitor), table),
            Data::String(word) => {
                visitor.visit_enum(word.as_str().into_deserializer()).map_err(|problem| self.claim(problem))
            }
            other => Err(self.claim(Problem::not_a_word(other, variants))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    /// A type that does not refuse unknown keys would pass over this value; no key is passed over.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Problem> {
        Err(Problem::new(What::Ignored))
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string seq bytes byte_buf map unit
        unit_struct tuple_struct tuple identifier
    }
}

impl<'de> IntoDeserializer<'de, Problem> for ValueReader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
