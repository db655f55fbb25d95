//! Receives: who gets which messages, and how they are hidden from the others.

use super::attempts::REPEAT;
use super::audit::Event;
use super::calls::action;
use super::standard::{Hosts, Sample};
use super::timers::Receive;
use super::{DEAD_LETTER, DeadLetter, Order, Sqs, SqsAlarm, is_in_flight, mark, next_receipt, was_received};
use crate::components::context::{Ctx, Endpoint};
use crate::engine::random::mix;
use crate::engine::{MsgId, MsgRef, NodeId, Refusal, Signal, SimDuration};

pub(super) type Cx<'a> = Ctx<'a, SqsAlarm>;

/// Tells the draws for who is served next from all others.
const WAITING: u64 = 1 << 45;

impl Sqs {
    /// The message group of a message; a standard queue does not care.
    #[inline(always)]
    pub(super) fn group(&self, msg: MsgId, cx: &Cx<'_>) -> u32 {
        match &self.order {
            Order::Standard(_) => 0,
            Order::Fair(fair) => fair.map.group(cx.flow(msg), cx.message(msg).key),
            Order::Fifo(fifo) => fifo.map.group(cx.flow(msg), cx.message(msg).key),
        }
    }

    /// Gives what is visible to the polls that wait.
    #[inline(always)]
    pub(super) fn serve(&mut self, cx: &mut Cx<'_>) {
        if self.visible > 0 && !self.polls.is_empty() {
            self.serve_visible(&mut cx.aside());
        }
    }

    fn serve_visible(&mut self, cx: &mut Cx<'_>) {
        let call = self.call;
        while self.visible > 0
            && let Some(poll) = self.polls.next(|number| cx.draws(mix(number | WAITING)))
        {
            self.answers_poll();
            if !self.give(poll.from, poll.slot, poll.max, Hosts::all(), cx) {
                self.polls.put_back(poll);
                break;
            }
            if !self.missed.is_empty() {
                self.show_missed(cx);
            }
        }
        self.call = call;
    }

    #[inline(always)]
    pub(super) fn receive(&mut self, from: NodeId, slot: u32, max: u16, wait_ms: u16, cx: &mut Cx<'_>) {
        self.called(cx);
        self.receives += 1;
        if let Some(refusal) = self.refusal(wait_ms, cx) {
            return cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: Some(refusal) });
        }
        if wait_ms & REPEAT != 0 && self.repeat(from, slot, &mut cx.aside()) {
            return;
        }
        let wait_ms = wait_ms & !REPEAT;
        let sample = match &self.order {
            Order::Standard(hosts) if wait_ms == 0 => hosts.some(&mut cx.draws(mix(self.receives))),
            Order::Fair(fair) if wait_ms == 0 => fair.some(&mut cx.draws(mix(self.receives))),
            _ => Hosts::all(),
        };
        if self.give(from, slot, max, sample, &mut cx.aside()) {
            if !self.missed.is_empty() {
                self.show_missed(&mut cx.aside());
                self.serve(cx);
            }
            return;
        }
        if wait_ms > 0 {
            self.polls.park(from, slot, max, wait_ms, &mut cx.aside());
        } else {
            cx.count(self.metrics.empty_receives, 1);
            cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: None });
        }
    }

    /// Why the receive that was counted last fails, if it does.
    #[inline(always)]
    fn refusal(&mut self, wait_ms: u16, cx: &mut Cx<'_>) -> Option<Refusal> {
        if self.receive_fails(cx) {
            return Some(Refusal::Failed);
        }
        if let Order::Fifo(fifo) = &mut self.order {
            // A receive comes to the partition of the group that it gets.
            #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
            let group = fifo.groups.first_free().unwrap_or(self.receives as u32);
            if self.throttles(action::RECEIVE, group, false, cx) {
                return Some(Refusal::Throttled);
            }
        } else if self.in_flight >= self.p.in_flight_limit && wait_ms & !REPEAT == 0 {
            // A long poll is not told; it just finds nothing. Nor are those of a FIFO queue.
            cx.count(self.metrics.over_limit, 1);
            return Some(Refusal::Throttled);
        }
        None
    }

    /// Answers a receive with up to `max` messages; `false` if there is none to give.
    fn give(&mut self, from: NodeId, slot: u32, max: u16, sample: Sample, cx: &mut Cx<'_>) -> bool {
        let cx = &mut cx.aside();
        let room = self.p.in_flight_limit.saturating_sub(self.in_flight);
        let max = usize::from(max).min(room);
        let (mut given, mut bytes, mut batch) = (0, 0, None);
        let mut next = if max > 0 { self.take(sample, &mut batch, cx) } else { None };
        while let Some(msg) = next {
            given += 1;
            bytes += u64::from(cx.message(msg).size);
            let receive = self.put_in_flight(msg, from, cx);
            next = if given < max { self.take(sample, &mut batch, cx) } else { None };
            let more = next.is_some();
            self.note(msg, Event::Received { by: from, receive, more }, cx);
            cx.tell(SimDuration::ZERO, from, Signal::Receive { msg, slot, receive, more });
        }
        if given > 0 {
            self.responds(bytes, cx);
            if let Some(attempts) = &mut self.attempts {
                attempts.remember(from, slot, cx.now());
            }
        }
        given > 0
    }

    /// Takes what comes next out of the visible messages. What was received too often goes to the dead-letter queue
    /// instead, and what was deleted while visible is forgotten. `batch` is the group from which a FIFO queue has begun
    /// to fill the response.
    #[inline(always)]
    fn take(&mut self, sample: Sample, batch: &mut Option<u32>, cx: &mut Cx<'_>) -> Option<MsgId> {
        loop {
            let msg = match &mut self.order {
                Order::Standard(hosts) => hosts.take(sample, |msg| cx.message(msg).tag),
                Order::Fair(fair) => fair.take(sample, cx.now()),
                Order::Fifo(fifo) => fifo.groups.take(batch),
            }?;
            let message = cx.message(msg);
            if message.is_retired() {
                cx.aside().release(msg);
                continue;
            }
            self.visible -= 1;
            cx.fall(self.metrics.visible);
            match self.p.dead_letter {
                Some(dead_letter) if was_received(msg, dead_letter.max_receive_count, cx) => {
                    self.dead_letter(msg, dead_letter, &mut cx.aside());
                }
                _ => return Some(msg),
            }
        }
    }

    #[cold]
    fn dead_letter(&mut self, msg: MsgId, to: DeadLetter, cx: &mut Cx<'_>) {
        self.note(msg, Event::DeadLettered, cx);
        let group = self.group(msg, cx);
        if let Order::Fifo(fifo) = &mut self.order {
            fifo.groups.remove(msg, group, true);
        }
        if let Some(graves) = &mut self.graves {
            graves.forget(msg);
        }
        cx.count(self.metrics.dead_lettered, 1);
        cx.park(msg, to.loss, to.queue);
        // From where it comes, for a redrive.
        cx.message_mut(msg).tag = u32::from(cx.node().0) + 1;
        cx.hand_over(msg, Endpoint { node: to.queue, port: DEAD_LETTER }, SimDuration::ZERO);
    }

    /// The consumer gets the message on loan; its visibility timeout starts now.
    #[inline(always)]
    fn put_in_flight(&mut self, msg: MsgId, from: NodeId, cx: &mut Cx<'_>) -> u16 {
        self.in_flight += 1;
        cx.rise(self.metrics.in_flight);
        let message = cx.hold(msg);
        message.receives = next_receipt(message.receives);
        let seen = std::mem::replace(&mut message.mark, mark::IN_FLIGHT);
        let (receive, reference) = (message.receives, message.reference(msg));
        cx.count(self.metrics.received, 1);
        if was_received(msg, 2, cx) {
            cx.count(self.metrics.received_again, 1);
            self.count_duplicate(seen, &mut cx.aside());
        }
        if let Order::Fair(_) = &self.order {
            let (group, now) = (self.group(msg, cx), cx.now());
            if let Order::Fair(fair) = &mut self.order {
                fair.received(msg, group, now);
            }
            self.names_group(group, &mut cx.aside());
        }
        if let Some(cause) = self.duplicates.next(cx) {
            self.duplicate(msg, cause, &mut cx.aside());
        }
        if let Some(attempts) = &mut self.attempts {
            attempts.given.push((reference, receive));
        }
        self.hide(reference, receive, from, cx);
        receive
    }

    /// Starts the time for which a message stays hidden.
    #[inline(always)]
    pub(super) fn hide(&mut self, reference: MsgRef, receive: u16, from: NodeId, cx: &mut Cx<'_>) {
        let (now, own) = (cx.now(), self.p.visibility_timeout);
        if let Some(timers) = &mut self.timers {
            timers.begin((reference, receive), now, timers.length(from, own));
            return self.arm_timers(&mut cx.aside());
        }
        self.visibility.trim(|token| is_in_flight(token, cx));
        if let Some(at) = self.visibility.push(now + own, (reference, receive)) {
            cx.alarm_at(at, SqsAlarm::Visibility);
        }
    }

    /// Records the age of the oldest message: what was received three times or more does not count.
    ///
    /// Simplified: of those in flight in a standard queue only the one whose time ends first is looked at, and of those
    /// that are visible only the first ones of each host.
    pub(super) fn sample(&self, cx: &mut Cx<'_>) {
        let came = |msg| self.graves.as_ref().and_then(|graves| graves.came(msg));
        let since = |msg| came(msg).unwrap_or_else(|| cx.message(msg).sent);
        // A dead letter has been received often enough elsewhere.
        let counts = |msg| came(msg).is_some() || !was_received(msg, super::RECEIVES_BEFORE_THE_BACK, cx);
        let sent = |msg| (counts(msg) && !cx.message(msg).is_retired()).then(|| since(msg));
        let visible = match &self.order {
            Order::Standard(hosts) => hosts.oldest(sent),
            Order::Fair(fair) => fair.oldest(sent),
            // Those in flight are among them.
            Order::Fifo(fifo) => fifo.groups.oldest(sent),
        };
        let alive = |token: &Receive| is_in_flight(*token, cx);
        let first = match &self.timers {
            Some(timers) => timers.iter().next().filter(alive),
            None => self.visibility.first(|token| alive(&token)),
        };
        let in_flight = first.and_then(|token| sent(token.0.id));
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
}
