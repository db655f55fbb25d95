//! What a balancer answers itself: 460, 502, 503 and 504. All else is the answer of a server.
//!
//! Simplified: a server that does not let a request in because its accept queue is full has answered; only one that is down
//! refuses the connection, which is 502, or ignores it, which is 504.

use super::{Cx, LoadBalancer};
use crate::engine::{LossId, LossKind, MsgId};

/// What a balancer answers itself, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// No server has room, and the surge queue is full: 503.
    Spilled,
    /// No server is registered: 503.
    Nobody,
    /// The server did not answer before the idle timeout: 504.
    Idle,
    /// The server was taken out, and the deregistration delay is over: 502.
    Cut,
    /// The client closed its connection before the answer: 460.
    Closed,
    /// The balancer is down: no answer at all.
    Down,
}

impl LoadBalancer {
    /// The balancer answers a request itself.
    pub(super) fn refuse(&self, msg: MsgId, own: Own, cx: &mut Cx<'_>) {
        let (losses, metrics) = (&self.losses, &self.metrics);
        let (loss, count) = match own {
            Own::Spilled => (losses.spilled, Some(metrics.answered_503)),
            Own::Nobody => (losses.nobody, Some(metrics.answered_503)),
            Own::Idle => (losses.idle, Some(metrics.answered_504)),
            Own::Cut => (losses.cut, Some(metrics.answered_502)),
            Own::Closed => (losses.closed, Some(metrics.answered_460)),
            Own::Down => (losses.down, None),
        };
        if let Some(count) = count {
            cx.count(count, 1);
        }
        cx.refuse(msg, loss);
    }

    /// A server has failed, by `loss`. Where it has said nothing itself, and of a function that failed or was throttled, the
    /// status is the balancer's.
    pub(super) fn answer_for(&self, target: usize, loss: LossId, cx: &mut Cx<'_>) {
        let is_function = !self.targets.server(target).is_checked;
        match cx.without_answer(loss) {
            Some(LossKind::TimedOut) => cx.count(self.metrics.answered_504, 1),
            Some(_) => cx.count(self.metrics.answered_502, 1),
            None if is_function => cx.count(self.metrics.answered_502, 1),
            None => {}
        }
    }
}
