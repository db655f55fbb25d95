//! A dead-letter queue that a throttled function fills with messages that never ran.

use super::Warnings;
use super::view::View;
use crate::facts::lambda;

/// Warns when a queue that a function polls puts messages aside after fewer than five receives.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for queue in view.nodes() {
        let advised = lambda::SQS_RECEIVES_ADVISED.value;
        let Some(receives) = queue.traits.puts_aside_after.filter(|receives| receives.value < advised) else {
            continue;
        };
        for function in view.takers(queue).filter(|taker| taker.traits.function.is_some()) {
            let times = match receives.value {
                1 => "one receive".to_owned(),
                count => format!("{count} receives"),
            };
            let message =
                format!("`{}` puts a message aside after {times}, and `{}` is a function", queue.name, function.name);
            warnings
                .warn(receives.span, message)
                .note("a batch that the function had no room for counts as received, though nobody has worked on it")
                .hint(format!("write `max_receive_count = {advised}` or more"));
        }
    }
}
