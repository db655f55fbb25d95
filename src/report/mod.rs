//! Claims to report: plain data, and the only thing that exporters and charts see.
//!
//! Everything a file or a picture shows is a field here, already estimated over replications; nothing below this
//! layer is asked again, so a chart can be drawn from a hand-made report and a run is never repeated to draw one.
//! Times are simulated seconds from the start of a replication; `None` means not measured, zero means zero.

mod build;
#[cfg(test)]
pub mod fixture;
pub mod human;
pub mod names;
mod verdict;

pub use crate::metrics::Fate;
pub use build::{Results, build};

use crate::stats::Estimate;

/// The outcome of one scenario: every case through every pipeline.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was asked.
    pub scenario: ScenarioInfo,
    /// How it was run.
    pub run: RunInfo,
    /// The variations, in the order of the file. A file without cases has one, named `base`.
    pub cases: Vec<CaseInfo>,
    /// The designs, in the order of the file. The index is also the colour of the design in every chart.
    pub pipelines: Vec<PipelineInfo>,
    /// One per case and pipeline, all pipelines of the first case first.
    pub cells: Vec<Cell>,
    /// One per expectation and case it applies to, in the order of the file.
    pub expectations: Vec<ExpectationResult>,
}

/// The scenario as a reader knows it.
#[derive(Debug, Clone)]
pub struct ScenarioInfo {
    /// File stem, made safe for use as a folder name; also the first column of every file.
    pub name: String,
    /// Title from the file.
    pub title: String,
    /// Question from the file; may be empty.
    pub question: String,
    /// Stable hash of the resolved scenario, 16 hexadecimal digits.
    pub hash: String,
}

/// How the scenario was run: enough to run it again.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// Base seed.
    pub seed: u64,
    /// Replications asked for.
    pub replications: u32,
    /// When new traffic stops, in seconds.
    pub duration_s: f64,
    /// How long the run goes on after that at most, in seconds.
    pub drain_s: f64,
    /// Width of the grid of the time series, in seconds.
    pub sample_s: f64,
    /// The objective: a job done later than this is late. `None`: no job is late.
    pub objective_s: Option<f64>,
    /// Percentiles in every table, in percent, rising: 50, 99, 99.9.
    pub percentiles: Vec<f64>,
    /// Hash over every figure of every replication: equal fingerprints mean equal runs.
    pub fingerprint: String,
    /// Simulated events of all replications together.
    pub events: u64,
    /// Whether the run was cut short; the figures then cover what had finished.
    pub partial: bool,
}

/// One variation of the scenario.
#[derive(Debug, Clone)]
pub struct CaseInfo {
    /// Name in the file.
    pub name: String,
    /// Faults of this case, for shading.
    pub faults: Vec<FaultBand>,
    /// What else is done at a set time, for lines: servers taken out, scheduled actions, other filters.
    pub changes: Vec<FaultBand>,
    /// When the rate of the traffic jumps, in seconds: the edges of spikes and phases; an instant twice.
    pub jumps: Vec<f64>,
}

/// A fault on the timeline.
#[derive(Debug, Clone)]
pub struct FaultBand {
    /// What a chart writes beside the band: `shipping down`; may be empty for a change.
    pub label: String,
    /// The pipelines that have the node (indices).
    pub pipelines: Vec<usize>,
    /// Start in seconds.
    pub from_s: f64,
    /// End in seconds; equal to the start for an instant.
    pub to_s: f64,
}

/// One design.
#[derive(Debug, Clone)]
pub struct PipelineInfo {
    /// Name in the file.
    pub name: String,
    /// The way of a job through it: `web → jobs (sqs) → encoders`.
    pub path: String,
}

/// One pipeline under one case.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Index into [`Report::cases`].
    pub case: usize,
    /// Index into [`Report::pipelines`].
    pub pipeline: usize,
    /// The wide row: every summary metric, in the order of the columns of `summary.csv`.
    pub summary: Vec<SummaryMetric>,
    /// Jobs by fate, in the order of [`Fate::ALL`]; their means add up to the jobs sent.
    pub fates: Vec<Estimate>,
    /// Every cause of loss that occurred, most jobs first.
    pub losses: Vec<Loss>,
    /// One row per replication: the summary metrics of that replication alone.
    pub replications: Vec<Vec<Option<f64>>>,
    /// Per-node figures.
    pub nodes: Vec<NodeReport>,
    /// Time series of the pipeline (`node` is `None`) and of its nodes.
    pub series: Vec<Series>,
    /// End-to-end latency of every job done, all replications together.
    pub latency: Vec<LatencyBucket>,
    /// What happened and why, in one sentence.
    pub verdict: String,
    /// Checksum over arrivals, sizes, keys and work of all replications: equal in every pipeline of a case.
    pub traffic_checksum: String,
}

/// A column of `summary.csv`.
#[derive(Debug, Clone)]
pub struct SummaryMetric {
    /// Name with its unit: `latency_p99_s`, `goodput_share`.
    pub name: String,
    /// Unit: `s`, `jobs`, `1`, `1/s`.
    pub unit: &'static str,
    /// `None` when no replication measured it.
    pub estimate: Option<Estimate>,
}

/// A cause of loss: which limit, at which node.
#[derive(Debug, Clone)]
pub struct Loss {
    /// Name of the node.
    pub node: String,
    /// The limit or event: `accept queue full`.
    pub reason: String,
    /// The fate of the jobs it hit.
    pub fate: Fate,
    /// Jobs per replication.
    pub jobs: Estimate,
}

/// The figures of one node.
#[derive(Debug, Clone)]
pub struct NodeReport {
    /// Name in the file.
    pub name: String,
    /// Kind in the file.
    pub kind: &'static str,
    /// How many servers it can have busy at once, if that is a fixed number.
    pub servers: Option<u64>,
    /// Rows of `metrics.csv`.
    pub metrics: Vec<NodeMetric>,
}

/// A row of `metrics.csv`.
#[derive(Debug, Clone)]
pub struct NodeMetric {
    /// What is measured: `busy`, `messages_received`.
    pub metric: &'static str,
    /// Which statistic of it: `mean`, `max`, `total`, `p99`.
    pub statistic: String,
    /// Unit of the value.
    pub unit: &'static str,
    /// `None` when no replication measured it.
    pub estimate: Option<Estimate>,
}

/// A time series on the grid 0, `sample_s`, 2 `sample_s`, …: mean and band over replications.
#[derive(Debug, Clone)]
pub struct Series {
    /// The node, or `None` for the pipeline as a whole.
    pub node: Option<String>,
    /// `backlog`, `arrivals`, `completions`, `busy`, `in_flight`, …
    pub metric: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// Mean over replications; replications that ended earlier count with their last value.
    pub mean: Vec<f64>,
    /// Lowest replication.
    pub low: Vec<f64>,
    /// Highest replication.
    pub high: Vec<f64>,
}

/// A bucket of the latency histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyBucket {
    /// Lower edge in seconds, inclusive.
    pub low_s: f64,
    /// Upper edge in seconds, exclusive.
    pub high_s: f64,
    /// Jobs in it, all replications together.
    pub count: u64,
}

/// An expectation, judged.
#[derive(Debug, Clone)]
pub struct ExpectationResult {
    /// The text of the file: `queued.lost == 0`.
    pub that: String,
    /// The case it was judged in (index).
    pub case: usize,
    /// Whether it held.
    pub held: bool,
    /// What was found, for a person: `queued.lost is 0`.
    pub found: String,
}

impl Report {
    /// The cell of one case and pipeline, if it was run.
    pub fn cell(&self, case: usize, pipeline: usize) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.case == case && cell.pipeline == pipeline)
    }
}

impl RunInfo {
    /// The moment of a sample of a time series, in seconds: `index` times `sample_s`.
    #[allow(clippy::cast_precision_loss, reason = "series are far shorter than 2^53")]
    pub fn grid(&self, index: usize) -> f64 {
        // A tenth of a second is no double, but ten samples per second is a number: dividing gives 0.3 where
        // multiplying gives 0.30000000000000004.
        let per_second = 1.0 / self.sample_s;
        if per_second.fract() == 0.0 { index as f64 / per_second } else { index as f64 * self.sample_s }
    }

    /// The first sample of a time series that is not before a moment, in seconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "too large saturates")]
    pub fn place(&self, at_s: f64) -> usize {
        (at_s / self.sample_s - 1e-6).ceil().max(0.0) as usize
    }
}

impl Cell {
    /// A summary metric by name.
    pub fn metric(&self, name: &str) -> Option<&SummaryMetric> {
        self.summary.iter().find(|metric| metric.name == name)
    }

    /// Which part of the jobs sent came to an end of this kind: the mean over the replications, as goodput is in the table.
    pub fn share(&self, fate: Fate) -> Estimate {
        let none = Estimate { mean: 0.0, half_width: None, replications: 0 };
        let place = |name: &str| self.summary.iter().position(|metric| metric.name == name);
        let (Some(sent), Some(ended)) = (place(names::JOBS_SENT), place(fate.name())) else { return none };
        let figure = |row: &[Option<f64>], place: usize| row.get(place).copied().flatten();
        let of = |row: &Vec<Option<f64>>| Some(figure(row, ended)? / figure(row, sent).filter(|sent| *sent > 0.0)?);
        Estimate::of(&self.replications.iter().map(of).collect::<Vec<Option<f64>>>()).unwrap_or(none)
    }

    /// The mean of a summary metric, if it was measured.
    pub fn mean(&self, name: &str) -> Option<f64> {
        self.metric(name)?.estimate.map(|estimate| estimate.mean)
    }

    /// A series of the pipeline as a whole.
    pub fn pipeline_series(&self, metric: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.node.is_none() && series.metric == metric)
    }
}
