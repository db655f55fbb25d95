//! What a scenario may say about a fleet of workers.

use super::polling::Together;
use super::visibility::{self, AfterFailureSpec, ExtendSpec};
use super::{Consuming, Polling, Source, Worker, Workers, WorkersMetrics, WorkersParameters};
use crate::components::fault::Health;
use crate::components::handler::Handler;
use crate::components::mq::{AS_THE_BROKER_SAYS, PrefetchSpec};
use crate::components::poll_retry::{self, PollRetriesSpec};
use crate::components::request::{RequestSpec, Requests};
use crate::components::scaling::{Group, GroupSpec};
use crate::components::spec::{LatencySpec, OneOrMany};
use crate::components::traits::{Members, ShortPolls};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::diagnostic::Span;
use crate::engine::NodeId;
use crate::facts::{mq, sqs};
use crate::site::At;
use crate::units::{Duration, Share};
use serde::Deserialize;

/// A fleet of workers that polls a queue, or that a broker pushes to.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkersSpec {
    /// The queue that is polled.
    polls: Option<At<String>>,
    /// The queue of a broker that pushes its messages.
    consumes: Option<At<String>>,
    /// Workers.
    count: Option<At<u32>>,
    /// The workers stand on machines that come and go with the backlog, instead of `count`.
    auto_scaling: Option<At<GroupSpec>>,
    /// The work on each message.
    work: Option<At<String>>,
    /// How fast the workers are; 1 is the work as it is written.
    speed: Option<At<f64>>,
    /// Polls: messages asked for at once.
    max_number_of_messages: Option<At<u32>>,
    /// Polls: how long a receive waits at the queue for the first message; 0s is a short poll.
    wait_time: Option<At<Duration>>,
    /// Polls: pause after an empty receive.
    pause_when_empty: Option<At<Duration>>,
    /// Polls: pauses after receives that failed.
    retries: Option<At<PollRetriesSpec>>,
    /// Polls: round trip of a receive.
    receive_latency: Option<At<LatencySpec>>,
    /// Polls: round trip of a delete.
    delete_latency: Option<At<LatencySpec>>,
    /// Polls: how long what is received stays hidden. Default: as long as the queue says.
    visibility_timeout: Option<At<Duration>>,
    /// Polls: how a worker asks for more time while it works on a message, again and again.
    extend_visibility: Option<At<ExtendSpec>>,
    /// Polls: what a worker does about a message that failed. Default: nothing, it comes back when its time is over.
    after_failure: Option<At<AfterFailureSpec>>,
    /// Polls: whether the messages of a receive are deleted in one call, when the last of them is done.
    delete_together: Option<At<bool>>,
    /// Polls: how often the answer to a receive is lost, with its messages.
    lost_responses: Option<At<Share>>,
    /// Polls, FIFO: whether a receive that failed is repeated as the same attempt, so that it gets the same messages.
    receive_request_attempt_id: Option<At<bool>>,
    /// Consumes: messages that the broker pushes to a worker before it acknowledges any; a number or "unlimited".
    prefetch: Option<At<PrefetchSpec>>,
    /// Consumes: whether a message counts as acknowledged when it is pushed.
    auto_ack: Option<At<bool>>,
    /// Consumes: round trip between worker and broker.
    latency: Option<At<LatencySpec>>,
    /// Consumes: how long a worker needs to go on to a message that it holds already.
    dispatch_overhead: Option<At<Duration>>,
    /// Who is called for each message.
    calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where the result is handed over.
    sends: Option<At<OneOrMany<RequestSpec>>>,
}

impl NodeSpec for WorkersSpec {
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Requests { calls: self.calls.clone(), sends: self.sends.clone() }.edges();
        let visibility = self.visibility_timeout;
        let repeats = self.receive_request_attempt_id.is_some_and(|at| at.value);
        edges.extend(self.polls.clone().map(|to| Edge { visibility, repeats, ..Edge::new(Verb::Polls, to) }));
        edges.extend(self.consumes.clone().map(|to| Edge::new(Verb::Consumes, to)));
        edges
    }
}

/// Workers of one fleet at most: each has a place in memory.
const COUNT_MAX: u32 = 1_000_000;

impl WorkersSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Workers> {
        let errors = site.site.errors();
        let count = self.workers(site);
        if let Some(at) = self.count.filter(|at| !(1..=COUNT_MAX).contains(&at.value)) {
            site.site.error(at.span, "S031", format!("a fleet has between 1 and {COUNT_MAX} workers"));
        }
        let speed = site.site.or_default("speed", self.speed, 1.0, "the work as it is written");
        if let Some(at) = self.speed.filter(|at| !(at.value > 0.0 && at.value.is_finite())) {
            site.site
                .error(at.span, "S031", "`speed` is a positive factor")
                .hint("`speed = 0.2` is five times as slow");
        }
        let work = site.work("work", self.work.clone());
        let source = self.source(site);
        let together = self.together(site);
        let beats = visibility::extend(self.extend_visibility.filter(|_| self.polls.is_some()), site);
        let group = self.group(source.as_ref().map(|(node, _)| *node), site);
        let servers = match &self.auto_scaling {
            Some(at) => group.as_ref().map(|group| At::new(group.workers()[1], at.span)),
            None => count.map(|count| site.placed(self.count.as_ref(), count)),
        };
        let count = group.as_ref().map_or(count, |group| Some(group.workers()[0]));
        let requests = Requests { calls: self.calls, sends: self.sends }.build(site);
        let metrics = metrics(group.as_deref(), site);
        let ((node, source), count) = (source?, count?);
        let (steps, counters) = requests?;
        let mut handler = Handler::new(work?, steps, counters);
        handler.slow_down(1.0 / speed);
        if site.site.errors() > errors {
            return None;
        }
        site.traits.servers = servers;
        site.traits.members.get_or_insert(Members { consumers: count, machines: count });
        site.traits.speed = Some(speed);
        site.traits.work = handler.work();
        let p = WorkersParameters { node, source, count, speed };
        let workers = vec![Worker::default(); if group.is_some() { 0 } else { p.count as usize }];
        Some(Workers {
            p,
            metrics,
            handler,
            workers,
            prefetched: 0,
            requests: 0,
            health: Health::default(),
            beats,
            together,
            group,
        })
    }

    /// How many workers there are, if they do not stand on machines that come and go.
    fn workers(&self, site: &mut NodeSite<'_, '_>) -> Option<u32> {
        if self.auto_scaling.is_none() {
            let hint = "write `count = 4`, for example, or `auto_scaling` with `min_size` and `max_size`";
            return site.site.required_as("count", self.count, hint);
        }
        if let Some(at) = self.count {
            site.site
                .error(at.span, "S032", "`count` has no effect with `auto_scaling`")
                .hint("say how many machines there are at first: `desired_capacity`, and `workers_per_instance`");
        }
        None
    }

    /// The machines on which the workers stand, if they come and go.
    fn group(&self, source: Option<NodeId>, site: &mut NodeSite<'_, '_>) -> Option<Box<Group>> {
        let At { value, span } = self.auto_scaling.clone()?;
        let mut part = site.site.part("auto_scaling", span);
        let mut inner = NodeSite {
            site: &mut part,
            read: site.read,
            plan: site.plan,
            node: site.node,
            catalogue: site.catalogue,
            losses: site.losses,
            traits: site.traits,
        };
        value.build(source?, &mut inner).map(Box::new)
    }

    /// Where the messages come from, and how; exactly one of two ways.
    fn source(&self, site: &mut NodeSite<'_, '_>) -> Option<(NodeId, Source)> {
        match (&self.polls, &self.consumes) {
            (Some(polls), None) => {
                refuse_all(&self.keys_of_consuming(), "polls", "consumes", site);
                let node = site.target(polls)?.node;
                site.site.written("polls", polls.clone());
                Some((node, Source::Polls(self.polling(site)?)))
            }
            (None, Some(consumes)) => {
                refuse_all(&self.keys_of_polling(), "consumes", "polls", site);
                let node = site.target(consumes)?.node;
                site.site.written("consumes", consumes.clone());
                Some((node, Source::Consumes(self.consuming(site)?)))
            }
            (Some(_), Some(consumes)) => {
                let s = &mut *site.site;
                s.error(consumes.span, "S032", "a fleet either `polls` a queue or `consumes` from a broker")
                    .hint("write two fleets");
                None
            }
            (None, None) => {
                let (path, span) = (site.site.path().to_owned(), site.site.span());
                site.site
                    .error(span, "S012", format!("`{path}` needs `polls` or `consumes`"))
                    .label("missing here")
                    .hint("`polls` asks a queue for messages, `consumes` has a broker push them");
                None
            }
        }
    }

    fn keys_of_polling(&self) -> [(&'static str, Option<Span>); 12] {
        [
            ("max_number_of_messages", self.max_number_of_messages.map(|at| at.span)),
            ("wait_time", self.wait_time.map(|at| at.span)),
            ("pause_when_empty", self.pause_when_empty.map(|at| at.span)),
            ("retries", self.retries.as_ref().map(|at| at.span)),
            ("receive_latency", self.receive_latency.as_ref().map(|at| at.span)),
            ("delete_latency", self.delete_latency.as_ref().map(|at| at.span)),
            ("visibility_timeout", self.visibility_timeout.map(|at| at.span)),
            ("extend_visibility", self.extend_visibility.map(|at| at.span)),
            ("after_failure", self.after_failure.map(|at| at.span)),
            ("delete_together", self.delete_together.map(|at| at.span)),
            ("lost_responses", self.lost_responses.map(|at| at.span)),
            ("receive_request_attempt_id", self.receive_request_attempt_id.map(|at| at.span)),
        ]
    }

    fn keys_of_consuming(&self) -> [(&'static str, Option<Span>); 4] {
        [
            ("prefetch", self.prefetch.map(|at| at.span)),
            ("auto_ack", self.auto_ack.map(|at| at.span)),
            ("latency", self.latency.as_ref().map(|at| at.span)),
            ("dispatch_overhead", self.dispatch_overhead.map(|at| at.span)),
        ]
    }

    fn polling(&self, site: &mut NodeSite<'_, '_>) -> Option<Polling> {
        let queue = self.polls.as_ref().and_then(|to| site.target(to));
        let s = &mut *site.site;
        let messages = 1..=sqs::MAX_NUMBER_OF_MESSAGES_MAX.value;
        let asked = self.max_number_of_messages;
        s.within("max_number_of_messages", asked.as_ref(), messages, &sqs::MAX_NUMBER_OF_MESSAGES_MAX);
        let asked = s.or_default("max_number_of_messages", asked, 1, "no more than a worker can start at once");
        let waits = Duration::from_secs(0)..=sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value;
        s.within("wait_time", self.wait_time.as_ref(), waits, &sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX);
        let longest = sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value;
        let told =
            queue.filter(|_| self.wait_time.is_none()).and_then(|queue| site.plan.nodes[queue.node.index()].waits);
        let wait = match (self.wait_time, told) {
            (None, Some(at)) => s.derived("wait_time", at.value, "the queue's `receive_message_wait_time`"),
            (written, _) => s.or_default("wait_time", written, longest, "long polling, as the guide advises"),
        };
        let pause = Duration::from_secs(u64::from(wait.get().is_zero()));
        let pause =
            s.or_default("pause_when_empty", self.pause_when_empty, pause, "so that short polling does not spin");
        let retries = poll_retry::build(self.retries, site);
        let is_fifo = queue.is_some_and(|queue| site.plan.nodes[queue.node.index()].is_fifo);
        let own = if is_fifo { &sqs::FIFO_RECEIVE_LATENCY } else { &sqs::RECEIVE_LATENCY };
        let receive_latency = site.latency("receive_latency", self.receive_latency.clone(), own);
        let delete_latency = site.latency("delete_latency", self.delete_latency.clone(), &sqs::DELETE_LATENCY);
        let after_failure = visibility::after_failure(self.after_failure, site);
        let (lost_responses, repeats) = self.losses(site);
        site.traits.batch = asked;
        site.traits.asks_every = Some(wait.get() + pause.get());
        if wait.get().is_zero() {
            let pause = site.placed(self.wait_time.as_ref().or(told.as_ref()), pause.get());
            site.traits.short_polls = Some(ShortPolls { pause, said_by: told.and(queue).map(|queue| queue.node) });
        }
        Some(Polling {
            max_number_of_messages: u16::try_from(asked).ok()?,
            wait_ms: u16::try_from(wait.get().as_nanos() / 1_000_000).ok()?,
            pause_when_empty: pause.get(),
            retries,
            receive_latency: receive_latency?,
            delete_latency: delete_latency?,
            after_failure,
            lost_responses,
            repeats,
        })
    }

    /// Whether a receive is deleted in one call.
    fn together(&self, site: &mut NodeSite<'_, '_>) -> Option<Box<Together>> {
        self.polls.as_ref()?;
        let why = "each message as soon as it is done";
        site.site.or_default("delete_together", self.delete_together, false, why).then(Box::default)
    }

    /// What is lost on the network, and whether receives are repeated; and what the consumer says about visibility.
    fn losses(&self, site: &mut NodeSite<'_, '_>) -> (f64, bool) {
        let s = &mut *site.site;
        let range = Duration::from_secs(0)..=sqs::VISIBILITY_TIMEOUT_MAX.value;
        let asked = self.visibility_timeout;
        s.within("visibility_timeout", asked.as_ref(), range, &sqs::VISIBILITY_TIMEOUT_MAX);
        s.optional("visibility_timeout", asked);
        let lost = s.or_default("lost_responses", self.lost_responses, Share::new(0.0), "nothing is lost");
        let why = "the client asks anew";
        let repeats = s.or_default("receive_request_attempt_id", self.receive_request_attempt_id, false, why);
        let queue = self.polls.as_ref().and_then(|to| site.target(to));
        if let Some(at) = self.receive_request_attempt_id.filter(|at| at.value)
            && queue.is_some_and(|queue| !site.plan.nodes[queue.node.index()].is_fifo)
        {
            site.site
                .error(at.span, "S032", "`receive_request_attempt_id` has no effect on a standard queue")
                .hint("leave it out: only a FIFO queue knows a receive again");
        }
        site.traits.hides = asked.map(|at| At::new(at.value.get(), at.span));
        (lost.get(), repeats)
    }

    fn consuming(&self, site: &mut NodeSite<'_, '_>) -> Option<Consuming> {
        let s = &mut *site.site;
        let prefetch = s.optional("prefetch", self.prefetch).map_or(AS_THE_BROKER_SAYS, PrefetchSpec::asked);
        let auto_ack = s.or_default("auto_ack", self.auto_ack, false, "a message is acknowledged when it is done");
        if let Some(at) = self.prefetch.filter(|_| auto_ack) {
            s.error(at.span, "S032", "`prefetch` has no effect with `auto_ack`: nothing is left to acknowledge")
                .hint("leave it out");
        }
        let why = "a client that holds a message goes on at once";
        let overhead = s.or_default("dispatch_overhead", self.dispatch_overhead, Duration::from_secs(0), why);
        let latency = site.latency("latency", self.latency.clone(), &mq::NETWORK_LATENCY)?;
        site.traits.auto_ack = auto_ack;
        site.traits.prefetch = self.prefetch.map(|at| at.map(|prefetch| u32::from(prefetch.asked())));
        Some(Consuming { prefetch, auto_ack, latency, dispatch_overhead: overhead.get() })
    }
}

/// Keys that belong to the other way would be ignored, so they are errors.
fn refuse_all(keys: &[(&str, Option<Span>)], verb: &str, other: &str, site: &mut NodeSite<'_, '_>) {
    for (key, span) in keys.iter().filter_map(|&(key, span)| Some((key, span?))) {
        site.site
            .error(span, "S032", format!("`{key}` has no effect on workers with `{verb}`"))
            .hint(format!("leave it out: it belongs to `{other}`"));
    }
}

fn metrics(group: Option<&Group>, site: &mut NodeSite<'_, '_>) -> WorkersMetrics {
    let counted = group.map(Group::workers_gauge);
    let there = counted.unwrap_or_else(|| site.gauge("workers", "workers"));
    WorkersMetrics {
        busy: site.gauge_within("busy", "workers", there),
        workers: counted.is_none().then_some(there),
        prefetched: site.gauge("prefetched", "messages"),
        handled: site.counter("handled", "messages"),
        failed: site.counter("failed", "messages"),
        failed_polls: site.counter("failed_polls", "requests"),
        lost_responses: site.counter("lost_responses", "requests"),
        repeated: site.counter("repeated", "messages"),
        busy_time: site.counter("busy_time", "s"),
        work_time: site.counter("work_time", "s"),
        repeated_time: site.counter("repeated_time", "s"),
    }
}
