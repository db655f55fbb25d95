//! A server whose queue is longer than the patience of those who wait in it.

use super::Warnings;
use super::view::{View, figure, seconds};
use crate::units::Duration;

/// Warns when a request at the end of a server's queue is answered after its caller has left: it is dead on arrival. When
/// callers try again often enough to fill the server on their own, an outage that is over does not end.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let nodes: Vec<_> = view.nodes().collect();
    for caller in &nodes {
        for request in caller.traits.requests.iter().filter(|request| request.calls) {
            let callee = nodes[request.to.index()];
            let (Some(room), Some(servers), Some(mean)) =
                (callee.traits.accepts, callee.traits.servers, view.mean(callee))
            else {
                continue;
            };
            let timeout = request.timeout.value.as_secs_f64();
            let wait = f64::from(room.value) * mean / f64::from(servers.value.max(1));
            // A caller that is less patient than the work is long needs other advice.
            if wait + mean <= timeout || view.p99(callee).is_none_or(|p99| p99 >= timeout) {
                continue;
            }
            let fits = ((timeout - mean) * f64::from(servers.value) / mean).floor();
            let message = format!("`{}` lets requests wait for longer than `{}` does", callee.name, caller.name);
            let patience = Duration::from(request.timeout.value);
            let found = warnings.warn(room.span, message).note(format!(
                "behind {} others a request waits for {}, and its caller leaves after {patience}: what is served then is \
                 for nobody",
                room.value,
                seconds(wait)
            ));
            let busy = view.busy(callee).unwrap_or(0.0);
            let tries = f64::from(request.attempts.value);
            let stormy = busy < f64::from(servers.value) && busy * tries > f64::from(servers.value);
            if stormy && !request.limits_retries {
                found.note(format!(
                    "with {tries} attempts each, what keeps {} of {} servers busy would keep {} busy: once the queue is \
                     full, retries keep it full, and an outage that is over does not end",
                    figure(busy),
                    servers.value,
                    figure(busy * tries)
                ));
            }
            let limits = format!("write `accept_queue = {fits:.0}`{}", if fits < 1.0 { "" } else { " or less" });
            let drops = "drop what is too late with `expired = \"dropped\"` or `codel`";
            // Who does not try again, or has a budget already, needs none.
            found.hint(if request.limits_retries || request.attempts.value < 2 {
                format!("{limits}, or {drops}")
            } else {
                format!("{limits}, {drops}, or give the retries a budget")
            });
        }
    }
}
