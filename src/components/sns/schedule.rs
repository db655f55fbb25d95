//! When an undelivered notification is tried again: the waits of a retry schedule, worked out once.

use crate::engine::SimDuration;
use crate::facts::sns::{Growth, RetrySchedule};

/// The waits before the retries of one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Retries without any wait.
    immediate: u32,
    /// Retries with the shortest wait.
    pre_backoff: u32,
    /// The waits of the backoff phase, one for each of its retries.
    backoff: Vec<SimDuration>,
    /// Retries with the longest wait.
    post_backoff: u32,
    shortest: SimDuration,
    longest: SimDuration,
}

impl Schedule {
    /// The waits of a schedule.
    pub(super) fn new(schedule: &RetrySchedule) -> Self {
        let &RetrySchedule { immediate, pre_backoff, backoff, growth, post_backoff, shortest, longest } = schedule;
        let (shortest, longest) = (shortest.get(), longest.get());
        let wait = |retry| backoff_wait(growth, retry, backoff, shortest, longest);
        let backoff = (0..backoff).map(wait).collect();
        Self { immediate, pre_backoff, backoff, post_backoff, shortest, longest }
    }

    /// The wait before a retry (the first is 0), without jitter; `None` when there are no more.
    pub(super) fn wait(&self, retry: u32) -> Option<SimDuration> {
        let Some(retry) = retry.checked_sub(self.immediate) else { return Some(SimDuration::ZERO) };
        let Some(retry) = retry.checked_sub(self.pre_backoff) else { return Some(self.shortest) };
        if let Some(&wait) = self.backoff.get(retry as usize) {
            return Some(wait);
        }
        let after = u64::from(retry) - self.backoff.len() as u64;
        (after < self.post_backoff.into()).then_some(self.longest)
    }

    /// All waits together.
    pub(super) fn total(&self) -> SimDuration {
        let times =
            |wait: SimDuration, count: u32| SimDuration::from_nanos(wait.as_nanos().saturating_mul(count.into()));
        let backoff = self.backoff.iter().fold(SimDuration::ZERO, |sum, &wait| sum + wait);
        times(self.shortest, self.pre_backoff) + backoff + times(self.longest, self.post_backoff)
    }
}

/// The wait before retry number `retry` (from 0) of the `count` in a backoff phase: the first has the shortest wait,
/// the last the longest.
///
/// Simplified: the guide only draws the four curves. Geometric and exponential are both taken to grow by a constant
/// factor, arithmetic by steps that grow with the number of the retry.
fn backoff_wait(growth: Growth, retry: u32, count: u32, shortest: SimDuration, longest: SimDuration) -> SimDuration {
    let last = f64::from(count.max(2) - 1);
    let step = f64::from(retry);
    let (low, high) = (shortest.as_secs_f64(), longest.as_secs_f64());
    let seconds = match growth {
        Growth::Linear => low + (high - low) * step / last,
        Growth::Arithmetic => low + (high - low) * step * (step + 1.0) / (last * (last + 1.0)),
        Growth::Geometric | Growth::Exponential => low * libm::pow(high / low, step / last),
    };
    SimDuration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::sns;
    use crate::units::Duration;

    fn policy(growth: Growth, backoff: u32) -> Schedule {
        let (shortest, longest) = (Duration::from_secs(1), Duration::from_secs(10));
        let phases =
            RetrySchedule { immediate: 1, pre_backoff: 2, backoff, growth, post_backoff: 3, shortest, longest };
        Schedule::new(&phases)
    }

    fn seconds(schedule: &Schedule) -> Vec<f64> {
        (0..).map_while(|retry| schedule.wait(retry)).map(SimDuration::as_secs_f64).collect()
    }

    #[test]
    fn the_phases_follow_one_another_and_then_there_are_no_more_retries() {
        assert_eq!(seconds(&policy(Growth::Linear, 4)), [0.0, 1.0, 1.0, 1.0, 4.0, 7.0, 10.0, 10.0, 10.0, 10.0]);
        assert_eq!(policy(Growth::Linear, 4).wait(10), None);
        assert_eq!(policy(Growth::Linear, 4).wait(u32::MAX), None);
        assert_eq!(policy(Growth::Linear, 4).total(), SimDuration::from_secs(54));
    }

    #[test]
    fn waits_grow_from_the_shortest_to_the_longest_in_four_ways() {
        let backoff = |growth| seconds(&policy(growth, 4))[3..7].to_vec();
        assert_eq!(backoff(Growth::Linear), [1.0, 4.0, 7.0, 10.0]);
        assert_eq!(backoff(Growth::Arithmetic), [1.0, 2.5, 5.5, 10.0]);
        let geometric = backoff(Growth::Geometric);
        assert!(geometric.windows(2).all(|pair| (pair[1] / pair[0] - 2.154_434_69).abs() < 1e-6), "{geometric:?}");
        assert_eq!(backoff(Growth::Exponential), geometric);
        assert_eq!(seconds(&policy(Growth::Linear, 1))[3], 1.0);
    }

    #[test]
    fn the_services_own_schedules_last_as_long_as_documented() {
        let days = |schedule| Schedule::new(schedule).total().as_secs_f64() / 86_400.0;
        assert!((23.0..23.5).contains(&days(&sns::AWS_MANAGED_RETRIES.value)));
        let hours = 24.0 * days(&sns::CUSTOMER_MANAGED_RETRIES.value);
        assert!((6.0..7.0).contains(&hours), "{hours}");
        assert_eq!(seconds(&Schedule::new(&sns::HTTP_RETRIES.value)), [20.0; 3]);
        let managed = Schedule::new(&sns::AWS_MANAGED_RETRIES.value);
        assert!(managed.wait(100_014).is_some() && managed.wait(100_015).is_none());
    }

    #[test]
    fn claim_38_a_policy_of_fifty_retries_has_ten_in_its_backoff_phase_and_ends_within_2300_s() {
        let (shortest, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        let growth = Growth::Exponential;
        let phases =
            RetrySchedule { immediate: 3, pre_backoff: 2, backoff: 10, growth, post_backoff: 35, shortest, longest };
        let schedule = Schedule::new(&phases);
        let waits = seconds(&schedule);
        assert_eq!(waits.len(), 50);
        assert!(waits[5..15].windows(2).all(|pair| pair[0] < pair[1]) && waits[15..] == [60.0; 35]);
        assert!((2200.0..2300.0).contains(&schedule.total().as_secs_f64()), "{:?}", schedule.total());
    }
}
