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
    about(
        ran.figure("a.ghost_time") + ran.figure("b.ghost_time") + ran.figure("c.ghost_time"),
        90.0 * ran.sent() as f64,
        1e-9,
    );
}
