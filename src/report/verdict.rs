//! A sentence per pipeline: what happened, and why.

use super::{Cell, Fate, Loss, Report};
use std::fmt::Write as _;

/// Writes the verdict of every cell.
pub(super) fn write(report: &mut Report) {
    let sentences: Vec<String> = report.cells.iter().map(|cell| sentence(report, cell)).collect();
    for (cell, sentence) in report.cells.iter_mut().zip(sentences) {
        cell.verdict = sentence;
    }
}

fn sentence(report: &Report, cell: &Cell) -> String {
    let sent = cell.mean("jobs_sent").unwrap_or(0.0);
    if sent <= 0.0 {
        return "no job arrived".to_owned();
    }
    let share = |fate: Fate| cell.fates.get(fate as usize).map_or(0.0, |jobs| jobs.mean / sent);
    let mut parts = vec![format!("{} of the jobs were done in time", percent(share(Fate::DoneInTime)))];
    if report.run.objective_s.is_none() {
        parts = vec![format!("{} of the jobs were done", percent(share(Fate::DoneInTime)))];
    }
    if share(Fate::DoneLate) > 0.0 {
        parts.push(format!("{} late", percent(share(Fate::DoneLate))));
    }
    if share(Fate::DoneTwice) > 0.0 {
        parts.push(format!("{} twice", percent(share(Fate::DoneTwice))));
    }
    let mut text = join(&parts);
    if let Some(why) = cause(&cell.losses, sent) {
        text.push_str("; ");
        text.push_str(&why);
    }
    if let Some(wait) = waiting(cell) {
        text.push_str("; ");
        text.push_str(&wait);
    }
    if let Some(wasted) = cell.mean("wasted_work_share").filter(|&share| share >= 0.01) {
        let _ = write!(text, "; {} of the work was for nobody", percent(wasted));
    }
    text
}

/// The largest causes of loss, by name and place.
fn cause(losses: &[Loss], sent: f64) -> Option<String> {
    let named: Vec<String> = losses
        .iter()
        .take(2)
        .filter(|loss| loss.jobs.mean > 0.0)
        .map(|loss| {
            let share = percent(loss.jobs.mean / sent);
            match loss.fate {
                Fate::Unfinished => format!("{share} were still under way at the end"),
                fate => format!("{share} {} at {} ({})", fate.label(), loss.node, loss.reason),
            }
        })
        .collect();
    (!named.is_empty()).then(|| join(&named))
}

/// Where and how long the jobs waited.
fn waiting(cell: &Cell) -> Option<String> {
    let backlog = cell.mean("backlog_max").filter(|&backlog| backlog >= 2.0)?;
    let drain = cell.mean("drain_s")?;
    Some(format!("a backlog of {backlog:.0} drained in {}", crate::report::words::seconds(drain)))
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 {
        "under 0.1 %".to_owned()
    } else if percent > 99.9 && percent < 100.0 {
        "over 99.9 %".to_owned()
    } else if (percent - percent.round()).abs() < 0.05 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
