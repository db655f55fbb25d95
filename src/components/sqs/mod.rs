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
//!
//! Simplified: changes of a queue's attributes while it runs are left out, and so is what they take to be felt. A receive
//! from a FIFO queue with a visibility timeout of zero does not give the same message twice in one answer. Messages deleted
//! are those that are gone; `CloudWatch` counts deletes with an outdated receipt among them, which here are told apart.

mod attempts;
mod audit;
mod billing;
mod build;
mod calls;
mod duplicates;
mod entry;
mod fair;
mod fault;
mod fifo;
mod flow;
mod graves;
mod identity;
mod ids;
mod intake;
mod line;
mod purge;
mod sender;
mod settle;
mod spec;
mod standard;
#[cfg(test)]
mod tests;
mod timers;

pub(super) use attempts::REPEAT;
pub(super) use fifo::GroupMap;
pub(super) use identity::{Identity, IdentitySpec, Lately, Repeat};
pub(super) use sender::{BatchSpec, check_sender};
pub(super) use spec::{BodySpec, IdSpec, SqsSpec};

use attempts::Attempts;
use audit::Audit;
use billing::Billed;
use calls::action;
use duplicates::Duplicates;
use fair::Fair;
use fifo::Fifo;
use graves::Graves;
use purge::Purges;
use sender::Senders;
use standard::Hosts;
use timers::{Receive, Timers};

use super::context::Ctx;
use super::fault::Health;
use super::polls::{PollEnds, Polls};
use super::{Component, NodeSite, Verb};
use crate::engine::{Deadlines, LossId, MsgId, MsgRef, NodeId, Signal, SimDuration};
use crate::metrics::{CounterId, GaugeId};

/// The port of a queue for what another queue moves to it: that is no send.
const DEAD_LETTER: u16 = 1;

/// The port of a queue for what comes back from its dead-letter queue.
const REDRIVEN: u16 = 2;

/// The port of a queue for what a topic delivers: nobody pays for that.
pub(super) const DELIVERED: u16 = 3;

/// The port of a queue for what a function has done: no sender of a flow or a node, so that none of their rules holds.
pub(super) const PASSED_ON: u16 = 4;

/// The port of a queue for what a function gives up: a dead letter, but sent and paid for.
pub(super) const GIVEN_UP: u16 = 5;

/// The port of a queue for what a topic could not deliver: a dead letter that was sent, but nobody pays for it.
pub(super) const UNDELIVERED: u16 = 6;

/// After so many receives without a delete a standard queue puts a message at its back.
const RECEIVES_BEFORE_THE_BACK: u16 = crate::facts::sqs::RECEIVES_BEFORE_BACK_OF_QUEUE.value;

/// Where a message stands; kept in its mark. Odd: in flight.
mod mark {
    /// Not seen by anybody yet, or nobody works on it any more.
    pub(super) const VISIBLE: u8 = 0;
    /// Received, and worked on.
    pub(super) const IN_FLIGHT: u8 = 1;
    /// Hidden since it was sent.
    pub(super) const DELAYED: u8 = 2;
    /// Received, and nobody works on it any more.
    pub(super) const IN_FLIGHT_ALONE: u8 = 3;
    /// Visible although somebody works on it: its time is over.
    pub(super) const VISIBLE_OVERRUN: u8 = 4;
    /// Received, and a host will not hear of its delete.
    pub(super) const IN_FLIGHT_KEPT: u8 = 5;
    /// Visible although somebody works on it: a host has not seen the receive.
    pub(super) const VISIBLE_MISSED: u8 = 6;
    /// Deleted, but for the copy of that host, which is hidden until its time is over.
    pub(super) const IN_FLIGHT_GHOST: u8 = 7;
    /// Visible although it was deleted.
    pub(super) const VISIBLE_KEPT: u8 = 8;
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
    /// What deleting with an outdated receipt does in a standard queue.
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
#[derive(Debug, Clone, Copy, PartialEq)]
enum StaleDelete {
    /// The message stays.
    Ignored,
    /// The message is deleted although somebody else works on it.
    Succeeds,
    /// One or the other, the second with this chance.
    Sometimes(f64),
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
    /// The queue was purged.
    purged: LossId,
    /// A FIFO queue took it for a message of another job that came before.
    duplicate: LossId,
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
    /// Messages sent, and their bytes.
    sent: CounterId,
    sent_message_size: CounterId,
    /// Messages received, repeats included.
    received: CounterId,
    /// Messages received for the second time or more.
    received_again: CounterId,
    /// Messages deleted.
    deleted: CounterId,
    /// Deletes with an outdated receipt.
    stale_deletes: CounterId,
    /// Deletes that a FIFO queue refused because the message was not hidden for this receipt any more.
    refused_deletes: CounterId,
    /// Changes of a message's visibility.
    visibility_changes: CounterId,
    /// Those that were refused: too long, or too late.
    refused_changes: CounterId,
    /// Short polls that failed because too much was in flight.
    over_limit: CounterId,
    /// Messages received while somebody still worked on them, because their time was over.
    duplicates_overrun: CounterId,
    /// Messages received although they had been deleted.
    duplicates_missed_delete: CounterId,
    /// Messages that two consumers received at once.
    duplicates_missed_receive: CounterId,
    /// Further copies of a message that was taken in before, because its sender did not hear of that.
    duplicates_sent_again: CounterId,
    /// Receives that were repeated and got the same messages again.
    repeated_receives: CounterId,
    /// Dead letters that were sent back.
    redriven: CounterId,
    /// Messages deleted by a purge.
    purged: CounterId,
    /// Redrives and purges that were refused: there was one already, or nothing to send back.
    refused_tasks: CounterId,
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
    /// Those of a fair queue that cost a surcharge.
    surcharged_requests: Option<CounterId>,
}

/// The order in which messages are given out.
#[derive(Debug, Clone)]
enum Order {
    /// Loose.
    Standard(Hosts),
    /// Loose, quiet groups before noisy ones.
    Fair(Box<Fair>),
    /// By group.
    Fifo(Box<Fifo>),
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
    /// Messages that wait at their senders for others -- state.
    buffered: usize,
    /// Ends of invisibility, if all are equally long -- state.
    visibility: Deadlines<Receive>,
    /// The same if they are not -- state.
    timers: Option<Box<Timers>>,
    /// Ends of delay -- state.
    delays: Deadlines<MsgRef>,
    /// Ends of life -- state.
    retention: Deadlines<MsgRef>,
    /// Consumers that wait -- state.
    polls: Polls,
    /// Senders that say more than where a message goes -- parameter and state.
    senders: Option<Box<Senders>>,
    /// Receives that may be repeated -- parameter and state.
    attempts: Option<Box<Attempts>>,
    /// Dead letters of other queues -- state.
    graves: Option<Box<Graves>>,
    /// Purges -- state.
    purges: Purges,
    /// What the service itself delivers twice -- parameter and state.
    duplicates: Duplicates,
    /// Messages of the response being made that a host did not see being received -- state.
    missed: Vec<MsgId>,
    /// Of each kind of call whether a FIFO queue has refused the one under way, or a part of it -- state.
    refuses: [bool; action::COUNT],
    /// Place of the message sent last -- state.
    places: u32,
    /// Number of the last receive call -- state.
    receives: u64,
    /// The last call, as it is billed -- state.
    call: Billed,
    /// Distance of the samples of the age -- parameter.
    sample_every: SimDuration,
    /// What is wrong with it -- state.
    health: Health,
    /// What it must never do, in debug builds -- state.
    audit: Audit,
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
    /// A batch of messages has waited long enough at its sender.
    Batch { rule: u16, serial: u32 },
    /// Delays that a sender chose may be over.
    SenderDelay { rule: u16 },
    /// A delete that failed, or was throttled, is tried again.
    DeleteAgain { msg: MsgId, receive: u16, tries: u8 },
    /// The next dead letter is sent back.
    Redrive,
    /// A host is emptied.
    Purge { host: u16 },
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
    const ACCEPTS: &'static [Verb] =
        &[Verb::From, Verb::Sends, Verb::Polls, Verb::Subscribers, Verb::DeadLetter, Verb::OnSuccess, Verb::OnFailure];
    // Its latency is that of its callers' requests.
    const FAULTS: &'static [&'static str] = &["down", "fails", "redrive", "purge"];
    type Spec = SqsSpec;
    type Alarm = SqsAlarm;

    fn build(spec: SqsSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.alarm_after(self.sample_every, SqsAlarm::Sample);
        self.duplicates.plan(cx);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        match *signal {
            Signal::Arrive { msg, port, batched } => self.send(msg, port, batched, cx),
            Signal::Pull { from, slot, max, wait_ms } => self.receive(from, slot, max, wait_ms, cx),
            Signal::Settle { msg, receive, how } => self.settle(msg, receive, how, cx),
            Signal::Hangup { from, slot } => self.polls.hang_up(from, slot),
            Signal::Fault { index, begins } => self.fault(index, begins, &mut cx.aside()),
            Signal::Measure { from, .. } => self.tell_measures(from, &mut cx.aside()),
            Signal::Receive { .. } | Signal::Empty { .. } | Signal::Reply { .. } | Signal::Measured { .. } => {
                unreachable!("a queue asks nobody")
            }
        }
        self.compare(cx);
    }

    fn on_alarm(&mut self, alarm: SqsAlarm, cx: &mut Cx<'_>) {
        match alarm {
            SqsAlarm::Visibility => self.end_invisibility(cx),
            SqsAlarm::Delay => self.end_delays(cx),
            SqsAlarm::Retention => self.expire(cx),
            SqsAlarm::Poll(ends) => {
                let empty = self.polls.end(ends, cx);
                cx.count(self.metrics.empty_receives, empty);
            }
            SqsAlarm::Sample => {
                self.sample(cx);
                cx.alarm_after(self.sample_every, SqsAlarm::Sample);
            }
            SqsAlarm::Batch { rule, serial } => self.end_linger(rule, serial, cx),
            SqsAlarm::SenderDelay { rule } => self.end_sender_delays(rule, cx),
            SqsAlarm::DeleteAgain { msg, receive, tries } => self.delete_again(msg, receive, tries, cx),
            SqsAlarm::Redrive => self.redrive_next(cx),
            SqsAlarm::Purge { host } => self.empty(host, cx),
        }
        self.compare(cx);
    }

    fn holding(&self) -> u64 {
        (self.visible + self.in_flight + self.delayed + self.buffered) as u64
    }
}

/// Whether that receive of that message is its newest and still running.
fn is_in_flight<T: Into<super::AnyTimer>>(token: Receive, cx: &Ctx<'_, T>) -> bool {
    let (reference, receive) = token;
    cx.held(reference).is_some_and(|message| message.mark & mark::IN_FLIGHT != 0 && message.receives == receive)
}

/// The receipt after this one. None is ever given out again while somebody may have it: beyond the last one the upper half
/// of them begins anew, and counted as receives these are more than any limit.
#[inline(always)]
const fn next_receipt(receipt: u16) -> u16 {
    match receipt.checked_add(1) {
        Some(next) => next,
        None => u16::MAX / 2 + 1,
    }
}

/// Whether a message was received so often since it was sent, or sent back. It has at least as many receipts, and who has
/// not need not be looked at further.
#[inline(always)]
fn was_received<T: Into<super::AnyTimer>>(msg: MsgId, often: u16, cx: &Ctx<'_, T>) -> bool {
    cx.message(msg).receives >= often && cx.receive_count(msg) >= often
}
