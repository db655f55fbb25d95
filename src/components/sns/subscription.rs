//! How a subscription is made of what a scenario says about it.

use super::billing::Billed;
use super::lanes::lanes;
use super::ordered::GroupLanes;
use super::policy::{DeliveryPolicySpec, too};
use super::schedule::Schedule;
use super::special::{Devices, Mailbox, Special};
use super::subscriber::SubscriberTableSpec;
use super::{Period, Protocol, Subscription};
use crate::components::NodeSite;
use crate::components::context::Endpoint;
use crate::components::limits::CallsPerSecond;
use crate::components::spec::LatencySpec;
use crate::components::traits::PushTraits;
use crate::diagnostic::{Diagnostic, Span};
use crate::engine::random::fingerprint;
use crate::engine::{SimDuration, SimTime};
use crate::facts::sns::{self, endpoints};
use crate::metrics::CounterId;
use crate::site::At;
use crate::units::{Duration, Share};
use std::collections::VecDeque;
use std::sync::Arc;

/// What the topic says for all its subscriptions.
pub(super) struct Topic {
    /// When web endpoints that fail are tried again.
    pub policy: Option<At<DeliveryPolicySpec>>,
    /// The most attempts in a second at each web endpoint.
    pub max_receives_per_second: Option<At<u32>>,
    /// From an accepted publish to the first attempt.
    pub latency: Option<At<LatencySpec>>,
    /// Whether it is a FIFO topic.
    pub is_fifo: bool,
    /// Whether it has an archive.
    pub archives: bool,
    /// Lanes for each subscription that stands for many.
    pub lanes: u32,
    /// Counters that only some subscriptions need, once one does.
    pub rare: RareCounters,
}

/// Counters of the topic that only some kinds of endpoints need.
#[derive(Default)]
pub(super) struct RareCounters {
    switched_off: Option<CounterId>,
    endpoints_disabled: Option<CounterId>,
    pub(super) scanned: Option<CounterId>,
    billed: Billed,
}

impl Subscription {
    /// What it says about itself, for the advice about the scenario.
    fn traits(&self, span: Span) -> PushTraits {
        PushTraits {
            to: At::new(self.to.node, span),
            members: self.members,
            share: self.filter.as_ref().map_or(1.0, |filter| filter.share),
            gives_up_after: self.schedule.total(),
            keeps_failed: self.dead_letter.is_some(),
            floods: self.protocol == Protocol::Http && self.spacing.is_none(),
            off_above: (self.protocol == Protocol::Email).then(|| sns::EMAIL_RATE.value.get()),
            is_text: self.protocol == Protocol::Text,
            unreachable: match self.special.as_deref() {
                Some(Special::Push(devices)) => devices.invalid,
                _ => 0.0,
            },
        }
    }
}

impl SubscriberTableSpec {
    /// The subscription in all its lanes.
    pub(super) fn build(self, topic: &mut Topic, site: &mut NodeSite<'_, '_>) -> Option<Vec<Subscription>> {
        let errors = site.site.errors();
        let mut to = site.target(&self.to)?;
        let span = self.to.span;
        let kind = site.kind_of(to.node);
        if kind == "lambda" {
            to.port = crate::components::lambda::MANAGED_EVENT;
        }
        if kind == "sqs" {
            to.port = crate::components::sqs::DELIVERED;
        }
        let protocol = Protocol::of(kind);
        // Endpoints are told apart by their names, so that another subscription changes nobody's draws.
        let salt = fingerprint(self.to.value.as_bytes());
        self.check_order(to, protocol, topic, site);
        site.site.written("to", self.to.clone());
        let members = self.members(kind, site);
        let in_json = protocol.build(self.protocol.clone(), site);
        let schedule = self.schedule(protocol, topic, site);
        let spacing = self.spacing(protocol, topic, site);
        let filter = self.filter(topic, site);
        let filter_change = self.filter_change(topic, site);
        let dead_letter = self.dead_letter(topic, site);
        let raw = self.raw(protocol, site);
        let confirmed = self.confirmed(protocol, site);
        let gone = self.gone(site);
        let special = self.special(protocol, raw, salt, topic, site);
        let moments = self.moments();
        let replay = match &self.replay_policy {
            Some(at) => Some(at.value.build(at.span, confirmed?.from, topic, site)?),
            None => None,
        };
        let fact = if protocol == Protocol::Queue { &sns::DELIVERY_LATENCY_SQS } else { &sns::DELIVERY_LATENCY };
        let written = self.delivery_latency.or_else(|| topic.latency.clone());
        let latency = site.latency("delivery_latency", written, fact);
        if site.site.errors() > errors {
            return None;
        }
        let (filter, dead_letter) = (filter?, dead_letter?);
        let envelope = if raw || !in_json? { 0 } else { sns::ENVELOPE_SIZE.value.get() };
        let keeps_order = topic.is_fifo && site.plan.nodes[to.node.index()].is_fifo;
        let first = Subscription {
            to,
            protocol,
            members: members?,
            lane: 0,
            schedule: Arc::new(schedule?),
            latency: latency?,
            filter: filter.map(Arc::new),
            filter_change: filter_change?,
            dead_letter,
            envelope: u32::try_from(envelope).unwrap_or(u32::MAX),
            confirmed: confirmed?,
            gone,
            spacing: spacing?,
            salt,
            replay,
            billed: topic.rare.billed.counter(protocol, topic.is_fifo, site),
            special: special?.map(Box::new),
            order: keeps_order.then(|| Box::new(GroupLanes::default())),
            backlog: VecDeque::new(),
            next_turn: SimTime::ZERO,
            armed: false,
        };
        site.traits.pushes.push(first.traits(span));
        site.traits.moments.extend(moments);
        Some(lanes(&first, topic.lanes))
    }

    /// A FIFO topic feeds queues, a standard topic no FIFO queue.
    fn check_order(&self, to: Endpoint, protocol: Protocol, topic: &Topic, site: &mut NodeSite<'_, '_>) {
        let name = &self.to.value;
        if topic.is_fifo && protocol != Protocol::Queue {
            site.site
                .error(self.to.span, "S035", format!("`{name}` cannot subscribe to a FIFO topic: it is {protocol}"))
                .label("must be a queue, FIFO or standard")
                .hint("let it read from a queue of its own that subscribes, or take a standard topic");
        } else if topic.is_fifo && site.plan.nodes[to.node.index()].is_fair {
            site.site
                .error(self.to.span, "S035", format!("`{name}` gets no groups from a FIFO topic: it is a fair queue"))
                .label("a FIFO topic passes the group of a message on to FIFO queues only")
                .note("without a group each message is a tenant of its own, and nothing is fair or unfair")
                .hint("leave `fair_queue` out there, or take a standard topic, which passes the group on");
        } else if !topic.is_fifo && site.plan.nodes[to.node.index()].is_fifo {
            site.site
                .error(
                    self.to.span,
                    "S035",
                    format!("`{name}` cannot subscribe to a standard topic: it is a FIFO queue"),
                )
                .note("a standard topic keeps no order that a FIFO queue could go on with")
                .hint("write `fifo_topic = true` at the topic, or take a standard queue");
        }
    }

    fn members(&self, kind: &str, site: &mut NodeSite<'_, '_>) -> Option<u32> {
        let Some(at) = self.count else { return Some(1) };
        let most = &sns::SUBSCRIPTIONS_MAX;
        if !site.site.within("count", Some(&at), 1..=most.value, most) {
            return None;
        }
        if at.value > 1 && !["http", "email", "sms", "push"].contains(&kind) {
            site.site
                .error(at.span, "S032", format!("`{}` cannot stand for {} like subscribers", self.to.value, at.value))
                .note(
                    "only what ends here can: web endpoints, mailboxes and phones; what goes on has a life of its own",
                )
                .hint("leave it out, and write each of them as a node");
            return None;
        }
        Some(site.site.written("count", at))
    }

    /// When a failed attempt is repeated: only a web endpoint has a say in it.
    fn schedule(&self, protocol: Protocol, topic: &Topic, site: &mut NodeSite<'_, '_>) -> Option<Schedule> {
        let Some(fixed) = protocol.retries() else {
            let written = self.delivery_policy.or(topic.policy);
            let span = written.map_or_else(|| site.site.span(), |at| at.span);
            let policy = written.map(|at| at.value).unwrap_or_default();
            return policy.build(&mut site.site.part("delivery_policy", span));
        };
        if let Some(at) = self.delivery_policy {
            only_http(at.span, "delivery_policy", site).note(too(fixed));
            return None;
        }
        Some(Schedule::new(&fixed.value))
    }

    /// The least distance of attempts.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well, the inner one is the limit")]
    fn spacing(&self, protocol: Protocol, topic: &Topic, site: &mut NodeSite<'_, '_>) -> Option<Option<SimDuration>> {
        let is_http = protocol == Protocol::Http;
        let Some(at) = self.max_receives_per_second.or(topic.max_receives_per_second.filter(|_| is_http)) else {
            return Some(None);
        };
        if !is_http {
            only_http(at.span, "max_receives_per_second", site)
                .note("all others take what is published as it comes, or at a pace of their own");
            return None;
        }
        let rates = sns::HTTP_RECEIVES_MIN.value..=u32::MAX;
        if !site.site.within("max_receives_per_second", Some(&at), rates, &sns::HTTP_RECEIVES_MIN) {
            return None;
        }
        let rate = site.site.written("max_receives_per_second", at);
        Some(Some(SimDuration::from_secs_f64(f64::from(rate).recip())))
    }

    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    fn dead_letter(&self, topic: &Topic, site: &mut NodeSite<'_, '_>) -> Option<Option<Endpoint>> {
        let Some(at) = self.dead_letter.clone() else { return Some(None) };
        let endpoint = site.target(&at)?;
        if at.value == self.to.value {
            site.site
                .error(at.span, "S035", format!("`{}` is its own dead-letter queue", at.value))
                .note("what could not be delivered there cannot be put aside there")
                .hint("name another queue, to which nothing else is delivered");
        }
        if site.plan.nodes[endpoint.node.index()].is_fifo != topic.is_fifo {
            let this = if topic.is_fifo { "FIFO" } else { "standard" };
            site.site
                .error(at.span, "S035", format!("the dead-letter queue of a {this} topic must be a {this} queue"))
                .hint("give both the same kind: `fifo_topic` and `fifo_queue`");
        }
        site.site.written("dead_letter", at);
        Some(Some(endpoint))
    }

    fn raw(&self, protocol: Protocol, site: &mut NodeSite<'_, '_>) -> bool {
        if protocol.may_be_raw() {
            return site.site.or_default("raw_message_delivery", self.raw_message_delivery, false, "JSON around it");
        }
        if let Some(at) = self.raw_message_delivery {
            site.site
                .error(at.span, "S032", format!("`raw_message_delivery` has no effect on {protocol}"))
                .note("only queues, delivery streams and web endpoints can get the message alone")
                .hint("leave it out");
        }
        false
    }

    /// From when to when it is confirmed.
    fn confirmed(&self, protocol: Protocol, site: &mut NodeSite<'_, '_>) -> Option<Period> {
        let time = |at: Duration| SimTime::ZERO + at.get();
        let created = site.site.optional("created", self.created).map_or(SimTime::ZERO, time);
        let from = match self.confirmed {
            Some(at) if !protocol.needs_confirmation() => {
                site.site
                    .error(at.span, "S032", format!("`confirmed` has no effect on {protocol}: it is confirmed at once"))
                    .hint("write `created` if it subscribes later");
                return None;
            }
            Some(at) => time(site.site.written("confirmed", at)),
            None => created,
        };
        let life = &endpoints::CONFIRMATION_TOKEN_LIFE;
        let too_late = from > created + life.value.get();
        if let Some(at) = self.confirmed.filter(|_| too_late || from < created) {
            let problem = if too_late { "later than the link to do so is valid" } else { "before it is created" };
            site.site
                .error(at.span, "S031", format!("the subscription is confirmed {problem}"))
                .label(format!("must come within {} after `created`", life.value))
                .note(too(life))
                .hint("let it be confirmed earlier, or created later");
            return None;
        }
        let until = site.site.optional("deleted", self.deleted).map_or(SimTime::MAX, time);
        if let Some(at) = self.deleted.filter(|_| until <= from) {
            site.site
                .error(at.span, "S031", "the subscription is deleted before it begins")
                .hint("let it end later than it is created and confirmed");
            return None;
        }
        Some(Period { from, until })
    }

    fn gone(&self, site: &mut NodeSite<'_, '_>) -> Period {
        let time = |at: Duration| SimTime::ZERO + at.get();
        let from = site.site.optional("endpoint_gone", self.endpoint_gone).map_or(SimTime::MAX, time);
        let until = site.site.optional("endpoint_back", self.endpoint_back).map_or(SimTime::MAX, time);
        if let Some(at) = self.endpoint_back.filter(|_| until <= from) {
            site.site
                .error(at.span, "S031", "the endpoint is back before it is gone")
                .hint("write `endpoint_gone`, and an `endpoint_back` that is later");
        }
        Period { from, until }
    }

    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    fn special(
        &self,
        protocol: Protocol,
        raw: bool,
        salt: u64,
        topic: &mut Topic,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<Option<Special>> {
        for (key, span, owner) in [
            ("confirms_again_after", self.confirms_again_after.map(|at| at.span), Protocol::Email),
            ("time_to_live", self.time_to_live.map(|at| at.span), Protocol::Push),
            ("invalid_tokens", self.invalid_tokens.map(|at| at.span), Protocol::Push),
        ] {
            if let Some(span) = span.filter(|_| owner != protocol) {
                site.site
                    .error(span, "S032", format!("`{key}` has no effect on {protocol}: only {owner} has it"))
                    .hint("leave it out");
                return None;
            }
        }
        Some(match protocol {
            Protocol::Email => Some(Special::Email(self.mailbox(topic, site))),
            Protocol::Push => Some(Special::Push(self.devices(salt, topic, site))),
            Protocol::Stream => Some(Special::Stream(Arc::new(Schedule::new(&sns::CUSTOMER_MANAGED_RETRIES.value)))),
            Protocol::Queue if raw && site.plan.flow_contents.iter().flatten().next().is_some() => {
                Some(Special::Raw(site.plan.flow_contents.clone()))
            }
            Protocol::Queue | Protocol::Function | Protocol::Http | Protocol::Text => None,
        })
    }

    fn mailbox(&self, topic: &mut Topic, site: &mut NodeSite<'_, '_>) -> Mailbox {
        let again = site.site.optional("confirms_again_after", self.confirms_again_after);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number of e-mails")]
        let recent = CallsPerSecond::new(sns::EMAIL_RATE.value.get() as usize);
        let counter = || site.counter("subscriptions_switched_off", "subscriptions");
        Mailbox {
            recent,
            confirms_again: again.map(Duration::get),
            off_until: None,
            switched_off: *topic.rare.switched_off.get_or_insert_with(counter),
        }
    }

    fn devices(&self, salt: u64, topic: &mut Topic, site: &mut NodeSite<'_, '_>) -> Devices {
        let time_to_live = site.site.or_fact("time_to_live", self.time_to_live, &endpoints::PUSH_TIME_TO_LIVE);
        let why = "every phone still has the app";
        let invalid = site.site.or_default("invalid_tokens", self.invalid_tokens, Share::ZERO, why);
        let counter = || site.counter("endpoints_disabled", "endpoints");
        Devices {
            time_to_live: time_to_live.get(),
            invalid: invalid.get(),
            salt,
            disabled: false,
            endpoints_disabled: *topic.rare.endpoints_disabled.get_or_insert_with(counter),
        }
    }
}

fn only_http<'s>(span: Span, key: &str, site: &'s mut NodeSite<'_, '_>) -> &'s mut Diagnostic {
    site.site
        .error(span, "S032", format!("`{key}` has no effect here: only deliveries to web endpoints have it"))
        .hint("leave it out")
}
