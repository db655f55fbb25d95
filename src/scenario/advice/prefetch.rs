//! A slow consumer that holds more messages than it can do.

use super::Warnings;
use super::view::{View, seconds};

/// Messages that one consumer holds for longer than this could have been done by another.
const LONG: f64 = 60.0;

/// Warns when what is pushed ahead keeps a consumer busy for more than a minute while others may be idle.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let pushed = view.source(fleet).filter(|broker| broker.traits.prefetch.is_some());
        let Some(prefetch) = pushed.and_then(|broker| fleet.traits.prefetch.or(broker.traits.prefetch)) else {
            continue;
        };
        let (Some(mean), Some(servers)) = (view.mean(fleet), fleet.traits.servers) else { continue };
        let held = mean * f64::from(prefetch.value);
        if held <= LONG || prefetch.value < 2 || servers.value < 2 {
            continue;
        }
        let count = match prefetch.value {
            count if count >= u32::from(u16::MAX) => "any number of messages".to_owned(),
            count => format!("{count} messages"),
        };
        let message = format!("a consumer of `{}` may hold {count}, and needs {} for each", fleet.name, seconds(mean));
        warnings
            .warn(prefetch.span, message)
            .note("what is pushed to one consumer waits for it, even while the others have nothing to do")
            .hint("write a small `prefetch`, such as 1 for work of seconds");
    }
}
