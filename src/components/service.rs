//! A synchronous server: slots that each handle one request at a time, and a bounded queue before them.
//!
//! ```text
//!  Arrive ──▶ accept queue ──▶ slot: work, then calls and sends ──▶ answer
//!     │ full                     │ the caller left meanwhile
//!     ▼                          ▼
//!  refused                     ghost work
//! ```
//! Facts: `http.*`. A timeout of the caller does not free the slot: the work goes on and is counted as ghost work.

use super::Component;
use super::context::Ctx;
use super::fault::{FaultKind, Health};
use super::handler::{Ended, Handler, HandlerAlarm};
use super::latency::Latency;
use crate::engine::random::mix;
use crate::engine::{LossId, MsgId, Signal};
use crate::metrics::{CounterId, GaugeId};
use std::collections::VecDeque;

/// A server while it runs.
#[derive(Debug, Clone)]
pub struct Service {
    /// Requests handled at once -- parameter.
    slots: usize,
    /// Requests that may wait for a slot -- parameter.
    accept_queue: usize,
    /// The way of an answer back to the caller -- parameter.
    answer: Latency,
    losses: ServiceLosses,
    metrics: ServiceMetrics,
    /// What is done with a request, and the requests in the slots -- parameter and state.
    handler: Handler,
    /// Requests waiting for a slot, oldest first -- state.
    waiting: VecDeque<MsgId>,
    /// What is wrong with it -- state.
    health: Health,
}

/// Why a server turns a request away.
#[derive(Debug, Clone, Copy)]
pub struct ServiceLosses {
    /// Its accept queue is full.
    pub queue_full: LossId,
    /// It is down.
    pub down: LossId,
    /// A fault makes it answer with an error.
    pub failing: LossId,
}

/// What a server counts.
#[derive(Debug, Clone, Copy)]
pub struct ServiceMetrics {
    /// Slots in use.
    pub busy: GaugeId,
    /// Requests waiting for a slot.
    pub waiting: GaugeId,
    /// Requests served to the end.
    pub served: CounterId,
    /// Slot time spent on requests.
    pub busy_time: CounterId,
    /// Slot time spent on requests whose caller had left before the end.
    pub ghost_time: CounterId,
}

impl Service {
    /// A server of `slots` slots and room for `accept_queue` waiting requests.
    pub fn new(
        slots: usize,
        accept_queue: usize,
        answer: Latency,
        handler: Handler,
        losses: ServiceLosses,
        metrics: ServiceMetrics,
    ) -> Self {
        Self {
            slots,
            accept_queue,
            answer,
            losses,
            metrics,
            handler,
            waiting: VecDeque::new(),
            health: Health::default(),
        }
    }
}

impl Component for Service {
    const KIND: &'static str = "service";
    type Alarm = HandlerAlarm;

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
            | Signal::Hangup { .. } => unreachable!("edges of these verbs do not lead to a service"),
        }
    }

    fn on_alarm(&mut self, alarm: HandlerAlarm, cx: &mut Ctx<'_, HandlerAlarm>) {
        if let HandlerAlarm::Timeout { step } = alarm {
            while let Some(ended) = self.handler.on_timeout(step, cx) {
                self.finish(ended, cx);
            }
        } else if let Some(ended) = self.handler.on_alarm(alarm, cx) {
            self.finish(ended, cx);
        }
    }

    fn holding(&self) -> u64 {
        (self.waiting.len() + self.handler.busy()) as u64
    }
}

impl Service {
    #[inline]
    fn admit(&mut self, msg: MsgId, cx: &mut Ctx<'_, HandlerAlarm>) {
        if self.health.is_down() {
            self.turn_away(msg, self.losses.down, cx);
        } else if self.handler.busy() < self.slots {
            self.begin(msg, cx);
        } else if self.waiting.len() < self.accept_queue {
            self.waiting.push_back(msg);
            cx.set(self.metrics.waiting, self.waiting.len() as u64);
        } else {
            self.turn_away(msg, self.losses.queue_full, cx);
        }
    }

    fn turn_away(&self, msg: MsgId, loss: LossId, cx: &mut Ctx<'_, HandlerAlarm>) {
        let leg = self.answer_leg(msg, cx);
        cx.refuse(msg, loss, leg);
    }

    /// Half a round trip, but only if somebody waits at the other end.
    #[inline]
    fn answer_leg(&self, msg: MsgId, cx: &Ctx<'_, HandlerAlarm>) -> crate::engine::SimDuration {
        match cx.message(msg).reply_to {
            Some(call) if !self.answer.is_none() => {
                cx.latency(&self.answer, cx.number(msg) ^ mix(u64::from(call.attempt))).half()
            }
            _ => crate::engine::SimDuration::ZERO,
        }
    }

    #[inline]
    fn begin(&mut self, msg: MsgId, cx: &mut Ctx<'_, HandlerAlarm>) {
        let (gauge, now) = cx.gauge(self.metrics.busy);
        gauge.rise(now);
        if let Some(ended) = self.handler.start(msg, 0, 0, cx) {
            self.finish(ended, cx);
        }
    }

    #[inline]
    fn finish(&mut self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        self.conclude(ended, cx);
        if let Some(next) = self.waiting.pop_front() {
            cx.set(self.metrics.waiting, self.waiting.len() as u64);
            self.begin(next, cx);
        }
    }

    #[inline]
    fn conclude(&self, ended: Ended, cx: &mut Ctx<'_, HandlerAlarm>) {
        let Ended { msg, began, mut loss, .. } = ended;
        let (gauge, now) = cx.gauge(self.metrics.busy);
        gauge.fall(now);
        let spent = now.since(began).as_nanos();
        cx.count(self.metrics.busy_time, spent);
        if cx.message(msg).is_abandoned() {
            cx.count(self.metrics.ghost_time, spent);
        }
        if loss.is_none() && !self.health.is_sound() && self.fails(msg, cx) {
            loss = self.losses.failing;
        }
        if loss.is_none() {
            cx.count(self.metrics.served, 1);
        }
        let leg = self.answer_leg(msg, cx);
        cx.conclude(msg, loss, leg);
    }

    /// Whether a fault makes this request fail; each attempt has its own chance.
    fn fails(&self, msg: MsgId, cx: &Ctx<'_, HandlerAlarm>) -> bool {
        let share = self.health.failing_share();
        let attempt = cx.message(msg).reply_to.map_or(0, |call| call.attempt);
        share > 0.0 && cx.draws(cx.number(msg) ^ mix(u64::from(attempt) | (1 << 40))).uniform() < share
    }

    fn fault(&mut self, index: u16, begins: bool, cx: &mut Ctx<'_, HandlerAlarm>) {
        let fault = cx.fault(index).kind;
        self.health.change(fault, begins);
        self.handler.slow_down(self.health.slowness());
        if fault == FaultKind::Down && begins {
            for ended in self.handler.cancel_all(self.losses.down, cx) {
                self.conclude(ended, cx);
            }
            for msg in std::mem::take(&mut self.waiting) {
                self.turn_away(msg, self.losses.down, cx);
            }
            cx.set(self.metrics.waiting, 0);
        }
    }
}
