//! Observations to report: estimates over replications, bands of series, causes of loss, verdicts.

use super::verdict;
use super::{
    CaseInfo, Cell, ExpectationResult, FaultBand, LatencyBucket, Loss, NodeMetric, NodeReport, PipelineInfo, Report,
    RunInfo, ScenarioInfo, Series, SummaryMetric,
};
use crate::engine::SimTime;
use crate::engine::random::mix;
use crate::metrics::{Capacity, Fate, MetricName, NodeColumn, Observation, columns};
use crate::scenario::{CaseModel, Model, PipelineModel, Reference};
use crate::stats::Estimate;
use crate::traffic::pattern::Pattern as _;
use std::collections::BTreeMap;

/// What was run: for each case and pipeline, in the order of the model, the replications that finished, in order.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// By case, then by pipeline.
    pub cells: Vec<Vec<Vec<Observation>>>,
    /// Base seed.
    pub seed: u64,
    /// Replications asked for.
    pub replications: u32,
    /// Whether the run was cut short.
    pub partial: bool,
}

/// Makes the report of a scenario called `name`.
pub fn build(model: &Model, name: &str, results: &Results) -> Report {
    let mut cells = Vec::new();
    for (case, (case_model, row)) in model.cases.iter().zip(&results.cells).enumerate() {
        for (pipeline, (pipeline_model, observations)) in case_model.pipelines.iter().zip(row).enumerate() {
            if !observations.is_empty() {
                cells.push(cell((case, case_model), (pipeline, pipeline_model), observations));
            }
        }
    }
    let first = &model.cases[0];
    let all = || results.cells.iter().flatten().flatten();
    let fingerprint = all().fold(0, |hash, observation: &Observation| mix(hash ^ observation.fingerprint()));
    let mut report = Report {
        scenario: ScenarioInfo {
            name: name.to_owned(),
            title: model.title.clone(),
            question: model.question.clone(),
            hash: format!("{:016x}", model.hash),
        },
        run: RunInfo {
            seed: results.seed,
            replications: results.replications,
            duration_s: first.run.duration.as_secs_f64(),
            drain_s: first.run.drain.as_secs_f64(),
            sample_s: first.sample_every.as_secs_f64(),
            objective_s: first.objective.map(crate::engine::SimDuration::as_secs_f64),
            percentiles: first.run.percentiles.clone(),
            fingerprint: format!("{fingerprint:016x}"),
            events: all().map(|observation| observation.events).sum(),
            partial: results.partial,
        },
        cases: model.cases.iter().map(case_info).collect(),
        pipelines: first
            .pipelines
            .iter()
            .map(|pipeline| PipelineInfo { name: pipeline.name.clone(), path: pipeline.path() })
            .collect(),
        cells,
        expectations: Vec::new(),
    };
    report.expectations = judge(model, &report);
    verdict::write(&mut report);
    report
}

fn case_info(case: &CaseModel) -> CaseInfo {
    let faults = case.faults.iter().map(|fault| FaultBand {
        label: fault.label.clone(),
        pipelines: (0..case.pipelines.len())
            .filter(|&index| fault.nodes.iter().any(|(pipeline, _)| *pipeline == case.pipelines[index].name))
            .collect(),
        from_s: fault.from.as_secs_f64(),
        to_s: fault.to.as_secs_f64(),
    });
    let sources = case.flows.iter().flat_map(|flow| &flow.sources);
    let mut jumps: Vec<f64> = sources.flat_map(|source| source.pattern.jumps()).collect();
    jumps.sort_by(f64::total_cmp);
    CaseInfo { name: case.name.clone(), faults: faults.collect(), changes: changes(case), jumps }
}

/// What the nodes of a case say is done to them; the same of several pipelines once.
fn changes(case: &CaseModel) -> Vec<FaultBand> {
    let mut changes: Vec<FaultBand> = Vec::new();
    for (index, pipeline) in case.pipelines.iter().enumerate() {
        let moments = pipeline.traits.iter().flat_map(|traits| &traits.moments);
        // What is so from the beginning needs no mark.
        for change in moments.filter(|moment| moment.at.value > SimTime::ZERO) {
            let at = change.at.value.as_secs_f64();
            let same = |other: &&mut FaultBand| other.label == change.label && other.from_s.total_cmp(&at).is_eq();
            match changes.iter_mut().find(same) {
                Some(known) if known.pipelines.contains(&index) => {}
                Some(known) => known.pipelines.push(index),
                None => changes.push(FaultBand {
                    label: change.label.clone(),
                    pipelines: vec![index],
                    from_s: at,
                    to_s: at,
                }),
            }
        }
    }
    changes
}

fn cell(case: (usize, &CaseModel), pipeline: (usize, &PipelineModel), observations: &[Observation]) -> Cell {
    let names = columns(&case.1.run.percentiles);
    let summary = names.into_iter().enumerate().map(|(index, column)| SummaryMetric {
        estimate: estimate(observations, |observation| observation.summary[index]),
        name: column.name,
        unit: column.unit,
    });
    Cell {
        case: case.0,
        pipeline: pipeline.0,
        summary: summary.collect(),
        fates: (0..Fate::ALL.len()).filter_map(|fate| count(observations, |o| o.fates[fate])).collect(),
        losses: losses(pipeline.1, observations),
        replications: observations.iter().map(|observation| observation.summary.clone()).collect(),
        nodes: nodes(pipeline.1, observations),
        series: series(pipeline.1, observations),
        latency: latency(observations),
        verdict: String::new(),
        traffic_checksum: {
            let sums = observations.iter().map(|observation| observation.traffic_checksum);
            format!("{:016x}", sums.fold(0, |hash, sum| mix(hash ^ sum)))
        },
    }
}

fn estimate(observations: &[Observation], value: impl Fn(&Observation) -> Option<f64>) -> Option<Estimate> {
    let values: Vec<Option<f64>> = observations.iter().map(value).collect();
    Estimate::of(&values)
}

#[allow(clippy::cast_precision_loss, reason = "counts of jobs are far below 2^53")]
fn count(observations: &[Observation], value: impl Fn(&Observation) -> u64) -> Option<Estimate> {
    estimate(observations, |observation| Some(value(observation) as f64))
}

fn losses(pipeline: &PipelineModel, observations: &[Observation]) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    for (index, cause) in pipeline.losses.iter().enumerate() {
        if observations.iter().any(|observation| observation.losses[index] > 0) {
            losses.extend(count(observations, |observation| observation.losses[index]).map(|jobs| Loss {
                node: pipeline.plan.nodes[cause.node.index()].name.clone(),
                reason: cause.reason.to_owned(),
                fate: Fate::from(cause.kind),
                jobs,
            }));
        }
    }
    losses.sort_by(|a, b| b.jobs.mean.total_cmp(&a.jobs.mean));
    losses
}

fn nodes(pipeline: &PipelineModel, observations: &[Observation]) -> Vec<NodeReport> {
    let columns = pipeline.node_columns();
    let nodes = pipeline.plan.nodes.iter().enumerate();
    let metrics = |node: usize| {
        let of_node = columns.iter().enumerate().filter(move |(_, column)| column.node.index() == node);
        of_node.map(|(index, NodeColumn { metric, statistic, unit, .. })| NodeMetric {
            metric,
            statistic: statistic.clone(),
            unit,
            estimate: estimate(observations, |observation| observation.nodes[index]),
        })
    };
    let servers = |node: usize| {
        let mut gauges = pipeline.catalogue.gauges().iter().enumerate();
        let (busy, _) = gauges.find(|(_, name)| name.node.index() == node && name.metric == "busy")?;
        match pipeline.catalogue.capacity(busy)? {
            Capacity::Fixed(most) => Some(most),
            Capacity::Gauge(_) => None,
        }
    };
    nodes
        .map(|(index, node)| NodeReport {
            name: node.name.clone(),
            kind: node.kind,
            servers: servers(index),
            metrics: metrics(index).collect(),
        })
        .collect()
}

fn series(pipeline: &PipelineModel, observations: &[Observation]) -> Vec<Series> {
    // What is counted stops with the last count, but nothing happening is also something to see: all series of the
    // pipeline go on until its backlog ends.
    let points = observations.iter().map(|observation| observation.backlog.len()).max().unwrap_or(0);
    let of = |node, metric, unit, samples: &dyn Fn(&Observation) -> &[u32], stays, scale| {
        let samples: Vec<&[u32]> = observations.iter().map(samples).collect();
        let points = samples.iter().map(|samples| samples.len()).fold(points, usize::max);
        band(node, metric, unit, &samples, points, stays, scale)
    };
    let mut series = vec![
        of(None, "backlog", "jobs", &|observation| &observation.backlog, true, 1.0),
        of(None, "arrivals", "jobs", &|observation| &observation.arrivals, false, 1.0),
        of(None, "completions", "jobs", &|observation| &observation.completions, false, 1.0),
    ];
    for (index, name) in pipeline.catalogue.gauges().iter().enumerate() {
        let &MetricName { node, metric, unit } = name;
        let node = Some(pipeline.plan.nodes[node.index()].name.clone());
        let scale = name.gauge_scale();
        series.push(of(node, metric, unit, &|observation| &observation.gauges[index], true, scale));
    }
    series
}

/// Mean and range over replications at each of `points` points. A replication that ended earlier goes on with its last
/// value if the quantity `stays`, and with nothing if it counts what happens.
#[allow(clippy::cast_precision_loss, reason = "a mean of small counts")]
fn band(
    node: Option<String>,
    metric: &'static str,
    unit: &'static str,
    samples: &[&[u32]],
    points: usize,
    stays: bool,
    scale: f64,
) -> Series {
    let mut series = Series { node, metric, unit, mean: Vec::new(), low: Vec::new(), high: Vec::new() };
    for point in 0..points {
        let at = |samples: &&[u32]| {
            let last = if stays { samples.last().copied() } else { None };
            u64::from(samples.get(point).copied().or(last).unwrap_or(0))
        };
        let (mut sum, mut low, mut high) = (0, u64::MAX, 0);
        for value in samples.iter().map(at) {
            sum += value;
            low = low.min(value);
            high = high.max(value);
        }
        series.mean.push(sum as f64 / samples.len() as f64 * scale);
        series.low.push(low as f64 * scale);
        series.high.push(high as f64 * scale);
    }
    series
}

fn latency(observations: &[Observation]) -> Vec<LatencyBucket> {
    let mut merged = BTreeMap::<(u64, u64), u64>::new();
    for &(low, high, count) in observations.iter().flat_map(|observation| &observation.latency) {
        *merged.entry((low, high)).or_default() += count;
    }
    let seconds = |nanos| SimTime::from_nanos(nanos).as_secs_f64();
    let buckets = merged.into_iter();
    buckets.map(|((low, high), count)| LatencyBucket { low_s: seconds(low), high_s: seconds(high), count }).collect()
}

/// Judges every expectation in every case that it applies to and that was run.
fn judge(model: &Model, report: &Report) -> Vec<ExpectationResult> {
    let mut results = Vec::new();
    for expectation in &model.expectations {
        for (case, info) in report.cases.iter().enumerate() {
            if !expectation.applies_to(&info.name) || !report.cells.iter().any(|cell| cell.case == case) {
                continue;
            }
            let verdict = expectation.judge(&|reference| look_up(report, case, reference));
            let (that, held, found) = (expectation.that.clone(), verdict.held, verdict.found);
            results.push(ExpectationResult { that, case, held, found });
        }
    }
    results
}

/// The mean of what an expectation refers to.
fn look_up(report: &Report, case: usize, reference: &Reference) -> Option<f64> {
    let pipeline = report.pipelines.iter().position(|pipeline| pipeline.name == reference.pipeline)?;
    let cell = report.cell(case, pipeline)?;
    let Some(node) = &reference.node else { return cell.mean(&reference.metric) };
    let node = cell.nodes.iter().find(|candidate| candidate.name == *node)?;
    let metric = node.metrics.iter().find(|metric| metric.name() == reference.metric)?;
    metric.estimate.map(|estimate| estimate.mean)
}

impl NodeMetric {
    /// The name by which an expectation asks for it, as [`NodeColumn::name`].
    pub fn name(&self) -> String {
        let (metric, statistic) = (self.metric, self.statistic.clone());
        NodeColumn { node: crate::engine::NodeId(0), metric, statistic, unit: self.unit }.name()
    }
}
