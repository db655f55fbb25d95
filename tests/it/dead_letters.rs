//! A message that moved to the dead-letter queue belongs to that queue alone: whatever was left behind where it came
//! from — a receipt, an end of its life — no longer concerns it.

use crate::fixture::{argument, surgetank};
use surgetank::exit::Exit;

/// Thirty jobs that take a minute with a visibility timeout of half a minute: each is received twice, then dead-lettered
/// while somebody still works on it, who deletes it with a receipt that was the newest.
fn scenario(retention: &str, expected: &[&str]) -> String {
    let expected: Vec<String> = expected.iter().map(|that| format!("[[expect]]\nthat = \"{that}\"\n")).collect();
    let expected = expected.concat();
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
