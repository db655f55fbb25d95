//! An endpoint that gets a spike as it comes.

use super::Warnings;
use super::view::{View, figure};

/// Warns when messages are pushed, at their peak, faster than an endpoint does its work, and nothing spreads them. What
/// is too much even without spikes is another matter.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        for push in topic.traits.pushes.iter().filter(|push| push.floods) {
            let Some(endpoint) = view.node(push.to.value) else { continue };
            let (Some(servers), Some(mean)) = (endpoint.traits.servers, view.mean(endpoint)) else { continue };
            let servers = f64::from(servers.value);
            let lasting = view.busy(endpoint).unwrap_or_default();
            let peak = view.peak(topic) * push.share * mean;
            if peak <= servers || lasting > servers {
                continue;
            }
            // A whole number, so that the endpoint can keep up.
            let bearable = (servers / mean).floor().max(1.0);
            let name = endpoint.name;
            warnings
                .warn(
                    push.to.span,
                    format!(
                        "at its peak `{}` pushes work to `{name}` that would keep {} busy, and there is room for {servers}",
                        topic.name,
                        figure(peak)
                    ),
                )
                .note("a topic does not smooth a spike: every message is pushed as it comes, and what is refused comes back later")
                .hint(format!(
                    "write `{{ to = \"{name}\", max_receives_per_second = {bearable} }}`, or let `{name}` work from a queue"
                ));
        }
    }
}
