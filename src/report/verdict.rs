//! A sentence per pipeline: what happened, and why.

use super::human::Figure;
use super::names::{BACKLOG_MAX, DRAIN, JOBS_SENT, RECOVERY, WASTED_WORK};
use super::{Cell, Fate, Loss, NodeMetric, NodeReport, Report};
use crate::stats::Estimate;

/// Writes the verdict of every cell.
pub(super) fn write(report: &mut Report) {
    let sentences: Vec<String> = report.cells.iter().map(|cell| sentence(report, cell)).collect();
    for (cell, sentence) in report.cells.iter_mut().zip(sentences) {
        cell.verdict = sentence;
    }
}

fn sentence(report: &Report, cell: &Cell) -> String {
    if cell.mean(JOBS_SENT).unwrap_or(0.0) <= 0.0 {
        return "no job arrived".to_owned();
    }
    let in_time = if report.run.objective_s.is_some() { "in time" } else { "" };
    let ways = [(Fate::DoneInTime, in_time), (Fate::DoneLate, "late"), (Fate::DoneTwice, "twice")];
    let mut text = done(ways.map(|(fate, how)| (cell.share(fate), how)));
    if let Some(why) = cause(cell) {
        text.push_str("; ");
        text.push_str(&why);
    }
    let surge = surge(cell);
    // Where nothing can be late, a backlog asks for its reason.
    let is_late = match report.run.objective_s {
        Some(_) => cell.share(Fate::DoneLate).mean >= LATE_WORTH_A_REASON,
        None => surge.is_some(),
    };
    if let Some(why) = bottleneck(cell).filter(|_| is_late) {
        text.push_str("; ");
        text.push_str(&why);
    }
    for part in [surge, unrecovered(report, cell), waste(cell), taken_away(cell)].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(&part);
    }
    text
}

/// How many of the jobs were done how, by share and in words; those that were not done are told by their causes.
fn done(shares: [(Estimate, &str); 3]) -> String {
    let [(_, best), ..] = shares;
    let mut parts = Vec::new();
    for (share, how) in shares.into_iter().filter(|(share, _)| share.mean > 0.0) {
        let words = if parts.is_empty() { format!("of the jobs were done {how}") } else { how.to_owned() };
        parts.push(format!("{} {}", percent(&share), words.trim_end()));
    }
    if parts.is_empty() {
        parts.push(format!("none of the jobs were done {best}").trim_end().to_owned());
    }
    join(&parts)
}

/// The largest causes of loss, by name and place.
fn cause(cell: &Cell) -> Option<String> {
    let part = |loss: &Loss| {
        let all = cell.fates.get(loss.fate as usize).map_or(0.0, |jobs| jobs.mean);
        if all > 0.0 { loss.jobs.mean / all } else { 0.0 }
    };
    let named: Vec<String> = cell
        .losses
        .iter()
        .take(2)
        .filter(|loss| loss.jobs.mean > 0.0)
        .map(|loss| {
            let share = percent(&times(cell.share(loss.fate), part(loss)));
            match loss.fate {
                Fate::Unfinished => format!("{share} were still under way at the end"),
                fate => format!("{share} {} at {} ({})", fate.label(), loss.node, loss.reason),
            }
        })
        .collect();
    (!named.is_empty()).then(|| join(&named))
}

/// A part of a share.
fn times(share: Estimate, part: f64) -> Estimate {
    let half_width = share.half_width.map(|half_width| half_width * part);
    Estimate { mean: share.mean * part, half_width, ..share }
}

/// A share of the work that nobody waited for or that had been done before, and that a reader wants to know of.
const WASTE_WORTH_A_WORD: f64 = 0.01;

/// How much of all the work was for nobody, by the summary's own figure, and where most of that was done.
fn waste(cell: &Cell) -> Option<String> {
    let share = cell.metric(WASTED_WORK)?.estimate.filter(|share| share.mean >= WASTE_WORTH_A_WORD)?;
    let wasted = cell.nodes.iter().map(|node| (node.name.as_str(), total(node, &["ghost_time", "repeated_time"])));
    let (node, _) = wasted.reduce(|most, next| if next.1 > most.1 { next } else { most })?;
    let working = cell.nodes.iter().filter(|node| total(node, &["work_time"]) > 0.0).count();
    Some(match working {
        0 | 1 => format!("{} of the work at {node} was for nobody", percent(&share)),
        _ => format!("{} of all work was for nobody, most of it at {node}", percent(&share)),
    })
}

/// The sum of these counters of a node.
fn total(node: &NodeReport, names: &[&str]) -> f64 {
    let wanted = node.metrics.iter().filter(|row| row.statistic == "total" && names.contains(&row.metric));
    wanted.filter_map(|row| row.estimate).map(|estimate| estimate.mean).sum()
}

/// Machines that a group took away while they worked, if there were any: for good, or into its warm pool.
fn taken_away(cell: &Cell) -> Option<String> {
    let counted = cell
        .nodes
        .iter()
        .map(|node| (&node.name, total(node, &["instances_terminated_busy", "instances_reused_busy"])));
    let (group, machines) = counted.reduce(|most, next| if next.1 > most.1 { next } else { most })?;
    (machines >= 0.95).then(|| format!("{machines:.0} machines of {group} were taken away in the middle of their work"))
}

/// A share of late jobs that a reader asks the reason of.
const LATE_WORTH_A_REASON: f64 = 0.01;

/// Below this share of its time, a node is not what everything waits for.
const IDLE: f64 = 0.7;

/// Gauges of what waits, in the words of the services.
const WAITING: [&str; 7] =
    ["visible", "unread", "in_hand", "prefetched", "message_ready_count", "waiting", "undelivered"];

/// Where most waited, how busy the busiest node was, and whether one shard had more than its part.
fn bottleneck(cell: &Cell) -> Option<String> {
    let waiting = |metric: &NodeMetric| WAITING.contains(&metric.metric) && metric.statistic == "max";
    let (place, most) = highest_of(cell.nodes.iter().filter(|node| is_asked(node)), waiting)?;
    let busiest = highest(cell, |metric| metric.metric == "utilisation" && metric.statistic == "mean");
    let mut parts = Vec::new();
    parts.extend((most.mean >= 0.5).then(|| format!("up to {} waited at {place}", jobs(&most))));
    parts.extend(busiest.map(|(node, share)| format!("{node} busy {} of the time", percent(&share))));
    // Where a reader has time to spare and records wait all the same, they wait for one shard.
    let is_idle = busiest.is_some_and(|(_, share)| share.mean < IDLE);
    if let Some((stream, share)) = highest(cell, |metric| metric.metric == "hottest_shard_share").filter(|_| is_idle) {
        parts.push(format!("{} of the puts to {stream} went to one shard", percent(&share)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Whether somebody fetches from a node, if it is one that is fetched from: nobody waits in a dead-letter queue that
/// is kept for later.
fn is_asked(node: &NodeReport) -> bool {
    let received = node.metrics.iter().find(|metric| metric.metric == "messages_received");
    received.and_then(|metric| metric.estimate).is_none_or(|estimate| estimate.mean > 0.0)
}

/// The node with the highest of some figures, and that figure; the first of equals.
fn highest(cell: &Cell, wanted: impl Fn(&NodeMetric) -> bool) -> Option<(&str, Estimate)> {
    highest_of(cell.nodes.iter(), wanted)
}

fn highest_of<'c>(
    nodes: impl Iterator<Item = &'c NodeReport>,
    wanted: impl Fn(&NodeMetric) -> bool,
) -> Option<(&'c str, Estimate)> {
    let figures = nodes.flat_map(|node| {
        let wanted = node.metrics.iter().filter(|metric| wanted(metric));
        wanted.filter_map(|metric| Some((node.name.as_str(), metric.estimate?)))
    });
    figures.reduce(|best, next| if next.1.mean > best.1.mean { next } else { best })
}

/// A backlog of fewer jobs is not worth a word.
const SURGE_LEAST: f64 = 20.0;
/// How many times the usual backlog makes a surge.
const SURGE_FACTOR: f64 = 5.0;

/// How large the backlog grew and how long it took to drain, if it stood out from the usual one.
fn surge(cell: &Cell) -> Option<String> {
    let backlog = cell.metric(BACKLOG_MAX)?.estimate.filter(|backlog| backlog.mean >= SURGE_LEAST)?;
    let usual = cell.pipeline_series("backlog").map_or(0.0, |series| low(&series.mean));
    if backlog.mean < SURGE_FACTOR * usual {
        return None;
    }
    let backlog = jobs(&backlog);
    let all = u32::try_from(cell.replications.len()).unwrap_or(u32::MAX);
    Some(match cell.metric(DRAIN)?.estimate {
        None => format!("a backlog of {backlog} had not drained at the end"),
        // The mean of those that drained would be a figure of the lucky ones.
        Some(drain) if drain.replications < all => {
            format!("a backlog of {backlog} drained before the end in {} of {all} replications", drain.replications)
        }
        Some(drain) => format!("a backlog of {backlog} drained in {}", Figure::of(&drain, "s").value),
    })
}

/// That a design does not do in time again what arrives after a fault, if it does not: a backlog may drain all the same,
/// of jobs that are late, or lost, or because nothing arrives any more.
fn unrecovered(report: &Report, cell: &Cell) -> Option<String> {
    let faults = &report.cases.get(cell.case)?.faults;
    if !faults.iter().any(|fault| fault.pipelines.contains(&cell.pipeline)) {
        return None;
    }
    let all = u32::try_from(cell.replications.len()).unwrap_or(u32::MAX);
    let back = cell.metric(RECOVERY)?.estimate.map_or(0, |estimate| estimate.replications);
    let what = if report.run.objective_s.is_some() { "as much done in time" } else { "as much done" };
    match back {
        0 => Some(format!("while jobs came after the fault, never {what} as arrived")),
        back if back < all => Some(format!("after the fault {what} as arrives in {back} of {all} replications only")),
        _ => None,
    }
}

/// What a tenth of the values stays below.
fn low(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 10).copied().unwrap_or(0.0)
}

/// A share as it stands in the table.
fn percent(share: &Estimate) -> String {
    Figure::of(share, "1").value
}

/// A number of jobs as it stands in the table.
fn jobs(number: &Estimate) -> String {
    Figure::of(number, "jobs").value
}

fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{SummaryMetric, fixture};

    fn figure(metric: &'static str, statistic: &str, mean: f64) -> NodeMetric {
        let estimate = Some(Estimate { mean, half_width: None, replications: 1 });
        NodeMetric { metric, statistic: statistic.into(), unit: "1", estimate }
    }

    fn node(name: &str, metrics: Vec<NodeMetric>) -> NodeReport {
        NodeReport { name: name.into(), kind: "service", servers: None, metrics }
    }

    /// A design of which four fifths of the jobs are late, with these nodes.
    fn late(nodes: Vec<NodeReport>) -> String {
        let report = fixture::report();
        let mut cell = report.cell(1, 1).expect("a cell").clone();
        cell.nodes = nodes;
        sentence(&report, &cell)
    }

    #[test]
    fn a_late_design_says_where_its_jobs_waited_and_who_was_busy() {
        let queue = node("jobs", vec![figure("visible", "mean", 400.0), figure("visible", "max", 976.1)]);
        let workers = node("encoders", vec![figure("utilisation", "mean", 0.857)]);
        let text = late(vec![queue, workers]);
        assert!(text.contains("; up to 976 waited at jobs; encoders busy 85.7 % of the time;"), "{text}");
    }

    #[test]
    fn without_an_objective_a_backlog_asks_for_its_reason() {
        let mut report = fixture::report();
        report.run.objective_s = None;
        let mut cell = report.cell(1, 1).expect("a cell").clone();
        let workers = node("encoders", vec![figure("utilisation", "mean", 0.9)]);
        cell.nodes = vec![node("jobs", vec![figure("visible", "max", 976.1)]), workers];
        let text = sentence(&report, &cell);
        assert!(text.contains("up to 976 waited at jobs; encoders busy 90 % of the time; a backlog of"), "{text}");
        let series = cell.series.iter_mut().find(|series| series.node.is_none() && series.metric == "backlog");
        series.expect("a series").mean = vec![300.0; 50];
        assert!(!sentence(&report, &cell).contains("waited"));
    }

    #[test]
    fn a_stream_says_what_its_busiest_shard_got() {
        let stream = node("videos", vec![figure("unread", "max", 12.0), figure("hottest_shard_share", "share", 0.206)]);
        let reader = node("encoders", vec![figure("in_hand", "max", 900.0), figure("utilisation", "mean", 0.46)]);
        let text = late(vec![stream, reader]);
        let why = "up to 900 waited at encoders; encoders busy 46 % of the time; 20.6 % of the puts to videos went to one shard";
        assert!(text.contains(why), "{text}");
    }

    #[test]
    fn an_even_stream_whose_reader_is_busy_says_nothing_of_shards() {
        let stream = node("videos", vec![figure("unread", "max", 12.0), figure("hottest_shard_share", "share", 0.173)]);
        let text = late(vec![stream, node("encoders", vec![figure("utilisation", "mean", 0.97)])]);
        assert!(text.contains("up to 12 waited at videos; encoders busy 97 % of the time") && !text.contains("shard"));
    }

    #[test]
    fn only_a_backlog_that_stands_out_is_told() {
        let mut cell = fixture::report().cell(1, 1).expect("a cell").clone();
        assert!(surge(&cell).expect("a spike").starts_with("a backlog of 980 drained in"));
        let series = cell.series.iter_mut().find(|series| series.node.is_none() && series.metric == "backlog");
        series.expect("a series").mean = vec![300.0; 50];
        assert_eq!(surge(&cell), None);
    }

    /// What is said of a design with such a share of wasted work, and such times of work and ghost work at its nodes.
    fn wasting(share: f64, web: [f64; 2], backend: [f64; 2]) -> Option<String> {
        let mut cell = fixture::report().cell(1, 1).expect("a cell").clone();
        let estimate = Some(Estimate { mean: share, half_width: None, replications: 1 });
        cell.summary.retain(|metric| metric.name != WASTED_WORK);
        cell.summary.push(SummaryMetric { name: WASTED_WORK.into(), unit: "1", estimate });
        let figures = |[work, ghost]: [f64; 2]| {
            let busy = figure("busy_time", "total", 900.0);
            vec![busy, figure("work_time", "total", work), figure("ghost_time", "total", ghost)]
        };
        cell.nodes = vec![node("web", figures(web)), node("backend", figures(backend))];
        waste(&cell)
    }

    #[test]
    fn work_for_nobody_is_the_figure_of_the_summary_and_told_where_it_was_done() {
        let alone = wasting(0.87, [0.0, 0.0], [100.0, 87.0]);
        assert_eq!(alone.as_deref(), Some("87 % of the work at backend was for nobody"));
        let both = wasting(0.6, [60.0, 10.0], [100.0, 86.0]);
        assert_eq!(both.as_deref(), Some("60 % of all work was for nobody, most of it at backend"));
        assert_eq!(wasting(0.009, [0.0, 0.0], [100.0, 0.9]), None);
    }

    #[test]
    fn jobs_do_not_wait_where_nobody_fetches() {
        let queue = |name, visible, received| {
            node(name, vec![figure("messages_received", "total", received), figure("visible", "max", visible)])
        };
        let text = late(vec![queue("jobs", 41.0, 500.0), queue("failed", 100.0, 0.0)]);
        assert!(text.contains("; up to 41 waited at jobs"), "{text}");
    }

    #[test]
    fn the_shares_are_those_of_the_table_and_add_up() {
        let report = fixture::report();
        for cell in &report.cells {
            let shares: f64 = Fate::ALL.into_iter().map(|fate| cell.share(fate).mean).sum();
            assert!((shares - 1.0).abs() < 1e-9, "{shares}");
            let goodput = cell.mean(crate::report::names::GOODPUT).expect("measured");
            assert!((cell.share(Fate::DoneInTime).mean - goodput).abs() < 1e-9);
        }
    }

    #[test]
    fn what_was_done_begins_with_the_best_that_there_was() {
        let sure = |mean| Estimate { mean, half_width: None, replications: 1 };
        let told =
            |in_time, late, twice| done([(sure(in_time), "in time"), (sure(late), "late"), (sure(twice), "twice")]);
        assert_eq!(told(0.5, 0.3, 0.2), "50 % of the jobs were done in time, 30 % late and 20 % twice");
        assert_eq!(told(0.0, 0.9, 0.1), "90 % of the jobs were done late and 10 % twice");
        assert_eq!(told(0.0, 0.0, 0.0), "none of the jobs were done in time");
        let told = |all| done([(sure(all), ""), (sure(0.0), "late"), (sure(0.0), "twice")]);
        assert_eq!(told(0.4), "40 % of the jobs were done");
        assert_eq!(told(0.0), "none of the jobs were done");
    }

    #[test]
    fn a_backlog_that_stays_is_not_said_to_drain() {
        let mut cell = fixture::report().cell(1, 1).expect("a cell").clone();
        let all = u32::try_from(cell.replications.len()).expect("a few");
        let mut drained = |replications: u32| {
            let drain = cell.summary.iter_mut().find(|metric| metric.name == DRAIN).expect("in every summary");
            drain.estimate = (replications > 0).then_some(Estimate { mean: 60.0, half_width: Some(1.0), replications });
            surge(&cell).expect("a spike")
        };
        assert_eq!(drained(all), "a backlog of 980 drained in 1 min");
        assert_eq!(drained(1), format!("a backlog of 980 drained before the end in 1 of {all} replications"));
        assert_eq!(drained(0), "a backlog of 980 had not drained at the end");
    }

    #[test]
    fn a_design_that_never_recovers_says_so_although_its_backlog_drained() {
        let report = fixture::report();
        let mut cell = report.cell(1, 1).expect("a cell").clone();
        let all = u32::try_from(cell.replications.len()).expect("a few");
        let mut told = |back: u32| {
            let estimate = (back > 0).then_some(Estimate { mean: 60.0, half_width: None, replications: back });
            cell.summary.retain(|metric| metric.name != RECOVERY);
            cell.summary.push(SummaryMetric { name: RECOVERY.into(), unit: "s", estimate });
            unrecovered(&report, &cell)
        };
        assert_eq!(told(0).as_deref(), Some("while jobs came after the fault, never as much done in time as arrived"));
        let some = "after the fault as much done in time as arrives in 1 of 4 replications only";
        assert_eq!(told(1).as_deref(), Some(some));
        assert_eq!(told(all), None);
        let mut calm = report.clone();
        calm.cases[1].faults.clear();
        assert_eq!(unrecovered(&calm, &cell), None);
    }

    #[test]
    fn machines_that_were_taken_away_at_work_are_told() {
        let mut cell = fixture::report().cell(1, 1).expect("a cell").clone();
        cell.nodes = vec![node("encoders", vec![figure("instances_terminated_busy", "total", 70.8)])];
        let told = taken_away(&cell);
        assert_eq!(told.as_deref(), Some("71 machines of encoders were taken away in the middle of their work"));
        cell.nodes = vec![node("encoders", vec![figure("instances_terminated_busy", "total", 0.0)])];
        assert_eq!(taken_away(&cell), None);
    }

    #[test]
    fn a_design_in_time_gives_no_reason() {
        let report = fixture::report();
        let mut cell = report.cell(0, 1).expect("a cell").clone();
        cell.nodes = vec![node("jobs", vec![figure("visible", "max", 9.0)])];
        assert!(!sentence(&report, &cell).contains("waited at"));
    }
}
