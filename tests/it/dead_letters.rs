//! A message that moved to the dead-letter queue belongs to that queue alone: whatever was left behind where it came
//! from — a receipt, an end of its life — no longer concerns it.

use crate::fixture::{argument, surgetank};
use surgetank::exit::Exit;

fn expectations(all: &[&str]) -> String {
    all.iter().flat_map(|that| ["[[expect]]\nthat = \"", that, "\"\n"]).collect()
}

/// Thirty jobs that take a minute with a visibility timeout of half a minute: each is received twice, then dead-lettered
/// while somebody still works on it, who deletes it with a receipt that was the newest.
fn scenario(retention: &str, expected: &[&str]) -> String {
    let expected = expectations(expected);
    format!(
        r#"
[run]
duration     = "3min"
drain        = "1h"
replications = 2
[traffic.jobs]
arrivals = "regular"
rate     = "10/min"
[work.long]
time = "60s"
[pipeline.p.jobs]
kind               = "sqs"
from               = "jobs"
visibility_timeout = "30s"
dead_letter        = {{ queue = "failed", max_receive_count = 2 }}
{retention}
[pipeline.p.failed]
kind = "sqs"
[pipeline.p.workers]
kind  = "workers"
polls = "jobs"
count = 50
work  = "long"
{expected}"#
    )
}

fn assert_holds(text: &str) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let file = place.path().join("letters.toml");
    std::fs::write(&file, text).expect("a temporary folder can be written");
    let exit = surgetank(&["run", argument(&file), "--out", argument(place.path()), "--no-charts", "--quiet"]);
    let verdicts = std::fs::read_to_string(place.path().join("letters/expectations.csv"));
    assert_eq!(exit, Exit::Done, "{}", verdicts.unwrap_or_default());
}

#[test]
fn a_delete_at_the_first_queue_does_not_reach_a_dead_letter() {
    assert_holds(&scenario(
        "",
        &[
            "p.jobs.messages_dead_lettered == 30",
            "p.jobs.messages_deleted == 0",
            "p.jobs.stale_deletes > 40",
            "p.failed.visible_max == 30",
        ],
    ));
}

#[test]
fn a_dead_letter_does_not_grow_old_where_it_came_from() {
    let expected = ["p.jobs.messages_dead_lettered == 30", "p.failed.visible_max == 30", "p.expired == 0"];
    assert_holds(&scenario("message_retention_period = \"90s\"", &expected));
}

/// Ten jobs at once fail at 1 s, and are dead letters half a minute later, long after the traffic has ended.
fn afterwards(failed: &str, rest: &str, expected: &[&str]) -> String {
    let expected = expectations(expected);
    format!(
        r#"
[run]
duration     = "2s"
drain        = "10min"
replications = 1
[traffic.jobs]
spike = {{ at = "1s", count = 10 }}
[work.quick]
time = "1s"
[pipeline.p.jobs]
kind               = "sqs"
from               = "jobs"
visibility_timeout = "30s"
dead_letter        = {{ queue = "failed", max_receive_count = 1 }}
[pipeline.p.failed]
kind = "sqs"
{failed}
[pipeline.p.workers]
kind  = "workers"
polls = "jobs"
count = 10
work  = "quick"
[[fault]]
node  = "p.workers"
kind  = "fails"
share = "100%"
from  = "0s"
to    = "1min"
{rest}{expected}"#
    )
}

/// Somebody who does what was dead-lettered.
fn second(keys: &str) -> String {
    format!("[pipeline.p.second]\nkind = \"workers\"\npolls = \"failed\"\ncount = 1\nwork = \"quick\"\n{keys}\n")
}

#[test]
fn a_run_goes_on_while_somebody_is_going_to_fetch_dead_letters() {
    for keys in ["", "wait_time = \"0s\"\npause_when_empty = \"700ms\""] {
        assert_holds(&afterwards("", &second(keys), &["p.done == 10", "p.dead_lettered == 0"]));
    }
    let later = "[[fault]]\nnode = \"p.second\"\nkind = \"down\"\nfrom = \"0s\"\nto = \"100s\"\n";
    assert_holds(&afterwards("", &format!("{}{later}", second("")), &["p.done == 10"]));
    // Nobody fetches them: they are still there when there is nothing else to do.
    assert_holds(&afterwards("", "", &["p.dead_lettered == 10", "p.done == 0"]));
}

#[test]
fn a_run_goes_on_until_dead_letters_are_sent_back_as_planned() {
    let redrive = "[[fault]]\nnode = \"p.failed\"\nkind = \"redrive\"\nat = \"3min\"\n";
    assert_holds(&afterwards("", redrive, &["p.failed.messages_redriven == 10", "p.done == 10"]));
    let slowly = redrive.replace("at =", "rate = \"1/s\"\nat =");
    assert_holds(&afterwards("", &slowly, &["p.failed.messages_redriven == 10", "p.done == 10"]));
}

#[test]
fn a_dead_letter_that_is_lost_after_all_says_how() {
    // It was sent at 1 s, moved at 31 s and is two minutes old at 121 s; somebody is there to fetch it, but not yet.
    let later = "[[fault]]\nnode = \"p.second\"\nkind = \"down\"\nfrom = \"0s\"\nto = \"200s\"\n";
    let late = format!("{}{later}", second(""));
    assert_holds(&afterwards(
        "message_retention_period = \"2min\"",
        &late,
        &["p.expired == 10", "p.dead_lettered == 0"],
    ));
    let purge = "[[fault]]\nnode = \"p.failed\"\nkind = \"purge\"\nat = \"3min\"\n";
    assert_holds(&afterwards("", purge, &["p.lost == 10", "p.dead_lettered == 0"]));
}
