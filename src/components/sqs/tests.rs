//! What a queue does when a message leaves it by one door while somebody still knocks at another.

use crate::components::bench::Bench;

/// One job that two workers get in turn, because its work takes longer than the visibility timeout, and that goes to
/// the dead-letter queue after its first receive. The run goes on until nobody works on it any more.
fn given_up_while_worked_on(more: &str) -> Bench {
    let text = format!(
        "[work.long]\ntime = \"10s\"\n\
         [jobs]\nkind = \"sqs\"\nvisibility_timeout = \"1s\"\n\
         dead_letter = {{ queue = \"failed\", max_receive_count = 1 }}\n{more}\
         [failed]\nkind = \"sqs\"\n\
         [fleet]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 2\nwork = \"long\"\n\
         receive_latency = \"0s\"\ndelete_latency = \"0s\"\n"
    );
    Bench::of(&text).job("0s", "jobs").until("1h")
}

#[test]
fn a_delete_that_comes_after_the_message_was_dead_lettered_is_stale() {
    let ran = given_up_while_worked_on("").run();
    assert_eq!((ran.counter("jobs", "messages_received"), ran.counter("jobs", "messages_dead_lettered")), (1, 1));
    assert_eq!((ran.counter("jobs", "stale_deletes"), ran.counter("jobs", "messages_deleted")), (1, 0));
    assert_eq!((ran.gauge("jobs", "visible").value(), ran.gauge("failed", "visible").value()), (0, 1));
    // The worker did it all the same: a dead letter that was done.
    assert_eq!(ran.done(), 1);
}

#[test]
fn a_queue_does_not_expire_what_it_has_dead_lettered() {
    let later = given_up_while_worked_on("message_retention_period = \"1min\"\n").job("5min", "failed");
    let ran = later.run();
    assert_eq!(ran.gauge("failed", "visible").value(), 2);
    assert_eq!(ran.lost("jobs", "older than the retention period"), 0);
}
