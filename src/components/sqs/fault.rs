//! What the timeline has in store for a queue: all of its calls fail, or some do; it is redriven, or purged.

use super::{Cx, Sqs};
use crate::components::fault::FaultKind;
use crate::engine::random::mix;
use crate::engine::{LossId, MsgId};

/// Tells the draws for failures from all others.
const FAILS: u64 = 1 << 41;

impl Sqs {
    /// A fault begins or ends. Connections that wait for messages break when the queue goes down.
    #[inline(never)]
    pub(super) fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        match cx.fault(index).kind {
            FaultKind::Redrive(rate) if begins => self.begin_redrive(rate, cx),
            FaultKind::Purge if begins => self.begin_purge(cx),
            kind => self.health.change(kind, begins),
        }
        if self.health.is_down() {
            self.polls.fail(cx);
        }
    }

    /// Why a fault makes this send fail, if it does; each attempt has its own chance.
    #[inline(always)]
    pub(super) fn send_failure(&self, msg: MsgId, cx: &Cx<'_>) -> Option<LossId> {
        if self.health.is_sound() {
            return None;
        }
        self.send_fails(msg, cx)
    }

    #[cold]
    fn send_fails(&self, msg: MsgId, cx: &Cx<'_>) -> Option<LossId> {
        let attempt = cx.message(msg).reply_to.map_or(0, |call| call.attempt);
        let loss = if self.health.is_down() { self.losses.down } else { self.losses.failing };
        self.call_fails(cx.number(msg) ^ mix(u64::from(attempt) | FAILS), cx).then_some(loss)
    }

    /// Whether a fault makes the receive that was counted last fail.
    #[inline(always)]
    pub(super) fn receive_fails(&self, cx: &Cx<'_>) -> bool {
        !self.health.is_sound() && self.call_fails(mix(self.receives | FAILS), cx)
    }

    /// Whether a fault makes this attempt to delete with this receipt fail; each has its own chance.
    #[inline(always)]
    pub(super) fn delete_fails(&self, msg: MsgId, receive: u16, tries: u8, cx: &Cx<'_>) -> bool {
        if self.health.is_sound() {
            return false;
        }
        let attempt = u64::from(receive) | u64::from(tries - 1) << 16;
        self.call_fails(cx.number(msg) ^ mix(attempt | (FAILS << 1)), cx)
    }

    #[cold]
    fn call_fails(&self, call: u64, cx: &Cx<'_>) -> bool {
        self.health.is_down() || self.health.fails(|| cx.draws(call))
    }
}
