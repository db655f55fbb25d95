//! Amazon SNS: a standard topic. What is published goes to every subscription that wants it, at once and side by side.
//!
//! ```text
//!  Arrive ─▶ published ─┬▶ filtered out
//!   │ over the quota,   └▶ a notification for each other subscription:
//!   ▼ too large             ─▶ on its way ─▶ attempt ─▶ delivered
//!  refused                        ▲             │ 5xx, 429, no answer
//!                                 └── retries ◀─┤ 4xx, or no retries left
//!                                               └▶ dead-letter queue, or lost
//! ```
//! A topic keeps nothing for later: who is not subscribed at the moment of the publish never gets the message, and what
//! nobody is subscribed to is lost. What every subscription filters out on purpose is done: nobody waits for it.
//!
//! The kind of an endpoint decides how long it is tried: a queue for 23 days, a web endpoint for a minute unless its
//! delivery policy says otherwise, a mailbox for hours. A queue has the message when it accepts it; a web endpoint when
//! it answers with 2xx within 15 seconds. A 4xx answer but 429, or an endpoint that is gone, ends a delivery at once.
//! While a topic is down it refuses what is published, and what is due for delivery waits until it is back.
//!
//! Facts: `sns.*`, `http.status_*`.
//!
//! Simplified: the quota on publishes is an account's; here each topic has it for itself, and it is counted by seconds
//! of the clock. Simplified: the way of an answer back to the topic takes no time, and a retry reaches its endpoint when
//! its wait is over. Simplified: a limit on receives a second spaces attempts evenly.
//!
//! Left out: FIFO topics, confirmation of subscriptions, large messages through S3.

mod delivery;
mod filter;
mod policy;
mod publish;
mod schedule;
mod spec;
mod subscriber;
#[cfg(test)]
mod tests;

pub(super) use spec::SnsSpec;

use super::context::{Ctx, Endpoint};
use super::fault::Health;
use super::latency::Latency;
use super::limits::EachSecond;
use super::slab::Slab;
use super::{Component, NodeSite, Verb};
use crate::engine::{Deadlines, LossId, MsgId, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId, TimingId};
use filter::Filter;
use schedule::Schedule;
use std::collections::VecDeque;

/// Who is on the other side of a subscription: it decides what a delivery is and how it is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// A queue, managed by AWS.
    Queue,
    /// A web endpoint.
    Http,
    /// A mailbox.
    Email,
}

/// One subscription: what it was told to be, then its state.
#[derive(Debug, Clone)]
struct Subscription {
    /// The endpoint -- parameter.
    to: Endpoint,
    protocol: Protocol,
    /// Waits before retries -- parameter.
    schedule: Schedule,
    /// From an accepted publish to the first attempt -- parameter.
    latency: Latency,
    /// What it wants; `None`: everything -- parameter.
    filter: Option<Filter>,
    /// The dead-letter queue -- parameter.
    dead_letter: Option<Endpoint>,
    /// Bytes that the envelope adds to each message; none with raw delivery -- parameter.
    envelope: u32,
    /// Messages published before never reach it -- parameter.
    created: SimTime,
    /// From then on its endpoint refuses everything for good -- parameter.
    endpoint_gone: SimTime,
    /// The least distance of its attempts, if its receives a second are limited -- parameter.
    spacing: Option<SimDuration>,
    /// What its random draws are keyed by -- parameter.
    salt: u64,
    /// Deliveries whose turn has not come: held back by the limit, or because the topic is down -- state.
    backlog: VecDeque<u32>,
    /// The earliest time of its next attempt -- state.
    next_turn: SimTime,
    /// Whether an alarm is set for the next turn -- state.
    armed: bool,
}

/// A notification that is neither delivered nor given up.
#[derive(Debug, Clone, Default)]
struct Delivery {
    /// The published message, which stays with the topic until all its deliveries have ended.
    published: MsgId,
    /// The attempt whose answer it waits for, if that may be late.
    attempt: Option<MsgId>,
    /// Number of its newest attempt among all of the topic: tells stale deadlines.
    serial: u32,
    /// Attempts that failed.
    failures: u32,
    /// Index of the subscription.
    subscription: u16,
}

/// Why a job does not come through a topic.
#[derive(Debug, Clone, Copy)]
struct SnsLosses {
    /// More messages a second than the account may publish.
    throttled: LossId,
    /// The message is larger than the topic takes.
    too_large: LossId,
    /// A fault: the service does not answer.
    down: LossId,
    /// A fault: the service answers with an error.
    failing: LossId,
    /// Nobody was subscribed.
    no_subscription: LossId,
    /// The endpoint refused it for good, and there is no dead-letter queue.
    refused: LossId,
    /// All retries failed, and there is no dead-letter queue.
    exhausted: LossId,
    /// The endpoint refused it for good.
    refused_dead_lettered: LossId,
    /// All retries failed.
    exhausted_dead_lettered: LossId,
}

/// What a topic counts; the names are those of its `CloudWatch` metrics where it has them.
#[derive(Debug, Clone, Copy)]
struct SnsMetrics {
    /// API calls.
    requests: CounterId,
    /// Publishes refused for the quota.
    throttled: CounterId,
    /// Messages accepted.
    published: CounterId,
    /// Notifications that no subscription's filter let through.
    filtered_out: CounterId,
    /// Attempts to deliver.
    attempts: CounterId,
    /// Attempts that a web endpoint did not answer in time.
    timeouts: CounterId,
    /// Notifications delivered.
    delivered: CounterId,
    /// Failed attempts at web endpoints; at others, notifications given up.
    failed: CounterId,
    /// Notifications moved to a dead-letter queue.
    redriven: CounterId,
    /// Notifications lost.
    lost: CounterId,
    /// Notifications neither delivered nor given up.
    undelivered: GaugeId,
    /// Notifications that wait for their next attempt after one that failed.
    retrying: GaugeId,
    /// From an accepted publish to the delivery.
    dwell_time: TimingId,
}

/// A topic while it runs.
#[derive(Debug, Clone)]
pub struct Sns {
    /// The largest message in bytes -- parameter.
    maximum_message_size: u32,
    /// How far each wait before a retry is left to chance, as a share of it -- parameter.
    retry_jitter: f64,
    losses: SnsLosses,
    metrics: SnsMetrics,
    /// The subscriptions -- parameter and state.
    subscriptions: Vec<Subscription>,
    /// Messages that may be published in this second -- state.
    quota: EachSecond,
    /// Notifications under way -- state.
    deliveries: Slab<Delivery>,
    /// Published messages with notifications under way -- state.
    open: u64,
    /// Notifications that wait for a retry -- state.
    retrying: u64,
    /// Number of the last attempt -- state.
    serial: u32,
    /// Ends of the wait for an answer, as delivery and serial number -- state.
    timeouts: Deadlines<(u32, u32)>,
    /// What is wrong with it -- state.
    health: Health,
    /// The subscriptions that want the message being published; kept for its memory -- state.
    wanted_by: Vec<u16>,
}

/// Alarms of a topic.
#[derive(Debug, Clone, Copy)]
pub enum SnsAlarm {
    /// A notification has come as far as its first attempt.
    Ready { delivery: u32 },
    /// The wait before a retry is over.
    Retry { delivery: u32 },
    /// The next attempt of a limited subscription may start.
    Turn { subscription: u16 },
    /// An endpoint may have had its time to answer.
    Timeout,
}

type Cx<'a> = Ctx<'a, SnsAlarm>;

impl Component for Sns {
    const KIND: &'static str = "sns";
    const ABOUT: &'static str = "an Amazon SNS topic: fan-out to queues, web endpoints and mailboxes, with retries";
    const NOUN: &'static str = "a topic";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Sends];
    type Spec = SnsSpec;
    type Alarm = SnsAlarm;

    fn build(spec: SnsSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Arrive { msg, batched, .. } => self.publish(msg, batched, cx),
            Signal::Reply { task, loss, .. } => self.answered(task, loss, cx),
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Receive { .. }
            | Signal::Pull { .. }
            | Signal::Empty { .. }
            | Signal::Settle { .. }
            | Signal::Hangup { .. }
            | Signal::Measure { .. }
            | Signal::Measured { .. } => unreachable!("a topic pushes: nobody pulls from it"),
        }
    }

    fn on_alarm(&mut self, alarm: SnsAlarm, cx: &mut Cx<'_>) {
        match alarm {
            SnsAlarm::Ready { delivery } => self.make_turn(delivery, cx),
            SnsAlarm::Retry { delivery } => {
                self.retrying -= 1;
                cx.set(self.metrics.retrying, self.retrying);
                self.make_turn(delivery, cx);
            }
            SnsAlarm::Turn { subscription } => self.turn(subscription, cx),
            SnsAlarm::Timeout => self.time_out(cx),
        }
    }

    fn holding(&self) -> u64 {
        self.open
    }
}
