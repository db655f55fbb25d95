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
use crate::components::limits::LastSecond;
use crate::components::sqs::{GroupMap, Lately, Repeat};
use crate::engine::{LossId, MsgId, SimTime};
use crate::metrics::CounterId;
use std::collections::{BTreeMap, VecDeque};

/// What only a FIFO topic has.
#[derive(Debug, Clone)]
pub(super) struct FifoTopic {
    /// Which group a key is -- parameter.
    pub map: GroupMap,
    /// What may be published in a second -- parameter.
    pub rates: FifoRates,
    /// Why a message is throttled, by bound -- parameter.
    pub crowded: [LossId; Crowded::ALL.len()],
    /// Messages and bytes of the last second, if the throughput counts for the whole topic -- state.
    pub whole: Option<[LastSecond; 2]>,
    /// Messages of the last second by group -- state.
    pub groups: BTreeMap<u32, LastSecond>,
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

/// What may be published in a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct FifoRates {
    /// Messages of a group.
    pub group: u64,
    /// Messages of the topic.
    pub topic: u64,
    /// Bytes of the topic.
    pub bytes: u64,
}

/// The bound that a message is beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crowded {
    /// Messages of its group.
    Group,
    /// Messages of the topic.
    Topic,
    /// Bytes of the topic.
    Bytes,
}

impl Crowded {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Group, Self::Topic, Self::Bytes];

    /// How it is told.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Group => "throttled: more messages a second than a message group publishes",
            Self::Topic => "throttled: more messages a second than a FIFO topic publishes",
            Self::Bytes => "throttled: more bytes a second than a FIFO topic publishes",
        }
    }
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

    /// Which of its rates has no room for a message, if one has none; it does not count yet.
    pub(super) fn crowded(&mut self, group: u32, size: u32, now: SimTime) -> Option<LossId> {
        let FifoRates { group: by_group, topic, bytes } = self.rates;
        let bound = if !self.groups.entry(group).or_default().has(1, by_group, now) {
            Some(Crowded::Group)
        } else if let Some([messages, amount]) = &mut self.whole {
            let over = !messages.has(1, topic, now);
            let heavy = !amount.has(size.into(), bytes, now);
            over.then_some(Crowded::Topic).or(heavy.then_some(Crowded::Bytes))
        } else {
            None
        };
        bound.map(|bound| self.crowded[bound as usize])
    }

    /// Counts a message for which there was room.
    pub(super) fn count(&mut self, group: u32, size: u32, now: SimTime) {
        if let Some(group) = self.groups.get_mut(&group) {
            group.take(1, now);
        }
        if let Some([messages, bytes]) = &mut self.whole {
            messages.take(1, now);
            bytes.take(size.into(), now);
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
