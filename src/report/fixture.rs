//! A report made by hand for the tests of exporters, pages and charts: two cases, five pipelines, four replications.
//!
//! The figures come from a toy (jobs in order through a few servers), so that they look and add up like real ones:
//! fates sum to what was sent, percentiles rise, the backlog fits the arrivals. It is no model of any service.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a toy with hundreds of jobs"
)]

use super::names::{BACKLOG_MAX, DRAIN, GOODPUT, JOBS_SENT, latency_percentile};
use super::{
    CaseInfo, Cell, ExpectationResult, Fate, FaultBand, LatencyBucket, Loss, NodeMetric, NodeReport, PipelineInfo,
    Report, RunInfo, ScenarioInfo, Series, SummaryMetric,
};
use crate::engine::random::StreamKey;
use crate::stats::{Estimate, quantile};
use std::sync::LazyLock;

const REPLICATIONS: u32 = 4;
const SAMPLE: f64 = 10.0;
const DURATION: f64 = 1800.0;
const OBJECTIVE: f64 = 300.0;
const PERCENTILES: [f64; 3] = [50.0, 99.0, 99.9];

/// A design of the toy.
struct Design {
    name: &'static str,
    path: &'static str,
    node: (&'static str, &'static str),
    servers: usize,
    /// More waiting than this are turned away, for this reason.
    room: Option<(usize, &'static str)>,
    /// Who waits longer has given up, for this reason.
    patience: Option<(f64, &'static str)>,
    /// Every so many jobs one is done twice.
    twice_every: Option<usize>,
    verdict: [&'static str; 2],
}

const DESIGNS: [Design; 5] = [
    Design {
        name: "synchronous",
        path: "web → encoders",
        node: ("encoders", "service"),
        servers: 10,
        room: Some((200, "accept queue full")),
        patience: Some((60.0, "caller gave up after 3 attempts")),
        twice_every: None,
        verdict: [
            "Every caller had its answer: ten extra videos fit beside the usual ones.",
            "Most callers of the spike were turned away or gave up waiting, and work for callers who were long gone \
             kept the encoders busy.",
        ],
    },
    Design {
        name: "queued",
        path: "web → jobs (sqs) → encoders",
        node: ("encoders", "workers"),
        servers: 10,
        room: None,
        patience: None,
        twice_every: None,
        verdict: [
            "Nothing waited for long: the queue was not needed.",
            "The queue kept every job; the spike became a wait of most of an hour, not a loss.",
        ],
    },
    Design {
        name: "published",
        path: "web → uploaded (sns) → jobs (sqs) → encoders",
        node: ("encoders", "workers"),
        servers: 14,
        room: None,
        patience: None,
        twice_every: Some(700),
        verdict: [
            "Nothing waited for long.",
            "Every job was done; fourteen encoders drained the queue behind the topic sooner than ten would have.",
        ],
    },
    Design {
        name: "streamed",
        path: "web → uploads (kinesis) → encoders",
        node: ("encoders", "readers"),
        servers: 4,
        room: Some((900, "shard throttled and client out of attempts")),
        patience: None,
        twice_every: None,
        verdict: [
            "Four shards allow four encoders at once, which is just enough.",
            "Four shards allow four encoders at once: the backlog never came down while traffic lasted.",
        ],
    },
    Design {
        name: "brokered",
        path: "web → broker (mq) → encoders",
        node: ("encoders", "workers"),
        servers: 10,
        room: None,
        patience: None,
        twice_every: Some(90),
        verdict: [
            "Nothing waited for long; a lost connection made the broker deliver a few jobs again.",
            "Every job was done, some twice: what was prefetched and not acknowledged was delivered again.",
        ],
    },
];

/// The report, computed once.
pub fn report() -> Report {
    static REPORT: LazyLock<Report> = LazyLock::new(make);
    REPORT.clone()
}

/// The same report with names and texts that try to break a page, a file or a terminal.
pub fn hostile() -> Report {
    let mut report = report();
    report.scenario.name = "=cmd|' /C calc'!A0".into();
    report.scenario.title = "\u{1b}[2J\u{202e}title <script>alert(1)</script> | [x](y)".into();
    report.scenario.question = "Q".repeat(300);
    let long = "a".repeat(90);
    let names =
        ["=1+1", "日本語のとても長い名前です、そしてもっと長い", "a,b\"c\n\u{1b}]0;x\u{7}", &long, "🚚\u{feff}</text>"];
    for (pipeline, name) in report.pipelines.iter_mut().zip(names) {
        pipeline.name = name.into();
    }
    report.pipelines[0].path = "web → \u{9b}31m".repeat(20);
    report.cases[0].name = "\u{1b}[31mred".into();
    report.cases[1].faults[0].label = "down\r\n&amp; \u{2028}out".into();
    report.cells[5].losses[0].reason = "r|\u{9b}31m".repeat(10);
    report.cells[5].verdict = "*all* `gone`\u{0}".into();
    report.expectations[0].that = "@SUM(A1)\u{1b}[0m".into();
    report
}

fn make() -> Report {
    let cells: Vec<Cell> = [10, 1000]
        .iter()
        .enumerate()
        .flat_map(|(case, &spike)| (0..DESIGNS.len()).map(move |pipeline| cell(case, spike, pipeline)))
        .collect();
    Report {
        scenario: ScenarioInfo {
            name: "video-encoding".into(),
            title: "Ten videos, then a thousand".into(),
            question: "What happens to each design when a thousand uploads arrive where ten are usual?".into(),
            hash: "5a1f0c93d27be486".into(),
        },
        run: RunInfo {
            seed: 1,
            replications: REPLICATIONS,
            duration_s: DURATION,
            drain_s: 43_200.0,
            sample_s: SAMPLE,
            objective_s: Some(OBJECTIVE),
            percentiles: PERCENTILES.to_vec(),
            fingerprint: "0f3c55d1a9e27b60".into(),
            events: 412_733,
            partial: false,
        },
        cases: vec![
            CaseInfo { name: "ten".into(), faults: vec![] },
            CaseInfo {
                name: "thousand".into(),
                faults: vec![FaultBand {
                    label: "encoders slow".into(),
                    pipelines: vec![0, 1, 2, 3, 4],
                    from_s: 1200.0,
                    to_s: 1500.0,
                }],
            },
        ],
        pipelines: DESIGNS
            .iter()
            .map(|design| PipelineInfo { name: design.name.into(), path: design.path.into() })
            .collect(),
        expectations: expectations(&cells),
        cells,
    }
}

fn expectations(cells: &[Cell]) -> Vec<ExpectationResult> {
    let lost = |case: usize| {
        let found = cells[case * DESIGNS.len() + 1].mean("lost").expect("measured");
        ExpectationResult {
            that: "queued.lost == 0".into(),
            case,
            held: found == 0.0,
            found: format!("queued.lost is {found}"),
        }
    };
    let goodput = cells[DESIGNS.len()].mean(GOODPUT).expect("measured");
    let drain = cells[DESIGNS.len() + 3].mean(DRAIN).expect("measured");
    vec![
        lost(0),
        lost(1),
        ExpectationResult {
            that: "synchronous.goodput < 50%".into(),
            case: 1,
            held: goodput < 0.5,
            found: format!("synchronous.goodput is {:.1} %", goodput * 100.0),
        },
        ExpectationResult {
            that: "streamed.drain < 1h".into(),
            case: 1,
            held: drain < 3600.0,
            found: format!("streamed.drain is {:.0} min", drain / 60.0),
        },
    ]
}

/// One job of the toy: when it came, when a server took it, when it was done, how it ended.
struct Job {
    came: f64,
    started: f64,
    done: f64,
    fate: Fate,
}

/// One replication of one design.
fn simulate(spike: u32, design: &Design, replication: u32) -> Vec<Job> {
    let key = StreamKey::new(1, replication);
    let mut arrivals = Vec::new();
    let (mut now, mut gaps) = (0.0, key.child("gaps").stream(0));
    while now < DURATION {
        arrivals.push(now);
        now -= libm::log(1.0 - gaps.uniform()) * 6.0;
    }
    arrivals.extend((0..spike).map(|i| 600.0 + 60.0 * f64::from(i) / f64::from(spike)));
    arrivals.sort_by(f64::total_cmp);

    let mut free = vec![0.0_f64; design.servers];
    let mut jobs: Vec<Job> = Vec::new();
    for (number, came) in arrivals.into_iter().enumerate() {
        let waiting = jobs.iter().filter(|job| job.started > came).count();
        if design.room.is_some_and(|(room, _)| waiting >= room) {
            jobs.push(Job { came, started: came, done: came, fate: Fate::Rejected });
            continue;
        }
        let work = 6.0 + 28.0 * key.child("work").stream(number as u64).uniform();
        let server = (0..free.len()).min_by(|&a, &b| free[a].total_cmp(&free[b])).expect("a design has servers");
        let started = free[server].max(came);
        free[server] = started + work;
        let done = started + work;
        let fate = match design.patience {
            Some((patience, _)) if started - came > patience => Fate::TimedOut,
            _ if design.twice_every.is_some_and(|every| number % every == every - 1) => Fate::DoneTwice,
            _ if done - came > OBJECTIVE => Fate::DoneLate,
            _ => Fate::DoneInTime,
        };
        jobs.push(Job { came, started, done, fate });
    }
    jobs
}

fn cell(case: usize, spike: u32, pipeline: usize) -> Cell {
    let design = &DESIGNS[pipeline];
    let runs: Vec<Vec<Job>> = (0..REPLICATIONS).map(|replication| simulate(spike, design, replication)).collect();
    let columns: Vec<(String, &'static str, Vec<Option<f64>>)> = summary(&runs);
    let fates: Vec<Estimate> = Fate::ALL.iter().map(|&fate| fate_estimate(&runs, fate)).collect();
    let mut losses: Vec<Loss> =
        [(Fate::Rejected, design.room.map(|(_, why)| why)), (Fate::TimedOut, design.patience.map(|(_, why)| why))]
            .into_iter()
            .filter_map(|(fate, reason)| {
                let jobs = fate_estimate(&runs, fate);
                let loss = Loss { node: design.node.0.into(), reason: reason?.into(), fate, jobs };
                (jobs.mean > 0.0).then_some(loss)
            })
            .collect();
    losses.sort_by(|a, b| b.jobs.mean.total_cmp(&a.jobs.mean));
    Cell {
        case,
        pipeline,
        summary: columns
            .iter()
            .map(|(name, unit, values)| SummaryMetric { name: name.clone(), unit, estimate: Estimate::of(values) })
            .collect(),
        fates,
        losses,
        replications: (0..runs.len()).map(|run| columns.iter().map(|(_, _, values)| values[run]).collect()).collect(),
        nodes: nodes(design, &runs),
        series: series(design, &runs),
        latency: histogram(&runs),
        verdict: design.verdict[case].into(),
        traffic_checksum: format!("{:016x}", 0x9d2c_5680_1b3f_77e1_u64 + u64::from(spike)),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that `filter` wants")]
fn is_done(job: &&Job) -> bool {
    matches!(job.fate, Fate::DoneInTime | Fate::DoneLate | Fate::DoneTwice)
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn fate_estimate(runs: &[Vec<Job>], fate: Fate) -> Estimate {
    let counts: Vec<Option<f64>> =
        runs.iter().map(|jobs| Some(jobs.iter().filter(|job| job.fate == fate).count() as f64)).collect();
    Estimate::of(&counts).expect("the toy has replications")
}

fn latencies(jobs: &[Job]) -> Vec<f64> {
    let mut latencies: Vec<f64> = jobs.iter().filter(is_done).map(|job| job.done - job.came).collect();
    latencies.sort_by(f64::total_cmp);
    latencies
}

/// Every summary metric: name, unit, value per replication.
fn summary(runs: &[Vec<Job>]) -> Vec<(String, &'static str, Vec<Option<f64>>)> {
    let per_run = |figure: &dyn Fn(&[Job]) -> Option<f64>| runs.iter().map(|jobs| figure(jobs)).collect::<Vec<_>>();
    let mut columns = vec![(JOBS_SENT.to_string(), "jobs", per_run(&|jobs| Some(jobs.len() as f64)))];
    for fate in Fate::ALL {
        let count = |jobs: &[Job]| Some(jobs.iter().filter(|job| job.fate == fate).count() as f64);
        columns.push((fate.name().to_string(), "jobs", per_run(&count)));
    }
    let in_time =
        |jobs: &[Job]| Some(share(jobs.iter().filter(|job| job.fate == Fate::DoneInTime).count(), jobs.len()));
    columns.push((GOODPUT.to_string(), "1", per_run(&in_time)));
    for percent in PERCENTILES {
        let figure = |jobs: &[Job]| quantile(&latencies(jobs), percent / 100.0);
        columns.push((latency_percentile(percent), "s", per_run(&figure)));
    }
    let backlog = |jobs: &[Job]| backlog(jobs).into_iter().reduce(f64::max);
    columns.push((BACKLOG_MAX.to_string(), "jobs", per_run(&backlog)));
    let drain = |jobs: &[Job]| jobs.iter().map(|job| (job.done - DURATION).max(0.0)).reduce(f64::max);
    columns.push((DRAIN.to_string(), "s", per_run(&drain)));
    columns.push(("cost_usd".to_string(), "usd", per_run(&|_| None)));
    columns
}

/// Counts jobs for which `inside(job, t)` on the grid, until the last one is done.
fn on_grid(jobs: &[Job], inside: impl Fn(&Job, f64) -> bool) -> Vec<f64> {
    let end = jobs.iter().map(|job| job.done).fold(DURATION, f64::max);
    let points = (end / SAMPLE) as u32 + 2;
    let count = |t: f64| jobs.iter().filter(|job| inside(job, t)).count() as f64;
    (0..points).map(|i| count(f64::from(i) * SAMPLE)).collect()
}

fn backlog(jobs: &[Job]) -> Vec<f64> {
    on_grid(jobs, |job, t| job.came <= t && t < job.started)
}

fn band(node: Option<&str>, metric: &'static str, unit: &'static str, runs: &[Vec<f64>]) -> Series {
    let points = runs.iter().map(Vec::len).max().unwrap_or(0);
    let at = |run: &Vec<f64>, i: usize| run[i.min(run.len() - 1)];
    let column = |i: usize| runs.iter().map(move |run| at(run, i));
    Series {
        node: node.map(Into::into),
        metric,
        unit,
        mean: (0..points).map(|i| column(i).sum::<f64>() / runs.len() as f64).collect(),
        low: (0..points).map(|i| column(i).fold(f64::INFINITY, f64::min)).collect(),
        high: (0..points).map(|i| column(i).fold(f64::NEG_INFINITY, f64::max)).collect(),
    }
}

fn series(design: &Design, runs: &[Vec<Job>]) -> Vec<Series> {
    let rate = |moment: fn(&Job) -> f64, done_only: bool| {
        let one = |jobs: &Vec<Job>| {
            let counts =
                on_grid(jobs, |job, t| (!done_only || is_done(&job)) && moment(job) <= t && moment(job) > t - SAMPLE);
            counts.into_iter().map(|count| count / SAMPLE).collect::<Vec<f64>>()
        };
        runs.iter().map(one).collect::<Vec<_>>()
    };
    let backlogs: Vec<Vec<f64>> = runs.iter().map(|jobs| backlog(jobs)).collect();
    let busy: Vec<Vec<f64>> =
        runs.iter().map(|jobs| on_grid(jobs, |job, t| job.started <= t && t < job.done)).collect();
    let used: Vec<Vec<f64>> =
        busy.iter().map(|run| run.iter().map(|busy| busy / design.servers as f64).collect()).collect();
    vec![
        band(None, "backlog", "jobs", &backlogs),
        band(None, "arrivals", "1/s", &rate(|job| job.came, false)),
        band(None, "completions", "1/s", &rate(|job| job.done, true)),
        band(Some(design.node.0), "busy", "slots", &busy),
        band(Some(design.node.0), "utilisation", "1", &used),
    ]
}

fn histogram(runs: &[Vec<Job>]) -> Vec<LatencyBucket> {
    let all: Vec<f64> = runs.iter().flat_map(|jobs| latencies(jobs)).collect();
    let edge = |i: i32| libm::pow(2.0, f64::from(i) / 8.0);
    (0..120)
        .map(|i| LatencyBucket {
            low_s: edge(i),
            high_s: edge(i + 1),
            count: all.iter().filter(|&&latency| latency >= edge(i) && latency < edge(i + 1)).count() as u64,
        })
        .filter(|bucket| bucket.count > 0)
        .collect()
}

fn nodes(design: &Design, runs: &[Vec<Job>]) -> Vec<NodeReport> {
    let busy: Vec<Option<f64>> =
        runs.iter().map(|jobs| Some(jobs.iter().map(|job| job.done - job.started).sum::<f64>() / DURATION)).collect();
    let work: Vec<Option<f64>> = runs.iter().map(|jobs| Some(jobs.iter().filter(is_done).count() as f64)).collect();
    let metric = |metric, statistic: &str, unit, values: &[Option<f64>]| NodeMetric {
        metric,
        statistic: statistic.into(),
        unit,
        estimate: Estimate::of(values),
    };
    vec![
        NodeReport { name: "web".into(), kind: "service", metrics: vec![metric("ghost_work", "total", "s", &[None])] },
        NodeReport {
            name: design.node.0.into(),
            kind: design.node.1,
            metrics: vec![metric("busy", "mean", "slots", &busy), metric("completed", "total", "jobs", &work)],
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixture_adds_up() {
        let report = report();
        assert_eq!(report.cells.len(), 10);
        for cell in &report.cells {
            let fates: f64 = cell.fates.iter().map(|fate| fate.mean).sum();
            assert!((fates - cell.mean(JOBS_SENT).expect("measured")).abs() < 1e-9);
            assert_eq!(cell.replications.len(), REPLICATIONS as usize);
            let done: f64 = cell.fates[..3].iter().map(|fate| fate.mean).sum();
            let counted: u64 = cell.latency.iter().map(|bucket| bucket.count).sum();
            assert!((done * f64::from(REPLICATIONS) - counted as f64).abs() < 1e-6);
        }
    }
}
