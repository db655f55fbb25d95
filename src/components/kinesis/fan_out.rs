//! Enhanced fan-out: the stream pushes what comes in to each registered reader, over a connection of its own, at a rate
//! that no other reader shares.
//!
//! Facts: `kinesis.fan_out_bytes_out`, `kinesis.fan_out_readers_max`. A push takes what has come in since the last one, as
//! far as the rate allows; the time until it arrives is the reader's, and it asks for more when it is done with it.
//!
//! Simplified: a slow stream pushes as fast as any other.

use super::get::Portion;
use super::{Cx, Kinesis, KinesisAlarm};
use crate::components::limits::TokenBucket;
use crate::engine::{Refusal, Signal, SimDuration, SimTime};
use crate::facts::kinesis;

/// The part of a shard that a reader with enhanced fan-out has for itself -- state.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    bytes_out: TokenBucket,
    /// What the reader waits for, if it does.
    waiting: Option<Waiting>,
    /// Number of the last wait.
    serial: u32,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Records that it takes at most.
    max: u16,
    /// When it is told that nothing came.
    until: SimTime,
}

impl Subscription {
    /// Nothing was pushed yet.
    #[allow(clippy::cast_precision_loss, reason = "a limit of some megabytes")]
    pub(super) fn new() -> Self {
        let rate = kinesis::FAN_OUT_BYTES_OUT.value.per_second.get() as f64;
        let depth = rate * kinesis::SHARD_BURST.value.as_secs_f64();
        Self { bytes_out: TokenBucket::new(rate, depth), waiting: None, serial: 0 }
    }
}

impl Kinesis {
    /// The reader of a view is ready for more.
    pub(super) fn subscribe(&mut self, view: usize, max: u16, wait_ms: u16, cx: &mut Cx<'_>) {
        let until = cx.now() + SimDuration::from_millis(wait_ms.into());
        let Some(subscription) = &mut self.views[view].subscription else { return };
        subscription.serial = subscription.serial.wrapping_add(1);
        subscription.waiting = Some(Waiting { max, until });
        self.push(view, cx);
        self.wake_at(view, until, cx);
    }

    /// The reader of a view is gone.
    pub(super) fn unsubscribe(&mut self, view: usize) {
        if let Some(subscription) = &mut self.views[view].subscription {
            subscription.waiting = None;
        }
    }

    /// Pushes what there is to the reader of a view, if it waits and its rate allows it.
    pub(super) fn push(&mut self, view: usize, cx: &mut Cx<'_>) {
        let unread = !self.views[view].unread.is_empty();
        let Some(subscription) = &mut self.views[view].subscription else { return };
        let Some(Waiting { max, until }) = subscription.waiting else { return };
        let now = cx.now();
        let level = subscription.bytes_out.level(now);
        if unread && level < 1.0 {
            let rate = kinesis::FAN_OUT_BYTES_OUT.value.per_second.get();
            #[allow(clippy::cast_precision_loss, reason = "a limit of some megabytes")]
            let debt = SimDuration::from_secs_f64((1.0 - level) / rate as f64) + SimDuration::from_nanos(1);
            return self.wake_at(view, now + debt, cx);
        }
        if !unread && now < until {
            return;
        }
        subscription.waiting = None;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some megabytes, and not negative")]
        let portion = Portion { lag: SimDuration::ZERO, bytes: level.max(0.0) as u64 };
        let bytes = self.answer(view, max, portion, cx);
        if let Some(subscription) = &mut self.views[view].subscription {
            #[allow(clippy::cast_precision_loss, reason = "some megabytes")]
            subscription.bytes_out.take(bytes as f64);
        }
    }

    /// Sets an alarm for the reader of a view, if it still waits.
    fn wake_at(&self, view: usize, at: SimTime, cx: &mut Cx<'_>) {
        let Some(Subscription { waiting: Some(_), serial, .. }) = self.views[view].subscription else { return };
        let view = u32::try_from(view).expect("shards times readers is bounded");
        cx.alarm_at(at, KinesisAlarm::Push { view, serial });
    }

    /// An alarm rang; one for a wait that is over has nothing to say.
    pub(super) fn push_when_due(&mut self, view: usize, serial: u32, cx: &mut Cx<'_>) {
        let Some(Subscription { waiting: Some(_), serial: last, .. }) = self.views[view].subscription else { return };
        if last != serial {
            return;
        }
        if self.health.is_down() {
            self.unsubscribe(view);
            let (shard, reader) = (view / self.views_of_a_shard(), view % self.views_of_a_shard());
            let slot = u32::try_from(shard).expect("the number of shards is bounded");
            return cx.tell(
                SimDuration::ZERO,
                self.readers[reader],
                Signal::Empty { slot, refusal: Some(Refusal::Failed) },
            );
        }
        self.push(view, cx);
    }
}
