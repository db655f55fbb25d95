//! `daily`: a rate that swings as a sine around its mean.

use super::{Beat, Clock, Pattern, Spacing, Tick, instant};
use crate::engine::random::StreamKey;
use std::f64::consts::TAU;

/// `mean + (peak - mean) cos(2π (t - peak_at) / period)` jobs per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Daily {
    /// Jobs per second over a whole period, positive -- parameter.
    pub mean: f64,
    /// Jobs per second at the top; between the mean and twice the mean, so that the rate is never negative -- parameter.
    pub peak: f64,
    /// Seconds from top to top -- parameter.
    pub period: f64,
    /// Seconds from the start to a top -- parameter.
    pub peak_at: f64,
    /// Poisson or regular -- parameter.
    pub spacing: Spacing,
}

impl Daily {
    fn swing(&self) -> f64 {
        self.peak - self.mean
    }

    fn phase(&self, at: f64) -> f64 {
        // Whole periods are taken off first: the sine of a large number has lost its last digits.
        let periods = (at - self.peak_at) / self.period;
        TAU * (periods - libm::floor(periods))
    }

    fn rate_at(&self, at: f64) -> f64 {
        self.mean + self.swing() * libm::cos(self.phase(at))
    }

    /// How many jobs the swing has brought or cost since a top.
    fn swung(&self, at: f64) -> f64 {
        self.swing() * self.period / TAU * libm::sin(self.phase(at))
    }
}

/// The clock of [`Daily`]: the beat and the last arrival, from which the search for the next begins.
#[derive(Debug, Clone)]
pub struct DailyClock {
    beat: Beat,
    daily: Daily,
    /// `swung` at time zero.
    origin: f64,
    last: f64,
}

impl DailyClock {
    /// Expected jobs before `at`.
    fn passed(&self, at: f64) -> f64 {
        self.daily.mean * at + self.daily.swung(at) - self.origin
    }

    /// The time at which `passed` jobs are expected: Newton's method, held inside a bracket that always shrinks.
    fn when(&self, passed: f64) -> f64 {
        let reach = self.daily.swing() * self.daily.period / TAU;
        // The swing is worth at most `reach` jobs either way, which bounds the root; nor is it before the last one.
        let middle = passed + self.origin;
        let mut low = self.last.max((middle - reach) / self.daily.mean);
        let mut high = (middle + reach) / self.daily.mean;
        // `min` and `max` rather than `clamp`: rounding may have put `low` above `high`, and 0/0 must not survive.
        let guess = self.last + (passed - self.passed(self.last)) / self.daily.rate_at(self.last);
        let mut at = guess.max(low).min(high);
        // A step below a quarter of a nanosecond cannot change the arrival; halving alone gets there in 100 steps.
        for _ in 0..100 {
            let excess = self.passed(at) - passed;
            if excess > 0.0 {
                high = at
            } else {
                low = at
            }
            let newton = at - excess / self.daily.rate_at(at);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - at).abs() < 0.25e-9 {
                return next;
            }
            at = next;
        }
        at
    }
}

impl Pattern for Daily {
    type Clock = DailyClock;

    fn start(&self, key: StreamKey) -> DailyClock {
        DailyClock { beat: Beat::start(self.spacing, key), daily: *self, origin: self.swung(0.0), last: 0.0 }
    }

    fn expected(&self, until: f64) -> f64 {
        self.mean * until + self.swung(until) - self.swung(0.0)
    }

    fn peak(&self) -> f64 {
        self.peak
    }
}

impl Clock for DailyClock {
    fn tick(&mut self) -> Tick {
        let (passed, index) = self.beat.next();
        self.last = self.when(passed).max(self.last);
        (instant(self.last), index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;

    const DAY: f64 = 86_400.0;

    #[test]
    fn counts_follow_the_sine() {
        let pattern = Daily { mean: 8.0, peak: 14.4, period: 60.0, peak_at: 15.0, spacing: Spacing::Poisson };
        assert_counts(&pattern, 1_000, &[(0.0, 15.0), (15.0, 30.0), (30.0, 45.0), (45.0, 60.0), (60.0, 61.0)]);
        // 8 (1 + 0.8 sin(2π t / 60)) from 0 to 15 is 120 + 8 × 0.8 × 60 / 2π.
        assert!((pattern.expected(15.0) - (120.0 + 8.0 * 0.8 * 60.0 / TAU)).abs() < 1e-9);
        assert!((pattern.expected(600.0) - 4_800.0).abs() < 1e-6);
    }

    #[test]
    fn each_regular_job_is_where_the_integral_of_the_rate_says() {
        // The trough reaches zero, where Newton's method alone would run away.
        let pattern = Daily { mean: 0.01, peak: 0.02, period: DAY, peak_at: 14.0 * 3600.0, spacing: Spacing::Regular };
        let ticks = arrivals(&pattern, 0, 3.0 * DAY);
        assert_eq!(ticks.len(), 2_592);
        for (i, tick) in ticks.iter().enumerate() {
            let passed = pattern.expected(tick.0.as_secs_f64());
            assert!((passed - (i as f64 + 0.5)).abs() < 1e-9, "job {i}: {passed}");
        }
    }

    #[test]
    fn a_swing_of_nothing_is_a_constant_rate() {
        let pattern = Daily { mean: 2.0, peak: 2.0, period: DAY, peak_at: 0.0, spacing: Spacing::Regular };
        let ticks = arrivals(&pattern, 0, 10.0);
        assert_eq!(ticks.len(), 20);
        assert!((ticks[7].0.as_secs_f64() - 3.75).abs() < 1e-9);
    }
}
