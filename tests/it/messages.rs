//! `--messages`: one row for every job, and the rows add up to the figures of the run.

use crate::fixture::{argument, surgetank};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use surgetank::exit::Exit;

/// Rejected, timed out, dead-lettered, late, done twice and in time, in two designs, two cases and two flows.
const SCENARIO: &str = r#"
title    = "Every fate"
question = "Do the rows add up?"

[run]
duration     = "5min"
drain        = "30min"
replications = 3

[traffic.people]
rate = "20/min"
key  = { distinct = 20, skew = 0.5, prefix = "person-" }
[traffic.machines]
rate = "10/min"
size = { uniform = { min = "100B", max = "1000B" } }

[work.think]
time = { lognormal = { mean = "10s", cv = 1.0 } }

[objective]
within = "1min"

[case.calm]
[case.storm]
set = { "traffic.people.rate" = "120/min" }

[pipeline.called.web]
kind  = "service"
from  = ["people", "machines"]
calls = { to = "thinkers", timeout = "20s", retries = { attempts = 2 } }
[pipeline.called.thinkers]
kind         = "service"
slots        = 4
accept_queue = 10
work         = "think"

[pipeline.queued.jobs]
kind               = "sqs"
from               = ["people", "machines"]
visibility_timeout = "20s"
dead_letter        = { queue = "failed", max_receive_count = 2 }
[pipeline.queued.failed]
kind = "sqs"
[pipeline.queued.thinkers]
kind  = "workers"
polls = "jobs"
count = 4
work  = "think"

[[fault]]
node  = "queued.thinkers"
kind  = "fails"
share = "50%"
from  = "1min"
to    = "4min"
"#;

/// A CSV file: rows of fields by the name of their column.
fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| names.iter().zip(line.split(',')).map(|(&n, f)| (n.to_owned(), f.to_owned())).collect();
    lines.map(row).collect()
}

fn run(place: &Path, more: &[&str]) -> PathBuf {
    let file = place.join("fates.toml");
    std::fs::write(&file, SCENARIO).expect("a temporary folder can be written");
    let out = place.join(more.join("").replace('-', "_"));
    let arguments = ["run", argument(&file), "--out", argument(&out), "--no-charts", "--quiet"];
    assert_eq!(surgetank(&[&arguments, more].concat()), Exit::Done);
    out.join("fates")
}

/// The rows of one replication of one pipeline of one case.
fn by_replication(rows: &[BTreeMap<String, String>]) -> BTreeMap<[String; 3], Vec<&BTreeMap<String, String>>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        let key = ["case", "pipeline", "replication"].map(|name| row[name].clone());
        groups.entry(key).or_default().push(row);
    }
    groups
}

#[test]
fn there_is_one_row_for_every_job_and_the_fates_are_those_of_the_replications() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = run(place.path(), &["--messages"]);
    let messages = rows(&folder.join("messages.csv"));
    let groups = by_replication(&messages);
    let replications = rows(&folder.join("replications.csv"));
    assert_eq!(groups.len(), replications.len());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for replication in &replications {
        let group = &groups[&["case", "pipeline", "replication"].map(|name| replication[name].clone())];
        assert_eq!(group.len().to_string(), replication["jobs_sent"]);
        for (name, count) in replication {
            let jobs = group.iter().filter(|row| row["fate"] == *name).count();
            assert!(jobs == 0 || jobs.to_string() == *count, "{name}: {jobs} rows, {count} counted");
        }
        for row in group {
            *seen.entry(row["fate"].as_str()).or_default() += 1;
        }
        let latency = |row: &BTreeMap<String, String>| row["latency_s"].parse::<f64>().ok();
        let longest = group.iter().filter_map(|row| latency(row)).fold(0.0, f64::max);
        assert!((longest - replication["latency_max_s"].parse::<f64>().expect("measured")).abs() < 1e-9);
    }
    for fate in ["done_in_time", "done_late", "done_twice", "rejected", "timed_out", "dead_lettered"] {
        assert!(seen.contains_key(fate), "{fate} is not among {seen:?}");
    }
}

#[test]
fn rows_come_in_the_order_of_arrival_and_the_same_job_is_the_same_in_every_pipeline() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let messages = rows(&run(place.path(), &["--messages"]).join("messages.csv"));
    let groups = by_replication(&messages);
    for ([case, pipeline, replication], group) in &groups {
        let jobs: Vec<String> = group.iter().map(|row| row["job"].clone()).collect();
        assert_eq!(jobs, (0..group.len()).map(|job| job.to_string()).collect::<Vec<_>>());
        let other = &groups[&[case.clone(), "called".to_owned(), replication.clone()]];
        for (row, same) in group.iter().zip(other) {
            for name in ["flow", "arrival_s", "size_bytes", "key", "work_s"] {
                assert_eq!(row[name], same[name], "{pipeline}: {name}");
            }
            assert_eq!(row["flow"] == "people", row["key"].starts_with("person-"));
        }
    }
}

#[test]
fn a_job_that_is_not_done_says_why_and_where_and_one_that_is_says_when() {
    let place = tempfile::tempdir().expect("a temporary folder");
    for row in rows(&run(place.path(), &["--messages"]).join("messages.csv")) {
        let is_done = row["fate"].starts_with("done");
        assert_eq!(is_done, !row["done_s"].is_empty() && !row["latency_s"].is_empty(), "{row:?}");
        assert_eq!(is_done, row["cause"].is_empty(), "{row:?}");
        match (row["fate"].as_str(), row["node"].as_str()) {
            ("rejected", "thinkers") | ("timed_out", "web") | ("dead_lettered", "jobs") | ("unfinished", "") => {}
            (_, node) => assert!(is_done && node.is_empty(), "{row:?}"),
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing_and_nothing_is_left_behind() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let one = run(place.path(), &["--messages", "--jobs", "1"]);
    let three = run(place.path(), &["--messages", "--jobs", "3"]);
    let bytes = |folder: &Path| std::fs::read(folder.join("messages.csv")).expect("written");
    assert!(bytes(&one) == bytes(&three));
    let mut without = names(&run(place.path(), &[]));
    without.push("messages.csv".into());
    without.sort();
    assert_eq!(names(&one), without);
    assert_eq!(names(one.parent().expect("the folder of all runs")), ["fates"]);
}
