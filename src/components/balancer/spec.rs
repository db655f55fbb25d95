//! What a scenario may say about a load balancer.

use super::targets::{Algorithm, HealthCheck, Targets};
use super::{LoadBalancer, LoadBalancerLosses, LoadBalancerMetrics};
use crate::components::fault::Health;
use crate::components::slab::Slab;
use crate::components::spec::{LatencySpec, OneOrMany, all, many};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::engine::LossKind;
use crate::facts::http;
use crate::site::{At, ToToml};
use crate::units::Duration;
use serde::Deserialize;
use std::collections::VecDeque;

/// What a scenario may say about a load balancer.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LoadBalancerSpec {
    /// The flows of traffic that enter here.
    from: Option<At<OneOrMany<String>>>,
    /// The servers.
    targets: Option<At<OneOrMany<String>>>,
    /// How the server for a request is chosen.
    algorithm: Option<At<AlgorithmSpec>>,
    /// Requests that one server has at most; without it there is no bound.
    max_outstanding: Option<At<u32>>,
    /// Requests that wait while no server has room; more are answered with 503.
    surge_queue: Option<At<u32>>,
    /// How long a server may take to answer before the client gets 504.
    idle_timeout: Option<At<Duration>>,
    /// Round trip between balancer and server.
    latency: Option<At<LatencySpec>>,
    /// How it finds out who is well.
    health_check: Option<At<HealthCheckSpec>>,
}

/// How a server is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum AlgorithmSpec {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest requests.
    LeastOutstandingRequests,
    /// The better of two that are drawn.
    RandomTwoChoices,
    /// Any.
    Random,
}

/// How a balancer finds out who is well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct HealthCheckSpec {
    /// Time between two checks.
    interval: Option<At<Duration>>,
    /// How long a server may take.
    timeout: Option<At<Duration>>,
    /// Good checks in a row until it gets requests again.
    healthy_threshold: Option<At<u32>>,
    /// Bad checks in a row until it gets none.
    unhealthy_threshold: Option<At<u32>>,
    /// With fewer healthy servers, requests go to all.
    minimum_healthy_targets: Option<At<u32>>,
}

impl ToToml for AlgorithmSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::RoundRobin => "round_robin".to_toml(),
            Self::LeastOutstandingRequests => "least_outstanding_requests".to_toml(),
            Self::RandomTwoChoices => "random_two_choices".to_toml(),
            Self::Random => "random".to_toml(),
        }
    }
}

impl NodeSpec for LoadBalancerSpec {
    fn edges(&self) -> Vec<Edge> {
        all(self.targets.as_ref()).into_iter().map(|to| Edge::new(Verb::Targets, to)).collect()
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }
}

impl LoadBalancerSpec {
    /// Resolves what was written; what is wrong with it is reported at the site.
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<LoadBalancer> {
        let Self { from, targets, algorithm, max_outstanding, surge_queue, idle_timeout, latency, health_check } = self;
        site.site.written_all("from", many(from));
        let listed = many(targets);
        if listed.is_empty() {
            let message = format!("`{}` needs `targets`", site.site.path());
            site.site.error(site.site.span(), "S012", message).label("missing here");
        }
        let endpoints = listed.iter().filter_map(|at| site.target(at)).collect();
        site.site.written_all("targets", listed);
        let why = "as Application Load Balancers do";
        let algorithm = site.site.or_default("algorithm", algorithm, AlgorithmSpec::RoundRobin, why);
        if let Some(at) = max_outstanding.as_ref().filter(|at| at.value == 0) {
            site.site
                .error(at.span, "S031", "`max_outstanding` is at least 1: a server without requests serves nobody")
                .hint("leave it out for no bound");
        }
        let bounded = max_outstanding.is_some();
        let why = "no bound, as Application Load Balancers have none";
        let room = site.site.or_default("max_outstanding", max_outstanding, u32::MAX, why);
        if let Some(at) = surge_queue.as_ref().filter(|_| !bounded) {
            site.site
                .error(at.span, "S032", "`surge_queue` has no effect: without `max_outstanding` every server has room")
                .hint("write `max_outstanding` too, or leave the queue out");
        }
        let range = 0..=http::SURGE_QUEUE.value;
        site.site.within("surge_queue", surge_queue.as_ref(), range, &http::SURGE_QUEUE);
        let surge_queue = site.site.or_fact("surge_queue", surge_queue, &http::SURGE_QUEUE);
        let range = Duration::from_secs(1)..=http::ALB_IDLE_TIMEOUT_MAX.value;
        site.site.within("idle_timeout", idle_timeout.as_ref(), range, &http::ALB_IDLE_TIMEOUT_MAX);
        let idle_timeout = site.site.or_fact("idle_timeout", idle_timeout, &http::ALB_IDLE_TIMEOUT).get();
        let latency = site.latency("latency", latency, &http::CALL_LATENCY);
        let (check, check_every) = build_check(health_check, site);
        let losses = LoadBalancerLosses {
            spilled: site.loss(LossKind::Rejected, "503: no server has room, and the surge queue is full"),
            idle: site.loss(LossKind::TimedOut, "504: no answer before the idle timeout"),
            down: site.loss(LossKind::Rejected, "down"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
        };
        let metrics = LoadBalancerMetrics {
            outstanding: site.gauge("outstanding", "requests"),
            surge_queue_length: site.gauge("surge_queue_length", "requests"),
            wait: site.timing("wait"),
            spillover_count: site.counter("spillover_count", "requests"),
            timeouts: site.counter("timeouts", "requests"),
            healthy_host_count: site.gauge("healthy_host_count", "servers"),
        };
        let algorithm = match algorithm {
            AlgorithmSpec::RoundRobin => Algorithm::RoundRobin,
            AlgorithmSpec::LeastOutstandingRequests => Algorithm::LeastOutstanding,
            AlgorithmSpec::RandomTwoChoices => Algorithm::RandomTwoChoices,
            AlgorithmSpec::Random => Algorithm::Random,
        };
        Some(LoadBalancer {
            latency: latency?,
            idle_timeout,
            surge_queue: surge_queue as usize,
            check_every,
            losses,
            metrics,
            targets: Targets::new(endpoints, algorithm, room, check),
            requests: Slab::new(),
            serial: 0,
            waiting: VecDeque::new(),
            health: Health::default(),
        })
    }
}

/// When a server is thought to be ill, and how often that is asked.
fn build_check(
    written: Option<At<HealthCheckSpec>>,
    site: &mut NodeSite<'_, '_>,
) -> (HealthCheck, crate::engine::SimDuration) {
    let span = written.as_ref().map_or(site.site.span(), |at| at.span);
    let mut part = site.site.part("health_check", span);
    let HealthCheckSpec { interval, timeout, healthy_threshold, unhealthy_threshold, minimum_healthy_targets } =
        written.map(|at| at.value).unwrap_or_default();
    let range = http::HEALTH_CHECK_INTERVAL_MIN.value..=http::HEALTH_CHECK_INTERVAL_MAX.value;
    part.within("interval", interval.as_ref(), range, &http::HEALTH_CHECK_INTERVAL_MAX);
    let range = http::HEALTH_CHECK_TIMEOUT_MIN.value..=http::HEALTH_CHECK_TIMEOUT_MAX.value;
    part.within("timeout", timeout.as_ref(), range, &http::HEALTH_CHECK_TIMEOUT_MAX);
    for (key, at) in [("healthy_threshold", &healthy_threshold), ("unhealthy_threshold", &unhealthy_threshold)] {
        let range = http::HEALTH_THRESHOLD_MIN.value..=http::HEALTH_THRESHOLD_MAX.value;
        part.within(key, at.as_ref(), range, &http::HEALTH_THRESHOLD_MAX);
    }
    let check_every = part.or_fact("interval", interval, &http::HEALTH_CHECK_INTERVAL).get();
    let check = HealthCheck {
        timeout: part.or_fact("timeout", timeout, &http::HEALTH_CHECK_TIMEOUT).get(),
        healthy_threshold: part.or_fact("healthy_threshold", healthy_threshold, &http::HEALTHY_THRESHOLD),
        unhealthy_threshold: part.or_fact("unhealthy_threshold", unhealthy_threshold, &http::UNHEALTHY_THRESHOLD),
        minimum_healthy: part.or_fact(
            "minimum_healthy_targets",
            minimum_healthy_targets,
            &http::MINIMUM_HEALTHY_TARGETS,
        ),
    };
    (check, check_every)
}
