//! What happens to a broker when something goes wrong with it, and how its clients come back.

use super::queue::EntryId;
use super::stages::Task;
use super::{Entry, Mq, MqAlarm, mark};
use crate::components::context::Ctx;
use crate::components::fault::FaultKind;
use crate::engine::{Ending, SimDuration};

type Cx<'a> = Ctx<'a, MqAlarm>;

impl Mq {
    pub(super) fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        match cx.fault(index).kind {
            FaultKind::Reboot | FaultKind::Crash if !begins => {}
            kind @ (FaultKind::Reboot | FaultKind::Crash) => self.restart(index, kind, cx),
            kind => self.change_health(kind, begins, cx),
        }
    }

    pub(super) fn change_health(&mut self, kind: FaultKind, begins: bool, cx: &mut Cx<'_>) {
        let was_down = self.health.is_down();
        self.health.change(kind, begins);
        if kind == FaultKind::Down {
            match (was_down, self.health.is_down()) {
                (false, true) => self.go_down(cx),
                (true, false) => self.come_up(cx),
                _ => {}
            }
        }
    }

    /// Every connection is cut. What was not confirmed is not in; what was not stored is gone; what was delivered and
    /// not acknowledged is ready again.
    fn go_down(&mut self, cx: &mut Cx<'_>) {
        // Who waits for a confirm hears that there is none. Who does not wait never learns what became of it.
        let loss = if self.p.confirms { self.losses.down } else { self.losses.in_memory };
        let taken_in = self.processors.stop().into_iter().filter_map(|(_, task)| match task {
            Task::TakeIn(msg) => Some(msg),
            Task::HandOut(..) => None,
        });
        for msg in taken_in.chain(self.storage.stop()) {
            self.turn_away(msg, loss, cx);
        }
        self.turn_away_blocked(cx);
        for queue in &mut self.queues {
            queue.arriving = 0;
            queue.forget_turns();
            if !self.p.persistent {
                queue.clear();
            }
        }
        self.consumers.cut_all(cx.now());
        let entries: Vec<(EntryId, u8)> =
            self.entries.iter().map(|(id, entry)| (id, cx.message(entry.msg).mark)).collect();
        for (entry, at) in entries {
            match (at, self.p.persistent) {
                // It has been acknowledged, so it is no longer the broker's.
                (mark::HANDED_OVER, _) | (mark::READY, true) => {}
                (_, true) => self.take_back(entry, cx),
                (_, false) => self.leave(entry, Ending::Lost(self.losses.in_memory), cx),
            }
        }
        self.paused = 0;
        self.unacknowledged = 0;
        self.ready = self.queues.iter().map(super::Queue::ready).sum();
        cx.set(self.metrics.busy, 0);
        self.show(cx);
    }

    /// The connection over which a message was delivered is gone: that counts as a failed delivery.
    pub(super) fn take_back(&mut self, entry: EntryId, cx: &mut Cx<'_>) {
        let Some(Entry { failures, .. }) = self.entries.get_mut(entry) else { return };
        *failures = failures.saturating_add(1);
        if *failures > self.p.delivery_limit {
            self.unacknowledged -= 1;
            self.bury(entry, self.losses.too_often, cx);
        } else {
            self.put_back(entry, cx);
        }
    }

    /// The clients do not learn that it is back; they find out at their next attempt.
    fn come_up(&mut self, cx: &mut Cx<'_>) {
        let (cut, since) = self.consumers.last_cut();
        let (first, longest) = self.p.reconnect;
        let at = since + next_attempt(first, longest, cx.now().since(since));
        cx.alarm_at(at.max(cx.now()), MqAlarm::Reconnect { cut });
    }

    pub(super) fn reconnect(&mut self, cut: u32, cx: &mut Cx<'_>) {
        if self.health.is_down() || cut != self.consumers.last_cut().0 {
            return;
        }
        for consumer in self.consumers.reconnect() {
            let (queue, life) = (self.consumers.get(consumer).queue, self.consumers.get(consumer).life);
            self.queues[usize::from(queue)].queue_up(consumer, life);
        }
        for queue in 0..self.layout.queues {
            self.dispatch(queue, cx);
        }
        self.show(cx);
    }
}

/// The first attempt to connect that is not made before `outage` is over, counted from its beginning. The first pause
/// is `first` long, each further one twice as long as the one before, up to `longest`.
fn next_attempt(first: SimDuration, longest: SimDuration, outage: SimDuration) -> SimDuration {
    if first.is_zero() {
        return outage;
    }
    let (mut attempt, mut pause) = (first, first);
    while attempt < outage && pause < longest {
        pause = (pause + pause).min(longest);
        attempt += pause;
    }
    if attempt >= outage {
        return attempt;
    }
    let missing = (outage - attempt).as_nanos().div_ceil(pause.as_nanos());
    SimDuration::from_nanos(attempt.as_nanos().saturating_add(pause.as_nanos().saturating_mul(missing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_come_back_at_their_first_attempt_after_the_outage() {
        let millis = SimDuration::from_millis;
        let attempt = |outage| next_attempt(millis(10), millis(30_000), millis(outage)).as_nanos() / 1_000_000;
        assert_eq!([attempt(0), attempt(10), attempt(11), attempt(31), attempt(71)], [10, 10, 30, 70, 150]);
        // 10 + 20 + … + 20,480 = 40,950; the pause after that would be 40,960 and is 30,000.
        assert_eq!([attempt(40_950), attempt(40_951), attempt(200_000)], [40_950, 70_950, 220_950]);
        let fixed = |outage| next_attempt(millis(5_000), millis(5_000), millis(outage)).as_nanos() / 1_000_000;
        assert_eq!([fixed(1), fixed(5_000), fixed(12_000), fixed(3_600_001)], [5_000, 5_000, 15_000, 3_605_000]);
        assert_eq!(next_attempt(SimDuration::ZERO, millis(1), millis(7)), millis(7));
    }
}
