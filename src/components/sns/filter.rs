//! Which messages a subscription wants.
//!
//! Simplified: messages have no attributes. A policy on attributes is written as what it comes to: the share of the
//! messages that it lets through, or the keys whose messages it lets through (an attribute that says who or what a
//! message is about). Each subscription's share is a draw of its own.

use super::Cx;
use crate::engine::MsgId;
use crate::engine::random::mix;
use crate::traffic::Keys;
use std::collections::BTreeSet;

/// A filter policy, resolved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    /// The share of messages that it lets through.
    pub share: f64,
    /// For each flow the keys whose messages it lets through, in rising order; `None`: of all keys.
    pub keys: Option<Vec<Vec<u32>>>,
}

impl Filter {
    /// For each flow, the numbers of its keys with these texts (a flow without keys has none of them); and the texts
    /// that no flow has. One look at each key.
    pub(super) fn keys_of<'t>(texts: &BTreeSet<&'t str>, flows: &[Option<Keys>]) -> (Vec<Vec<u32>>, BTreeSet<&'t str>) {
        let mut unknown = texts.clone();
        let mut of_flow = |keys: &Keys| {
            let mut numbers = Vec::new();
            for key in 0..keys.count() {
                let text = keys.text(key);
                if texts.contains(text.as_str()) {
                    unknown.remove(text.as_str());
                    numbers.push(key);
                }
            }
            numbers
        };
        let numbers = flows.iter().map(|keys| keys.as_ref().map(&mut of_flow).unwrap_or_default()).collect();
        (numbers, unknown)
    }

    /// Whether the subscription with this `salt` wants `msg`: the same for the same job whenever it is asked.
    pub(super) fn matches(&self, msg: MsgId, salt: u64, cx: &Cx<'_>) -> bool {
        let (flow, key) = (usize::from(cx.flow(msg)), cx.message(msg).key);
        let wanted = |flows: &Vec<Vec<u32>>| flows.get(flow).is_some_and(|keys| keys.binary_search(&key).is_ok());
        self.keys.as_ref().is_none_or(wanted)
            && (self.share >= 1.0 || cx.draws(cx.number(msg) ^ mix(salt)).uniform() < self.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_looked_for_in_every_flow() {
        let flows = [
            Some(Keys::distinct(10, 0.0, "a-")),
            None,
            Some(Keys::constant("all")),
            Some(Keys::distinct(3, 1.0, "a-")),
        ];
        let (numbers, unknown) = Filter::keys_of(&BTreeSet::from(["a-7", "a-1", "all", "b-1"]), &flows);
        assert_eq!(numbers, [vec![1, 7], vec![], vec![0], vec![1]]);
        assert_eq!(unknown, BTreeSet::from(["b-1"]));
    }
}
