//! Two ends that do not meet: messages that nobody fetches, and somebody who has nothing to do because nothing comes.

use super::Warnings;
use super::view::{Node, View};

/// Warns of a queue or stream from which nobody fetches what comes to it, and of one to which nothing comes although
/// somebody fetches from it. What fails elsewhere may come to a dead-letter queue, and may be left there.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    if warnings.found.has_errors() {
        // The other end may be there, and have a mistake.
        return;
    }
    unused(view, warnings);
    let keeps = |node: &Node<'_>| node.traits.retains.is_some() && !view.takes_dead_letters(*node);
    for store in view.nodes().filter(keeps) {
        if view.is_apart(store) {
            continue;
        }
        let comes = view.jobs(store).any(|(_, jobs)| jobs > 0.0);
        let takers: Vec<_> = view.takers(store).map(|taker| format!("`{}`", taker.name)).collect();
        if comes && takers.is_empty() {
            warnings
                .warn(store.traits.span, format!("nobody fetches from `{}`", store.name))
                .note("what comes to it stays until it is too old: none of it is ever done")
                .hint(format!("let workers or a function fetch from it: `polls = \"{}\"`, or `reads`", store.name));
        }
    }
}

/// Warns of what no flow enters and nobody hands anything to: it is drawn, and does nothing. What comes after it has
/// nothing to do either, and is not told: the first is where something is missing.
fn unused(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for node in view.nodes().filter(|node| view.is_apart(*node)) {
        let takers: Vec<_> = view.takers(node).map(|taker| format!("`{}`", taker.name)).collect();
        let is_sent_to = node.traits.retains.is_some() || !node.traits.pushes.is_empty();
        let verb = if is_sent_to { "sends" } else { "calls" };
        let note = match takers.as_slice() {
            [] => format!("no flow enters it, and no other node names it: `{}` does nothing in this design", node.name),
            takers => format!("{} fetches from it and will never find anything", takers.join(" or ")),
        };
        warnings.warn(node.traits.span, format!("nothing comes to `{}`", node.name)).note(note).hint(format!(
            "let a flow enter it (`from`), or another node hand over to it, as with `{verb} = \"{}\"`, or leave it out",
            node.name
        ));
    }
}
