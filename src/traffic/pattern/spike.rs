//! `spike`: a number of jobs that is known exactly, at an instant or over a window.

use super::{Clock, Pattern, Tick, instant};
use crate::engine::random::{Draws, StreamKey};
use crate::site::{At, Site, ToToml};
use crate::traffic::sample::unit_exponential;
use crate::units::Duration;
use serde::Deserialize;

/// `{ at = "10min", count = 1000, over = "1min" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpikeSpec {
    /// When it begins.
    pub at: Option<At<Duration>>,
    /// How many jobs it brings, exactly.
    pub count: Option<At<u32>>,
    /// How long it lasts; all jobs come at one instant unless said otherwise.
    pub over: Option<At<Duration>>,
    /// How the jobs lie within it.
    pub spread: Option<At<SpreadSpec>>,
}

/// How jobs lie within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpreadSpec {
    /// Each job anywhere in it.
    Uniform,
    /// At equal distances.
    Even,
}

impl ToToml for SpreadSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::Uniform => "uniform",
            Self::Even => "even",
        };
        word.to_toml()
    }
}

impl From<SpreadSpec> for Spread {
    fn from(spec: SpreadSpec) -> Self {
        match spec {
            SpreadSpec::Uniform => Self::Uniform,
            SpreadSpec::Even => Self::Even,
        }
    }
}

impl SpreadSpec {
    /// The spread, whose default is the same wherever jobs lie in a window.
    pub(super) fn resolve(written: Option<At<Self>>, site: &mut Site<'_>) -> Spread {
        site.or_default("spread", written, Self::Uniform, "many independent senders").into()
    }
}

impl SpikeSpec {
    pub(crate) fn build(self, site: &mut Site<'_>) -> Option<Spike> {
        let (at, count) = (site.required("at", self.at), site.required("count", self.count));
        let over = site.or_default("over", self.over, Duration::ZERO, "all at once").as_secs_f64();
        let spread = if over > 0.0 {
            SpreadSpec::resolve(self.spread, site)
        } else if let Some(at) = self.spread {
            site.error(at.span, "S032", "`spread` has no effect on a spike of one instant")
                .hint("say how long the spike lasts: `over = \"1min\"`");
            return None;
        } else {
            Spread::Even
        };
        Some(Spike { at: at?.as_secs_f64(), count: count?, over, spread })
    }
}

/// How jobs lie within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Each anywhere in it: as a Poisson process that happens to bring this number.
    Uniform,
    /// At equal distances, half a distance from both ends.
    Even,
}

/// Exactly `count` jobs between `at` and `at + over`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Seconds from the start -- parameter.
    pub at: f64,
    /// Jobs -- parameter.
    pub count: u32,
    /// Seconds; zero for all at once -- parameter.
    pub over: f64,
    /// How they lie in the window -- parameter.
    pub spread: Spread,
}

/// Sorted places of `count` jobs in a window of length one, in constant memory.
#[derive(Debug, Clone)]
pub(super) struct Places {
    draws: Draws,
    count: u32,
    given: u32,
    spread: Spread,
    /// Sum of `E_k / (count - k + 1)`.
    steps: f64,
}

impl Places {
    pub(super) fn new(count: u32, spread: Spread, draws: Draws) -> Self {
        Self { draws, count, given: 0, spread, steps: 0.0 }
    }

    /// The next place in `[0, 1)`, or none when all are given.
    ///
    /// Sorted uniform numbers follow from sorted exponential ones, whose gaps are exponential with mean
    /// 1 / (how many are still to come) (Rényi, *On the theory of order statistics*, 1953).
    pub(super) fn next(&mut self) -> Option<f64> {
        if self.given == self.count {
            return None;
        }
        let place = match self.spread {
            Spread::Uniform => {
                self.steps += unit_exponential(&mut self.draws) / f64::from(self.count - self.given);
                -libm::expm1(-self.steps)
            }
            Spread::Even => (f64::from(self.given) + 0.5) / f64::from(self.count),
        };
        self.given += 1;
        Some(place)
    }
}

/// The clock of [`Spike`].
#[derive(Debug, Clone)]
pub struct SpikeClock {
    places: Places,
    at: f64,
    over: f64,
    index: u32,
}

impl Pattern for Spike {
    type Clock = SpikeClock;

    fn start(&self, key: StreamKey) -> SpikeClock {
        let places = Places::new(self.count, self.spread, key.child("places").stream(0));
        SpikeClock { places, at: self.at, over: self.over, index: 0 }
    }

    fn expected(&self, until: f64) -> f64 {
        let share = if self.over > 0.0 { (until - self.at) / self.over } else { f64::from(until > self.at) };
        let jobs = f64::from(self.count) * share.clamp(0.0, 1.0);
        if self.spread == Spread::Even { libm::round(jobs) } else { jobs }
    }

    fn peak(&self) -> f64 {
        f64::from(self.count) / self.over.max(1.0)
    }

    fn jumps(&self) -> Vec<f64> {
        vec![self.at, self.at + self.over]
    }
}

impl Clock for SpikeClock {
    fn tick(&mut self) -> Tick {
        let place = if self.over > 0.0 {
            self.places.next()
        } else {
            // All at once: no draw is needed, only the number.
            (self.index < self.places.count).then_some(0.0)
        };
        let index = self.index;
        self.index = index.wrapping_add(1);
        (place.map_or(instant(f64::INFINITY), |place| instant(self.at + self.over * place)), index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;
    use crate::traffic::check::{ks_distance, ks_limit};

    use crate::traffic::check::flow;

    #[test]
    fn a_spike_is_read_as_it_is_written() {
        let spiky = flow("spike = { at = '10min', count = 10, over = '1min' }").expect("sound");
        assert!((spiky.expected_jobs(630.0) - 5.0).abs() < 1e-9);
        let sudden = flow("spike = { at = '10min', count = 10 }").expect("sound");
        assert_eq!([600.0, 600.1].map(|until| sudden.expected_jobs(until)), [0.0, 10.0]);
        let shown = flow("spike = { spread = 'even' }").expect_err("nothing said");
        for said in ["needs `at`", "needs `count`", "`spread` has no effect"] {
            assert!(shown.contains(said), "{said}: {shown}");
        }
    }

    const SPIKE: Spike = Spike { at: 600.0, count: 1_000, over: 60.0, spread: Spread::Uniform };

    #[test]
    fn exactly_the_count_arrives_within_the_window_in_order() {
        for run in 0..50 {
            let ticks = arrivals(&SPIKE, run, 1e6);
            assert_eq!(ticks.len(), 1_000);
            assert!(ticks[0].0.as_secs_f64() >= 600.0 && ticks[999].0.as_secs_f64() < 660.0);
            assert!(ticks.iter().zip(0..).all(|(tick, index)| tick.1 == index));
        }
    }

    #[test]
    fn jobs_lie_uniformly_in_the_window() {
        let places: Vec<f64> = (0..40)
            .flat_map(|run| arrivals(&SPIKE, run, 1e6))
            .map(|tick| (tick.0.as_secs_f64() - 600.0) / 60.0)
            .collect();
        assert!(ks_distance(&places, |x| x.clamp(0.0, 1.0)) < ks_limit(40_000));
        assert_counts(&SPIKE, 400, &[(0.0, 601.0), (601.0, 630.0), (630.0, 700.0)]);
    }

    #[test]
    fn a_spike_over_no_time_is_one_instant() {
        let ticks = arrivals(&Spike { over: 0.0, ..SPIKE }, 0, 1e6);
        assert_eq!(ticks.len(), 1_000);
        assert!(ticks.iter().all(|tick| tick.0.as_nanos() == 600_000_000_000));
    }

    #[test]
    fn an_even_spike_has_equal_gaps() {
        let ticks = arrivals(&Spike { count: 6, spread: Spread::Even, ..SPIKE }, 0, 1e6);
        let secs: Vec<f64> = ticks.iter().map(|tick| tick.0.as_secs_f64()).collect();
        assert_eq!(secs, [605.0, 615.0, 625.0, 635.0, 645.0, 655.0]);
    }

    #[test]
    fn a_spike_of_nothing_is_silent() {
        assert!(arrivals(&Spike { count: 0, ..SPIKE }, 0, 1e6).is_empty());
        assert!(arrivals(&Spike { count: 0, over: 0.0, ..SPIKE }, 0, 1e6).is_empty());
    }
}
