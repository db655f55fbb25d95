//! Work: how much service each job needs, the same in every pipeline.

use super::arrivals::Arrival;
use super::law::Law;
use crate::engine::random::{StreamKey, mix};
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

    /// What an arriving job brings: the service that it needs of the first kind of work (none if there is no work), and
    /// a checksum of all that was drawn for it: when it arrived, how large, whose, and its work of every kind.
    ///
    /// Two pipelines that met the same traffic in the same order met the same checksums in the same order.
    #[inline]
    pub fn meet(&self, arrival: &Arrival) -> (SimDuration, u64) {
        let state = mix(arrival.number ^ arrival.at.as_nanos().rotate_left(32));
        let mut state = mix(state ^ u64::from(arrival.size) ^ (u64::from(arrival.key) << 32));
        let mut first = SimDuration::ZERO;
        for work in (0..).map(WorkId).take(self.works.len()) {
            let duration = self.duration(work, arrival.number);
            if work == WorkId(0) {
                first = duration;
            }
            state = mix(state.wrapping_add(duration.as_nanos()));
        }
        (first, state)
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
        let job = Arrival { at: SimTime::from_nanos(7), number: 1, size: 2, key: 3, index: 1, flow: 0, source: 0 };
        let changed = [
            Arrival { at: SimTime::from_nanos(8), ..job },
            Arrival { number: 2, ..job },
            Arrival { size: 3, ..job },
            Arrival { key: 2, ..job },
        ];
        let sum = |job: &Arrival| works.meet(job).1;
        assert!(changed.iter().all(|changed| sum(changed) != sum(&job)));
        let mut all: Vec<u64> = changed.iter().map(sum).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), changed.len());
        let longer =
            Works::new([Work { name: "encode".to_owned(), time: Law::Constant(1.0) }].into(), StreamKey::new(1, 0));
        assert_ne!(longer.meet(&job).1, sum(&job));
    }

    #[test]
    fn a_job_brings_its_work_of_the_first_kind() {
        let job = Arrival { at: SimTime::ZERO, number: 9, size: 2, key: 3, index: 9, flow: 0, source: 0 };
        let both = works(&["check", "encode"], 0);
        assert_eq!(both.meet(&job).0, both.duration(WorkId(0), 9));
        assert_eq!(works(&[], 0).meet(&job).0, SimDuration::ZERO);
        assert_ne!(both.meet(&job).1, works(&["check"], 0).meet(&job).1);
    }
}
