//! The JSON Schema of the scenario language, generated from the types that are deserialised, so that editors complete
//! and check what the program reads.
//!
//! `cargo test --lib rewrite_the_schema -- --ignored` writes `scenarios/scenario.schema.json` anew after a change of
//! the language.

#![allow(clippy::disallowed_methods, reason = "a test reads the scenarios of the repository, and writes the schema")]

mod language;
mod validate;

use self::language::schema;
use self::validate::validate;
use crate::diagnostic::Diagnostics;
use crate::site::{Data, Table, Value, parse};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Read when a test runs, so that a schema that was just rewritten counts.
fn committed() -> String {
    std::fs::read_to_string(repository("scenarios/scenario.schema.json")).expect("a readable file")
}

fn text() -> String {
    format!("{:#}\n", schema())
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_schema_is_that_of_the_types() {
    let (committed, generated) = (committed(), text());
    let (committed, generated): (Vec<&str>, Vec<&str>) = (committed.lines().collect(), generated.lines().collect());
    let differs = committed.iter().zip(&generated).position(|(one, other)| one != other);
    let line = differs.unwrap_or(committed.len().min(generated.len()));
    assert!(
        committed == generated,
        "line {} of scenarios/scenario.schema.json is `{}` and should be `{}`; \
         `cargo test --lib rewrite_the_schema -- --ignored` writes it anew",
        line + 1,
        committed.get(line).unwrap_or(&""),
        generated.get(line).unwrap_or(&""),
    );
}

#[test]
#[ignore = "it writes the schema instead of comparing it"]
fn rewrite_the_schema() {
    std::fs::write(repository("scenarios/scenario.schema.json"), text()).expect("the folder can be written");
}

/// A TOML table as JSON; a date, which nothing in a scenario is, stays something that nothing accepts.
fn json(table: &Table) -> Json {
    fn of(value: &Value) -> Json {
        match &value.data {
            Data::String(text) => Json::from(text.as_str()),
            Data::Integer(number) => i64::try_from(*number).map_or_else(|_| Json::from(1e300), Json::from),
            Data::Float(number) => Json::from(*number),
            Data::Boolean(yes) => Json::from(*yes),
            Data::Datetime(_) => Json::Null,
            Data::Array(items) => items.iter().map(of).collect(),
            Data::Table(table) => json(table),
        }
    }
    Json::Object(table.iter().map(|entry| (entry.key.name.clone(), of(&entry.value))).collect())
}

/// What the committed schema has against a scenario; nothing for a text that is no TOML.
fn against(text: &str) -> Option<Vec<String>> {
    let mut found = Diagnostics::new();
    let table = parse(text, 0, &mut found);
    let schema: Json = serde_json::from_str(&committed()).expect("the schema is JSON");
    (!found.has_errors()).then(|| validate(&json(&table), &schema))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository(folder)).expect("a readable folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

#[test]
fn every_bundled_scenario_and_every_template_fits_the_schema() {
    for file in files("scenarios").into_iter().chain(files("src/command/templates")) {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        assert_eq!(against(&text), Some(Vec::new()), "{}", file.display());
    }
}

/// Mistakes that an editor can see, because they are in a key, a type, a kind or a name of the file itself.
const SEEN: [&str; 4] = ["S010", "S011", "S013", "S014"];
/// Mistakes that nobody can see who does not know what the names stand for.
const UNSEEN: [&str; 8] = ["S020", "S021", "S022", "S023", "S024", "S025", "S026", "S027"];

#[test]
fn the_schema_refuses_what_the_program_refuses_and_nothing_that_only_the_program_can_know() {
    let (mut seen, mut unseen) = (0, 0);
    for file in files("tests/bad") {
        let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        // What a case sets, what another file says, and how large a quantity is are nothing for an editor.
        let beyond = ["case-", "extends-", "type-huge", "unit-enormous", "unit-share-above", "mq-unknown-instance"]
            .iter()
            .any(|beyond| name.starts_with(beyond));
        let (Ok(text), Ok(answer)) =
            (std::fs::read_to_string(&file), std::fs::read_to_string(file.with_extension("stderr")))
        else {
            continue;
        };
        let Some(against) = against(&text) else { continue };
        let says = |codes: &[&str]| codes.iter().any(|code| answer.contains(&format!("error[{code}]")));
        if says(&SEEN) && !beyond {
            seen += 1;
            assert!(!against.is_empty(), "the schema has nothing against {name}:\n{answer}");
        } else if says(&UNSEEN) {
            unseen += 1;
            assert!(against.is_empty(), "the schema has something against {name}: {against:?}\n{answer}");
        }
    }
    assert!(seen > 20 && unseen > 20, "{seen} seen, {unseen} unseen");
}

#[test]
fn a_mistake_is_found_where_it_is() {
    let text = std::fs::read_to_string(repository("scenarios/video-encoding.toml")).expect("a readable file");
    for (old, new, said) in [
        ("duration     = \"30min\"", "duration = 30", "/run/duration"),
        ("seed         = 1", "sed = 1", "/run: `sed`"),
        ("count = 10, over", "count = -1, over", "/traffic/uploads/spike/count"),
        (
            "[pipeline.queued.failed]\nkind = \"sqs\"",
            "[pipeline.queued.failed]\nkind = \"sqq\"",
            "/pipeline/queued/failed",
        ),
        ("max_receive_count = 3", "max_receive_count = \"3\"", "/pipeline/queued/jobs"),
        ("[work.encode]", "[work.Encode]", "/work: `Encode`"),
        ("lognormal = {", "lognormall = {", "/work/encode/time"),
    ] {
        assert!(text.contains(old), "{old}");
        let against = against(&text.replacen(old, new, 1)).expect("it is TOML");
        assert!(against.iter().any(|problem| problem.starts_with(said)), "{new}: {against:?}");
    }
}
