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
    /// The endpoint will never take it.
    ForGood,
    /// It is nothing for the endpoint, which is not even asked.
    Unfit(Unfit),
    /// It is older than phones want it.
    TooOld,
    /// The money for text messages is spent.
    Unpaid,
}

/// Why a message is nothing for an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// A text message has more characters than are sent.
    LongText,
    /// A text message costs more than one may.
    DearText,
    /// The phone does not have the app any more.
    DisabledEndpoint,
    /// A queue gets the message raw, with more attributes than it takes.
    ManyAttributes,
}

impl Unfit {
    /// All of them, in order.
    pub(super) const ALL: [Self; 4] = [Self::LongText, Self::DearText, Self::DisabledEndpoint, Self::ManyAttributes];

    /// As a cause of loss.
    pub(super) const fn reason(self) -> &'static str {
        match self {
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
        let callee = self.subscriptions[delivery.subscription as usize].to.node;
        match () {
            () if loss.is_none() => Failure::Temporary,
            () if cx.is_refused_for_good(loss, callee) => Failure::ForGood,
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
        let &Subscription { dead_letter, envelope, protocol, .. } = &self.subscriptions[subscription as usize];
        if protocol != Protocol::Http {
            cx.count(self.metrics.failed, many.into());
        }
        let branch = cx.branch(published);
        let message = cx.message_mut(branch);
        message.size = message.size.saturating_add(envelope);
        let losses = self.losses;
        // Simplified: what has grown too old is of no use to anybody, a dead-letter queue included.
        if let Some(Endpoint { node, .. }) = dead_letter.filter(|_| failure != Failure::TooOld) {
            let exhausted = matches!(failure, Failure::Temporary | Failure::Throttled);
            let loss = match failure {
                Failure::Unfit(why) => losses.unfit_dead_lettered[why as usize],
                _ if exhausted => losses.exhausted_dead_lettered,
                _ => losses.refused_dead_lettered,
            };
            cx.count(self.metrics.redriven, many.into());
            cx.park(branch, loss);
            cx.hand_over(branch, Endpoint { node, port: UNDELIVERED }, SimDuration::ZERO);
        } else {
            let loss = match failure {
                Failure::Temporary | Failure::Throttled => losses.exhausted,
                Failure::ForGood => losses.refused,
                Failure::Unfit(why) => losses.unfit[why as usize],
                Failure::TooOld => losses.too_old,
                Failure::Unpaid => losses.unpaid,
            };
            cx.count(self.metrics.lost, many.into());
            cx.retire(branch, Ending::Lost(loss));
        }
        self.settle(index, many, cx);
    }
}
