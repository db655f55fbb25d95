//! `trace`: arrivals that were measured, replayed faster or slower, thinned or multiplied.
//!
//! A job keeps its number, and with it its size, key and work, when speed or volume change: the original of row `r` is
//! job `r`, its first copy is job `rows + r`. So a larger volume adds jobs to those of a smaller one.

use super::spike::{Places, Spread};
use super::{Clock, Pattern, Tick, instant};
use crate::engine::random::StreamKey;
use crate::engine::time::{SimDuration, SimTime};
use std::sync::Arc;

/// What was measured, after scaling in time.
#[derive(Debug, Clone)]
pub enum Rows {
    /// The instant of each job, in rising order.
    Times(Arc<[SimTime]>),
    /// The number of jobs in each of a row of intervals.
    Counts {
        /// Jobs per interval; their sum fits 32 bits.
        counts: Arc<[u32]>,
        /// Seconds per interval, positive.
        interval: f64,
        /// How the jobs lie in their interval.
        spread: Spread,
    },
}

/// How many times each job is replayed: a whole number of copies, and one more with some chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    whole: u32,
    part: f64,
}

impl Volume {
    /// The largest volume; more would be another trace.
    pub const MAX: f64 = 1e6;

    /// `factor` jobs for each in the file, on average; held between zero and [`Volume::MAX`].
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between zero and MAX")]
    pub fn new(factor: f64) -> Self {
        let factor = factor.clamp(0.0, Self::MAX);
        let whole = factor as u32;
        Self { whole, part: factor - f64::from(whole) }
    }

    /// Expected jobs for each in the file.
    pub fn factor(self) -> f64 {
        f64::from(self.whole) + self.part
    }

    /// Copies that a job can have at most.
    fn copies(self) -> u32 {
        self.whole + u32::from(self.part > 0.0)
    }

    /// Whether this copy of a job is replayed; `index` is the copy's own number.
    fn keeps(self, copy: u32, index: u32, coins: StreamKey) -> bool {
        copy < self.whole || coins.stream(u64::from(index)).uniform() < self.part
    }
}

/// Measured arrivals.
#[derive(Debug, Clone)]
pub struct Trace {
    rows: Rows,
    volume: Volume,
    /// Jobs in the file.
    total: u32,
}

impl Trace {
    /// Replays `rows`, each job `volume` times; none when there are more jobs than 32 bits can number.
    pub fn new(rows: Rows, volume: Volume) -> Option<Self> {
        let total = match &rows {
            Rows::Times(times) => times.len() as u64,
            Rows::Counts { counts, .. } => counts.iter().map(|&count| u64::from(count)).sum(),
        };
        let total = u32::try_from(total).ok()?;
        total.checked_mul(volume.copies().max(1))?;
        Some(Self { rows, volume, total })
    }

    /// Jobs in the file, before scaling.
    pub fn total(&self) -> u32 {
        self.total
    }
}

/// A place among the copies of all jobs of a file, in their order.
#[derive(Debug, Clone)]
struct Copies {
    volume: Volume,
    coins: StreamKey,
    total: u32,
    job: u32,
    copy: u32,
}

impl Copies {
    /// The next copy that is replayed of the jobs before `end`: the job's place in the file and the copy's number.
    ///
    /// Simplified: the copies of a job of known time arrive with it at the same instant.
    fn next(&mut self, end: u32) -> Option<(u32, u32)> {
        while self.job < end && self.volume.copies() > 0 {
            if self.copy == self.volume.copies() {
                (self.job, self.copy) = (self.job + 1, 0);
                continue;
            }
            let (job, copy) = (self.job, self.copy);
            self.copy += 1;
            let index = copy * self.total + job;
            if self.volume.keeps(copy, index, self.coins) {
                return Some((job, index));
            }
        }
        None
    }

    /// How many copies of the jobs from `start` to before `end` are replayed.
    fn count(&self, start: u32, end: u32) -> u32 {
        if self.volume.part > 0.0 {
            let mut ahead = Self { job: start, copy: 0, ..self.clone() };
            return (0..).map_while(|_: u32| ahead.next(end)).map(|_| 1).sum();
        }
        (end - start) * self.volume.whole
    }
}

/// The clock of [`Trace`].
#[derive(Debug, Clone)]
pub struct TraceClock {
    rows: Rows,
    copies: Copies,
    /// For counts: places in the present interval, the number of the next one, and the jobs before it in the file.
    places: Places,
    spreads: StreamKey,
    interval: usize,
    before: u32,
}

impl TraceClock {
    fn next(&mut self) -> Option<(SimTime, u32)> {
        let (counts, length, spread) = match &self.rows {
            Rows::Times(times) => {
                let (job, index) = self.copies.next(self.copies.total)?;
                return Some((times[job as usize], index));
            }
            Rows::Counts { counts, interval, spread } => (counts, *interval, *spread),
        };
        loop {
            if let Some(place) = self.places.next() {
                let (_, index) = self.copies.next(self.before)?;
                let intervals = real(self.interval) - 1.0 + place;
                return Some((instant(intervals * length), index));
            }
            let start = self.before;
            self.before += *counts.get(self.interval)?;
            let draws = self.spreads.stream(self.interval as u64);
            self.places = Places::new(self.copies.count(start, self.before), spread, draws);
            self.interval += 1;
        }
    }
}

impl Pattern for Trace {
    type Clock = TraceClock;

    fn start(&self, key: StreamKey) -> TraceClock {
        let spreads = key.child("places");
        let coins = key.child("coins");
        TraceClock {
            rows: self.rows.clone(),
            copies: Copies { volume: self.volume, coins, total: self.total, job: 0, copy: 0 },
            places: Places::new(0, Spread::Even, spreads.stream(0)),
            spreads,
            interval: 0,
            before: 0,
        }
    }

    fn expected(&self, until: f64) -> f64 {
        let jobs = match &self.rows {
            Rows::Times(times) => real(times.partition_point(|&time| time < instant(until))),
            Rows::Counts { counts, interval, .. } => {
                let share =
                    |(i, &count): (usize, &u32)| f64::from(count) * (until / interval - real(i)).clamp(0.0, 1.0);
                counts.iter().enumerate().map(share).sum()
            }
        };
        jobs * self.volume.factor()
    }

    fn peak(&self) -> f64 {
        let peak = match &self.rows {
            Rows::Times(times) => {
                let second = |&first: &SimTime| first + SimDuration::from_secs(1);
                let within = |i: usize| times[i..].partition_point(|&time| time < second(&times[i]));
                real((0..times.len()).map(within).max().unwrap_or(0))
            }
            Rows::Counts { counts, interval, .. } => {
                f64::from(counts.iter().copied().max().unwrap_or(0)) / interval.max(1.0)
            }
        };
        peak * self.volume.factor()
    }
}

impl Clock for TraceClock {
    fn tick(&mut self) -> Tick {
        self.next().unwrap_or((SimTime::MAX, 0))
    }
}

#[allow(clippy::cast_precision_loss, reason = "a file has fewer than 2^53 rows")]
fn real(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;
    use crate::traffic::check::{assert_mean, ks_distance, ks_limit};
    use std::collections::BTreeSet;

    fn times(secs: &[f64], volume: f64) -> Trace {
        let times = secs.iter().map(|&at| instant(at)).collect();
        Trace::new(Rows::Times(times), Volume::new(volume)).expect("a short trace")
    }

    fn counts(counts: &[u32], spread: Spread, volume: f64) -> Trace {
        let rows = Rows::Counts { counts: counts.into(), interval: 300.0, spread };
        Trace::new(rows, Volume::new(volume)).expect("a short trace")
    }

    #[test]
    fn times_come_back_to_the_nanosecond_with_their_row_as_number() {
        let ticks = arrivals(&times(&[0.0, 4.314_579, 4.314_579, 9.5], 1.0), 0, 1e6);
        let expected = [(0, 0), (4_314_579_000, 1), (4_314_579_000, 2), (9_500_000_000, 3)];
        assert_eq!(ticks, expected.map(|(nanos, row)| (SimTime::from_nanos(nanos), row)));
    }

    #[test]
    fn counts_come_back_exactly_per_interval() {
        for spread in [Spread::Uniform, Spread::Even] {
            let ticks = arrivals(&counts(&[94, 0, 187, 3], spread, 1.0), 0, 1e6);
            let within = |i: u64| ticks.iter().filter(|tick| tick.0.as_nanos() / 300_000_000_000 == i).count();
            assert_eq!([within(0), within(1), within(2), within(3)], [94, 0, 187, 3]);
            assert!(ticks.iter().zip(0..).all(|(tick, index)| tick.1 == index));
        }
    }

    #[test]
    fn jobs_spread_uniformly_lie_anywhere_in_their_interval() {
        let ticks = arrivals(&counts(&[50; 400], Spread::Uniform, 1.0), 0, 1e9);
        let places: Vec<f64> = ticks.iter().map(|tick| (tick.0.as_secs_f64() / 300.0).fract()).collect();
        assert!(ks_distance(&places, |x| x) < ks_limit(20_000));
    }

    #[test]
    fn volume_thins_and_multiplies_what_is_expected() {
        let secs: Vec<f64> = (0..200).map(f64::from).collect();
        for volume in [0.25, 1.0, 2.5] {
            let trace = times(&secs, volume);
            let found: Vec<f64> = (0..400).map(|run| arrivals(&trace, run, 1e6).len() as f64).collect();
            assert_mean(&found, 200.0 * volume);
            assert_counts(
                &counts(&[20, 40, 0, 10], Spread::Uniform, volume),
                400,
                &[(0.0, 300.0), (300.0, 750.0), (750.0, 1200.0)],
            );
        }
        assert!(arrivals(&times(&secs, 0.0), 0, 1e6).is_empty());
    }

    #[test]
    fn more_volume_keeps_the_jobs_of_less() {
        let secs: Vec<f64> = (0..500).map(f64::from).collect();
        let jobs = |volume| arrivals(&times(&secs, volume), 0, 1e6).into_iter().collect::<BTreeSet<_>>();
        for (less, more) in [(0.2, 0.5), (0.5, 1.0), (1.0, 1.3), (1.3, 4.0)] {
            assert!(jobs(less).is_subset(&jobs(more)), "{less} and {more}");
        }
        let numbers: BTreeSet<u32> = jobs(4.0).iter().map(|job| job.1).collect();
        assert_eq!(numbers, (0..2_000).collect());
    }

    #[test]
    fn expected_jobs_and_peak_are_those_of_the_file() {
        let trace = counts(&[94, 56, 187], Spread::Uniform, 2.0);
        assert!((trace.expected(450.0) - 2.0 * (94.0 + 28.0)).abs() < 1e-9);
        assert!((trace.peak() - 2.0 * 187.0 / 300.0).abs() < 1e-12);
        let trace = times(&[0.0, 0.2, 0.9, 1.1, 7.0], 1.0);
        assert!((trace.expected(1.0) - 3.0).abs() < 1e-12);
        assert!((trace.peak() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn more_jobs_than_can_be_numbered_are_refused() {
        let rows = Rows::Counts { counts: [u32::MAX, 1].into(), interval: 1.0, spread: Spread::Even };
        assert!(Trace::new(rows, Volume::new(1.0)).is_none());
        let rows = Rows::Counts { counts: [1_000_000].into(), interval: 1.0, spread: Spread::Even };
        assert!(Trace::new(rows, Volume::new(10_000.0)).is_none());
    }
}
