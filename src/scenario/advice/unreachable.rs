//! An objective that no design of this kind can reach.

use super::Warnings;
use super::view::{View, seconds};
use crate::units::Duration;

/// Warns when the work on a job alone, or a delay before it, is longer than the objective for most of the jobs that pass
/// there: they are late even if nothing else goes on.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let Some(objective) = view.case.objective else { return };
    for node in view.nodes().filter(|node| view.jobs(*node).any(|(_, jobs)| jobs > 0.0)) {
        let work = view.median(node).filter(|work| *work > objective.as_secs_f64());
        let delay = node.traits.delays.filter(|delay| delay.value > objective);
        let why = match (work, delay) {
            (Some(work), _) => format!("half of the jobs keep `{}` busy for {} or longer", node.name, seconds(work)),
            (None, Some(delay)) => {
                format!("`{}` hides each message for {} first", node.name, Duration::from(delay.value))
            }
            (None, None) => continue,
        };
        let place = view.written("objective", "within").unwrap_or(node.traits.span);
        let within = Duration::from(objective);
        warnings
            .warn(place, format!("most jobs that come to `{}` cannot be done within {within}", node.name))
            .note(format!("{why}, without any waiting for their turn"))
            .hint("write a longer `within`, or shorten the work or the delay");
    }
}
