//! `histogram.csv`: the latency of every job done, end to end, all replications together.
//!
//! `scenario, case, pipeline, low_s, high_s, count`: jobs with `low_s <= latency < high_s`; buckets without a job may
//! be missing. Buckets of two files with the same edges can be added.

use super::{CONTEXT, Field, Rows, context};
use crate::report::Report;
use std::io::{self, Write};

/// Writes the file.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(out, CONTEXT.iter().chain(&["low_s", "high_s", "count"]))?;
    for cell in &report.cells {
        for bucket in &cell.latency {
            let edges = [bucket.low_s, bucket.high_s].map(|edge| Field::Number(Some(edge)));
            rows.row(
                context(report, cell).map(Field::Text).into_iter().chain(edges).chain([Field::Count(bucket.count)]),
            )?;
        }
    }
    rows.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::{LatencyBucket, fixture};

    #[test]
    fn buckets_come_back_as_they_were() {
        let report = fixture::report();
        let file = read(write, &report);
        let found: Vec<LatencyBucket> = (0..file.rows.len())
            .map(|row| LatencyBucket {
                low_s: file.number(row, "low_s").expect("an edge"),
                high_s: file.number(row, "high_s").expect("an edge"),
                count: file.text(row, "count").parse().expect("a count"),
            })
            .collect();
        let written: Vec<LatencyBucket> = report.cells.iter().flat_map(|cell| cell.latency.clone()).collect();
        assert_eq!(found, written);
    }
}
