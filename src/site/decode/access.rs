//! How serde walks through tables, lists, choices and places.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::problem::{Problem, What};
use super::reader::{TableReader, ValueReader, Wrong};
use crate::diagnostic::Span;
use crate::site::{Data, Entry, Value};

/// The entries of a table.
pub(super) struct Entries<'de> {
    pub(super) rest: std::vec::IntoIter<&'de Entry>,
    pub(super) value: Option<&'de Entry>,
    pub(super) reader: TableReader<'de>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(entry);
        let key = BorrowedStrDeserializer::<Problem>::new(&entry.key.name);
        seed.deserialize(key).map(Some).map_err(|problem| self.reader.unknown_key(entry, problem))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let entry = self.value.take().ok_or_else(|| Problem::custom("a value was asked for before its key"))?;
        read_entry(entry, self.reader.wrong, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
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
pub(super) struct Items<'de> {
    pub(super) items: std::slice::Iter<'de, Value>,
    pub(super) wrong: &'de Wrong,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(value) = self.items.by_ref().find(|value| !self.wrong.has(value)) else { return Ok(None) };
        seed.deserialize(ValueReader { value, wrong: self.wrong }).map(Some)
    }
}

/// A table with one key that says which of several things it is: `{ lognormal = { mean = "20s" } }`.
pub(super) struct OneOf<'de> {
    pub(super) entry: &'de Entry,
    pub(super) reader: TableReader<'de>,
}

impl<'de> EnumAccess<'de> for OneOf<'de> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let key = BorrowedStrDeserializer::<Problem>::new(&self.entry.key.name);
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
pub(super) struct SpannedSteps<D> {
    names: std::slice::Iter<'static, &'static str>,
    places: std::vec::IntoIter<usize>,
    value: Option<D>,
}

impl<D> SpannedSteps<D> {
    pub(super) fn new(fields: &'static [&'static str], span: Span, value: D) -> Self {
        Self { names: fields.iter(), places: vec![span.start, span.end].into_iter(), value: Some(value) }
    }
}

impl<'de, D: de::Deserializer<'de, Error = Problem>> MapAccess<'de> for SpannedSteps<D> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let name = self.names.next();
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
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
