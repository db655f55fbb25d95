//! The end of a loan: a message is deleted, hidden for longer, given back, or seen again when its time is over.

use super::audit::Event;
use super::calls::action;
use super::flow::Cx;
use super::timers::Timers;
use super::{Order, RECEIVES_BEFORE_THE_BACK, Sqs, SqsAlarm, StaleDelete, is_in_flight, mark, was_received};
use crate::components::retry::{Backoff, Jitter, RetryPolicy};
use crate::engine::random::mix;
use crate::engine::{Ending, MsgId, Refusal, Settle, SimDuration};
use crate::facts::http;

/// Tells the draws for late deletes from all others.
const STALE: u64 = 1 << 44;

/// How a client library tries a call again that its caller says nothing about.
const fn sdk_retries(why: Refusal) -> RetryPolicy {
    let base = match why {
        Refusal::Failed => http::SDK_BACKOFF_BASE,
        Refusal::Throttled => http::SDK_BACKOFF_BASE_THROTTLED,
    };
    let backoff = Backoff::Exponential { base: base.value.get(), cap: http::SDK_BACKOFF_MAX.value.get() };
    RetryPolicy { attempts: http::SDK_ATTEMPTS.value, backoff, jitter: Jitter::Full }
}

impl Sqs {
    #[inline(always)]
    pub(super) fn settle(&mut self, msg: MsgId, receive: u16, how: Settle, cx: &mut Cx<'_>) {
        match how {
            Settle::Done => self.delete(msg, receive, 1, cx),
            how => self.settle_otherwise(msg, receive, how, &mut cx.aside()),
        }
        cx.release(msg);
    }

    /// All but the way of nearly every message.
    #[inline(never)]
    fn settle_otherwise(&mut self, msg: MsgId, receive: u16, how: Settle, cx: &mut Cx<'_>) {
        match how {
            Settle::DoneToo => self.delete_too(msg, receive, cx),
            Settle::Hide { seconds, works } => self.change_visibility(msg, receive, seconds, works, cx),
            Settle::GiveBack if is_in_flight((cx.reference(msg), receive), cx) => {
                self.note(msg, Event::Hidden { length: SimDuration::ZERO, granted: true }, cx);
                self.reappear(msg, mark::VISIBLE, cx);
                self.serve(cx);
            }
            Settle::Vanished if is_in_flight((cx.reference(msg), receive), cx) => self.nobody_works(msg, cx),
            Settle::Done | Settle::GiveBack | Settle::Vanished => {}
        }
    }

    /// What the queue cannot know: if the message is seen again, that is no duplicate.
    #[allow(clippy::unused_self, reason = "it is about a message of this queue")]
    fn nobody_works(&self, msg: MsgId, cx: &mut Cx<'_>) {
        let mark = &mut cx.message_mut(msg).mark;
        if *mark != mark::IN_FLIGHT_GHOST {
            *mark = mark::IN_FLIGHT_ALONE;
        }
    }

    /// Attempt number `tries` to delete a message.
    #[inline(always)]
    fn delete(&mut self, msg: MsgId, receive: u16, tries: u8, cx: &mut Cx<'_>) {
        self.called(cx);
        self.delete_in_call(msg, receive, tries, false, cx);
    }

    /// Another message is deleted in the call of the one before.
    fn delete_too(&mut self, msg: MsgId, receive: u16, cx: &mut Cx<'_>) {
        self.delete_in_call(msg, receive, 1, true, cx);
    }

    #[inline(always)]
    fn delete_in_call(&mut self, msg: MsgId, receive: u16, tries: u8, too: bool, cx: &mut Cx<'_>) {
        if self.delete_fails(msg, receive, tries, cx) {
            self.delete_later(msg, receive, tries, Refusal::Failed, &mut cx.aside());
        } else if self.throttles_delete(msg, too, cx) {
            self.delete_later(msg, receive, tries, Refusal::Throttled, &mut cx.aside());
        } else {
            self.end_loan(msg, receive, cx);
        }
    }

    #[inline(always)]
    fn end_loan(&mut self, msg: MsgId, receive: u16, cx: &mut Cx<'_>) {
        if matches!(self.order, Order::Fifo(_)) && !is_in_flight((cx.reference(msg), receive), cx) {
            // A FIFO queue refuses a delete after the visibility timeout, whether anybody has received it since or not.
            cx.count(self.metrics.refused_deletes, 1);
            return;
        }
        // What moved to the dead-letter queue is gone from here: its receipt deletes nothing there.
        let gone = !cx.holds(cx.reference(msg));
        if gone || cx.message(msg).receives != receive {
            cx.count(self.metrics.stale_deletes, 1);
            if gone || !self.stale_delete_works(msg, receive, &cx.aside()) {
                return;
            }
        }
        let at = cx.message(msg).mark;
        self.note(msg, Event::Deleted { receive }, cx);
        cx.count(self.metrics.deleted, 1);
        if at == mark::IN_FLIGHT_KEPT {
            // A host does not hear of it: its copy is seen when the copy's time is over.
            cx.message_mut(msg).mark = mark::IN_FLIGHT_GHOST;
            return;
        }
        self.leave(msg, Ending::Spent, &mut cx.aside());
        self.serve(cx);
    }

    /// Whether a FIFO queue has no call left for a delete; `too` says that it comes with the call of the one before.
    #[inline(always)]
    fn throttles_delete(&mut self, msg: MsgId, too: bool, cx: &mut Cx<'_>) -> bool {
        if let Order::Standard(_) = self.order {
            return false;
        }
        let group = self.group(msg, cx);
        if let Order::Fair(_) = self.order {
            self.names_group(group, &mut cx.aside());
            return false;
        }
        self.throttles(action::DELETE, group, too, &mut cx.aside())
    }

    /// A delete has failed, or was refused. The client's library tries again after a pause; its caller goes on
    /// meanwhile, which is simplified. After the last attempt nobody cares for the message any more: that it comes back
    /// is no overrun.
    #[cold]
    fn delete_later(&self, msg: MsgId, receive: u16, tries: u8, why: Refusal, cx: &mut Cx<'_>) {
        let policy = sdk_retries(why);
        if u32::from(tries) < policy.attempts {
            let draws = || cx.draws(cx.number(msg) ^ mix(u64::from(tries) | STALE << 1));
            let pause = policy.pause(u32::from(tries), SimDuration::ZERO, draws);
            cx.hold(msg);
            cx.alarm_after(pause, SqsAlarm::DeleteAgain { msg, receive, tries: tries + 1 });
        } else if is_in_flight((cx.reference(msg), receive), cx) {
            self.nobody_works(msg, cx);
        }
    }

    pub(super) fn delete_again(&mut self, msg: MsgId, receive: u16, tries: u8, cx: &mut Cx<'_>) {
        self.delete(msg, receive, tries, cx);
        cx.release(msg);
    }

    #[cold]
    fn stale_delete_works(&self, msg: MsgId, receive: u16, cx: &Cx<'_>) -> bool {
        let since = cx.message(msg).receives.wrapping_sub(receive);
        if since >= cx.receive_count(msg) {
            // It was received as another message, before it was a dead letter and came back.
            return false;
        }
        match self.p.stale_handle_delete {
            StaleDelete::Ignored => false,
            StaleDelete::Succeeds => true,
            StaleDelete::Sometimes(share) => {
                cx.draws(cx.number(msg) ^ mix(u64::from(receive) | STALE)).uniform() < share
            }
        }
    }

    /// A consumer asks that a message it holds be hidden for so long from now on. `works`: it goes on with it.
    fn change_visibility(&mut self, msg: MsgId, receive: u16, seconds: u16, works: bool, cx: &mut Cx<'_>) {
        self.called(cx);
        if let Order::Fair(_) = self.order {
            self.names_group(self.group(msg, cx), cx);
        }
        let token = (cx.reference(msg), receive);
        let in_flight = is_in_flight(token, cx);
        if in_flight && !works {
            self.nobody_works(msg, cx);
        }
        if self.delete_fails(msg, receive, 1, cx) {
            return;
        }
        if !in_flight {
            return cx.count(self.metrics.refused_changes, 1);
        }
        if seconds == 0 {
            cx.count(self.metrics.visibility_changes, 1);
            self.note(msg, Event::Hidden { length: SimDuration::ZERO, granted: true }, cx);
            let seen = if works { mark::VISIBLE_OVERRUN } else { mark::VISIBLE };
            self.reappear(msg, seen, cx);
            return self.serve(cx);
        }
        let length = SimDuration::from_secs(u64::from(seconds));
        let changed = self.part_timers(cx).change(token, cx.now(), length);
        self.note(msg, Event::Hidden { length, granted: changed.is_ok() }, cx);
        let metric = if changed.is_ok() { self.metrics.visibility_changes } else { self.metrics.refused_changes };
        cx.count(metric, 1);
        self.arm_timers(cx);
    }

    /// From now on every end of invisibility stands by itself.
    pub(super) fn part_timers(&mut self, cx: &Cx<'_>) -> &mut Timers {
        let (ring, own) = (&self.visibility, self.p.visibility_timeout);
        let adopt = || Box::new(Timers::adopt(ring, own, |token| is_in_flight(token, cx)));
        self.timers.get_or_insert_with(adopt)
    }

    /// The message leaves the queue and ends.
    pub(super) fn leave(&mut self, msg: MsgId, ending: Ending, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        self.note_end(msg, ending, cx);
        let at = cx.message(msg).mark;
        if at & mark::IN_FLIGHT != 0 {
            self.in_flight -= 1;
            cx.fall(self.metrics.in_flight);
        } else if at == mark::DELAYED {
            self.delayed -= 1;
            cx.fall(self.metrics.delayed);
        } else {
            self.visible -= 1;
            cx.fall(self.metrics.visible);
        }
        if let Order::Fifo(_) = self.order {
            let group = self.group(msg, cx);
            if let Order::Fifo(fifo) = &mut self.order
                && at != mark::DELAYED
            {
                fifo.groups.remove(msg, group, at & mark::IN_FLIGHT != 0);
            }
        } else if at & mark::IN_FLIGHT == 0 && at != mark::DELAYED {
            // It stays in its list until it is met there.
            cx.hold(msg);
        }
        self.forget(msg, at, cx);
        if let Some(graves) = &mut self.graves {
            graves.forget(msg);
        }
        cx.retire(msg, ending);
    }

    /// What rare queues know of a message that is not in flight any more.
    #[inline(always)]
    fn forget(&mut self, msg: MsgId, at: u8, cx: &Cx<'_>) {
        if at & mark::IN_FLIGHT != 0 {
            if let Some(timers) = &mut self.timers {
                timers.forget(msg);
            }
            if let Order::Fair(_) = &self.order {
                let group = self.group(msg, cx);
                if let Order::Fair(fair) = &mut self.order {
                    fair.returned(msg, group, cx.now());
                }
            }
        }
    }

    /// A message in flight is visible again; `seen` says why.
    pub(super) fn reappear(&mut self, msg: MsgId, seen: u8, cx: &mut Cx<'_>) {
        self.note(msg, Event::ShownAgain, cx);
        self.in_flight -= 1;
        cx.fall(self.metrics.in_flight);
        self.forget(msg, mark::IN_FLIGHT, cx);
        if let Order::Fifo(_) = self.order {
            let group = self.group(msg, cx);
            cx.message_mut(msg).mark = seen;
            self.visible += 1;
            cx.rise(self.metrics.visible);
            if let Order::Fifo(fifo) = &mut self.order {
                fifo.groups.unlock(group);
            }
            return;
        }
        let in_front = !was_received(msg, RECEIVES_BEFORE_THE_BACK, cx);
        if !in_front {
            self.go_to_the_back(msg, cx);
        }
        self.appear(msg, seen, in_front, cx);
    }

    /// Why a message whose time is over is seen again.
    const fn seen_after(at: u8) -> u8 {
        match at {
            mark::IN_FLIGHT_ALONE => mark::VISIBLE,
            mark::IN_FLIGHT_GHOST => mark::VISIBLE_KEPT,
            _ => mark::VISIBLE_OVERRUN,
        }
    }

    pub(super) fn end_invisibility(&mut self, cx: &mut Cx<'_>) {
        if self.timers.is_some() {
            return self.end_timers(cx);
        }
        while let Some((reference, _)) = self.visibility.due(cx.now(), |token| is_in_flight(token, cx)) {
            self.reappear(reference.id, Self::seen_after(cx.message(reference.id).mark), cx);
        }
        self.serve(cx);
        if let Some(at) = self.visibility.rearm() {
            cx.alarm_at(at, SqsAlarm::Visibility);
        }
    }

    fn end_timers(&mut self, cx: &mut Cx<'_>) {
        if let Some(timers) = &mut self.timers {
            timers.rang(cx.now());
        }
        while let Some(token) = self.timers.as_mut().and_then(|timers| timers.due(cx.now())) {
            if is_in_flight(token, cx) {
                self.reappear(token.0.id, Self::seen_after(cx.message(token.0.id).mark), cx);
            }
        }
        self.serve(cx);
        self.arm_timers(cx);
    }

    pub(super) fn arm_timers(&mut self, cx: &mut Cx<'_>) {
        if let Some(at) = self.timers.as_mut().and_then(|timers| timers.alarm()) {
            cx.alarm_at(at, SqsAlarm::Visibility);
        }
    }
}
