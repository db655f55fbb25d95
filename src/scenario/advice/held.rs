//! A broker that lets a consumer hold a message for less time than the work needs.

use super::Warnings;
use super::view::{View, length};
use crate::units::Duration;

/// Warns when one job in a hundred takes longer than its message may be held: it is then given to a second consumer.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for broker in view.nodes() {
        let Some(timeout) = broker.traits.lets_hold else { continue };
        for fleet in view.takers(broker).filter(|fleet| !fleet.traits.auto_ack) {
            let Some(p99) = view.p99(fleet).filter(|&p99| p99 > timeout.value.as_secs_f64()) else { continue };
            let held = Duration::from(timeout.value);
            let message = format!(
                "`{}` takes a message back that is held for {held}, and `{}` may need longer",
                broker.name, fleet.name
            );
            warnings
                .warn(timeout.span, message)
                .note(format!(
                    "one job in a hundred takes more than {}; its message is then given to somebody else as well, and \
                     to the next one after that",
                    length(p99)
                ))
                .hint(format!("set `consumer_timeout` of `{}` above {}", broker.name, length(p99)));
        }
    }
}
