//! The way of a message to its consumer: pushed to one with credit, acknowledged, or back into its queue.

use super::consumers::{Registration, Window, subscribe};
use super::prefetch::{AS_THE_BROKER_SAYS, UNLIMITED};
use super::queue::EntryId;
use super::stages::Task;
use super::{Entry, Mq, MqAlarm, mark};
use crate::components::context::Ctx;
use crate::engine::{Ending, MsgId, MsgRef, NodeId, Settle, Signal, SimDuration};

type Cx<'a> = Ctx<'a, MqAlarm>;

impl Mq {
    /// The credit of a consumer that asks for a prefetch of `asked`.
    fn window(&self, asked: u16, auto_ack: bool) -> Window {
        let asked = match asked {
            _ if auto_ack => return Window { size: u32::MAX, refill: 1 },
            AS_THE_BROKER_SAYS => self.p.prefetch,
            UNLIMITED => u32::MAX,
            asked => asked.into(),
        };
        let size = asked.min(self.p.prefetch_max);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a number of 32 bits")]
        let part = |share: f64| (f64::from(size) * share).ceil() as u32;
        let refill = self.p.refill.filter(|_| size < u32::MAX).map_or(1, part);
        Window { size, refill: refill.max(1) }
    }

    pub(super) fn register(&mut self, node: NodeId, slot: u32, max: u16, wait_ms: u16, cx: &mut Cx<'_>) {
        let Some(queue) = self.layout.consumed_by(node) else { return };
        let auto_ack = wait_ms == subscribe::AUTO_ACK;
        let window = self.window(max, auto_ack);
        let new = Registration { node, slot, queue, auto_ack, window };
        let reachable = !self.health.is_down();
        let consumer = self.consumers.register(new, reachable);
        if reachable {
            let life = self.consumers.get(consumer).life;
            self.queues[usize::from(queue)].queue_up(consumer, life);
            self.dispatch(queue, cx);
            self.show(cx);
        }
    }

    pub(super) fn hang_up(&mut self, node: NodeId, slot: u32, cx: &mut Cx<'_>) {
        let Some(consumer) = self.consumers.hang_up(node, slot) else { return };
        if self.paused == 0 {
            return;
        }
        // What it had in its hands it gives up by itself; what it would have tried again, nobody knows of but us.
        let kept = |entry: &Entry| entry.holder.0 == consumer && cx.message(entry.msg).mark == mark::PAUSED;
        let kept: Vec<EntryId> = self.entries.iter().filter(|(_, entry)| kept(entry)).map(|(id, _)| id).collect();
        for entry in kept {
            self.paused -= 1;
            self.put_back(entry, cx);
        }
        self.dispatch(self.consumers.get(consumer).queue, cx);
        self.show(cx);
    }

    /// Says what the metrics of the queue show that a fleet consumes: `MessageReadyCount` and
    /// `MessageUnacknowledgedCount`. A broker shows them whether anybody calls it or not.
    #[cold]
    pub(super) fn tell_measures(&self, to: NodeId, cx: &mut Cx<'_>) {
        let Some(queue) = self.layout.consumed_by(to) else { return };
        let ready = self.queues[usize::from(queue)].ready();
        let all = self.entries.iter().filter(|(_, entry)| entry.queue == queue).count();
        let count = |messages: usize| u32::try_from(messages).unwrap_or(u32::MAX);
        let (waiting, held) = (count(ready), count(all.saturating_sub(ready)));
        #[allow(clippy::cast_possible_truncation, reason = "another number at each measure is all that is needed")]
        let calls = (cx.now().as_nanos() / SimDuration::from_secs(1).as_nanos()) as u16;
        cx.tell(SimDuration::ZERO, to, Signal::Measured { waiting, held, calls });
    }

    /// Gives ready messages to the consumers with credit, each in its turn.
    pub(super) fn dispatch(&mut self, queue: u16, cx: &mut Cx<'_>) {
        let index = usize::from(queue);
        let may_expire = self.p.message_ttl.is_some() || !self.layout.expirations.is_empty();
        loop {
            // Each time, because what stood behind the head may have waited for longer than it may.
            if may_expire && (self.p.expiry_scan.is_none() || self.queues[index].has_turns()) {
                self.expire(queue, cx);
            }
            if self.queues[index].ready() == 0 {
                break;
            }
            let Some((consumer, life)) = self.queues[index].next_turn() else { break };
            if self.consumers.get(consumer).is_connected(life)
                && let Some(entry) = self.queues[index].pop()
            {
                self.ready -= 1;
                self.deliver(entry, consumer, cx);
            }
        }
        if may_expire {
            self.watch_expiry(queue, cx);
        }
    }

    fn deliver(&mut self, entry: EntryId, consumer: u32, cx: &mut Cx<'_>) {
        let holder = self.consumers.get_mut(consumer);
        let life = holder.life;
        if holder.take() {
            self.queues[usize::from(holder.queue)].queue_up(consumer, life);
        }
        let Some(Entry { msg, holder, given_at, .. }) = self.entries.get_mut(entry) else { return };
        (*holder, *given_at) = ((consumer, life), cx.now());
        let msg = *msg;
        self.watch_holders(cx);
        let message = cx.message_mut(msg);
        message.mark = mark::UNACKNOWLEDGED;
        message.receives = message.receives.wrapping_add(1);
        let receive = message.receives;
        self.unacknowledged += 1;
        if self.p.hand_out.is_zero() {
            self.hand_over(msg, cx);
        } else {
            self.compute(Task::HandOut(cx.reference(msg), receive), self.p.hand_out, cx);
        }
    }

    /// The message goes to its consumer, or back into its queue if that has gone meanwhile.
    pub(super) fn hand_over(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let entry = cx.message(msg).tag;
        let Some(&Entry { queue, holder: (consumer, life), .. }) = self.entries.get(entry) else { return };
        let holder = self.consumers.get(consumer);
        if !holder.is_connected(life) {
            self.put_back(entry, cx);
            return self.dispatch(queue, cx);
        }
        let receive = cx.message(msg).receives;
        cx.hold(msg);
        cx.tell(SimDuration::ZERO, holder.node, Signal::Receive { msg, slot: holder.slot, receive, more: false });
        cx.count(self.metrics.delivered, 1);
        if receive > 1 {
            cx.count(self.metrics.redelivered, 1);
        }
        if holder.auto_ack {
            cx.message_mut(msg).mark = mark::HANDED_OVER;
            cx.count(self.metrics.acknowledged, 1);
            self.unacknowledged -= 1;
            self.make_space(msg, cx);
        }
    }

    /// A consumer has dealt with a message, one way or another.
    pub(super) fn settle(&mut self, msg: MsgId, receive: u16, how: Settle, cx: &mut Cx<'_>) {
        let message = cx.message(msg);
        let (at, entry) = (message.mark, message.tag);
        let stands = !message.is_retired() && message.receives == receive;
        match (at, how) {
            (mark::UNACKNOWLEDGED, Settle::Done) if stands => {
                cx.count(self.metrics.acknowledged, 1);
                self.unacknowledged -= 1;
                let queue = self.give_back_credit(entry);
                self.leave(entry, Ending::Spent, cx);
                self.dispatch(queue, cx);
            }
            (mark::UNACKNOWLEDGED, Settle::GiveBack | Settle::Vanished) if stands => self.failed(msg, how, cx),
            (mark::HANDED_OVER, Settle::Done) if stands => self.leave(entry, Ending::Spent, cx),
            (mark::HANDED_OVER, Settle::GiveBack | Settle::Vanished) if stands => {
                self.leave(entry, Ending::Lost(self.losses.acknowledged), cx);
            }
            (_, Settle::Done) => cx.count(self.metrics.stale_acknowledgements, 1),
            _ => {}
        }
        self.show(cx);
        cx.release(msg);
    }

    /// The consumer of an entry may be pushed another message; returns the queue.
    fn give_back_credit(&mut self, entry: EntryId) -> u16 {
        let Some(&Entry { queue, holder: (consumer, life), .. }) = self.entries.get(entry) else { return 0 };
        let holder = self.consumers.get_mut(consumer);
        if holder.give_back(life) {
            self.queues[usize::from(holder.queue)].queue_up(consumer, life);
        }
        queue
    }

    /// A delivery failed: the message was handed back, or its consumer is gone.
    ///
    /// Both count against the delivery limit, as in `RabbitMQ` 4.0 to 4.2; from 4.3 what is handed back does not.
    fn failed(&mut self, msg: MsgId, how: Settle, cx: &mut Cx<'_>) {
        let entry = cx.message(msg).tag;
        let Some(Entry { failures, queue, .. }) = self.entries.get_mut(entry) else { return };
        *failures = failures.saturating_add(1);
        let (too_often, queue) = (*failures > self.p.delivery_limit, *queue);
        if too_often {
            self.unacknowledged -= 1;
            self.give_back_credit(entry);
            self.bury(entry, self.losses.too_often, cx);
        } else if let Some(delay) = self.p.redelivery_delay.filter(|_| how == Settle::GiveBack) {
            return self.pause(msg, delay, cx);
        } else {
            self.give_back_credit(entry);
            self.put_back(entry, cx);
        }
        self.dispatch(queue, cx);
    }

    /// The consumer keeps the message and tries it again later.
    ///
    /// Simplified: it goes on meanwhile with what else it holds, as with `nonBlockingRedelivery`.
    fn pause(&mut self, msg: MsgId, delay: SimDuration, cx: &mut Cx<'_>) {
        let message = cx.message_mut(msg);
        message.mark = mark::PAUSED;
        let receive = message.receives;
        self.paused += 1;
        if let Some(at) = self.pauses.push(cx.now() + delay, (cx.reference(msg), receive)) {
            cx.alarm_at(at, MqAlarm::Redelivery);
        }
    }

    pub(super) fn end_pauses(&mut self, cx: &mut Cx<'_>) {
        while let Some((reference, _)) =
            self.pauses.due(cx.now(), |(reference, receive)| stands(reference, receive, mark::PAUSED, cx))
        {
            self.paused -= 1;
            let message = cx.message_mut(reference.id);
            message.mark = mark::UNACKNOWLEDGED;
            message.receives = message.receives.wrapping_add(1);
            self.hand_over(reference.id, cx);
        }
        self.show(cx);
        if let Some(at) = self.pauses.rearm() {
            cx.alarm_at(at, MqAlarm::Redelivery);
        }
    }

    /// An unacknowledged message is ready again, in its old place.
    pub(super) fn put_back(&mut self, entry: EntryId, cx: &mut Cx<'_>) {
        let Some(&Entry { msg, queue, place, expires, .. }) = self.entries.get(entry) else { return };
        cx.message_mut(msg).mark = mark::READY;
        self.unacknowledged -= 1;
        self.ready += 1;
        self.queues[usize::from(queue)].put_back(place, entry);
        self.watch_expiry(queue, cx);
        self.plan_scan(queue, expires, cx);
    }

    /// Shows what is where, once for each reaction: what is over within an instant is not seen.
    pub(super) fn show(&self, cx: &mut Cx<'_>) {
        cx.set(self.metrics.ready, self.ready as u64);
        cx.set(self.metrics.unacknowledged, self.unacknowledged as u64);
    }
}

/// Whether that delivery of that message still stands as marked.
pub(super) fn stands(reference: MsgRef, receive: u16, mark: u8, cx: &Cx<'_>) -> bool {
    cx.is_alive(reference) && {
        let message = cx.message(reference.id);
        message.mark == mark && message.receives == receive
    }
}
