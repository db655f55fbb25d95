//! What the figures of the summary mean, each held in a run small enough to work out by hand.

use crate::bench::{about, run};

/// A door that gives up after a second, a shop behind it that works and then calls a bank, and a desk of its own that
/// works for a second; one job for the door and one for the desk.
fn shop(bank: &str) -> String {
    format!(
        "[run]\nduration = '10s'\ndrain = '1h'\n[traffic.buyers]\nspike = {{ at = '1s', count = 1 }}\n\
         [traffic.visitors]\nspike = {{ at = '1s', count = 1 }}\n\
         [work.pack]\ntime = '100ms'\n[work.talk]\ntime = '1s'\n[work.book]\ntime = '20s'\n\
         [pipeline.p.door]\nkind = 'service'\nfrom = 'buyers'\n\
         calls = {{ to = 'shop', latency = '0s', timeout = '1s', retries = {{ attempts = 1 }} }}\n\
         [pipeline.p.shop]\nkind = 'service'\nwork = 'pack'\n\
         calls = {{ to = 'bank', latency = '0s', timeout = '1min' }}\n\
         [pipeline.p.bank]\n{bank}\n[pipeline.p.desk]\nkind = 'service'\nfrom = 'visitors'\nwork = 'talk'\n"
    )
}

#[test]
fn who_waits_for_others_is_busy_and_does_not_work() {
    let ran = run(&shop("kind = 'http'\nlatency = '20s'"));
    about(ran.figure("shop.busy_time"), 20.1, 0.001);
    about(ran.figure("shop.work_time"), 0.1, 1e-9);
    about(ran.figure("shop.ghost_time"), 0.1, 1e-9);
    assert_eq!((ran.figure("door.work_time"), ran.figure("door.busy_time")), (0.0, 1.0));
    about(ran.summary("wasted_work"), 0.1 / 1.1, 1e-9);
}

#[test]
fn work_that_a_fault_cuts_off_counts_as_far_as_it_got() {
    let fault = "[[fault]]\nnode = 'p.desk'\nkind = 'down'\nfrom = '1250ms'\nto = '2s'\n";
    let ran = run(&format!("{}{fault}", shop("kind = 'http'\nlatency = '20s'")));
    assert_eq!((ran.figure("desk.work_time"), ran.figure("desk.busy_time")), (0.25, 0.25));
}

#[test]
fn work_that_a_waiting_server_asked_for_is_wasted_with_its_own() {
    // The door leaves after a second, and the shop that it leaves waits for twenty: the bank works for nobody.
    let ran = run(&shop("kind = 'service'\nwork = 'book'"));
    assert_eq!((ran.figure("bank.ghost_time"), ran.figure("bank.work_time")), (20.0, 20.0));
    about(ran.summary("wasted_work"), 20.1 / 21.1, 1e-9);
}

#[test]
fn what_a_queue_took_in_is_worth_its_work_although_the_sender_has_left() {
    // The answer takes 4 s, so the sender leaves, and what it had sent is in the queue all the same.
    let ran = run("[run]\nduration = '10s'\ndrain = '1min'\n[traffic.jobs]\nspike = { at = '1s', count = 1 }\n\
         [work.job]\ntime = '1s'\n[work.book]\ntime = '5s'\n[pipeline.p.door]\nkind = 'service'\nfrom = 'jobs'\n\
         sends = { to = 'jobs', latency = '4s', timeout = '3s', retries = { attempts = 1 } }\n\
         [pipeline.p.jobs]\nkind = 'sqs'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nwork = 'job'\n\
         calls = { to = 'bank', latency = '0s', timeout = '1min' }\n\
         [pipeline.p.bank]\nkind = 'service'\nwork = 'book'\n");
    assert_eq!((ran.figure("crew.work_time"), ran.figure("bank.work_time")), (1.0, 5.0));
    assert_eq!(ran.summary("wasted_work"), 0.0);
}

#[test]
fn what_a_fleet_does_again_is_wasted_and_what_it_waits_for_is_not_work() {
    // It needs 5 s for a message, of which it works 1 s; each comes back after 3 s, to the other worker, for ever: a
    // receipt is old before it is used.
    let ran = run("[run]\nduration = '10s'\ndrain = '1min'\n[traffic.jobs]\nspike = { at = '1s', count = 1 }\n\
         [work.job]\ntime = '1s'\n[pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\nvisibility_timeout = '3s'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 2\nwork = 'job'\n\
         calls = { to = 'bank', latency = '0s', timeout = '1min' }\n\
         [pipeline.p.bank]\nkind = 'http'\nlatency = '4s'\n");
    about(ran.figure("crew.busy_time"), 5.0 * ran.figure("crew.work_time"), 0.001);
    about(ran.figure("crew.repeated_time"), ran.figure("crew.work_time") - 1.0, 1e-9);
    about(ran.summary("wasted_work"), 1.0 - 1.0 / ran.figure("crew.work_time"), 1e-9);
    assert!(ran.figure("crew.repeated_time") > 3.0);
}

/// So many servers that each need a second for a job, jobs at a steady rate, and a thousand more of them at once.
fn surge(rate: u32, servers: u32) -> f64 {
    let text = format!(
        "[run]\nduration = '20min'\ndrain = '1h'\n[work.job]\ntime = '1s'\n\
         [traffic.jobs]\nrate = '{rate}/s'\narrivals = 'regular'\nspike = {{ at = '5min', count = 1000 }}\n\
         [pipeline.p.app]\nkind = 'service'\nfrom = 'jobs'\nslots = {servers}\naccept_queue = 10000\nwork = 'job'\n"
    );
    run(&text).summary("drain")
}

#[test]
fn a_surge_has_drained_when_a_twentieth_is_left_or_what_is_usual() {
    // Of 1010 jobs, 50 are left after 960 more went than came, two in a second.
    about(surge(10, 12), 480.0, 0.01);
    // A hundred are always there, which is more than a twentieth of 1100: a thousand go, twenty in a second.
    about(surge(100, 120), 50.0, 0.05);
}
