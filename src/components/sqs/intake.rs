//! The way of a message into a queue: refused, known already, hidden at first, or visible.

use super::audit::Event;
use super::calls::action;
use super::flow::Cx;
use super::identity::Repeat;
use super::{DEAD_LETTER, DELIVERED, GIVEN_UP, PASSED_ON, REDRIVEN, UNDELIVERED};
use super::{Order, Sqs, SqsAlarm, mark, next_receipt};
use crate::engine::{Ending, LossId, MsgId, SimDuration};

/// With which call a message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InCall {
    /// With one of its own.
    Own,
    /// With that of the message before it.
    Same,
    /// With none: a topic delivers it.
    None,
}

impl Sqs {
    #[inline(always)]
    pub(super) fn send(&mut self, msg: MsgId, port: u16, batched: bool, cx: &mut Cx<'_>) {
        let call = match port {
            DEAD_LETTER => return self.take_dead_letter(msg, &mut cx.aside()),
            REDRIVEN => return self.take_redriven(msg, &mut cx.aside()),
            GIVEN_UP => return self.take_sent_dead_letter(msg, true, &mut cx.aside()),
            UNDELIVERED => return self.take_sent_dead_letter(msg, false, &mut cx.aside()),
            DELIVERED => InCall::None,
            PASSED_ON => InCall::Own,
            _ if self.senders.is_some() => return self.gather(msg, &mut cx.aside()),
            _ if batched => InCall::Same,
            _ => InCall::Own,
        };
        if self.take_in(msg, call, None, cx).is_some() {
            self.delay(msg, &mut cx.aside());
        }
        self.serve(cx);
    }

    /// Takes a message in. Gives back for how long it has to be hidden, if it has; `delay` is what its sender says to
    /// that.
    #[inline(always)]
    pub(super) fn take_in(
        &mut self,
        msg: MsgId,
        call: InCall,
        delay: Option<SimDuration>,
        cx: &mut Cx<'_>,
    ) -> Option<SimDuration> {
        if call == InCall::Own {
            self.called(cx);
        }
        if let Some(loss) = self.send_failure(msg, cx) {
            cx.aside().refuse(msg, loss);
            return None;
        }
        if cx.message(msg).size > self.p.max_message_size {
            cx.aside().refuse(msg, self.losses.too_large);
            return None;
        }
        if matches!(self.order, Order::Standard(_)) {
            if call != InCall::None {
                self.sends(cx.message(msg).size, cx);
            }
        } else if !self.is_new_in_order(msg, call, &mut cx.aside()) {
            return None;
        }
        if self.duplicates.tells_sent_again() {
            self.count_sent_again(msg, &mut cx.aside());
        }
        self.count_sent(msg, cx);
        cx.accept(msg);
        let now = cx.now();
        let message = cx.message_mut(msg);
        message.sent = now;
        message.receives = 0;
        self.number(msg, cx);
        self.keep(msg, cx);
        let delay = delay.unwrap_or(self.p.delay);
        self.note(msg, Event::Sent(delay), cx);
        if !delay.is_zero() {
            return Some(delay);
        }
        self.appear(msg, mark::VISIBLE, false, &mut cx.aside());
        None
    }

    /// What other queues do with a message before they take it in; whether they do.
    fn is_new_in_order(&mut self, msg: MsgId, call: InCall, cx: &mut Cx<'_>) -> bool {
        let (group, now) = (self.group(msg, cx), cx.now());
        if self.throttles(action::SEND, group, call == InCall::Same, cx) {
            cx.refuse(msg, self.losses.throttled);
            return false;
        }
        if call != InCall::None {
            self.sends(cx.message(msg).size, cx);
        }
        let repeat = match &mut self.order {
            Order::Standard(_) => None,
            Order::Fair(fair) => {
                fair.sent(group, now);
                if call != InCall::None {
                    self.names_group(group, cx);
                }
                None
            }
            Order::Fifo(fifo) => fifo.lately.repeat(cx.number(msg), group, now),
        };
        if let Some(repeat) = repeat {
            self.pass_over(msg, repeat, cx);
        }
        repeat.is_none()
    }

    /// A message like one that came lately: the call succeeds, the message is not delivered.
    #[inline(never)]
    fn pass_over(&mut self, msg: MsgId, repeat: Repeat, cx: &mut Cx<'_>) {
        self.note(msg, Event::Deduplicated, cx);
        self.count_sent(msg, cx);
        cx.count(self.metrics.deduplicated, 1);
        match repeat {
            Repeat::OfItself => cx.conclude(msg, LossId::NONE),
            Repeat::OfAnother => {
                cx.accept(msg);
                cx.retire(msg, Ending::Lost(self.losses.duplicate));
            }
        }
    }

    /// A standard queue keeps the age of a dead letter, a FIFO queue starts it anew.
    #[inline(never)]
    fn take_dead_letter(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.bury(msg, cx);
        if let Order::Fifo(_) = self.order {
            let now = cx.now();
            cx.message_mut(msg).sent = now;
        }
        self.number(msg, cx);
        self.note(msg, Event::Buried, cx);
        self.appear(msg, mark::VISIBLE, false, cx);
        if self.is_too_old(msg, cx) {
            // It has spent elsewhere all the time that it may be here: nobody gets it any more.
            return self.leave(msg, Ending::Lost(self.losses.expired), cx);
        }
        self.keep(msg, cx);
        self.serve(cx);
    }

    /// A dead letter of a function or a topic is sent, with a call that somebody pays for if it is `billed`.
    #[inline(never)]
    fn take_sent_dead_letter(&mut self, msg: MsgId, billed: bool, cx: &mut Cx<'_>) {
        if billed {
            self.called(cx);
            self.sends(cx.message(msg).size, cx);
            if let Order::Fair(_) = self.order {
                self.names_group(self.group(msg, cx), cx);
            }
        }
        self.count_sent(msg, cx);
        self.take_dead_letter(msg, cx);
    }

    /// A send has succeeded.
    #[inline(always)]
    fn count_sent(&self, msg: MsgId, cx: &mut Cx<'_>) {
        cx.count(self.metrics.sent, 1);
        cx.count(self.metrics.sent_message_size, cx.message(msg).size.into());
    }

    /// What comes back from the dead-letter queue is a new message. Somebody may still work on the old one: its receipts
    /// are good for nothing here, and those of the new one follow them.
    #[inline(never)]
    fn take_redriven(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.called(cx);
        self.sends(cx.message(msg).size, cx);
        self.count_sent(msg, cx);
        let (now, group) = (cx.now(), self.group(msg, cx));
        let message = cx.message_mut(msg);
        message.sent = now;
        message.receives = next_receipt(message.receives);
        let (reference, receives) = (message.reference(msg), message.receives);
        cx.account().sent_back(reference, receives);
        self.number(msg, cx);
        self.keep(msg, cx);
        if let Order::Fair(fair) = &mut self.order {
            fair.sent(group, now);
        }
        self.note(msg, Event::Redriven(self.p.delay), cx);
        if self.p.delay.is_zero() {
            self.appear(msg, mark::VISIBLE, false, cx);
        } else {
            self.delay(msg, cx);
        }
        self.serve(cx);
    }

    /// Gives the message its place in the queue, which it keeps when it comes back.
    #[inline(always)]
    fn number(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.places = self.places.wrapping_add(1);
        cx.message_mut(msg).tag = self.places;
    }

    /// A message that was received too often in vain has its place behind all others from now on.
    pub(super) fn go_to_the_back(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.number(msg, cx);
    }

    /// Sets the end of the message's life, if it can come within the run.
    #[inline(always)]
    fn keep(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let Some(period) = self.p.message_retention_period else { return };
        let at = cx.message(msg).sent + period;
        self.retention.trim(|reference| cx.holds(reference));
        if let Some(at) = self.retention.push_unordered(at, cx.reference(msg)) {
            cx.alarm_at(at, SqsAlarm::Retention);
        }
    }

    /// The message is hidden for as long as the queue says.
    #[inline(never)]
    pub(super) fn delay(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.delayed += 1;
        cx.message_mut(msg).mark = mark::DELAYED;
        cx.set(self.metrics.delayed, self.delayed as u64);
        if let Some(at) = self.delays.push(cx.now() + self.p.delay, cx.reference(msg)) {
            cx.alarm_at(at, SqsAlarm::Delay);
        }
    }

    pub(super) fn end_delays(&mut self, cx: &mut Cx<'_>) {
        while let Some(reference) = self.delays.due(cx.now(), |reference| cx.is_alive(reference)) {
            self.delayed -= 1;
            self.appear(reference.id, mark::VISIBLE, false, cx);
        }
        cx.set(self.metrics.delayed, self.delayed as u64);
        self.serve(cx);
        if let Some(at) = self.delays.rearm() {
            cx.alarm_at(at, SqsAlarm::Delay);
        }
    }

    pub(super) fn expire(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        while let Some(reference) = self.retention.due(now, |reference| cx.holds(reference)) {
            // One that was away in the dead-letter queue meanwhile came back as a new one.
            if self.is_too_old(reference.id, cx) {
                self.leave(reference.id, Ending::Lost(self.losses.expired), cx);
            }
        }
        self.serve(cx);
        if let Some(at) = self.retention.rearm() {
            cx.alarm_at(at, SqsAlarm::Retention);
        }
    }

    fn is_too_old(&self, msg: MsgId, cx: &Cx<'_>) -> bool {
        self.p.message_retention_period.is_some_and(|period| cx.message(msg).sent + period <= cx.now())
    }

    /// The message can be received from now on; `seen` says why it can be seen.
    pub(super) fn appear(&mut self, msg: MsgId, seen: u8, in_front: bool, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        cx.message_mut(msg).mark = seen;
        self.visible += 1;
        self.note(msg, Event::Shown, cx);
        let number = cx.number(msg);
        if let Order::Standard(hosts) = &mut self.order {
            if in_front {
                hosts.put_back(msg, number, |msg| cx.message(msg).tag);
            } else {
                hosts.put(msg, number, cx.message(msg).tag);
            }
        } else {
            let group = self.group(msg, cx);
            match &mut self.order {
                Order::Fair(fair) => {
                    fair.put(msg, number, cx.message(msg).tag, group, in_front);
                    fair.judge(group, cx.now());
                }
                Order::Fifo(fifo) => fifo.groups.put(msg, group),
                Order::Standard(_) => {}
            }
        }
        cx.rise(self.metrics.visible);
    }
}
