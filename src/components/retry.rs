//! Waiting between attempts: backoff and jitter.
//!
//! Names and formulas as in the AWS Architecture Blog on exponential backoff and jitter: with base b, cap C and
//! attempt k = 0, 1, …, the pause is at most min(C, b 2^k).

use crate::engine::random::Draws;
use crate::engine::{Refusal, SimDuration};

/// How a caller paces its attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RetryPolicy {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    /// The pause before the next attempt, without jitter.
    pub backoff: Backoff,
    /// How much of the pause is left to chance.
    pub jitter: Jitter,
}

/// The pause before an attempt, without jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backoff {
    /// At once.
    None,
    /// Always the same.
    Fixed(SimDuration),
    /// Doubled each time, from `base` up to `cap`.
    Exponential {
        /// Pause before the second attempt.
        base: SimDuration,
        /// No pause is longer.
        cap: SimDuration,
    },
}

/// How chance shortens, or spreads, a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jitter {
    /// Not at all.
    None,
    /// Uniform between nothing and the pause.
    Full,
    /// Half of the pause, and uniform between nothing and the other half.
    Equal,
    /// Uniform between the base and three times the previous pause, within the cap.
    Decorrelated,
}

/// How a caller paces its attempts, by what went wrong before -- parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RetryPolicies {
    /// An error, or no answer at all.
    pub failed: RetryPolicy,
    /// An answer that tells the client to slow down.
    pub throttled: RetryPolicy,
}

impl RetryPolicies {
    /// The pace after this refusal.
    pub(super) const fn after(&self, refusal: Refusal) -> &RetryPolicy {
        match refusal {
            Refusal::Failed => &self.failed,
            Refusal::Throttled => &self.throttled,
        }
    }
}

impl RetryPolicy {
    /// The pause after `failed` attempts (at least 1), the last pause having been `previous`.
    pub(super) fn pause(&self, failed: u32, previous: SimDuration, draws: impl FnOnce() -> Draws) -> SimDuration {
        let (base, pause, cap) = match self.backoff {
            Backoff::None => return SimDuration::ZERO,
            Backoff::Fixed(pause) => (pause, pause, pause),
            Backoff::Exponential { base, cap } => {
                let doublings = (failed - 1).min(63);
                let pause = SimDuration::from_nanos(base.as_nanos().saturating_mul(1 << doublings)).min(cap);
                (base, pause, cap)
            }
        };
        match self.jitter {
            Jitter::None => pause,
            Jitter::Full => pause.scaled(draws().uniform()),
            Jitter::Equal => pause.half() + pause.half().scaled(draws().uniform()),
            Jitter::Decorrelated => {
                let most = SimDuration::from_nanos(previous.max(base).as_nanos().saturating_mul(3));
                (base + (most - base).scaled(draws().uniform())).min(cap)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    const BASE: SimDuration = SimDuration::from_millis(100);
    const CAP: SimDuration = SimDuration::from_secs(1);

    fn pauses(jitter: Jitter) -> Vec<SimDuration> {
        let policy = RetryPolicy { attempts: 9, backoff: Backoff::Exponential { base: BASE, cap: CAP }, jitter };
        let mut previous = SimDuration::ZERO;
        (1..=8)
            .map(|failed| {
                previous = policy.pause(failed, previous, || StreamKey::new(1, 0).stream(u64::from(failed)));
                previous
            })
            .collect()
    }

    #[test]
    fn pauses_double_up_to_the_cap() {
        let millis: Vec<u64> = pauses(Jitter::None).iter().map(|pause| pause.as_nanos() / 1_000_000).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1000, 1000, 1000, 1000]);
    }

    #[test]
    fn jitter_stays_within_its_bounds() {
        for (full, whole) in pauses(Jitter::Full).iter().zip(pauses(Jitter::None)) {
            assert!(*full <= whole);
        }
        for (equal, whole) in pauses(Jitter::Equal).iter().zip(pauses(Jitter::None)) {
            assert!(*equal >= whole.half() && *equal <= whole);
        }
        let decorrelated = pauses(Jitter::Decorrelated);
        assert!(decorrelated.iter().all(|&pause| pause >= BASE && pause <= CAP));
        assert!(decorrelated[0] <= BASE + BASE + BASE);
    }
}
