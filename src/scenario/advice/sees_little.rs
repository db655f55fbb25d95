//! A breaker that never judges.

use super::Warnings;
use super::view::{Node, View, figure};
use crate::components::RequestTraits;

/// Warns of a breaker that sees fewer calls, attempts among them, than it wants to see before it judges: it stays closed
/// whatever happens.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for caller in view.nodes() {
        for request in &caller.traits.requests {
            let Some(judges) = request.judges else { continue };
            let (seen, when) = match judges.within_s {
                Some(seconds) => (view.peak(caller) * f64::from(seconds), format!("within {seconds} s")),
                None => (view.jobs(caller).map(|(_, jobs)| jobs).sum::<f64>(), "in the whole run".to_owned()),
            };
            let seen = seen * f64::from(request.attempts.value);
            // The traffic is an expectation: twice as much may come.
            if seen * 2.0 < f64::from(judges.calls.value) {
                warn(view, (caller, request), (judges.calls.span, judges.calls.value), (seen, &when), warnings);
            }
        }
    }
}

fn warn(
    view: &View<'_>,
    (caller, request): (Node<'_>, &RequestTraits),
    (span, minimum): (crate::diagnostic::Span, u32),
    (seen, when): (f64, &str),
    warnings: &mut Warnings<'_>,
) {
    let callee = view.name(request.to);
    warnings
        .warn(span, format!("the breaker between `{}` and `{callee}` never opens", caller.name))
        .note(format!(
            "it judges after {minimum} calls, and sees about {} {when}, retries among them: it stays closed also when all fail",
            figure(seen)
        ))
        .hint("lower `minimum_number_of_calls` to what comes within the time in which it should open");
}
