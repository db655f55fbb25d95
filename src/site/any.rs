//! A value of any shape, as a document or a filter policy has it: the service's own language inside ours.

use super::{At, ToToml, toml_key, toml_string};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// A value of any shape, each part with its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Any {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A list.
    List(Vec<At<Any>>),
    /// A table, in the order of its keys.
    Table(BTreeMap<String, At<Any>>),
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whatever;
        impl<'de> Visitor<'de> for Whatever {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, `true` or `false`, a list or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Any, E> {
                Ok(Any::Text(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Any, E> {
                Ok(Any::Flag(flag))
            }

            #[allow(clippy::cast_precision_loss, reason = "the services compare numbers as doubles, too")]
            fn visit_i64<E: Error>(self, number: i64) -> Result<Any, E> {
                Ok(Any::Number(number as f64))
            }

            #[allow(clippy::cast_precision_loss, reason = "the services compare numbers as doubles, too")]
            fn visit_u64<E: Error>(self, number: u64) -> Result<Any, E> {
                Ok(Any::Number(number as f64))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Any, E> {
                if number.is_finite() { Ok(Any::Number(number)) } else { Err(E::custom("this is no number")) }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Any::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Any, A::Error> {
                let mut table = BTreeMap::new();
                while let Some((key, value)) = entries.next_entry()? {
                    table.insert(key, value);
                }
                Ok(Any::Table(table))
            }
        }
        deserializer.deserialize_any(Whatever)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Any {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let kinds = ["string", "number", "boolean", "array", "object"].map(|kind| serde_json::json!({ "type": kind }));
        schemars::json_schema!({ "anyOf": kinds })
    }
}

impl ToToml for Any {
    fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => toml_string(text),
            Self::Number(number) => number.to_toml(),
            Self::Flag(flag) => flag.to_toml(),
            Self::List(list) => list.to_toml(),
            Self::Table(table) => table.to_toml(),
        }
    }
}

impl<T: ToToml> ToToml for BTreeMap<String, T> {
    fn to_toml(&self) -> String {
        let entries: Vec<String> =
            self.iter().map(|(key, value)| format!("{} = {}", toml_key(key), value.to_toml())).collect();
        if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct HolderSpec {
        value: At<Any>,
    }

    #[test]
    fn any_value_reads_back_from_its_own_text() {
        for text in [
            "\"a \\\"b\\\"\"",
            "10.0",
            "-0.5",
            "true",
            "[]",
            "[1.0, \"x\", [false]]",
            "{}",
            "{ \"a b\" = { c = [1.0] } }",
        ] {
            let holder: HolderSpec = toml::from_str(&format!("value = {text}")).expect("it is well formed");
            assert_eq!(holder.value.to_toml(), text);
        }
        assert!(toml::from_str::<HolderSpec>("value = nan").is_err());
    }
}
