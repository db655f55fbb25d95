//! What a scenario may say about a service.

use super::asked::Knocks;
use super::limit::{AdaptiveLimit, LimitParameters};
use super::queue::{AcceptQueue, CoDel, Order};
use super::{Service, ServiceLosses, ServiceMetrics, Shedding, SheddingLosses};
use crate::components::fault::Health;
use crate::components::handler::Handler;
use crate::components::request::{RequestSpec, Requests};
use crate::components::spec::{OneOrMany, all, many};
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::engine::{LossId, LossKind, SimDuration};
use crate::facts::{calls, http};
use crate::site::{At, ToToml};
use crate::units::Duration;
use serde::Deserialize;

/// What a scenario may say about a service.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    /// The flows of traffic that enter here.
    from: Option<At<OneOrMany<String>>>,
    /// Requests handled at once.
    slots: Option<At<u32>>,
    /// Requests that may wait for a slot; more are refused.
    accept_queue: Option<At<u32>>,
    /// Which of the waiting requests is served next.
    queue_order: Option<At<OrderSpec>>,
    /// Controlled delay: how long a request may wait before it is turned away at its turn.
    codel: Option<At<CoDelSpec>>,
    /// Flows, the most important first: these are served first, and displace others from a full queue.
    priorities: Option<At<OneOrMany<String>>>,
    /// What happens to requests whose caller has left.
    expired: Option<At<ExpiredSpec>>,
    /// A limit on the requests inside that adapts itself to how long answers take.
    adaptive_limit: Option<At<AdaptiveLimitSpec>>,
    /// The service's own time for each request that it turns away.
    rejection_work: Option<At<Duration>>,
    /// How long callers are told to wait that are turned away; a client that knows the header waits so much longer.
    retry_after: Option<At<Duration>>,
    /// Whether a connection that finds the accept queue full is refused. If not, it is ignored: the client tries again
    /// after 1, 3, 7 s, until its `connect_timeout`.
    tcp_abort_on_overflow: Option<At<bool>>,
    /// The service's own work on each request.
    work: Option<At<String>>,
    /// Who is called for each request, one after the other; the slot is held meanwhile.
    calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where each request is handed over after that.
    sends: Option<At<OneOrMany<RequestSpec>>>,
}

/// Who is served next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderSpec {
    /// Who has waited longest.
    Fifo,
    /// Who came last.
    Lifo,
    /// Who has waited longest; who came last, once the queue has not been empty for a while.
    AdaptiveLifo,
}

/// What happens to requests whose caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ExpiredSpec {
    /// They are served like all others: work for nobody.
    Served,
    /// They are dropped when their turn comes, and nothing more is asked on their behalf.
    Dropped,
    /// The same, and work on them stops as soon as the caller has left: the slot is free for another.
    Cancelled,
}

/// Controlled delay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CoDelSpec {
    /// How long a request may wait once the queue has not been empty for the interval.
    target: Option<At<Duration>>,
    /// How long a queue may be in use before that; until then, how long a request may wait.
    interval: Option<At<Duration>>,
}

/// A limit that adapts itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AdaptiveLimitSpec {
    /// Where it begins.
    initial: Option<At<u32>>,
    /// The lowest it comes to.
    min: Option<At<u32>>,
    /// The highest it comes to.
    max: Option<At<u32>>,
    /// Which part of a new limit counts at once.
    smoothing: Option<At<f64>>,
    /// How many times as long as usual answers may take.
    tolerance: Option<At<f64>>,
    /// Answers over which it knows what is usual.
    long_window: Option<At<u32>>,
}

impl ToToml for OrderSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Fifo => "fifo".to_toml(),
            Self::Lifo => "lifo".to_toml(),
            Self::AdaptiveLifo => "adaptive_lifo".to_toml(),
        }
    }
}

impl ToToml for ExpiredSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Served => "served".to_toml(),
            Self::Dropped => "dropped".to_toml(),
            Self::Cancelled => "cancelled".to_toml(),
        }
    }
}

impl NodeSpec for ServiceSpec {
    fn edges(&self) -> Vec<Edge> {
        Requests { calls: self.calls.clone(), sends: self.sends.clone() }.edges()
    }

    fn cancels(&self) -> bool {
        self.expired.as_ref().is_some_and(|at| at.value == ExpiredSpec::Cancelled)
    }

    fn ignores_connections(&self) -> bool {
        self.tcp_abort_on_overflow.as_ref().is_some_and(|at| !at.value)
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }
}

impl ServiceSpec {
    /// Resolves what was written; what is wrong with it is reported at the site.
    pub(super) fn build(mut self, site: &mut NodeSite<'_, '_>) -> Option<Service> {
        site.site.written_all("from", many(self.from.take()));
        let empty = self.slots.as_ref().filter(|slots| slots.value == 0).map(|slots| slots.span);
        if let Some(span) = empty {
            site.site
                .error(span, "S031", "a service without slots serves nobody")
                .hint("give it at least one slot; to take it away for a while, write a `[[fault]]` of kind `down`");
        }
        let (servers, room) = (self.slots, self.accept_queue);
        let order = self.queue_order.as_ref().map_or(OrderSpec::Fifo, |at| at.value);
        let keeps_late = order == OrderSpec::Fifo
            && self.codel.is_none()
            && self.adaptive_limit.is_none()
            && self.expired.as_ref().is_none_or(|at| at.value == ExpiredSpec::Served);
        let slots = site.site.or_fact("slots", self.slots.take(), &http::TOMCAT_MAX_THREADS);
        let accept_queue = site.site.or_fact("accept_queue", self.accept_queue.take(), &http::TOMCAT_ACCEPT_COUNT);
        let drops = self.expired.as_ref().is_some_and(|at| at.value != ExpiredSpec::Served);
        let pays = self.rejection_work.is_some_and(|at| at.value > Duration::ZERO);
        let sheds = drops || pays || self.codel.is_some() || self.priorities.is_some() || self.adaptive_limit.is_some();
        let waiting = self.build_queue(site);
        let work = site.work("work", self.work.take());
        let requests = Requests { calls: self.calls.take(), sends: self.sends.take() }.build(site);
        let losses = ServiceLosses {
            queue_full: site.loss(LossKind::Rejected, "accept queue full"),
            down: site.loss(LossKind::Rejected, "down"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
        };
        site.says_nothing(losses.down);
        let metrics = ServiceMetrics {
            busy: site.gauge_of("busy", "slots", slots.into()),
            waiting: site.gauge("waiting", "requests"),
            wait: site.timing("wait"),
            served: site.counter("served", "requests"),
            busy_time: site.counter("busy_time", "s"),
            work_time: site.counter("work_time", "s"),
            ghost_time: site.counter("ghost_time", "s"),
        };
        let shedding = self.build_shedding(sheds, losses.queue_full, site);
        let knocks = self.build_knocks(site);
        let retry_after = site.site.optional("retry_after", self.retry_after.take());
        site.ask_to_wait(retry_after.map_or(SimDuration::ZERO, Duration::get), losses.down);
        let ((steps, counters), work) = (requests?, work?);
        site.traits.servers = Some(site.placed(servers.as_ref(), slots));
        site.traits.accepts = keeps_late.then(|| site.placed(room.as_ref(), accept_queue));
        site.traits.work = work;
        let mut handler = Handler::new(work, steps, counters);
        if let Some(shedding) = shedding.as_ref().filter(|shedding| shedding.drops_expired) {
            handler.gives_up_with_the_caller(shedding.losses.caller_left);
        }
        Some(Service {
            slots: slots as usize,
            accept_queue: accept_queue as usize,
            losses,
            metrics,
            handler,
            waiting,
            health: Health::default(),
            shedding,
            knocks,
            standstill: None,
        })
    }

    /// What happens at a full queue, if a connection is not refused there.
    fn build_knocks(&mut self, site: &mut NodeSite<'_, '_>) -> Option<Box<Knocks>> {
        let ignores = self.ignores_connections();
        // Without a word it is refused, so that a full queue shows at once as what it is.
        site.site.optional("tcp_abort_on_overflow", self.tcp_abort_on_overflow.take());
        if !ignores {
            return None;
        }
        let mut patience: Vec<_> =
            site.incoming(Verb::Calls).iter().map(|&(node, edge)| (node, edge.patience())).collect();
        let balancers = site.incoming(Verb::Targets);
        patience.extend(balancers.iter().map(|&(node, _)| (node, http::ALB_CONNECT_TIMEOUT.value.get())));
        let timed_out = site.loss(LossKind::TimedOut, "no connection: the accept queue was full");
        site.says_nothing(timed_out);
        Some(Box::new(Knocks {
            first: http::CONNECT_FIRST_RETRY.value.get(),
            retries: u8::try_from(http::CONNECT_RETRIES.value).unwrap_or(u8::MAX),
            patience,
            others: http::SDK_CONNECT_TIMEOUT.value.get(),
            ignored: site.counter("ignored_connections", "packets"),
            timed_out,
        }))
    }

    fn build_queue(&mut self, site: &mut NodeSite<'_, '_>) -> AcceptQueue {
        let classes = self.build_priorities(site);
        let why = "as servers do";
        let order = site.site.or_default("queue_order", self.queue_order.take(), OrderSpec::Fifo, why);
        let order = match order {
            OrderSpec::Fifo => Order::Fifo,
            OrderSpec::Lifo => Order::Lifo,
            OrderSpec::AdaptiveLifo => Order::AdaptiveLifo,
        };
        let codel = self.codel.map(|at| {
            let mut part = site.site.part("codel", at.span);
            let target = part.or_fact("target", at.value.target, &calls::CODEL_TARGET).get();
            let interval = part.or_fact("interval", at.value.interval, &calls::CODEL_INTERVAL).get();
            CoDel { target, interval }
        });
        let interval = codel.map_or(calls::CODEL_INTERVAL.value.get(), |codel| codel.interval);
        if order == Order::Fifo && codel.is_none() && classes.is_empty() {
            return AcceptQueue::plain();
        }
        AcceptQueue::ruled(order, interval, codel, classes)
    }

    /// The class of each flow; none if all are alike.
    fn build_priorities(&mut self, site: &mut NodeSite<'_, '_>) -> Vec<usize> {
        let listed = many(self.priorities.take());
        let mut classes = vec![listed.len(); if listed.is_empty() { 0 } else { site.plan.flows.len() }];
        for (class, at) in listed.iter().enumerate() {
            let Some(flow) = site.plan.flows.iter().position(|flow| *flow == at.value) else {
                let nearest = crate::diagnostic::nearest(&at.value, site.plan.flows.iter().map(String::as_str));
                let flows = site.plan.flows.join(", ");
                site.site
                    .error(at.span, "S020", format!("there is no flow `{}`", at.value))
                    .note(format!("flows: {flows}"))
                    .did_you_mean(nearest);
                continue;
            };
            classes[flow] = class;
        }
        site.site.written_all("priorities", listed);
        classes
    }

    /// What is shed; nothing if the scenario says nothing of it, and no balancer checks the service.
    fn build_shedding(&mut self, sheds: bool, full: LossId, site: &mut NodeSite<'_, '_>) -> Option<Box<Shedding>> {
        let why = "a server does not notice that its caller has left";
        let expired = site.site.or_default("expired", self.expired.take(), ExpiredSpec::Served, why);
        let rejection = site.site.or_fact("rejection_work", self.rejection_work.take(), &calls::REJECTION_WORK);
        if !sheds {
            let losses = SheddingLosses { caller_left: full, too_late: full, displaced: full, limited: full };
            return (!site.incoming(Verb::Targets).is_empty()).then(|| {
                let (rejection_work, dropped) = (SimDuration::ZERO, None);
                Box::new(Shedding {
                    drops_expired: false,
                    cancels: false,
                    rejection_work,
                    limit: None,
                    losses,
                    dropped,
                })
            });
        }
        let losses = SheddingLosses {
            caller_left: site.loss(LossKind::TimedOut, "its caller had left"),
            too_late: site.loss(LossKind::Rejected, "waited too long in the accept queue"),
            displaced: site.loss(LossKind::Rejected, "displaced by a more important request"),
            limited: site.loss(LossKind::Rejected, "over the adaptive limit"),
        };
        let limit = self.adaptive_limit.take().map(|at| build_limit(at, site));
        Some(Box::new(Shedding {
            drops_expired: expired != ExpiredSpec::Served,
            cancels: expired == ExpiredSpec::Cancelled,
            rejection_work: rejection.get(),
            limit,
            losses,
            dropped: Some(site.counter("dropped_at_their_turn", "requests")),
        }))
    }
}

fn build_limit(at: At<AdaptiveLimitSpec>, site: &mut NodeSite<'_, '_>) -> (AdaptiveLimit, crate::metrics::GaugeId) {
    let gauge = site.gauge("adaptive_limit", "requests");
    let AdaptiveLimitSpec { initial, min, max, smoothing, tolerance, long_window } = at.value;
    let mut part = site.site.part("adaptive_limit", at.span);
    for (key, at) in [("smoothing", smoothing), ("tolerance", tolerance)] {
        let most = if key == "smoothing" { 1.0 } else { 1e6 };
        if let Some(at) = at.filter(|at| !(at.value > 0.0 && at.value <= most)) {
            part.error(at.span, "S031", format!("`{key}` lies above 0 and is at most {most}"))
                .hint("leave it out for the usual one");
        }
    }
    for (key, at) in [("initial", initial), ("min", min), ("max", max), ("long_window", long_window)] {
        if let Some(at) = at.filter(|at| at.value == 0) {
            part.error(at.span, "S031", format!("`{key}` is at least 1")).hint("leave it out for the usual one");
        }
    }
    let parameters = LimitParameters {
        initial: part.or_fact("initial", initial, &calls::ADAPTIVE_INITIAL),
        min: part.or_fact("min", min, &calls::ADAPTIVE_MIN),
        max: part.or_fact("max", max, &calls::ADAPTIVE_MAX),
        smoothing: part.or_fact("smoothing", smoothing, &calls::ADAPTIVE_SMOOTHING),
        tolerance: part.or_fact("tolerance", tolerance, &calls::ADAPTIVE_TOLERANCE),
        long_window: part.or_fact("long_window", long_window, &calls::ADAPTIVE_LONG_WINDOW),
    };
    (AdaptiveLimit::new(parameters), gauge)
}
