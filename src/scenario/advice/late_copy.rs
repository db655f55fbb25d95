//! A copy of a request that comes when nobody waits for it any more.

use super::Warnings;
use super::view::View;
use crate::units::Duration;

/// Warns of a hedge whose second copy would be sent when the first one has timed out.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for caller in view.nodes() {
        for request in &caller.traits.requests {
            let Some(after) = request.hedges_after.filter(|after| after.value >= request.timeout.value) else {
                continue;
            };
            warnings
                .warn(after.span, format!("`{}` never sends a second copy of a request", caller.name))
                .note(format!(
                    "a copy is sent {} after the one before it, and after {} nobody waits for that one any more",
                    Duration::from(after.value),
                    Duration::from(request.timeout.value)
                ))
                .hint("let `after` be the time that nine of ten answers take, or 99 of a hundred: a few copies are enough");
        }
    }
}
