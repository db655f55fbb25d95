//! The two places where a broker is slow: its processors and its storage.

use crate::components::AnyTimer;
use crate::components::context::Ctx;
use crate::components::latency::Latency;
use crate::engine::random::mix;
use crate::engine::{MsgId, MsgRef, SimDuration, SimTime};
use std::collections::VecDeque;

/// What the processors do for one message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Task {
    /// Take it in.
    TakeIn(MsgId),
    /// Hand it to the consumer that it was given to, unless it was taken back meanwhile.
    HandOut(MsgRef, u16),
}

/// Processors that take tasks first in, first out.
///
/// As nothing overtakes and every task knows its length, the end of a task is known when it comes: no task is stored
/// as waiting, and one alarm serves all.
#[derive(Debug, Clone)]
pub(super) struct Processors {
    /// When each one has done all that was given to it.
    free_at: Vec<SimTime>,
    /// Tasks by their end.
    tasks: VecDeque<(SimTime, Task)>,
    /// For when the alarm is set.
    alarm: SimTime,
}

impl Processors {
    /// `count` idle processors.
    pub(super) fn new(count: usize) -> Self {
        Self { free_at: vec![SimTime::ZERO; count], tasks: VecDeque::new(), alarm: SimTime::MAX }
    }

    /// Processors at work.
    pub(super) fn busy(&self) -> usize {
        self.tasks.len().min(self.free_at.len())
    }

    /// Gives them a task that takes `time` once a processor is free. Returns when the owner must be woken, if no alarm
    /// is set for that yet.
    #[must_use]
    pub(super) fn give(&mut self, task: Task, time: SimDuration, now: SimTime) -> Option<SimTime> {
        let free = self.free_at.iter_mut().min().expect("a broker has at least one processor");
        let end = now.max(*free) + time;
        *free = end;
        // Only a broker that was slow for a while ends tasks in another order than they came.
        let place = self.tasks.partition_point(|&(other, _)| other <= end);
        self.tasks.insert(place, (end, task));
        self.set_alarm()
    }

    /// Whether this is the alarm that was set last; an earlier one has nothing to say.
    pub(super) fn rings(&mut self, now: SimTime) -> bool {
        let rings = self.alarm == now;
        if rings {
            self.alarm = SimTime::MAX;
        }
        rings
    }

    /// The next task that is done at `now`.
    pub(super) fn done(&mut self, now: SimTime) -> Option<Task> {
        let &(end, task) = self.tasks.front()?;
        (end <= now).then(|| {
            self.tasks.pop_front();
            task
        })
    }

    /// The time for the next alarm, if one is needed.
    #[must_use]
    pub(super) fn set_alarm(&mut self) -> Option<SimTime> {
        let &(first, _) = self.tasks.front()?;
        (first < self.alarm).then(|| {
            self.alarm = first;
            first
        })
    }

    /// Stops at once; what was under way is given back.
    pub(super) fn stop(&mut self) -> VecDeque<(SimTime, Task)> {
        self.free_at.fill(SimTime::ZERO);
        self.alarm = SimTime::MAX;
        std::mem::take(&mut self.tasks)
    }
}

/// Storage that has one write under way at a time. Messages that come meanwhile wait and share the next one, which is
/// called group commit.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    /// How long a write takes to be safe, however small -- parameter.
    latency: Latency,
    /// Bytes it takes a second -- parameter.
    bandwidth: u64,
    writing: Vec<MsgId>,
    waiting: Vec<MsgId>,
    /// Bytes that wait.
    bytes: u64,
    /// Number of the write under way or the last one; each has its own latency, and only its own alarm ends it.
    write: u32,
    is_writing: bool,
}

/// A write that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    /// Its number.
    pub number: u32,
    /// How long it takes.
    pub time: SimDuration,
    /// Its size.
    pub bytes: u64,
}

impl Storage {
    /// Storage with nothing to write.
    pub(super) fn new(latency: Latency, bandwidth: u64) -> Self {
        let (writing, waiting) = (Vec::new(), Vec::new());
        Self { latency, bandwidth, writing, waiting, bytes: 0, write: 0, is_writing: false }
    }

    /// A message waits to be written; [`begin`](Self::begin) when all that come together are there.
    pub(super) fn put(&mut self, msg: MsgId, bytes: u64) {
        self.waiting.push(msg);
        self.bytes += bytes;
    }

    /// Begins to write all that wait, unless a write is under way or nothing waits.
    pub(super) fn begin<T: Into<AnyTimer>>(&mut self, slowness: f64, cx: &Ctx<'_, T>) -> Option<Write> {
        if self.is_writing || self.waiting.is_empty() {
            return None;
        }
        std::mem::swap(&mut self.writing, &mut self.waiting);
        self.is_writing = true;
        self.write = self.write.wrapping_add(1);
        let bytes = std::mem::take(&mut self.bytes);
        let latency = cx.latency(&self.latency, mix(u64::from(self.write)));
        let nanos = u128::from(bytes) * u128::from(SimDuration::from_secs(1).as_nanos()) / u128::from(self.bandwidth);
        let transfer = SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Some(Write { number: self.write, time: (latency + transfer).scaled(slowness), bytes })
    }

    /// The messages of the write that has just ended, in the order in which they came; none if it was stopped before.
    /// Give the list back to [`reuse`](Self::reuse).
    pub(super) fn end(&mut self, write: u32) -> Vec<MsgId> {
        if write != self.write || !std::mem::replace(&mut self.is_writing, false) {
            return Vec::new();
        }
        std::mem::take(&mut self.writing)
    }

    /// Takes a list back for its memory.
    pub(super) fn reuse(&mut self, mut written: Vec<MsgId>) {
        if self.writing.capacity() < written.capacity() {
            written.clear();
            self.writing = written;
        }
    }

    /// Stops at once; nothing of what is given back is safe.
    pub(super) fn stop(&mut self) -> Vec<MsgId> {
        self.is_writing = false;
        self.bytes = 0;
        let mut lost = std::mem::take(&mut self.writing);
        lost.append(&mut self.waiting);
        lost
    }
}
