//! A dead-letter queue that forgets too early.

use super::Warnings;
use super::view::View;
use crate::components::Verb;
use crate::units::Duration;

/// Warns when a dead-letter queue keeps messages for no longer than the queue that they come from: in a standard queue
/// their age goes on counting from the first send.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for queue in view.nodes() {
        let graves = queue.plan.edges.iter().filter(|edge| edge.verb == Verb::DeadLetter);
        for grave in graves.filter_map(|edge| view.nodes().find(|node| node.name == edge.node())) {
            let (Some(source), Some(keeps)) = (queue.traits.retains, grave.traits.retains) else { continue };
            // That both keep the service's default is nobody's choice, and four days are long in a simulation.
            let Some(written) = grave.traits.keeps.or(queue.traits.keeps) else { continue };
            if grave.plan.is_fifo || keeps > source {
                continue;
            }
            let message = format!(
                "`{}` keeps a dead letter of `{}` until it is {} old, counted from its first send",
                grave.name,
                queue.name,
                Duration::from(keeps)
            );
            warnings
                .warn(written.span, message)
                .note(format!("in `{}` it may have become {} old before", queue.name, Duration::from(source)))
                .hint(format!("let `{}` keep messages for longer than `{}`", grave.name, queue.name));
        }
    }
}
