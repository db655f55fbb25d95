//! Hand-made reports for the tests of the charts: a small model of queues, drawn from a fixed stream of numbers.

use crate::report::names::JOBS_SENT;
use crate::report::{
    CaseInfo, Cell, Fate, FaultBand, LatencyBucket, NodeMetric, NodeReport, PipelineInfo, Report, RunInfo,
    ScenarioInfo, Series, SummaryMetric,
};
use crate::stats::Estimate;

const SAMPLE_S: f64 = 15.0;
const SPIKE_AT_S: f64 = 600.0;
const TRAFFIC_END_S: f64 = 1800.0;

/// A design of the model: what it can hold and how many jobs it works on at a time.
#[derive(Clone)]
pub(super) struct Design {
    pub name: String,
    pub servers: f64,
    pub room: f64,
    pub patience_s: f64,
}

fn design(name: &str, servers: f64) -> Design {
    Design { name: name.to_owned(), servers, room: f64::INFINITY, patience_s: f64::INFINITY }
}

/// Five designs of very different behaviour.
pub(super) fn five() -> Vec<Design> {
    vec![
        Design { room: 210.0, patience_s: 180.0, ..design("synchronous", 10.0) },
        design("queued", 10.0),
        design("published", 10.0),
        design("streamed", 4.0),
        design("brokered", 8.0),
    ]
}

/// The scenario of the first page: ten videos, then a thousand, through five designs, twenty times.
pub(super) fn video() -> Report {
    let mut report = build(&five(), &[("ten", 10.0), ("thousand", 1000.0)], 20);
    report.cases[1].faults.push(FaultBand {
        label: "encoders down".to_owned(),
        pipelines: (0..5).collect(),
        from_s: 2400.0,
        to_s: 3000.0,
    });
    report
}

/// One pipeline with so many nodes, the later the busier.
pub(super) fn nodes(count: u32) -> Report {
    let mut report = build(&five()[1..2], &[("base", 50.0)], 3);
    let cell = &mut report.cells[0];
    let busy = cell.series.iter().find(|series| series.metric == "busy").expect("the model has it").clone();
    cell.series.retain(|series| series.metric != "busy");
    let node = cell.nodes[0].clone();
    cell.nodes.clear();
    for index in 0..count {
        let name = format!("node-{index}");
        let mut series = Series { node: Some(name.clone()), ..busy.clone() };
        for values in [&mut series.mean, &mut series.low, &mut series.high] {
            scale(values, f64::from(index + 1) / f64::from(count));
        }
        cell.series.push(series);
        cell.nodes.push(NodeReport { name, ..node.clone() });
    }
    report
}

/// Any designs under any spikes.
pub(super) fn build(designs: &[Design], cases: &[(&str, f64)], replications: u32) -> Report {
    let mut cells = Vec::new();
    for (case, (_, spike)) in cases.iter().enumerate() {
        for (pipeline, design) in designs.iter().enumerate() {
            cells.push(cell(case, pipeline, design, *spike, replications));
        }
    }
    let case = |(name, _): &(&str, f64)| CaseInfo {
        name: (*name).to_owned(),
        faults: Vec::new(),
        changes: Vec::new(),
        jumps: Vec::new(),
    };
    let pipeline = |design: &Design| PipelineInfo { name: design.name.clone(), path: "web → encoders".to_owned() };
    Report {
        scenario: ScenarioInfo {
            name: "video-encoding".to_owned(),
            title: "Ten videos, then a thousand".to_owned(),
            question: "What happens to each design?".to_owned(),
            hash: "0123456789abcdef".to_owned(),
        },
        run: RunInfo {
            seed: 1,
            replications,
            duration_s: TRAFFIC_END_S,
            drain_s: 43_200.0,
            sample_s: SAMPLE_S,
            objective_s: Some(300.0),
            percentiles: vec![50.0, 99.0],
            fingerprint: String::new(),
            events: 0,
            partial: false,
        },
        cases: cases.iter().map(case).collect(),
        pipelines: designs.iter().map(pipeline).collect(),
        cells,
        expectations: Vec::new(),
    }
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((self.0 >> 33) as u32) / f64::from(1_u32 << 31)
    }

    /// Roughly Poisson: whole, with the mean and the variance of one.
    fn count(&mut self, mean: f64) -> f64 {
        let normal = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        (mean + normal * mean.sqrt()).round().max(0.0)
    }
}

#[derive(Default)]
struct Run {
    backlog: Vec<f64>,
    arrivals: Vec<f64>,
    completions: Vec<f64>,
    busy: Vec<f64>,
    /// Done in time, late, rejected, timed out, unfinished.
    fates: [f64; 5],
    latencies: Vec<f64>,
}

fn cell(case: usize, pipeline: usize, design: &Design, spike: f64, replications: u32) -> Cell {
    let runs: Vec<Run> = (0..replications)
        .map(|replication| simulate(design, spike, u64::from(replication) * 7919 + case as u64 + 1))
        .collect();
    let fates = |index: usize| estimate(&runs.iter().map(|run| run.fates[index]).collect::<Vec<f64>>());
    let none = Estimate { mean: 0.0, half_width: Some(0.0), replications };
    let busy = runs.iter().map(|run| run.busy.iter().sum::<f64>() / (120.0 * design.servers)).collect::<Vec<f64>>();
    let utilisation = NodeMetric {
        metric: "utilisation",
        statistic: "mean".to_owned(),
        unit: "1",
        estimate: Some(estimate(&busy.iter().map(|share| share.min(0.999)).collect::<Vec<f64>>())),
    };
    let most = runs.iter().map(|run| run.busy.iter().copied().fold(0.0, f64::max) * 1.3).collect::<Vec<f64>>();
    let most =
        NodeMetric { metric: "busy", statistic: "max".to_owned(), unit: "slots", estimate: Some(estimate(&most)) };
    let report = |name: &str, metrics| NodeReport { name: name.to_owned(), kind: "service", servers: None, metrics };
    let web = NodeMetric { estimate: Some(Estimate { mean: 0.12, ..none }), ..utilisation.clone() };
    Cell {
        case,
        pipeline,
        summary: [JOBS_SENT]
            .into_iter()
            .chain(Fate::ALL.map(Fate::name))
            .map(|name| SummaryMetric { name: name.to_owned(), unit: "jobs", estimate: None })
            .collect(),
        fates: vec![fates(0), fates(1), none, fates(2), fates(3), none, none, none, fates(4)],
        losses: Vec::new(),
        replications: runs.iter().map(Run::row).collect(),
        nodes: vec![report("web", vec![web]), report("encoders", vec![utilisation, most])],
        series: vec![
            series(None, "backlog", runs.iter().map(|run| &run.backlog)),
            series(None, "arrivals", runs.iter().map(|run| &run.arrivals)),
            series(None, "completions", runs.iter().map(|run| &run.completions)),
            series(Some("web"), "busy", runs.iter().map(|run| &run.arrivals)),
            series(Some("encoders"), "busy", runs.iter().map(|run| &run.busy)),
        ],
        latency: buckets(runs.iter().flat_map(|run| &run.latencies).copied()),
        verdict: String::new(),
        traffic_checksum: String::new(),
    }
}

impl Run {
    /// Jobs sent, and by fate.
    fn row(&self) -> Vec<Option<f64>> {
        let [in_time, late, rejected, timed_out, left] = self.fates;
        let fates = [in_time, late, 0.0, rejected, timed_out, 0.0, 0.0, 0.0, left];
        std::iter::once(fates.iter().sum()).chain(fates).map(Some).collect()
    }
}

/// A step of the model for every sample, until everything is settled.
fn simulate(design: &Design, spike: f64, seed: u64) -> Run {
    let mut numbers = Numbers(seed);
    let mut run = Run::default();
    let (mut backlog, mut now) = (0.0_f64, 0.0);
    while now < TRAFFIC_END_S || (backlog > 0.0 && now < 6.0 * 3600.0) {
        let usual = if now < TRAFFIC_END_S { numbers.count(SAMPLE_S / 6.0) } else { 0.0 };
        let burst = if (SPIKE_AT_S..SPIKE_AT_S + 60.0).contains(&now) { (spike / 4.0).round() } else { 0.0 };
        let arrivals = usual + burst;
        let taken = arrivals.min((design.room - backlog).max(0.0));
        run.fates[2] += arrivals - taken;
        let capacity = if (2400.0..3000.0).contains(&now) && spike > 100.0 { 0.0 } else { design.servers };
        let done = numbers.count(capacity * SAMPLE_S / 20.0).min(backlog + taken);
        let wait = backlog / (design.servers / 20.0);
        for _ in 0..(done as u32) {
            let latency = 20.0 * libm::exp(0.6 * (numbers.next() + numbers.next() + numbers.next() - 1.5)) + wait;
            if latency > design.patience_s {
                run.fates[3] += 1.0;
            } else {
                run.fates[usize::from(latency > 300.0)] += 1.0;
                run.latencies.push(latency);
            }
        }
        backlog += taken - done;
        run.backlog.push(backlog);
        run.arrivals.push(arrivals);
        run.completions.push(done);
        run.busy.push(backlog.min(capacity));
        now += SAMPLE_S;
    }
    run.fates[4] = backlog;
    run
}

/// Every value times a factor.
pub(super) fn scale(values: &mut [f64], factor: f64) {
    for value in values {
        *value *= factor;
    }
}

fn estimate(values: &[f64]) -> Estimate {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    let half_width = (values.len() > 1).then(|| 2.1 * (variance / n).sqrt());
    Estimate { mean, half_width, replications: values.len() as u32 }
}

fn series<'a>(node: Option<&str>, metric: &'static str, runs: impl Iterator<Item = &'a Vec<f64>>) -> Series {
    let runs: Vec<&Vec<f64>> = runs.collect();
    let length = runs.iter().map(|run| run.len()).max().unwrap_or(0);
    let (mut mean, mut low, mut high) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..length {
        let values: Vec<f64> = runs.iter().map(|run| run.get(index).or(run.last()).copied().unwrap_or(0.0)).collect();
        mean.push(values.iter().sum::<f64>() / values.len() as f64);
        low.push(values.iter().copied().fold(f64::INFINITY, f64::min));
        high.push(values.iter().copied().fold(0.0, f64::max));
    }
    Series { node: node.map(ToOwned::to_owned), metric, unit: "jobs", mean, low, high }
}

fn buckets(latencies: impl Iterator<Item = f64>) -> Vec<LatencyBucket> {
    let edge = |index: i32| libm::exp2(f64::from(index) / 16.0);
    let mut counts = std::collections::BTreeMap::new();
    for latency in latencies {
        *counts.entry((libm::log2(latency.max(1e-9)) * 16.0).floor() as i32).or_insert(0) += 1;
    }
    let bucket = |(index, count)| LatencyBucket { low_s: edge(index), high_s: edge(index + 1), count };
    counts.into_iter().map(bucket).collect()
}
