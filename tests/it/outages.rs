//! Consumers of a store that does not answer for a while.

use crate::bench::{about, run};
use surgetank::metrics::Fate;

/// Ten workers at a queue that is down for five minutes, from 10 s on.
fn down(more: &str) -> String {
    format!(
        "[run]\nduration = '10min'\ndrain = '1h'\n[traffic.jobs]\nspike = {{ at = '320s', count = 20 }}\n\
         [work.job]\ntime = '1s'\n[pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'job'\n{more}\n\
         [[fault]]\nnode = 'p.jobs'\nkind = 'down'\nfrom = '10s'\nto = '310s'\n"
    )
}

#[test]
fn workers_at_a_queue_that_is_down_ask_ever_more_rarely() {
    // Pauses of 25 ms on average double nine times, which takes 13 s, and are 10 s from then on.
    let polls = run(&down("")).figure("crew.failed_polls") / 10.0;
    assert!((30.0..50.0).contains(&polls), "{polls} failures of each worker");
    let fixed = "retries = { backoff = 'fixed', base = '1s', jitter = 'none' }";
    let polls = run(&down(fixed)).figure("crew.failed_polls") / 10.0;
    assert!((290.0..301.0).contains(&polls), "{polls} failures of each worker with fixed pauses");
}

#[test]
fn workers_come_back_within_the_longest_pause_when_the_queue_does() {
    let ran = run(&down(""));
    assert_eq!(ran.jobs(Fate::DoneInTime), 20);
    // The queue is back 10 s before the jobs come; two rounds of 1 s each if all workers are there.
    assert!(ran.summary("latency_max") < 13.0, "{}", ran.summary("latency_max"));
}

#[test]
fn a_poll_that_waits_when_the_queue_goes_down_has_failed() {
    // The worker waits when the queue goes down; the message that it waits for can be seen while nobody is served.
    let ran = run("[run]\nduration = '1min'\ndrain = '1h'\n[traffic.jobs]\nspike = { at = '1s', count = 1 }\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\ndelay = '10s'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\n\
         [[fault]]\nnode = 'p.jobs'\nkind = 'down'\nfrom = '5s'\nto = '25s'\n");
    assert!(ran.figure("crew.failed_polls") > 5.0);
    let latency = ran.summary("latency_max");
    assert!((24.0..45.0).contains(&latency), "{latency} s");
}

#[test]
fn a_queue_that_fails_makes_its_callers_try_again_and_loses_nothing_that_it_took_in() {
    let queue = |share: &str| {
        run(&format!(
            "[run]\nduration = '10min'\ndrain = '12h'\n[traffic.jobs]\nrate = '10/s'\n[work.job]\ntime = '100ms'\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nsends = 'jobs'\n\
             [pipeline.p.jobs]\nkind = 'sqs'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'job'\n\
             [[fault]]\nnode = 'p.jobs'\nkind = 'fails'\nshare = '{share}'\nfrom = '0s'\nto = '10min'\n"
        ))
    };
    let ran = queue("50%");
    // A send is tried three times, so an eighth of them is lost.
    about(ran.lost("jobs", "answered with an error") as f64 / ran.sent() as f64, 0.125, 0.1);
    // A delete is tried three times as well, so an eighth of them fail, and what they should have deleted comes back: each
    // is received 1 / (1 - 1/8) times. It was twice when a delete was tried once.
    let received = ran.figure("jobs.messages_received");
    about(received / ran.figure("jobs.messages_sent"), 8.0 / 7.0, 0.05);
    assert!(ran.figure("crew.failed_polls") > 0.9 * received);
    let taken = ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::DoneTwice);
    assert_eq!(taken as f64, ran.figure("jobs.messages_sent"));
    assert_eq!(queue("0%").jobs(Fate::DoneTwice), 0);
}

#[test]
fn a_server_that_hangs_refuses_nothing_and_goes_on_where_it_was() {
    let ran = run("[run]\nduration = '30s'\ndrain = '1h'\n[traffic.jobs]\n\
         spikes = [{ at = '1s', count = 2 }, { at = '12s', count = 1 }, { at = '16s', count = 1 },\n\
         { at = '17s', count = 3 }]\n\
         [work.job]\ntime = '10s'\n[pipeline.p.app]\nkind = 'service'\nfrom = 'jobs'\nslots = 2\naccept_queue = 3\n\
         work = 'job'\n[[fault]]\nnode = 'p.app'\nkind = 'hangs'\nfrom = '15s'\nto = '25s'\n");
    // What began at 12 s has 7 s left at 15 s and ends at 32 s. What came at 16 s waits beside a free slot, begins at 25 s
    // and ends at 35 s. Of those of 17 s one finds the queue full; the others begin at 32 s and 35 s.
    assert_eq!((ran.lost("app", "accept queue full"), ran.jobs(Fate::DoneInTime)), (1, 6));
    assert_eq!((ran.figure("app.waiting_max"), ran.summary("ended_s")), (3.0, 45.0));
    about(ran.figure("app.busy_time"), 10.0 + 10.0 + 20.0 + 10.0 + 10.0 + 10.0, 1e-9);
}

#[test]
fn a_client_that_hangs_notices_answers_and_timeouts_when_it_goes_on() {
    let waits = |shop: &str, timeout: &str| {
        let ran = run(&format!(
            "[run]\nduration = '30s'\ndrain = '1h'\n[traffic.jobs]\nspike = {{ at = '9s', count = 1 }}\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\ncalls = {{ to = 'shop', timeout = '{timeout}' }}\n\
             [pipeline.p.shop]\nkind = 'http'\nlatency = '{shop}'\n\
             [[fault]]\nnode = 'p.web'\nkind = 'hangs'\nfrom = '10s'\nto = '20s'\n"
        ));
        (ran.figure("web.busy_time"), ran.jobs(Fate::DoneInTime), ran.figure("web.timeouts"))
    };
    assert_eq!(waits("2s", "5s"), (11.0, 1, 0.0));
    assert_eq!(waits("1h", "5s"), (11.0, 0, 1.0));
    // The answer is there before the timeout is due, and both before anybody looks.
    assert_eq!(waits("2s", "8s"), (11.0, 1, 0.0));
    assert_eq!(waits("500ms", "5s").1, 1);
}

#[test]
fn claim_68_a_server_that_hangs_for_ten_seconds_is_kept_down_by_retries() {
    let goodput = |rate: u32, between: [f64; 2]| {
        let ran = run(&format!(
            "[run]\nduration = '{}s'\ndrain = '0s'\nsample_every = '1s'\n[traffic.jobs]\nrate = '{rate}/s'\n\
             [work.job]\ntime = {{ exponential = '10ms' }}\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 1000000\ncalls = {{ to = 'app', latency = '0s',\
             \x20timeout = '1s', retries = {{ attempts = 4, backoff = 'none' }} }}\n\
             [pipeline.p.app]\nkind = 'service'\nslots = 1\naccept_queue = 1000000\nwork = 'job'\n\
             [[fault]]\nnode = 'p.app'\nkind = 'hangs'\nfrom = '60s'\nto = '70s'\n",
            between[1]
        ));
        ran.completions(between) / ran.arrivals(between)
    };
    assert!(goodput(20, [190.0, 220.0]) > 0.95);
    assert_eq!(goodput(30, [100.0, 400.0]), 0.0);
}

#[test]
fn a_fault_hits_what_arrives_as_it_begins_and_not_what_arrives_as_it_ends() {
    let answered = |at: &str| {
        run(&format!(
            "[run]\nduration = '1min'\ndrain = '1min'\n[traffic.jobs]\nspike = {{ at = '{at}', count = 5 }}\n\
             [pipeline.p.web]\nkind = 'http'\nfrom = 'jobs'\nlatency = '0s'\n\
             [[fault]]\nnode = 'p.web'\nkind = 'fails'\nshare = '100%'\nfrom = '1s'\nto = '2s'\n"
        ))
        .jobs(Fate::DoneInTime)
    };
    assert_eq!(["999ms", "1s", "1999ms", "2s"].map(answered), [5, 0, 0, 5]);
}
