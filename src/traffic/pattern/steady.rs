//! `rate`: one rate for ever.

use super::{Beat, Clock, Pattern, Spacing, Tick, instant};
use crate::engine::random::StreamKey;

/// A constant rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steady {
    /// Jobs per second, positive -- parameter.
    pub rate: f64,
    /// Poisson or regular -- parameter.
    pub spacing: Spacing,
}

/// The clock of [`Steady`]: nothing but the beat, stretched.
#[derive(Debug, Clone)]
pub struct SteadyClock {
    beat: Beat,
    gap: f64,
}

impl Pattern for Steady {
    type Clock = SteadyClock;

    fn start(&self, key: StreamKey) -> SteadyClock {
        SteadyClock { beat: Beat::start(self.spacing, key), gap: self.rate.recip() }
    }

    fn expected(&self, until: f64) -> f64 {
        self.rate * until
    }

    fn peak(&self) -> f64 {
        self.rate
    }
}

impl Clock for SteadyClock {
    #[inline]
    fn tick(&mut self) -> Tick {
        let (passed, index) = self.beat.step();
        (instant(passed * self.gap), index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;
    use crate::traffic::check::{assert_mean, ks_distance, ks_limit};

    #[test]
    fn poisson_gaps_are_exponential_and_do_not_depend_on_each_other() {
        let ticks = arrivals(&Steady { rate: 10.0, spacing: Spacing::Poisson }, 0, 5_000.0);
        let times: Vec<f64> = ticks.iter().map(|tick| tick.0.as_secs_f64()).collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).take(40_000).collect();
        assert!(ks_distance(&gaps, |x| -libm::expm1(-10.0 * x)) < ks_limit(40_000));
        let products: Vec<f64> = gaps.windows(2).map(|pair| (pair[0] - 0.1) * (pair[1] - 0.1)).collect();
        assert_mean(&products, 0.0);
    }

    #[test]
    fn poisson_counts_have_mean_and_variance_of_the_rate() {
        let pattern = Steady { rate: 4.0, spacing: Spacing::Poisson };
        assert_counts(&pattern, 2_000, &[(0.0, 1.0), (1.0, 5.0), (0.0, 5.0)]);
        let squares: Vec<f64> = (0..2_000)
            .map(|run| arrivals(&pattern, run, 5.0).len() as f64 - 20.0)
            .map(|deviation| deviation * deviation)
            .collect();
        assert_mean(&squares, 20.0);
    }

    #[test]
    fn regular_jobs_are_a_gap_apart_and_fill_every_window_alike() {
        let ticks = arrivals(&Steady { rate: 10.0, spacing: Spacing::Regular }, 0, 60.0);
        assert_eq!(ticks.len(), 600);
        assert_eq!(ticks[0].0.as_nanos(), 50_000_000);
        assert_eq!(ticks[599].0.as_nanos(), 59_950_000_000);
    }

    #[test]
    fn twice_the_rate_brings_every_job_in_half_the_time() {
        let slow = arrivals(&Steady { rate: 1.0, spacing: Spacing::Poisson }, 3, 100.0);
        let fast = arrivals(&Steady { rate: 2.0, spacing: Spacing::Poisson }, 3, 50.0);
        assert_eq!(slow.len(), fast.len());
        for (slow, fast) in slow.iter().zip(&fast) {
            assert!((slow.0.as_secs_f64() - 2.0 * fast.0.as_secs_f64()).abs() < 2e-9);
        }
    }
}
