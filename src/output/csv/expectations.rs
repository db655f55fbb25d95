//! `expectations.csv`: what the scenario expected and what was found.
//!
//! `scenario, case, that, held, found`: the expectation as written, `true` or `false`, and the finding in words.

use super::{Field, Rows};
use crate::report::Report;
use std::io::{self, Write};

/// Writes the file.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(out, ["scenario", "case", "that", "held", "found"])?;
    for expectation in &report.expectations {
        let held = if expectation.held { "true" } else { "false" };
        let case = &report.cases[expectation.case].name;
        let words = [&report.scenario.name, case, &expectation.that, held, &expectation.found];
        rows.row(words.map(Field::Text))?;
    }
    rows.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::testing::read;
    use crate::report::fixture;

    #[test]
    fn each_expectation_is_a_row_with_its_verdict() {
        let file = read(write, &fixture::report());
        assert_eq!(file.rows.len(), 4);
        let last = ["video-encoding", "thousand", "streamed.drain < 1h", "false", "streamed.drain is 71 min"];
        assert_eq!(file.rows[3], last);
    }

    #[test]
    fn a_scenario_without_expectations_has_a_file_with_only_a_header() {
        let mut report = fixture::report();
        report.expectations.clear();
        assert_eq!(read(write, &report).rows.len(), 0);
    }
}
