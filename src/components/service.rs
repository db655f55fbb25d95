//! A synchronous server: slots that each handle one request at a time, and a bounded queue before them.
//!
//! ```text
//!  Arrive ──▶ accept queue ──▶ slot: work, then calls and sends ──▶ answer
//!     │ full                     │ the caller left meanwhile
//!     ▼                          ▼
//!  refused                     ghost work
//! ```
//! Facts: `http.*`. A timeout of the caller does not free the slot: the work goes on and is counted as ghost work.

use super::context::Ctx;
use super::fault::{FaultKind, Health};
use super::handler::{Ended, Handler, HandlerAlarm};
use super::request::{RequestSpec, Requests};
use super::site::NodeSite;
use super::spec::{OneOrMany, all, many};
use super::{Component, Edge, NodeSpec, Verb};
use crate::engine::{LossId, LossKind, MsgId, Signal, SimDuration, SimTime};
use crate::facts::http;
use crate::metrics::{CounterId, GaugeId, TimingId};
use crate::site::At;
use serde::Deserialize;
use std::collections::VecDeque;

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
    /// The service's own work on each request.
    work: Option<At<String>>,
    /// Who is called for each request, one after the other; the slot is held meanwhile.
    calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where each request is handed over after that.
    sends: Option<At<OneOrMany<RequestSpec>>>,
}

impl NodeSpec for ServiceSpec {
    fn edges(&self) -> Vec<Edge> {
        Requests { calls: self.calls.clone(), sends: self.sends.clone() }.edges()
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }
}

/// A server while it runs.
#[derive(Debug, Clone)]
pub struct Service {
    /// Requests handled at once -- parameter.
    slots: usize,
    /// Requests that may wait for a slot -- parameter.
    accept_queue: usize,
    losses: ServiceLosses,
    metrics: ServiceMetrics,
    /// What is done with a request, and the requests in the slots -- parameter and state.
    handler: Handler,
    /// Requests waiting for a slot, oldest first, and since when -- state.
    waiting: VecDeque<(MsgId, SimTime)>,
    /// What is wrong with it -- state.
    health: Health,
}

/// Why a server turns a request away.
#[derive(Debug, Clone, Copy)]
struct ServiceLosses {
    /// Its accept queue is full.
    queue_full: LossId,
    /// It is down.
    down: LossId,
    /// A fault makes it answer with an error.
    failing: LossId,
}

/// What a server counts.
#[derive(Debug, Clone, Copy)]
struct ServiceMetrics {
    /// Slots in use.
    busy: GaugeId,
    /// Requests waiting for a slot.
    waiting: GaugeId,
    /// How long requests waited that got a slot; nothing for those that found one free.
    wait: TimingId,
    /// Requests served to the end.
    served: CounterId,
    /// Slot time spent on requests.
    busy_time: CounterId,
    /// Of it, the service's own work: without the time that a slot waited for others.
    work_time: CounterId,
    /// Own work on requests whose caller, or the caller's caller, had left before the end.
    ghost_time: CounterId,
}

impl Component for Service {
    const KIND: &'static str = "service";
    const ABOUT: &'static str = "a synchronous server: slots, a bounded accept queue, work, calls to others";
    const NOUN: &'static str = "a service";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Subscribers];
    type Spec = ServiceSpec;
    type Alarm = HandlerAlarm;

    fn build(spec: ServiceSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        let ServiceSpec { from, slots, accept_queue, work, calls, sends } = spec;
        for flow in many(from) {
            site.site.written("from", flow);
        }
        let empty = slots.as_ref().filter(|slots| slots.value == 0).map(|slots| slots.span);
        if let Some(span) = empty {
            site.site
                .error(span, "S031", "a service without slots serves nobody")
                .hint("give it at least one slot; to take it away for a while, write a `[[fault]]` of kind `down`");
        }
        let servers = slots;
        let slots = site.site.or_fact("slots", slots, &http::TOMCAT_MAX_THREADS);
        let accept_queue = site.site.or_fact("accept_queue", accept_queue, &http::TOMCAT_ACCEPT_COUNT);
        let work = site.work("work", work);
        let requests = Requests { calls, sends }.build(site);
        let losses = ServiceLosses {
            queue_full: site.loss(LossKind::Rejected, "accept queue full"),
            down: site.loss(LossKind::Rejected, "down"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
        };
        let metrics = ServiceMetrics {
            busy: site.gauge_of("busy", "slots", slots.into()),
            waiting: site.gauge("waiting", "requests"),
            wait: site.timing("wait"),
            served: site.counter("served", "requests"),
            busy_time: site.counter("busy_time", "s"),
            work_time: site.counter("work_time", "s"),
            ghost_time: site.counter("ghost_time", "s"),
        };
        let ((steps, counters), work) = (requests?, work?);
        site.traits.servers = Some(site.placed(servers.as_ref(), slots));
        site.traits.work = work;
        Some(Self {
            slots: slots as usize,
            accept_queue: accept_queue as usize,
            losses,
            metrics,
            handler: Handler::new(work, steps, counters),
            waiting: VecDeque::new(),
            health: Health::default(),
        })
    }

    #[inline(always)]
    fn on(&mut self, signal: &Signal, cx: &mut Ctx<'_, HandlerAlarm>) {
        match *signal {
            Signal::Arrive { msg, .. } => self.admit(msg, cx),
            Signal::Reply { task, attempt, loss } => {
                if let Some(ended) = self.handler.on_reply(task, attempt, loss, cx) {
                    self.finish(ended, cx);
                }
            }
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Receive { .. }
            | Signal::Pull { .. }
            | Signal::Empty { .. }
            | Signal::Settle { .. }
            | Signal::Hangup { .. }
            | Signal::Measure { .. }
            | Signal::Measured { .. } => unreachable!("edges of these verbs do not lead to a service"),
        }
    }

    #[inline(always)]
    fn on_alarm(&mut self, alarm: HandlerAlarm, cx: &mut Ctx<'_, HandlerAlarm>) {
        if let HandlerAlarm::Timeout { step } = alarm {
            while let Some(ended) = self.handler.on_timeout(step, cx) {
                self.finish(ended, cx);
            }
        } else if let Some(ended) = self.handler.on_alarm(alarm, cx) {
            self.finish_here(ended, cx);
        }
    }

    fn holding(&self) -> u64 {
        (self.waiting.len() + self.handler.busy()) as u64
    }
}

impl Service {
    #[inline(always)]
    fn admit(&mut self, msg: MsgId, cx: &mut Ctx<'_, HandlerAlarm>) {
        if self.health.is_down() {
            cx.refuse(msg, self.losses.down);
        } else if self.handler.busy() < self.slots {
            self.begin(msg, cx);
        } else if self.waiting.len() < self.accept_queue {
            self.waiting.push_back((msg, cx.now()));
            cx.set(self.metrics.waiting, self.waiting.len() as u64);
        } else {
            cx.refuse(msg, self.losses.queue_full);
        }
    }

    #[inline(always)]
    fn begin(&mut self, msg: MsgId, cx: &mut Ctx<'_, HandlerAlarm>) {
        cx.time(self.metrics.wait, SimDuration::ZERO);
        let (gauge, now) = cx.gauge(self.metrics.busy);
        gauge.rise(now);
        if let Some(ended) = self.handler.start(msg, 0, 0, cx) {
            self.finish(ended, cx);
        }
    }

    /// The handling of a request has ended. Not inlined: of the ways to it only the end of the work is taken at every job.
    fn finish(&mut self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        self.finish_here(ended, cx);
    }

    #[inline(always)]
    fn finish_here(&mut self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        self.conclude(ended, cx);
        while let Some((next, since)) = self.waiting.pop_front() {
            cx.set(self.metrics.waiting, self.waiting.len() as u64);
            cx.time(self.metrics.wait, cx.now().since(since));
            // The slot goes over to the next request: as many are busy as before.
            match self.handler.start(next, 0, 0, cx) {
                Some(ended) => self.conclude_at_once(ended, cx),
                None => return,
            }
        }
        let (gauge, now) = cx.gauge(self.metrics.busy);
        gauge.fall(now);
    }

    /// A request that has nothing to wait for.
    #[cold]
    fn conclude_at_once(&self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        self.conclude(ended, cx);
    }

    #[inline(always)]
    fn conclude(&self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        let Ended { msg, began, mut loss, .. } = ended;
        let (spent, work) = (cx.now().since(began).as_nanos(), ended.work(cx.now()));
        cx.count(self.metrics.busy_time, spent);
        cx.count(self.metrics.work_time, work);
        if cx.is_for_nobody(msg) {
            cx.count(self.metrics.ghost_time, work);
        }
        if loss.is_none() && self.health.fails(|| cx.draws_of_attempt(msg)) {
            loss = self.losses.failing;
        }
        if loss.is_none() {
            cx.count(self.metrics.served, 1);
        }
        cx.conclude(msg, loss);
    }

    #[inline(never)]
    fn fault(&mut self, index: u16, begins: bool, cx: &mut Ctx<'_, HandlerAlarm>) {
        let fault = cx.fault(index).kind;
        self.health.change(fault, begins);
        self.handler.slow_down(self.health.slowness());
        if fault == FaultKind::Down && begins {
            for ended in self.handler.cancel_all(self.losses.down, cx) {
                self.conclude(ended, cx);
            }
            cx.set(self.metrics.busy, 0);
            for (msg, _) in std::mem::take(&mut self.waiting) {
                cx.refuse(msg, self.losses.down);
            }
            cx.set(self.metrics.waiting, 0);
        }
    }
}
