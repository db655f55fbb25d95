//! What a scenario may say about a topic and its subscriptions.

use super::policy::DeliveryPolicySpec;
use super::subscriber::{SubscriberSpec, Topic};
use super::{Protocol, Sns, SnsLosses, SnsMetrics, Subscription};
use crate::components::fault::Health;
use crate::components::limits::EachSecond;
use crate::components::slab::Slab;
use crate::components::spec::{LatencySpec, OneOrMany, all, many};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::engine::{Deadlines, LossKind};
use crate::facts::sns;
use crate::site::At;
use crate::units::{Bytes, Rate, Share};
use serde::Deserialize;

/// An Amazon SNS topic.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SnsSpec {
    /// The flows of traffic that are published here directly.
    from: Option<At<OneOrMany<String>>>,
    /// Who gets what is published: queues, services, web endpoints, mailboxes.
    subscribers: Option<At<OneOrMany<SubscriberSpec>>>,
    /// The largest message.
    maximum_message_size: Option<At<Bytes>>,
    /// Messages that can be published in a second.
    publish_rate: Option<At<Rate>>,
    /// When web endpoints that fail are tried again, unless their subscription has a policy of its own.
    delivery_policy: Option<At<DeliveryPolicySpec>>,
    /// From an accepted publish to the first attempt, unless the subscription says otherwise.
    delivery_latency: Option<At<LatencySpec>>,
    /// Each wait before a retry is longer or shorter by up to this share.
    retry_jitter: Option<At<Share>>,
}

impl NodeSpec for SnsSpec {
    fn edges(&self) -> Vec<Edge> {
        let subscribers = all(self.subscribers.as_ref());
        let dead_letters = subscribers.iter().filter_map(At::dead_letter);
        let dead_letters = dead_letters.map(|to| Edge::new(Verb::DeadLetter, to));
        let endpoints = subscribers.iter().map(|at| Edge::new(Verb::Subscribers, at.to()));
        endpoints.chain(dead_letters).collect()
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }
}

impl SnsSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Sns> {
        let errors = site.site.errors();
        for flow in many(self.from.clone()) {
            site.site.written("from", flow);
        }
        let maximum_message_size = self.size(site);
        let quota = self.quota(site);
        let retry_jitter = site.site.or_fact("retry_jitter", self.retry_jitter, &sns::RETRY_JITTER).get();
        let losses = losses(site);
        let metrics = metrics(site);
        let subscriptions = self.subscriptions(site);
        if subscriptions.is_empty() {
            let span = site.site.span();
            site.site
                .warn(span, "S050", "a topic without subscribers loses every message")
                .note("a topic keeps nothing: what is published while nobody is subscribed is gone")
                .hint("name the endpoints: `subscribers = [\"billing\", \"shipping\"]`");
        }
        if site.site.errors() > errors {
            return None;
        }
        Some(Sns {
            maximum_message_size: u32::try_from(maximum_message_size.get()).unwrap_or(u32::MAX),
            retry_jitter,
            losses,
            metrics,
            subscriptions: subscriptions.into_iter().collect::<Option<_>>()?,
            quota,
            deliveries: Slab::new(),
            open: 0,
            retrying: 0,
            serial: 0,
            timeouts: Deadlines::new(),
            health: Health::default(),
            wanted_by: Vec::new(),
        })
    }

    /// The largest message. Above the default, a topic may feed managed endpoints only.
    fn size(&self, site: &mut NodeSite<'_, '_>) -> Bytes {
        let written = self.maximum_message_size;
        let sizes = sns::MAXIMUM_MESSAGE_SIZE_MIN.value..=sns::MAXIMUM_MESSAGE_SIZE_MAX.value;
        site.site.within("maximum_message_size", written.as_ref(), sizes, &sns::MAXIMUM_MESSAGE_SIZE_MAX);
        let size = site.site.or_fact("maximum_message_size", written, &sns::MAXIMUM_MESSAGE_SIZE);
        let usual = sns::MAXIMUM_MESSAGE_SIZE.value;
        for to in all(self.subscribers.as_ref()).iter().map(At::to).filter(|_| size > usual) {
            let Some(endpoint) = site.target(&to) else { continue };
            if !["sqs", "lambda"].contains(&site.kind_of(endpoint.node)) {
                let message = format!("`{}` cannot subscribe to a topic with messages above {usual}", to.value);
                site.site
                    .error(to.span, "S035", message)
                    .note(sns::MAXIMUM_MESSAGE_SIZE_MAX.note)
                    .hint("let it read from a queue of its own that subscribes, or leave the size at its default");
            }
        }
        size
    }

    fn quota(&self, site: &mut NodeSite<'_, '_>) -> EachSecond {
        let rate = site.site.or_fact("publish_rate", self.publish_rate, &sns::PUBLISH_RATE).get();
        if let Some(at) = self.publish_rate.filter(|_| rate < 1.0) {
            site.site
                .error(at.span, "S031", "`publish_rate` lets nothing through")
                .label("must be at least 1/s: it is counted by whole seconds");
        }
        EachSecond::new(rate)
    }

    /// The subscriptions; `None` for each in which something is wrong.
    fn subscriptions(self, site: &mut NodeSite<'_, '_>) -> Vec<Option<Subscription>> {
        let list = many(self.subscribers);
        let topic = Topic { policy: self.delivery_policy, latency: self.delivery_latency };
        let mut names: Vec<String> = Vec::new();
        let single = list.len() == 1;
        let mut built = Vec::new();
        let mut has_http = false;
        for (index, at) in list.into_iter().enumerate() {
            let to = at.to();
            if names.contains(&to.value) {
                site.site
                    .error(to.span, "S015", format!("`{}` subscribes twice", to.value))
                    .note("an endpoint has one subscription to a topic; a second one changes nothing");
                continue;
            }
            names.push(to.value.clone());
            let key = if single { "subscribers".to_owned() } else { format!("subscribers[{index}]") };
            let mut part = site.site.part(&key, at.span);
            let mut inner = NodeSite {
                site: &mut part,
                read: site.read,
                plan: site.plan,
                node: site.node,
                catalogue: site.catalogue,
                losses: site.losses,
                traits: site.traits,
            };
            let subscription = at.build(&topic, &mut inner);
            has_http |= subscription.as_ref().is_none_or(|subscription| subscription.protocol == Protocol::Http);
            built.push(subscription);
        }
        if let Some(at) = topic.policy.filter(|_| !has_http) {
            site.site
                .error(at.span, "S032", "`delivery_policy` has no effect: no subscriber is a web endpoint")
                .hint("leave it out: queues and mailboxes have retry schedules that cannot be changed");
        }
        built
    }
}

fn losses(site: &mut NodeSite<'_, '_>) -> SnsLosses {
    SnsLosses {
        throttled: site.loss(LossKind::Rejected, "throttled: more messages a second than an account publishes"),
        too_large: site.permanent_refusal("message too large"),
        down: site.loss(LossKind::Rejected, "down"),
        failing: site.loss(LossKind::Rejected, "answered with an error"),
        no_subscription: site.loss(LossKind::Lost, "no subscription took it"),
        refused: site.loss(LossKind::Lost, "refused by a subscriber for good"),
        exhausted: site.loss(LossKind::Lost, "not delivered after all retries"),
        refused_dead_lettered: site.loss(LossKind::DeadLettered, "refused by a subscriber for good"),
        exhausted_dead_lettered: site.loss(LossKind::DeadLettered, "not delivered after all retries"),
    }
}

fn metrics(site: &mut NodeSite<'_, '_>) -> SnsMetrics {
    SnsMetrics {
        requests: site.counter("requests", "requests"),
        throttled: site.counter("throttled", "requests"),
        published: site.counter("messages_published", "messages"),
        filtered_out: site.counter("notifications_filtered_out", "messages"),
        attempts: site.counter("delivery_attempts", "requests"),
        timeouts: site.counter("delivery_timeouts", "requests"),
        delivered: site.counter("notifications_delivered", "messages"),
        failed: site.counter("notifications_failed", "messages"),
        redriven: site.counter("notifications_redriven_to_dlq", "messages"),
        lost: site.counter("notifications_lost", "messages"),
        undelivered: site.gauge("undelivered", "messages"),
        retrying: site.gauge("retrying", "messages"),
        dwell_time: site.timing("dwell_time"),
    }
}
