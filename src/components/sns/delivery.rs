//! The way of a notification to its endpoint: on its way, attempted, answered, delivered.

use super::failure::{Failure, Refusal};
use super::special::Obstacle;
use super::{Cx, Delivery, Protocol, Sns, SnsAlarm, Subscription};
use crate::components::AnyTimer;
use crate::components::context::Ctx;
use crate::engine::random::mix;
use crate::engine::{Call, Ending, LossId, MsgId, SimDuration};
use crate::facts::sns;

/// What a random draw of a delivery is for.
const LATENCY: u64 = 1 << 32;

/// The lane of an attempt stands in its serial number above the count of failures, so that every attempt has chances of
/// its own at the endpoint.
const LANE_SHIFT: u32 = 24;

impl Sns {
    fn subscription(&mut self, index: u32) -> &mut Subscription {
        &mut self.subscriptions[index as usize]
    }

    /// A notification of `published` sets out to a subscription, or to so many of its members.
    pub(super) fn notify(&mut self, published: MsgId, subscription: u32, many: u32, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        let (delivery, place) = self.deliveries.reserve();
        *place = Delivery { published, attempt: None, serial: 0, failures: 0, subscription, many };
        self.undelivered += u64::from(many);
        let Subscription { latency, salt, protocol, order, .. } = &mut self.subscriptions[subscription as usize];
        let mut delay = SimDuration::ZERO;
        if !latency.is_none() {
            delay = cx.latency(latency, cx.number(published) ^ mix(salt.wrapping_add(LATENCY)));
            if !self.health.is_sound() {
                delay = delay.scaled(self.health.slowness());
            }
        }
        if let Some(order) = order {
            let group = self.fifo.as_ref().map_or(0, |fifo| fifo.group(published, cx));
            if !order.join(group, delivery, cx.now() + delay) {
                return;
            }
        }
        if protocol.is_managed() {
            // It takes everything as it comes: no turns, no time to wait for.
            self.attempt(delivery, delay, &mut cx.aside());
        } else if delay.is_zero() {
            self.make_turn(delivery, &mut cx.aside());
        } else {
            cx.alarm_after(delay, SnsAlarm::Ready { delivery });
        }
    }

    /// The next attempt of a delivery is due: it starts now, or when its turn comes.
    pub(super) fn make_turn(&mut self, delivery: u32, cx: &mut Cx<'_>) {
        let Some(&Delivery { subscription: index, .. }) = self.deliveries.get(delivery) else { return };
        let (now, down) = (cx.now(), self.health.is_down());
        let subscription = self.subscription(index);
        if subscription.protocol == Protocol::Text && !down {
            return self.queue_texts(delivery, cx);
        }
        if down || subscription.next_turn > now || !subscription.backlog.is_empty() {
            subscription.backlog.push_back(delivery);
            if !down {
                self.arm(index, cx);
            }
            return;
        }
        if let Some(spacing) = subscription.spacing {
            subscription.next_turn = now + spacing;
        }
        self.attempt(delivery, SimDuration::ZERO, cx);
    }

    /// Sets the alarm for a subscription's next turn, unless it is set.
    fn arm(&mut self, index: u32, cx: &mut Cx<'_>) {
        let subscription = self.subscription(index);
        if !std::mem::replace(&mut subscription.armed, true) {
            let at = subscription.next_turn.max(cx.now());
            cx.alarm_at(at, SnsAlarm::Turn { subscription: index });
        }
    }

    /// The turn of a subscription's next delivery; of all that wait, if its receives are not limited.
    pub(super) fn turn(&mut self, index: u32, cx: &mut Cx<'_>) {
        self.subscription(index).armed = false;
        let now = cx.now();
        while !self.health.is_down()
            && self.subscription(index).next_turn <= now
            && let Some(delivery) = self.subscription(index).backlog.pop_front()
        {
            if self.subscription(index).protocol == Protocol::Text {
                self.queue_texts(delivery, cx);
                continue;
            }
            if let Some(spacing) = self.subscription(index).spacing {
                self.subscription(index).next_turn = now + spacing;
            }
            self.attempt(delivery, SimDuration::ZERO, cx);
        }
        if !self.health.is_down() && !self.subscription(index).backlog.is_empty() {
            self.arm(index, cx);
        }
    }

    /// The topic is back: what waited goes out.
    pub(super) fn resume(&mut self, cx: &mut Cx<'_>) {
        for index in (0..).take(self.subscriptions.len()) {
            if !self.subscription(index).backlog.is_empty() {
                self.arm(index, cx);
            }
        }
    }

    /// Sends an attempt, which reaches the endpoint after `delay`.
    pub(super) fn attempt(&mut self, index: u32, delay: SimDuration, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        let Some(&Delivery { published, subscription, failures, many, .. }) = self.deliveries.get(index) else {
            return;
        };
        let subscription = &mut self.subscriptions[subscription as usize];
        if subscription.gone.contains(cx.now() + delay) {
            cx.count(self.metrics.attempts, many.into());
            return self.failed(index, Failure::ForGood(Refusal::Gone), &mut cx.aside());
        }
        if let Some(special) = &mut subscription.special
            && let Some(Obstacle { stopped, failure }) = special.obstacle(published, failures, many, &mut cx.aside())
        {
            self.give_up(index, stopped, failure, &mut cx.aside());
            if stopped == many {
                return;
            }
        }
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        let subscription = &self.subscriptions[delivery.subscription as usize];
        cx.count(self.metrics.attempts, delivery.many.into());
        let attempt = failures | subscription.lane << LANE_SHIFT;
        let call = Call { node: cx.node(), task: index, attempt, behalf: published };
        // A queue answers at once: nobody has to keep the attempt in mind.
        let attempt = if subscription.protocol == Protocol::Queue {
            cx.request_and_forget(call, subscription.to, delay)
        } else {
            *delivery.attempt.insert(cx.request(call, subscription.to, delay))
        };
        let message = cx.message_mut(attempt);
        message.size = subscription.enveloped(message.size);
        if delivery.many > 1 {
            // The endpoint answers for all of them.
            message.tag = delivery.many;
        }
        if subscription.protocol == Protocol::Http {
            if let Some(billed) = subscription.billed {
                cx.count(billed, delivery.many.into());
            }
            self.limit_answer(index, &mut cx.aside());
        }
    }

    /// From now on the endpoint has its time to answer.
    fn limit_answer(&mut self, index: u32, cx: &mut Cx<'_>) {
        self.serial = self.serial.wrapping_add(1);
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        delivery.serial = self.serial;
        let (deliveries, timeouts) = (&self.deliveries, &mut self.timeouts);
        timeouts.trim(|(delivery, serial)| is_waiting(deliveries.get(delivery), serial));
        if let Some(at) = timeouts.push(cx.now() + sns::HTTP_TIMEOUT.value.get(), (index, self.serial)) {
            cx.alarm_at(at, SnsAlarm::Timeout);
        }
    }

    /// Endpoints that did not answer in time: their attempts are left to themselves.
    pub(super) fn time_out(&mut self, cx: &mut Cx<'_>) {
        loop {
            let deliveries = &self.deliveries;
            let is_waiting = |(delivery, serial)| is_waiting(deliveries.get(delivery), serial);
            let Some((index, _)) = self.timeouts.due(cx.now(), is_waiting) else { break };
            let Some(delivery) = self.deliveries.get_mut(index) else { continue };
            cx.count(self.metrics.timeouts, delivery.many.into());
            if let Some(attempt) = delivery.attempt.take() {
                cx.abandon(attempt);
            }
            self.failed(index, Failure::Temporary, cx);
        }
        if let Some(at) = self.timeouts.rearm() {
            cx.alarm_at(at, SnsAlarm::Timeout);
        }
    }

    /// An endpoint has answered: for one subscriber, or for so many of which some failed.
    #[inline(always)]
    pub(super) fn answered(&mut self, index: u32, loss: LossId, cx: &mut Cx<'_>) {
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        let many = delivery.many;
        let mut failed = if loss.is_none() { 0 } else { many };
        if let Some(attempt) = delivery.attempt.take() {
            if many > 1 {
                failed = cx.message(attempt).tag;
            }
            cx.aside().release(attempt);
            let subscription = &self.subscriptions[delivery.subscription as usize];
            // An attempt at a web endpoint was billed when it began.
            if let Some(billed) = subscription.billed
                && subscription.protocol != Protocol::Http
            {
                cx.count(billed, (many - failed).into());
            }
        }
        let failure = if failed == 0 { Failure::Temporary } else { self.failure_of(index, loss, &cx.aside()) };
        if failed < many {
            self.delivered(index, many - failed, cx);
        }
        if failed > 0 {
            self.failed(index, failure, &mut cx.aside());
        }
    }

    fn failure_of(&self, index: u32, loss: LossId, cx: &Cx<'_>) -> Failure {
        self.deliveries.get(index).map_or(Failure::Temporary, |delivery| self.failure(delivery, loss, cx))
    }

    #[inline(always)]
    fn delivered(&mut self, index: u32, many: u32, cx: &mut Cx<'_>) {
        let Some(&Delivery { published, .. }) = self.deliveries.get(index) else { return };
        cx.count(self.metrics.delivered, many.into());
        if let Some(fifo) = &self.fifo {
            cx.count(fifo.bytes_delivered, cx.message(published).size.into());
        }
        cx.time(self.metrics.dwell_time, cx.now().since(cx.message(published).sent));
        self.settle(index, many, &mut cx.aside());
    }

    /// So many of a delivery have come to their end; with the last of them the delivery, and with the last delivery the
    /// published message has served its purpose.
    pub(super) fn settle(&mut self, index: u32, many: u32, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        self.undelivered -= u64::from(many);
        cx.set(self.metrics.undelivered, self.undelivered);
        delivery.many -= many;
        if delivery.many > 0 {
            return;
        }
        let (published, subscription) = (delivery.published, delivery.subscription as usize);
        self.deliveries.free(index);
        if let Some(order) = &mut self.subscriptions[subscription].order {
            let group = self.fifo.as_ref().map_or(0, |fifo| fifo.group(published, cx));
            if let Some((delivery, at)) = order.leave(group) {
                cx.alarm_at(at.max(cx.now()), SnsAlarm::Ready { delivery });
            }
        }
        let left = &mut cx.message_mut(published).tag;
        *left -= 1;
        if *left == 0 {
            self.open -= 1;
            close(published, &mut cx.aside());
        }
    }
}

/// The published message has served its purpose. Its own part of the job, to be brought to the subscribers, is done.
fn close<T: Into<AnyTimer>>(published: MsgId, cx: &mut Ctx<'_, T>) {
    cx.done(published);
    cx.retire(published, Ending::Spent);
}

/// Whether a delivery still waits for the answer to this attempt.
fn is_waiting(delivery: Option<&Delivery>, serial: u32) -> bool {
    delivery.is_some_and(|delivery| delivery.attempt.is_some() && delivery.serial == serial)
}
