//! The connections of a handler's requests, and the copies that are sent to hedge against a slow answer.

use super::{AnyTimer, Copy, Due, Ended, Handler, HandlerAlarm, Step, What, still_awaits, still_may_send};
use crate::components::context::Ctx;
use crate::engine::{Call, LossId, NodeId};

/// Numbers the draws of further copies of an attempt apart from those of later attempts.
const COPIES: u32 = 1 << 16;

/// By what the draws are numbered of a further copy (counted from one) of this attempt.
const fn number_of_copy(attempt: u32, copy: u32) -> u32 {
    COPIES.wrapping_mul(attempt + 1).wrapping_add(copy)
}

impl Handler {
    /// Sends another copy of the attempt under way, if a connection is free and the budget allows it.
    pub(super) fn hedge<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let (number, sent) = (task.step, task.guarded.sent_copies);
        let Some(guard) = &mut self.steps[usize::from(number)].guard else { return };
        let Some(hedge) = guard.hedge.filter(|hedge| sent < hedge.copies) else { return };
        if guard.allows_hedges() && guard.has_room(cx) {
            task.guarded.seats += 1;
            let another = (sent + 1 < hedge.copies).then(|| cx.now() + hedge.after);
            if let Some(at) = another.and_then(|at| guard.hedges.push(at, (index, task.awaits))) {
                cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step: number, what: What::Hedge } }));
            }
            self.send_copy(index, cx);
        }
    }

    /// A copy of an attempt has failed, with `others` under way or not. Whether the request goes on all the same: with the
    /// others, or with the next copy, which is then not waited for, as in gRPC. What is refused for good needs no other.
    pub(super) fn goes_on_with_copies<T>(&mut self, index: u32, loss: LossId, others: bool, cx: &mut Ctx<'_, T>) -> bool
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get(index) else { return false };
        let Step { guard, to, .. } = &mut self.steps[usize::from(task.step)];
        let Some(guard) = guard else { return false };
        let Some(hedge) = guard.hedge.filter(|_| !cx.is_refused_for_good(loss, to.node)) else { return false };
        if task.guarded.sent_copies < hedge.copies && guard.allows_hedges() {
            guard.copy_failed();
            // With the connection of the one that has failed.
            self.send_copy(index, cx);
            return true;
        }
        if others {
            guard.copy_failed();
            self.free_connection(index, cx);
        }
        others
    }

    /// Sends a further copy, which has its connection.
    fn send_copy<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        let Some(task) = self.tasks.get_mut(index) else { return };
        let step = &self.steps[usize::from(task.step)];
        let number = number_of_copy(task.tries, task.guarded.sent_copies);
        let leg = step.leg(task, number, cx);
        let call = Call { node: cx.node(), task: index, attempt: serial, behalf: task.msg };
        let attempt = cx.request(call, step.to, leg);
        task.guarded.sent_copies += 1;
        task.guarded.copies.push(Copy { serial, number, attempt, answer: LossId::NONE });
        let sent = step.guard.as_ref().and_then(|guard| guard.hedge).map(|hedge| hedge.sent);
        for counter in sent.into_iter().chain(self.counters.map(|counters| counters.attempts)) {
            cx.count(counter, 1);
        }
    }

    /// The task waits for no connection, holds none, and no copy is under way for it.
    pub(super) fn free_connection_of_all<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let mut copies = std::mem::take(&mut task.guarded.copies);
        for copy in &copies {
            self.steps[usize::from(task.step)].abandon(copy.attempt, task, copy.number, cx);
        }
        copies.clear();
        task.guarded.copies = copies;
        if std::mem::take(&mut task.guarded.held)
            && let Some(guard) = &mut self.steps[usize::from(task.step)].guard
        {
            guard.leaves_line(cx);
        }
        if std::mem::take(&mut task.guarded.queued)
            && let Some(guard) = &mut self.steps[usize::from(task.step)].guard
        {
            guard.leaves_queue(cx);
        }
        for _ in 0..task.guarded.seats {
            self.free_connection(index, cx);
        }
    }

    /// One of the task's connections is free: the next attempt that waits for one leaves with it.
    pub(super) fn free_connection<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Some(task) = self.tasks.get_mut(index) else { return };
        task.guarded.seats -= 1;
        let Some(guard) = &mut self.steps[usize::from(task.step)].guard else { return };
        let is_waiting = still_may_send(&self.tasks, cx.now());
        let Some((next, _)) = guard.frees(is_waiting, cx) else { return };
        guard.leaves_queue(cx);
        if let Some(task) = self.tasks.get_mut(next) {
            task.guarded.queued = false;
            task.guarded.seats = 1;
        }
        self.send(next, cx);
    }

    /// A client that sends less may send again: those go on that have waited longest. Call until it returns `None`, each
    /// time dealing with the task that ended.
    pub(super) fn send_those_held_back<T>(&mut self, step: u16, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        loop {
            let guard = self.steps[usize::from(step)].guard.as_mut()?;
            let Some((index, serial)) = guard.next_to_send(still_may_send(&self.tasks, cx.now()), cx) else { break };
            let gate = guard.seat((index, serial), still_awaits(&self.tasks), cx);
            if let Some(task) = self.tasks.get_mut(index) {
                task.guarded.held = false;
            }
            let ended = self.pass(index, gate, cx);
            if ended.is_some() {
                return ended;
            }
        }
        let guard = self.steps[usize::from(step)].guard.as_mut()?;
        if let Some(at) = guard.may_send_at(cx.now()) {
            cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: Due { step, what: What::Rate } }));
        }
        None
    }

    /// The caller of this attempt has left: the task that works on it ends at once by `loss`.
    pub(in crate::components) fn cancel_for<T>(
        &mut self,
        caller: NodeId,
        attempt: u32,
        loss: LossId,
        cx: &mut Ctx<'_, T>,
    ) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let asked = |msg| cx.message(msg).reply_to.is_some_and(|call| call.node == caller && call.attempt == attempt);
        let index = self.tasks.iter().find(|(_, task)| asked(task.msg))?.0;
        let serial = self.next_serial();
        // A connection that becomes free is of no use to it.
        self.tasks.get_mut(index)?.awaits = serial;
        self.quit(index, cx);
        self.end(index, loss)
    }
}
