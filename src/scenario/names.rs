//! The names that faults and expectations may use.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::diagnostic::{clip, nearest};
use crate::site::{At, Site, ToToml};

/// What can be referred to in a scenario.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The cases.
    pub cases: Vec<String>,
    /// The summary metrics that every pipeline has, with their unit: `latency_p99_s`, `lost`, `goodput_share`.
    pub metrics: Vec<String>,
    /// The designs.
    pub pipelines: Vec<PipelineNames>,
}

/// The names inside a design.
#[derive(Debug, Clone, Default)]
pub struct PipelineNames {
    /// Its own.
    pub name: String,
    /// Its nodes.
    pub nodes: Vec<NodeNames>,
    /// Whether it has mistakes of its own, which are told where they are: any name of a node is taken then.
    pub broken: bool,
}

/// The names at a node.
#[derive(Debug, Clone, Default)]
pub struct NodeNames {
    /// Its own.
    pub name: String,
    /// The metrics it has, with statistic and unit: `backlog_max`, `busy_mean`.
    pub metrics: Vec<String>,
    /// What kind of node it is.
    pub kind: &'static str,
}

impl Names {
    /// A design by name.
    pub fn pipeline(&self, name: &str) -> Option<&PipelineNames> {
        self.pipelines.iter().find(|pipeline| pipeline.name == name)
    }

    /// The designs' names.
    pub fn pipeline_names(&self) -> impl Iterator<Item = &str> {
        self.pipelines.iter().map(|pipeline| pipeline.name.as_str())
    }
}

impl PipelineNames {
    /// A node by name.
    pub fn node(&self, name: &str) -> Option<&NodeNames> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The nodes' names.
    pub fn node_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.name.as_str())
    }
}

/// One name, or a list of names: `case = "ten"` or `case = ["ten", "thousand"]`.
#[derive(Debug, Clone, PartialEq)]
pub struct NamesSpec(pub Vec<At<String>>);

impl NamesSpec {
    /// Checks that every name is among `known` (each a `what`), and records the list under `key`.
    pub(super) fn resolve(self, key: &str, what: &str, known: &[&str], site: &mut Site<'_>) -> Option<Vec<String>> {
        let mut all_known = true;
        for name in self.0.iter().filter(|name| !known.contains(&name.value.as_str())) {
            all_known = false;
            let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            site.error(name.span, "S020", format!("there is no {what} `{}`", clip(&name.value, 60)))
                .did_you_mean(nearest(&name.value, known.iter().copied()))
                .note(format!("there is: {}", clip(&list.join(", "), 300)));
        }
        let span = self.0.first().map(|name| name.span)?;
        let names: Vec<String> = self.0.into_iter().map(|name| name.value).collect();
        let names = site.written(key, At::new(names, span));
        all_known.then_some(names)
    }
}

impl ToToml for NamesSpec {
    fn to_toml(&self) -> String {
        self.0.to_toml()
    }
}

/// The list without places: a single name does not know its own until the value around it says.
enum OneOrMany {
    One(String),
    Many(Vec<At<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;
        impl<'de> Visitor<'de> for Both {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E>(self, name: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(OneOrMany::Many(names))
            }
        }
        deserializer.deserialize_any(Both)
    }
}

impl<'de> Deserialize<'de> for NamesSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let At { value, span } = At::<OneOrMany>::deserialize(deserializer)?;
        Ok(Self(match value {
            OneOrMany::One(name) => vec![At::new(name, span)],
            OneOrMany::Many(names) => names,
        }))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for NamesSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "one name, or a list of names",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        })
    }
}
