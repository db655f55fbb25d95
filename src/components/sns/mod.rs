//! Amazon SNS: a topic, standard or FIFO. What is published goes to every subscription that wants it, at once and side by
//! side.
//!
//! ```text
//!  Arrive ─▶ published ─┬▶ filtered out
//!   │ over a quota,     ├▶ subscription switched off: lost
//!   ▼ too large         └▶ a notification for each other subscription:
//!  refused                  ─▶ on its way ─▶ its turn ─▶ attempt ─▶ delivered
//!                                              ▲            │ 5xx, 429, no answer
//!                                              └─ retries ◀─┤ 4xx, or no retries left
//!                                                           └▶ dead-letter queue, or lost
//! ```
//! A topic keeps nothing for later: who is not subscribed at the moment of the publish never gets the message, and what
//! nobody is subscribed to is lost. What every subscription filters out on purpose is done: nobody waits for it. Only a
//! FIFO topic with an archive can be asked again (`archive`).
//!
//! The kind of an endpoint decides what success is, how fast it is fed and how long it is tried: a queue, a function or
//! a delivery stream for 23 days, a web endpoint for a minute unless its delivery policy says otherwise, a mailbox or a
//! phone for hours (`protocol`). A queue has the message when it accepts it; a web endpoint when it answers with 2xx within
//! 15 seconds. A 4xx answer but 429, or an endpoint that is gone, ends a delivery at once. More than ten e-mails a second
//! switch their subscription off; text messages go out one after the other until the month's money is spent; what is too
//! old for a phone is not sent (`special`, `texts`). While a topic is down it refuses what is published, and what is due
//! for delivery waits until it is back.
//!
//! A FIFO topic feeds queues only, and to a FIFO queue it brings the messages of a group one after the other: the next
//! sets out when the one before it was delivered or given up (`ordered`).
//!
//! **Many like subscribers.** A subscription with a `count` stands for so many alike. They are cut into at most
//! [`subscriber::LANES`] lanes, and each lane is a subscription of this file with so many members. One delivery, one
//! attempt and one answer then carry all members of a lane that want the message; the answer says how many of them
//! failed (a binomial draw at the endpoint), these go on as the rest of the delivery, the others are delivered. All
//! metrics count members. The ledger counts messages, exactly as ever: one attempt for a lane, one e-mail, text or
//! notification on its way for those of a lane that were accepted together, one dead letter for those of a lane that
//! were given up together. A job is done when no member is left out.
//! Simplified: the members of a lane share the time of their delivery; up to `LANES` subscribers are all on their own.
//!
//! Facts: `sns.*`, `http.status_*`.
//!
//! The topics of a Region share what their account may publish there (`account`). Simplified: the way of an answer back
//! to the topic takes no time, and a retry reaches its endpoint when its wait is over. Simplified: a limit on receives a
//! second spaces attempts evenly. Simplified: how large the JSON around a message is, is not published; it makes none
//! larger than the 1 MiB that queues and functions take.
//!
//! Left out: large messages through S3, the limit on subscribe calls.

mod archive;
mod batches;
mod billing;
mod counts;
mod delivery;
mod failure;
mod fifo_spec;
mod filter;
mod filter_policy;
mod filter_spec;
mod lanes;
mod network;
mod ordered;
mod policy;
mod protocol;
mod publish;
mod quotas;
mod schedule;
mod spec;
mod special;
mod subscriber;
mod subscription;
#[cfg(test)]
mod tests;
mod texts;
mod texts_spec;

pub(super) use spec::SnsSpec;
pub(super) use texts::TextAccount;
pub(super) use texts_spec::SmsAttributesSpec;

use super::account::RegionId;
use super::context::{Ctx, Endpoint};
use super::fault::Health;
use super::latency::Latency;
use super::slab::Slab;
use super::{Component, NodeSite, Verb};
use crate::engine::{Deadlines, MsgId, Signal, SimDuration, SimTime};
use crate::facts::sns;
use crate::metrics::CounterId;
use archive::Replay;
use batches::Batches;
use billing::PublishCall;
use counts::{SnsLosses, SnsMetrics};
use filter::{Filter, FilterChange};
use ordered::{FifoTopic, GroupLanes};
use protocol::Protocol;
use schedule::Schedule;
use special::Special;
use std::collections::VecDeque;
use std::sync::Arc;

/// One subscription, or one lane of many like ones: what it was told to be, then its state.
#[derive(Debug, Clone)]
struct Subscription {
    /// The endpoint -- parameter.
    to: Endpoint,
    protocol: Protocol,
    /// How many subscribers it stands for -- parameter.
    members: u32,
    /// Which of the lanes of its like it is -- parameter.
    lane: u32,
    /// Waits before retries -- parameter.
    schedule: Arc<Schedule>,
    /// From an accepted publish to the first attempt -- parameter.
    latency: Latency,
    /// What it wants; `None`: everything -- state, once it is changed.
    filter: Option<Arc<Filter>>,
    /// How that changes -- parameter.
    filter_change: Option<Box<FilterChange>>,
    /// The dead-letter queue -- parameter.
    dead_letter: Option<Endpoint>,
    /// Bytes that the envelope adds to each message; none with raw delivery -- parameter.
    envelope: u32,
    /// What is published before or after never reaches it -- parameter.
    confirmed: Period,
    /// When its endpoint refuses everything for good -- parameter.
    gone: Period,
    /// The least distance of its attempts, if its receives a second are limited -- parameter.
    spacing: Option<SimDuration>,
    /// What its random draws are keyed by -- parameter.
    salt: u64,
    /// When it is given the archive, if ever -- parameter.
    replay: Option<Replay>,
    /// What only some kinds of endpoints have -- parameter and state.
    special: Option<Box<Special>>,
    /// Counts its deliveries, if they cost something -- parameter.
    billed: Option<CounterId>,
    /// The order of its groups, if it keeps one -- state.
    order: Option<Box<GroupLanes>>,
    /// Deliveries whose turn has not come: held back by the limit, or because the topic is down -- state.
    backlog: VecDeque<u32>,
    /// The earliest time of its next attempt -- state.
    next_turn: SimTime,
    /// Whether an alarm is set for the next turn -- state.
    armed: bool,
}

/// No subscriber is sent more bytes, however a message is put into JSON.
const LARGEST: u32 = largest(sns::MAXIMUM_MESSAGE_SIZE_MAX.value.get());

#[allow(clippy::cast_possible_truncation, reason = "a mebibyte")]
const fn largest(bytes: u64) -> u32 {
    bytes as u32
}

/// From an instant on, and before another.
#[derive(Debug, Clone, Copy)]
struct Period {
    from: SimTime,
    until: SimTime,
}

impl Subscription {
    /// The size of a message as it goes out, with what is put around it.
    fn enveloped(&self, size: u32) -> u32 {
        size.saturating_add(self.envelope).min(LARGEST.max(size))
    }
}

impl Period {
    fn contains(self, at: SimTime) -> bool {
        self.from <= at && at < self.until
    }
}

/// A notification that is neither delivered nor given up, or those of one lane.
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
    subscription: u32,
    /// How many subscribers it is for.
    many: u32,
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
    /// What only a FIFO topic has -- parameter and state.
    fifo: Option<Box<FifoTopic>>,
    /// The account that pays for text messages, if any are sent -- parameter and state.
    texts: Option<Box<TextAccount>>,
    /// Messages that may be published in a second, by all topics of the Region -- parameter.
    publish_rate: u64,
    /// The Region -- parameter.
    region: RegionId,
    /// Those who publish in batches, if anybody does -- parameter and state.
    batches: Option<Box<Batches>>,
    /// The publish call that came last -- state.
    call: PublishCall,
    /// Notifications under way -- state.
    deliveries: Slab<Delivery>,
    /// How many subscribers these are for -- state.
    undelivered: u64,
    /// Published messages with notifications under way, and those that wait in a batch -- state.
    open: u64,
    /// Notifications that wait for a retry -- state.
    retrying: u64,
    /// Number of the last attempt -- state.
    serial: u32,
    /// Ends of the wait for an answer, as delivery and serial number -- state.
    timeouts: Deadlines<(u32, u32)>,
    /// What is wrong with it -- state.
    health: Health,
    /// The subscriptions that want the message being published, each with how many members of it; kept for its memory --
    /// state.
    wanted_by: Vec<(u32, u32)>,
}

/// Alarms of a topic.
#[derive(Debug, Clone, Copy)]
pub enum SnsAlarm {
    /// A notification has come as far as its first attempt.
    Ready { delivery: u32 },
    /// The wait before a retry is over.
    Retry { delivery: u32 },
    /// The next attempt of a limited subscription may start.
    Turn { subscription: u32 },
    /// The turn of a text message has come.
    Text { delivery: u32 },
    /// A subscription is given the archive.
    Replay { subscription: u32 },
    /// A batch has waited long enough.
    Batch { sender: u16, serial: u32 },
    /// A subscription has another filter from now on.
    Filter { subscription: u32 },
    /// An endpoint may have had its time to answer.
    Timeout,
}

type Cx<'a> = Ctx<'a, SnsAlarm>;

impl Component for Sns {
    const KIND: &'static str = "sns";
    const ABOUT: &'static str =
        "an Amazon SNS topic, standard or FIFO: fan-out to queues, web endpoints, mailboxes and phones, with retries";
    const NOUN: &'static str = "a topic";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Sends, Verb::OnSuccess, Verb::OnFailure];
    type Spec = SnsSpec;
    type Alarm = SnsAlarm;

    fn build(spec: SnsSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        for (subscription, replay) in (0..).zip(&self.subscriptions).filter_map(|(i, s)| Some((i, s.replay?))) {
            cx.alarm_at(replay.at, SnsAlarm::Replay { subscription });
        }
        for (subscription, change) in
            (0..).zip(&self.subscriptions).filter_map(|(i, s)| Some((i, s.filter_change.as_ref()?)))
        {
            cx.alarm_at(change.felt, SnsAlarm::Filter { subscription });
        }
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        match *signal {
            Signal::Arrive { msg, batched, .. } if self.batches.is_some() => self.gather(msg, batched, &mut cx.aside()),
            Signal::Arrive { msg, batched, .. } => self.publish(msg, batched, &mut cx.aside()),
            Signal::Reply { task, loss, .. } => self.answered(task, loss, cx),
            Signal::Fault { index, begins } => self.fault(index, begins, &mut cx.aside()),
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
                let many = self.deliveries.get(delivery).map_or(0, |delivery| delivery.many);
                self.retrying -= u64::from(many);
                cx.set(self.metrics.retrying, self.retrying);
                self.make_turn(delivery, cx);
            }
            SnsAlarm::Turn { subscription } => self.turn(subscription, cx),
            SnsAlarm::Text { delivery } => self.send_texts(delivery, cx),
            SnsAlarm::Replay { subscription } => self.replay(subscription, cx),
            SnsAlarm::Batch { sender, serial } => self.end_linger(sender, serial, cx),
            SnsAlarm::Filter { subscription } => {
                let subscription = &mut self.subscriptions[subscription as usize];
                if let Some(change) = subscription.filter_change.take() {
                    subscription.filter = change.filter;
                }
            }
            SnsAlarm::Timeout => self.time_out(cx),
        }
    }

    fn holding(&self) -> u64 {
        self.open
    }
}
