//! The closed set of signals that components speak. Services are open, verbs are not: no service ever adds one.

use super::message::{LossId, MsgId};

/// A node of the pipeline: its position in the list of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

impl NodeId {
    /// Position in the list of nodes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An outstanding request of a node: which of its tasks asks, and which attempt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The node that waits for the reply.
    pub node: NodeId,
    /// Its task.
    pub task: u32,
    /// Serial number of the attempt within the node: a reply to an earlier one is stale.
    pub attempt: u32,
    /// The message on whose behalf it asks. It stays where it is as long as the node waits.
    pub behalf: MsgId,
}

/// What one node tells another.
#[derive(Debug, Clone, Copy)]
pub enum Signal {
    /// A message is handed over: the receiver owns it from now on.
    Arrive {
        /// The message.
        msg: MsgId,
        /// Which of the receiver's ports it comes to.
        port: u16,
        /// It rides on the request of the message before it.
        batched: bool,
    },
    /// A message on loan from a store, which keeps it until it is settled.
    Receive {
        /// The message.
        msg: MsgId,
        /// The consumer's slot that asked.
        slot: u32,
        /// The receipt.
        receive: u16,
        /// More messages of the same response follow.
        more: bool,
    },
    /// A consumer asks for messages.
    Pull {
        /// The consumer.
        from: NodeId,
        /// Its slot that asks.
        slot: u32,
        /// Messages it takes at most.
        max: u16,
        /// How long it waits for the first, in milliseconds.
        wait_ms: u16,
    },
    /// Nothing came within the wait, or the request was refused.
    Empty {
        /// The consumer's slot that asked.
        slot: u32,
        /// Why it was refused, if it was.
        refusal: Option<Refusal>,
    },
    /// A consumer has dealt with a message on loan.
    Settle {
        /// The message.
        msg: MsgId,
        /// The receipt.
        receive: u16,
        /// What became of it.
        how: Settle,
    },
    /// A consumer's slot is gone: requests it has waiting are void. Or a caller has left: nobody waits for an answer.
    Hangup {
        /// The consumer, or the caller.
        from: NodeId,
        /// Its slot, or the serial number of its attempt.
        slot: u32,
    },
    /// The answer to a request.
    Reply {
        /// The caller's task.
        task: u32,
        /// Serial number of the attempt.
        attempt: u32,
        /// [`LossId::NONE`] is success, anything else says which limit refused it.
        loss: LossId,
    },
    /// A neighbour asks how things stand: one that sizes itself, how much there is to do, which is answered by
    /// [`Measured`](Self::Measured); one that hands out requests, whether one would be answered now, which is answered by
    /// [`Reply`](Self::Reply), or not at all as long as it would have to wait.
    Measure {
        /// Who asks.
        from: NodeId,
        /// What the reply is for.
        task: u32,
        /// Serial number of the question.
        attempt: u32,
    },
    /// The answer: what a service shows of itself at this moment.
    Measured {
        /// Messages that wait and can be had.
        waiting: u32,
        /// Messages that somebody works on.
        held: u32,
        /// Another number after every call: a service that nobody calls may stop showing anything.
        calls: u16,
    },
    /// A fault begins or ends.
    Fault {
        /// Its place in the plan.
        index: u16,
        /// Whether it begins.
        begins: bool,
    },
}

/// Why somebody was turned away who asked for something: a consumer by a store, a caller by whom it called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It failed, or did not answer at all.
    Failed,
    /// It was asked too often, or for too much.
    Throttled,
}

/// How a consumer settles a message on loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// Done: delete or acknowledge it.
    Done,
    /// Done as well: delete it in the same call as the one before.
    DoneToo,
    /// Not done: it may be given to another consumer at once.
    GiveBack,
    /// It is to stay hidden for so long from now on, or to be seen at once; the loan goes on.
    Hide {
        /// For how long.
        seconds: u16,
        /// Whether the consumer still works on it.
        works: bool,
    },
    /// The consumer is gone without a word; the store learns nothing but that nobody works on it any more.
    Vanished,
}

/// A signal on its way to a node, which it reaches at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// The node that will react.
    pub node: NodeId,
    /// To what.
    pub signal: Signal,
}

/// What makes a node react later: a signal that takes its time, or an alarm that the node set for itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stimulus<T> {
    /// From a node, itself included.
    Signal(Signal),
    /// Its own alarm.
    Alarm(T),
}

/// A scheduled stimulus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<T> {
    /// The node that will react.
    pub node: NodeId,
    /// To what.
    pub stimulus: Stimulus<T>,
}
