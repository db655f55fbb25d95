//! Machines that are given up before they are ready.

use super::Warnings;
use super::view::View;
use crate::units::Duration;

/// Warns when a launch hook gives up every new machine, because its bootstrap takes longer than the hook waits.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let Some(scaling) = fleet.traits.scaling else { continue };
        let Some(limit) = scaling.gives_up_after.filter(|limit| limit.value < scaling.bootstrap) else { continue };
        let besides = match scaling.prepared {
            0 => "",
            _ => " but those that are in its warm pool at the beginning",
        };
        warnings
            .warn(limit.span, format!("no new machine of `{}` ever comes into service{besides}", fleet.name))
            .note(format!(
                "its bootstrap takes {}, and the launch hook gives a machine up after {}: another one is ordered, given \
                 up as well, and each is paid for",
                Duration::from(scaling.bootstrap),
                Duration::from(limit.value)
            ))
            .hint("raise `heartbeat_timeout`, or let the bootstrap send heartbeats: `heartbeats = true`");
    }
}
