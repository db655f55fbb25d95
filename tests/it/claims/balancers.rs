//! Load balancers: surge queue, algorithms, health checks, idle timeout.

use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

/// A balancer before three servers of ten slots each.
pub fn balanced(run_for: &str, traffic: &str, time: &str, balancer: &str, others: &str) -> Ran {
    let server = |name: &str| {
        format!("[pipeline.p.{name}]\nkind = 'service'\nslots = 10\naccept_queue = 100000\nwork = 'job'\n")
    };
    run(&format!(
        "[run]\n{run_for}\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = {time}\n\
         [pipeline.p.lb]\nkind = 'load_balancer'\nfrom = 'jobs'\ntargets = ['a', 'b', 'c']\n{balancer}\n{}{}{}{others}",
        server("a"),
        server("b"),
        server("c")
    ))
}

#[test]
fn claim_67_a_surge_queue_keeps_1024_requests_and_the_others_get_503() {
    let ran = run("[run]\nduration = '2s'\ndrain = '1h'\nsample_every = '100ms'\n\
         [traffic.jobs]\nspike = { at = '1s', count = 2000 }\n[work.job]\ntime = '1s'\n\
         [pipeline.p.lb]\nkind = 'load_balancer'\nfrom = 'jobs'\ntargets = 'app'\nmax_outstanding = 10\nidle_timeout = '1h'\n\
         [pipeline.p.app]\nkind = 'service'\nslots = 10\nwork = 'job'\n");
    assert_eq!((ran.figure("app.busy_max"), ran.figure("lb.surge_queue_length_max")), (10.0, 1024.0));
    assert_eq!(
        (ran.lost("lb", "503: no server has room"), ran.figure("lb.spillover_count"), ran.sent()),
        (966, 966.0, 2000)
    );
    assert_eq!(ran.figure("lb.answered_503"), 966.0);
}

#[test]
fn requests_in_turn_are_shared_evenly_and_the_least_busy_server_keeps_the_tail_short() {
    let p99 = |algorithm: &str| {
        let ran = balanced(
            "duration = '1000s'",
            "rate = '240/s'",
            "{ lognormal = { mean = '100ms', cv = 3 } }",
            &format!("algorithm = '{algorithm}'"),
            "",
        );
        assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
        let total: f64 = ["a", "b", "c"].iter().map(|name| ran.figure(&format!("{name}.served"))).sum();
        about(ran.figure("a.served"), total / 3.0, 0.03);
        ran.summary("latency_p99")
    };
    let (in_turn, fewest, two, random) =
        (p99("round_robin"), p99("least_outstanding_requests"), p99("random_two_choices"), p99("random"));
    assert!(fewest < in_turn && two < in_turn && in_turn < random, "{fewest} {two} {in_turn} {random}");
}

#[test]
fn a_server_that_is_down_costs_requests_until_two_checks_were_bad() {
    let down = "[[fault]]\nnode = 'p.b'\nkind = 'down'\nfrom = '61s'\nto = '1000s'\n";
    let ran = balanced("duration = '180s'", "rate = '30/s'\narrivals = 'regular'", "'10ms'", "", down);
    // Ten a second fail until the second bad check, at 120 s; after that none until there were five good checks.
    about(ran.lost("b", "down") as f64, 590.0, 0.01);
    assert_eq!(ran.figure("lb.failed_health_checks"), 4.0);
    // A server that is down says nothing: the balancer answers in its place.
    assert_eq!(ran.figure("lb.answered_502"), ran.lost("b", "down") as f64);
    assert_eq!(ran.series("lb.healthy_host_count").last().map(|&(_, count)| count), Some(2.0));
}

#[test]
fn with_no_healthy_server_requests_go_to_all() {
    let down = "[[fault]]\nnode = 'p.*'\nkind = 'slow'\nfactor = 10000\nfrom = '10s'\nto = '100s'\n";
    let down = down.replace("p.*", "p.a") + &down.replace("p.*", "p.b") + &down.replace("p.*", "p.c");
    let ran = balanced("duration = '600s'\ndrain = '1h'", "rate = '3/s'", "'10ms'", "idle_timeout = '60s'", &down);
    let least = ran.series("lb.healthy_host_count").iter().map(|&(_, count)| count).fold(3.0, f64::min);
    assert_eq!(least, 0.0);
    assert!(ran.completions([400.0, 600.0]) > 0.99 * ran.arrivals([400.0, 600.0]));
}

#[test]
fn at_the_idle_timeout_the_caller_gets_504_and_the_server_works_on() {
    let ran = balanced("duration = '10s'\ndrain = '1h'", "rate = '1/s'", "'90s'", "", "");
    assert_eq!((ran.lost("lb", "504"), ran.figure("lb.timeouts")), (ran.sent(), ran.sent() as f64));
    assert_eq!(ran.figure("lb.answered_504"), ran.sent() as f64);
    about(
        ran.figure("a.ghost_time") + ran.figure("b.ghost_time") + ran.figure("c.ghost_time"),
        90.0 * ran.sent() as f64,
        1e-9,
    );
}

/// Ten requests a second for 20 s, whose clients wait 950 ms, behind a balancer.
fn impatient(balancer: &str, server: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '20s'\ndrain = '1h'\n[traffic.jobs]\nrate = '10/s'\narrivals = 'regular'\n[work.job]\n\
         time = '10s'\n[pipeline.p.client]\nkind = 'service'\nfrom = 'jobs'\n\
         calls = {{ to = 'lb', latency = '0s', timeout = '950ms' }}\n\
         [pipeline.p.lb]\nkind = 'load_balancer'\nlatency = '0s'\nhealth_check = {{ interval = '5min' }}\n{balancer}\n\
         [pipeline.p.a]\nkind = 'service'\nslots = 1000\nwork = 'job'\n{server}\n\
         [pipeline.p.b]\nkind = 'http'\nlatency = '10ms'\n"
    ))
}

#[test]
fn a_client_that_leaves_is_answered_460_and_counted_no_longer_whatever_the_server_does() {
    for (server, work) in [("", 10.0), ("expired = 'dropped'", 10.0), ("expired = 'cancelled'", 0.95)] {
        let balancer = "targets = ['a', 'b']\nalgorithm = 'least_outstanding_requests'";
        let ran = impatient(balancer, server);
        // The slow one gets a request as soon as the client of the one before has left: each second, after 950 ms.
        assert_eq!((ran.figure("lb.answered_460"), ran.figure("b.requests")), (20.0, 180.0), "{server}");
        about(ran.figure("a.busy_time"), 20.0 * work, 1e-9);
        assert_eq!((ran.jobs(Fate::TimedOut), ran.figure("lb.outstanding_max")), (20, 2.0), "{server}");
    }
    // Ten under way at once are enough for those that are waited for.
    let bounded = impatient("targets = 'a'\nmax_outstanding = 10", "[pipeline.p.c]\nkind = 'service'\ncalls = 'b'");
    assert_eq!(bounded.figure("lb.surge_queue_length_max"), 0.0);
    assert_eq!((bounded.figure("lb.answered_460"), bounded.figure("lb.outstanding_max")), (200.0, 10.0));
}
