//! A group of machines that never comes back from nothing.

use super::Warnings;
use super::view::View;

/// Warns when a group can have no machines and has no policy that makes it grow then: what waits, divided by no machine
/// at all, is no number, and an alarm does not go off without one.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let Some(scaling) = fleet.traits.scaling.filter(|scaling| !scaling.wakes) else { continue };
        let message = match () {
            () if scaling.desired == 0 => format!("`{}` begins without machines, and nothing starts one", fleet.name),
            () if scaling.least.value == 0 && scaling.shrinks_after.is_some() => {
                format!("`{}` may shrink to no machine at all, and nothing starts one then", fleet.name)
            }
            () => continue,
        };
        warnings
            .warn(scaling.least.span, message)
            .note("a backlog for each machine is no number while there is none, and no alarm goes off")
            .hint(
                "keep one machine, `min_size = 1`, or add a policy of type `step_scaling`, which looks at \
                 `visible_messages`",
            );
    }
}
