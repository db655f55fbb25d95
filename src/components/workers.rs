//! A fleet of workers that polls a queue: receive, work, delete, again.
//!
//! ```text
//!  Pull ─▶ (long poll) ─▶ Receive ─▶ work, calls, sends ─▶ Settle ─▶ Pull …
//!                            │ failed
//!                            ▼
//!                     nothing: the message comes back when its visibility timeout ends
//! ```
//! Each worker handles one message at a time. It asks for no more messages than it can start, unless the scenario says
//! so: messages that wait in a worker's hands burn their visibility timeout.

use super::context::Ctx;
use super::fault::{FaultKind, Health};
use super::handler::{Ended, Handler, HandlerAlarm};
use super::latency::Latency;
use super::request::{RequestSpec, Requests};
use super::spec::{LatencySpec, OneOrMany};
use super::{Component, Edge, NodeSite, NodeSpec, Verb};
use crate::engine::random::mix;
use crate::engine::{MsgId, NodeId, Settle, Signal, SimDuration};
use crate::facts::sqs;
use crate::metrics::{CounterId, GaugeId};
use crate::site::At;
use crate::units::Duration;
use serde::Deserialize;
use std::collections::VecDeque;

/// A fleet of workers that polls a queue.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkersSpec {
    /// The queue.
    polls: Option<At<String>>,
    /// Workers.
    count: Option<At<u32>>,
    /// The work on each message.
    work: Option<At<String>>,
    /// How fast the workers are; 100% is the work as it is written.
    speed: Option<At<f64>>,
    /// Messages asked for at once.
    max_number_of_messages: Option<At<u32>>,
    /// How long a receive waits at the queue for the first message; 0s is a short poll.
    wait_time: Option<At<Duration>>,
    /// Pause after an empty receive.
    pause_when_empty: Option<At<Duration>>,
    /// Round trip of a receive.
    receive_latency: Option<At<LatencySpec>>,
    /// Round trip of a delete.
    delete_latency: Option<At<LatencySpec>>,
    /// Who is called for each message.
    calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where the result is handed over.
    sends: Option<At<OneOrMany<RequestSpec>>>,
}

impl NodeSpec for WorkersSpec {
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Requests { calls: self.calls.clone(), sends: self.sends.clone() }.edges();
        edges.extend(self.polls.clone().map(|to| Edge { verb: Verb::Polls, to }));
        edges
    }
}

/// Workers of one fleet at most: each has a place in memory.
const COUNT_MAX: u32 = 1_000_000;

impl WorkersSpec {
    fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Workers> {
        let source = self.polls.clone().and_then(|polls| site.target(&polls));
        let s = &mut *site.site;
        s.required("polls", self.polls);
        let count = s.required("count", self.count.clone());
        if let Some(at) = self.count.filter(|at| !(1..=COUNT_MAX).contains(&at.value)) {
            s.error(at.span, "S032", format!("a fleet has between 1 and {COUNT_MAX} workers"));
        }
        let speed = s.or_default("speed", self.speed.clone(), 1.0, "the work as it is written");
        if let Some(at) = self.speed.filter(|at| !(at.value > 0.0 && at.value.is_finite())) {
            s.error(at.span, "S034", "`speed` is a positive factor").hint("`speed = 0.2` is five times as slow");
        }
        let messages = 1..=sqs::MAX_NUMBER_OF_MESSAGES_MAX.value;
        let asked = self.max_number_of_messages;
        s.within("max_number_of_messages", asked.as_ref(), messages, &sqs::MAX_NUMBER_OF_MESSAGES_MAX);
        let asked = s.or_default("max_number_of_messages", asked, 1, "no more than a worker can start at once");
        let waits = Duration::from_secs(0)..=sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value;
        s.within("wait_time", self.wait_time.as_ref(), waits, &sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX);
        let longest = sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value;
        let wait = s.or_default("wait_time", self.wait_time, longest, "long polling, as the guide advises");
        let pause = Duration::from_secs(u64::from(wait.get().is_zero()));
        let pause =
            s.or_default("pause_when_empty", self.pause_when_empty, pause, "so that short polling does not spin");
        let work = site.work("work", self.work);
        let receive_latency = site.latency("receive_latency", self.receive_latency, &sqs::RECEIVE_LATENCY);
        let delete_latency = site.latency("delete_latency", self.delete_latency, &sqs::DELETE_LATENCY);
        let requests = Requests { calls: self.calls, sends: self.sends }.build(site);
        let metrics = metrics(count.unwrap_or_default(), site);
        let p = WorkersParameters {
            source: source?.node,
            count: count?,
            max_number_of_messages: u16::try_from(asked).ok()?,
            wait_ms: u16::try_from(wait.get().as_nanos() / 1_000_000).ok()?,
            pause_when_empty: pause.get(),
            receive_latency: receive_latency?,
            delete_latency: delete_latency?,
            speed,
        };
        let (steps, counters) = requests?;
        let mut handler = Handler::new(work?, steps, counters);
        handler.slow_down(1.0 / p.speed);
        let workers = vec![Worker::default(); p.count as usize];
        Some(Workers { p, metrics, handler, workers, prefetched: 0, requests: 0, health: Health::default() })
    }
}

fn metrics(count: u32, site: &mut NodeSite<'_, '_>) -> WorkersMetrics {
    WorkersMetrics {
        busy: site.gauge_of("busy", "workers", count.into()),
        prefetched: site.gauge("prefetched", "messages"),
        handled: site.counter("handled", "messages"),
        failed: site.counter("failed", "messages"),
        repeated: site.counter("repeated", "messages"),
        busy_time: site.counter("busy_time", "s"),
        repeated_time: site.counter("repeated_time", "s"),
    }
}

/// What a fleet was told to be.
#[derive(Debug, Clone)]
struct WorkersParameters {
    /// The queue.
    source: NodeId,
    /// Workers.
    count: u32,
    /// Messages asked for at once.
    max_number_of_messages: u16,
    /// How long a receive waits at the queue, in milliseconds.
    wait_ms: u16,
    /// Pause after an empty receive, so that short polling does not spin.
    pause_when_empty: SimDuration,
    /// Round trip of a receive.
    receive_latency: Latency,
    /// Round trip of a delete.
    delete_latency: Latency,
    /// Factor on the speed of the workers.
    speed: f64,
}

/// What a fleet counts.
#[derive(Debug, Clone, Copy)]
struct WorkersMetrics {
    /// Workers handling a message.
    busy: GaugeId,
    /// Messages in the workers' hands that nobody handles yet.
    prefetched: GaugeId,
    /// Messages handled to the end.
    handled: CounterId,
    /// Messages whose handling failed.
    failed: CounterId,
    /// Messages handled although their job's part had been done before.
    repeated: CounterId,
    /// Time spent handling.
    busy_time: CounterId,
    /// Time spent handling what had been done before.
    repeated_time: CounterId,
}

/// A fleet while it runs.
#[derive(Debug, Clone)]
pub struct Workers {
    p: WorkersParameters,
    metrics: WorkersMetrics,
    handler: Handler,
    workers: Vec<Worker>,
    prefetched: usize,
    /// Number of the last request; each has its own latency.
    requests: u64,
    health: Health,
}

#[derive(Debug, Clone, Default)]
struct Worker {
    /// In its hands and not begun, each with its receipt.
    hands: VecDeque<(MsgId, u16)>,
    doing: Doing,
    /// Told apart from the worker that was killed in this place.
    life: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Doing {
    /// Waiting for the answer to a receive.
    #[default]
    Polling,
    /// Handling a message.
    Handling,
    /// Waiting for the network, or pausing.
    Waiting,
    /// Killed, and not yet replaced.
    Dead,
}

/// Alarms of a fleet.
#[derive(Debug, Clone, Copy)]
pub enum WorkersAlarm {
    /// Of the handling.
    Handler(HandlerAlarm),
    /// A response has reached a worker.
    Begin { worker: u32, life: u16 },
    /// A worker asks for messages again.
    Poll { worker: u32, life: u16 },
}

impl From<HandlerAlarm> for WorkersAlarm {
    fn from(alarm: HandlerAlarm) -> Self {
        Self::Handler(alarm)
    }
}

type Cx<'a> = Ctx<'a, WorkersAlarm>;

impl Component for Workers {
    const KIND: &'static str = "workers";
    const ABOUT: &'static str = "a fleet that polls a queue, works, and deletes";
    const NOUN: &'static str = "a fleet of workers";
    const ACCEPTS: &'static [Verb] = &[];
    type Spec = WorkersSpec;
    type Alarm = WorkersAlarm;

    fn build(spec: WorkersSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        for worker in 0..self.p.count {
            self.poll(worker, cx);
        }
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Receive { msg, slot, receive, more } => self.receive(msg, slot, receive, more, cx),
            Signal::Empty { slot } => self.rest(slot, cx),
            Signal::Reply { task, attempt, loss } => {
                if let Some(ended) = self.handler.on_reply(task, attempt, loss, cx) {
                    self.finish(ended, cx);
                }
            }
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Arrive { .. } | Signal::Pull { .. } | Signal::Settle { .. } | Signal::Hangup { .. } => {
                unreachable!("workers are not asked")
            }
        }
    }

    fn on_alarm(&mut self, alarm: WorkersAlarm, cx: &mut Cx<'_>) {
        match alarm {
            WorkersAlarm::Handler(HandlerAlarm::Timeout { step }) => {
                while let Some(ended) = self.handler.on_timeout(step, cx) {
                    self.finish(ended, cx);
                }
            }
            WorkersAlarm::Handler(alarm) => {
                if let Some(ended) = self.handler.on_alarm(alarm, cx) {
                    self.finish(ended, cx);
                }
            }
            WorkersAlarm::Begin { worker, life } if self.is_same(worker, life) => self.next(worker, cx),
            WorkersAlarm::Poll { worker, life } if self.is_same(worker, life) => self.poll(worker, cx),
            WorkersAlarm::Begin { .. } | WorkersAlarm::Poll { .. } => {}
        }
    }

    #[allow(clippy::unused_self, reason = "the contract of a component")]
    fn holding(&self) -> u64 {
        0
    }
}

impl Workers {
    fn worker(&mut self, worker: u32) -> &mut Worker {
        &mut self.workers[worker as usize]
    }

    fn is_same(&mut self, worker: u32, life: u16) -> bool {
        self.worker(worker).life == life
    }

    fn round_trip(&mut self, latency: fn(&WorkersParameters) -> &Latency, cx: &Cx<'_>) -> SimDuration {
        self.requests += 1;
        cx.latency(latency(&self.p), mix(self.requests))
    }

    fn poll(&mut self, worker: u32, cx: &mut Cx<'_>) {
        self.worker(worker).doing = Doing::Polling;
        let leg = self.round_trip(|p| &p.receive_latency, cx).half();
        let (max, wait_ms) = (self.p.max_number_of_messages, self.p.wait_ms);
        cx.tell(leg, self.p.source, Signal::Pull { from: cx.node(), slot: worker, max, wait_ms });
    }

    fn receive(&mut self, msg: MsgId, worker: u32, receive: u16, more: bool, cx: &mut Cx<'_>) {
        if self.worker(worker).doing == Doing::Dead {
            // The response reaches nobody; the queue will see the message again when its timeout ends.
            return cx.tell(SimDuration::ZERO, self.p.source, Signal::Settle { msg, receive, how: Settle::Vanished });
        }
        self.prefetched += 1;
        self.worker(worker).hands.push_back((msg, receive));
        if more {
            return;
        }
        let leg = self.round_trip(|p| &p.receive_latency, cx).half();
        if leg.is_zero() {
            self.next(worker, cx);
        } else {
            self.worker(worker).doing = Doing::Waiting;
            let life = self.worker(worker).life;
            cx.alarm_after(leg, WorkersAlarm::Begin { worker, life });
        }
    }

    /// Nothing came: asks again after a pause.
    fn rest(&mut self, worker: u32, cx: &mut Cx<'_>) {
        if self.worker(worker).doing == Doing::Dead {
            return;
        }
        let leg = self.round_trip(|p| &p.receive_latency, cx).half();
        self.wait(worker, leg + self.p.pause_when_empty, cx);
    }

    fn wait(&mut self, worker: u32, pause: SimDuration, cx: &mut Cx<'_>) {
        if pause.is_zero() {
            return self.poll(worker, cx);
        }
        self.worker(worker).doing = Doing::Waiting;
        let life = self.worker(worker).life;
        cx.alarm_after(pause, WorkersAlarm::Poll { worker, life });
    }

    /// Handles the next message in the worker's hands, or asks for more.
    fn next(&mut self, worker: u32, cx: &mut Cx<'_>) {
        let Some((msg, receive)) = self.worker(worker).hands.pop_front() else { return self.poll(worker, cx) };
        self.prefetched -= 1;
        if self.p.max_number_of_messages > 1 {
            cx.set(self.metrics.prefetched, self.prefetched as u64);
        }
        self.worker(worker).doing = Doing::Handling;
        let (gauge, now) = cx.gauge(self.metrics.busy);
        gauge.rise(now);
        if let Some(ended) = self.handler.start(msg, worker, receive, cx) {
            self.finish(ended, cx);
        }
    }

    fn finish(&mut self, ended: Ended, cx: &mut Cx<'_>) {
        let Ended { msg, slot, began, receive, loss } = ended;
        let (gauge, now) = cx.gauge(self.metrics.busy);
        gauge.fall(now);
        let spent = now.since(began).as_nanos();
        cx.count(self.metrics.busy_time, spent);
        let failed = !loss.is_none() || (!self.health.is_sound() && self.fails(msg, receive, cx));
        if failed {
            cx.count(self.metrics.failed, 1);
            cx.tell(SimDuration::ZERO, self.p.source, Signal::Settle { msg, receive, how: Settle::Vanished });
            return self.next_after(slot, SimDuration::ZERO, cx);
        }
        if cx.done(msg) {
            cx.count(self.metrics.handled, 1);
        } else {
            cx.count(self.metrics.repeated, 1);
            cx.count(self.metrics.repeated_time, spent);
        }
        let trip = self.round_trip(|p| &p.delete_latency, cx);
        cx.tell(trip.half(), self.p.source, Signal::Settle { msg, receive, how: Settle::Done });
        self.next_after(slot, trip, cx);
    }

    fn next_after(&mut self, worker: u32, pause: SimDuration, cx: &mut Cx<'_>) {
        if pause.is_zero() {
            return self.next(worker, cx);
        }
        self.worker(worker).doing = Doing::Waiting;
        let life = self.worker(worker).life;
        cx.alarm_after(pause, WorkersAlarm::Begin { worker, life });
    }

    fn fails(&self, msg: MsgId, receive: u16, cx: &Cx<'_>) -> bool {
        let share = self.health.failing_share();
        let receive = u64::from(receive);
        share > 0.0 && cx.draws(cx.number(msg) ^ mix(receive | (1 << 40))).uniform() < share
    }

    fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        let kind = cx.fault(index).kind;
        self.health.change(kind, begins);
        self.handler.slow_down(self.health.slowness() / self.p.speed);
        let victims = match kind {
            FaultKind::Kill(count) => count.min(self.p.count),
            FaultKind::Down => self.p.count,
            FaultKind::Slow(_) | FaultKind::Fails(_) => return,
        };
        for worker in 0..victims {
            if begins {
                self.kill(worker, cx);
            } else if self.worker(worker).doing == Doing::Dead && !self.health.is_down() {
                self.poll(worker, cx);
            }
        }
    }

    /// The worker stops without a word; the queue does not notice before the visibility timeout.
    fn kill(&mut self, worker: u32, cx: &mut Cx<'_>) {
        if std::mem::replace(&mut self.worker(worker).doing, Doing::Dead) == Doing::Dead {
            return;
        }
        self.worker(worker).life = self.worker(worker).life.wrapping_add(1);
        if let Some(Ended { msg, began, receive, .. }) = self.handler.cancel(worker, cx) {
            let (gauge, now) = cx.gauge(self.metrics.busy);
            gauge.fall(now);
            cx.count(self.metrics.busy_time, now.since(began).as_nanos());
            cx.tell(SimDuration::ZERO, self.p.source, Signal::Settle { msg, receive, how: Settle::Vanished });
        }
        for (msg, receive) in std::mem::take(&mut self.worker(worker).hands) {
            self.prefetched -= 1;
            cx.tell(SimDuration::ZERO, self.p.source, Signal::Settle { msg, receive, how: Settle::Vanished });
        }
        cx.tell(SimDuration::ZERO, self.p.source, Signal::Hangup { from: cx.node(), slot: worker });
    }
}
