//! Events: handed over by somebody who does not wait for the function.
//!
//! ```text
//!  taken in ─▶ room? ── yes ─▶ at work ─▶ done
//!               ▲ │ no            │ failed
//!               │ ▼               ▼
//!               └─ waits up to 1 s, 2 s, 4 s … 5 min; after a failure 1 min, then 2 min
//!                        │ too old, or failed too often
//!                        ▼
//!                  put aside, handed on, or dropped
//! ```
//! Where events go on is in `destination.rs`. Simplified: a long line of events makes each wait no longer than it would
//! alone.

use super::billing::further_requests;
use super::destination::Destination;
use super::invocation::What;
use super::{Cx, Lambda, LambdaAlarm};
use crate::components::slab::Slab;
use crate::engine::random::mix;
use crate::engine::{Ending, LossId, MsgId, SimDuration, SimTime};
use crate::facts::lambda;
use crate::metrics::{CounterId, GaugeId, TimingId};

/// Draws of waits, apart from those of latencies, of pauses and of the time to get ready.
const WAITS: u64 = 1 << 60;

/// What is done with events that do not succeed at once, and those that are there.
#[derive(Debug, Clone)]
pub(super) struct Events {
    /// How often the function is tried again after it failed -- parameter.
    pub maximum_retry_attempts: u32,
    /// Older ones are given up -- parameter.
    pub maximum_event_age: SimDuration,
    /// By what share at most their waits for room are shorter, at random -- parameter.
    pub throttle_jitter: f64,
    /// Where those go that are done -- parameter.
    pub on_success: Option<Destination>,
    /// Where those go that are given up -- parameter.
    pub on_failure: Option<Destination>,
    pub losses: EventLosses,
    pub metrics: EventMetrics,
    /// Those that are not done -- state.
    pub open: Slab<Event>,
    /// Of them, those that no environment is at -- state.
    pub waiting: u64,
}

/// Why an event is given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventLosses {
    /// The function failed too often.
    pub failed: LossId,
    /// It found no room for too long.
    pub too_old: LossId,
    /// The function is stopped.
    pub stopped: LossId,
}

/// What is counted of events.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventMetrics {
    /// Those taken in.
    pub received: CounterId,
    /// Those given up.
    pub dropped: CounterId,
    /// What is billed for large ones beyond the requests of their tries.
    pub further_requests: CounterId,
    /// Those that wait for their first or next try.
    pub waiting: GaugeId,
    /// How old they are when a try begins.
    pub age: TimingId,
}

/// An event that is not done.
#[derive(Debug, Clone, Default)]
pub(super) struct Event {
    msg: MsgId,
    /// When it was taken in.
    since: SimTime,
    /// How often the function failed.
    failures: u32,
    /// How often it found no room since it was last tried.
    throttled: u32,
    /// Told apart from an earlier one in the same place.
    serial: u32,
}

impl Events {
    /// Those that are not done.
    pub(super) fn count(&self) -> u64 {
        self.open.len() as u64
    }

    /// The message of an event, and which try it is.
    pub(super) fn attempt(&self, event: u32) -> Option<(MsgId, u16)> {
        let event = self.open.get(event)?;
        Some((event.msg, u16::try_from(event.failures).unwrap_or(u16::MAX)))
    }
}

impl Lambda {
    /// An event comes. The service takes it in whether there is room for it or not; only the number of requests that
    /// somebody outside makes is limited.
    pub(super) fn take_event(&mut self, msg: MsgId, counts: bool, cx: &mut Cx<'_>) {
        if self.health.is_down() {
            return cx.refuse(msg, self.losses.down);
        }
        let now = cx.now();
        if counts && !self.environments.are_stopped() && !self.rate.admit(cx.account(), now) {
            cx.count(self.metrics.throttles, 1);
            return cx.refuse(msg, self.losses.rate);
        }
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let Some(queue) = self.events.as_mut() else { unreachable!("its edges were known when it was built") };
        cx.accept(msg);
        let message = cx.message_mut(msg);
        message.sent = now;
        let further = further_requests(message.size);
        if further > 0 {
            cx.count(queue.metrics.further_requests, further);
        }
        let event = queue.open.insert(Event { msg, since: now, failures: 0, throttled: 0, serial });
        queue.waiting += 1;
        cx.count(queue.metrics.received, 1);
        cx.set(queue.metrics.waiting, queue.waiting);
        let stopped = queue.losses.stopped;
        if self.environments.are_stopped() {
            return self.give_up_event(event, stopped, cx);
        }
        self.try_event(event, cx);
    }

    /// An event waited for its next try, or for the end of its time.
    pub(super) fn event_is_due(&mut self, event: u32, serial: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let Some(queue) = self.events.as_ref() else { return };
        let Some(waiting) = queue.open.get(event).filter(|event| event.serial == serial) else { return };
        if waiting.since + queue.maximum_event_age <= now {
            let too_old = queue.losses.too_old;
            return self.give_up_event(event, too_old, cx);
        }
        self.try_event(event, cx);
    }

    fn try_event(&mut self, event: u32, cx: &mut Cx<'_>) {
        let start = self.environment(false, cx);
        let Some(queue) = self.events.as_mut() else { return };
        match start {
            Ok(start) => {
                queue.waiting -= 1;
                cx.set(queue.metrics.waiting, queue.waiting);
                if let Some(event) = queue.open.get_mut(event) {
                    event.throttled = 0;
                    cx.time(queue.metrics.age, cx.now().since(event.since));
                }
                self.begin(What::Event(event), start, cx);
            }
            Err(_) => self.wait_for_room(event, cx),
        }
    }

    /// An event found no room: it waits, longer each time.
    fn wait_for_room(&mut self, event: u32, cx: &mut Cx<'_>) {
        let Some(queue) = self.events.as_mut() else { return };
        let Some(waiting) = queue.open.get_mut(event) else { return };
        let doublings = waiting.throttled.min(63);
        waiting.throttled += 1;
        let first = lambda::ASYNC_THROTTLE_WAIT.value.get().as_nanos();
        let wait = SimDuration::from_nanos(first.saturating_mul(1 << doublings));
        let mut wait = wait.min(lambda::ASYNC_THROTTLE_WAIT_MAX.value.get());
        if queue.throttle_jitter > 0.0 {
            // Those that came together do not all come again together.
            let number = WAITS | u64::from(waiting.failures) << 32 | u64::from(waiting.throttled);
            let chance = cx.draws(cx.number(waiting.msg) ^ mix(number)).uniform();
            wait = wait.scaled(1.0 - queue.throttle_jitter * chance);
        }
        self.event_waits(event, wait, cx);
    }

    /// Sets the alarm for the next try, or for the end of the event's time if that comes first.
    fn event_waits(&mut self, event: u32, wait: SimDuration, cx: &mut Cx<'_>) {
        let Some(queue) = self.events.as_ref() else { return };
        let Some(&Event { since, serial, .. }) = queue.open.get(event) else { return };
        let at = (cx.now() + wait).min(since + queue.maximum_event_age).max(cx.now());
        cx.alarm_at(at, LambdaAlarm::Event { event, serial });
    }

    /// An event that was begun waits again.
    fn event_is_back(&mut self, cx: &mut Cx<'_>) {
        let Some(queue) = self.events.as_mut() else { return };
        queue.waiting += 1;
        cx.set(queue.metrics.waiting, queue.waiting);
    }

    /// The service failed, and not the function: that costs no try.
    pub(super) fn event_throttled(&mut self, event: u32, cx: &mut Cx<'_>) {
        self.event_is_back(cx);
        self.wait_for_room(event, cx);
    }

    /// The function failed at an event: it is tried again, or given up.
    pub(super) fn event_failed(&mut self, event: u32, cx: &mut Cx<'_>) {
        self.event_is_back(cx);
        let Some(queue) = self.events.as_mut() else { return };
        let (most, failed) = (queue.maximum_retry_attempts, queue.losses.failed);
        let Some(again) = queue.open.get_mut(event) else { return };
        again.failures += 1;
        if again.failures > most {
            return self.give_up_event(event, failed, cx);
        }
        let wait = match again.failures {
            1 => lambda::ASYNC_RETRY_WAIT,
            _ => lambda::ASYNC_RETRY_WAIT_SECOND,
        };
        self.event_waits(event, wait.value.get(), cx);
    }

    /// The function has done what an event asked for.
    pub(super) fn event_done(&mut self, event: u32, cx: &mut Cx<'_>) {
        let Some(queue) = self.events.as_mut() else { return };
        let Some(Event { msg, .. }) = queue.open.remove(event) else { return };
        match queue.on_success {
            Some(destination) => destination.pass_on(msg, cx),
            None => cx.conclude(msg, LossId::NONE),
        }
    }

    /// An event that waits is given up: it goes on to somebody else, or is lost.
    fn give_up_event(&mut self, event: u32, loss: LossId, cx: &mut Cx<'_>) {
        let Some(queue) = self.events.as_mut() else { return };
        let Some(Event { msg, .. }) = queue.open.remove(event) else { return };
        queue.waiting -= 1;
        cx.set(queue.metrics.waiting, queue.waiting);
        cx.count(queue.metrics.dropped, 1);
        match queue.on_failure {
            Some(destination) => destination.pass_on_failed(msg, loss, cx),
            None => cx.retire(msg, Ending::Lost(loss)),
        }
    }
}
