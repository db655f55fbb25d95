//! A message group that needs more than one worker.

use super::Warnings;
use super::view::{View, figure};

/// Warns when the messages of one group come faster than one worker does them: the group is handed out one by one.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for queue in view.nodes().filter(|node| node.traits.orders_by_key) {
        for fleet in view.takers(queue) {
            let Some(mean) = view.mean(fleet) else { continue };
            // Jobs without a key are all of one group.
            let share = |keys: Option<&crate::traffic::Keys>| keys.map_or(1.0, |keys| keys.share(0));
            let loads = view.rates(fleet).map(|(flow, rate)| (flow, rate * share(flow.keys.as_ref()) * mean));
            let Some((flow, load)) = loads.max_by(|one, other| one.1.total_cmp(&other.1)) else { continue };
            if load <= 1.0 {
                continue;
            }
            let group = flow.keys.as_ref().map_or_else(
                || format!("`{}` has no key, so all of its jobs", flow.name),
                |keys| format!("the jobs of `{}`", keys.text(0)),
            );
            warnings
                .warn(queue.traits.span, format!("{group} are one message group, which would keep {} workers busy", figure(load)))
                .note("a FIFO queue hands out the messages of a group one after the other, however many workers there are")
                .hint("use more and more even keys, shorten the work, or take a standard queue");
        }
    }
}
