//! What the timeline has in store for workers: they stop, are slow, fail, or lose machines.

use super::{Cx, Doing, InHand, Workers};
use crate::components::fault::FaultKind;
use crate::components::poll_retry::Failures;
use crate::engine::{MsgId, Settle, Signal, SimDuration};

impl Workers {
    #[inline(never)]
    pub(super) fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        let kind = cx.fault(index).kind;
        self.health.change(kind, begins);
        self.handler.slow_down(self.health.slowness() / self.p.speed);
        match kind {
            FaultKind::Kill(count) if begins => self.kill_some(count, cx),
            FaultKind::Down if begins => self.kill_some(u32::MAX, cx),
            FaultKind::Kill(_) | FaultKind::Down => self.revive(cx),
            FaultKind::Interrupt(count) if begins => self.interrupt(count, cx),
            FaultKind::Standby { count, replaced } if begins => self.stand_by(count, replaced, cx),
            FaultKind::Standby { count, .. } => self.come_back(count, cx),
            _ => {}
        }
    }

    /// The worker stops without a word. A queue that is polled does not notice before the visibility timeout; a broker
    /// sees the connection break.
    pub(super) fn kill(&mut self, worker: u32, cx: &mut Cx<'_>) {
        if std::mem::replace(&mut self.worker(worker).doing, Doing::Dead) == Doing::Dead {
            return;
        }
        // First of all, or what is given up here would be pushed to this worker again.
        cx.tell(SimDuration::ZERO, self.p.node, Signal::Hangup { from: cx.node(), slot: worker });
        self.worker(worker).life = self.worker(worker).life.wrapping_add(1);
        self.worker(worker).failures = Failures::default();
        self.end_beating(worker);
        if let Some(ended) = self.handler.cancel(worker, cx) {
            let now = cx.now();
            cx.fall(self.metrics.busy);
            cx.count(self.metrics.busy_time, now.since(ended.began).as_nanos());
            cx.count(self.metrics.work_time, ended.work(now));
            self.drop_loan(ended.msg, ended.receive, cx);
        }
        for InHand { msg, receive, .. } in std::mem::take(&mut self.worker(worker).hands).iter() {
            self.prefetched -= 1;
            self.drop_loan(msg, receive, cx);
        }
        let done = self.together.as_mut().map(|together| together.take(worker)).unwrap_or_default();
        for (msg, receive) in done {
            self.drop_loan(msg, receive, cx);
        }
        cx.set(self.metrics.prefetched, self.prefetched as u64);
        self.has_left(worker, cx);
    }

    /// Nobody works on the message any more, and nobody says so.
    pub(super) fn drop_loan(&self, msg: MsgId, receive: u16, cx: &mut Cx<'_>) {
        cx.tell(SimDuration::ZERO, self.p.node, Signal::Settle { msg, receive, how: Settle::Vanished });
    }
}
