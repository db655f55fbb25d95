//! A group of machines that shrinks while its workers are busy.

use super::Warnings;
use super::view::{View, length};
use crate::units::Duration;

/// Warns when one job in a hundred takes longer than little has to wait before a group shrinks that looks only at what
/// waits: what is being worked on is not in that number.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let Some(scaling) = fleet.traits.scaling.filter(|scaling| scaling.cuts_off) else { continue };
        let (Some(after), Some(p99)) = (scaling.shrinks_after, view.p99(fleet)) else { continue };
        if p99 <= after.value.as_secs_f64() {
            continue;
        }
        let message = format!("`{}` may lose machines in the middle of a job", fleet.name);
        warnings
            .warn(after.span, message)
            .note(format!(
                "it shrinks when little has waited for {}, and one job in a hundred takes more than {}: messages that \
                 are worked on do not wait",
                Duration::from(after.value),
                length(p99)
            ))
            .hint(
                "protect machines that work, `scale_in_protection = \"while_busy\"`, or let their workers finish with a \
                 `termination_hook`",
            );
    }
}
