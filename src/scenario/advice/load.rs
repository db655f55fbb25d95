//! More work than there are servers for.

use super::Warnings;
use super::view::{View, figure};

/// Warns when the lasting traffic alone, without its spikes, keeps more servers busy than there are.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for node in view.nodes() {
        let (Some(servers), Some(busy)) = (node.traits.servers, view.busy(node)) else { continue };
        if busy <= f64::from(servers.value) {
            continue;
        }
        let (count, busy) = (servers.value, figure(busy));
        warnings
            .warn(
                servers.span,
                format!("the work that comes to `{}` keeps {busy} busy, and there is room for {count}", node.name),
            )
            .note("jobs come faster than they are done, so each waits longer than the one before, or is turned away")
            .hint("add servers, shorten the work or lower the traffic");
    }
}
