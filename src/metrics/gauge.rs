//! A quantity that holds its value until it changes: a backlog, busy workers.

use crate::engine::{SimDuration, SimTime};

/// A value over time: exact time average and maximum, and samples, which the recorder asks for.
///
/// The integral from 0 to `t` is `t · value − Σ change · time of the change`: only the sum is kept, so that a change need
/// not know when the one before it was.
#[derive(Debug, Clone, Default)]
pub struct Gauge {
    value: u64,
    max: u64,
    /// The sum over all changes, in units times nanoseconds.
    moment: i128,
    /// The integral up to where it was asked for, and what had been before the average counted.
    area: u128,
    before: u128,
    samples: Vec<u32>,
}

impl Gauge {
    /// The current value.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// From `now` on the value is `value`.
    #[inline(always)]
    pub fn set(&mut self, now: SimTime, value: u64) {
        let change = value.wrapping_sub(self.value).cast_signed();
        self.moment += i128::from(change) * i128::from(now.as_nanos());
        self.value = value;
        self.max = self.max.max(value);
    }

    /// From `now` on the value is one more.
    #[inline(always)]
    pub fn rise(&mut self, now: SimTime) {
        self.moment += i128::from(now.as_nanos());
        self.value += 1;
        // Seldom: not to be written each time.
        if self.value > self.max {
            self.max = self.value;
        }
    }

    /// From `now` on the value is one less.
    #[inline(always)]
    pub fn fall(&mut self, now: SimTime) {
        self.moment -= i128::from(now.as_nanos());
        self.value -= 1;
    }

    /// The integral up to `now` is what [`area`](Self::area) gives.
    pub(super) fn settle(&mut self, now: SimTime) {
        self.area = (self.as_if_always(now) - self.moment).cast_unsigned();
    }

    /// The average counts from `now` on.
    pub(super) fn forget(&mut self, now: SimTime) {
        self.before = (self.as_if_always(now) - self.moment).cast_unsigned();
        self.moment = self.as_if_always(now);
    }

    /// What the integral up to `now` would be, had the value always been what it is.
    fn as_if_always(&self, now: SimTime) -> i128 {
        i128::from(self.value) * i128::from(now.as_nanos())
    }

    /// Takes a sample of the value.
    pub(super) fn sample(&mut self) {
        self.samples.push(u32::try_from(self.value).unwrap_or(u32::MAX));
    }

    /// The largest value.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The value integrated over time up to the end of the observation, in units times nanoseconds.
    pub const fn area(&self) -> u128 {
        self.area
    }

    /// The same from the beginning of the run on.
    pub const fn area_of_all(&self) -> u128 {
        self.before + self.area
    }

    /// The values at 0, one step, two steps, …, each after everything that happened at that instant.
    pub fn samples(&self) -> &[u32] {
        &self.samples
    }
}

/// How often something happened in each interval of a fixed grid.
#[derive(Debug, Clone)]
pub struct Tally {
    counts: Vec<u32>,
    step: SimDuration,
    /// The interval that counts now, its start and its number: events come nearly in order, so the division is rarely
    /// needed.
    current: (SimTime, usize),
    /// What has happened in it since it does; not among the counts yet.
    recent: u32,
}

impl Tally {
    /// Nothing happened yet.
    pub fn new(step: SimDuration) -> Self {
        Self { counts: Vec::new(), step, current: (SimTime::ZERO, 0), recent: 0 }
    }

    /// It happened once at `at`.
    #[inline(always)]
    pub fn count(&mut self, at: SimTime) {
        // A time before the interval is, modulo 2^64, far after it.
        if at.as_nanos().wrapping_sub(self.current.0.as_nanos()) >= self.step.as_nanos() {
            self.move_to(at);
        }
        self.recent += 1;
    }

    #[cold]
    #[allow(clippy::cast_possible_truncation, reason = "the grid has at most some ten thousand intervals")]
    fn move_to(&mut self, at: SimTime) {
        self.settle();
        let step = self.step.as_nanos();
        let index = at.as_nanos() / step;
        self.current = (SimTime::from_nanos(index * step), index as usize);
    }

    /// Puts what is recent among the counts: they are read after that.
    pub(super) fn settle(&mut self) {
        let index = self.current.1;
        if self.recent > 0 && self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(index) {
            *count += std::mem::take(&mut self.recent);
        }
    }

    /// The length of an interval.
    pub const fn step(&self) -> SimDuration {
        self.step
    }

    /// Occurrences per interval.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_exact_from_where_they_count() {
        let at = |seconds: u64| SimTime::ZERO + SimDuration::from_secs(seconds);
        let mut gauge = Gauge::default();
        gauge.set(at(1), 7);
        gauge.forget(at(2));
        gauge.rise(at(3));
        gauge.fall(at(5));
        gauge.settle(at(6));
        assert_eq!(gauge.area(), (7 + 2 * 8 + 7) * 1_000_000_000);
        assert_eq!(gauge.area_of_all(), gauge.area() + 7_000_000_000);
        assert_eq!((gauge.value(), gauge.max()), (7, 8));
    }

    #[test]
    fn a_tally_counts_in_the_right_interval_even_out_of_order() {
        let mut tally = Tally::new(SimDuration::from_nanos(10));
        for nanos in [0, 9, 10, 35, 12] {
            tally.count(SimTime::from_nanos(nanos));
        }
        tally.settle();
        assert_eq!(tally.counts(), [2, 2, 0, 1]);
    }
}
