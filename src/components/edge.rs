//! Edges: who hands messages to whom, in the scenario's words. The verb says what kind of edge it is, because that is
//! the lesson: `calls` waits for an answer, `sends` hands over, `polls` and `reads` pull, `consumes` and `subscribers`
//! are pushed to.

use super::account::Claims;
use crate::engine::SimDuration;
use crate::facts::http;
use crate::site::At;
use crate::units::Duration;

/// What an edge does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Traffic enters here.
    From,
    /// A caller waits for the answer.
    Calls,
    /// A balancer hands a request to one of several servers, and the answer back.
    Targets,
    /// A message is handed over.
    Sends,
    /// Messages are pulled from a queue.
    Polls,
    /// Records are read from a stream.
    Reads,
    /// Messages are pushed to a consumer with credit.
    Consumes,
    /// A topic delivers.
    Subscribers,
    /// Messages that failed too often are moved.
    DeadLetter,
    /// What a function has done goes on.
    OnSuccess,
    /// What a function has given up goes on.
    OnFailure,
}

impl Verb {
    /// The key in the scenario.
    pub const fn word(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::Calls => "calls",
            Self::Targets => "targets",
            Self::Sends => "sends",
            Self::Polls => "polls",
            Self::Reads => "reads",
            Self::Consumes => "consumes",
            Self::Subscribers => "subscribers",
            Self::DeadLetter => "dead_letter",
            Self::OnSuccess => "on_success",
            Self::OnFailure => "on_failure",
        }
    }
}

impl Verb {
    /// The same in a sentence, between the two nodes.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::From => "takes",
            Self::Sends => "sends to",
            Self::Targets => "has the target",
            Self::Subscribers => "has the subscriber",
            Self::DeadLetter => "leaves dead letters to",
            Self::OnSuccess => "passes what is done on to",
            Self::OnFailure => "passes what it gives up on to",
            Self::Calls | Self::Polls | Self::Reads | Self::Consumes => self.word(),
        }
    }
}

impl Verb {
    /// Whether only what has failed goes this way.
    pub const fn is_for_failures(self) -> bool {
        matches!(self, Self::DeadLetter | Self::OnFailure)
    }
}

/// An edge as written: `to` is the name of a node, or `node.port`.
#[derive(Debug, Clone)]
pub struct Edge {
    /// What it does.
    pub verb: Verb,
    /// Where it leads.
    pub to: At<String>,
    /// `sends` to a broker: how long a message may wait there, if its sender says so.
    pub expiration: Option<At<Duration>>,
    /// `sends` to a queue: how long its messages are hidden at first, if their sender says so.
    pub delay: Option<At<Duration>>,
    /// `sends` to a queue: how many messages go into one call, and how long the first of them waits for the others.
    pub batch: Option<(u32, Duration)>,
    /// `calls`: how long an attempt waits for a connection, if the caller says so.
    pub connect_timeout: Option<At<Duration>>,
    /// `calls`: how long an attempt waits for its answer, if the caller says so.
    pub timeout: Option<At<Duration>>,
    /// `polls`: how long what is received stays hidden, if the consumer says so.
    pub visibility: Option<At<Duration>>,
    /// `polls`: whether a receive that failed is repeated as the same attempt.
    pub repeats: bool,
    /// `polls`: how long messages are gathered, and how long they may be worked on then, if that is so.
    pub gathers: Option<(SimDuration, SimDuration)>,
    /// `reads`: whether the stream pushes to this reader, over a connection of its own.
    pub fans_out: bool,
}

impl Edge {
    /// An edge of which no more is to be said.
    pub const fn new(verb: Verb, to: At<String>) -> Self {
        Self {
            verb,
            to,
            expiration: None,
            delay: None,
            batch: None,
            connect_timeout: None,
            timeout: None,
            visibility: None,
            repeats: false,
            gathers: None,
            fans_out: false,
        }
    }

    /// The name of the node it leads to.
    pub fn node(&self) -> &str {
        self.to.value.split('.').next().unwrap_or_default()
    }

    /// How long a caller waits for a connection: its timeout for the whole attempt runs from the same moment.
    pub fn patience(&self) -> SimDuration {
        let connect = self.connect_timeout.map_or(http::SDK_CONNECT_TIMEOUT.value, |at| at.value);
        let answer = self.timeout.map_or(http::SDK_READ_TIMEOUT.value, |at| at.value);
        connect.get().min(answer.get())
    }

    /// The port of that node, if one is named.
    pub fn port(&self) -> Option<&str> {
        self.to.value.split_once('.').map(|(_, port)| port)
    }
}

/// What every node's spec can say before it is built.
pub trait NodeSpec {
    /// Where its edges lead.
    fn edges(&self) -> Vec<Edge>;

    /// The flows of traffic that enter here.
    fn flows(&self) -> Vec<At<String>> {
        Vec::new()
    }

    /// The ports of a node called `name` that others can name, as the queues of a broker; none if there is a single one.
    fn ports(&self, name: &str) -> Vec<String> {
        let _ = name;
        Vec::new()
    }

    /// The shards of a stream: each is read on its own. None for everything else.
    fn shards(&self) -> u32 {
        0
    }

    /// How long a queue hides a message that somebody has fetched, before anything is checked. None for everything else.
    fn hides(&self) -> Option<Duration> {
        None
    }

    /// How long a queue lets a receive wait that does not say so itself, if the queue says it. None for everything else.
    fn waits(&self) -> Option<At<Duration>> {
        None
    }

    /// What it says about the account that it shares with others, before anything is checked.
    fn claims(&self) -> Claims {
        Claims::default()
    }

    /// Whether it stops its work on a request whose caller has left.
    fn cancels(&self) -> bool {
        false
    }

    /// Whether a connection that finds it full is ignored, and not refused.
    fn ignores_connections(&self) -> bool {
        false
    }

    /// Whether it keeps its messages in order, as a FIFO queue or topic: its dead-letter queue has to do the same.
    fn is_fifo(&self) -> bool {
        false
    }

    /// Whether it is a queue that serves the groups of its messages in turn.
    fn is_fair(&self) -> bool {
        false
    }

    /// How many of these ports, from the first, somebody may mean who names none: only a single one is clear.
    fn main_ports(&self, name: &str) -> usize {
        self.ports(name).len()
    }
}
