//! Pieces of specs that several services share.

use super::latency::Latency;
use super::site::NodeSite;
use crate::facts::Fact;
use crate::site::At;
use crate::traffic::{DrawnFor, LawSpec, Published};
use crate::units::Duration;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// One thing, or a list of them: `"a"` or `["a", "b"]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OneOrMany<T>(pub Vec<At<T>>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, a table, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let value = T::deserialize(serde::de::value::StrDeserializer::new(text))?;
                Ok(OneOrMany(vec![At::new(value, crate::diagnostic::Span::default())]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let value = T::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OneOrMany(vec![At::new(value, crate::diagnostic::Span::default())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let one = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
    }
}

/// The list as written; a single thing stands where the whole stands.
pub(super) fn many<T>(written: Option<At<OneOrMany<T>>>) -> Vec<At<T>> {
    let Some(At { value: OneOrMany(mut list), span }) = written else { return Vec::new() };
    for at in &mut list {
        if at.span == crate::diagnostic::Span::default() {
            at.span = span;
        }
    }
    list
}

/// The same without taking it.
pub(super) fn all<T: Clone>(written: Option<&At<OneOrMany<T>>>) -> Vec<At<T>> {
    many(written.cloned())
}

/// Makes an enum of words as they are written; `Deserialize` and `ToToml` are in scope where it is used.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub(super) enum $name {
            $($(#[$what])* #[serde(rename = $word)] $variant),*
        }

        impl ToToml for $name {
            fn to_toml(&self) -> String {
                match self { $(Self::$variant => $word.to_toml()),* }
            }
        }
    };
}

pub(super) use words;

/// A round trip as written: `"0s"`, `"20ms"`, or a law such as `{ lognormal = { median = "8ms", p99 = "50ms" } }`.
pub(super) type LatencySpec = LawSpec<Duration>;

impl NodeSite<'_, '_> {
    /// The time written under `key`, a round trip for instance, or else the service's own.
    pub fn latency<F: Published>(
        &mut self,
        key: &str,
        written: Option<At<LatencySpec>>,
        fact: &Fact<F>,
    ) -> Option<Latency> {
        let Some(at) = written else {
            return LawSpec::or_fact(None, key, fact, self.site, self.read).map(Latency::Drawn);
        };
        if let LawSpec::Constant(duration) = &at.value {
            let duration = *duration;
            self.site.written(key, At::new(duration, at.span));
            return Some(if duration.get().is_zero() { Latency::None } else { Latency::Constant(duration.get()) });
        }
        LawSpec::build(at, key, DrawnFor::Event, self.site, self.read).map(Latency::Drawn)
    }
}
