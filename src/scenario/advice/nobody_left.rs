//! A fleet of which nobody is left.

use super::Warnings;
use super::view::View;
use crate::scenario::FaultKind;

/// Warns of faults that kill all consumers of a node for good; a fault that is meant for more than there are is told
/// apart. A group of machines orders others for those that it has lost.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for node in view.nodes().filter(|node| node.traits.scaling.is_none()) {
        let Some(members) = node.traits.members else { continue };
        let mut left = members.consumers;
        let hits = |fault: &&crate::scenario::Fault| {
            fault.nodes.iter().any(|(name, hit)| *name == view.pipeline.name && hit == node.name)
        };
        let mut kills: Vec<_> = view.case.faults.iter().filter(hits).collect();
        kills.sort_by_key(|fault| fault.from);
        for fault in kills {
            let FaultKind::Kill { count } = fault.kind else { continue };
            if count.is_some_and(|count| count > members.consumers) {
                break;
            }
            left = left.saturating_sub(count.unwrap_or(left));
            if left == 0 {
                warnings
                    .warn(fault.span, format!("nobody is left at `{}` from then on", node.name))
                    .note("a `kill` is for good: what waits there is never fetched")
                    .hint("say how many with `count`, or let them be back: `kind = \"down\"` with `from` and `to`");
                break;
            }
        }
    }
}
