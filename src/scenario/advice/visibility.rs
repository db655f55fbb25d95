//! A visibility timeout that is shorter than the work.

use super::Warnings;
use super::view::{View, seconds};
use crate::engine::SimDuration;
use crate::site::At;
use crate::units::Duration;

/// Warns when one job in a hundred takes longer than its message stays hidden: it is then given to a second worker.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for queue in view.nodes() {
        let Some(hides) = queue.traits.hides else { continue };
        // A function is stopped before that: see `batch_time`.
        for fleet in view.takers(queue).filter(|taker| taker.traits.function.is_none()) {
            // Who asks for more time while it works, and in time, needs no more from the start.
            let hides = fleet.traits.hides.unwrap_or(hides);
            let extended = |extends: At<(SimDuration, SimDuration)>| extends.value.0 < hides.value;
            if fleet.traits.extends.is_some_and(extended) {
                continue;
            }
            let Some(p99) = view.p99(fleet) else { continue };
            let batch = fleet.traits.batch.max(1);
            let longest = p99 * f64::from(batch);
            if longest <= hides.value.as_secs_f64() {
                continue;
            }
            let timeout = Duration::from(hides.value);
            let message =
                format!("`{}` hides a message for {timeout}, and `{}` may need longer", queue.name, fleet.name);
            let warning = warnings.warn(hides.span, message);
            warning.note(format!(
                "one job in a hundred takes more than {}; its message is then given to somebody else as well",
                seconds(p99)
            ));
            if batch > 1 {
                warning.note(format!(
                    "a worker fetches {batch} messages at once, and the last of them waits for the others"
                ));
            }
            warning.hint(format!("set `visibility_timeout` of `{}` above {}", queue.name, seconds(longest)));
        }
    }
}
