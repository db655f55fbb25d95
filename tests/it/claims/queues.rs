//! Amazon SQS, standard queues.

use crate::bench::{Ran, about, run};
use crate::study::Study;
use surgetank::metrics::Fate;

/// A queue to which `traffic` is sent directly, and other nodes.
pub fn queue(run: &str, traffic: &str, queue: &str, others: &str) -> String {
    format!(
        "[run]\n{run}\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = '1s'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n{queue}\n{others}"
    )
}

/// Workers whose calls take no time.
pub fn crew(count: u32, more: &str) -> String {
    format!(
        "[pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = {count}\nreceive_latency = '0s'\n\
         delete_latency = '0s'\n{more}\n"
    )
}

/// Nothing that the workers do in this time succeeds.
pub fn failing(from: &str, to: &str) -> String {
    format!("[[fault]]\nnode = 'p.crew'\nkind = 'fails'\nshare = '100%'\nfrom = '{from}'\nto = '{to}'\n")
}

pub fn down(from: &str, to: &str) -> String {
    format!("[[fault]]\nnode = 'p.crew'\nkind = 'down'\nfrom = '{from}'\nto = '{to}'\n")
}

pub const ONE: &str = "spike = { at = '1s', count = 1 }";
pub const FAILED: &str = "[pipeline.p.failed]\nkind = 'sqs'\n";

/// The value of a gauge at an instant.
pub fn at(ran: &Ran, gauge: &str, second: f64) -> f64 {
    let series = ran.series(gauge);
    let sample = series.iter().find(|(time, _)| (time - second).abs() < 1e-6);
    sample.unwrap_or_else(|| panic!("no sample of {gauge} at {second} s, only {}", series.len())).1
}

#[test]
fn claim_01_a_message_is_hidden_for_exactly_the_visibility_timeout() {
    let text = queue(
        "duration = '2s'\ndrain = '1min'\nsample_every = '100ms'",
        ONE,
        "visibility_timeout = '30s'",
        &(crew(1, "work = 'job'") + &down("1500ms", "32s")),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "jobs.visible", 30.9), at(&ran, "jobs.visible", 31.0)), (0.0, 1.0));
    assert_eq!((at(&ran, "jobs.in_flight", 30.9), at(&ran, "jobs.in_flight", 31.0)), (1.0, 0.0));
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("jobs.messages_received_again")), (2.0, 1.0));
    // Received again when the worker is back at 32 s, and worked on for a second.
    assert_eq!(ran.summary("latency_max"), 32.0);
}

#[test]
fn claim_02_the_receive_after_the_last_moves_a_message_to_the_dead_letter_queue() {
    let text = queue(
        "duration = '2s'\ndrain = '5min'\nsample_every = '100ms'",
        ONE,
        "visibility_timeout = '30s'\ndead_letter = { queue = 'failed', max_receive_count = 3 }",
        &(crew(1, "") + FAILED + &failing("0s", "1h")),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("jobs.messages_dead_lettered")), (3.0, 1.0));
    assert_eq!((at(&ran, "failed.visible", 90.9), at(&ran, "failed.visible", 91.0)), (0.0, 1.0));
    assert_eq!(ran.jobs(Fate::DeadLettered), 1);
}

#[test]
fn claim_03_nothing_moves_while_nobody_polls() {
    let text = queue(
        "duration = '2s'\ndrain = '5min'\nsample_every = '1s'",
        ONE,
        "visibility_timeout = '30s'\ndead_letter = { queue = 'failed', max_receive_count = 3 }",
        &(crew(1, "") + FAILED + &failing("0s", "1h") + &down("65s", "200s")),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "jobs.visible", 100.0), at(&ran, "jobs.visible", 199.0)), (1.0, 1.0));
    assert_eq!((at(&ran, "failed.visible", 199.0), at(&ran, "failed.visible", 200.0)), (0.0, 1.0));
}

#[test]
fn a_queue_gives_a_message_out_ten_times_unless_it_is_told_otherwise() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'",
        ONE,
        "dead_letter = { queue = 'failed' }",
        &(crew(1, "") + FAILED + &failing("0s", "1h")),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_received"), ran.jobs(Fate::DeadLettered)), (10.0, 1));
}

#[test]
fn a_delete_after_the_visibility_timeout_succeeds_as_long_as_nobody_else_has_the_message() {
    // The only worker needs a second and the message is hidden for a fifth of one: it is seen, but nobody asks.
    let text = queue(
        "duration = '2s'\ndrain = '10min'\nsample_every = '100ms'",
        ONE,
        "visibility_timeout = '200ms'\nstale_handle_delete = 'ignored'",
        &crew(1, "work = 'job'"),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "jobs.visible", 1.5), at(&ran, "jobs.visible", 2.0)), (1.0, 0.0));
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("jobs.messages_deleted")), (1.0, 1.0));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("jobs.stale_deletes")), (1, 0.0));
}

#[test]
fn a_queue_refuses_what_is_larger_than_a_mebibyte() {
    let refused = |size: &str| {
        let traffic = format!("{ONE}\nsize = '{size}'");
        run(&queue("duration = '2s'\ndrain = '10min'", &traffic, "", &crew(1, ""))).lost("jobs", "message too large")
    };
    assert_eq!((refused("1MiB"), refused("1048577B")), (0, 1));
}

#[test]
fn claim_08_work_that_takes_five_times_the_visibility_timeout_is_begun_five_times() {
    let with = |stale: &str| {
        run(&queue(
            "duration = '2s'\ndrain = '10min'",
            ONE,
            &format!(
                "visibility_timeout = '200ms'\nstale_handle_delete = '{stale}'\n\
                 dead_letter = {{ queue = 'failed', max_receive_count = 20 }}"
            ),
            &(crew(30, "work = 'job'") + FAILED),
        ))
    };
    let deleted = with("succeeds");
    assert_eq!((deleted.figure("jobs.messages_received"), deleted.figure("crew.busy_time")), (5.0, 5.0));
    assert_eq!((deleted.figure("jobs.messages_deleted"), deleted.jobs(Fate::DoneTwice)), (1.0, 1));
    let kept = with("ignored");
    assert_eq!((kept.figure("jobs.messages_received"), kept.figure("jobs.messages_deleted")), (20.0, 0.0));
    assert_eq!((kept.figure("jobs.messages_dead_lettered"), kept.figure("failed.visible_max")), (1.0, 1.0));
}

#[test]
fn a_delete_after_the_move_to_the_dead_letter_queue_leaves_the_message_there() {
    let text = queue(
        "duration = '2s'\ndrain = '1min'",
        ONE,
        "visibility_timeout = '300ms'\ndead_letter = { queue = 'failed', max_receive_count = 1 }",
        &(crew(2, "work = 'job'") + FAILED),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_dead_lettered"), ran.figure("jobs.stale_deletes")), (1.0, 1.0));
    assert_eq!((ran.figure("jobs.messages_deleted"), ran.figure("failed.visible_max")), (0.0, 1.0));
    // It was done all the same.
    assert_eq!(ran.jobs(Fate::DoneInTime), 1);
}

#[test]
fn claim_10_a_standard_dead_letter_queue_counts_the_age_from_the_first_send_and_a_fifo_queue_from_the_move() {
    let day = 86_400.0;
    for (fifo, gone) in [(false, 4.0), (true, 5.0)] {
        let kind = format!("fifo_queue = {fifo}\nmessage_retention_period = '4d'");
        let text = queue(
            "duration = '8d'\ndrain = '1h'\nsample_every = '1h'",
            ONE,
            &format!("{kind}\nvisibility_timeout = '0s'\ndead_letter = {{ queue = 'failed', max_receive_count = 1 }}"),
            &format!(
                "{}[pipeline.p.failed]\nkind = 'sqs'\n{kind}\n{}{}",
                crew(1, ""),
                failing("0s", "8d"),
                down("0s", "1d")
            ),
        );
        let ran = run(&text);
        let held = |days: f64| at(&ran, "failed.visible", days * day);
        let hour = 1.0 / 24.0;
        assert_eq!((held(1.0 - hour), held(1.0)), (0.0, 1.0), "fifo: {fifo}");
        assert_eq!((held(gone - hour), held(gone + hour)), (1.0, 0.0), "fifo: {fifo}");
    }
}

#[test]
fn claim_11_a_delayed_message_is_visible_when_the_delay_is_over() {
    let ran = run(&queue("duration = '2s'\ndrain = '1min'\nsample_every = '1s'", ONE, "delay = '45s'", ""));
    assert_eq!((at(&ran, "jobs.delayed", 1.0), at(&ran, "jobs.visible", 1.0)), (1.0, 0.0));
    assert_eq!((at(&ran, "jobs.visible", 45.0), at(&ran, "jobs.visible", 46.0)), (0.0, 1.0));
}

#[test]
fn claim_13_a_short_poll_misses_what_lies_on_a_host_that_it_does_not_ask() {
    // The message is never deleted and never hidden, and a poll takes a second.
    let empty = |wait: &str| {
        let text = queue(
            "duration = '2s'\ndrain = '20000s'",
            ONE,
            "visibility_timeout = '0s'\nhosts = 10\nhosts_sampled = 3",
            &format!(
                "[pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nreceive_latency = '1s'\n{wait}\n{}",
                failing("0s", "8h")
            ),
        );
        Study::of(&text, 1..9, |ran| vec![ran.figure("jobs.empty_receives") / ran.figure("jobs.requests")])
    };
    let share = |expected| [crate::study::expected("empty responses", expected)];
    empty("wait_time = '0s'\npause_when_empty = '0s'").holds(&share(0.7));
    let text = queue(
        "duration = '2s'\ndrain = '2000s'",
        ONE,
        "visibility_timeout = '0s'\nhosts = 10\nhosts_sampled = 3",
        &(crew(1, "receive_latency = '1s'").replace("receive_latency = '0s'\n", "") + &failing("0s", "8h")),
    );
    let long = run(&text);
    assert_eq!(long.figure("jobs.empty_receives"), 0.0);
    assert!(long.figure("jobs.messages_received") > 1900.0);
}

#[test]
fn claim_15_a_short_poll_finds_what_lies_on_the_hosts_that_it_asks_and_a_repeat_the_rest() {
    let with = |wait: &str, speed: &str, drain: &str| {
        queue(
            &format!("duration = '2s'\ndrain = '{drain}'\nsample_every = '500ms'\nallow = ['A010']"),
            "spike = { at = '1s', count = 10 }",
            "visibility_timeout = '12h'\nhosts = 10\nhosts_sampled = 3",
            &(crew(1, &format!("work = 'job'\nspeed = {speed}\nmax_number_of_messages = 10\n{wait}"))
                + &down("0s", "2s")),
        )
    };
    let short = "wait_time = '0s'\npause_when_empty = '1s'";
    // One poll at 2 s, and then the worker is busy.
    let first = Study::of(&with(short, "0.001", "1s"), 1..4001, |ran| vec![at(ran, "jobs.in_flight", 2.5) / 10.0]);
    first.holds(&[crate::study::expected("share found by the first poll", 0.3)]);
    let long = run(&with("", "0.001", "1s"));
    assert_eq!((at(&long, "jobs.in_flight", 2.5), at(&long, "jobs.visible", 2.5)), (10.0, 0.0));
    let repeated = run(&with(short, "1000", "5min"));
    assert_eq!((repeated.jobs(Fate::DoneInTime), repeated.figure("jobs.messages_received")), (10, 10.0));
}

#[test]
fn claim_14_a_long_poll_returns_with_the_first_message_that_comes() {
    let text = queue(
        "duration = '10s'\ndrain = '1min'\nsample_every = '100ms'",
        "spike = { at = '7s', count = 2, over = '400ms', spread = 'even' }",
        "",
        "[pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nreceive_latency = '20ms'\nwork = 'job'\n\
         max_number_of_messages = 10\ndelete_latency = '0s'\n",
    );
    let ran = run(&text);
    // The first comes at 7.1 s and is begun half a round trip later; the second, at 7.3 s, waits for the next poll.
    assert_eq!((at(&ran, "crew.busy", 7.1), at(&ran, "crew.busy", 7.2)), (0.0, 1.0));
    assert_eq!(at(&ran, "jobs.visible", 7.5), 1.0);
    assert_eq!((ran.figure("crew.prefetched_max"), ran.figure("jobs.empty_receives")), (0.0, 0.0));
    // 7.1 to 8.11; then a whole round trip and a second of work.
    assert!((ran.summary("latency_max") - (8.11 + 0.02 + 1.0 - 7.3)).abs() < 1e-9, "{}", ran.summary("latency_max"));
}

#[test]
fn claim_16_a_message_alone_costs_three_requests_and_received_in_tens_a_tenth_of_a_receive() {
    let requests = |messages: u32| {
        let text = queue(
            "duration = '2s'\ndrain = '10s'",
            "spike = { at = '1s', count = 1000 }",
            "",
            &(crew(1, &format!("max_number_of_messages = {messages}")) + &down("0s", "2s")),
        );
        let ran = run(&text);
        assert_eq!(ran.jobs(Fate::DoneInTime), 1000);
        ran.figure("jobs.requests")
    };
    // One poll before the workers went down, and one that waits at the end.
    assert_eq!(requests(1), 3000.0 + 2.0);
    assert_eq!(requests(10), 2100.0 + 2.0);
}

#[test]
fn claim_17_a_large_message_is_billed_by_the_piece_when_it_is_sent_and_when_it_is_received() {
    let billed = |size: &str, messages: u32| {
        let text = queue(
            "duration = '2s'\ndrain = '10s'",
            &format!("spike = {{ at = '1s', count = 10 }}\nsize = '{size}'"),
            "",
            &(crew(1, &format!("max_number_of_messages = {messages}")) + &down("0s", "2s")),
        );
        let ran = run(&text);
        assert_eq!(ran.jobs(Fate::DoneInTime), 10);
        ran.figure("jobs.billed_requests")
    };
    // Sent, received and deleted one by one; and one poll before the workers went down and one that waits at the end.
    assert_eq!(billed("1MiB", 1), 10.0 * (16.0 + 16.0 + 1.0) + 2.0);
    assert_eq!(billed("65537B", 1), 10.0 * (2.0 + 2.0 + 1.0) + 2.0);
    assert_eq!(billed("64KiB", 1), 10.0 * (1.0 + 1.0 + 1.0) + 2.0);
    // Ten messages of 6 KB in one response are one request.
    assert_eq!(billed("6KiB", 10), 10.0 + 1.0 + 10.0 + 2.0);
    // And so are ten in one send.
    let batch = "[run]\nduration = '2s'\ndrain = '10s'\n[traffic.jobs]\nspike = { at = '1s', count = 10 }\nsize = '6KiB'\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nsends = { to = 'jobs', batch = { entries = 10 } }\n\
        [pipeline.p.jobs]\nkind = 'sqs'\n";
    assert_eq!(run(batch).figure("jobs.billed_requests"), 1.0);
}

#[test]
fn claim_19_a_delete_with_an_old_receipt_leaves_the_message_in_flight() {
    // The first worker needs 3 s for what is hidden for 2 s, the second 1.8 s.
    let text = queue(
        "duration = '2s'\ndrain = '1min'\nsample_every = '100ms'",
        ONE,
        "visibility_timeout = '2s'",
        &(crew(2, "work = 'job'\nspeed = 0.5555555555555556")
            + "[[fault]]\nnode = 'p.crew'\nkind = 'slow'\nfactor = 1.6666666666666667\nfrom = '0s'\nto = '2s'\n"),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.stale_deletes"), ran.figure("jobs.messages_deleted")), (1.0, 1.0));
    assert_eq!((at(&ran, "jobs.in_flight", 4.7), at(&ran, "jobs.in_flight", 4.8)), (1.0, 0.0));
    assert_eq!((ran.figure("jobs.messages_received"), ran.jobs(Fate::DoneTwice)), (2.0, 1));
}

#[test]
fn claim_20_a_sender_that_does_not_hear_the_answer_sends_twice() {
    let text = "[run]\nduration = '2s'\ndrain = '1min'\n[traffic.jobs]\nspike = { at = '1s', count = 1 }\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\n\
        sends = { to = 'jobs', latency = '2s', timeout = '1500ms', retries = { attempts = 2, backoff = 'none' } }\n\
        [pipeline.p.jobs]\nkind = 'sqs'\n";
    let ran = run(text);
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("jobs.visible_max")), (2.0, 2.0));
    assert_eq!(ran.figure("web.timeouts"), 2.0);
}

/// A sender that times out now and then although the queue has taken its message in.
fn impatient(seed: u64) -> Ran {
    let text = "[run]\nduration = '100s'\ndrain = '10min'\n[traffic.jobs]\nrate = '10/s'\n[work.job]\ntime = '100ms'\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 1000\n\
        sends = { to = 'jobs', latency = { exponential = '200ms' }, timeout = '300ms', \
        retries = { attempts = 2, backoff = 'none' } }\n\
        [pipeline.p.jobs]\nkind = 'sqs'\n[pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'job'\n";
    crate::bench::run_seeded(text, seed)
}

#[test]
fn claim_20_what_was_sent_twice_is_done_twice_and_counted_as_such() {
    for seed in 1..6 {
        let ran = impatient(seed);
        let (stored, handled) = (ran.figure("jobs.messages_sent"), ran.figure("crew.handled"));
        assert!(stored > ran.summary("jobs_sent") + 100.0, "seed {seed}: {stored} messages");
        assert_eq!(handled + ran.figure("crew.repeated"), stored, "seed {seed}");
        // A job whose sender failed for good was done as well, but nobody counts on it.
        assert_eq!(ran.summary("done") + ran.summary("timed_out"), ran.summary("jobs_sent"), "seed {seed}");
        assert!(handled >= ran.summary("done"), "seed {seed}");
        assert!(ran.summary("done_twice") > 50.0, "seed {seed}");
        let wasted = ran.summary("wasted_work");
        assert!(wasted > 0.1, "seed {seed}: {wasted}");
    }
}

#[test]
fn claim_23_a_backlog_drains_at_the_rate_of_the_workers() {
    let text = queue(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 1000 }",
        "visibility_timeout = '1min'",
        &crew(10, "work = 'job'"),
    );
    assert_eq!(run(&text).summary("latency_max"), 100.0);
    let text = text.replace("time = '1s'", "time = { exponential = '1s' }");
    // The last ten end one after the other.
    let exact = 990.0 / 10.0 + (1..=10).map(|left| 1.0 / f64::from(left)).sum::<f64>();
    let study = Study::of(&text, 1..201, |ran| vec![ran.summary("latency_max")]);
    study.holds(&[crate::study::expected("drain", exact)]);
    about(run(&text).figure("crew.busy_time"), 1000.0, 0.15);
}
