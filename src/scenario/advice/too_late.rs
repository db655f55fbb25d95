//! What is planned for a time when everything is over.

use super::view::{Node, View};
use super::{Diagnostic, Warnings};
use crate::diagnostic::Span;
use crate::engine::SimTime;
use crate::traffic::pattern::AnyPattern;
use crate::units::Duration;

/// What is over.
#[derive(Clone, Copy)]
enum End {
    /// The traffic: no job arrives any more.
    Traffic(SimTime),
    /// The run.
    Run(SimTime),
}

/// Warns of a fault, a spike, or a change of a node that comes when it can have no effect any more.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let arrivals = End::Traffic(SimTime::ZERO + view.case.run.duration);
    let run = End::Run(view.case.horizon());
    let hits = |fault: &crate::scenario::Fault| fault.nodes.iter().any(|(name, _)| *name == view.pipeline.name);
    for fault in view.case.faults.iter().filter(|fault| hits(fault)) {
        check(fault.from, "this fault begins", fault.span, run, warnings);
    }
    for (flow, source) in view.case.flows.iter().flat_map(|flow| flow.sources.iter().map(move |source| (flow, source)))
    {
        if let AnyPattern::Spike(spike) = &source.pattern
            && let Some(span) = view.written(&format!("traffic.{}.{}", flow.name, source.name), "at")
        {
            check(super::view::instant(spike.at), "this spike comes", span, arrivals, warnings);
        }
    }
    for node in view.nodes() {
        let newcomers = if is_fed_by_traffic_alone(view, node) { arrivals } else { run };
        for moment in node.traits.moments.iter().filter(|moment| !moment.what.is_empty()) {
            let end = if moment.is_for_newcomers { newcomers } else { run };
            check(moment.at.value, &moment.what, moment.at.span, end, warnings);
        }
    }
}

/// Whether no other node sends anything to this one.
fn is_fed_by_traffic_alone(view: &View<'_>, node: Node<'_>) -> bool {
    view.nodes().all(|other| other.plan.edges.iter().all(|edge| edge.node() != node.name))
}

fn check(at: SimTime, what: &str, span: Span, end: End, warnings: &mut Warnings<'_>) {
    let (over, name, why) = match end {
        End::Traffic(over) => (over, "traffic", "`duration`; what is under way then only comes to its end"),
        End::Run(over) => (over, "run", "`duration` and `drain` together"),
    };
    if at < over {
        return;
    }
    let told: &mut Diagnostic = warnings.warn(span, format!("{what} after the {name} is over"));
    told.note(format!(
        "it has no effect: the {name} ends {} after the start at the latest ({why})",
        Duration::from(over.since(SimTime::ZERO))
    ))
    .hint("let it come earlier, or make the run longer");
}
