//! The cycle of one shard: read, process, store how far it has come, pause.

use super::{Cx, Doing, Reader, ReaderAlarm, Retrieval};
use crate::components::handler::Ended;
use crate::components::latency::Latency;
use crate::components::poll_retry::Failures;
use crate::engine::random::mix;
use crate::engine::{MsgId, Settle, Signal, SimDuration};
use crate::facts::kinesis;

/// How long a subscription is silent before it says that there is nothing: then a reader can make its last checkpoint.
const WAIT_MS: u16 = 5_000;

/// Tells the draws for pauses between attempts from those for the time that a request takes.
const RETRIES: u64 = 1 << 41;

/// Whether a processor waits for something to come, or can go on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Waits,
    GoesOn,
}

impl Reader {
    /// Lets the processor of a shard do what it can do now.
    pub(super) fn drive(&mut self, shard: usize, cx: &mut Cx<'_>) {
        loop {
            let pace = match self.shards[shard].doing {
                Doing::Orphaned | Doing::Free => self.take_lease(shard, cx),
                Doing::Resting => self.ask(shard, cx),
                Doing::Asking => self.read(shard, cx),
                Doing::Reading => Pace::Waits,
                Doing::Answering => self.take_answer(shard, cx),
                Doing::Processing | Doing::Stored => self.process(shard, cx),
                Doing::Storing => self.store(shard, cx),
            };
            if pace == Pace::Waits {
                return;
            }
        }
    }

    /// The processor is about to do `doing` until `delay` has passed.
    pub(super) fn after(&mut self, shard: usize, delay: SimDuration, doing: Doing, cx: &mut Cx<'_>) -> Pace {
        let processor = &mut self.shards[shard];
        processor.doing = doing;
        if delay.is_zero() {
            return Pace::GoesOn;
        }
        let serial = processor.serial;
        let shard = u32::try_from(shard).expect("the number of shards is bounded");
        cx.alarm_after(delay, ReaderAlarm::Next { shard, serial });
        Pace::Waits
    }

    /// Time on the way of the last request of a shard.
    fn drawn(&self, shard: usize, latency: &Latency, cx: &Cx<'_>) -> SimDuration {
        let requests = self.shards[shard].requests;
        cx.latency(latency, mix(requests << 20 ^ shard as u64))
    }

    fn ask(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        self.shards[shard].requests += 1;
        let leg = match &self.p.retrieval {
            // Both ways take the same.
            Retrieval::Polling { latency, .. } => self.drawn(shard, latency, cx).half(),
            // Its connection is open already.
            Retrieval::FanOut { .. } => SimDuration::ZERO,
        };
        self.after(shard, leg, Doing::Asking, cx)
    }

    fn read(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        self.shards[shard].doing = Doing::Reading;
        self.pull(shard, self.p.batch, cx);
        Pace::Waits
    }

    /// Asks the stream for records; for none at all, to go to the tip of the shard.
    pub(super) fn pull(&self, shard: usize, max: u16, cx: &mut Cx<'_>) {
        let slot = u32::try_from(shard).expect("the number of shards is bounded");
        let wait_ms = if self.p.retrieval.is_pushed() { WAIT_MS } else { 0 };
        cx.tell(SimDuration::ZERO, self.p.stream, Signal::Pull { from: cx.node(), slot, max, wait_ms });
    }

    #[inline]
    pub(super) fn receive(&mut self, msg: MsgId, shard: usize, receive: u16, more: bool, cx: &mut Cx<'_>) {
        let processor = &mut self.shards[shard];
        processor.batch.push(msg);
        if more {
            return;
        }
        processor.receipt = receive;
        self.in_hand += processor.batch.len();
        cx.set(self.metrics.in_hand, self.in_hand as u64);
        self.answer(shard, cx);
    }

    /// The stream has answered, with the batch in hand or with nothing.
    pub(super) fn answer(&mut self, shard: usize, cx: &mut Cx<'_>) {
        let leg = match &self.p.retrieval {
            Retrieval::Polling { latency, .. } => self.drawn(shard, latency, cx).half(),
            Retrieval::FanOut { latency } => self.drawn(shard, latency, cx),
        };
        if self.after(shard, leg, Doing::Answering, cx) == Pace::GoesOn {
            self.drive(shard, cx);
        }
    }

    /// The answer is back: a batch, nothing, or a refusal, after which the read is tried again.
    fn take_answer(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        let processor = &mut self.shards[shard];
        processor.answered_at = cx.now();
        let Some(refusal) = processor.refusal.take() else {
            processor.failures = Failures::default();
            return self.process(shard, cx);
        };
        let request = mix(processor.requests << 20 ^ shard as u64);
        let pause = processor.failures.pause(&self.p.retries.pauses, refusal, || cx.draws(request ^ RETRIES));
        if processor.failures.in_a_row() < self.p.retries.attempts {
            return self.after(shard, pause, Doing::Resting, cx);
        }
        processor.failures = Failures::default();
        if self.p.retrieval.is_pushed() {
            return self.after(shard, kinesis::FAN_OUT_RESUBSCRIBE.value.get(), Doing::Resting, cx);
        }
        self.process(shard, cx)
    }

    /// Processes the next records of the batch; makes a checkpoint and pauses when it is time.
    fn process(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        loop {
            let processor = &mut self.shards[shard];
            processor.doing = Doing::Processing;
            let (records, since) = (processor.uncheckpointed, processor.checkpointed_at);
            if self.p.checkpoint.is_due(records, since, cx.now()) {
                return self.begin_checkpoint(shard, cx);
            }
            let Some(&msg) = processor.batch.get(processor.begun) else { break };
            processor.begun += 1;
            let receipt = processor.receipt;
            self.in_hand -= 1;
            cx.set(self.metrics.in_hand, self.in_hand as u64);
            cx.rise(self.metrics.busy);
            let slot = u32::try_from(shard).expect("the number of shards is bounded");
            match self.handler.start(msg, slot, receipt, cx) {
                Some(ended) => self.finish(ended, cx),
                None => return Pace::Waits,
            }
        }
        self.end_batch(shard, cx)
    }

    fn end_batch(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        let now = cx.now();
        let processor = &mut self.shards[shard];
        let is_idle = processor.batch.is_empty();
        let (records, since) = (processor.uncheckpointed, processor.checkpointed_at);
        if self.p.checkpoint.is_due_after_batch(is_idle, records, since, now) {
            return self.begin_checkpoint(shard, cx);
        }
        processor.batch.clear();
        processor.begun = 0;
        let next = processor.answered_at + self.p.retrieval.pause();
        self.after(shard, next.since(now), Doing::Resting, cx)
    }

    /// The handling of a record has ended: the shard goes on, whether it succeeded or not.
    pub(super) fn finish(&mut self, ended: Ended, cx: &mut Cx<'_>) {
        let Ended { msg, slot, began, loss, .. } = ended;
        let now = cx.now();
        cx.fall(self.metrics.busy);
        let work = ended.work(now);
        cx.count(self.metrics.busy_time, now.since(began).as_nanos());
        cx.count(self.metrics.work_time, work);
        let processor = &mut self.shards[slot as usize];
        processor.last = Some(msg);
        processor.uncheckpointed += 1;
        if !loss.is_none() || self.health.fails(|| cx.draws_of_receive(msg, cx.message(msg).receives)) {
            cx.count(self.metrics.failed, 1);
        } else if cx.done(msg) {
            cx.count(self.metrics.records_processed, 1);
        } else {
            cx.count(self.metrics.repeated, 1);
            cx.count(self.metrics.repeated_time, work);
        }
    }

    fn begin_checkpoint(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        self.shards[shard].requests += 1;
        let leg = self.drawn(shard, &self.p.checkpoint_latency, cx).half();
        self.after(shard, leg, Doing::Storing, cx)
    }

    /// The checkpoint takes effect.
    fn store(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        let processor = &mut self.shards[shard];
        processor.uncheckpointed = 0;
        processor.checkpointed_at = cx.now();
        processor.has_checkpoint = true;
        let receive = processor.receipt;
        if let Some(msg) = processor.last.take() {
            cx.count(self.metrics.checkpoints, 1);
            cx.tell(SimDuration::ZERO, self.p.stream, Signal::Settle { msg, receive, how: Settle::Done });
        }
        let leg = self.drawn(shard, &self.p.checkpoint_latency, cx).half();
        self.after(shard, leg, Doing::Stored, cx)
    }
}
