//! CSV files: one writer with one set of rules, and one file per table.
//!
//! The rules, in every file:
//! - UTF-8, comma, one header line, line feeds; text is quoted where it must be.
//! - The context stands first (`scenario, case, pipeline, …`), the unit is in the name of the column or in a column.
//! - A number is the shortest text that reads back to the same double. Empty means not measured, zero is `0`, and
//!   there is never a `NaN` or `inf`.
//! - Text is harmless: control characters are gone (see [`clean`]), and text that a spreadsheet would take for a
//!   formula carries a leading apostrophe (see [`defuse`]).

pub mod expectations;
pub mod histogram;
pub mod messages;
pub mod metrics;
pub mod replications;
pub mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub mod timeseries;

use super::text::clean;
use crate::report::{Cell, Report};
use crate::stats::Estimate;
use std::borrow::Cow;
use std::io::{self, Write};

/// A field of a row.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// Text from anywhere; made harmless on the way out.
    Text(&'a str),
    /// Text that went through [`defuse`] or [`number_text`] before, for files with very many rows.
    Ready(&'a str),
    /// A number; `None`, `NaN` and infinities give an empty field.
    Number(Option<f64>),
    /// A whole number.
    Count(u64),
}

/// A CSV file under construction.
pub struct Rows<'a> {
    inner: csv::Writer<&'a mut dyn Write>,
}

impl<'a> Rows<'a> {
    /// A file with this header.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new<T: AsRef<str>>(out: &'a mut dyn Write, header: impl IntoIterator<Item = T>) -> io::Result<Self> {
        let mut rows = Self { inner: csv::Writer::from_writer(out) };
        let header: Vec<T> = header.into_iter().collect();
        rows.row(header.iter().map(|name| Field::Text(name.as_ref())))?;
        Ok(rows)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the file cannot be written, or the row has not as many fields as the header.
    pub fn row<'f>(&mut self, fields: impl IntoIterator<Item = Field<'f>>) -> io::Result<()> {
        for field in fields {
            let text = match field {
                Field::Text(text) => defuse(text),
                Field::Ready(text) => text.into(),
                Field::Number(number) => number.map(number_text).unwrap_or_default().into(),
                Field::Count(count) => count.to_string().into(),
            };
            self.inner.write_field(&*text).map_err(cause)?;
        }
        self.inner.write_record(None::<&[u8]>).map_err(cause)
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The error of the system beneath an error of the csv crate, so that a full disk is still known as one.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The shortest text that reads back to the same number; empty for what is no number.
pub fn number_text(number: f64) -> String {
    match number {
        _ if !number.is_finite() => String::new(),
        // Negative zero is an artefact of arithmetic, and `-0` a riddle.
        0.0 => "0".into(),
        _ => number.to_string(),
    }
}

/// Text that no spreadsheet takes for a formula: where it starts with `=`, `+`, `-` or `@` (after any apostrophes), one
/// apostrophe is put before it, as a person would do in the spreadsheet. [`restore`] takes it off again.
pub fn defuse(text: &str) -> Cow<'_, str> {
    let text = clean(text);
    if looks_like_formula(&text) { Cow::Owned(format!("'{text}")) } else { text }
}

/// The text before [`defuse`].
pub fn restore(field: &str) -> &str {
    field.strip_prefix('\'').filter(|text| looks_like_formula(text)).unwrap_or(field)
}

fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'').trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// The columns that say what a row is about, first in every file.
const CONTEXT: [&str; 3] = ["scenario", "case", "pipeline"];

fn context<'a>(report: &'a Report, cell: &Cell) -> [&'a str; 3] {
    [&report.scenario.name, &report.cases[cell.case].name, &report.pipelines[cell.pipeline].name]
}

/// Every summary metric of the report by name, in the order of the first pipeline that has it.
fn summary_names(report: &Report) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for metric in report.cells.iter().flat_map(|cell| &cell.summary) {
        if !names.contains(&metric.name.as_str()) {
            names.push(&metric.name);
        }
    }
    names
}

/// `value, ci_low, ci_high`.
fn estimate_fields(estimate: Option<&Estimate>) -> [Field<'static>; 3] {
    let interval = estimate.and_then(Estimate::interval);
    [
        Field::Number(estimate.map(|estimate| estimate.mean)),
        Field::Number(interval.map(|interval| interval.low)),
        Field::Number(interval.map(|interval| interval.high)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_short_and_zero_is_zero() {
        assert_eq!(number_text(0.1 + 0.2), "0.30000000000000004");
        assert_eq!(number_text(1310.0), "1310");
        assert_eq!(number_text(-0.0), "0");
        assert_eq!(number_text(f64::NAN), "");
        assert_eq!(number_text(f64::NEG_INFINITY), "");
    }

    #[test]
    fn a_spreadsheet_sees_no_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "'=1", "＝1"] {
            assert!(defuse(text).starts_with('\''), "{text}");
        }
        assert_eq!(defuse("queued.lost == 0"), "queued.lost == 0");
        assert_eq!(defuse("'tis"), "'tis");
    }

    #[test]
    fn a_row_of_another_length_than_the_header_is_refused() {
        let mut out = Vec::new();
        let mut rows = Rows::new(&mut out, ["a", "b"]).expect("memory");
        assert!(rows.row([Field::Count(1)]).is_err());
    }

    proptest! {
        #[test]
        fn defused_text_comes_back(text in "\\PC*|['=+@-]{0,4}[a-z]*") {
            let written = defuse(&text);
            prop_assert_eq!(restore(&written), clean(&text));
        }

        #[test]
        fn numbers_come_back_bit_by_bit(number in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
            let back: f64 = number_text(number).parse().expect("a number");
            // Adding zero makes negative zero, which is written as zero, a positive one.
            prop_assert_eq!(back.to_bits(), (number + 0.0).to_bits());
        }
    }
}
