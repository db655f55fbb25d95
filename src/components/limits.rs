//! The shapes of a rate limit.

use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// At most `limit` calls in any window of one second.
#[derive(Debug, Clone)]
pub(super) struct CallsPerSecond {
    limit: usize,
    recent: VecDeque<SimTime>,
}

impl CallsPerSecond {
    /// A limit with nothing used.
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, recent: VecDeque::new() }
    }

    /// Whether a call at `now` is within the limit; if so, it counts.
    pub(super) fn admit(&mut self, now: SimTime) -> bool {
        while self.recent.front().is_some_and(|&call| call + SimDuration::from_secs(1) <= now) {
            self.recent.pop_front();
        }
        let free = self.recent.len() < self.limit;
        if free {
            self.recent.push_back(now);
        }
        free
    }
}

/// What was used in the second before now: for limits on pieces of which many may come at once.
#[derive(Debug, Clone, Default)]
pub(super) struct LastSecond {
    used: u64,
    /// When it was used, and how much of it.
    recent: VecDeque<(SimTime, u64)>,
}

impl LastSecond {
    /// Whether so many more pieces at `now` are within `limit`.
    pub(super) fn has(&mut self, pieces: u64, limit: u64, now: SimTime) -> bool {
        while let Some(&(_, used)) = self.recent.front().filter(|(at, _)| *at + SimDuration::from_secs(1) <= now) {
            self.used -= used;
            self.recent.pop_front();
        }
        self.used.saturating_add(pieces) <= limit
    }

    /// Counts so many pieces: look first whether the limit [`has`](Self::has) them.
    pub(super) fn take(&mut self, pieces: u64, now: SimTime) {
        self.used += pieces;
        match self.recent.back_mut().filter(|(at, _)| *at == now) {
            Some((_, used)) => *used += pieces,
            None => self.recent.push_back((now, pieces)),
        }
    }
}

/// At most `limit` pieces in each second of the clock: three numbers, however high the limit is.
#[derive(Debug, Clone)]
pub(super) struct EachSecond {
    limit: f64,
    second: ThisSecond,
}

/// What was used in this second of the clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ThisSecond {
    used: f64,
    since: SimTime,
}

impl ThisSecond {
    /// Pieces used in the second of `now`.
    #[inline]
    pub(super) fn used(&mut self, now: SimTime) -> f64 {
        if now >= self.since + SimDuration::from_secs(1) {
            let second = SimDuration::from_secs(1).as_nanos();
            self.since = SimTime::from_nanos(now.as_nanos() / second * second);
            self.used = 0.0;
        }
        self.used
    }

    /// Counts so many more in the second that was asked about last.
    #[inline]
    pub(super) fn take(&mut self, pieces: f64) {
        self.used += pieces;
    }

    /// Whether one more piece at `now` is within `limit`; if so, it counts.
    #[inline]
    pub(super) fn admit(&mut self, limit: f64, now: SimTime) -> bool {
        let free = self.used(now) + 1.0 <= limit;
        if free {
            self.take(1.0);
        }
        free
    }
}

impl EachSecond {
    /// A limit with nothing used.
    pub(super) const fn new(limit: f64) -> Self {
        Self { limit, second: ThisSecond { used: 0.0, since: SimTime::ZERO } }
    }

    /// Whether so many more pieces at `now` are within the limit.
    #[inline]
    pub(super) fn has(&mut self, pieces: f64, now: SimTime) -> bool {
        self.second.used(now) + pieces <= self.limit
    }

    /// Counts so many pieces: look first whether the limit [`has`](Self::has) them.
    #[inline]
    pub(super) fn take(&mut self, pieces: f64) {
        self.second.take(pieces);
    }
}

/// A bucket of tokens, filled at a constant rate: what is not used is saved up to its depth.
#[derive(Debug, Clone)]
pub(super) struct TokenBucket {
    /// Tokens per second.
    rate: f64,
    depth: f64,
    level: f64,
    at: SimTime,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) const fn new(rate: f64, depth: f64) -> Self {
        Self { rate, depth, level: depth, at: SimTime::ZERO }
    }

    /// Tokens in the bucket at `now`; less than nothing after a debt.
    pub(super) fn level(&mut self, now: SimTime) -> f64 {
        self.level = (self.level + self.rate * now.since(self.at).as_secs_f64()).min(self.depth);
        self.at = now;
        self.level
    }

    /// Whether there are so many tokens at `now`, or the bucket is full.
    pub(super) fn has(&mut self, tokens: f64, now: SimTime) -> bool {
        self.level(now) >= tokens.min(self.depth)
    }

    /// Takes `tokens`, whether they are there or not: check [`level`](Self::level) first.
    pub(super) fn take(&mut self, tokens: f64) {
        self.level -= tokens;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_calls_than_the_limit_in_any_second() {
        let mut limit = CallsPerSecond::new(300);
        let admitted: Vec<u64> =
            (0..4000).map(|i| i * 1_000_000).filter(|&nanos| limit.admit(SimTime::from_nanos(nanos))).collect();
        assert_eq!(admitted.iter().filter(|&&nanos| nanos < 1_000_000_000).count(), 300);
        for start in &admitted {
            let window = admitted.iter().filter(|&nanos| nanos >= start && *nanos < start + 1_000_000_000);
            assert!(window.count() <= 300);
        }
    }

    #[test]
    fn never_more_pieces_than_the_limit_in_any_second_however_they_come() {
        let mut limit = LastSecond::default();
        let mut admitted = |millis, pieces| {
            let now = SimTime::ZERO + SimDuration::from_millis(millis);
            let free = limit.has(pieces, 10, now);
            limit.take(if free { pieces } else { 0 }, now);
            free
        };
        // Four and five in half a second leave one, until a second after the four.
        assert_eq!(
            [(0, 4), (500, 5), (500, 2), (900, 1), (999, 1)].map(|(at, of)| admitted(at, of)),
            [true, true, false, true, false]
        );
        assert_eq!(
            [(1000, 5), (1000, 4), (1499, 1), (1500, 6)].map(|(at, of)| admitted(at, of)),
            [false, true, false, false]
        );
        assert_eq!([(1500, 5), (3000, 11), (3000, 10)].map(|(at, of)| admitted(at, of)), [true, false, true]);
    }

    #[test]
    fn each_second_of_the_clock_has_its_own_allowance() {
        let (mut limit, mut second) = (EachSecond::new(3.0), ThisSecond::default());
        let millis = [0, 1, 2, 3, 999, 1000, 1001, 5500, 5501, 5502, 5503, 6000];
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        let expected = [true, true, true, false, false, true, true, true, true, true, false, true];
        assert_eq!(millis.map(|millis| second.admit(3.0, at(millis))), expected);
        let admitted = millis.map(|millis| {
            let free = limit.has(1.0, at(millis));
            limit.take(f64::from(u8::from(free)));
            free
        });
        assert_eq!(admitted, expected);
    }

    #[test]
    fn a_bucket_saves_up_to_its_depth_and_may_be_overdrawn() {
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        let mut bucket = TokenBucket::new(100.0, 50.0);
        assert!((bucket.level(at(10_000)) - 50.0).abs() < 1e-9);
        bucket.take(70.0);
        assert!((bucket.level(at(10_100)) + 10.0).abs() < 1e-9);
    }
}
