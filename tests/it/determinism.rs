//! The same seed gives the same bytes, however many replications run at once; and every design meets the same traffic.

use crate::bench::{Ran, model, ran_all};
use crate::fixture::{argument, scenarios_in, stem, surgetank};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use surgetank::exit::Exit;

/// Every kind of node at least once, faults of every kind, and chance wherever it can play a part.
pub const EVERY_KIND: &str = include_str!("every_kind.toml");

/// The files of a folder and below, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).expect("a readable file"));
        }
    }
    found
}

/// What a run with these options writes.
fn written(scenario: &Path, options: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = argument(place.path());
    let always = ["run", argument(scenario), "--out", out, "--replications", "3", "--quiet"];
    let exit = surgetank(&[&always, options].concat());
    assert!(matches!(exit, Exit::Done | Exit::Expectation), "{}: {exit:?}", scenario.display());
    files(&place.path().join(stem(scenario)))
}

/// Holds that a scenario gives the same files, whether its replications run one after the other or not.
fn is_deterministic(scenario: &Path, options: &[&str], wanted: &[&str]) {
    let with = |jobs: &str| written(scenario, &[&["--jobs", jobs], options].concat());
    let (alone, together) = (with("1"), with("2"));
    let name = scenario.display();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&alone), names(&together), "{name}");
    for wanted in ["manifest.json", "metrics.csv", "timeseries.csv"].iter().chain(wanted) {
        assert!(alone.contains_key(*wanted), "{name}: no {wanted} in {:?}", names(&alone));
    }
    for (file, bytes) in &alone {
        assert!(*bytes == together[file], "{name}: {file} differs with --jobs 2");
    }
}

#[test]
fn every_kind_of_node_gives_the_same_bytes_on_one_thread_and_on_two() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let file = place.path().join("every_kind.toml");
    std::fs::write(&file, EVERY_KIND).expect("a writable folder");
    is_deterministic(&file, &[], &["charts/backlog.svg", "charts/backlog.png"]);
    let with_seed = |seed: &str| written(&file, &["--seed", seed, "--no-charts"]);
    let (one, other) = (with_seed("7"), with_seed("8"));
    assert!(one["metrics.csv"] != other["metrics.csv"], "another seed, the same figures");
}

/// Their charts would take a minute, and show only what is in the files.
#[test]
fn bundled_scenarios_give_the_same_bytes_on_one_thread_and_on_two() {
    for file in scenarios_in("scenarios") {
        is_deterministic(&file, &["--no-charts"], &["summary.csv", "histogram.csv"]);
    }
}

#[test]
fn every_design_meets_the_same_arrivals_sizes_keys_and_work() {
    let met = |text: &str| -> Vec<u64> { ran_all(text).iter().map(Ran::traffic_checksum).collect() };
    let checksums = met(EVERY_KIND);
    assert!(checksums.len() >= 5 && checksums.iter().all(|&checksum| checksum == checksums[0]), "{checksums:?}");
    let other = met(&EVERY_KIND.replace("seed         = 1", "seed = 2"));
    assert_ne!(checksums[0], other[0], "another seed, the same traffic");
}

#[test]
fn every_kind_of_node_takes_part() {
    let model = model(EVERY_KIND).unwrap_or_else(|told| panic!("{told}"));
    let nodes = model.cases[0].pipelines.iter().flat_map(|pipeline| &pipeline.plan.nodes);
    let kinds: BTreeSet<&str> = nodes.map(|node| node.kind).collect();
    assert_eq!(kinds, surgetank::components::KINDS.iter().copied().collect());
}
