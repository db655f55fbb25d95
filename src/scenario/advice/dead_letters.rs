//! Messages that fail and are never put aside.

use super::Warnings;
use super::view::View;

/// Warns of a queue whose messages come back after a failure, again and again, with no dead-letter queue.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    if warnings.found.has_errors() {
        // It may be written, with a mistake.
        return;
    }
    for queue in view.nodes().filter(|node| node.traits.puts_aside == Some(false)) {
        if view.takers(queue).next().is_none() {
            continue;
        }
        warnings
            .warn(queue.traits.span, format!("`{}` has no dead-letter queue", queue.name))
            .note("a message that always fails comes back until it is too old, and keeps workers busy each time")
            .hint("write `dead_letter = { queue = \"failed\", max_receive_count = 3 }`, and `failed` as a queue of its own");
    }
}
