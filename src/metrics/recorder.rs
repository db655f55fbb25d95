//! Everything a replication counts, behind ids that were handed out when the pipeline was built: on the hot path a
//! metric is an index, its name exists once, in the [`Catalogue`].

use super::bill::{Bill, Billed, Tariff};
use super::gauge::Gauge;
use super::histogram::Histogram;
use super::jobs::JobBook;
use crate::engine::{NodeId, SimDuration, SimTime};

/// Ids of one kind that there can be.
const IDS: usize = u16::MAX as usize + 1;

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
    capacities: Vec<(GaugeId, Capacity)>,
    /// What gauges add up to over time.
    integrals: Vec<Integral>,
    /// What part one counter is of another.
    shares: Vec<Share>,
    /// What the nodes are billed for.
    bills: Vec<Bill>,
}

/// What a gauge can rise to.
#[derive(Debug, Clone, Copy)]
pub enum Capacity {
    /// Always the same.
    Fixed(u64),
    /// As much as there is at the time: another gauge.
    Gauge(GaugeId),
}

/// What a gauge adds up to over time, as machines to machine-seconds.
#[derive(Debug, Clone, Copy)]
pub struct Integral {
    /// What it is called; it is a total.
    pub name: MetricName,
    /// The gauge.
    pub of: GaugeId,
    /// What one second of one is worth.
    pub each: f64,
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
        self.capacities.push((id, Capacity::Fixed(capacity)));
        id
    }

    /// A value that rises to that of another gauge at most: workers of a fleet that grows and shrinks.
    pub fn gauge_within(&mut self, node: NodeId, metric: &'static str, unit: &'static str, whole: GaugeId) -> GaugeId {
        let id = self.gauge(node, metric, unit);
        self.capacities.push((id, Capacity::Gauge(whole)));
        id
    }

    /// What a gauge adds up to over time; a second of one is worth `each`.
    pub fn integral(&mut self, node: NodeId, metric: &'static str, unit: &'static str, of: GaugeId, each: f64) {
        self.integrals.push(Integral { name: MetricName { node, metric, unit }, of, each });
    }

    /// What gauges add up to over time.
    pub fn integrals(&self) -> &[Integral] {
        &self.integrals
    }

    /// What a gauge can rise to, if that is known.
    pub fn capacity(&self, gauge: usize) -> Option<Capacity> {
        self.capacities.iter().find(|(id, _)| usize::from(id.0) == gauge).map(|&(_, capacity)| capacity)
    }

    /// What part `part` is of `whole`, over the whole run.
    pub fn share(&mut self, node: NodeId, metric: &'static str, part: CounterId, whole: CounterId) {
        self.shares.push(Share { name: MetricName { node, metric, unit: "1" }, part, whole });
    }

    /// What all that is counted by `counter` costs. Whatever a node names alike adds up.
    pub fn price(&mut self, node: NodeId, metric: &'static str, counter: CounterId, tariff: Tariff) {
        self.bill(node, metric, Billed::Counted(counter, tariff));
    }

    /// What it costs that there are as many as `gauge` says, at so many dollars for a second of one.
    pub fn price_of_time(&mut self, node: NodeId, metric: &'static str, gauge: GaugeId, each: f64) {
        self.bill(node, metric, Billed::Present(gauge, each));
    }

    fn bill(&mut self, node: NodeId, metric: &'static str, item: Billed) {
        let known = self.bills.iter_mut().find(|bill| bill.name.node == node && bill.name.metric == metric);
        if let Some(bill) = known {
            bill.items.push(item);
        } else {
            self.bills.push(Bill { name: MetricName { node, metric, unit: "usd" }, items: vec![item] });
        }
    }

    /// What the nodes are billed for: all together is what the pipeline costs.
    pub fn bills(&self) -> &[Bill] {
        &self.bills
    }

    /// How much `part` comes to for each `whole`, over the whole run, in a unit of its own.
    pub fn ratio(&mut self, name: MetricName, part: CounterId, whole: CounterId) {
        self.shares.push(Share { name, part, whole });
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
    /// One for each id that there can be, so that nothing is to be checked when one of them counts. What nobody writes to
    /// takes no memory: zeros come from the system only where something is written.
    counters: Box<[u64; IDS]>,
    names: usize,
    gauges: Vec<Gauge>,
    timings: Vec<Histogram>,
    warmup: SimTime,
    /// Whether averages count already.
    counts: bool,
    /// Width of the grid, and the next instant of it.
    step: SimDuration,
    next_sample: SimTime,
}

impl Recorder {
    /// A recorder for the metrics of `catalogue`; `losses` is the number of causes of loss.
    pub fn new(catalogue: &Catalogue, losses: usize, view: &View) -> Self {
        Self {
            jobs: JobBook::new(losses, view),
            counters: vec![0; IDS].try_into().unwrap_or_else(|_| unreachable!("it is as long as that")),
            names: catalogue.counters.len(),
            gauges: vec![Gauge::default(); catalogue.gauges.len()],
            timings: vec![Histogram::default(); catalogue.timings.len()],
            warmup: view.warmup,
            counts: view.warmup == SimTime::ZERO,
            step: view.step,
            next_sample: SimTime::ZERO,
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
    #[inline(always)]
    pub fn time(&mut self, now: SimTime, id: TimingId, value: SimDuration) {
        if now >= self.warmup {
            self.timings[usize::from(id.0)].record(value);
        }
    }

    /// The next instant at which something is noted; what happens at that instant belongs to it.
    #[inline]
    pub fn next_look(&self) -> SimTime {
        if self.counts { self.next_sample } else { self.next_sample.min(self.warmup) }
    }

    /// Notes what [`next_look`](Self::next_look) is for: time goes past it.
    pub fn look(&mut self) {
        let now = self.next_look();
        if !self.counts && now == self.warmup {
            self.counts = true;
            self.all_gauges().for_each(|gauge| gauge.forget(now));
        }
        if now == self.next_sample {
            self.next_sample += self.step;
            self.all_gauges().for_each(Gauge::sample);
        }
    }

    /// Ends the observation. The last sample, on the first instant of the grid not before the end, is the value that
    /// stays.
    pub fn finish(&mut self, end: SimTime) {
        while self.next_look() < end {
            self.look();
        }
        for gauge in self.all_gauges() {
            gauge.settle(end);
            gauge.sample();
        }
        self.timings.iter_mut().for_each(Histogram::finish);
        self.jobs.finish();
    }

    fn all_gauges(&mut self) -> impl Iterator<Item = &mut Gauge> {
        self.gauges.iter_mut().chain(self.jobs.gauges())
    }

    /// What a share has come to, if there is a whole to take a part of.
    #[allow(clippy::cast_precision_loss, reason = "a figure for statistics")]
    pub fn share(&self, share: &Share) -> Option<f64> {
        let count = |id: CounterId| self.counters[usize::from(id.0)];
        (count(share.whole) > 0).then(|| count(share.part) as f64 / count(share.whole) as f64)
    }

    /// What a bill has come to over the whole run, the warm-up included.
    #[allow(clippy::cast_precision_loss, reason = "a figure for statistics")]
    pub fn cost(&self, bill: &Bill) -> f64 {
        let cost = |item: &Billed| match *item {
            Billed::Counted(counter, tariff) => tariff.cost(self.counters[usize::from(counter.0)]),
            Billed::Present(gauge, each) => self.gauge_at(gauge).area_of_all() as f64 / 1e9 * each,
        };
        bill.items.iter().map(cost).sum()
    }

    /// What a gauge adds up to over the time observed.
    #[allow(clippy::cast_precision_loss, reason = "a figure for statistics")]
    pub fn integral(&self, integral: &Integral) -> f64 {
        self.gauge_at(integral.of).area() as f64 / 1e9 * integral.each
    }

    /// What part of what a gauge could rise to it was, on average; nothing if it could not rise at all.
    #[allow(clippy::cast_precision_loss, reason = "a figure for statistics")]
    pub fn utilisation(&self, gauge: &Gauge, capacity: Capacity, seconds: f64) -> Option<f64> {
        match capacity {
            Capacity::Fixed(capacity) => {
                (seconds > 0.0).then(|| gauge.area() as f64 / 1e9 / seconds / capacity.max(1) as f64)
            }
            Capacity::Gauge(id) => {
                let whole = self.gauge_at(id).area();
                (whole > 0).then(|| gauge.area() as f64 / whole as f64)
            }
        }
    }

    /// The counters, in the order of the catalogue.
    pub fn counters(&self) -> &[u64] {
        &self.counters[..self.names]
    }

    /// What became of a gauge.
    pub fn gauge_at(&self, id: GaugeId) -> &Gauge {
        &self.gauges[usize::from(id.0)]
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
    fn what_a_node_names_alike_is_one_bill() {
        let mut catalogue = Catalogue::default();
        let (node, other) = (NodeId(0), NodeId(1));
        let (calls, time) =
            (catalogue.counter(node, "calls", "requests"), catalogue.counter(other, "calls", "requests"));
        let pollers = catalogue.gauge(node, "pollers", "pollers");
        catalogue.price(node, "cost", calls, Tariff::flat(0.5));
        catalogue.price(other, "cost", time, Tariff::flat(100.0));
        catalogue.price_of_time(node, "cost", pollers, 2.0);
        let warmup = SimTime::ZERO + SimDuration::from_secs(4);
        let view = View { step: SimDuration::from_secs(1), warmup, objective: SimDuration::from_secs(1) };
        let mut recorder = Recorder::new(&catalogue, 1, &view);
        recorder.add(calls, 7);
        recorder.add(time, 1);
        recorder.gauge(pollers).set(SimTime::ZERO, 3);
        recorder.finish(SimTime::ZERO + SimDuration::from_secs(10));
        let costs: Vec<f64> = catalogue.bills().iter().map(|bill| recorder.cost(bill)).collect();
        assert_eq!(costs, [3.5 + 60.0, 100.0]);
    }

    #[test]
    fn times_count_from_the_end_of_the_warm_up() {
        let mut catalogue = Catalogue::default();
        let wait = catalogue.timing(NodeId(0), "wait");
        let at = |seconds: u64| SimTime::ZERO + SimDuration::from_secs(seconds);
        let view = View { step: SimDuration::from_secs(1), warmup: at(10), objective: SimDuration::MAX };
        let mut recorder = Recorder::new(&catalogue, 1, &view);
        recorder.time(at(9), wait, SimDuration::from_secs(100));
        recorder.time(at(10), wait, SimDuration::from_secs(3));
        recorder.finish(at(20));
        assert_eq!((recorder.timings()[0].count(), recorder.timings()[0].mean()), (1, Some(3.0)));
    }

    #[test]
    fn samples_show_the_value_after_their_instant() {
        let mut catalogue = Catalogue::default();
        let busy = catalogue.gauge(NodeId(0), "busy", "slots");
        let at = |seconds: u64| SimTime::ZERO + SimDuration::from_secs(seconds);
        let view = View { step: SimDuration::from_secs(1), warmup: at(4), objective: SimDuration::MAX };
        let mut recorder = Recorder::new(&catalogue, 1, &view);
        for (now, value) in [(at(1), 4), (at(1), 5), (at(3), 4)] {
            while recorder.next_look() < now {
                recorder.look();
            }
            recorder.gauge(busy).set(now, value);
        }
        recorder.finish(at(5));
        assert_eq!(recorder.gauges()[0].samples(), [0, 5, 5, 4, 4, 4]);
        assert_eq!(recorder.gauges()[0].area(), 4 * 1_000_000_000);
    }
}
