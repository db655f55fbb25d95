//! Which messages a subscription wants: by a share, by the key, or by a policy on attributes or body.
//!
//! A share is for who does not want to say what the messages carry: it is what a policy comes to. Each subscriber's
//! share is a draw of its own. A policy looks at what the traffic says about its messages (`attributes`, `body`).

use super::Cx;
use super::filter_policy::Rules;
use crate::components::binomial::binomial;
use crate::engine::random::mix;
use crate::engine::{MsgId, SimTime};
use crate::metrics::CounterId;
use crate::traffic::{Contents, Keys};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A filter policy, resolved.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    /// The share of messages that it lets through.
    pub share: f64,
    /// For each flow the keys whose messages it lets through, in rising order; `None`: of all keys.
    pub keys: Option<Vec<Vec<u32>>>,
    /// What it demands of the messages; `None`: nothing.
    pub policy: Option<Policy>,
}

/// What a filter demands of attributes or body.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// The demands.
    pub rules: Rules,
    /// Counts the bytes that are looked through, if it is the body.
    pub scanned: Option<CounterId>,
    /// What the messages of each flow say.
    pub contents: Vec<Option<Arc<Contents>>>,
}

/// Another filter of a subscription.
#[derive(Debug, Clone)]
pub(super) struct FilterChange {
    /// From when on it holds.
    pub felt: SimTime,
    /// What it is; `None`: everything is wanted.
    pub filter: Option<Arc<Filter>>,
}

impl Policy {
    fn matches(&self, msg: MsgId, cx: &Cx<'_>) -> bool {
        let contents = self.contents[usize::from(cx.flow(msg))].as_deref();
        let fields =
            contents.map(|contents| if self.scanned.is_some() { &contents.body } else { &contents.attributes });
        self.rules.match_fields(fields, cx.contents(), cx.number(msg))
    }
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

    /// What counts the bytes that it looks through, if it looks into the body.
    pub(super) fn scans(&self) -> Option<CounterId> {
        self.policy.as_ref().and_then(|policy| policy.scanned)
    }

    /// How many of so many members of the subscription with this `salt` want `msg`: the same for the same job whenever it
    /// is asked.
    pub(super) fn wanted(&self, msg: MsgId, members: u32, salt: u64, cx: &Cx<'_>) -> u32 {
        let (flow, key) = (usize::from(cx.flow(msg)), cx.message(msg).key);
        let wanted = |flows: &Vec<Vec<u32>>| flows.get(flow).is_some_and(|keys| keys.binary_search(&key).is_ok());
        let fits =
            self.keys.as_ref().is_none_or(wanted) && self.policy.as_ref().is_none_or(|policy| policy.matches(msg, cx));
        match fits {
            false => 0,
            true if self.share >= 1.0 => members,
            true => binomial(members, self.share, &mut cx.draws(cx.number(msg) ^ mix(salt))),
        }
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
