//! Work that nobody does.

use super::Warnings;
use super::view::View;

/// Warns of a kind of work that no node of any design does. Told with the first design, for all of them, and not where a
/// node could not be read, which may have done it.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let pipelines = &view.case.pipelines;
    let is_first = pipelines.first().is_some_and(|first| first.name == view.pipeline.name);
    if !is_first || warnings.found.has_errors() {
        return;
    }
    for (index, work) in view.case.works.iter().enumerate() {
        let does = |traits: &crate::components::Traits| traits.work.is_some_and(|work| usize::from(work.0) == index);
        if pipelines.iter().flat_map(|pipeline| &pipeline.traits).any(does) {
            continue;
        }
        let Some(span) = view.written(&format!("work.{}", work.name), "time") else { continue };
        warnings
            .warn(span, format!("nobody does the work `{}`", work.name))
            .note("a job keeps a server busy only for the work that the server's node names")
            .hint(format!("write `work = \"{}\"` at the node that does it, or leave it out", work.name));
    }
}
