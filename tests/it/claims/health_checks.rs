//! Health checks of load balancers, as requests of their own; servers that leave and come back; and what keeps requests from
//! servers that fail. (Section 7.3 of the fact sheet.)

use super::balancers::balanced;
use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

/// One server with one slot and one job in it from 25 s on, and a check at 30 s.
fn one_job(time: &str, check: &str, queue: u32) -> Ran {
    run(&format!(
        "[run]\nduration = '59s'\ndrain = '0s'\n[traffic.jobs]\nspike = {{ at = '25s', count = 1 }}\n\
         [work.job]\ntime = '{time}'\n[pipeline.p.lb]\nkind = 'load_balancer'\nfrom = 'jobs'\ntargets = 'app'\n\
         latency = '0s'\nhealth_check = {{ {check} }}\n\
         [pipeline.p.app]\nkind = 'service'\nslots = 1\naccept_queue = {queue}\nwork = 'job'\n"
    ))
}

#[test]
fn a_check_waits_for_a_slot_for_6_s_and_for_10_s_over_https() {
    let failed = |time: &str, check: &str| one_job(time, check, 10).figure("lb.failed_health_checks");
    // The slot is free at 35 s, at 37 s, at 39 s, at 41 s.
    assert_eq!((failed("10s", ""), failed("12s", "")), (0.0, 1.0));
    assert_eq!((failed("14s", "protocol = 'https'"), failed("16s", "protocol = 'https'")), (0.0, 1.0));
    assert_eq!((failed("12s", "timeout = '8s'"), failed("12s", "timeout = '2s'")), (0.0, 1.0));
    // It is refused at once where nobody may wait.
    assert_eq!(one_job("6s", "", 0).figure("lb.failed_health_checks"), 1.0);
}

#[test]
fn a_check_in_line_is_answered_when_all_before_it_are_dropped_at_their_turn() {
    let ran = run("[run]\nduration = '59s'\ndrain = '0s'\n[traffic.jobs]\nspike = { at = '25s', count = 2 }\n\
         [work.job]\ntime = '10s'\n[pipeline.p.client]\nkind = 'service'\nfrom = 'jobs'\n\
         calls = { to = 'lb', latency = '0s', timeout = '2s' }\n\
         [pipeline.p.lb]\nkind = 'load_balancer'\ntargets = 'app'\nlatency = '0s'\n\
         [pipeline.p.app]\nkind = 'service'\nslots = 1\nwork = 'job'\nexpired = 'dropped'\n");
    assert_eq!(ran.figure("app.dropped_at_their_turn"), 1.0);
    assert_eq!(ran.figure("lb.failed_health_checks"), 0.0);
}

#[test]
fn the_check_of_a_server_that_was_taken_out_meanwhile_does_not_count() {
    let failed = |balancer: &str| {
        let ran = run(&format!(
            "[run]\nduration = '59s'\ndrain = '0s'\n[traffic.jobs]\nrate = '1/s'\n[pipeline.p.lb]\nkind = 'load_balancer'\n\
             from = 'jobs'\ntargets = ['hook', 'other']\n{balancer}\n\
             [pipeline.p.hook]\nkind = 'http'\nlatency = '7s'\n[pipeline.p.other]\nkind = 'http'\n"
        ));
        ran.figure("lb.failed_health_checks")
    };
    assert_eq!((failed(""), failed("deregister = { target = 'hook', from = '33s' }")), (1.0, 0.0));
}

#[test]
fn a_server_that_fails_or_answers_too_late_is_ejected() {
    let healthy = |hook: &str| {
        let ran = run(&format!(
            "[run]\nduration = '100s'\ndrain = '0s'\n[traffic.jobs]\nrate = '1/s'\n\
             [pipeline.p.lb]\nkind = 'load_balancer'\nfrom = 'jobs'\ntargets = ['hook', 'other']\n\
             [pipeline.p.hook]\nkind = 'http'\n{hook}\n[pipeline.p.other]\nkind = 'http'\n"
        ));
        ran.series("lb.healthy_host_count").last().map(|&(_, count)| count)
    };
    assert_eq!(healthy("latency = '5s'"), Some(2.0));
    assert_eq!((healthy("latency = '7s'"), healthy("fails = '100%'")), (Some(1.0), Some(1.0)));
}

/// Three servers of a hundred a second each, of which one becomes three times as slow.
fn one_slow(rate: u32) -> Ran {
    let slow = "[[fault]]\nnode = 'p.a'\nkind = 'slow'\nfactor = 3\nfrom = '5s'\nto = '1h'\n";
    let traffic = format!("rate = '{rate}/s'\narrivals = 'regular'");
    balanced("duration = '900s'\ndrain = '0s'\nsample_every = '1s'", &traffic, "'100ms'", "", slow)
}

#[test]
fn a_slow_server_is_ejected_after_two_checks_and_if_the_others_cannot_take_its_load_they_follow() {
    let healthy = |ran: &Ran, from: f64| {
        let seen = ran.series("lb.healthy_host_count").into_iter().filter(|&(at, _)| at >= from);
        seen.map(|(_, count)| count).fold(3.0, f64::min)
    };
    // Two servers do 200 a second.
    let enough = one_slow(180);
    assert_eq!(healthy(&enough, 0.0), 2.0);
    let first = |ran: &Ran| ran.series("lb.healthy_host_count").into_iter().find(|&(_, count)| count < 3.0);
    // Checks at 30 s and 60 s are not answered within their six seconds.
    assert!(first(&enough).is_some_and(|(at, _)| (66.0..=67.0).contains(&at)), "{:?}", first(&enough));
    // All three did 233 a second with the slow one, the two that are left are overloaded, and then nobody is well: requests
    // go to all again.
    let too_much = one_slow(230);
    assert_eq!(healthy(&too_much, 0.0), 0.0);
    assert!(too_much.figure("a.served") > 5_000.0, "{}", too_much.figure("a.served"));
}

/// Thirty requests a second, and one of three servers away from 60 s to 121 s.
fn away(balancer: &str, time: &str, to: &str) -> Ran {
    let balancer = format!("deregister = {{ target = 'b', from = '60s'{to} }}\n{balancer}");
    let traffic = "rate = '30/s'\narrivals = 'regular'";
    balanced("duration = '300s'\ndrain = '1h'", traffic, time, &balancer, "")
}

#[test]
fn a_server_that_comes_back_gets_requests_after_one_good_check_and_with_a_slow_start_a_growing_share() {
    let of = |balancer: &str| away(balancer, "'10ms'", ", to = '121s'").figure("b.served");
    // Ten a second, but for the time until the check at 150 s.
    about(of(""), 10.0 * (300.0 - 90.0), 0.005);
    // For a minute its share of a turn grows from nothing to a whole: f / (2 + f) of all.
    about(of("slow_start = '60s'"), 10.0 * (300.0 - 150.0) + 30.0 * 60.0 * (1.0 - 2.0 * 1.5_f64.ln()), 0.01);
}

#[test]
fn a_server_that_is_taken_out_finishes_what_it_has_within_300_s() {
    let cut = |balancer: &str, time: &str| {
        let traffic = "rate = '3/s'\narrivals = 'regular'";
        let balancer = format!("deregister = {{ target = 'b', from = '60500ms' }}\nidle_timeout = '1h'\n{balancer}");
        let ran = balanced("duration = '100s'\ndrain = '1h'", traffic, time, &balancer, "");
        assert_eq!(ran.jobs(Fate::DoneInTime) + ran.lost("lb", "502"), ran.sent());
        assert_eq!(ran.figure("lb.answered_502"), ran.lost("lb", "502") as f64);
        ran.lost("lb", "502")
    };
    assert_eq!(cut("", "'9s'"), 0);
    // One request a second comes to it; those of the last four seconds are not done five seconds later.
    let five = cut("deregistration_delay = '5s'", "'9s'");
    assert!((3..=5).contains(&five), "{five}");
    let none = cut("deregistration_delay = '0s'", "'9s'");
    assert!((8..=10).contains(&none), "{none}");
}

#[test]
fn without_a_registered_server_the_answer_is_503() {
    let all = ["a", "b", "c"].map(|name| format!("{{ target = '{name}', from = '10s', to = '20s' }}")).join(", ");
    let balancer = format!("deregister = [{all}]");
    let ran = balanced("duration = '60s'", "rate = '10/s'\narrivals = 'regular'", "'10ms'", &balancer, "");
    // They are asked for the first time at 30 s; until then they get requests because nobody is well.
    about(ran.lost("lb", "503: no server is registered") as f64, 100.0, 0.03);
    assert_eq!(ran.jobs(Fate::DoneInTime) + ran.lost("lb", "503: no server is registered"), ran.sent());
}

#[test]
fn weighted_random_keeps_requests_from_a_server_that_fails_more_than_the_others_if_it_is_told_to() {
    let failed = |more: &str| {
        let hook = |name: &str, fails: &str| {
            format!("[pipeline.p.{name}]\nkind = 'http'\nlatency = '10ms'\nfails = '{fails}'\n")
        };
        let ran = run(&format!(
            "[run]\nduration = '250s'\n[traffic.jobs]\nrate = '100/s'\n[pipeline.p.lb]\nkind = 'load_balancer'\n\
             from = 'jobs'\ntargets = ['a', 'b', 'c']\nalgorithm = 'weighted_random'\n{more}\n\
             health_check = {{ interval = '5min' }}\n{}{}{}",
            hook("a", "0%"),
            hook("b", "0%"),
            hook("c", "50%")
        ));
        ran.figure("c.errors") / ran.sent() as f64
    };
    about(failed(""), 1.0 / 6.0, 0.05);
    about(failed("anomaly_mitigation = 'off'"), 1.0 / 6.0, 0.05);
    assert!(failed("anomaly_mitigation = 'on'") < 0.03, "{}", failed("anomaly_mitigation = 'on'"));
}
