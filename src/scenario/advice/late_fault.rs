//! A fault that never happens.

use super::Warnings;
use super::view::View;
use crate::units::Duration;

/// Warns of a fault that begins when the run is over at the latest.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let hits = |fault: &crate::scenario::Fault| fault.nodes.iter().any(|(name, _)| *name == view.pipeline.name);
    let horizon = view.case.horizon();
    for fault in view.case.faults.iter().filter(|fault| fault.from >= horizon && hits(fault)) {
        let run = &view.case.run;
        warnings
            .warn(fault.span, "this fault begins after the run is over".to_owned())
            .note(format!("the run lasts for {} at most, `drain` included", Duration::from(run.duration + run.drain)))
            .hint("let it begin earlier");
    }
}
