//! What a scenario may say about what stands before the attempts of a request, and how it becomes a [`Guard`].

use super::breaker::{Breaker, BreakerParameters, Window};
use super::budget_spec::{BudgetSpec, build_budget};
use super::pool::Pool;
use super::send_rate::{SendParameters, SendRate};
use super::throttle::Throttle;
use super::{Bar, Guard, Hedge, PoolMetrics};
use crate::components::{JudgeTraits, NodeSite};
use crate::engine::{LossKind, SimDuration};
use crate::facts::{calls, http};
use crate::metrics::{CounterId, GaugeId};
use crate::site::{At, Site, ToToml};
use crate::units::{Duration, Share};
use serde::Deserialize;

/// What stands before the attempts of a request, as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::components) struct GuardSpec {
    pub deadline: Option<At<Duration>>,
    pub pool: Option<At<PoolSpec>>,
    pub bulkhead: Option<At<BulkheadSpec>>,
    pub breaker: Option<At<BreakerSpec>>,
    pub throttle: Option<At<ThrottleSpec>>,
    pub hedge: Option<At<HedgeSpec>>,
    pub budget: Option<At<BudgetSpec>>,
    /// Whether the client sends less when it is told to slow down.
    pub adapts: bool,
}

/// A pool of connections: calls that find none free wait inside the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct PoolSpec {
    /// Connections: calls at once.
    size: Option<At<u32>>,
    /// How long a call waits for a connection; without it, for as long as it takes.
    max_wait: Option<At<Duration>>,
    /// Calls that may wait for a connection.
    max_waiting: Option<At<u32>>,
}

/// A bulkhead: calls beyond it fail at once, or after a short wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct BulkheadSpec {
    /// Calls at once.
    max_concurrent_calls: Option<At<u32>>,
    /// How long a call waits at a full bulkhead.
    max_wait_duration: Option<At<Duration>>,
}

/// A circuit breaker, in the words of resilience4j.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct BreakerSpec {
    /// Whether the window counts calls or seconds.
    sliding_window_type: Option<At<WindowSpec>>,
    /// Calls, or seconds, that it looks at.
    sliding_window_size: Option<At<u32>>,
    /// Calls before it judges.
    minimum_number_of_calls: Option<At<u32>>,
    /// The share of failures at which it opens.
    failure_rate_threshold: Option<At<Share>>,
    /// The share of slow calls at which it opens.
    slow_call_rate_threshold: Option<At<Share>>,
    /// A call that takes longer is slow.
    slow_call_duration_threshold: Option<At<Duration>>,
    /// How long it stays open.
    wait_duration_in_open_state: Option<At<Duration>>,
    /// Calls that it lets through when it is half-open.
    permitted_number_of_calls_in_half_open_state: Option<At<u32>>,
    /// How long it waits for these; 0s is for ever.
    max_wait_duration_in_half_open_state: Option<At<Duration>>,
}

/// What a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(in crate::components) enum WindowSpec {
    /// Calls.
    CountBased,
    /// Seconds.
    TimeBased,
}

/// A client that turns away its own requests when too many fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct ThrottleSpec {
    /// Requests for each that is answered before it turns any away.
    ratio: Option<At<f64>>,
    /// How far it looks back.
    window: Option<At<Duration>>,
}

/// Further copies of a request whose answer is slow; the first answer counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct HedgeSpec {
    /// How long after one copy the next is sent.
    after: Option<At<Duration>>,
    /// Copies in all, the first included.
    copies: Option<At<u32>>,
}

impl ToToml for WindowSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::CountBased => "count_based".to_toml(),
            Self::TimeBased => "time_based".to_toml(),
        }
    }
}

/// What the guards of one node count, all together; each is registered when the first guard needs it.
#[derive(Debug, Default)]
pub(in crate::components) struct GuardMetrics {
    pool: Option<PoolMetrics>,
    breaker: Option<(CounterId, GaugeId)>,
    throttled: Option<CounterId>,
    denied: Option<CounterId>,
    hedges: Option<CounterId>,
    held: Option<GaugeId>,
}

impl GuardSpec {
    /// The guard of a request; none if nothing is said of one. What is wrong is reported at the site.
    pub(in crate::components) fn build(
        self,
        metrics: &mut GuardMetrics,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<Box<Guard>> {
        if self == Self::default() {
            return None;
        }
        let Self { deadline, pool, bulkhead, breaker, throttle, hedge, budget, adapts } = self;
        if let (Some(_), Some(at)) = (&pool, &bulkhead) {
            site.site
                .error(at.span, "S032", "a pool and a bulkhead are the same thing here: a bound on the calls at once")
                .hint("keep the smaller of the two; `max_wait` of a pool says how long a call may wait");
        }
        let deadline = deadline.map(|at| {
            positive(&at, "deadline", site.site);
            let deadline = site.site.written("deadline", at).get();
            (deadline, site.loss(LossKind::TimedOut, "deadline exceeded"))
        });
        let pool = pool
            .map(|at| build_pool(&at, site))
            .or_else(|| bulkhead.map(|at| build_bulkhead(&at, site)))
            .map(|pool| (pool, site.loss(LossKind::Rejected, "no connection free"), pool_metrics(metrics, site)));
        let breaker = breaker.map(|at| {
            let parameters = build_breaker(&at, site.site);
            let (count, open) = *metrics.breaker.get_or_insert_with(|| {
                (site.counter("rejected_by_breaker", "requests"), site.gauge("open_breakers", "breakers"))
            });
            (Breaker::new(parameters), Bar { loss: site.loss(LossKind::Rejected, "circuit breaker open"), count }, open)
        });
        let throttle = throttle.map(|at| {
            let throttle = build_throttle(&at, site.site);
            let count = *metrics.throttled.get_or_insert_with(|| site.counter("turned_away_by_client", "requests"));
            (throttle, Bar { loss: site.loss(LossKind::Rejected, "turned away by the client itself"), count })
        });
        let hedge = hedge.and_then(|at| {
            let sent = *metrics.hedges.get_or_insert_with(|| site.counter("hedges", "requests"));
            build_hedge(&at, sent, site.site)
        });
        let budget = budget.and_then(|at| {
            let denied = *metrics.denied.get_or_insert_with(|| site.counter("retries_denied", "retries"));
            build_budget(&at, site.site).map(|budget| (budget, denied))
        });
        let send_rate = adapts.then(|| build_send_rate(metrics, site));
        Some(Box::new(Guard { deadline, hedge, throttle, breaker, send_rate, pool, budget, ..Guard::default() }))
    }
}

impl GuardSpec {
    /// When a second copy is sent, if one is.
    pub(in crate::components) fn hedges_after(&self) -> Option<At<SimDuration>> {
        let after = self.hedge.as_ref()?.value.after?;
        Some(At { value: after.value.get(), span: after.span })
    }

    /// When the breaker judges, if there is one.
    pub(in crate::components) fn judges(&self) -> Option<JudgeTraits> {
        let At { value: spec, span } = self.breaker?;
        let size = spec.sliding_window_size.map_or(calls::BREAKER_WINDOW.value, |at| at.value);
        let is_timed = spec.sliding_window_type.is_some_and(|at| at.value == WindowSpec::TimeBased);
        let written = spec.minimum_number_of_calls;
        let minimum = written.map_or(calls::BREAKER_MINIMUM.value, |at| at.value);
        let calls = if is_timed { minimum } else { minimum.min(size) };
        let span = written.map_or(span, |at| at.span);
        Some(JudgeTraits { calls: At { value: calls, span }, within_s: is_timed.then_some(size) })
    }
}

fn build_send_rate(metrics: &mut GuardMetrics, site: &mut NodeSite<'_, '_>) -> (SendRate, GaugeId) {
    let parameters = SendParameters {
        cut: http::SDK_SEND_CUT.value,
        cubic: http::SDK_SEND_CUBIC.value,
        measured_max: http::SDK_SEND_MEASURED_MAX.value,
        min: http::SDK_SEND_RATE_MIN.value.get(),
        smoothing: http::SDK_SEND_SMOOTHING.value,
        window: http::SDK_SEND_WINDOW.value.get(),
    };
    let held = *metrics.held.get_or_insert_with(|| site.gauge("held_back", "requests"));
    (SendRate::new(parameters), held)
}

fn pool_metrics(metrics: &mut GuardMetrics, site: &mut NodeSite<'_, '_>) -> PoolMetrics {
    *metrics.pool.get_or_insert_with(|| PoolMetrics {
        in_use: site.gauge("connections", "connections"),
        waiting: site.gauge("waiting_for_connection", "requests"),
        wait: site.timing("connection_wait"),
    })
}

fn build_pool(at: &At<PoolSpec>, site: &mut NodeSite<'_, '_>) -> Pool {
    let mut part = site.site.part("pool", at.span);
    let PoolSpec { size, max_wait, max_waiting } = at.value;
    at_least_one(size.as_ref(), "size", &mut part);
    let size = part.or_fact("size", size, &http::SDK_CONNECTIONS);
    let max_wait = part.optional("max_wait", max_wait).map(Duration::get);
    let why = "a client's own queue has no bound; a proxy such as Envoy keeps 1,024";
    let max_waiting = part.or_default("max_waiting", max_waiting, u32::MAX, why);
    Pool::new(size, max_wait, max_waiting)
}

fn build_bulkhead(at: &At<BulkheadSpec>, site: &mut NodeSite<'_, '_>) -> Pool {
    let mut part = site.site.part("bulkhead", at.span);
    let BulkheadSpec { max_concurrent_calls, max_wait_duration } = at.value;
    at_least_one(max_concurrent_calls.as_ref(), "max_concurrent_calls", &mut part);
    let size = part.or_fact("max_concurrent_calls", max_concurrent_calls, &calls::BULKHEAD_CALLS);
    let max_wait = part.or_fact("max_wait_duration", max_wait_duration, &calls::BULKHEAD_WAIT).get();
    Pool::new(size, Some(max_wait), u32::MAX)
}

fn build_breaker(at: &At<BreakerSpec>, site: &mut Site<'_>) -> BreakerParameters {
    let mut part = site.part("breaker", at.span);
    let part = &mut part;
    let b = &at.value;
    let half_open = b.permitted_number_of_calls_in_half_open_state;
    for (key, count) in [
        ("sliding_window_size", &b.sliding_window_size),
        ("minimum_number_of_calls", &b.minimum_number_of_calls),
        ("permitted_number_of_calls_in_half_open_state", &half_open),
    ] {
        at_least_one(count.as_ref(), key, part);
    }
    let rates = [
        ("failure_rate_threshold", &b.failure_rate_threshold),
        ("slow_call_rate_threshold", &b.slow_call_rate_threshold),
    ];
    for (key, at) in rates.into_iter().filter_map(|(key, at)| Some((key, at.as_ref()?))) {
        if at.value.get() <= 0.0 {
            part.error(at.span, "S031", format!("`{key}` is nothing: the breaker would open without any reason"))
                .hint("write a share above 0 %, such as 50 %");
        }
    }
    let by =
        part.or_default("sliding_window_type", b.sliding_window_type, WindowSpec::CountBased, "as in resilience4j");
    let size = part.or_fact("sliding_window_size", b.sliding_window_size, &calls::BREAKER_WINDOW);
    let minimum = part.or_fact("minimum_number_of_calls", b.minimum_number_of_calls, &calls::BREAKER_MINIMUM);
    let (window, minimum_calls) = match by {
        WindowSpec::CountBased => (Window::Calls(size), minimum.min(size)),
        WindowSpec::TimeBased => (Window::Seconds(size), minimum),
    };
    let failure_rate = part.or_fact("failure_rate_threshold", b.failure_rate_threshold, &calls::BREAKER_FAILURE_RATE);
    let slow_rate = part.or_fact("slow_call_rate_threshold", b.slow_call_rate_threshold, &calls::BREAKER_SLOW_RATE);
    let slow_call =
        part.or_fact("slow_call_duration_threshold", b.slow_call_duration_threshold, &calls::BREAKER_SLOW_CALL);
    let open_for = part.or_fact("wait_duration_in_open_state", b.wait_duration_in_open_state, &calls::BREAKER_OPEN);
    let half_open_calls =
        part.or_fact("permitted_number_of_calls_in_half_open_state", half_open, &calls::BREAKER_HALF_OPEN_CALLS);
    let wait = b.max_wait_duration_in_half_open_state;
    let half_open_for = part.or_fact("max_wait_duration_in_half_open_state", wait, &calls::BREAKER_HALF_OPEN_WAIT);
    BreakerParameters {
        window,
        minimum_calls,
        failure_rate: failure_rate.get(),
        slow_rate: slow_rate.get(),
        slow_call: slow_call.get(),
        open_for: open_for.get(),
        half_open_calls,
        half_open_for: half_open_for.get(),
    }
}

fn build_throttle(at: &At<ThrottleSpec>, site: &mut Site<'_>) -> Throttle {
    let mut part = site.part("throttle", at.span);
    let ThrottleSpec { ratio, window } = at.value;
    if let Some(at) = ratio.as_ref().filter(|at| !(at.value >= 1.0 && at.value.is_finite())) {
        part.error(at.span, "S031", "`ratio` is at least 1: a client must send what it wants answered")
            .hint("2 sends twice as many requests as are answered, 1.1 hardly more");
    }
    if let Some(at) = &window {
        positive(at, "window", &mut part);
    }
    let ratio = part.or_fact("ratio", ratio, &calls::THROTTLE_RATIO);
    let window = part.or_fact("window", window, &calls::THROTTLE_WINDOW).get();
    Throttle::new(ratio, window)
}

fn build_hedge(at: &At<HedgeSpec>, sent: CounterId, site: &mut Site<'_>) -> Option<Hedge> {
    let mut part = site.part("hedge", at.span);
    let HedgeSpec { after, copies } = at.value;
    if let Some(at) = copies.as_ref().filter(|at| !(2..=16).contains(&at.value)) {
        part.error(at.span, "S031", "`copies` counts the first copy as well, so a hedge has between 2 and 16");
    }
    let after = part.required("after", after)?.get();
    let copies = part.or_fact("copies", copies, &calls::HEDGE_COPIES);
    Some(Hedge { after, copies, sent })
}

fn at_least_one(written: Option<&At<u32>>, key: &str, part: &mut Site<'_>) {
    if let Some(at) = written.filter(|at| at.value == 0) {
        part.error(at.span, "S031", format!("`{key}` is at least 1")).hint("leave it out for the usual one");
    }
}

fn positive(at: &At<Duration>, key: &str, part: &mut Site<'_>) {
    if at.value == Duration::ZERO {
        part.error(at.span, "S031", format!("`{key}` is no time at all")).hint("write a time such as \"2s\"");
    }
}
