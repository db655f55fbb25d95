//! Messages that are delivered more often than once, by what causes it.
//!
//! - Work that outlasts the visibility timeout: the message is handed out while somebody still works on it.
//! - A host that misses a delete keeps its copy, and hands it out when the copy's own timeout is over.
//! - A host that misses a receive hands the message out at once to somebody else.
//! - A sender that did not hear the answer sends again: two messages, of which the queue knows nothing.
//!   Simplified: two messages of one job that one node sends to the same queue count as one that is sent again.
//!
//! What comes back because nobody worked on it any more, after a failure or a crash, is received again but is no
//! duplicate.

use super::audit::Event;
use super::flow::Cx;
use super::ids::Deduplication;
use super::{Sqs, mark};
use crate::components::{NodeSite, Verb};
use crate::engine::MsgId;
use crate::engine::random::mix;
use crate::facts::sqs;

/// Tells the draws for duplicates from all others.
const DUPLICATES: u64 = 1 << 42;

/// How often a standard queue by itself delivers a message twice.
#[derive(Debug, Clone)]
pub(super) struct Duplicates {
    /// Parameter.
    probability: f64,
    /// Receives until the next one, which is drawn beforehand: most queues never see one -- state.
    left: u64,
    /// How many there were -- state.
    count: u64,
    /// What was taken in lately from senders that may send it again for want of an answer -- state.
    taken: Option<Box<Deduplication>>,
}

/// Which of the two causes within the service it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A host missed the receive.
    MissedReceive,
    /// A host will miss the delete.
    MissedDelete,
}

impl Duplicates {
    /// None yet; the first is drawn when the run begins.
    pub(super) fn new(probability: f64, site: &NodeSite<'_, '_>) -> Self {
        // Who waits for the answer as long as the client library does never misses it.
        let gives_up = site.incoming(Verb::Sends).iter().any(|(_, edge)| edge.timeout.is_some());
        let taken = gives_up.then(|| Box::new(Deduplication::new(sqs::SENT_AGAIN_WITHIN.value.get())));
        Self { probability, left: u64::MAX, count: 0, taken }
    }

    /// Whether it has to be looked at which messages were sent again.
    #[inline(always)]
    pub(super) const fn tells_sent_again(&self) -> bool {
        self.taken.is_some()
    }

    /// Draws after how many receives the next one comes.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    pub(super) fn plan(&mut self, cx: &Cx<'_>) {
        self.left = u64::MAX;
        if self.probability > 0.0 {
            let chance = cx.draws(mix(self.count | DUPLICATES)).uniform().max(f64::MIN_POSITIVE);
            let skipped = if self.probability < 1.0 { libm::log(chance) / libm::log1p(-self.probability) } else { 0.0 };
            self.left = (skipped as u64).saturating_add(1);
        }
    }

    /// Whether this receive is one, and why.
    #[inline(always)]
    pub(super) fn next(&mut self, cx: &mut Cx<'_>) -> Option<Cause> {
        self.left -= 1;
        if self.left > 0 { None } else { Some(self.draw(&cx.aside())) }
    }

    #[cold]
    fn draw(&mut self, cx: &Cx<'_>) -> Cause {
        self.count += 1;
        let missed_delete = cx.draws(mix(self.count | DUPLICATES << 1)).uniform() < 0.5;
        self.plan(cx);
        if missed_delete { Cause::MissedDelete } else { Cause::MissedReceive }
    }
}

impl Sqs {
    /// A message is about to be taken in: counts it if it is a further copy of one that was before.
    #[inline(never)]
    pub(super) fn count_sent_again(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        let (Some(taken), Some(call)) = (&mut self.duplicates.taken, cx.message(msg).reply_to) else { return };
        let sender = u64::from(call.node.0) << 32 | u64::from(call.task);
        let copy = mix(cx.number(msg)) ^ mix(sender);
        cx.count(self.metrics.duplicates_sent_again, u64::from(taken.is_duplicate(copy, cx.now())));
    }

    /// A message that is received again: counts it as a duplicate, if it is one.
    pub(super) fn count_duplicate(&self, seen: u8, cx: &mut Cx<'_>) {
        match seen {
            mark::VISIBLE_OVERRUN => cx.count(self.metrics.duplicates_overrun, 1),
            mark::VISIBLE_KEPT => cx.count(self.metrics.duplicates_missed_delete, 1),
            mark::VISIBLE_MISSED => cx.count(self.metrics.duplicates_missed_receive, 1),
            _ => {}
        }
    }

    /// A message that was just received is handed out a second time, now or after its delete.
    #[cold]
    pub(super) fn duplicate(&mut self, msg: MsgId, cause: Cause, cx: &mut Cx<'_>) {
        self.note(msg, Event::Doubled(cause), cx);
        match cause {
            Cause::MissedDelete => cx.message_mut(msg).mark = mark::IN_FLIGHT_KEPT,
            Cause::MissedReceive => self.missed.push(msg),
        }
    }

    /// Those that a host did not see being received are visible there.
    #[inline(never)]
    pub(super) fn show_missed(&mut self, cx: &mut Cx<'_>) {
        while let Some(msg) = self.missed.pop() {
            if cx.message(msg).mark & mark::IN_FLIGHT != 0 && !cx.message(msg).is_retired() {
                self.reappear(msg, mark::VISIBLE_MISSED, cx);
            }
        }
    }
}
