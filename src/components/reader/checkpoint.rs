//! When a reader stores how far it has come, as written and as it runs.

use crate::engine::{SimDuration, SimTime};
use crate::site::{At, Site, ToToml};
use crate::units::Duration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// When a reader makes a checkpoint: `"batch"`, `{ records = 100 }` or `{ every = "60s" }`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CheckpointSpec {
    /// After every batch.
    Batch,
    /// As the table says.
    Table(CheckpointTableSpec),
}

/// A checkpoint written as a table; one of the two.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointTableSpec {
    /// After so many records, and when there is nothing more to read.
    records: Option<At<u32>>,
    /// When the last one is so long ago, and there is something new to store.
    every: Option<At<Duration>>,
}

/// When a reader makes a checkpoint, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checkpoint {
    /// After every batch.
    Batch,
    /// After so many records, and when there is nothing more to read.
    Records(u32),
    /// When the last one is so long ago.
    Every(SimDuration),
}

impl Checkpoint {
    /// Whether it is time in the middle of a batch, with so many records processed since the last one.
    pub(super) fn is_due(self, records: u32, since: SimTime, now: SimTime) -> bool {
        match self {
            Self::Batch => false,
            Self::Records(most) => records >= most,
            Self::Every(period) => records > 0 && now.since(since) >= period,
        }
    }

    /// Whether it is time at the end of a batch; `is_idle`: the batch was empty.
    pub(super) fn is_due_after_batch(self, is_idle: bool, records: u32, since: SimTime, now: SimTime) -> bool {
        match self {
            Self::Batch => records > 0,
            Self::Records(_) => records > 0 && is_idle,
            Self::Every(_) => self.is_due(records, since, now),
        }
    }
}

impl CheckpointSpec {
    /// The checkpoint; what is wrong with it is reported.
    pub(super) fn resolve(written: Option<At<Self>>, site: &mut Site<'_>) -> Option<Checkpoint> {
        let span = written.as_ref().map(|at| at.span);
        let written =
            site.or_default("checkpoint", written, Self::Batch, "after every batch, as the library's samples do");
        let Self::Table(table) = written else { return Some(Checkpoint::Batch) };
        match table {
            CheckpointTableSpec { records: Some(records), every: None } if records.value > 0 => {
                Some(Checkpoint::Records(records.value))
            }
            CheckpointTableSpec { records: None, every: Some(every) } => Some(Checkpoint::Every(every.value.get())),
            CheckpointTableSpec { records, .. } => {
                let span = records.map(|at| at.span).or(span).unwrap_or_default();
                site.error(span, "S031", "a checkpoint is made after a number of records or after a time")
                    .hint("write `checkpoint = { records = 1000 }` or `checkpoint = { every = \"60s\" }`");
                None
            }
        }
    }
}

impl ToToml for CheckpointSpec {
    fn to_toml(&self) -> String {
        let Self::Table(CheckpointTableSpec { records, every }) = self else { return "batch".to_toml() };
        let records = records.map(|records| format!("records = {}", records.to_toml()));
        let every = every.map(|every| format!("every = {}", every.to_toml()));
        let parts: Vec<String> = records.into_iter().chain(every).collect();
        format!("{{ {} }}", parts.join(", "))
    }
}

impl<'de> Deserialize<'de> for CheckpointSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrTable;
        impl<'de> Visitor<'de> for WordOrTable {
            type Value = CheckpointSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`batch`, or a table with `records` or `every`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<CheckpointSpec, E> {
                match text {
                    "batch" => Ok(CheckpointSpec::Batch),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CheckpointSpec, A::Error> {
                CheckpointTableSpec::deserialize(MapAccessDeserializer::new(map)).map(CheckpointSpec::Table)
            }
        }
        deserializer.deserialize_any(WordOrTable)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for CheckpointSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Checkpoint".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<CheckpointTableSpec>();
        schemars::json_schema!({ "anyOf": [{ "const": "batch" }, table] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_checkpoint_has_its_moment() {
        let at = SimTime::from_nanos;
        let (start, now) = (at(0), at(60));
        let rows = [
            (Checkpoint::Batch, [false, true, true]),
            (Checkpoint::Records(5), [true, false, true]),
            (Checkpoint::Records(6), [false, false, true]),
            (Checkpoint::Every(SimDuration::from_nanos(60)), [true, true, true]),
            (Checkpoint::Every(SimDuration::from_nanos(61)), [false, false, false]),
        ];
        for (checkpoint, expected) in rows {
            let found = [
                checkpoint.is_due(5, start, now),
                checkpoint.is_due_after_batch(false, 5, start, now),
                checkpoint.is_due_after_batch(true, 5, start, now),
            ];
            assert_eq!(found, expected, "{checkpoint:?}");
            assert!(!checkpoint.is_due_after_batch(true, 0, start, now), "{checkpoint:?} has nothing to store");
        }
    }
}
