//! `calls` and `sends` as they are written, and how they become the steps of a handler.

use super::edge::{Edge, Verb};
use super::guard::budget_spec::BudgetSpec;
use super::guard::spec::{BreakerSpec, BulkheadSpec, GuardMetrics, GuardSpec, HedgeSpec, PoolSpec, ThrottleSpec};
use super::handler::{RequestCounters, Step};
pub(super) use super::pauses::{BackoffSpec, JitterSpec};
use super::pauses::{build_jitter, policy};
use super::retry::{Backoff, RetryPolicies};
use super::site::NodeSite;
use super::spec::{LatencySpec, OneOrMany, all, many, words};
use super::sqs::BatchSpec;
use super::traits::RequestTraits;
use crate::engine::{LossKind, NodeId, SimDuration};
use crate::facts::{self, Fact};
use crate::site::{At, ToToml};
use crate::units::Duration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A request as written: the name of who is asked, or a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestSpec {
    to: Option<At<String>>,
    timeout: Option<At<Duration>>,
    connect_timeout: Option<At<Duration>>,
    latency: Option<At<LatencySpec>>,
    retries: Option<At<RetriesSpec>>,
    expiration: Option<At<Duration>>,
    delay: Option<At<Duration>>,
    batch: Option<At<BatchSpec>>,
    guard: GuardSpec,
}

/// A request written as a table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RequestTableSpec {
    /// Who is asked.
    to: At<String>,
    /// How long an attempt waits for its answer, from when it has a connection.
    timeout: Option<At<Duration>>,
    /// To a service that ignores connections when it is full: how long an attempt waits for one.
    connect_timeout: Option<At<Duration>>,
    /// Round trip of the request, the callee's own time not counted.
    latency: Option<At<LatencySpec>>,
    /// Attempts and the pauses between them.
    retries: Option<At<RetriesSpec>>,
    /// To a broker: how long the message may wait in a queue.
    expiration: Option<At<Duration>>,
    /// To a standard queue: how long the message is hidden at first, whatever the queue's own delay is.
    delay: Option<At<Duration>>,
    /// To a queue or a topic: several messages in one call.
    batch: Option<At<BatchSpec>>,
    /// How long the request may take, with all its attempts and pauses.
    deadline: Option<At<Duration>>,
    /// Connections that the requests share.
    pool: Option<At<PoolSpec>>,
    /// A bound on the requests at once.
    bulkhead: Option<At<BulkheadSpec>>,
    /// A circuit breaker.
    breaker: Option<At<BreakerSpec>>,
    /// Whether the client turns away its own requests when too many fail.
    throttle: Option<At<ThrottleSpec>>,
    /// Further copies of a request whose answer is slow.
    hedge: Option<At<HedgeSpec>>,
}

/// Attempts and the pauses between them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RetriesSpec {
    /// How an AWS SDK is told to do it: the defaults of all that is not written here.
    mode: Option<At<ModeSpec>>,
    /// Attempts in all, the first included.
    attempts: Option<At<u32>>,
    /// The pause before the next attempt, without jitter.
    backoff: Option<At<BackoffSpec>>,
    /// The first pause, or every pause of a fixed backoff.
    base: Option<At<Duration>>,
    /// The same after an answer that tells the client to slow down.
    base_throttled: Option<At<Duration>>,
    /// No pause is longer.
    cap: Option<At<Duration>>,
    /// How much of the pause is left to chance.
    jitter: Option<At<JitterSpec>>,
    /// What retries are paid from.
    budget: Option<At<BudgetSpec>>,
}

words! {
    /// The retry modes of the AWS SDKs.
    ModeSpec {
        /// Five attempts, pauses of up to 1 s that double, and nothing that bounds the number of retries.
        Legacy = "legacy",
        /// Three attempts, which a bucket of tokens pays for.
        Standard = "standard",
        /// The same, and a client that is told to slow down sends less.
        Adaptive = "adaptive",
    }
}

impl RetriesSpec {
    /// Whether this is the mode that is written.
    fn is(&self, mode: ModeSpec) -> bool {
        self.mode.is_some_and(|at| at.value == mode)
    }
}

/// What retries are paid from: in most modes from a bucket, even if nothing is written of it.
fn budget_of(written: &RetriesSpec) -> Option<At<BudgetSpec>> {
    let mode = written.mode.filter(|at| at.value != ModeSpec::Legacy);
    written.budget.or_else(|| mode.map(|at| At::new(BudgetSpec::of_the_sdks(at.span), at.span)))
}

impl<'de> Deserialize<'de> for RequestSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = RequestSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a node, or a table with `to`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RequestSpec, E> {
                let to = Some(At::new(text.to_owned(), crate::diagnostic::Span::default()));
                Ok(RequestSpec { to, ..RequestSpec::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RequestSpec, A::Error> {
                let table = RequestTableSpec::deserialize(MapAccessDeserializer::new(map))?;
                let RequestTableSpec { to, timeout, latency, retries, expiration, delay, batch, .. } = table;
                let RequestTableSpec { connect_timeout, deadline, pool, bulkhead, breaker, throttle, hedge, .. } =
                    table;
                let budget = retries.as_ref().and_then(|at| budget_of(&at.value));
                let adapts = retries.as_ref().is_some_and(|at| at.value.is(ModeSpec::Adaptive));
                let guard = GuardSpec { deadline, pool, bulkhead, breaker, throttle, hedge, budget, adapts };
                let to = Some(to);
                Ok(RequestSpec { to, timeout, connect_timeout, latency, retries, expiration, delay, batch, guard })
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for RequestSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Request".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<RequestTableSpec>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}

impl At<RequestSpec> {
    /// Who is asked; a name alone stands where the whole request stands.
    fn to(&self) -> At<String> {
        let to = self.value.to.clone().unwrap_or_default();
        if to.span == crate::diagnostic::Span::default() { At::new(to.value, self.span) } else { to }
    }
}

/// The requests of a node as written.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests {
    /// Who is called.
    pub calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where is sent.
    pub sends: Option<At<OneOrMany<RequestSpec>>>,
}

impl Requests {
    /// The edges.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let edge = |verb, at: At<RequestSpec>| {
            let RequestSpec { expiration, delay, batch, connect_timeout, timeout, .. } = at.value;
            let batch = batch.map(|at| at.value.together());
            Edge { expiration, delay, batch, connect_timeout, timeout, ..Edge::new(verb, at.to()) }
        };
        let of = |verb, written| all(written).into_iter().map(move |at: At<RequestSpec>| edge(verb, at));
        of(Verb::Calls, self.calls.as_ref()).chain(of(Verb::Sends, self.sends.as_ref())).collect()
    }

    /// The steps, calls first, each with all its parameters; and where requests are counted.
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<(Vec<Step>, Option<RequestCounters>)> {
        let (mut steps, mut metrics) = (Vec::new(), GuardMetrics::default());
        let mut complete = true;
        for (verb, written) in [(Verb::Calls, self.calls), (Verb::Sends, self.sends)] {
            let list = many(written);
            let single = list.len() == 1;
            for (index, at) in list.into_iter().enumerate() {
                let key = if single { verb.word().to_owned() } else { format!("{}[{index}]", verb.word()) };
                match build_step(verb, &key, at, &mut metrics, site) {
                    Some(step) => steps.push(step),
                    None => complete = false,
                }
            }
        }
        let counters = (!steps.is_empty()).then(|| RequestCounters {
            attempts: site.counter("attempts", "requests"),
            timeouts: site.counter("timeouts", "requests"),
            answered: site.counter("answered", "requests"),
        });
        if let Some(RequestCounters { attempts, answered, .. }) = counters {
            site.ratio("attempts_per_answer", "requests", attempts, answered);
        }
        complete.then_some((steps, counters))
    }
}

fn build_step(
    verb: Verb,
    key: &str,
    at: At<RequestSpec>,
    metrics: &mut GuardMetrics,
    outer: &mut NodeSite<'_, '_>,
) -> Option<Step> {
    let (to, span) = (at.to(), at.span);
    let mut endpoint = outer.target(&to)?;
    let kind = outer.kind_of(endpoint.node);
    if kind == "lambda" && verb == Verb::Sends {
        endpoint.port = super::lambda::EVENT;
    }
    let RequestSpec { timeout, connect_timeout, latency, retries, expiration, delay, batch, guard, .. } = at.value;
    let timed_out = outer.loss(LossKind::TimedOut, "no answer in time");
    let mut part = outer.site.part(key, span);
    let mut site = NodeSite {
        site: &mut part,
        read: outer.read,
        plan: outer.plan,
        node: outer.node,
        catalogue: outer.catalogue,
        losses: outer.losses,
        traits: outer.traits,
    };
    let here = to.clone();
    site.site.written("to", to);
    if let Some(at) = expiration.filter(|_| kind != "mq") {
        site.site
            .error(at.span, "S032", "`expiration` has no effect: only messages for a broker have one")
            .hint("leave it out");
    }
    site.site.optional("expiration", expiration);
    super::sqs::check_sender(delay, batch, endpoint.node, &mut site);
    let latency =
        site.latency("latency", latency, request_latency(kind, site.plan.nodes[endpoint.node.index()].is_fifo))?;
    let waits = timeout;
    let timeout = site.site.or_fact("timeout", timeout, &facts::http::SDK_READ_TIMEOUT);
    build_connect_timeout(connect_timeout, endpoint.node, &mut site);
    let call = Edge { connect_timeout, timeout: waits, ..Edge::new(verb, here) };
    check_patience(&call, endpoint.node, &mut site);
    let asked = retries.as_ref().and_then(|at| at.value.attempts);
    let is_legacy = retries.as_ref().is_some_and(|at| at.value.is(ModeSpec::Legacy));
    let heeds = if is_legacy { SimDuration::ZERO } else { facts::http::SDK_RETRY_AFTER_MAX.value.get() };
    let retries = build_retries(verb, retries, &mut site)?;
    let request = RequestTraits {
        to: endpoint.node,
        calls: verb == Verb::Calls,
        timeout: site.placed(waits.as_ref(), timeout.get()),
        attempts: site.placed(asked.as_ref(), retries.failed.attempts),
        pauses: retries.failed.backoff != Backoff::None,
        limits_retries: guard.budget.is_some() || guard.breaker.is_some() || guard.throttle.is_some(),
        hedges_after: guard.hedges_after(),
        judges: guard.judges(),
    };
    site.traits.requests.push(request);
    let guard = guard.build(metrics, &mut site);
    let cancels = site.cancels(endpoint.node);
    let ignores = site.plan.nodes[endpoint.node.index()].ignores_connections;
    let timeout = Some(timeout.get());
    Some(Step { to: endpoint, latency, timeout, retries, heeds, timed_out, cancels, ignores, guard })
}

/// How long a connection is waited for is the business of the callee at whose full queue that happens.
fn build_connect_timeout(written: Option<At<Duration>>, callee: NodeId, site: &mut NodeSite<'_, '_>) {
    if site.plan.nodes[callee.index()].ignores_connections {
        site.site.or_fact("connect_timeout", written, &facts::http::SDK_CONNECT_TIMEOUT);
    } else if let Some(at) = written {
        let message = "`connect_timeout` has no effect: who is called there answers or refuses at once";
        let hint = "only a service with `tcp_abort_on_overflow = false` ignores connections";
        site.site.error(at.span, "S032", message).hint(hint);
    }
}

/// Who ignores a connection knows of a caller for how long it waits, but not in which of its calls.
fn check_patience(call: &Edge, callee: NodeId, site: &mut NodeSite<'_, '_>) {
    let plan = site.plan;
    let mut edges = plan.nodes[site.node.index()].edges.iter();
    let first = edges.find(|edge| edge.verb == call.verb && edge.node() == call.node());
    let differs = first.is_some_and(|first| first.patience() != call.patience());
    if plan.nodes[callee.index()].ignores_connections && differs {
        let span = call.connect_timeout.or(call.timeout).map_or(site.site.span(), |at| at.span);
        let message = format!("two calls of `{}` that wait for a connection for different times", call.node());
        site.site
            .error(span, "S035", message)
            .note("a call waits for a connection until its `connect_timeout`, or its `timeout` if that is shorter")
            .hint("give both calls the same times, or make them from two services");
    }
}

/// How long a request to a node of this kind is under way, there and back.
fn request_latency(kind: &str, is_fifo: bool) -> &'static Fact<facts::Latency> {
    match kind {
        "sqs" if is_fifo => &facts::sqs::FIFO_SEND_LATENCY,
        "sqs" => &facts::sqs::SEND_LATENCY,
        "sns" => &facts::sns::PUBLISH_LATENCY,
        "kinesis" => &facts::kinesis::PUT_RECORD_LATENCY,
        "mq" => &facts::mq::NETWORK_LATENCY,
        "lambda" => &facts::lambda::INVOKE_LATENCY,
        _ => &facts::http::CALL_LATENCY,
    }
}

fn build_retries(verb: Verb, written: Option<At<RetriesSpec>>, site: &mut NodeSite<'_, '_>) -> Option<RetryPolicies> {
    let span = written.as_ref().map_or(site.site.span(), |at| at.span);
    let RetriesSpec { mode, attempts, backoff, base, base_throttled, cap, jitter, .. } =
        written.map(|at| at.value).unwrap_or_default();
    let mut part = site.site.part("retries", span);
    let mode = part.optional("mode", mode);
    let is_legacy = mode == Some(ModeSpec::Legacy);
    let none = attempts.as_ref().filter(|attempts| attempts.value == 0).map(|attempts| attempts.span);
    let attempts = match verb {
        _ if is_legacy => part.or_fact("attempts", attempts, &facts::http::SDK_LEGACY_ATTEMPTS),
        Verb::Calls if mode.is_none() => part.or_default("attempts", attempts, 1, "a plain client does not try again"),
        _ => part.or_fact("attempts", attempts, &facts::http::SDK_ATTEMPTS),
    };
    if let Some(span) = none {
        part.error(span, "S031", "`attempts` counts the first attempt as well, so it is at least 1")
            .hint("write `attempts = 1` for a client that does not try again");
        return None;
    }
    let backoff = part.or_default("backoff", backoff, BackoffSpec::Exponential, "as the AWS SDKs do");
    let usual = if is_legacy { &facts::http::SDK_LEGACY_BACKOFF_BASE } else { &facts::http::SDK_BACKOFF_BASE };
    let base = part.or_fact("base", base, usual).get();
    let throttled = part.or_fact("base_throttled", base_throttled, &facts::http::SDK_BACKOFF_BASE_THROTTLED).get();
    let cap = part.or_fact("cap", cap, &facts::http::SDK_BACKOFF_MAX).get();
    let jitter = build_jitter(jitter, backoff, &mut part);
    let of = |base| policy(attempts, backoff, base, cap, jitter);
    Some(RetryPolicies { failed: of(base), throttled: of(throttled) })
}
