//! What sinks do, seen from outside.

use crate::components::FaultKind;
use crate::components::bench::Bench;

#[test]
fn what_reaches_a_bucket_is_done_when_the_put_is_answered() {
    let ran = Bench::of("[bucket]\nkind = \"s3\"\nlatency = \"100ms\"\n").jobs(1000, "1s", "bucket").run();
    assert_eq!((ran.done(), ran.ended.as_secs_f64()), (1000, 1.1));
    assert_eq!((ran.counter("bucket", "put_requests"), ran.counter("bucket", "bytes_uploaded")), (1000, 1_000_000));
    assert_eq!(ran.gauge("bucket", "in_progress").max(), 1000);
}

#[test]
fn a_caller_waits_for_the_answer_of_a_sink() {
    let text = "[web]\nkind = \"service\"\nslots = 1\ncalls = { to = \"bucket\", latency = \"0s\" }\n\
                [bucket]\nkind = \"s3\"\nlatency = \"100ms\"\n";
    let ran = Bench::of(text).jobs(3, "0s", "web").run();
    assert_eq!((ran.done(), ran.ended.as_secs_f64()), (3, 0.3));
}

#[test]
fn a_share_of_the_requests_fails_each_attempt_anew() {
    let text = |status: u32| {
        format!(
            "[web]\nkind = \"service\"\ncalls = {{ to = \"hook\", latency = \"0s\", retries = {{ attempts = 2, \
             backoff = \"none\" }} }}\nslots = 10000\n[hook]\nkind = \"http\"\nlatency = \"1ms\"\nfails = \"20%\"\n\
             status = {status}\n"
        )
    };
    let again = Bench::of(&text(503)).jobs(10_000, "0s", "web").quiet().run();
    // Of 20 % that fail once, 20 % fail again. Five standard deviations of binomial(10000, 0.04) are 98.
    assert!(again.lost("hook", "answered with an error").abs_diff(400) < 98);
    let for_good = Bench::of(&text(404)).jobs(10_000, "0s", "web").quiet().run();
    // Not tried again: five standard deviations of binomial(10000, 0.2) are 200.
    assert!(for_good.lost("hook", "answered with a client error").abs_diff(2000) < 200);
    assert_eq!(for_good.counter("web", "attempts"), 10_000);
}

#[test]
fn a_sink_that_is_down_takes_nothing_and_what_it_had_begun_is_gone() {
    let ran = Bench::of("[bucket]\nkind = \"s3\"\nlatency = \"2s\"\n")
        .job("0s", "bucket")
        .job("1500ms", "bucket")
        .job("4s", "bucket")
        .fault("bucket", FaultKind::Down, "1s", "3s")
        .run();
    assert_eq!((ran.done(), ran.lost("bucket", "down")), (1, 2));
}

#[test]
fn a_slow_sink_takes_as_many_times_as_long() {
    let bench = Bench::of("[hook]\nkind = \"http\"\nlatency = \"2s\"\n").job("1s", "hook");
    assert_eq!(bench.fault("hook", FaultKind::Slow(3.0), "0s", "10s").run().ended.as_secs_f64(), 7.0);
}

#[test]
fn an_email_is_accepted_at_once_and_done_when_it_is_in_the_inbox() {
    let text = "[web]\nkind = \"service\"\nslots = 1\nsends = { to = \"mail\", latency = \"0s\" }\n\
                [mail]\nkind = \"email\"\nlatency = \"1s\"\ndelivery_time = \"60s\"\n";
    let ran = Bench::of(text).jobs(2, "0s", "web").run();
    assert_eq!((ran.arrivals("mail"), ran.done()), (vec![0.0, 1.0], 2));
    assert_eq!(ran.ended.as_secs_f64(), 62.0);
}

#[test]
fn a_status_that_is_no_error_cannot_be_the_status_of_errors() {
    assert!(Bench::told("[hook]\nkind = \"http\"\nstatus = 200\n").contains("`status` is `200`, outside its range"));
}
