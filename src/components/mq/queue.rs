//! One queue of a broker: the messages that are ready, in order, and the consumers that have credit, in turn.

use crate::engine::SimTime;
use std::collections::{BTreeMap, VecDeque};

/// A place in the broker's list of entries.
pub(super) type EntryId = u32;

/// A queue while it runs.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    /// Messages that were never delivered, in the order in which they came.
    fresh: VecDeque<EntryId>,
    /// Messages that came back, by their place in the queue. All of them were in front of what is fresh.
    returned: BTreeMap<u64, EntryId>,
    next_place: u64,
    /// Messages on their way into the queue that still have to be stored.
    pub arriving: usize,
    /// Consumers with credit, in the order of their turn, each with the life it had then.
    turns: VecDeque<(u32, u32)>,
    /// For when the alarm of the next expiry is set.
    pub expiry_alarm: SimTime,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            fresh: VecDeque::new(),
            returned: BTreeMap::new(),
            next_place: 0,
            arriving: 0,
            turns: VecDeque::new(),
            expiry_alarm: SimTime::MAX,
        }
    }
}

impl Queue {
    /// Messages that are ready.
    pub(super) fn ready(&self) -> usize {
        self.fresh.len() + self.returned.len()
    }

    /// The place of the next message.
    pub(super) const fn place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    /// A new message is ready, at the end of the queue.
    pub(super) fn push(&mut self, entry: EntryId) {
        self.fresh.push_back(entry);
    }

    /// A message that was delivered is ready again, where it was before.
    pub(super) fn put_back(&mut self, place: u64, entry: EntryId) {
        self.returned.insert(place, entry);
    }

    /// The message at the head.
    pub(super) fn head(&self) -> Option<EntryId> {
        self.returned.values().next().or_else(|| self.fresh.front()).copied()
    }

    /// Takes the message at the head.
    pub(super) fn pop(&mut self) -> Option<EntryId> {
        self.returned.pop_first().map(|(_, entry)| entry).or_else(|| self.fresh.pop_front())
    }

    /// The messages that are ready, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = EntryId> {
        self.returned.values().chain(&self.fresh).copied()
    }

    /// Takes all that are such, in order.
    pub(super) fn take_all(&mut self, is_such: impl Fn(EntryId) -> bool) -> Vec<EntryId> {
        let taken: Vec<EntryId> = self.iter().filter(|&entry| is_such(entry)).collect();
        self.returned.retain(|_, entry| !is_such(*entry));
        self.fresh.retain(|&entry| !is_such(entry));
        taken
    }

    /// Whether a consumer may have credit.
    pub(super) fn has_turns(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Everything that is ready leaves.
    pub(super) fn clear(&mut self) {
        self.fresh.clear();
        self.returned.clear();
    }

    /// A consumer has credit: its turn comes after those of the others.
    pub(super) fn queue_up(&mut self, consumer: u32, life: u32) {
        self.turns.push_back((consumer, life));
    }

    /// The consumer whose turn it is; gone ones are to be passed over.
    pub(super) fn next_turn(&mut self) -> Option<(u32, u32)> {
        self.turns.pop_front()
    }

    /// Nobody is connected any more.
    pub(super) fn forget_turns(&mut self) {
        self.turns.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_takes_its_old_place() {
        let mut queue = Queue::default();
        let places: Vec<u64> = (0..4).map(|_| queue.place()).collect();
        for entry in 0..4 {
            queue.push(entry);
        }
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some(0), Some(1), Some(2)]);
        queue.put_back(places[2], 2);
        queue.put_back(places[0], 0);
        assert_eq!((queue.ready(), queue.head()), (3, Some(0)));
        assert_eq!([queue.pop(), queue.pop(), queue.pop(), queue.pop()], [Some(0), Some(2), Some(3), None]);
    }
}
