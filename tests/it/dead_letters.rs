//! A message that was put aside belongs to the dead-letter queue, whatever its old queue and its old workers still do.

use crate::fixture::{argument, surgetank};
use surgetank::exit::Exit;

/// Workers that need longer than a message stays hidden: every message is put aside while somebody works on it.
const SCENARIO: &str = r#"
[run]
duration     = "5min"
drain        = "1h"
replications = 2
[traffic.orders]
rate = "1/s"
[work.pack]
time = "4s"
[pipeline.queued.jobs]
kind               = "sqs"
from               = "orders"
visibility_timeout = "VISIBLE"
dead_letter        = { queue = "failed", max_receive_count = 1 }
message_retention_period = "RETAINED"
[pipeline.queued.failed]
kind = "sqs"
[pipeline.queued.packers]
kind  = "workers"
polls = "jobs"
count = 40
work  = "pack"
[[expect]]
that = "queued.failed.visible_max > 100"
[[expect]]
that = "queued.expired == 0"
[[expect]]
that = "queued.done + queued.dead_lettered == queued.jobs_sent"
"#;

#[track_caller]
fn assert_holds(visible: &str, retained: &str) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let file = place.path().join("orders.toml");
    let text = SCENARIO.replace("VISIBLE", visible).replace("RETAINED", retained);
    std::fs::write(&file, text).expect("a temporary folder can be written");
    let out = place.path().join("out");
    let exit = surgetank(&["run", argument(&file), "--out", argument(&out), "--no-charts", "--quiet"]);
    let verdicts = std::fs::read_to_string(out.join("orders/expectations.csv"));
    assert_eq!(exit, Exit::Done, "{}", verdicts.unwrap_or_default());
}

#[test]
fn a_receipt_of_the_old_queue_deletes_nothing_in_the_dead_letter_queue() {
    assert_holds("1s", "4d");
}

#[test]
fn a_message_that_is_visible_at_once_can_be_put_aside_in_the_middle_of_the_work() {
    assert_holds("0s", "4d");
}

#[test]
fn the_retention_period_of_the_old_queue_does_not_reach_into_the_dead_letter_queue() {
    assert_holds("1s", "2min");
}
