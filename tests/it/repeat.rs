//! The folder of a run holds what repeats it: its `scenario.toml` gives the same figures under the same name.

use crate::fixture::{argument, repository, scenarios_in, stem, surgetank};
use std::path::Path;

/// Runs a scenario briefly and gives back its manifest and its summary.
fn run(file: &Path, out: &Path, more: &[&str]) -> (serde_json::Value, String) {
    let arguments = ["run", argument(file), "--out", argument(out), "--no-charts", "--quiet"];
    // With so few replications some expectations may fail; the files are written all the same.
    surgetank(&[&arguments, more].concat());
    let folders = std::fs::read_dir(out).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let folder = folders.map(|entry| entry.expect("an entry").path()).next().expect("the folder of the run");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("written");
    (serde_json::from_str(&text("manifest.json")).expect("JSON"), text("summary.csv"))
}

#[test]
fn the_resolved_scenario_gives_the_same_figures_the_same_hash_and_the_same_name() {
    let mut files = scenarios_in("scenarios");
    files.retain(|file| stem(file) != "real-traffic");
    files.push(repository("tests/it/every_kind.toml"));
    for file in &files {
        let place = tempfile::tempdir().expect("a temporary folder");
        let (first, again) = (place.path().join("first"), place.path().join("again"));
        let brief = ["-r", "1", "--set", "run.duration='2min'", "--set", "run.drain='10min'", "--set", "run.seed=5"];
        let (manifest, summary) = run(file, &first, &brief);
        let (second, repeated) = run(&first.join(stem(file)).join("scenario.toml"), &again, &[]);
        let name = file.display();
        assert_eq!(manifest["scenario"], second["scenario"], "{name}");
        assert_eq!(manifest["run"], second["run"], "{name}");
        assert_eq!(manifest["traffic"], second["traffic"], "{name}");
        assert!(summary == repeated, "{name}");
    }
}

/// A base with many things that a case can leave out or write in another form.
const RICH: &str = r#"
[run]
duration = "5min"
replications = 1
[traffic.a]
rate = "5/s"
spikes = [{ at = "1min", count = 50 }, { at = "2min", count = 60 }]
[traffic.b]
rate = "1/s"
spike = { at = "1min", count = 20 }
[work.d]
time = "100ms"
[pipeline.p.q]
kind = "sqs"
from = ["a", "b"]
[pipeline.p.w]
kind = "workers"
polls = "q"
work = "d"
count = 3
[pipeline.l.front]
kind = "load_balancer"
from = ["a", "b"]
targets = ["s", "t"]
deregister = [{ target = "s", from = "1min", to = "3min" }]
[pipeline.l.s]
kind = "service"
work = "d"
[pipeline.l.t]
kind = "service"
work = "d"
calls = { to = "deep", retries = { mode = "adaptive" } }
[pipeline.l.deep]
kind = "service"
[case.base]
"#;

#[test]
fn a_case_that_leaves_something_out_is_repeated_as_well() {
    let place = tempfile::tempdir().expect("a temporary folder");
    for (number, set) in [
        r#"{ "traffic.a.spikes" = [] }"#,
        r#"{ "traffic.a.spikes" = [{ at = "1min", count = 7 }] }"#,
        r#"{ "traffic.b" = { rate = "9/s" } }"#,
        r#"{ "pipeline.p.q.from" = [{ flow = "a", delay = "30s" }, "b"] }"#,
        r#"{ "work.d.time" = { exponential = "100ms" } }"#,
        r#"{ "pipeline.l.front.deregister" = [] }"#,
        r#"{ "pipeline.l.front.deregister" = [{ target = "s", from = "1min" }] }"#,
        r#"{ "pipeline.l.t.calls" = "deep" }"#,
        r#"{ "pipeline.l.t.calls" = [] }"#,
    ]
    .into_iter()
    .enumerate()
    {
        let folder = place.path().join(number.to_string());
        std::fs::create_dir_all(&folder).expect("a temporary folder can be written");
        let file = folder.join("a.toml");
        std::fs::write(&file, format!("{RICH}[case.other]\nset = {set}\n")).expect("it can be written");
        let (manifest, summary) = run(&file, &folder.join("first"), &[]);
        let (second, repeated) = run(&folder.join("first/a/scenario.toml"), &folder.join("again"), &[]);
        assert_eq!(manifest["scenario"]["hash"], second["scenario"]["hash"], "{set}");
        assert!(summary == repeated, "{set}");
    }
}

#[test]
fn another_value_gives_another_hash_and_another_place_of_the_file_does_not() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let text = "[run]\nduration = '1min'\nreplications = 1\n[traffic.jobs]\nrate = '1/s'\n\
                [pipeline.p.box]\nkind = 's3'\nfrom = 'jobs'\n";
    let hash = |folder: &str, text: &str| {
        let folder = place.path().join(folder);
        std::fs::create_dir_all(&folder).expect("a temporary folder can be written");
        std::fs::write(folder.join("a.toml"), text).expect("a temporary folder can be written");
        run(&folder.join("a.toml"), &folder.join("out"), &[]).0["scenario"]["hash"].clone()
    };
    let usual = hash("one", text);
    assert_eq!(usual, hash("two", &format!("# A comment moves every line.\n{text}")));
    assert_eq!(usual, hash("three", &text.replace("'1min'", "'60s'")));
    assert_ne!(usual, hash("four", &text.replace("'1/s'", "'2/s'")));
}
