//! The way of a message into a topic: refused, or accepted and split into one notification for each subscription.

use super::{Cx, Sns};
use crate::components::fault::FaultKind;
use crate::engine::random::mix;
use crate::engine::{Call, Ending, LossId, MsgId, SimTime};

impl Sns {
    pub(super) fn publish(&mut self, msg: MsgId, batched: bool, cx: &mut Cx<'_>) {
        if let Some(loss) = self.refusal(msg, batched, cx) {
            return cx.refuse(msg, loss);
        }
        cx.count(self.metrics.published, 1);
        let subscribed = self.choose(msg, cx);
        let Ok(notifications @ 1..) = u32::try_from(self.wanted_by.len()) else {
            return self.end_unwanted(msg, subscribed, cx);
        };
        cx.accept(msg);
        let now = cx.now();
        let message = cx.message_mut(msg);
        message.sent = now;
        // How many of its notifications have not ended: it stays with the topic as long.
        message.tag = notifications;
        self.open += 1;
        let wanted_by = std::mem::take(&mut self.wanted_by);
        for &subscription in &wanted_by {
            self.notify(msg, subscription, cx);
        }
        self.wanted_by = wanted_by;
        cx.set(self.metrics.undelivered, self.deliveries.len() as u64);
    }

    /// Why the topic does not take the message, if it does not.
    fn refusal(&mut self, msg: MsgId, batched: bool, cx: &mut Cx<'_>) -> Option<LossId> {
        if self.health.is_down() {
            return Some(self.losses.down);
        }
        if !batched {
            cx.count(self.metrics.requests, 1);
        }
        if cx.message(msg).size > self.maximum_message_size {
            return Some(self.losses.too_large);
        }
        if !self.quota.admit(cx.now()) {
            cx.count(self.metrics.throttled, 1);
            return Some(self.losses.throttled);
        }
        let fails = self.health.fails(|| {
            let attempt = |call: Call| u64::from(call.node.0) << 32 | u64::from(call.attempt);
            cx.draws(cx.number(msg) ^ mix(cx.message(msg).reply_to.map_or(0, attempt) | 1 << 63))
        });
        fails.then_some(self.losses.failing)
    }

    /// Finds the subscriptions that want the message, and says how many there are in all.
    fn choose(&mut self, msg: MsgId, cx: &mut Cx<'_>) -> usize {
        self.wanted_by.clear();
        let mut subscribed = 0;
        for (index, subscription) in (0_u16..).zip(&self.subscriptions) {
            if subscription.created > SimTime::ZERO && subscription.created > cx.now() {
                continue;
            }
            subscribed += 1;
            if subscription.filter.as_ref().is_none_or(|filter| filter.matches(msg, subscription.salt, cx)) {
                self.wanted_by.push(index);
            }
        }
        let filtered_out = subscribed - self.wanted_by.len();
        if filtered_out > 0 {
            cx.count(self.metrics.filtered_out, filtered_out as u64);
        }
        subscribed
    }

    /// A message that goes nowhere. The publisher is told of success in either case; what everybody filtered out on
    /// purpose is done, what nobody was there for is lost.
    fn end_unwanted(&self, msg: MsgId, subscribed: usize, cx: &mut Cx<'_>) {
        if subscribed > 0 {
            return cx.conclude(msg, LossId::NONE);
        }
        cx.accept(msg);
        cx.count(self.metrics.lost, 1);
        cx.retire(msg, Ending::Lost(self.losses.no_subscription));
    }

    pub(super) fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        let fault = cx.fault(index).kind;
        self.health.change(fault, begins);
        if fault == FaultKind::Down && !self.health.is_down() {
            self.resume(cx);
        }
    }
}
