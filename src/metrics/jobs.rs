//! The fates of jobs: how many ended how, how long it took, and how many were under way when.

use super::drain::Surge;
use super::fate::Fate;
use super::gauge::{Gauge, Tally};
use super::histogram::Histogram;
use super::recorder::View;
use super::recovery::Flow;
use crate::engine::random::fold;
use crate::engine::{Job, LossId, Observer, SimDuration, SimTime};

/// A backlog counts as drained when it is down to one part in so many of its peak.
const DRAINED: u64 = 20;

/// The backlog that a peak must come down to, unless more than that is usual.
#[inline]
fn low(peak: u64) -> u64 {
    (peak / DRAINED).max(1)
}

/// What became of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobEnd {
    /// How many jobs arrived before it, the same in every pipeline.
    pub place: u64,
    /// Its flow.
    pub flow: u16,
    /// When it arrived.
    pub born: SimTime,
    /// Bytes of its message.
    pub size: u32,
    /// Index of its key among those of its flow.
    pub key: u32,
    /// The first kind of work that it needs.
    pub work: SimDuration,
    /// How it was done, and when its last part was; `None`: it was lost.
    pub done: Option<(Fate, SimTime)>,
    /// Why it was lost, if it was.
    pub loss: LossId,
}

/// Who wants to know of every single job. They come in the order in which they end.
pub trait JobSink: std::fmt::Debug + Send {
    /// A job ended.
    fn ended(&mut self, end: &JobEnd);

    /// The last one has.
    fn finish(&mut self);
}

/// What became of the jobs of one replication.
#[derive(Debug)]
pub struct JobBook {
    sent: u64,
    done_in_time: u64,
    done_late: u64,
    done_twice: u64,
    lost: Vec<u64>,
    objective: SimDuration,
    warmup: SimTime,
    latency: Histogram,
    under_way: Gauge,
    arrivals: Tally,
    completions: Tally,
    /// Those of the completions that were late, or not the first.
    late: Tally,
    /// When the backlog was largest, and when it was first down to a twentieth of that.
    peak_at: SimTime,
    drained_at: Option<SimTime>,
    traffic_checksum: u64,
    /// Told of every job, if somebody asked.
    sink: Option<Box<dyn JobSink>>,
}

impl JobBook {
    pub(super) fn new(losses: usize, view: &View) -> Self {
        Self {
            sent: 0,
            done_in_time: 0,
            done_late: 0,
            done_twice: 0,
            lost: vec![0; losses],
            objective: view.objective,
            warmup: view.warmup,
            latency: Histogram::default(),
            under_way: Gauge::default(),
            arrivals: Tally::new(view.step),
            completions: Tally::new(view.step),
            late: Tally::new(view.step),
            peak_at: SimTime::ZERO,
            drained_at: None,
            traffic_checksum: 0,
            sink: None,
        }
    }

    /// A job arrived; `checksum` folds everything that was drawn for it.
    #[inline(always)]
    pub fn arrived(&mut self, now: SimTime, checksum: u64) {
        self.sent += 1;
        let peak = self.under_way.max();
        self.under_way.rise(now);
        if self.under_way.max() > peak {
            self.peak_at = now;
            self.drained_at = None;
        }
        self.arrivals.count(now);
        self.traffic_checksum = fold(self.traffic_checksum, checksum);
    }

    /// From now on, tells `sink` of every job that ends.
    pub fn tell(&mut self, sink: Box<dyn JobSink>) {
        self.sink = Some(sink);
    }

    pub(super) fn gauges(&mut self) -> impl Iterator<Item = &mut Gauge> {
        std::iter::once(&mut self.under_way)
    }

    pub(super) fn finish(&mut self) {
        self.latency.finish();
        for tally in [&mut self.arrivals, &mut self.completions, &mut self.late] {
            tally.settle();
        }
        if let Some(sink) = &mut self.sink {
            sink.finish();
        }
    }

    /// Tells the sink, if there is one.
    #[inline(always)]
    fn pass_on(&mut self, job: &Job, key: u32, done: Option<Fate>) {
        if let Some(sink) = &mut self.sink {
            let &Job { place, flow, born, size, work, last_done, .. } = job;
            let done = done.map(|fate| (fate, last_done));
            sink.ended(&JobEnd { place: place.into(), flow, born, size, key, work, done, loss: job.loss() });
        }
    }

    /// Every branch of a job was done.
    #[inline(always)]
    fn done(&mut self, job: &Job, key: u32, fate: Fate) {
        self.pass_on(job, key, Some(fate));
        self.completions.count(job.last_done);
        if job.born >= self.warmup {
            self.latency.record(job.last_done.since(job.born));
        }
    }

    /// Jobs that arrived.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Jobs done once and within the objective.
    pub const fn done_in_time(&self) -> u64 {
        self.done_in_time
    }

    /// Jobs done once, after the objective.
    pub const fn done_late(&self) -> u64 {
        self.done_late
    }

    /// Jobs of which a part was done more than once.
    pub const fn done_twice(&self) -> u64 {
        self.done_twice
    }

    /// Jobs lost by this cause.
    pub fn lost(&self, loss: LossId) -> u64 {
        self.lost[usize::from(loss.0)]
    }

    /// Latency from arrival to done of every job done.
    pub const fn latency(&self) -> &Histogram {
        &self.latency
    }

    /// Jobs arrived and neither done nor lost.
    pub const fn under_way(&self) -> &Gauge {
        &self.under_way
    }

    /// Arrivals per interval of the grid.
    pub fn arrivals(&self) -> &[u32] {
        self.arrivals.counts()
    }

    /// Completions per interval of the grid.
    pub fn completions(&self) -> &[u32] {
        self.completions.counts()
    }

    /// How long it took from the largest backlog until it was first down to a twentieth of it, or to one job; where the
    /// usual backlog before the rise was larger than that, down to the usual one. `None` if that did not happen.
    pub fn drain(&self) -> Option<SimDuration> {
        let (samples, peak) = (self.under_way.samples(), self.under_way.max());
        let surge = Surge { samples, step: self.arrivals.step(), warmup: self.warmup, at: self.peak_at, peak };
        let usual = surge.usual();
        let drained = if usual > low(peak) { surge.down_to(usual) } else { None };
        // A twentieth is below the usual backlog and may be reached all the same, between two samples.
        let drained = drained.into_iter().chain(self.drained_at).min();
        drained.map(|drained| drained.since(self.peak_at))
    }

    /// How long after `end` as much was done in time as arrived; `None` if that did not happen while traffic lasted.
    pub(super) fn recovery(&self, end: SimTime) -> Option<SimDuration> {
        let (arrivals, done, late) = (self.arrivals.counts(), self.completions.counts(), self.late.counts());
        Flow { arrivals, done, late, step: self.arrivals.step() }.recovery(end)
    }

    /// Checksum over arrivals, sizes, keys and work in the order of arrival.
    pub const fn traffic_checksum(&self) -> u64 {
        self.traffic_checksum
    }
}

impl Observer for JobBook {
    #[inline(always)]
    fn decided(&mut self, now: SimTime) {
        self.under_way.fall(now);
        if self.drained_at.is_none() && self.under_way.value() <= low(self.under_way.max()) {
            self.drained_at = Some(now);
        }
    }

    /// # Panics
    /// If a job ended neither done nor lost: an error in surgetank.
    #[inline(always)]
    fn closed(&mut self, job: &Job, key: u32) {
        if !job.is_complete() {
            assert!(!job.loss().is_none(), "a job that is not done has a cause of loss");
            self.lost[usize::from(job.loss().0)] += 1;
            self.pass_on(job, key, None);
            return;
        }
        if !job.is_repeated() {
            return self.done_once(job, key);
        }
        self.done_twice += 1;
        self.late.count(job.last_done);
        self.done(job, key, Fate::DoneTwice);
    }

    #[inline(always)]
    fn done_once(&mut self, job: &Job, key: u32) {
        let fate = if job.last_done.since(job.born) <= self.objective {
            self.done_in_time += 1;
            Fate::DoneInTime
        } else {
            self.done_late += 1;
            self.late.count(job.last_done);
            Fate::DoneLate
        };
        self.done(job, key, fate);
    }
}
