//! Arrival patterns: when the jobs of one source arrive.
//!
//! Most patterns are a *time change*: jobs arrive at whole or exponential steps of a unit-rate clock, and the pattern
//! bends that clock so that it runs as fast as the rate says (Çinlar, *Introduction to Stochastic Processes*, 1975,
//! chapter 4). Job 731 therefore takes the same step whatever the rate is, and no draw is ever thrown away.
//!
//! A new pattern is one file with a resolved type ([`Pattern`]) and its clock ([`Clock`]), and one line of `patterns!`.

mod beat;
mod curve;
mod daily;
mod on_off;
mod phases;
mod ramp;
mod spike;
mod steady;
mod trace;
mod trace_file;

pub use beat::{Beat, Spacing, SpacingSpec};
pub use curve::{Curve, CurveClock, Stretch};
pub use daily::{Daily, DailyClock, DailySpec};
pub use on_off::{OnOff, OnOffClock, OnOffSpec};
pub use phases::PhaseSpec;
pub use ramp::RampSpec;
pub use spike::{Spike, SpikeClock, SpikeSpec, Spread, SpreadSpec};
pub use steady::{Steady, SteadyClock};
pub use trace::{Rows, Trace, TraceClock, Volume};
pub use trace_file::TraceSpec;

pub(super) use phases::build as build_phases;
pub(super) use trace_file::TraceParts;

use crate::engine::random::StreamKey;
use crate::engine::time::{SimDuration, SimTime};
use crate::site::{At, Site};

/// When the next job of a source arrives and which of the source's jobs it is.
pub type Tick = (SimTime, u32);

/// What a resolved pattern can say about itself; times in seconds since the start, rates per second.
pub trait Pattern {
    /// What runs: the place in the pattern during one replication.
    type Clock: Clock;
    /// Begins a replication; `key` belongs to this source in it.
    fn start(&self, key: StreamKey) -> Self::Clock;
    /// The expected number of jobs before `until`.
    fn expected(&self, until: f64) -> f64;
    /// The highest rate, averaged over one second where jobs come together.
    fn peak(&self) -> f64;
    /// When the rate jumps, other than at the start; twice at an instant at which jobs come together.
    fn jumps(&self) -> Vec<f64> {
        Vec::new()
    }
}

/// A pattern's place in one replication.
pub trait Clock {
    /// The next arrival: never before the previous one; [`SimTime::MAX`] when there is none any more.
    fn tick(&mut self) -> Tick;

    /// Puts the next arrivals into `places`, and returns how many these are: fewer than there are places when the next
    /// one is not before `until`. That one is lost; whoever got fewer does not ask again.
    fn fill<P>(&mut self, places: &mut [P], until: SimTime, put: impl Fn(&mut P, Tick)) -> usize {
        for (filled, place) in places.iter_mut().enumerate() {
            let tick = self.tick();
            if tick.0 >= until {
                return filled;
            }
            put(place, tick);
        }
        places.len()
    }
}

/// The only list of patterns in the program.
macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A resolved pattern.
        #[derive(Debug, Clone)]
        pub enum AnyPattern { $($(#[$doc])* $name($name),)* }

        /// The clock of any pattern.
        #[derive(Debug, Clone)]
        pub enum AnyClock { $(#[doc = "See the pattern of this name."] $name(<$name as Pattern>::Clock),)* }

        $(impl From<$name> for AnyPattern {
            fn from(pattern: $name) -> Self {
                Self::$name(pattern)
            }
        })*

        impl Pattern for AnyPattern {
            type Clock = AnyClock;

            fn start(&self, key: StreamKey) -> AnyClock {
                match self { $(Self::$name(pattern) => AnyClock::$name(pattern.start(key)),)* }
            }

            fn expected(&self, until: f64) -> f64 {
                match self { $(Self::$name(pattern) => pattern.expected(until),)* }
            }

            fn peak(&self) -> f64 {
                match self { $(Self::$name(pattern) => pattern.peak(),)* }
            }

            fn jumps(&self) -> Vec<f64> {
                match self { $(Self::$name(pattern) => pattern.jumps(),)* }
            }
        }

        impl Clock for AnyClock {
            fn tick(&mut self) -> Tick {
                match self { $(Self::$name(clock) => clock.tick(),)* }
            }

            fn fill<P>(&mut self, places: &mut [P], until: SimTime, put: impl Fn(&mut P, Tick)) -> usize {
                match self { $(Self::$name(clock) => clock.fill(places, until, put),)* }
            }
        }
    };
}

patterns! {
    /// One rate for ever.
    Steady,
    /// A rate that goes in straight lines: ramps and phases.
    Curve,
    /// A rate that swings as a sine.
    Daily,
    /// Bursts: a rate that is switched on and off at random.
    OnOff,
    /// A number of jobs at an instant or over a window.
    Spike,
    /// Arrivals that were measured.
    Trace,
}

/// The instant `secs` seconds after the start, to the nearest nanosecond; infinity is never.
#[inline]
fn instant(secs: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(secs)
}

/// Whether a value that makes no sense at zero is above it; reports it where it is written if not.
fn more_than_zero<T>(site: &mut Site<'_>, key: &str, written: Option<At<T>>, value: f64) -> bool {
    let span = written.map_or_else(|| site.span(), |at| at.span);
    if value > 0.0 {
        return true;
    }
    site.error(span, "S031", format!("`{key}` must be more than zero"));
    false
}

#[cfg(test)]
pub(crate) mod check {
    use super::{Clock, Pattern, Tick};
    use crate::engine::random::StreamKey;
    use crate::engine::time::SimTime;
    use crate::traffic::check::assert_mean;

    /// The arrivals of one replication before `until`, after a check that they are in order.
    pub(crate) fn arrivals(pattern: &impl Pattern, replication: u32, until: f64) -> Vec<Tick> {
        let mut clock = pattern.start(StreamKey::new(7, replication).child("uploads").child("source"));
        let mut ticks = Vec::new();
        let mut last = SimTime::ZERO;
        loop {
            let (at, index) = clock.tick();
            assert!(at >= last, "an arrival at {at} after one at {last}");
            last = at;
            if at >= super::instant(until) {
                return ticks;
            }
            ticks.push((at, index));
        }
    }

    /// Asserts over many replications that the count in each window is what the pattern expects.
    #[track_caller]
    pub(crate) fn assert_counts(pattern: &impl Pattern, replications: u32, windows: &[(f64, f64)]) {
        let runs: Vec<_> = (0..replications).map(|run| arrivals(pattern, run, windows[windows.len() - 1].1)).collect();
        for &(from, to) in windows {
            let within = |tick: &&Tick| tick.0 >= super::instant(from) && tick.0 < super::instant(to);
            let counts: Vec<f64> = runs.iter().map(|run| run.iter().filter(within).count() as f64).collect();
            assert_mean(&counts, pattern.expected(to) - pattern.expected(from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Positive numbers of every size that a scenario can hold.
    fn size() -> impl Strategy<Value = f64> {
        (-9.0..9.0f64).prop_map(|digits| libm::exp(digits * std::f64::consts::LN_10))
    }

    fn any_pattern() -> impl Strategy<Value = AnyPattern> {
        let spacing = prop_oneof![Just(Spacing::Poisson), Just(Spacing::Regular)];
        let spread = prop_oneof![Just(Spread::Uniform), Just(Spread::Even)];
        let zero_or = |positive: BoxedStrategy<f64>| prop_oneof![1 => Just(0.0), 4 => positive];
        let stretch = (zero_or(size().boxed()), zero_or(size().boxed()), zero_or(size().boxed()))
            .prop_map(|(length, from, to)| Stretch { length, from, to });
        prop_oneof![
            (size(), spacing.clone()).prop_map(|(rate, spacing)| Steady { rate, spacing }.into()),
            (prop::collection::vec(stretch, 0..5), spacing.clone())
                .prop_map(|(stretches, spacing)| Curve::new(&stretches, spacing).into()),
            (size(), 1.0..=2.0f64, size(), zero_or(size().boxed()), spacing.clone()).prop_map(
                |(mean, peak, period, peak_at, spacing)| {
                    Daily { mean, peak: peak * mean, period, peak_at, spacing }.into()
                }
            ),
            (size(), size(), 0.001..1e6f64, spacing).prop_map(|(on, off, jobs, spacing)| OnOff {
                on,
                off,
                rate: jobs / on,
                spacing
            }
            .into()),
            (zero_or(size().boxed()), 0..2_000u32, zero_or(size().boxed()), spread.clone())
                .prop_map(|(at, count, over, spread)| Spike { at, count, over, spread }.into()),
            (prop::collection::vec(0..20u32, 0..20), size(), 0.0..3.0f64, spread).prop_map(
                |(counts, interval, volume, spread)| {
                    let rows = Rows::Counts { counts: counts.into(), interval, spread };
                    Trace::new(rows, Volume::new(volume)).expect("a short trace").into()
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn arrivals_of_any_pattern_rise_and_are_numbered_apart(pattern in any_pattern(), replication in any::<u32>()) {
            let mut clock = pattern.start(StreamKey::new(3, replication));
            let ticks: Vec<Tick> = (0..300).map(|_| clock.tick()).take_while(|tick| tick.0 < SimTime::MAX).collect();
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{ticks:?}");
            let numbers: std::collections::BTreeSet<u32> = ticks.iter().map(|tick| tick.1).collect();
            prop_assert_eq!(numbers.len(), ticks.len());
        }

        #[test]
        fn expected_jobs_of_any_pattern_rise_with_time_and_hold_the_peak(pattern in any_pattern(), at in size(), more in size()) {
            let (early, late) = (pattern.expected(at), pattern.expected(at + more));
            prop_assert!(early >= -1e-9 * pattern.peak() * at, "{early}");
            prop_assert!(late.is_finite() && late >= early - 1e-9 * early.max(1.0), "{early} then {late}");
            prop_assert!(pattern.peak().is_finite());
        }
    }
}
