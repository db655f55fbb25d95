//! How long after a fault a design does its work again: until as much is done in time as arrives.
//!
//! A design may be back and still work off what it has gathered; that is what the time to drain says. And it may never be
//! back although nothing is wrong any more: a storm of retries, which the backlog alone does not show.

use crate::engine::{SimDuration, SimTime};

/// It is back when this share of what arrives is done in time,
const SHARE: f64 = 0.95;
/// over so long, or so many steps of the grid if that is longer.
const WINDOW: SimDuration = SimDuration::from_secs(10);
const STEPS: usize = 10;

/// What happened in each step of a fixed grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow<'s> {
    /// Arrivals.
    pub arrivals: &'s [u32],
    /// Jobs done, and of them those that were late or done twice.
    pub done: &'s [u32],
    pub late: &'s [u32],
    /// The step.
    pub step: SimDuration,
}

impl Flow<'_> {
    /// How long after `end` the first window begins in which as much is done in time as arrives; `None` if there is none
    /// while traffic lasts.
    #[allow(clippy::cast_possible_truncation, reason = "places on a grid of some ten thousand instants")]
    pub(super) fn recovery(&self, end: SimTime) -> Option<SimDuration> {
        let step = self.step.as_nanos();
        let first = end.as_nanos().div_ceil(step) as usize;
        let width = (WINDOW.as_nanos().div_ceil(step) as usize).max(STEPS);
        let at = |counts: &[u32], place: usize| counts.get(place).map_or(0.0, |&count| f64::from(count));
        let sum = |from: usize| -> (f64, f64) {
            (from..from + width).fold((0.0, 0.0), |(arrived, done), place| {
                let in_time = at(self.done, place) - at(self.late, place);
                (arrived + at(self.arrivals, place), done + in_time)
            })
        };
        let last = self.arrivals.len().checked_sub(width)?;
        let back = (first..=last).find(|&from| {
            let (arrived, done) = sum(from);
            arrived > 0.0 && done >= SHARE * arrived
        })?;
        Some(SimDuration::from_nanos((back as u64 * step).saturating_sub(end.as_nanos())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recovery(done: &[u32], late: &[u32], end: u64) -> Option<u64> {
        let arrivals = vec![10; 100];
        let flow = Flow { arrivals: &arrivals, done, late, step: SimDuration::from_secs(1) };
        let end = SimTime::ZERO + SimDuration::from_secs(end);
        flow.recovery(end).map(|time| time.as_nanos() / 1_000_000_000)
    }

    #[test]
    fn it_is_back_when_as_much_is_done_as_arrives() {
        let done: Vec<u32> = (0..100).map(|second| if (20..50).contains(&second) { 0 } else { 10 }).collect();
        assert_eq!(recovery(&done, &[], 40), Some(10));
        assert_eq!(recovery(&done, &[], 60), Some(0));
    }

    #[test]
    fn what_is_done_too_late_is_no_recovery() {
        let late: Vec<u32> = (0..100).map(|second| if second < 70 { 10 } else { 0 }).collect();
        assert_eq!(recovery(&[10; 100], &late, 40), Some(30));
        assert_eq!(recovery(&[10; 100], &[10; 100], 40), None);
    }

    #[test]
    fn nothing_is_said_of_a_fault_at_the_very_end() {
        assert_eq!(recovery(&[10; 100], &[], 95), None);
    }
}
