//! More e-mails than a subscription bears.

use super::Warnings;
use super::view::{View, figure};

/// Warns when messages come faster, at their peak, than a receiver can get them without being switched off.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        for push in &topic.traits.pushes {
            let rate = view.peak(topic) * push.share;
            let Some(most) = push.off_above.filter(|&most| rate > most) else { continue };
            let name = view.name(push.to.value);
            warnings
                .warn(push.to.span, format!("`{}` gives `{name}` up to {} messages a second", topic.name, figure(rate)))
                .note(format!(
                    "above {most} a second it is not slowed down but switched off: nothing more reaches it until its \
                     owner confirms the subscription again"
                ))
                .hint("send mails through a queue and workers at their own pace, or filter so that few messages match");
        }
    }
}
