//! Simulated time: whole nanoseconds since the start of a replication.
//!
//! Integers, because two events either happen at the same instant or they do not: no epsilon, no rounding that
//! depends on how long the run has been going, the same order on every platform.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since the start of the replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A length of time in nanoseconds; at most about 584 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

impl SimTime {
    /// The start of a replication.
    pub const ZERO: Self = Self(0);
    /// Later than every event: "never".
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for display and statistics only.
    pub fn as_secs_f64(self) -> f64 {
        SimDuration(self.0).as_secs_f64()
    }

    /// Time passed since `earlier`; zero if `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than every run.
    pub const MAX: Self = Self(u64::MAX);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS_PER_SECOND)
    }

    /// The nearest whole number of nanoseconds to `secs` seconds, of two that are as near the even one; negative and
    /// not-a-number become zero, too large becomes [`SimDuration::MAX`].
    #[inline]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self::from_nanos_f64(secs * 1e9)
    }

    /// The nearest whole number, as [above](Self::from_secs_f64).
    #[inline]
    fn from_nanos_f64(nanos: f64) -> Self {
        // From here to its double all numbers are whole and their bits count them: a sum with it rounds to the nearest,
        // and what its bits are more is the whole number.
        const WHOLE: f64 = 4_503_599_627_370_496.0;
        if (0.0..WHOLE).contains(&nanos) {
            Self((nanos + WHOLE).to_bits() - WHOLE.to_bits())
        } else {
            Self::of_large(nanos)
        }
    }

    /// Months and more, and what is no length of time.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    #[cold]
    fn of_large(nanos: f64) -> Self {
        Self(nanos as u64)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for display and statistics only.
    #[allow(clippy::cast_precision_loss, reason = "below 2^53 ns (104 days) the nanoseconds are exact")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether no time passes.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This length times `factor`, rounded to the nanosecond.
    #[allow(clippy::cast_precision_loss, reason = "a factor of someone's own is not that exact")]
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self::from_nanos_f64(self.0 as f64 * factor)
    }

    /// Half of it, rounded down: one leg of a round trip.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    /// Saturates at [`SimTime::MAX`], which no run reaches.
    fn add(self, rhs: SimDuration) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, rhs: SimDuration) {
        *self = *self + rhs;
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, rhs: Self) {
        *self = *self + rhs;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_to_the_nearest_nanosecond_and_saturate() {
        assert_eq!(SimDuration::from_secs_f64(1.5), SimDuration::from_millis(1500));
        assert_eq!(SimDuration::from_secs_f64(0.1 + 0.2), SimDuration::from_millis(300));
        assert_eq!(SimDuration::from_secs_f64(-1.0), SimDuration::ZERO);
        assert_eq!(SimDuration::from_secs_f64(f64::NAN), SimDuration::ZERO);
        assert_eq!(SimDuration::from_secs_f64(f64::INFINITY), SimDuration::MAX);
    }

    #[test]
    fn time_never_wraps() {
        assert_eq!(SimTime::MAX + SimDuration::from_secs(1), SimTime::MAX);
        assert_eq!(SimTime::ZERO.since(SimTime::from_nanos(5)), SimDuration::ZERO);
    }
}
