//! The registry of the tables that every run writes.

use super::csv::{expectations, histogram, metrics, replications, summary, timeseries};
use super::folder::{OutputError, OutputFolder};
use crate::report::Report;
use std::io::{self, Write};

/// A file that follows from a report.
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    /// Name of the file in the folder of the run.
    pub file: &'static str,
    /// What it holds, in a line.
    pub what: &'static str,
    /// Writes it.
    pub write: fn(&Report, &mut dyn Write) -> io::Result<()>,
}

/// Every such file, in the order of the documentation. A new one is a file beside the others and a line here.
pub const FILES: &[Exporter] = &[
    Exporter { file: "summary.csv", what: "one row per case and pipeline, the wide table", write: summary::write },
    Exporter { file: "metrics.csv", what: "every figure with its interval, one per row", write: metrics::write },
    Exporter { file: "replications.csv", what: "one row per replication", write: replications::write },
    Exporter { file: "timeseries.csv", what: "backlog, busy and more over time", write: timeseries::write },
    Exporter { file: "histogram.csv", what: "latency buckets that can be added", write: histogram::write },
    Exporter { file: "expectations.csv", what: "what was expected and what was found", write: expectations::write },
];

/// Writes every file of the registry into the folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write_all(report: &Report, folder: &mut OutputFolder) -> Result<(), OutputError> {
    FILES.iter().try_for_each(|exporter| folder.write(exporter.file, |out| (exporter.write)(report, out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::fixture;
    use crate::stats::Estimate;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_exporter_has_its_own_file_and_a_description() {
        let files: BTreeSet<&str> = FILES.iter().map(|exporter| exporter.file).collect();
        assert_eq!(files.len(), FILES.len());
        for Exporter { file, what, .. } in FILES {
            assert!(
                file.strip_suffix(".csv").is_some() && !what.is_empty() && what.len() <= 60 && !what.ends_with('.'),
                "{file}"
            );
        }
    }

    #[test]
    fn every_file_has_context_first_and_columns_that_carry_units_in_plain_names() {
        for exporter in FILES {
            let file = read(exporter.write, &fixture::report());
            assert_eq!(file.header[..2], ["scenario", "case"], "{}", exporter.file);
            let distinct: BTreeSet<&String> = file.header.iter().collect();
            assert_eq!(distinct.len(), file.header.len(), "{}", exporter.file);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(file.header.iter().all(|name| name.chars().all(plain)), "{}: {:?}", exporter.file, file.header);
        }
    }

    #[test]
    fn an_empty_report_gives_files_with_a_header() {
        let mut report = fixture::report();
        report.cells.clear();
        report.expectations.clear();
        for exporter in FILES {
            let file = read(exporter.write, &report);
            assert!(file.rows.is_empty() && !file.header.is_empty(), "{}", exporter.file);
        }
    }

    #[test]
    fn no_file_holds_what_is_no_number_or_what_a_terminal_acts_on() {
        let mut report = fixture::report();
        report.scenario.name = "=cmd|' /C calc'!A0".into();
        report.pipelines[0].name = "a,b\"c\n\u{1b}[2J".into();
        let bad = Some(Estimate { mean: f64::NAN, half_width: Some(f64::INFINITY), replications: 2 });
        report.cells[0].summary[0].estimate = bad;
        report.cells[0].series[0].mean[0] = f64::INFINITY;
        for exporter in FILES {
            let mut bytes = Vec::new();
            (exporter.write)(&report, &mut bytes).expect("memory");
            let text = String::from_utf8(bytes).expect("text");
            assert!(!text.contains(['\u{1b}', '\r']), "{}", exporter.file);
            for field in text.lines().skip(1).flat_map(|line| line.split(',')) {
                assert!(!field.starts_with('='), "{}: {field}", exporter.file);
                assert!(!["NaN", "inf", "-inf"].contains(&field), "{}: {field}", exporter.file);
            }
        }
    }

    /// A disk that is full after so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_known_as_one_whatever_is_being_written() {
        let report = fixture::report();
        for exporter in FILES {
            let error = (exporter.write)(&report, &mut Disk(100)).expect_err("full");
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{}", exporter.file);
        }
        let error = crate::output::json::write(&report, None, &mut Disk(100)).expect_err("full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    fn estimate() -> impl Strategy<Value = Option<Estimate>> {
        let number = prop_oneof![any::<f64>().prop_filter("finite", |x| x.is_finite()), Just(0.0), 0.0..1e6];
        let width = prop::option::of(prop_oneof![Just(0.0), 0.0..1e9]);
        prop::option::of((number, width, 1..1000_u32).prop_map(|(mean, half_width, replications)| Estimate {
            mean,
            half_width,
            replications,
        }))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_read_back_is_the_report(
            estimates in prop::collection::vec(estimate(), 10),
            name in "[a-z=+@'-][a-z ,\"']{0,12}",
        ) {
            let mut report = fixture::report();
            report.scenario.name.clone_from(&name);
            for (cell, estimate) in report.cells.iter_mut().zip(&estimates) {
                cell.summary[0].estimate = *estimate;
                cell.nodes[1].metrics[0].estimate = *estimate;
            }
            let wide = read(FILES[0].write, &report);
            let tidy = read(FILES[1].write, &report);
            for (row, cell) in report.cells.iter().enumerate() {
                prop_assert_eq!(wide.text(row, "scenario"), &name);
                prop_assert_eq!(wide.text(row, "pipeline"), &report.pipelines[cell.pipeline].name);
                for metric in &cell.summary {
                    let interval = metric.estimate.and_then(|estimate| estimate.interval());
                    prop_assert_eq!(wide.number(row, &metric.name), metric.estimate.map(|e| e.mean));
                    prop_assert_eq!(wide.number(row, &format!("{}_ci_low", metric.name)), interval.map(|i| i.low));
                    prop_assert_eq!(wide.number(row, &format!("{}_ci_high", metric.name)), interval.map(|i| i.high));
                }
            }
            let written = report.cells.iter().flat_map(|cell| cell.summary.iter().map(|metric| metric.estimate)
                .chain(cell.losses.iter().map(|loss| Some(loss.jobs)))
                .chain(cell.nodes.iter().flat_map(|node| node.metrics.iter().map(|metric| metric.estimate))));
            for (row, estimate) in written.enumerate() {
                prop_assert_eq!(tidy.number(row, "value"), estimate.map(|e| e.mean));
                prop_assert_eq!(tidy.number(row, "ci_high"), estimate.and_then(|e| e.interval()).map(|i| i.high));
                let measured = estimate.map_or(0.0, |e| f64::from(e.replications));
                prop_assert_eq!(tidy.number(row, "replications"), Some(measured));
            }
        }
    }
}
