//! How readers read: limits of a shard that all its readers share, positions, checkpoints.

use super::put::{key_bytes_in, shard_in};
use super::{Cx, Kinesis};
use crate::engine::random::mix;
use crate::engine::{Ending, MsgId, NodeId, Refusal, Signal, SimDuration};
use crate::facts::kinesis;

/// What an answer may contain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portion {
    /// Only records that are so old.
    pub lag: SimDuration,
    /// Bytes at most, unless it is a single record.
    pub bytes: u64,
}

impl Kinesis {
    /// `GetRecords`: what the shard has from the reader's position on, or nothing, but an answer at once.
    pub(super) fn get_records(&mut self, from: NodeId, slot: u32, max: u16, wait_ms: u16, cx: &mut Cx<'_>) {
        let (shard, reader) = (slot as usize, self.reader(from));
        let view = self.view(shard, reader);
        self.views[view].reads += 1;
        let is_pushed = self.views[view].subscription.is_some();
        cx.count(self.metrics.get_records_calls, u64::from(!is_pushed));
        let request = mix(u64::from(slot) << 40 ^ (reader as u64) << 32 ^ self.views[view].reads);
        if self.health.is_down() || self.health.fails(|| cx.draws(request ^ (1 << 40))) {
            return cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: Some(Refusal::Failed) });
        }
        if is_pushed {
            return self.subscribe(view, max, wait_ms, cx);
        }
        if !self.may_read(shard, cx) {
            cx.count(self.metrics.read_throttled, 1);
            return cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: Some(Refusal::Throttled) });
        }
        let mut lag = cx.latency(&self.p.visible_latency, request);
        if !self.health.is_sound() {
            lag = lag.scaled(self.health.slowness());
        }
        let bytes = self.answer(view, max, Portion { lag, bytes: kinesis::GET_RECORDS_SIZE_MAX.value.get() }, cx);
        #[allow(clippy::cast_precision_loss, reason = "an answer has some megabytes at most")]
        self.shards[shard].bytes_out.take(bytes as f64);
    }

    /// Gives the reader of a view its next records, or tells it that there are none. Returns their bytes.
    pub(super) fn answer(&mut self, view: usize, max: u16, portion: Portion, cx: &mut Cx<'_>) -> u64 {
        let (shard, reader) = (view / self.views_of_a_shard(), view % self.views_of_a_shard());
        let (slot, from) = (u32::try_from(shard).expect("the number of shards is bounded"), self.readers[reader]);
        let mut answer = std::mem::take(&mut self.answer);
        let bytes = self.lend(view, usize::from(max), portion, &mut answer, cx);
        let count = answer.len();
        let receive = u16::try_from(reader).expect("the number of nodes of a pipeline is bounded");
        for (index, &msg) in answer.iter().enumerate() {
            let more = index + 1 < count;
            cx.tell(SimDuration::ZERO, from, Signal::Receive { msg, slot, receive, more });
        }
        answer.clear();
        self.answer = answer;
        if count == 0 {
            cx.tell(SimDuration::ZERO, from, Signal::Empty { slot, refusal: None });
        } else {
            cx.count(self.metrics.records_read, count as u64);
            cx.count(self.metrics.bytes_read, bytes);
            cx.set(self.metrics.unread, self.unread);
        }
        bytes
    }

    /// Whether a shard answers another read now. Its bucket of bytes may be overdrawn by one answer: then it is silent
    /// until the debt is paid.
    fn may_read(&mut self, shard: usize, cx: &Cx<'_>) -> bool {
        let shard = &mut self.shards[shard];
        shard.calls.admit(cx.now()) && shard.bytes_out.level(cx.now()) > 0.0
    }

    /// Takes the next records of a view, as many as one answer holds, and returns their bytes.
    ///
    /// Simplified: how far reads are behind writes is drawn for each read and not for each record, since records of a
    /// shard become visible in their order: a chance drawn for one record would hold up all that follow it.
    fn lend(&mut self, view: usize, max: usize, portion: Portion, answer: &mut Vec<MsgId>, cx: &mut Cx<'_>) -> u64 {
        let view = &mut self.views[view];
        let now = cx.now();
        let (mut bytes, mut last_sent) = (0, now);
        let mut caught_up = true;
        while let Some(&record) = view.unread.front() {
            let message = cx.message(record);
            if now.since(message.sent) < portion.lag {
                break;
            }
            let larger = bytes + u64::from(message.size) + key_bytes_in(message.tag);
            if answer.len() == max || (larger > portion.bytes && !answer.is_empty()) {
                caught_up = false;
                break;
            }
            (bytes, last_sent) = (larger, message.sent);
            view.unread.pop_front();
            view.lent.push_back(record);
            answer.push(record);
            cx.hold(record);
            let message = cx.message_mut(record);
            message.receives = message.receives.saturating_add(1);
        }
        view.behind = if caught_up { SimDuration::ZERO } else { now.since(last_sent) };
        self.unread -= answer.len() as u64;
        self.lent += answer.len() as u64;
        bytes
    }

    /// The reader is done with the record `msg` and all before it, whether it could process them or not.
    pub(super) fn checkpoint(&mut self, msg: MsgId, receive: u16, cx: &mut Cx<'_>) {
        let view = self.view(shard_in(cx.message(msg).tag), usize::from(receive));
        while let Some(record) = self.views[view].lent.pop_front() {
            self.lent -= 1;
            let ending =
                if cx.message(record).is_done() { Ending::Spent } else { Ending::Lost(self.losses.passed_over) };
            cx.retire(record, ending);
            cx.release(record);
            if record == msg {
                return;
            }
        }
        unreachable!("a checkpoint is made at a record that the reader has read");
    }

    /// The reader's worker is gone: what it has read since its last checkpoint will be read again.
    pub(super) fn rewind(&mut self, from: NodeId, slot: u32, cx: &mut Cx<'_>) {
        let index = self.view(slot as usize, self.reader(from));
        let view = &mut self.views[index];
        let count = view.lent.len() as u64;
        while let Some(record) = view.lent.pop_back() {
            cx.release(record);
            view.unread.push_front(record);
        }
        self.lent -= count;
        self.unread += count;
        self.unsubscribe(index);
        self.trim(index, cx);
        cx.set(self.metrics.unread, self.unread);
    }

    /// The reader begins at the tip: it will never see what is there already.
    pub(super) fn go_to_tip(&mut self, from: NodeId, slot: u32, cx: &mut Cx<'_>) {
        let view = self.view(slot as usize, self.reader(from));
        while let Some(record) = self.views[view].unread.pop_front() {
            self.unread -= 1;
            cx.retire(record, Ending::Lost(self.losses.skipped));
        }
        cx.set(self.metrics.unread, self.unread);
    }

    /// Records how far each reader is behind.
    ///
    /// Simplified: `CloudWatch` takes the age of the last record of each read, and has no value for a reader that does not
    /// read. Here it is the age of the next record to read: the same while a reader reads, and it goes on growing when
    /// the reader has stopped.
    pub(super) fn sample(&self, cx: &mut Cx<'_>) {
        let mut worst = SimDuration::ZERO;
        for (reader, metrics) in self.metrics.readers.iter().enumerate() {
            let (mut age, mut behind) = (SimDuration::ZERO, SimDuration::ZERO);
            for view in self.views.iter().skip(reader).step_by(self.views_of_a_shard()) {
                let oldest = view.unread.front().map_or(cx.now(), |&record| cx.message(record).sent);
                age = age.max(cx.now().since(oldest));
                behind = behind.max(view.behind);
            }
            worst = worst.max(age);
            cx.set(metrics.iterator_age, millis(age));
            cx.set(metrics.millis_behind_latest, millis(behind));
        }
        cx.set(self.metrics.iterator_age, millis(worst));
    }
}

/// Gauges in seconds are kept in milliseconds.
const fn millis(duration: SimDuration) -> u64 {
    duration.as_nanos() / 1_000_000
}
