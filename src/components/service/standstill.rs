//! A server that hangs: a process that is stopped, or waits for its disk. Nothing begins, nothing goes on and nothing is
//! refused, as long as the accept queue has room. Then everything goes on where it was.
//!
//! Its clocks do not stand still: a timeout that is due meanwhile, an answer that comes, a caller that leaves, all that is
//! noticed at the end, in the order in which it happened. Simplified: what it stands still in the middle of a work counts as
//! time of work.

use super::Service;
use crate::components::context::Ctx;
use crate::components::handler::HandlerAlarm;
use crate::engine::{NodeId, SimTime};

/// A server that hangs -- state.
#[derive(Debug, Clone)]
pub(super) struct Standstill {
    /// Since when.
    since: SimTime,
    /// Its slots: nothing gets one meanwhile.
    slots: usize,
    /// What will be noticed at the end.
    unnoticed: Vec<Unnoticed>,
}

/// Something that happens to a server that hangs.
#[derive(Debug, Clone, Copy)]
enum Unnoticed {
    /// An alarm rings.
    Alarm(HandlerAlarm),
    /// A caller has left.
    Hangup { from: NodeId, attempt: u32 },
}

impl Service {
    /// The server hangs from now on, or goes on, if one of these changes.
    pub(super) fn stand_still_or_go_on(&mut self, cx: &mut Ctx<'_, HandlerAlarm>) {
        match (self.health.hangs(), self.standstill.is_some()) {
            (true, false) => {
                let slots = std::mem::take(&mut self.slots);
                self.standstill = Some(Box::new(Standstill { since: cx.now(), slots, unnoticed: Vec::new() }));
                self.handler.stop_work();
            }
            (false, true) => self.go_on_where_it_was(cx),
            (true, true) | (false, false) => {}
        }
    }

    /// Whether this is noticed only later, because the server hangs. The work that would end now does not.
    pub(super) fn misses(&mut self, alarm: HandlerAlarm) -> bool {
        let Some(standstill) = &mut self.standstill else { return false };
        if !matches!(alarm, HandlerAlarm::Worked { .. }) {
            standstill.unnoticed.push(Unnoticed::Alarm(alarm));
        }
        true
    }

    /// The same of a caller that leaves.
    pub(super) fn misses_caller(&mut self, from: NodeId, attempt: u32) -> bool {
        let Some(standstill) = &mut self.standstill else { return false };
        standstill.unnoticed.push(Unnoticed::Hangup { from, attempt });
        true
    }

    /// All that was under way is gone, and there is nothing to notice of it any more.
    pub(super) fn forgets(&mut self) {
        if let Some(standstill) = &mut self.standstill {
            standstill.unnoticed.clear();
        }
    }

    fn go_on_where_it_was(&mut self, cx: &mut Ctx<'_, HandlerAlarm>) {
        let Some(standstill) = self.standstill.take() else { return };
        let Standstill { since, slots, unnoticed } = *standstill;
        self.slots = slots;
        self.handler.resume_work(cx.now().since(since), cx);
        for what in unnoticed {
            match what {
                Unnoticed::Alarm(alarm) => self.go_on(alarm, cx),
                Unnoticed::Hangup { from, attempt } => self.caller_left(from, attempt, cx),
            }
        }
        while self.handler.busy() < self.slots
            && let Some(turn) = self.waiting.pop(cx.now())
        {
            if let Some(loss) = self.drops(&turn, cx) {
                cx.fall(self.metrics.waiting);
                self.drop_at_its_turn(turn.msg, loss, cx);
                continue;
            }
            cx.rise(self.metrics.busy);
            if !self.takes_over(turn.msg, turn.since, cx) {
                cx.fall(self.metrics.busy);
            }
        }
        if self.handler.busy() < self.slots {
            self.answer_checks_in_turn(cx);
        }
    }
}
