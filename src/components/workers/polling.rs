//! Workers that poll a queue: receive, work, delete, and no answer kept waiting.

use super::{Doing, InHand, Polling, Workers, WorkersAlarm};
use crate::components::context::Ctx;
use crate::components::poll_retry::Failures;
use crate::engine::random::mix;
use crate::engine::{MsgId, Refusal, Settle, Signal, SimDuration};

type Cx<'a> = Ctx<'a, WorkersAlarm>;

/// Draws of pauses, apart from those of latencies.
const PAUSES: u64 = 1 << 62;

impl Workers {
    pub(super) fn poll(&mut self, worker: u32, cx: &mut Cx<'_>) {
        if self.worker(worker).leaving {
            return self.leave(worker, cx);
        }
        self.worker(worker).doing = Doing::Idle;
        let leg = self.round_trip(|p| &p.polling().receive_latency, cx).half();
        let &Polling { max_number_of_messages: max, wait_ms, .. } = self.p.polling();
        cx.tell(leg, self.p.node, Signal::Pull { from: cx.node(), slot: worker, max, wait_ms });
    }

    /// A response has come: its first message is begun once it has made its way.
    pub(super) fn receive(&mut self, msg: MsgId, worker: u32, receive: u16, more: bool, cx: &mut Cx<'_>) {
        self.prefetched += 1;
        self.worker(worker).failures = Failures::default();
        let at = cx.now();
        self.worker(worker).hands.push_back(InHand { msg, receive, at });
        if more {
            return;
        }
        let leg = self.round_trip(|p| &p.polling().receive_latency, cx).half();
        self.next_after(worker, leg, cx);
    }

    /// Nothing came: asks again after a pause, which grows from failure to failure.
    pub(super) fn rest(&mut self, worker: u32, refusal: Option<Refusal>, cx: &mut Cx<'_>) {
        if !self.expects(worker) {
            return;
        }
        let leg = self.round_trip(|p| &p.polling().receive_latency, cx).half();
        let pause = if let Some(refusal) = refusal {
            cx.count(self.metrics.failed_polls, 1);
            let request = mix(self.requests | PAUSES);
            let retries = &self.p.polling().retries;
            self.workers[worker as usize].failures.pause(retries, refusal, || cx.draws(request))
        } else {
            self.worker(worker).failures = Failures::default();
            self.p.polling().pause_when_empty
        };
        let pause = leg + pause;
        if pause.is_zero() {
            return self.poll(worker, cx);
        }
        self.worker(worker).doing = Doing::Waiting;
        let life = self.worker(worker).life;
        cx.alarm_after(pause, WorkersAlarm::Poll { worker, life });
    }

    /// Handles the next message in the worker's hands, or asks for more.
    pub(super) fn next(&mut self, worker: u32, cx: &mut Cx<'_>) {
        if self.worker(worker).hands.is_empty() {
            return self.poll(worker, cx);
        }
        if let Some(ended) = self.begin(worker, cx) {
            self.finish(ended, cx);
        }
    }

    fn next_after(&mut self, worker: u32, pause: SimDuration, cx: &mut Cx<'_>) {
        if pause.is_zero() {
            return self.next(worker, cx);
        }
        self.worker(worker).doing = Doing::Waiting;
        let life = self.worker(worker).life;
        cx.alarm_after(pause, WorkersAlarm::Begin { worker, life });
    }

    /// What is done is deleted, and the worker waits for the answer. What failed is left alone: the queue shows it again
    /// when its visibility timeout ends.
    pub(super) fn settle_polled(&mut self, msg: MsgId, worker: u32, receive: u16, done: bool, cx: &mut Cx<'_>) {
        if !done {
            cx.tell(SimDuration::ZERO, self.p.node, Signal::Settle { msg, receive, how: Settle::Vanished });
            return self.next_after(worker, SimDuration::ZERO, cx);
        }
        let trip = self.round_trip(|p| &p.polling().delete_latency, cx);
        cx.tell(trip.half(), self.p.node, Signal::Settle { msg, receive, how: Settle::Done });
        self.next_after(worker, trip, cx);
    }
}
