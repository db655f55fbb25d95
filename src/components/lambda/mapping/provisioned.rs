//! Pollers that are paid for by the hour: each fetches so much, and so often, in a second.

use super::{Mapping, ProvisionedPoller};
use crate::components::limits::TokenBucket;
use crate::engine::{SimDuration, SimTime};

/// What a provisioned poller has been at.
#[derive(Debug, Clone)]
pub(super) struct Poller {
    /// When it has fetched what it fetches in the time since it began -- state.
    free_at: SimTime,
    /// Polls that it may make -- state.
    polls: TokenBucket,
}

impl Mapping {
    /// The poller of a lane, in provisioned mode.
    fn poller(&mut self, lane: u32) -> Option<(&mut Poller, ProvisionedPoller)> {
        let p = self.p.scaling.poller?;
        let place = (lane / p.lanes) as usize;
        if self.pollers.len() <= place {
            let fresh = Poller { free_at: SimTime::ZERO, polls: TokenBucket::new(p.polls, p.polls) };
            self.pollers.resize(place + 1, fresh);
        }
        Some((&mut self.pollers[place], p))
    }

    /// When the poller of a lane can poll again, if it cannot now; if it can, the poll counts.
    pub(super) fn next_poll(&mut self, lane: u32, now: SimTime) -> Option<SimTime> {
        let (poller, p) = self.poller(lane)?;
        if poller.free_at > now {
            return Some(poller.free_at);
        }
        if poller.polls.has(1.0, now) {
            poller.polls.take(1.0);
            return None;
        }
        Some(now + SimDuration::from_secs_f64(p.polls.recip()))
    }

    /// The poller of a lane has fetched a message.
    pub(super) fn fetched(&mut self, lane: u32, size: u32, now: SimTime) {
        if let Some((poller, p)) = self.poller(lane) {
            poller.free_at = poller.free_at.max(now) + SimDuration::from_secs_f64(f64::from(size) / p.bytes);
        }
    }
}
