//! The account that all nodes of a pipeline belong to, and what they share because of it: the concurrency that functions
//! have not reserved, the requests a second that go with it, the messages that topics may publish in a Region, the text
//! messages that it has sent and paid for, and how often a message was received that has come back from a dead-letter
//! queue.
//!
//! ```text
//!  account_concurrency (1,000) ─┬─ reserved by a function: its own, and its ceiling
//!                               └─ the rest: whoever comes first, whichever function it is
//! ```
//! Of each part ten times as many requests a second are taken (`lambda.requests_per_concurrency`).
//!
//! Another design of the same scenario is another account: nothing that one does is felt by the others.

use super::limits::{LastSecond, ThisSecond};
use super::texts_sent::TextsSent;
use super::{NodeSite, PlannedNode};
use crate::engine::{MsgId, MsgRef, SimTime};
use crate::facts::lambda;
use crate::site::At;
use std::collections::BTreeMap;

/// What a node says about its account, before anything is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The Region in which a topic publishes.
    pub region: Option<String>,
    /// What a function says of concurrency.
    pub function: Option<FunctionClaims>,
    /// The subscriptions of a topic.
    pub subscriptions: SubscriptionClaims,
}

/// What a topic needs of what an account has for subscriptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubscriptionClaims {
    /// Those that wait for a while to be confirmed.
    pub pending: u32,
    /// Those with a filter.
    pub filters: u32,
}

/// What a function says of the concurrency of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionClaims {
    /// What the account has.
    pub account: u32,
    /// What of it is for this function alone.
    pub reserved: u32,
}

/// A Region in which topics of the pipeline publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RegionId(u16);

/// What is in use of the account -- state.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Requests that functions without reserved concurrency work on.
    executions: u32,
    /// Requests to these functions in this second.
    requests: ThisSecond,
    /// Messages published in the last second, by Region.
    published: Vec<LastSecond>,
    /// Text messages sent by all its nodes.
    pub(super) texts: TextsSent,
    /// How often messages had been received before they were sent back, by slot. What has ended since stays until its
    /// slot is sent back again: there are never more of them than slots.
    former_receives: BTreeMap<MsgId, (MsgRef, u16)>,
}

impl Account {
    /// A dead letter that was received so often is sent back as a new message. Its receipts go on, so that none of its
    /// former life fits one of the new; what is shown of its receives begins anew.
    pub(super) fn sent_back(&mut self, msg: MsgRef, receives: u16) {
        self.former_receives.insert(msg.id, (msg, receives));
    }

    /// How often the message had been received before it was sent back, if it was.
    pub(super) fn former_receives(&self, msg: MsgRef) -> u16 {
        let former = self.former_receives.get(&msg.id).filter(|(known, _)| *known == msg);
        former.map_or(0, |&(_, receives)| receives)
    }

    /// Requests that functions without reserved concurrency work on, all together.
    pub(super) const fn executions(&self) -> u32 {
        self.executions
    }

    /// A function without reserved concurrency begins with a request.
    pub(super) const fn begin_execution(&mut self) {
        self.executions += 1;
    }

    /// It has ended.
    pub(super) const fn end_execution(&mut self) {
        self.executions -= 1;
    }

    /// Whether one more request may be made to the functions without reserved concurrency, of which `limit` a second are
    /// allowed; if so, it counts.
    #[inline]
    pub(super) fn request(&mut self, limit: f64, now: SimTime) -> bool {
        self.requests.admit(limit, now)
    }

    /// Whether one more message may be published in a Region where `limit` a second are allowed; if so, it counts.
    pub(super) fn publish(&mut self, region: RegionId, limit: u64, now: SimTime) -> bool {
        let region = usize::from(region.0);
        if region >= self.published.len() {
            self.published.resize_with(region + 1, LastSecond::default);
        }
        let published = &mut self.published[region];
        let free = published.has(1, limit, now);
        if free {
            published.take(1, now);
        }
        free
    }
}

impl NodeSite<'_, '_> {
    /// The Region of this topic: the same for all topics that name it.
    pub(super) fn region(&self) -> RegionId {
        let own = &self.plan.nodes[self.node.index()].claims.region;
        let first = self.plan.nodes.iter().position(|node| node.claims.region == *own);
        RegionId(first.and_then(|first| u16::try_from(first).ok()).unwrap_or(self.node.0))
    }

    /// What of the account's concurrency no function of the pipeline has reserved. `account` and `reserved` are what this
    /// one says; an error if another says something else of the account, or if they reserve too much together.
    pub(super) fn unreserved(&mut self, account: Option<&At<u32>>, reserved: Option<&At<u32>>) -> u32 {
        let functions = |node: &PlannedNode| node.claims.function;
        let Some(own) = functions(&self.plan.nodes[self.node.index()]) else { return 0 };
        let (before, most) = (
            &self.plan.nodes[..self.node.index()],
            own.account.saturating_sub(lambda::UNRESERVED_CONCURRENCY_MIN.value),
        );
        let other = before.iter().find(|node| functions(node).is_some_and(|other| other.account != own.account));
        if let Some(other) = other {
            let says = functions(other).map_or(0, |other| other.account);
            let at = self.placed(account, own.account);
            self.site
                .error(at.span, "S035", format!("the account has a concurrency of {} here", own.account))
                .note(format!("`{}` says {says}, and all functions of a pipeline belong to one account", other.name))
                .hint("write the same `account_concurrency` for all of them");
        }
        let sum = |nodes: &[PlannedNode]| {
            nodes.iter().filter_map(functions).fold(0, |sum: u32, function| sum.saturating_add(function.reserved))
        };
        let (earlier, all) = (sum(before), sum(&self.plan.nodes));
        if let Some(at) =
            reserved.filter(|at| at.value <= most && earlier <= most && earlier.saturating_add(at.value) > most)
        {
            self.site
                .error(at.span, "S030", format!("the functions of this account reserve more than {most} together"))
                .label(format!("with this one {}", earlier.saturating_add(at.value)))
                .note(lambda::UNRESERVED_CONCURRENCY_MIN.note)
                .hint("reserve less, or have the account's concurrency raised: `account_concurrency`");
        }
        own.account.saturating_sub(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimDuration;

    #[test]
    fn topics_of_a_region_share_its_second_and_others_have_their_own() {
        let mut account = Account::default();
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        let (near, far) = (RegionId(0), RegionId(2));
        let published = [(near, 0), (near, 1), (near, 999), (far, 999), (near, 1000)];
        let admitted = published.map(|(region, millis)| account.publish(region, 2, at(millis)));
        assert_eq!(admitted, [true, true, false, true, true]);
        // Who may publish more still has room.
        assert!(account.publish(near, 3, at(1001)) && account.publish(near, 3, at(1002)));
        assert!(!account.publish(near, 3, at(1003)));
    }
}
