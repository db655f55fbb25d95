//! What a queue must never do: a second book about it, kept beside it and compared with it in every debug build.
//!
//! The queue tells the book what happens to each message; the book knows from the documentation what may happen, and
//! stops the run at the first thing that may not:
//!
//! - A message is handed out once in its time: not while it is hidden, however it was hidden, and not after its end. What
//!   a standard queue does twice by itself has to be declared first.
//! - Its time is over to the nanosecond, neither earlier nor later, unless somebody changed it.
//! - Every delivery counts one, a redriven message counts anew, and no count exceeds what a dead-letter queue is for. No
//!   receipt is given out twice, not even after a redrive.
//! - A FIFO queue hands a message out when all before it in its group have left or are in the same batch, and there is
//!   one batch of a group under way at most.
//! - Within five minutes there are no two messages with one deduplication id, and none is refused without another.
//! - No more is in flight than may be, and gauges show what there is.
//!
//! Nothing is shared with the queue but the parameters: where the two agree, two have counted. In a release build the
//! book does not exist.

mod book;
mod groups;
mod ids;
#[cfg(test)]
mod tests;

use self::book::{Book, Rules, Seen};
use super::duplicates::Cause;
use super::flow::Cx;
use super::identity::Says;
use super::{Order, Sqs, SqsParameters, StaleDelete};
use crate::components::NodeSite;
use crate::engine::{Ending, MsgId, NodeId, SimDuration};

/// What happens to a message, in the order in which it can.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A sender's message is taken in, and hidden for so long at first.
    Sent(SimDuration),
    /// A sender's message is not taken in, because there was one like it.
    Deduplicated,
    /// It comes as a dead letter.
    Buried,
    /// It comes back from the dead-letter queue, hidden for so long at first.
    Redriven(SimDuration),
    /// It can be received for the first time.
    Shown,
    /// A host of the service did not see this receive, or will not see the delete after it.
    Doubled(Cause),
    /// It is handed out: to whom, with which receipt, and whether more come in the same answer.
    Received { by: NodeId, receive: u16, more: bool },
    /// The answer of its receive is repeated, and it is hidden anew.
    Repeated { by: NodeId },
    /// Its consumer asks for it to be hidden for so long from now on, and is told whether it is.
    Hidden { length: SimDuration, granted: bool },
    /// It can be received again.
    ShownAgain,
    /// It is deleted, with this receipt.
    Deleted { receive: u16 },
    /// It is here no more, because it was deleted.
    Left,
    /// It is here no more, because it was too old.
    Expired,
    /// It is here no more, because everything was deleted.
    Purged,
    /// It was received too often, and goes to the dead-letter queue.
    DeadLettered,
    /// It goes back to where it came from as a dead letter.
    SentBack,
}

/// The book, where there is one.
#[derive(Debug, Clone, Default)]
pub(super) struct Audit(Option<Box<Book>>);

impl Audit {
    /// The book of a queue that was told this; `asked` are consumers with a visibility timeout of their own.
    pub(super) fn of(
        p: &SqsParameters,
        asked: &[(NodeId, SimDuration)],
        order: &Order,
        site: &NodeSite<'_, '_>,
    ) -> Self {
        let rules = || Rules {
            name: site.plan.nodes[site.node.index()].name.clone(),
            is_fifo: matches!(order, Order::Fifo(_)),
            visibility_timeout: p.visibility_timeout,
            asked: asked.to_vec(),
            retention: p.message_retention_period,
            max_receive_count: p.dead_letter.map(|to| to.max_receive_count),
            in_flight_limit: p.in_flight_limit,
            stale_deletes: p.stale_handle_delete != StaleDelete::Ignored,
        };
        Self(cfg!(debug_assertions).then(|| Box::new(Book::new(rules()))))
    }
}

impl Sqs {
    /// Enters into the book what happens to a message.
    #[inline(always)]
    pub(super) fn note(&mut self, msg: MsgId, event: Event, cx: &Cx<'_>) {
        if cfg!(debug_assertions) {
            self.enter(msg, event, cx);
        }
    }

    /// Enters that a message leaves the queue for good.
    #[inline(always)]
    pub(super) fn note_end(&mut self, msg: MsgId, ending: Ending, cx: &Cx<'_>) {
        let event = match ending {
            Ending::Lost(loss) if loss == self.losses.expired => Event::Expired,
            Ending::Lost(_) => Event::Purged,
            Ending::Done | Ending::Spent => Event::Left,
        };
        self.note(msg, event, cx);
    }

    fn enter(&mut self, msg: MsgId, event: Event, cx: &Cx<'_>) {
        let (group, number) = (self.group(msg, cx), cx.number(msg));
        let Some(book) = &mut self.audit.0 else { return };
        let message = cx.message(msg);
        let (receives, former) = (message.receives, message.receives.wrapping_sub(cx.receive_count(msg)));
        let seen = Seen { now: cx.now(), msg, job: number, group, sent: message.sent, receives, former };
        let id = match &self.order {
            Order::Fifo(fifo) => {
                let says = match fifo.lately.identity.says {
                    Says::Key if group > 0 => ids::Text::Key(group),
                    Says::Nothing => ids::Text::Same,
                    Says::Job | Says::Key => ids::Text::Job(number),
                };
                Some(ids::Id { says, within: fifo.lately.identity.by_group.then_some(group) })
            }
            Order::Standard(_) | Order::Fair(_) => None,
        };
        book.enter(&seen, event, id);
    }

    /// Compares the book with what the gauges show.
    #[inline(always)]
    pub(super) fn compare(&self, cx: &mut Cx<'_>) {
        if cfg!(debug_assertions)
            && let Some(book) = &self.audit.0
        {
            let metrics = &self.metrics;
            let shown = [metrics.visible, metrics.in_flight, metrics.delayed].map(|id| cx.gauge(id).0.value());
            book.compare(shown, cx.now());
        }
    }
}
