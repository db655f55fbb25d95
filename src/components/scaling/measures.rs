//! How a group learns what there is to do: once a period, late, and not at all from a queue that sleeps.
//!
//! Facts: `ec2.metric_period`, `ec2.metric_delay`, `ec2.queue_metric_idle`, `ec2.queue_metric_delay_max`. A queue that
//! holds nothing and that nobody calls for six hours stops reporting. When it wakes, its measures come late.
//! Simplified: those of the first minutes come all at once, when the delay is over.

use super::policy::Measure;
use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// How measures are taken -- parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metering {
    /// From one to the next.
    pub period: SimDuration,
    /// From when one is taken until it is known.
    pub delay: SimDuration,
    /// A queue that sleeps for longer than this stops reporting.
    pub sleeps_after: SimDuration,
    /// For so long after it woke its measures are late.
    pub late: SimDuration,
}

/// What has been measured.
#[derive(Debug, Clone)]
pub(super) struct Measures {
    p: Metering,
    /// When the queue was last seen awake, and its number of calls then -- state.
    awake_at: SimTime,
    calls: u16,
    /// Until then its measures are late -- state.
    late_until: SimTime,
    /// Measures on their way, each with the time at which it is known -- state.
    on_the_way: VecDeque<(SimTime, Option<Measure>)>,
}

impl Measures {
    pub(super) const fn new(p: Metering) -> Self {
        let zero = SimTime::ZERO;
        Self { p, awake_at: zero, calls: 0, late_until: zero, on_the_way: VecDeque::new() }
    }

    pub(super) const fn period(&self) -> SimDuration {
        self.p.period
    }

    /// A measure was taken. Returns when it will be known: as a gap, if the queue sleeps.
    pub(super) fn take(&mut self, now: SimTime, measure: Measure, calls: u16) -> SimTime {
        let is_awake = measure.waiting > 0 || measure.held > 0 || calls != self.calls;
        self.calls = calls;
        let slept = now.since(self.awake_at) > self.p.sleeps_after;
        if is_awake {
            if slept {
                self.late_until = now + self.p.late;
            }
            self.awake_at = now;
        }
        let known = (now + self.p.delay).max(self.late_until);
        self.on_the_way.push_back((known, (is_awake || !slept).then_some(measure)));
        known
    }

    /// The measure that is known now.
    pub(super) fn arrived(&mut self, now: SimTime) -> Option<Measure> {
        let due = self.on_the_way.front().is_some_and(|(known, _)| *known <= now);
        if due { self.on_the_way.pop_front()?.1 } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(60 * minutes)
    }

    #[test]
    fn a_queue_that_slept_shows_nothing_and_then_all_at_once() {
        let minutes = |minutes: u64| SimDuration::from_secs(60 * minutes);
        let metering =
            Metering { period: minutes(1), delay: minutes(0), sleeps_after: minutes(360), late: minutes(15) };
        let mut measures = Measures::new(metering);
        let quiet = Measure { waiting: 0, held: 0, instances: 0 };
        for minute in 1..=360 {
            assert_eq!(measures.take(at(minute), quiet, 0), at(minute));
            assert_eq!(measures.arrived(at(minute)), Some(quiet));
        }
        measures.take(at(361), quiet, 0);
        assert_eq!(measures.arrived(at(361)), None);
        let busy = Measure { waiting: 9, ..quiet };
        assert_eq!([measures.take(at(362), busy, 9), measures.take(at(363), busy, 9)], [at(377); 2]);
        assert_eq!(measures.arrived(at(376)), None);
        assert_eq!([measures.arrived(at(377)), measures.arrived(at(377))], [Some(busy); 2]);
        assert_eq!(measures.take(at(380), busy, 9), at(380));
        // A call that finds nothing keeps it awake as well.
        measures.take(at(381), quiet, 10);
        assert_eq!(measures.take(at(740), quiet, 11), at(740));
        assert_eq!(measures.take(at(741), quiet, 12), at(741));
    }
}
