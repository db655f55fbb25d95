//! A target for a number that more machines do not bring down.

use super::Warnings;
use super::view::{View, figure};

/// Warns when a group follows a target by the messages that wait in all, and not by those for each machine.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let Some(target) = fleet.traits.scaling.and_then(|scaling| scaling.raw_target) else { continue };
        let message = format!("`{}` follows a target that more machines do not bring nearer", fleet.name);
        warnings
            .warn(target.span, message)
            .note(format!(
                "with ten times as many messages as {} it asks for ten times the machines that it has, and a minute \
                 later for ten times those",
                figure(target.value)
            ))
            .hint("let it follow `backlog_per_instance`: the time a job may take, divided by the work of one");
    }
}
