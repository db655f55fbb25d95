//! What a scenario may say about a subscription.

use super::fifo_spec::ReplayPolicySpec;
use super::policy::DeliveryPolicySpec;
use crate::components::spec::{LatencySpec, OneOrMany};
use crate::components::traits::Moment;
use crate::diagnostic::Span;
use crate::engine::SimTime;
use crate::site::{Any, At, ToToml};
use crate::units::{Duration, Share};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Like subscribers are cut into at most so many lanes, whose members share the times of their deliveries.
pub(super) const LANES: u32 = 64;

/// A subscription as written: the name of the endpoint, or a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SubscriberSpec(SubscriberTableSpec);

/// A subscription written as a table.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriberTableSpec {
    /// The endpoint: a queue, a function, a service, a web endpoint, a mailbox, a phone or a delivery stream.
    pub to: At<String>,
    /// How many like endpoints the node stands for, each with a subscription of its own.
    pub count: Option<At<u32>>,
    /// The protocol, which follows from the kind of the node but for `email-json`.
    pub protocol: Option<At<String>>,
    /// Which messages it gets, as a share or by their keys; all, unless said otherwise.
    pub filter: Option<At<FilterSpec>>,
    /// Which messages it gets, by their attributes or their body.
    pub filter_policy: Option<At<Any>>,
    /// Whether the filter policy is about the attributes of a message or about its body.
    pub filter_policy_scope: Option<At<ScopeSpec>>,
    /// Another filter from some time on; the topic feels the change late.
    pub filter_change: Option<At<FilterChangeSpec>>,
    /// When a web endpoint that fails is tried again.
    pub delivery_policy: Option<At<DeliveryPolicySpec>>,
    /// The most attempts in a second at a web endpoint.
    pub max_receives_per_second: Option<At<u32>>,
    /// The queue for what could not be delivered.
    pub dead_letter: Option<At<String>>,
    /// The message alone, without the JSON around it.
    pub raw_message_delivery: Option<At<bool>>,
    /// From an accepted publish to the first attempt.
    pub delivery_latency: Option<At<LatencySpec>>,
    /// When the subscription is created, from the start of the run; what is published before never reaches it.
    pub created: Option<At<Duration>>,
    /// When a web endpoint or a mailbox confirms its subscription; what is published before never reaches it.
    pub confirmed: Option<At<Duration>>,
    /// When the subscription is deleted; what is published from then on never reaches it.
    pub deleted: Option<At<Duration>>,
    /// When the endpoint is deleted, or its policy no longer lets the topic in.
    pub endpoint_gone: Option<At<Duration>>,
    /// When the endpoint is there again, or its policy lets the topic in again.
    pub endpoint_back: Option<At<Duration>>,
    /// How long after its subscription was switched off the owner of a mailbox confirms once more; never, unless said.
    pub confirms_again_after: Option<At<Duration>>,
    /// How old a notification for an app may become, counted from its publish.
    pub time_to_live: Option<At<Duration>>,
    /// The share of phones that do not have the app any more: their endpoints are disabled at the first notification.
    pub invalid_tokens: Option<At<Share>>,
    /// When the subscription is given the archive of a FIFO topic, and which part of it.
    pub replay_policy: Option<At<ReplayPolicySpec>>,
}

/// Which messages a subscription gets; with both keys, those that fit both.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct FilterSpec {
    /// The share of the messages that fit; which ones is drawn for each job and subscription.
    pub share: Option<At<Share>>,
    /// The keys whose messages fit.
    pub key: Option<At<OneOrMany<String>>>,
}

/// Another filter of a subscription; without any it gets everything from then on.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct FilterChangeSpec {
    /// When it is changed, from the start of the run.
    pub at: Option<At<Duration>>,
    /// How long after that messages are still filtered as before.
    pub lag: Option<At<Duration>>,
    /// Which messages it gets then, as a share or by their keys.
    pub filter: Option<At<FilterSpec>>,
    /// Which messages it gets then, by their attributes or their body.
    pub filter_policy: Option<At<Any>>,
    /// Whether that policy is about the attributes of a message or about its body.
    pub filter_policy_scope: Option<At<ScopeSpec>>,
}

/// What a filter policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum ScopeSpec {
    /// The attributes of a message.
    MessageAttributes,
    /// The body of a message.
    MessageBody,
}

impl ToToml for ScopeSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::MessageAttributes => "MessageAttributes".to_toml(),
            Self::MessageBody => "MessageBody".to_toml(),
        }
    }
}

impl<'de> Deserialize<'de> for SubscriberSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = SubscriberSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a node, or a table with `to`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SubscriberSpec, E> {
                let to = At::new(text.to_owned(), Span::default());
                Ok(SubscriberSpec(SubscriberTableSpec { to, ..SubscriberTableSpec::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SubscriberSpec, A::Error> {
                SubscriberTableSpec::deserialize(MapAccessDeserializer::new(map)).map(SubscriberSpec)
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for SubscriberSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Subscriber".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<SubscriberTableSpec>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}

impl SubscriberTableSpec {
    /// What happens to the subscription at times that the scenario says.
    pub(super) fn moments(&self) -> Vec<Moment> {
        let begins = self.confirmed.or(self.created).filter(|_| self.replay_policy.is_none());
        let replay = self.replay_policy.as_ref().and_then(|policy| policy.value.at);
        let planned = [
            (begins, "subscribed", "this subscription begins", true),
            (self.deleted, "unsubscribed", "this subscription ends", true),
            (self.endpoint_gone, "gone", "this endpoint goes", false),
            (replay, "asks for a replay", "this replay is asked for", false),
        ];
        let moment = |(at, done, what, is_for_newcomers): (Option<At<Duration>>, &str, &str, bool)| {
            let at = at?.map(|at| SimTime::ZERO + at.get());
            let label = format!("{} {done}", self.to.value);
            Some(Moment { at, label, what: what.to_owned(), is_for_newcomers })
        };
        planned.into_iter().filter_map(moment).collect()
    }
}

impl At<SubscriberSpec> {
    /// The endpoint; a name alone stands where the whole subscription stands.
    pub(super) fn to(&self) -> At<String> {
        let to = &self.value.0.to;
        if to.span == Span::default() { At::new(to.value.clone(), self.span) } else { to.clone() }
    }

    /// The dead-letter queue, if there is one.
    pub(super) fn dead_letter(&self) -> Option<At<String>> {
        self.value.0.dead_letter.clone()
    }

    /// How many subscribers it stands for.
    pub(super) fn count(&self) -> u32 {
        self.value.0.count.map_or(1, |at| at.value)
    }

    /// Whether it filters.
    pub(super) fn filters(&self) -> bool {
        let Self { value: SubscriberSpec(SubscriberTableSpec { filter, filter_policy, filter_change, .. }), .. } = self;
        let later = filter_change.as_ref().map(|at| &at.value);
        filter.is_some()
            || filter_policy.is_some()
            || later.is_some_and(|later| later.filter.is_some() || later.filter_policy.is_some())
    }

    /// Whether there is a time in which it waits for its confirmation.
    pub(super) fn waits(&self) -> bool {
        self.value.0.confirmed.is_some()
    }

    /// The replay that it asks for.
    pub(super) fn replay(&self) -> Option<&At<ReplayPolicySpec>> {
        self.value.0.replay_policy.as_ref()
    }

    /// When it begins.
    pub(super) fn begins(&self) -> SimTime {
        let begins = self.value.0.confirmed.or(self.value.0.created);
        begins.map_or(SimTime::ZERO, |at| SimTime::ZERO + at.value.get())
    }

    /// The table, with the endpoint in its place.
    pub(super) fn into_table(self) -> SubscriberTableSpec {
        let to = self.to();
        SubscriberTableSpec { to, ..self.value.0 }
    }
}
