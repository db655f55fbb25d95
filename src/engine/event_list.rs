//! The event list: what is scheduled, earliest first, ties in the order of scheduling.
//!
//! An implicit heap with four children per node: half as deep as a binary one, and four siblings share two cache
//! lines. The list stays small because arrivals come from a cursor, zero-delay consequences from a lane and
//! deadlines of constant length from [`Deadlines`](super::deadlines::Deadlines).

use super::time::SimTime;

/// Children per node of the heap.
const ARITY: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Entry<E> {
    time: SimTime,
    sequence: u64,
    event: E,
}

impl<E> Entry<E> {
    /// Total order: time, then order of scheduling.
    const fn key(&self) -> u128 {
        ((self.time.as_nanos() as u128) << 64) | self.sequence as u128
    }
}

/// Scheduled events of type `E`.
#[derive(Debug, Clone)]
pub(super) struct EventList<E> {
    heap: Vec<Entry<E>>,
    sequence: u64,
}

impl<E: Copy> EventList<E> {
    /// An empty list.
    pub(super) const fn new() -> Self {
        const { assert!(size_of::<Entry<E>>() <= 40, "an entry must stay within half a cache line") };
        Self { heap: Vec::new(), sequence: 0 }
    }

    /// When the next event happens; [`SimTime::MAX`] if none is scheduled.
    pub(super) fn next_time(&self) -> SimTime {
        self.heap.first().map_or(SimTime::MAX, |entry| entry.time)
    }

    /// Schedules `event` at `time`. O(log n).
    #[inline(always)]
    pub(super) fn push(&mut self, time: SimTime, event: E) {
        let entry = Entry { time, sequence: self.sequence, event };
        self.sequence += 1;
        let key = entry.key();
        let mut hole = self.heap.len();
        self.heap.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if self.heap[parent].key() <= key {
                break;
            }
            self.heap.swap(hole, parent);
            hole = parent;
        }
    }

    /// Takes the next event. O(log n).
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<(SimTime, E)> {
        let last = self.heap.pop()?;
        let Some(&first) = self.heap.first() else { return Some((last.time, last.event)) };
        self.sift_down(last);
        Some((first.time, first.event))
    }

    /// Puts `entry` where the root was.
    #[inline(always)]
    fn sift_down(&mut self, entry: Entry<E>) {
        let heap = self.heap.as_mut_slice();
        let key = entry.key();
        let mut hole = 0;
        loop {
            let first_child = hole * ARITY + 1;
            let Some(children) = heap.get(first_child..heap.len().min(first_child + ARITY)) else { break };
            let Some((offset, least)) = least_key(children) else { break };
            if key <= least {
                break;
            }
            heap[hole] = heap[first_child + offset];
            hole = first_child + offset;
        }
        heap[hole] = entry;
    }
}

fn least_key<E>(children: &[Entry<E>]) -> Option<(usize, u128)> {
    let (first, rest) = children.split_first()?;
    let mut least = (0, first.key());
    for (i, child) in rest.iter().enumerate() {
        let key = child.key();
        if key < least.1 {
            least = (i + 1, key);
        }
    }
    Some(least)
}

impl<E: Copy> Default for EventList<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    #[test]
    fn events_come_out_by_time_and_ties_in_the_order_they_went_in() {
        let mut draws = StreamKey::new(7, 0).stream(0);
        let mut list = EventList::new();
        let mut expected = Vec::new();
        for i in 0..2000_u32 {
            let time = SimTime::from_nanos(draws.below(50));
            list.push(time, i);
            expected.push((time, i));
            if i % 3 == 0 {
                expected.sort_unstable();
                assert_eq!(list.pop(), Some(expected.remove(0)));
            }
        }
        expected.sort_unstable();
        for pair in expected {
            assert_eq!(list.next_time(), pair.0);
            assert_eq!(list.pop(), Some(pair));
        }
        assert!(list.pop().is_none());
        assert_eq!(list.next_time(), SimTime::MAX);
    }
}
