//! What is kept of a replication when it is over: plain numbers in a fixed order, small enough to keep many.

use super::fate::Fate;
use super::recorder::{Capacity, Catalogue, Recorder};
use crate::engine::random::mix;
use crate::engine::{LossId, LossKind, NodeId, SimDuration, SimTime};

/// A figure of every pipeline: a column of the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name with its unit: `latency_p99_s`.
    pub name: String,
    /// Unit: `s`, `jobs`, `1`, `1/s`.
    pub unit: &'static str,
    /// What it says, in a line.
    pub about: &'static str,
}

/// A figure of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeColumn {
    /// The node.
    pub node: NodeId,
    /// What is measured, in the service's own words.
    pub metric: &'static str,
    /// Which statistic of it: `total`, `mean`, `max`, `p99`, `share`.
    pub statistic: String,
    /// Unit of the value.
    pub unit: &'static str,
}

impl NodeColumn {
    /// The name by which an expectation asks for it: `messages_received`, `busy_max`, `age_of_oldest_max_s`. It ends
    /// with its unit, as those of the summary do, unless it is a plain count.
    pub fn name(&self) -> String {
        let unit = match self.unit {
            "s" => "_s",
            "1" => "_share",
            "bytes" => "_bytes",
            "usd" => "_usd",
            "1/s" => "_per_s",
            _ => "",
        };
        match self.statistic.as_str() {
            "total" | SHARE => format!("{}{unit}", self.metric),
            _ if self.metric == "utilisation" => format!("{}{unit}", self.metric),
            statistic => format!("{}_{statistic}{unit}", self.metric),
        }
    }
}

/// What one replication of one pipeline came to.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The summary, in the order of [`columns`].
    pub summary: Vec<Option<f64>>,
    /// Jobs by fate, in the order of [`Fate::ALL`].
    pub fates: [u64; Fate::ALL.len()],
    /// Jobs by cause of loss; index 0 is unused.
    pub losses: Vec<u64>,
    /// Figures of the nodes, in the order of [`node_columns`].
    pub nodes: Vec<Option<f64>>,
    /// Jobs under way at 0, one step, two steps, ….
    pub backlog: Vec<u32>,
    /// Arrivals per step.
    pub arrivals: Vec<u32>,
    /// Completions per step.
    pub completions: Vec<u32>,
    /// Samples of the gauges, in the order of the catalogue.
    pub gauges: Vec<Vec<u32>>,
    /// Latency of every job done: lower edge and upper edge in nanoseconds, count.
    pub latency: Vec<(u64, u64, u64)>,
    /// Checksum over arrivals, sizes, keys and work.
    pub traffic_checksum: u64,
    /// Events simulated.
    pub events: u64,
    /// When it ended.
    pub ended: SimTime,
}

/// The columns of the summary.
pub fn columns(percentiles: &[f64]) -> Vec<Column> {
    let column = |name: &str, unit, about| Column { name: name.to_owned(), unit, about };
    let mut columns = vec![
        column("jobs_sent", "jobs", "jobs that arrived; every one of them has one of the fates below"),
        column("done", "jobs", "done in time, late or twice"),
    ];
    columns.extend(Fate::ALL.map(|fate| column(fate.name(), "jobs", fate.about())));
    columns.push(column("goodput_share", "1", "done in time, of the jobs sent"));
    columns.push(column("latency_mean_s", "s", "from the arrival of a job until it was done"));
    columns.extend(percentiles.iter().map(|&p| {
        column(&format!("latency_{}_s", percentile_name(p)), "s", "so many per cent of the jobs done took no longer")
    }));
    columns.extend([
        column("latency_max_s", "s", "the longest of the jobs done"),
        column("backlog_mean", "jobs", "jobs that had come and were neither done nor lost, over time"),
        column("backlog_max", "jobs", "the most of them at one moment"),
        column("drain_s", "s", "from that moment until a twentieth was left, or what was usual before if that is more"),
        column(
            "recovery_s",
            "s",
            "from the end of the last fault until as many jobs are done in time as 95 % of those that arrive",
        ),
        column("throughput_per_s", "1/s", "jobs done, over the time observed"),
        column("wasted_work_share", "1", "work for callers who had left, or done before, of all the nodes' own work"),
        column("ended_s", "s", "when nothing was left to do, or the time to drain was over"),
        column(
            "cost_usd",
            "usd",
            "what those of its nodes cost that have a price, over the whole run, without any free tier",
        ),
    ]);
    columns
}

/// `p50`, `p99_9`: a percentile carries its number.
pub fn percentile_name(percentile: f64) -> String {
    format!("p{percentile}").replace('.', "_")
}

/// The statistic of what part one counter is of another.
const SHARE: &str = "share";

/// Statistics of every distribution of times.
const TIMING_PERCENTILES: [f64; 3] = [50.0, 90.0, 99.0];

/// The figures of the nodes.
pub fn node_columns(catalogue: &Catalogue) -> Vec<NodeColumn> {
    let mut columns = Vec::new();
    for name in catalogue.counters() {
        let (node, metric, unit) = (name.node, name.metric, name.unit);
        columns.push(NodeColumn { node, metric, statistic: "total".to_owned(), unit });
    }
    for (index, name) in catalogue.gauges().iter().enumerate() {
        let (node, metric, unit) = (name.node, name.metric, name.unit);
        columns.push(NodeColumn { node, metric, statistic: "mean".to_owned(), unit });
        columns.push(NodeColumn { node, metric, statistic: "max".to_owned(), unit });
        if catalogue.capacity(index).is_some() {
            columns.push(NodeColumn { node, metric: "utilisation", statistic: "mean".to_owned(), unit: "1" });
        }
    }
    for name in catalogue.timings() {
        let (node, metric) = (name.node, name.metric);
        columns.push(NodeColumn { node, metric, statistic: "mean".to_owned(), unit: "s" });
        for p in TIMING_PERCENTILES {
            columns.push(NodeColumn { node, metric, statistic: percentile_name(p), unit: "s" });
        }
    }
    for share in catalogue.shares() {
        let (node, metric, unit) = (share.name.node, share.name.metric, share.name.unit);
        columns.push(NodeColumn { node, metric, statistic: SHARE.to_owned(), unit });
    }
    for bill in catalogue.bills() {
        let (node, metric, unit) = (bill.name.node, bill.name.metric, bill.name.unit);
        columns.push(NodeColumn { node, metric, statistic: "total".to_owned(), unit });
    }
    for integral in catalogue.integrals() {
        let (node, metric, unit) = (integral.name.node, integral.name.metric, integral.name.unit);
        columns.push(NodeColumn { node, metric, statistic: "total".to_owned(), unit });
    }
    columns
}

/// What an observation is made from, besides the recorder.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Names of the metrics.
    pub catalogue: &'a Catalogue,
    /// What each cause of loss means.
    pub losses: &'a [LossKind],
    /// Percentiles of the latency.
    pub percentiles: &'a [f64],
    /// Averages count from here.
    pub warmup: SimTime,
    /// When the replication ended.
    pub ended: SimTime,
    /// Events simulated.
    pub events: u64,
    /// When the last fault that hit the pipeline was over; none if there was no fault.
    pub fault_ended: Option<SimTime>,
}

impl Observation {
    /// Reads a recorder whose observation has ended.
    ///
    /// # Panics
    /// If the fates of the jobs do not add up to what was sent, or if something was busier than it can be: an error in
    /// surgetank.
    pub fn of(recorder: &Recorder, frame: &Frame<'_>) -> Self {
        let jobs = &recorder.jobs;
        let losses: Vec<u64> =
            (0..frame.losses.len()).map(|index| jobs.lost(LossId(u16::try_from(index).unwrap_or(0)))).collect();
        let mut fates = [0; Fate::ALL.len()];
        fates[Fate::DoneInTime as usize] = jobs.done_in_time();
        fates[Fate::DoneLate as usize] = jobs.done_late();
        fates[Fate::DoneTwice as usize] = jobs.done_twice();
        for (count, &kind) in losses.iter().zip(frame.losses) {
            fates[Fate::from(kind) as usize] += count;
        }
        assert!(fates.iter().sum::<u64>() == jobs.sent(), "every job sent has exactly one fate");
        check_gauges(recorder, frame.catalogue);
        Self {
            summary: summary(recorder, &fates, frame),
            fates,
            nodes: node_figures(recorder, frame),
            backlog: jobs.under_way().samples().to_vec(),
            arrivals: jobs.arrivals().to_vec(),
            completions: jobs.completions().to_vec(),
            gauges: recorder.gauges().iter().map(|gauge| gauge.samples().to_vec()).collect(),
            latency: jobs.latency().buckets().map(|(l, h, n)| (l.as_nanos(), h.as_nanos(), n)).collect(),
            traffic_checksum: jobs.traffic_checksum(),
            events: frame.events,
            ended: frame.ended,
            losses,
        }
    }

    /// A hash over every figure: equal fingerprints mean equal replications.
    pub fn fingerprint(&self) -> u64 {
        let figures = self.summary.iter().chain(&self.nodes).map(|value| value.map_or(1, f64::to_bits));
        let counts = self.fates.iter().chain(&self.losses).copied();
        let samples = self.backlog.iter().chain(self.gauges.iter().flatten()).map(|&sample| u64::from(sample));
        let latency = self.latency.iter().map(|&(low, _, count)| low ^ count.rotate_left(40));
        let rest = [self.traffic_checksum, self.events, self.ended.as_nanos()];
        figures.chain(counts).chain(samples).chain(latency).chain(rest).fold(0, |hash, value| mix(hash ^ value))
    }
}

/// No gauge ever fell below nothing, and none ever showed more than it can rise to.
fn check_gauges(recorder: &Recorder, catalogue: &Catalogue) {
    for (index, (name, gauge)) in catalogue.gauges().iter().zip(recorder.gauges()).enumerate() {
        let (node, metric, max) = (name.node.index(), name.metric, gauge.max());
        // What falls below nothing is a huge number from then on.
        assert!(gauge.value() <= max && max < u64::MAX / 2, "`{metric}` of node {node} fell below nothing");
        let (most, fits) = match catalogue.capacity(index) {
            None => continue,
            Some(Capacity::Fixed(capacity)) => (capacity, true),
            Some(Capacity::Gauge(id)) => {
                let whole = recorder.gauge_at(id);
                (whole.max(), gauge.area() <= whole.area())
            }
        };
        assert!(max <= most && fits, "`{metric}` of node {node} rose to {max}, more than the {most} that there are");
    }
}

/// Seconds over which averages are taken.
fn observed(frame: &Frame<'_>) -> f64 {
    frame.ended.since(frame.warmup).as_secs_f64()
}

#[allow(clippy::cast_precision_loss, reason = "figures for statistics")]
fn summary(recorder: &Recorder, fates: &[u64; Fate::ALL.len()], frame: &Frame<'_>) -> Vec<Option<f64>> {
    let jobs = &recorder.jobs;
    let done: u64 = fates[..=Fate::DoneTwice as usize].iter().sum();
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let seconds = observed(frame);
    let mut row = vec![Some(jobs.sent() as f64), Some(done as f64)];
    row.extend(fates.iter().map(|&count| Some(count as f64)));
    row.push(share(jobs.done_in_time(), jobs.sent()));
    row.push(jobs.latency().mean());
    row.extend(frame.percentiles.iter().map(|&p| jobs.latency().percentile(p)));
    let total = |metrics: &[&str]| -> u64 {
        let counters = frame.catalogue.counters().iter().zip(recorder.counters());
        counters.filter(|(name, _)| metrics.contains(&name.metric)).map(|(_, &value)| value).sum()
    };
    row.extend([
        jobs.latency().max(),
        (seconds > 0.0).then(|| jobs.under_way().area() as f64 / 1e9 / seconds),
        Some(jobs.under_way().max() as f64),
        jobs.drain().map(SimDuration::as_secs_f64),
        frame.fault_ended.and_then(|end| jobs.recovery(end)).map(SimDuration::as_secs_f64),
        (seconds > 0.0).then(|| jobs.latency().count() as f64 / seconds),
        share(total(&["ghost_time", "repeated_time"]), total(&["work_time"])),
        Some(frame.ended.as_secs_f64()),
        // Who has no node with a price does not cost nothing: it is not known.
        frame.catalogue.bills().iter().map(|bill| recorder.cost(bill)).reduce(|sum, more| sum + more),
    ]);
    row
}

#[allow(clippy::cast_precision_loss, reason = "figures for statistics")]
fn node_figures(recorder: &Recorder, frame: &Frame<'_>) -> Vec<Option<f64>> {
    let seconds = observed(frame);
    let mut row = Vec::new();
    for (name, &value) in frame.catalogue.counters().iter().zip(recorder.counters()) {
        row.push(Some(value as f64 * name.counter_scale()));
    }
    for (index, (name, gauge)) in frame.catalogue.gauges().iter().zip(recorder.gauges()).enumerate() {
        let mean = (seconds > 0.0).then(|| gauge.area() as f64 / 1e9 / seconds);
        row.push(mean.map(|mean| mean * name.gauge_scale()));
        row.push(Some(gauge.max() as f64 * name.gauge_scale()));
        if let Some(capacity) = frame.catalogue.capacity(index) {
            row.push(recorder.utilisation(gauge, capacity, seconds));
        }
    }
    for timing in recorder.timings() {
        row.push(timing.mean());
        row.extend(TIMING_PERCENTILES.map(|p| timing.percentile(p)));
    }
    row.extend(frame.catalogue.shares().iter().map(|share| recorder.share(share)));
    row.extend(frame.catalogue.bills().iter().map(|bill| Some(recorder.cost(bill))));
    row.extend(frame.catalogue.integrals().iter().map(|integral| Some(recorder.integral(integral))));
    row
}
