//! `[traffic.NAME]` and `[work.NAME]`: a flow of jobs and a kind of work as they are written.

use super::arrivals::{Flow, Source};
use super::columns::ReadFile;
use super::contents::Contents;
use super::keys::KeySpec;
use super::law::{DrawnFor, Law, LawSpec, Measure};
use super::pattern::{
    AnyPattern, DailySpec, OnOffSpec, PhaseSpec, RampSpec, Spacing, SpacingSpec, SpikeSpec, Steady, TraceParts,
    TraceSpec, build_phases,
};
use super::work::Work;
use crate::site::{Any, At, Site};
use crate::units::{Bytes, Duration, Rate};
use serde::Deserialize;
use std::sync::Arc;

/// The most spikes of one flow: each is looked at for every arrival.
const SPIKES_MAX: usize = 1_000;

/// A flow of jobs. Its arrivals are the sum of all the sources that are written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrafficSpec {
    /// A constant rate.
    pub rate: Option<At<Rate>>,
    /// A rate that rises or falls in a straight line and stays.
    pub ramp: Option<At<RampSpec>>,
    /// One rate after another.
    pub phases: Option<At<Vec<At<PhaseSpec>>>>,
    /// A rate that swings as a sine, over a day unless said otherwise.
    pub daily: Option<At<DailySpec>>,
    /// Bursts: a rate that is switched on and off at random.
    pub on_off: Option<At<OnOffSpec>>,
    /// Arrivals that were measured.
    pub trace: Option<At<TraceSpec>>,
    /// A number of jobs at an instant or over a window.
    pub spike: Option<At<SpikeSpec>>,
    /// More spikes.
    pub spikes: Option<At<Vec<At<SpikeSpec>>>>,
    /// How the jobs of a rate follow each other; Poisson unless said otherwise.
    pub arrivals: Option<At<SpacingSpec>>,
    /// Bytes of a job's message.
    pub size: Option<At<LawSpec<Bytes>>>,
    /// Who sends the jobs: their message group or partition key.
    pub key: Option<At<KeySpec>>,
    /// Attributes of a job's message, by which subscriptions filter.
    pub attributes: Option<At<Any>>,
    /// Fields of the body of a job's message, by which subscriptions filter.
    pub body: Option<At<Any>>,
}

/// A kind of work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkSpec {
    /// How much service a job needs.
    pub time: Option<At<LawSpec<Duration>>>,
}

impl WorkSpec {
    /// Resolves the work, which is named after its place in the scenario.
    pub fn build(self, site: &mut Site<'_>, read: &ReadFile<'_>) -> Option<Work> {
        let Some(time) = self.time else {
            site.required::<Duration>("time", None);
            return None;
        };
        let name = site.name().to_owned();
        LawSpec::build(time, "time", DrawnFor::Job, site, read).map(|time| Work { name, time })
    }
}

/// The sources that are resolved so far, and whether all of them are sound.
struct Gathered {
    sources: Vec<Source>,
    sound: bool,
}

impl Gathered {
    fn take(&mut self, name: impl Into<String>, pattern: Option<impl Into<AnyPattern>>) {
        match pattern {
            Some(pattern) => self.sources.push(Source { name: name.into(), pattern: pattern.into(), size: None }),
            None => self.sound = false,
        }
    }
}

impl TrafficSpec {
    /// Resolves the flow, which is named after its place in the scenario; everything wrong with it is reported.
    pub fn build(mut self, site: &mut Site<'_>, read: &ReadFile<'_>) -> Option<Flow> {
        let mut gathered = Gathered { sources: Vec::new(), sound: true };
        self.rates(&mut gathered, site);
        if let Some(at) = self.trace.take() {
            match at.value.build(&mut site.part("trace", at.span), read) {
                Some(TraceParts { trace, size }) => {
                    gathered.sources.push(Source { name: "trace".to_owned(), pattern: trace.into(), size });
                }
                None => gathered.sound = false,
            }
        }
        self.spikes(&mut gathered, site);
        if gathered.sources.is_empty() && gathered.sound {
            let span = site.span();
            let message = format!("`{}` brings no jobs", site.path());
            site.error(span, "S040", message).hint(
                "say when they arrive, such as `rate = \"10/min\"` or `spike = { at = \"10min\", count = 1000 }`",
            );
            gathered.sound = false;
        }
        let sizes = self.size(site, read);
        let keys = match self.key {
            Some(at) => Some(at.value.build(&mut site.part("key", at.span))?),
            None => None,
        };
        let contents = Contents::build(self.attributes, self.body, site)?;
        let contents = (!contents.is_empty()).then(|| Arc::new(contents));
        let flow = Flow { name: site.name().to_owned(), sources: gathered.sources, size: sizes?, keys, contents };
        gathered.sound.then_some(flow)
    }

    /// The patterns that are a rate: `arrivals` says how their jobs follow each other.
    fn rates(&mut self, gathered: &mut Gathered, site: &mut Site<'_>) {
        let (rate, ramp, phases) = (self.rate.take(), self.ramp.take(), self.phases.take());
        let (daily, on_off) = (self.daily.take(), self.on_off.take());
        if rate.is_none() && ramp.is_none() && phases.is_none() && daily.is_none() && on_off.is_none() {
            if let Some(at) = self.arrivals {
                site.error(at.span, "S032", "`arrivals` has no effect on a flow without a rate")
                    .hint("leave it out; the jobs of a spike or a trace follow its own `spread`");
                gathered.sound = false;
            }
            return;
        }
        let spacing = site.or_default("arrivals", self.arrivals, SpacingSpec::Poisson, "many independent senders");
        let spacing = Spacing::from(spacing);
        if let Some(at) = rate {
            gathered.take("rate", Some(Steady { rate: site.written("rate", at).get(), spacing }));
        }
        if let Some(at) = ramp {
            gathered.take("ramp", at.value.build(spacing, &mut site.part("ramp", at.span)));
        }
        if let Some(at) = phases {
            gathered.take("phases", build_phases(at, spacing, site));
        }
        if let Some(at) = daily {
            gathered.take("daily", at.value.build(spacing, &mut site.part("daily", at.span)));
        }
        if let Some(at) = on_off {
            gathered.take("on_off", at.value.build(spacing, &mut site.part("on_off", at.span)));
        }
    }

    fn spikes(&mut self, gathered: &mut Gathered, site: &mut Site<'_>) {
        if let Some(at) = self.spike.take() {
            gathered.take("spike", at.value.build(&mut site.part("spike", at.span)));
        }
        let Some(spikes) = self.spikes.take() else { return };
        if spikes.value.len() > SPIKES_MAX {
            let message = format!("{} spikes are more than the {SPIKES_MAX} that a flow can have", spikes.value.len());
            site.error(spikes.span, "S031", message).hint("replay so many from a `trace`");
            gathered.sound = false;
            return;
        }
        for (i, at) in spikes.value.into_iter().enumerate() {
            gathered.take(format!("spikes[{i}]"), at.value.build(&mut site.item("spikes", i, at.span)));
        }
    }

    fn size(&mut self, site: &mut Site<'_>, read: &ReadFile<'_>) -> Option<Law> {
        if let Some(at) = self.size.take() {
            return LawSpec::build(at, "size", DrawnFor::Job, site, read);
        }
        let why = "a small JSON document; no service has a default for the size of a message";
        Law::constant(site.or_default("size", None, Bytes::kib(1), why).base()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;
    use crate::engine::time::SimTime;
    use crate::traffic::check::{Desk, files, flow};
    use crate::traffic::{Arrival, Arrivals, Works};

    /// The example of the first page, and beside it one of each other pattern.
    const ALL: &str = r#"
rate   = "10/min"
spike  = { at = "10min", count = 10, over = "1min" }
size   = { lognormal = { mean = "2KiB", cv = 0.5 } }
key    = { distinct = 200, skew = 0.9 }
ramp   = { from = "0/s", to = "2/s", over = "10min" }
phases = [{ for = "5min", rate = "1/s" }, { for = "1min", rate = "10/s", ramp = true }]
on_off = { on = "10s", off = "50s", rate = "10/s" }
daily  = { mean = "1/s", peak = "2/s", peak_at = "14h" }
trace  = { file = "data/x.csv", counts = "count", interval = "5min", volume = 1.5 }
spikes = [{ at = "1min", count = 5 }, { at = "2min", count = 3 }]
"#;

    fn jobs(flow: Flow) -> Vec<Arrival> {
        let root = StreamKey::new(1, 0);
        let until = SimTime::from_nanos(1_800_000_000_000);
        Arrivals::new([flow].into(), Works::new(Vec::new().into(), root), root, until).collect()
    }

    #[test]
    fn all_sources_add_up() {
        let flow = flow(ALL).expect("sound");
        let names: Vec<_> = flow.sources.iter().map(|source| source.name.as_str()).collect();
        let expected = ["rate", "ramp", "phases", "daily", "on_off", "trace", "spike", "spikes[0]", "spikes[1]"];
        assert_eq!(names, expected);
        let expected = flow.expected_jobs(1_800.0);
        let found = jobs(flow).len() as f64;
        // Some 9,000 jobs, of which those in bursts are the most variable: three hundred is four standard deviations.
        assert!((found - expected).abs() < 4.0 * (expected + 40_000.0).sqrt(), "{found} of {expected}");
    }

    #[test]
    fn what_is_resolved_reads_back_as_the_same_traffic() {
        let resolve = |text: &str| {
            let mut desk = Desk::new(text);
            let spec = desk.decode::<TrafficSpec>("").expect("well formed");
            let flow = spec.build(&mut desk.site(""), &files).expect("sound");
            (jobs(flow), desk.resolved())
        };
        let (first, text) = resolve(ALL);
        assert!(text.contains("arrivals = \"poisson\"  # default: many independent senders"), "{text}");
        let (second, again) = resolve(&text);
        assert!(first == second, "{text}");
        assert_eq!(again.lines().count(), text.lines().count());
    }

    #[test]
    fn a_flow_without_sources_or_with_idle_keys_is_refused() {
        for (text, said) in [
            ("size = '1KiB'", "`traffic.uploads` brings no jobs"),
            ("arrivals = 'regular'\nspike = { at = '1s', count = 1 }", "`arrivals` has no effect"),
            ("rate = '1/s'\narrivals = 'random'", "choose one of: `poisson`, `regular`"),
            ("rate = 10", "`10` needs a unit: write `10/s`"),
            ("rte = '1/s'", "did you mean `rate`?"),
        ] {
            let shown = flow(text).expect_err(text);
            assert!(shown.contains(said), "{text}: {shown}");
        }
        let many = format!("spikes = [{}]", "{ at = '1s', count = 1 },".repeat(1_001));
        assert!(flow(&many).expect_err("too many").contains("1001 spikes are more than the 1000"));
    }

    #[test]
    fn a_rate_of_nothing_is_silent_but_legal() {
        assert!(jobs(flow("rate = '0/s'").expect("sound")).is_empty());
        assert!(jobs(flow("rate = '0/s'\narrivals = 'regular'").expect("sound")).is_empty());
    }

    #[test]
    fn every_mistake_of_a_flow_is_reported_at_once() {
        let text = "ramp = { to = '1/s' }\nspike = { at = '1s' }\ntrace = { file = 'no.csv', times = 't' }\n\
                    size = { gamma = { mean = '1KiB', cv = -1 } }\nkey = {}";
        let shown = flow(text).expect_err("all wrong");
        assert_eq!(shown.matches("error[").count(), 5, "{shown}");
    }

    #[test]
    fn work_is_read_and_named_after_its_place() {
        let text = "time = { lognormal = { mean = '20s', cv = 0.5 } }";
        let work = |text: &str| {
            let mut desk = Desk::new(text);
            let spec = desk.decode::<WorkSpec>("work.encode");
            let work = spec.and_then(|spec| spec.build(&mut desk.site("work.encode"), &files));
            desk.judge(work)
        };
        let encode = work(text).expect("sound");
        assert_eq!((encode.name.as_str(), encode.time), ("encode", Law::lognormal(20.0, 0.5).expect("sound")));
        assert!(work("").expect_err("no time").contains("`work.encode` needs `time`"));
    }

    #[test]
    fn the_schema_knows_every_key_and_nothing_of_positions() {
        let schema = serde_json::to_string(&schemars::schema_for!(TrafficSpec)).expect("a schema is JSON");
        for key in ["rate", "ramp", "phases", "daily", "on_off", "trace", "spike", "spikes", "arrivals", "size", "key"]
        {
            assert!(schema.contains(&format!("\"{key}\":{{")), "{key}: {schema}");
        }
        assert!(schema.contains("\"for\":{") && schema.contains("LawOfBytes"), "{schema}");
        assert!(!schema.contains("span"), "{schema}");
    }
}
