//! What a node says about itself when it is built, in terms that all services share: the advice about the meaning of a
//! scenario looks at these, and at no service in particular. What a service has nothing to say about stays empty.

use crate::diagnostic::Span;
use crate::engine::{NodeId, SimDuration};
use crate::site::At;
use crate::traffic::WorkId;

/// What a node says about itself.
#[derive(Debug, Clone, Default)]
pub struct Traits {
    /// Where it is named: the place of everything that is not written.
    pub span: Span,
    /// Jobs that it works on at once.
    pub servers: Option<At<u32>>,
    /// How fast its work goes; 1 is the work as it is written.
    pub speed: Option<f64>,
    /// The work on each job.
    pub work: Option<WorkId>,
    /// Messages that one server takes into its hands at once.
    pub batch: u32,
    /// The requests that it makes for each job.
    pub requests: Vec<RequestTraits>,
    /// How long a message is hidden from others while somebody works on it.
    pub hides: Option<At<SimDuration>>,
    /// How old a message may become, if the scenario says so.
    pub keeps: Option<At<SimDuration>>,
    /// How old a message may become, whether the scenario says so or not.
    pub retains: Option<SimDuration>,
    /// Receives after which a message that failed is put aside.
    pub gives_up_after: Option<At<u32>>,
    /// How often it asks for more time while it works on a message, and for how much.
    pub extends: Option<At<(SimDuration, SimDuration)>>,
    /// Whether messages that fail too often are put aside; nothing if that is no question here.
    pub puts_aside: Option<bool>,
    /// Whether messages of one key are handed out one after the other.
    pub orders_by_key: bool,
    /// How long a consumer may hold a message that a broker has pushed to it.
    pub lets_hold: Option<At<SimDuration>>,
    /// Whether a message counts as dealt with when it is pushed here.
    pub auto_ack: bool,
    /// What each of its shards takes.
    pub shards: Option<ShardTraits>,
    /// The pause between two polls that find nothing and do not wait.
    pub short_polls: Option<At<SimDuration>>,
    /// Messages that a broker pushes to each consumer ahead of its answers; none if the other side decides.
    pub prefetch: Option<At<u32>>,
}

/// A request of a node.
#[derive(Debug, Clone, Copy)]
pub struct RequestTraits {
    /// Who is asked.
    pub to: NodeId,
    /// Whether the answer is the result of the work, and not only a receipt.
    pub calls: bool,
    /// How long an attempt waits for its answer.
    pub timeout: At<SimDuration>,
    /// Attempts in all.
    pub attempts: At<u32>,
    /// Whether there is a pause between them.
    pub pauses: bool,
}

/// The shards of a stream.
#[derive(Debug, Clone, Copy)]
pub struct ShardTraits {
    /// How many.
    pub count: At<u32>,
    /// Records a second that each takes.
    pub records: f64,
    /// Bytes a second that each takes.
    pub bytes: f64,
}
