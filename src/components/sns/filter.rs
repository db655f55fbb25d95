//! Which messages a subscription wants.
//!
//! Simplified: messages have no attributes. A policy on attributes is written as what it comes to: the share of the
//! messages that it lets through, or the keys whose messages it lets through (an attribute that says who or what a
//! message is about). Each subscription's share is a draw of its own.

use super::Cx;
use crate::engine::MsgId;
use crate::engine::random::mix;

/// A filter policy, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The share of messages that it lets through.
    pub share: f64,
    /// The keys whose messages it lets through, in rising order; `None`: of all keys.
    pub keys: Option<Vec<u32>>,
}

impl Filter {
    /// Whether the subscription with this `salt` wants `msg`: the same for the same job whenever it is asked.
    pub fn matches(&self, msg: MsgId, salt: u64, cx: &Cx<'_>) -> bool {
        let key = cx.message(msg).key;
        let wanted = self.keys.as_ref().is_none_or(|keys| keys.binary_search(&key).is_ok());
        wanted && (self.share >= 1.0 || cx.draws(cx.number(msg) ^ mix(salt)).uniform() < self.share)
    }
}
