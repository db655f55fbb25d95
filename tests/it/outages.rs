//! Consumers of a store that does not answer for a while.

use crate::bench::run;
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
