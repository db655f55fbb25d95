//! The archive of a FIFO topic: what was published is kept for some days, and a subscription can be given it again.
//!
//! Simplified: a message is kept in memory only as long as a replay of the scenario is to come, and all that a replay
//! finds sets out at once, in its old order.

use super::{Cx, Sns};
use crate::engine::{Ending, MsgId, SimDuration, SimTime};
use crate::metrics::CounterId;
use std::collections::VecDeque;

/// A replay that a subscription asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replay {
    /// When it asks.
    pub at: SimTime,
    /// The time of the first message that it wants.
    pub from: SimTime,
    /// The time up to which it wants them; `None`: it goes over into what is published from then on.
    pub until: Option<SimTime>,
}

/// What a FIFO topic keeps.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    /// How long it is kept -- parameter.
    pub retention: SimDuration,
    /// After this nobody asks any more -- parameter.
    pub last_replay: SimTime,
    /// What is kept -- state.
    pub kept: VecDeque<Kept>,
    /// Counts messages that were given once more.
    pub replayed: CounterId,
}

/// A message that is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    msg: MsgId,
    published: SimTime,
    /// Nobody was subscribed when it was published: it is still the topic's.
    unsent: bool,
}

impl Replay {
    /// Whether the subscription gets what is published at `now` as it comes.
    pub(super) fn takes_live(self, now: SimTime) -> bool {
        now < self.at || self.until.is_none_or(|until| now < until)
    }

    fn wants(self, published: SimTime) -> bool {
        self.from <= published && published < self.until.map_or(self.at, |until| until.min(self.at))
    }
}

impl Archive {
    /// Keeps a message if a replay can still ask for it. Whether it does.
    pub(super) fn keep(&mut self, msg: MsgId, unsent: bool, cx: &mut Cx<'_>) -> bool {
        let published = cx.now();
        if published >= self.last_replay {
            return false;
        }
        cx.hold(msg);
        self.kept.push_back(Kept { msg, published, unsent });
        true
    }
}

impl Sns {
    /// A subscription asks for the archive.
    pub(super) fn replay(&mut self, subscription: u32, cx: &mut Cx<'_>) {
        let Some(replay) = self.subscriptions[subscription as usize].replay else { return };
        let Some(archive) = self.fifo.as_mut().and_then(|fifo| fifo.archive.as_mut()) else { return };
        let (retention, replayed) = (archive.retention, archive.replayed);
        let last = cx.now() >= archive.last_replay;
        let mut kept = std::mem::take(&mut archive.kept);
        for entry in &mut kept {
            let wanted = replay.wants(entry.published) && entry.published + retention > cx.now();
            if !wanted || self.wanted(subscription, entry.msg, cx) == 0 {
                continue;
            }
            let msg = if std::mem::take(&mut entry.unsent) { entry.msg } else { self.copy_of(entry.msg, cx) };
            cx.count(replayed, 1);
            let now = cx.now();
            let message = cx.message_mut(msg);
            message.tag = 1;
            message.sent = now;
            self.notify(msg, subscription, 1, cx);
        }
        cx.set(self.metrics.undelivered, self.undelivered);
        if !last {
            if let Some(archive) = self.fifo.as_mut().and_then(|fifo| fifo.archive.as_mut()) {
                archive.kept = kept;
            }
            return;
        }
        for Kept { msg, unsent, .. } in kept {
            if unsent {
                self.open -= 1;
                cx.count(self.metrics.lost, 1);
                cx.retire(msg, Ending::Lost(self.losses.no_subscription));
            }
            cx.release(msg);
        }
    }

    /// A further copy of an archived message, for the subscription that asked.
    fn copy_of(&mut self, archived: MsgId, cx: &mut Cx<'_>) -> MsgId {
        self.open += 1;
        cx.branch(archived)
    }
}
