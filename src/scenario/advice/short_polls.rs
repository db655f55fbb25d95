//! Idle workers that ask again and again.

use super::Warnings;
use super::view::{View, figure};

/// Warns of short polls by a fleet that is idle some of the time: each is a request that is paid for.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let (Some(pause), Some(servers)) = (fleet.traits.short_polls, fleet.traits.servers) else { continue };
        let idle = f64::from(servers.value) - view.busy(fleet).unwrap_or(0.0);
        if idle <= 0.0 {
            continue;
        }
        let every = pause.value.as_secs_f64();
        let often = if every > 0.0 {
            format!("about {} times an hour", figure(idle * 3_600.0 / every))
        } else {
            "all the time".to_owned()
        };
        warnings
            .warn(pause.span, format!("idle workers of `{}` ask for messages {often}", fleet.name))
            .note("a short poll that finds nothing returns at once, and is paid for like any other")
            .hint("leave `wait_time` out: a long poll waits up to 20s for the next message");
    }
}
