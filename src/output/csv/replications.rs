//! `replications.csv`: one row per case, pipeline and replication, for the reader's own tests.
//!
//! `scenario, case, pipeline, replication` (from 0), then every summary metric of that replication alone, under the
//! names of `summary.csv`. Row i of two pipelines of a case saw the same traffic, so their difference is a paired one.

use super::{CONTEXT, Field, Rows, context, summary_names};
use crate::report::Report;
use std::io::{self, Write};

/// Writes the file.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let names = summary_names(report);
    let mut rows = Rows::new(out, CONTEXT.iter().chain(&["replication"]).chain(&names))?;
    for cell in &report.cells {
        let places: Vec<Option<usize>> =
            names.iter().map(|name| cell.summary.iter().position(|metric| metric.name == *name)).collect();
        for (number, values) in cell.replications.iter().enumerate() {
            let values = places.iter().map(|&place| Field::Number(place.and_then(|place| *values.get(place)?)));
            rows.row(
                context(report, cell).map(Field::Text).into_iter().chain([Field::Count(number as u64)]).chain(values),
            )?;
        }
    }
    rows.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::{fixture, names};
    use crate::stats::Estimate;

    #[test]
    fn the_estimates_of_the_summary_follow_from_the_rows() {
        let report = fixture::report();
        let file = read(write, &report);
        assert_eq!(file.rows.len(), 40);
        for (index, cell) in report.cells.iter().enumerate() {
            let values: Vec<Option<f64>> = (0..4).map(|i| file.number(4 * index + i, names::BACKLOG_MAX)).collect();
            assert_eq!(Estimate::of(&values), cell.metric(names::BACKLOG_MAX).expect("metric").estimate);
        }
    }

    #[test]
    fn replications_count_from_zero() {
        let file = read(write, &fixture::report());
        assert_eq!((file.text(0, "replication"), file.text(3, "replication")), ("0", "3"));
    }
}
