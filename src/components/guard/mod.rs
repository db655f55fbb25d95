//! What stands between a caller and the requests it makes: a deadline, a pool of connections, a circuit breaker, a budget
//! for retries, throttling of its own, and hedges. Each is its own file; here they are asked in their order.
//!
//! ```text
//!  request ─▶ throttle ─▶ breaker ─▶ send rate ─▶ pool ─▶ attempt ─▶ answer ─▶ told to all of them; connection free
//!               │ turned away │ open    │ waits     │ none free              │ failed
//!               ▼             ▼         ▼           ▼                        ▼ another attempt, if the budget pays
//! ```

mod breaker;
mod budget;
pub(super) mod budget_spec;
mod pool;
mod send_rate;
pub(super) mod spec;
mod throttle;

use super::AnyTimer;
use super::context::Ctx;
use crate::engine::{Deadlines, LossId, Refusal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId, TimingId};
use breaker::Breaker;
use budget::RetryBudget;
use pool::{Pool, Seat, Waiter};
use send_rate::SendRate;
use throttle::Throttle;

/// What stands before the attempts of one step.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    /// How long the whole request may take, all attempts and pauses together, and what it is lost by then.
    pub deadline: Option<(SimDuration, LossId)>,
    /// Copies that are sent while the first is not answered.
    pub hedge: Option<Hedge>,
    throttle: Option<(Throttle, Bar)>,
    breaker: Option<(Breaker, Bar, GaugeId)>,
    send_rate: Option<(SendRate, GaugeId)>,
    pool: Option<(Pool, LossId, PoolMetrics)>,
    budget: Option<(RetryBudget, CounterId)>,
    /// When requests, waits for a connection and hedges are due.
    pub deadlines: Deadlines<Waiter>,
    pub patience: Deadlines<Waiter>,
    pub hedges: Deadlines<Waiter>,
}

/// Copies of a request that hedge against a slow answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hedge {
    /// Distance of the copies.
    pub after: SimDuration,
    /// Copies in all, the first included.
    pub copies: u32,
    /// Where those after the first are counted.
    pub sent: CounterId,
}

/// How requests end that are turned away before they leave.
#[derive(Debug, Clone, Copy)]
struct Bar {
    loss: LossId,
    count: CounterId,
}

/// What a pool counts.
#[derive(Debug, Clone, Copy)]
struct PoolMetrics {
    /// Connections in use.
    in_use: GaugeId,
    /// Calls waiting for one.
    waiting: GaugeId,
    /// How long those waited that got one.
    wait: TimingId,
}

/// What becomes of an attempt before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// It leaves now.
    Leaves,
    /// It waits for a connection, until this instant at most: the owner sets an alarm if it is told one.
    Waits(Option<SimTime>),
    /// It waits until the client may send again: the owner sets an alarm if it is told one.
    HeldBack(Option<SimTime>),
    /// It has failed before it left, as any attempt may.
    Fails(LossId),
    /// A breaker that is open has answered in place of the callee. No attempt was made, and who tries again asks it anew:
    /// in resilience4j the retry stands around the breaker.
    Rejected(LossId),
    /// The request has failed for good.
    Ends(LossId),
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was answered well.
    Good,
    /// It was answered with an error, or not at all.
    Failed,
    /// The answer was to slow down.
    Throttled,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What came of it.
    pub answer: Answer,
    /// Whether it had left at all.
    pub was_sent: bool,
    /// How long that took.
    pub took: SimDuration,
    /// Which retry it was, if the budget had paid for it.
    pub retry: Option<Refusal>,
}

impl Guard {
    /// A request begins.
    pub(super) fn begins(&mut self, now: SimTime) {
        if let Some((budget, _)) = &mut self.budget {
            budget.begins(now);
        }
    }

    /// A request has ended; `retry` was paid for and not made, or not to its end.
    pub(super) fn ends(&mut self, retry: Option<Refusal>) {
        if let Some((budget, _)) = &mut self.budget {
            if retry.is_some() {
                budget.withdrawn();
            }
            budget.ends();
        }
    }

    /// A retry was paid for and is not made.
    pub(super) fn withdraws_retry(&mut self) {
        if let Some((budget, _)) = &mut self.budget {
            budget.withdrawn();
        }
    }

    /// Whether an attempt may leave. `draw` is uniform, `is_waiting` tells who has given up since.
    pub(super) fn gate<T: Into<AnyTimer>>(
        &mut self,
        waiter: Waiter,
        draw: impl FnOnce(&Ctx<'_, T>) -> f64,
        is_waiting: impl Fn(Waiter) -> bool,
        cx: &mut Ctx<'_, T>,
    ) -> Gate {
        let now = cx.now();
        if let Some((throttle, bar)) = &mut self.throttle {
            let chance = throttle.turns_away(now);
            if chance > 0.0 && draw(cx) < chance {
                cx.count(bar.count, 1);
                return Gate::Ends(bar.loss);
            }
        }
        if let Some((breaker, bar, open)) = &mut self.breaker {
            let was_open = breaker.is_open();
            let admits = breaker.admits(now);
            show(was_open, breaker.is_open(), *open, cx);
            if !admits {
                cx.count(bar.count, 1);
                return Gate::Rejected(bar.loss);
            }
        }
        if let Some((send_rate, held)) = &mut self.send_rate
            && !send_rate.takes(now)
        {
            cx.rise(*held);
            return Gate::HeldBack(send_rate.wait(now, waiter));
        }
        self.seat(waiter, is_waiting, cx)
    }

    /// Whether an attempt finds a connection.
    pub(super) fn seat<T: Into<AnyTimer>>(
        &mut self,
        waiter: Waiter,
        is_waiting: impl Fn(Waiter) -> bool,
        cx: &mut Ctx<'_, T>,
    ) -> Gate {
        let now = cx.now();
        let Some((pool, no_connection, metrics)) = &mut self.pool else { return Gate::Leaves };
        let no_connection = *no_connection;
        match pool.ask(now, waiter, is_waiting) {
            Seat::Taken => {
                cx.rise(metrics.in_use);
                cx.time(metrics.wait, SimDuration::ZERO);
                Gate::Leaves
            }
            Seat::Waits => {
                cx.rise(metrics.waiting);
                let until = pool.max_wait.map(|wait| now + wait);
                Gate::Waits(until.and_then(|until| self.patience.push(until, waiter)))
            }
            Seat::Refused => Gate::Fails(no_connection),
        }
    }

    /// The next of those held back that may be sent now.
    pub(super) fn next_to_send<T: Into<AnyTimer>>(
        &mut self,
        is_waiting: impl Fn(Waiter) -> bool,
        cx: &mut Ctx<'_, T>,
    ) -> Option<Waiter> {
        let (send_rate, held) = self.send_rate.as_mut()?;
        let next = send_rate.next(cx.now(), is_waiting)?;
        cx.fall(*held);
        Some(next)
    }

    /// When another may be sent, if somebody waits for that and no alarm is set for it.
    pub(super) fn may_send_at(&mut self, now: SimTime) -> Option<SimTime> {
        self.send_rate.as_mut()?.0.alarm(now)
    }

    /// A call is held back no longer.
    pub(super) fn leaves_line<T: Into<AnyTimer>>(&mut self, cx: &mut Ctx<'_, T>) {
        if let Some((_, held)) = &self.send_rate {
            cx.fall(*held);
        }
    }

    /// Whether the budget lets further copies leave: that of gRPC stops them as it stops retries, and no other counts them.
    pub(super) fn allows_hedges(&self) -> bool {
        self.budget.as_ref().is_none_or(|(budget, _)| budget.allows_hedges())
    }

    /// A copy has failed, and the request goes on with others.
    pub(super) fn copy_failed(&mut self) {
        if let Some((budget, _)) = &mut self.budget {
            budget.failed(false);
        }
    }

    /// Whether a hedge finds a connection.
    pub(super) fn has_room<T: Into<AnyTimer>>(&mut self, cx: &mut Ctx<'_, T>) -> bool {
        let Some((pool, _, metrics)) = &mut self.pool else { return true };
        let free = pool.take_free();
        if free {
            cx.rise(metrics.in_use);
        }
        free
    }

    /// What a call is lost by that waited for a connection for too long.
    pub(super) fn no_connection(&self) -> LossId {
        self.pool.as_ref().map_or(LossId::NONE, |&(_, loss, _)| loss)
    }

    /// A call waits for a connection no longer.
    pub(super) fn leaves_queue<T: Into<AnyTimer>>(&mut self, cx: &mut Ctx<'_, T>) {
        if let Some((_, _, metrics)) = &self.pool {
            cx.fall(metrics.waiting);
        }
    }

    /// A connection is free again. Returns who gets it: its attempt leaves now.
    pub(super) fn frees<T: Into<AnyTimer>>(
        &mut self,
        is_waiting: impl Fn(Waiter) -> bool,
        cx: &mut Ctx<'_, T>,
    ) -> Option<Waiter> {
        let (pool, _, metrics) = self.pool.as_mut()?;
        let Some((since, next)) = pool.release(is_waiting) else {
            cx.fall(metrics.in_use);
            return None;
        };
        cx.time(metrics.wait, cx.now().since(since));
        Some(next)
    }

    /// An attempt has ended. Returns the time of an alarm for those held back, if one must be set.
    pub(super) fn record<T: Into<AnyTimer>>(&mut self, outcome: Outcome, cx: &mut Ctx<'_, T>) -> Option<SimTime> {
        let (now, Outcome { answer, was_sent, took, retry }) = (cx.now(), outcome);
        let ok = answer == Answer::Good;
        if let Some((throttle, _)) = self.throttle.as_mut().filter(|_| ok) {
            throttle.answered(now);
        }
        if let Some((breaker, _, open)) = &mut self.breaker {
            let was_open = breaker.is_open();
            breaker.record(now, !ok, took);
            show(was_open, breaker.is_open(), *open, cx);
        }
        if let Some((budget, _)) = &mut self.budget {
            if ok {
                budget.succeeded(retry);
            } else {
                budget.failed(retry.is_some());
            }
        }
        let (send_rate, _) = self.send_rate.as_mut().filter(|_| was_sent)?;
        send_rate.answered(now, answer == Answer::Throttled);
        send_rate.alarm(now)
    }

    /// The trial of the breaker to which an attempt belongs that has just been let through; zero: to none.
    pub(super) fn trial(&self) -> u32 {
        self.breaker.as_ref().map_or(0, |(breaker, ..)| breaker.trial())
    }

    /// An attempt under way that belongs to this trial is given up without any result.
    pub(super) fn withdrawn(&mut self, trial: u32) {
        if let Some((breaker, ..)) = &mut self.breaker {
            breaker.withdrawn(trial);
        }
    }

    /// Whether the budget pays for another attempt; `None`: there is none to ask.
    pub(super) fn pays<T: Into<AnyTimer>>(&mut self, retry: Refusal, cx: &mut Ctx<'_, T>) -> Option<bool> {
        let (budget, denied) = self.budget.as_mut()?;
        let pays = budget.pays(retry, cx.now());
        if !pays {
            cx.count(*denied, 1);
        }
        Some(pays)
    }
}

/// Shows whether a breaker is open.
fn show<T: Into<AnyTimer>>(was: bool, is: bool, open: GaugeId, cx: &mut Ctx<'_, T>) {
    let (gauge, now) = cx.gauge(open);
    match (was, is) {
        (false, true) => gauge.rise(now),
        (true, false) => gauge.fall(now),
        (false, false) | (true, true) => {}
    }
}
