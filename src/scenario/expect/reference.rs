//! Figures of the run by name: `queued.lost`, `queued.jobs.backlog_max`.

use std::fmt;

use super::dimension::SUFFIXES;
use super::{Names, Slip};
use crate::diagnostic::{clip, nearest};
use crate::scenario::names::PipelineNames;

/// A figure of the run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The design.
    pub pipeline: String,
    /// The node, or nothing for the design as a whole.
    pub node: Option<String>,
    /// The metric with its unit, as in the files: `latency_p99_s`.
    pub metric: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{}.{node}.{}", self.pipeline, self.metric),
            None => write!(f, "{}.{}", self.pipeline, self.metric),
        }
    }
}

/// A part of a dotted name, with its bytes.
type Step<'t> = (&'t str, std::ops::Range<usize>);

/// Finds what `text`, whose first byte stands at `start`, refers to. `pipeline` is where names without one belong.
pub(super) fn find(text: &str, start: usize, names: &Names, pipeline: Option<&str>) -> Result<Reference, Slip> {
    let whole = start..start + text.len();
    let steps = steps(text, start);
    match (steps.as_slice(), pipeline.and_then(|name| names.pipeline(name))) {
        ([metric], Some(pipeline)) => summary(metric, pipeline, names),
        ([_], None) => {
            let example = names.pipeline_names().next().unwrap_or("queued");
            let message = format!("`{}` does not say of which pipeline", clip(text, 60));
            let hint = format!("write `{example}.{}`, or add `pipeline = \"{example}\"`", clip(text, 60));
            Err(Slip::new(whole, message).hint(hint).code("S022"))
        }
        ([first, metric], Some(pipeline)) if names.pipeline(first.0).is_none() => at_node(first, metric, pipeline),
        ([first, metric], _) => summary(metric, known_pipeline(first, names)?, names),
        ([first, node, metric], _) => at_node(node, metric, known_pipeline(first, names)?),
        _ => {
            let message = format!("`{}` has too many parts", clip(text, 60));
            Err(Slip::new(whole, message).hint("write `pipeline.metric` or `pipeline.node.metric`").code("S022"))
        }
    }
}

/// The parts between the dots; a number after a dot belongs to what is before it, as in `latency_p99.9`.
fn steps(text: &str, start: usize) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut from = 0;
    for part in text.split('.') {
        let to = from + part.len();
        match steps.last_mut() {
            Some((last, at)) if part.starts_with(|c: char| c.is_ascii_digit()) => {
                *last = &text[at.start - start..to];
                at.end = start + to;
            }
            _ => steps.push((part, start + from..start + to)),
        }
        from = to + 1;
    }
    steps
}

fn known_pipeline<'n>(step: &Step<'_>, names: &'n Names) -> Result<&'n PipelineNames, Slip> {
    names.pipeline(step.0).ok_or_else(|| unknown("pipeline", step, names.pipeline_names().collect()))
}

fn summary(step: &Step<'_>, pipeline: &PipelineNames, names: &Names) -> Result<Reference, Slip> {
    if let Some(metric) = metric(step.0, &names.metrics) {
        return Ok(Reference { pipeline: pipeline.name.clone(), node: None, metric });
    }
    match pipeline.node(step.0) {
        Some(node) => {
            let example = node.metrics.first().map_or("backlog_max", String::as_str);
            let message = format!("`{}` is a node, not a metric", clip(step.0, 60));
            let hint = format!("write `{}.{}.{example}`, for example", pipeline.name, node.name);
            Err(Slip::new(step.1.clone(), message).hint(hint).code("S022"))
        }
        None => Err(unknown("metric", step, names.metrics.iter().map(String::as_str).collect())),
    }
}

/// Whether a figure was taken as it is written, because its design has mistakes of its own.
pub(super) fn is_unsure(reference: &Reference, names: &Names) -> bool {
    reference.node.is_some() && names.pipeline(&reference.pipeline).is_some_and(|pipeline| pipeline.broken)
}

fn at_node(node: &Step<'_>, step: &Step<'_>, pipeline: &PipelineNames) -> Result<Reference, Slip> {
    if pipeline.broken {
        let [node, metric] = [node.0, step.0].map(str::to_owned);
        return Ok(Reference { pipeline: pipeline.name.clone(), node: Some(node), metric });
    }
    let known = pipeline.node(node.0).ok_or_else(|| unknown("node", node, pipeline.node_names().collect()))?;
    let metric = metric(step.0, &known.metrics)
        .ok_or_else(|| unknown("metric", step, known.metrics.iter().map(String::as_str).collect()))?;
    Ok(Reference { pipeline: pipeline.name.clone(), node: Some(known.name.clone()), metric })
}

/// Names longer lists of which are left to `surgetank list`.
const LISTED_MAX: usize = 24;

fn unknown(what: &str, step: &Step<'_>, known: Vec<&str>) -> Slip {
    let slip = Slip::new(step.1.clone(), format!("there is no {what} `{}`", clip(step.0, 60))).code("S022");
    // A metric may be written without its unit, so it may be misspelt without it too.
    let plain = |name: &&str| SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).map(str::to_owned);
    let short: Vec<String> = known.iter().filter_map(plain).collect();
    let every = known.iter().copied().chain(short.iter().map(String::as_str));
    if let Some(meant) = meant(step.0).filter(|(name, _)| known.contains(name)) {
        return slip.hint(meant.1);
    }
    if is_percentile(&format!("latency_{}", step.0)) && known.iter().any(|name| is_percentile(name)) {
        return slip.hint(format!("write `latency_{}`", step.0));
    }
    match nearest(step.0, every) {
        Some(near) if is_percentile(step.0) && is_percentile(near) => slip.hint(format!(
            "these are reported: {}; more can be asked for with `percentiles` in `[run]`",
            known.iter().filter(|name| is_percentile(name)).copied().collect::<Vec<_>>().join(", ")
        )),
        Some(near) => slip.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => slip,
        None => {
            let more = if known.len() > LISTED_MAX { ", ..." } else { "" };
            let listed: Vec<&str> = known.into_iter().take(LISTED_MAX).collect();
            slip.hint(format!("there is: {}{more}", listed.join(", ")))
        }
    }
}

/// A metric of a design in words that others use for it: its name here, and what to write.
fn meant(word: &str) -> Option<(&'static str, &'static str)> {
    Some(match word {
        "latency_avg" | "latency_average" | "avg_latency" | "mean_latency" => {
            ("latency_mean_s", "did you mean `latency_mean`?")
        }
        "costs" | "known_costs" | "price" | "bill" => ("cost_usd", "did you mean `cost_usd`?"),
        "availability" | "success_rate" | "success" | "done_share" => ("goodput_share", "did you mean `goodput`?"),
        "errors" | "error_rate" | "failed" | "failures" => (
            "rejected",
            "what is not done is `rejected`, `timed_out`, `expired`, `dead_lettered`, `lost` or `unfinished`; `goodput` is \
             the share done in time",
        ),
        _ => return None,
    })
}

fn is_percentile(name: &str) -> bool {
    name.strip_prefix("latency_p").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The full name of a metric that is written with or without its unit.
fn metric(written: &str, known: &[String]) -> Option<String> {
    let plain = |name: &str| name.replace('.', "_");
    let wanted = plain(written);
    let with_unit = |name: &&String| SUFFIXES.iter().any(|suffix| plain(name) == format!("{wanted}{suffix}"));
    known.iter().find(|name| plain(name) == wanted).or_else(|| known.iter().find(with_unit)).cloned()
}
