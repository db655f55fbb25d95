//! The deduplication ids of the last five minutes.

use crate::engine::random::mix;
use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// The ids sent lately, and when.
#[derive(Debug, Clone)]
pub(in crate::components) struct Deduplication {
    interval: SimDuration,
    order: VecDeque<(SimTime, u64)>,
    known: Ids,
}

impl Deduplication {
    /// Nothing sent yet.
    pub(in crate::components) const fn new(interval: SimDuration) -> Self {
        Self { interval, order: VecDeque::new(), known: Ids { slots: Vec::new(), len: 0 } }
    }

    /// Whether a message with this id was sent within the interval; if not, it counts as sent now.
    #[inline(always)]
    pub(in crate::components) fn is_duplicate(&mut self, id: u64, now: SimTime) -> bool {
        // Ids are spread evenly over the slots, and none of them is an empty one.
        let id = mix(id).max(1);
        while let Some(&(sent, old)) = self.order.front()
            && sent + self.interval <= now
        {
            self.order.pop_front();
            self.known.remove(old);
        }
        let is_new = self.known.insert(id);
        if is_new {
            self.order.push_back((now, id));
        }
        !is_new
    }
}

/// A set of numbers that look random: each stands in the first free slot from its own on. Zero is an empty slot.
#[derive(Debug, Clone)]
struct Ids {
    slots: Vec<u64>,
    len: usize,
}

impl Ids {
    #[allow(clippy::cast_possible_truncation, reason = "the lower bits are taken")]
    fn home(&self, id: u64) -> usize {
        id as usize & (self.slots.len() - 1)
    }

    /// The slot of `id`, or the empty one where it would be.
    fn find(&self, id: u64) -> usize {
        let mut slot = self.home(id);
        while self.slots[slot] != 0 && self.slots[slot] != id {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    /// Whether it was not there before.
    fn insert(&mut self, id: u64) -> bool {
        if self.slots.len() < (self.len + 1) * 2 {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![0; (old.len() * 2).max(16)];
            for id in old.into_iter().filter(|&id| id != 0) {
                let slot = self.find(id);
                self.slots[slot] = id;
            }
        }
        let slot = self.find(id);
        let is_new = self.slots[slot] == 0;
        self.slots[slot] = id;
        self.len += usize::from(is_new);
        is_new
    }

    fn remove(&mut self, id: u64) {
        let mut hole = self.find(id);
        if self.slots[hole] == 0 {
            return;
        }
        self.len -= 1;
        let last = self.slots.len() - 1;
        // Those behind it move up, unless that would put them before their own slot.
        let mut slot = (hole + 1) & last;
        while self.slots[slot] != 0 {
            let home = self.home(self.slots[slot]);
            if (slot.wrapping_sub(home) & last) >= (slot.wrapping_sub(hole) & last) {
                self.slots[hole] = self.slots[slot];
                hole = slot;
            }
            slot = (slot + 1) & last;
        }
        self.slots[hole] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_come_and_go_as_in_a_set() {
        let (mut ids, mut set) = (Ids { slots: Vec::new(), len: 0 }, BTreeSet::new());
        for step in 0..20_000_u64 {
            // A small range in which many collide.
            let id = mix(step) % 500 + 1;
            if mix(step ^ 7).is_multiple_of(3) {
                ids.remove(id);
                set.remove(&id);
            } else {
                assert_eq!(ids.insert(id), set.insert(id), "step {step}");
            }
            assert_eq!(ids.len, set.len());
        }
    }

    #[test]
    fn an_id_is_known_for_the_interval_from_its_first_send() {
        let mut deduplication = Deduplication::new(SimDuration::from_secs(300));
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let sent = [(7, 0), (7, 100), (8, 100), (7, 299), (7, 300), (8, 399), (8, 400)];
        let duplicates = sent.map(|(id, second)| deduplication.is_duplicate(id, at(second)));
        assert_eq!(duplicates, [false, true, false, true, false, true, false]);
    }
}
