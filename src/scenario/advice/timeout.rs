//! A caller that is less patient than the work is long.

use super::Warnings;
use super::view::{View, seconds};
use crate::units::Duration;

/// Warns when one job in a hundred takes longer than its caller waits, even if it need not wait for its turn.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let nodes: Vec<_> = view.nodes().collect();
    for caller in &nodes {
        for request in caller.traits.requests.iter().filter(|request| request.calls) {
            let callee = nodes[request.to.index()];
            let Some(p99) = view.p99(callee).filter(|p99| *p99 > request.timeout.value.as_secs_f64()) else { continue };
            let timeout = Duration::from(request.timeout.value);
            let message = format!("`{}` waits for {timeout}, and `{}` may need longer", caller.name, callee.name);
            warnings
                .warn(request.timeout.span, message)
                .note(format!(
                    "one job in a hundred takes more than {}, without any waiting for its turn",
                    seconds(p99)
                ))
                .note("the caller goes, the work goes on: it is done for nobody, and done again at the next attempt")
                .hint(format!("set `timeout` above {}, or hand the work over to a queue", seconds(p99)));
        }
    }
}
