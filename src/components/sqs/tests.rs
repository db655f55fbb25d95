//! What a queue does when a message leaves it by one door while somebody still knocks at another.

use crate::components::bench::Bench;
use crate::components::fault::FaultKind;

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

#[test]
fn a_dead_letter_that_is_too_old_for_its_new_queue_is_not_handed_out() {
    // Somebody waits for dead letters when it comes after ninety seconds, thirty more than it may be old there.
    let text = "[work.long]\ntime = \"10min\"\n\
                [jobs]\nkind = \"sqs\"\nvisibility_timeout = \"90s\"\n\
                dead_letter = { queue = \"failed\", max_receive_count = 1 }\n\
                [failed]\nkind = \"sqs\"\nmessage_retention_period = \"1min\"\n\
                [fleet]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 2\nwork = \"long\"\n\
                receive_latency = \"0s\"\n\
                [undertakers]\nkind = \"workers\"\npolls = \"failed\"\ncount = 1\nreceive_latency = \"0s\"\n";
    let ran = Bench::of(text).job("0s", "jobs").until("10min").run();
    assert_eq!(ran.counter("jobs", "messages_dead_lettered"), 1);
    assert_eq!((ran.counter("failed", "messages_received"), ran.gauge("failed", "visible").value()), (0, 0));
}

#[test]
fn a_receive_that_is_repeated_hides_its_message_anew() {
    let text = "[jobs]\nkind = \"sqs\"\nfifo_queue = true\n\
                [fleet]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 1\nlost_responses = \"100%\"\n\
                receive_request_attempt_id = true\nretries = { backoff = \"fixed\", base = \"20s\", jitter = \"none\" }\n";
    let ran = Bench::of(text).job("0s", "jobs").until("35s").run();
    assert_eq!((ran.counter("jobs", "messages_received"), ran.counter("jobs", "repeated_receives")), (1, 1));
    assert_eq!((ran.gauge("jobs", "in_flight").value(), ran.gauge("jobs", "visible").value()), (1, 0));
}

#[test]
fn a_message_that_was_redriven_is_hidden_for_the_whole_of_its_time() {
    let text = "[work.long]\ntime = \"5s\"\n\
                [jobs]\nkind = \"sqs\"\nvisibility_timeout = \"60s\"\n\
                dead_letter = { queue = \"failed\", max_receive_count = 1 }\n\
                [failed]\nkind = \"sqs\"\n\
                [fleet]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 2\nwork = \"long\"\n\
                after_failure = { visibility = \"0s\" }\n";
    // Its first receive fails after five seconds, the one after the redrive lasts until the end. A second job keeps the
    // run going when the first one lies in its grave.
    let jobs = Bench::of(text).job("0s", "jobs").job("64s", "failed");
    let bench = jobs.until("65s").fault("fleet", FaultKind::Fails(1.0), "0s", "8s");
    let bench = bench.fault("fleet", FaultKind::Slow(100.0), "8s", "10min");
    let ran = bench.fault("failed", FaultKind::Redrive(500.0), "10s", "10s").run();
    assert_eq!((ran.counter("failed", "messages_redriven"), ran.counter("jobs", "messages_received")), (1, 2));
    assert_eq!((ran.gauge("jobs", "in_flight").value(), ran.gauge("jobs", "visible").value()), (1, 0));
}
