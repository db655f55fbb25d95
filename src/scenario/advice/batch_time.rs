//! A function that has too little time for its work.

use super::Warnings;
use super::view::{View, seconds};
use crate::units::Duration;

/// Warns when a batch of jobs, each as long as one in a hundred, takes longer than the function's timeout.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for node in view.nodes() {
        let (Some(function), Some(p99)) = (node.traits.function, view.p99(node)) else { continue };
        let batch = node.traits.batch.max(1);
        let longest = p99 * f64::from(batch);
        if longest <= function.timeout.value.as_secs_f64() {
            continue;
        }
        let timeout = Duration::from(function.timeout.value);
        let warning = warnings.warn(
            function.timeout.span,
            format!("`{}` is stopped after {timeout}, and a request may need {}", node.name, seconds(longest)),
        );
        warning.note(format!("one job in a hundred takes more than {}", seconds(p99)));
        if batch > 1 {
            warning.note(format!(
                "a request works on {batch} messages one after the other, and if it is stopped all of them come back"
            ));
            warning.hint("give it a smaller `batch_size` or a longer `timeout`, 15min at most");
        } else {
            warning.hint("give it a longer `timeout`, 15min at most, or leave such work to workers");
        }
    }
}
