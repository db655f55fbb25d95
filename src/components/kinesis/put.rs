//! The way of a record into the stream, and out of it by age.

use super::{Cx, Kinesis, KinesisAlarm, Shard};
use crate::components::kinesis::shards::Place;
use crate::engine::{Ending, MsgId, SimTime};
use crate::facts::kinesis;

/// Where a stored record is and how long its key is, in the tag of its message.
pub(super) fn tag(place: Place) -> u32 {
    u32::from(place.shard) << u16::BITS | u32::from(place.key_bytes)
}

/// The shard of a stored record.
pub(super) const fn shard_in(tag: u32) -> usize {
    (tag >> u16::BITS) as usize
}

/// The size of the key of a stored record.
pub(super) const fn key_bytes_in(tag: u32) -> u64 {
    (tag & 0xffff) as u64
}

impl Shard {
    /// Whether the shard takes a record of so many bytes now; if so, that uses up a part of what it takes.
    fn takes(&mut self, bytes: f64, now: SimTime) -> bool {
        let fits = self.bytes_in.has(bytes, now) && self.records_in.has(1.0, now);
        if fits {
            self.bytes_in.take(bytes);
            self.records_in.take(1.0);
        }
        fits
    }
}

impl Kinesis {
    /// A record is put: `batched` ones are further records of the call of the one before.
    pub(super) fn put(&mut self, msg: MsgId, batched: bool, cx: &mut Cx<'_>) {
        if !batched {
            cx.count(self.metrics.put_calls, 1);
        }
        if self.health.is_down() {
            return cx.refuse(msg, self.losses.down);
        }
        let random = || cx.draws(cx.number(msg)).next();
        let Some(place) = self.map.place(cx.flow(msg), cx.message(msg).key, random) else {
            return cx.refuse(msg, self.losses.bad_key);
        };
        let bytes = u64::from(cx.message(msg).size) + u64::from(place.key_bytes);
        if bytes > self.p.max_record_size {
            return cx.refuse(msg, self.losses.too_large);
        }
        self.count_put(place.shard, cx);
        if self.health.fails(|| cx.draws_of_attempt(msg)) {
            return cx.refuse(msg, self.losses.failing);
        }
        // Simplified: of a call with many records the sum is rounded up. Here its first record is.
        let counted = if batched { bytes } else { bytes.next_multiple_of(kinesis::PUT_ROUNDING.value.get()) };
        #[allow(clippy::cast_precision_loss, reason = "a record has some megabytes at most")]
        if !self.shards[usize::from(place.shard)].takes(counted as f64, cx.now()) {
            cx.count(self.metrics.write_throttled, 1);
            return cx.refuse(msg, self.losses.throttled);
        }
        self.store(msg, place, bytes, cx);
    }

    fn count_put(&mut self, shard: u16, cx: &mut Cx<'_>) {
        let shard = &mut self.shards[usize::from(shard)];
        shard.puts += 1;
        cx.count(self.metrics.put_records, 1);
        if shard.puts > self.most_puts {
            self.most_puts = shard.puts;
            cx.count(self.metrics.hottest_shard_records, 1);
        }
    }

    /// The record is in the stream: each reader gets a branch of its own.
    fn store(&mut self, msg: MsgId, place: Place, bytes: u64, cx: &mut Cx<'_>) {
        cx.accept(msg);
        cx.count(self.metrics.incoming_records, 1);
        cx.count(self.metrics.incoming_bytes, bytes);
        cx.count(self.metrics.put_payload_units, bytes.div_ceil(kinesis::PUT_UNIT_SIZE.value.get()).max(1));
        let (now, tag) = (cx.now(), tag(place));
        for reader in 0..self.views_of_a_shard() {
            let record = if reader == 0 { msg } else { cx.branch(msg) };
            let message = cx.message_mut(record);
            message.sent = now;
            message.tag = tag;
            message.receives = 0;
            let view = self.view(usize::from(place.shard), reader);
            self.views[view].unread.push_back(record);
            self.unread += 1;
            if self.views[view].trims_at == SimTime::MAX {
                self.plan_trim(view, now, cx);
            }
        }
        cx.set(self.metrics.unread, self.unread);
        if self.fans_out {
            let first = self.view(usize::from(place.shard), 0);
            for view in first..first + self.readers.len() {
                self.push(view, cx);
            }
        }
    }

    /// Sets the alarm for the end of the life of a record that was stored at `sent`, if it can come within the run.
    fn plan_trim(&mut self, view: usize, sent: SimTime, cx: &mut Cx<'_>) {
        let Some(period) = self.p.retention_period else { return };
        let ends = sent + period;
        self.views[view].trims_at = ends;
        let view = u32::try_from(view).expect("shards times readers is bounded");
        cx.alarm_at(ends, KinesisAlarm::Trim { view });
    }

    pub(super) fn trim_when_due(&mut self, view: usize, cx: &mut Cx<'_>) {
        // An alarm that was overtaken by an earlier one has nothing to say.
        if self.views[view].trims_at == cx.now() {
            self.views[view].trims_at = SimTime::MAX;
            self.trim(view, cx);
        }
    }

    /// Trims what is too old and was not read: nobody is told.
    pub(super) fn trim(&mut self, view: usize, cx: &mut Cx<'_>) {
        let Some(period) = self.p.retention_period else { return };
        while let Some(&record) = self.views[view].unread.front() {
            let sent = cx.message(record).sent;
            if sent + period > cx.now() {
                if sent + period < self.views[view].trims_at {
                    self.plan_trim(view, sent, cx);
                }
                break;
            }
            self.views[view].unread.pop_front();
            self.unread -= 1;
            cx.count(self.metrics.records_trimmed, 1);
            cx.retire(record, Ending::Lost(self.losses.trimmed));
        }
        cx.set(self.metrics.unread, self.unread);
    }
}
