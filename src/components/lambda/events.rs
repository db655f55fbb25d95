//! Events: handed over by somebody who does not wait for the function.
//!
//! ```text
//!  taken in ─▶ room? ── yes ─▶ at work ─▶ done
//!               ▲ │ no            │ failed
//!               │ ▼               ▼
//!               └─ waits 1 s, 2 s, 4 s … 5 min; after a failure 1 min, then 2 min
//!                        │ too old, or failed too often
//!                        ▼
//!                  dead-letter queue, or dropped
//! ```
//! Simplified: a long line of events makes each wait no longer than it would alone. Simplified: what is given up goes to a
//! queue; topics and other functions are not modelled as destinations.

use super::invocation::What;
use super::{Cx, Lambda, LambdaAlarm};
use crate::components::context::Endpoint;
use crate::components::slab::Slab;
use crate::components::sqs::DEAD_LETTER;
use crate::engine::{Ending, LossId, MsgId, NodeId, SimDuration, SimTime};
use crate::facts::lambda;
use crate::metrics::{CounterId, GaugeId, TimingId};

/// What is done with events that do not succeed at once, and those that are there.
#[derive(Debug, Clone)]
pub(super) struct Events {
    /// How often the function is tried again after it failed -- parameter.
    pub maximum_retry_attempts: u32,
    /// Older ones are given up -- parameter.
    pub maximum_event_age: SimDuration,
    /// Where those go that are given up -- parameter.
    pub dead_letter: Option<NodeId>,
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
        if counts && !self.environments.are_stopped() && !self.environments.admits_request(cx.now()) {
            cx.count(self.metrics.throttles, 1);
            return cx.refuse(msg, self.losses.rate);
        }
        self.serial = self.serial.wrapping_add(1);
        let (now, serial) = (cx.now(), self.serial);
        let Some(queue) = self.events.as_mut() else { unreachable!("its edges were known when it was built") };
        cx.accept(msg);
        cx.message_mut(msg).sent = now;
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
        let Some(waiting) = self.events.as_mut().and_then(|queue| queue.open.get_mut(event)) else { return };
        let doublings = waiting.throttled.min(63);
        waiting.throttled += 1;
        let first = lambda::ASYNC_THROTTLE_WAIT.value.get().as_nanos();
        let wait = SimDuration::from_nanos(first.saturating_mul(1 << doublings));
        self.event_waits(event, wait.min(lambda::ASYNC_THROTTLE_WAIT_MAX.value.get()), cx);
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
        let Some(event) = self.events.as_mut().and_then(|queue| queue.open.remove(event)) else { return };
        cx.conclude(event.msg, LossId::NONE);
    }

    /// An event that waits is given up: to the dead-letter queue, as a new message there, or lost.
    fn give_up_event(&mut self, event: u32, loss: LossId, cx: &mut Cx<'_>) {
        let Some(queue) = self.events.as_mut() else { return };
        let Some(Event { msg, .. }) = queue.open.remove(event) else { return };
        queue.waiting -= 1;
        cx.set(queue.metrics.waiting, queue.waiting);
        cx.count(queue.metrics.dropped, 1);
        let Some(node) = queue.dead_letter else { return cx.retire(msg, Ending::Lost(loss)) };
        let now = cx.now();
        let message = cx.message_mut(msg);
        message.sent = now;
        message.receives = 0;
        cx.park(msg, loss);
        cx.hand_over(msg, Endpoint { node, port: DEAD_LETTER }, SimDuration::ZERO);
    }
}
