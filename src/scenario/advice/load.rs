//! More work than there are servers for.

use super::Warnings;
use super::view::{View, figure, length};
use crate::units::Duration;

/// Warns when the lasting traffic alone, without its spikes, keeps more servers busy than there are.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for node in view.nodes() {
        let (Some(servers), Some(busy)) = (node.traits.servers, view.busy(node)) else { continue };
        if busy <= f64::from(servers.value) {
            continue;
        }
        let run = &view.case.run;
        // What is left of the work when the last job has come, shared by all servers.
        let left = (busy / f64::from(servers.value) - 1.0) * run.duration.as_secs_f64();
        let (duration, drain) = (Duration::from(run.duration), Duration::from(run.drain));
        let (count, busy) = (servers.value, figure(busy));
        warnings
            .warn(
                servers.span,
                format!("the work that comes to `{}` keeps {busy} busy, and there is room for {count}", node.name),
            )
            .note("jobs come faster than they are done, so each waits longer than the one before, or is turned away")
            .note(format!(
                "after {duration} it takes at most {} to work off what is left, which is as long as nothing was turned \
                 away; the run waits for {drain}",
                length(left)
            ))
            .hint("add servers, shorten the work or lower the traffic");
    }
}
