//! First in, first out, without a call.
//!
//! What the standard library's ring does, for small values that are copied: its length is a power of two, so that a place
//! in it is a mask and not a comparison, and its hands are short enough to be part of who uses it. Half of what a message
//! does on its way is to join a line and to leave it.

/// A line of values.
#[derive(Debug, Clone)]
pub struct Ring<T> {
    /// As many as a power of two, or none. Those in the line begin at `first`, modulo that; the others are left over.
    places: Vec<T>,
    first: usize,
    len: usize,
}

/// The first places of a line.
const PLACES: usize = 4;

impl<T: Copy> Ring<T> {
    /// Nothing in line.
    pub const fn new() -> Self {
        Self { places: Vec::new(), first: 0, len: 0 }
    }

    /// How many are in line.
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is in line.
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the value stands that has so many before it.
    #[inline(always)]
    const fn place(&self, index: usize) -> usize {
        self.first.wrapping_add(index) & self.places.len().wrapping_sub(1)
    }

    /// Joins the line.
    #[inline(always)]
    pub fn push_back(&mut self, value: T) {
        if self.len == self.places.len() {
            self.grow(value);
        }
        let place = self.place(self.len);
        self.places[place] = value;
        self.len += 1;
    }

    /// Leaves the line, as the first.
    #[inline(always)]
    pub fn pop_front(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let place = self.place(0);
        let value = self.places[place];
        self.first = self.place(1);
        self.len -= 1;
        Some(value)
    }

    /// Twice as many places; `value` is any.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, value: T) {
        let before = self.places.len();
        self.places.resize((2 * before).max(PLACES), value);
        // What had begun anew at the first place goes on behind the last one.
        self.places.copy_within(..self.first.min(before), before);
    }

    /// The value that has so many before it.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<T> {
        (index < self.len).then(|| self.places[self.place(index)])
    }

    /// The first in line.
    #[inline(always)]
    pub fn front(&self) -> Option<T> {
        self.get(0)
    }

    /// The last in line.
    #[inline(always)]
    pub fn back(&self) -> Option<T> {
        self.get(self.len.wrapping_sub(1))
    }

    /// All, from the first to the last.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let (before, behind) = self.places.split_at(self.first.min(self.places.len()));
        behind.iter().chain(before).take(self.len).copied()
    }

    /// How many of the first satisfy a condition that none of those behind them does.
    pub fn partition_point(&self, is_before: impl Fn(T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_before(self.places[self.place(middle)]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Joins the line behind so many of the first. Those on the shorter side move.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn insert(&mut self, index: usize, value: T) {
        assert!(index <= self.len, "nobody can be behind more than there are");
        self.push_back(value);
        if index < self.len / 2 {
            // The whole line moves a place back without a copy, and the first ones come forward again.
            self.first = self.place(self.places.len() - 1);
            (0..index).for_each(|index| self.shift(index + 1, index));
        } else {
            (index + 1..self.len).rev().for_each(|index| self.shift(index - 1, index));
        }
        let place = self.place(index);
        self.places[place] = value;
    }

    /// Leaves the line from behind so many of the first. Those on the shorter side move.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        let value = self.get(index)?;
        if index < self.len / 2 {
            (0..index).rev().for_each(|index| self.shift(index, index + 1));
            self.first = self.place(1);
        } else {
            (index + 1..self.len).for_each(|index| self.shift(index, index - 1));
        }
        self.len -= 1;
        Some(value)
    }

    fn shift(&mut self, from: usize, to: usize) {
        let (from, to) = (self.place(from), self.place(to));
        self.places[to] = self.places[from];
    }
}

impl<T: Copy> Default for Ring<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;
    use std::collections::VecDeque;

    #[test]
    fn a_ring_does_what_the_one_of_the_standard_library_does() {
        let mut draws = StreamKey::new(3, 0).stream(0);
        let (mut ring, mut known) = (Ring::new(), VecDeque::new());
        for value in 0..20_000_u64 {
            // It grows and shrinks by turns.
            let joins = if value / 500 % 2 == 0 { 70 } else { 30 };
            let index = |draws: u64| usize::try_from(draws).unwrap();
            match draws.below(100) {
                chance if chance < joins => {
                    ring.push_back(value);
                    known.push_back(value);
                }
                90..95 => {
                    let at = index(draws.below(known.len() as u64 + 1));
                    ring.insert(at, value);
                    known.insert(at, value);
                }
                95.. => {
                    let at = index(draws.below(known.len() as u64 + 1));
                    assert_eq!(ring.remove(at), known.remove(at));
                }
                _ => assert_eq!(ring.pop_front(), known.pop_front()),
            }
            assert_eq!((ring.front(), ring.back()), (known.front().copied(), known.back().copied()));
            assert_eq!((ring.len(), ring.is_empty()), (known.len(), known.is_empty()));
            if value % 64 == 0 {
                assert!(ring.iter().eq(known.iter().copied()), "after {value} steps");
            }
        }
    }

    #[test]
    fn a_value_is_found_by_halving() {
        let mut ring = Ring::new();
        (0..100).for_each(|value| ring.push_back(value));
        (0..90).for_each(|value| assert_eq!(ring.pop_front(), Some(value)));
        (100..110).for_each(|value| ring.push_back(value));
        assert_eq!(ring.partition_point(|value| value < 103), 13);
        assert_eq!((ring.partition_point(|_| true), ring.partition_point(|_| false)), (20, 0));
    }
}
