//! `list`: what there is to run, to write and to ask for.

use super::console;
use super::new::TEMPLATES;
use crate::cli::{ListArguments, Listing};
use crate::components::{ABOUT, Verb};
use crate::exit::Exit;
use crate::metrics::columns;
use crate::output::text::{clean, width};
use crate::scenario::ADVICE;
use std::path::Path;

/// Where scenarios are looked for.
const SCENARIOS: &str = "scenarios";

/// Prints a list.
pub(super) fn run(arguments: &ListArguments) -> Exit {
    if arguments.path.is_some() && arguments.what != Listing::Keys {
        console::error("only `list keys` takes the name of something", "such as `list keys sqs`");
        return Exit::Usage;
    }
    let rows = match arguments.what {
        Listing::Keys => return keys(arguments.path.as_deref()),
        Listing::Scenarios => match scenarios() {
            Ok(rows) => rows,
            Err(why) => {
                console::error(&format!("cannot list the folder `{SCENARIOS}`: {why}"), "run this where it is");
                return Exit::Failed;
            }
        },
        Listing::Components => components(),
        Listing::Metrics => metrics(),
        Listing::Templates => {
            TEMPLATES.iter().map(|template| (template.name.to_owned(), template.about.to_owned())).collect()
        }
        Listing::Advice => ADVICE.iter().map(|advice| (advice.code.to_owned(), advice.about.to_owned())).collect(),
    };
    let first = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let line = |(name, about): &(String, String)| format!("{name}{}  {about}\n", " ".repeat(first - width(name)));
    console::result(&rows.iter().map(line).collect::<String>());
    Exit::Done
}

/// What can be written where.
fn keys(path: Option<&str>) -> Exit {
    match super::keys::page(path, console::width()) {
        Ok(page) => {
            console::result(&page);
            Exit::Done
        }
        Err(help) => {
            console::error(&format!("nothing is written as `{}`", path.unwrap_or_default()), &help);
            Exit::Usage
        }
    }
}

/// The columns of the summary, each with its unit and what it says.
fn metrics() -> Vec<(String, String)> {
    let columns = columns(&[50.0, 99.0]);
    let widest = columns.iter().map(|column| column.unit.len()).max().unwrap_or(0);
    columns.into_iter().map(|column| (column.name, format!("{:widest$}  {}", column.unit, column.about))).collect()
}

fn components() -> Vec<(String, String)> {
    let row = |kind: &crate::components::Kind| {
        let verbs: Vec<&str> = kind.accepts.iter().map(|verb: &Verb| verb.word()).collect();
        let takes = if verbs.is_empty() { String::new() } else { format!(" (takes: {})", verbs.join(", ")) };
        (kind.name.to_owned(), format!("{}{takes}", kind.about))
    };
    ABOUT.iter().map(row).collect()
}

/// Every scenario file with its title.
fn scenarios() -> std::io::Result<Vec<(String, String)>> {
    let mut files: Vec<_> = std::fs::read_dir(SCENARIOS)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files.iter().map(|path| (clean(&path.display().to_string()).into_owned(), title(path))).collect())
}

fn title(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    clean(table.get("title").and_then(toml::Value::as_str).unwrap_or("(no title)")).into_owned()
}
