//! How many requests a second a function takes.
//!
//! ```text
//!  call, poller, event from outside ─▶ within ten a second for each that may be at work? ─▶ an environment
//!   its own concurrency: it counts alone          │ no
//!   the account's: all who share it count         ▼
//!                                            429, at once
//! ```
//! Events that other services of AWS hand over do not count, nor do further tries of an event that was taken in before.
//!
//! Simplified: the requests a second that a function has grown to it keeps, as if it had been as busy ever since.

use crate::components::account::Account;
use crate::components::limits::{ThisSecond, TokenBucket};
use crate::engine::SimTime;
use crate::facts::lambda;

/// The requests of a function in this second, and how many they may be.
#[derive(Debug, Clone)]
pub(super) struct RequestRate {
    /// Requests a second -- parameter.
    limit: f64,
    /// Those of this second, if they count alone -- state.
    own: Option<ThisSecond>,
    /// How fast they may become more, where that can be felt.
    growth: Option<Growth>,
}

/// How fast the requests a second of a function may become more.
#[derive(Debug, Clone)]
struct Growth {
    /// As many a second as there were before -- state.
    reached: f64,
    /// How many more they may be -- state.
    more: TokenBucket,
    /// Those of this second -- state.
    second: ThisSecond,
}

impl RequestRate {
    /// Of a function that may work on so many requests at once, by what it has reserved or together with others.
    pub(super) fn new(concurrency: u32, shares: bool) -> Self {
        let limit = f64::from(concurrency) * f64::from(lambda::REQUESTS_PER_CONCURRENCY.value);
        let step = f64::from(lambda::SCALE_UP_REQUESTS.value);
        let more = TokenBucket::new(step / lambda::SCALE_UP_PERIOD.value.as_secs_f64(), step);
        let growth = Growth { reached: 0.0, more, second: ThisSecond::default() };
        Self { limit, own: (!shares).then(ThisSecond::default), growth: (limit > step).then_some(growth) }
    }

    /// Whether the function takes one more request now; if so, it counts.
    pub(super) fn admit(&mut self, account: &mut Account, now: SimTime) -> bool {
        if self.growth.as_mut().is_some_and(|growth| !growth.has_room(now)) {
            return false;
        }
        let free = match &mut self.own {
            Some(own) => own.admit(self.limit, now),
            None => account.request(self.limit, now),
        };
        if let Some(growth) = self.growth.as_mut().filter(|_| free) {
            growth.take(now);
        }
        free
    }
}

impl Growth {
    fn has_room(&mut self, now: SimTime) -> bool {
        self.second.used(now) < self.reached || self.more.has(1.0, now)
    }

    fn take(&mut self, now: SimTime) {
        if self.second.used(now) >= self.reached {
            self.more.take(1.0);
            self.reached += 1.0;
        }
        self.second.take(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimDuration;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    fn admitted(rate: &mut RequestRate, account: &mut Account, now: SimTime, of: u32) -> usize {
        (0..of).filter(|_| rate.admit(account, now)).count()
    }

    #[test]
    fn each_second_takes_ten_requests_for_each_that_may_be_at_work() {
        let (mut rate, mut account) = (RequestRate::new(2, false), Account::default());
        assert_eq!(admitted(&mut rate, &mut account, at(0), 30), 20);
        assert_eq!(admitted(&mut rate, &mut account, at(999), 30), 0);
        assert_eq!(admitted(&mut rate, &mut account, at(1000), 30), 20);
    }

    #[test]
    fn those_who_share_concurrency_share_its_requests_and_who_has_reserved_some_has_them_alone() {
        let mut account = Account::default();
        let (mut one, mut other, mut alone) =
            (RequestRate::new(3, true), RequestRate::new(3, true), RequestRate::new(2, false));
        assert_eq!(admitted(&mut one, &mut account, at(0), 20), 20);
        assert_eq!(admitted(&mut other, &mut account, at(500), 20), 10);
        assert_eq!(admitted(&mut alone, &mut account, at(500), 100), 20);
        assert_eq!(admitted(&mut other, &mut account, at(1000), 100), 30);
    }

    #[test]
    fn the_requests_of_a_function_grow_by_ten_thousand_at_once_and_then_by_a_thousand_a_second() {
        let (mut rate, mut account) = (RequestRate::new(10_000, true), Account::default());
        let seconds = [0, 1, 2, 2, 12].map(|second| admitted(&mut rate, &mut account, at(second * 1000), 50_000));
        assert_eq!(seconds, [10_000, 11_000, 12_000, 0, 22_000]);
        // An account of the usual size does not feel it.
        let mut usual = RequestRate::new(1000, true);
        assert_eq!(admitted(&mut usual, &mut Account::default(), at(0), 50_000), 10_000);
        assert!(usual.growth.is_none());
    }
}
