//! A circuit breaker: after too many failures it answers itself, without asking.
//!
//! ```text
//!            too many failed, or slow
//!  CLOSED ──────────────────────────────▶ OPEN ◀──────────┐
//!    ▲                                     │ the wait is over, and a call comes
//!    │ few enough failed                   ▼               │ too many failed
//!    └──────────────────────────────── HALF-OPEN ──────────┘
//! ```
//! States, names and defaults as in resilience4j (facts `calls.breaker_*`). The window counts calls or seconds.
//!
//! Nothing rings here: a half-open breaker that has waited for too long has been open since the end of its wait, and this is
//! found out at the next call or answer. Simplified: the gauge of open breakers shows it only then.
//!
//! Simplified: a call from before the half-open state that is withdrawn during it lets no other through; resilience4j does
//! not tell it apart from one of the trial.

use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(in crate::components) struct BreakerParameters {
    /// What is looked at.
    pub window: Window,
    /// Nothing is judged before so many calls.
    pub minimum_calls: u32,
    /// Opens at this share of failures.
    pub failure_rate: f64,
    /// Opens at this share of slow calls.
    pub slow_rate: f64,
    /// A call that takes longer is slow.
    pub slow_call: SimDuration,
    /// How long it stays open.
    pub open_for: SimDuration,
    /// Calls let through to see how things are.
    pub half_open_calls: u32,
    /// How long it waits for their results before it opens again; zero: for ever.
    pub half_open_for: SimDuration,
}

/// The calls that a breaker looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::components) enum Window {
    /// The last so many.
    Calls(u32),
    /// Those of the last seconds.
    Seconds(u32),
}

/// A circuit breaker.
#[derive(Debug, Clone)]
pub(in crate::components) struct Breaker {
    parameters: BreakerParameters,
    state: State,
    seen: Seen,
    /// How often it was half-open.
    trials: u32,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open { until: SimTime },
    HalfOpen { until: SimTime, permitted: u32 },
}

/// Results of calls, in groups: one call each, or all of one second.
#[derive(Debug, Clone, Default)]
struct Seen {
    groups: VecDeque<Group>,
    all: Group,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    second: u64,
    calls: u32,
    failed: u32,
    slow: u32,
}

impl Breaker {
    /// A closed breaker that has seen nothing.
    pub(super) fn new(parameters: BreakerParameters) -> Self {
        Self { parameters, state: State::Closed, seen: Seen::default(), trials: 0 }
    }

    /// Whether a call may go through.
    pub(in crate::components) fn admits(&mut self, now: SimTime) -> bool {
        let BreakerParameters { half_open_calls, half_open_for, .. } = self.parameters;
        self.catch_up(now);
        match &mut self.state {
            State::Closed => return true,
            State::Open { until } if now < *until => return false,
            State::HalfOpen { permitted, .. } => {
                let goes = *permitted > 0;
                *permitted -= u32::from(goes);
                return goes;
            }
            State::Open { .. } => {}
        }
        let until = if half_open_for.is_zero() { SimTime::MAX } else { now + half_open_for };
        self.state = State::HalfOpen { until, permitted: half_open_calls - 1 };
        self.seen = Seen::default();
        self.trials = self.trials.wrapping_add(1).max(1);
        true
    }

    /// A call has ended after `took`. What comes back while the breaker is open changes nothing.
    pub(in crate::components) fn record(&mut self, now: SimTime, failed: bool, took: SimDuration) {
        let slow = took > self.parameters.slow_call;
        self.catch_up(now);
        match self.state {
            State::Open { .. } => {}
            State::Closed => {
                self.seen.add(self.parameters.window, now, failed, slow);
                if self.is_too_bad(self.parameters.minimum_calls) == Some(true) {
                    self.open(now);
                }
            }
            State::HalfOpen { .. } => {
                self.seen.add(Window::Calls(self.parameters.half_open_calls), now, failed, slow);
                let enough = self.parameters.minimum_calls.min(self.parameters.half_open_calls);
                match self.is_too_bad(enough) {
                    Some(true) => self.open(now),
                    Some(false) => {
                        self.state = State::Closed;
                        self.seen = Seen::default();
                    }
                    None => {}
                }
            }
        }
    }

    /// The number of the trial that is on while it is half-open; zero: it is not.
    pub(in crate::components) const fn trial(&self) -> u32 {
        if matches!(self.state, State::HalfOpen { .. }) { self.trials } else { 0 }
    }

    /// A call that was let through in this trial has no end: another may take its place, or a half-open breaker would
    /// wait for it for ever. One that was let through before takes no place, and leaves none.
    pub(in crate::components) fn withdrawn(&mut self, trial: u32) {
        if let State::HalfOpen { permitted, .. } = &mut self.state
            && trial == self.trials
        {
            *permitted = (*permitted + 1).min(self.parameters.half_open_calls);
        }
    }

    /// Whether it lets nothing through.
    pub(in crate::components) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// A half-open breaker that has waited for too long has been open since then.
    fn catch_up(&mut self, now: SimTime) {
        if let State::HalfOpen { until, .. } = self.state
            && now >= until
        {
            self.open(until);
        }
    }

    fn open(&mut self, now: SimTime) {
        self.state = State::Open { until: now + self.parameters.open_for };
        self.seen = Seen::default();
    }

    /// Whether too many failed or were slow; nothing before `enough` calls.
    fn is_too_bad(&self, enough: u32) -> Option<bool> {
        let Group { calls, failed, slow, .. } = self.seen.all;
        let share = |part: u32| f64::from(part) / f64::from(calls);
        let BreakerParameters { failure_rate, slow_rate, .. } = self.parameters;
        (calls >= enough.max(1)).then(|| share(failed) >= failure_rate || share(slow) >= slow_rate)
    }
}

impl Seen {
    fn add(&mut self, window: Window, now: SimTime, failed: bool, slow: bool) {
        let second = now.as_nanos() / 1_000_000_000;
        match window {
            Window::Calls(most) => {
                if self.groups.len() >= most as usize {
                    self.forget_first();
                }
                self.groups.push_back(Group { second, ..Group::default() });
            }
            Window::Seconds(most) => {
                while self.groups.front().is_some_and(|first| first.second + u64::from(most) <= second) {
                    self.forget_first();
                }
                if self.groups.back().is_none_or(|last| last.second != second) {
                    self.groups.push_back(Group { second, ..Group::default() });
                }
            }
        }
        for group in self.groups.back_mut().into_iter().chain([&mut self.all]) {
            group.calls += 1;
            group.failed += u32::from(failed);
            group.slow += u32::from(slow);
        }
    }

    fn forget_first(&mut self) {
        if let Some(Group { calls, failed, slow, .. }) = self.groups.pop_front() {
            self.all.calls -= calls;
            self.all.failed -= failed;
            self.all.slow -= slow;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: SimDuration = SimDuration::from_millis(1);

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn breaker(window: Window) -> Breaker {
        Breaker::new(BreakerParameters {
            window,
            minimum_calls: 100,
            failure_rate: 0.5,
            slow_rate: 1.0,
            slow_call: SimDuration::from_secs(60),
            open_for: SimDuration::from_secs(60),
            half_open_calls: 10,
            half_open_for: SimDuration::ZERO,
        })
    }

    #[test]
    fn nothing_is_judged_before_the_hundredth_call() {
        let mut breaker = breaker(Window::Calls(100));
        for _ in 0..99 {
            breaker.record(at(0), true, FAST);
        }
        assert!(breaker.admits(at(0)));
        breaker.record(at(0), false, FAST);
        assert!(!breaker.admits(at(0)));
    }

    #[test]
    fn after_a_minute_ten_calls_go_through_and_decide() {
        for (failures, closes) in [(4, true), (5, false)] {
            let mut breaker = breaker(Window::Calls(100));
            for call in 0..100 {
                breaker.record(at(0), call % 2 == 0, FAST);
            }
            assert!(breaker.is_open() && !breaker.admits(at(59)));
            assert_eq!((0..50).filter(|_| breaker.admits(at(60))).count(), 10);
            for call in 0..10 {
                breaker.record(at(61), call < failures, FAST);
            }
            assert_eq!(breaker.admits(at(61)), closes);
        }
    }

    #[test]
    fn a_window_forgets_calls_beyond_its_length_or_age() {
        let mut breaker = breaker(Window::Calls(100));
        for call in 0..300 {
            breaker.record(at(0), call < 49, FAST);
        }
        assert!(breaker.admits(at(0)));
        let mut breaker = self::breaker(Window::Seconds(10));
        for call in 0..200 {
            breaker.record(at(call), true, FAST);
        }
        assert!(breaker.admits(at(200)), "there were never a hundred calls in ten seconds");
    }

    #[test]
    fn a_call_that_is_withdrawn_makes_room_for_another() {
        let mut breaker = breaker(Window::Calls(100));
        (0..100).for_each(|_| breaker.record(at(0), true, FAST));
        assert_eq!((0..50).filter(|_| breaker.admits(at(60))).count(), 10);
        let trial = breaker.trial();
        breaker.withdrawn(trial);
        assert!(breaker.admits(at(60)) && !breaker.admits(at(60)));
    }

    #[test]
    fn a_call_from_before_the_trial_that_is_withdrawn_makes_no_room() {
        let mut breaker = breaker(Window::Calls(100));
        assert!(breaker.admits(at(0)));
        let before = breaker.trial();
        (0..100).for_each(|_| breaker.record(at(0), true, FAST));
        assert_eq!((0..50).filter(|_| breaker.admits(at(60))).count(), 10);
        breaker.withdrawn(before);
        assert!(!breaker.admits(at(60)));
        let first = breaker.trial();
        (0..10).for_each(|_| breaker.record(at(60), true, FAST));
        assert_eq!((0..50).filter(|_| breaker.admits(at(120))).count(), 10);
        breaker.withdrawn(first);
        assert!(!breaker.admits(at(120)));
    }

    /// A trial of one call for five seconds, which begins at 90 s.
    fn on_trial() -> Breaker {
        let mut breaker = breaker(Window::Calls(100));
        breaker.parameters.half_open_calls = 1;
        breaker.parameters.half_open_for = SimDuration::from_secs(5);
        (0..100).for_each(|_| breaker.record(at(30), true, FAST));
        assert!(breaker.admits(at(90)) && !breaker.admits(at(90)));
        breaker
    }

    #[test]
    fn a_trial_that_takes_too_long_opens_it_at_the_end_of_its_wait_whoever_asks_later() {
        // Open from 95 s to 155 s.
        let mut hangs = on_trial();
        assert!(!hangs.clone().admits(at(95)) && !hangs.clone().admits(at(154)));
        assert!(hangs.clone().admits(at(155)) && hangs.admits(at(190)));
        let mut late = on_trial();
        late.record(at(110), false, SimDuration::from_secs(20));
        assert!(late.is_open() && !late.admits(at(120)) && !late.admits(at(121)) && late.admits(at(155)));
        let mut in_time = on_trial();
        in_time.record(at(94), false, SimDuration::from_secs(4));
        assert!(in_time.admits(at(120)));
    }

    #[test]
    fn slow_calls_open_it_as_well() {
        let mut breaker = breaker(Window::Calls(100));
        for _ in 0..100 {
            breaker.record(at(100), false, SimDuration::from_secs(61));
        }
        assert!(breaker.is_open());
    }
}
