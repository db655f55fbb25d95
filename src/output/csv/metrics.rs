//! `metrics.csv`: the tidy table, one figure per row.
//!
//! `scenario, case, pipeline, node, metric, statistic, reason, unit, value, ci_low, ci_high, replications`.
//! Four kinds of rows, told apart by `node` and `statistic`:
//! - a figure of the pipeline as a whole: no node, statistic `summary`, the metric as in `summary.csv`;
//! - jobs by fate, where the summary does not have them already: no node, statistic `total`;
//! - jobs lost by cause: the node and the `reason`, the fate as metric, statistic `total`;
//! - a figure of a node: the node, and its statistic (`mean`, `max`, `total`, `p99`).
//!
//! `replications` is how many measured the figure; 0 and an empty value where none did.

use super::{CONTEXT, Field, Rows, context, estimate_fields};
use crate::report::{Cell, Fate, Report};
use crate::stats::Estimate;
use std::io::{self, Write};

const COLUMNS: [&str; 9] =
    ["node", "metric", "statistic", "reason", "unit", "value", "ci_low", "ci_high", "replications"];

/// A figure: what stands behind the context.
struct Row<'a> {
    node: &'a str,
    metric: &'a str,
    statistic: &'a str,
    reason: &'a str,
    unit: &'a str,
    estimate: Option<&'a Estimate>,
}

/// Writes the file.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(out, CONTEXT.iter().chain(&COLUMNS))?;
    for cell in &report.cells {
        for row in figures(cell) {
            let words = [row.node, row.metric, row.statistic, row.reason, row.unit].map(Field::Text);
            let count = row.estimate.map_or(0, |estimate| u64::from(estimate.replications));
            let fields =
                context(report, cell).map(Field::Text).into_iter().chain(words).chain(estimate_fields(row.estimate));
            rows.row(fields.chain([Field::Count(count)]))?;
        }
    }
    rows.finish()
}

fn figures(cell: &Cell) -> Vec<Row<'_>> {
    let of_pipeline =
        |metric, statistic, unit, estimate| Row { node: "", metric, statistic, reason: "", unit, estimate };
    let summary = cell.summary.iter().map(|m| of_pipeline(m.name.as_str(), "summary", m.unit, m.estimate.as_ref()));
    let fates = Fate::ALL
        .iter()
        .zip(&cell.fates)
        .filter(|(fate, _)| cell.metric(fate.name()).is_none())
        .map(|(fate, jobs)| of_pipeline(fate.name(), "total", "jobs", Some(jobs)));
    let losses = cell.losses.iter().map(|loss| Row {
        node: &loss.node,
        metric: loss.fate.name(),
        statistic: "total",
        reason: &loss.reason,
        unit: "jobs",
        estimate: Some(&loss.jobs),
    });
    let nodes = cell.nodes.iter().flat_map(|node| {
        node.metrics.iter().map(|metric| Row {
            node: &node.name,
            metric: metric.metric,
            statistic: &metric.statistic,
            reason: "",
            unit: metric.unit,
            estimate: metric.estimate.as_ref(),
        })
    });
    summary.chain(fates).chain(losses).chain(nodes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::fixture;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_told_apart_by_its_words() {
        let file = read(write, &fixture::report());
        let keys: BTreeSet<&[String]> = file.rows.iter().map(|row| &row[..7]).collect();
        assert_eq!(keys.len(), file.rows.len());
    }

    #[test]
    fn a_loss_names_its_node_and_its_reason() {
        let file = read(write, &fixture::report());
        let loss = (0..file.rows.len()).find(|&row| file.text(row, "reason") == "accept queue full").expect("a loss");
        let words = ["case", "pipeline", "node", "metric", "statistic", "unit"].map(|column| file.text(loss, column));
        assert_eq!(words, ["thousand", "synchronous", "encoders", "rejected", "total", "jobs"]);
    }

    #[test]
    fn fates_are_there_exactly_once() {
        let mut report = fixture::report();
        let count = |report: &Report| {
            let file = read(write, report);
            (0..file.rows.len())
                .filter(|&row| file.text(row, "metric") == "expired" && file.text(row, "node").is_empty())
                .count()
        };
        assert_eq!(count(&report), 10);
        report.cells[0].summary.retain(|metric| metric.name != "expired");
        assert_eq!(count(&report), 10);
    }

    #[test]
    fn what_no_replication_measured_has_no_value() {
        let file = read(write, &fixture::report());
        let row = (0..file.rows.len()).find(|&row| file.text(row, "metric") == "ghost_work").expect("the row");
        assert_eq!((file.text(row, "value"), file.text(row, "replications")), ("", "0"));
    }
}
