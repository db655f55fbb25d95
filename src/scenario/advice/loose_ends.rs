//! Two ends that do not meet: messages that nobody fetches, and somebody who fetches where nothing comes.

use super::Warnings;
use super::view::{Node, View};

/// Warns of a queue or stream from which nobody fetches what comes to it, and of one to which nothing comes although
/// somebody fetches from it. What fails elsewhere may come to a dead-letter queue, and may be left there.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    if warnings.found.has_errors() {
        // The other end may be there, and have a mistake.
        return;
    }
    let keeps = |node: &Node<'_>| node.traits.retains.is_some() && !view.takes_dead_letters(*node);
    for store in view.nodes().filter(keeps) {
        let comes = view.jobs(store).any(|(_, jobs)| jobs > 0.0);
        let takers: Vec<_> = view.takers(store).map(|taker| format!("`{}`", taker.name)).collect();
        if comes && takers.is_empty() {
            warnings
                .warn(store.traits.span, format!("nobody fetches from `{}`", store.name))
                .note("what comes to it stays until it is too old: none of it is ever done")
                .hint(format!("let workers or a function fetch from it: `polls = \"{}\"`, or `reads`", store.name));
        } else if !comes && !takers.is_empty() {
            warnings
                .warn(store.traits.span, format!("nothing comes to `{}`", store.name))
                .note(format!("{} fetches from it and will never find anything", takers.join(" or ")))
                .hint(format!("let it be entered by a flow (`from`), or send to it: `sends = \"{}\"`", store.name));
        }
    }
}
