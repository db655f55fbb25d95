//! AWS Lambda: the pollers that fetch messages of a queue for a function.

use crate::bench::{Ran, about, over_seeds, run};
use surgetank::metrics::Fate;

/// A function called `f` that polls the queue `jobs`, to which the traffic is sent directly.
pub(super) fn polling(run: &str, traffic: &str, work: &str, queue: &str, function: &str) -> String {
    format!(
        "[run]\n{run}\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = '{work}'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n{queue}\n\
         [pipeline.p.f]\nkind = 'lambda'\npolls = 'jobs'\nwork = 'job'\n{function}\n"
    )
}

/// Nothing takes time but the work.
pub(super) const AT_ONCE: &str = "init_duration = '0s'\nreceive_latency = '0s'\ndelete_latency = '0s'\n";
const FAILED: &str = "[pipeline.p.failed]\nkind = 'sqs'\n";

pub(super) fn spike(count: u32) -> String {
    format!("spike = {{ at = '1s', count = {count} }}")
}

/// All messages become visible in the same instant, so that batches are full.
const TOGETHER: &str = "delay = '1s'";

/// The value of a gauge at an instant.
pub(super) fn at(ran: &Ran, gauge: &str, second: f64) -> f64 {
    let series = ran.series(gauge);
    let sample = series.iter().find(|(time, _)| (time - second).abs() < 1e-6);
    sample.unwrap_or_else(|| panic!("no sample of {gauge} at {second} s, only {}", series.len())).1
}

/// A backlog of long jobs, one in a batch.
pub(super) fn long_jobs(count: u32, function: &str) -> Ran {
    run(&polling(
        "duration = '2s'\ndrain = '3h'\nsample_every = '1s'",
        &spike(count),
        "10min",
        "visibility_timeout = '90min'",
        &format!("{AT_ONCE}timeout = '15min'\nbatch_size = 1\n{function}"),
    ))
}

#[test]
fn claim_48_five_begin_then_three_hundred_a_minute_up_to_1250() {
    let ran = long_jobs(1500, "account_concurrency = 10000");
    let running = |second| at(&ran, "f.concurrent_executions", second);
    assert_eq!([running(0.0), running(1.0), running(2.0), running(61.0)], [0.0, 5.0, 10.0, 305.0]);
    assert_eq!([running(121.0), running(249.0), running(250.0), running(300.0)], [605.0, 1245.0, 1250.0, 1250.0]);
    assert_eq!((ran.figure("f.pollers_max"), ran.jobs(Fate::DoneInTime)), (1250.0, 1500));
}

#[test]
fn a_maximum_concurrency_holds_the_pollers_and_nothing_is_throttled() {
    let ran = long_jobs(40, "maximum_concurrency = 3\nreserved_concurrent_executions = 3");
    assert_eq!((ran.figure("f.concurrent_executions_max"), ran.figure("f.pollers_max")), (3.0, 3.0));
    assert_eq!((ran.figure("f.throttles"), ran.figure("jobs.messages_received_again")), (0.0, 0.0));
    assert_eq!(at(&long_jobs(40, "maximum_concurrency = 20"), "f.concurrent_executions", 2.0), 10.0);
    // Two that are never idle are busy all the time, of whatever the account would let be.
    let busy = long_jobs(40, "maximum_concurrency = 2").figure("f.utilisation");
    assert!(busy > 0.99, "{busy}");
}

#[test]
fn pollers_that_find_nothing_for_a_long_poll_go_away_again() {
    let with = |function: &str| {
        run(&polling(
            "duration = '2s'\ndrain = '2min'\nsample_every = '1s'",
            &spike(1000),
            "5s",
            "",
            &format!("{AT_ONCE}timeout = '6s'\nbatch_size = 1\n{function}"),
        ))
    };
    let ran = with("");
    let most = ran.figure("f.pollers_max");
    assert!((60.0..300.0).contains(&most), "{most}");
    assert_eq!((at(&ran, "f.pollers", 0.0), at(&ran, "f.pollers", 1.0)), (2.0, 5.0));
    let end = ran.series("f.pollers").last().expect("samples").1;
    assert!(end > 2.0, "the run ends when everything is done: {end}");
    // A few more messages a minute later keep the run from ending, and find two pollers, or five with a limit.
    let later = |text: &str| {
        let text = text.replace(
            "count = 1000 }",
            "count = 1000 }\nphases = [{ for = '2min', rate = '0/s' }, { for = '2s', rate = '1/s' }]",
        );
        text.replace("duration = '2s'", "duration = '122s'")
    };
    let text = |function: &str| {
        polling(
            "duration = '2s'\ndrain = '2min'\nsample_every = '1s'",
            &spike(1000),
            "5s",
            "",
            &format!("{AT_ONCE}timeout = '6s'\nbatch_size = 1\n{function}"),
        )
    };
    assert_eq!(at(&run(&later(&text(""))), "f.pollers", 100.0), 2.0);
    assert_eq!(at(&run(&later(&text("maximum_concurrency = 900"))), "f.pollers", 100.0), 5.0);
}

#[test]
fn claim_50_reserved_concurrency_sends_messages_to_the_dead_letter_queue_that_never_ran() {
    let with = |function: &str| {
        polling(
            "duration = '2s'\ndrain = '6h'",
            &spike(1000),
            "25s",
            "visibility_timeout = '30s'\ndead_letter = { queue = 'failed', max_receive_count = 3 }",
            &format!("timeout = '30s'\nbatch_size = 1\n{function}\n{FAILED}"),
        )
    };
    let reserved = over_seeds(&with("reserved_concurrent_executions = 5"), 1..6, |ran| {
        assert_eq!((ran.figure("f.errors"), ran.figure("f.concurrent_executions_max")), (0.0, 5.0));
        assert!(ran.figure("f.batches_let_go") > 0.0);
        ran.jobs(Fate::DeadLettered)
    });
    assert!(reserved.iter().all(|&lost| lost > 100), "{reserved:?}");
    let limited = over_seeds(&with("reserved_concurrent_executions = 5\nmaximum_concurrency = 5"), 1..6, |ran| {
        (ran.jobs(Fate::DeadLettered), ran.figure("f.throttles"), ran.jobs(Fate::DoneInTime))
    });
    assert!(limited.iter().all(|&outcome| outcome == (0, 0.0, 1000)), "{limited:?}");
}

#[test]
fn a_batch_that_finds_no_room_is_tried_again_until_its_visibility_timeout_is_over() {
    // One environment, busy for 100 s with the first message.
    let text = polling(
        "duration = '2s'\ndrain = '1h'\nsample_every = '1s'",
        &spike(2),
        "100s",
        "visibility_timeout = '300s'",
        &format!("{AT_ONCE}timeout = '150s'\nbatch_size = 1\nreserved_concurrent_executions = 1"),
    );
    let ran = run(&text);
    // It found room when the first was done, at the next try of those up to twenty seconds apart.
    let waited = ran.summary("latency_max") - 200.0;
    assert!((0.0..20.0).contains(&waited), "{waited}");
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("f.batches_let_go")), (2.0, 0.0));
    let text = text.replace("'300s'", "'60s'").replace("'100s'", "'50s'").replace("'150s'", "'55s'");
    let blocked = run(&text.replace("count = 2", "count = 3"));
    let let_go = blocked.figure("f.batches_let_go");
    // Each of them has used up a receive without having run.
    assert!(let_go >= 1.0 && blocked.figure("jobs.messages_received_again") >= let_go, "{let_go}");
    assert_eq!(blocked.figure("f.handled"), 3.0);
}

/// Batches of ten, each message of which fails with a tenth of a chance.
fn failing(fifo: bool, function: &str) -> Vec<Ran> {
    // A FIFO queue takes no more than 300 a second: there they pile up because two environments are too few.
    let (traffic, queue, more) = if fifo {
        ("rate = '10/s'\nkey = { distinct = 20 }".to_owned(), "fifo_queue = true", "maximum_concurrency = 2")
    } else {
        (spike(600), TOGETHER, "")
    };
    let text = polling(
        "duration = '1min'\ndrain = '2h'",
        &traffic,
        "1s",
        &format!("visibility_timeout = '30s'\n{queue}"),
        &format!(
            "timeout = '30s'\n{more}\n{function}\ncalls = {{ to = 'shop', latency = '0s' }}\n\
             [pipeline.p.shop]\nkind = 'http'\nlatency = '0s'\nfails = '10%'"
        ),
    );
    let ran: Vec<Ran> = (1..6).map(|seed| crate::bench::run_seeded(&text, seed)).collect();
    for ran in &ran {
        assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::DoneTwice), ran.sent());
    }
    ran
}

#[test]
fn claim_51_one_message_that_fails_makes_its_whole_batch_come_back_unless_it_is_reported() {
    for ran in failing(false, "") {
        let (failed, again) = (ran.figure("f.failed"), ran.figure("jobs.messages_received_again"));
        assert!(failed > 20.0 && again > 1.2 * failed && ran.figure("f.repeated") > 5.0, "{failed} {again}");
        // The first failure ends the request.
        assert_eq!(ran.figure("f.errors"), failed);
        assert!(ran.jobs(Fate::DoneTwice) > 5);
    }
    for ran in failing(false, "report_batch_item_failures = true") {
        let (failed, again) = (ran.figure("f.failed"), ran.figure("jobs.messages_received_again"));
        assert_eq!((again, ran.figure("f.repeated"), ran.figure("f.errors")), (failed, 0.0, 0.0));
        assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
    }
}

#[test]
fn a_function_that_reports_failures_of_a_fifo_queue_stops_at_the_first() {
    for ran in failing(true, "report_batch_item_failures = true") {
        let (failed, again) = (ran.figure("f.failed"), ran.figure("jobs.messages_received_again"));
        // What came after the failed one in its batch comes back without having run.
        assert!(again > failed, "{failed} {again}");
        assert_eq!((ran.figure("f.repeated"), ran.figure("f.errors")), (0.0, 0.0));
    }
}

#[test]
fn claim_52_ten_encodes_of_five_minutes_never_fit_into_a_request_and_one_does() {
    let with = |batch: u32| {
        run(&polling(
            "duration = '2s'\ndrain = '24h'",
            &spike(100),
            "5min",
            &format!(
                "{TOGETHER}\nvisibility_timeout = '90min'\n\
                 dead_letter = {{ queue = 'failed', max_receive_count = 3 }}"
            ),
            &format!("timeout = '15min'\nbatch_size = {batch}\n{FAILED}"),
        ))
    };
    let ten = with(10);
    assert_eq!(ten.figure("f.function_timeouts"), ten.figure("f.invocations"));
    assert_eq!((ten.figure("jobs.messages_deleted"), ten.figure("jobs.messages_dead_lettered")), (0.0, 100.0));
    let one = with(1);
    assert_eq!((one.figure("f.function_timeouts"), one.figure("f.invocations")), (0.0, 100.0));
    assert_eq!((one.jobs(Fate::DoneInTime), one.figure("jobs.messages_deleted")), (100, 100.0));
}

#[test]
fn claim_77_a_thousand_encodes_of_five_minutes_are_done_in_little_more_than_eight() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        &spike(1000),
        "5min",
        "visibility_timeout = '90min'",
        "timeout = '15min'\nbatch_size = 1",
    );
    let ran = run(&text);
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("f.throttles")), (1000, 0.0));
    // The last of a thousand begins after 199 s.
    about(ran.summary("latency_max"), 199.0 + 300.0, 0.01);
}

#[test]
fn messages_are_gathered_until_the_batch_is_full_or_the_window_is_over() {
    let with = |rate: &str, function: &str| {
        let text = polling(
            "duration = '2min'\ndrain = '1h'",
            &format!("rate = '{rate}'\narrivals = 'regular'"),
            "0s",
            "visibility_timeout = '10min'",
            &format!("{AT_ONCE}maximum_concurrency = 2\n{function}"),
        );
        let ran = run(&text);
        assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
        ran
    };
    // A message a second for each of the two: windows of thirty seconds.
    let slow = with("2/s", "maximum_batching_window = '30s'\nbatch_size = 1000");
    about(slow.figure("f.handled") / slow.figure("f.invocations"), 30.0, 0.15);
    about(slow.summary("latency_max"), 30.0, 0.05);
    // Fifty a second for each: batches of a hundred take two seconds.
    let fast = with("100/s", "maximum_batching_window = '30s'\nbatch_size = 100");
    about(fast.figure("f.handled") / fast.figure("f.invocations"), 100.0, 0.05);
    about(fast.summary("latency_p99"), 2.0, 0.15);
}

#[test]
fn with_little_traffic_a_batch_waits_for_twenty_seconds_whatever_its_window() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 1 }",
        "0s",
        "",
        &format!("{AT_ONCE}maximum_batching_window = '1s'"),
    );
    assert_eq!(run(&text).summary("latency_max"), 20.0);
    let without = text.replace("maximum_batching_window = '1s'", "");
    assert_eq!(run(&without).summary("latency_max"), 0.0);
}

#[test]
fn a_request_of_the_function_gets_six_mebibytes_at_most() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        &format!("{}\nsize = '1MiB'", spike(10)),
        "1s",
        TOGETHER,
        &format!("{AT_ONCE}timeout = '10s'\nmaximum_concurrency = 2"),
    );
    // All ten are fetched by one poller: six, and then four.
    let ran = run(&text);
    assert_eq!((ran.figure("f.invocations"), ran.summary("latency_max")), (2.0, 11.0));
}

#[test]
fn the_queue_hides_what_is_gathered_for_longer_than_it_says() {
    let with = |window: &str| {
        let text = polling(
            "duration = '2s'\ndrain = '10min'\nsample_every = '1s'",
            "spike = { at = '1s', count = 1 }",
            "10s",
            "visibility_timeout = '12s'",
            &format!(
                "{AT_ONCE}timeout = '12s'\nmaximum_batching_window = '{window}'\n\
                 [[fault]]\nnode = 'p.f'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '1min'"
            ),
        );
        run(&text).summary("latency_max")
    };
    // Received at 1 s, gathered until 21 s, failed at 31 s; hidden for 5 s + 12 s + 30 s, and then twenty and ten more.
    assert_eq!(with("5s"), 47.0 + 30.0);
    // Without a window it is hidden for 12 s: the sixth receive, at 61 s, is the first that succeeds.
    assert_eq!(with("0s"), 60.0 + 10.0);
}

#[test]
fn pollers_count_for_the_requests_a_second_of_a_function() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        &spike(200),
        "1ms",
        "",
        "batch_size = 1\nmaximum_concurrency = 2\nreserved_concurrent_executions = 2\ninit_duration = '0s'",
    );
    // Twenty a second.
    let ran = run(&text);
    assert_eq!((ran.figure("f.invocations"), ran.jobs(Fate::DoneInTime)), (200.0, 200));
    assert!(ran.figure("f.throttles") > 0.0 && ran.summary("latency_max") >= 9.0, "{}", ran.summary("latency_max"));
}

#[test]
fn no_more_environments_work_on_a_fifo_queue_than_it_has_groups() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        &format!("{}\nkey = {{ distinct = 7 }}", spike(200)),
        "2s",
        "fifo_queue = true",
        &format!("{AT_ONCE}timeout = '5s'\nbatch_size = 1"),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("f.concurrent_executions_max"), ran.jobs(Fate::DoneInTime)), (7.0, 200));
}

#[test]
fn a_failed_group_of_a_fifo_queue_stands_still_until_what_failed_has_come_again() {
    let text = polling(
        "duration = '20s'\ndrain = '1h'\nsample_every = '1s'",
        "rate = '1/s'\narrivals = 'regular'\nkey = { constant = 'one' }",
        "100ms",
        "fifo_queue = true\nvisibility_timeout = '30s'",
        &format!(
            "{AT_ONCE}batch_size = 1\n\
             [[fault]]\nnode = 'p.f'\nkind = 'fails'\nshare = '100%'\nfrom = '4200ms'\nto = '5200ms'"
        ),
    );
    let ran = run(&text);
    // One message fails at about 5 s; nothing newer is received before it is back.
    assert_eq!((ran.figure("f.failed"), ran.figure("jobs.messages_received_again")), (1.0, 1.0));
    assert_eq!(at(&ran, "jobs.visible", 20.0), at(&ran, "jobs.visible", 30.0));
    about(ran.summary("latency_max"), 30.0, 0.02);
}

#[test]
fn messages_of_a_batch_are_worked_on_one_after_the_other_unless_the_function_does_more_at_once() {
    let with = |function: &str| {
        let text = polling(
            "duration = '2s'\ndrain = '1h'",
            &spike(10),
            "2s",
            TOGETHER,
            &format!("{AT_ONCE}timeout = '30s'\nmaximum_concurrency = 2\n{function}"),
        );
        let ran = run(&text);
        assert_eq!((ran.figure("f.invocations"), ran.jobs(Fate::DoneInTime)), (1.0, 10));
        ran.summary("latency_max")
    };
    assert_eq!((with(""), with("messages_at_once = 5"), with("messages_at_once = 100")), (21.0, 5.0, 3.0));
}

#[test]
fn a_mapping_receives_from_a_queue_as_fast_as_that_kind_of_queue_answers() {
    let slow = |queue: &str| {
        let traffic = "rate = '20/s'\nkey = { distinct = 1000 }";
        let text = polling("duration = '5min'\ndrain = '1h'", traffic, "0s", queue, "init_duration = '0s'");
        run(&text).summary("latency_p99")
    };
    // Half of a round trip whose 99th percentile is 410 ms, or 90 ms.
    let (fifo, standard) = (slow("fifo_queue = true"), slow(""));
    assert!(fifo > 0.12 && standard < 0.08, "{fifo} {standard}");
}

#[test]
fn what_a_batch_has_done_is_deleted_in_calls_of_ten() {
    let requests = |count: u32, function: &str| {
        let text = polling(
            "duration = '2s'\ndrain = '1h'",
            &spike(count),
            "0s",
            TOGETHER,
            &format!("{AT_ONCE}maximum_concurrency = 2\n{function}"),
        );
        let ran = run(&text);
        assert_eq!(ran.jobs(Fate::DoneInTime), u64::from(count));
        ran.figure("jobs.requests") - f64::from(count)
    };
    // Two polls wait from the start, one is made again; and the deletes.
    assert_eq!(requests(10, ""), 3.0 + 1.0);
    assert_eq!(requests(10, "batch_size = 5"), 4.0 + 2.0);
    assert_eq!(requests(10, "batch_size = 1"), 12.0 + 10.0);
}
