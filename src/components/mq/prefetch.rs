//! How many messages a broker pushes to a consumer ahead of its acknowledgements.

use crate::facts::Limit;
use crate::site::ToToml;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// What a consumer asks for (the `max` of its pull) that leaves it to the broker.
pub(crate) const AS_THE_BROKER_SAYS: u16 = 0;
/// What a consumer asks for that wants no limit.
pub(super) const UNLIMITED: u16 = u16::MAX;

/// How many messages a consumer may hold without having acknowledged them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrefetchSpec {
    /// `"unlimited"`
    Unlimited,
    /// `50`
    Of(u16),
}

impl PrefetchSpec {
    /// As a pull asks for it.
    pub(crate) const fn asked(self) -> u16 {
        match self {
            Self::Unlimited => UNLIMITED,
            Self::Of(count) => count,
        }
    }

    /// As a fact says it.
    pub(crate) fn of(limit: Limit) -> Self {
        match limit {
            Limit::Unlimited => Self::Unlimited,
            Limit::Of(count) => Self::Of(u16::try_from(count).unwrap_or(UNLIMITED)),
        }
    }
}

impl<'de> Deserialize<'de> for PrefetchSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountOrWord;
        impl Visitor<'_> for CountOrWord {
            type Value = PrefetchSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number from 1 to {}, or \"unlimited\"", UNLIMITED - 1)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<PrefetchSpec, E> {
                let asked = u16::try_from(count).ok().filter(|&asked| asked > 0 && asked < UNLIMITED);
                asked.map(PrefetchSpec::Of).ok_or_else(|| E::invalid_value(Unexpected::Signed(count), &self))
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<PrefetchSpec, E> {
                self.visit_i64(i64::try_from(count).unwrap_or(i64::MAX))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<PrefetchSpec, E> {
                if word == "unlimited" {
                    return Ok(PrefetchSpec::Unlimited);
                }
                Err(E::invalid_value(Unexpected::Str(word), &self))
            }
        }
        deserializer.deserialize_any(CountOrWord)
    }
}

impl ToToml for PrefetchSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Unlimited => "unlimited".to_toml(),
            Self::Of(count) => count.to_toml(),
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for PrefetchSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Prefetch".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 65_534 }, { "const": "unlimited" }]
        })
    }
}
