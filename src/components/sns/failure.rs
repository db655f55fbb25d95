//! What becomes of a notification that could not be delivered: another attempt, the dead-letter queue, or its loss.

use super::{Cx, Delivery, Protocol, Sns, SnsAlarm, Special, Subscription};
use crate::components::context::Endpoint;
use crate::components::sqs::UNDELIVERED;
use crate::engine::random::mix;
use crate::engine::{Ending, LossId, SimDuration};

/// What a random draw of a delivery is for, beside the number of the attempt.
const JITTER: u64 = 2 << 32;

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Another attempt may succeed.
    Temporary,
    /// The endpoint was asked for too much; another attempt may succeed.
    Throttled,
    /// The endpoint will never take it, so that it is not asked again, or not asked at all.
    ForGood(Refusal),
    /// It is older than phones want it.
    TooOld,
    /// The money for text messages is spent.
    Unpaid,
}

/// Why an endpoint never takes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The endpoint does not exist any more, or the topic has no permission any more.
    Gone,
    /// A web endpoint answered with a status from 400 on that no other attempt would change.
    ClientError,
    /// It is larger than a queue, a function or a delivery stream takes.
    TooLarge,
    /// A text message has more characters than are sent.
    LongText,
    /// A text message costs more than one may.
    DearText,
    /// The phone does not have the app any more.
    DisabledEndpoint,
    /// A queue gets the message raw, with more attributes than it takes.
    ManyAttributes,
}

impl Refusal {
    /// All of them, in order.
    pub(super) const ALL: [Self; 7] = [
        Self::Gone,
        Self::ClientError,
        Self::TooLarge,
        Self::LongText,
        Self::DearText,
        Self::DisabledEndpoint,
        Self::ManyAttributes,
    ];

    /// As a cause of loss.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Gone => "the endpoint of a subscriber is gone",
            Self::ClientError => "a subscriber answered with a client error, 4xx",
            Self::TooLarge => "larger than a subscriber takes",
            Self::LongText => "a text message with more characters than are sent",
            Self::DearText => "a text message that costs more than `max_price`",
            Self::DisabledEndpoint => "the endpoint of a phone is disabled: its token is not valid",
            Self::ManyAttributes => "a raw message with more attributes than a queue takes",
        }
    }
}

impl Sns {
    /// What an answer with `loss` says about a delivery.
    pub(super) fn failure(&self, delivery: &Delivery, loss: LossId, cx: &Cx<'_>) -> Failure {
        let subscription = &self.subscriptions[delivery.subscription as usize];
        let callee = subscription.to.node;
        match () {
            () if loss.is_none() => Failure::Temporary,
            () if cx.is_refused_for_good(loss, callee) => Failure::ForGood(match subscription.protocol {
                // Of what AWS runs, only the size of a message is a reason that stays one.
                Protocol::Queue | Protocol::Function | Protocol::Stream => Refusal::TooLarge,
                Protocol::Http | Protocol::Email | Protocol::Text | Protocol::Push => Refusal::ClientError,
            }),
            () if cx.is_throttled(loss, callee) => Failure::Throttled,
            () => Failure::Temporary,
        }
    }

    /// An attempt failed: the delivery is tried again after its wait, or given up.
    pub(super) fn failed(&mut self, index: u32, failure: Failure, cx: &mut Cx<'_>) {
        let Some(delivery) = self.deliveries.get_mut(index) else { return };
        let (retry, many) = (delivery.failures, delivery.many);
        delivery.failures += 1;
        let subscription = &self.subscriptions[delivery.subscription as usize];
        if subscription.protocol == Protocol::Http {
            cx.count(self.metrics.failed, many.into());
        }
        let schedule = match subscription.special.as_deref() {
            Some(Special::Stream(after_throttling)) if failure == Failure::Throttled => after_throttling,
            _ => &subscription.schedule,
        };
        let again = matches!(failure, Failure::Temporary | Failure::Throttled);
        let Some(mut wait) = schedule.wait(retry).filter(|_| again) else {
            return self.give_up(index, many, failure, cx);
        };
        if wait.is_zero() {
            return self.make_turn(index, cx);
        }
        if self.retry_jitter > 0.0 {
            let number = subscription.salt.wrapping_add(JITTER | u64::from(retry));
            let chance = cx.draws(cx.number(delivery.published) ^ mix(number)).uniform();
            wait = wait.scaled(1.0 + self.retry_jitter * (2.0 * chance - 1.0));
        }
        self.retrying += u64::from(many);
        cx.set(self.metrics.retrying, self.retrying);
        cx.alarm_after(wait, SnsAlarm::Retry { delivery: index });
    }

    /// No more attempts for so many of a delivery: to the dead-letter queue, or lost. Either way it is a part of the job
    /// that was not done.
    pub(super) fn give_up(&mut self, index: u32, many: u32, failure: Failure, cx: &mut Cx<'_>) {
        let Some(&Delivery { published, subscription, .. }) = self.deliveries.get(index) else { return };
        let subscription = &self.subscriptions[subscription as usize];
        let &Subscription { dead_letter, protocol, .. } = subscription;
        if protocol != Protocol::Http {
            cx.count(self.metrics.failed, many.into());
        }
        let branch = cx.branch(published);
        let message = cx.message_mut(branch);
        message.size = subscription.enveloped(message.size);
        let losses = self.losses;
        // Simplified: what has grown too old is of no use to anybody, a dead-letter queue included.
        if let Some(Endpoint { node, .. }) = dead_letter.filter(|_| failure != Failure::TooOld) {
            cx.count(self.metrics.redriven, many.into());
            cx.park(branch, losses.of(failure, &losses.dead_lettered), node);
            cx.hand_over(branch, Endpoint { node, port: UNDELIVERED }, SimDuration::ZERO);
        } else {
            cx.count(self.metrics.lost, many.into());
            cx.retire(branch, Ending::Lost(losses.of(failure, &losses.lost)));
        }
        self.settle(index, many, cx);
    }
}
