//! The way of a message through a queue: sent, visible, in flight, deleted, or out by another door.

use super::standard::Sample;
use super::{DEAD_LETTER, DeadLetter, Hosts, Order, RECEIVES_BEFORE_THE_BACK, Sqs, SqsAlarm, StaleDelete, mark};
use crate::components::context::{Ctx, Endpoint};
use crate::engine::random::mix;
use crate::engine::{Ending, MsgId, MsgRef, NodeId, Refusal, Settle, Signal, SimDuration};

pub(super) type Cx<'a> = Ctx<'a, SqsAlarm>;

/// The calls that a FIFO queue limits, as indices.
mod action {
    pub(super) const SEND: usize = 0;
    pub(super) const RECEIVE: usize = 1;
    pub(super) const DELETE: usize = 2;
}

impl Sqs {
    pub(super) fn send(&mut self, msg: MsgId, port: u16, batched: bool, cx: &mut Cx<'_>) {
        if port == DEAD_LETTER {
            return self.take_dead_letter(msg, cx);
        }
        if let Some(loss) = self.send_failure(msg, cx) {
            return cx.refuse(msg, loss);
        }
        if !batched {
            self.called(cx);
        }
        self.sends(cx.message(msg).size, cx);
        if cx.message(msg).size > self.p.max_message_size {
            return cx.refuse(msg, self.losses.too_large);
        }
        if !batched && !self.is_within_limit(action::SEND, cx) {
            return cx.refuse(msg, self.losses.throttled);
        }
        cx.count(self.metrics.sent, 1);
        if let Order::Fifo(fifo) = &mut self.order
            && fifo.deduplication.is_duplicate(cx.number(msg), cx.now())
        {
            // The call succeeds, the message is not delivered.
            cx.count(self.metrics.deduplicated, 1);
            return cx.conclude(msg, crate::engine::LossId::NONE);
        }
        cx.accept(msg);
        let now = cx.now();
        let message = cx.message_mut(msg);
        message.sent = now;
        message.receives = 0;
        self.number(msg, cx);
        self.keep(msg, cx);
        if self.p.delay.is_zero() {
            self.appear(msg, false, cx);
            self.serve(cx);
        } else {
            self.delayed += 1;
            cx.message_mut(msg).mark = mark::DELAYED;
            cx.set(self.metrics.delayed, self.delayed as u64);
            if let Some(at) = self.delays.push(now + self.p.delay, cx.reference(msg)) {
                cx.alarm_at(at, SqsAlarm::Delay);
            }
        }
    }

    /// A standard queue keeps the age of a dead letter, a FIFO queue starts it anew.
    fn take_dead_letter(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        if let Order::Fifo(_) = self.order {
            let now = cx.now();
            cx.message_mut(msg).sent = now;
        }
        self.number(msg, cx);
        self.keep(msg, cx);
        self.appear(msg, false, cx);
        self.serve(cx);
    }

    /// Gives the message its place in the queue, which it keeps when it comes back.
    fn number(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.places = self.places.wrapping_add(1);
        cx.message_mut(msg).tag = self.places;
    }

    /// Sets the end of the message's life, if it can come within the run.
    fn keep(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let Some(period) = self.p.message_retention_period else { return };
        let at = (cx.message(msg).sent + period).max(cx.now());
        self.retention.trim(|reference| cx.holds(reference));
        if let Some(at) = self.retention.push_unordered(at, cx.reference(msg)) {
            cx.alarm_at(at, SqsAlarm::Retention);
        }
    }

    /// The message group of a message; a standard queue does not care.
    #[inline]
    fn group(&self, msg: MsgId, cx: &Cx<'_>) -> u32 {
        match &self.order {
            Order::Standard(_) => 0,
            Order::Fifo(fifo) => fifo.map.group(cx.flow(msg), cx.message(msg).key),
        }
    }

    /// The message can be received.
    fn appear(&mut self, msg: MsgId, in_front: bool, cx: &mut Cx<'_>) {
        cx.message_mut(msg).mark = mark::VISIBLE;
        self.visible += 1;
        let (number, group) = (cx.number(msg), self.group(msg, cx));
        match &mut self.order {
            Order::Standard(hosts) => hosts.put(msg, number, in_front),
            Order::Fifo(fifo) => fifo.groups.put(msg, group),
        }
        cx.set(self.metrics.visible, self.visible as u64);
    }

    /// Gives what is visible to the polls that wait.
    fn serve(&mut self, cx: &mut Cx<'_>) {
        while self.visible > 0
            && let Some(poll) = self.polls.next()
        {
            if !self.give(poll.from, poll.slot, poll.max, Hosts::all(), cx) {
                self.polls.put_back(poll);
                break;
            }
        }
    }

    pub(super) fn receive(&mut self, from: NodeId, slot: u32, max: u16, wait_ms: u16, cx: &mut Cx<'_>) {
        self.called(cx);
        self.receives += 1;
        let refusal = match () {
            () if self.receive_fails(cx) => Some(Refusal::Failed),
            () if !self.is_within_limit(action::RECEIVE, cx) => Some(Refusal::Throttled),
            () => None,
        };
        if refusal.is_some() {
            return cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal });
        }
        let sample = match &self.order {
            Order::Standard(hosts) if wait_ms == 0 => hosts.some(&mut cx.draws(mix(self.receives))),
            _ => Hosts::all(),
        };
        if self.give(from, slot, max, sample, cx) {
            return;
        }
        if wait_ms > 0 {
            self.polls.park(from, slot, max, wait_ms, cx);
        } else {
            cx.count(self.metrics.empty_receives, 1);
            cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: None });
        }
    }

    /// Answers a receive with up to `max` messages; `false` if there is none to give.
    fn give(&mut self, from: NodeId, slot: u32, max: u16, sample: Sample, cx: &mut Cx<'_>) -> bool {
        let room = self.p.in_flight_limit.saturating_sub(self.in_flight);
        let max = usize::from(max).min(room);
        let mut response = std::mem::take(&mut self.response);
        while response.len() < max && self.take(max, sample, &mut response, cx) {}
        let count = response.len();
        let mut bytes = 0;
        for (index, &msg) in response.iter().enumerate() {
            bytes += u64::from(cx.message(msg).size);
            let receive = self.put_in_flight(msg, cx);
            let more = index + 1 < count;
            cx.tell(SimDuration::ZERO, from, Signal::Receive { msg, slot, receive, more });
        }
        if count > 0 {
            self.responds(bytes, cx);
            cx.set(self.metrics.visible, self.visible as u64);
            cx.set(self.metrics.in_flight, self.in_flight as u64);
        }
        response.clear();
        self.response = response;
        count > 0
    }

    /// Takes what comes next out of the visible messages: `false` if nothing does. What was received too often goes to
    /// the dead-letter queue instead, and what was deleted while visible is forgotten.
    fn take(&mut self, max: usize, sample: Sample, response: &mut Vec<MsgId>, cx: &mut Cx<'_>) -> bool {
        let before = response.len();
        match &mut self.order {
            Order::Standard(hosts) => {
                let Some(msg) = hosts.take(sample, |msg| cx.message(msg).tag) else { return false };
                if cx.message(msg).is_retired() {
                    cx.release(msg);
                    return true;
                }
                response.push(msg);
            }
            Order::Fifo(fifo) => {
                let Some(group) = fifo.groups.first_free(fifo.window) else { return false };
                fifo.groups.take(group, max - before, response);
            }
        }
        self.visible -= response.len() - before;
        if let Some(dead_letter) = self.p.dead_letter {
            let mut index = before;
            while let Some(&msg) = response.get(index) {
                if cx.message(msg).receives < dead_letter.max_receive_count {
                    index += 1;
                    continue;
                }
                response.remove(index);
                self.dead_letter(msg, dead_letter, cx);
            }
        }
        true
    }

    fn dead_letter(&mut self, msg: MsgId, to: DeadLetter, cx: &mut Cx<'_>) {
        let group = self.group(msg, cx);
        if let Order::Fifo(fifo) = &mut self.order {
            fifo.groups.remove(msg, group, true);
        }
        cx.set(self.metrics.visible, self.visible as u64);
        cx.count(self.metrics.dead_lettered, 1);
        cx.park(msg, to.loss);
        cx.hand_over(msg, Endpoint { node: to.queue, port: DEAD_LETTER }, SimDuration::ZERO);
    }

    /// The consumer gets the message on loan; its visibility timeout starts now.
    fn put_in_flight(&mut self, msg: MsgId, cx: &mut Cx<'_>) -> u16 {
        self.in_flight += 1;
        cx.hold(msg);
        let message = cx.message_mut(msg);
        message.receives = message.receives.saturating_add(1);
        message.mark = mark::IN_FLIGHT;
        let receive = message.receives;
        cx.count(self.metrics.received, 1);
        if receive > 1 {
            cx.count(self.metrics.received_again, 1);
        }
        self.visibility.trim(|token| is_in_flight(token, cx));
        let end = cx.now() + self.p.visibility_timeout;
        if let Some(at) = self.visibility.push(end, (cx.reference(msg), receive)) {
            cx.alarm_at(at, SqsAlarm::Visibility);
        }
        receive
    }

    pub(super) fn settle(&mut self, msg: MsgId, receive: u16, how: Settle, cx: &mut Cx<'_>) {
        match how {
            Settle::Done => self.delete(msg, receive, cx),
            Settle::GiveBack if is_in_flight((cx.reference(msg), receive), cx) => {
                self.reappear(msg, cx);
                self.serve(cx);
            }
            Settle::GiveBack | Settle::Vanished => {}
        }
        cx.release(msg);
    }

    fn delete(&mut self, msg: MsgId, receive: u16, cx: &mut Cx<'_>) {
        self.called(cx);
        if self.delete_fails(msg, receive, cx) || !self.is_within_limit(action::DELETE, cx) {
            return;
        }
        // What moved to the dead-letter queue is gone from here: its receipt deletes nothing there.
        let gone = !cx.holds(cx.reference(msg));
        if gone || cx.message(msg).receives != receive {
            cx.count(self.metrics.stale_deletes, 1);
            if gone || self.p.stale_handle_delete == StaleDelete::Ignored {
                return;
            }
        }
        let in_flight = cx.message(msg).mark == mark::IN_FLIGHT;
        if !in_flight && matches!(self.order, Order::Fifo(_)) {
            // A FIFO queue refuses a delete after the visibility timeout.
            cx.count(self.metrics.stale_deletes, 1);
            return;
        }
        cx.count(self.metrics.deleted, 1);
        self.leave(msg, Ending::Spent, cx);
        self.serve(cx);
    }

    /// The message leaves the queue and ends.
    fn leave(&mut self, msg: MsgId, ending: Ending, cx: &mut Cx<'_>) {
        let (at, group) = (cx.message(msg).mark, self.group(msg, cx));
        match at {
            mark::IN_FLIGHT => {
                self.in_flight -= 1;
                cx.set(self.metrics.in_flight, self.in_flight as u64);
            }
            mark::DELAYED => {
                self.delayed -= 1;
                cx.set(self.metrics.delayed, self.delayed as u64);
            }
            _ => {
                self.visible -= 1;
                cx.set(self.metrics.visible, self.visible as u64);
            }
        }
        match &mut self.order {
            // It stays in its host's list until it is met there.
            Order::Standard(_) if at == mark::VISIBLE => cx.hold(msg),
            Order::Fifo(fifo) if at != mark::DELAYED => fifo.groups.remove(msg, group, at == mark::IN_FLIGHT),
            _ => {}
        }
        cx.retire(msg, ending);
    }

    /// A message in flight is visible again.
    fn reappear(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.in_flight -= 1;
        cx.set(self.metrics.in_flight, self.in_flight as u64);
        let (receives, group) = (cx.message(msg).receives, self.group(msg, cx));
        if let Order::Fifo(fifo) = &mut self.order {
            cx.message_mut(msg).mark = mark::VISIBLE;
            self.visible += 1;
            fifo.groups.reappear(group);
            cx.set(self.metrics.visible, self.visible as u64);
        } else {
            self.appear(msg, receives < RECEIVES_BEFORE_THE_BACK, cx);
        }
    }

    pub(super) fn end_invisibility(&mut self, cx: &mut Cx<'_>) {
        while let Some((reference, _)) = self.visibility.due(cx.now(), |token| is_in_flight(token, cx)) {
            self.reappear(reference.id, cx);
        }
        self.serve(cx);
        self.visibility.trim(|token| is_in_flight(token, cx));
    }

    pub(super) fn end_delays(&mut self, cx: &mut Cx<'_>) {
        while let Some(reference) = self.delays.due(cx.now(), |reference| cx.is_alive(reference)) {
            self.delayed -= 1;
            self.appear(reference.id, false, cx);
        }
        cx.set(self.metrics.delayed, self.delayed as u64);
        self.serve(cx);
        if let Some(at) = self.delays.rearm() {
            cx.alarm_at(at, SqsAlarm::Delay);
        }
    }

    pub(super) fn expire(&mut self, cx: &mut Cx<'_>) {
        while let Some(reference) = self.retention.due(cx.now(), |reference| cx.holds(reference)) {
            self.leave(reference.id, Ending::Lost(self.losses.expired), cx);
        }
        self.serve(cx);
        if let Some(at) = self.retention.rearm() {
            cx.alarm_at(at, SqsAlarm::Retention);
        }
    }

    /// Records the age of the oldest message.
    ///
    /// Simplified: of those in flight only the one received first is looked at.
    pub(super) fn sample(&self, cx: &mut Cx<'_>) {
        let sent = |msg| cx.message(msg).sent;
        let visible = match &self.order {
            Order::Standard(hosts) => hosts.oldest(sent),
            Order::Fifo(fifo) => fifo.groups.oldest(sent),
        };
        let visible = visible.filter(|_| self.visible > 0);
        let in_flight = self.visibility.first().filter(|&token| is_in_flight(token, cx)).map(|token| sent(token.0.id));
        let oldest = visible.into_iter().chain(in_flight).min();
        let age = oldest.map_or(SimDuration::ZERO, |oldest| cx.now().since(oldest));
        cx.set(self.metrics.age_of_oldest, age.as_nanos() / 1_000_000);
    }

    /// Says what its metrics show at this moment: `ApproximateNumberOfMessagesVisible` and `…NotVisible`.
    #[cold]
    pub(super) fn tell_measures(&self, to: NodeId, cx: &mut Cx<'_>) {
        let count = |messages: usize| u32::try_from(messages).unwrap_or(u32::MAX);
        #[allow(clippy::cast_possible_truncation, reason = "only whether it differs from the last one matters")]
        let calls = (u64::from(self.places) + self.receives) as u16;
        let (waiting, held) = (count(self.visible), count(self.in_flight));
        cx.tell(SimDuration::ZERO, to, Signal::Measured { waiting, held, calls });
    }

    /// Whether the queue takes this call now; only a FIFO queue has a limit.
    #[inline]
    fn is_within_limit(&mut self, action: usize, cx: &mut Cx<'_>) -> bool {
        match self.order {
            Order::Standard(_) => true,
            Order::Fifo(_) => self.is_within_fifo_limit(action, cx),
        }
    }

    #[cold]
    fn is_within_fifo_limit(&mut self, action: usize, cx: &mut Cx<'_>) -> bool {
        let Order::Fifo(fifo) = &mut self.order else { return true };
        let within = fifo.calls[action].admit(cx.now());
        if !within {
            cx.count(self.metrics.throttled, 1);
        }
        within
    }
}

/// Whether that receive of that message is its newest and still running.
fn is_in_flight<T: Into<crate::components::AnyTimer>>(token: (MsgRef, u16), cx: &Ctx<'_, T>) -> bool {
    let (reference, receive) = token;
    cx.holds(reference) && {
        let message = cx.message(reference.id);
        message.mark == mark::IN_FLIGHT && message.receives == receive
    }
}
