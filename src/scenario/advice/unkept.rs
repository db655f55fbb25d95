//! What cannot be delivered, and is not kept.

use super::Warnings;
use super::view::{View, length};
use crate::scenario::fault::FaultKind;

/// Warns when an endpoint is away, or fails, for longer than a topic tries, and nothing keeps what is given up.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        for push in topic.traits.pushes.iter().filter(|push| !push.keeps_failed) {
            let name = view.name(push.to.value);
            let tried = push.gives_up_after.as_secs_f64();
            let is_hit = |fault: &&crate::scenario::Fault| {
                let here = fault.nodes.iter().any(|(design, node)| *design == view.pipeline.name && node == name);
                let fails = matches!(fault.kind, FaultKind::Down | FaultKind::Fails { .. });
                here && fails && fault.to.since(fault.from).as_secs_f64() > tried
            };
            let Some(fault) = view.case.faults.iter().find(is_hit) else { continue };
            warnings
                .warn(push.to.span, format!("what `{}` cannot deliver to `{name}` is lost", topic.name))
                .note(format!(
                    "a fault hits `{name}` for {}, and a message is tried for {}: then it goes to a dead-letter queue, \
                     if there is one",
                    length(fault.to.since(fault.from).as_secs_f64()),
                    length(tried)
                ))
                .hint(format!(
                    "write `{{ to = \"{name}\", dead_letter = \"failed\" }}`, and `failed` as a queue of its own"
                ));
        }
    }
}
