//! `timeseries.csv`: samples on the grid of the run, one per row.
//!
//! `scenario, case, pipeline, node, metric, unit, time_s, mean, low, high`: the mean over replications, the lowest and
//! the highest of them; no node for the pipeline as a whole.
//!
//! A run may go on for hours after the last job is done. The rows of a case end at the first moment of the grid from
//! which on nothing changes any more, in any series of any of its pipelines: every value then stays as in the last row.
//! All series of a case have the same moments, and nothing is thinned out before the end.

use super::{CONTEXT, Field, Rows, context, defuse, number_text};
use crate::report::{Report, Series};
use std::io::{self, Write};

const COLUMNS: [&str; 7] = ["node", "metric", "unit", "time_s", "mean", "low", "high"];

/// Writes the file.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(out, CONTEXT.iter().chain(&COLUMNS))?;
    let mut times: Vec<String> = Vec::new();
    for cell in &report.cells {
        let of_case = report.cells.iter().filter(|other| other.case == cell.case);
        let settled = of_case.flat_map(|cell| &cell.series).map(settled).max().unwrap_or(0);
        while times.len() <= settled {
            times.push(number_text(report.run.grid(times.len())));
        }
        for series in &cell.series {
            // What is the same in every row is made harmless once: this file has most of the rows of a run.
            let [scenario, case, pipeline] = context(report, cell);
            let words =
                [scenario, case, pipeline, series.node.as_deref().unwrap_or_default(), series.metric, series.unit];
            let words = words.map(defuse);
            let samples = series.mean.iter().zip(&series.low).zip(&series.high);
            for (time, ((mean, low), high)) in times.iter().zip(samples).take(settled + 1) {
                let numbers = [mean, low, high].map(|number| Field::Number(Some(*number)));
                let words = words.iter().map(|word| Field::Ready(word));
                rows.row(words.chain([Field::Ready(time)]).chain(numbers))?;
            }
        }
    }
    rows.finish()
}

/// The first index from which on the series stays the same.
#[allow(clippy::float_cmp, reason = "the same means the same bits")]
fn settled(series: &Series) -> usize {
    let settled = |values: &[f64]| {
        let last = values.last().copied().unwrap_or(0.0);
        values.iter().rposition(|value| *value != last).map_or(0, |changes| changes + 1)
    };
    settled(&series.mean).max(settled(&series.low)).max(settled(&series.high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::fixture;

    #[test]
    fn a_case_ends_when_nothing_changes_any_more() {
        let mut report = fixture::report();
        let before = read(write, &report).rows.len();
        for series in report.cells.iter_mut().flat_map(|cell| &mut cell.series) {
            for values in [&mut series.mean, &mut series.low, &mut series.high] {
                let last = *values.last().expect("a series has samples");
                values.resize(values.len() + 5000, last);
            }
        }
        // Series that had ended earlier now reach the end of their case; nothing else may be added.
        let file = read(write, &report);
        assert!(file.rows.len() < before * 2, "{} rows from {before}", file.rows.len());
        let moments = |case: &str, pipeline: &str, metric: &str| {
            (0..file.rows.len())
                .filter(|&row| {
                    [("case", case), ("pipeline", pipeline), ("metric", metric)]
                        .iter()
                        .all(|(column, text)| file.text(row, column) == *text)
                })
                .count()
        };
        assert_eq!(moments("thousand", "queued", "backlog"), moments("thousand", "streamed", "busy"));
        assert!(moments("ten", "queued", "backlog") < moments("thousand", "queued", "backlog"));
    }

    #[test]
    fn a_series_that_never_changes_keeps_one_row() {
        let constant = Series {
            node: None,
            metric: "busy",
            unit: "slots",
            mean: vec![3.0; 9],
            low: vec![3.0; 9],
            high: vec![3.0; 9],
        };
        let mut report = fixture::report();
        report.cells.truncate(1);
        report.cells[0].series = vec![constant];
        assert_eq!(read(write, &report).rows.len(), 1);
    }

    #[test]
    fn moments_are_those_of_the_grid_without_rounding_dust() {
        let mut report = fixture::report();
        report.run.sample_s = 0.1;
        let file = read(write, &report);
        assert_eq!([0, 1, 2, 3].map(|row| file.text(row, "time_s")), ["0", "0.1", "0.2", "0.3"]);
    }
}
