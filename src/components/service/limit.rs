//! An adaptive limit on the requests inside a server: it grows while answers are as quick as usual.
//!
//! With L the time that answers take in the long run and S that of the newest, the limit is multiplied by
//! g = min(1, max(1/2, tolerance L / S)) and a little is added, so that it always probes upwards (the gradient of
//! Netflix' concurrency-limits; facts `calls.adaptive_*`).

use crate::engine::SimDuration;

/// What is added at each answer, in requests: the queue that is always allowed.
const QUEUE: f64 = 4.0;

/// How fast an adaptive limit moves, and how far.
#[derive(Debug, Clone, Copy)]
pub(super) struct LimitParameters {
    /// Where it begins.
    pub initial: u32,
    /// It is never lower.
    pub min: u32,
    /// It is never higher.
    pub max: u32,
    /// The part of a new limit that counts at once.
    pub smoothing: f64,
    /// How many times as long as usual an answer may take.
    pub tolerance: f64,
    /// Answers over which the usual is known.
    pub long_window: u32,
}

/// An adaptive limit.
#[derive(Debug, Clone)]
pub(super) struct AdaptiveLimit {
    parameters: LimitParameters,
    limit: f64,
    /// What answers usually take, in seconds; nothing before the first -- state.
    usual: Option<f64>,
}

impl AdaptiveLimit {
    /// A limit that has seen nothing.
    pub(super) fn new(parameters: LimitParameters) -> Self {
        Self { parameters, limit: f64::from(parameters.initial), usual: None }
    }

    /// Requests that may be inside at once.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two u32")]
    pub(super) const fn get(&self) -> u64 {
        self.limit as u64
    }

    /// A request is answered after `took`, with so many inside, itself included.
    #[allow(clippy::cast_precision_loss, reason = "requests inside a server")]
    pub(super) fn answered(&mut self, took: SimDuration, inside: u64) {
        let LimitParameters { min, max, smoothing, tolerance, long_window, .. } = self.parameters;
        let newest = took.as_secs_f64().max(1e-9);
        let usual = self.usual.map_or(newest, |usual| usual + (newest - usual) * 2.0 / (f64::from(long_window) + 1.0));
        // After an overload the usual must not stay what it was in it.
        self.usual = Some(if usual / newest > 2.0 { usual * 0.95 } else { usual });
        if (inside as f64) < self.limit / 2.0 {
            return;
        }
        let gradient = (tolerance * usual / newest).clamp(0.5, 1.0);
        let new = self.limit * gradient + QUEUE;
        self.limit = (self.limit + (new - self.limit) * smoothing).clamp(f64::from(min), f64::from(max.max(min)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> AdaptiveLimit {
        let (initial, min, max) = (20, 5, 200);
        AdaptiveLimit::new(LimitParameters { initial, min, max, smoothing: 0.2, tolerance: 1.5, long_window: 600 })
    }

    #[test]
    fn it_grows_while_answers_are_quick_and_the_server_is_used() {
        let mut idle = limit();
        let mut used = limit();
        for _ in 0..1000 {
            idle.answered(SimDuration::from_millis(10), 1);
            used.answered(SimDuration::from_millis(10), used.get());
        }
        assert_eq!((idle.get(), used.get()), (20, 200));
    }

    #[test]
    fn it_shrinks_when_answers_take_far_longer_than_usual() {
        let mut limit = limit();
        for _ in 0..1000 {
            limit.answered(SimDuration::from_millis(10), limit.get());
        }
        for _ in 0..20 {
            limit.answered(SimDuration::from_millis(500), limit.get());
        }
        assert!(limit.get() < 40, "{}", limit.get());
    }
}
