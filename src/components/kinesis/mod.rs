//! Amazon Kinesis Data Streams: a provisioned stream whose records are read, never taken.
//!
//! ```text
//!            hash of the key            GetRecords              checkpoint
//!  Arrive ──▶ shard ──▶ unread by reader A ─────▶ lent to A ────────────▶ gone
//!    │          └─────▶ unread by reader B ─────▶ lent to B ────────────▶ gone
//!    │ over 1 MiB/s        │                        │ its worker died:
//!    │ or 1000 records/s   │ retention              │ unread again
//!    ▼                     ▼                        ▼
//!  refused              trimmed
//! ```
//! Facts: `kinesis.*`. Every reader must process every record, so a record becomes one branch of its job for each
//! reader. Left out, and not pretended: resharding, on-demand capacity, explicit hash keys, the producer library, the
//! limits on iterators themselves (their rate and their five minutes), and the end of a subscription after five minutes.
//!
//! Signals: a reader's slot is a shard. `Pull` is `GetRecords` and never waits, but for a reader with enhanced fan-out:
//! from that one it is the wish to be pushed more. A `Pull` of no records at all moves the
//! reader's position to the tip of the shard, as an iterator of type LATEST does. `Settle` of a record is a checkpoint:
//! the reader is done with it and with all before it. `Hangup` is the loss of the lease: the next owner begins at the
//! last checkpoint.
//!
//! Simplified: a record leaves memory when the last reader has checkpointed past it, because a reader that comes later
//! cannot appear in a scenario. Records in the hands of a reader do not expire there; a reader that dies loses those
//! which are too old by then.

mod fan_out;
mod get;
mod put;
mod shards;
mod spec;

#[cfg(test)]
mod tests;

pub(super) use spec::KinesisSpec;

use fan_out::Subscription;
use shards::ShardMap;

use super::context::Ctx;
use super::fault::Health;
use super::latency::Latency;
use super::limits::{CallsPerSecond, TokenBucket};
use super::{Component, NodeSite, Verb};
use crate::engine::{LossId, MsgId, NodeId, Settle, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId};
use std::collections::VecDeque;

/// What a stream was told to be.
#[derive(Debug, Clone)]
struct KinesisParameters {
    /// How old a record may become; `None`: older than the run is long.
    retention_period: Option<SimDuration>,
    /// The largest record in bytes, its key included.
    max_record_size: u64,
    /// How far a read lags behind the writes.
    visible_latency: Latency,
    /// Distance of the samples of the iterator age.
    sample_every: SimDuration,
}

/// Why a record does not reach a reader.
#[derive(Debug, Clone, Copy)]
struct KinesisLosses {
    /// The shard has taken all it takes.
    throttled: LossId,
    /// The record is larger than the stream takes.
    too_large: LossId,
    /// Its partition key is empty or too long.
    bad_key: LossId,
    /// A fault: the service does not answer.
    down: LossId,
    /// A fault: the service answers with an error.
    failing: LossId,
    /// It grew too old before a reader came to it.
    trimmed: LossId,
    /// It was there before a reader that begins at the tip.
    skipped: LossId,
    /// A reader failed to process it and went on.
    passed_over: LossId,
}

/// What a stream counts; where `CloudWatch` has a metric, it has its name.
#[derive(Debug, Clone)]
struct KinesisMetrics {
    /// Puts, each of one record or of many.
    put_calls: CounterId,
    /// Records put, those refused included.
    put_records: CounterId,
    /// Of these, the records of the shard that got most of them.
    hottest_shard_records: CounterId,
    /// Records stored.
    incoming_records: CounterId,
    /// Bytes stored, keys included.
    incoming_bytes: CounterId,
    /// Units of storing that are billed.
    put_payload_units: CounterId,
    /// Records refused because their shard was busy.
    write_throttled: CounterId,
    /// Reads.
    get_records_calls: CounterId,
    /// Records read, repeats included.
    records_read: CounterId,
    /// Bytes read.
    bytes_read: CounterId,
    /// Reads refused because their shard was busy.
    read_throttled: CounterId,
    /// Records that grew too old, once for each reader that had not come to them.
    records_trimmed: CounterId,
    /// Records to read, once for each reader.
    unread: GaugeId,
    /// How old the next record of the reader is that lags most.
    iterator_age: GaugeId,
    /// What is measured of each reader here, because only the stream knows.
    readers: Vec<ReaderMetrics>,
}

/// How far behind a reader is; counted among the metrics of the reader.
#[derive(Debug, Clone, Copy)]
struct ReaderMetrics {
    /// How old the next record to read is, in the shard where it is oldest.
    iterator_age: GaugeId,
    /// How far the last answer of `GetRecords` was from the tip, in the shard where it was farthest.
    millis_behind_latest: GaugeId,
}

/// The limits of one shard, each with what is used of it -- state.
#[derive(Debug, Clone)]
struct Shard {
    bytes_in: TokenBucket,
    records_in: TokenBucket,
    bytes_out: TokenBucket,
    calls: CallsPerSecond,
    /// Records put to it, refused ones included.
    puts: u64,
}

/// One reader's view of one shard -- state.
#[derive(Debug, Clone)]
struct View {
    /// Records that it has not read, oldest first.
    unread: VecDeque<MsgId>,
    /// Records that it has read since its last checkpoint, oldest first.
    lent: VecDeque<MsgId>,
    /// How far its last answer was from the tip.
    behind: SimDuration,
    /// Reads so far; each has its own random numbers.
    reads: u64,
    /// For a reader with enhanced fan-out: its own part of the shard.
    subscription: Option<Subscription>,
    /// When the pending alarm looks for records that are too old; `MAX`: none is pending.
    trims_at: SimTime,
}

impl Default for View {
    fn default() -> Self {
        let (unread, lent) = (VecDeque::new(), VecDeque::new());
        Self { unread, lent, behind: SimDuration::ZERO, reads: 0, subscription: None, trims_at: SimTime::MAX }
    }
}

/// A stream while it runs.
#[derive(Debug, Clone)]
pub struct Kinesis {
    p: KinesisParameters,
    losses: KinesisLosses,
    metrics: KinesisMetrics,
    /// Which shard each partition key belongs to -- parameter.
    map: ShardMap,
    /// The readers, in the order of the file -- parameter.
    readers: Vec<NodeId>,
    /// Whether there is a reader with enhanced fan-out -- parameter.
    fans_out: bool,
    /// The shards -- state.
    shards: Vec<Shard>,
    /// A view for each reader of each shard, those of a shard side by side; a single one where nobody reads -- state.
    views: Vec<View>,
    /// Records unread in all views -- state.
    unread: u64,
    /// Records lent in all views -- state.
    lent: u64,
    /// Puts to the shard that got most -- state.
    most_puts: u64,
    /// What is wrong with it -- state.
    health: Health,
    /// The records of the answer being made; kept for its memory -- state.
    answer: Vec<MsgId>,
}

/// Alarms of a stream.
#[derive(Debug, Clone, Copy)]
pub enum KinesisAlarm {
    /// Records of a view may have grown too old.
    Trim { view: u32 },
    /// A subscription may have something to push, or has been silent for long enough.
    Push { view: u32, serial: u32 },
    /// Time to look how far the readers are behind.
    Sample,
}

type Cx<'a> = Ctx<'a, KinesisAlarm>;

impl Component for Kinesis {
    const KIND: &'static str = "kinesis";
    const ABOUT: &'static str = "an Amazon Kinesis data stream: shards by partition key, limits per shard, retention";
    const NOUN: &'static str = "a stream";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Sends, Verb::Reads];
    type Spec = KinesisSpec;
    type Alarm = KinesisAlarm;

    fn build(spec: KinesisSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.alarm_after(self.p.sample_every, KinesisAlarm::Sample);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Arrive { msg, batched, .. } => self.put(msg, batched, cx),
            Signal::Pull { from, slot, max: 0, .. } => self.go_to_tip(from, slot, cx),
            Signal::Pull { from, slot, max, wait_ms } => self.get_records(from, slot, max, wait_ms, cx),
            Signal::Settle { msg, receive, how: Settle::Done } => self.checkpoint(msg, receive, cx),
            Signal::Hangup { from, slot } => self.rewind(from, slot, cx),
            Signal::Fault { index, begins } => self.health.change(cx.fault(index).kind, begins),
            Signal::Settle { .. } => {
                unreachable!("a reader has a position and no receipts: it cannot give a single record back")
            }
            Signal::Measure { .. } => unreachable!("who reads a stream does not size itself by it"),
            Signal::Receive { .. } | Signal::Empty { .. } | Signal::Reply { .. } | Signal::Measured { .. } => {
                unreachable!("a stream asks nobody")
            }
        }
    }

    fn on_alarm(&mut self, alarm: KinesisAlarm, cx: &mut Cx<'_>) {
        match alarm {
            KinesisAlarm::Trim { view } => self.trim_when_due(view as usize, cx),
            KinesisAlarm::Push { view, serial } => self.push_when_due(view as usize, serial, cx),
            KinesisAlarm::Sample => {
                self.sample(cx);
                cx.alarm_after(self.p.sample_every, KinesisAlarm::Sample);
            }
        }
    }

    fn holding(&self) -> u64 {
        self.unread + self.lent
    }
}

impl Kinesis {
    /// Views of each shard: one for each reader, and one for nobody where nobody reads.
    fn views_of_a_shard(&self) -> usize {
        self.readers.len().max(1)
    }

    /// The number of a reader among the readers.
    fn reader(&self, node: NodeId) -> usize {
        self.readers.iter().position(|&reader| reader == node).expect("only who `reads` the stream asks it")
    }

    fn view(&self, shard: usize, reader: usize) -> usize {
        shard * self.views_of_a_shard() + reader
    }
}
