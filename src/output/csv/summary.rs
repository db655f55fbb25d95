//! `summary.csv`: the wide table, one row per case and pipeline.
//!
//! `scenario, case, pipeline, replications`, then the mean of every summary metric under its own name, then, in a
//! second block in the same order, `<metric>_ci_low` and `<metric>_ci_high`: the ends of the 95 % interval. A
//! spreadsheet opens on a compact block of means that can be read and plotted as it is; the intervals are to the right of it when they
//! are wanted. Means are per replication.

use super::{CONTEXT, Field, Rows, context, estimate_fields, summary_names};
use crate::report::Report;
use std::io::{self, Write};

/// Writes the file.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let names = summary_names(report);
    let means = names.iter().map(ToString::to_string);
    let ends = names.iter().flat_map(|name| [format!("{name}_ci_low"), format!("{name}_ci_high")]);
    let header = CONTEXT.iter().chain(&["replications"]).map(ToString::to_string).chain(means).chain(ends);
    let mut rows = Rows::new(out, header)?;
    for cell in &report.cells {
        let fields: Vec<[Field<'_>; 3]> = names
            .iter()
            .map(|name| estimate_fields(cell.metric(name).and_then(|metric| metric.estimate.as_ref())))
            .collect();
        let means = fields.iter().map(|[mean, _, _]| *mean);
        let ends = fields.iter().flat_map(|[_, low, high]| [*low, *high]);
        let replications = Field::Count(cell.replications.len() as u64);
        rows.row(context(report, cell).map(Field::Text).into_iter().chain([replications]).chain(means).chain(ends))?;
    }
    rows.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::{fixture, names};

    #[test]
    fn one_row_per_case_and_pipeline_with_means_before_intervals() {
        let report = fixture::report();
        let file = read(write, &report);
        assert_eq!(file.rows.len(), 10);
        assert_eq!(file.header[..5], ["scenario", "case", "pipeline", "replications", "jobs_sent"]);
        let metrics = report.cells[0].summary.len();
        assert_eq!(file.header[4 + metrics], "jobs_sent_ci_low");
        assert_eq!(file.header.len(), 4 + 3 * metrics);
        assert_eq!(file.rows[5][..4], ["video-encoding", "thousand", "synchronous", "4"]);
    }

    #[test]
    fn what_was_not_measured_is_empty_and_zero_is_zero() {
        let report = fixture::report();
        let file = read(write, &report);
        assert_eq!(file.text(0, "cost_usd"), "");
        assert_eq!(file.text(0, "lost"), "0");
        assert_eq!(file.text(0, "lost_ci_low"), "0");
    }

    #[test]
    fn a_single_replication_has_no_interval() {
        let mut report = fixture::report();
        let estimate = report.cells[0].summary[0].estimate.as_mut().expect("measured");
        estimate.half_width = None;
        let file = read(write, &report);
        assert_eq!(file.text(0, "jobs_sent_ci_low"), "");
        assert_ne!(file.text(0, names::JOBS_SENT), "");
    }

    #[test]
    fn a_metric_that_only_one_pipeline_has_is_empty_in_the_others() {
        let mut report = fixture::report();
        report.cells[3].summary[0].name = "iterator_age_max_s".into();
        let file = read(write, &report);
        assert_eq!(file.text(0, "iterator_age_max_s"), "");
        assert_ne!(file.text(3, "iterator_age_max_s"), "");
        assert_eq!(file.text(3, names::JOBS_SENT), "");
    }
}
