//! Dead letters: when they came and from where, and how they are sent back.

use super::audit::Event;
use super::flow::Cx;
use super::{Order, REDRIVEN, Sqs, SqsAlarm, mark};
use crate::components::context::Endpoint;
use crate::components::{NodeSite, Verb};
use crate::engine::{MsgId, MsgRef, NodeId, SimDuration, SimTime};
use crate::facts::sqs;
use std::collections::{BTreeMap, VecDeque};

/// What a dead-letter queue knows of its messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Graves {
    /// When each message came, and from which queue.
    letters: BTreeMap<MsgId, (SimTime, Option<NodeId>)>,
    /// The redrive under way.
    task: Option<Task>,
}

/// A redrive.
#[derive(Debug, Clone)]
struct Task {
    /// Oldest first.
    left: VecDeque<MsgRef>,
    spacing: SimDuration,
    ends: SimTime,
}

impl Graves {
    /// Of a queue that takes dead letters; nothing if none are left to it.
    pub(super) fn of(site: &NodeSite<'_, '_>) -> Option<Box<Self>> {
        (!site.incoming(Verb::DeadLetter).is_empty()).then(Box::default)
    }

    /// Since when a message has been here: the age of a dead letter counts from the move.
    pub(super) fn came(&self, msg: MsgId) -> Option<SimTime> {
        self.letters.get(&msg).map(|&(at, _)| at)
    }

    /// The message has left.
    pub(super) fn forget(&mut self, msg: MsgId) {
        self.letters.remove(&msg);
    }
}

impl Sqs {
    /// A dead letter comes; a queue writes its number into the tag, all others nothing.
    pub(super) fn bury(&mut self, msg: MsgId, cx: &Cx<'_>) {
        let from = u16::try_from(cx.message(msg).tag).ok().and_then(|tag| tag.checked_sub(1)).map(NodeId);
        if let Some(graves) = &mut self.graves {
            graves.letters.insert(msg, (cx.now(), from));
        }
    }

    /// Somebody asks to send the dead letters back. What is in flight stays; only one redrive runs at a time.
    pub(super) fn begin_redrive(&mut self, rate: f64, cx: &mut Cx<'_>) {
        self.called(cx);
        let visible: Vec<MsgId> = match &self.order {
            Order::Standard(hosts) => hosts.iter().collect(),
            Order::Fair(fair) => fair.iter().collect(),
            Order::Fifo(fifo) => fifo.groups.iter().collect(),
        };
        let Some(graves) = self.graves.as_mut().filter(|graves| graves.task.is_none()) else {
            return cx.count(self.metrics.refused_tasks, 1);
        };
        let from_queues = |msg: &MsgId| graves.letters.get(msg).is_some_and(|(_, from)| from.is_some());
        let mut letters: Vec<MsgRef> = visible
            .into_iter()
            .filter(|&msg| !cx.message(msg).is_retired() && cx.message(msg).mark & mark::IN_FLIGHT == 0)
            .filter(from_queues)
            .map(|msg| cx.reference(msg))
            .collect();
        letters.sort_by_key(|letter| (cx.message(letter.id).sent, cx.message(letter.id).tag));
        for letter in &letters {
            // Somebody still cares for it: the run is not over.
            cx.hold(letter.id);
        }
        let ends = cx.now() + sqs::REDRIVE_TIME_MAX.value.get();
        graves.task = Some(Task { left: letters.into(), spacing: SimDuration::from_secs_f64(rate.recip()), ends });
        self.redrive_next(cx);
    }

    /// Sends the next dead letter back.
    pub(super) fn redrive_next(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        while let Some(graves) = &mut self.graves
            && let Some(task) = &mut graves.task
        {
            let spacing = task.spacing;
            let Some(letter) = task.left.pop_front().filter(|_| now < task.ends) else {
                let over = graves.task.take();
                return over.iter().flat_map(|task| &task.left).for_each(|letter| cx.release(letter.id));
            };
            // One that has left meanwhile, or is in flight, is passed over.
            let moves = cx.holds(letter) && cx.message(letter.id).mark & mark::IN_FLIGHT == 0;
            if moves {
                self.send_back(letter.id, cx);
            }
            cx.release(letter.id);
            if moves {
                return cx.alarm_after(spacing, SqsAlarm::Redrive);
            }
        }
    }

    fn send_back(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let Some(graves) = &mut self.graves else { return };
        let Some((_, Some(to))) = graves.letters.remove(&msg) else { return };
        let (number, group) = (cx.number(msg), self.group(msg, cx));
        match &mut self.order {
            Order::Standard(hosts) => hosts.remove(msg, number, |msg| cx.message(msg).tag),
            Order::Fair(fair) => fair.remove(msg, number, group),
            Order::Fifo(fifo) => fifo.groups.remove(msg, group, false),
        }
        self.note(msg, Event::SentBack, cx);
        self.visible -= 1;
        cx.fall(self.metrics.visible);
        cx.count(self.metrics.redriven, 1);
        // It is received here and deleted; the send is counted where it goes. Simplified: one by one.
        self.called(cx);
        self.responds(cx.message(msg).size.into(), cx);
        self.called(cx);
        cx.revive(msg);
        cx.hand_over(msg, Endpoint { node: to, port: REDRIVEN }, SimDuration::ZERO);
    }
}
