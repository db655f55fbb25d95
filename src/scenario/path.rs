//! The way of a job through a design, in a line: `web → jobs (sqs) ← encoders`.
//!
//! The arrow says who acts, because that is the lesson: `⇄` waits for an answer, `→` hands over, `←` pulls. What only
//! sees failures, a dead-letter queue, is not on the way.

use super::cycle::puts_aside;
use crate::components::{PlannedNode, Verb};
use crate::engine::NodeId;
use std::collections::BTreeSet;

/// The way from the nodes at which traffic enters.
pub(super) fn path(nodes: &[PlannedNode], entries: impl Iterator<Item = NodeId>) -> String {
    let mut way = Way { nodes, seen: BTreeSet::new() };
    let mut starts = Vec::new();
    for entry in entries.map(NodeId::index) {
        if !way.seen.contains(&entry) {
            starts.push(way.from(entry));
        }
    }
    starts.join("; ")
}

struct Way<'n> {
    nodes: &'n [PlannedNode],
    seen: BTreeSet<usize>,
}

impl Way<'_> {
    /// This node and everything behind it that was not shown yet.
    fn from(&mut self, index: usize) -> String {
        let node = &self.nodes[index];
        let mut text = match node.kind {
            "service" | "workers" => node.name.clone(),
            kind if kind == node.name => kind.to_owned(),
            kind => format!("{} ({kind})", node.name),
        };
        if !self.seen.insert(index) {
            return text;
        }
        let mut branches: Vec<(&str, Vec<String>)> = Vec::new();
        for (arrow, next) in self.next(index) {
            let branch = self.from(next);
            match branches.last_mut() {
                Some((last, group)) if *last == arrow => group.push(branch),
                _ => branches.push((arrow, vec![branch])),
            }
        }
        let told: Vec<String> = branches
            .into_iter()
            .map(|(arrow, group)| match group.as_slice() {
                [only] => format!("{arrow} {only}"),
                _ => format!("{arrow} {{{}}}", group.join(", ")),
            })
            .collect();
        if !told.is_empty() {
            text.push(' ');
            text.push_str(&told.join(" and "));
        }
        text
    }

    /// Where a message goes from this node, and how.
    fn next(&self, index: usize) -> Vec<(&'static str, usize)> {
        let place = |name: &str| self.nodes.iter().position(|node| node.name == name);
        let mut next = Vec::new();
        for edge in self.nodes[index].edges.iter().filter(|edge| !puts_aside(edge, self.nodes)) {
            let arrow = match edge.verb {
                Verb::Calls | Verb::Targets => "⇄",
                Verb::Sends | Verb::Subscribers | Verb::OnSuccess | Verb::OnFailure => "→",
                Verb::From | Verb::Polls | Verb::Reads | Verb::Consumes | Verb::DeadLetter => continue,
            };
            next.extend(place(edge.node()).map(|to| (arrow, to)));
        }
        for (reader, node) in self.nodes.iter().enumerate() {
            for edge in node.edges.iter().filter(|edge| place(edge.node()) == Some(index)) {
                match edge.verb {
                    Verb::Polls | Verb::Reads => next.push(("←", reader)),
                    Verb::Consumes => next.push(("→", reader)),
                    Verb::From
                    | Verb::Calls
                    | Verb::Targets
                    | Verb::Sends
                    | Verb::Subscribers
                    | Verb::DeadLetter
                    | Verb::OnSuccess
                    | Verb::OnFailure => {}
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::Edge;
    use crate::diagnostic::Span;
    use crate::site::At;

    fn node(name: &str, kind: &'static str, edges: &[(Verb, &str)]) -> PlannedNode {
        let edge = |&(verb, to): &(Verb, &str)| Edge::new(verb, At::new(to.to_owned(), Span::default()));
        PlannedNode { name: name.to_owned(), kind, edges: edges.iter().map(edge).collect(), ..PlannedNode::default() }
    }

    fn told(nodes: &[PlannedNode]) -> String {
        path(nodes, [NodeId(0)].into_iter())
    }

    #[test]
    fn the_arrow_says_who_acts_and_dead_letters_are_not_on_the_way() {
        let nodes = [
            node("web", "service", &[(Verb::Sends, "jobs")]),
            node("jobs", "sqs", &[(Verb::DeadLetter, "failed")]),
            node("failed", "sqs", &[]),
            node("encoders", "workers", &[(Verb::Polls, "jobs"), (Verb::Calls, "database")]),
            node("database", "service", &[]),
        ];
        assert_eq!(told(&nodes), "web → jobs (sqs) ← encoders ⇄ database");
    }

    #[test]
    fn a_function_or_a_topic_that_gets_what_was_given_up_is_on_the_way() {
        let nodes = [
            node("first", "lambda", &[(Verb::OnSuccess, "done"), (Verb::OnFailure, "second")]),
            node("done", "sqs", &[]),
            node("second", "lambda", &[(Verb::OnFailure, "alarms")]),
            node("alarms", "sns", &[(Verb::Subscribers, "third"), (Verb::Subscribers, "kept")]),
            node("third", "lambda", &[(Verb::OnFailure, "failed")]),
            node("failed", "sqs", &[]),
            node("kept", "sqs", &[]),
            node("crew", "workers", &[(Verb::Polls, "kept")]),
            node("undertakers", "workers", &[(Verb::Polls, "failed")]),
        ];
        let after = "second (lambda) → alarms (sns) → {third (lambda), kept (sqs) ← crew}";
        assert_eq!(told(&nodes), format!("first (lambda) → {{done (sqs), {after}}}"));
    }

    #[test]
    fn branches_stand_in_braces_and_a_broker_pushes() {
        let nodes = [
            node("orders", "sns", &[(Verb::Subscribers, "billing"), (Verb::Subscribers, "mail")]),
            node("billing", "mq", &[]),
            node("mail", "http", &[]),
            node("clerks", "workers", &[(Verb::Consumes, "billing.invoices")]),
        ];
        assert_eq!(told(&nodes), "orders (sns) → {billing (mq) → clerks, mail (http)}");
    }

    #[test]
    fn a_circle_is_walked_once() {
        let nodes = [node("a", "service", &[(Verb::Calls, "b")]), node("b", "service", &[(Verb::Calls, "a")])];
        assert_eq!(told(&nodes), "a ⇄ b ⇄ a");
    }
}
