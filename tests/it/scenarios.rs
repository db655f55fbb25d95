//! Every bundled scenario and every template runs, teaches, and comes out as its author expected.

use crate::fixture::{argument, resolved, scenarios_in, stem, surgetank, text_of};
use std::path::{Path, PathBuf};
use surgetank::exit::Exit;

const TEMPLATES: &str = "src/command/templates";

/// Runs a scenario as shipped and tells which of its expectations did not hold.
fn assert_expectations_hold(file: &Path) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let exit = surgetank(&["run", argument(file), "--out", argument(place.path()), "--no-charts", "--quiet"]);
    let verdicts = std::fs::read_to_string(place.path().join(stem(file)).join("expectations.csv"));
    assert_eq!(exit, Exit::Done, "{}:\n{}", file.display(), verdicts.unwrap_or_default());
}

fn everything() -> Vec<PathBuf> {
    scenarios_in("scenarios").into_iter().chain(scenarios_in(TEMPLATES)).collect()
}

#[test]
fn every_bundled_scenario_comes_out_as_expected() {
    for file in scenarios_in("scenarios") {
        assert_expectations_hold(&file);
    }
}

#[test]
fn every_template_comes_out_as_expected() {
    for file in scenarios_in(TEMPLATES) {
        assert_expectations_hold(&file);
    }
}

#[test]
fn nothing_is_wrong_with_any_of_them_and_no_warning_is_needed() {
    for file in everything() {
        let (resolved, told) = resolved(&file);
        assert!(resolved.model.is_some() && told.is_empty(), "{}:\n{told}", file.display());
    }
}

#[test]
fn every_one_asks_a_question_and_expects_something_in_every_case() {
    for file in everything() {
        let model = resolved(&file).0.model.expect("tested above");
        let name = file.display();
        assert!(model.question.ends_with('?'), "{name}: {}", model.question);
        for case in &model.cases {
            let expected = model.expectations.iter().any(|expectation| expectation.applies_to(&case.name));
            assert!(expected, "{name}: nothing is expected in case {}", case.name);
        }
    }
}

#[test]
fn every_bundled_scenario_says_what_to_look_at_and_completes_in_an_editor() {
    for file in scenarios_in("scenarios") {
        let text = text_of(&format!("scenarios/{}.toml", stem(&file)));
        let opening: String = text.lines().take_while(|line| line.starts_with('#') || line.is_empty()).collect();
        assert!(text.starts_with("#:schema ./scenario.schema.json\n"), "{}", file.display());
        assert!(opening.contains("What to look at."), "{}", file.display());
    }
}
