//! How long a scenario runs, how often, and what counts as good.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::advice;
use crate::diagnostic::clip;
use crate::engine::{EVENTS_MAX, SimDuration};
use crate::site::{At, Site, ToToml};
use crate::units::Duration;

/// What a scenario may say in `[run]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// How long new traffic comes. The run goes on until everything has settled, or `drain` is over.
    pub duration: Option<At<Duration>>,
    /// How long the run may go on after `duration`. Default: 12h.
    pub drain: Option<At<Duration>>,
    /// How often everything is repeated with other random numbers. Default: 20.
    pub replications: Option<At<u32>>,
    /// Where the random numbers start: the same seed gives the same result. Default: 1.
    pub seed: Option<At<u64>>,
    /// How much of the beginning is left out of the figures. Default: 0s.
    pub warmup: Option<At<Duration>>,
    /// How far apart the points of the time series are. Default: chosen to give a few hundred points.
    pub sample_every: Option<At<Duration>>,
    /// Which percentiles of the latency are reported, in percent. Default: 50, 90, 99 and 99.9.
    pub percentiles: Option<At<Vec<At<f64>>>>,
    /// How many events one replication may take before it is stopped. Default: one thousand million.
    pub max_events: Option<At<u64>>,
    /// How many messages may be under way at once before a replication is stopped. Default: twenty million.
    pub max_live_messages: Option<At<u64>>,
    /// Advice that is not wanted, because the scenario does on purpose what is warned of: codes such as `A003`.
    pub allow: Option<At<Vec<At<String>>>>,
}

/// What a scenario may say in `[objective]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectiveSpec {
    /// A job that is done later than this after its arrival is late, not good. Default: no job is late.
    pub within: Option<At<Duration>>,
}

/// How long and how often, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// New traffic stops here.
    pub duration: SimDuration,
    /// How long the run may go on after that.
    pub drain: SimDuration,
    /// At least one.
    pub replications: u32,
    /// Base seed.
    pub seed: u64,
    /// Shorter than `duration`.
    pub warmup: SimDuration,
    /// Grid of the time series, if the author chose one.
    pub sample_every: Option<SimDuration>,
    /// In percent, rising, each once.
    pub percentiles: Vec<f64>,
    /// Bound on the events of one replication.
    pub max_events: u64,
    /// Bound on the messages under way at once.
    pub max_live_messages: u64,
    /// Codes of advice that is not wanted.
    pub allow: Vec<String>,
}

/// More replications than this are a slip; intervals shrink only with the square root.
const REPLICATIONS_MAX: u32 = 10_000;
/// More percentiles than this make no readable table.
const PERCENTILES_MAX: usize = 12;
/// Points of a time series over the duration, about, unless the author chose its grid.
const SAMPLES: u64 = 300;
/// Points of such a time series over the whole run at most.
const SAMPLES_DEFAULT_MAX: u64 = 20_000;
/// A time series longer than this per node is no longer a picture but a trace.
const SAMPLES_MAX: u64 = 100_000;

impl RunSpec {
    /// Checks the section and fills in what is not written. `site` is that of `run`.
    pub fn resolve(self, site: &mut Site<'_>) -> Option<Run> {
        let mut fine = in_range(site, "duration", self.duration.as_ref(), Duration::from_nanos(1)..=Duration::MAX);
        fine &= in_range(site, "replications", self.replications.as_ref(), 1..=REPLICATIONS_MAX);
        fine &= in_range(site, "max_events", self.max_events.as_ref(), 1..=EVENTS_MAX);
        fine &= in_range(site, "max_live_messages", self.max_live_messages.as_ref(), 1..=u64::MAX);
        if let (Some(duration), Some(warmup)) = (&self.duration, &self.warmup)
            && warmup.value >= duration.value
        {
            fine = false;
            site.error(warmup.span, "S031", "the warm-up is as long as the whole run")
                .label(format!("must be shorter than {}", duration.value))
                .hint("what is left after the warm-up is what is measured");
        }
        let allow = self.allow.map(|at| allowed(at, site));
        let percentiles = percentiles(self.percentiles, site);
        fine &= percentiles.is_some();
        let duration = site.required("duration", self.duration);
        let drain = site.or_default("drain", self.drain, Duration::from_hours(12), "half a day to settle");
        if let (Some(every), Some(duration)) = (&self.sample_every, duration) {
            let shortest = round_up((duration.get() + drain.get()).as_nanos() / SAMPLES_MAX + 1);
            fine &= in_range(site, "sample_every", Some(every), Duration::from_nanos(shortest)..=Duration::MAX);
        }
        let run = Run {
            duration: duration?.get(),
            drain: drain.get(),
            replications: site.or_default("replications", self.replications, 20, "enough for narrow intervals"),
            seed: site.or_default("seed", self.seed, 1, "any number will do"),
            warmup: site.or_default("warmup", self.warmup, Duration::ZERO, "everything is measured").get(),
            sample_every: site.optional("sample_every", self.sample_every).map(Duration::get),
            allow: allow.unwrap_or_default(),
            percentiles: percentiles?,
            max_events: site.or_default("max_events", self.max_events, 1_000_000_000, "some minutes of work"),
            max_live_messages: site.or_default(
                "max_live_messages",
                self.max_live_messages,
                20_000_000,
                "a few gigabytes of memory",
            ),
        };
        fine.then_some(run)
    }
}

/// The next number with three digits, so that it can be read.
fn round_up(nanos: u64) -> u64 {
    let step = std::iter::successors(Some(1_u64), |step| step.checked_mul(10)).find(|step| nanos / step < 1_000);
    step.map_or(nanos, |step| nanos.div_ceil(step).saturating_mul(step))
}

impl Run {
    /// How far apart the points of the time series are. Unless the author chose it: a step that gives some hundred
    /// points over the duration and not too many over the whole run, and that a person would have chosen, because
    /// arrivals per hour can be read and arrivals per 5000 seconds cannot.
    pub fn grid(&self) -> SimDuration {
        if let Some(chosen) = self.sample_every {
            return chosen;
        }
        let (duration, whole) = (self.duration.as_nanos(), (self.duration + self.drain).as_nanos());
        let least = (duration / SAMPLES).max(whole / SAMPLES_DEFAULT_MAX).max(1);
        let second = SimDuration::from_secs(1).as_nanos();
        let (minute, hour, day) = (60 * second, 3_600 * second, 86_400 * second);
        let by_sixty = |unit: u64| [1, 2, 5, 10, 15, 30].map(|factor| factor * unit);
        let hours = [1, 2, 3, 6, 12].map(|factor| factor * hour);
        let by_ten = |unit: u64| {
            let tens = std::iter::successors(Some(unit), |step| step.checked_mul(10));
            tens.flat_map(|ten| [1_u64, 2, 5].into_iter().filter_map(move |factor| ten.checked_mul(factor)))
        };
        let clock = by_sixty(second).into_iter().chain(by_sixty(minute)).chain(hours);
        let mut steps = by_ten(1).take_while(|&step| step < second).chain(clock).chain(by_ten(day));
        SimDuration::from_nanos(steps.find(|&step| step >= least).unwrap_or(least))
    }
}

impl ObjectiveSpec {
    /// The time within which a job must be done, if there is one. `site` is that of `objective`.
    pub fn resolve(self, site: &mut Site<'_>) -> Option<SimDuration> {
        site.optional("within", self.within).map(Duration::get)
    }
}

/// Whether a written value lies in a range of our own.
fn in_range<T: PartialOrd + ToToml>(
    site: &mut Site<'_>,
    key: &str,
    written: Option<&At<T>>,
    range: RangeInclusive<T>,
) -> bool {
    let Some(at) = written.filter(|at| !range.contains(&at.value)) else { return true };
    let plain = |value: &T| value.to_toml().trim_matches('"').to_owned();
    let label = if at.value < *range.start() {
        format!("must be at least {}", plain(range.start()))
    } else {
        format!("must be at most {}", plain(range.end()))
    };
    site.error(at.span, "S031", format!("`{key}` is `{}`", plain(&at.value))).label(label);
    false
}

/// The codes that are not to be warned of; an error for each that does not exist.
fn allowed(written: At<Vec<At<String>>>, site: &mut Site<'_>) -> Vec<String> {
    for code in written.value.iter().filter(|code| !advice::codes().any(|known| known == code.value)) {
        site.error(code.span, "S020", format!("there is no advice `{}`", clip(&code.value, 60)))
            .note(format!("codes of advice: {}", advice::codes().collect::<Vec<_>>().join(", ")));
    }
    let codes = written.value.into_iter().map(|code| code.value).collect();
    site.written("allow", At::new(codes, written.span))
}

fn percentiles(written: Option<At<Vec<At<f64>>>>, site: &mut Site<'_>) -> Option<Vec<f64>> {
    let Some(written) = written else {
        return Some(site.or_default("percentiles", None, vec![50.0, 90.0, 99.0, 99.9], "the middle and the tail"));
    };
    let mut fine = true;
    if written.value.is_empty() || written.value.len() > PERCENTILES_MAX {
        fine = false;
        site.error(written.span, "S031", format!("from one to {PERCENTILES_MAX} percentiles can be reported"));
    }
    for wrong in written.value.iter().filter(|p| !(p.value > 0.0 && p.value < 100.0)) {
        fine = false;
        site.error(wrong.span, "S031", format!("there is no percentile {}", wrong.value))
            .label("must lie between 0 and 100, both excluded")
            .hint("in percent: write 99.9 for the time within which 999 of 1000 jobs are done");
    }
    let values = At::new(written.value.iter().map(|p| p.value).collect::<Vec<f64>>(), written.span);
    let mut values = site.written("percentiles", values);
    values.sort_by(f64::total_cmp);
    values.dedup();
    fine.then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Look, SourceMap, Span, render};
    use crate::site::{Resolution, decode, parse};

    fn resolve(text: &str) -> (Option<Run>, String) {
        let mut found = Diagnostics::new();
        let mut sources = SourceMap::new();
        sources.add("a.toml", text);
        let table = parse(text, 0, &mut found);
        let spec: RunSpec = decode(&table, "run", &mut found).expect("it decodes");
        let mut resolution = Resolution::new();
        let mut site = Site::new("run", Span::new(0, 0), &sources, &mut found, &mut resolution);
        let run = spec.resolve(&mut site);
        assert_eq!(run.is_none(), found.has_errors());
        (run, render(&found, &sources, Look::Plain))
    }

    #[test]
    fn what_is_not_written_has_a_default() {
        let run = resolve("duration = '30min'").0.expect("nothing is wrong");
        assert_eq!(run.drain, SimDuration::from_secs(12 * 3600));
        assert_eq!((run.replications, run.seed, run.warmup), (20, 1, SimDuration::ZERO));
        assert_eq!(run.percentiles, [50.0, 90.0, 99.0, 99.9]);
        assert_eq!(run.sample_every, None);
    }

    #[test]
    fn percentiles_are_sorted_and_may_be_whole_numbers() {
        let run = resolve("duration = '1s'\npercentiles = [99, 50, 99.0]").0.expect("nothing is wrong");
        assert_eq!(run.percentiles, [50.0, 99.0]);
    }

    #[test]
    fn what_makes_no_sense_is_told_all_at_once() {
        let text = "duration = '1min'\nreplications = 0\nwarmup = '1min'\npercentiles = [0, 101, nan]\n\
                    sample_every = '1us'\nmax_events = 0";
        let (_, told) = resolve(text);
        for part in [
            "`replications` is `0`",
            "must be at least 1",
            "the warm-up is as long as the whole run",
            "there is no percentile 0",
            "there is no percentile 101",
            "there is no percentile NaN",
            "`sample_every` is `1us`",
            "`max_events` is `0`",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(resolve("duration = '0s'").1.contains("`duration` is `0s`"));
        assert!(resolve("seed = 3").1.contains("`run` needs `duration`"));
        assert!(resolve("duration = '1s'\npercentiles = []").1.contains("from one to 12 percentiles"));
    }

    #[test]
    fn the_grid_is_a_step_that_a_person_would_choose() {
        let grid = |text: &str| Duration::from(resolve(text).0.expect("nothing is wrong").grid()).to_string();
        for (duration, step) in [
            ("10s", "5s"),
            ("30min", "10s"),
            ("40min", "10s"),
            ("1h", "15s"),
            ("1d", "5min"),
            ("14d", "2h"),
            ("20000d", "100d"),
        ] {
            assert_eq!(grid(&format!("duration = '{duration}'")), step, "{duration}");
        }
        assert_eq!(grid("duration = '1ms'\ndrain = '0s'"), "5us");
        assert_eq!(grid("duration = '14d'\nsample_every = '1h'"), "1h");
    }
}
