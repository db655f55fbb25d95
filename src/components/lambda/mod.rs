//! AWS Lambda: a function. Each request gets an environment of its own, new ones as they are needed.
//!
//! ```text
//!  calls ───────────────────────────────▶┐
//!  polls ─▶ pollers gather a batch ──────▶ environment: work, then calls and sends ─▶ answer, deletes, or nothing
//!  sends, topics ─▶ events wait their turn ▶┘          │ too long: stopped
//!                     ▲                    │           ▼
//!                     └─ tried again later ┴──── throttled, or failed
//! ```
//! Facts: `lambda.*`. How environments come and go is in `environments.rs`, how a request is worked on in
//! `invocation.rs`, events in `events.rs`, the pollers of a queue in `mapping/`.
//!
//! A function that fails at a message of a batch fails the whole batch, unless it reports which messages failed
//! (`report_batch_item_failures`). What it had done before is done all the same, and is done again when it comes back.
//!
//! Functions without reserved concurrency share what the others of their account leave, and the requests a second that
//! go with it (`account`, `rate.rs`). What an event becomes when it is done with is in `destination.rs`.
//!
//! A function costs money for each request and for the time of its environments by their memory, the time to get ready
//! included; pollers make requests of the queue, which are on the queue's bill. Simplified: memory decides what is paid
//! and not how fast a function is, which `speed` says. Simplified: what is at work when the run ends is not billed.
//!
//! Simplified: an event is never run twice without a failure, although the service says that it may be. Simplified: an
//! event begins as soon as it is there; what passes before that is part of the latency of who hands it over.

mod billing;
mod destination;
mod environments;
mod events;
mod invocation;
mod mapping;
mod rate;
mod spec;

pub(super) use spec::{LambdaSpec, gathered_visibility};

use environments::{Environments, Start, Throttle};
use events::Events;
use invocation::Invocation;
use mapping::Mapping;
use rate::RequestRate;

use super::context::Ctx;
use super::fault::{FaultKind, Health};
use super::handler::{Handler, HandlerAlarm};
use super::latency::Latency;
use super::slab::Slab;
use super::{Component, NodeSite, Verb};
use crate::engine::{Deadlines, LossId, MsgId, Signal, SimDuration};
use crate::metrics::{CounterId, GaugeId, TimingId};

/// The port for events from somebody outside AWS, who hands them over and does not wait.
pub(super) const EVENT: u16 = 1;
/// The port for events from a service of AWS, such as a topic.
pub(super) const MANAGED_EVENT: u16 = 2;

/// What a function was told to be.
#[derive(Debug, Clone)]
struct LambdaParameters {
    /// How long a request may take.
    timeout: SimDuration,
    /// How long a new environment takes to get ready.
    init: Latency,
    /// Factor on the speed of its work.
    speed: f64,
    /// Whether it has no concurrency of its own, but what the functions of its account have not reserved.
    shares_concurrency: bool,
    /// The largest request in bytes.
    payload_max: u32,
    /// The largest event in bytes.
    event_max: u32,
}

/// Why a function does not serve a request.
#[derive(Debug, Clone, Copy)]
struct LambdaLosses {
    /// As many requests as it may work on at once.
    concurrency: LossId,
    /// It would need more new environments than it gets.
    growth: LossId,
    /// Too many requests a second.
    rate: LossId,
    /// The request is larger than it takes.
    too_large: LossId,
    /// It did not end in time.
    timed_out: LossId,
    /// A fault: it answers with an error.
    failing: LossId,
    /// A fault: the service does not answer.
    down: LossId,
}

/// What a function counts; the names are those of its `CloudWatch` metrics where it has them.
#[derive(Debug, Clone, Copy)]
struct LambdaMetrics {
    /// Environments that get ready or are at work.
    concurrent_executions: GaugeId,
    /// Environments at work.
    busy: GaugeId,
    /// All environments, idle ones included.
    environments: GaugeId,
    /// Requests that began.
    invocations: CounterId,
    /// Of them, those that failed or were stopped.
    errors: CounterId,
    /// Of them, those that were stopped.
    timeouts: CounterId,
    /// Requests that found no room.
    throttles: CounterId,
    /// Environments that got ready, new ones and those that had been reset.
    cold_starts: CounterId,
    /// How long that took.
    init_duration: TimingId,
    /// How long requests took, without the time to get ready.
    duration: TimingId,
    /// What is paid for: all of that, each request rounded up.
    billed_time: CounterId,
    /// Messages, events and calls handled to the end.
    handled: CounterId,
    /// Messages, events and calls whose handling failed.
    failed: CounterId,
    /// Messages handled although their job's part had been done before.
    repeated: CounterId,
    /// Time that environments spent at work.
    busy_time: CounterId,
    /// Of it, the function's own work: without the time that it waited for others.
    work_time: CounterId,
    /// Own work on what had been done before.
    repeated_time: CounterId,
    /// Own work for nobody: on calls whose caller had left before the end, and on what was stopped.
    ghost_time: CounterId,
}

/// A function while it runs.
#[derive(Debug, Clone)]
pub struct Lambda {
    p: LambdaParameters,
    losses: LambdaLosses,
    metrics: LambdaMetrics,
    /// What is done with a message, and the messages that it is done with -- parameter and state.
    handler: Handler,
    environments: Environments,
    /// Requests of this second -- parameter and state.
    rate: RequestRate,
    /// Requests in environments -- state.
    invocations: Slab<Invocation>,
    /// Ends of the time that requests have -- state.
    timeouts: Deadlines<(u32, u32)>,
    /// Number of the last request that began -- state.
    serial: u32,
    /// Number of the last environment that got ready -- state.
    inits: u64,
    /// Calls in environments -- state.
    calls: u64,
    /// Events, if somebody hands some over.
    events: Option<Box<Events>>,
    /// The pollers, if it polls a queue.
    mapping: Option<Box<Mapping>>,
    /// What is wrong with it -- state.
    health: Health,
}

/// Alarms of a function.
#[derive(Debug, Clone, Copy)]
pub enum LambdaAlarm {
    /// Of the handling of a message.
    Handler(HandlerAlarm),
    /// An environment is ready.
    Ready { invocation: u32, serial: u32 },
    /// A request may have used up its time.
    Timeout,
    /// An environment may have been idle for too long.
    Idle,
    /// What a poller waits for is over.
    Lane { lane: u32 },
    /// The queue may be polled by one more.
    Grow,
    /// The pollers look at how their batches fared.
    LookBack,
    /// An event is tried again, or is too old.
    Event { event: u32, serial: u32 },
}

impl From<HandlerAlarm> for LambdaAlarm {
    fn from(alarm: HandlerAlarm) -> Self {
        Self::Handler(alarm)
    }
}

type Cx<'a> = Ctx<'a, LambdaAlarm>;

impl Component for Lambda {
    const KIND: &'static str = "lambda";
    const ABOUT: &'static str =
        "an AWS Lambda function: called, handed events, or polling a queue; an environment each";
    const NOUN: &'static str = "a function";
    const ACCEPTS: &'static [Verb] =
        &[Verb::From, Verb::Calls, Verb::Targets, Verb::Sends, Verb::Subscribers, Verb::OnSuccess, Verb::OnFailure];
    type Spec = LambdaSpec;
    type Alarm = LambdaAlarm;

    fn build(spec: LambdaSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        self.start_polling(cx);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Arrive { msg, port: EVENT | MANAGED_EVENT, .. } if cx.message(msg).size > self.p.event_max => {
                cx.refuse(msg, self.losses.too_large);
            }
            Signal::Arrive { msg, port: EVENT, .. } => self.take_event(msg, true, cx),
            Signal::Arrive { msg, port: MANAGED_EVENT, .. } => self.take_event(msg, false, cx),
            Signal::Arrive { msg, .. } => self.call(msg, cx),
            Signal::Receive { msg, slot, receive, more } => self.receive(msg, slot, receive, more, cx),
            Signal::Empty { slot, refusal } => self.found_nothing(slot, refusal, cx),
            Signal::Reply { task, attempt, loss } => {
                let ended = self.handler.on_reply(task, attempt, loss, cx);
                self.go_on(ended, cx);
            }
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Pull { .. } | Signal::Settle { .. } | Signal::Hangup { .. } | Signal::Measure { .. } => {
                unreachable!("nothing is fetched from a function")
            }
            Signal::Measured { .. } => unreachable!("a function is no group of machines"),
        }
    }

    fn on_alarm(&mut self, alarm: LambdaAlarm, cx: &mut Cx<'_>) {
        match alarm {
            LambdaAlarm::Handler(HandlerAlarm::Timeout { step }) => {
                while let Some(ended) = self.handler.on_timeout(step, cx) {
                    self.go_on(Some(ended), cx);
                }
            }
            LambdaAlarm::Handler(alarm) => {
                let ended = self.handler.on_alarm(alarm, cx);
                self.go_on(ended, cx);
            }
            LambdaAlarm::Ready { invocation, serial } => self.ready(invocation, serial, cx),
            LambdaAlarm::Timeout => self.time_out(cx),
            LambdaAlarm::Idle => {
                if let Some(at) = self.environments.rearm(cx.now()) {
                    cx.alarm_at(at, LambdaAlarm::Idle);
                }
                self.show(cx);
            }
            LambdaAlarm::Lane { lane } => self.lane_goes_on(lane, cx),
            LambdaAlarm::Grow => self.grow(cx),
            LambdaAlarm::LookBack => self.look_back(cx),
            LambdaAlarm::Event { event, serial } => self.event_is_due(event, serial, cx),
        }
    }

    fn holding(&self) -> u64 {
        self.calls + self.events.as_ref().map_or(0, |events| events.count())
    }
}

impl Lambda {
    /// Somebody calls and waits for the answer.
    fn call(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        if cx.message(msg).size > self.p.payload_max {
            return cx.refuse(msg, self.losses.too_large);
        }
        match self.environment(true, cx) {
            Ok(start) => {
                self.calls += 1;
                self.begin(invocation::What::Call(msg), start, cx);
            }
            Err(loss) => cx.refuse(msg, loss),
        }
    }

    /// An environment for a request, or why there is none. The limit on requests a second counts those that somebody
    /// makes now (`counts`), and not the events that were taken in before.
    fn environment(&mut self, counts: bool, cx: &mut Cx<'_>) -> Result<Start, LossId> {
        if self.health.is_down() {
            return Err(self.losses.down);
        }
        let (shares, now) = (self.p.shares_concurrency, cx.now());
        let elsewhere = if shares { cx.account().executions() - self.environments.in_use() } else { 0 };
        let refused = match self.environments.room(elsewhere, now) {
            Err(Throttle::Concurrency) => Some(self.losses.concurrency),
            Err(Throttle::Growth) => Some(self.losses.growth),
            Ok(()) if counts && !self.rate.admit(cx.account(), now) => Some(self.losses.rate),
            Ok(()) => None,
        };
        if let Some(loss) = refused {
            cx.count(self.metrics.throttles, 1);
            return Err(loss);
        }
        if shares {
            cx.account().begin_execution();
        }
        Ok(self.environments.take())
    }

    /// The gauges of the environments.
    fn show(&self, cx: &mut Cx<'_>) {
        cx.set(self.metrics.concurrent_executions, self.environments.in_use().into());
        cx.set(self.metrics.environments, self.environments.count());
    }

    fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        let kind = cx.fault(index).kind;
        self.health.change(kind, begins);
        self.handler.slow_down(self.health.slowness() / self.p.speed);
        if kind == FaultKind::Down && begins {
            self.stop_all(cx);
        }
    }
}
