//! What a server is asked beside its requests: whether it would answer, and to stop because a caller has left. And what
//! happens at the door, when the system does not refuse a connection but ignores it.
//!
//! ```text
//!  full queue ─▶ first packet ignored ─▶ sent again after 1, 3, 7, … s ─▶ room? accepted
//!                                          └▶ the client's connect timeout ─▶ failed
//! ```
//! How long somebody waits for an answer counts from the connection: each time the message is given the moment at which it
//! is accepted if all goes well (`Message::sent`), and who has waited for long enough looks at that.
//!
//! Simplified: a topic that does not wait for an endpoint any more does not tell it, so that its work goes on; all who make
//! requests with `calls` and `sends` do, and balancers pass it on. Whatever waits in the queue is dropped at its turn.

use super::Service;
use crate::components::context::{Ctx, Endpoint};
use crate::components::handler::HandlerAlarm;
use crate::engine::random::mix;
use crate::engine::{LossId, MsgId, NodeId, Signal, SimDuration};
use crate::metrics::CounterId;

type Cx<'a> = Ctx<'a, HandlerAlarm>;

/// Sets the draws of answers to health checks apart from all others.
const CHECKS: u64 = 1 << 61;

/// What happens to connections that find the accept queue full and are ignored.
#[derive(Debug, Clone)]
pub(super) struct Knocks {
    /// How long a client waits before it tries again; each time twice as long -- parameter.
    pub first: SimDuration,
    /// How often it tries again -- parameter.
    pub retries: u8,
    /// How long callers wait for a connection, by who they are; and all others -- parameter.
    pub patience: Vec<(NodeId, SimDuration)>,
    pub others: SimDuration,
    /// First packets that were ignored.
    pub ignored: CounterId,
    /// What is lost that never got a connection.
    pub timed_out: LossId,
}

impl Service {
    /// A balancer asks whether a request would be answered: at once, or in its turn.
    pub(super) fn answer_check(&mut self, from: NodeId, task: u32, attempt: u32, cx: &mut Cx<'_>) {
        let draws = || cx.draws(mix(u64::from(task) << 32 | u64::from(attempt)) ^ CHECKS);
        let loss = if self.health.is_down() {
            self.losses.down
        } else if self.health.fails(draws) {
            self.losses.failing
        } else if let Some(loss) = self.over_limit() {
            loss
        } else if self.handler.busy() < self.slots {
            LossId::NONE
        } else if self.waiting.len() < self.accept_queue {
            return self.waiting.check_waits([task, attempt], from, cx.now());
        } else if self.knocks.is_some() {
            return;
        } else {
            self.losses.queue_full
        };
        cx.tell(SimDuration::ZERO, from, Signal::Reply { task, attempt, loss });
    }

    /// A slot is free: those checks are answered that came before all requests that wait.
    pub(super) fn answer_checks_in_turn(&mut self, cx: &mut Cx<'_>) {
        let too_late = self.shedding.as_ref().map_or(self.losses.queue_full, |shedding| shedding.losses.too_late);
        for (check, is_late) in self.waiting.checks_in_turn(cx.now()) {
            let loss = if is_late { too_late } else { LossId::NONE };
            let reply = Signal::Reply { task: check.task, attempt: check.attempt, loss };
            cx.tell(SimDuration::ZERO, check.from, reply);
        }
    }

    /// Who asked for something has left: work on it stops, if the server does that. What waits is dropped at its turn.
    pub(super) fn caller_left(&mut self, from: NodeId, attempt: u32, cx: &mut Cx<'_>) {
        let Some(shedding) = self.shedding.as_deref().filter(|shedding| shedding.cancels) else { return };
        let loss = shedding.losses.caller_left;
        if self.misses_caller(from, attempt) {
            return;
        }
        if let Some(ended) = self.handler.cancel_for(from, attempt, loss, cx) {
            self.finish(ended, cx);
        }
    }

    /// The system ignores a connection that finds the queue full: the client tries again later, as long as it has
    /// patience.
    pub(super) fn knock_again(&self, msg: MsgId, cx: &mut Cx<'_>) {
        let Some(Knocks { first, retries, patience, others, ignored, timed_out }) = self.knocks.as_deref() else {
            return;
        };
        cx.count(*ignored, 1);
        let message = cx.message(msg);
        let (tries, caller) = (message.mark, message.reply_to.map(|call| call.node));
        let known = patience.iter().find(|&&(node, _)| Some(node) == caller);
        let times = |number: u8| SimDuration::from_nanos(first.as_nanos().saturating_mul(1 << number));
        // After the last of them it waits as long as before another.
        let most = times(*retries + 1) - *first;
        let limit = known.map_or(*others, |&(_, patience)| patience).min(most);
        let (passed, pause) = (times(tries) - *first, times(tries));
        if tries < *retries && passed + pause < limit && !cx.is_for_nobody(msg) {
            let at = cx.now() + pause;
            let message = cx.message_mut(msg);
            message.mark = tries + 1;
            message.sent = at;
            let here = Endpoint { node: cx.node(), port: 0 };
            cx.hand_over(msg, here, pause);
        } else {
            let rest = limit - passed.min(limit);
            // Until then its caller waits for a connection, not for an answer.
            let at = cx.now() + rest;
            cx.message_mut(msg).sent = at;
            cx.refuse_after(rest, msg, *timed_out);
        }
    }
}
