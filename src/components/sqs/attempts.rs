//! Receives from a FIFO queue that are repeated as the same attempt, because their answer was lost.

use super::audit::Event;
use super::flow::Cx;
use super::{Sqs, is_in_flight};
use crate::components::{NodeSite, Verb};
use crate::engine::{NodeId, Signal, SimDuration, SimTime};
use crate::facts::sqs;
use std::collections::BTreeMap;

use super::timers::Receive;

/// Set in the wait of a poll that repeats the last receive of its slot: no wait is that long.
pub(in crate::components) const REPEAT: u16 = 1 << 15;

/// The last receive of each slot of the consumers that repeat.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    /// Who repeats -- parameter.
    consumers: Vec<NodeId>,
    /// When it was answered, and with what -- state.
    last: BTreeMap<(NodeId, u32), (SimTime, Vec<Receive>)>,
    /// The answer being made -- state.
    pub given: Vec<Receive>,
}

impl Attempts {
    /// Of those who poll this queue and repeat; nothing if none of them does.
    pub(super) fn of(site: &NodeSite<'_, '_>) -> Option<Box<Self>> {
        let polls = site.incoming(Verb::Polls);
        let consumers: Vec<NodeId> = polls.into_iter().filter(|(_, edge)| edge.repeats).map(|(node, _)| node).collect();
        (!consumers.is_empty()).then(|| Box::new(Self { consumers, last: BTreeMap::new(), given: Vec::new() }))
    }

    /// Remembers the answer that was made as what a slot was given.
    pub(super) fn remember(&mut self, from: NodeId, slot: u32, now: SimTime) {
        let given = std::mem::take(&mut self.given);
        if self.consumers.contains(&from) {
            self.last.insert((from, slot), (now, given));
        }
    }
}

impl Sqs {
    /// A receive is repeated: the same messages with the same receipts, hidden anew, if nothing has happened to any of
    /// them. Whether it was answered so.
    #[inline(never)]
    pub(super) fn repeat(&mut self, from: NodeId, slot: u32, cx: &mut Cx<'_>) -> bool {
        let Some(attempts) = &mut self.attempts else { return false };
        let Some((at, given)) = attempts.last.remove(&(from, slot)) else { return false };
        let sound = |&receive: &Receive| {
            let unchanged = self.timers.as_ref().is_none_or(|timers| timers.is_unchanged(receive.0.id));
            is_in_flight(receive, cx) && unchanged
        };
        if cx.now() >= at + sqs::RECEIVE_ATTEMPT_LIFE.value.get() || !given.iter().all(sound) {
            return false;
        }
        let count = given.len();
        for (index, &(reference, receive)) in given.iter().enumerate() {
            cx.hold(reference.id);
            cx.message_mut(reference.id).mark = super::mark::IN_FLIGHT;
            self.hide(reference, receive, from, cx);
            self.note(reference.id, Event::Repeated { by: from }, cx);
            let more = index + 1 < count;
            cx.tell(SimDuration::ZERO, from, Signal::Receive { msg: reference.id, slot, receive, more });
        }
        if let Some(attempts) = &mut self.attempts {
            attempts.last.insert((from, slot), (at, given));
        }
        cx.count(self.metrics.repeated_receives, 1);
        true
    }
}
