//! `on_off`: bursts. A rate that a two-state Markov chain switches on and off.

use super::more_than_zero;
use super::{Beat, Clock, Pattern, Spacing, Tick, instant};
use crate::engine::random::StreamKey;
use crate::site::{At, Site};
use crate::traffic::sample::unit_exponential;
use crate::units::{Duration, Rate};
use serde::Deserialize;

/// The fewest expected jobs in a burst. With fewer, a run would switch thousands of times for each of its jobs, and
/// nobody could tell the bursts from a constant rate.
const JOBS_MIN: f64 = 0.001;

/// `{ on = "10s", off = "50s", rate = "100/s" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OnOffSpec {
    /// How long a burst lasts on average; lengths are exponential.
    pub on: Option<At<Duration>>,
    /// How long the pause after it lasts on average; lengths are exponential.
    pub off: Option<At<Duration>>,
    /// The rate within a burst.
    pub rate: Option<At<Rate>>,
}

impl OnOffSpec {
    pub(crate) fn build(self, spacing: Spacing, site: &mut Site<'_>) -> Option<OnOff> {
        let (on, off) = (site.required("on", self.on), site.required("off", self.off));
        let rate = site.required("rate", self.rate);
        let (on, off, rate) = (on?.as_secs_f64(), off?.as_secs_f64(), rate?.get());
        let sound = more_than_zero(site, "on", self.on, on)
            & more_than_zero(site, "off", self.off, off)
            & more_than_zero(site, "rate", self.rate, rate);
        if sound && rate * on < JOBS_MIN {
            let span = self.rate.map_or(site.span(), |at| at.span);
            site.error(span, "S031", "fewer than one burst in a thousand would bring a job")
                .hint("use longer bursts, or one constant `rate` for the flow");
            return None;
        }
        sound.then_some(OnOff { on, off, rate, spacing })
    }
}

/// A Markov-modulated rate (Fischer and Meier-Hellstern, *The Markov-modulated Poisson process cookbook*, 1993).
///
/// It begins in either state with that state's long-run share, so every instant has the same expected rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnOff {
    /// Mean seconds of a burst, positive -- parameter.
    pub on: f64,
    /// Mean seconds between bursts, positive -- parameter.
    pub off: f64,
    /// Jobs per second within a burst, positive -- parameter.
    pub rate: f64,
    /// Poisson or regular within a burst -- parameter.
    pub spacing: Spacing,
}

impl OnOff {
    /// The share of time within bursts.
    fn duty(&self) -> f64 {
        self.on / (self.on + self.off)
    }
}

/// The clock of [`OnOff`]: the beat, and the burst it has come to.
#[derive(Debug, Clone)]
pub struct OnOffClock {
    beat: Beat,
    pattern: OnOff,
    switches: StreamKey,
    /// Number of the burst, which keys its length and that of the pause after it.
    burst: u64,
    /// Seconds at which the burst begins.
    begins: f64,
    /// Unit-rate time at which the burst begins, and ends.
    before: f64,
    after: f64,
}

impl OnOffClock {
    /// Seconds of the stay with this number: even ones are bursts, odd ones pauses.
    fn stay(&self, number: u64) -> f64 {
        let mean = if number.is_multiple_of(2) { self.pattern.on } else { self.pattern.off };
        mean * unit_exponential(&mut self.switches.stream(number))
    }

    fn next_burst(&mut self) {
        let length = (self.after - self.before) / self.pattern.rate;
        self.begins += length + self.stay(2 * self.burst + 1);
        self.burst += 1;
        self.before = self.after;
        self.after += self.pattern.rate * self.stay(2 * self.burst);
    }
}

impl Pattern for OnOff {
    type Clock = OnOffClock;

    fn start(&self, key: StreamKey) -> OnOffClock {
        let switches = key.child("switches");
        let beat = Beat::start(self.spacing, key);
        let mut clock = OnOffClock { beat, pattern: *self, switches, burst: 0, begins: 0.0, before: 0.0, after: 0.0 };
        // The rest of a stay is as long as a whole one, since it has no memory.
        if key.child("first").stream(0).uniform() < self.duty() {
            clock.after = self.rate * clock.stay(0);
        } else {
            clock.next_burst();
        }
        clock
    }

    fn expected(&self, until: f64) -> f64 {
        self.duty() * self.rate * until
    }

    fn peak(&self) -> f64 {
        self.rate
    }
}

impl Clock for OnOffClock {
    fn tick(&mut self) -> Tick {
        let (passed, index) = self.beat.step();
        while passed > self.after {
            self.next_burst();
        }
        (instant(self.begins + (passed - self.before) / self.pattern.rate), index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{arrivals, assert_counts};
    use super::*;
    use crate::traffic::check::assert_mean;

    use crate::traffic::check::flow;

    #[test]
    fn bursts_are_read_with_their_mean_rate() {
        let flow = flow("on_off = { on = '10s', off = '50s', rate = '120/s' }").expect("sound");
        assert!((flow.mean_rate(600.0) - 20.0).abs() < 1e-9);
        assert!((flow.peak_rate() - 120.0).abs() < 1e-12);
    }

    #[test]
    fn bursts_that_bring_nothing_are_refused() {
        let shown = flow("on_off = { on = '0s', off = '0s', rate = '0/s' }").expect_err("nothing");
        for key in ["on", "off", "rate"] {
            assert!(shown.contains(&format!("`{key}` must be more than zero")), "{shown}");
        }
        let shown = flow("on_off = { on = '1ns', off = '1ns', rate = '1/d' }").expect_err("endless switching");
        assert!(shown.contains("fewer than one burst in a thousand"), "{shown}");
    }

    const PATTERN: OnOff = OnOff { on: 2.0, off: 6.0, rate: 40.0, spacing: Spacing::Poisson };

    #[test]
    fn every_window_has_the_same_expected_count() {
        assert_counts(&PATTERN, 3_000, &[(0.0, 1.0), (1.0, 2.0), (5.0, 10.0), (10.0, 40.0)]);
    }

    #[test]
    fn counts_are_as_overdispersed_as_the_theory_says() {
        // Var N(t) = m t + 2 v (s t - 1 + exp(-s t)) / s² with m the mean rate, v = rate² duty (1 - duty) the variance of
        // the rate and s = 1/on + 1/off the speed at which it is forgotten.
        let t = 10.0;
        let (duty, speed) = (0.25, 0.5 + 1.0 / 6.0);
        let variance = 40.0 * 40.0 * duty * (1.0 - duty);
        let truth = 10.0 * t + 2.0 * variance * (speed * t - 1.0 + libm::exp(-speed * t)) / (speed * speed);
        let squares: Vec<f64> = (0..4_000)
            .map(|run| arrivals(&PATTERN, run, t).len() as f64 - 10.0 * t)
            .map(|deviation| deviation * deviation)
            .collect();
        assert_mean(&squares, truth);
    }

    #[test]
    fn within_a_burst_regular_jobs_are_a_gap_apart() {
        let ticks = arrivals(&OnOff { spacing: Spacing::Regular, ..PATTERN }, 1, 200.0);
        let gaps: Vec<u64> = ticks.windows(2).map(|pair| pair[1].0.since(pair[0].0).as_nanos()).collect();
        let within = gaps.iter().filter(|&&gap| gap.abs_diff(25_000_000) < 10).count();
        assert!(gaps.iter().all(|&gap| gap > 24_999_990));
        assert!(within * 10 > gaps.len() * 9, "{within} of {}", gaps.len());
    }
}
