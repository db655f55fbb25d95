//! What only some kinds of endpoints have: e-mails that come too fast switch their subscription off, notifications grow too
//! old for a phone, a phone is no longer known, a delivery stream throttles, a queue refuses too many raw attributes.

use super::Cx;
use super::failure::{Failure, Refusal};
use super::schedule::Schedule;
use crate::components::binomial::binomial;
use crate::components::limits::CallsPerSecond;
use crate::engine::random::mix;
use crate::engine::{MsgId, SimDuration, SimTime};
use crate::facts::sns::endpoints;
use crate::metrics::CounterId;
use crate::traffic::Contents;
use std::sync::Arc;

/// What a draw is for.
const TOKENS: u64 = 3 << 32;

/// What only one kind of endpoint has.
#[derive(Debug, Clone)]
pub(super) enum Special {
    /// A mailbox.
    Email(Mailbox),
    /// Apps on phones.
    Push(Devices),
    /// A delivery stream: the waits after it throttled.
    Stream(Arc<Schedule>),
    /// A queue by raw delivery: what the messages of each flow say.
    Raw(Vec<Option<Arc<Contents>>>),
}

/// A mailbox whose subscription is switched off when e-mails come too fast.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    /// Messages of the last second -- state.
    pub recent: CallsPerSecond,
    /// How long its owner takes to confirm once more, if ever -- parameter.
    pub confirms_again: Option<SimDuration>,
    /// Until when it is switched off, if it is -- state.
    pub off_until: Option<SimTime>,
    /// Counts subscriptions that were switched off.
    pub switched_off: CounterId,
}

/// Apps on phones.
#[derive(Debug, Clone)]
pub(super) struct Devices {
    /// How old a notification may become -- parameter.
    pub time_to_live: SimDuration,
    /// The share of devices that do not have the app any more -- parameter.
    pub invalid: f64,
    /// What its draws are keyed by -- parameter.
    pub salt: u64,
    /// Whether the push service was asked, so that their endpoints are disabled -- state.
    pub disabled: bool,
    /// Counts endpoints that were disabled.
    pub endpoints_disabled: CounterId,
}

/// Why an attempt is not made, for so many of those for whom it was meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Obstacle {
    pub stopped: u32,
    pub failure: Failure,
}

impl Mailbox {
    /// Whether the subscription takes a message that is published now. The one that comes too fast switches it off, and
    /// does not reach it.
    ///
    /// Simplified: messages are counted when they are published, retries of e-mails are not.
    fn takes(&mut self, members: u32, cx: &mut Cx<'_>) -> bool {
        let now = cx.now();
        if let Some(until) = self.off_until {
            if now < until {
                return false;
            }
            self.off_until = None;
        }
        if self.recent.admit(now) {
            return true;
        }
        self.off_until = Some(self.confirms_again.map_or(SimTime::MAX, |after| now + after));
        cx.count(self.switched_off, members.into());
        false
    }
}

impl Special {
    /// Whether a subscription with so many members takes a message that is published now: a mailbox may be switched off.
    pub(super) fn takes(&mut self, members: u32, cx: &mut Cx<'_>) -> bool {
        match self {
            Self::Email(mailbox) => mailbox.takes(members, cx),
            Self::Push(_) | Self::Stream(_) | Self::Raw(_) => true,
        }
    }

    /// What stands in the way of an attempt for `many` subscribers after so many failures.
    pub(super) fn obstacle(&mut self, published: MsgId, failures: u32, many: u32, cx: &mut Cx<'_>) -> Option<Obstacle> {
        match self {
            Self::Email(_) | Self::Stream(_) => None,
            Self::Push(devices) => devices.obstacle(published, failures, many, cx),
            Self::Raw(contents) => {
                let contents = contents[usize::from(cx.flow(published))].as_ref()?;
                let (key, number) = (cx.contents(), cx.number(published));
                let present = contents.attributes.values().filter(|content| content.of(key, number).is_some());
                let too_many = present.count() > endpoints::RAW_ATTRIBUTES_MAX.value as usize;
                too_many.then_some(Obstacle { stopped: many, failure: Failure::ForGood(Refusal::ManyAttributes) })
            }
        }
    }
}

impl Devices {
    fn obstacle(&mut self, published: MsgId, failures: u32, many: u32, cx: &mut Cx<'_>) -> Option<Obstacle> {
        if cx.now().since(cx.message(published).sent) > self.time_to_live {
            return Some(Obstacle { stopped: many, failure: Failure::TooOld });
        }
        if failures > 0 || self.invalid <= 0.0 {
            // Those that are not known any more were found at the first attempt.
            return None;
        }
        // The same devices for every message, as far as it is for all of them.
        let stopped = binomial(many, self.invalid, &mut cx.draws(mix(self.salt.wrapping_add(TOKENS))));
        if !std::mem::replace(&mut self.disabled, true) {
            cx.count(self.endpoints_disabled, stopped.into());
        }
        (stopped > 0).then_some(Obstacle { stopped, failure: Failure::ForGood(Refusal::DisabledEndpoint) })
    }
}
