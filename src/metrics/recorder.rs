//! Everything a replication counts, behind ids that were handed out when the pipeline was built: on the hot path a
//! metric is an index, its name exists once, in the [`Catalogue`].

use super::gauge::Gauge;
use super::histogram::Histogram;
use super::jobs::JobBook;
use crate::engine::{NodeId, SimDuration, SimTime};

/// A counter of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterId(u16);

/// A gauge of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GaugeId(u16);

/// A distribution of times of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimingId(u16);

/// What a metric is called.
#[derive(Debug, Clone, Copy)]
pub struct MetricName {
    /// The node it belongs to.
    pub node: NodeId,
    /// Its name, in the service's own words.
    pub metric: &'static str,
    /// Its unit.
    pub unit: &'static str,
}

impl MetricName {
    /// What a count is multiplied by to be in the unit: counters in seconds count nanoseconds.
    pub fn counter_scale(&self) -> f64 {
        if self.unit == "s" { 1e-9 } else { 1.0 }
    }

    /// What a value is multiplied by to be in the unit: gauges in seconds are kept in milliseconds.
    pub fn gauge_scale(&self) -> f64 {
        if self.unit == "s" { 1e-3 } else { 1.0 }
    }
}

/// The names of all metrics of a pipeline, in the order in which they were asked for.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    counters: Vec<MetricName>,
    gauges: Vec<MetricName>,
    timings: Vec<MetricName>,
    /// What a gauge can rise to: its mean over this is a utilisation.
    capacities: Vec<(GaugeId, u64)>,
    /// What part one counter is of another.
    shares: Vec<Share>,
}

/// What part one counter is of another.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// What it is called; its unit is that of a share.
    pub name: MetricName,
    /// The part.
    pub part: CounterId,
    /// The whole.
    pub whole: CounterId,
}

impl Catalogue {
    /// A number that only grows.
    pub fn counter(&mut self, node: NodeId, metric: &'static str, unit: &'static str) -> CounterId {
        CounterId(enter(&mut self.counters, MetricName { node, metric, unit }))
    }

    /// A value that rises and falls.
    pub fn gauge(&mut self, node: NodeId, metric: &'static str, unit: &'static str) -> GaugeId {
        GaugeId(enter(&mut self.gauges, MetricName { node, metric, unit }))
    }

    /// A value that rises to `capacity` at most: servers, workers.
    pub fn gauge_of(&mut self, node: NodeId, metric: &'static str, unit: &'static str, capacity: u64) -> GaugeId {
        let id = self.gauge(node, metric, unit);
        self.capacities.push((id, capacity));
        id
    }

    /// What a gauge can rise to, if that is known.
    pub fn capacity(&self, gauge: usize) -> Option<u64> {
        self.capacities.iter().find(|(id, _)| usize::from(id.0) == gauge).map(|&(_, capacity)| capacity)
    }

    /// What part `part` is of `whole`, over the whole run.
    pub fn share(&mut self, node: NodeId, metric: &'static str, part: CounterId, whole: CounterId) {
        self.shares.push(Share { name: MetricName { node, metric, unit: "1" }, part, whole });
    }

    /// The shares.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// The names of the counters.
    pub fn counters(&self) -> &[MetricName] {
        &self.counters
    }

    /// The names of the gauges.
    pub fn gauges(&self) -> &[MetricName] {
        &self.gauges
    }

    /// The names of the distributions.
    pub fn timings(&self) -> &[MetricName] {
        &self.timings
    }

    /// A distribution of times, in seconds.
    pub fn timing(&mut self, node: NodeId, metric: &'static str) -> TimingId {
        TimingId(enter(&mut self.timings, MetricName { node, metric, unit: "s" }))
    }
}

fn enter(list: &mut Vec<MetricName>, name: MetricName) -> u16 {
    list.push(name);
    u16::try_from(list.len() - 1).expect("the number of nodes of a pipeline is bounded")
}

/// What one replication of one pipeline measured.
#[derive(Debug)]
pub struct Recorder {
    /// The jobs and their fates.
    pub jobs: JobBook,
    counters: Vec<u64>,
    gauges: Vec<Gauge>,
    timings: Vec<Histogram>,
    warmup: SimTime,
}

impl Recorder {
    /// A recorder for the metrics of `catalogue`; `losses` is the number of causes of loss.
    pub fn new(catalogue: &Catalogue, losses: usize, view: &View) -> Self {
        Self {
            jobs: JobBook::new(losses, view),
            counters: vec![0; catalogue.counters.len()],
            gauges: vec![Gauge::new(view.step, view.warmup); catalogue.gauges.len()],
            timings: vec![Histogram::default(); catalogue.timings.len()],
            warmup: view.warmup,
        }
    }

    /// Adds to a counter.
    #[inline]
    pub fn add(&mut self, id: CounterId, amount: u64) {
        self.counters[usize::from(id.0)] += amount;
    }

    /// Changes a gauge.
    #[inline]
    pub fn gauge(&mut self, id: GaugeId) -> &mut Gauge {
        &mut self.gauges[usize::from(id.0)]
    }

    /// Counts a time that has come to its end, unless that is before the end of the warm-up.
    #[inline]
    pub fn time(&mut self, now: SimTime, id: TimingId, value: SimDuration) {
        if now >= self.warmup {
            self.timings[usize::from(id.0)].record(value);
        }
    }

    /// Ends the observation.
    pub fn finish(&mut self, end: SimTime) {
        self.jobs.finish(end);
        for gauge in &mut self.gauges {
            gauge.finish(end);
        }
    }

    /// What a share has come to, if there is a whole to take a part of.
    #[allow(clippy::cast_precision_loss, reason = "a figure for statistics")]
    pub fn share(&self, share: &Share) -> Option<f64> {
        let count = |id: CounterId| self.counters[usize::from(id.0)];
        (count(share.whole) > 0).then(|| count(share.part) as f64 / count(share.whole) as f64)
    }

    /// The counters, in the order of the catalogue.
    pub fn counters(&self) -> &[u64] {
        &self.counters
    }

    /// The gauges, in the order of the catalogue.
    pub fn gauges(&self) -> &[Gauge] {
        &self.gauges
    }

    /// The distributions, in the order of the catalogue.
    pub fn timings(&self) -> &[Histogram] {
        &self.timings
    }
}

/// How a recorder looks at a replication.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Width of the grid of all time series.
    pub step: SimDuration,
    /// Averages and latencies count from here on.
    pub warmup: SimTime,
    /// A job done later than this after its arrival is late.
    pub objective: SimDuration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_end_of_the_warm_up() {
        let mut catalogue = Catalogue::default();
        let wait = catalogue.timing(NodeId(0), "wait");
        let at = |seconds: u64| SimTime::ZERO + SimDuration::from_secs(seconds);
        let view = View { step: SimDuration::from_secs(1), warmup: at(10), objective: SimDuration::MAX };
        let mut recorder = Recorder::new(&catalogue, 1, &view);
        recorder.time(at(9), wait, SimDuration::from_secs(100));
        recorder.time(at(10), wait, SimDuration::from_secs(3));
        assert_eq!((recorder.timings()[0].count(), recorder.timings()[0].mean()), (1, Some(3.0)));
    }
}
