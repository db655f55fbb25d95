//! The requests of a handler: attempts, answers, timeouts, pauses, and what guards them.

use super::{AnyTimer, Copy, Due, Ended, Handler, HandlerAlarm, Step, Task, What, still_awaits};
use crate::components::context::Ctx;
use crate::components::guard::{Answer, Gate, Outcome};
use crate::engine::random::mix;
use crate::engine::{Call, LossId, MsgId, Refusal, Signal, SimDuration, SimTime};

/// Sets the draws of a client that turns its own requests away apart from those of its pauses.
const TURNED_AWAY: u64 = 1 << 41;

impl Handler {
    #[inline(always)]
    pub(super) fn next_step<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let task = self.tasks.get_mut(index)?;
        if usize::from(task.step) == self.steps.len() {
            return self.end(index, LossId::NONE);
        }
        task.tries = 0;
        task.pause = SimDuration::ZERO;
        let msg = task.msg;
        if let Some(loss) = self.caller_left.filter(|_| cx.is_for_nobody(msg)) {
            return self.end(index, loss);
        }
        self.begin_request(index, cx);
        self.try_step(index, cx)
    }

    /// The task comes to a step that may have a guard.
    #[inline]
    fn begin_request<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let step = task.step;
        let Some(guard) = &mut self.steps[usize::from(step)].guard else { return };
        guard.begins(cx.now());
        let due = guard.deadline.map(|(deadline, _)| cx.now() + deadline);
        task.guarded.due = due.unwrap_or(SimTime::MAX);
        let Some(due) = due else { return };
        self.serial = self.serial.wrapping_add(1);
        let request = self.serial;
        task.guarded.request = request;
        if let Some(at) = guard.deadlines.push(due, (index, request)) {
            cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step, what: What::Request } }));
        }
    }

    /// Makes an attempt at the task's step, as soon as its guard lets it.
    pub(super) fn try_step<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        let task = self.tasks.get_mut(index)?;
        task.awaits = serial;
        task.tries += 1;
        let step = task.step;
        let request = task.request(task.tries, cx);
        let Some(guard) = &mut self.steps[usize::from(step)].guard else {
            self.send(index, cx);
            return None;
        };
        task.guarded.sent = cx.now();
        let is_waiting = still_awaits(&self.tasks);
        let draw = |cx: &Ctx<'_, T>| cx.draws(mix(request ^ TURNED_AWAY)).uniform();
        let gate = guard.gate((index, serial), draw, is_waiting, cx);
        let trial = guard.trial();
        self.tasks.get_mut(index)?.guarded.trial = trial;
        self.pass(index, gate, cx)
    }

    /// An attempt has come to a gate.
    pub(super) fn pass<T>(&mut self, index: u32, gate: Gate, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let task = self.tasks.get_mut(index)?;
        let (step, task) = (task.step, &mut task.guarded);
        let mut ring = |at: Option<SimTime>, what| {
            if let Some(at) = at {
                cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step, what } }));
            }
        };
        match gate {
            Gate::Leaves => {
                task.seats = 1;
                self.send(index, cx);
                None
            }
            Gate::Waits(alarm) => {
                task.queued = true;
                ring(alarm, What::Connection);
                None
            }
            Gate::HeldBack(alarm) => {
                task.held = true;
                ring(alarm, What::Rate);
                None
            }
            Gate::Fails(loss) => self.attempt_failed(index, loss, cx),
            Gate::Rejected(loss) => {
                // A retry that was paid for was not made.
                if task.paid.take().is_some()
                    && let Some(guard) = &mut self.steps[usize::from(step)].guard
                {
                    guard.withdraws_retry();
                }
                self.step_failed(index, loss, cx)
            }
            Gate::Ends(loss) => self.fail_request(index, loss, cx),
        }
    }

    /// Sends an attempt of the task's step.
    pub(super) fn send<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let (number, serial) = (task.step, task.awaits);
        let step = &mut self.steps[usize::from(number)];
        let leg = step.leg(task, task.tries, cx);
        let call = Call { node: cx.node(), task: index, attempt: serial, behalf: task.msg };
        task.attempt = Some(cx.request(call, step.to, leg));
        if let Some(counters) = self.counters {
            cx.count(counters.attempts, 1);
        }
        if let Some(guard) = &mut step.guard {
            task.guarded.sent = cx.now();
            task.guarded.sent_copies = 1;
            if let Some(hedge) = guard.hedge
                && let Some(at) = guard.hedges.push(cx.now() + hedge.after, (index, serial))
            {
                cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step: number, what: What::Hedge } }));
            }
        }
        let Some(timeout) = step.timeout else { return };
        let (tasks, deadlines) = (&self.tasks, &mut self.timeouts[usize::from(number)]);
        deadlines.trim(|(task, serial)| tasks.get(task).is_some_and(|task| task.awaits == serial));
        if let Some(at) = deadlines.push(cx.now() + timeout, (index, serial)) {
            cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step: number, what: What::Attempt } }));
        }
    }

    /// An answer was given. It still has its way back before it, half of the round trip.
    #[inline(never)]
    pub(in crate::components) fn on_reply<T>(
        &mut self,
        task: u32,
        attempt: u32,
        loss: LossId,
        cx: &mut Ctx<'_, T>,
    ) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let leg = self.note_answer(task, attempt, loss, cx)?;
        if leg.is_zero() {
            return self.answered(task, attempt, cx);
        }
        cx.alarm_after(leg, T::from(HandlerAlarm::Answered { task, serial: attempt }));
        None
    }

    /// Notes an answer, if somebody waits for it. Returns how long its way back takes.
    pub(super) fn note_answer<T>(
        &mut self,
        task: u32,
        attempt: u32,
        loss: LossId,
        cx: &Ctx<'_, T>,
    ) -> Option<SimDuration>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let waiting = self.tasks.get_mut(task)?;
        let number = if waiting.awaits == attempt {
            waiting.answer = loss;
            waiting.tries
        } else {
            let place = waiting.guarded.copies.iter().position(|copy| copy.serial == attempt)?;
            let copy = &mut waiting.guarded.copies[place];
            copy.answer = loss;
            copy.number
        };
        Some(self.steps[usize::from(waiting.step)].leg(waiting, number, cx))
    }

    /// An answer has come all the way back.
    pub(super) fn answered<T>(&mut self, index: u32, serial: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let task = self.tasks.get_mut(index)?;
        let (attempt, loss) = if task.awaits == serial {
            (task.attempt.take(), task.answer)
        } else {
            let copies = &mut task.guarded.copies;
            let place = copies.iter().position(|copy| copy.serial == serial)?;
            let Copy { attempt, answer, .. } = copies.remove(place);
            (Some(attempt), answer)
        };
        let others = task.attempt.is_some() || !task.guarded.copies.is_empty();
        if let Some(attempt) = attempt {
            cx.release(attempt);
        }
        if loss.is_none() {
            if let Some(counters) = self.counters {
                cx.count(counters.answered, 1);
            }
            self.conclude(index, Answer::Good, cx);
            self.leave_request(index);
            self.tasks.get_mut(index)?.step += 1;
            self.next_step(index, cx)
        } else if self.goes_on_with_copies(index, loss, others, cx) {
            None
        } else {
            self.attempt_failed(index, loss, cx)
        }
    }

    /// The attempt under way has failed, with all its copies.
    pub(super) fn attempt_failed<T>(&mut self, index: u32, loss: LossId, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let task = self.tasks.get(index)?;
        let callee = self.steps[usize::from(task.step)].to.node;
        let throttled = cx.is_throttled(loss, callee);
        self.conclude(index, if throttled { Answer::Throttled } else { Answer::Failed }, cx);
        self.step_failed(index, loss, cx)
    }

    /// Tries again after a pause, or ends the task: after the last attempt, when the callee refused for good, when the
    /// caller has left, or when the budget does not pay.
    fn step_failed<T>(&mut self, index: u32, loss: LossId, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        let task = self.tasks.get_mut(index)?;
        let Step { retries, heeds, to, guard, .. } = &mut self.steps[usize::from(task.step)];
        let refusal = if cx.is_throttled(loss, to.node) { Refusal::Throttled } else { Refusal::Failed };
        let pace = retries.after(refusal);
        let over = task.tries >= pace.attempts
            || cx.is_refused_for_good(loss, to.node)
            || (self.caller_left.is_some() && cx.is_for_nobody(task.msg));
        let paid = if over { None } else { guard.as_mut().and_then(|guard| guard.pays(refusal, cx)) };
        if over || paid == Some(false) {
            return self.fail_request(index, loss, cx);
        }
        task.guarded.paid = paid.map(|_| refusal);
        let request = task.request(task.tries, cx);
        task.pause = pace.pause(task.tries, task.pause, || cx.draws(mix(request)));
        let asked = cx.retry_after(loss, to.node);
        task.pause = task.pause.max(asked.min(task.pause + *heeds));
        task.awaits = serial;
        if task.pause.is_zero() {
            return self.try_step(index, cx);
        }
        cx.alarm_after(task.pause, T::from(HandlerAlarm::Paused { task: index, serial }));
        None
    }

    /// The request at which the task is has failed for good, and the task with it.
    pub(super) fn fail_request<T>(&mut self, index: u32, loss: LossId, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        self.quit(index, cx);
        self.end(index, loss)
    }

    /// The attempt under way is over: whoever still works on it, or on a copy, does so for nobody.
    #[inline]
    pub(super) fn conclude<T>(&mut self, index: u32, answer: Answer, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let number = task.step;
        let step = &mut self.steps[usize::from(number)];
        if let Some(attempt) = task.attempt.take() {
            step.abandon(attempt, task, task.tries, cx);
        }
        if let Some(guard) = &mut step.guard {
            let took = cx.now().since(task.guarded.sent);
            let retry = task.guarded.paid.take();
            let was_sent = task.guarded.seats > 0;
            let again = guard.record(Outcome { answer, was_sent, took, retry }, cx);
            if let Some(at) = again {
                cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step: number, what: What::Rate } }));
            }
            self.free_connection_of_all(index, cx);
        }
    }

    /// The request at which the task is has ended.
    #[inline]
    fn leave_request(&mut self, index: u32) {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let Some(step) = self.steps.get_mut(usize::from(task.step)) else { return };
        if let Some(guard) = step.guard.as_mut().filter(|_| task.tries > 0) {
            guard.ends(task.guarded.paid.take());
            task.guarded.request = 0;
        }
    }

    /// The task asks for nothing any more, and nobody learns what becomes of what it has asked for.
    pub(super) fn quit<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        if task.asks() {
            let step = &mut self.steps[usize::from(task.step)];
            if let Some(attempt) = task.attempt.take() {
                step.abandon(attempt, task, task.tries, cx);
            }
            if let Some(guard) = &mut step.guard {
                guard.withdrawn(task.guarded.trial);
            }
        }
        self.free_connection_of_all(index, cx);
        self.leave_request(index);
    }
}

impl Step {
    /// The way to the callee, or back: half of the attempt's round trip.
    #[inline]
    pub(super) fn leg<T: Into<AnyTimer>>(&self, task: &Task, number: u32, cx: &Ctx<'_, T>) -> SimDuration {
        if self.latency.is_none() {
            SimDuration::ZERO
        } else {
            cx.latency(&self.latency, task.request(number, cx)).half()
        }
    }
}

impl Step {
    /// Nobody waits for the answer to this attempt any more; a callee that stops for that is told.
    #[inline]
    pub(super) fn abandon<T: Into<AnyTimer>>(&self, attempt: MsgId, task: &Task, number: u32, cx: &mut Ctx<'_, T>) {
        if self.cancels
            && let Some(Call { node, attempt: serial, .. }) = cx.message(attempt).reply_to
        {
            let leg = self.leg(task, number, cx);
            cx.tell(leg, self.to.node, Signal::Hangup { from: node, slot: serial });
        }
        cx.abandon(attempt);
    }
}

impl Task {
    /// A number for the draws of one attempt: the same in every run, whatever else happens.
    fn request<T: Into<AnyTimer>>(&self, number: u32, cx: &Ctx<'_, T>) -> u64 {
        cx.number(self.msg) ^ mix((u64::from(self.step) << 32) | u64::from(number))
    }

    /// Whether an attempt is under way, or waits for a connection.
    pub(super) const fn asks(&self) -> bool {
        self.attempt.is_some() || self.guarded.queued || self.guarded.held || !self.guarded.copies.is_empty()
    }
}
