//! A group of machines whose size nothing can change.

use super::Warnings;
use super::view::View;
use crate::scenario::{Fault, FaultKind};

/// Warns of a group with room to grow and nothing that makes it grow, and of one with policies and no room.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    if warnings.found.has_errors() {
        // What changes it may be written, with a mistake.
        return;
    }
    // Machines that are put on standby may leave the group smaller, and then there is a reason for its sizes.
    let shrinks = |fault: &&Fault| matches!(fault.kind, FaultKind::Standby { .. });
    let shrunk: Vec<&(String, String)> =
        view.case.faults.iter().filter(shrinks).flat_map(|fault| &fault.nodes).collect();
    for fleet in view.nodes() {
        let Some(scaling) = fleet.traits.scaling.filter(|scaling| !scaling.changes) else { continue };
        let (least, most) = (scaling.least.value, scaling.most.value);
        let is_shrunk = shrunk.iter().any(|(name, hit)| *name == view.pipeline.name && hit == fleet.name);
        let name = fleet.name;
        if let Some(place) = scaling.policies {
            warnings
                .warn(place, format!("no policy can change the size of `{name}`"))
                .note(format!("`min_size` and `max_size` are both {most}"))
                .hint("write a larger `max_size`, or leave the policies out");
        } else if least < most && !is_shrunk {
            warnings
                .warn(scaling.most.span, format!("`{name}` may have {most} machines, and stays at {}", scaling.desired))
                .note("a group grows and shrinks only by its policies or at set times, and it has neither")
                .hint(
                    "add `policies`, such as `{ policy_type = \"target_tracking_scaling\", target_value = 10 }`, or \
                     `scheduled_actions`",
                );
        }
    }
}
