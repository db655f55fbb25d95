//! Work: how much service each job needs, the same in every pipeline.

use super::arrivals::Arrival;
use super::law::Law;
use crate::engine::random::{StreamKey, mix};
use crate::engine::time::SimDuration;
use std::sync::Arc;

/// An odd multiplier with well-spread bits, from the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

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

    /// What a job brings when it arrives: its first kind of work (no time when the scenario has none), which its message
    /// carries so that it is drawn once; and a checksum of everything drawn for it: when it arrived, how large it is,
    /// whose, and all the work it needs.
    #[inline]
    pub fn meet(&self, arrival: &Arrival) -> (SimDuration, u64) {
        let size_and_key = u64::from(arrival.size) << 32 | u64::from(arrival.key);
        let mut sum = arrival.at.as_nanos().wrapping_mul(ODD) ^ arrival.number ^ size_and_key.rotate_left(17);
        let mut first = None;
        for work in (0..).map(WorkId).take(self.works.len()) {
            let duration = self.duration(work, arrival.number);
            first.get_or_insert(duration);
            sum = (sum ^ duration.as_nanos()).wrapping_mul(ODD);
        }
        (first.unwrap_or_default(), mix(sum))
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
        assert!(changed.iter().all(|changed| works.checksum(0, changed) != works.checksum(0, &job)));
        let longer =
            Works::new([Work { name: "encode".to_owned(), time: Law::Constant(1.0) }].into(), StreamKey::new(1, 0));
        assert_ne!(longer.checksum(0, &job), works.checksum(0, &job));
        let (first, second) = (job, changed[0]);
        let fold = |jobs: [Arrival; 2]| jobs.iter().fold(0, |state, job| works.checksum(state, job));
        assert_ne!(fold([first, second]), fold([second, first]));
    }
}
