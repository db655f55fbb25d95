//! A redrive where there are no dead letters.

use super::Warnings;
use super::view::View;
use crate::scenario::FaultKind;

/// Warns of a redrive of a queue into which no other queue puts its dead letters: the service refuses it, or finds nothing
/// that it could send back.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fault in view.case.faults.iter().filter(|fault| matches!(fault.kind, FaultKind::Redrive { .. })) {
        let here = |node: &str| fault.nodes.iter().any(|(name, hit)| *name == view.pipeline.name && hit == node);
        for queue in view.nodes().filter(|node| here(node.name) && !view.buries_for_queues(*node)) {
            let buried = view.nodes().find(|node| view.buries_for_queues(*node)).map(|node| node.name);
            let warning = warnings
                .warn(fault.span, format!("there are no dead letters in `{}` that could be sent back", queue.name))
                .note("a redrive moves messages from a dead-letter queue to the queue that put them aside there")
                .hint(match buried {
                    Some(name) => format!("redrive the dead-letter queue: `node = \"{}.{name}\"`", view.pipeline.name),
                    None => "give a queue a `dead_letter = { queue = \"failed\" }`, and redrive `failed`".to_owned(),
                });
            if view.buries(queue) {
                warning.note("what a topic or a function puts aside there came from no queue: it cannot be sent back");
            }
        }
    }
}
