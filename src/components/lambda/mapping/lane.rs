//! The round of one lane: poll, gather, invoke, delete.

use super::{Doing, Held, Lambda, Mapping};
use crate::components::lambda::invocation::What;
use crate::components::lambda::{Cx, LambdaAlarm};
use crate::components::latency::Latency;
use crate::components::poll_retry::Failures;
use crate::engine::random::mix;
use crate::engine::{MsgId, Refusal, Settle, Signal, SimDuration, SimTime};
use crate::facts::{lambda, sqs};

/// Draws of pauses, apart from those of latencies.
const PAUSES: u64 = 1 << 61;

impl Mapping {
    fn round_trip(&mut self, latency: fn(&Self) -> &Latency, cx: &Cx<'_>) -> SimDuration {
        self.requests += 1;
        cx.latency(latency(self), mix(self.requests))
    }

    /// When the first message that a lane holds becomes visible again.
    fn visible_at(&self, lane: u32) -> SimTime {
        let first = self.lanes[lane as usize].hands.front();
        first.map_or(SimTime::MAX, |held| held.at + self.p.visibility)
    }

    /// Whether a lane has gathered what its next request gets.
    fn is_gathered(&self, lane: u32, now: SimTime) -> bool {
        let lane = &self.lanes[lane as usize];
        let Some(first) = lane.hands.front() else { return false };
        lane.hands.len() >= self.p.batch_size as usize
            || lane.bytes >= self.p.batch_bytes
            || first.at + self.p.window <= now
    }

    /// How long the next poll of a lane waits. A window of less than a long poll does not cut that short.
    fn wait_ms(&self, lane: u32, now: SimTime) -> u16 {
        let long = lambda::SQS_POLL_WAIT.value.get();
        let end = self.lanes[lane as usize].hands.front().map(|first| first.at + self.p.window);
        let wait = match end {
            Some(end) if self.p.window >= long && end > now => long.min(end.since(now)),
            _ => long,
        };
        // A poll waits for whole seconds.
        let second = SimDuration::from_secs(1).as_nanos();
        u16::try_from(wait.as_nanos().div_ceil(second) * 1_000).unwrap_or(u16::MAX)
    }

    /// Fixes what the next request of a lane gets: as many messages as fit.
    fn fill_batch(&mut self, lane: u32) {
        let (most, limit) = (self.p.batch_size as usize, self.p.batch_bytes);
        let lane = self.lane(lane);
        let (mut count, mut bytes) = (0, 0);
        for held in lane.hands.iter_mut().take(most) {
            bytes += u64::from(held.size);
            if count > 0 && bytes > limit {
                break;
            }
            held.done = false;
            count += 1;
        }
        (lane.batch, lane.begun, lane.ended) = (count, 0, 0);
    }

    fn show_prefetched(&self, cx: &mut Cx<'_>) {
        cx.set(self.metrics.prefetched, self.held as u64);
    }
}

impl Lambda {
    /// A lane asks for messages.
    pub(super) fn poll(&mut self, lane: u32, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        let now = cx.now();
        if let Some(at) = mapping.next_poll(lane, now) {
            mapping.lane(lane).doing = Doing::Gathering;
            return cx.alarm_at(at, LambdaAlarm::Lane { lane });
        }
        let leg = mapping.round_trip(|mapping| &mapping.p.receive_latency, cx).half();
        let held = u32::try_from(mapping.lanes[lane as usize].hands.len()).unwrap_or(u32::MAX);
        let room = mapping.p.batch_size.saturating_sub(held);
        let max = u16::try_from(room.min(sqs::MAX_NUMBER_OF_MESSAGES_MAX.value)).unwrap_or(u16::MAX);
        let wait_ms = mapping.wait_ms(lane, now + leg);
        let this = mapping.lane(lane);
        this.doing = Doing::Asking;
        this.asked_at = now + leg;
        cx.tell(leg, mapping.p.queue, Signal::Pull { from: cx.node(), slot: lane, max, wait_ms });
    }

    /// Messages have been received for a lane.
    pub(in crate::components::lambda) fn receive(
        &mut self,
        msg: MsgId,
        lane: u32,
        receive: u16,
        more: bool,
        cx: &mut Cx<'_>,
    ) {
        let (at, size) = (cx.now(), cx.message(msg).size);
        let Some(mapping) = self.mapping.as_mut() else { return };
        mapping.held += 1;
        let this = mapping.lane(lane);
        this.hands.push_back(Held { msg, receive, at, size, done: false });
        this.bytes += u64::from(size);
        this.failures = Failures::default();
        this.doing = Doing::Gathering;
        mapping.fetched(lane, size, at);
        if more {
            return;
        }
        mapping.show_prefetched(cx);
        let leg = mapping.round_trip(|mapping| &mapping.p.receive_latency, cx).half();
        self.something_came(cx);
        self.later(lane, leg, cx);
    }

    /// A lane's poll brought nothing.
    pub(in crate::components::lambda) fn found_nothing(
        &mut self,
        lane: u32,
        refusal: Option<Refusal>,
        cx: &mut Cx<'_>,
    ) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        let leg = mapping.round_trip(|mapping| &mapping.p.receive_latency, cx).half();
        let pause = if let Some(refusal) = refusal {
            cx.count(mapping.metrics.failed_polls, 1);
            let request = mix(mapping.requests | PAUSES);
            let Mapping { p, lanes, .. } = &mut **mapping;
            lanes[lane as usize].failures.pause(&p.retries, refusal, || cx.draws(request))
        } else {
            mapping.lane(lane).failures = Failures::default();
            if mapping.lanes[lane as usize].hands.is_empty() && mapping.leaves(lane, true, cx) {
                return;
            }
            SimDuration::ZERO
        };
        mapping.lane(lane).doing = Doing::Gathering;
        self.later(lane, leg + pause, cx);
    }

    /// A lane goes on after a pause, or at once if there is none.
    fn later(&mut self, lane: u32, pause: SimDuration, cx: &mut Cx<'_>) {
        if pause.is_zero() {
            self.lane_goes_on(lane, cx);
        } else {
            cx.alarm_after(pause, LambdaAlarm::Lane { lane });
        }
    }

    /// What a lane waited for is over.
    pub(in crate::components::lambda) fn lane_goes_on(&mut self, lane: u32, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        match mapping.lanes[lane as usize].doing {
            Doing::Gathering if !mapping.is_gathered(lane, cx.now()) => self.poll(lane, cx),
            Doing::Gathering | Doing::Throttled => self.invoke(lane, cx),
            Doing::Deleting => self.next_round(lane, cx),
            Doing::Off | Doing::Asking | Doing::Running => {}
        }
    }

    /// A lane has the function work on its batch, or lets go of it when that is too late.
    fn invoke(&mut self, lane: u32, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        let visible_at = mapping.visible_at(lane);
        if visible_at <= cx.now() {
            return self.let_go(lane, cx);
        }
        if mapping.lanes[lane as usize].doing == Doing::Gathering {
            mapping.fill_batch(lane);
            mapping.lane(lane).failures = Failures::default();
        }
        let start = self.environment(true, cx);
        let Some(mapping) = self.mapping.as_mut() else { return };
        if let Ok(start) = start {
            mapping.lane(lane).doing = Doing::Running;
            mapping.held -= mapping.lanes[lane as usize].batch;
            mapping.show_prefetched(cx);
            return self.begin(What::Batch(lane), start, cx);
        }
        mapping.requests += 1;
        let request = mix(mapping.requests | PAUSES);
        let Mapping { p, lanes, .. } = &mut **mapping;
        let this = &mut lanes[lane as usize];
        this.doing = Doing::Throttled;
        let pause = this.failures.pause(&p.retries, Refusal::Throttled, || cx.draws(request));
        let at = (cx.now() + pause).min(visible_at);
        cx.alarm_at(at, LambdaAlarm::Lane { lane });
    }

    /// A lane lets go of its batch: the messages are visible again, or will be soon.
    fn let_go(&mut self, lane: u32, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        cx.count(mapping.metrics.let_go, 1);
        mapping.note_batch(true);
        let (queue, count) = (mapping.p.queue, mapping.lanes[lane as usize].hands.len());
        mapping.held -= count;
        let this = mapping.lane(lane);
        (this.bytes, this.batch) = (0, 0);
        for Held { msg, receive, .. } in std::mem::take(&mut this.hands) {
            cx.tell(SimDuration::ZERO, queue, Signal::Settle { msg, receive, how: Settle::Vanished });
        }
        mapping.show_prefetched(cx);
        self.next_round(lane, cx);
    }

    /// The function has ended with a lane's batch: what is done is deleted, nothing of it if the `whole` batch failed.
    pub(in crate::components::lambda) fn batch_ended(&mut self, lane: u32, whole: bool, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        mapping.note_batch(whole);
        let trip = mapping.round_trip(|mapping| &mapping.p.delete_latency, cx);
        let (queue, this) = (mapping.p.queue, mapping.lane(lane));
        let mut deletes = 0;
        let batch = std::mem::take(&mut this.batch);
        for Held { msg, receive, size, done, .. } in this.hands.drain(..batch) {
            this.bytes -= u64::from(size);
            let (delay, how) = match done && !whole {
                false => (SimDuration::ZERO, Settle::Vanished),
                // A call deletes so many.
                true if deletes % sqs::BATCH_ENTRIES_MAX.value == 0 => (trip.half(), Settle::Done),
                true => (trip.half(), Settle::DoneToo),
            };
            deletes += u32::from(done && !whole);
            cx.tell(delay, queue, Signal::Settle { msg, receive, how });
        }
        this.doing = Doing::Deleting;
        self.later(lane, if deletes > 0 { trip } else { SimDuration::ZERO }, cx);
    }

    /// A lane goes on with what it has left, asks for more, or goes away.
    fn next_round(&mut self, lane: u32, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        if mapping.lanes[lane as usize].hands.is_empty() {
            if !mapping.leaves(lane, false, cx) {
                self.poll(lane, cx);
            }
            return;
        }
        mapping.lane(lane).doing = Doing::Gathering;
        self.lane_goes_on(lane, cx);
    }
}
