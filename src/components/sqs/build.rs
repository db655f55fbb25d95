//! What a queue was told to be, from what a scenario says about it.

use super::billing::tariff;
use super::calls::{Calls, Growth, Partitions, action};
use super::fifo::{GroupMap, Groups};
use super::identity::{Identity, IdentitySpec, Lately, Repeat};
use super::spec::{DeadLetterSpec, LimitSpec, ScopeSpec, SqsSpec, StaleDeleteSpec, WaitingSpec};
use super::standard::HOSTS_MAX;
use super::{
    Attempts, Audit, Billed, DeadLetter, Duplicates, Fair, Fifo, Graves, Hosts, Order, Purges, Senders, Sqs, SqsLosses,
    SqsMetrics, SqsParameters, StaleDelete, Timers,
};
use crate::components::context::Endpoint;
use crate::components::fault::Health;
use crate::components::lambda::gathered_visibility;
use crate::components::limits::CallsPerSecond;
use crate::components::polls::Polls;
use crate::components::{Edge, NodeSite, Verb};
use crate::diagnostic::Span;
use crate::engine::{Deadlines, LossId, LossKind};
use crate::facts::sqs;
use crate::site::At;
use crate::units::{Duration, Rate};

impl SqsSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Sqs> {
        let errors = site.site.errors();
        self.check_entries(site);
        let is_fifo = site.site.or_default("fifo_queue", self.fifo_queue, false, "a standard queue");
        if is_fifo || self.fair_queue.is_some_and(|at| at.value) {
            self.check_groups(site);
        }
        self.check_wait(site);
        let p = self.parameters(is_fifo, site);
        let keys = if is_fifo { self.keys_of_standard() } else { self.keys_of_fifo() };
        refuse_all(&keys, is_fifo, site);
        let order = self.order(is_fifo, site);
        let duplicates = if is_fifo { 0.0 } else { self.duplicate_probability(site) };
        let losses = SqsLosses {
            throttled: site.throttle("throttled: more calls than a FIFO queue takes"),
            too_large: site.permanent_refusal("message too large"),
            expired: site.loss(LossKind::Expired, "older than the retention period"),
            purged: site.loss(LossKind::Lost, "purged"),
            duplicate: if is_fifo { site.loss(LossKind::Lost, Repeat::LOSS) } else { LossId::NONE },
            down: site.loss(LossKind::Rejected, "down"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
        };
        let metrics = self.metrics(&order, site);
        let why = "assumption: the service does not say which";
        let polls = match site.site.or_default("waiting_polls", self.waiting_polls, WaitingSpec::Longest, why) {
            WaitingSpec::Longest => Polls::default(),
            WaitingSpec::Any => Polls::at_random(),
        };
        let own = |edge: &Edge| edge.visibility.map(|at| at.value.get());
        let polls_here = site.incoming(Verb::Polls).into_iter();
        let asked: Vec<_> = polls_here.filter_map(|(node, edge)| Some((node, own(edge)?))).collect();
        if site.site.errors() > errors {
            return None;
        }
        let (p, attempts) = (p?, Attempts::of(site));
        Some(Sqs {
            audit: Audit::of(&p, &asked, &order, site),
            p,
            losses,
            metrics,
            order,
            visible: 0,
            in_flight: 0,
            delayed: 0,
            buffered: 0,
            visibility: Deadlines::new(),
            timers: Timers::of(asked, attempts.is_some()),
            delays: Deadlines::new(),
            retention: Deadlines::new(),
            polls,
            senders: Senders::of(&self.entries(), site),
            attempts,
            graves: Graves::of(site),
            purges: Purges::default(),
            duplicates: Duplicates::new(duplicates, site),
            missed: Vec::new(),
            refuses: [false; action::COUNT],
            places: 0,
            receives: 0,
            call: Billed::default(),
            sample_every: site.plan.sample_every,
            health: Health::default(),
        })
    }

    /// Records how long a receive waits that does not say so itself; it is the consumers who wait.
    fn check_wait(&self, site: &mut NodeSite<'_, '_>) {
        let (wait, most) = (self.receive_message_wait_time, &sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX);
        site.site.within("receive_message_wait_time", wait.as_ref(), Duration::from_secs(0)..=most.value, most);
        site.site.optional("receive_message_wait_time", wait);
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
        let (least, most) = (&sqs::MESSAGE_RETENTION_PERIOD_MIN, &sqs::MESSAGE_RETENTION_PERIOD_MAX);
        let retention = self.message_retention_period.as_ref();
        s.within("message_retention_period", retention, least.value..=most.value, &(least, most));
        s.within("delay", self.delay.as_ref(), zero..=sqs::DELAY_MAX.value, &sqs::DELAY_MAX);
        let (least, most) = (&sqs::MAXIMUM_MESSAGE_SIZE_MIN, &sqs::MAXIMUM_MESSAGE_SIZE_MAX);
        let size = self.maximum_message_size.as_ref();
        s.within("maximum_message_size", size, least.value..=most.value, &(least, most));
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
        let in_flight_limit = self.in_flight_limit(is_fifo, site);
        let dead_letter = match &self.dead_letter {
            Some(at) => Some(at.value.build(at.span, is_fifo, site)?),
            None => None,
        };
        let retention = retention.get();
        site.traits.hides = Some(site.placed(self.visibility_timeout.as_ref(), visibility_timeout));
        site.traits.retains = Some(retention);
        site.traits.delays = Some(site.placed(self.delay.as_ref(), delay.get()));
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
            in_flight_limit,
            dead_letter,
            stale_handle_delete: if is_fifo { StaleDelete::Ignored } else { self.stale_delete(site) },
        })
    }

    /// How many messages may be in flight: of a standard queue the limit can be raised, of a FIFO queue it cannot.
    fn in_flight_limit(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> usize {
        let (fact, most) = if is_fifo {
            (&sqs::FIFO_IN_FLIGHT_MAX, sqs::FIFO_IN_FLIGHT_MAX.value)
        } else {
            (&sqs::IN_FLIGHT_MAX, u32::MAX)
        };
        // With none nothing would ever be received.
        site.site.within("in_flight_limit", self.in_flight_limit.as_ref(), 1..=most, fact);
        site.site.or_fact("in_flight_limit", self.in_flight_limit, fact) as usize
    }

    fn stale_delete(&self, site: &mut NodeSite<'_, '_>) -> StaleDelete {
        let stale = site.site.or_default(
            "stale_handle_delete",
            self.stale_handle_delete,
            StaleDeleteSpec::Ignored,
            "assumption: the service says only that such a delete might not work (fact sqs.stale_handle_deletes)",
        );
        match stale {
            StaleDeleteSpec::Ignored => StaleDelete::Ignored,
            StaleDeleteSpec::Succeeds => StaleDelete::Succeeds,
            StaleDeleteSpec::Sometimes(share) => StaleDelete::Sometimes(share.get()),
        }
    }

    fn order(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Order {
        if is_fifo {
            return Order::Fifo(Box::new(self.fifo(site)));
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
        let (hosts, sampled) = (hosts as usize, sampled as usize);
        if s.or_default("fair_queue", self.fair_queue, false, "messages of a standard queue name no group") {
            return Order::Fair(Box::new(Fair::new(GroupMap::new(&site.plan.flow_keys), hosts, sampled)));
        }
        Order::Standard(Hosts::new(hosts, sampled))
    }

    fn duplicate_probability(&self, site: &mut NodeSite<'_, '_>) -> f64 {
        site.site.or_fact("duplicate_probability", self.duplicate_probability, &sqs::DUPLICATE_PROBABILITY).get()
    }

    fn fifo(&self, site: &mut NodeSite<'_, '_>) -> Fifo {
        let identity = self.identity(site);
        let calls = self.calls(identity.by_group, site);
        Fifo {
            map: GroupMap::new(&site.plan.flow_keys),
            groups: Groups::new(sqs::FIFO_SEARCH_WINDOW.value as usize),
            lately: Lately::new(identity, sqs::FIFO_DEDUPLICATION_INTERVAL.value.get()),
            calls,
        }
    }

    fn identity(&self, site: &mut NodeSite<'_, '_>) -> Identity {
        let s = &mut *site.site;
        let says = self.identity_spec().says("a FIFO queue", s);
        let scope =
            s.or_default("deduplication_scope", self.deduplication_scope, ScopeSpec::Queue, "the service's own");
        Identity { says, by_group: scope == ScopeSpec::Group }
    }

    const fn identity_spec(&self) -> IdentitySpec {
        IdentitySpec {
            by_content: self.content_based_deduplication,
            id: self.deduplication_id,
            body: self.message_body,
        }
    }

    fn calls(&self, by_group: bool, site: &mut NodeSite<'_, '_>) -> Calls {
        let s = &mut *site.site;
        let why = "the service's own";
        let limit = s.or_default("fifo_throughput_limit", self.fifo_throughput_limit, LimitSpec::Queue, why);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number of calls")]
        let whole = |rate: Rate| rate.get() as usize;
        if limit == LimitSpec::Queue {
            let spans = [self.high_throughput_rate.map(|at| at.span), self.partitions.map(|at| at.span)];
            for (key, span) in ["high_throughput_rate", "partitions"].into_iter().zip(spans) {
                if let Some(span) = span {
                    s.error(span, "S032", format!("`{key}` has no effect: the limit on calls is for the whole queue"))
                        .hint("write `fifo_throughput_limit = \"per_message_group_id\"` for high throughput");
                }
            }
            let calls = CallsPerSecond::new(whole(sqs::FIFO_CALL_RATE.value));
            return Calls::Queue([calls.clone(), calls.clone(), calls]);
        }
        if let Some(at) = self.fifo_throughput_limit.filter(|_| !by_group) {
            s.error(at.span, "S032", "high throughput needs deduplication within the message group")
                .hint("write `deduplication_scope = \"message_group\"` as well");
        }
        let most = sqs::FIFO_HIGH_THROUGHPUT_RATE;
        let rates = sqs::FIFO_PARTITION_RATE.value..=most.value;
        s.within(
            "high_throughput_rate",
            self.high_throughput_rate.as_ref(),
            rates,
            &(&sqs::FIFO_PARTITION_RATE, &most),
        );
        let all = s.or_fact("high_throughput_rate", self.high_throughput_rate, &most);
        s.within("partitions", self.partitions.as_ref(), 1..=PARTITIONS_MAX, &sqs::FIFO_PARTITIONS_AT_FIRST);
        let first = s.or_fact("partitions", self.partitions, &sqs::FIFO_PARTITIONS_AT_FIRST);
        let each = sqs::FIFO_PARTITION_RATE.value;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number of calls")]
        let crowded = (each.get() * sqs::FIFO_PARTITION_GROWS_AT.value.get()) as u32;
        let idle = sqs::FIFO_PARTITIONS_SHRINK_AFTER.value.get();
        Calls::Partitions(Box::new(Partitions::new(Growth { each: whole(each), all: all.get(), crowded, first, idle })))
    }

    /// What is counted, and what it costs.
    fn metrics(&self, order: &Order, site: &mut NodeSite<'_, '_>) -> SqsMetrics {
        let before = site.site.optional("requests_this_month", self.requests_this_month).unwrap_or(0);
        let mut metrics = counters(site);
        site.tariff("cost", metrics.billed_requests, tariff(matches!(order, Order::Fifo(_)), before));
        if let Order::Fair(_) = order {
            let surcharged = site.counter("surcharged_requests", "requests");
            site.price("cost", surcharged, sqs::FAIR_REQUEST_SURCHARGE.value.each());
            metrics.surcharged_requests = Some(surcharged);
        }
        metrics
    }

    fn keys_of_standard(&self) -> Vec<(&'static str, Option<Span>)> {
        vec![
            ("hosts", self.hosts.map(|at| at.span)),
            ("hosts_sampled", self.hosts_sampled.map(|at| at.span)),
            ("duplicate_probability", self.duplicate_probability.map(|at| at.span)),
            ("fair_queue", self.fair_queue.map(|at| at.span)),
            ("stale_handle_delete", self.stale_handle_delete.as_ref().map(|at| at.span)),
        ]
    }

    fn keys_of_fifo(&self) -> Vec<(&'static str, Option<Span>)> {
        let others = [
            ("deduplication_scope", self.deduplication_scope.map(|at| at.span)),
            ("fifo_throughput_limit", self.fifo_throughput_limit.map(|at| at.span)),
            ("high_throughput_rate", self.high_throughput_rate.map(|at| at.span)),
            ("partitions", self.partitions.map(|at| at.span)),
        ];
        self.identity_spec().keys().into_iter().chain(others).collect()
    }
}

/// Keys of the other kind of queue would be ignored, so they are errors.
fn refuse_all(keys: &[(&'static str, Option<Span>)], is_fifo: bool, site: &mut NodeSite<'_, '_>) {
    for (key, span) in keys.iter().filter_map(|&(key, span)| Some((key, span?))) {
        let (this, why) = match key {
            "hosts" | "hosts_sampled" => ("FIFO", "a FIFO queue gives out every message that a poll may have"),
            "stale_handle_delete" => ("FIFO", "a FIFO queue refuses every delete with an outdated receipt"),
            _ if is_fifo => ("FIFO", "only standard queues have it"),
            _ => ("standard", "only FIFO queues have it"),
        };
        let error = site.site.error(span, "S032", format!("`{key}` has no effect on a {this} queue"));
        error.hint(format!("leave it out: {why}"));
    }
}

/// More partitions than this would take more calls than any queue does.
const PARTITIONS_MAX: u32 = 256;

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
        part.within(
            "max_receive_count",
            self.max_receive_count.as_ref(),
            counts,
            &(&sqs::MAX_RECEIVE_COUNT_MIN, &sqs::MAX_RECEIVE_COUNT_MAX),
        );
        let count = match self.max_receive_count {
            Some(at) => part.written("max_receive_count", at),
            None => part.or_fact("max_receive_count", None, &sqs::MAX_RECEIVE_COUNT).into(),
        };
        Some(DeadLetter { queue: node, max_receive_count: u16::try_from(count).unwrap_or(u16::MAX), loss })
    }
}

fn counters(site: &mut NodeSite<'_, '_>) -> SqsMetrics {
    SqsMetrics {
        visible: site.gauge("visible", "messages"),
        in_flight: site.gauge("in_flight", "messages"),
        delayed: site.gauge("delayed", "messages"),
        age_of_oldest: site.gauge("age_of_oldest", "s"),
        sent: site.counter("messages_sent", "messages"),
        sent_message_size: site.counter("sent_message_size", "bytes"),
        received: site.counter("messages_received", "messages"),
        received_again: site.counter("messages_received_again", "messages"),
        deleted: site.counter("messages_deleted", "messages"),
        stale_deletes: site.counter("stale_deletes", "requests"),
        refused_deletes: site.counter("refused_deletes", "requests"),
        visibility_changes: site.counter("visibility_changes", "requests"),
        refused_changes: site.counter("refused_visibility_changes", "requests"),
        over_limit: site.counter("over_limit", "requests"),
        duplicates_overrun: site.counter("duplicates_overrun", "messages"),
        duplicates_missed_delete: site.counter("duplicates_missed_delete", "messages"),
        duplicates_missed_receive: site.counter("duplicates_missed_receive", "messages"),
        duplicates_sent_again: site.counter("duplicates_sent_again", "messages"),
        repeated_receives: site.counter("repeated_receives", "requests"),
        redriven: site.counter("messages_redriven", "messages"),
        purged: site.counter("messages_purged", "messages"),
        refused_tasks: site.counter("refused_tasks", "requests"),
        empty_receives: site.counter("empty_receives", "requests"),
        throttled: site.counter("throttled", "requests"),
        deduplicated: site.counter("messages_deduplicated", "messages"),
        dead_lettered: site.counter("messages_dead_lettered", "messages"),
        requests: site.counter("requests", "requests"),
        billed_requests: site.counter("billed_requests", "requests"),
        surcharged_requests: None,
    }
}
