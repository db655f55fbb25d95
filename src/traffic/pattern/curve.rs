//! A rate that goes in straight lines, inverted in closed form: what `ramp` and `phases` resolve to.

use super::{Beat, Clock, Pattern, Spacing, Tick, instant};
use crate::engine::random::StreamKey;
use std::sync::Arc;

/// One stretch of a curve as it is written: how long, and the rates at its two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Seconds; infinity in the last stretch for a rate that stays.
    pub length: f64,
    /// Jobs per second when the stretch begins.
    pub from: f64,
    /// Jobs per second when it ends; the same as `from` in an endless stretch.
    pub to: f64,
}

/// One stretch with all that inverting needs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    start: f64,
    end: f64,
    rate: f64,
    /// Change of the rate per second.
    slope: f64,
    /// Expected jobs before the stretch.
    before: f64,
    /// Expected jobs before its end.
    after: f64,
}

impl Piece {
    /// The rate at its end.
    fn last_rate(&self) -> f64 {
        if self.slope == 0.0 { self.rate } else { self.rate + self.slope * (self.end - self.start) }
    }

    /// Expected jobs from the start of the stretch to `secs` later.
    fn jobs(&self, secs: f64) -> f64 {
        secs * (self.rate + 0.5 * self.slope * secs)
    }

    /// When that many jobs are expected: the root of `rate s + slope s² / 2`, in the form that does not cancel.
    fn when(&self, passed: f64) -> f64 {
        let jobs = passed - self.before;
        let root = (self.rate * self.rate + 2.0 * self.slope * jobs).max(0.0).sqrt();
        (self.start + 2.0 * jobs / (self.rate + root)).min(self.end)
    }
}

/// A piecewise linear rate.
#[derive(Debug, Clone)]
pub struct Curve {
    pieces: Arc<[Piece]>,
    spacing: Spacing,
}

impl Curve {
    /// Joins the stretches from time zero on; after the last there is no traffic.
    pub fn new(stretches: &[Stretch], spacing: Spacing) -> Self {
        let (mut start, mut before) = (0.0, 0.0);
        let mut pieces = Vec::with_capacity(stretches.len());
        for stretch in stretches.iter().filter(|stretch| stretch.length > 0.0) {
            let endless = stretch.length.is_infinite();
            let slope = if endless { 0.0 } else { (stretch.to - stretch.from) / stretch.length };
            let after = match (endless, stretch.from > 0.0) {
                (false, _) => before + 0.5 * (stretch.from + stretch.to) * stretch.length,
                (true, true) => f64::INFINITY,
                (true, false) => before,
            };
            let end = start + stretch.length;
            pieces.push(Piece { start, end, rate: stretch.from, slope, before, after });
            (start, before) = (end, after);
        }
        Self { pieces: pieces.into(), spacing }
    }
}

/// The clock of [`Curve`]: the beat and the stretch it has come to.
#[derive(Debug, Clone)]
pub struct CurveClock {
    beat: Beat,
    pieces: Arc<[Piece]>,
    at: usize,
}

impl Pattern for Curve {
    type Clock = CurveClock;

    fn start(&self, key: StreamKey) -> CurveClock {
        CurveClock { beat: Beat::start(self.spacing, key), pieces: self.pieces.clone(), at: 0 }
    }

    fn expected(&self, until: f64) -> f64 {
        let begun = self.pieces.iter().take_while(|piece| piece.start < until);
        begun.last().map_or(0.0, |piece| {
            if until >= piece.end { piece.after } else { piece.before + piece.jobs(until - piece.start) }
        })
    }

    fn peak(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.rate.max(piece.last_rate())).fold(0.0, f64::max)
    }

    fn jumps(&self) -> Vec<f64> {
        let is_jump = |pair: &&[Piece]| (pair[1].rate - pair[0].last_rate()).abs() > 1e-9 * pair[1].rate;
        let jumps = self.pieces.windows(2).filter(is_jump).map(|pair| pair[1].start);
        let end = self.pieces.last().filter(|last| last.last_rate() > 0.0 && last.end.is_finite());
        jumps.chain(end.map(|last| last.end)).collect()
    }
}

impl Clock for CurveClock {
    fn tick(&mut self) -> Tick {
        let (passed, index) = self.beat.step();
        while let Some(piece) = self.pieces.get(self.at) {
            if passed <= piece.after {
                return (instant(piece.when(passed)), index);
            }
            self.at += 1;
        }
        (instant(f64::INFINITY), index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;

    fn curve(stretches: &[(f64, f64, f64)], spacing: Spacing) -> Curve {
        let stretches: Vec<_> = stretches.iter().map(|&(length, from, to)| Stretch { length, from, to }).collect();
        Curve::new(&stretches, spacing)
    }

    #[test]
    fn counts_follow_ramps_steps_and_pauses() {
        // Up from 0 to 20/s in a minute, half a minute there, a pause, down from 10/s to nothing, then 5/s.
        let pattern = curve(
            &[(60.0, 0.0, 20.0), (30.0, 20.0, 20.0), (10.0, 0.0, 0.0), (20.0, 10.0, 0.0), (f64::INFINITY, 5.0, 5.0)],
            Spacing::Poisson,
        );
        assert_counts(
            &pattern,
            1_000,
            &[(0.0, 15.0), (15.0, 60.0), (60.0, 90.0), (90.0, 100.0), (100.0, 110.0), (110.0, 120.0), (120.0, 130.0)],
        );
        assert!((pattern.expected(60.0) - 600.0).abs() < 1e-9);
        assert!((pattern.expected(130.0) - 1350.0).abs() < 1e-9);
        assert!((pattern.peak() - 20.0).abs() < 1e-12);
        assert_eq!(pattern.jumps(), [90.0, 100.0, 120.0], "at the ends of a ramp it does not");
    }

    #[test]
    fn regular_jobs_on_a_ramp_are_where_the_square_root_puts_them() {
        // Rate t per second: job i at sqrt(2 (i + 1/2)).
        let ticks = arrivals(&curve(&[(100.0, 0.0, 100.0)], Spacing::Regular), 0, 100.0);
        assert_eq!(ticks.len(), 5_000);
        assert!((ticks[0].0.as_secs_f64() - 1.0).abs() < 1e-9);
        assert!((ticks[4_999].0.as_secs_f64() - 9_999.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn nothing_arrives_after_the_last_stretch_or_in_an_empty_one() {
        let ends = curve(&[(10.0, 3.0, 3.0), (5.0, 3.0, 0.0)], Spacing::Poisson);
        let ticks = arrivals(&ends, 0, 1e9);
        assert!(ticks.last().is_some_and(|tick| tick.0.as_secs_f64() <= 15.0));
        assert!((ends.expected(1e9) - 37.5).abs() < 1e-9);
        let silent = curve(&[(10.0, 0.0, 0.0), (f64::INFINITY, 0.0, 0.0)], Spacing::Regular);
        assert!(arrivals(&silent, 0, 1e9).is_empty());
        assert!(arrivals(&curve(&[], Spacing::Poisson), 0, 1e9).is_empty());
        assert_eq!(silent.expected(f64::MAX), 0.0);
    }
}
