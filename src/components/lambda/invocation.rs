//! A request in its environment: it waits until that is ready, is worked on, and ends, or is stopped.

use super::billing::billed;
use super::environments::Start;
use super::{Cx, Lambda, LambdaAlarm};
use crate::components::handler::Ended;
use crate::engine::random::mix;
use crate::engine::{LossId, MsgId, SimDuration, SimTime};
use crate::facts::lambda;

/// Draws of the time that environments take to get ready, apart from those of latencies.
const INITS: u64 = 1 << 62;

/// What an environment works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum What {
    /// Nothing.
    #[default]
    Nothing,
    /// A call, whose caller waits.
    Call(MsgId),
    /// An event with this place among the events.
    Event(u32),
    /// The batch of this poller.
    Batch(u32),
}

/// A request in its environment.
#[derive(Debug, Clone, Default)]
pub(super) struct Invocation {
    what: What,
    /// Told apart from an earlier one in the same place.
    serial: u32,
    /// When it got the environment.
    began: SimTime,
    /// When the work began, if it has.
    ran: Option<SimTime>,
    /// What is left to get ready although the work has begun.
    redo: SimDuration,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The function has answered.
    Answered,
    /// It has failed.
    Failed,
    /// It was stopped, and its environment starts anew.
    Stopped,
}

impl Lambda {
    /// A request has got an environment.
    pub(super) fn begin(&mut self, what: What, start: Start, cx: &mut Cx<'_>) {
        self.serial = self.serial.wrapping_add(1);
        let (serial, began) = (self.serial, cx.now());
        let mut invocation = Invocation { what, serial, began, ran: None, redo: SimDuration::ZERO };
        let mut wait = SimDuration::ZERO;
        if start == Start::Cold {
            self.inits += 1;
            let init = cx.latency(&self.p.init, mix(self.inits | INITS));
            cx.count(self.metrics.cold_starts, 1);
            cx.time(self.metrics.init_duration, init);
            let limit = lambda::INIT_LIMIT.value.get();
            wait = init.min(limit);
            if init > limit {
                // It is stopped and starts again as a part of the request.
                invocation.redo = init;
            }
        }
        let index = self.invocations.insert(invocation);
        cx.count(self.metrics.invocations, 1);
        self.show(cx);
        if wait.is_zero() {
            self.run(index, cx);
        } else {
            cx.alarm_after(wait, LambdaAlarm::Ready { invocation: index, serial });
        }
    }

    /// An environment is ready.
    pub(super) fn ready(&mut self, index: u32, serial: u32, cx: &mut Cx<'_>) {
        if self.invocations.get(index).is_some_and(|invocation| invocation.serial == serial) {
            self.run(index, cx);
        }
    }

    /// The request is worked on, and its time runs.
    fn run(&mut self, index: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let Some(invocation) = self.invocations.get_mut(index) else { return };
        let (serial, redo) = (invocation.serial, std::mem::take(&mut invocation.redo));
        if invocation.ran.is_none() {
            invocation.ran = Some(now);
            let now = cx.now();
            cx.rise(self.metrics.busy);
            let invocations = &self.invocations;
            let is_alive = |(index, serial)| invocations.get(index).is_some_and(|alive| alive.serial == serial);
            self.timeouts.trim(is_alive);
            if let Some(at) = self.timeouts.push(now + self.p.timeout, (index, serial)) {
                cx.alarm_at(at, LambdaAlarm::Timeout);
            }
        }
        if !redo.is_zero() {
            return cx.alarm_after(redo, LambdaAlarm::Ready { invocation: index, serial });
        }
        let mut open = self.messages_at_once(index);
        let ended = self.begin_next(index, cx);
        self.go_on(ended, cx);
        while open > 1 && self.invocations.get(index).is_some_and(|alive| alive.serial == serial) {
            open -= 1;
            let ended = self.begin_next(index, cx);
            self.go_on(ended, cx);
        }
    }

    /// How many messages of a request are worked on side by side.
    fn messages_at_once(&self, index: u32) -> u32 {
        match (self.invocations.get(index), &self.mapping) {
            (Some(Invocation { what: What::Batch(lane), .. }), Some(mapping)) => mapping.messages_at_once(*lane),
            _ => 1,
        }
    }

    /// Begins with the next message of a request; returns it if there is nothing to wait for.
    fn begin_next(&mut self, index: u32, cx: &mut Cx<'_>) -> Option<Ended> {
        let (msg, receive) = match self.invocations.get(index)?.what {
            What::Nothing => return None,
            What::Call(msg) => (msg, 0),
            What::Event(event) => self.events.as_ref()?.attempt(event)?,
            What::Batch(lane) => self.mapping.as_mut()?.next_message(lane)?,
        };
        self.handler.start(msg, index, receive, cx)
    }

    /// The handling of a message has ended, and its request goes on.
    pub(super) fn go_on(&mut self, ended: Option<Ended>, cx: &mut Cx<'_>) {
        let mut ended = ended;
        while let Some(this) = ended {
            ended = self.handled(this, cx);
        }
    }

    /// Counts the time spent; returns the function's own work.
    fn spend(&self, ended: &Ended, cx: &mut Cx<'_>) -> u64 {
        let (now, work) = (cx.now(), ended.work(cx.now()));
        cx.count(self.metrics.busy_time, now.since(ended.began).as_nanos());
        cx.count(self.metrics.work_time, work);
        work
    }

    /// A message was handled; returns the next one of the request if there is nothing to wait for.
    fn handled(&mut self, ended: Ended, cx: &mut Cx<'_>) -> Option<Ended> {
        let Ended { msg, slot: index, receive, loss, .. } = ended;
        let what = self.invocations.get(index)?.what;
        let work = self.spend(&ended, cx);
        let fails = self.health.fails(|| match what {
            What::Call(_) => cx.draws_of_attempt(msg),
            _ => cx.draws_of_receive(msg, receive),
        });
        let loss = if loss.is_none() && fails { self.losses.failing } else { loss };
        let done = loss.is_none();
        if !done {
            cx.count(self.metrics.failed, 1);
        }
        match what {
            What::Call(_) => {
                if cx.is_for_nobody(msg) {
                    cx.count(self.metrics.ghost_time, work);
                }
                self.end(index, if done { End::Answered } else { End::Failed }, cx);
                self.answer(msg, loss, cx);
            }
            What::Event(event) => {
                self.end(index, if done { End::Answered } else { End::Failed }, cx);
                if done {
                    cx.count(self.metrics.handled, 1);
                    self.event_done(event, cx);
                } else {
                    self.event_failed(event, cx);
                }
            }
            What::Batch(lane) => {
                if done && cx.done(msg) {
                    cx.count(self.metrics.handled, 1);
                } else if done {
                    cx.count(self.metrics.repeated, 1);
                    cx.count(self.metrics.repeated_time, work);
                }
                return self.handled_of_batch(lane, index, msg, done, cx);
            }
            What::Nothing => {}
        }
        None
    }

    /// The caller gets its answer.
    fn answer(&mut self, msg: MsgId, loss: LossId, cx: &mut Cx<'_>) {
        self.calls -= 1;
        if loss.is_none() {
            cx.count(self.metrics.handled, 1);
        }
        cx.conclude(msg, loss);
    }

    /// A message of a batch was handled: on to the next one, or the batch ends.
    fn handled_of_batch(&mut self, lane: u32, index: u32, msg: MsgId, done: bool, cx: &mut Cx<'_>) -> Option<Ended> {
        let mapping = self.mapping.as_mut()?;
        mapping.note(lane, msg, done);
        if !done && !mapping.goes_on_after_failures() {
            let whole = !mapping.reports();
            // What is worked on beside it ends with it.
            self.cancel(index, cx);
            self.end(index, if whole { End::Failed } else { End::Answered }, cx);
            self.batch_ended(lane, whole, cx);
            return None;
        }
        if mapping.has_next(lane) {
            return self.begin_next(index, cx);
        }
        if mapping.is_worked_through(lane) {
            self.end(index, End::Answered, cx);
            self.batch_ended(lane, false, cx);
        }
        None
    }

    /// What an environment is at ends without a result.
    fn cancel(&mut self, index: u32, cx: &mut Cx<'_>) {
        while let Some(ended) = self.handler.cancel(index, cx) {
            let work = self.spend(&ended, cx);
            cx.count(self.metrics.ghost_time, work);
        }
    }

    /// Stops what has used up its time.
    pub(super) fn time_out(&mut self, cx: &mut Cx<'_>) {
        loop {
            let invocations = &self.invocations;
            let is_alive = |(index, serial)| invocations.get(index).is_some_and(|alive| alive.serial == serial);
            let Some((index, _)) = self.timeouts.due(cx.now(), is_alive) else { break };
            let Some(what) = self.invocations.get(index).map(|invocation| invocation.what) else { continue };
            self.cancel(index, cx);
            cx.count(self.metrics.timeouts, 1);
            self.end(index, End::Stopped, cx);
            self.end_badly(what, self.losses.timed_out, cx);
        }
        if let Some(at) = self.timeouts.rearm() {
            cx.alarm_at(at, LambdaAlarm::Timeout);
        }
    }

    /// What becomes of a request that the function did not answer.
    fn end_badly(&mut self, what: What, loss: LossId, cx: &mut Cx<'_>) {
        match what {
            What::Call(msg) => {
                cx.count(self.metrics.failed, 1);
                self.answer(msg, loss, cx);
            }
            What::Event(event) => {
                cx.count(self.metrics.failed, 1);
                self.event_failed(event, cx);
            }
            What::Batch(lane) => {
                let left = self.mapping.as_ref().map_or(0, |mapping| mapping.not_handled(lane));
                cx.count(self.metrics.failed, left);
                self.batch_ended(lane, true, cx);
            }
            What::Nothing => {}
        }
    }

    /// A request ends, and its environment is free.
    fn end(&mut self, index: u32, end: End, cx: &mut Cx<'_>) {
        let Some(Invocation { began, ran, .. }) = self.invocations.remove(index) else { return };
        let now = cx.now();
        if let Some(ran) = ran {
            cx.fall(self.metrics.busy);
            cx.time(self.metrics.duration, now.since(ran));
        }
        cx.count(self.metrics.billed_time, billed(now.since(began)).as_nanos());
        if end != End::Answered {
            cx.count(self.metrics.errors, 1);
        }
        if self.p.shares_concurrency {
            cx.account().end_execution();
        }
        if let Some(at) = self.environments.give_back(now, end == End::Stopped) {
            cx.alarm_at(at, LambdaAlarm::Idle);
        }
        self.show(cx);
    }

    /// The service is down: whatever the environments were at has failed, and they are gone.
    pub(super) fn stop_all(&mut self, cx: &mut Cx<'_>) {
        let under_way: Vec<(u32, What)> =
            self.invocations.iter().map(|(index, invocation)| (index, invocation.what)).collect();
        for (index, what) in under_way {
            self.cancel(index, cx);
            self.end(index, End::Stopped, cx);
            match what {
                // That was not the function's failure.
                What::Event(event) => self.event_throttled(event, cx),
                what => self.end_badly(what, self.losses.down, cx),
            }
        }
        self.environments.clear();
        self.show(cx);
    }
}
