//! What a scenario may say about a topic and its subscriptions.

use super::batches::Batches;
use super::billing::{self, PublishCall};
use super::fifo_spec::{ArchivePolicySpec, ThroughputScopeSpec};
use super::lanes::lanes_for;
use super::policy::DeliveryPolicySpec;
use super::quotas::HOME_REGION;
use super::subscriber::SubscriberSpec;
use super::subscription::{RareCounters, Topic};
use super::texts_spec::SmsAttributesSpec;
use super::{Protocol, Sns, SnsLosses, SnsMetrics, Subscription};
use crate::components::account::Claims;
use crate::components::fault::Health;
use crate::components::slab::Slab;
use crate::components::spec::{LatencySpec, OneOrMany, all, many};
use crate::components::sqs::{BodySpec, IdSpec};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::engine::Deadlines;
use crate::facts::sns::{self, fifo};
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
    /// Who gets what is published: queues, functions, services, web endpoints, mailboxes, phones, delivery streams.
    subscribers: Option<At<OneOrMany<SubscriberSpec>>>,
    /// The largest message.
    pub(super) maximum_message_size: Option<At<Bytes>>,
    /// Messages that can be published in a second; by Region, unless it is said.
    pub(super) publish_rate: Option<At<Rate>>,
    /// The Region, which decides how much an account can publish in a second.
    pub(super) region: Option<At<String>>,
    /// A FIFO topic: order by message group, deduplication, queues as subscribers, limits by group.
    fifo_topic: Option<At<bool>>,
    /// FIFO: whether messages without a deduplication id are told apart by what their bodies say.
    pub(super) content_based_deduplication: Option<At<bool>>,
    /// FIFO: what publishers write as deduplication id.
    pub(super) deduplication_id: Option<At<IdSpec>>,
    /// FIFO: what the body of a message says; other attributes do not count.
    pub(super) message_body: Option<At<BodySpec>>,
    /// What the throughput of a FIFO topic counts for, and within what deduplication ids must not be the same.
    pub(super) fifo_throughput_scope: Option<At<ThroughputScopeSpec>>,
    /// What a FIFO topic keeps for a replay.
    pub(super) archive_policy: Option<At<ArchivePolicySpec>>,
    /// What the account allows for text messages.
    pub(super) sms_attributes: Option<At<SmsAttributesSpec>>,
    /// The most attempts in a second at each web endpoint, unless its subscription has a limit of its own.
    max_receives_per_second: Option<At<u32>>,
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

    fn is_fifo(&self) -> bool {
        self.fifo_topic.is_some_and(|at| at.value)
    }

    fn claims(&self) -> Claims {
        let region = self.region.as_ref().map_or_else(|| HOME_REGION.to_owned(), |at| at.value.clone());
        Claims { region: Some(region), subscriptions: self.subscription_claims(), ..Claims::default() }
    }
}

impl SnsSpec {
    /// The subscriptions as written.
    pub(super) fn subscribers(&self) -> Vec<At<SubscriberSpec>> {
        all(self.subscribers.as_ref())
    }

    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Sns> {
        let errors = site.site.errors();
        site.site.written_all("from", many(self.from.clone()));
        let is_fifo = site.site.or_default("fifo_topic", self.fifo_topic, false, "a standard topic");
        let maximum_message_size = self.size(site);
        let publish_rate = self.publish_rate(is_fifo, site);
        self.check_counts(is_fifo, site);
        let retry_jitter = site.site.or_fact("retry_jitter", self.retry_jitter, &sns::RETRY_JITTER).get();
        let losses = SnsLosses::register(is_fifo, site);
        let metrics = SnsMetrics::register(site);
        let fifo = self.fifo(is_fifo, site);
        let sends_texts = |at: &At<SubscriberSpec>| {
            site.target(&at.to()).is_some_and(|to| Protocol::of(site.kind_of(to.node)) == Protocol::Text)
        };
        let are_sent = self.subscribers().iter().any(sends_texts);
        let texts = self.texts(are_sent, site);
        let lists = self.subscriptions(is_fifo, site);
        if lists.is_empty() {
            let span = site.site.span();
            site.site
                .warn(span, "S050", "a topic without subscribers loses every message")
                .note("a topic keeps nothing: what is published while nobody is subscribed is gone")
                .hint("name the endpoints: `subscribers = [\"billing\", \"shipping\"]`");
        }
        if let Some(fifo) = &fifo {
            billing::prices(&metrics, fifo.as_deref(), site);
        }
        site.traits.group_rate = is_fifo.then(|| fifo::FIFO_GROUP_RATE.value.get());
        if site.site.errors() > errors {
            return None;
        }
        Some(Sns {
            maximum_message_size: u32::try_from(maximum_message_size.get()).unwrap_or(u32::MAX),
            retry_jitter,
            losses,
            metrics,
            subscriptions: lists.into_iter().collect::<Option<Vec<_>>>()?.concat(),
            fifo: fifo?,
            texts: texts?,
            publish_rate,
            region: site.region(),
            batches: Batches::of(site),
            call: PublishCall::default(),
            deliveries: Slab::new(),
            undelivered: 0,
            open: 0,
            retrying: 0,
            serial: 0,
            timeouts: Deadlines::new(),
            health: Health::default(),
            wanted_by: Vec::new(),
        })
    }

    /// The subscriptions, each in its lanes; `None` for each in which something is wrong.
    fn subscriptions(self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Vec<Option<Vec<Subscription>>> {
        let list = many(self.subscribers);
        let mut topic = Topic {
            policy: self.delivery_policy,
            max_receives_per_second: self.max_receives_per_second,
            latency: self.delivery_latency,
            is_fifo,
            archives: is_fifo && self.archive_policy.is_some(),
            lanes: lanes_for(list.iter().filter(|at| at.count() > 1).count()),
            rare: RareCounters::default(),
        };
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
            let lanes = at.into_table().build(&mut topic, &mut inner);
            has_http |= lanes.as_ref().is_none_or(|lanes| lanes[0].protocol == Protocol::Http);
            built.push(lanes);
        }
        let policy = topic.policy.map(|at| ("delivery_policy", at.span));
        let pace = topic.max_receives_per_second.map(|at| ("max_receives_per_second", at.span));
        for (key, span) in policy.into_iter().chain(pace).filter(|_| !has_http) {
            site.site
                .error(span, "S032", format!("`{key}` has no effect: no subscriber is a web endpoint"))
                .hint("leave it out: all others have retry schedules and rates that cannot be changed");
        }
        built
    }
}
