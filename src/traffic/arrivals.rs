//! All arrivals of a replication, in order of time.

use super::contents::Contents;
use super::keys::Keys;
use super::law::Law;
use super::pattern::{AnyClock, AnyPattern, Clock, Pattern};
use super::work::Works;
use crate::engine::random::{StreamKey, fingerprint, mix};
use crate::engine::time::{SimDuration, SimTime};
use std::sync::Arc;

/// One stream of jobs of a flow: its base traffic, one of its spikes, a trace.
#[derive(Debug, Clone)]
pub struct Source {
    /// The scenario's word for it, such as `rate` or `spike`: it keys the source's draws.
    pub name: String,
    /// When its jobs arrive.
    pub pattern: AnyPattern,
    /// Their sizes in bytes, where they are not those of the flow.
    pub size: Option<Law>,
}

/// One flow of jobs with everything resolved: the sum of its sources.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name in the scenario: it keys the flow's draws.
    pub name: String,
    /// What brings jobs; those of an earlier source come first when they arrive at the same instant.
    pub sources: Vec<Source>,
    /// Bytes of a job's message.
    pub size: Law,
    /// Who sends the jobs; none when the scenario gives no key.
    pub keys: Option<Keys>,
    /// What its messages say, if somebody filters by it.
    pub contents: Option<Arc<Contents>>,
}

impl Flow {
    /// The expected number of jobs in the first `duration` seconds.
    pub fn expected_jobs(&self, duration: f64) -> f64 {
        self.sources.iter().map(|source| source.pattern.expected(duration)).sum()
    }

    /// The expected jobs per second over the first `duration` seconds; zero when there are none of these.
    pub fn mean_rate(&self, duration: f64) -> f64 {
        if duration > 0.0 { self.expected_jobs(duration) / duration } else { 0.0 }
    }

    /// The same without spikes: what has to be borne for as long as the flow lasts.
    pub fn lasting_rate(&self, duration: f64) -> f64 {
        let lasting = self.sources.iter().filter(|source| !matches!(source.pattern, AnyPattern::Spike(_)));
        let jobs: f64 = lasting.map(|source| source.pattern.expected(duration)).sum();
        if duration > 0.0 { jobs / duration } else { 0.0 }
    }

    /// The highest jobs per second, should all sources peak together; over one second where jobs come together.
    pub fn peak_rate(&self) -> f64 {
        self.sources.iter().map(|source| source.pattern.peak()).sum()
    }
}

/// One job, as it enters every pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When it arrives.
    pub at: SimTime,
    /// What all later draws for it are keyed by (see [`number`]).
    pub number: u64,
    /// The service that it needs of the first kind of work; none if there is no work.
    pub work: SimDuration,
    /// A checksum of all that was drawn for it: when it arrives, how large, whose, and its work of every kind. Two
    /// pipelines that met the same traffic in the same order met the same checksums in the same order.
    pub checksum: u64,
    /// Bytes of its message; at least one.
    pub size: u32,
    /// The number of its key (see [`Keys::text`]).
    pub key: u32,
    /// Which flow it belongs to.
    pub flow: u16,
    /// Which source of the flow brought it.
    pub source: u16,
}

impl Arrival {
    /// The place of a job that is not made yet.
    const NONE: Self =
        Self { at: SimTime::MAX, number: 0, work: SimDuration::ZERO, checksum: 0, size: 1, key: 0, flow: 0, source: 0 };
}

/// The draw number of a job: a hash of flow and source in the upper half, the job's place in its source in the lower.
///
/// It depends on nothing else, so that another spike, another flow or another order leaves it alone. Two sources of one
/// scenario share their upper half, and with it the draws of their jobs, with a chance of 2^-32.
pub fn number(flow: &str, source: &str, index: u32) -> u64 {
    upper_half(flow, source) | u64::from(index)
}

/// The job's place in its source, from its draw number.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is the index")]
pub const fn index_of(number: u64) -> u32 {
    number as u32
}

fn upper_half(flow: &str, source: &str) -> u64 {
    let both = fingerprint(flow.as_bytes()).rotate_left(32) ^ fingerprint(source.as_bytes());
    mix(both) & !u64::from(u32::MAX)
}

/// How many jobs of a source are made at once. To make one job is a handful of draws by laws that must be found out
/// first; a block finds them out once, and its draws do not wait for each other.
const BLOCK: usize = 64;

/// A source that is being read: its next jobs, and the clock for those after them.
#[derive(Debug, Clone)]
struct Cursor {
    /// Behind the last job, places without one.
    block: Box<[Arrival; BLOCK]>,
    /// How many of the block have been taken, modulo its size.
    taken: usize,
    clock: AnyClock,
    upper_half: u64,
    flow: u16,
    source: u16,
}

impl Cursor {
    /// The next job; [`Arrival::NONE`] when there is none any more.
    #[inline(always)]
    fn next(&self) -> &Arrival {
        &self.block[self.taken % BLOCK]
    }
}

/// What the jobs of one replication are made of.
#[derive(Debug, Clone)]
struct Maker {
    flows: Arc<[Flow]>,
    works: Works,
    until: SimTime,
    sizes: StreamKey,
    keys: StreamKey,
}

impl Maker {
    /// The next jobs of a source, in place of those that were taken.
    fn refill(&self, cursor: &mut Cursor) {
        let Cursor { block, clock, upper_half, flow, source, .. } = cursor;
        let (flow, source, upper_half) = (*flow, *source, *upper_half);
        let made = clock.fill(&mut **block, self.until, |job, (at, index)| {
            let number = upper_half | u64::from(index);
            *job = Arrival { at, number, work: SimDuration::ZERO, checksum: 0, size: 1, key: 0, flow, source };
        });
        let (block, none) = block.split_at_mut(made);
        none.fill(Arrival::NONE);
        let (flow, place) = (&self.flows[usize::from(flow)], usize::from(source));
        let law = flow.sources[place].size.as_ref().unwrap_or(&flow.size);
        law.of_jobs(self.sizes, block, |job, size| job.size = bytes(size));
        if let Some(keys) = &flow.keys {
            for job in &mut *block {
                job.key = keys.of_job(self.keys, job.number);
            }
        }
        self.works.meet(block);
    }
}

/// All arrivals of one replication, a block of each source at a time.
#[derive(Debug, Clone)]
pub struct Arrivals {
    maker: Maker,
    cursors: Vec<Cursor>,
    /// The cursor with the next arrival.
    first: usize,
    /// When it comes. It is fetched ahead: nobody knows before whether it or something scheduled is next, and the way to
    /// it is long.
    next: SimTime,
    /// The last job of a block that was taken as a whole.
    last: Arrival,
}

impl Arrivals {
    /// Begins a replication with this root; traffic stops at `until`.
    pub fn new(flows: Arc<[Flow]>, works: Works, root: StreamKey, until: SimTime) -> Self {
        let traffic = root.child("traffic");
        let maker = Maker { flows, works, until, sizes: root.child("size"), keys: root.child("key") };
        let mut cursors = Vec::new();
        for (flow_number, flow) in (0..).zip(maker.flows.iter()) {
            for (source_number, source) in (0..).zip(&flow.sources) {
                let mut cursor = Cursor {
                    block: Box::new([Arrival::NONE; BLOCK]),
                    taken: 0,
                    clock: source.pattern.start(traffic.child(&flow.name).child(&source.name)),
                    upper_half: upper_half(&flow.name, &source.name),
                    flow: flow_number,
                    source: source_number,
                };
                maker.refill(&mut cursor);
                cursors.push(cursor);
            }
        }
        let mut arrivals = Self { maker, cursors, first: 0, next: SimTime::MAX, last: Arrival::NONE };
        arrivals.find_first();
        arrivals
    }

    /// When the next job arrives; [`SimTime::MAX`] when none does any more.
    #[inline]
    pub const fn next_time(&self) -> SimTime {
        self.next
    }

    /// Takes the next job, to be read where it was made; a place without one when the traffic has stopped.
    #[inline(always)]
    pub fn take_next(&mut self) -> &Arrival {
        let index = self.first;
        let cursor = &mut self.cursors[index];
        let place = cursor.taken % BLOCK;
        cursor.taken += 1;
        if place == BLOCK - 1 {
            return self.take_last();
        }
        self.next = cursor.block[place + 1].at;
        if self.cursors.len() > 1 {
            self.find_first();
        }
        &self.cursors[index].block[place]
    }

    /// Takes the last job of its block, which others replace.
    #[cold]
    fn take_last(&mut self) -> &Arrival {
        let cursor = &mut self.cursors[self.first];
        self.last = cursor.block[BLOCK - 1];
        self.maker.refill(cursor);
        self.find_first();
        &self.last
    }

    /// A scan: the sources of a scenario are a handful, and at equal times the first of them wins.
    fn find_first(&mut self) {
        let next = self.cursors.iter().map(Cursor::next).enumerate().min_by_key(|&(_, arrival)| arrival.at);
        (self.first, self.next) = next.map_or((0, SimTime::MAX), |(first, arrival)| (first, arrival.at));
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        if self.next == SimTime::MAX {
            return None;
        }
        Some(*self.take_next())
    }
}

/// Whole bytes, to the nearest; a message has at least one and at most as many as 32 bits can say.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
fn bytes(size: f64) -> u32 {
    ((size + 0.5) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::pattern::{Spacing, Spike, Spread, Steady};
    use crate::traffic::work::Work;

    const MINUTE: SimTime = SimTime::from_nanos(60_000_000_000);

    fn source(name: &str, pattern: impl Into<AnyPattern>) -> Source {
        Source { name: name.to_owned(), pattern: pattern.into(), size: None }
    }

    fn spike(at: f64, count: u32) -> Source {
        source("spike", Spike { at, count, over: 5.0, spread: Spread::Uniform })
    }

    fn flow(name: &str, sources: Vec<Source>) -> Flow {
        let size = Law::lognormal(2048.0, 0.5).expect("sound");
        Flow { name: name.to_owned(), sources, size, keys: Some(Keys::distinct(200, 0.9, "video-")), contents: None }
    }

    fn rate(rate: f64) -> Source {
        source("rate", Steady { rate, spacing: Spacing::Poisson })
    }

    fn all(flows: Vec<Flow>, replication: u32) -> Vec<Arrival> {
        with_work(flows, replication, &[])
    }

    fn with_work(flows: Vec<Flow>, replication: u32, works: &[Work]) -> Vec<Arrival> {
        let root = StreamKey::new(1, replication);
        Arrivals::new(flows.into(), Works::new(works.into(), root), root, MINUTE).collect()
    }

    #[test]
    fn a_spike_adds_its_jobs_and_moves_none_of_the_others() {
        let base = all(vec![flow("uploads", vec![rate(10.0)])], 0);
        for count in [10, 1_000] {
            let both = all(vec![flow("uploads", vec![rate(10.0), spike(20.0, count)])], 0);
            assert_eq!(both.iter().filter(|job| job.source == 1).count(), count as usize);
            let kept: Vec<_> = both.into_iter().filter(|job| job.source == 0).collect();
            assert_eq!(kept, base);
        }
    }

    #[test]
    fn another_flow_moves_none_of_the_jobs() {
        let alone = all(vec![flow("uploads", vec![rate(10.0)])], 0);
        let both = all(vec![flow("orders", vec![rate(7.0)]), flow("uploads", vec![rate(10.0)])], 0);
        let kept: Vec<_> = both.into_iter().filter(|job| job.flow == 1).map(|job| Arrival { flow: 0, ..job }).collect();
        assert_eq!(kept, alone);
    }

    #[test]
    fn arrivals_come_in_order_and_stop_when_the_traffic_stops() {
        let flows = vec![flow("a", vec![rate(10.0), spike(58.0, 500)]), flow("b", vec![rate(3.0), spike(1.0, 50)])];
        let jobs = all(flows, 4);
        assert!(jobs.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(jobs.iter().all(|job| job.at < MINUTE));
        assert!(jobs.len() > 500);
    }

    #[test]
    fn at_one_instant_the_source_that_is_written_first_comes_first() {
        let at_once = |name| source(name, Spike { at: 1.0, count: 3, over: 0.0, spread: Spread::Even });
        let jobs = all(vec![flow("a", vec![at_once("x"), at_once("y")]), flow("b", vec![at_once("x")])], 0);
        let order: Vec<_> = jobs.iter().map(|job| (job.flow, job.source, index_of(job.number))).collect();
        let expected = [(0, 0), (0, 1), (1, 0)].map(|(flow, source)| [0, 1, 2].map(|index| (flow, source, index)));
        assert_eq!(order, expected.concat());
    }

    #[test]
    fn draw_numbers_are_all_different_and_tell_the_place_in_the_source() {
        let flows = vec![flow("a", vec![rate(100.0), spike(5.0, 900)]), flow("b", vec![rate(100.0)])];
        let jobs = all(flows, 0);
        let mut numbers: Vec<u64> = jobs.iter().map(|job| job.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), jobs.len());
        let places = jobs.iter().filter(|job| job.source == 1).map(|job| index_of(job.number));
        assert!(places.eq(0..900));
        assert_eq!(jobs.iter().find(|job| job.flow == 1).map(|job| job.number), Some(number("b", "rate", 0)));
    }

    #[test]
    fn a_replication_is_the_same_each_time_and_unlike_the_others() {
        let flows = || vec![flow("uploads", vec![rate(10.0), spike(20.0, 50)])];
        assert_eq!(all(flows(), 0), all(flows(), 0));
        assert_ne!(all(flows(), 0), all(flows(), 1));
        let sums = |replication| {
            let encode = Work { name: "encode".to_owned(), time: Law::lognormal(20.0, 0.5).expect("sound") };
            with_work(flows(), replication, &[encode]).iter().map(|job| job.checksum).collect::<Vec<_>>()
        };
        assert_eq!(sums(0), sums(0));
        assert_ne!(sums(0), sums(1));
    }

    #[test]
    fn rates_and_expected_jobs_of_a_flow_are_the_sums_over_its_sources() {
        let flow = flow("uploads", vec![rate(10.0), spike(20.0, 600)]);
        assert!((flow.expected_jobs(60.0) - 1_200.0).abs() < 1e-9);
        assert!((flow.mean_rate(60.0) - 20.0).abs() < 1e-9);
        assert!((flow.peak_rate() - 130.0).abs() < 1e-9);
        assert!(flow.mean_rate(0.0).abs() < 1e-12);
    }

    #[test]
    fn no_traffic_is_no_arrival() {
        let root = StreamKey::new(1, 0);
        let works = Works::new(Vec::new().into(), root);
        let mut none = Arrivals::new(Vec::new().into(), works.clone(), root, MINUTE);
        assert_eq!(none.next_time(), SimTime::MAX);
        assert_eq!(none.next(), None);
        let mut late = Arrivals::new([flow("a", vec![spike(61.0, 5)])].into(), works, root, MINUTE);
        assert_eq!((late.next_time(), late.next()), (SimTime::MAX, None));
    }

    #[test]
    fn a_message_has_at_least_one_byte() {
        assert_eq!([bytes(0.0), bytes(0.4), bytes(1.5), bytes(1e12)], [1, 1, 2, u32::MAX]);
    }
}
