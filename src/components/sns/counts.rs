//! What a topic counts, and why a job does not come through it.

use super::failure::{Failure, Refusal};
use crate::components::NodeSite;
use crate::components::sqs::Repeat;
use crate::engine::{LossId, LossKind};
use crate::metrics::{CounterId, GaugeId, TimingId};

/// Why a job does not come through a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct SnsLosses {
    /// More messages a second than the account may publish.
    pub(super) throttled: LossId,
    /// The message is larger than the topic takes.
    pub(super) too_large: LossId,
    /// A fault: the service does not answer.
    pub(super) down: LossId,
    /// A fault: the service answers with an error.
    pub(super) failing: LossId,
    /// Nobody was subscribed.
    pub(super) no_subscription: LossId,
    /// A FIFO topic took it for a message of another job that came before.
    pub(super) duplicate: LossId,
    /// What could not be delivered, and there is no dead-letter queue.
    pub(super) lost: GivenUp,
    /// What could not be delivered, and is kept in a dead-letter queue.
    pub(super) dead_lettered: GivenUp,
    /// The subscription was switched off, because e-mails came too fast.
    pub(super) switched_off: LossId,
    /// It was older than phones want it.
    pub(super) too_old: LossId,
}

/// Why a delivery is given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenUp {
    /// The endpoint never takes it.
    refused: [LossId; Refusal::ALL.len()],
    /// All retries failed.
    exhausted: LossId,
    /// The money for text messages is spent.
    unpaid: LossId,
}

impl GivenUp {
    fn register(kind: LossKind, site: &mut NodeSite<'_, '_>) -> Self {
        Self {
            refused: Refusal::ALL.map(|why| site.loss(kind, why.reason())),
            exhausted: site.loss(kind, "not delivered after all retries"),
            unpaid: site.loss(kind, "the money for text messages is spent"),
        }
    }
}

impl SnsLosses {
    pub(super) fn register(is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Self {
        Self {
            throttled: site.throttle("throttled: more messages a second than an account publishes"),
            too_large: site.permanent_refusal("message too large"),
            down: site.loss(LossKind::Rejected, "down"),
            failing: site.loss(LossKind::Rejected, "answered with an error"),
            no_subscription: site.loss(LossKind::Lost, "no subscription took it"),
            duplicate: if is_fifo { site.loss(LossKind::Lost, Repeat::LOSS) } else { LossId::NONE },
            lost: GivenUp::register(LossKind::Lost, site),
            dead_lettered: GivenUp::register(LossKind::DeadLettered, site),
            switched_off: site.loss(LossKind::Lost, "the subscription is switched off"),
            too_old: site.loss(LossKind::Expired, "older than its time to live"),
        }
    }

    /// The cause that a failure is, for what is given up.
    pub(super) const fn of(&self, failure: Failure, given_up: &GivenUp) -> LossId {
        match failure {
            Failure::Temporary | Failure::Throttled => given_up.exhausted,
            Failure::ForGood(why) => given_up.refused[why as usize],
            Failure::TooOld => self.too_old,
            Failure::Unpaid => given_up.unpaid,
        }
    }
}

/// What a topic counts; the names are those of its `CloudWatch` metrics where it has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct SnsMetrics {
    /// API calls.
    pub(super) requests: CounterId,
    /// Publishes as they are billed: once for each started piece of the message.
    pub(super) billed_publishes: CounterId,
    /// Publishes refused for the quota.
    pub(super) throttled: CounterId,
    /// Messages accepted.
    pub(super) published: CounterId,
    /// Notifications that filters did not let through.
    pub(super) filtered_out: CounterId,
    /// Attempts to deliver.
    pub(super) attempts: CounterId,
    /// Attempts that a web endpoint did not answer in time.
    pub(super) timeouts: CounterId,
    /// Notifications delivered.
    pub(super) delivered: CounterId,
    /// Failed attempts at web endpoints; at others, notifications given up.
    pub(super) failed: CounterId,
    /// Notifications moved to a dead-letter queue.
    pub(super) redriven: CounterId,
    /// Notifications lost.
    pub(super) lost: CounterId,
    /// Notifications neither delivered nor given up.
    pub(super) undelivered: GaugeId,
    /// Notifications that wait for their next attempt after one that failed.
    pub(super) retrying: GaugeId,
    /// From an accepted publish to the delivery.
    pub(super) dwell_time: TimingId,
}

impl SnsMetrics {
    pub(super) fn register(site: &mut NodeSite<'_, '_>) -> Self {
        Self {
            requests: site.counter("requests", "requests"),
            billed_publishes: site.counter("billed_publishes", "requests"),
            throttled: site.counter("throttled", "requests"),
            published: site.counter("messages_published", "messages"),
            filtered_out: site.counter("notifications_filtered_out", "messages"),
            attempts: site.counter("delivery_attempts", "requests"),
            timeouts: site.counter("delivery_timeouts", "requests"),
            delivered: site.counter("notifications_delivered", "messages"),
            failed: site.counter("notifications_failed", "messages"),
            redriven: site.counter("notifications_redriven_to_dlq", "messages"),
            lost: site.counter("notifications_lost", "messages"),
            undelivered: site.gauge("undelivered", "messages"),
            retrying: site.gauge("retrying", "messages"),
            dwell_time: site.timing("dwell_time"),
        }
    }
}
