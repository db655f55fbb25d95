//! Every case through every pipeline, replication by replication, on all processors. The order in which they finish
//! changes nothing: results are put together by their place.

use super::messages::{Records, Task};
use crate::engine::SimTime;
use crate::report::Results;
use crate::scenario::{Model, Overrun, Replication};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What came of a simulation.
pub(super) struct Simulated {
    /// What finished.
    pub results: Results,
    /// The first overrun of each case and pipeline that needed more than it may use; they are left out of the results.
    pub overruns: Vec<Overrun>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// The replications that the results cover, in their order.
    pub done: Vec<Task>,
}

/// Simulates all replications of a model with up to `jobs` at the same time, until `stop` is set.
pub(super) fn simulate(
    model: &Model,
    jobs: usize,
    quiet: bool,
    stop: &AtomicBool,
    records: Option<&Records>,
) -> Simulated {
    let run = &model.cases[0].run;
    let (seed, replications) = (run.seed, run.replications);
    let tasks: Vec<Task> = model
        .cases
        .iter()
        .enumerate()
        .flat_map(|(case, model)| (0..model.pipelines.len()).map(move |pipeline| (case, pipeline)))
        .flat_map(|(case, pipeline)| (0..replications).map(move |replication| (case, pipeline, replication)))
        .collect();
    let hopeless: Vec<Vec<AtomicBool>> =
        model.cases.iter().map(|case| case.pipelines.iter().map(|_| AtomicBool::new(false)).collect()).collect();
    let progress = Progress::new(tasks.len() as u64, quiet);
    let one = |&(case, pipeline, replication): &Task| {
        let hopeless = &hopeless[case][pipeline];
        let mut shown = 0;
        let mut goes_on = |now: SimTime| {
            // The end of the traffic is nearly that of most runs.
            progress.advance(&mut shown, now.as_secs_f64() / run.duration.as_secs_f64());
            !stop.load(Ordering::Relaxed) && !hopeless.load(Ordering::Relaxed)
        };
        if !goes_on(SimTime::ZERO) {
            return Replication::Interrupted;
        }
        let sink = records.map(|records| records.of((case, pipeline, replication)));
        let case = &model.cases[case];
        let outcome = case.simulate_telling(&case.pipelines[pipeline], seed, replication, &mut goes_on, sink);
        if let Replication::Exceeded(_) = outcome {
            hopeless.store(true, Ordering::Relaxed);
        }
        progress.finish_one(shown);
        outcome
    };
    let outcomes: Vec<Replication> = match rayon::ThreadPoolBuilder::new().num_threads(jobs).build() {
        Ok(pool) => pool.install(|| tasks.par_iter().map(one).collect()),
        Err(_) => tasks.iter().map(one).collect(),
    };
    progress.bar.finish_and_clear();
    collect(model, &tasks, outcomes, stop.load(Ordering::Relaxed))
}

fn collect(model: &Model, tasks: &[Task], outcomes: Vec<Replication>, interrupted: bool) -> Simulated {
    let run = &model.cases[0].run;
    let mut cells: Vec<Vec<Vec<_>>> =
        model.cases.iter().map(|case| case.pipelines.iter().map(|_| Vec::new()).collect()).collect();
    let mut overruns: Vec<((usize, usize), Overrun)> = Vec::new();
    let mut done: Vec<Task> = Vec::new();
    for (&task, outcome) in tasks.iter().zip(outcomes) {
        let (case, pipeline, _) = task;
        match outcome {
            Replication::Done(observation) => {
                cells[case][pipeline].push(*observation);
                done.push(task);
            }
            Replication::Exceeded(overrun) => {
                if overruns.iter().all(|(cell, _)| *cell != (case, pipeline)) {
                    overruns.push(((case, pipeline), *overrun));
                }
            }
            Replication::Interrupted => {}
        }
    }
    for &((case, pipeline), _) in &overruns {
        cells[case][pipeline].clear();
        done.retain(|task| (task.0, task.1) != (case, pipeline));
    }
    let partial = interrupted || !overruns.is_empty();
    let results = Results { cells, seed: run.seed, replications: run.replications, partial };
    Simulated { results, overruns: overruns.into_iter().map(|(_, overrun)| overrun).collect(), interrupted, done }
}

/// A bar on standard error, if that is a terminal.
struct Progress {
    bar: ProgressBar,
    replications: u64,
    finished: AtomicU64,
}

/// Parts of a replication that can be seen to pass.
const PARTS: u32 = 100;

impl Progress {
    fn new(replications: u64, quiet: bool) -> Self {
        let (finished, parts) = (AtomicU64::new(0), replications * u64::from(PARTS));
        if quiet || !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), replications, finished };
        }
        let style =
            ProgressStyle::with_template("{bar:40} {msg}, {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(parts).with_style(style);
        let progress = Self { bar, replications, finished };
        progress.tell(0);
        // Seen from the beginning, however long the first part takes.
        progress.bar.enable_steady_tick(Duration::from_millis(250));
        progress
    }

    fn tell(&self, finished: u64) {
        self.bar.set_message(format!("{finished}/{} replications", self.replications));
    }

    /// A share of a replication has passed, of which so many parts were shown.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of parts")]
    fn advance(&self, shown: &mut u32, share: f64) {
        let passed = (share * f64::from(PARTS)).clamp(0.0, f64::from(PARTS - 1)) as u32;
        if passed > *shown {
            self.bar.inc(u64::from(passed - *shown));
            *shown = passed;
        }
    }

    /// A replication has finished, of which so many parts were shown.
    fn finish_one(&self, shown: u32) {
        self.bar.inc(u64::from(PARTS - shown));
        self.tell(self.finished.fetch_add(1, Ordering::Relaxed) + 1);
    }
}
