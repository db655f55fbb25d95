//! Which deduplication ids were taken in, and when.

use crate::engine::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// What tells a message from all others, and within what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    /// Its deduplication id, or what its body says.
    pub says: Text,
    /// The message group, if that is how far it reaches.
    pub within: Option<u32>,
}

/// What a deduplication id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Text {
    /// Which job it is.
    Job(u64),
    /// Which key it has.
    Key(u32),
    /// Always the same.
    Same,
}

/// The ids that were taken in, each with its last time.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    last: BTreeMap<Id, SimTime>,
    /// Beyond so many, old ones are looked for.
    crowded: usize,
}

impl Taken {
    /// When a message with this id was taken in that still counts at `now`.
    pub(super) fn lately(&self, id: Id, now: SimTime, interval: SimDuration) -> Option<SimTime> {
        self.last.get(&id).copied().filter(|&at| now < at + interval)
    }

    /// A message with this id is taken in.
    pub(super) fn take(&mut self, id: Id, now: SimTime, interval: SimDuration) {
        self.last.insert(id, now);
        if self.last.len() > self.crowded {
            self.last.retain(|_, &mut at| now < at + interval);
            self.crowded = (2 * self.last.len()).max(1024);
        }
    }
}
