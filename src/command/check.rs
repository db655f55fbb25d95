//! `check`: parse, resolve, lint; no run.

use super::console;
use super::open::open;
use crate::cli::{CheckArguments, CheckFormat};
use crate::diagnostic::{DiagnosticRow, rows};
use crate::exit::Exit;

/// Checks every file; the worst exit code is that of the whole.
pub(super) fn run(arguments: &CheckArguments) -> Exit {
    let mut worst = Exit::Done;
    let mut all = Vec::new();
    for file in &arguments.files {
        let opened = match open(file, &arguments.sets) {
            Ok(opened) => opened,
            Err(exit) => {
                worst = worst.max(exit);
                continue;
            }
        };
        let (found, sources) = (&opened.resolved.found, &opened.loaded.sources);
        if found.has_errors() {
            worst = worst.max(Exit::Scenario);
        }
        match arguments.format {
            CheckFormat::Json => all.extend(rows(found, sources).iter().map(json)),
            CheckFormat::Text => {
                console::findings(found, sources);
                if arguments.resolved && !found.has_errors() {
                    console::result(&opened.resolved.to_toml(&opened.loaded));
                } else {
                    let (errors, warnings) = (count(found.errors(), "error"), count(found.warnings(), "warning"));
                    console::say(&format!("{}: {errors}, {warnings}", file.display()));
                }
            }
        }
    }
    if arguments.format == CheckFormat::Json {
        console::result(&format!("{:#}\n", serde_json::Value::from(all)));
    }
    worst
}

/// One finding as a program reads it.
fn json(row: &DiagnosticRow) -> serde_json::Value {
    serde_json::json!({
        "severity": row.severity,
        "code": row.code,
        "path": row.path,
        "line": row.line,
        "column": row.column,
        "message": row.message,
        "label": row.label,
        "notes": row.notes,
        "hint": row.hint,
    })
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
