//! What a queue does when a message leaves it by one door while somebody still knocks at another.

use crate::components::bench::Bench;
use crate::components::fault::FaultKind;
use crate::engine::Signal;

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

/// A job that a slow worker has in its hands when the queue gives it up after its first receive; it is sent back at once,
/// and a worker who keeps it for long gets it.
fn redriven_while_worked_on(kind: &str) -> Bench {
    let text = format!(
        "[work.long]\ntime = \"7s\"\n\
         [jobs]\nkind = \"sqs\"\nvisibility_timeout = \"60s\"\n\
         dead_letter = {{ queue = \"failed\", max_receive_count = 1 }}\n{kind}\
         [failed]\nkind = \"sqs\"\n{kind}\
         [hasty]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 1\nwork = \"long\"\nvisibility_timeout = \"5s\"\n\
         receive_latency = \"0s\"\ndelete_latency = \"0s\"\n\
         [patient]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 1\nwork = \"long\"\n\
         receive_latency = \"0s\"\ndelete_latency = \"0s\"\n"
    );
    // A job of its own for the dead-letter queue keeps the run going.
    let bench = Bench::of(&text).job("0s", "jobs").job("9s", "failed");
    bench.fault("failed", FaultKind::Redrive(500.0), "6s", "6s")
}

#[test]
fn a_receipt_from_before_a_redrive_deletes_nothing_after_it() {
    for kind in ["", "fifo_queue = true\n", "stale_handle_delete = \"succeeds\"\n"] {
        // Received at 0 s, given up at 5 s, sent back and received at 6 s; at 7 s the first worker has done with it.
        let ran = redriven_while_worked_on(kind).until("10s").run();
        assert_eq!((ran.counter("jobs", "messages_redriven"), ran.counter("failed", "messages_redriven")), (0, 1));
        // A FIFO queue refuses it: the receipt's own visibility timeout ended at 5 s. It was taken for a stale one, which
        // only standard queues have.
        let deletes = ["stale_deletes", "refused_deletes", "messages_deleted"].map(|name| ran.counter("jobs", name));
        assert_eq!(deletes, if kind.starts_with("fifo") { [0, 1, 0] } else { [1, 0, 0] }, "{kind}");
        assert_eq!(ran.gauge("jobs", "in_flight").value(), 1, "{kind}");
        let ran = redriven_while_worked_on(kind).until("15s").run();
        assert_eq!(
            (ran.counter("jobs", "messages_received"), ran.counter("jobs", "messages_deleted")),
            (2, 1),
            "{kind}"
        );
        // It is new: nobody has received this one before.
        assert_eq!(ran.counter("jobs", "messages_received_again"), 0, "{kind}");
        assert_eq!((ran.recorder.jobs.done_twice(), ran.done()), (1, 1), "{kind}");
    }
}

#[test]
fn a_receipt_from_before_a_redrive_deletes_nothing_that_nobody_has_received_since() {
    for more in ["", "fifo_queue = true\n", "stale_handle_delete = \"succeeds\"\n"] {
        // Nobody but the first worker is left; it has done with the old message at 7 s, and gets the new one then.
        let ran = redriven_while_worked_on(more).fault("patient", FaultKind::Down, "5500ms", "1h").until("10s").run();
        // A FIFO queue refuses it, as above.
        let deletes = ["stale_deletes", "refused_deletes", "messages_deleted"].map(|name| ran.counter("jobs", name));
        assert_eq!(deletes, if more.starts_with("fifo") { [0, 1, 0] } else { [1, 0, 0] }, "{more}");
        assert_eq!(ran.counter("jobs", "messages_received"), 2, "{more}");
    }
}

#[test]
fn what_was_redriven_is_received_as_often_as_a_new_message_and_hidden_as_one() {
    // It always fails, and each failure hides it for twice as long as the one before: for 1 s, 2 s and 4 s.
    let text = "[jobs]\nkind = \"sqs\"\nvisibility_timeout = \"60s\"\n\
                dead_letter = { queue = \"failed\", max_receive_count = 3 }\n\
                [failed]\nkind = \"sqs\"\n\
                [fleet]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 1\nreceive_latency = \"0s\"\n\
                delete_latency = \"0s\"\nafter_failure = { visibility = \"1s\", backoff = \"exponential\" }\n";
    let bench = Bench::of(text).job("0s", "jobs").job("2min", "failed").until("3min");
    let bench = bench.fault("fleet", FaultKind::Fails(1.0), "0s", "10min");
    let ran = bench.fault("failed", FaultKind::Redrive(500.0), "20s", "20s").run();
    let received = |signal: &Signal| matches!(signal, Signal::Receive { .. });
    let seconds = ran.log.iter().filter(|(_, _, signal)| received(signal)).map(|(at, ..)| at.as_secs_f64());
    assert_eq!(seconds.collect::<Vec<_>>(), [0.0, 1.0, 3.0, 20.0, 21.0, 23.0]);
    assert_eq!((ran.counter("jobs", "messages_dead_lettered"), ran.counter("jobs", "messages_received_again")), (2, 4));
}

#[test]
fn a_dead_letter_goes_on_counting_its_receives() {
    // Received three times in all, twice of them in the first queue, so that the second keeps it for one receive.
    let text = "[jobs]\nkind = \"sqs\"\nvisibility_timeout = \"1s\"\n\
                dead_letter = { queue = \"failed\", max_receive_count = 2 }\n\
                [failed]\nkind = \"sqs\"\nvisibility_timeout = \"1s\"\n\
                dead_letter = { queue = \"lost\", max_receive_count = 3 }\n\
                [lost]\nkind = \"sqs\"\n\
                [fleet]\nkind = \"workers\"\npolls = \"jobs\"\ncount = 1\nreceive_latency = \"0s\"\n\
                [undertakers]\nkind = \"workers\"\npolls = \"failed\"\ncount = 1\nreceive_latency = \"0s\"\n";
    let bench = Bench::of(text).job("0s", "jobs").job("2min", "lost").until("3min");
    let bench = bench.fault("fleet", FaultKind::Fails(1.0), "0s", "10min");
    let ran = bench.fault("undertakers", FaultKind::Fails(1.0), "0s", "10min").run();
    let received = ["jobs", "failed"].map(|queue| ran.counter(queue, "messages_received"));
    assert_eq!((received, ran.gauge("lost", "visible").value()), ([2, 1], 2));
}

#[test]
fn no_receipt_begins_anew_while_somebody_may_have_it() {
    assert_eq!([0, 1, u16::MAX - 1, u16::MAX].map(super::next_receipt), [1, 2, u16::MAX, 1 << 15]);
}

/// A function that fails at all of its events, or at none, and the queue to which they go on.
fn after_a_function(f: &str, fails: bool) -> Bench {
    let text = format!(
        "[web]\nkind = \"service\"\nsends = {{ to = \"f\", latency = \"0s\" }}\n\
         [f]\nkind = \"lambda\"\nmaximum_retry_attempts = 0\n{f}\n\
         [kept]\nkind = \"sqs\"\nfrom = [{{ flow = \"jobs\", delay = \"10min\" }}]\n"
    );
    let bench = Bench::of(&text).jobs(10, "0s", "web").until("5min");
    if fails { bench.fault("f", FaultKind::Fails(1.0), "0s", "1h") } else { bench }
}

#[test]
fn what_a_function_passes_on_is_not_delayed_as_the_messages_of_the_flow_are() {
    let ran = after_a_function("on_success = \"kept\"", false).job("0s", "kept").run();
    assert_eq!(ran.counter("kept", "messages_sent"), 11);
    assert_eq!((ran.gauge("kept", "visible").value(), ran.gauge("kept", "delayed").value()), (10, 1));
}

#[test]
fn what_a_function_gives_up_is_sent_and_paid_for() {
    for key in ["on_failure", "dead_letter"] {
        let ran = after_a_function(&format!("{key} = \"kept\""), true).run();
        assert_eq!((ran.counter("kept", "messages_sent"), ran.counter("kept", "sent_message_size")), (10, 10_000));
        assert_eq!((ran.counter("kept", "requests"), ran.counter("kept", "billed_requests")), (10, 10));
    }
}

#[test]
fn what_a_topic_cannot_deliver_is_sent_and_costs_nothing() {
    let text = "[topic]\nkind = \"sns\"\nsubscribers = [{ to = \"gone\", endpoint_gone = \"0s\", dead_letter = \"kept\" }]\n\
                [gone]\nkind = \"sqs\"\n[kept]\nkind = \"sqs\"\n";
    let ran = Bench::of(text).jobs(10, "1s", "topic").until("5min").run();
    assert_eq!((ran.counter("kept", "messages_sent"), ran.gauge("kept", "visible").value()), (10, 10));
    assert_eq!(ran.counter("kept", "billed_requests"), 0);
}
