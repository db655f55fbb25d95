//! A queue that leaves its function no time to be tried again.

use super::Warnings;
use super::view::View;
use crate::engine::SimDuration;
use crate::facts::lambda;
use crate::units::Duration;

/// Warns when a queue hides its messages for less than six times the timeout of the function that polls it.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for queue in view.nodes() {
        let Some(hides) = queue.traits.hides else { continue };
        for taker in view.takers(queue) {
            let Some(function) = taker.traits.function else { continue };
            let times = u64::from(lambda::SQS_VISIBILITY_FACTOR.value);
            let timeout = function.timeout.value;
            let advised = SimDuration::from_nanos(timeout.as_nanos().saturating_mul(times)) + function.window;
            if hides.value >= advised {
                continue;
            }
            let message = format!(
                "`{}` hides a message for {}, and `{}` may work on it for {}",
                queue.name,
                Duration::from(hides.value),
                taker.name,
                Duration::from(timeout)
            );
            warnings
                .warn(hides.span, message)
                .note(
                    "a batch for which the function has no room is tried again until its messages are visible; then \
                     they count as received once more, though nobody has worked on them",
                )
                .hint(format!(
                    "set `visibility_timeout` of `{}` to {} or more: six times the timeout, and the window",
                    queue.name,
                    Duration::from(advised)
                ));
        }
    }
}
