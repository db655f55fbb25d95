//! Where events go on when the function is done with them.
//!
//! ```text
//!  done ──────▶ on_success ─▶ a queue, a topic, another function: what comes of it there is a part of the job
//!  given up ─┬▶ dead_letter, or on_failure a queue: it is put aside, and done only if somebody does it from there
//!            ├▶ on_failure a function: it may do the job after all
//!            └▶ on_failure a topic: those who are subscribed are told, and the job has failed all the same
//! ```
//! Simplified: the record that the service writes about an event is as large as the event. Simplified: it hands an event
//! on once; what a destination refuses is lost there.

use super::{Cx, MANAGED_EVENT};
use crate::components::context::Endpoint;
use crate::components::sqs::{GIVEN_UP, PASSED_ON};
use crate::engine::{Ending, LossId, MsgId, NodeId, SimDuration};

/// Where an event goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    /// A standard queue.
    Queue(NodeId),
    /// A standard topic.
    Topic(NodeId),
    /// Another function, as an event.
    Function(NodeId),
}

impl Destination {
    /// Hands an event on that is done here.
    pub(super) fn pass_on(self, msg: MsgId, cx: &mut Cx<'_>) {
        let to = match self {
            Self::Queue(node) => Endpoint { node, port: PASSED_ON },
            Self::Topic(node) => Endpoint { node, port: 0 },
            Self::Function(node) => Endpoint { node, port: MANAGED_EVENT },
        };
        hand_over(msg, to, cx);
    }

    /// Hands an event on that was given up by `loss`.
    pub(super) fn pass_on_failed(self, msg: MsgId, loss: LossId, cx: &mut Cx<'_>) {
        match self {
            Self::Queue(node) => {
                cx.park(msg, loss, node);
                hand_over(msg, Endpoint { node, port: GIVEN_UP }, cx);
            }
            Self::Topic(node) => {
                let notice = cx.branch(msg);
                cx.retire(msg, Ending::Lost(loss));
                hand_over(notice, Endpoint { node, port: 0 }, cx);
            }
            Self::Function(_) => self.pass_on(msg, cx),
        }
    }
}

/// As a new message there.
fn hand_over(msg: MsgId, to: Endpoint, cx: &mut Cx<'_>) {
    let now = cx.now();
    let message = cx.message_mut(msg);
    message.sent = now;
    message.receives = 0;
    cx.hand_over(msg, to, SimDuration::ZERO);
}
