//! Idle workers that ask again and again.

use super::Warnings;
use super::view::{View, figure};
use crate::facts::sqs;

/// Warns of short polls by a fleet that is idle some of the time: each is a request that is paid for.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let (Some(polls), Some(servers)) = (fleet.traits.short_polls, fleet.traits.servers) else { continue };
        let idle = f64::from(servers.value) - view.busy(fleet).unwrap_or(0.0);
        if idle <= 0.0 {
            continue;
        }
        let every = polls.pause.value.as_secs_f64();
        let often = if every > 0.0 {
            format!("about {} times an hour", figure(idle * 3_600.0 / every))
        } else {
            "all the time".to_owned()
        };
        // Where the queue says it, the workers have no key that could be left out.
        let (key, node) =
            polls.said_by.map_or(("wait_time", fleet.name), |queue| ("receive_message_wait_time", view.name(queue)));
        let longest = sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value;
        warnings
            .warn(polls.pause.span, format!("idle workers of `{}` ask for messages {often}", fleet.name))
            .note("a short poll that finds nothing returns at once, and is paid for like any other")
            .hint(format!(
                "write `{key} = \"{longest}\"` at `{node}`: a long poll waits up to so long for the next message"
            ));
    }
}
