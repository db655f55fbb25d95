//! Arrival patterns: when the jobs of one source arrive.
//!
//! Most patterns are a *time change*: jobs arrive at whole or exponential steps of a unit-rate clock, and the pattern
//! bends that clock so that it runs as fast as the rate says (Çinlar, *Introduction to Stochastic Processes*, 1975,
//! chapter 4). Job 731 therefore takes the same step whatever the rate is, and no draw is ever thrown away.
//!
//! A new pattern is one file with a resolved type ([`Pattern`]) and its clock ([`Clock`]), and one line of [`patterns`].

mod beat;
mod curve;
mod daily;
mod on_off;
mod spike;
mod steady;
mod trace;

pub use beat::{Beat, Spacing};
pub use curve::{Curve, Stretch};
pub use daily::Daily;
pub use on_off::OnOff;
pub use spike::{Spike, Spread};
pub use steady::Steady;
pub use trace::{Rows, Trace, Volume};

use crate::engine::random::StreamKey;
use crate::engine::time::{SimDuration, SimTime};

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
}

/// A pattern's place in one replication.
pub trait Clock {
    /// The next arrival: never before the previous one; [`SimTime::MAX`] when there is none any more.
    fn tick(&mut self) -> Tick;
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
        }

        impl Clock for AnyClock {
            #[inline]
            fn tick(&mut self) -> Tick {
                match self { $(Self::$name(clock) => clock.tick(),)* }
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
