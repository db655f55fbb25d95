//! What a sender may say about its messages, and the batches in which they come.
//!
//! Simplified: a client's buffer stands in front of the queue, behind the network: that a batch goes out late and the
//! request then takes its time, or the other way round, comes to the same. As many batches as fill up may be under way; the
//! buffered client for Java stops at five.

use super::entry::Entry;
use super::flow::Cx;
use super::intake::InCall;
use super::{Sqs, SqsAlarm};
use crate::components::{NodeSite, Verb};
use crate::engine::{Deadlines, Message, MsgId, MsgRef, NodeId, SimDuration};
use crate::facts::sqs;
use crate::site::At;
use crate::units::Duration;
use serde::Deserialize;

/// Several messages in one call, as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct BatchSpec {
    /// Messages in one call at most.
    entries: Option<At<u32>>,
    /// How long the first message waits for the others.
    linger: Option<At<Duration>>,
}

impl BatchSpec {
    /// How many messages, and how long the first of them waits.
    pub(in crate::components) fn together(self) -> (u32, Duration) {
        let entries = self.entries.map_or(sqs::BATCH_ENTRIES_MAX.value, |at| at.value);
        (entries, self.linger.map_or(sqs::SEND_BATCH_LINGER.value, |at| at.value))
    }
}

/// Whether what a sender says about its messages means something at the node that it sends to.
pub(in crate::components) fn check_sender(
    delay: Option<At<Duration>>,
    batch: Option<At<BatchSpec>>,
    to: NodeId,
    site: &mut NodeSite<'_, '_>,
) {
    let (is_queue, is_fifo) = (site.kind_of(to) == "sqs", site.plan.nodes[to.index()].is_fifo);
    let s = &mut *site.site;
    if let Some(at) = delay {
        if !is_queue {
            s.error(at.span, "S032", "`delay` has no effect: only messages for an SQS queue have one")
                .hint("leave it out");
        } else if is_fifo {
            s.error(at.span, "S032", "a message for a FIFO queue has no delay of its own")
                .hint("give the queue a `delay`: it holds for all of its messages");
        }
        s.within("delay", Some(&at), Duration::from_secs(0)..=sqs::DELAY_MAX.value, &sqs::DELAY_MAX);
        s.written("delay", at);
    }
    let Some(At { value: BatchSpec { entries, linger }, span }) = batch else { return };
    if !is_queue && site.plan.nodes[to.index()].kind != "sns" {
        s.error(span, "S032", "`batch` has no effect: only a queue or a topic takes several messages in one call")
            .hint("leave it out");
    }
    let mut part = s.part("batch", span);
    part.within("entries", entries.as_ref(), 1..=sqs::BATCH_ENTRIES_MAX.value, &sqs::BATCH_ENTRIES_MAX);
    part.or_fact("entries", entries, &sqs::BATCH_ENTRIES_MAX);
    part.or_fact("linger", linger, &sqs::SEND_BATCH_LINGER);
}

/// The senders that say more about their messages than where they go.
#[derive(Debug, Clone)]
pub(super) struct Senders {
    rules: Vec<Sender>,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// A node.
    Node(NodeId),
    /// Whoever brings the jobs of this flow.
    Flow(u16),
}

impl Who {
    /// Who sent this message, whose job is of this flow.
    fn of(message: &Message, flow: u16) -> Self {
        message.reply_to.map_or(Self::Flow(flow), |call| Self::Node(call.node))
    }
}

#[derive(Debug, Clone)]
struct Sender {
    who: Who,
    /// How long its messages are hidden at first -- parameter.
    delay: Option<SimDuration>,
    /// How many messages it puts into one call, and how long the first waits for the others -- parameter.
    batch: Option<(usize, SimDuration)>,
    /// Its messages that are still hidden -- state.
    delays: Deadlines<MsgRef>,
    /// Its messages that wait for others -- state.
    buffer: Vec<MsgId>,
    /// Their bytes -- state.
    bytes: u64,
    /// The buffer that waits now, told from those before it -- state.
    serial: u32,
}

impl Sender {
    const fn new(who: Who, delay: Option<SimDuration>, batch: Option<(usize, SimDuration)>) -> Self {
        Self { who, delay, batch, delays: Deadlines::new(), buffer: Vec::new(), bytes: 0, serial: 0 }
    }
}

impl Senders {
    /// What those who send here say about their messages, nodes and the senders of flows; nothing if none of them says
    /// anything.
    pub(super) fn of(entries: &[Entry], site: &NodeSite<'_, '_>) -> Option<Box<Self>> {
        let mut rules: Vec<Sender> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.delay.is_some()) {
            let flow = site.plan.flows.iter().position(|known| *known == entry.flow.value);
            let Some(flow) = flow.and_then(|flow| u16::try_from(flow).ok()) else { continue };
            rules.push(Sender::new(Who::Flow(flow), entry.delay.map(|at| at.value.get()), None));
        }
        for (node, edge) in site.incoming(Verb::Sends) {
            let delay = edge.delay.map(|at| at.value.get());
            let batch = edge.batch.map(|(entries, linger)| (entries as usize, linger.get()));
            if delay.is_some() || batch.is_some() {
                rules.push(Sender::new(Who::Node(node), delay, batch));
            }
        }
        (!rules.is_empty()).then(|| Box::new(Self { rules }))
    }

    fn rule(&self, who: Who) -> Option<usize> {
        self.rules.iter().position(|rule| rule.who == who)
    }

    /// Messages that are hidden because their sender said so.
    pub(super) fn delayed(&self) -> impl Iterator<Item = MsgRef> + '_ {
        self.rules.iter().flat_map(|rule| rule.delays.iter().map(|(_, reference)| reference))
    }
}

impl Sqs {
    /// A message comes from a sender: alone, or it waits for others first.
    #[inline(never)]
    pub(super) fn gather(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let (who, size) = (Who::of(cx.message(msg), cx.flow(msg)), u64::from(cx.message(msg).size));
        let Some(senders) = &mut self.senders else { return };
        let rule = senders.rule(who);
        let Some((index, (entries, linger))) = rule.and_then(|index| Some((index, senders.rules[index].batch?))) else {
            return self.take_in_all(&[msg], rule, cx);
        };
        if senders.rules[index].bytes + size > sqs::BATCH_SIZE_MAX.value.get() {
            // One more would be too much for a call.
            self.flush(index, cx);
        }
        let Some(senders) = &mut self.senders else { return };
        self.buffered += 1;
        let rule = &mut senders.rules[index];
        rule.bytes += size;
        rule.buffer.push(msg);
        if rule.buffer.len() >= entries {
            self.flush(index, cx);
        } else if rule.buffer.len() == 1 {
            let (rule, serial) = (u16::try_from(index).unwrap_or(u16::MAX), rule.serial);
            cx.alarm_after(linger, SqsAlarm::Batch { rule, serial });
        }
    }

    /// A batch has waited long enough, unless it was full before.
    pub(super) fn end_linger(&mut self, rule: u16, serial: u32, cx: &mut Cx<'_>) {
        let index = usize::from(rule);
        if self.senders.as_ref().is_some_and(|senders| senders.rules[index].serial == serial) {
            self.flush(index, cx);
        }
    }

    fn flush(&mut self, index: usize, cx: &mut Cx<'_>) {
        let Some(senders) = &mut self.senders else { return };
        let rule = &mut senders.rules[index];
        let batch = std::mem::take(&mut rule.buffer);
        rule.bytes = 0;
        rule.serial = rule.serial.wrapping_add(1);
        self.buffered -= batch.len();
        if !batch.is_empty() {
            self.take_in_all(&batch, Some(index), cx);
        }
    }

    /// One call with these messages.
    fn take_in_all(&mut self, batch: &[MsgId], rule: Option<usize>, cx: &mut Cx<'_>) {
        let delay = rule.and_then(|index| self.senders.as_ref()?.rules[index].delay);
        for (place, &msg) in batch.iter().enumerate() {
            let call = if place > 0 { InCall::Same } else { InCall::Own };
            if let Some(delay) = self.take_in(msg, call, delay, cx) {
                self.hide_at_first(msg, delay, rule, cx);
            }
        }
        self.serve(cx);
    }

    /// The message is hidden for as long as its sender says.
    fn hide_at_first(&mut self, msg: MsgId, delay: SimDuration, rule: Option<usize>, cx: &mut Cx<'_>) {
        let reference = cx.reference(msg);
        let Some((rule, senders)) =
            rule.zip(self.senders.as_mut()).filter(|(rule, senders)| senders.rules[*rule].delay.is_some())
        else {
            return self.delay(msg, cx);
        };
        self.delayed += 1;
        cx.message_mut(msg).mark = super::mark::DELAYED;
        cx.set(self.metrics.delayed, self.delayed as u64);
        if let Some(at) = senders.rules[rule].delays.push(cx.now() + delay, reference) {
            cx.alarm_at(at, SqsAlarm::SenderDelay { rule: u16::try_from(rule).unwrap_or(u16::MAX) });
        }
    }

    /// Delays that a sender chose may be over.
    pub(super) fn end_sender_delays(&mut self, rule: u16, cx: &mut Cx<'_>) {
        let index = usize::from(rule);
        while let Some(senders) = &mut self.senders
            && let Some(reference) = senders.rules[index].delays.due(cx.now(), |reference| cx.is_alive(reference))
        {
            self.delayed -= 1;
            self.appear(reference.id, super::mark::VISIBLE, false, cx);
        }
        cx.set(self.metrics.delayed, self.delayed as u64);
        self.serve(cx);
        if let Some(at) = self.senders.as_mut().and_then(|senders| senders.rules[index].delays.rearm()) {
            cx.alarm_at(at, SqsAlarm::SenderDelay { rule });
        }
    }
}
