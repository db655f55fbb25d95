//! A fleet of workers: it polls a queue (receive, work, delete, again), or a broker pushes messages to it.
//!
//! ```text
//!  Pull ─▶ (long poll) ─▶ Receive ─▶ work, calls, sends ─▶ Settle ─▶ Pull …
//!                            │ failed
//!                            ▼
//!          polls: nothing; the message comes back when its visibility timeout ends
//!          consumes: handed back, and delivered again
//! ```
//! Each worker handles one message at a time. One that polls asks for no more messages than it can start, unless the
//! scenario says so: messages that wait in a worker's hands burn their visibility timeout. One that consumes gets as many
//! as its prefetch allows, and keeps them from the others while it is busy. The workers can stand on machines that come
//! and go with the backlog, see `scaling`.

mod consuming;
mod fault;
mod machines;
mod polling;
mod spec;
mod visibility;

pub(super) use spec::WorkersSpec;

use super::context::Ctx;
use super::fault::Health;
use super::handler::{Ended, Handler, HandlerAlarm};
use super::latency::Latency;
use super::poll_retry::Failures;
use super::retry::RetryPolicies;
use super::scaling::{Group, GroupAlarm};
use super::{Component, NodeSite, Verb};
use crate::engine::random::mix;
use crate::engine::{MsgId, NodeId, Ring, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId};
use consuming::Consuming;
use polling::Together;
use visibility::{AfterFailure, Beats};

/// What a fleet was told to be.
#[derive(Debug, Clone)]
struct WorkersParameters {
    /// The queue or broker.
    node: NodeId,
    /// How messages come from there.
    source: Source,
    /// Workers; of a group of machines those at the beginning.
    count: u32,
    /// Factor on the speed of the workers.
    speed: f64,
}

/// How messages come to a fleet.
#[derive(Debug, Clone)]
enum Source {
    /// It asks for them.
    Polls(Polling),
    /// They are pushed to it.
    Consumes(Consuming),
}

/// How a fleet polls.
#[derive(Debug, Clone)]
struct Polling {
    /// Messages asked for at once.
    max_number_of_messages: u16,
    /// How long a receive waits at the queue, in milliseconds.
    wait_ms: u16,
    /// Pause after an empty receive, so that short polling does not spin.
    pause_when_empty: SimDuration,
    /// Pauses after receives that failed.
    retries: RetryPolicies,
    /// Round trip of a receive.
    receive_latency: Latency,
    /// Round trip of a delete, or of a change of visibility.
    delete_latency: Latency,
    /// What is done about a message that failed; nothing: it comes back when its time is over.
    after_failure: Option<AfterFailure>,
    /// How often the answer to a receive is lost.
    lost_responses: f64,
    /// Whether a receive that failed is repeated as the same attempt.
    repeats: bool,
}

impl WorkersParameters {
    fn polling(&self) -> &Polling {
        let Source::Polls(polling) = &self.source else { unreachable!("only a fleet that polls asks") };
        polling
    }

    fn consuming(&self) -> &Consuming {
        let Source::Consumes(consuming) = &self.source else { unreachable!("only a broker pushes") };
        consuming
    }

    const fn is_pushed(&self) -> bool {
        matches!(self.source, Source::Consumes(_))
    }
}

/// What a fleet counts.
#[derive(Debug, Clone, Copy)]
struct WorkersMetrics {
    /// Workers handling a message.
    busy: GaugeId,
    /// Workers that there are, where no group of machines counts them.
    workers: Option<GaugeId>,
    /// Messages in the workers' hands that nobody handles yet.
    prefetched: GaugeId,
    /// Messages handled to the end.
    handled: CounterId,
    /// Messages whose handling failed.
    failed: CounterId,
    /// Receives that failed or were refused.
    failed_polls: CounterId,
    /// Answers to receives that were lost, with their messages.
    lost_responses: CounterId,
    /// Messages handled although their job's part had been done before.
    repeated: CounterId,
    /// Time spent handling.
    busy_time: CounterId,
    /// Of it, the workers' own work: without the time that they waited for others.
    work_time: CounterId,
    /// Own work on what had been done before.
    repeated_time: CounterId,
}

/// A fleet while it runs.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "a fleet is made of workers")]
pub struct Workers {
    p: WorkersParameters,
    metrics: WorkersMetrics,
    handler: Handler,
    workers: Vec<Worker>,
    prefetched: usize,
    /// Number of the last request; each has its own latency.
    requests: u64,
    health: Health,
    /// How they ask for more time while they work, if they do.
    beats: Option<Box<Beats>>,
    /// What they delete in one call, if they do.
    together: Option<Box<Together>>,
    /// The machines on which its workers stand, if they come and go.
    group: Option<Box<Group>>,
}

#[derive(Debug, Clone, Default)]
struct Worker {
    /// In its hands, or pushed and on the way there, and not begun.
    hands: Ring<InHand>,
    doing: Doing,
    /// Receives that failed since one succeeded.
    failures: Failures,
    /// It takes nothing more: its machine goes, or is on standby.
    leaving: bool,
    /// Told apart from the worker that was killed in this place.
    life: u16,
    /// Pushed: when the last message came.
    last_came: SimTime,
    /// Pushed: when it can begin with another message.
    free_at: SimTime,
}

/// A message that a worker holds.
#[derive(Debug, Clone, Copy)]
struct InHand {
    msg: MsgId,
    /// The receipt.
    receive: u16,
    /// When it comes.
    at: SimTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Doing {
    /// Waiting for messages.
    #[default]
    Idle,
    /// Handling a message.
    Handling,
    /// Waiting for the network, or pausing.
    Waiting,
    /// Killed and not yet replaced, or without a machine.
    Dead,
}

/// Alarms of a fleet.
#[derive(Debug, Clone, Copy)]
pub enum WorkersAlarm {
    /// Of the handling.
    Handler(HandlerAlarm),
    /// A message has reached a worker that is free.
    Begin { worker: u32, life: u16 },
    /// A worker asks for messages again.
    Poll { worker: u32, life: u16 },
    /// A worker asks for more time.
    Beat { worker: u32, serial: u32 },
    /// Of the group of machines.
    Group(GroupAlarm),
    /// So many machines of a fleet that is not a group are taken away, after their notice.
    Interrupted { count: u32 },
}

impl From<HandlerAlarm> for WorkersAlarm {
    fn from(alarm: HandlerAlarm) -> Self {
        Self::Handler(alarm)
    }
}

impl From<GroupAlarm> for WorkersAlarm {
    fn from(alarm: GroupAlarm) -> Self {
        Self::Group(alarm)
    }
}

type Cx<'a> = Ctx<'a, WorkersAlarm>;

impl Component for Workers {
    const KIND: &'static str = "workers";
    const ABOUT: &'static str = "a fleet that polls a queue or consumes from a broker, and works";
    const NOUN: &'static str = "a fleet of workers";
    const ACCEPTS: &'static [Verb] = &[];
    const FAULTS: &'static [&'static str] = &["down", "slow", "fails", "kill", "interrupt", "standby"];
    type Spec = WorkersSpec;
    type Alarm = WorkersAlarm;

    fn build(spec: WorkersSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        if self.group.is_some() {
            return self.scale(cx, |group, _, cx| group.start(cx));
        }
        for worker in 0..self.p.count {
            match self.p.source {
                Source::Polls(_) => self.poll(worker, cx),
                // It is connected when the run begins.
                Source::Consumes(_) => self.subscribe(worker, SimDuration::ZERO, cx),
            }
        }
        self.count_workers(cx);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        match *signal {
            // It reaches nobody.
            Signal::Receive { msg, slot, receive, .. } if !self.expects(slot) => {
                self.drop_loan(msg, receive, &mut cx.aside());
            }
            Signal::Receive { msg, slot, receive, more } => match self.p.source {
                Source::Polls(_) => self.receive(msg, slot, receive, more, cx),
                Source::Consumes(_) => self.pushed(msg, slot, receive, &mut cx.aside()),
            },
            Signal::Empty { slot, refusal } => self.rest(slot, refusal, &mut cx.aside()),
            Signal::Reply { task, attempt, loss } => {
                if let Some(ended) = self.handler.on_reply(task, attempt, loss, &mut cx.aside()) {
                    self.finish(ended, &mut cx.aside());
                }
            }
            Signal::Fault { index, begins } => self.fault(index, begins, &mut cx.aside()),
            Signal::Measured { waiting, held, calls } => {
                self.scale(&mut cx.aside(), |group, is_busy, cx| group.measured([waiting, held], calls, is_busy, cx));
            }
            Signal::Arrive { .. }
            | Signal::Pull { .. }
            | Signal::Settle { .. }
            | Signal::Hangup { .. }
            | Signal::Measure { .. } => unreachable!("workers are not asked"),
        }
    }

    fn on_alarm(&mut self, alarm: WorkersAlarm, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        match alarm {
            WorkersAlarm::Handler(HandlerAlarm::Timeout { step }) => {
                while let Some(ended) = self.handler.on_timeout(step, &mut cx.aside()) {
                    self.finish(ended, &mut cx.aside());
                }
            }
            WorkersAlarm::Handler(HandlerAlarm::Worked { task, serial })
                if self.handler.ends_with_its_work(task, serial) =>
            {
                let ended = self.handler.leave(task);
                self.finish(ended, &mut cx.aside());
            }
            WorkersAlarm::Handler(alarm) => {
                if let Some(ended) = self.handler.on_alarm(alarm, &mut cx.aside()) {
                    self.finish(ended, &mut cx.aside());
                }
            }
            WorkersAlarm::Begin { worker, life } if self.is_same(worker, life) => match self.p.source {
                Source::Polls(_) => self.next(worker, &mut cx.aside()),
                Source::Consumes(_) => self.go_on(worker, &mut cx.aside()),
            },
            WorkersAlarm::Poll { worker, life } if self.is_same(worker, life) => self.poll(worker, &mut cx.aside()),
            WorkersAlarm::Begin { .. } | WorkersAlarm::Poll { .. } => {}
            WorkersAlarm::Beat { worker, serial } => self.beat(worker, serial, &mut cx.aside()),
            WorkersAlarm::Group(alarm) => {
                self.scale(&mut cx.aside(), |group, is_busy, cx| group.on_alarm(alarm, is_busy, cx));
            }
            WorkersAlarm::Interrupted { count } => {
                self.kill_some(count, &mut cx.aside());
                self.revive(&mut cx.aside());
            }
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

    /// Whether a message that is on its way to a worker finds it there: who polls, polls once at a time.
    fn expects(&self, worker: u32) -> bool {
        match self.workers[worker as usize].doing {
            Doing::Idle => true,
            Doing::Handling | Doing::Waiting => self.p.is_pushed(),
            Doing::Dead => false,
        }
    }

    fn is_same(&mut self, worker: u32, life: u16) -> bool {
        self.worker(worker).life == life
    }

    fn round_trip(&mut self, latency: fn(&WorkersParameters) -> &Latency, cx: &Cx<'_>) -> SimDuration {
        self.requests += 1;
        cx.latency(latency(&self.p), mix(self.requests))
    }

    /// A worker begins with the first message in its hands; returns it if there is nothing to wait for.
    #[inline(always)]
    fn begin(&mut self, worker: u32, cx: &mut Cx<'_>) -> Option<Ended> {
        let begins = self.worker(worker);
        let InHand { msg, receive, .. } = begins.hands.pop_front()?;
        begins.doing = Doing::Handling;
        self.prefetched -= 1;
        if self.p.is_pushed() || self.p.polling().max_number_of_messages > 1 {
            cx.set(self.metrics.prefetched, self.prefetched as u64);
        }
        cx.rise(self.metrics.busy);
        if self.beats.is_some() {
            self.begin_beating(worker, msg, receive, &mut cx.aside());
        }
        self.handler.start(msg, worker, receive, cx)
    }

    /// The handling of a message has ended, and its worker goes on.
    fn finish(&mut self, ended: Ended, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        let worker = ended.slot;
        self.conclude(ended, cx);
        if self.p.is_pushed() {
            self.go_on(worker, &mut cx.aside());
        }
    }

    #[inline(always)]
    fn conclude(&mut self, ended: Ended, cx: &mut Cx<'_>) {
        let Ended { msg, slot, began, receive, loss, .. } = ended;
        if self.beats.is_some() {
            self.end_beating(slot);
        }
        let now = cx.now();
        cx.fall(self.metrics.busy);
        let work = ended.work(now);
        cx.count(self.metrics.busy_time, now.since(began).as_nanos());
        cx.count(self.metrics.work_time, work);
        let done = loss.is_none() && !self.health.fails(|| cx.draws_of_receive(msg, receive));
        if !done {
            cx.count(self.metrics.failed, 1);
        } else if cx.done(msg) {
            cx.count(self.metrics.handled, 1);
        } else {
            cx.count(self.metrics.repeated, 1);
            cx.count(self.metrics.repeated_time, work);
        }
        match self.p.source {
            Source::Polls(_) => self.settle_polled(msg, slot, receive, done, cx),
            Source::Consumes(_) => self.settle_pushed(msg, slot, receive, done, &mut cx.aside()),
        }
    }
}
