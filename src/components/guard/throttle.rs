//! Adaptive throttling: a client that sees many of its requests fail sends fewer of them.
//!
//! With r requests and a answers in the last minutes it turns away max(0, (r - K a) / (r + 1)) of its own requests
//! before they leave (Google SRE book, chapter 21; facts `calls.throttle_*`).

use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// Parts into which the window is cut: what is in one is forgotten at once.
const PARTS: u64 = 120;

/// A client that looks at its own success.
#[derive(Debug, Clone)]
pub(in crate::components) struct Throttle {
    /// K: requests sent per request answered -- parameter.
    ratio: f64,
    /// A part of the window -- parameter.
    part: SimDuration,
    /// Number of the part, requests and answers in it -- state.
    parts: VecDeque<(u64, u32, u32)>,
    /// The sums over all parts -- state.
    requests: u32,
    answers: u32,
}

impl Throttle {
    /// A client that has seen nothing.
    pub(super) fn new(ratio: f64, window: SimDuration) -> Self {
        let part = SimDuration::from_nanos((window.as_nanos() / PARTS).max(1));
        Self { ratio, part, parts: VecDeque::new(), requests: 0, answers: 0 }
    }

    /// So many requests and answers more.
    fn add(&mut self, now: SimTime, requests: u32, answers: u32) {
        self.requests += requests;
        self.answers += answers;
        let current = now.as_nanos() / self.part.as_nanos();
        match self.parts.back_mut() {
            Some(last) if last.0 == current => {
                last.1 += requests;
                last.2 += answers;
            }
            _ => self.parts.push_back((current, requests, answers)),
        }
        while let Some(&(part, requests, answers)) = self.parts.front()
            && part + PARTS <= current
        {
            self.parts.pop_front();
            self.requests -= requests;
            self.answers -= answers;
        }
    }

    /// A request is about to be made: the chance that it is turned away.
    pub(in crate::components) fn turns_away(&mut self, now: SimTime) -> f64 {
        self.add(now, 0, 0);
        let (requests, answers) = (f64::from(self.requests), f64::from(self.answers));
        self.add(now, 1, 0);
        ((requests - self.ratio * answers) / (requests + 1.0)).max(0.0)
    }

    /// A request was answered well.
    pub(in crate::components) fn answered(&mut self, now: SimTime) {
        self.add(now, 0, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_requests_may_fail_before_any_is_turned_away() {
        let mut throttle = Throttle::new(2.0, SimDuration::from_secs(120));
        let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
        for request in 0..100 {
            assert!(throttle.turns_away(at(0)) < 0.5);
            if request % 2 == 0 {
                throttle.answered(at(0));
            }
        }
        assert!(throttle.turns_away(at(0)) < 1e-9);
        for _ in 0..100 {
            throttle.turns_away(at(1));
        }
        // 201 requests and 50 answers: (201 - 100) / 202.
        assert!((throttle.turns_away(at(2)) - 0.5).abs() < 1e-9);
        assert!(throttle.turns_away(at(122)) < 1e-9, "two minutes later all is forgotten");
    }
}
