//! Numbers from CSV text: measured times, counts, sizes and work.

use crate::diagnostic::nearest;
use crate::site::{At, Site};

/// Gives the text of a file that a scenario names, or says why it cannot.
///
/// This layer opens no files: whoever loads a scenario decides where a name may lead and keeps what was read.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// A file that a scenario names, with its text.
#[derive(Debug, Clone)]
pub(crate) struct CsvFile {
    name: String,
    text: String,
}

impl CsvFile {
    /// Reads the file that is written under `file`; reports it there if that fails.
    pub(crate) fn open(site: &mut Site<'_>, file: Option<At<String>>, read: &ReadFile<'_>) -> Option<Self> {
        let span = file.as_ref().map_or_else(|| site.span(), |at| at.span);
        let name = site.required("file", file)?;
        match read(&name) {
            Ok(text) => Some(Self { name, text }),
            Err(reason) => {
                site.error(span, "S043", format!("`{name}` cannot be read: {reason}"));
                None
            }
        }
    }

    /// The name as it is written.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The numbers of the column whose name is written under `key`; reports there what is wrong with them.
    pub(crate) fn column(&self, site: &mut Site<'_>, key: &str, name: Option<At<String>>) -> Option<Vec<Cell>> {
        let span = name.as_ref().map_or_else(|| site.span(), |at| at.span);
        let name = site.required(key, name)?;
        column(&self.name, &self.text, &name)
            .map_err(|misread| site.error(span, "S044", misread.problem).hint(misread.advice))
            .ok()
    }
}

/// What is wrong with a file and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Misread {
    /// File, line and column, and what stands there.
    problem: String,
    /// What to do.
    advice: String,
}

/// A number of at least zero in a file, and the line it stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    /// The number.
    pub(crate) value: f64,
    /// The line of the file, from one.
    pub(crate) line: u64,
}

/// All numbers of one column, in the order of the file.
///
/// The first line names the columns; lines that begin with `#` are comments, for source and licence.
///
/// # Errors
/// When the file has no such column or no rows, or a cell is not a number of at least zero.
fn column(file: &str, text: &str, name: &str) -> Result<Vec<Cell>, Misread> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| not_csv(file, &error, &mut Skipped::new(text)))?.clone();
    let place = headers.iter().position(|header| header == name).ok_or_else(|| no_column(file, name, &headers))?;
    let mut cells = Vec::new();
    let mut skipped = Skipped::new(text);
    for record in reader.records() {
        let record = record.map_err(|error| not_csv(file, &error, &mut skipped))?;
        let line = skipped.line_of(record.position());
        let text = record.get(place).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => cells.push(Cell { value, line }),
            _ => return Err(not_a_number(file, line, name, text)),
        }
    }
    if cells.is_empty() {
        let problem = format!("`{file}` has no rows below its first line");
        return Err(Misread {
            problem,
            advice: "the first line names the columns, the next ones hold numbers".to_owned(),
        });
    }
    Ok(cells)
}

fn not_a_number(file: &str, line: u64, name: &str, text: &str) -> Misread {
    let shown: String = text.chars().take(40).collect();
    let found = if shown.is_empty() { "nothing".to_owned() } else { format!("`{shown}`") };
    Misread {
        problem: format!("`{file}` line {line}, column `{name}`: {found} is not a number of at least zero"),
        advice: "every row needs a plain number there, such as `4.31`, without a unit".to_owned(),
    }
}

/// Finds the lines of records. The reader says where it began to look for a record, which may be a line that it skips.
struct Skipped<'t> {
    lines: std::iter::Peekable<std::iter::Zip<std::ops::RangeFrom<u64>, std::str::Lines<'t>>>,
}

impl<'t> Skipped<'t> {
    fn new(text: &'t str) -> Self {
        Self { lines: (1..).zip(text.lines()).peekable() }
    }

    /// The line, from one, of the record that the reader found from `position` on; positions must rise.
    fn line_of(&mut self, position: Option<&csv::Position>) -> u64 {
        let from = position.map_or(1, csv::Position::line);
        let skips = |&(number, line): &(u64, &str)| number < from || line.is_empty() || line.starts_with('#');
        while self.lines.next_if(skips).is_some() {}
        self.lines.peek().map_or(from, |(number, _)| *number)
    }
}

fn not_csv(file: &str, error: &csv::Error, skipped: &mut Skipped<'_>) -> Misread {
    let line = error.position().map_or_else(String::new, |at| format!(" line {}", skipped.line_of(Some(at))));
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("`{file}`{line} has {len} fields where the lines before have {expected_len}")
        }
        _ => format!("`{file}`{line} is not CSV text"),
    };
    Misread {
        problem,
        advice: "write one row to a line, with as many fields as the first line, divided by commas".to_owned(),
    }
}

fn no_column(file: &str, name: &str, headers: &csv::StringRecord) -> Misread {
    let known: Vec<String> = headers.iter().take(20).map(|header| format!("`{header}`")).collect();
    let advice = match nearest(name, headers.iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if headers.len() == 1 => "the first line must name the columns, divided by commas".to_owned(),
        None => "use one of the columns that its first line names".to_owned(),
    };
    Misread { problem: format!("`{file}` has no column `{name}`, only {}", known.join(", ")), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, name: &str) -> Result<Vec<f64>, String> {
        let cells = column("data/x.csv", text, name).map_err(|misread| misread.problem)?;
        Ok(cells.iter().map(|cell| cell.value).collect())
    }

    #[test]
    fn a_column_is_found_by_its_name_whatever_surrounds_it() {
        let text = "# CC-BY 4.0\nt_s, count\n0, 94\n 300 ,56\n\n600,187\n";
        assert_eq!(values(text, "count"), Ok(vec![94.0, 56.0, 187.0]));
        assert_eq!(values("\u{feff}t_s\r\n1.5\r\n2e-3\r\n", "t_s"), Ok(vec![1.5, 0.002]));
        assert_eq!(values("\"a,b\",c\n1,2\n", "a,b"), Ok(vec![1.0]));
    }

    #[test]
    fn a_bad_cell_is_named_with_its_line_and_column() {
        for (cell, shown) in [("abc", "`abc`"), ("-1", "`-1`"), ("nan", "`nan`"), ("1e999", "`1e999`"), ("", "nothing")]
        {
            let problem = format!("`data/x.csv` line 4, column `t`: {shown} is not a number of at least zero");
            assert_eq!(values(&format!("t,n\n1,1\n\n{cell},2\n"), "t"), Err(problem));
        }
    }

    #[test]
    fn a_missing_column_is_answered_with_those_there_are() {
        let misread = column("x.csv", "arrival_s,service_s\n1,2\n", "arivals_s").expect_err("no such column");
        assert_eq!(misread.problem, "`x.csv` has no column `arivals_s`, only `arrival_s`, `service_s`");
        assert_eq!(misread.advice, "did you mean `arrival_s`?");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(
            values("t,n\n1,2\n# a\n3\n", "t"),
            Err("`data/x.csv` line 4 has 1 fields where the lines before have 2".into())
        );
        assert_eq!(values("t\n", "t"), Err("`data/x.csv` has no rows below its first line".into()));
        assert!(values("", "t").is_err());
    }
}
