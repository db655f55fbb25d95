//! What a scenario may say about a function, in the words of its API.

mod cost;
mod events;
mod mapping;
mod runtime;

use cost::ArchitectureSpec;
pub(in crate::components) use mapping::gathered_visibility;
use mapping::{MappingSpec, ProvisionedSpec};
use runtime::RuntimeSpec;

use super::environments::Environments;
use super::rate::RequestRate;
use super::{Lambda, LambdaLosses, LambdaMetrics, LambdaParameters};
use crate::components::account::{Claims, FunctionClaims};
use crate::components::fault::Health;
use crate::components::handler::Handler;
use crate::components::poll_retry::PollRetriesSpec;
use crate::components::request::{RequestSpec, Requests};
use crate::components::slab::Slab;
use crate::components::spec::{LatencySpec, OneOrMany, all, many};
use crate::components::traits::FunctionTraits;
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::engine::{Deadlines, LossKind};
use crate::facts::{Fact, lambda};
use crate::site::At;
use crate::units::{Bytes, Duration, Share};
use serde::Deserialize;

/// An AWS Lambda function.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LambdaSpec {
    /// The flows of traffic whose clients call the function and wait for its answer.
    from: Option<At<OneOrMany<String>>>,
    /// How long a request may take; it is stopped then, and counts as failed.
    timeout: Option<At<Duration>>,
    /// Requests that the function works on at once at most, kept free for it; 0 stops it.
    reserved_concurrent_executions: Option<At<u32>>,
    /// Requests that the account's functions work on at once.
    account_concurrency: Option<At<u32>>,
    /// The memory that it has: it decides what its time costs.
    memory_size: Option<At<Bytes>>,
    /// The processor that it runs on: it decides what its time costs.
    architecture: Option<At<ArchitectureSpec>>,
    /// What the function is written in: it decides how long a new environment takes to get ready.
    runtime: Option<At<RuntimeSpec>>,
    /// How long a new environment takes to get ready: a cold start.
    init_duration: Option<At<LatencySpec>>,
    /// How long an environment without requests is kept.
    idle_life: Option<At<Duration>>,
    /// The work on each message, event or call.
    work: Option<At<String>>,
    /// How fast the function is; 1 is the work as it is written.
    speed: Option<At<f64>>,
    /// Who is called for each message.
    calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where the result is handed over.
    sends: Option<At<OneOrMany<RequestSpec>>>,
    /// The queue that is polled for the function.
    polls: Option<At<String>>,
    /// Polls: messages that a request of the function gets at most.
    batch_size: Option<At<u32>>,
    /// Polls: how long messages are gathered for a batch.
    maximum_batching_window: Option<At<Duration>>,
    /// Polls: requests of the function at once at most on behalf of this queue.
    maximum_concurrency: Option<At<u32>>,
    /// Polls: pollers that are paid for by the hour, and grow faster.
    provisioned_pollers: Option<At<ProvisionedSpec>>,
    /// Polls: whether the function says which messages of a batch failed, so that only those come back.
    report_batch_item_failures: Option<At<bool>>,
    /// Polls: messages of a batch that the function works on side by side.
    messages_at_once: Option<At<u32>>,
    /// Polls: pauses after receives that failed, and before a batch that found no room is tried again.
    retries: Option<At<PollRetriesSpec>>,
    /// Polls: round trip of a receive.
    receive_latency: Option<At<LatencySpec>>,
    /// Polls: round trip of a delete.
    delete_latency: Option<At<LatencySpec>>,
    /// Events: how often the function is tried again after it failed.
    maximum_retry_attempts: Option<At<u32>>,
    /// Events: older ones are given up.
    maximum_event_age: Option<At<Duration>>,
    /// Events: by what share at most the waits of those that find no room are shorter, at random.
    throttle_jitter: Option<At<Share>>,
    /// Events: the queue for those that are given up.
    dead_letter: Option<At<String>>,
    /// Events: the queue, topic or function to which those that are done are passed on.
    on_success: Option<At<String>>,
    /// Events: the queue, topic or function to which those that are given up are passed on.
    on_failure: Option<At<String>>,
}

impl NodeSpec for LambdaSpec {
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Requests { calls: self.calls.clone(), sends: self.sends.clone() }.edges();
        let timeout = self.timeout.map_or(lambda::TIMEOUT.value, |at| at.value);
        let gathers = self.maximum_batching_window.map(|at| (at.value.get(), timeout.get()));
        edges.extend(self.polls.clone().map(|to| Edge { gathers, ..Edge::new(Verb::Polls, to) }));
        edges.extend(self.dead_letter.clone().map(|to| Edge::new(Verb::DeadLetter, to)));
        edges.extend(self.on_success.clone().map(|to| Edge::new(Verb::OnSuccess, to)));
        edges.extend(self.on_failure.clone().map(|to| Edge::new(Verb::OnFailure, to)));
        edges
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }

    fn claims(&self) -> Claims {
        let account = self.account_concurrency.map_or(lambda::ACCOUNT_CONCURRENCY.value, |at| at.value);
        let reserved = self.reserved_concurrent_executions.map_or(0, |at| at.value);
        Claims { function: Some(FunctionClaims { account, reserved }), ..Claims::default() }
    }
}

impl LambdaSpec {
    pub(super) fn build(mut self, site: &mut NodeSite<'_, '_>) -> Option<Lambda> {
        let errors = site.site.errors();
        site.site.written_all("from", many(self.from.clone()));
        let timeouts = Duration::from_secs(1)..=lambda::TIMEOUT_MAX.value;
        site.site.within("timeout", self.timeout.as_ref(), timeouts, &lambda::TIMEOUT_MAX);
        let timeout = site.site.or_fact("timeout", self.timeout, &lambda::TIMEOUT);
        let limit = self.concurrency(site);
        let shares_concurrency = self.reserved_concurrent_executions.is_none();
        let init = {
            let why = "assumption: what most functions are written in";
            let runtime = site.site.or_default("runtime", self.runtime, RuntimeSpec::Python, why);
            site.latency("init_duration", self.init_duration.take(), runtime.init())
        };
        let life = site.site.or_fact("idle_life", self.idle_life, &lambda::IDLE_LIFE);
        let work = site.work("work", self.work.take());
        let speed = site.site.or_default("speed", self.speed, 1.0, "the work as it is written");
        if let Some(at) = self.speed.filter(|at| !(at.value > 0.0 && at.value.is_finite())) {
            site.site
                .error(at.span, "S031", "`speed` is a positive factor")
                .hint("`speed = 0.2` is five times as slow");
        }
        let requests = Requests { calls: self.calls.take(), sends: self.sends.take() }.build(site);
        let losses = self.losses(site);
        let metrics = metrics(self.capacity(limit, site), site);
        self.price(&metrics, site);
        let most = site.placed(self.reserved_concurrent_executions.as_ref(), limit);
        site.traits.function = Some(FunctionTraits {
            timeout: site.placed(self.timeout.as_ref(), timeout.get()),
            window: self.maximum_batching_window.map_or(Duration::ZERO, |at| at.value).get(),
            reserved: self.reserved_concurrent_executions,
            pollers: None,
        });
        site.traits.servers = Some(most);
        let events = self.events(site);
        let mapping = MappingSpec::of(self).build(timeout, site);
        let ((steps, counters), work) = (requests?, work?);
        let mut handler = Handler::new(work, steps, counters);
        handler.slow_down(1.0 / speed);
        let (init, events, mapping) = (init?, events?, mapping?);
        if site.site.errors() > errors {
            return None;
        }
        site.traits.speed = Some(speed);
        site.traits.work = work;
        let bytes = |fact: Fact<Bytes>| u32::try_from(fact.value.get()).unwrap_or(u32::MAX);
        Some(Lambda {
            p: LambdaParameters {
                timeout: timeout.get(),
                init,
                speed,
                shares_concurrency,
                payload_max: bytes(lambda::PAYLOAD_MAX),
                event_max: bytes(lambda::ASYNC_PAYLOAD_MAX),
            },
            losses,
            metrics,
            handler,
            environments: Environments::new(limit, life.get()),
            rate: RequestRate::new(limit, shares_concurrency),
            invocations: Slab::new(),
            timeouts: Deadlines::new(),
            serial: 0,
            inits: 0,
            calls: 0,
            events: events.map(Box::new),
            mapping: mapping.map(Box::new),
            health: Health::default(),
        })
    }

    /// How many requests the function works on at once at most.
    fn concurrency(&self, site: &mut NodeSite<'_, '_>) -> u32 {
        let s = &mut *site.site;
        let account = s.or_fact("account_concurrency", self.account_concurrency, &lambda::ACCOUNT_CONCURRENCY);
        if let Some(at) = self.account_concurrency.filter(|at| at.value == 0) {
            s.error(at.span, "S031", "an account has some concurrency").hint("leave it out: by default it is 1,000");
        }
        let written = self.reserved_concurrent_executions;
        let unreserved = site.unreserved(self.account_concurrency.as_ref(), written.as_ref());
        let (s, Some(reserved)) = (&mut *site.site, written) else { return unreserved };
        let most = account.saturating_sub(lambda::UNRESERVED_CONCURRENCY_MIN.value);
        s.within("reserved_concurrent_executions", Some(&reserved), 0..=most, &lambda::UNRESERVED_CONCURRENCY_MIN);
        s.written("reserved_concurrent_executions", reserved)
    }

    /// How many requests it can have at once: no more than its pollers hand over, if nobody else does.
    fn capacity(&self, limit: u32, site: &NodeSite<'_, '_>) -> u32 {
        let name = &site.plan.nodes[site.node.index()].name;
        let mut others = site.plan.nodes.iter().flat_map(|node| &node.edges);
        let only_polls = self.polls.is_some() && self.flows().is_empty() && others.all(|edge| edge.node() != name);
        self.maximum_concurrency.filter(|_| only_polls).map_or(limit, |at| limit.min(at.value))
    }

    fn losses(&self, site: &mut NodeSite<'_, '_>) -> LambdaLosses {
        let [concurrency, rate] = match self.reserved_concurrent_executions {
            Some(_) => [
                "throttled: its reserved concurrency is in use",
                "throttled: too many requests a second for its reserved concurrency",
            ],
            None => [
                "throttled: the account's concurrency is in use",
                "throttled: too many requests a second for the account's concurrency",
            ],
        };
        LambdaLosses {
            concurrency: site.throttle(concurrency),
            growth: site.throttle("throttled: too many new environments at once"),
            rate: site.throttle(rate),
            too_large: site.permanent_refusal("payload too large"),
            timed_out: site.loss(LossKind::Rejected, "stopped at its timeout"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
            down: site.loss(LossKind::Rejected, "down"),
        }
    }
}

fn metrics(limit: u32, site: &mut NodeSite<'_, '_>) -> LambdaMetrics {
    LambdaMetrics {
        concurrent_executions: site.gauge("concurrent_executions", "environments"),
        busy: site.gauge_of("busy", "environments", limit.max(1).into()),
        environments: site.gauge("environments", "environments"),
        invocations: site.counter("invocations", "requests"),
        errors: site.counter("errors", "requests"),
        timeouts: site.counter("function_timeouts", "requests"),
        throttles: site.counter("throttles", "requests"),
        cold_starts: site.counter("cold_starts", "environments"),
        init_duration: site.timing("init_duration"),
        duration: site.timing("duration"),
        billed_time: site.counter("billed_time", "s"),
        handled: site.counter("handled", "messages"),
        failed: site.counter("failed", "messages"),
        repeated: site.counter("repeated", "messages"),
        busy_time: site.counter("busy_time", "s"),
        work_time: site.counter("work_time", "s"),
        repeated_time: site.counter("repeated_time", "s"),
        ghost_time: site.counter("ghost_time", "s"),
    }
}
