//! A reader of a stream in the manner of the Kinesis Client Library: leases, record processors, checkpoints.
//!
//! ```text
//!  lease ─▶ GetRecords ─▶ work, calls, sends, one record after the other ─▶ checkpoint ─▶ pause ─▶ GetRecords …
//!              ▲                            │ the worker dies
//!              │                            ▼
//!              └──── last checkpoint ◀── another worker takes the lease over, 17 to 40 s later
//! ```
//! Facts: `kinesis.kcl_*`. Each shard has one record processor, however many workers there are: workers beyond the
//! number of shards stand by. A record whose calls or sends fail is passed over, because the library goes on after an
//! error: nothing brings it back but a worker that dies before the checkpoint.
//!
//! A read that is refused is tried again at random times, as the AWS SDK does below the library: so two readers that
//! share a shard win in turn. When its attempts are used up, the library comes back after its usual pause.
//!
//! With enhanced fan-out the stream pushes instead: the reader has nothing to share with others and never pauses.
//!
//! Simplified: a subscription is a read that waits until there is something, and again. The next read is made when the batch is done, and not ahead of it; leases move only when a worker dies,
//! not to even out their numbers; a processor that fails gives up one record and not the rest of its batch, as one does
//! that catches its errors; the table of leases has no limits.

mod checkpoint;
mod flow;
mod leases;
mod retries;
mod spec;

pub(super) use spec::ReaderSpec;

use checkpoint::Checkpoint;
use retries::Retries;

use super::context::Ctx;
use super::fault::Health;
use super::handler::{Ended, Handler, HandlerAlarm};
use super::latency::Latency;
use super::poll_retry::Failures;
use super::{Component, NodeSite, Verb};
use crate::engine::{MsgId, NodeId, Refusal, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId};

/// What a reader was told to be.
#[derive(Debug, Clone)]
struct ReaderParameters {
    /// The stream.
    stream: NodeId,
    /// Records asked for in one read.
    batch: u16,
    /// How records come to it.
    retrieval: Retrieval,
    /// How a read is tried again that was refused.
    retries: Retries,
    /// Where a shard is begun that has no checkpoint yet.
    starting_position: StartingPosition,
    /// When it stores how far it has come.
    checkpoint: Checkpoint,
    /// How long the shards of a dead worker stand still.
    lease_takeover: Latency,
    /// Round trip of a checkpoint.
    checkpoint_latency: Latency,
}

/// How records come to a reader.
#[derive(Debug, Clone)]
enum Retrieval {
    /// It asks for them.
    Polling {
        /// Pause between two reads of a shard.
        pause: SimDuration,
        /// Round trip of a read.
        latency: Latency,
    },
    /// The stream pushes them.
    FanOut {
        /// From the stream to the reader.
        latency: Latency,
    },
}

impl Retrieval {
    /// Pause between two reads of a shard.
    const fn pause(&self) -> SimDuration {
        match self {
            Self::Polling { pause, .. } => *pause,
            Self::FanOut { .. } => SimDuration::ZERO,
        }
    }

    /// Whether records are pushed.
    const fn is_pushed(&self) -> bool {
        matches!(self, Self::FanOut { .. })
    }
}

/// Where a shard is begun that has no checkpoint yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartingPosition {
    /// At the oldest record that is still there.
    TrimHorizon,
    /// At the tip.
    Latest,
}

/// What a reader counts.
#[derive(Debug, Clone, Copy)]
struct ReaderMetrics {
    /// Shards of which a record is being processed.
    busy: GaugeId,
    /// Records read and not yet begun.
    in_hand: GaugeId,
    /// Workers that run and hold no lease.
    standby_workers: GaugeId,
    /// Records processed for the first time.
    records_processed: CounterId,
    /// Records processed again.
    repeated: CounterId,
    /// Records whose processing failed.
    failed: CounterId,
    /// Checkpoints made.
    checkpoints: CounterId,
    /// Leases whose worker died.
    lost_leases: CounterId,
    /// Time spent processing.
    busy_time: CounterId,
    /// Of it, own work: without the time that a record waited for others.
    work_time: CounterId,
    /// Own work on what had been processed before.
    repeated_time: CounterId,
}

/// An instance of the application -- state.
#[derive(Debug, Clone, Default)]
struct Worker {
    /// Whether a fault keeps it away.
    gone: bool,
    /// Leases that it holds.
    leases: u32,
}

/// The processing of one shard -- state.
#[derive(Debug, Clone)]
struct Processor {
    doing: Doing,
    /// The worker that holds the lease.
    owner: Option<usize>,
    /// Told apart from the processing under an earlier lease.
    serial: u32,
    /// The batch in hand.
    batch: Vec<MsgId>,
    /// How many records of it were begun.
    begun: usize,
    /// The receipt of the records.
    receipt: u16,
    /// The record that was processed last.
    last: Option<MsgId>,
    /// Records processed since the last checkpoint.
    uncheckpointed: u32,
    /// When the last checkpoint was made.
    checkpointed_at: SimTime,
    /// Whether there is a checkpoint.
    has_checkpoint: bool,
    /// When the last answer to a read came.
    answered_at: SimTime,
    /// Why that was a refusal, if it was one.
    refusal: Option<Refusal>,
    /// The refusals of the read in hand.
    failures: Failures,
    /// Requests made; each has its own latency.
    requests: u64,
}

impl Default for Processor {
    fn default() -> Self {
        Self {
            doing: Doing::Orphaned,
            owner: None,
            serial: 0,
            batch: Vec::new(),
            begun: 0,
            receipt: 0,
            last: None,
            uncheckpointed: 0,
            checkpointed_at: SimTime::ZERO,
            has_checkpoint: false,
            answered_at: SimTime::ZERO,
            refusal: None,
            failures: Failures::default(),
            requests: 0,
        }
    }
}

/// What a shard's processor is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nobody holds its lease, and it is too early to take it.
    Orphaned,
    /// Nobody holds its lease: the next worker that is there takes it.
    Free,
    /// Pausing before the next read.
    Resting,
    /// A read is on its way to the stream.
    Asking,
    /// The read is at the stream.
    Reading,
    /// The answer is on its way back.
    Answering,
    /// Records are processed.
    Processing,
    /// A checkpoint is on its way to the table.
    Storing,
    /// The table's answer is on its way back.
    Stored,
}

/// An application while it runs.
#[derive(Debug, Clone)]
pub struct Reader {
    p: ReaderParameters,
    metrics: ReaderMetrics,
    /// What is done with a record, and the records that it is done with -- parameter and state.
    handler: Handler,
    /// A processor for each shard -- state.
    shards: Vec<Processor>,
    /// The instances -- state.
    workers: Vec<Worker>,
    /// Records read and not yet begun -- state.
    in_hand: usize,
    /// Workers that died so far -- state.
    deaths: u64,
    /// What is wrong with it -- state.
    health: Health,
}

/// Alarms of a reader.
#[derive(Debug, Clone, Copy)]
pub enum ReaderAlarm {
    /// Of the handling of a record.
    Handler(HandlerAlarm),
    /// What a shard's processor waits for is over.
    Next { shard: u32, serial: u32 },
}

impl From<HandlerAlarm> for ReaderAlarm {
    fn from(alarm: HandlerAlarm) -> Self {
        Self::Handler(alarm)
    }
}

type Cx<'a> = Ctx<'a, ReaderAlarm>;

impl Component for Reader {
    const KIND: &'static str = "reader";
    const ABOUT: &'static str = "an application that reads a stream, shard by shard, and keeps checkpoints";
    const NOUN: &'static str = "a reader";
    const ACCEPTS: &'static [Verb] = &[];
    const FAULTS: &'static [&'static str] = &["down", "slow", "fails", "kill"];
    type Spec = ReaderSpec;
    type Alarm = ReaderAlarm;

    fn build(spec: ReaderSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        self.begin(cx);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Receive { msg, slot, receive, more } => self.receive(msg, slot as usize, receive, more, cx),
            Signal::Empty { slot, refusal } => {
                self.shards[slot as usize].refusal = refusal;
                self.answer(slot as usize, cx);
            }
            Signal::Reply { task, attempt, loss } => {
                let ended = self.handler.on_reply(task, attempt, loss, cx);
                self.go_on(ended, cx);
            }
            Signal::Fault { index, begins } => self.fault(index, begins, cx),
            Signal::Arrive { .. }
            | Signal::Pull { .. }
            | Signal::Settle { .. }
            | Signal::Hangup { .. }
            | Signal::Measure { .. } => unreachable!("a reader is not asked"),
            Signal::Measured { .. } => unreachable!("a reader does not size itself"),
        }
    }

    fn on_alarm(&mut self, alarm: ReaderAlarm, cx: &mut Cx<'_>) {
        match alarm {
            ReaderAlarm::Handler(HandlerAlarm::Timeout { step }) => {
                while let Some(ended) = self.handler.on_timeout(step, cx) {
                    self.go_on(Some(ended), cx);
                }
            }
            ReaderAlarm::Handler(alarm) => {
                let ended = self.handler.on_alarm(alarm, cx);
                self.go_on(ended, cx);
            }
            ReaderAlarm::Next { shard, serial } => {
                let shard = shard as usize;
                if self.shards[shard].serial == serial {
                    self.drive(shard, cx);
                }
            }
        }
    }

    #[allow(clippy::unused_self, reason = "the contract of a component")]
    fn holding(&self) -> u64 {
        0
    }
}

impl Reader {
    /// The handling of a record may have ended.
    #[inline]
    fn go_on(&mut self, ended: Option<Ended>, cx: &mut Cx<'_>) {
        if let Some(ended) = ended {
            let shard = ended.slot as usize;
            self.finish(ended, cx);
            self.drive(shard, cx);
        }
    }
}
