//! What is held of every scenario of the swarm, beside what the engine and the books of its nodes hold by themselves.

use crate::bench::model;
use surgetank::engine::Bound;
use surgetank::metrics::{Fate, Observation, columns};
use surgetank::scenario::{PipelineModel, Replication};

/// Jobs by fate.
pub(super) type Fates = [u64; Fate::ALL.len()];

/// Runs a scenario: the jobs by fate, nothing if it needed too many events, or what is wrong with it.
pub(super) fn judge(number: u64, text: &str) -> Result<Option<Fates>, String> {
    let model = model(text)?;
    let (case, pipeline) = (&model.cases[0], &model.cases[0].pipelines[0]);
    match case.simulate(pipeline, number, 0, &mut |_| true) {
        Replication::Done(observation) => {
            let sent: u64 = observation.arrivals.iter().map(|&jobs| u64::from(jobs)).sum();
            let ended: u64 = observation.fates.iter().sum();
            if sent != ended {
                return Err(format!("{sent} sent, {ended} ended"));
            }
            summary(&observation, &case.run.percentiles)?;
            figures(pipeline, &observation)?;
            Ok(Some(observation.fates))
        }
        Replication::Exceeded(overrun) if overrun.bound == Bound::Events => Ok(None),
        other => Err(format!("{other:?}")),
    }
}

/// A figure is a number and not negative, and a share is no more than the whole.
fn sound(name: &str, unit: &str, value: f64) -> Result<(), String> {
    let most = if unit == "1" { 1.0 + 1e-9 } else { f64::MAX };
    if (0.0..=most).contains(&value) { Ok(()) } else { Err(format!("{name} is {value} {unit}")) }
}

fn summary(observation: &Observation, percentiles: &[f64]) -> Result<(), String> {
    let columns = columns(percentiles);
    let known = columns.iter().zip(&observation.summary).filter_map(|(column, value)| Some((column, (*value)?)));
    known.into_iter().try_for_each(|(column, value)| sound(&column.name, column.unit, value))
}

/// Each figure is sound by itself; what a gauge was on average is no more than it was at most.
fn figures(pipeline: &PipelineModel, observation: &Observation) -> Result<(), String> {
    let columns = pipeline.node_columns();
    let name = |index: usize| {
        let column = &columns[index];
        format!("{} {} {}", pipeline.plan.nodes[column.node.index()].name, column.metric, column.statistic)
    };
    for (index, value) in observation.nodes.iter().enumerate() {
        let Some(value) = *value else { continue };
        sound(&name(index), columns[index].unit, value)?;
        let is_mean = columns[index].statistic == "mean";
        let most = columns.get(index + 1).filter(|next| is_mean && next.statistic == "max");
        let most = most.and_then(|_| observation.nodes[index + 1]);
        if let Some(most) = most.filter(|most| value > most * (1.0 + 1e-9)) {
            return Err(format!("{} is {value}, but {} {most}", name(index), name(index + 1)));
        }
    }
    Ok(())
}
