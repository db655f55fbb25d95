//! What a scenario may say about a load balancer.

use super::health_spec::HealthCheckSpec;
use super::leaving::{Absence, Line};
use super::targets::{Algorithm, Server, Targets};
use super::weights::{Mitigation, Weights};
use super::{LoadBalancer, LoadBalancerLosses, LoadBalancerMetrics};
use crate::components::fault::Health;
use crate::components::slab::Slab;
use crate::components::spec::{LatencySpec, OneOrMany, all, many, words};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::diagnostic::nearest;
use crate::engine::{LossKind, SimDuration, SimTime};
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
    /// How long a server that comes gets a growing share of the requests; 0s is off.
    slow_start: Option<At<Duration>>,
    /// How long a server that is taken out may go on with what it has.
    deregistration_delay: Option<At<Duration>>,
    /// `weighted_random`: whether a server gets less that answers with far more errors than the others.
    anomaly_mitigation: Option<At<SwitchSpec>>,
    /// Servers that are taken out, and when.
    deregister: Option<At<OneOrMany<AbsenceSpec>>>,
}

/// A server that is taken out: it gets no more requests, and finishes what it has.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AbsenceSpec {
    /// Which server.
    target: Option<At<String>>,
    /// When.
    from: Option<At<Duration>>,
    /// When it is registered again; without it, never.
    to: Option<At<Duration>>,
}

words! {
    /// On or off, in the service's words.
    SwitchSpec {
        /// It does.
        On = "on",
        /// It does not.
        Off = "off",
    }
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
    /// Any, by weights that `anomaly_mitigation` changes.
    WeightedRandom,
}

impl ToToml for AlgorithmSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::RoundRobin => "round_robin".to_toml(),
            Self::LeastOutstandingRequests => "least_outstanding_requests".to_toml(),
            Self::RandomTwoChoices => "random_two_choices".to_toml(),
            Self::Random => "random".to_toml(),
            Self::WeightedRandom => "weighted_random".to_toml(),
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
    pub(super) fn build(mut self, site: &mut NodeSite<'_, '_>) -> Option<LoadBalancer> {
        site.site.written_all("from", many(self.from.take()));
        let listed = many(self.targets.take());
        if listed.is_empty() {
            let message = format!("`{}` needs `targets`", site.site.path());
            site.site.error(site.site.span(), "S012", message).label("missing here");
        }
        for (index, at) in listed.iter().enumerate() {
            if listed[..index].iter().any(|other| other.value == at.value) {
                site.site
                    .error(at.span, "S015", format!("`{}` is listed twice", at.value))
                    .note("a target is registered once; a second time changes nothing")
                    .hint("leave it out, or write another server like it as a node of its own");
            }
        }
        let servers: Vec<Server> = listed.iter().filter_map(|at| server(at, site)).collect();
        let names = site.site.written_all("targets", listed);
        let why = "as Application Load Balancers do";
        let algorithm = site.site.or_default("algorithm", self.algorithm, AlgorithmSpec::RoundRobin, why);
        let (room, surge_queue) = self.build_queue(site);
        let range = Duration::from_secs(1)..=http::ALB_IDLE_TIMEOUT_MAX.value;
        site.site.within("idle_timeout", self.idle_timeout.as_ref(), range, &http::ALB_IDLE_TIMEOUT_MAX);
        let idle_timeout = site.site.or_fact("idle_timeout", self.idle_timeout, &http::ALB_IDLE_TIMEOUT).get();
        let latency = site.latency("latency", self.latency.take(), &http::CALL_LATENCY);
        let (check, [check_every, check_timeout]) = HealthCheckSpec::build(self.health_check, servers.len(), site);
        let slow_start = self.build_slow_start(algorithm, site);
        let weights = self.build_weights(algorithm, servers.len(), site);
        let range = Duration::ZERO..=http::DEREGISTRATION_DELAY_MAX.value;
        let delay = self.deregistration_delay;
        site.site.within("deregistration_delay", delay.as_ref(), range, &http::DEREGISTRATION_DELAY_MAX);
        let delay = site.site.or_fact("deregistration_delay", delay, &http::DEREGISTRATION_DELAY).get();
        let absences = build_absences(self.deregister, &names, site);
        let mut targets = Targets::new(&servers, algorithm.into(), room, check);
        targets.start_slowly(slow_start);
        let look_every = weights.as_ref().map(|(every, _)| *every);
        if let Some((_, weights)) = weights {
            targets.weigh(weights);
        }
        Some(LoadBalancer {
            latency: latency?,
            idle_timeout,
            surge_queue: surge_queue as usize,
            check_every,
            check_timeout,
            look_every,
            deregistration_delay: delay,
            absences: absences?,
            losses: losses(site),
            metrics: metrics(site),
            targets,
            requests: Slab::new(),
            line: Line::default(),
            serial: 0,
            round: 0,
            waiting: VecDeque::new(),
            health: Health::default(),
        })
    }

    /// Requests that one server has at most, and that wait then.
    fn build_queue(&self, site: &mut NodeSite<'_, '_>) -> (u32, u32) {
        let Self { max_outstanding, surge_queue, .. } = *self;
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
        (room, site.site.or_fact("surge_queue", surge_queue, &http::SURGE_QUEUE))
    }

    fn build_slow_start(&self, algorithm: AlgorithmSpec, site: &mut NodeSite<'_, '_>) -> SimDuration {
        if let Some(at) = self.slow_start.as_ref().filter(|at| at.value > Duration::ZERO) {
            let (least, most) = (&http::SLOW_START_MIN, &http::SLOW_START_MAX);
            site.site.within("slow_start", Some(at), least.value..=most.value, &(least, most));
            if algorithm != AlgorithmSpec::RoundRobin {
                let message = "`slow_start` has no effect: only servers that are asked in turn can begin slowly";
                site.site.error(at.span, "S032", message).hint("write `algorithm = \"round_robin\"`, or leave it out");
            }
        }
        site.site.or_fact("slow_start", self.slow_start, &http::SLOW_START).get()
    }

    /// The weights of so many servers, and how often they are looked at; none if they stay as they are.
    fn build_weights(
        &self,
        algorithm: AlgorithmSpec,
        count: usize,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<(SimDuration, Weights)> {
        let written = self.anomaly_mitigation;
        let is_on = written.is_some_and(|at| at.value == SwitchSpec::On);
        if let Some(at) = written.filter(|_| is_on && algorithm != AlgorithmSpec::WeightedRandom) {
            site.site
                .error(at.span, "S032", "`anomaly_mitigation` has no effect: it changes weights, and there are none")
                .hint("write `algorithm = \"weighted_random\"`, or leave it out");
        }
        let why = "as Application Load Balancers do unless they are told to";
        site.site.or_default("anomaly_mitigation", written, SwitchSpec::Off, why);
        let mitigation = Mitigation {
            every: http::ANOMALY_LOOK.value.get(),
            healthy_min: http::ANOMALY_TARGETS_MIN.value,
            part_max: http::ANOMALY_PART_MAX.value.get(),
            ratio: http::ANOMALY_RATIO.value,
            errors_min: http::ANOMALY_ERRORS_MIN.value.get(),
            cut: http::ANOMALY_CUT.value.get(),
            floor: http::ANOMALY_FLOOR.value.get(),
            recovery: http::ANOMALY_RECOVERY.value.get(),
        };
        is_on.then(|| (mitigation.every, Weights::new(count, mitigation)))
    }
}

impl From<AlgorithmSpec> for Algorithm {
    fn from(written: AlgorithmSpec) -> Self {
        match written {
            AlgorithmSpec::RoundRobin => Self::RoundRobin,
            AlgorithmSpec::LeastOutstandingRequests => Self::LeastOutstanding,
            AlgorithmSpec::RandomTwoChoices => Self::RandomTwoChoices,
            AlgorithmSpec::Random => Self::Random,
            AlgorithmSpec::WeightedRandom => Self::WeightedRandom,
        }
    }
}

/// A server by its name.
fn server(at: &At<String>, site: &NodeSite<'_, '_>) -> Option<Server> {
    let endpoint = site.target(at)?;
    let is_checked = site.kind_of(endpoint.node) != "lambda";
    let ignores = site.plan.nodes[endpoint.node.index()].ignores_connections;
    Some(Server { endpoint, is_checked, cancels: site.cancels(endpoint.node), ignores })
}

fn losses(site: &mut NodeSite<'_, '_>) -> LoadBalancerLosses {
    LoadBalancerLosses {
        spilled: site.loss(LossKind::Rejected, "503: no server has room, and the surge queue is full"),
        nobody: site.loss(LossKind::Rejected, "503: no server is registered"),
        idle: site.loss(LossKind::TimedOut, "504: no answer before the idle timeout"),
        cut: site.loss(LossKind::Rejected, "502: the deregistration delay of the server is over"),
        closed: site.loss(LossKind::TimedOut, "460: the client closed the connection before the answer"),
        down: site.loss(LossKind::Rejected, "down"),
        failing: site.loss(LossKind::Rejected, "answered with an error"),
    }
}

fn metrics(site: &mut NodeSite<'_, '_>) -> LoadBalancerMetrics {
    LoadBalancerMetrics {
        outstanding: site.gauge("outstanding", "requests"),
        surge_queue_length: site.gauge("surge_queue_length", "requests"),
        wait: site.timing("wait"),
        spillover_count: site.counter("spillover_count", "requests"),
        timeouts: site.counter("timeouts", "requests"),
        answered_460: site.counter("answered_460", "requests"),
        answered_502: site.counter("answered_502", "requests"),
        answered_503: site.counter("answered_503", "requests"),
        answered_504: site.counter("answered_504", "requests"),
        healthy_host_count: site.gauge("healthy_host_count", "servers"),
        failed_checks: site.counter("failed_health_checks", "checks"),
    }
}

/// When which server is taken out; `names` are those of all servers.
fn build_absences(
    written: Option<At<OneOrMany<AbsenceSpec>>>,
    names: &[String],
    site: &mut NodeSite<'_, '_>,
) -> Option<Vec<Absence>> {
    let list = many(written);
    let single = list.len() == 1;
    let mut absences = Some(Vec::new());
    for (index, at) in list.into_iter().enumerate() {
        let key = if single { "deregister".to_owned() } else { format!("deregister[{index}]") };
        let mut part = site.site.part(&key, at.span);
        let AbsenceSpec { target, from, to } = at.value;
        let named = target.as_ref().map(|at| at.span);
        let end = to.as_ref().map(|at| at.span);
        let begin = from.as_ref().map(|at| at.span);
        let target = part.required("target", target);
        let from = part.required("from", from);
        let to = part.optional("to", to);
        let place = target.as_ref().and_then(|target| names.iter().position(|name| name == target));
        if let (Some(target), Some(span), None) = (&target, named, place) {
            part.error(span, "S020", format!("`{target}` is no target of this balancer"))
                .note(format!("targets: {}", names.join(", ")))
                .did_you_mean(nearest(target, names.iter().map(String::as_str)));
        }
        if let (Some(from), Some(to), Some(span)) = (from, to, end)
            && to <= from
        {
            part.error(span, "S031", "the server comes back before it is taken out")
                .label(format!("must be after {from}"));
            return None;
        }
        let time = |at: Duration| SimTime::ZERO + at.get();
        let absence = place.zip(from).map(|(target, from)| Absence { target, from: time(from), to: to.map(time) });
        if let Some(absence) = absence
            && absences.iter().flatten().any(|other: &Absence| other.meets(&absence))
        {
            part.error(at.span, "S035", format!("two absences of `{}` at the same time", names[absence.target]))
                .hint("write one, from when it is taken out first to when it is registered for good");
            return None;
        }
        if let (Some(absence), Some(span)) = (absence, begin) {
            site.traits.moments.extend(absence.moments(&names[absence.target], span, end));
        }
        absences = absences.zip(absence).map(|(mut all, absence)| {
            all.push(absence);
            all
        });
    }
    absences
}
