//! The way of a message into a broker: taken in by the processors, routed, stored, ready.

use super::delivery::stands;
use super::stages::Task;
use super::{Entry, Mq, MqAlarm, Overflow, mark};
use crate::components::context::Ctx;
use crate::engine::{LossId, MsgId, SimDuration, SimTime};

type Cx<'a> = Ctx<'a, MqAlarm>;

/// The tag of a message on its way in: where it goes, and what its sender says about how long it may wait.
mod tag {
    /// `to`: the port, then the queue.
    pub(super) fn of(to: u16, expiration: u16) -> u32 {
        u32::from(to) | u32::from(expiration) << u16::BITS
    }

    /// The same two again.
    #[allow(clippy::cast_possible_truncation, reason = "each is half of it")]
    pub(super) const fn parts(tag: u32) -> (u16, u16) {
        (tag as u16, (tag >> u16::BITS) as u16)
    }
}

impl Mq {
    pub(super) fn publish(&mut self, msg: MsgId, port: u16, cx: &mut Cx<'_>) {
        if self.health.is_down() {
            return cx.refuse(msg, self.losses.down);
        }
        if self.room.is_full(&self.p.room) {
            return self.hold_up(msg, port, cx);
        }
        self.take(msg, port, cx);
    }

    /// A message is read from its producer.
    pub(super) fn take(&mut self, msg: MsgId, port: u16, cx: &mut Cx<'_>) {
        cx.count(self.metrics.published, 1);
        let refusal = if cx.message(msg).size > self.p.max_message_size {
            Some(self.losses.too_large)
        } else {
            self.health.fails(|| cx.draws_of_attempt(msg)).then_some(self.losses.failing)
        };
        if let Some(loss) = refusal {
            cx.count(self.metrics.rejected, 1);
            return cx.refuse(msg, loss);
        }
        let sender = cx.message(msg).reply_to.map(|call| call.node);
        let expiration = self.layout.expiration(sender, port);
        if !self.p.confirms {
            // The sender does not wait for more than that the message is on its way.
            cx.accept(msg);
        }
        let message = cx.message_mut(msg);
        message.mark = mark::ARRIVING;
        message.tag = tag::of(port, expiration);
        let size = message.size;
        self.room.fill(size, &self.p.room);
        self.arriving += 1;
        cx.set(self.metrics.arriving, self.arriving as u64);
        if self.p.take_in.is_zero() {
            self.route(msg, cx);
        } else {
            self.compute(Task::TakeIn(msg), self.p.take_in, cx);
        }
    }

    pub(super) fn compute(&mut self, task: Task, time: SimDuration, cx: &mut Cx<'_>) {
        let time = if self.health.is_sound() { time } else { time.scaled(self.health.slowness()) };
        if let Some(at) = self.processors.give(task, time, cx.now()) {
            cx.alarm_at(at, MqAlarm::Processors);
        }
        cx.set(self.metrics.busy, self.processors.busy() as u64);
    }

    pub(super) fn end_tasks(&mut self, cx: &mut Cx<'_>) {
        if !self.processors.rings(cx.now()) {
            return;
        }
        while let Some(task) = self.processors.done(cx.now()) {
            match task {
                Task::TakeIn(msg) => self.route(msg, cx),
                Task::HandOut(reference, receive) => {
                    if stands(reference, receive, mark::UNACKNOWLEDGED, cx) {
                        self.hand_over(reference.id, cx);
                    }
                }
            }
        }
        cx.set(self.metrics.busy, self.processors.busy() as u64);
        self.show(cx);
        if let Some(at) = self.processors.set_alarm() {
            cx.alarm_at(at, MqAlarm::Processors);
        }
    }

    /// Copies the message into each queue that its port leads to. A queue that is full and rejects makes the sender
    /// hear of it, but does not keep the others from theirs.
    fn route(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let (port, expiration) = tag::parts(cx.message(msg).tag);
        let queues = &self.layout.ports[usize::from(port)];
        let mut takers = std::mem::take(&mut self.takers);
        takers.extend(queues.iter().filter(|&&queue| !self.is_full(queue)));
        let rejected = takers.len() < queues.len();
        if queues.is_empty() {
            cx.accept(msg);
            self.turn_away(msg, self.losses.unroutable, cx);
        }
        let copies = if rejected { takers.len() } else { takers.len().saturating_sub(1) };
        for &queue in &takers[..copies] {
            let copy = cx.attempt_unanswered(msg);
            self.arriving += 1;
            self.room.fill(cx.message(copy).size, &self.p.room);
            self.bring(copy, queue, expiration, cx);
        }
        if rejected {
            cx.count(self.metrics.rejected, 1);
            self.turn_away(msg, self.losses.rejected, cx);
        } else if let Some(&queue) = takers.last() {
            // The original is the last one, so that its confirm says that all copies are safe.
            self.bring(msg, queue, expiration, cx);
        }
        takers.clear();
        self.takers = takers;
        self.write(cx);
    }

    fn is_full(&self, queue: u16) -> bool {
        let Some((most, Overflow::RejectPublish)) = self.p.max_length else { return false };
        let queue_is_limited = Some(queue) != self.layout.dead_letter;
        let queue = &self.queues[usize::from(queue)];
        queue_is_limited && queue.ready() + queue.arriving >= most
    }

    /// A message that did not get in.
    pub(super) fn turn_away(&mut self, msg: MsgId, loss: LossId, cx: &mut Cx<'_>) {
        self.arriving -= 1;
        cx.set(self.metrics.arriving, self.arriving as u64);
        self.make_space(msg, cx);
        cx.refuse(msg, loss);
    }

    /// A copy goes to storage, or at once into its queue.
    fn bring(&mut self, msg: MsgId, queue: u16, expiration: u16, cx: &mut Cx<'_>) {
        let message = cx.message_mut(msg);
        message.mark = mark::ARRIVING;
        message.tag = tag::of(queue, expiration);
        let size = message.size;
        self.queues[usize::from(queue)].arriving += 1;
        if self.p.persistent {
            self.storage.put(msg, size.into());
        } else {
            self.enter(msg, cx);
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>) {
        if let Some(write) = self.storage.begin(self.health.slowness(), cx) {
            cx.count(self.metrics.writes, 1);
            cx.count(self.metrics.written, write.bytes);
            cx.count(self.metrics.write_time, write.time.as_nanos());
            cx.alarm_after(write.time, MqAlarm::Written { write: write.number });
        }
    }

    pub(super) fn end_write(&mut self, write: u32, cx: &mut Cx<'_>) {
        let written = self.storage.end(write);
        for &msg in &written {
            self.enter(msg, cx);
        }
        self.storage.reuse(written);
        self.write(cx);
    }

    /// The message is safe: its sender is told, and its queue has it.
    fn enter(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.arriving -= 1;
        cx.set(self.metrics.arriving, self.arriving as u64);
        if cx.message(msg).reply_to.is_some() {
            cx.count(self.metrics.confirmed, 1);
        }
        cx.accept(msg);
        let now = cx.now();
        let (queue, expiration) = tag::parts(cx.message(msg).tag);
        let ttl = self.p.message_ttl.filter(|_| Some(queue) != self.layout.dead_letter);
        let ends = ttl.into_iter().chain(self.layout.expires_after(expiration)).min();
        let expires = ends.map_or(SimTime::MAX, |after| now + after);
        let q = &mut self.queues[usize::from(queue)];
        q.arriving -= 1;
        let entry = self.entries.insert(Entry { msg, queue, place: q.place(), expires, ..Entry::default() });
        q.push(entry);
        let message = cx.message_mut(msg);
        message.sent = now;
        message.receives = 0;
        message.mark = mark::READY;
        message.tag = entry;
        self.ready += 1;
        self.watch_expiry(queue, cx);
        self.plan_scan(queue, expires, cx);
        self.dispatch(queue, cx);
        self.make_room(queue, cx);
        self.show(cx);
    }
}
