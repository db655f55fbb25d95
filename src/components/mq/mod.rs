//! Amazon MQ: one broker (`RabbitMQ` or `ActiveMQ`) with processors, storage, queues and topics.
//!
//! ```text
//!  Arrive ─▶ processors ─▶ storage (group commit) ─▶ ready ──credit──▶ processors ─▶ unacknowledged ─▶ done
//!               │ full        if persistent           ▲ │ confirm          Receive        │ Settle
//!               ▼                                     │ └▶ expired,        ▲              │ handed back,
//!            refused                                  │    dropped         │ redelivery   │ or consumer gone
//!                                                     └────────────────────┴──────────────┤
//!                                                                                         ▼ too often
//!                                                                  dead-letter queue, or dropped
//! ```
//! Facts: `mq.*`. A topic (a fanout exchange, a virtual topic) keeps nothing: it copies what is sent to it into each
//! queue that is bound to it. Messages are pushed: a consumer registers once and gets as many as its prefetch allows;
//! those with credit take turns. What comes back goes to its old place in the queue.
//!
//! A broker without room for more messages reads nothing from its producers until there is some: they wait, and their
//! own timeouts run.
//!
//! A broker that is rebooted or crashes is away for as long as its deployment takes: a single machine until it has
//! started again, a pair until the other one has taken over.
//!
//! Simplified: no clusters and no networks of brokers. All producers are held up in one line, first come, first served; no
//! producer is slowed down before that.
//! Dead letters and redeliveries cost no processor time and no write. The copies that a topic makes share one write.
//! `ActiveMQ` may hand out a message while it is still being written; here it is handed out when it is stored, as by a
//! quorum queue. Where a fact speaks of a client's library (the prefetch, the pause before a redelivery, the attempts
//! to connect again), the broker keeps it on behalf of its clients.

mod bindings;
mod build;
mod consumers;
mod delivery;
mod exit;
mod fault;
mod intake;
mod layout;
mod prefetch;
mod queue;
mod restart;
mod room;
mod spec;
mod stages;
#[cfg(test)]
mod tests;
mod timeout;

pub(super) use consumers::subscribe;
pub(super) use prefetch::{AS_THE_BROKER_SAYS, PrefetchSpec};
pub(super) use spec::MqSpec;

use super::context::Ctx;
use super::fault::Health;
use super::slab::Slab;
use super::{Component, NodeSite, Verb};
use crate::engine::{Deadlines, LossId, MsgId, MsgRef, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId};
use consumers::Consumers;
use layout::Layout;
use queue::Queue;
use restart::Outages;
use room::{Room, RoomParameters};
use stages::{Processors, Storage};

/// Where a message stands; kept in its mark.
mod mark {
    /// In the processors or in storage; its tag says where it goes.
    pub(super) const ARRIVING: u8 = 0;
    /// In its queue. From here on its tag is its entry.
    pub(super) const READY: u8 = 1;
    /// Given to a consumer.
    pub(super) const UNACKNOWLEDGED: u8 = 2;
    /// Given to a consumer that waits before it tries again.
    pub(super) const PAUSED: u8 = 3;
    /// Acknowledged when it was handed over, and still worked on: only the books keep it.
    pub(super) const HANDED_OVER: u8 = 4;
}

/// What a broker was told to be.
#[derive(Debug, Clone)]
struct MqParameters {
    /// Whether messages are stored before they are confirmed.
    persistent: bool,
    /// Whether the sender is answered when its message is safe; else when it arrives.
    confirms: bool,
    /// The largest message in bytes.
    max_message_size: u32,
    /// Processor time to take a message in.
    take_in: SimDuration,
    /// Processor time to hand it to a consumer.
    hand_out: SimDuration,
    /// Prefetch of consumers that do not ask for one; `u32::MAX`: no limit.
    prefetch: u32,
    /// No consumer gets a larger one.
    prefetch_max: u32,
    /// The share of its credit that a consumer must have acknowledged before any is given back; none: each at once.
    refill: Option<f64>,
    /// Failed deliveries that a message may have; `u32::MAX`: any number.
    delivery_limit: u32,
    /// How long a consumer may hold a message, and how often the broker looks for those that hold one too long.
    consumer_timeout: Option<(SimDuration, SimDuration)>,
    /// Pause before a message that was handed back is tried again by the same consumer; none: it goes back to its queue.
    redelivery_delay: Option<SimDuration>,
    /// Ready messages that a queue may have, and what happens beyond.
    max_length: Option<(usize, Overflow)>,
    /// How long a message may wait in a queue.
    message_ttl: Option<SimDuration>,
    /// How often it looks all over its queues for messages that have waited too long; none: it sees them at the head.
    expiry_scan: Option<SimDuration>,
    /// How much room there is for messages, and what happens when there is none.
    room: RoomParameters,
    /// How long it is away.
    outages: Outages,
    /// Pause before a client's second attempt to connect, and the longest of these pauses, which double.
    reconnect: (SimDuration, SimDuration),
}

/// What a full queue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overflow {
    /// Its oldest message makes room.
    DropHead,
    /// The new one is turned away.
    RejectPublish,
}

/// Why a message does not stay in a broker, or does not get in.
#[derive(Debug, Clone, Copy)]
struct MqLosses {
    /// A fault: the broker cannot be reached.
    down: LossId,
    /// A fault: it answers with an error.
    failing: LossId,
    /// The message is larger than the broker takes.
    too_large: LossId,
    /// There is no room for more messages, and producers were to be told.
    no_space: LossId,
    /// The queue is full.
    rejected: LossId,
    /// No queue is bound to the topic.
    unroutable: LossId,
    /// In memory only when the broker went down.
    in_memory: LossId,
    /// Acknowledged before the work was done, and then it was not done.
    acknowledged: LossId,
    /// Delivered in vain too often.
    too_often: LossId,
    /// Longer in the queue than its time to live.
    expired: LossId,
    /// It made room for another.
    dropped: LossId,
}

/// What a broker counts; the names follow its `CloudWatch` metrics.
#[derive(Debug, Clone, Copy)]
struct MqMetrics {
    /// Processors at work.
    busy: GaugeId,
    /// Messages whose producers are held up for want of room.
    blocked: GaugeId,
    /// Messages taken in and not yet confirmed.
    arriving: GaugeId,
    /// Messages that can be delivered.
    ready: GaugeId,
    /// Messages delivered and not yet acknowledged.
    unacknowledged: GaugeId,
    /// Messages that producers sent.
    published: CounterId,
    /// Messages that producers were told are safe.
    confirmed: CounterId,
    /// Messages turned away.
    rejected: CounterId,
    /// Messages handed to consumers, repeats included.
    delivered: CounterId,
    /// Messages handed to a consumer for the second time or more.
    redelivered: CounterId,
    /// Messages acknowledged.
    acknowledged: CounterId,
    /// Acknowledgements of messages that had been taken back.
    stale_acknowledgements: CounterId,
    /// Channels closed because a message was held too long.
    consumer_timeouts: CounterId,
    /// Messages moved to the dead-letter queue.
    dead_lettered: CounterId,
    /// Messages that outlived their time.
    expired: CounterId,
    /// Writes to storage.
    writes: CounterId,
    /// Bytes written.
    written: CounterId,
    /// Time in which storage was writing.
    write_time: CounterId,
}

/// A message in a queue, or delivered from one.
#[derive(Debug, Clone, Default)]
struct Entry {
    msg: MsgId,
    queue: u16,
    /// Deliveries that failed.
    failures: u32,
    /// Its place in the queue.
    place: u64,
    /// To whom it was given, and by which connection.
    holder: (u32, u32),
    /// When it was given.
    given_at: SimTime,
    /// When it has waited too long.
    expires: SimTime,
}

/// A broker while it runs.
#[derive(Debug, Clone)]
pub struct Mq {
    p: MqParameters,
    losses: MqLosses,
    metrics: MqMetrics,
    /// Ports, queues, and which leads where -- parameter.
    layout: Layout,
    /// The queues -- state.
    queues: Vec<Queue>,
    /// Messages in queues or delivered from them -- state.
    entries: Slab<Entry>,
    /// How much room is left, and who waits for some -- state.
    room: Room,
    /// Messages on their way into a queue -- state.
    arriving: usize,
    /// Messages that can be delivered -- state.
    ready: usize,
    /// Messages delivered and not acknowledged, those that wait for another try included -- state.
    unacknowledged: usize,
    /// Messages that wait for another try -- state.
    paused: usize,
    /// Ends of these waits -- state.
    pauses: Deadlines<(MsgRef, u16)>,
    /// Who is connected -- state.
    consumers: Consumers,
    /// For when the next look for consumers that hold a message too long is set -- state.
    looks_at: SimTime,
    /// What the processors do -- state.
    processors: Processors,
    /// What storage does -- state.
    storage: Storage,
    /// What is wrong with it -- state.
    health: Health,
    /// The queues that take the message being routed; kept for its memory -- state.
    takers: Vec<u16>,
}

/// Alarms of a broker.
#[derive(Debug, Clone, Copy)]
pub enum MqAlarm {
    /// A task of the processors may be done.
    Processors,
    /// The write of this number is done.
    Written { write: u32 },
    /// A message of this queue may have outlived its time, or it is time to look for one.
    Expiry { queue: u16 },
    /// A consumer tries a message again.
    Redelivery,
    /// It has started again, or the other one has taken over.
    Restarted,
    /// There is room again for who was held up.
    Room,
    /// Time to look for consumers that hold a message too long.
    Look,
    /// A consumer whose channel was closed opens another one, if this is still the one that it lost.
    Reopen { consumer: u32, life: u32 },
    /// The clients have noticed that the broker is back after this loss of connections.
    Reconnect { cut: u32 },
}

type Cx<'a> = Ctx<'a, MqAlarm>;

impl Component for Mq {
    const KIND: &'static str = "mq";
    const ABOUT: &'static str = "an Amazon MQ broker: queues and topics that push to consumers with prefetch";
    const NOUN: &'static str = "a broker";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Sends, Verb::Consumes];
    const FAULTS: &'static [&'static str] = &["down", "slow", "fails", "reboot", "crash"];
    type Spec = MqSpec;
    type Alarm = MqAlarm;

    fn build(spec: MqSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Arrive { msg, port, .. } => self.publish(msg, port, cx),
            Signal::Pull { from, slot, max, wait_ms } => self.register(from, slot, max, wait_ms, cx),
            Signal::Settle { msg, receive, how } => self.settle(msg, receive, how, cx),
            Signal::Hangup { from, slot } => self.hang_up(from, slot, cx),
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Measure { from, .. } => self.tell_measures(from, cx),
            Signal::Receive { .. } | Signal::Empty { .. } | Signal::Reply { .. } | Signal::Measured { .. } => {
                unreachable!("a broker asks nobody")
            }
        }
    }

    fn on_alarm(&mut self, alarm: MqAlarm, cx: &mut Cx<'_>) {
        match alarm {
            MqAlarm::Processors => self.end_tasks(cx),
            MqAlarm::Written { write } => self.end_write(write, cx),
            MqAlarm::Expiry { queue } => self.end_expiry_alarm(queue, cx),
            MqAlarm::Redelivery => self.end_pauses(cx),
            MqAlarm::Restarted => self.end_restart(cx),
            MqAlarm::Room => self.let_in(cx),
            MqAlarm::Look => self.look(cx),
            MqAlarm::Reopen { consumer, life } => self.reopen(consumer, life, cx),
            MqAlarm::Reconnect { cut } => self.reconnect(cut, cx),
        }
    }

    fn holding(&self) -> u64 {
        (self.room.blocked() + self.arriving + self.entries.len()) as u64
    }
}
