//! A fault that is meant for more than there are.

use super::Warnings;
use super::view::View;
use crate::scenario::FaultKind;

/// Warns of a fault whose count is above the number of those whom it can hit: all are hit then.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fault in &view.case.faults {
        let here = |node: &str| fault.nodes.iter().any(|(name, hit)| *name == view.pipeline.name && hit == node);
        for node in view.nodes().filter(|node| here(node.name)) {
            let Some(members) = node.traits.members else { continue };
            let (count, most, whom) = match fault.kind {
                FaultKind::Kill { count: Some(count) } => (count, members.consumers, "consumers"),
                FaultKind::Interrupt { count: Some(count) } | FaultKind::Standby { count: Some(count), .. } => {
                    (count, members.machines, "machines")
                }
                _ => continue,
            };
            if count > most {
                warnings
                    .warn(fault.span, format!("this fault is meant for {count} {whom}, and `{}` has {most}", node.name))
                    .note("it hits all that there are then, and nobody else")
                    .hint(format!("write `count = {most}` or less, or leave it out for all of them"));
            }
        }
    }
}
