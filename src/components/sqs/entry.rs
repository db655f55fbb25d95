//! The flows that are sent to a queue directly, and what their senders say about their messages.
//!
//! ```toml
//! from = "uploads"
//! from = [{ flow = "uploads", delay = "30s" }, "clicks"]
//! ```

use super::spec::SqsSpec;
use crate::components::spec::all;
use crate::components::{NodeSite, NodeSpec, Verb};
use crate::facts::{Fact, sqs};
use crate::site::At;
use crate::units::Duration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A flow that is sent here, as written: its name, or a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EntrySpec {
    flow: At<String>,
    delay: Option<At<Duration>>,
}

/// A flow that is sent to a queue directly, with what its senders say about its messages.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct EntryTableSpec {
    /// The flow.
    flow: At<String>,
    /// Standard: how long its messages are hidden at first, whatever the queue's own delay is.
    delay: Option<At<Duration>>,
}

impl<'de> Deserialize<'de> for EntrySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = EntrySpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a flow, or a table with `flow`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EntrySpec, E> {
                let flow = At::new(text.to_owned(), crate::diagnostic::Span::default());
                Ok(EntrySpec { flow, delay: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EntrySpec, A::Error> {
                let EntryTableSpec { flow, delay } = EntryTableSpec::deserialize(MapAccessDeserializer::new(map))?;
                Ok(EntrySpec { flow, delay })
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for EntrySpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Entry".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<EntryTableSpec>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}

/// A flow that enters, with the delay that its senders give its messages.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The name of the flow.
    pub flow: At<String>,
    /// How long its messages are hidden at first, if their senders say so.
    pub delay: Option<At<Duration>>,
}

impl SqsSpec {
    /// The flows that are sent here; a name alone stands where the whole entry stands.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let nowhere = crate::diagnostic::Span::default();
        let entry = |At { value: EntrySpec { flow, delay }, span }: At<EntrySpec>| {
            let flow = if flow.span == nowhere { At::new(flow.value, span) } else { flow };
            Entry { flow, delay }
        };
        all(self.from.as_ref()).into_iter().map(entry).collect()
    }

    /// The flows whose messages come here: those that enter here, each where it is written, and those that come through
    /// other nodes by these ways. What only comes as a dead letter another queue has taken before.
    fn flows_by(&self, ways: &[Verb], site: &NodeSite<'_, '_>) -> Vec<At<String>> {
        let mut flows = NodeSpec::flows(self);
        if ways.iter().all(|&verb| site.incoming(verb).is_empty()) {
            return flows;
        }
        for (flow, comes) in site.plan.flows.iter().zip(site.comes_here()) {
            if comes && flows.iter().all(|known| known.value != *flow) {
                flows.push(At::new(flow.clone(), site.site.span()));
            }
        }
        flows
    }

    /// Records the flows, and says what is wrong with their messages.
    pub(super) fn check_entries(&self, site: &mut NodeSite<'_, '_>) {
        let entries = self.entries();
        // A topic puts them into the body, or cannot deliver: that is its own affair.
        let ways = if site.incoming(Verb::Subscribers).is_empty() { &[Verb::Sends][..] } else { &[] };
        for flow in self.flows_by(ways, site) {
            check_attributes(&flow, site);
        }
        if entries.iter().all(|entry| entry.delay.is_none()) {
            site.site.written_all("from", entries.into_iter().map(|entry| entry.flow).collect());
            return;
        }
        let single = entries.len() == 1;
        for (index, Entry { flow, delay }) in entries.iter().enumerate() {
            let key = if single { "from".to_owned() } else { format!("from[{index}]") };
            let mut part = site.site.part(&key, flow.span);
            if let Some(first) = entries[..index].iter().find(|other| other.flow.value == flow.value) {
                let message = format!("`{}` enters here twice, and a message has one delay", first.flow.value);
                part.error(flow.span, "S032", message).hint("write it once");
            }
            part.written("flow", flow.clone());
            let Some(at) = *delay else { continue };
            if self.is_fifo() {
                part.error(at.span, "S032", "a message for a FIFO queue has no delay of its own")
                    .hint("give the queue a `delay`: it holds for all of its messages");
            }
            part.within("delay", Some(&at), Duration::from_secs(0)..=sqs::DELAY_MAX.value, &sqs::DELAY_MAX);
            part.written("delay", at);
        }
    }

    /// What a message group is called must not be longer than the service takes.
    pub(super) fn check_groups(&self, site: &mut NodeSite<'_, '_>) {
        let ways = [Verb::Sends, Verb::Subscribers, Verb::OnSuccess, Verb::OnFailure];
        for flow in self.flows_by(&ways, site) {
            let place = site.plan.flows.iter().position(|known| *known == flow.value);
            let Some(keys) = place.and_then(|place| site.plan.flow_keys[place].as_ref()) else { continue };
            // Numbers grow: of keys made from one prefix the last is the longest.
            let longest = keys.text(keys.count().saturating_sub(1)).chars().count();
            let most = &sqs::MESSAGE_GROUP_ID_MAX;
            if longest > most.value as usize {
                let message =
                    format!("the keys of `{}` are {longest} characters long, and name message groups", flow.value);
                too_many(&flow, &message, most, "shorten the `prefix` of the key, or the constant one", site);
            }
        }
    }
}

fn check_attributes(flow: &At<String>, site: &mut NodeSite<'_, '_>) {
    let place = site.plan.flows.iter().position(|known| *known == flow.value);
    let Some(contents) = place.and_then(|place| site.plan.flow_contents[place].as_ref()) else { return };
    let (count, most) = (contents.attributes.len(), &sqs::MESSAGE_ATTRIBUTES_MAX);
    if count > most.value as usize {
        let message = format!("the messages of `{}` carry {count} attributes", flow.value);
        too_many(flow, &message, most, "move some of them into the `body`", site);
    }
}

fn too_many(flow: &At<String>, message: &str, most: &Fact<u32>, hint: &str, site: &mut NodeSite<'_, '_>) {
    let limit = format!("{} (fact {}; {}; read {})", most.what, most.name, most.source, most.read);
    let error = site.site.error(flow.span, "S030", message).label(format!("at most {}", most.value));
    error.note(limit).note(most.note).hint(hint);
}
