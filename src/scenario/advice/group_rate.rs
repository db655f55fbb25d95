//! More messages of one group than a topic takes.

use super::Warnings;
use super::view::{View, figure};

/// Warns when the messages of one group come faster, at their peak, than a topic takes them.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        let Some(most) = topic.traits.group_rate else { continue };
        // Jobs without a key are all of one group.
        let share = |keys: Option<&crate::traffic::Keys>| keys.map_or(1.0, |keys| keys.share(0));
        let rates = view.peaks(topic).map(|(flow, rate)| (flow, rate * share(flow.keys.as_ref())));
        let Some((flow, rate)) = rates.max_by(|one, other| one.1.total_cmp(&other.1)) else { continue };
        if rate <= most {
            continue;
        }
        let group = flow.keys.as_ref().map_or_else(
            || format!("`{}` has no key, so all of its jobs", flow.name),
            |keys| format!("the jobs of `{}`", keys.text(0)),
        );
        warnings
            .warn(
                topic.traits.span,
                format!("{group} are one message group, of which up to {} come a second", figure(rate)),
            )
            .note(format!("a FIFO topic takes {most} of a group, and throttles the rest"))
            .hint("use more and more even keys, slow the senders down, or take a standard topic");
    }
}
