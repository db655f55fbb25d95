//! The environments of a function: copies of it, each of which works on one request at a time.
//!
//! ```text
//!  request ─▶ an idle one there? ── yes ─▶ at work ─▶ idle ──idle life──▶ gone
//!                   │ no                      ▲         │
//!                   ▼                         │         │ it was reset by a timeout
//!              a new one: gets ready ─────────┴◀────────┘
//! ```
//! Simplified: of several idle environments the one that worked last gets the request, so that the others can go.

use crate::components::limits::TokenBucket;
use crate::engine::{SimDuration, SimTime};
use crate::facts::lambda;
use std::collections::VecDeque;

/// How a request begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// In an environment that is ready.
    Warm,
    /// In one that has to get ready first.
    Cold,
}

/// Why a request finds no environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Throttle {
    /// As many are at work as may be at once.
    Concurrency,
    /// It would need a new one, and too many are new already.
    Growth,
}

/// An environment without a request.
#[derive(Debug, Clone, Copy)]
struct Idle {
    since: SimTime,
    /// It has to get ready again.
    reset: bool,
}

/// All environments of a function.
#[derive(Debug, Clone)]
pub(super) struct Environments {
    /// How many can be at work at once -- parameter.
    limit: u32,
    /// How long an idle one is kept -- parameter.
    life: SimDuration,
    /// New ones that it may still get -- state.
    growth: TokenBucket,
    /// Getting ready or at work -- state.
    in_use: u32,
    /// Those without a request, the longest idle first -- state.
    idle: VecDeque<Idle>,
    /// Whether an alarm is set for the end of the first -- state.
    armed: bool,
}

impl Environments {
    /// None yet, and no more than `limit` at work at once.
    pub(super) fn new(limit: u32, life: SimDuration) -> Self {
        let step = f64::from(lambda::SCALE_UP_STEP.value);
        let rate = step / lambda::SCALE_UP_PERIOD.value.as_secs_f64();
        Self { limit, life, growth: TokenBucket::new(rate, step), in_use: 0, idle: VecDeque::new(), armed: false }
    }

    /// Whether no request may ever begin.
    pub(super) const fn are_stopped(&self) -> bool {
        self.limit == 0
    }

    /// Getting ready or at work.
    pub(super) const fn in_use(&self) -> u32 {
        self.in_use
    }

    /// All that there are.
    pub(super) fn count(&self) -> u64 {
        u64::from(self.in_use) + self.idle.len() as u64
    }

    /// Whether the limits allow one more at work. `elsewhere` are at work for other functions with which this one shares
    /// its limit.
    pub(super) fn room(&mut self, elsewhere: u32, now: SimTime) -> Result<(), Throttle> {
        if self.in_use.saturating_add(elsewhere) >= self.limit {
            return Err(Throttle::Concurrency);
        }
        self.expire(now);
        if self.idle.is_empty() && !self.growth.has(1.0, now) {
            return Err(Throttle::Growth);
        }
        Ok(())
    }

    /// Takes an environment for a request: look first whether there is [`room`](Self::room).
    pub(super) fn take(&mut self) -> Start {
        self.in_use += 1;
        match self.idle.pop_back() {
            Some(Idle { reset: false, .. }) => Start::Warm,
            Some(Idle { reset: true, .. }) => Start::Cold,
            None => {
                self.growth.take(1.0);
                Start::Cold
            }
        }
    }

    /// A request has ended. Returns the time for which an alarm must be set, if none is pending.
    #[must_use]
    pub(super) fn give_back(&mut self, now: SimTime, reset: bool) -> Option<SimTime> {
        self.in_use -= 1;
        self.idle.push_back(Idle { since: now, reset });
        (!std::mem::replace(&mut self.armed, true)).then_some(now + self.life)
    }

    /// Every environment is gone, and with it what it was at.
    pub(super) fn clear(&mut self) {
        self.in_use = 0;
        self.idle.clear();
    }

    /// Lets those go that were idle for too long.
    fn expire(&mut self, now: SimTime) {
        while self.idle.front().is_some_and(|idle| idle.since + self.life <= now) {
            self.idle.pop_front();
        }
    }

    /// The alarm rang: the time for the next, if one is needed.
    #[must_use]
    pub(super) fn rearm(&mut self, now: SimTime) -> Option<SimTime> {
        self.expire(now);
        let next = self.idle.front().map(|idle| idle.since + self.life);
        self.armed = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    fn take(environments: &mut Environments, now: SimTime) -> Result<Start, Throttle> {
        environments.room(0, now)?;
        Ok(environments.take())
    }

    fn taken(environments: &mut Environments, now: SimTime) -> u32 {
        (0..20_000).take_while(|_| take(environments, now).is_ok()).count().try_into().expect("a small number")
    }

    #[test]
    fn a_thousand_new_ones_at_once_and_then_a_hundred_a_second() {
        let mut environments = Environments::new(10_000, SimDuration::from_secs(600));
        assert_eq!(taken(&mut environments, at(0)), 1000);
        assert_eq!(take(&mut environments, at(0)), Err(Throttle::Growth));
        assert_eq!(taken(&mut environments, at(1000)), 100);
        // What is not used does not add up beyond a thousand.
        assert_eq!(taken(&mut environments, at(3_600_000)), 1000);
    }

    #[test]
    fn an_idle_one_is_used_again_until_its_life_is_over() {
        let mut environments = Environments::new(2, SimDuration::from_millis(500));
        assert_eq!(take(&mut environments, at(0)), Ok(Start::Cold));
        assert_eq!(environments.give_back(at(100), false), Some(at(600)));
        assert_eq!(take(&mut environments, at(200)), Ok(Start::Warm));
        assert_eq!(take(&mut environments, at(200)), Ok(Start::Cold));
        assert_eq!(take(&mut environments, at(200)), Err(Throttle::Concurrency));
        assert_eq!((environments.give_back(at(300), true), environments.give_back(at(400), false)), (None, None));
        // The one that worked last comes first, and the other has to get ready again.
        assert_eq!(
            (take(&mut environments, at(500)), take(&mut environments, at(500))),
            (Ok(Start::Warm), Ok(Start::Cold))
        );
        assert_eq!(environments.rearm(at(600)), None);
        assert_eq!(environments.give_back(at(700), false), Some(at(1200)));
        assert_eq!(take(&mut environments, at(1200)), Ok(Start::Cold));
        assert_eq!(environments.count(), 2);
    }

    #[test]
    fn what_is_at_work_elsewhere_leaves_less_room() {
        let mut environments = Environments::new(2, SimDuration::from_secs(600));
        assert_eq!(environments.room(2, at(0)), Err(Throttle::Concurrency));
        assert_eq!(environments.room(1, at(0)).map(|()| environments.take()), Ok(Start::Cold));
        assert_eq!(environments.room(1, at(0)), Err(Throttle::Concurrency));
    }
}
