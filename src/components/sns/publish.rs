//! The way of a message into a topic: refused, or accepted and split into one notification for each subscription.

use super::billing::PublishCall;
use super::{Cx, Sns};
use crate::components::fault::FaultKind;
use crate::components::sqs::Repeat;
use crate::engine::random::mix;
use crate::engine::{Call, Ending, LossId, MsgId, SimTime};

/// What became of the subscriptions when a message was published, in subscribers.
#[derive(Debug, Clone, Copy, Default)]
struct Chosen {
    /// Who was subscribed.
    subscribed: u64,
    /// Who wanted it, and was switched off.
    missed: u64,
}

impl Sns {
    pub(super) fn publish(&mut self, msg: MsgId, batched: bool, cx: &mut Cx<'_>) {
        if let Some(loss) = self.refusal(msg, batched, cx) {
            return cx.refuse(msg, loss);
        }
        let now = cx.now();
        if let Some(fifo) = &mut self.fifo
            && let Some(repeat) = fifo.repeat(msg, cx)
        {
            // The call succeeds, and nothing is delivered.
            cx.count(fifo.deduplicated, 1);
            if repeat == Repeat::OfItself {
                return cx.conclude(msg, LossId::NONE);
            }
            cx.accept(msg);
            return cx.retire(msg, Ending::Lost(self.losses.duplicate));
        }
        cx.count(self.metrics.published, 1);
        let chosen = self.choose(msg, cx);
        let Ok(notifications @ 1..) = u32::try_from(self.wanted_by.len()) else {
            return self.end_unwanted(msg, chosen, cx);
        };
        cx.accept(msg);
        let message = cx.message_mut(msg);
        message.sent = now;
        // How many of its notifications have not ended: it stays with the topic as long.
        message.tag = notifications;
        self.open += 1;
        if let Some(archive) = self.fifo.as_mut().and_then(|fifo| fifo.archive.as_mut()) {
            archive.keep(msg, false, cx);
        }
        if chosen.missed > 0 {
            cx.count(self.metrics.lost, chosen.missed);
            let branch = cx.branch(msg);
            cx.retire(branch, Ending::Lost(self.losses.switched_off));
        }
        let wanted_by = std::mem::take(&mut self.wanted_by);
        for &(subscription, many) in &wanted_by {
            self.notify(msg, subscription, many, &mut cx.aside());
        }
        self.wanted_by = wanted_by;
        cx.set(self.metrics.undelivered, self.undelivered);
    }

    /// Why the topic does not take the message, if it does not; what it takes counts.
    fn refusal(&mut self, msg: MsgId, batched: bool, cx: &mut Cx<'_>) -> Option<LossId> {
        if self.health.is_down() {
            return Some(self.losses.down);
        }
        let size = cx.message(msg).size;
        if !batched {
            cx.count(self.metrics.requests, 1);
            self.call = PublishCall::default();
        }
        if size > self.maximum_message_size {
            return Some(self.losses.too_large);
        }
        let now = cx.now();
        if let Some(loss) = self.throttle(msg, size, now, cx) {
            cx.count(self.metrics.throttled, 1);
            return Some(loss);
        }
        let fails = self.health.fails(|| {
            let attempt = |call: Call| u64::from(call.node.0) << 32 | u64::from(call.attempt);
            cx.draws(cx.number(msg) ^ mix(cx.message(msg).reply_to.map_or(0, attempt) | 1 << 63))
        });
        if fails {
            return Some(self.losses.failing);
        }
        self.bill_publish(size, cx);
        None
    }

    /// Which limit on a second has no room for the message, if one has none; what is let through counts.
    fn throttle(&mut self, msg: MsgId, size: u32, now: SimTime, cx: &mut Cx<'_>) -> Option<LossId> {
        let group = self.fifo.as_ref().map(|fifo| fifo.group(msg, cx));
        if let (Some(group), Some(fifo)) = (group, &mut self.fifo)
            && let Some(loss) = fifo.crowded(group, size, now)
        {
            return Some(loss);
        }
        if !cx.account().publish(self.region, self.publish_rate, now) {
            return Some(self.losses.throttled);
        }
        if let (Some(group), Some(fifo)) = (group, &mut self.fifo) {
            fifo.count(group, size, now);
        }
        None
    }

    /// A publish is accepted, and paid for.
    fn bill_publish(&mut self, size: u32, cx: &mut Cx<'_>) {
        let pieces = if let Some(fifo) = &self.fifo {
            cx.count(fifo.bytes_published, size.into());
            1
        } else {
            self.call.carries(size)
        };
        cx.count(self.metrics.billed_publishes, pieces);
    }

    /// How many members of a subscription want a message.
    #[inline(always)]
    pub(super) fn wanted(&self, subscription: u32, msg: MsgId, cx: &Cx<'_>) -> u32 {
        let subscription = &self.subscriptions[subscription as usize];
        let filter = subscription.filter.as_ref();
        filter.map_or(subscription.members, |filter| filter.wanted(msg, subscription.members, subscription.salt, cx))
    }

    /// Finds the subscriptions that want the message and get it.
    fn choose(&mut self, msg: MsgId, cx: &mut Cx<'_>) -> Chosen {
        self.wanted_by.clear();
        let now = cx.now();
        let (mut chosen, mut gets) = (Chosen::default(), 0);
        for index in (0..).take(self.subscriptions.len()) {
            let subscription = &self.subscriptions[index as usize];
            let live = subscription.replay.is_none_or(|replay| replay.takes_live(now));
            if !subscription.confirmed.contains(now) || !live {
                continue;
            }
            chosen.subscribed += u64::from(subscription.members);
            if let Some(scanned) = subscription.filter.as_ref().and_then(|filter| filter.scans()) {
                cx.count(scanned, u64::from(cx.message(msg).size) * u64::from(subscription.members));
            }
            let many = self.wanted(index, msg, cx);
            if many == 0 {
                continue;
            }
            let subscription = &mut self.subscriptions[index as usize];
            if let Some(special) = &mut subscription.special
                && !special.takes(subscription.members, cx)
            {
                chosen.missed += u64::from(many);
                continue;
            }
            gets += u64::from(many);
            self.wanted_by.push((index, many));
        }
        let filtered_out = chosen.subscribed - chosen.missed - gets;
        if filtered_out > 0 {
            cx.count(self.metrics.filtered_out, filtered_out);
        }
        chosen
    }

    /// A message that goes nowhere now. The publisher is told of success in any case; what everybody filtered out on
    /// purpose is done, what nobody was there for is lost, unless an archive keeps it for somebody who will be.
    fn end_unwanted(&mut self, msg: MsgId, chosen: Chosen, cx: &mut Cx<'_>) {
        let Chosen { subscribed, missed } = chosen;
        let archive = self.fifo.as_mut().and_then(|fifo| fifo.archive.as_mut());
        if subscribed > 0 && missed == 0 {
            if let Some(archive) = archive {
                archive.keep(msg, false, cx);
            }
            return cx.conclude(msg, LossId::NONE);
        }
        cx.accept(msg);
        if archive.is_some_and(|archive| archive.keep(msg, true, cx)) {
            self.open += 1;
            return;
        }
        cx.count(self.metrics.lost, missed.max(1));
        let loss = if missed > 0 { self.losses.switched_off } else { self.losses.no_subscription };
        cx.retire(msg, Ending::Lost(loss));
    }

    pub(super) fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        let fault = cx.fault(index).kind;
        self.health.change(fault, begins);
        if fault == FaultKind::Down && !self.health.is_down() {
            self.resume(cx);
        }
    }
}
