//! Long polls: consumers that wait at a queue for the first message.

use super::AnyTimer;
use super::context::Ctx;
use crate::engine::random::Draws;
use crate::engine::{Deadlines, NodeId, Refusal, Signal, SimDuration};
use std::collections::VecDeque;

/// A consumer's slot that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poll {
    /// The consumer.
    pub from: NodeId,
    /// Its slot.
    pub slot: u32,
    /// Messages it takes at most; 0: it hung up.
    pub max: u16,
    serial: u32,
}

/// The polls that wait, longest wait first.
///
/// Which waiting poll gets a new message is not documented for SQS: the one that has waited longest, or any.
#[derive(Debug, Clone, Default)]
pub(super) struct Polls {
    /// Whether any of them may be the next -- parameter.
    at_random: bool,
    waiting: VecDeque<Poll>,
    /// Polls taken at random.
    taken: u64,
    serial: u32,
    /// One ring for each length of wait in use, nearly always a single one.
    ends: Vec<(u16, Deadlines<u32>)>,
}

/// Alarm: the wait of the ring with this index may be over.
#[derive(Debug, Clone, Copy)]
pub struct PollEnds(pub u16);

impl Polls {
    /// A consumer begins to wait for up to `wait_ms` milliseconds.
    pub(super) fn park<T>(&mut self, from: NodeId, slot: u32, max: u16, wait_ms: u16, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<PollEnds>,
    {
        self.serial = self.serial.wrapping_add(1);
        self.waiting.push_back(Poll { from, slot, max, serial: self.serial });
        let ring = self.ends.iter().position(|&(wait, _)| wait == wait_ms).unwrap_or_else(|| {
            self.ends.push((wait_ms, Deadlines::new()));
            self.ends.len() - 1
        });
        let waiting = &self.waiting;
        let ends = &mut self.ends[ring].1;
        ends.trim(|serial| is_waiting(waiting, serial));
        let at = cx.now() + SimDuration::from_millis(u64::from(wait_ms));
        if let Some(at) = ends.push(at, self.serial) {
            cx.alarm_at(at, T::from(PollEnds(u16::try_from(ring).unwrap_or(u16::MAX))));
        }
    }

    /// Whether nobody waits.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Polls of which any may be the next.
    pub(super) fn at_random() -> Self {
        Self { at_random: true, ..Self::default() }
    }

    /// The poll that is served next; `draws` are for a number.
    #[inline]
    pub(super) fn next(&mut self, draws: impl Fn(u64) -> Draws) -> Option<Poll> {
        if self.at_random {
            return self.any(draws);
        }
        while let Some(poll) = self.waiting.pop_front() {
            if poll.max > 0 {
                return Some(poll);
            }
        }
        None
    }

    /// Those that were served stay in their places until they are the first, so that the others keep theirs.
    #[allow(clippy::cast_possible_truncation, reason = "below a length in memory")]
    fn any(&mut self, draws: impl Fn(u64) -> Draws) -> Option<Poll> {
        while self.waiting.front().is_some_and(|poll| poll.max == 0) {
            self.waiting.pop_front();
        }
        if self.waiting.is_empty() {
            return None;
        }
        self.taken += 1;
        let mut draws = draws(self.taken);
        loop {
            let place = draws.below(self.waiting.len() as u64) as usize;
            let poll = self.waiting[place];
            if poll.max > 0 {
                self.waiting[place].max = 0;
                return Some(poll);
            }
        }
    }

    /// Gives a poll that could not be served its place back.
    pub(super) fn put_back(&mut self, poll: Poll) {
        match place_of(&self.waiting, poll.serial).filter(|_| self.at_random) {
            Some(place) => self.waiting[place].max = poll.max,
            None => self.waiting.push_front(poll),
        }
    }

    /// The slot is gone.
    pub(super) fn hang_up(&mut self, from: NodeId, slot: u32) {
        for poll in &mut self.waiting {
            if poll.from == from && poll.slot == slot {
                poll.max = 0;
            }
        }
    }

    /// Every connection breaks: those who wait learn that their request failed.
    pub(super) fn fail<T: Into<AnyTimer>>(&mut self, cx: &mut Ctx<'_, T>) {
        while let Some(Poll { from, slot, max, .. }) = self.waiting.pop_front() {
            if max == 0 {
                continue;
            }
            cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: Some(Refusal::Failed) });
        }
    }

    /// Tells those whose wait is over that nothing came, and how many these are.
    pub(super) fn end<T>(&mut self, PollEnds(ring): PollEnds, cx: &mut Ctx<'_, T>) -> u64
    where
        T: Into<AnyTimer> + From<PollEnds>,
    {
        let ends = &mut self.ends[usize::from(ring)].1;
        let mut empty = 0;
        loop {
            let waiting = &self.waiting;
            let Some(serial) = ends.due(cx.now(), |serial| is_waiting(waiting, serial)) else { break };
            if let Some(index) = place_of(&self.waiting, serial)
                && let Some(poll) = self.waiting.remove(index)
            {
                empty += 1;
                cx.tell(SimDuration::ZERO, poll.from, Signal::Empty { slot: poll.slot, refusal: None });
            }
        }
        if let Some(at) = ends.rearm() {
            cx.alarm_at(at, T::from(PollEnds(ring)));
        }
        empty
    }
}

/// Polls stand in the order of their serial numbers.
fn place_of(waiting: &VecDeque<Poll>, serial: u32) -> Option<usize> {
    let first = waiting.front()?.serial;
    if serial.wrapping_sub(first) > u32::MAX / 2 {
        // It waited before all who wait now.
        return None;
    }
    waiting.binary_search_by_key(&serial.wrapping_sub(first), |poll| poll.serial.wrapping_sub(first)).ok()
}

fn is_waiting(waiting: &VecDeque<Poll>, serial: u32) -> bool {
    if let Some(first) = waiting.front()
        && first.serial == serial
    {
        return first.max > 0;
    }
    place_of(waiting, serial).is_some_and(|index| waiting[index].max > 0)
}
