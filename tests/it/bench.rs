//! Runs a scenario from its text and looks into what came out, by name.

use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use surgetank::diagnostic::{Diagnostics, Look, render};
use surgetank::metrics::{Fate, Observation, columns};
use surgetank::scenario::{CaseModel, Model, PipelineModel, Replication, load, resolve};

/// A scenario that is ready to run, or what is wrong with it.
pub fn model(text: &str) -> Result<Model, String> {
    let mut found = Diagnostics::new();
    let mut extended = |_: &str| Err("no files here".to_owned());
    let loaded = load("test.toml", text, &[], &mut extended, &mut found);
    let read = |_: &str| Err("no files here".to_owned());
    let resolved = resolve(&loaded, "test", &read, found);
    let told = render(&resolved.found, &loaded.sources, Look::Plain);
    resolved.model.ok_or(told)
}

/// One replication of the first case, looked at from one pipeline.
pub struct Ran {
    case: Arc<CaseModel>,
    pipeline: Arc<PipelineModel>,
    observation: Box<Observation>,
}

/// Runs the first pipeline of a scenario once.
///
/// # Panics
/// If the scenario has mistakes or does not come to its end.
pub fn run(text: &str) -> Ran {
    run_seeded(text, 1)
}

/// The same with another seed.
pub fn run_seeded(text: &str, seed: u64) -> Ran {
    Prepared::of(text).run(seed)
}

/// Runs the first pipeline of a scenario with each of the seeds, on all processors, and keeps what `look` sees in each.
pub fn over_seeds<T: Send>(text: &str, seeds: Range<u64>, look: impl Fn(&Ran) -> T + Sync) -> Vec<T> {
    let prepared = Prepared::of(text);
    seeds.into_par_iter().map(|seed| look(&prepared.run(seed))).collect()
}

/// Runs every pipeline of the first case once, with the scenario's own seed.
pub fn ran_all(text: &str) -> Vec<Ran> {
    let case = Arc::new(model(text).unwrap_or_else(|told| panic!("{told}")).cases.swap_remove(0));
    let prepared =
        |pipeline: &PipelineModel| Prepared { case: Arc::clone(&case), pipeline: Arc::new(pipeline.clone()) };
    case.pipelines.iter().map(|pipeline| prepared(pipeline).run(case.run.seed)).collect()
}

/// The first pipeline of the first case of a scenario, ready to run often.
struct Prepared {
    case: Arc<CaseModel>,
    pipeline: Arc<PipelineModel>,
}

impl Prepared {
    fn of(text: &str) -> Self {
        let case = model(text).unwrap_or_else(|told| panic!("{told}")).cases.swap_remove(0);
        let pipeline = Arc::new(case.pipelines[0].clone());
        Self { case: Arc::new(case), pipeline }
    }

    fn run(&self, seed: u64) -> Ran {
        let (case, pipeline) = (Arc::clone(&self.case), Arc::clone(&self.pipeline));
        match case.simulate(&pipeline, seed, 0, &mut |_| true) {
            Replication::Done(observation) => Ran { case, pipeline, observation },
            other => panic!("seed {seed}: {other:?}"),
        }
    }
}

impl Ran {
    /// A figure of a node, by the name that an expectation would use, `app.busy_time_s`, or without its unit.
    pub fn figure(&self, name: &str) -> f64 {
        let (node, metric) = name.split_once('.').expect("node.metric");
        let node = self.pipeline.plan.nodes.iter().position(|known| known.name == node).expect("a node of that name");
        let columns = self.pipeline.node_columns();
        let is_called = |name: &str| name == metric || name.strip_prefix(metric).is_some_and(is_unit);
        let index = columns.iter().position(|column| column.node.index() == node && is_called(&column.name()));
        let index = index.unwrap_or_else(|| panic!("no figure {name}"));
        self.observation.nodes[index].unwrap_or_else(|| panic!("{name} was not measured"))
    }

    /// A figure of the summary, by its name with or without its unit: `latency_mean`, `backlog_mean`.
    pub fn summary(&self, name: &str) -> f64 {
        self.summary_if_measured(name).unwrap_or_else(|| panic!("{name} was not measured"))
    }

    /// The same, or nothing if it was not measured.
    pub fn summary_if_measured(&self, name: &str) -> Option<f64> {
        let columns = columns(&self.case.run.percentiles);
        let is_called = |column: &str| column == name || column.strip_prefix(name).is_some_and(is_unit);
        let index = columns.iter().position(|column| is_called(&column.name));
        self.observation.summary[index.unwrap_or_else(|| panic!("no figure {name}"))]
    }

    /// A figure of a node if the name has a point in it, else of the summary; `a / b` is the ratio of two.
    pub fn value(&self, name: &str) -> f64 {
        match name.split_once(" / ") {
            Some((part, whole)) => self.value(part) / self.value(whole),
            None if name.contains('.') => self.figure(name),
            None => self.summary(name),
        }
    }

    /// Jobs under way at 0, one step, two steps, …, each with its time in seconds.
    pub fn backlog(&self) -> Vec<(f64, f64)> {
        let step = self.case.sample_every.as_secs_f64();
        let samples = self.observation.backlog.iter().enumerate();
        samples.map(|(place, &jobs)| (place as f64 * step, f64::from(jobs))).collect()
    }

    /// The samples of a gauge, each with its time in seconds.
    pub fn series(&self, name: &str) -> Vec<(f64, f64)> {
        let (node, metric) = name.split_once('.').expect("node.metric");
        let gauges = self.pipeline.catalogue.gauges();
        let is_it = |gauge: &surgetank::metrics::MetricName| {
            self.pipeline.plan.nodes[gauge.node.index()].name == node && gauge.metric == metric
        };
        let index = gauges.iter().position(is_it).unwrap_or_else(|| panic!("no gauge {name}"));
        let step = self.case.sample_every.as_secs_f64();
        let samples = self.observation.gauges[index].iter().enumerate();
        samples.map(|(place, &value)| (place as f64 * step, f64::from(value) * gauges[index].gauge_scale())).collect()
    }

    /// Jobs that arrived between two instants of the grid.
    pub fn arrivals(&self, between: [f64; 2]) -> f64 {
        self.tally(&self.observation.arrivals, between)
    }

    /// Jobs that were done between two instants of the grid.
    pub fn completions(&self, between: [f64; 2]) -> f64 {
        self.tally(&self.observation.completions, between)
    }

    fn tally(&self, counts: &[u32], [from, to]: [f64; 2]) -> f64 {
        let step = self.case.sample_every.as_secs_f64();
        let inside = |place: usize| (from..to).contains(&((place as f64 + 0.5) * step));
        counts.iter().enumerate().filter(|&(place, _)| inside(place)).map(|(_, &count)| f64::from(count)).sum()
    }

    /// The checksum over the arrivals, sizes, keys and work that it met.
    pub fn traffic_checksum(&self) -> u64 {
        self.observation.traffic_checksum
    }

    /// Jobs that came to this end.
    pub fn jobs(&self, fate: Fate) -> u64 {
        self.observation.fates[fate as usize]
    }

    /// Jobs sent.
    pub fn sent(&self) -> u64 {
        self.observation.fates.iter().sum()
    }

    /// Jobs lost at a node by a cause that begins with these words.
    pub fn lost(&self, node: &str, reason: &str) -> u64 {
        let nodes = &self.pipeline.plan.nodes;
        let causes = self.pipeline.losses.iter().zip(&self.observation.losses);
        let found: Vec<u64> = causes
            .filter(|(cause, _)| nodes[cause.node.index()].name == node && cause.reason.starts_with(reason))
            .map(|(_, &jobs)| jobs)
            .collect();
        assert!(!found.is_empty(), "a cause `{reason}` at `{node}`");
        found.iter().sum()
    }
}

/// Whether this is what the name of a figure ends with to say its unit.
fn is_unit(end: &str) -> bool {
    ["_s", "_share", "_bytes", "_per_s", "_usd"].contains(&end)
}

/// Holds that `value` lies within `share` of `expected`.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn about(value: f64, expected: f64, share: f64) {
    let off = (value - expected).abs() / expected.abs();
    assert!(off <= share, "{value} is {:.1}% off {expected}", off * 100.0);
}
