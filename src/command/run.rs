//! `run`: simulate, compare, write.

use super::messages::Records;
use super::open::{Opened, open, scenario_name};
use super::simulate::simulate;
use super::{console, write};
use crate::cli::{Format, RunArguments};
use crate::diagnostic::{nearest, visible};
use crate::exit::Exit;
use crate::output::folder::{Finished, OutputError, OutputFolder};
use crate::output::terminal::Page;
use crate::output::{csv, json, markdown, terminal};
use crate::report::{self, ExpectationResult, Report};
use crate::scenario::{Model, Overrun};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Runs every scenario; the worst exit code is that of the whole.
pub(super) fn run(arguments: &RunArguments) -> Exit {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // Without a handler an interruption ends the program at once, which loses what finished but breaks nothing.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    if let Some(name) = twice(&arguments.files) {
        let message = format!("two of these scenarios are called `{name}`: one's results would replace the other's");
        console::error(&message, "run them one after the other, each with an `--out` of its own");
        return Exit::Usage;
    }
    let mut worst = Exit::Done;
    for file in &arguments.files {
        worst = worst.max(run_file(file, arguments, &stop).unwrap_or_else(|exit| exit));
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    worst
}

/// A name that two files have.
fn twice(files: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = files.iter().map(|file| scenario_name(file)).collect();
    (1..names.len()).find(|&index| names[..index].contains(&names[index])).map(|index| names[index].clone())
}

fn run_file(file: &std::path::Path, arguments: &RunArguments, stop: &AtomicBool) -> Result<Exit, Exit> {
    let started = Instant::now();
    let mut opened = open(file, &settings(arguments))?;
    // Quiet means no advice; a scenario that cannot be run is told in any case.
    if !arguments.quiet || opened.resolved.found.has_errors() {
        console::findings(&opened.resolved.found, &opened.loaded.sources);
    }
    let model = opened.resolved.model.take().ok_or(Exit::Scenario)?;
    let model = select(model, arguments)?;
    let folder = OutputFolder::prepare(&arguments.out, &opened.name).map_err(|error| told(&error))?;
    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let records = arguments.messages.then(|| Records::begin(&folder)).transpose().map_err(|error| told(&error))?;
    let simulated = simulate(&model, jobs, arguments.quiet, stop, records.as_ref());
    if simulated.done.is_empty() {
        // What an earlier run has written is worth more than nothing.
        console::say("no replication had finished: nothing was written");
        simulated.overruns.iter().for_each(|overrun| tell_overrun(overrun, &opened));
        return Ok(if simulated.interrupted { Exit::Interrupted } else { Exit::Failed });
    }
    let report = report::build(&model, &opened.name, &simulated.results);
    let messages = |folder: &mut OutputFolder| match records {
        Some(records) => records.write(&opened.name, &model, &simulated.done, folder),
        None => Ok(()),
    };
    let written = write::write(&report, &opened, arguments, folder, messages).map_err(|error| told(&error))?;
    print(&report, &written, arguments, started.elapsed().as_secs_f64());
    for overrun in &simulated.overruns {
        tell_overrun(overrun, &opened);
    }
    Ok(judge(&report, !simulated.overruns.is_empty(), simulated.interrupted))
}

/// Options that are short for a `--set`.
fn settings(arguments: &RunArguments) -> Vec<String> {
    let mut sets = arguments.sets.clone();
    sets.extend(arguments.seed.map(|seed| format!("run.seed={seed}")));
    sets.extend(arguments.replications.map(|count| format!("run.replications={count}")));
    if !arguments.percentiles.is_empty() {
        sets.push(format!("run.percentiles={:?}", arguments.percentiles));
    }
    sets
}

/// Only the cases and pipelines that were asked for.
fn select(mut model: Model, arguments: &RunArguments) -> Result<Model, Exit> {
    let cases: Vec<String> = model.cases.iter().map(|case| case.name.clone()).collect();
    known(&arguments.cases, &cases, "case")?;
    let pipelines: Vec<String> = model.cases[0].pipelines.iter().map(|pipeline| pipeline.name.clone()).collect();
    known(&arguments.pipelines, &pipelines, "pipeline")?;
    if !arguments.cases.is_empty() {
        model.cases.retain(|case| arguments.cases.contains(&case.name));
    }
    if !arguments.pipelines.is_empty() {
        for case in &mut model.cases {
            case.pipelines.retain(|pipeline| arguments.pipelines.contains(&pipeline.name));
        }
        let wanted = |name: &str| arguments.pipelines.iter().any(|pipeline| pipeline == name);
        let all = model.expectations.len();
        model.expectations.retain(|expectation| expectation.pipelines().into_iter().all(wanted));
        let left_out = all - model.expectations.len();
        if left_out > 0 && !arguments.quiet {
            console::say(&format!("{left_out} of {all} expectations are not looked at: they need other pipelines"));
        }
    }
    Ok(model)
}

fn known(asked: &[String], known: &[String], what: &str) -> Result<(), Exit> {
    for name in asked {
        if !known.contains(name) {
            let near = nearest(name, known.iter().map(String::as_str));
            let help = near
                .map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            console::error(&format!("the scenario has no {what} `{name}`"), &help);
            return Err(Exit::Usage);
        }
    }
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn told(error: &OutputError) -> Exit {
    console::error(&error.to_string(), error.help());
    Exit::Failed
}

fn print(report: &Report, written: &Finished, arguments: &RunArguments, wall_time_s: f64) {
    if arguments.quiet {
        for ExpectationResult { that, case, found, .. } in report.expectations.iter().filter(|expected| !expected.held)
        {
            let case = report.cases.get(*case).map_or("", |case| &case.name);
            console::say(&visible(&format!("expectation failed in case `{case}`: {that} ({found})")));
        }
        return;
    }
    match arguments.format {
        Format::Text => {
            let page = Page {
                width: console::width(),
                style: console::style(),
                written: Some(written),
                wall_time_s: Some(wall_time_s),
            };
            console::result(&terminal::page(report, &page));
        }
        Format::Md => console::result(&markdown::page(report)),
        Format::Json => {
            let mut text = Vec::new();
            let folder = written.path.display().to_string();
            // Writing into memory cannot fail.
            let _ = json::write(report, Some(&folder), &mut text);
            console::result(&String::from_utf8_lossy(&text));
        }
        Format::Csv => {
            let mut text = Vec::new();
            let _ = csv::summary::write(report, &mut text);
            console::result(&String::from_utf8_lossy(&text));
        }
    }
}

/// Says what needed more than it may use, and where the work was.
fn tell_overrun(overrun: &Overrun, opened: &Opened) {
    use crate::engine::Bound;
    let Overrun { case, pipeline, replication, bound, limit, at, busiest } = overrun;
    let (what, key) = match bound {
        Bound::Events => ("events", "run.max_events"),
        Bound::Live => ("messages under way at once", "run.max_live_messages"),
        Bound::Lane => ("consequences of one instant", ""),
    };
    let message = format!(
        "`{}`: pipeline `{pipeline}` of case `{case}` needs more than {limit} {what} \
         (replication {replication}, at {at} of simulated time); its busiest node is `{busiest}`",
        opened.name
    );
    let help = if key.is_empty() {
        format!("look for nodes around `{busiest}` that wait for nothing")
    } else {
        format!("shorten the run, lower the traffic, or raise `{key}`; what else has finished is complete")
    };
    console::error(&message, &help);
}

fn judge(report: &Report, overran: bool, interrupted: bool) -> Exit {
    if interrupted {
        console::say("interrupted: what had finished was written and marked partial");
        return Exit::Interrupted;
    }
    if overran {
        return Exit::Failed;
    }
    if report.expectations.iter().any(|expectation| !expectation.held) {
        return Exit::Expectation;
    }
    Exit::Done
}
