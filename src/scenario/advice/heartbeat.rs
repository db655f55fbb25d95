//! Workers that ask for more time when it is too late.

use super::Warnings;
use super::view::View;
use crate::units::Duration;

/// Warns when a worker asks for more time only after the time that it has is over: the first time, or each further one.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let Some(extends) = fleet.traits.extends else { continue };
        let Some(hides) = view.source(fleet).and_then(|queue| fleet.traits.hides.or(queue.traits.hides)) else {
            continue;
        };
        let (every, to) = extends.value;
        let (has, when) = if every >= hides.value { (hides.value, "at first") } else { (to, "after that") };
        if every < has {
            continue;
        }
        let (every, has) = (Duration::from(every), Duration::from(has));
        warnings
            .warn(extends.span, format!("`{}` asks for more time every {every}, and has {has} {when}", fleet.name))
            .note("by then the message can be received by somebody else, and the request for more time is refused")
            .hint("ask two or three times within the time that the message stays hidden");
    }
}
