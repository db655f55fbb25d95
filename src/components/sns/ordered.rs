//! What only a FIFO topic has: rates by group and for the whole, deduplication, and to each FIFO queue the messages of a
//! group one after the other.
//!
//! What makes two messages the same is what a FIFO queue goes by too: the id that the publisher gives, which is its job
//! unless the scenario says otherwise, or the content. How far it reaches is what the throughput counts for: the topic,
//! or a message group.
//!
//! Simplified: a FIFO queue that subscribes is not given the ids of the topic, and tells messages apart by itself.

use super::Cx;
use super::archive::Archive;
use crate::components::limits::EachSecond;
use crate::components::sqs::{GroupMap, Lately, Repeat};
use crate::engine::{MsgId, SimTime};
use crate::facts::sns::fifo;
use crate::metrics::CounterId;
use std::collections::{BTreeMap, VecDeque};

/// What only a FIFO topic has.
#[derive(Debug, Clone)]
pub(super) struct FifoTopic {
    /// Which group a key is -- parameter.
    pub map: GroupMap,
    /// Messages and bytes of this second, if the throughput counts for the whole topic -- parameter and state.
    pub whole: Option<[EachSecond; 2]>,
    /// Messages of this second by group -- state.
    pub groups: BTreeMap<u32, EachSecond>,
    /// Messages published lately -- parameter and state.
    pub lately: Lately,
    /// Counts publishes that repeated one.
    pub deduplicated: CounterId,
    /// Counts the bytes that were published.
    pub bytes_published: CounterId,
    /// Counts the bytes that were delivered.
    pub bytes_delivered: CounterId,
    /// What it keeps for a replay -- parameter and state.
    pub archive: Option<Archive>,
}

/// The deliveries of a subscription by group: only the first of each is under way.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupLanes(BTreeMap<u32, VecDeque<(u32, SimTime)>>);

impl FifoTopic {
    /// The message group of a message.
    pub(super) fn group(&self, msg: MsgId, cx: &Cx<'_>) -> u32 {
        self.map.group(cx.flow(msg), cx.message(msg).key)
    }

    /// Whether a message like this one was published within the interval; if not, it counts as published now.
    pub(super) fn repeat(&mut self, msg: MsgId, cx: &Cx<'_>) -> Option<Repeat> {
        self.lately.repeat(cx.number(msg), self.group(msg, cx), cx.now())
    }

    /// Whether its rates have room for a message, which does not count yet.
    pub(super) fn has_room(&mut self, group: u32, size: u32, now: SimTime) -> bool {
        let limit = EachSecond::new(fifo::FIFO_GROUP_RATE.value.get());
        let group = self.groups.entry(group).or_insert(limit);
        let whole =
            self.whole.as_mut().is_none_or(|[messages, bytes]| messages.has(1.0, now) && bytes.has(size.into(), now));
        whole && group.has(1.0, now)
    }

    /// Counts a message for which there was room.
    pub(super) fn count(&mut self, group: u32, size: u32) {
        if let Some(group) = self.groups.get_mut(&group) {
            group.take(1.0);
        }
        if let Some([messages, bytes]) = &mut self.whole {
            messages.take(1.0);
            bytes.take(size.into());
        }
    }
}

impl GroupLanes {
    /// A delivery that sets out at `at` lines up in its group. Whether it is the first.
    pub(super) fn join(&mut self, group: u32, delivery: u32, at: SimTime) -> bool {
        let lane = self.0.entry(group).or_default();
        lane.push_back((delivery, at));
        lane.len() == 1
    }

    /// The first of a group has come to its end: the next, and when it was to set out.
    pub(super) fn leave(&mut self, group: u32) -> Option<(u32, SimTime)> {
        let lane = self.0.get_mut(&group)?;
        lane.pop_front();
        let next = lane.front().copied();
        if next.is_none() {
            self.0.remove(&group);
        }
        next
    }
}
