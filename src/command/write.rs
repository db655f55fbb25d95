//! The folder of a run: tables, charts, the resolved scenario and the data that it read.

use super::open::{Opened, SCENARIO_FILE};
use crate::cli::RunArguments;
use crate::output::charts::CHARTS;
use crate::output::files;
use crate::output::folder::{Finished, OutputError, OutputFolder};
use crate::output::manifest::RunRecord;
use crate::report::Report;
use rayon::prelude::*;

/// Writes everything, whole or not at all; `messages` writes what came of every job, if that was asked for.
///
/// # Errors
/// When something cannot be written; nothing is left behind then.
pub(super) fn write(
    report: &Report,
    opened: &Opened,
    arguments: &RunArguments,
    mut folder: OutputFolder,
    messages: impl FnOnce(&mut OutputFolder) -> Result<(), OutputError>,
) -> Result<Finished, OutputError> {
    let scenario = opened.resolved.to_toml(&opened.loaded);
    folder.write(SCENARIO_FILE, |out| out.write_all(scenario.as_bytes()))?;
    for (name, text) in &opened.data {
        folder.write(name, |out| out.write_all(text.as_bytes()))?;
    }
    files::write_all(report, &mut folder)?;
    messages(&mut folder)?;
    if !arguments.no_charts {
        let charts: Vec<_> = CHARTS.par_iter().filter_map(|kind| kind.draw(report)).collect();
        for chart in charts {
            folder.write(&format!("charts/{}.svg", chart.name), |out| out.write_all(chart.svg.as_bytes()))?;
            folder.write(&format!("charts/{}.png", chart.name), |out| out.write_all(&chart.png))?;
        }
    }
    folder.finish(report, &RunRecord { flags: flags(arguments), timing: None })
}

/// What the command line changed, as typed; no paths.
fn flags(arguments: &RunArguments) -> Vec<String> {
    let mut flags: Vec<String> = arguments.sets.iter().map(|set| format!("--set {set}")).collect();
    flags.extend(arguments.seed.map(|seed| format!("--seed {seed}")));
    flags.extend(arguments.replications.map(|count| format!("--replications {count}")));
    flags.extend(arguments.cases.iter().map(|case| format!("--case {case}")));
    flags.extend(arguments.pipelines.iter().map(|pipeline| format!("--pipeline {pipeline}")));
    if !arguments.percentiles.is_empty() {
        let list: Vec<String> = arguments.percentiles.iter().map(f64::to_string).collect();
        flags.push(format!("--percentiles {}", list.join(",")));
    }
    flags
}
