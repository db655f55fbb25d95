//! Health checks: requests of their own, which a server answers in its turn.
//!
//! ```text
//!  every 30 s ─▶ check ─▶ answered well ────────────────────────▶ good
//!                  │ └──▶ refused: down, failing, full, shedding ─▶ bad
//!                  ▼
//!                waits for a slot like any request ─▶ got one within the timeout? ─▶ good, or bad
//! ```
//! A server that is too busy to answer in time looks just like one that is ill, and that is what ejects the slow one after
//! the other.
//!
//! Simplified: a check takes a place in the line, and no time in the slot. All servers are checked at once, and no time
//! passes on the way. Functions are not checked: the service does not unless it is told to.

use super::{Cx, LoadBalancer, LoadBalancerAlarm};
use crate::engine::random::mix;
use crate::engine::{LossId, NodeId, Signal, SimDuration};

/// Tasks from here on are checks, one for each server; the others are requests.
const CHECKS: u32 = 1 << 31;

/// Sets the draws of answers to checks apart from all others.
const DRAWS: u64 = 1 << 61;

/// The server whose check this task is, if it is one.
pub(super) fn target_of(task: u32) -> Option<usize> {
    task.checked_sub(CHECKS).map(|target| target as usize)
}

impl LoadBalancer {
    /// It is time to check the servers.
    pub(super) fn check(&mut self, cx: &mut Cx<'_>) {
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        for target in 0..self.targets.count() {
            if self.targets.ask(target, round) {
                let task = CHECKS + u32::try_from(target).unwrap_or(0);
                let to = self.targets.server(target).endpoint.node;
                cx.tell(SimDuration::ZERO, to, Signal::Measure { from: cx.node(), task, attempt: round });
            }
        }
        cx.alarm_after(self.check_timeout, LoadBalancerAlarm::CheckEnds { round });
        cx.alarm_after(self.check_every, LoadBalancerAlarm::Check);
    }

    /// Who has not answered by now is too slow.
    pub(super) fn check_ends(&mut self, round: u32, cx: &mut Cx<'_>) {
        for target in 0..self.targets.count() {
            self.judge(target, round, false, cx);
        }
    }

    /// A check of this round has ended.
    pub(super) fn judge(&mut self, target: usize, round: u32, is_good: bool, cx: &mut Cx<'_>) {
        if self.targets.judge(target, round, is_good, cx.now()) {
            cx.count(self.metrics.failed_checks, u64::from(!is_good));
            cx.set(self.metrics.healthy_host_count, self.targets.healthy());
            self.serve_waiting(cx);
        }
    }

    /// Another balancer checks this one.
    pub(super) fn answer_check(&self, from: NodeId, task: u32, attempt: u32, cx: &mut Cx<'_>) {
        let draws = || cx.draws(mix(u64::from(task) << 32 | u64::from(attempt)) ^ DRAWS);
        let loss = if self.health.is_down() {
            self.losses.down
        } else if self.health.fails(draws) {
            self.losses.failing
        } else if self.targets.any() {
            LossId::NONE
        } else {
            self.losses.nobody
        };
        cx.tell(SimDuration::ZERO, from, Signal::Reply { task, attempt, loss });
    }
}
