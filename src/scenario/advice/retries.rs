//! Attempts that follow each other without a pause.

use super::Warnings;
use super::view::View;

/// From so many attempts on, a failure that lasts multiplies the load enough to keep itself alive.
const MANY: u32 = 3;

/// Warns of several attempts without a pause between them.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for caller in view.nodes() {
        for request in &caller.traits.requests {
            let attempts = request.attempts;
            if request.pauses || attempts.value < MANY {
                continue;
            }
            let callee = &view.pipeline.plan.nodes[request.to.index()].name;
            let message = format!("`{}` tries {} times at once when `{callee}` fails", caller.name, attempts.value);
            warnings
                .warn(attempts.span, message)
                .note(format!("while `{callee}` is slow or away, it gets {} times the load", attempts.value))
                .hint("write `backoff = \"exponential\"` and `jitter = \"full\"`, as client libraries do");
        }
    }
}
