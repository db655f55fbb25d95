//! The event source mapping of a queue: pollers that fetch messages, have the function work on them, and delete them.
//!
//! ```text
//!  lane:  poll ─▶ gather a batch ─▶ invoke ─▶ delete what is done ─▶ poll …
//!          ▲                        │    ▲ │ failed: nothing is deleted
//!          │                        ▼    │ ▼
//!          └── let go, visible again ◀── no room: the same batch again, until its visibility timeout is over
//! ```
//! A lane is what keeps one environment at work: there are as many as the mapping's concurrency. While none of them
//! waits for messages, one more begins every 200 ms (300 a minute), up to the limit. A lane to which a whole long poll
//! brings nothing goes away again. While the function fails or has no room there are fewer (`look_back.rs`).
//!
//! How long a lane waits with a batch that found no room is not published: as long as the AWS client libraries do
//! (`http.sdk_backoff_*`, for what was throttled).
//!
//! Simplified: which lanes go away is not published. Simplified: what the service puts around a message does not count
//! for the size of a batch.

mod lane;
mod look_back;
mod provisioned;
mod scaling;

use super::Lambda;
use crate::components::latency::Latency;
use crate::components::poll_retry::Failures;
use crate::components::retry::RetryPolicies;
use crate::engine::{MsgId, NodeId, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId};
use look_back::LookBack;
use provisioned::Poller;
use std::collections::VecDeque;

/// A mapping while it runs.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub p: MappingParameters,
    pub metrics: MappingMetrics,
    /// The lanes, and places of those that went away -- state.
    lanes: Vec<Lane>,
    /// Places of those that went away -- state.
    off: Vec<u32>,
    /// How many there may be now -- state.
    allowed: u32,
    /// Whether an alarm is set for one more -- state.
    growing: bool,
    /// How its batches fared lately -- state.
    look_back: LookBack,
    /// What the provisioned pollers have been at -- state.
    pollers: Vec<Poller>,
    /// Messages in the hands of all lanes -- state.
    held: usize,
    /// Number of the last request; each has its own latency -- state.
    requests: u64,
}

/// What a mapping was told to be.
#[derive(Debug, Clone)]
pub(super) struct MappingParameters {
    /// The queue.
    pub queue: NodeId,
    /// Whether it keeps the order of its groups.
    pub is_fifo: bool,
    /// Messages that a request of the function gets at most.
    pub batch_size: u32,
    /// Bytes that it gets at most.
    pub batch_bytes: u64,
    /// How long messages are gathered.
    pub window: SimDuration,
    /// How long the queue hides what is fetched.
    pub visibility: SimDuration,
    /// Whether the function says which messages of a batch failed.
    pub reports: bool,
    /// Messages of a batch that it works on side by side.
    pub messages_at_once: u32,
    /// How many lanes there are.
    pub scaling: Scaling,
    /// Pauses after receives that failed, and with a batch that found no room.
    pub retries: RetryPolicies,
    /// Round trip of a receive.
    pub receive_latency: Latency,
    /// Round trip of a delete.
    pub delete_latency: Latency,
}

/// How many lanes a mapping has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaling {
    /// When nothing comes.
    pub idle: u32,
    /// When something begins to come.
    pub start: u32,
    /// At most.
    pub most: u32,
    /// The least time between two that begin, as long as all goes well.
    pub spacing: SimDuration,
    /// Provisioned mode: what one poller does.
    pub poller: Option<ProvisionedPoller>,
}

/// What one provisioned poller does.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProvisionedPoller {
    /// Its lanes.
    pub lanes: u32,
    /// Bytes that it fetches in a second.
    pub bytes: f64,
    /// Polls that it makes in a second.
    pub polls: f64,
}

/// What a mapping counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct MappingMetrics {
    /// Lanes: the function's concurrency as far as this queue is concerned.
    pub pollers: GaugeId,
    /// Messages fetched that the function does not work on yet.
    pub prefetched: GaugeId,
    /// Receives that failed or were refused.
    pub failed_polls: CounterId,
    /// Batches let go because the function had no room for them in time.
    pub let_go: CounterId,
    /// Provisioned mode: pollers that are there.
    pub provisioned: Option<GaugeId>,
}

/// What keeps one environment at work.
#[derive(Debug, Clone, Default)]
struct Lane {
    doing: Doing,
    /// Messages fetched and not settled, the batch at work first.
    hands: VecDeque<Held>,
    /// Their bytes.
    bytes: u64,
    /// How many of them are the batch.
    batch: usize,
    /// How many of the batch were begun, and how many have ended.
    begun: usize,
    ended: usize,
    /// When its poll reaches the queue.
    asked_at: SimTime,
    /// Receives that failed since one succeeded, or how often its batch found no room.
    failures: Failures,
}

/// A message in the hands of a lane.
#[derive(Debug, Clone, Copy)]
struct Held {
    msg: MsgId,
    /// The receipt.
    receive: u16,
    /// When it was received.
    at: SimTime,
    /// Its bytes.
    size: u32,
    /// Whether the function has done it.
    done: bool,
}

/// What a lane is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Doing {
    /// Nothing: it went away.
    #[default]
    Off,
    /// It has asked for messages.
    Asking,
    /// A response is on its way, or it rests after one.
    Gathering,
    /// It waits with a batch that found no room.
    Throttled,
    /// Its batch is at work.
    Running,
    /// The answer to its deletes is on its way.
    Deleting,
}

impl Mapping {
    /// Nothing fetched yet.
    pub(super) fn new(p: MappingParameters, metrics: MappingMetrics) -> Self {
        Self {
            p,
            metrics,
            lanes: Vec::new(),
            off: Vec::new(),
            allowed: 0,
            growing: false,
            look_back: LookBack::default(),
            pollers: Vec::new(),
            held: 0,
            requests: 0,
        }
    }

    fn lane(&mut self, lane: u32) -> &mut Lane {
        &mut self.lanes[lane as usize]
    }

    /// How many messages of a batch are worked on side by side, at first.
    pub(super) fn messages_at_once(&self, lane: u32) -> u32 {
        let batch = u32::try_from(self.lanes[lane as usize].batch).unwrap_or(u32::MAX);
        self.p.messages_at_once.min(batch)
    }

    /// Whether the function says which messages of a batch failed.
    pub(super) const fn reports(&self) -> bool {
        self.p.reports
    }

    /// Whether the function goes on with a batch after a message failed: not if that fails the whole batch, and not if
    /// it would work on what comes after the failed one in the same group.
    pub(super) const fn goes_on_after_failures(&self) -> bool {
        self.p.reports && !self.p.is_fifo
    }

    /// The next message of a lane's batch, with its receipt.
    pub(super) fn next_message(&mut self, lane: u32) -> Option<(MsgId, u16)> {
        let lane = self.lane(lane);
        let held = lane.hands.get(lane.begun).filter(|_| lane.begun < lane.batch)?;
        lane.begun += 1;
        Some((held.msg, held.receive))
    }

    /// Whether a message of the batch was not begun yet.
    pub(super) fn has_next(&self, lane: u32) -> bool {
        let lane = &self.lanes[lane as usize];
        lane.begun < lane.batch
    }

    /// Whether all messages of the batch have ended.
    pub(super) fn is_worked_through(&self, lane: u32) -> bool {
        let lane = &self.lanes[lane as usize];
        lane.ended == lane.batch
    }

    /// Messages of the batch that have not ended.
    pub(super) fn not_handled(&self, lane: u32) -> u64 {
        let lane = &self.lanes[lane as usize];
        (lane.batch - lane.ended) as u64
    }

    /// The function has ended its work on a message.
    pub(super) fn note(&mut self, lane: u32, msg: MsgId, done: bool) {
        let at_once = self.p.messages_at_once;
        let lane = self.lane(lane);
        let from = if at_once == 1 { lane.begun - 1 } else { 0 };
        let begun = lane.begun;
        if let Some(held) = lane.hands.range_mut(from..begun).find(|held| held.msg == msg) {
            held.done = done;
            lane.ended += 1;
        }
    }
}
