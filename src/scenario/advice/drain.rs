//! A run that ends before the last messages come back.

use super::Warnings;
use super::view::View;
use crate::units::Duration;

/// Warns when the time after the last arrival is shorter than a message may stay hidden, or when the run is too short
/// for a retention period that somebody chose.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let run = &view.case.run;
    for queue in view.nodes() {
        if let Some(hides) = queue.traits.hides.filter(|hides| hides.value > run.drain)
            && view.takers(queue).next().is_some()
        {
            let (drain, timeout) = (Duration::from(run.drain), Duration::from(hides.value));
            let message = format!("a message of `{}` that is lost on its way stays hidden for {timeout}", queue.name);
            warnings
                .warn(hides.span, message)
                .note(format!("the run ends {drain} after the last arrival, and its job is then counted as unfinished"))
                .hint("raise `drain` in `[run]`, or shorten the timeout");
        }
        // To keep dead letters for long is right, however short the run.
        if let Some(keeps) = queue.traits.keeps.filter(|keeps| keeps.value >= run.duration + run.drain)
            && !view.takes_dead_letters(queue)
        {
            let message = format!("nothing in `{}` can become as old as {}", queue.name, Duration::from(keeps.value));
            warnings
                .warn(keeps.span, message)
                .note(format!(
                    "the run lasts for {} at most, `drain` included",
                    Duration::from(run.duration + run.drain)
                ))
                .hint("leave it out, or raise `drain` in `[run]`");
        }
    }
}
