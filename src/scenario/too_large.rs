//! Traffic that no run can simulate: it is told at once, instead of after the minutes and gigabytes that a run may use.

use super::model::{CaseModel, PipelineModel};
use crate::diagnostic::{Diagnostics, Span};
use crate::engine::SimDuration;
use crate::traffic::pattern::AnyPattern;

/// Only what is so many times above a bound is refused: the number of jobs is an expectation, and what they need an
/// estimate from below.
const FAR: f64 = 2.0;

/// Reports the traffic of a case that goes far beyond the bounds of a run; `places` are its flows with their places.
pub(super) fn check(case: &CaseModel, places: &[(String, Span)], found: &mut Diagnostics) {
    let duration = case.run.duration.as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "bounds are compared with an estimate")]
    let (events, live) = (case.run.max_events as f64, case.run.max_live_messages as f64);
    for pipeline in &case.pipelines {
        check_polls(case, pipeline, events, found);
    }
    for flow in case.flows.iter() {
        let span = places.iter().find(|(name, _)| *name == flow.name).map_or(Span::new(0, 0), |(_, span)| *span);
        let jobs = flow.expected_jobs(duration);
        if jobs > FAR * events {
            found
                .error(span, "S041", format!("`traffic.{}` brings about {jobs:.0} jobs: too many for a run", flow.name))
                .note(format!(
                    "each job is at least one event, and a replication has {events} of them at most (`max_events`)"
                ))
                .hint(
                    "a lower rate, a smaller spike or a shorter `duration`; a tenth of everything often shows the same",
                );
            continue;
        }
        let at_once = flow.sources.iter().filter_map(|source| match &source.pattern {
            AnyPattern::Spike(spike) if spike.over <= 0.0 && spike.at < duration => Some(spike.count),
            _ => None,
        });
        if let Some(jobs) = at_once.max().filter(|jobs| f64::from(*jobs) > FAR * live) {
            found
                .error(
                    span,
                    "S041",
                    format!("`traffic.{}` brings {jobs} jobs at one instant: too many for a run", flow.name),
                )
                .note(format!("at most {live} messages are under way at once (`max_live_messages`)"))
                .hint("write a smaller `count`, or say how long the spike lasts: `over = \"1h\"`");
        }
    }
}

/// Reports workers who ask for work so often that a run ends before its time. As many as there are jobs may be at work.
fn check_polls(case: &CaseModel, pipeline: &PipelineModel, events: f64, found: &mut Diagnostics) {
    let duration = case.run.duration.as_secs_f64();
    let jobs: f64 = case.flows.iter().map(|flow| flow.expected_jobs(duration)).sum();
    for (node, traits) in pipeline.plan.nodes.iter().zip(&pipeline.traits) {
        let (Some(servers), Some(every), None) = (traits.servers, traits.asks_every, &traits.scaling) else { continue };
        // The time of the call itself is left out, which counts where the pauses are short.
        if every < SimDuration::from_secs(1) {
            continue;
        }
        let polls = (f64::from(servers.value) - jobs) * duration / every.as_secs_f64();
        if polls > FAR * events {
            let (name, count) = (&node.name, servers.value);
            found
                .error(servers.span, "S041", format!("`{name}` asks for work about {polls:.0} times: too often for a run"))
                .note(format!(
                    "most of its {count} workers find nothing, and ask again; a replication has {events} events at most \
                     (`max_events`)"
                ))
                .hint("fewer workers, a shorter `duration`, or a longer `wait_time`");
        }
    }
}
