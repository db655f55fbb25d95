//! Workers that poll a queue: receive, work, delete, and no answer kept waiting.

use super::{Doing, InHand, Polling, Workers, WorkersAlarm};
use crate::components::context::Ctx;
use crate::components::poll_retry::Failures;
use crate::components::sqs::REPEAT;
use crate::engine::random::mix;
use crate::engine::{MsgId, Refusal, Settle, Signal, SimDuration};

type Cx<'a> = Ctx<'a, WorkersAlarm>;

/// Draws of pauses, apart from those of latencies.
const PAUSES: u64 = 1 << 62;
/// Draws of lost answers, apart from both.
const LOST: u64 = 1 << 61;

impl Workers {
    pub(super) fn poll(&mut self, worker: u32, cx: &mut Cx<'_>) {
        let cx = &mut cx.aside();
        let asks = self.worker(worker);
        if asks.leaving {
            return self.leave(worker, &mut cx.aside());
        }
        asks.doing = Doing::Idle;
        let fails = asks.failures.in_a_row() > 0;
        let leg = self.round_trip(|p| &p.polling().receive_latency, cx).half();
        let &Polling { max_number_of_messages: max, mut wait_ms, repeats, .. } = self.p.polling();
        if repeats && fails {
            wait_ms |= REPEAT;
        }
        let from = cx.node();
        cx.tell_made(leg, self.p.node, || Signal::Pull { from, slot: worker, max, wait_ms });
    }

    /// A response has come: its first message is begun once it has made its way.
    #[inline(always)]
    pub(super) fn receive(&mut self, msg: MsgId, worker: u32, receive: u16, more: bool, cx: &mut Cx<'_>) {
        self.prefetched += 1;
        let at = cx.now();
        self.worker(worker).hands.push_back(InHand { msg, receive, at });
        if more {
            return;
        }
        let share = self.p.polling().lost_responses;
        if share > 0.0 && cx.draws(mix(self.requests | LOST)).uniform() < share {
            return self.lose(worker, &mut cx.aside());
        }
        self.worker(worker).failures = Failures::default();
        let leg = self.round_trip(|p| &p.polling().receive_latency, cx).half();
        self.next_after(worker, leg, cx);
    }

    /// The answer to a receive is lost on its way, with all of its messages: to the worker the receive has failed.
    ///
    /// Simplified: the connection breaks, so that the worker need not wait for its client's timeout.
    #[inline(never)]
    fn lose(&mut self, worker: u32, cx: &mut Cx<'_>) {
        cx.count(self.metrics.lost_responses, 1);
        for InHand { msg, receive, .. } in std::mem::take(&mut self.worker(worker).hands).iter() {
            self.prefetched -= 1;
            self.drop_loan(msg, receive, cx);
        }
        self.rest(worker, Some(Refusal::Failed), cx);
    }

    /// Nothing came: asks again after a pause, which grows from failure to failure.
    #[inline(never)]
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
        let cx = &mut cx.aside();
        if self.worker(worker).hands.is_empty() {
            return self.poll(worker, &mut cx.aside());
        }
        if let Some(ended) = self.begin(worker, cx) {
            self.finish(ended, &mut cx.aside());
        }
    }

    #[inline(always)]
    fn next_after(&mut self, worker: u32, pause: SimDuration, cx: &mut Cx<'_>) {
        if pause.is_zero() {
            let cx = &mut cx.aside();
            return if self.worker(worker).hands.is_empty() { self.poll(worker, cx) } else { self.next(worker, cx) };
        }
        self.worker(worker).doing = Doing::Waiting;
        let life = self.worker(worker).life;
        cx.alarm_after(pause, WorkersAlarm::Begin { worker, life });
    }

    /// What is done is deleted, and the worker waits for the answer. What failed is left alone, unless it is to be seen
    /// earlier or later: the queue shows it again when its visibility timeout ends.
    #[inline(always)]
    pub(super) fn settle_polled(&mut self, msg: MsgId, worker: u32, receive: u16, done: bool, cx: &mut Cx<'_>) {
        if !done {
            let trip = if let Some(how) = self.p.polling().after_failure {
                self.give_up(msg, receive, how, &mut cx.aside())
            } else {
                self.drop_loan(msg, receive, &mut cx.aside());
                SimDuration::ZERO
            };
            let trip = trip + self.delete_together(worker, &mut cx.aside());
            return self.next_after(worker, trip, cx);
        }
        if let Some(together) = &mut self.together {
            together.add(worker, msg, receive);
            let trip = self.delete_together(worker, &mut cx.aside());
            return self.next_after(worker, trip, cx);
        }
        let trip = self.round_trip(|p| &p.polling().delete_latency, cx);
        cx.tell_made(trip.half(), self.p.node, || Signal::Settle { msg, receive, how: Settle::Done });
        self.next_after(worker, trip, cx);
    }

    /// Deletes in one call what a worker has done, if nothing of its last receive is left to do; gives back how long the
    /// worker waits for the answer.
    #[inline(never)]
    fn delete_together(&mut self, worker: u32, cx: &mut Cx<'_>) -> SimDuration {
        if !self.worker(worker).hands.is_empty() {
            return SimDuration::ZERO;
        }
        let done = self.together.as_mut().map(|together| together.take(worker)).unwrap_or_default();
        if done.is_empty() {
            return SimDuration::ZERO;
        }
        let trip = self.round_trip(|p| &p.polling().delete_latency, cx);
        for (place, (msg, receive)) in done.into_iter().enumerate() {
            let how = if place == 0 { Settle::Done } else { Settle::DoneToo };
            cx.tell(trip.half(), self.p.node, Signal::Settle { msg, receive, how });
        }
        trip
    }
}

/// What the workers have done and not deleted yet, of those that delete a whole receive in one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Together {
    done: Vec<Vec<(MsgId, u16)>>,
}

impl Together {
    fn add(&mut self, worker: u32, msg: MsgId, receive: u16) {
        let place = worker as usize;
        if place >= self.done.len() {
            self.done.resize(place + 1, Vec::new());
        }
        self.done[place].push((msg, receive));
    }

    pub(super) fn take(&mut self, worker: u32) -> Vec<(MsgId, u16)> {
        self.done.get_mut(worker as usize).map(std::mem::take).unwrap_or_default()
    }
}
