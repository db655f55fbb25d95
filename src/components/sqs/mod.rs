//! Amazon SQS: a standard or a FIFO queue.
//!
//! ```text
//!  Arrive ─▶ delayed ─▶ visible ──Pull──▶ in flight ──Settle(Done)──▶ deleted
//!                          ▲ │                │
//!                          │ │ received too   │ visibility timeout, or given back
//!                          │ │ often          │
//!                          │ ▼                │
//!                          │ dead-letter queue│
//!                          └──────────────────┘          any ──retention──▶ expired
//! ```
//! Facts: `sqs.*`. A message is dead-lettered lazily, at the receive that would exceed `max_receive_count`: nobody polls,
//! nothing moves. Retention counts from the first send, in flight or not.

mod billing;
mod fault;
mod fifo;
mod flow;
mod spec;
mod standard;
#[cfg(test)]
mod tests;

pub(super) use fifo::{Deduplication, GroupMap};
pub(super) use spec::SqsSpec;

use fifo::Groups;
use standard::Hosts;

use super::context::Ctx;
use super::fault::Health;
use super::limits::CallsPerSecond;
use super::polls::{PollEnds, Polls};
use super::{Component, NodeSite, Verb};
use crate::engine::{Deadlines, LossId, MsgId, MsgRef, NodeId, Signal, SimDuration};
use crate::metrics::{CounterId, GaugeId};

/// The port of a queue for what is dead-lettered into it.
pub(super) const DEAD_LETTER: u16 = 1;

/// After so many receives without a delete a standard queue puts a message at its back.
const RECEIVES_BEFORE_THE_BACK: u16 = crate::facts::sqs::RECEIVES_BEFORE_BACK_OF_QUEUE.value;

/// Where a message stands; kept in its mark.
mod mark {
    pub(super) const VISIBLE: u8 = 0;
    pub(super) const IN_FLIGHT: u8 = 1;
    pub(super) const DELAYED: u8 = 2;
}

/// What a queue was told to be.
#[derive(Debug, Clone)]
struct SqsParameters {
    /// How long a received message stays hidden.
    visibility_timeout: SimDuration,
    /// How old a message may become; `None`: older than the run is long.
    message_retention_period: Option<SimDuration>,
    /// How long a new message is hidden.
    delay: SimDuration,
    /// The largest message in bytes.
    max_message_size: u32,
    /// Messages in flight at once.
    in_flight_limit: usize,
    /// Where messages go that were received too often, and how often that is.
    dead_letter: Option<DeadLetter>,
    /// What deleting with an outdated receipt does.
    stale_handle_delete: StaleDelete,
}

/// A dead-letter queue.
#[derive(Debug, Clone, Copy)]
struct DeadLetter {
    /// The queue.
    queue: NodeId,
    /// Receives before a message moves.
    max_receive_count: u16,
    /// What the job counts as then.
    loss: LossId,
}

/// What deleting with an outdated receipt does. The service says only that it "might not" delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StaleDelete {
    /// The message stays.
    Ignored,
    /// The message is deleted although somebody else works on it.
    Succeeds,
}

/// Why a message does not stay in a queue.
#[derive(Debug, Clone, Copy)]
struct SqsLosses {
    /// A FIFO queue's calls per second are used up.
    throttled: LossId,
    /// The message is larger than the queue takes.
    too_large: LossId,
    /// The message grew older than the retention.
    expired: LossId,
    /// A fault: the service does not answer.
    down: LossId,
    /// A fault: the service answers with an error.
    failing: LossId,
}

/// What a queue counts; the names are those of its `CloudWatch` metrics.
#[derive(Debug, Clone, Copy)]
struct SqsMetrics {
    /// Messages that can be received.
    visible: GaugeId,
    /// Messages received and not settled.
    in_flight: GaugeId,
    /// Messages not yet visible for the first time.
    delayed: GaugeId,
    /// Age of the oldest message.
    age_of_oldest: GaugeId,
    /// Messages sent.
    sent: CounterId,
    /// Messages received, repeats included.
    received: CounterId,
    /// Messages received for the second time or more.
    received_again: CounterId,
    /// Messages deleted.
    deleted: CounterId,
    /// Deletes with an outdated receipt.
    stale_deletes: CounterId,
    /// Receives that returned nothing.
    empty_receives: CounterId,
    /// Calls refused by a FIFO queue.
    throttled: CounterId,
    /// Sends that repeated the deduplication id of another.
    deduplicated: CounterId,
    /// Messages moved to the dead-letter queue.
    dead_lettered: CounterId,
    /// API calls.
    requests: CounterId,
    /// API calls as they are billed: once for each started piece of what they carry.
    billed_requests: CounterId,
}

/// The order in which messages are given out.
#[derive(Debug, Clone)]
enum Order {
    /// Loose.
    Standard(Hosts),
    /// By group.
    Fifo(Box<Fifo>),
}

/// What only a FIFO queue has.
#[derive(Debug, Clone)]
struct Fifo {
    /// Which groups there are.
    map: GroupMap,
    /// Its groups.
    groups: Groups,
    /// Ids sent lately.
    deduplication: Deduplication,
    /// How far into the queue it looks for a free group.
    window: u64,
    /// The limits on calls: send, receive, delete.
    calls: [CallsPerSecond; 3],
}

/// A queue while it runs.
#[derive(Debug, Clone)]
pub struct Sqs {
    p: SqsParameters,
    losses: SqsLosses,
    metrics: SqsMetrics,
    /// The messages, in the order in which they are given out -- state.
    order: Order,
    /// Messages that can be received, those of locked groups included -- state.
    visible: usize,
    /// Messages received and not settled -- state.
    in_flight: usize,
    /// Messages not yet visible -- state.
    delayed: usize,
    /// Ends of invisibility -- state.
    visibility: Deadlines<(MsgRef, u16)>,
    /// Ends of delay -- state.
    delays: Deadlines<MsgRef>,
    /// Ends of life -- state.
    retention: Deadlines<MsgRef>,
    /// Consumers that wait -- state.
    polls: Polls,
    /// Place of the message sent last -- state.
    places: u32,
    /// Number of the last receive call -- state.
    receives: u64,
    /// Bytes of the messages that came with the last call that sends -- state.
    sent_in_call: u64,
    /// Distance of the samples of the age -- parameter.
    sample_every: SimDuration,
    /// What is wrong with it -- state.
    health: Health,
    /// The messages of the response being made; kept for its memory -- state.
    response: Vec<MsgId>,
}

/// Alarms of a queue.
#[derive(Debug, Clone, Copy)]
pub enum SqsAlarm {
    /// A message in flight may become visible again.
    Visibility,
    /// A delay may be over.
    Delay,
    /// A message may have grown too old.
    Retention,
    /// A long poll may be over.
    Poll(PollEnds),
    /// Time to look at the age of the oldest message.
    Sample,
}

impl From<PollEnds> for SqsAlarm {
    fn from(ends: PollEnds) -> Self {
        Self::Poll(ends)
    }
}

type Cx<'a> = Ctx<'a, SqsAlarm>;

impl Component for Sqs {
    const KIND: &'static str = "sqs";
    const ABOUT: &'static str = "an Amazon SQS queue, standard or FIFO: visibility, receives, dead letters";
    const NOUN: &'static str = "a queue";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Sends, Verb::Polls, Verb::Subscribers, Verb::DeadLetter];
    // Its latency is that of its callers' requests.
    const FAULTS: &'static [&'static str] = &["down", "fails"];
    type Spec = SqsSpec;
    type Alarm = SqsAlarm;

    fn build(spec: SqsSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.alarm_after(self.sample_every, SqsAlarm::Sample);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Arrive { msg, port, batched } => self.send(msg, port, batched, cx),
            Signal::Pull { from, slot, max, wait_ms } => self.receive(from, slot, max, wait_ms, cx),
            Signal::Settle { msg, receive, how } => self.settle(msg, receive, how, cx),
            Signal::Hangup { from, slot } => self.polls.hang_up(from, slot),
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Measure { from } => self.tell_measures(from, cx),
            Signal::Receive { .. } | Signal::Empty { .. } | Signal::Reply { .. } | Signal::Measured { .. } => {
                unreachable!("a queue asks nobody")
            }
        }
    }

    fn on_alarm(&mut self, alarm: SqsAlarm, cx: &mut Cx<'_>) {
        match alarm {
            SqsAlarm::Visibility => {
                self.end_invisibility(cx);
                if let Some(at) = self.visibility.rearm() {
                    cx.alarm_at(at, SqsAlarm::Visibility);
                }
            }
            SqsAlarm::Delay => self.end_delays(cx),
            SqsAlarm::Retention => self.expire(cx),
            SqsAlarm::Poll(ends) => self.polls.end(ends, cx),
            SqsAlarm::Sample => {
                self.sample(cx);
                cx.alarm_after(self.sample_every, SqsAlarm::Sample);
            }
        }
    }

    fn holding(&self) -> u64 {
        (self.visible + self.in_flight + self.delayed) as u64
    }
}
