//! Work: how much service each job needs, the same in every pipeline.

use super::arrivals::Arrival;
use super::law::Law;
use crate::engine::random::{StreamKey, fold};
use crate::engine::time::SimDuration;
use std::sync::Arc;

/// A named kind of work, such as `encode`, with everything resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Its name in the scenario: it keys the work's draws.
    pub name: String,
    /// Seconds of service that a job needs.
    pub time: Law,
}

/// A kind of work by its place in the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkId(pub u16);

/// All kinds of work in one replication.
#[derive(Debug, Clone)]
pub struct Works {
    works: Arc<[Work]>,
    keys: Arc<[StreamKey]>,
}

impl Works {
    /// Begins a replication with this root.
    pub fn new(works: Arc<[Work]>, root: StreamKey) -> Self {
        let keys = works.iter().map(|work| root.child(&format!("work.{}", work.name))).collect();
        Self { works, keys }
    }

    /// The service that the job with this draw number needs: the same whenever and however often it is asked for.
    ///
    /// # Panics
    /// When the scenario has no such work: a mistake in resolving it.
    #[inline]
    pub fn duration(&self, work: WorkId, number: u64) -> SimDuration {
        let place = usize::from(work.0);
        SimDuration::from_secs_f64(self.works[place].time.of_job(self.keys[place], number))
    }

    /// Fills in what arriving jobs need of the first kind of work, and the checksums of all that was drawn for them.
    pub fn meet(&self, jobs: &mut [Arrival]) {
        let drawn = |job: &Arrival| {
            let state = fold(job.number, job.at.as_nanos());
            fold(state, u64::from(job.size) ^ (u64::from(job.key) << 32))
        };
        let mut works = self.works.iter().zip(self.keys.iter());
        let Some((first, &key)) = works.next() else {
            for job in jobs {
                job.checksum = drawn(job);
            }
            return;
        };
        first.time.of_jobs(key, jobs, |job, seconds| {
            job.work = SimDuration::from_secs_f64(seconds);
            job.checksum = fold(drawn(job), job.work.as_nanos());
        });
        for (work, &key) in works {
            work.time.of_jobs(key, jobs, |job, seconds| {
                job.checksum = fold(job.checksum, SimDuration::from_secs_f64(seconds).as_nanos());
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::SimTime;
    use crate::traffic::arrivals::number;

    fn works(names: &[&str], replication: u32) -> Works {
        let law = Law::lognormal(20.0, 0.5).expect("sound");
        let works: Vec<_> = names.iter().map(|&name| Work { name: name.to_owned(), time: law.clone() }).collect();
        Works::new(works.into(), StreamKey::new(1, replication))
    }

    fn job(number: u64) -> Arrival {
        let (at, work) = (SimTime::ZERO, SimDuration::ZERO);
        Arrival { at, number, work, checksum: 0, size: 2, key: 3, flow: 0, source: 0 }
    }

    fn met(works: &Works, mut job: Arrival) -> Arrival {
        works.meet(std::slice::from_mut(&mut job));
        job
    }

    #[test]
    fn a_job_needs_the_same_work_whatever_other_work_there_is() {
        let job = number("uploads", "rate", 731);
        let alone = works(&["encode"], 0).duration(WorkId(0), job);
        assert_eq!(works(&["check", "encode"], 0).duration(WorkId(1), job), alone);
        assert_ne!(works(&["check", "encode"], 0).duration(WorkId(0), job), alone);
        assert_ne!(works(&["encode"], 1).duration(WorkId(0), job), alone);
        assert_ne!(works(&["encode"], 0).duration(WorkId(0), number("uploads", "spike", 731)), alone);
    }

    #[test]
    fn the_checksum_sees_every_part_of_a_job() {
        let works = works(&["encode"], 0);
        let job = Arrival { at: SimTime::from_nanos(7), ..job(1) };
        let changed = [
            Arrival { at: SimTime::from_nanos(8), ..job },
            Arrival { number: 2, ..job },
            Arrival { size: 3, ..job },
            Arrival { key: 2, ..job },
        ];
        let sum = |job: &Arrival| met(&works, *job).checksum;
        assert!(changed.iter().all(|changed| sum(changed) != sum(&job)));
        let mut all: Vec<u64> = changed.iter().map(sum).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), changed.len());
        let longer =
            Works::new([Work { name: "encode".to_owned(), time: Law::Constant(1.0) }].into(), StreamKey::new(1, 0));
        assert_ne!(met(&longer, job).checksum, sum(&job));
    }

    #[test]
    fn a_job_brings_its_work_of_the_first_kind() {
        let both = works(&["check", "encode"], 0);
        assert_eq!(met(&both, job(9)).work, both.duration(WorkId(0), 9));
        assert_eq!(met(&works(&[], 0), job(9)).work, SimDuration::ZERO);
        assert_ne!(met(&both, job(9)).checksum, met(&works(&["check"], 0), job(9)).checksum);
    }
}
