//! A function that is held back where its pollers are not.

use super::Warnings;
use super::view::View;

/// Warns when the pollers of a queue may fetch for more environments than are reserved for the function.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for node in view.nodes() {
        let Some(function) = node.traits.function else { continue };
        let (Some(reserved), Some(pollers)) = (function.reserved, function.pollers) else { continue };
        if pollers <= reserved.value {
            continue;
        }
        let message = format!(
            "`{}` works on {} batches at once, and its pollers fetch up to {pollers}",
            node.name, reserved.value
        );
        warnings
            .warn(reserved.span, message)
            .note(
                "reserved concurrency does not slow the pollers: what they fetch beyond it is throttled, waits in their \
                 hands until it is visible again, and may become a dead letter without having run",
            )
            .hint(format!("write `maximum_concurrency = {}`, which the pollers keep to", reserved.value.max(2)));
    }
}
