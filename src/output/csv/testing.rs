//! Reading files back, for tests.

use super::restore;
use crate::report::Report;
use std::io::{self, Write};

/// A file that was read back.
pub(crate) struct File {
    /// Names of the columns.
    pub(crate) header: Vec<String>,
    /// Fields as text.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Writes a report with an exporter and reads the file back with an independent reader.
pub(crate) fn read(write: impl Fn(&Report, &mut dyn Write) -> io::Result<()>, report: &Report) -> File {
    let mut bytes = Vec::new();
    write(report, &mut bytes).expect("memory takes everything");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let texts = |record: &csv::StringRecord| record.iter().map(|field| restore(field).to_string()).collect();
    let header = texts(reader.headers().expect("a header"));
    let rows = reader.records().map(|record| texts(&record.expect("a row like the header"))).collect();
    File { header, rows }
}

impl File {
    /// The text of a field.
    pub(crate) fn text(&self, row: usize, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column).expect("a column of the file");
        &self.rows[row][place]
    }

    /// The number of a field, if it has one.
    pub(crate) fn number(&self, row: usize, column: &str) -> Option<f64> {
        let text = self.text(row, column);
        (!text.is_empty()).then(|| text.parse().expect("a number"))
    }
}
