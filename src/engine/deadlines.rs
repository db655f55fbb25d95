//! Many deadlines of one constant length behind a single alarm.
//!
//! A timeout is nearly always cancelled: the message is deleted, the reply comes. As all deadlines of one length fall
//! due in the order in which they were set, a ring holds them, and only the first that still matters needs an alarm.
//! Cancelled ones are dropped from the front without ever reaching the event list.

use super::ring::Ring;
use super::time::SimTime;

/// Deadlines of equal length, each for a token of type `K` that its owner can tell to be alive or stale.
#[derive(Debug, Clone)]
pub struct Deadlines<K> {
    ring: Ring<(SimTime, K)>,
    armed: bool,
    /// How many there may be before stale ones are looked for.
    room: usize,
}

/// So many deadlines are never too many.
const ROOM: usize = 32;

impl<K: Copy> Deadlines<K> {
    /// No deadlines.
    pub const fn new() -> Self {
        Self { ring: Ring::new(), armed: false, room: ROOM }
    }

    /// Adds a deadline, not earlier than those before it. Returns the time for which the owner must set an alarm,
    /// if none is pending.
    #[must_use]
    pub fn push(&mut self, at: SimTime, token: K) -> Option<SimTime> {
        debug_assert!(self.ring.back().is_none_or(|(last, _)| last <= at), "deadlines of one length come in order");
        self.ring.push_back((at, token));
        (!std::mem::replace(&mut self.armed, true)).then_some(at)
    }

    /// Adds a deadline that may be earlier than those before it, as when a message brings its age along.
    #[must_use]
    pub fn push_unordered(&mut self, at: SimTime, token: K) -> Option<SimTime> {
        if self.ring.back().is_none_or(|(last, _)| last <= at) {
            return self.push(at, token);
        }
        let index = self.ring.partition_point(|(other, _)| other <= at);
        self.ring.insert(index, (at, token));
        // The pending alarm may be for a later deadline: one more alarm does no harm.
        (index == 0).then_some(at)
    }

    /// Drops stale deadlines from the front, so that the ring spans no more than about twice what is alive. Not each time:
    /// to look at one costs as much as to look at many of them in a row.
    #[inline(always)]
    pub fn trim(&mut self, is_alive: impl Fn(K) -> bool) {
        if self.ring.len() >= self.room {
            self.drop_stale(is_alive);
            self.room = 2 * self.ring.len() + ROOM;
        }
    }

    fn drop_stale(&mut self, is_alive: impl Fn(K) -> bool) {
        while let Some((_, token)) = self.ring.front() {
            if is_alive(token) {
                break;
            }
            self.ring.pop_front();
        }
    }

    /// The first token that is alive.
    pub fn first(&self, is_alive: impl Fn(K) -> bool) -> Option<K> {
        self.ring.iter().map(|(_, token)| token).find(|&token| is_alive(token))
    }

    /// All deadlines, stale ones included, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, K)> + '_ {
        self.ring.iter()
    }

    /// Takes the next deadline that is due at `now` and alive.
    pub fn due(&mut self, now: SimTime, is_alive: impl Fn(K) -> bool) -> Option<K> {
        self.drop_stale(is_alive);
        let (at, token) = self.ring.front()?;
        (at <= now).then(|| {
            self.ring.pop_front();
            token
        })
    }

    /// Call when the alarm rang and everything due was taken: the time for the next alarm, if one is needed.
    #[must_use]
    pub fn rearm(&mut self) -> Option<SimTime> {
        let next = self.ring.front().map(|(at, _)| at);
        self.armed = next.is_some();
        next
    }
}

impl<K: Copy> Default for Deadlines<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_living_deadlines_are_due_and_one_alarm_serves_all() {
        let at = SimTime::from_nanos;
        let mut deadlines = Deadlines::new();
        assert_eq!(deadlines.push(at(10), 'a'), Some(at(10)));
        assert_eq!(deadlines.push(at(20), 'b'), None);
        assert_eq!(deadlines.push(at(30), 'c'), None);
        let alive = |token| token != 'a';
        assert_eq!(deadlines.due(at(10), alive), None);
        assert_eq!(deadlines.rearm(), Some(at(20)));
        assert_eq!(deadlines.due(at(20), alive), Some('b'));
        assert_eq!(deadlines.due(at(20), alive), None);
        assert_eq!(deadlines.rearm(), Some(at(30)));
        assert_eq!(deadlines.due(at(30), |_| false), None);
        assert_eq!(deadlines.rearm(), None);
        assert_eq!(deadlines.push(at(40), 'd'), Some(at(40)));
    }

    #[test]
    fn stale_deadlines_do_not_pile_up() {
        let mut deadlines = Deadlines::new();
        for nanos in 0..10_000 {
            // Ten are alive at a time.
            deadlines.trim(|token| token + 10 > nanos);
            let _ = deadlines.push(SimTime::from_nanos(nanos), nanos);
        }
        assert!(deadlines.iter().count() <= 2 * 10 + ROOM);
        assert_eq!(deadlines.first(|token| token + 10 > 9_999), Some(9_990));
    }
}
