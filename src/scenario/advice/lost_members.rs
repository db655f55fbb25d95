//! Like subscribers of whom some are never reached: a job that is meant for all of them is never done.

use super::Warnings;
use super::view::{View, figure};

/// A chance of one in two.
const LIKELY: f64 = 0.5;

/// Warns when it is likely that one of many like subscribers is never reached, so that every job fails there.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        for push in topic.traits.pushes.iter().filter(|push| push.members > 1 && push.unreachable > 0.0) {
            let members = f64::from(push.members);
            if libm::pow(1.0 - push.unreachable, members) > LIKELY {
                continue;
            }
            let fate = if push.keeps_failed { "ends in the dead-letter queue" } else { "is lost" };
            warnings
                .warn(
                    push.to.span,
                    format!("hardly any job comes through to all {} of `{}`", push.members, view.name(push.to.value)),
                )
                .note(format!(
                    "about {} of them are never reached, the same ones for every message, and a job {fate} if it does not \
                     reach all",
                    figure(members * push.unreachable),
                ))
                .hint(format!(
                    "leave out `invalid_tokens`, or look at `notifications_delivered` of `{}` instead of the jobs",
                    topic.name
                ));
        }
    }
}
