//! What makes two messages the same for whoever drops what came lately: a FIFO queue, and a FIFO topic.
//!
//! A deduplication id that the sender gives counts. Without one the content of the body counts, if the queue or topic is
//! told so, and no attribute. A job has no body that could be compared, so the scenario says what its body tells: which job
//! it is, which key it has, or always the same.

use super::ids::Deduplication;
use super::spec::{BodySpec, IdSpec};
use crate::diagnostic::Span;
use crate::engine::random::mix;
use crate::engine::{SimDuration, SimTime};
use crate::site::{At, Site};

/// What makes two messages the same -- parameter.
#[derive(Debug, Clone, Copy)]
pub(in crate::components) struct Identity {
    /// What their ids, or their bodies, say.
    pub says: Says,
    /// Whether messages of different groups are never the same.
    pub by_group: bool,
}

/// What the deduplication id of a message says, or its body if that is what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::components) enum Says {
    /// Which job it is.
    Job,
    /// Which key it has; of a job without one, which job it is.
    Key,
    /// Always the same.
    Nothing,
}

impl Identity {
    /// The same for messages that are the same; `number` is that of the job.
    pub(in crate::components) fn of(self, number: u64, group: u32) -> u64 {
        let said = match self.says {
            Says::Key if group > 0 => u64::from(group),
            Says::Nothing => 0,
            Says::Job | Says::Key => mix(number),
        };
        if self.by_group { said ^ mix(u64::from(group) | 1 << 32) } else { said }
    }
}

/// What came lately.
#[derive(Debug, Clone)]
pub(in crate::components) struct Lately {
    /// What makes them the same -- parameter.
    pub identity: Identity,
    /// Ids, or what stands for them, that came within the interval -- state.
    ids: Deduplication,
    /// Jobs that came within it, where ids are not those of jobs: what tells a message that is sent again from one of
    /// another job -- state.
    jobs: Option<Deduplication>,
}

/// A message is the same as one that came lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::components) enum Repeat {
    /// One of its own job: what is sent again.
    OfItself,
    /// One of another job only: nobody will ever work for this one.
    OfAnother,
}

impl Repeat {
    /// The loss of a job whose message is taken for one of another job: it is taken in, and nobody is told.
    pub(in crate::components) const LOSS: &str = "taken for a duplicate of another job";
}

impl Lately {
    /// Nothing came yet; it counts for `interval`.
    pub(in crate::components) fn new(identity: Identity, interval: SimDuration) -> Self {
        let ids = Deduplication::new(interval);
        let jobs = (identity.says != Says::Job).then(|| ids.clone());
        Self { identity, ids, jobs }
    }

    /// Whether a message of the job with this number and of this group repeats one; if not, it counts as come now.
    pub(in crate::components) fn repeat(&mut self, number: u64, group: u32, now: SimTime) -> Option<Repeat> {
        let is_new = self.jobs.as_mut().is_some_and(|jobs| !jobs.is_duplicate(number, now));
        let repeat = if is_new { Repeat::OfAnother } else { Repeat::OfItself };
        self.ids.is_duplicate(self.identity.of(number, group), now).then_some(repeat)
    }
}

/// What a scenario says about it.
#[derive(Debug, Clone, Copy)]
pub(in crate::components) struct IdentitySpec {
    /// Whether messages without a deduplication id are told apart by what their bodies say.
    pub by_content: Option<At<bool>>,
    /// What senders write as deduplication id.
    pub id: Option<At<IdSpec>>,
    /// What the body of a message says.
    pub body: Option<At<BodySpec>>,
}

impl IdentitySpec {
    /// The keys, and where each is written, if it is.
    pub(in crate::components) fn keys(&self) -> [(&'static str, Option<Span>); 3] {
        [
            ("content_based_deduplication", self.by_content.map(|at| at.span)),
            ("deduplication_id", self.id.map(|at| at.span)),
            ("message_body", self.body.map(|at| at.span)),
        ]
    }

    /// What tells messages apart that are for `whom`, a FIFO queue or a FIFO topic.
    pub(in crate::components) fn says(self, whom: &str, s: &mut Site<'_>) -> Says {
        let why = "senders give each message an id";
        let by_content = s.or_default("content_based_deduplication", self.by_content, false, why);
        let (id, why) = if by_content {
            (IdSpec::None, "the bodies tell messages apart")
        } else {
            (IdSpec::Job, "what is sent again has the same id")
        };
        let id = s.or_default("deduplication_id", self.id, id, why);
        if let Some(at) = self.id.filter(|_| id == IdSpec::None && !by_content) {
            let message = format!("a message for {whom} needs a deduplication id: without one the send fails");
            s.error(at.span, "S032", message)
                .hint("write `content_based_deduplication = true`, or leave `deduplication_id` out");
        }
        let body = if id == IdSpec::None {
            s.or_default("message_body", self.body, BodySpec::Job, "each job says something else")
        } else {
            if let Some(at) = self.body {
                s.error(at.span, "S032", "`message_body` has no effect: senders give each message an id")
                    .hint("write `content_based_deduplication = true`, and no `deduplication_id`");
            }
            BodySpec::Job
        };
        match (id, body) {
            (IdSpec::Job, _) | (IdSpec::None, BodySpec::Job) => Says::Job,
            (IdSpec::None, BodySpec::Key) => Says::Key,
            (IdSpec::None, BodySpec::Same) => Says::Nothing,
        }
    }
}
