//! What a node says about itself when it is built, in terms that all services share: the advice about the meaning of a
//! scenario looks at these, and at no service in particular. What a service has nothing to say about stays empty.

use crate::diagnostic::Span;
use crate::engine::{NodeId, SimDuration, SimTime};
use crate::site::At;
use crate::traffic::WorkId;

/// What a node says about itself.
#[derive(Debug, Clone, Default)]
pub struct Traits {
    /// Where it is named: the place of everything that is not written.
    pub span: Span,
    /// Jobs that it works on at once.
    pub servers: Option<At<u32>>,
    /// Jobs that may wait for it while all servers are busy, and are served whatever has become of their callers.
    pub accepts: Option<At<u32>>,
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
    /// How long a message waits here before anybody can get it.
    pub delays: Option<At<SimDuration>>,
    /// How old a message may become, if the scenario says so.
    pub keeps: Option<At<SimDuration>>,
    /// How old a message may become, whether the scenario says so or not.
    pub retains: Option<SimDuration>,
    /// How often it asks for more time while it works on a message, and for how much.
    pub extends: Option<At<(SimDuration, SimDuration)>>,
    /// Whether messages that fail too often are put aside; nothing if that is no question here.
    pub puts_aside: Option<bool>,
    /// How often a message may be received before it is put aside.
    pub puts_aside_after: Option<At<u32>>,
    /// What it is as a function.
    pub function: Option<FunctionTraits>,
    /// Whether messages of one key are handed out one after the other.
    pub orders_by_key: bool,
    /// How long a consumer may hold a message that a broker has pushed to it.
    pub lets_hold: Option<At<SimDuration>>,
    /// Whether a message counts as dealt with when it is pushed here.
    pub auto_ack: bool,
    /// What each of its shards takes.
    pub shards: Option<ShardTraits>,
    /// The time between two polls of a server that finds nothing, at most.
    pub asks_every: Option<SimDuration>,
    /// How it polls, if its polls do not wait.
    pub short_polls: Option<ShortPolls>,
    /// Messages that a broker pushes to each consumer ahead of its answers; none if the other side decides.
    pub prefetch: Option<At<u32>>,
    /// Those to whom it pushes what comes, each a copy.
    pub pushes: Vec<PushTraits>,
    /// What its text messages cost.
    pub texts: Option<TextTraits>,
    /// Messages a second of one key that it takes, if that is limited.
    pub group_rate: Option<f64>,
    /// How its machines come and go, if they do.
    pub scaling: Option<ScalingTraits>,
    /// How many consumers and machines there are at most, if some can be taken away.
    pub members: Option<Members>,
    /// What is done to it at times that the scenario says, faults apart.
    pub moments: Vec<Moment>,
}

/// Those of whom some can be taken away.
#[derive(Debug, Clone, Copy)]
pub struct Members {
    /// Consumers at most.
    pub consumers: u32,
    /// Machines at most.
    pub machines: u32,
}

/// Something that a scenario plans for a time.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When, and where that is written.
    pub at: At<SimTime>,
    /// What a chart writes beside it: `web-2 deregistered`; nothing where it is done again and again.
    pub label: String,
    /// What happens then, as the beginning of a sentence that goes on with the time; nothing where it does no harm that it
    /// comes when all is over.
    pub what: String,
    /// Whether it is only felt by what comes in later: what is there already goes on as it is.
    pub is_for_newcomers: bool,
}

/// Polls that come back at once when there is nothing.
#[derive(Debug, Clone, Copy)]
pub struct ShortPolls {
    /// The pause after one that found nothing, at the place that says that polls do not wait.
    pub pause: At<SimDuration>,
    /// The queue that says it, if the servers do not say it themselves.
    pub said_by: Option<NodeId>,
}

/// One to whom copies are pushed.
#[derive(Debug, Clone, Copy)]
pub struct PushTraits {
    /// Who gets them.
    pub to: At<NodeId>,
    /// How many like receivers it stands for.
    pub members: u32,
    /// The share of the messages that it wants.
    pub share: f64,
    /// How long a copy is tried before it is given up.
    pub gives_up_after: SimDuration,
    /// Whether what is given up is put aside.
    pub keeps_failed: bool,
    /// Whether copies come as fast as messages do, to somebody who has to answer each.
    pub floods: bool,
    /// Messages a second above which it is switched off, if there is such a limit.
    pub off_above: Option<f64>,
    /// Whether they are text messages, which cost money.
    pub is_text: bool,
    /// The share of its members that nothing reaches any more.
    pub unreachable: f64,
}

/// What text messages cost.
#[derive(Debug, Clone, Copy)]
pub struct TextTraits {
    /// What may be spent, in US dollars.
    pub limit: At<f64>,
    /// What a part costs.
    pub price: f64,
    /// Bytes of a message in one part.
    pub part_bytes: u32,
    /// Bytes of the longest message that is sent as a text.
    pub max_bytes: u32,
}

/// A group of machines that sizes itself.
#[derive(Debug, Clone, Copy)]
pub struct ScalingTraits {
    /// The fewest machines.
    pub least: At<u32>,
    /// Machines at the beginning.
    pub desired: u32,
    /// The most machines.
    pub most: At<u32>,
    /// Where its policies are written, if it has some.
    pub policies: Option<Span>,
    /// Whether a policy or an action ever changes how many machines it wants.
    pub changes: bool,
    /// Whether it grows from no machine at all when messages come.
    pub wakes: bool,
    /// How long little has to wait before it takes machines away; none: it never does.
    pub shrinks_after: Option<At<SimDuration>>,
    /// Whether it takes a machine away in the middle of its work.
    pub cuts_off: bool,
    /// The target of a policy that follows what waits without asking how many machines there are for it.
    pub raw_target: Option<At<f64>>,
    /// How often it takes the measure that its policies follow, if that is more often than a queue tells its numbers.
    pub fast_metric: Option<At<SimDuration>>,
    /// How long a new machine may take before it is given up, if it is.
    pub gives_up_after: Option<At<SimDuration>>,
    /// How long its bootstrap takes.
    pub bootstrap: SimDuration,
    /// Machines that wait in its warm pool at the beginning, with their bootstrap done.
    pub prepared: u32,
}

/// A function: a node whose every request has an end that is set.
#[derive(Debug, Clone, Copy)]
pub struct FunctionTraits {
    /// How long a request may take.
    pub timeout: At<SimDuration>,
    /// How long messages are gathered before it gets them.
    pub window: SimDuration,
    /// How many requests it works on at once, if that is kept free for it.
    pub reserved: Option<At<u32>>,
    /// How many requests it gets at once at most from the pollers of its queue, if it has one.
    pub pollers: Option<u32>,
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
    /// Whether something bounds the number of retries: a budget, a breaker, a client that turns its own away.
    pub limits_retries: bool,
    /// When a second copy is sent, if one is.
    pub hedges_after: Option<At<SimDuration>>,
    /// When its breaker judges, if it has one.
    pub judges: Option<JudgeTraits>,
}

/// What a breaker has to see before it judges.
#[derive(Debug, Clone, Copy)]
pub struct JudgeTraits {
    /// Calls.
    pub calls: At<u32>,
    /// Within so many seconds; none: at any time.
    pub within_s: Option<u32>,
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
