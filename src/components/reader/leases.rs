//! Who processes which shard, and what happens when a worker dies.

use super::flow::Pace;
use super::{Cx, Doing, Reader, StartingPosition};
use crate::components::fault::FaultKind;
use crate::components::poll_retry::Failures;
use crate::engine::random::mix;
use crate::engine::{Signal, SimDuration};

impl Reader {
    fn is_there(&self, worker: usize) -> bool {
        !self.workers[worker].gone && !self.health.is_down()
    }

    /// The shards are spread evenly, and each is begun somewhere within the first pause, so that two readers do not
    /// read in step.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>) {
        for shard in 0..self.shards.len() {
            self.lease(shard, shard % self.workers.len(), cx);
            let phase = cx.draws(mix(shard as u64)).uniform();
            if self.after(shard, self.p.retrieval.pause().scaled(phase), Doing::Resting, cx) == Pace::GoesOn {
                self.drive(shard, cx);
            }
        }
        self.count_standby(cx);
    }

    /// The worker with the fewest leases takes the shard and begins at its last checkpoint; nobody if all are dead.
    pub(super) fn take_lease(&mut self, shard: usize, cx: &mut Cx<'_>) -> Pace {
        let workers = (0..self.workers.len()).filter(|&worker| self.is_there(worker));
        let Some(worker) = workers.min_by_key(|&worker| self.workers[worker].leases) else {
            self.shards[shard].doing = Doing::Free;
            return Pace::Waits;
        };
        self.lease(shard, worker, cx);
        self.count_standby(cx);
        self.shards[shard].doing = Doing::Resting;
        Pace::GoesOn
    }

    /// The worker has the shard, and a position in it.
    fn lease(&mut self, shard: usize, worker: usize, cx: &mut Cx<'_>) {
        self.workers[worker].leases += 1;
        let processor = &mut self.shards[shard];
        processor.owner = Some(worker);
        processor.checkpointed_at = cx.now();
        if self.p.starting_position == StartingPosition::Latest && !processor.has_checkpoint {
            self.pull(shard, 0, cx);
        }
    }

    fn count_standby(&self, cx: &mut Cx<'_>) {
        let idle = (0..self.workers.len()).filter(|&worker| self.workers[worker].leases == 0 && self.is_there(worker));
        let count = idle.count() as u64;
        cx.set(self.metrics.standby_workers, count);
    }

    pub(super) fn fault(&mut self, index: u16, begins: bool, cx: &mut Cx<'_>) {
        let fault = cx.fault(index);
        self.health.change(fault.kind, begins);
        self.handler.slow_down(self.health.slowness());
        match fault.kind {
            FaultKind::Kill(count) if begins => self.kill_some(count as usize, fault.to > fault.from, cx),
            FaultKind::Kill(count) => {
                let gone = self.workers.iter_mut().filter(|worker| worker.gone);
                gone.take(count as usize).for_each(|worker| worker.gone = false);
            }
            FaultKind::Down if begins => (0..self.workers.len()).for_each(|worker| self.kill(worker, cx)),
            FaultKind::Down => {}
            _ => return,
        }
        for shard in 0..self.shards.len() {
            if self.shards[shard].doing == Doing::Free {
                self.drive(shard, cx);
            }
        }
        self.count_standby(cx);
    }

    /// So many workers die, those with leases first. What dies in an instant is started again at once, as a supervisor
    /// does, but as a new worker that holds no lease.
    fn kill_some(&mut self, count: usize, stay_away: bool, cx: &mut Cx<'_>) {
        let there = (0..self.workers.len()).filter(|&worker| self.is_there(worker));
        let (busy, idle): (Vec<usize>, Vec<usize>) = there.partition(|&worker| self.workers[worker].leases > 0);
        for worker in busy.into_iter().chain(idle).take(count) {
            self.kill(worker, cx);
            self.workers[worker].gone = stay_away;
        }
    }

    /// A worker dies without a word: its shards stand still until somebody notices that nobody renews their leases.
    fn kill(&mut self, worker: usize, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.workers[worker].leases) == 0 {
            return;
        }
        self.deaths += 1;
        let takeover = cx.latency(&self.p.lease_takeover, mix(self.deaths) ^ mix(worker as u64));
        for shard in 0..self.shards.len() {
            if self.shards[shard].owner == Some(worker) {
                self.orphan(shard, takeover, cx);
            }
        }
    }

    fn orphan(&mut self, shard: usize, takeover: SimDuration, cx: &mut Cx<'_>) {
        let slot = u32::try_from(shard).expect("the number of shards is bounded");
        if let Some(ended) = self.handler.cancel(slot, cx) {
            let now = cx.now();
            cx.fall(self.metrics.busy);
            cx.count(self.metrics.busy_time, now.since(ended.began).as_nanos());
            cx.count(self.metrics.work_time, ended.work(now));
        }
        let processor = &mut self.shards[shard];
        processor.owner = None;
        processor.serial = processor.serial.wrapping_add(1);
        self.in_hand -= processor.batch.len() - processor.begun;
        processor.batch.clear();
        processor.begun = 0;
        processor.last = None;
        processor.uncheckpointed = 0;
        processor.refusal = None;
        processor.failures = Failures::default();
        cx.set(self.metrics.in_hand, self.in_hand as u64);
        cx.count(self.metrics.lost_leases, 1);
        cx.tell(SimDuration::ZERO, self.p.stream, Signal::Hangup { from: cx.node(), slot });
        if self.after(shard, takeover, Doing::Orphaned, cx) == Pace::GoesOn {
            self.shards[shard].doing = Doing::Free;
        }
    }
}
