//! AWS Lambda: what a function costs, and what a whole design does.

use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

const REQUEST: f64 = 0.20e-6;
const GB_SECOND: f64 = 0.000_016_666_7;

/// A function called `f` with the traffic `jobs`, work of `work`, and other nodes.
fn function(traffic: &str, work: &str, function: &str, others: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '10s'\ndrain = '1h'\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = '{work}'\n\
         [pipeline.p.f]\nkind = 'lambda'\nwork = 'job'\ninit_duration = '0s'\n{function}\n{others}"
    ))
}

fn spike(count: u32) -> String {
    format!("spike = {{ at = '1s', count = {count} }}")
}

/// A service that takes the traffic and hands it over without waiting.
const SENDER: &str = "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100000\n\
    sends = { to = 'f', latency = '0s' }\n";

#[test]
fn a_function_costs_its_requests_and_its_time_by_memory_and_processor() {
    let with = |more: &str| function(&spike(500), "100ms", &format!("from = 'jobs'\n{more}"), "").figure("f.cost");
    let time = 500.0 * 0.1 * GB_SECOND;
    // By default an eighth of a GB on x86.
    about(with(""), 500.0 * REQUEST + time / 8.0, 1e-9);
    about(with("memory_size = '1GiB'"), 500.0 * REQUEST + time, 1e-9);
    about(with("memory_size = '10240MiB'"), 500.0 * REQUEST + 10.0 * time, 1e-9);
    about(with("memory_size = '1GiB'\narchitecture = 'arm64'"), 500.0 * REQUEST + 0.8 * time, 1e-4);
}

#[test]
fn the_time_of_a_request_is_rounded_up_to_a_millisecond_and_the_time_to_get_ready_is_billed() {
    let ran = function(&spike(10), "100200us", "from = 'jobs'\nmemory_size = '1GiB'", "");
    about(ran.figure("f.billed_time"), 10.0 * 0.101, 1e-9);
    about(ran.figure("f.cost"), 10.0 * (REQUEST + 0.101 * GB_SECOND), 1e-9);
    let text = "from = 'jobs'\nmemory_size = '1GiB'\ninit_duration = '2s'";
    let cold = run(&format!(
        "[run]\nduration = '10s'\ndrain = '1h'\n[traffic.jobs]\nrate = '1/s'\narrivals = 'regular'\n[work.job]\n\
         time = '100ms'\n[pipeline.p.f]\nkind = 'lambda'\nwork = 'job'\n{text}"
    ));
    // Two calls come while the first environment gets ready, and each gets one of its own.
    let (sent, starts) = (cold.summary("jobs_sent"), cold.figure("f.cold_starts"));
    assert!(starts >= 2.0 && starts < sent, "{starts} of {sent}");
    about(cold.figure("f.billed_time"), 0.1 * sent + 2.0 * starts, 1e-9);
}

#[test]
fn what_is_throttled_is_not_billed() {
    let ran = function(&spike(10), "1s", "from = 'jobs'\nreserved_concurrent_executions = 1\nmemory_size = '1GiB'", "");
    assert_eq!((ran.figure("f.throttles"), ran.figure("f.invocations"), ran.figure("f.errors")), (9.0, 1.0, 0.0));
    about(ran.figure("f.cost"), REQUEST + GB_SECOND, 1e-9);
}

#[test]
fn an_event_costs_a_request_for_each_try_and_for_each_64_kib_beyond_256() {
    let with = |size: &str, more: &str| {
        let traffic = format!("{}\nsize = '{size}'", spike(1));
        let ran = function(&traffic, "0s", "", &(SENDER.to_owned() + more));
        (ran.figure("f.async_extra_requests"), ran.figure("f.cost") / REQUEST)
    };
    let told = |(further, requests): (f64, f64), expected: [f64; 2]| {
        assert_eq!(further, expected[0]);
        about(requests, expected[1], 1e-9);
    };
    told(with("256KiB", ""), [0.0, 1.0]);
    told(with("257KiB", ""), [1.0, 2.0]);
    told(with("1MiB", ""), [12.0, 13.0]);
    let fails = "[[fault]]\nnode = 'p.f'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '1h'\n";
    told(with("1MiB", fails), [12.0, 15.0]);
    // A call of that size is one request.
    let called = function(&format!("{}\nsize = '1MiB'", spike(1)), "0s", "from = 'jobs'", "");
    about(called.figure("f.cost"), REQUEST, 1e-9);
}

#[test]
fn polling_for_a_function_is_on_the_bill_of_the_queue() {
    let queue =
        "polls = 'jobs'\nbatch_size = 1\nmemory_size = '1GiB'\n[pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n";
    let ran = function(&spike(100), "1s", queue, "");
    let (polls, sent) = (ran.figure("jobs.requests") - 100.0, ran.figure("jobs.messages_sent"));
    // Whatever the pollers ask, empty or not, and the deletes.
    assert!(sent == 100.0 && polls > 20.0, "{polls}");
    about(ran.figure("jobs.cost"), ran.figure("jobs.requests") * 0.40e-6, 1e-9);
    about(ran.figure("f.cost"), ran.figure("f.invocations") * REQUEST + 100.0 * GB_SECOND, 1e-9);
    about(ran.summary("cost"), ran.figure("jobs.cost") + ran.figure("f.cost"), 1e-9);
}

#[test]
fn provisioned_pollers_cost_by_the_hour_whether_anything_comes_or_not() {
    let with = |pollers: &str| {
        let text = format!(
            "[run]\nduration = '10h'\ndrain = '1h'\n[traffic.jobs]\nphases = [{{ for = '9h', rate = '0/s' }}, \
             {{ for = '1h', rate = '1/h' }}]\narrivals = 'regular'\n[pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n\
             [pipeline.p.f]\nkind = 'lambda'\npolls = 'jobs'\nprovisioned_pollers = {pollers}"
        );
        run(&text)
    };
    for (pollers, count) in [("{}", 2.0), ("{ minimum_pollers = 5 }", 5.0)] {
        let ran = with(pollers);
        assert_eq!((ran.figure("f.provisioned_pollers_mean"), ran.figure("f.pollers_mean")), (count, 10.0 * count));
        let hours = ran.summary("ended") / 3600.0;
        assert!(hours > 9.0, "{hours}");
        about(ran.figure("f.cost"), hours * count * 0.009_25, 1e-3);
    }
}

#[test]
fn more_provisioned_pollers_are_paid_for_while_they_are_there() {
    let queue = "polls = 'jobs'\ntimeout = '15min'\nbatch_size = 1\nprovisioned_pollers = {}\n\
        [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\nvisibility_timeout = '2h'\n";
    let ran = function(&spike(500), "5min", queue, "");
    // One of them keeps ten environments at work; perhaps one more waits for messages.
    let [pollers, lanes] = ["provisioned_pollers_max", "pollers_max"].map(|name| ran.figure(&format!("f.{name}")));
    assert!(lanes >= 500.0 && pollers == (lanes / 10.0).ceil(), "{pollers} for {lanes}");
    assert_eq!(ran.jobs(Fate::DoneInTime), 500);
}

#[test]
fn a_design_costs_what_its_nodes_cost_and_nothing_is_known_of_one_without_prices() {
    let ran = run("[run]\nduration = '10min'\ndrain = '1h'\n[traffic.jobs]\nrate = '1/s'\n[work.job]\ntime = '1s'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\nwork = 'job'\n[pipeline.p.crew.auto_scaling]\n\
         min_size = 2\nmax_size = 2\nprice_per_hour = 0.5\n\
         policies = [{ policy_type = 'target_tracking_scaling', target_value = 10 }]\n");
    let (queue, machines) = (ran.figure("jobs.cost"), ran.figure("crew.instance_cost"));
    assert!(queue > 0.0 && machines > 0.0);
    about(ran.summary("cost"), queue + machines, 1e-9);
    let bare = run("[run]\nduration = '1min'\n[traffic.jobs]\nrate = '1/s'\n[pipeline.p.web]\nkind = 'service'\n\
         from = 'jobs'\n");
    assert_eq!(bare.summary_if_measured("cost"), None);
}
