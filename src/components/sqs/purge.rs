//! A purge: every host of the queue is emptied, each at a moment of its own.

use super::flow::Cx;
use super::standard::host_of;
use super::{Order, Sqs, SqsAlarm, is_in_flight, mark};
use crate::engine::random::mix;
use crate::engine::{Ending, MsgId, SimDuration, SimTime};
use crate::facts::sqs;

/// Tells the draws for purges from all others.
const PURGES: u64 = 1 << 43;

/// The purges of a queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Purges {
    count: u64,
    last: Option<SimTime>,
}

impl Sqs {
    fn hosts(&self) -> usize {
        match &self.order {
            Order::Standard(hosts) => hosts.count(),
            Order::Fair(fair) => fair.hosts(),
            Order::Fifo(_) => 1,
        }
    }

    /// Somebody asks to delete everything.
    pub(super) fn begin_purge(&mut self, cx: &mut Cx<'_>) {
        self.called(cx);
        let now = cx.now();
        let too_soon = |last: SimTime| now < last + sqs::PURGE_INTERVAL.value.get();
        if self.purges.last.is_some_and(too_soon) {
            return cx.count(self.metrics.refused_tasks, 1);
        }
        self.purges = Purges { count: self.purges.count + 1, last: Some(now) };
        let mut draws = cx.draws(mix(self.purges.count | PURGES));
        for host in (0_u16..).take(self.hosts()) {
            let delay: SimDuration = sqs::PURGE_TIME.value.get().scaled(draws.uniform());
            cx.alarm_after(delay, SqsAlarm::Purge { host });
        }
    }

    /// A host loses what lies on it, in flight or not.
    pub(super) fn empty(&mut self, host: u16, cx: &mut Cx<'_>) {
        let visible: Vec<MsgId> = match &self.order {
            Order::Standard(hosts) => hosts.iter().collect(),
            Order::Fair(fair) => fair.iter().collect(),
            Order::Fifo(fifo) => fifo.groups.iter().collect(),
        };
        let in_flight = |receive: &_| is_in_flight(*receive, cx);
        let ring = self.visibility.iter().map(|(_, receive)| receive).filter(in_flight);
        let timers = self.timers.iter().flat_map(|timers| timers.iter()).filter(in_flight);
        let delayed = self.delays.iter().map(|(_, reference)| reference);
        let delayed = delayed.chain(self.senders.iter().flat_map(|senders| senders.delayed()));
        let delayed =
            delayed.filter(|&reference| cx.holds(reference) && cx.message(reference.id).mark == mark::DELAYED);
        let mut all: Vec<MsgId> = ring.chain(timers).map(|(reference, _)| reference.id).collect();
        all.extend(delayed.map(|reference| reference.id));
        all.extend(visible);
        all.sort_unstable();
        all.dedup();
        let (hosts, node) = (self.hosts(), cx.node());
        all.retain(|&msg| cx.message(msg).is_at(node) && host_of(cx.number(msg), hosts) == usize::from(host));
        for msg in all {
            cx.count(self.metrics.purged, 1);
            self.leave(msg, Ending::Lost(self.losses.purged), cx);
        }
        self.serve(cx);
    }
}
