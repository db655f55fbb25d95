//! `facts`: what the services do by default, where they stop and what they cost, each with its source.

use super::console;
use crate::cli::{FactsArguments, Format};
use crate::exit::Exit;
use crate::facts::{FactRow, all, find};
use crate::output::text::wrap;
use std::fmt::Write as _;

/// Prints the facts that were asked for.
pub(super) fn run(arguments: &FactsArguments) -> Exit {
    let rows = arguments.what.as_deref().map_or_else(all, find);
    if rows.is_empty() {
        let what = arguments.what.as_deref().unwrap_or_default();
        console::error(&format!("there is no fact about `{what}`"), "`surgetank facts` lists all of them");
        return Exit::Usage;
    }
    match arguments.format {
        Format::Text => console::result(&rows.iter().map(|row| page(row, console::width())).collect::<String>()),
        Format::Json => console::result(&json(&rows)),
        Format::Csv => console::result(&csv(&rows)),
        Format::Md => console::result(&markdown(&rows)),
    }
    Exit::Done
}

const COLUMNS: [&str; 8] = ["name", "value", "class", "what", "source", "read", "sure", "note"];

fn fields(row: &FactRow) -> [String; 8] {
    [
        row.name.to_owned(),
        row.value.clone(),
        row.class.to_string(),
        row.what.to_owned(),
        row.source.to_owned(),
        row.read.to_owned(),
        row.sure.to_string(),
        row.note.to_owned(),
    ]
}

fn page(row: &FactRow, width: usize) -> String {
    const INDENT: usize = 4;
    let mut text = format!("{} = {}  ({}, {})\n", row.name, row.value, row.class, row.sure);
    let mut paragraph = |words: &str| {
        for line in wrap(words, width.saturating_sub(INDENT)) {
            text.push_str(&" ".repeat(INDENT));
            text.push_str(&line);
            text.push('\n');
        }
    };
    paragraph(row.what);
    if !row.note.is_empty() {
        paragraph(row.note);
    }
    paragraph(&format!("{}, read {}", row.source, row.read));
    text.push('\n');
    text
}

fn json(rows: &[FactRow]) -> String {
    let list: Vec<serde_json::Value> = rows
        .iter()
        .map(|row| {
            COLUMNS
                .iter()
                .zip(fields(row))
                .map(|(&name, value)| (name.to_owned(), serde_json::Value::from(value)))
                .collect()
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(list))
}

fn csv(rows: &[FactRow]) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(COLUMNS);
    for row in rows {
        let _ = writer.write_record(fields(row));
    }
    String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
}

fn markdown(rows: &[FactRow]) -> String {
    let line = |fields: &[String]| format!("| {} |\n", fields.join(" | "));
    let mut text = line(&COLUMNS.map(str::to_owned));
    let _ = writeln!(text, "|{}", " --- |".repeat(COLUMNS.len()));
    text.extend(rows.iter().map(|row| line(&fields(row).map(|field| field.replace('|', "\\|")))));
    text
}
