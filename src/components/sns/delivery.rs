//! The way of a notification to its endpoint: on its way, attempted, answered, tried again, delivered or given up.

use super::{Cx, Delivery, Protocol, Sns, SnsAlarm, Subscription};
use crate::components::AnyTimer;
use crate::components::context::Ctx;
use crate::components::context::Endpoint;
use crate::components::sqs::DEAD_LETTER;
use crate::engine::random::mix;
use crate::engine::{Call, Ending, LossId, MsgId, SimDuration};
use crate::facts::sns;

/// What a random draw of a delivery is for; beside the number of the attempt.
mod purpose {
    pub(super) const LATENCY: u64 = 1 << 32;
    pub(super) const JITTER: u64 = 2 << 32;
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// Another attempt may succeed.
    Temporary,
    /// The endpoint will never take it.
    ForGood,
}

impl Sns {
    fn subscription(&mut self, index: u16) -> &mut Subscription {
        &mut self.subscriptions[usize::from(index)]
    }

    /// A notification of `published` sets out to a subscription.
    pub(super) fn notify(&mut self, published: MsgId, subscription: u16, cx: &mut Cx<'_>) {
        let delivery = Delivery { published, attempt: None, serial: 0, failures: 0, subscription };
        let delivery = self.deliveries.insert(delivery);
        let Subscription { latency, salt, protocol, .. } = &self.subscriptions[usize::from(subscription)];
        let mut delay = SimDuration::ZERO;
        if !latency.is_none() {
            delay = cx.latency(latency, cx.number(published) ^ mix(salt.wrapping_add(purpose::LATENCY)));
            if !self.health.is_sound() {
                delay = delay.scaled(self.health.slowness());
            }
        }
        if *protocol == Protocol::Queue {
            // A queue takes everything as it comes: no turns, no time to wait for.
            self.attempt(delivery, delay, cx);
        } else if delay.is_zero() {
            self.make_turn(delivery, cx);
        } else {
            cx.alarm_after(delay, SnsAlarm::Ready { delivery });
        }
    }

    /// The next attempt of a delivery is due: it starts now, or when its turn comes.
    pub(super) fn make_turn(&mut self, delivery: u32, cx: &mut Cx<'_>) {
        let Some(&Delivery { subscription: index, .. }) = self.deliveries.get(delivery) else { return };
        let (now, down) = (cx.now(), self.health.is_down());
        let subscription = self.subscription(index);
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
    fn arm(&mut self, index: u16, cx: &mut Cx<'_>) {
        let subscription = self.subscription(index);
        if !std::mem::replace(&mut subscription.armed, true) {
            let at = subscription.next_turn.max(cx.now());
            cx.alarm_at(at, SnsAlarm::Turn { subscription: index });
        }
    }

    /// The turn of a subscription's next delivery; of all that wait, if its receives are not limited.
    pub(super) fn turn(&mut self, index: u16, cx: &mut Cx<'_>) {
        self.subscription(index).armed = false;
        let now = cx.now();
        while !self.health.is_down()
            && self.subscription(index).next_turn <= now
            && let Some(delivery) = self.subscription(index).backlog.pop_front()
        {
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
        for index in (0_u16..).take(self.subscriptions.len()) {
            if !self.subscription(index).backlog.is_empty() {
                self.arm(index, cx);
            }
        }
    }

    /// Sends an attempt, which reaches the endpoint after `delay`.
    fn attempt(&mut self, index: u32, delay: SimDuration, cx: &mut Cx<'_>) {
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        let subscription = &self.subscriptions[usize::from(delivery.subscription)];
        cx.count(self.metrics.attempts, 1);
        if subscription.endpoint_gone <= cx.now() + delay {
            return self.failed(index, Failure::ForGood, cx);
        }
        let published = delivery.published;
        let call = Call { node: cx.node(), task: index, attempt: delivery.failures, behalf: published };
        let attempt = if subscription.protocol == Protocol::Queue {
            let attempt = cx.attempt_unanswered(published);
            cx.message_mut(attempt).reply_to = Some(call);
            attempt
        } else {
            let attempt = cx.attempt(published, call);
            delivery.attempt = Some(attempt);
            attempt
        };
        let message = cx.message_mut(attempt);
        message.size = message.size.saturating_add(subscription.envelope);
        let (to, protocol) = (subscription.to, subscription.protocol);
        cx.hand_over(attempt, to, delay);
        if protocol == Protocol::Http {
            self.limit_answer(index, cx);
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
            let Some((delivery, _)) = self.timeouts.due(cx.now(), is_waiting) else { break };
            if let Some(attempt) = self.deliveries.get_mut(delivery).and_then(|delivery| delivery.attempt.take()) {
                cx.abandon(attempt);
            }
            cx.count(self.metrics.timeouts, 1);
            self.failed(delivery, Failure::Temporary, cx);
        }
        if let Some(at) = self.timeouts.rearm() {
            cx.alarm_at(at, SnsAlarm::Timeout);
        }
    }

    /// An endpoint has answered.
    pub(super) fn answered(&mut self, index: u32, loss: LossId, cx: &mut Cx<'_>) {
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        if let Some(attempt) = delivery.attempt.take() {
            cx.release(attempt);
        }
        if loss.is_none() {
            return self.delivered(index, cx);
        }
        let callee = self.subscriptions[usize::from(delivery.subscription)].to.node;
        let for_good = cx.is_refused_for_good(loss, callee);
        self.failed(index, if for_good { Failure::ForGood } else { Failure::Temporary }, cx);
    }

    fn delivered(&mut self, index: u32, cx: &mut Cx<'_>) {
        let Some(&Delivery { published, .. }) = self.deliveries.get(index) else { return };
        cx.count(self.metrics.delivered, 1);
        cx.time(self.metrics.dwell_time, cx.now().since(cx.message(published).sent));
        self.end(index, published, cx);
    }

    /// An attempt failed: the delivery is tried again after its wait, or given up.
    fn failed(&mut self, index: u32, failure: Failure, cx: &mut Cx<'_>) {
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        let retry = delivery.failures;
        delivery.failures += 1;
        let subscription = &self.subscriptions[usize::from(delivery.subscription)];
        if subscription.protocol == Protocol::Http {
            cx.count(self.metrics.failed, 1);
        }
        let wait = subscription.schedule.wait(retry).filter(|_| failure == Failure::Temporary);
        let Some(mut wait) = wait else { return self.give_up(index, failure, cx) };
        if wait.is_zero() {
            return self.make_turn(index, cx);
        }
        if self.retry_jitter > 0.0 {
            let number = subscription.salt.wrapping_add(purpose::JITTER | u64::from(retry));
            let chance = cx.draws(cx.number(delivery.published) ^ mix(number)).uniform();
            wait = wait.scaled(1.0 + self.retry_jitter * (2.0 * chance - 1.0));
        }
        self.retrying += 1;
        cx.set(self.metrics.retrying, self.retrying);
        cx.alarm_after(wait, SnsAlarm::Retry { delivery: index });
    }

    /// No more attempts: to the dead-letter queue, or lost. Either way it is a part of the job that was not done.
    fn give_up(&mut self, index: u32, failure: Failure, cx: &mut Cx<'_>) {
        let Some(&Delivery { published, subscription, .. }) = self.deliveries.get(index) else { return };
        let &Subscription { dead_letter, envelope, protocol, .. } = &self.subscriptions[usize::from(subscription)];
        if protocol != Protocol::Http {
            cx.count(self.metrics.failed, 1);
        }
        let branch = cx.branch(published);
        let message = cx.message_mut(branch);
        message.size = message.size.saturating_add(envelope);
        let losses = self.losses;
        if let Some(Endpoint { node, .. }) = dead_letter {
            let for_good = failure == Failure::ForGood;
            let loss = if for_good { losses.refused_dead_lettered } else { losses.exhausted_dead_lettered };
            cx.count(self.metrics.redriven, 1);
            cx.park(branch, loss);
            cx.hand_over(branch, Endpoint { node, port: DEAD_LETTER }, SimDuration::ZERO);
        } else {
            let loss = if failure == Failure::ForGood { losses.refused } else { losses.exhausted };
            cx.count(self.metrics.lost, 1);
            cx.retire(branch, Ending::Lost(loss));
        }
        self.end(index, published, cx);
    }

    /// A delivery has ended; with the last one, the published message has served its purpose.
    fn end(&mut self, index: u32, published: MsgId, cx: &mut Cx<'_>) {
        self.deliveries.free(index);
        cx.set(self.metrics.undelivered, self.deliveries.len() as u64);
        let left = &mut cx.message_mut(published).tag;
        *left -= 1;
        if *left == 0 {
            self.open -= 1;
            close(published, cx);
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
