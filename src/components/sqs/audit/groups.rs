//! The order of a FIFO queue: the messages of each group, those in flight included.

use crate::engine::{MsgId, SimTime};
use std::collections::BTreeMap;

/// Where a message stands in its group: when it could be received at the earliest, and how many had come before it.
pub(super) type Place = (SimTime, u64);

/// The groups that have messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups(BTreeMap<u32, Group>);

#[derive(Debug, Clone, Default)]
struct Group {
    order: BTreeMap<Place, MsgId>,
    in_flight: usize,
    /// The batch that is in flight, if anything is.
    batch: u64,
}

impl Groups {
    /// A message comes.
    pub(super) fn join(&mut self, group: u32, place: Place, msg: MsgId) {
        self.0.entry(group).or_default().order.insert(place, msg);
    }

    /// The message right before this one, if it is not the first.
    pub(super) fn before(&self, group: u32, place: Place) -> Option<MsgId> {
        self.0.get(&group)?.order.range(..place).next_back().map(|(_, &msg)| msg)
    }

    /// The batch of the group that is in flight.
    pub(super) fn batch(&self, group: u32) -> Option<u64> {
        self.0.get(&group).filter(|group| group.in_flight > 0).map(|group| group.batch)
    }

    /// A message is handed out with this batch.
    pub(super) fn lend(&mut self, group: u32, batch: u64) {
        let group = self.0.entry(group).or_default();
        group.in_flight += 1;
        group.batch = batch;
    }

    /// A message is in flight no more.
    pub(super) fn give_back(&mut self, group: u32) {
        self.0.entry(group).or_default().in_flight -= 1;
    }

    /// A message has left.
    pub(super) fn leave(&mut self, group: u32, place: Place) {
        let Some(members) = self.0.get_mut(&group) else { return };
        members.order.remove(&place);
        if members.order.is_empty() {
            self.0.remove(&group);
        }
    }
}
