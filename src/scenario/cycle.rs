//! Circles in a design: a job that comes back to where it has been would go round for ever.

use crate::components::{Edge, Plan, PlannedNode, Verb};
use crate::diagnostic::{Diagnostics, Span};

/// A step of a job from one place to another: nodes, or the parts of a broker.
pub(super) struct Step<'p> {
    pub from: &'p str,
    pub to: &'p str,
    /// The edge that it goes along.
    pub verb: Verb,
    span: Span,
}

/// Whether no job can go round for ever; the edge that closes a circle is told if it can. The way into a dead-letter queue
/// is no part of a circle, because messages that did not fail do not take it; two queues that leave their dead letters to
/// each other are one. A function or a topic to which a function passes what it gives up hands it straight on, so that
/// this is a step like any other.
pub(super) fn check(plan: &Plan, found: &mut Diagnostics) -> bool {
    let aside = |edge: &Edge| puts_aside(edge, &plan.nodes);
    none(&steps(plan, |edge| !aside(edge)), found) & none(&steps(plan, aside), found)
}

/// Whether the edge leads into a queue that keeps what has failed.
pub(super) fn puts_aside(edge: &Edge, nodes: &[PlannedNode]) -> bool {
    let is_queue = |node: &PlannedNode| node.name == edge.node() && node.kind == "sqs";
    match edge.verb {
        Verb::DeadLetter => true,
        Verb::OnFailure => nodes.iter().any(is_queue),
        _ => false,
    }
}

/// The steps along the edges that are wanted, in the order of the text.
pub(super) fn steps(plan: &Plan, wanted: impl Fn(&Edge) -> bool) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for node in &plan.nodes {
        for edge in node.edges.iter().filter(|edge| wanted(edge)) {
            let (here, there) = (node.name.as_str(), edge.to.value.as_str());
            let (from, to) = match edge.verb {
                Verb::Polls | Verb::Reads | Verb::Consumes => (there, here),
                _ => (here, there),
            };
            steps.push(Step { from, to, verb: edge.verb, span: edge.to.span });
        }
    }
    steps
}

fn none(steps: &[Step<'_>], found: &mut Diagnostics) -> bool {
    let Some(circle) = steps.iter().find_map(|step| circle(step, steps)) else { return true };
    let closing = circle.iter().max_by_key(|step| step.span.start).expect("a circle has a step");
    let mut way: Vec<String> = circle.iter().map(|step| format!("`{}`", step.from)).collect();
    way.push(way[0].clone());
    found
        .error(closing.span, "S027", "jobs would go round for ever")
        .label("this closes the circle")
        .note(format!("the way round: {}", way.join(", then ")))
        .hint("let one of them hand over to a node that is not on the way");
    false
}

/// The shortest way that begins with `first` and ends where it begins.
fn circle<'s, 'p>(first: &'s Step<'p>, steps: &'s [Step<'p>]) -> Option<Vec<&'s Step<'p>>> {
    let mut ways: Vec<Vec<&Step<'_>>> = vec![vec![first]];
    let mut seen = vec![first.to];
    let mut next = 0;
    while let Some(way) = ways.get(next).cloned() {
        next += 1;
        let at = way[way.len() - 1].to;
        if at == first.from {
            return Some(way);
        }
        for step in steps.iter().filter(|step| step.from == at) {
            if step.to == first.from || !seen.contains(&step.to) {
                seen.push(step.to);
                ways.push(way.iter().copied().chain([step]).collect());
            }
        }
    }
    None
}
