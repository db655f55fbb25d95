//! What a FIFO queue can give out: groups in order, each locked while a message of it is in flight.

use crate::engine::{MsgId, SimDuration, SimTime};
use crate::traffic::Keys;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Which message group a key of a flow is: keys that read the same are the same group, whichever flow they come from.
#[derive(Debug, Clone)]
pub(in crate::components) struct GroupMap(Arc<[FlowGroups]>);

/// The groups of one flow.
#[derive(Debug, Clone)]
enum FlowGroups {
    /// Its messages have no keys: they are one group, together with those of all such flows.
    One,
    /// No other flow has keys, so that a key's number will do.
    OfNumber,
    /// By the number of the key.
    Shared(Vec<u32>),
}

impl GroupMap {
    /// Compares the keys of all flows.
    pub(in crate::components) fn new(flows: &[Option<Keys>]) -> Self {
        let alone = flows.iter().flatten().count() < 2;
        let mut known = BTreeMap::new();
        let mut number = |text: String| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX) + 1;
            *known.entry(text).or_insert(next)
        };
        let groups = |keys: &Option<Keys>| match keys {
            None => FlowGroups::One,
            Some(_) if alone => FlowGroups::OfNumber,
            Some(keys) => FlowGroups::Shared((0..keys.count()).map(|key| number(keys.text(key))).collect()),
        };
        Self(flows.iter().map(groups).collect())
    }

    /// The group of a message with this key of this flow.
    #[inline]
    pub(in crate::components) fn group(&self, flow: u16, key: u32) -> u32 {
        match &self.0[usize::from(flow)] {
            FlowGroups::One => 0,
            FlowGroups::OfNumber => key + 1,
            FlowGroups::Shared(groups) => groups[key as usize],
        }
    }
}

/// The groups of a FIFO queue, with all their messages, in flight or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    by_key: BTreeMap<u32, Group>,
    /// Groups with a message to give and none in flight, by the place of their first message in the queue.
    free: BTreeSet<(u64, u32)>,
    next_place: u64,
    visible: usize,
}

#[derive(Debug, Clone, Default)]
struct Group {
    /// In the order sent; those in flight stay in their places.
    messages: VecDeque<(u64, MsgId)>,
    /// Received and not yet deleted, visible again, expired or dead-lettered.
    in_flight: usize,
}

impl Groups {
    /// A new message of `group` becomes visible.
    pub(super) fn put(&mut self, msg: MsgId, group: u32) {
        let place = self.next_place;
        self.next_place += 1;
        self.visible += 1;
        let entry = self.by_key.entry(group).or_default();
        entry.messages.push_back((place, msg));
        if entry.messages.len() == 1 {
            self.free.insert((place, group));
        }
    }

    /// The free group whose first message is the oldest, if that is within the window the service looks through.
    pub(super) fn first_free(&self, window: u64) -> Option<u32> {
        let &(place, group) = self.free.first()?;
        // Simplified: the window counts places from the oldest message still in the queue.
        let oldest = self.by_key.values().filter_map(|group| group.messages.front()).map(|&(place, _)| place);
        if self.visible as u64 > window && place >= oldest.min().unwrap_or(place) + window {
            return None;
        }
        Some(group)
    }

    /// Takes the first `max` messages of a free group into `taken` and locks it.
    pub(super) fn take(&mut self, group: u32, max: usize, taken: &mut Vec<MsgId>) {
        let Some(entry) = self.by_key.get_mut(&group) else { return };
        let before = taken.len();
        taken.extend(entry.messages.iter().take(max).map(|&(_, msg)| msg));
        if let Some(&(place, _)) = entry.messages.front() {
            self.free.remove(&(place, group));
        }
        entry.in_flight += taken.len() - before;
        self.visible -= taken.len() - before;
    }

    /// A message in flight is visible again, in its old place.
    pub(super) fn reappear(&mut self, group: u32) {
        self.visible += 1;
        self.unlock(group);
    }

    /// A message leaves the queue for good. `was_in_flight`: else it was visible.
    pub(super) fn remove(&mut self, msg: MsgId, group: u32, was_in_flight: bool) {
        let Some(entry) = self.by_key.get_mut(&group) else { return };
        if let Some(index) = entry.messages.iter().position(|&(_, other)| other == msg) {
            let first = entry.messages[0].0;
            entry.messages.remove(index);
            if !was_in_flight {
                self.visible -= 1;
                self.free.remove(&(first, group));
            }
        }
        if was_in_flight {
            self.unlock(group);
        } else {
            self.list(group);
        }
    }

    fn unlock(&mut self, group: u32) {
        if let Some(entry) = self.by_key.get_mut(&group) {
            entry.in_flight -= 1;
        }
        self.list(group);
    }

    /// Lists a group that can give a message; forgets an empty one.
    fn list(&mut self, group: u32) {
        let Some(entry) = self.by_key.get(&group) else { return };
        match entry.messages.front() {
            None => {
                self.by_key.remove(&group);
            }
            Some(&(place, _)) if entry.in_flight == 0 => {
                self.free.insert((place, group));
            }
            Some(_) => {}
        }
    }

    /// The first message of the queue.
    pub(super) fn oldest(&self, sent: impl Fn(MsgId) -> SimTime) -> Option<SimTime> {
        self.by_key.values().filter_map(|group| group.messages.front().map(|&(_, msg)| sent(msg))).min()
    }
}

/// The deduplication ids of the last five minutes.
#[derive(Debug, Clone)]
pub(in crate::components) struct Deduplication {
    interval: SimDuration,
    order: VecDeque<(SimTime, u64)>,
    known: BTreeSet<u64>,
}

impl Deduplication {
    /// Nothing sent yet.
    pub(in crate::components) const fn new(interval: SimDuration) -> Self {
        Self { interval, order: VecDeque::new(), known: BTreeSet::new() }
    }

    /// Whether a message with this id was sent within the interval; if not, it counts as sent now.
    pub(in crate::components) fn is_duplicate(&mut self, id: u64, now: SimTime) -> bool {
        while let Some(&(sent, old)) = self.order.front()
            && sent + self.interval <= now
        {
            self.order.pop_front();
            self.known.remove(&old);
        }
        let duplicate = !self.known.insert(id);
        if !duplicate {
            self.order.push_back((now, id));
        }
        duplicate
    }
}
