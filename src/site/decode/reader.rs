//! The tree as serde sees it. Unlike the parser's own decoder, it knows the place of everything, skips what was
//! already found wrong, and looks at all keys of a table before it reads their values.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::de::{
    self, DeserializeSeed, Deserializer as _, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::problem::{Problem, What};
use crate::diagnostic::{Span, nearest};
use crate::site::{Data, Entry, Table, Value};

/// Values that were found wrong and are passed over from then on.
///
/// They are known by their address: the tree stays where it is while it is decoded, and two values can share a span
/// (`a.b = 1` makes three) but not an address.
#[derive(Debug, Default)]
pub(super) struct Wrong(RefCell<BTreeSet<usize>>);

impl Wrong {
    fn add(&self, value: &Value) {
        self.0.borrow_mut().insert(std::ptr::from_ref(value).addr());
    }

    /// Number of values found wrong so far.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn has(&self, value: &Value) -> bool {
        self.0.borrow().contains(&std::ptr::from_ref(value).addr())
    }
}

/// Reads the table of one `*Spec`.
#[derive(Clone, Copy)]
pub(super) struct TableReader<'de> {
    pub table: &'de Table,
    pub wrong: &'de Wrong,
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

    fn unknown_key(self, entry: &Entry, mut problem: Problem) -> Problem {
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
        let map = Entries { entries: entries.into_iter(), value: None, reader: self };
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
    value: &'de Value,
    wrong: &'de Wrong,
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
        let Data::Table(table) = &self.value.data else { return self.deserialize_any(visitor) };
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
            _ => self.deserialize_any(visitor),
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

/// The entries of a table.
struct Entries<'de> {
    entries: std::vec::IntoIter<&'de Entry>,
    value: Option<&'de Entry>,
    reader: TableReader<'de>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        self.value = Some(entry);
        let key = de::value::BorrowedStrDeserializer::<Problem>::new(&entry.key.name);
        seed.deserialize(key).map(Some).map_err(|problem| self.reader.unknown_key(entry, problem))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let entry = self.value.take().ok_or_else(|| Problem::custom("a value was asked for before its key"))?;
        read_entry(entry, self.reader.wrong, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

fn read_entry<'de, V: DeserializeSeed<'de>>(
    entry: &'de Entry,
    wrong: &'de Wrong,
    seed: V,
) -> Result<V::Value, Problem> {
    seed.deserialize(ValueReader { value: &entry.value, wrong }).map_err(|mut problem| {
        if matches!(problem.what, What::Ignored) {
            wrong.add(&entry.value);
            problem.what = What::UnknownKey { name: entry.key.name.clone(), known: &[] };
            problem.span = Some(entry.key.span);
        } else {
            problem.keys.insert(0, entry.key.name.clone());
        }
        problem
    })
}

/// The items of a list.
struct Items<'de> {
    items: std::slice::Iter<'de, Value>,
    wrong: &'de Wrong,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(value) = self.items.by_ref().find(|value| !self.wrong.has(value)) else { return Ok(None) };
        seed.deserialize(ValueReader { value, wrong: self.wrong }).map(Some)
    }
}

/// A table with one key that says which of several things it is: `{ lognormal = { mean = "20s" } }`.
struct OneOf<'de> {
    entry: &'de Entry,
    reader: TableReader<'de>,
}

impl<'de> EnumAccess<'de> for OneOf<'de> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let key = de::value::BorrowedStrDeserializer::<Problem>::new(&self.entry.key.name);
        match seed.deserialize(key) {
            Ok(name) => Ok((name, self)),
            Err(problem) => Err(self.reader.unknown_key(self.entry, problem)),
        }
    }
}

impl<'de> VariantAccess<'de> for OneOf<'de> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        match &self.entry.value.data {
            Data::Table(table) if table.is_empty() => Ok(()),
            _ => {
                let name = &self.entry.key.name;
                Err(Problem::custom(format!("`{name}` takes no values: write \"{name}\" instead of a table")))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        read_entry(self.entry, self.reader.wrong, seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        read_entry(self.entry, self.reader.wrong, Visit(visitor, None))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        read_entry(self.entry, self.reader.wrong, Visit(visitor, Some(fields)))
    }
}

/// A visitor as a seed, for the variants of an enum.
struct Visit<V>(V, Option<&'static [&'static str]>);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Visit<V> {
    type Value = V::Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        match self.1 {
            Some(fields) => deserializer.deserialize_struct("", fields, self.0),
            None => deserializer.deserialize_any(self.0),
        }
    }
}

/// The three answers that [`toml::Spanned`] wants: start, end and the value.
struct SpannedSteps<D> {
    names: std::slice::Iter<'static, &'static str>,
    places: std::vec::IntoIter<usize>,
    value: Option<D>,
}

impl<D> SpannedSteps<D> {
    fn new(fields: &'static [&'static str], span: Span, value: D) -> Self {
        Self { names: fields.iter(), places: vec![span.start, span.end].into_iter(), value: Some(value) }
    }
}

impl<'de, D: de::Deserializer<'de, Error = Problem>> MapAccess<'de> for SpannedSteps<D> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let name = self.names.next();
        name.map(|name| seed.deserialize(de::value::BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        if let Some(place) = self.places.next() {
            return seed.deserialize(place.into_deserializer());
        }
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(Problem::custom("a value was asked for before its key")),
        }
    }
}
