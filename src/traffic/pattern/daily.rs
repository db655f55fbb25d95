//! `daily`: a rate that swings as a sine around its mean.

use super::more_than_zero;
use super::{Beat, Clock, Pattern, Spacing, Tick, instant};
use crate::engine::random::StreamKey;
use crate::site::{At, Site};
use crate::units::{Duration, Rate};
use serde::Deserialize;
use std::f64::consts::TAU;

/// `{ mean = "10/s", peak = "30/s", peak_at = "14h" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DailySpec {
    /// The rate over a whole period.
    pub mean: Option<At<Rate>>,
    /// The highest rate, at most twice the mean; the lowest is as far below the mean.
    pub peak: Option<At<Rate>>,
    /// From one peak to the next; a day unless said otherwise.
    pub period: Option<At<Duration>>,
    /// When the first peak is; after half a period unless said otherwise.
    pub peak_at: Option<At<Duration>>,
}

impl DailySpec {
    pub(crate) fn build(self, spacing: Spacing, site: &mut Site<'_>) -> Option<Daily> {
        let (mean_at, peak_at) = (self.mean, self.peak);
        let (mean, peak) = (site.required("mean", self.mean), site.required("peak", self.peak));
        let period_at = self.period;
        let period = site.or_default("period", self.period, Duration::from_days(1), "a day").as_secs_f64();
        let half = Duration::from(Duration::get(period_at.map_or(Duration::from_days(1), |at| at.value)).half());
        let top = site.or_default("peak_at", self.peak_at, half, "half a period after the start").as_secs_f64();
        let (mean, peak) = (mean?.get(), peak?.get());
        let sound = more_than_zero(site, "mean", mean_at, mean) & more_than_zero(site, "period", period_at, period);
        if peak < mean || peak > 2.0 * mean {
            let span = peak_at.map_or(site.span(), |at| at.span);
            site.error(span, "S031", "the peak must lie between the mean and twice the mean")
                .note("a sine falls as far below its mean as it rises above it, and a rate cannot be negative")
                .hint("raise `mean`, or add a `spike` to a flatter day");
            return None;
        }
        sound.then_some(Daily { mean, peak, period, peak_at: top, spacing })
    }
}

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
        // Whole periods are taken off first, of the way to the top as well: large numbers have lost their last digits.
        let top = self.peak_at / self.period;
        let periods = at / self.period - (top - libm::floor(top));
        TAU * (periods - libm::floor(periods))
    }

    /// How many jobs the swing has brought or cost since a top, and the rate.
    fn swung(&self, at: f64) -> (f64, f64) {
        let (sine, cosine) = libm::sincos(self.phase(at));
        (self.swing() * self.period / TAU * sine, self.mean + self.swing() * cosine)
    }
}

/// A time, the expected jobs before it, and the rate at it.
#[derive(Debug, Clone, Copy)]
struct Point {
    at: f64,
    passed: f64,
    rate: f64,
}

/// The clock of [`Daily`]: the beat and the last point that was looked at, from which the search for the next begins.
#[derive(Debug, Clone)]
pub struct DailyClock {
    beat: Beat,
    daily: Daily,
    /// What the swing was worth at time zero.
    origin: f64,
    near: Point,
    last: f64,
}

impl DailyClock {
    fn look(&self, at: f64) -> Point {
        let (swung, rate) = self.daily.swung(at);
        Point { at, passed: self.daily.mean * at + swung - self.origin, rate }
    }

    /// The time at which `passed` jobs are expected: Newton's method, held inside a bracket that always shrinks.
    fn when(&mut self, passed: f64) -> f64 {
        let reach = self.daily.swing() * self.daily.period / TAU;
        // The swing is worth at most `reach` jobs either way, which bounds the root; nor is it before the last one.
        let middle = passed + self.origin;
        let mut low = self.last.max((middle - reach) / self.daily.mean);
        let mut high = (middle + reach) / self.daily.mean;
        let mut point = self.near;
        // A step below a quarter of a nanosecond cannot change the arrival; halving alone gets there in 100 steps.
        for _ in 0..100 {
            let excess = point.passed - passed;
            if excess > 0.0 {
                high = high.min(point.at);
            } else {
                low = low.max(point.at);
            }
            let newton = point.at - excess / point.rate;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - point.at).abs() < 0.25e-9 {
                self.near = point;
                return next;
            }
            point = self.look(next);
        }
        self.near = point;
        point.at
    }
}

impl Pattern for Daily {
    type Clock = DailyClock;

    fn start(&self, key: StreamKey) -> DailyClock {
        let (origin, rate) = self.swung(0.0);
        let near = Point { at: 0.0, passed: 0.0, rate };
        DailyClock { beat: Beat::start(self.spacing, key), daily: *self, origin, near, last: 0.0 }
    }

    fn expected(&self, until: f64) -> f64 {
        // Between instants that are near each other the difference of two swings is nothing but rounding.
        (self.mean * until + self.swung(until).0 - self.swung(0.0).0).max(0.0)
    }

    fn peak(&self) -> f64 {
        self.peak
    }
}

impl Clock for DailyClock {
    fn tick(&mut self) -> Tick {
        let (passed, index) = self.beat.step();
        self.last = self.when(passed).max(self.last);
        (instant(self.last), index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;

    use crate::traffic::check::flow;

    const DAY: f64 = 86_400.0;

    #[test]
    fn a_day_begins_at_its_lowest_unless_told_otherwise() {
        let day = flow("daily = { mean = '10/s', peak = '20/s' }").expect("sound");
        assert!((day.expected_jobs(DAY) - 864_000.0).abs() < 1e-6);
        // A quarter of a day around noon against one around midnight: the mean and 2/π of the swing either way.
        let quarter = day.expected_jobs(0.625 * DAY) - day.expected_jobs(0.375 * DAY);
        assert!((quarter - 216_000.0 * (1.0 + 2.0 * 2.0_f64.sqrt() / std::f64::consts::PI)).abs() < 1e-3, "{quarter}");
        assert!(day.expected_jobs(60.0) < 1.0);
    }

    #[test]
    fn a_peak_that_no_sine_reaches_is_refused() {
        let shown = flow("daily = { mean = '10/s', peak = '21/s' }").expect_err("too high");
        assert!(shown.contains("between the mean and twice the mean"), "{shown}");
        assert!(flow("daily = { mean = '10/s', peak = '9/s' }").is_err());
        let shown = flow("daily = { mean = '0/s', peak = '0/s', period = '0s' }").expect_err("nothing");
        assert!(shown.contains("`mean` must be more than zero") && shown.contains("`period` must be"), "{shown}");
    }

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

    #[test]
    fn no_jobs_are_expected_in_no_time_however_far_away_the_peak_is() {
        let pattern =
            Daily { mean: 1.0, peak: 1.87, period: 4_610.78, peak_at: 238_992_737.8, spacing: Spacing::Poisson };
        assert!((0..1_000).all(|step| pattern.expected(f64::from(step) * 1e-10) >= 0.0));
    }
}
