//! How jobs end.

use crate::engine::LossKind;

/// How a job ended. Every job has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Done once, within the objective.
    DoneInTime,
    /// Done once, after the objective.
    DoneLate,
    /// Done more than once: a duplicate was worked on.
    DoneTwice,
    /// Turned away: no room, or throttled, and nobody tried again.
    Rejected,
    /// The caller gave up after its last attempt.
    TimedOut,
    /// Older than the retention of where it waited.
    Expired,
    /// Moved to a dead-letter queue and still there.
    DeadLettered,
    /// Gone: an acknowledgement too early, a crash, no subscriber.
    Lost,
    /// Still under way when the run ended.
    Unfinished,
}

impl Fate {
    /// Every fate, best first: the order of columns, bars and legends.
    pub const ALL: [Self; 9] = [
        Self::DoneInTime,
        Self::DoneLate,
        Self::DoneTwice,
        Self::Rejected,
        Self::TimedOut,
        Self::Expired,
        Self::DeadLettered,
        Self::Lost,
        Self::Unfinished,
    ];

    /// Column name: `done_in_time`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DoneInTime => "done_in_time",
            Self::DoneLate => "done_late",
            Self::DoneTwice => "done_twice",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed_out",
            Self::Expired => "expired",
            Self::DeadLettered => "dead_lettered",
            Self::Lost => "lost",
            Self::Unfinished => "unfinished",
        }
    }

    /// What became of such a job, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::DoneInTime => "done once, within the objective",
            Self::DoneLate => "done once, after the objective",
            Self::DoneTwice => "done more than once",
            Self::Rejected => "turned away, and nobody tried again",
            Self::TimedOut => "its caller gave up after the last attempt",
            Self::Expired => "older than where it waited keeps messages",
            Self::DeadLettered => "put aside in a dead-letter queue, and still there",
            Self::Lost => "gone without a word",
            Self::Unfinished => "still under way at the end",
        }
    }

    /// Words for a person: `done in time`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DoneInTime => "done in time",
            Self::DoneLate => "done late",
            Self::DoneTwice => "done twice",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed out",
            Self::Expired => "expired",
            Self::DeadLettered => "dead-lettered",
            Self::Lost => "lost",
            Self::Unfinished => "unfinished",
        }
    }
}

impl From<LossKind> for Fate {
    fn from(kind: LossKind) -> Self {
        match kind {
            LossKind::Unfinished => Self::Unfinished,
            LossKind::TimedOut => Self::TimedOut,
            LossKind::Rejected => Self::Rejected,
            LossKind::Expired => Self::Expired,
            LossKind::DeadLettered => Self::DeadLettered,
            LossKind::Lost => Self::Lost,
        }
    }
}
