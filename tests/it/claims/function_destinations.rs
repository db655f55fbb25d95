//! AWS Lambda: where events go on that a function has done, or given up.

use crate::bench::{Ran, run};
use surgetank::metrics::Fate;

/// A service hands ten events over to the function `f`, which works for a second on each; and other nodes.
fn handed(f: &str, others: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '2s'\ndrain = '1h'\nsample_every = '1s'\n\
         [traffic.jobs]\nspike = {{ at = '1s', count = 10 }}\n[work.job]\ntime = '1s'\n[work.repair]\ntime = '5s'\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100\nsends = {{ to = 'f', latency = '0s' }}\n\
         [pipeline.p.f]\nkind = 'lambda'\nwork = 'job'\ninit_duration = '0s'\n{f}\n{others}"
    ))
}

const FAILS: &str = "[[fault]]\nnode = 'p.f'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '1h'\n";
const ASIDE: &str = "[pipeline.p.aside]\nkind = 'sqs'\n";
const REPAIRS: &str = "[pipeline.p.repairs]\nkind = 'lambda'\nwork = 'repair'\ntimeout = '10s'\ninit_duration = '0s'\n";

#[test]
fn a_queue_for_what_is_given_up_is_as_good_as_a_dead_letter_queue() {
    for key in ["dead_letter", "on_failure"] {
        let ran = handed(&format!("{key} = 'aside'"), &(ASIDE.to_owned() + FAILS));
        assert_eq!((ran.jobs(Fate::DeadLettered), ran.figure("aside.visible_max")), (10, 10.0));
        assert_eq!((ran.figure("f.invocations"), ran.figure("f.async_events_dropped")), (30.0, 10.0));
        // Who takes them from there does the jobs after all.
        let crew = "[pipeline.p.crew]\nkind = 'workers'\npolls = 'aside'\ncount = 10\nwork = 'job'\n";
        let ran = handed(&format!("{key} = 'aside'"), &(ASIDE.to_owned() + crew + FAILS));
        assert_eq!((ran.figure("crew.handled"), ran.jobs(Fate::DoneInTime)), (10.0, 10));
    }
}

#[test]
fn a_function_for_what_is_given_up_may_do_the_job_after_all() {
    let f = "maximum_retry_attempts = 1\non_failure = 'repairs'";
    let ran = handed(f, &(REPAIRS.to_owned() + FAILS));
    assert_eq!((ran.figure("f.invocations"), ran.figure("repairs.invocations")), (20.0, 10.0));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("repairs.async_events_received")), (10, 10.0));
    // A second, a minute, another second, and the five of the repair.
    assert_eq!(ran.summary("latency_max"), 1.0 + 60.0 + 1.0 + 5.0);
    // What fails there as well is given up there.
    let both = FAILS.to_owned() + &FAILS.replace("p.f", "p.repairs");
    let ran = handed(f, &(REPAIRS.to_owned() + &both));
    assert_eq!((ran.jobs(Fate::Lost), ran.lost("repairs", "event failed after all")), (10, 10));
    assert_eq!(ran.lost("f", "event failed after all"), 0);
    // With nothing reserved it does not try at all.
    let ran = handed("reserved_concurrent_executions = 0\non_failure = 'repairs'", REPAIRS);
    assert_eq!((ran.figure("f.invocations"), ran.summary("latency_max")), (0.0, 5.0));
}

#[test]
fn a_topic_for_what_is_given_up_tells_its_subscribers_and_the_job_has_failed() {
    let topic = "[pipeline.p.alarms]\nkind = 'sns'\nsubscribers = ['pager', 'repairs']\n\
        [pipeline.p.pager]\nkind = 'http'\nlatency = '0s'\n";
    let ran = handed("on_failure = 'alarms'", &(topic.to_owned() + REPAIRS + FAILS));
    assert_eq!((ran.figure("alarms.messages_published"), ran.figure("alarms.notifications_delivered")), (10.0, 20.0));
    assert_eq!((ran.figure("repairs.handled"), ran.jobs(Fate::Lost)), (10.0, 10));
    assert_eq!(ran.lost("f", "event failed after all"), 10);
}

#[test]
fn what_is_done_goes_on_to_a_queue_and_the_job_is_done_when_that_is() {
    let rest = "[pipeline.p.results]\nkind = 'sqs'\n[pipeline.p.crew]\nkind = 'workers'\npolls = 'results'\n\
        count = 10\nwork = 'repair'\nreceive_latency = '0s'\ndelete_latency = '0s'\n";
    let ran = handed("on_success = 'results'", rest);
    assert_eq!((ran.figure("results.messages_sent"), ran.jobs(Fate::DoneInTime)), (10.0, 10));
    assert_eq!(ran.summary("latency_max"), 1.0 + 5.0);
    // What failed does not take that way.
    let ran = handed("on_success = 'results'\non_failure = 'aside'", &(rest.to_owned() + ASIDE + FAILS));
    assert_eq!((ran.figure("results.messages_sent"), ran.figure("aside.visible_max")), (0.0, 10.0));
    assert_eq!(ran.jobs(Fate::DeadLettered), 10);
}

#[test]
fn what_is_done_goes_on_to_a_topic_and_to_functions() {
    let rest = "[pipeline.p.done]\nkind = 'sns'\nsubscribers = 'next'\ndelivery_latency = '0s'\n\
        [pipeline.p.next]\nkind = 'lambda'\nwork = 'job'\ninit_duration = '0s'\non_success = 'repairs'\n";
    let ran = handed("on_success = 'done'", &(rest.to_owned() + REPAIRS));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.summary("latency_max")), (10, 1.0 + 1.0 + 5.0));
    for node in ["f", "next", "repairs"] {
        assert_eq!((ran.figure(&format!("{node}.handled")), ran.figure(&format!("{node}.invocations"))), (10.0, 10.0));
    }
}

#[test]
fn only_requests_from_outside_count_for_the_limit_on_requests() {
    // Ten requests a second are allowed; forty events come at once, from a client or from the service itself.
    let with = |others: &str| {
        run(&format!(
            "[run]\nduration = '2s'\ndrain = '1h'\n[traffic.jobs]\nspike = {{ at = '1s', count = 40 }}\n\
             [pipeline.p.g]\nkind = 'lambda'\ninit_duration = '0s'\nreserved_concurrent_executions = 1\n{others}"
        ))
    };
    let client = "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100\n\
        sends = { to = 'g', latency = '0s', retries = { attempts = 1 } }\n";
    let ran = with(client);
    assert_eq!((ran.figure("g.handled"), ran.figure("g.throttles")), (10.0, 30.0));
    assert_eq!(ran.lost("g", "throttled: too many requests a second for its reserved"), 30);
    let f = "[pipeline.p.f]\nkind = 'lambda'\ninit_duration = '0s'\non_success = 'g'\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100\nsends = { to = 'f', latency = '0s' }\n";
    let topic = "[pipeline.p.topic]\nkind = 'sns'\nfrom = 'jobs'\nsubscribers = 'g'\n";
    for others in [f, topic] {
        let ran = with(others);
        assert_eq!((ran.figure("g.handled"), ran.figure("g.throttles")), (40.0, 0.0));
    }
}
