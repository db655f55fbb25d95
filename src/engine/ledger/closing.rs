//! The end of a run: every account is closed, and every message accounted for.

use super::Ledger;
use crate::engine::message::{Ending, LossId, MsgId, Place, State};
use crate::engine::observer::{AtTheEnd, Observer};
use crate::engine::time::SimTime;

impl Ledger {
    /// Compares the place of every message alive with the books of the nodes.
    fn count_all(&self) {
        let mut held = self.books.held();
        let mut alive = 0;
        for message in self.arena.messages().filter(|message| !message.is_retired()) {
            alive += 1;
            if let Place::Node(node) = message.place {
                held[node.index()] = held[node.index()].wrapping_sub(1);
            }
        }
        assert!(alive == self.live(), "ledger broken: {alive} messages alive, {} by the books", self.live());
        assert!(held.iter().all(|&missing| missing == 0), "ledger broken: nodes hold what is not theirs: {held:?}");
    }

    /// Cuts every life at the end of the run and holds Little's law as an identity: the time spent inside each node,
    /// summed over messages, equals the node's own count integrated over time.
    ///
    /// # Panics
    /// If the identity does not hold to the nanosecond, or a message is not where the books say.
    pub(in crate::engine) fn close(&mut self, unfinished: LossId, now: SimTime, observer: &mut impl Observer) {
        self.count_all();
        self.books.close(now);
        let observer = &mut AtTheEnd(observer);
        for index in 0..self.arena.len() {
            let msg = MsgId(index);
            if self.is_free(index) {
                continue;
            }
            let message = &mut self.arena.get_mut(msg.0).message;
            let mut ending = Ending::Lost(unfinished);
            if let State::Parked { is_awaited, .. } = &mut message.state {
                self.parked_in_use -= u64::from(*is_awaited || message.pins > 0);
                *is_awaited = false;
                ending = Ending::Spent;
            }
            message.pins = 0;
            if self.message(msg).is_retired() {
                self.free_if_unused(msg, observer);
            } else {
                self.retire(msg, ending, now, observer);
            }
        }
        let is_empty = self.in_use() == 0 && self.arena.count_free() == self.arena.len();
        assert!(is_empty, "every job ends in exactly one fate");
    }
}
