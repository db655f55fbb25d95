//! AWS Lambda: environments, calls and events.

use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

/// A function called `f`, the traffic `jobs`, work of `work`, and other nodes.
fn function(run: &str, traffic: &str, work: &str, function: &str, others: &str) -> String {
    format!(
        "[run]\n{run}\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = '{work}'\n\
         [pipeline.p.f]\nkind = 'lambda'\nwork = 'job'\n{function}\n{others}"
    )
}

/// A service that takes the traffic and hands it over without waiting.
const SENDER: &str = "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100000\n\
    sends = { to = 'f', latency = '0s' }\n[pipeline.p.failed]\nkind = 'sqs'\n";

fn fault(kind: &str, from: &str, to: &str) -> String {
    format!("[[fault]]\nnode = 'p.f'\n{kind}\nfrom = '{from}'\nto = '{to}'\n")
}

const FAILS: &str = "kind = 'fails'\nshare = '100%'";

/// The value of a gauge at an instant.
fn at(ran: &Ran, gauge: &str, second: f64) -> f64 {
    let series = ran.series(gauge);
    let sample = series.iter().find(|(time, _)| (time - second).abs() < 1e-6);
    sample.unwrap_or_else(|| panic!("no sample of {gauge} at {second} s, only {}", series.len())).1
}

#[test]
fn an_environment_works_on_one_request_and_is_used_again_when_it_is_idle() {
    let text = function(
        "duration = '1min'\ndrain = '1h'\nsample_every = '1s'",
        "rate = '1/s'\narrivals = 'regular'",
        "3500ms",
        "from = 'jobs'\ntimeout = '10s'\ninit_duration = '0s'\nidle_life = '5min'",
        "[pipeline.p.g]\nkind = 'service'\n",
    );
    let ran = run(&text);
    // A request a second that takes three and a half: four at once, and no environment more.
    assert_eq!((ran.figure("f.cold_starts"), ran.figure("f.concurrent_executions_max")), (4.0, 4.0));
    assert_eq!((ran.figure("f.invocations"), ran.summary("latency_max")), (ran.summary("jobs_sent"), 3.5));
    assert_eq!(ran.figure("f.environments_max"), 4.0);
}

#[test]
fn an_idle_environment_goes_after_its_idle_life_and_the_next_request_starts_cold() {
    let with = |life: &str| {
        run(&function(
            "duration = '10min'\ndrain = '1h'",
            "rate = '1/min'\narrivals = 'regular'",
            "1s",
            &format!("from = 'jobs'\ntimeout = '10s'\ninit_duration = '2s'\nidle_life = '{life}'"),
            "",
        ))
    };
    let (kept, gone) = (with("1min"), with("50s"));
    assert_eq!((kept.figure("f.cold_starts"), kept.summary("latency_max")), (1.0, 3.0));
    assert_eq!((gone.figure("f.cold_starts"), gone.summary("latency_p50")), (gone.summary("jobs_sent"), 3.0));
}

#[test]
fn what_takes_longer_than_the_limit_to_get_ready_starts_again_on_the_time_of_its_first_request() {
    let with = |init: &str, timeout: &str| {
        run(&function(
            "duration = '2s'\ndrain = '1h'",
            "spike = { at = '1s', count = 1 }",
            "1s",
            &format!("from = 'jobs'\ninit_duration = '{init}'\ntimeout = '{timeout}'"),
            "",
        ))
    };
    assert_eq!(with("10s", "3s").summary("latency_max"), 11.0);
    // Ten seconds in vain, then twelve and a second of work, on a timeout of fifteen or of ten.
    assert_eq!(with("12s", "15s").summary("latency_max"), 23.0);
    let stopped = with("12s", "10s");
    assert_eq!((stopped.figure("f.function_timeouts"), stopped.lost("f", "stopped at its timeout")), (1.0, 1));
}

#[test]
fn the_runtime_decides_how_long_a_cold_start_takes() {
    let with = |runtime: &str| {
        let text = function(
            "duration = '10min'\ndrain = '1h'",
            "rate = '1/s'\narrivals = 'regular'",
            "0s",
            &format!("from = 'jobs'\nruntime = '{runtime}'\nidle_life = '0s'\ntimeout = '1min'"),
            "",
        );
        run(&text).figure("f.init_duration_p50")
    };
    for (runtime, median) in [("python", 0.3), ("node", 0.275), ("go", 0.075), ("rust", 0.065), ("java", 3.5)] {
        about(with(runtime), median, 0.15);
    }
    about(with("java_snap_start"), 0.115, 0.15);
}

#[test]
fn claim_53_a_thousand_of_five_thousand_calls_begin_at_once_and_the_rest_is_throttled() {
    let text = function(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 5000 }",
        "5min",
        "from = 'jobs'\naccount_concurrency = 10000\ninit_duration = '0s'\ntimeout = '15min'",
        "",
    );
    let ran = run(&text);
    assert_eq!((ran.figure("f.invocations"), ran.figure("f.throttles")), (1000.0, 4000.0));
    assert_eq!((ran.lost("f", "throttled: too many new"), ran.jobs(Fate::DoneInTime)), (4000, 1000));
    // Throttled calls are no errors and are not worked on.
    assert_eq!((ran.figure("f.errors"), ran.figure("f.busy_time")), (0.0, 1000.0 * 300.0));
}

#[test]
fn claim_53_five_thousand_calls_that_try_again_are_all_at_work_after_forty_seconds() {
    let caller = "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 5000\n\
        calls = { to = 'f', latency = '0s', timeout = '1h', \
        retries = { attempts = 500, backoff = 'fixed', base = '100ms', jitter = 'none' } }\n";
    let text = function(
        "duration = '2s'\ndrain = '1h'\nsample_every = '1s'",
        "spike = { at = '1s', count = 5000 }",
        "5min",
        "account_concurrency = 10000\ninit_duration = '0s'\ntimeout = '15min'",
        caller,
    );
    let ran = run(&text);
    let running = |second| at(&ran, "f.concurrent_executions", second);
    assert_eq!([running(1.0), running(2.0)].map(f64::round), [1000.0, 1100.0]);
    about(running(21.0), 3000.0, 0.01);
    assert!(running(40.0) < 5000.0 && running(42.0) == 5000.0, "{} {}", running(40.0), running(42.0));
    assert_eq!(ran.jobs(Fate::DoneInTime), 5000);
}

#[test]
fn more_calls_than_the_concurrency_of_the_account_or_the_reserved_one_are_throttled() {
    let with = |limit: &str| {
        run(&function(
            "duration = '2s'\ndrain = '1h'",
            "spike = { at = '1s', count = 950 }",
            "10s",
            &format!("from = 'jobs'\ninit_duration = '0s'\ntimeout = '15min'\n{limit}"),
            "",
        ))
    };
    let account = with("account_concurrency = 300");
    assert_eq!((account.jobs(Fate::DoneInTime), account.lost("f", "throttled: the account's")), (300, 650));
    let reserved = with("reserved_concurrent_executions = 7");
    assert_eq!((reserved.jobs(Fate::DoneInTime), reserved.lost("f", "throttled: its reserved")), (7, 943));
    assert_eq!(with("reserved_concurrent_executions = 0").jobs(Fate::Rejected), 950);
    // By default an account has room for a thousand.
    assert_eq!(with("").jobs(Fate::DoneInTime), 950);
}

#[test]
fn a_short_function_takes_ten_requests_a_second_for_each_that_it_may_work_on() {
    let text = function(
        "duration = '10s'\ndrain = '1h'",
        "rate = '100/s'\narrivals = 'regular'",
        "1ms",
        "from = 'jobs'\ninit_duration = '0s'\nreserved_concurrent_executions = 5",
        "",
    );
    let ran = run(&text);
    assert_eq!(ran.figure("f.concurrent_executions_max"), 1.0);
    about(ran.figure("f.invocations"), 500.0, 0.01);
    assert_eq!(ran.lost("f", "throttled: too many requests"), ran.sent() - ran.jobs(Fate::DoneInTime));
}

#[test]
fn a_request_is_stopped_at_its_timeout_and_its_environment_starts_anew() {
    let text = function(
        "duration = '1min'\ndrain = '1h'",
        "rate = '0.1/s'\narrivals = 'regular'",
        "5s",
        "from = 'jobs'\ntimeout = '4s'\ninit_duration = '1s'",
        "",
    );
    let ran = run(&text);
    let sent = ran.summary("jobs_sent");
    assert_eq!(
        (ran.figure("f.function_timeouts"), ran.figure("f.errors"), ran.figure("f.cold_starts")),
        (sent, sent, sent)
    );
    assert_eq!((ran.figure("f.busy_time"), ran.summary("wasted_work_share")), (4.0 * sent, 1.0));
    // The time to get ready is billed, and so is the time that was lost.
    about(ran.figure("f.billed_time"), 5.0 * sent, 1e-9);
    assert_eq!((ran.jobs(Fate::Rejected), ran.figure("f.environments_max")), (ran.sent(), 1.0));
}

#[test]
fn what_a_caller_has_left_goes_on_in_its_environment() {
    let caller = "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100\n\
        calls = { to = 'f', latency = '0s', timeout = '1s' }\n";
    let text = function(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 10 }",
        "5s",
        "timeout = '10s'\ninit_duration = '0s'",
        caller,
    );
    let ran = run(&text);
    assert_eq!((ran.jobs(Fate::TimedOut), ran.figure("f.ghost_time"), ran.figure("f.errors")), (10, 50.0, 0.0));
}

#[test]
fn calls_take_six_mebibytes_and_events_one() {
    let called = |size: &str| {
        run(&function(
            "duration = '2s'\ndrain = '1h'",
            &format!("spike = {{ at = '1s', count = 1 }}\nsize = '{size}'"),
            "1s",
            "from = 'jobs'",
            "",
        ))
    };
    assert_eq!(called("6MiB").jobs(Fate::DoneInTime), 1);
    assert_eq!(called("6291457B").lost("f", "payload too large"), 1);
    let sent = |size: &str| {
        let traffic = format!("spike = {{ at = '1s', count = 1 }}\nsize = '{size}'");
        run(&function("duration = '2s'\ndrain = '1h'", &traffic, "1s", "", SENDER))
    };
    assert_eq!(sent("1MiB").jobs(Fate::DoneInTime), 1);
    let refused = sent("1048577B");
    // It is of no use to try again.
    assert_eq!((refused.lost("f", "payload too large"), refused.figure("web.attempts")), (1, 1.0));
}

#[test]
fn claim_54_an_event_at_which_the_function_fails_is_tried_after_one_minute_and_two_more() {
    let with = |more: &str| {
        run(&function(
            "duration = '2s'\ndrain = '1h'\nsample_every = '1s'",
            "spike = { at = '1s', count = 1 }",
            "1s",
            &format!("init_duration = '0s'\ndead_letter = 'failed'\n{more}"),
            &(SENDER.to_owned() + &fault(FAILS, "0s", "1h")),
        ))
    };
    let ran = with("");
    // From 1 s to 2 s, from 62 s to 63 s, from 183 s to 184 s.
    let busy: Vec<f64> = [1.0, 2.0, 61.0, 62.0, 63.0, 182.0, 183.0].map(|second| at(&ran, "f.busy", second)).into();
    assert_eq!(busy, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!((at(&ran, "failed.visible", 183.0), at(&ran, "failed.visible", 184.0)), (0.0, 1.0));
    assert_eq!((ran.figure("f.invocations"), ran.figure("f.errors")), (3.0, 3.0));
    assert_eq!((ran.jobs(Fate::DeadLettered), ran.lost("f", "event failed after all retries")), (1, 1));
    assert_eq!(with("maximum_retry_attempts = 0").figure("f.invocations"), 1.0);
    assert_eq!(with("maximum_retry_attempts = 1").figure("f.invocations"), 2.0);
    // It is too old when its third try would come.
    let old = with("maximum_event_age = '2min'");
    assert_eq!((old.figure("f.invocations"), at(&old, "failed.visible", 121.0)), (2.0, 1.0));
    assert_eq!(old.lost("f", "event older than"), 1);
}

#[test]
fn an_event_without_a_dead_letter_queue_is_lost_when_it_is_given_up() {
    let text = function(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 1 }",
        "1s",
        "",
        &(SENDER.to_owned() + &fault(FAILS, "0s", "1h")),
    );
    assert_eq!((run(&text).jobs(Fate::Lost), run(&text).figure("f.async_events_dropped")), (1, 1.0));
    // A second try that succeeds is all that is needed.
    let text = text.replace("to = '1h'", "to = '30s'");
    let ran = run(&text);
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("f.invocations")), (1, 2.0));
}

#[test]
fn claim_55_events_for_a_stopped_function_are_dead_letters_at_once() {
    let text = function(
        "duration = '2s'\ndrain = '1h'\nsample_every = '100ms'",
        "spike = { at = '1s', count = 10 }",
        "1s",
        "reserved_concurrent_executions = 0\ndead_letter = 'failed'",
        SENDER,
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "failed.visible", 0.9), at(&ran, "failed.visible", 1.0)), (0.0, 10.0));
    assert_eq!((ran.figure("f.invocations"), ran.lost("f", "reserved concurrency is 0")), (0.0, 10));
}

/// A function with a single environment, which calls of another flow keep busy, and ten events.
fn crowded(more: &str) -> Ran {
    let text = function(
        "duration = '7h'\ndrain = '1h'\nsample_every = '1min'",
        "spike = { at = '1s', count = 10 }",
        "15min",
        &format!(
            "reserved_concurrent_executions = 1\ntimeout = '15min'\ninit_duration = '0s'\nfrom = 'others'\n\
             dead_letter = 'failed'\n{more}"
        ),
        &(SENDER.to_owned() + "[traffic.others]\nrate = '2/s'\narrivals = 'regular'\n"),
    );
    run(&text)
}

#[test]
fn claim_56_events_that_find_no_room_for_six_hours_are_given_up() {
    let ran = crowded("");
    assert_eq!((at(&ran, "f.waiting", 21_600.0), at(&ran, "f.waiting", 21_660.0)), (10.0, 0.0));
    assert_eq!((at(&ran, "failed.visible", 21_600.0), at(&ran, "failed.visible", 21_660.0)), (0.0, 10.0));
    assert_eq!((ran.lost("f", "event older than"), ran.jobs(Fate::DeadLettered)), (10, 10));
    // Nothing but calls ever ran.
    assert_eq!(ran.figure("f.async_events_received"), 10.0);
    assert_eq!(ran.figure("f.function_timeouts") + ran.figure("f.handled"), ran.figure("f.invocations"));
}

#[test]
fn the_waits_of_an_event_that_finds_no_room_double_up_to_five_minutes() {
    // One event alone: after 0, 1, 3, 7, … 255 s, and then every five minutes until it is an hour old.
    let text = function(
        "duration = '2s'\ndrain = '2h'",
        "spike = { at = '1s', count = 1 }",
        "14min",
        // Exact waits, because the jitter is a model's and not the guide's.
        "timeout = '15min'\nmaximum_event_age = '1h'\nfrom = 'others'\nreserved_concurrent_executions = 1\n\
         init_duration = '0s'\nthrottle_jitter = '0%'",
        &(SENDER.to_owned() + "[traffic.others]\nspike = { at = '500ms', count = 1 }\n"),
    );
    let ran = run(&text);
    // Nine waits are over after 511 s, the tenth after 811 s, the eleventh after 1111 s: the call had ended at 840.5 s.
    assert_eq!((ran.figure("f.throttles"), ran.summary("latency_max")), (11.0, 1111.0 + 840.0));
}

#[test]
fn events_that_find_no_room_wait_and_are_all_done() {
    let text = function(
        "duration = '2s'\ndrain = '6h'",
        "spike = { at = '1s', count = 100 }",
        "10s",
        "timeout = '15s'\nreserved_concurrent_executions = 10",
        SENDER,
    );
    let ran = run(&text);
    assert_eq!((ran.sent(), ran.figure("f.handled"), ran.figure("f.waiting_max")), (100, 100.0, 90.0));
    assert!(ran.figure("f.throttles") > 90.0 && ran.summary("latency_max") > 100.0);
}

#[test]
fn events_that_came_together_do_not_all_come_again_together() {
    let text = function(
        "duration = '2s'\ndrain = '7h'",
        "spike = { at = '1s', count = 1000 }",
        "1s",
        "timeout = '5s'\ninit_duration = '0s'\ndead_letter = 'failed'\nreserved_concurrent_executions = 10",
        "[pipeline.p.events]\nkind = 'sns'\nfrom = 'jobs'\nsubscribers = 'f'\ndelivery_latency = '0s'\n\
         [pipeline.p.failed]\nkind = 'sqs'\n",
    );
    // 1,000 x 1 s / 10 = 100 s of work. In lockstep, ten are done at each of 0, 1, 3 … 255, 511 s and each five minutes
    // from then on: in six hours no more than 810 of them.
    let jittered = run(&text);
    assert_eq!((jittered.figure("f.handled"), jittered.figure("failed.visible_max")), (1000.0, 0.0));
    let last = jittered.summary("latency_max");
    assert!((100.0..1200.0).contains(&last), "{last}");
    let lockstep = run(&text.replace("init_duration", "throttle_jitter = '0%'\ninit_duration"));
    assert_eq!(lockstep.figure("f.handled") + lockstep.figure("failed.visible_max"), 1000.0);
    assert!((780.0..=820.0).contains(&lockstep.figure("f.handled")), "{}", lockstep.figure("f.handled"));
}

#[test]
fn a_topic_has_delivered_when_the_function_has_taken_the_event_in() {
    let text = function(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 100 }",
        "1s",
        "dead_letter = 'failed'\nreserved_concurrent_executions = 20",
        &("[pipeline.p.topic]\nkind = 'sns'\nfrom = 'jobs'\nsubscribers = 'f'\n[pipeline.p.failed]\nkind = 'sqs'\n"
            .to_owned()
            + &fault(FAILS, "0s", "1h")),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("topic.notifications_delivered"), ran.figure("topic.notifications_failed")), (100.0, 0.0));
    assert_eq!((ran.figure("topic.delivery_attempts"), ran.figure("f.async_events_received")), (100.0, 100.0));
    assert_eq!((ran.jobs(Fate::DeadLettered), ran.figure("f.invocations")), (100, 300.0));
}

#[test]
fn a_topic_tries_again_at_a_function_whose_service_is_down() {
    let text = function(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 10 }",
        "1s",
        "",
        &("[pipeline.p.topic]\nkind = 'sns'\nfrom = 'jobs'\nsubscribers = 'f'\n".to_owned()
            + &fault("kind = 'down'", "0s", "10s")),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("f.handled"), ran.figure("topic.notifications_failed")), (10.0, 0.0));
    assert!(ran.figure("topic.delivery_attempts") > 50.0);
}

#[test]
fn an_outage_ends_what_environments_were_at_and_events_come_again() {
    let text = function(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 10 }",
        "10s",
        "timeout = '1min'\ninit_duration = '0s'\nmaximum_retry_attempts = 0",
        &(SENDER.to_owned() + &fault("kind = 'down'", "5s", "20s")),
    );
    let ran = run(&text);
    // It is no failure of the function: it does not count as a try.
    assert_eq!((ran.figure("f.handled"), ran.figure("f.invocations"), ran.figure("f.cold_starts")), (10.0, 20.0, 20.0));
    assert_eq!(ran.figure("f.busy_time"), 10.0 * (4.0 + 10.0));
}

#[test]
fn functions_hand_on_to_queues_and_functions_as_others_do() {
    let text = "[run]\nduration = '1min'\ndrain = '1h'\n[traffic.jobs]\nrate = '5/s'\n[work.job]\ntime = '100ms'\n\
        [pipeline.p.topic]\nkind = 'sns'\nfrom = 'jobs'\nsubscribers = 'inbox'\n[pipeline.p.inbox]\nkind = 'sqs'\n\
        [pipeline.p.f]\nkind = 'lambda'\npolls = 'inbox'\nwork = 'job'\ncalls = 'check'\nsends = ['outbox', 'note']\n\
        [pipeline.p.check]\nkind = 'lambda'\n[pipeline.p.note]\nkind = 'lambda'\n[pipeline.p.outbox]\nkind = 'sqs'\n\
        [pipeline.p.crew]\nkind = 'workers'\npolls = 'outbox'\ncount = 5\nwork = 'job'\n";
    let ran = run(text);
    let sent = ran.summary("jobs_sent");
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("crew.handled")), (ran.sent(), sent));
    for node in ["f", "check", "note"] {
        assert_eq!(ran.figure(&format!("{node}.handled")), sent, "{node}");
    }
}
