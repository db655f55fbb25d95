//! The event list: what is scheduled, earliest first, ties in the order of scheduling.
//!
//! An implicit heap with four children per node: half as deep as a binary one. It holds only keys of sixteen bytes, so
//! that four siblings fill a cache line and little is moved; the events stay where they were put. The list is small
//! because arrivals come from a cursor, zero-delay consequences from a lane and deadlines of constant length from
//! [`Deadlines`](super::deadlines::Deadlines).
//!
//! An event that is earlier than all others stands apart: where little is under way, most are, and come and go without
//! the heap.

use super::time::SimTime;

/// Children per node of the heap.
const ARITY: usize = 4;

/// Bits of a key that tell where the event is: more than the messages that may be alive at once. The other bits number
/// the events in the order of scheduling, more than [`EVENTS_MAX`].
const PLACE_BITS: u32 = 26;

/// No run has more events than this: some hours of work.
pub const EVENTS_MAX: u64 = 100_000_000_000;
const _: () = assert!(EVENTS_MAX + (1 << PLACE_BITS) < 1 << (u64::BITS - PLACE_BITS));

/// When an event happens, its number in the order of scheduling, and its place: compared in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u128);

impl Key {
    #[inline(always)]
    fn new(time: SimTime, sequence: u64, place: usize) -> Self {
        Self((u128::from(time.as_nanos()) << 64) | u128::from((sequence << PLACE_BITS) | place as u64))
    }

    #[allow(clippy::cast_possible_truncation, reason = "the upper half")]
    const fn time(self) -> SimTime {
        SimTime::from_nanos((self.0 >> 64) as u64)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the lowest bits")]
    const fn place(self) -> usize {
        self.0 as usize & ((1 << PLACE_BITS) - 1)
    }
}

/// Scheduled events of type `E`.
#[derive(Debug, Clone)]
pub(super) struct EventList<E> {
    /// When the next event happens; [`SimTime::MAX`] if none is scheduled.
    next: SimTime,
    /// Whether the next event is not in the heap but here, with its number. If it is not, the event taken last is here.
    is_apart: bool,
    apart: E,
    apart_sequence: u64,
    /// The heap; behind its end, keys without a time that tell which places are free.
    keys: Vec<Key>,
    /// Length of the heap.
    len: usize,
    events: Vec<E>,
    /// What stands in a place before the first event is put there.
    nothing: E,
    sequence: u64,
}

impl<E: Copy> EventList<E> {
    /// An empty list; `nothing` is any event.
    pub(super) const fn new(nothing: E) -> Self {
        Self {
            next: SimTime::MAX,
            is_apart: false,
            apart: nothing,
            apart_sequence: 0,
            keys: Vec::new(),
            len: 0,
            events: Vec::new(),
            nothing,
            sequence: 0,
        }
    }

    /// When the next event happens; [`SimTime::MAX`] if none is scheduled.
    #[inline(always)]
    pub(super) const fn next_time(&self) -> SimTime {
        self.next
    }

    /// Schedules `event` at `time`; never, if that is [`SimTime::MAX`]. O(log n).
    ///
    /// The event goes from where it is made straight to its place: nobody else may see it on the way, or it is put
    /// together in memory, in parts, and the copy waits for the parts.
    #[inline(always)]
    pub(super) fn push(&mut self, time: SimTime, event: E) {
        let sequence = self.sequence;
        self.sequence += 1;
        if time < self.next {
            if self.is_apart {
                self.join_others();
            }
            self.next = time;
            self.is_apart = true;
            self.apart = event;
            self.apart_sequence = sequence;
        } else if time < SimTime::MAX {
            self.push_to_heap(time, sequence, event);
        }
    }

    /// What was next goes into the heap: something else is earlier.
    #[cold]
    fn join_others(&mut self) {
        self.push_to_heap(self.next, self.apart_sequence, self.apart);
    }

    #[inline(always)]
    fn push_to_heap(&mut self, time: SimTime, sequence: u64, event: E) {
        let mut hole = self.len;
        if hole == self.keys.len() {
            self.grow();
        }
        let place = self.keys[hole].place();
        self.events[place] = event;
        let key = Key::new(time, sequence, place);
        self.len += 1;
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            let above = self.keys[parent];
            if above <= key {
                break;
            }
            self.keys[hole] = above;
            hole = parent;
        }
        self.keys[hole] = key;
    }

    /// Makes new places: one for the root, then a family at a time, so that every parent has none or all of its children.
    #[cold]
    fn grow(&mut self) {
        for _ in 0..if self.keys.is_empty() { 1 } else { ARITY } {
            let place = self.events.len();
            assert!(place >> PLACE_BITS == 0, "a message has an alarm or two, and the live messages are bounded");
            self.keys.push(Key::new(SimTime::MAX, 0, place));
            self.events.push(self.nothing);
        }
    }

    /// The next event, if one is scheduled.
    pub(super) fn next_event(&self) -> Option<&E> {
        if self.is_apart {
            return Some(&self.apart);
        }
        let first = self.keys.first().filter(|_| self.len > 0)?;
        self.events.get(first.place())
    }

    /// Takes the next event, which is then [there to be read](Self::taken). O(log n).
    ///
    /// # Panics
    /// If none is scheduled.
    #[inline(always)]
    pub(super) fn take_next(&mut self) {
        if !self.is_apart {
            self.apart = self.pop_from_heap();
        }
        self.is_apart = false;
        self.next = self.first_of_heap();
    }

    /// The event that was taken last, until another is scheduled. It is read where it stands: a copy of what was written
    /// in parts would wait for the parts.
    #[inline(always)]
    pub(super) const fn taken(&self) -> &E {
        &self.apart
    }

    #[inline(always)]
    fn pop_from_heap(&mut self) -> E {
        assert!(self.len > 0, "whoever takes an event has looked at its time");
        self.len -= 1;
        let first = self.keys[0];
        let last = std::mem::replace(&mut self.keys[self.len], Key::new(SimTime::MAX, 0, first.place()));
        if self.len > 0 {
            self.sift_down(last);
        }
        self.events[first.place()]
    }

    /// Keys behind the end of the heap have no time.
    #[inline(always)]
    fn first_of_heap(&self) -> SimTime {
        self.keys.first().map_or(SimTime::MAX, |key| key.time())
    }

    /// Puts `key` where the root was. Children behind the end have no time, so no key is later than theirs.
    #[inline(always)]
    fn sift_down(&mut self, key: Key) {
        let mut hole = 0;
        loop {
            let child = hole * ARITY + 1;
            let Some(&[a, b, c, d]) = self.keys.get(child..).and_then(<[Key]>::first_chunk) else { break };
            let left = if b < a { (b, 1) } else { (a, 0) };
            let right = if d < c { (d, 3) } else { (c, 2) };
            let least = if right.0 < left.0 { right } else { left };
            if key <= least.0 {
                break;
            }
            self.keys[hole] = least.0;
            hole = child + least.1;
        }
        self.keys[hole] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    fn take<E: Copy>(list: &mut EventList<E>) -> (SimTime, E) {
        let time = list.next_time();
        list.take_next();
        (time, *list.taken())
    }

    #[test]
    fn events_come_out_by_time_and_ties_in_the_order_they_went_in() {
        let mut draws = StreamKey::new(7, 0).stream(0);
        let mut list = EventList::new(0);
        let mut expected = Vec::new();
        for i in 0..2000_u32 {
            let time = SimTime::from_nanos(draws.below(50));
            list.push(time, i);
            expected.push((time, i));
            if i % 3 == 0 {
                expected.sort_unstable();
                assert_eq!(take(&mut list), expected.remove(0));
            }
        }
        expected.sort_unstable();
        for pair in expected {
            assert_eq!(take(&mut list), pair);
        }
        assert_eq!(list.next_time(), SimTime::MAX);
    }

    #[test]
    fn what_is_put_off_for_ever_never_comes() {
        let mut list = EventList::new(0);
        for event in 1..20 {
            list.push(if event % 2 == 0 { SimTime::MAX } else { SimTime::from_nanos(event) }, event);
        }
        for event in (1..20).step_by(2) {
            assert_eq!(take(&mut list), (SimTime::from_nanos(event), event));
        }
        assert_eq!(list.next_time(), SimTime::MAX);
    }
}
