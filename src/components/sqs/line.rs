//! The messages of one message group, of which most groups have one at a time: the first stands in the group itself, so
//! that a queue with many groups does not reach into a list of its own for each.

use crate::engine::MsgId;
use std::collections::VecDeque;

/// A message and its place in the queue.
pub(super) type Placed = (u64, MsgId);

/// Messages in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    first: Option<Placed>,
    /// Those behind it; none if there is no first.
    others: VecDeque<Placed>,
}

impl Line {
    /// The first.
    #[inline(always)]
    pub(super) const fn front(&self) -> Option<Placed> {
        self.first
    }

    /// The one with so many before it.
    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> Option<Placed> {
        if index == 0 { self.first } else { self.others.get(index - 1).copied() }
    }

    /// Adds one. Whether it is the only one.
    #[inline(always)]
    pub(super) fn push(&mut self, placed: Placed) -> bool {
        let is_only = self.first.is_none();
        if is_only {
            self.first = Some(placed);
        } else {
            self.others.push_back(placed);
        }
        is_only
    }

    /// Takes a message out, wherever it stands; gives back its place.
    #[inline(always)]
    pub(super) fn remove(&mut self, msg: MsgId) -> Option<u64> {
        match self.first {
            Some((place, first)) if first == msg => {
                self.first = if self.others.is_empty() { None } else { self.others.pop_front() };
                Some(place)
            }
            _ => {
                let found = self.others.iter().position(|&(_, other)| other == msg);
                found.and_then(|index| self.others.remove(index)).map(|(place, _)| place)
            }
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = Placed> + '_ {
        self.first.into_iter().chain(self.others.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_order_whoever_leaves() {
        let mut kernel = crate::engine::Kernel::<()>::new(1, Vec::new());
        let job = crate::engine::NewJob { number: 0, work: crate::engine::SimDuration::ZERO, flow: 0, size: 1, key: 0 };
        let msgs: Vec<MsgId> = (0..4).map(|_| kernel.create(crate::engine::NodeId(0), || job)).collect();
        let mut line = Line::default();
        let pushed: Vec<bool> = (0..).zip(&msgs).map(|(place, &msg)| line.push((place, msg))).collect();
        assert_eq!(pushed, [true, false, false, false]);
        assert_eq!((line.remove(msgs[1]), line.remove(msgs[1]), line.get(1)), (Some(1), None, Some((2, msgs[2]))));
        assert_eq!((line.remove(msgs[0]), line.front()), (Some(0), Some((2, msgs[2]))));
        assert_eq!(line.iter().collect::<Vec<_>>(), [(2, msgs[2]), (3, msgs[3])]);
        assert_eq!((line.remove(msgs[3]), line.remove(msgs[2]), line.front()), (Some(3), Some(2), None));
    }
}
