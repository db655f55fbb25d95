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
