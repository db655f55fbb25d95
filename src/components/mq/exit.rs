//! The other doors out of a broker: too old, too many, delivered in vain too often.
//!
//! `RabbitMQ` sees that a message is too old when it is at the head of its queue. `ActiveMQ` looks at it when it is about
//! to be handed out, and every now and then at all of them (fact `mq.activemq_expiry_scan`).

use super::queue::EntryId;
use super::timeout::next_look;
use super::{Entry, Mq, MqAlarm, Overflow, mark};
use crate::components::context::Ctx;
use crate::engine::{Ending, LossId, SimTime};

type Cx<'a> = Ctx<'a, MqAlarm>;

impl Mq {
    /// A message that nobody gets any more: it moves to the dead-letter queue, if there is one and it comes from another
    /// queue. Else it is gone.
    pub(super) fn bury(&mut self, entry: EntryId, loss: LossId, cx: &mut Cx<'_>) {
        let Some(Entry { msg, queue, failures, place, expires, .. }) = self.entries.get_mut(entry) else { return };
        let Some(grave) = self.layout.dead_letter.filter(|grave| grave != queue) else {
            return self.leave(entry, Ending::Lost(loss), cx);
        };
        let q = &mut self.queues[usize::from(grave)];
        (*queue, *failures, *place, *expires) = (grave, 0, q.place(), SimTime::MAX);
        q.push(entry);
        let msg = *msg;
        cx.message_mut(msg).mark = mark::READY;
        self.ready += 1;
        cx.count(self.metrics.dead_lettered, 1);
        cx.park_here(msg, loss, self.consumers.any_at(grave));
        self.dispatch(grave, cx);
    }

    /// The message leaves the broker and ends.
    pub(super) fn leave(&mut self, entry: EntryId, ending: Ending, cx: &mut Cx<'_>) {
        if let Some(Entry { msg, .. }) = self.entries.remove(entry) {
            // What was acknowledged at delivery has made room already.
            if cx.message(msg).mark != mark::HANDED_OVER {
                self.make_space(msg, cx);
            }
            cx.retire(msg, ending);
        }
    }

    /// Something has changed at the head of a queue: sets the alarm for the end of the time that it may wait.
    pub(super) fn watch_expiry(&mut self, queue: u16, cx: &mut Cx<'_>) {
        if self.p.expiry_scan.is_none()
            && let Some(end) = self.end_of_head(queue, cx)
        {
            self.expire_at(queue, end, cx);
        }
    }

    /// A message has become ready: a broker that looks all over its queues plans the look that will find it too old.
    pub(super) fn plan_scan(&mut self, queue: u16, expires: SimTime, cx: &mut Cx<'_>) {
        if let Some(period) = self.p.expiry_scan.filter(|_| expires < SimTime::MAX) {
            self.expire_at(queue, next_look(expires.max(cx.now()), period), cx);
        }
    }

    /// Sets the alarm of a queue, if there is none for then or earlier.
    fn expire_at(&mut self, queue: u16, end: SimTime, cx: &mut Cx<'_>) {
        let alarm = &mut self.queues[usize::from(queue)].expiry_alarm;
        if end < *alarm {
            *alarm = end;
            cx.alarm_at(end, MqAlarm::Expiry { queue });
        }
    }

    /// When the time to live ends at the head of a queue; not before now.
    fn end_of_head(&self, queue: u16, cx: &Cx<'_>) -> Option<SimTime> {
        let head = self.queues[usize::from(queue)].head()?;
        let expires = self.entries.get(head)?.expires;
        (expires < SimTime::MAX).then(|| expires.max(cx.now()))
    }

    pub(super) fn end_expiry_alarm(&mut self, queue: u16, cx: &mut Cx<'_>) {
        let alarm = &mut self.queues[usize::from(queue)].expiry_alarm;
        if *alarm == cx.now() {
            *alarm = SimTime::MAX;
            if self.p.expiry_scan.is_some() {
                self.scan(queue, cx);
            } else {
                self.expire(queue, cx);
                self.watch_expiry(queue, cx);
            }
            self.show(cx);
        }
    }

    /// What has outlived its time leaves, wherever in its queue it is.
    fn scan(&mut self, queue: u16, cx: &mut Cx<'_>) {
        let (now, entries) = (cx.now(), &self.entries);
        let expires = |entry: EntryId| entries.get(entry).map_or(SimTime::MAX, |entry| entry.expires);
        let expired = self.queues[usize::from(queue)].take_all(|entry| expires(entry) <= now);
        let next = self.queues[usize::from(queue)].iter().map(expires).min();
        for entry in expired {
            self.ready -= 1;
            cx.count(self.metrics.expired, 1);
            self.bury(entry, self.losses.expired, cx);
        }
        self.plan_scan(queue, next.unwrap_or(SimTime::MAX), cx);
    }

    /// What has outlived its time leaves, as far as it has come to the head of its queue.
    pub(super) fn expire(&mut self, queue: u16, cx: &mut Cx<'_>) {
        while self.end_of_head(queue, cx) == Some(cx.now())
            && let Some(entry) = self.queues[usize::from(queue)].pop()
        {
            self.ready -= 1;
            cx.count(self.metrics.expired, 1);
            self.bury(entry, self.losses.expired, cx);
        }
    }

    /// Drops the oldest messages of a queue that has more than it may.
    pub(super) fn make_room(&mut self, queue: u16, cx: &mut Cx<'_>) {
        let Some((most, Overflow::DropHead)) = self.p.max_length else { return };
        if Some(queue) == self.layout.dead_letter {
            return;
        }
        while self.queues[usize::from(queue)].ready() > most
            && let Some(entry) = self.queues[usize::from(queue)].pop()
        {
            self.ready -= 1;
            self.bury(entry, self.losses.dropped, cx);
        }
        self.watch_expiry(queue, cx);
    }
}
