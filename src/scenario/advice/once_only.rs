//! A queue that gives a message a single chance.

use super::Warnings;
use super::view::View;

/// Warns when a message is put aside after one receive: one that nobody ever saw may be among them.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for queue in view.nodes() {
        let Some(count) = queue.traits.puts_aside_after.filter(|count| count.value == 1) else { continue };
        warnings
            .warn(count.span, format!("`{}` gives each message a single chance", queue.name))
            .note("a receive counts even if its answer is lost on the way: a message that nobody saw is put aside")
            .hint("write `max_receive_count = 3` or more");
    }
}
