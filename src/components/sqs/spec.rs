//! What a scenario may say about a queue, in the words of its API.

use super::{
    DeadLetter, Deduplication, Fifo, GroupMap, Groups, Hosts, Order, Sqs, SqsLosses, SqsMetrics, SqsParameters,
    StaleDelete,
};
use crate::components::context::Endpoint;
use crate::components::fault::Health;
use crate::components::lambda::gathered_visibility;
use crate::components::limits::CallsPerSecond;
use crate::components::polls::Polls;
use crate::components::spec::{OneOrMany, all, many};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::engine::{Deadlines, LossKind};
use crate::facts::sqs;
use crate::site::{At, ToToml};
use crate::units::{Bytes, Duration};
use serde::Deserialize;

/// An Amazon SQS queue.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SqsSpec {
    /// The flows of traffic that are sent here directly.
    from: Option<At<OneOrMany<String>>>,
    /// A FIFO queue: order and locks by message group, deduplication, limits on calls.
    fifo_queue: Option<At<bool>>,
    /// How long a received message stays hidden from other consumers.
    visibility_timeout: Option<At<Duration>>,
    /// How old a message may become.
    message_retention_period: Option<At<Duration>>,
    /// How long a new message is hidden.
    delay: Option<At<Duration>>,
    /// The largest message.
    maximum_message_size: Option<At<Bytes>>,
    /// Messages in flight at once.
    in_flight_limit: Option<At<u32>>,
    /// Where messages go that were received too often.
    dead_letter: Option<At<DeadLetterSpec>>,
    /// What deleting with an outdated receipt does.
    stale_handle_delete: Option<At<StaleDeleteSpec>>,
    /// Hosts that the messages of a standard queue are spread over.
    hosts: Option<At<u32>>,
    /// Hosts that a short poll asks.
    hosts_sampled: Option<At<u32>>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct DeadLetterSpec {
    /// The dead-letter queue, of the same kind.
    queue: At<String>,
    /// Receives before a message moves.
    max_receive_count: Option<At<u32>>,
}

/// What deleting with an outdated receipt does.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum StaleDeleteSpec {
    /// The message stays.
    Ignored,
    /// The message is deleted although somebody else works on it.
    Succeeds,
}

impl ToToml for StaleDeleteSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Ignored => "ignored".to_toml(),
            Self::Succeeds => "succeeds".to_toml(),
        }
    }
}

impl NodeSpec for SqsSpec {
    fn edges(&self) -> Vec<Edge> {
        let dead_letter = self.dead_letter.iter();
        dead_letter.map(|at| Edge::new(Verb::DeadLetter, at.value.queue.clone())).collect()
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }

    fn is_fifo(&self) -> bool {
        self.fifo_queue.as_ref().is_some_and(|at| at.value)
    }

    fn hides(&self) -> Option<Duration> {
        Some(self.visibility_timeout.map_or(sqs::VISIBILITY_TIMEOUT.value, |at| at.value))
    }
}

impl SqsSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Sqs> {
        let errors = site.site.errors();
        for flow in many(self.from.clone()) {
            site.site.written("from", flow);
        }
        let is_fifo = site.site.or_default("fifo_queue", self.fifo_queue, false, "a standard queue");
        let p = self.parameters(is_fifo, site);
        let order = self.order(is_fifo, site);
        let losses = SqsLosses {
            throttled: site.loss(LossKind::Rejected, "throttled: more calls than a FIFO queue takes"),
            too_large: site.permanent_refusal("message too large"),
            expired: site.loss(LossKind::Expired, "older than the retention period"),
            down: site.loss(LossKind::Rejected, "down"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
        };
        let metrics = metrics(site);
        if site.site.errors() > errors {
            return None;
        }
        Some(Sqs {
            p: p?,
            losses,
            metrics,
            order,
            visible: 0,
            in_flight: 0,
            delayed: 0,
            visibility: Deadlines::new(),
            delays: Deadlines::new(),
            retention: Deadlines::new(),
            polls: Polls::default(),
            places: 0,
            receives: 0,
            sent_in_call: 0,
            sample_every: site.plan.sample_every,
            health: Health::default(),
            response: Vec::new(),
        })
    }

    fn parameters(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Option<SqsParameters> {
        let s = &mut *site.site;
        let zero = Duration::from_secs(0);
        s.within(
            "visibility_timeout",
            self.visibility_timeout.as_ref(),
            zero..=sqs::VISIBILITY_TIMEOUT_MAX.value,
            &sqs::VISIBILITY_TIMEOUT_MAX,
        );
        let retention = sqs::MESSAGE_RETENTION_PERIOD_MIN.value..=sqs::MESSAGE_RETENTION_PERIOD_MAX.value;
        s.within(
            "message_retention_period",
            self.message_retention_period.as_ref(),
            retention,
            &sqs::MESSAGE_RETENTION_PERIOD_MAX,
        );
        s.within("delay", self.delay.as_ref(), zero..=sqs::DELAY_MAX.value, &sqs::DELAY_MAX);
        let sizes = sqs::MAXIMUM_MESSAGE_SIZE_MIN.value..=sqs::MAXIMUM_MESSAGE_SIZE_MAX.value;
        s.within("maximum_message_size", self.maximum_message_size.as_ref(), sizes, &sqs::MAXIMUM_MESSAGE_SIZE_MAX);
        let visibility_timeout = s.or_fact("visibility_timeout", self.visibility_timeout, &sqs::VISIBILITY_TIMEOUT);
        let visibility_timeout = site
            .incoming(Verb::Polls)
            .into_iter()
            .filter_map(|(_, edge)| edge.gathers)
            .fold(visibility_timeout.get(), |usual, (window, timeout)| {
                usual.max(gathered_visibility(usual, window, timeout))
            });
        let s = &mut *site.site;
        let retention =
            s.or_fact("message_retention_period", self.message_retention_period, &sqs::MESSAGE_RETENTION_PERIOD);
        let delay = s.or_fact("delay", self.delay, &sqs::DELAY);
        let largest = s.or_fact("maximum_message_size", self.maximum_message_size, &sqs::MAXIMUM_MESSAGE_SIZE);
        let most = if is_fifo { &sqs::FIFO_IN_FLIGHT_MAX } else { &sqs::IN_FLIGHT_MAX };
        let in_flight_limit = s.or_fact("in_flight_limit", self.in_flight_limit, most);
        let stale = s.or_default(
            "stale_handle_delete",
            self.stale_handle_delete,
            StaleDeleteSpec::Ignored,
            "assumption: the service says only that such a delete might not work (fact sqs.stale_handle_deletes)",
        );
        let dead_letter = match &self.dead_letter {
            Some(at) => Some(at.value.build(at.span, is_fifo, site)?),
            None => None,
        };
        let retention = retention.get();
        site.traits.hides = Some(site.placed(self.visibility_timeout.as_ref(), visibility_timeout));
        site.traits.keeps = self.message_retention_period.map(|at| At::new(retention, at.span));
        site.traits.puts_aside = Some(dead_letter.is_some());
        let receives = dead_letter.map(|to| u32::from(to.max_receive_count));
        site.traits.puts_aside_after = receives.map(|count| {
            let written = self.dead_letter.as_ref().and_then(|at| at.value.max_receive_count);
            site.placed(written.as_ref(), count)
        });
        site.traits.orders_by_key = is_fifo;
        Some(SqsParameters {
            visibility_timeout,
            message_retention_period: (retention < site.plan.horizon).then_some(retention),
            delay: delay.get(),
            max_message_size: u32::try_from(largest.get()).unwrap_or(u32::MAX),
            in_flight_limit: in_flight_limit as usize,
            dead_letter,
            stale_handle_delete: match stale {
                StaleDeleteSpec::Ignored => StaleDelete::Ignored,
                StaleDeleteSpec::Succeeds => StaleDelete::Succeeds,
            },
        })
    }

    fn order(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Order {
        if is_fifo {
            for (key, span) in [("hosts", self.hosts), ("hosts_sampled", self.hosts_sampled)]
                .into_iter()
                .filter_map(|(key, at)| Some((key, at?.span)))
            {
                site.site
                    .error(span, "S032", format!("`{key}` has no effect on a FIFO queue"))
                    .hint("leave it out: a FIFO queue gives out every message that a poll may have");
            }
            let window = u64::from(sqs::FIFO_SEARCH_WINDOW.value);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number of calls")]
            let calls = CallsPerSecond::new(sqs::FIFO_CALL_RATE.value.get() as usize);
            return Order::Fifo(Box::new(Fifo {
                map: GroupMap::new(&site.plan.flow_keys),
                groups: Groups::default(),
                deduplication: Deduplication::new(sqs::FIFO_DEDUPLICATION_INTERVAL.value.get()),
                window,
                calls: [calls.clone(), calls.clone(), calls],
            }));
        }
        let s = &mut *site.site;
        s.within("hosts", self.hosts.as_ref(), 1..=HOSTS_MAX, &sqs::SHORT_POLL_HOSTS);
        let hosts = s.or_fact("hosts", self.hosts, &sqs::SHORT_POLL_HOSTS);
        s.within("hosts_sampled", self.hosts_sampled.as_ref(), 1..=hosts, &sqs::SHORT_POLL_SAMPLED);
        let sampled = match self.hosts_sampled {
            None if hosts < sqs::SHORT_POLL_SAMPLED.value => {
                s.derived("hosts_sampled", hosts, "no more than there are hosts")
            }
            written => s.or_fact("hosts_sampled", written, &sqs::SHORT_POLL_SAMPLED),
        };
        Order::Standard(Hosts::new(hosts as usize, sampled as usize))
    }
}

/// A sample of hosts is a word of bits.
const HOSTS_MAX: u32 = u64::BITS;

impl DeadLetterSpec {
    fn build(&self, span: crate::diagnostic::Span, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Option<DeadLetter> {
        let Endpoint { node, .. } = site.target(&self.queue)?;
        let loss = site.loss(LossKind::DeadLettered, "received too often");
        if site.plan.nodes[node.index()].is_fifo != is_fifo {
            let (this, other) = if is_fifo { ("FIFO", "standard") } else { ("standard", "FIFO") };
            let message = format!("the dead-letter queue of a {this} queue must be a {this} queue too");
            site.site
                .error(self.queue.span, "S035", message)
                .label(format!("`{}` is a {other} queue", self.queue.value))
                .hint("give both the same `fifo_queue`");
        }
        let mut part = site.site.part("dead_letter", span);
        part.written("queue", self.queue.clone());
        let counts = sqs::MAX_RECEIVE_COUNT_MIN.value.into()..=sqs::MAX_RECEIVE_COUNT_MAX.value.into();
        part.within("max_receive_count", self.max_receive_count.as_ref(), counts, &sqs::MAX_RECEIVE_COUNT_MAX);
        let count = match self.max_receive_count {
            Some(at) => part.written("max_receive_count", at),
            None => part.or_fact("max_receive_count", None, &sqs::MAX_RECEIVE_COUNT).into(),
        };
        Some(DeadLetter { queue: node, max_receive_count: u16::try_from(count).unwrap_or(u16::MAX), loss })
    }
}

fn metrics(site: &mut NodeSite<'_, '_>) -> SqsMetrics {
    SqsMetrics {
        visible: site.gauge("visible", "messages"),
        in_flight: site.gauge("in_flight", "messages"),
        delayed: site.gauge("delayed", "messages"),
        age_of_oldest: site.gauge("age_of_oldest", "s"),
        sent: site.counter("messages_sent", "messages"),
        received: site.counter("messages_received", "messages"),
        received_again: site.counter("messages_received_again", "messages"),
        deleted: site.counter("messages_deleted", "messages"),
        stale_deletes: site.counter("stale_deletes", "requests"),
        empty_receives: site.counter("empty_receives", "requests"),
        throttled: site.counter("throttled", "requests"),
        deduplicated: site.counter("messages_deduplicated", "messages"),
        dead_lettered: site.counter("messages_dead_lettered", "messages"),
        requests: site.counter("requests", "requests"),
        billed_requests: site.counter("billed_requests", "requests"),
    }
}
