//! What a scenario may say about a subscription.

use super::filter::Filter;
use super::policy::{DeliveryPolicySpec, too};
use super::schedule::Schedule;
use super::{Protocol, Subscription};
use crate::components::NodeSite;
use crate::components::spec::{LatencySpec, OneOrMany, many};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::engine::random::fingerprint;
use crate::engine::{SimDuration, SimTime};
use crate::facts::sns;
use crate::site::At;
use crate::traffic::Keys;
use crate::units::{Duration, Share};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::VecDeque;
use std::fmt;

/// A subscription as written: the name of the endpoint, or a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SubscriberSpec(SubscriberTableSpec);

/// A subscription written as a table.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriberTableSpec {
    /// The endpoint: a queue, a service, a web endpoint or a mailbox.
    to: At<String>,
    /// Which messages it gets; all, unless said otherwise.
    filter: Option<At<FilterSpec>>,
    /// When a web endpoint that fails is tried again.
    delivery_policy: Option<At<DeliveryPolicySpec>>,
    /// The most attempts in a second at a web endpoint.
    max_receives_per_second: Option<At<u32>>,
    /// The queue for what could not be delivered.
    dead_letter: Option<At<String>>,
    /// The message alone, without the JSON around it.
    raw_message_delivery: Option<At<bool>>,
    /// From an accepted publish to the first attempt.
    delivery_latency: Option<At<LatencySpec>>,
    /// When the subscription is created, from the start of the run; what is published before never reaches it.
    created: Option<At<Duration>>,
    /// When the endpoint is deleted, or its policy no longer lets the topic in.
    endpoint_gone: Option<At<Duration>>,
}

/// Which messages a subscription gets; with both keys, those that fit both.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct FilterSpec {
    /// The share of the messages that fit; which ones is drawn for each job and subscription.
    share: Option<At<Share>>,
    /// The keys whose messages fit.
    key: Option<At<OneOrMany<String>>>,
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

    /// The subscription, resolved.
    pub(super) fn build(self, topic: &Topic, site: &mut NodeSite<'_, '_>) -> Option<Subscription> {
        let to = self.to();
        self.value.0.build(to, topic, site)
    }
}

/// What the topic says for all its subscriptions.
pub(super) struct Topic {
    /// When web endpoints that fail are tried again.
    pub policy: Option<At<DeliveryPolicySpec>>,
    /// From an accepted publish to the first attempt.
    pub latency: Option<At<LatencySpec>>,
}

impl SubscriberTableSpec {
    fn build(self, to: At<String>, topic: &Topic, site: &mut NodeSite<'_, '_>) -> Option<Subscription> {
        let mut endpoint = site.target(&to)?;
        let kind = site.kind_of(endpoint.node);
        if kind == "lambda" {
            endpoint.port = crate::components::lambda::MANAGED_EVENT;
        }
        let protocol = match kind {
            // A function takes an event in at once, as a queue takes a message, whatever becomes of it there.
            "sqs" | "lambda" => Protocol::Queue,
            "email" => Protocol::Email,
            _ => Protocol::Http,
        };
        // Endpoints are told apart by their names, so that another subscription changes nobody's draws.
        let salt = fingerprint(to.value.as_bytes());
        site.site.written("to", to);
        let schedule = self.schedule(protocol, topic, site);
        let spacing = self.spacing(protocol, site);
        let filter = match &self.filter {
            Some(at) => Some(at.value.build(at.span, site)?),
            None => None,
        };
        let dead_letter = match self.dead_letter {
            Some(at) => {
                let endpoint = site.target(&at)?;
                site.site.written("dead_letter", at);
                Some(endpoint)
            }
            None => None,
        };
        if let Some(at) = self.raw_message_delivery.filter(|_| kind == "lambda") {
            site.site
                .error(at.span, "S032", "`raw_message_delivery` has no effect on a function: it always gets the JSON")
                .hint("leave it out");
        }
        let raw = site.site.or_default("raw_message_delivery", self.raw_message_delivery, false, "JSON around it");
        let envelope = if raw { 0 } else { sns::ENVELOPE_SIZE.value.get() };
        let latency = if kind == "sqs" { &sns::DELIVERY_LATENCY_SQS } else { &sns::DELIVERY_LATENCY };
        let written = self.delivery_latency.or_else(|| topic.latency.clone());
        let latency = site.latency("delivery_latency", written, latency);
        let time = |at: Duration| SimTime::ZERO + at.get();
        Some(Subscription {
            to: endpoint,
            protocol,
            schedule: schedule?,
            latency: latency?,
            filter,
            dead_letter,
            envelope: u32::try_from(envelope).unwrap_or(u32::MAX),
            created: site.site.optional("created", self.created).map_or(SimTime::ZERO, time),
            endpoint_gone: site.site.optional("endpoint_gone", self.endpoint_gone).map_or(SimTime::MAX, time),
            spacing: spacing?,
            salt,
            backlog: VecDeque::new(),
            next_turn: SimTime::ZERO,
            armed: false,
        })
    }

    /// When a failed attempt is repeated: only a web endpoint has a say in it.
    fn schedule(&self, protocol: Protocol, topic: &Topic, site: &mut NodeSite<'_, '_>) -> Option<Schedule> {
        let fixed = match protocol {
            Protocol::Queue => &sns::AWS_MANAGED_RETRIES,
            Protocol::Email => &sns::CUSTOMER_MANAGED_RETRIES,
            Protocol::Http => {
                let written = self.delivery_policy.or(topic.policy);
                let span = written.map_or_else(|| site.site.span(), |at| at.span);
                let policy = written.map(|at| at.value).unwrap_or_default();
                return policy.build(&mut site.site.part("delivery_policy", span));
            }
        };
        if let Some(at) = self.delivery_policy {
            only_http(at.span, "delivery_policy", site).note(too(fixed));
            return None;
        }
        Some(Schedule::new(&fixed.value))
    }

    /// The least distance of attempts.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well, the inner one is the limit")]
    fn spacing(&self, protocol: Protocol, site: &mut NodeSite<'_, '_>) -> Option<Option<SimDuration>> {
        let Some(at) = self.max_receives_per_second else { return Some(None) };
        if protocol != Protocol::Http {
            only_http(at.span, "max_receives_per_second", site)
                .note("a queue takes what is published as it comes: that is what it is for");
            return None;
        }
        let rates = sns::HTTP_RECEIVES_MIN.value..=u32::MAX;
        if !site.site.within("max_receives_per_second", Some(&at), rates, &sns::HTTP_RECEIVES_MIN) {
            return None;
        }
        let rate = site.site.written("max_receives_per_second", at);
        Some(Some(SimDuration::from_secs_f64(f64::from(rate).recip())))
    }
}

fn only_http<'s>(span: Span, key: &str, site: &'s mut NodeSite<'_, '_>) -> &'s mut Diagnostic {
    site.site
        .error(span, "S032", format!("`{key}` has no effect here: only deliveries to web endpoints have it"))
        .hint("leave it out")
}

/// So many keys of a flow are looked at for one that was probably meant.
const CANDIDATES: u32 = 1000;

impl FilterSpec {
    fn build(&self, span: Span, site: &mut NodeSite<'_, '_>) -> Option<Filter> {
        if self.share.is_none() && self.key.is_none() {
            site.site
                .error(span, "S012", "a filter says which messages it lets through")
                .hint("write `filter = { share = \"50%\" }` or `filter = { key = [\"key-0\", \"key-1\"] }`");
            return None;
        }
        let list = many(self.key.clone());
        let most = usize::try_from(sns::FILTER_COMBINATIONS_MAX.value).unwrap_or(usize::MAX);
        if list.len() > most {
            site.site
                .error(span, "S030", format!("this filter has {} values", list.len()))
                .label(format!("at most {most}"))
                .note(too(&sns::FILTER_COMBINATIONS_MAX));
            return None;
        }
        let mut part = site.site.part("filter", span);
        let share = self.share.map_or(Share::ALL, |at| part.written("share", at));
        let flows = &site.plan.flow_keys;
        let wanted = list.iter().map(|at| at.value.as_str()).collect();
        let (numbers, unknown) = Filter::keys_of(&wanted, flows);
        let fine = unknown.is_empty();
        for at in list.iter().filter(|at| unknown.contains(at.value.as_str())) {
            let some = |keys: &Keys| (0..keys.count().min(CANDIDATES)).map(|key| keys.text(key)).collect::<Vec<_>>();
            let texts: Vec<String> = flows.iter().flatten().flat_map(some).collect();
            part.error(at.span, "S020", format!("no message has the key `{}`", at.value))
                .did_you_mean(nearest(&at.value, texts.iter().map(String::as_str)))
                .note("keys are those of the traffic: `key = { distinct = 10 }` makes `key-0` to `key-9`");
        }
        let keys = self.key.as_ref().map(|_| numbers);
        if let Some(at) = &self.key {
            part.written("key", At::new(list.into_iter().map(|at| at.value).collect::<Vec<_>>(), at.span));
        }
        fine.then(|| Filter { share: share.get(), keys })
    }
}
