//! How long a surge takes to go: from the largest backlog down to what was usual before it rose.
//!
//! The rise to the peak began about as long before the backlog passed the middle, between what was usual and the peak, as
//! the peak came after that. What was usual is the median of the backlog before; but where the backlog was far lower than
//! that for a tenth of the time, it had risen before already and stayed up, as in a storm of retries, and the lower
//! level is the usual one. The peak itself changes what the middle is, so this is found in a few rounds that begin with
//! nothing being usual. A backlog that was never far below its peak has no rise, and nothing is usual.

use crate::engine::{SimDuration, SimTime};

/// Rounds after which the usual level is taken as it is; two or three are enough nearly always.
const ROUNDS: usize = 8;

/// A level that many times lower than the median is no fluctuation about it.
const FAR: u32 = 3;

/// A backlog on a fixed grid, and its peak between the instants of the grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surge<'s> {
    /// Jobs at 0, one step, two steps, ….
    pub samples: &'s [u32],
    /// The step.
    pub step: SimDuration,
    /// What comes before is not looked at, if the rise begins later.
    pub warmup: SimTime,
    /// When the backlog was largest.
    pub at: SimTime,
    /// How large it was then.
    pub peak: u64,
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on a grid of some ten thousand instants, none below zero"
)]
impl Surge<'_> {
    /// How many steps after the start an instant lies.
    fn place(&self, at: SimTime) -> f64 {
        at.as_nanos() as f64 / self.step.as_nanos() as f64
    }

    /// The usual backlog before the rise; 0 if there is no such time.
    pub(super) fn usual(&self) -> u64 {
        let mut usual = 0;
        for _ in 0..ROUNDS {
            let next = self.level_before_rise(u64::midpoint(usual, self.peak));
            if next <= usual {
                break;
            }
            usual = next;
        }
        usual
    }

    /// The level of the backlog before the rise, which passed `middle` for the last time before the peak.
    fn level_before_rise(&self, middle: u64) -> u64 {
        let peak = self.place(self.at);
        let before = &self.samples[..self.samples.len().min(peak.ceil() as usize)];
        let Some(passed) = before.iter().rposition(|&jobs| u64::from(jobs) <= middle) else { return 0 };
        let began = 2.0 * passed as f64 - peak;
        if began < 0.0 {
            return 0;
        }
        let end = began as usize + 1;
        let mut window = before[(self.place(self.warmup) as usize).min(end - 1)..end].to_vec();
        window.sort_unstable();
        let (median, tenth) = (window[(window.len() - 1) / 2], window[(window.len() - 1) / 10]);
        u64::from(if tenth < median / FAR { tenth } else { median })
    }

    /// When the backlog was first down to `level` after the peak, by the samples and straight lines between them.
    pub(super) fn down_to(&self, level: u64) -> Option<SimTime> {
        let peak = self.place(self.at);
        let (mut place, mut jobs) = (peak, self.peak);
        let from = peak.floor() as usize + 1;
        for (index, &sample) in self.samples.iter().enumerate().skip(from) {
            let sample = u64::from(sample);
            if sample <= level {
                let part = if jobs > level { (jobs - level) as f64 / (jobs - sample) as f64 } else { 0.0 };
                let steps = place - peak + part * (index as f64 - place);
                return Some(self.at + self.step.scaled(steps));
            }
            (place, jobs) = (index as f64, sample);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: SimDuration = SimDuration::from_secs(1);

    fn surge(samples: &[u32], at: f64, peak: u64) -> Surge<'_> {
        Surge { samples, step: STEP, warmup: SimTime::ZERO, at: SimTime::ZERO + STEP.scaled(at), peak }
    }

    /// A start from nothing, a usual backlog of about 100, a spike to 1000 at 50 s, and 20 less every second from then on.
    fn spike() -> Vec<u32> {
        let usual = (0..50).map(|second| (second * 20).min(99 + second % 3));
        usual.chain((0..46).map(|second| 1000 - 20 * second)).chain([100; 20]).collect()
    }

    #[test]
    fn what_was_usual_before_a_spike_is_found_although_it_began_with_nothing() {
        let samples = spike();
        assert_eq!(surge(&samples, 50.0, 1000).usual(), 100);
        assert_eq!(surge(&samples, 50.0, 1000).down_to(100), Some(SimTime::ZERO + SimDuration::from_secs(95)));
    }

    #[test]
    fn a_storm_that_has_begun_before_the_peak_is_not_usual() {
        let calm = (0..150).map(|second| 2 + second % 3);
        let samples: Vec<u32> = calm.chain((0..250).map(|second| 22 + second * 7 % 9)).chain([30, 40, 50]).collect();
        assert_eq!(surge(&samples, 402.0, 50).usual(), 2);
    }

    #[test]
    fn a_slow_rise_is_no_usual_backlog() {
        let rise: Vec<u32> = (0..=200).collect();
        assert!(surge(&rise, 200.0, 200).usual() <= 1);
        let late: Vec<u32> = [30; 100].into_iter().chain((0..100).map(|second| 30 + 10 * second)).collect();
        assert!((30..60).contains(&surge(&late, 199.0, 1020).usual()));
    }

    #[test]
    fn a_backlog_that_was_always_near_its_peak_has_no_usual_level_below_it() {
        let samples: Vec<u32> = (0..100).map(|second| 300 + second % 7).collect();
        assert_eq!(surge(&samples, 90.0, 340).usual(), 0);
        assert_eq!(surge(&[], 0.0, 5).usual(), 0);
        assert_eq!(surge(&[3, 4], 0.0, 5).usual(), 0);
    }

    #[test]
    fn a_fall_between_two_samples_is_found_on_the_line_between_them() {
        let samples = [0, 10, 8, 4, 0];
        let at = |seconds| Some(SimTime::ZERO + STEP.scaled(seconds));
        assert_eq!(surge(&samples, 1.0, 10).down_to(6), at(2.5));
        assert_eq!(surge(&samples, 1.5, 12).down_to(10), at(1.75));
        assert_eq!(surge(&samples[..3], 1.0, 10).down_to(6), None);
    }
}
