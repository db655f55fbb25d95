//! A synchronous server: slots that each handle one request at a time, and a bounded queue before them.
//!
//! ```text
//!  Arrive ──▶ accept queue ──▶ slot: work, then calls and sends ──▶ answer
//!     │ full                     │ the caller left meanwhile
//!     ▼                          ▼
//!  refused                     ghost work
//! ```
//! Facts: `http.*`, `calls.*`. A timeout of the caller does not free the slot: the work goes on and is counted as ghost
//! work, unless the server is told to stop it. A server can shed load: by rules of its queue (`queue.rs`), by an
//! adaptive limit (`limit.rs`), or by dropping requests whose caller has left before it begins with them. To turn a
//! request away costs time of its own, if the scenario says so. Simplified: that time is taken from the request that gets
//! a slot next.

mod asked;
mod limit;
mod queue;
mod spec;
mod standstill;

use super::context::Ctx;
use super::fault::{FaultKind, Health};
use super::handler::{Ended, Handler, HandlerAlarm};
use super::site::NodeSite;
use super::{Component, Verb};
use crate::engine::{LossId, MsgId, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId, TimingId};
use asked::Knocks;
use limit::AdaptiveLimit;
use queue::{AcceptQueue, Full, Turn};
use spec::ServiceSpec;
use standstill::Standstill;

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
    /// Requests waiting for a slot -- state.
    waiting: AcceptQueue,
    /// What is wrong with it -- state.
    health: Health,
    /// How it sheds load beyond the rules of its queue, if it does.
    shedding: Option<Box<Shedding>>,
    /// What happens to connections that find the queue full, if they are not refused.
    knocks: Option<Box<Knocks>>,
    /// What it does not notice, if it hangs.
    standstill: Option<Box<Standstill>>,
}

/// How a server sheds load, and whom it answers beside its requests: what a plain server does not look at.
#[derive(Debug, Clone)]
struct Shedding {
    /// Whether requests are dropped whose caller has left when their turn comes -- parameter.
    drops_expired: bool,
    /// Whether work stops whose caller has left -- parameter.
    cancels: bool,
    /// Its own time for each request that it turns away -- parameter.
    rejection_work: SimDuration,
    /// How many requests may be inside -- parameter and state.
    limit: Option<(AdaptiveLimit, GaugeId)>,
    losses: SheddingLosses,
    /// Requests dropped when their turn came, where that can be.
    dropped: Option<CounterId>,
}

/// Why a server that sheds load turns a request away.
#[derive(Debug, Clone, Copy)]
struct SheddingLosses {
    /// Its caller has left.
    caller_left: LossId,
    /// It has waited for too long.
    too_late: LossId,
    /// A more important one has taken its place.
    displaced: LossId,
    /// Enough are inside.
    limited: LossId,
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
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Targets, Verb::Subscribers];
    const FAULTS: &'static [&'static str] = &["down", "hangs", "slow", "fails"];
    type Spec = ServiceSpec;
    type Alarm = HandlerAlarm;

    fn build(spec: ServiceSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Ctx<'_, HandlerAlarm>) {
        if let Some((limit, gauge)) = self.shedding.as_ref().and_then(|shedding| shedding.limit.as_ref()) {
            cx.set(*gauge, limit.get());
        }
    }

    #[inline(always)]
    fn on(&mut self, signal: &Signal, cx: &mut Ctx<'_, HandlerAlarm>) {
        match *signal {
            Signal::Arrive { msg, .. } => self.admit(msg, cx),
            Signal::Reply { task, attempt, loss } if self.standstill.is_some() => {
                self.handler.on_reply_unnoticed(task, attempt, loss, &mut cx.aside());
            }
            Signal::Reply { task, attempt, loss } => {
                if let Some(ended) = self.handler.on_reply(task, attempt, loss, &mut cx.aside()) {
                    self.finish(ended, &mut cx.aside());
                }
            }
            Signal::Fault { index, begins } => self.fault(index, begins, &mut cx.aside()),
            Signal::Measure { from, task, attempt } => self.answer_check(from, task, attempt, &mut cx.aside()),
            Signal::Hangup { from, slot } => self.caller_left(from, slot, &mut cx.aside()),
            Signal::Receive { .. }
            | Signal::Pull { .. }
            | Signal::Empty { .. }
            | Signal::Settle { .. }
            | Signal::Measured { .. } => unreachable!("edges of these verbs do not lead to a service"),
        }
    }

    #[inline(always)]
    fn on_alarm(&mut self, alarm: HandlerAlarm, cx: &mut Ctx<'_, HandlerAlarm>) {
        match alarm {
            HandlerAlarm::Worked { task, serial } if self.handler.ends_with_its_work(task, serial) => {
                self.finish_work(task, cx);
            }
            alarm => self.go_on(alarm, &mut cx.aside()),
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
            cx.aside().refuse(msg, self.losses.down);
        } else if let Some(loss) = self.over_limit() {
            self.turn_away(msg, loss, &mut cx.aside());
        } else if self.handler.busy() < self.slots {
            self.begin(msg, cx);
        } else if self.waiting.len() < self.accept_queue {
            let now = cx.now();
            self.waiting.push(msg, || cx.flow(msg), now);
            cx.rise(self.metrics.waiting);
        } else {
            self.overflow(msg, &mut cx.aside());
        }
    }

    /// A request finds the queue full.
    #[cold]
    fn overflow(&mut self, msg: MsgId, cx: &mut Ctx<'_, HandlerAlarm>) {
        let now = cx.now();
        match self.waiting.displace(msg, || cx.flow(msg), now) {
            Full::Refused if self.knocks.is_some() => self.knock_again(msg, cx),
            Full::Refused => self.turn_away(msg, self.losses.queue_full, cx),
            Full::Displaces(other) => {
                let displaced = self.shedding.as_ref().map_or(self.losses.queue_full, |it| it.losses.displaced);
                self.turn_away(other, displaced, cx);
            }
        }
    }

    /// Why the adaptive limit lets no more requests in, if it does not.
    #[inline(always)]
    fn over_limit(&self) -> Option<LossId> {
        let shedding = self.shedding.as_deref()?;
        let (limit, _) = shedding.limit.as_ref()?;
        (self.holding() >= limit.get()).then_some(shedding.losses.limited)
    }

    /// Turns a request away, which takes its own time.
    fn turn_away(&mut self, msg: MsgId, loss: LossId, cx: &mut Ctx<'_, HandlerAlarm>) {
        if let Some(shedding) = &self.shedding {
            self.handler.owe(shedding.rejection_work);
        }
        cx.refuse(msg, loss);
    }

    /// Why a request is dropped although its turn has come, if it is.
    fn drops(&self, turn: &Turn, cx: &Ctx<'_, HandlerAlarm>) -> Option<LossId> {
        let shedding = self.shedding.as_deref()?;
        if shedding.drops_expired && cx.is_for_nobody(turn.msg) {
            return Some(shedding.losses.caller_left);
        }
        turn.too_late.then_some(shedding.losses.too_late)
    }

    #[inline(always)]
    fn begin(&mut self, msg: MsgId, cx: &mut Ctx<'_, HandlerAlarm>) {
        let ended = self.handler.start(msg, 0, 0, cx);
        cx.time(self.metrics.wait, SimDuration::ZERO);
        cx.rise(self.metrics.busy);
        if let Some(ended) = ended {
            self.finish(ended, &mut cx.aside());
        }
    }

    /// The handling of requests goes on with a further step.
    #[inline(never)]
    fn go_on(&mut self, alarm: HandlerAlarm, cx: &mut Ctx<'_, HandlerAlarm>) {
        if self.misses(alarm) {
            return;
        }
        if let HandlerAlarm::Timeout { step } = alarm {
            while let Some(ended) = self.handler.on_timeout(step, cx) {
                self.finish(ended, cx);
            }
        } else if let Some(ended) = self.handler.on_alarm(alarm, cx) {
            self.finish(ended, cx);
        }
    }

    /// The work on a request has ended, and with it all that there was to do for this task of the handler.
    #[inline(always)]
    fn finish_work(&mut self, task: u32, cx: &mut Ctx<'_, HandlerAlarm>) {
        if self.shedding.is_some() || self.waiting.has_rules() {
            let ended = self.handler.leave(task);
            return self.finish(ended, &mut cx.aside());
        }
        let Ended { msg, began, .. } = self.handler.ended(task);
        // First the next one: the loop goes on from the instant at which its work ends, and that is then known before all
        // that is to be said of the other.
        if let Some((next, since)) = self.waiting.pop_plain() {
            let at_once = self.handler.start_at(task, next, 0, 0, cx);
            debug_assert!(at_once.is_none(), "where there is work, there is something to wait for");
            self.took_over(since, cx);
        } else {
            self.handler.leave(task);
            cx.fall(self.metrics.busy);
        }
        self.conclude_work(msg, began, cx);
    }

    /// The handling of a request has ended. Not inlined: of the ways to it only the end of the work is taken at every job.
    #[inline(never)]
    fn finish(&mut self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        self.conclude(ended, cx);
        while let Some(turn) = self.waiting.pop(cx.now()) {
            if let Some(loss) = self.drops(&turn, cx) {
                cx.fall(self.metrics.waiting);
                self.drop_at_its_turn(turn.msg, loss, cx);
            } else if self.takes_over(turn.msg, turn.since, cx) {
                return;
            }
        }
        cx.fall(self.metrics.busy);
    }

    /// The slot goes over to a request that has waited since then: as many are busy as before.
    #[inline(always)]
    fn took_over(&self, since: SimTime, cx: &mut Ctx<'_, HandlerAlarm>) {
        cx.fall(self.metrics.waiting);
        cx.time(self.metrics.wait, cx.now().since(since));
    }

    /// The slot goes over to the next request. Whether it stays in use.
    fn takes_over(&mut self, next: MsgId, since: SimTime, cx: &mut Ctx<'_, HandlerAlarm>) -> bool {
        let ended = self.handler.start(next, 0, 0, cx);
        self.took_over(since, cx);
        if let Some(ended) = ended {
            self.conclude(ended, &mut cx.aside());
        }
        ended.is_none()
    }

    #[cold]
    fn drop_at_its_turn(&mut self, msg: MsgId, loss: LossId, cx: &mut Ctx<'_, HandlerAlarm>) {
        if let Some(dropped) = self.shedding.as_ref().and_then(|shedding| shedding.dropped) {
            cx.count(dropped, 1);
        }
        self.turn_away(msg, loss, cx);
        self.answer_checks_in_turn(cx);
    }

    /// The slot's time on a request is counted, and the request answered.
    #[inline(never)]
    fn conclude(&mut self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        let (spent, work) = (cx.now().since(ended.began).as_nanos(), ended.work(cx.now()));
        self.count_time(spent, work, cx);
        self.close(ended.msg, ended.loss, (spent, work), cx);
    }

    /// The same of a request that ends with its own work. If nobody but a job of the traffic asked for it, the way is short.
    #[inline(always)]
    fn conclude_work(&mut self, msg: MsgId, began: SimTime, cx: &mut Ctx<'_, HandlerAlarm>) {
        let spent = cx.now().since(began).as_nanos();
        self.count_time(spent, spent, cx);
        if self.health.is_sound() && cx.complete_alone(msg) {
            cx.count(self.metrics.served, 1);
        } else {
            self.close(msg, LossId::NONE, (spent, spent), &mut cx.aside());
        }
    }

    #[inline(always)]
    fn count_time(&self, spent: u64, work: u64, cx: &mut Ctx<'_, HandlerAlarm>) {
        cx.count(self.metrics.busy_time, spent);
        cx.count(self.metrics.work_time, work);
    }

    /// A request is answered, or what its message carries is done or lost, after so many nanoseconds in the slot, of which
    /// the second number were work.
    #[inline(never)]
    fn close(&mut self, msg: MsgId, mut loss: LossId, (spent, work): (u64, u64), cx: &mut Ctx<'_, HandlerAlarm>) {
        if cx.is_attempt(msg) && cx.is_for_nobody(msg) {
            cx.count(self.metrics.ghost_time, work);
        }
        if loss.is_none() && self.health.fails(|| cx.draws_of_attempt(msg)) {
            loss = self.losses.failing;
        }
        if loss.is_none() {
            cx.count(self.metrics.served, 1);
        }
        if self.shedding.is_some() {
            self.learn(spent, loss, cx);
        }
        cx.conclude(msg, loss);
    }

    /// The adaptive limit sees how long an answer took, and a health check whose turn it is gets the slot.
    #[inline(never)]
    fn learn(&mut self, spent: u64, loss: LossId, cx: &mut Ctx<'_, HandlerAlarm>) {
        self.answer_checks_in_turn(cx);
        let inside = self.holding() + 1;
        let limit = self.shedding.as_mut().and_then(|shedding| shedding.limit.as_mut());
        if let Some((limit, gauge)) = limit.filter(|_| loss.is_none()) {
            limit.answered(SimDuration::from_nanos(spent), inside);
            cx.set(*gauge, limit.get());
        }
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
            while let Some(turn) = self.waiting.pop(cx.now()) {
                cx.refuse(turn.msg, self.losses.down);
            }
            cx.set(self.metrics.waiting, 0);
            self.waiting.forget_checks();
            self.forgets();
        }
        if fault == FaultKind::Hangs {
            self.stand_still_or_go_on(cx);
        }
    }
}
