//! What the result page says, whatever it is printed on: the lines of its tables and its sentences.

use super::style::Tone;
use super::table::{Column, Entry, Squeeze, Table};
use super::text::{clean, fit};
use crate::report::human::{Figure, seconds};
use crate::report::names::{BACKLOG_MAX, COST, DRAIN, GOODPUT, JOBS_SENT, RECOVERY, latency_percentile};
use crate::report::{Cell, ExpectationResult, Fate, Loss, Report};
use crate::stats::Estimate;

/// Causes of loss that are named; the rest is in `metrics.csv`.
const CAUSES_NAMED: usize = 4;

/// A line of the table of a case.
struct Line {
    label: String,
    source: Source,
}

/// Where the figures of a line come from.
enum Source {
    Metric(String),
    /// How long something took that may not have come about: draining, recovering.
    Until(&'static str),
    Fate(Fate),
    /// What all nodes with such a figure add up to.
    Nodes(&'static str),
}

/// The lines for one case in groups: jobs by fate, which add up to what was sent; how long a job took; the queue.
fn groups(report: &Report, case: usize) -> [Vec<Line>; 3] {
    let metric = |label: &str, name: &str| Line { label: label.into(), source: Source::Metric(name.into()) };
    let occurs = |fate: Fate| {
        let of_case = report.cells.iter().filter(|cell| cell.case == case);
        of_case.filter_map(|cell| jobs(cell, fate)).any(|jobs| jobs.mean > 0.0)
    };
    let shown = Fate::ALL.into_iter().filter(|&fate| match fate {
        Fate::DoneInTime | Fate::DoneTwice => true,
        Fate::DoneLate => report.run.objective_s.is_some() || occurs(fate),
        // Something has to say that nothing was lost.
        Fate::Lost => occurs(fate) || !Fate::ALL[3..].iter().any(|&fate| occurs(fate)),
        _ => occurs(fate),
    });
    let mut jobs = vec![metric("sent", JOBS_SENT)];
    jobs.extend(shown.map(|fate| Line { label: fate.label().into(), source: Source::Fate(fate) }));
    jobs.push(metric("goodput", GOODPUT));
    let latency = |percent: &f64| metric(&format!("latency p{percent}"), &latency_percentile(*percent));
    let latencies = report.run.percentiles.iter().map(latency).collect();
    let line = |label: &str, source: Source| Line { label: label.into(), source };
    let mut queue = vec![metric("worst backlog", BACKLOG_MAX), line("time to drain", Source::Until(DRAIN))];
    let faults = !report.cases[case].faults.is_empty();
    queue.extend(faults.then(|| line("recovery", Source::Until(RECOVERY))));
    // Machines are among the costs: what they cost is worth a line where other things cost something as well.
    let machines = report.cells.iter().filter(|cell| cell.case == case).any(|cell| {
        in_all(cell, MACHINES)
            .is_some_and(|(machines, _)| cell.mean(COST).is_some_and(|all| all > machines.mean * (1.0 + 1e-9) + 1e-12))
    });
    queue.extend(has_costs(report, case).then(|| metric("known costs", COST)));
    queue.extend(machines.then(|| line("of it machines", Source::Nodes(MACHINES))));
    [jobs, latencies, queue]
}

/// Whether it is known of a pipeline of a case what it costs.
fn has_costs(report: &Report, case: usize) -> bool {
    let mut cells = report.cells.iter().filter(|cell| cell.case == case);
    cells.any(|cell| cell.mean(COST).is_some())
}

/// What groups of machines cost.
const MACHINES: &str = "instance_cost";

/// What the nodes of a pipeline add up to in one figure, and its unit; an interval only where it is that of one node.
fn in_all(cell: &Cell, metric: &str) -> Option<(Estimate, &'static str)> {
    let figures = cell.nodes.iter().flat_map(|node| &node.metrics).filter(|figure| figure.metric == metric);
    let figures = figures.filter_map(|figure| Some((figure.estimate?, figure.unit)));
    figures.reduce(|(sum, unit), (more, _)| (Estimate { mean: sum.mean + more.mean, half_width: None, ..sum }, unit))
}

/// Whether something that may come about or not was looked for and came about in no replication.
fn never(report: &Report, cell: &Cell, name: &str) -> bool {
    let is_due = match name {
        RECOVERY => report.cases[cell.case].faults.iter().any(|fault| fault.pipelines.contains(&cell.pipeline)),
        _ => cell.mean(BACKLOG_MAX).is_some_and(|backlog| backlog > 0.0),
    };
    is_due && cell.metric(name).is_some_and(|metric| metric.estimate.is_none())
}

fn jobs(cell: &Cell, fate: Fate) -> Option<&Estimate> {
    Fate::ALL.iter().position(|&other| other == fate).and_then(|place| cell.fates.get(place))
}

impl Source {
    fn entry(&self, report: &Report, cell: &Cell) -> Entry {
        let summary = |name: &str| cell.metric(name).and_then(|metric| Some((metric.estimate?, metric.unit)));
        let figure = match self {
            Self::Metric(name) => summary(name),
            Self::Until(name) if never(report, cell, name) => return Entry::text("never").tone(Tone::Bad),
            Self::Until(name) => summary(name),
            Self::Fate(fate) => jobs(cell, *fate).map(|jobs| (*jobs, "jobs")),
            Self::Nodes(metric) => in_all(cell, metric),
        };
        let Some((estimate, unit)) = figure else { return Entry::text("–").tone(Tone::Quiet) };
        let tone = match self {
            Self::Fate(_) if estimate.mean == 0.0 => Tone::Quiet,
            Self::Fate(Fate::DoneInTime) | Self::Metric(_) | Self::Until(_) | Self::Nodes(_) => Tone::Normal,
            Self::Fate(Fate::DoneLate | Fate::DoneTwice) => Tone::Warning,
            Self::Fate(_) => Tone::Bad,
        };
        Entry::figure(Figure::of(&estimate, unit)).tone(tone)
    }
}

/// The pipelines that ran under a case.
pub(super) fn pipelines_of(report: &Report, case: usize) -> Vec<usize> {
    (0..report.pipelines.len()).filter(|&pipeline| report.cell(case, pipeline).is_some()).collect()
}

/// The table of a case: a line per figure, a column per pipeline with its name cut to `name_columns`.
pub(super) fn case_table(report: &Report, case: usize, pipelines: &[usize], name_columns: usize) -> Table {
    let cells: Vec<&Cell> = pipelines.iter().filter_map(|&pipeline| report.cell(case, pipeline)).collect();
    let name = |cell: &&Cell| Column::figures(&fit(&clean(&report.pipelines[cell.pipeline].name), name_columns));
    let columns = [Column::words("", Squeeze::Never)].into_iter().chain(cells.iter().map(name));
    let mut table = Table::new(columns.collect());
    for group in groups(report, case) {
        table.gap();
        for line in group {
            let entries = cells.iter().map(|cell| line.source.entry(report, cell));
            table.row([Entry::text(&line.label)].into_iter().chain(entries).collect());
        }
    }
    table
}

/// Every expectation with its verdict in words.
pub(super) fn expectation_table(report: &Report) -> Option<Table> {
    let words = |title| Column::words(title, Squeeze::Wrap);
    let mut table =
        Table::new(vec![Column::words("", Squeeze::Never), words("expected"), words("case"), words("found")]);
    let shown = shown_expectations(report);
    if shown.is_empty() {
        return None;
    }
    for expectation in shown {
        let (mark, tone) = if expectation.held { ("✓ held", Tone::Good) } else { ("✗ failed", Tone::Bad) };
        let case = &report.cases[expectation.case].name;
        table.row(vec![
            Entry::text(mark).tone(tone),
            Entry::text(&expectation.that),
            Entry::text(case),
            Entry::text(&expectation.found),
        ]);
    }
    Some(table)
}

/// Of more expectations than this, a page shows only those that failed.
const EXPECTATIONS_SHOWN: usize = 10;

fn shown_expectations(report: &Report) -> Vec<&ExpectationResult> {
    let few = report.expectations.len() <= EXPECTATIONS_SHOWN;
    report.expectations.iter().filter(|expectation| few || !expectation.held).collect()
}

/// `3 of 4 expectations held`.
pub(super) fn expectation_sum(report: &Report) -> String {
    let all = report.expectations.len();
    let held = report.expectations.iter().filter(|expectation| expectation.held).count();
    let rest = if all > EXPECTATIONS_SHOWN { "; expectations.csv lists them" } else { "" };
    match (held, all) {
        (1, 1) => "the expectation held".into(),
        (0, 1) => "the expectation failed".into(),
        _ if held == all => format!("all {all} expectations held{rest}"),
        _ => format!("{held} of {all} expectations held{rest}"),
    }
}

/// What a pipeline lost and why, in a line; empty when it lost nothing.
pub(super) fn losses(cell: &Cell) -> String {
    let cause = |loss: &Loss| {
        let Figure { value, margin } = Figure::of(&loss.jobs, "jobs");
        let margin = margin.map(|margin| format!(" ±{margin}")).unwrap_or_default();
        let (fate, reason) = (loss.fate.label(), clean(&loss.reason));
        // The end of the run is at no node.
        let place = if loss.fate == Fate::Unfinished { String::new() } else { format!("{}: ", clean(&loss.node)) };
        format!("{value}{margin} {fate} ({place}{reason})")
    };
    let mut causes: Vec<String> = cell.losses.iter().take(CAUSES_NAMED).map(cause).collect();
    if cell.losses.len() > CAUSES_NAMED {
        causes.push(format!("and {} more causes in metrics.csv", cell.losses.len() - CAUSES_NAMED));
    }
    if causes.is_empty() { String::new() } else { format!("not done: {}", causes.join(", ")) }
}

/// The faults of a case: `shipping down from 10 min to 20 min`; empty without faults.
pub(super) fn faults(report: &Report, case: usize) -> String {
    let mut texts: Vec<String> = Vec::new();
    for fault in &report.cases[case].faults {
        let label = clean(&fault.label);
        let text = if fault.to_s > fault.from_s {
            format!("{label} from {} to {}", seconds(fault.from_s), seconds(fault.to_s))
        } else {
            format!("{label} at {}", seconds(fault.from_s))
        };
        // Pipelines that have the same node have the same fault.
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() { String::new() } else { format!("faults: {}", texts.join(", ")) }
}

/// How it was run, in sentences.
pub(super) fn how(report: &Report) -> Vec<String> {
    let run = &report.run;
    let plural = if run.replications == 1 { "" } else { "s" };
    let (traffic, drain) = (seconds(run.duration_s), seconds(run.drain_s));
    let size = format!("{} replication{plural}, seed {}", run.replications, run.seed);
    let objective = run.objective_s.map(|limit| format!("a job is in time when it is done within {}", seconds(limit)));
    [format!("{size}; traffic for {traffic}, then at most {drain} to drain")].into_iter().chain(objective).collect()
}

/// What the signs in the tables mean.
pub(super) fn legend(report: &Report) -> String {
    let largest = report.cells.iter().map(|cell| cell.replications.len()).max().unwrap_or(0);
    let mut parts = vec![if largest > 1 {
        "±: 95 % confidence interval over replications (Student t)"
    } else {
        "one replication gives no interval, ask for more with `--replications`"
    }];
    // A design that turns most jobs away may look fast: it is judged by those that it keeps.
    if report.cells.iter().any(|cell| !cell.losses.is_empty()) {
        parts.push("latency: of the jobs that were done");
    }
    if report.cells.iter().any(|cell| [DRAIN, RECOVERY].iter().any(|name| never(report, cell, name))) {
        let recovery = report.cells.iter().any(|cell| never(report, cell, RECOVERY));
        parts.push(if recovery {
            "never: not before the end of the run; a recovery: not while jobs still came"
        } else {
            "never: not before the end of the run"
        });
    }
    if (0..report.cases.len()).any(|case| has_costs(report, case)) {
        parts.push("known costs: of the nodes that have a price, before any free tier");
        parts.push("–: not measured, or without a price");
    } else {
        parts.push("–: not measured");
    }
    parts.join("; ")
}

/// What to say when the run was cut short.
pub(super) fn partial_note(report: &Report) -> Option<String> {
    let finished = report.cells.iter().map(|cell| cell.replications.len()).min().unwrap_or(0);
    let asked = report.run.replications;
    report.run.partial.then(|| {
        format!("cut short: the figures cover what had finished, at least {finished} of {asked} replications each")
    })
}

/// Whether the case deserves a heading: a scenario without cases has one that nobody named.
pub(super) fn has_heading(report: &Report) -> bool {
    report.cases.len() > 1 || report.cases.iter().any(|case| case.name != "base")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{SummaryMetric, fixture};

    #[test]
    fn the_jobs_that_are_shown_add_up_to_what_was_sent() {
        let mut report = fixture::report();
        // Fates that the toy never gives.
        report.cells[7].fates[5].mean = 11.5;
        report.cells[7].fates[0].mean -= 11.5;
        for cell in &report.cells {
            let [shown, _, _] = groups(&report, cell.case);
            let of_fate = |line: &Line| match &line.source {
                Source::Fate(fate) => jobs(cell, *fate).map(|jobs| jobs.mean),
                _ => None,
            };
            let sum: f64 = shown.iter().filter_map(of_fate).sum();
            assert!((sum - cell.mean(JOBS_SENT).expect("measured")).abs() < 1e-9);
        }
    }

    #[test]
    fn that_nothing_was_lost_is_said_and_rare_fates_only_when_they_occur() {
        let report = fixture::report();
        let labels = |case: usize| groups(&report, case)[0].iter().map(|line| line.label.clone()).collect::<Vec<_>>();
        assert_eq!(labels(0), ["sent", "done in time", "done late", "done twice", "lost", "goodput"]);
        let expected = ["sent", "done in time", "done late", "done twice", "rejected", "timed out", "goodput"];
        assert_eq!(labels(1), expected);
    }

    #[test]
    fn every_percentile_asked_for_has_a_line() {
        let report = fixture::report();
        let latencies: Vec<String> = groups(&report, 0)[1].iter().map(|line| line.label.clone()).collect();
        assert_eq!(latencies, ["latency p50", "latency p99", "latency p99.9"]);
    }

    #[test]
    fn what_did_not_come_about_is_never_and_not_unmeasured() {
        let mut report = fixture::report();
        let told = |report: &Report, name| Source::Until(name).entry(report, &report.cells[5]);
        let unset = |report: &mut Report, name: &str| {
            report.cells[5].summary.retain(|metric| metric.name != name);
            report.cells[5].summary.push(SummaryMetric { name: name.into(), unit: "s", estimate: None });
        };
        assert!(!legend(&report).contains("never"));
        unset(&mut report, DRAIN);
        assert_eq!(told(&report, DRAIN), Entry::text("never").tone(Tone::Bad));
        assert!(legend(&report).contains("never: not before the end of the run"));
        // Without a fault there is nothing to recover from.
        report.cases[1].faults.clear();
        unset(&mut report, RECOVERY);
        assert_eq!(told(&report, RECOVERY), Entry::text("–").tone(Tone::Quiet));
    }

    #[test]
    fn what_the_machines_cost_has_a_line_where_there_are_any() {
        let mut report = fixture::report();
        let has_line = |report: &Report| groups(report, 0)[2].iter().any(|line| line.label == "of it machines");
        assert!(!has_line(&report));
        let cost = |mean| crate::report::NodeMetric {
            metric: MACHINES,
            statistic: "total".into(),
            unit: "usd",
            estimate: Some(Estimate { mean, half_width: Some(0.5), replications: 4 }),
        };
        report.cells[0].nodes[0].metrics.push(cost(4.0));
        let all = |report: &mut Report, mean| {
            let all = report.cells[0].summary.iter_mut().find(|metric| metric.name == COST).expect("a figure");
            all.estimate = Some(Estimate { mean, half_width: None, replications: 4 });
        };
        all(&mut report, 4.0);
        assert!(!has_line(&report), "nothing else costs anything");
        all(&mut report, 4.5);
        assert!(has_line(&report));
        assert_eq!(in_all(&report.cells[0], MACHINES).expect("one group").0.half_width, Some(0.5));
        report.cells[0].nodes[0].metrics.push(cost(8.0));
        let (both, unit) = in_all(&report.cells[0], MACHINES).expect("two groups");
        assert_eq!((both.mean, both.half_width, unit), (12.0, None, "usd"));
    }

    #[test]
    fn what_a_pipeline_costs_has_a_line_where_it_is_known() {
        let mut report = fixture::report();
        let has_line = |report: &Report| groups(report, 0)[2].iter().any(|line| line.label == "known costs");
        assert!(!has_line(&report) && !legend(&report).contains("known costs"));
        let cost = report.cells[0].summary.iter_mut().find(|metric| metric.name == COST).expect("a figure");
        cost.estimate = Some(Estimate { mean: 0.012_34, half_width: None, replications: 1 });
        assert!(has_line(&report) && legend(&report).contains("known costs: of the nodes that have a price"));
        let entry = Source::Metric(COST.into()).entry(&report, &report.cells[1]);
        assert_eq!(entry, Entry::text("–").tone(Tone::Quiet));
    }

    #[test]
    fn losses_name_fate_node_and_cause_and_a_long_list_is_cut() {
        let mut report = fixture::report();
        let cell = &mut report.cells[5];
        assert!(losses(cell).starts_with("not done: "));
        assert!(losses(cell).contains(" rejected (encoders: accept queue full)"));
        cell.losses = vec![cell.losses[0].clone(); 7];
        assert!(losses(cell).ends_with(", and 3 more causes in metrics.csv"));
        cell.losses.clear();
        assert_eq!(losses(cell), "");
    }

    #[test]
    fn the_same_fault_of_several_pipelines_is_told_once_and_an_instant_as_such() {
        let mut report = fixture::report();
        let mut again = report.cases[1].faults[0].clone();
        again.pipelines = vec![2];
        let killed = crate::report::FaultBand { label: "encoders killed".into(), to_s: 1200.0, ..again.clone() };
        report.cases[1].faults.extend([again, killed]);
        assert_eq!(faults(&report, 1), "faults: encoders slow from 20 min to 25 min, encoders killed at 20 min");
    }

    #[test]
    fn the_sum_of_expectations_is_a_sentence() {
        let mut report = fixture::report();
        assert_eq!(expectation_sum(&report), "3 of 4 expectations held");
        report.expectations.truncate(3);
        assert_eq!(expectation_sum(&report), "all 3 expectations held");
        report.expectations.truncate(1);
        assert_eq!(expectation_sum(&report), "the expectation held");
    }
}
