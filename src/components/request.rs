//! `calls` and `sends` as they are written, and how they become the steps of a handler.

use super::edge::{Edge, Verb};
use super::guard::spec::{
    BreakerSpec, BudgetSpec, BulkheadSpec, GuardMetrics, GuardSpec, HedgeSpec, PoolSpec, ThrottleSpec,
};
use super::handler::{RequestCounters, Step};
use super::retry::{Backoff, Jitter, RetryPolicies, RetryPolicy};
use super::site::NodeSite;
use super::spec::{LatencySpec, OneOrMany, all, many};
use super::sqs::BatchSpec;
use super::traits::RequestTraits;
use crate::engine::{LossKind, SimDuration};
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
    /// How long an attempt waits for its answer.
    timeout: Option<At<Duration>>,
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

/// The shape of the pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BackoffSpec {
    /// At once.
    None,
    /// Always the same.
    Fixed,
    /// Doubled each time.
    Exponential,
}

/// What chance does to a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum JitterSpec {
    /// Nothing.
    None,
    /// Anything between nothing and the pause.
    Full,
    /// Half of it is kept.
    Equal,
    /// Between the base and three times the last pause.
    Decorrelated,
}

impl ToToml for BackoffSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::None => "none",
            Self::Fixed => "fixed",
            Self::Exponential => "exponential",
        };
        word.to_toml()
    }
}

impl ToToml for JitterSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Equal => "equal",
            Self::Decorrelated => "decorrelated",
        };
        word.to_toml()
    }
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
                let RequestTableSpec { deadline, pool, bulkhead, breaker, throttle, hedge, .. } = table;
                let budget = retries.as_ref().and_then(|at| at.value.budget);
                let guard = GuardSpec { deadline, pool, bulkhead, breaker, throttle, hedge, budget };
                Ok(RequestSpec { to: Some(to), timeout, latency, retries, expiration, delay, batch, guard })
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
            let RequestSpec { expiration, delay, batch, .. } = at.value;
            Edge { expiration, delay, batch: batch.map(|at| at.value.together()), ..Edge::new(verb, at.to()) }
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
    let RequestSpec { timeout, latency, retries, expiration, delay, batch, guard, .. } = at.value;
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
    let asked = retries.as_ref().and_then(|at| at.value.attempts);
    let retries = build_retries(verb, retries, &mut site)?;
    let request = RequestTraits {
        to: endpoint.node,
        calls: verb == Verb::Calls,
        timeout: site.placed(waits.as_ref(), timeout.get()),
        attempts: site.placed(asked.as_ref(), retries.failed.attempts),
        pauses: retries.failed.backoff != Backoff::None,
        limits_retries: guard.budget.is_some() || guard.breaker.is_some() || guard.throttle.is_some(),
    };
    site.traits.requests.push(request);
    let guard = guard.build(metrics, &mut site);
    Some(Step { to: endpoint, latency, timeout: Some(timeout.get()), retries, timed_out, guard })
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
    let RetriesSpec { attempts, backoff, base, base_throttled, cap, jitter, .. } =
        written.map(|at| at.value).unwrap_or_default();
    let mut part = site.site.part("retries", span);
    let none = attempts.as_ref().filter(|attempts| attempts.value == 0).map(|attempts| attempts.span);
    let attempts = match verb {
        Verb::Calls => part.or_default("attempts", attempts, 1, "a plain client does not try again"),
        _ => part.or_fact("attempts", attempts, &facts::http::SDK_ATTEMPTS),
    };
    if let Some(span) = none {
        part.error(span, "S031", "`attempts` counts the first attempt as well, so it is at least 1")
            .hint("write `attempts = 1` for a client that does not try again");
        return None;
    }
    let backoff = part.or_default("backoff", backoff, BackoffSpec::Exponential, "as the AWS SDKs do");
    let base = part.or_fact("base", base, &facts::http::SDK_BACKOFF_BASE).get();
    let throttled = part.or_fact("base_throttled", base_throttled, &facts::http::SDK_BACKOFF_BASE_THROTTLED).get();
    let cap = part.or_fact("cap", cap, &facts::http::SDK_BACKOFF_MAX).get();
    let jitter = part.or_default("jitter", jitter, JitterSpec::Full, "as the AWS SDKs do");
    let of = |base| policy(attempts, backoff, base, cap, jitter);
    Some(RetryPolicies { failed: of(base), throttled: of(throttled) })
}

/// How attempts are paced.
pub(super) const fn policy(
    attempts: u32,
    backoff: BackoffSpec,
    base: SimDuration,
    cap: SimDuration,
    jitter: JitterSpec,
) -> RetryPolicy {
    let backoff = match backoff {
        BackoffSpec::None => Backoff::None,
        BackoffSpec::Fixed => Backoff::Fixed(base),
        BackoffSpec::Exponential => Backoff::Exponential { base, cap },
    };
    let jitter = match jitter {
        JitterSpec::None => Jitter::None,
        JitterSpec::Full => Jitter::Full,
        JitterSpec::Equal => Jitter::Equal,
        JitterSpec::Decorrelated => Jitter::Decorrelated,
    };
    RetryPolicy { attempts, backoff, jitter }
}
