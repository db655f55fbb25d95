//! What happens when a run needs too much, is interrupted, or cannot write: one clear word, and nothing half done.

use crate::fixture::argument;
use std::path::Path;
use std::process::{Command, Output};

/// The first design needs an event or two for each job, the second many more.
const SCENARIO: &str = r#"
[run]
duration     = "100s"
replications = 3
[traffic.orders]
rate = "10/s"
[work.pack]
time = "100ms"
[pipeline.short.web]
kind = "http"
from = "orders"
[pipeline.long.web]
kind  = "service"
from  = "orders"
sends = "jobs"
[pipeline.long.jobs]
kind        = "sqs"
dead_letter = { queue = "failed" }
[pipeline.long.failed]
kind = "sqs"
[pipeline.long.packers]
kind  = "workers"
polls = "jobs"
count = 4
work  = "pack"
"#;

/// A folder with the scenario in it, and the program told to run it there.
fn run(place: &Path, arguments: &[&str]) -> Command {
    let file = place.join("orders.toml");
    std::fs::write(&file, SCENARIO).expect("a temporary folder can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_surgetank"));
    command.args(["run", argument(&file), "--no-charts", "--quiet"]).args(arguments);
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a run leaves that was stopped at a bound.
fn assert_partial(out: &Path, kept: &[&str]) {
    let manifest = read(&out.join("orders/manifest.json"));
    assert!(manifest.contains("\"partial\": true"), "{manifest}");
    let summary = read(&out.join("orders/summary.csv"));
    for design in kept {
        assert!(summary.contains(&format!(",{design},")), "{design}: {summary}");
    }
}

fn assert_told_once(output: &Output, parts: &[&str]) {
    let told = stderr(output);
    assert_eq!(told.matches("error: ").count(), 1, "{told}");
    for part in parts {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_run_that_needs_too_many_events_names_its_busiest_node_and_keeps_the_rest() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    let output =
        run(place.path(), &["--out", argument(&out), "--set", "run.max_events=5000"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let parts = ["pipeline `long` of case `base` needs more than 5000 events", "busiest node is `", "run.max_events"];
    assert_told_once(&output, &parts);
    assert_partial(&out, &["short"]);
}

#[test]
fn a_run_that_needs_too_much_memory_names_its_busiest_node_and_keeps_the_rest() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    let sets = ["--set", "run.max_live_messages=40", "--set", "work.pack.time=20s"];
    let output = run(place.path(), &["--out", argument(&out)]).args(sets).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let parts = ["needs more than 40 messages under way at once", "busiest node is `", "run.max_live_messages"];
    assert_told_once(&output, &parts);
    assert_partial(&out, &["short"]);
}

/// Minutes of work, so that whoever only looks at the end of it is found out.
const LONG: [&str; 4] = ["--set", "run.replications=10000", "--jobs", "1"];

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_whole_files_that_are_marked() {
    use std::process::Stdio;
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    let mut command = run(place.path(), &["--out", argument(&out)]);
    let child = command.args(LONG).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    // The folder is made ready just before the first replication.
    let begun = || std::fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some());
    let patience = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        begun()
    });
    assert!(patience, "it has not begun");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is a `kill`");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(105), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted: what had finished was written and marked partial"));
    assert_partial(&out, &["short"]);
    let entries = std::fs::read_dir(&out).expect("a readable folder").count();
    assert_eq!(entries, 1, "nothing half done is left beside the results");
}

#[test]
fn a_file_in_the_way_is_told_before_the_work() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    std::fs::write(&out, "mine").expect("a temporary folder can be written");
    let output = run(place.path(), &["--out", argument(&out)]).args(LONG).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert_told_once(&output, &["a file is in the way", "help: "]);
    assert_eq!(read(&out), "mine");
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_is_told_before_the_work_and_nothing_is_left() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    let command = run(place.path(), &["--out", argument(&out)]);
    // Files of more than a few kilobytes cannot be written: for a program the same as a full disk.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(command.get_program());
    let output = limited.args(command.get_args()).args(LONG).output().expect("there is a shell");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_told_once(&output, &["cannot write in", "help: "]);
    assert_eq!(std::fs::read_dir(&out).expect("a readable folder").count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_printed_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_surgetank"));
    let output = command.args(["list", "components"]).stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_told_once(&output, &["cannot print the result"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_nobodys_error() {
    let mut shell = Command::new("sh");
    let script = "\"$0\" schema | head -c 1 >/dev/null; \"$0\" list metrics";
    let output = shell.args(["-c", script, env!("CARGO_BIN_EXE_surgetank")]).output().expect("there is a shell");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_run_of_which_nothing_finished_leaves_an_earlier_result_as_it_is() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    let whole = run(place.path(), &["--out", argument(&out)]).output().expect("it runs");
    assert_eq!(whole.status.code(), Some(0), "{}", stderr(&whole));
    let before = read(&out.join("orders/summary.csv"));
    let few = ["--out", argument(&out), "--pipeline", "long", "--set", "run.max_events=1100"];
    let output = run(place.path(), &few).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("no replication had finished: nothing was written"), "{}", stderr(&output));
    assert_eq!(read(&out.join("orders/summary.csv")), before);
}

#[test]
fn two_scenarios_of_one_name_do_not_replace_each_other() {
    let place = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(place.path().join("other")).expect("a temporary folder can be written");
    std::fs::write(place.path().join("other/orders.toml"), SCENARIO).expect("a temporary folder can be written");
    let other = place.path().join("other/orders.toml");
    let output = run(place.path(), &[argument(&other)]).current_dir(place.path()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_told_once(&output, &["two of these scenarios are called `orders`", "`--out`"]);
    assert!(!place.path().join("output").exists());
}

#[test]
fn who_wants_quiet_hears_of_failed_expectations_all_the_same() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    let expect = "expect=[{that='long.done == 0'}, {that='short.done > 0'}]";
    let output = run(place.path(), &["--out", argument(&out), "--set", expect]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("expectation failed in case `base`: ") && told.contains("done == 0"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[cfg(unix)]
#[test]
fn only_ordinary_files_beside_the_scenario_are_read() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let (inside, secret) = (place.path().join("inside"), place.path().join("secret.toml"));
    std::fs::create_dir(&inside).expect("a temporary folder can be written");
    std::fs::write(&secret, "hidden words").expect("a temporary folder can be written");
    std::os::unix::fs::symlink(&secret, inside.join("link.toml")).expect("links can be made");
    std::fs::write(inside.join("a.toml"), "extends = \"link.toml\"\n").expect("a temporary folder can be written");
    let check = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_surgetank"));
        stderr(&command.args(["check", file]).current_dir(&inside).output().expect("it runs"))
    };
    let told = check("a.toml");
    assert!(told.contains("it is a link to a file elsewhere") && !told.contains("hidden"), "{told}");
    assert!(check("/dev/zero").contains("it is no ordinary file"));
}
