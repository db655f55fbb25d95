//! Retry budgets: how many retries a caller may make, measured by what else it does.
//!
//! Backoff only moves retries to a later moment. A budget bounds their number, and with it what an outage is multiplied
//! by. The four ways to count are those of the libraries after which they are called (facts `calls.*`, `http.sdk_*`).

use crate::engine::{Refusal, SimDuration, SimTime};

/// Parts into which the life of a credit is cut: credits of one part expire together.
const PARTS: usize = 10;

/// What retries are paid from. One budget serves all requests of one edge.
#[derive(Debug, Clone)]
pub(in crate::components) enum RetryBudget {
    /// A bucket of tokens, as in the AWS SDKs: a retry takes some, a success gives one back, and a retry that succeeds
    /// what it took.
    Tokens {
        /// Tokens in a full bucket -- parameter.
        max: u32,
        /// What a retry takes -- parameter.
        cost: u32,
        /// What it takes after an answer that tells the client to slow down -- parameter.
        cost_throttled: u32,
        /// What a request gives back that succeeds at once -- parameter.
        refund: u32,
        /// Tokens in it -- state.
        left: u32,
    },
    /// A share of the requests of the last seconds, as in Finagle, and a few a second in any case.
    Share(Credits),
    /// A share of the requests under way, as in Envoy.
    UnderWay {
        /// Retries per request under way -- parameter.
        share: f64,
        /// So many retries at once in any case -- parameter.
        floor: u32,
        /// Requests under way -- state.
        requests: u32,
        /// Retries decided on, and not answered yet -- state.
        retries: u32,
    },
    /// Tokens that failures take and successes give back in part, as in gRPC: no retries at half of them or below.
    Balance {
        /// Most tokens -- parameter.
        max: f64,
        /// What a success gives back -- parameter.
        ratio: f64,
        /// Tokens left -- state.
        left: f64,
    },
}

impl RetryBudget {
    /// A full bucket.
    pub(super) const fn tokens(max: u32, [cost, cost_throttled]: [u32; 2], refund: u32) -> Self {
        Self::Tokens { max, cost, cost_throttled, refund, left: max }
    }

    /// Nothing under way.
    pub(super) const fn under_way(share: f64, floor: u32) -> Self {
        Self::UnderWay { share, floor, requests: 0, retries: 0 }
    }

    /// All tokens.
    pub(super) const fn balance(max: f64, ratio: f64) -> Self {
        Self::Balance { max, ratio, left: max }
    }

    /// A request begins.
    pub(in crate::components) fn begins(&mut self, now: SimTime) {
        match self {
            Self::Share(credits) => credits.deposit(now),
            Self::UnderWay { requests, .. } => *requests += 1,
            Self::Tokens { .. } | Self::Balance { .. } => {}
        }
    }

    /// A request ends, whatever its result.
    pub(in crate::components) const fn ends(&mut self) {
        if let Self::UnderWay { requests, .. } = self {
            *requests -= 1;
        }
    }

    /// An attempt was answered, and well.
    pub(in crate::components) const fn succeeded(&mut self, retry: Option<Refusal>) {
        match self {
            Self::Tokens { max, cost, cost_throttled, refund, left } => {
                let back = match retry {
                    Some(Refusal::Failed) => *cost,
                    Some(Refusal::Throttled) => *cost_throttled,
                    None => *refund,
                };
                let more = left.saturating_add(back);
                *left = if more < *max { more } else { *max };
            }
            Self::Balance { max, ratio, left } => *left = (*left + *ratio).min(*max),
            Self::UnderWay { retries, .. } if retry.is_some() => *retries -= 1,
            Self::Share(_) | Self::UnderWay { .. } => {}
        }
    }

    /// An attempt failed, or nobody waits for it any more.
    pub(in crate::components) const fn failed(&mut self, is_retry: bool) {
        match self {
            Self::Balance { left, .. } => *left = (*left - 1.0).max(0.0),
            Self::UnderWay { retries, .. } if is_retry => *retries -= 1,
            Self::Tokens { .. } | Self::Share(_) | Self::UnderWay { .. } => {}
        }
    }

    /// A retry that was paid for is not made, or nobody waits for its answer any more.
    pub(in crate::components) const fn withdrawn(&mut self) {
        if let Self::UnderWay { retries, .. } = self {
            *retries -= 1;
        }
    }

    /// Whether further copies of a request may be sent.
    pub(in crate::components) fn allows_hedges(&self) -> bool {
        match self {
            Self::Balance { max, left, .. } => *left > *max / 2.0,
            Self::Tokens { .. } | Self::Share(_) | Self::UnderWay { .. } => true,
        }
    }

    /// Pays for a retry, if there is enough.
    pub(in crate::components) fn pays(&mut self, retry: Refusal, now: SimTime) -> bool {
        match self {
            Self::Tokens { cost, cost_throttled, left, .. } => {
                let cost = if retry == Refusal::Throttled { *cost_throttled } else { *cost };
                let rest = left.checked_sub(cost);
                *left = rest.unwrap_or(*left);
                rest.is_some()
            }
            Self::Share(credits) => credits.withdraw(now),
            Self::UnderWay { share, floor, requests, retries } => {
                // Whole retries: a part of one is none.
                let allowed = libm::floor(*share * f64::from(*requests) + ROUNDING).max(f64::from(*floor));
                let pays = f64::from(*retries) < allowed;
                *retries += u32::from(pays);
                pays
            }
            Self::Balance { .. } => self.allows_hedges(),
        }
    }
}

/// Credits that are earned by requests, spent on retries, and expire.
#[derive(Debug, Clone)]
pub(in crate::components) struct Credits {
    /// Retries that a request earns -- parameter.
    share: f64,
    /// Retries that are there in any case, over the life of a credit -- parameter.
    reserve: f64,
    /// A tenth of the life of a credit -- parameter.
    part: SimDuration,
    /// Credits earned less spent, by the part of time in which that was; a ring -- state.
    parts: [f64; PARTS],
    /// The part of time that is written to, counted from the beginning -- state.
    current: u64,
}

/// What rounding may take from a sum of shares.
const ROUNDING: f64 = 1e-9;

impl Credits {
    /// No credits but the reserve: `floor` retries a second over the life of a credit.
    pub(super) fn new(share: f64, floor: f64, life: SimDuration) -> Self {
        let part = SimDuration::from_nanos((life.as_nanos() / PARTS as u64).max(1));
        Self { share, reserve: floor * life.as_secs_f64(), part, parts: [0.0; PARTS], current: 0 }
    }

    #[allow(clippy::cast_possible_truncation, reason = "a remainder below PARTS")]
    fn part_at(&mut self, now: SimTime) -> &mut f64 {
        let current = now.as_nanos() / self.part.as_nanos();
        let passed = (current - self.current).min(PARTS as u64);
        for old in 0..passed {
            self.parts[((current - old) % PARTS as u64) as usize] = 0.0;
        }
        self.current = current;
        &mut self.parts[(current % PARTS as u64) as usize]
    }

    fn deposit(&mut self, now: SimTime) {
        let share = self.share;
        *self.part_at(now) += share;
    }

    fn withdraw(&mut self, now: SimTime) -> bool {
        self.part_at(now);
        let left = self.reserve + self.parts.iter().sum::<f64>();
        if left < 1.0 - ROUNDING {
            return false;
        }
        *self.part_at(now) -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    #[test]
    fn a_full_bucket_pays_for_35_retries_and_then_for_one_in_14_successes() {
        let mut budget = RetryBudget::tokens(500, [14, 5], 1);
        assert_eq!((0..1000).filter(|_| budget.pays(Refusal::Failed, at(0))).count(), 35);
        // 500 - 35 x 14 = 10 are left.
        for _ in 0..4 {
            assert!(!budget.pays(Refusal::Failed, at(0)));
            budget.succeeded(None);
        }
        assert!(budget.pays(Refusal::Failed, at(0)));
        budget.succeeded(Some(Refusal::Failed));
        assert!(budget.pays(Refusal::Failed, at(0)), "a retry that succeeds gives back what it took");
        let mut budget = RetryBudget::tokens(500, [14, 5], 1);
        assert_eq!((0..1000).filter(|_| budget.pays(Refusal::Throttled, at(0))).count(), 100);
        budget.succeeded(Some(Refusal::Throttled));
        assert!(!budget.pays(Refusal::Failed, at(0)) && budget.pays(Refusal::Throttled, at(0)));
    }

    #[test]
    fn a_share_of_the_requests_is_paid_for_and_what_is_earned_expires() {
        let mut budget = RetryBudget::Share(Credits::new(0.1, 0.0, SimDuration::from_secs(10)));
        let mut retries = 0;
        for request in 0..1000 {
            budget.begins(at(request));
            retries += u64::from(budget.pays(Refusal::Failed, at(request)));
        }
        assert_eq!(retries, 100);
        for request in 0..100 {
            budget.begins(at(1000 + request));
        }
        assert!(!budget.pays(Refusal::Failed, at(12_000)), "ten seconds later nothing of it is left");
    }

    #[test]
    fn a_floor_is_there_without_any_request() {
        let mut budget = RetryBudget::Share(Credits::new(0.2, 10.0, SimDuration::from_secs(10)));
        assert_eq!((0..1000).filter(|_| budget.pays(Refusal::Failed, at(0))).count(), 100);
        assert!(!budget.pays(Refusal::Failed, at(9_000)));
        assert!(budget.pays(Refusal::Failed, at(10_000)), "what was spent is forgotten as well");
    }

    #[test]
    fn a_fifth_of_what_is_under_way_may_be_retries_and_three_in_any_case() {
        let mut budget = RetryBudget::under_way(0.2, 3);
        budget.begins(at(0));
        assert_eq!((0..10).filter(|_| budget.pays(Refusal::Failed, at(0))).count(), 3);
        for _ in 0..99 {
            budget.begins(at(0));
        }
        assert_eq!((0..100).filter(|_| budget.pays(Refusal::Failed, at(0))).count(), 17);
        budget.failed(true);
        assert!(budget.pays(Refusal::Failed, at(0)));
        let mut budget = RetryBudget::under_way(0.2, 0);
        (0..19).for_each(|_| budget.begins(at(0)));
        assert_eq!(
            (0..10).filter(|_| budget.pays(Refusal::Failed, at(0))).count(),
            3,
            "a fifth of 19, in whole retries"
        );
    }

    #[test]
    fn at_half_of_the_tokens_there_are_no_retries() {
        let mut budget = RetryBudget::balance(10.0, 0.1);
        for _ in 0..4 {
            budget.failed(false);
            assert!(budget.pays(Refusal::Failed, at(0)));
        }
        budget.failed(false);
        assert!(!budget.pays(Refusal::Failed, at(0)), "five are left, which is half");
        budget.succeeded(None);
        assert!(budget.pays(Refusal::Failed, at(0)));
    }
}
