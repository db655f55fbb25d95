//! What stands before the requests of the swarm, how its servers shed load, and load balancers.

use super::{Drawing, LATENCIES, request, server};
use std::fmt::Write;

/// What stands before a request, each thing now and then: keys of its table.
pub(super) fn guard(d: &mut Drawing) -> String {
    let mut text = String::new();
    let mut maybe = |d: &mut Drawing, choices: &[&str]| {
        if d.chance(15) {
            text.push_str(", ");
            text.push_str(d.one_of(choices));
        }
    };
    maybe(d, &["deadline = '1ms'", "deadline = '2s'", "deadline = '1h'"]);
    maybe(
        d,
        &[
            "pool = { size = 1 }",
            "pool = { size = 3, max_wait = '100ms', max_waiting = 2 }",
            "pool = { size = 4000000000 }",
            "bulkhead = { max_concurrent_calls = 2 }",
            "bulkhead = { max_concurrent_calls = 1, max_wait_duration = '1s' }",
        ],
    );
    maybe(
        d,
        &[
            "breaker = {}",
            "breaker = { sliding_window_size = 1, wait_duration_in_open_state = '0s', failure_rate_threshold = '1%' }",
            "breaker = { slow_call_duration_threshold = '1ms', slow_call_rate_threshold = '50%', \
             permitted_number_of_calls_in_half_open_state = 1 }",
            "breaker = { sliding_window_type = 'time_based', sliding_window_size = 5, minimum_number_of_calls = 2, \
             slow_call_duration_threshold = '10ms', max_wait_duration_in_half_open_state = '1s' }",
        ],
    );
    maybe(d, &["throttle = {}", "throttle = { ratio = 1.1, window = '1s' }"]);
    maybe(d, &["hedge = { after = '0s' }", "hedge = { after = '30ms', copies = 5 }"]);
    text
}

/// What the retries of a request are paid from, now and then: a key of their table.
pub(super) fn budget(d: &mut Drawing) -> &'static str {
    if d.chance(60) {
        return "";
    }
    d.one_of(&[
        ", budget = { kind = 'share', share = '10%', floor = '0/s', window = '1s' }",
        ", budget = { kind = 'tokens', tokens = 20.0 }",
        ", budget = { kind = 'tokens', tokens = 20.0, cost = 20, cost_throttled = 0, refund = 0 }",
        ", budget = { kind = 'under_way', at_least = 1 }",
        ", budget = { kind = 'under_way', at_least = 0, share = '100%' }",
        ", budget = { kind = 'balance' }",
        ", budget = { kind = 'balance', tokens = 4.0, ratio = 0.5 }",
    ])
}

/// How a server sheds load, each thing now and then.
pub(super) fn shedding(d: &mut Drawing) {
    d.maybe("queue_order", &["'lifo'", "'adaptive_lifo'"]);
    d.maybe("expired", &["'dropped'", "'cancelled'", "'served'"]);
    d.maybe("retry_after", &["'0s'", "'2s'", "'1h'"]);
    if d.chance(20) {
        d.line("codel", &["{}", "{ target = '0s', interval = '1s' }"]);
    }
    if d.chance(20) {
        d.line(
            "adaptive_limit",
            &[
                "{}",
                "{ initial = 1, min = 1, max = 1 }",
                "{ min = 2, smoothing = 1.0, long_window = 1, tolerance = 1.0 }",
            ],
        );
    }
    if d.chance(20) {
        d.line("priorities", &["'jobs'"]);
    }
    if d.chance(20) {
        d.line("rejection_work", &["'1ms'", "'10s'"]);
    }
}

/// A client, a balancer and two servers behind it.
pub(super) fn balanced(d: &mut Drawing) {
    d.node("front", "service");
    d.say("from = 'jobs'\n");
    server(d);
    let request = request(d, "balancer");
    writeln!(d.text, "calls = {request}").expect("a string takes everything");
    d.node("balancer", "load_balancer");
    let is_alone = d.chance(30);
    d.line("targets", if is_alone { &["'hook'", "['hook']"] } else { &["['one', 'two', 'hook']", "['hook', 'two']"] });
    if d.chance(20) {
        // The traffic may come by two ways.
        d.say("from = 'jobs'\n");
    }
    match d.one_of(&[0, 1, 2]) {
        0 => d.maybe("algorithm", &["'least_outstanding_requests'", "'random_two_choices'", "'random'"]),
        1 => d.maybe("slow_start", &["'0s'", "'30s'", "'15min'"]),
        _ => {
            d.say("algorithm = 'weighted_random'\n");
            d.maybe("anomaly_mitigation", &["'on'", "'off'"]);
        }
    }
    if d.chance(50) {
        d.line("max_outstanding", &["1", "10"]);
        d.maybe("surge_queue", &["0", "5"]);
    }
    d.maybe("idle_timeout", &["'1s'", "'1h'"]);
    d.maybe("latency", &["'0s'"]);
    d.maybe(
        "health_check",
        &[
            "{ interval = '5s', timeout = '2s' }",
            "{ interval = '5s', timeout = '2s', healthy_threshold = 10, unhealthy_threshold = 2 }",
            if is_alone { "{ minimum_healthy_targets = 1 }" } else { "{ minimum_healthy_targets = 2 }" },
            "{ interval = '20s', protocol = 'https', timeout = '20s' }",
        ],
    );
    d.maybe("deregistration_delay", &["'0s'", "'5s'"]);
    if d.chance(30) {
        d.line(
            "deregister",
            &[
                "{ target = 'hook', from = '20s' }",
                "{ target = 'hook', from = '0s', to = '10s' }",
                "[{ target = 'hook', from = '40s', to = '41s' }, { target = 'hook', from = '10s', to = '39s' }]",
            ],
        );
    }
    d.node("one", "service");
    server(d);
    d.node("two", "service");
    server(d);
    d.node("hook", "http");
    d.maybe("latency", &LATENCIES);
    d.maybe("fails", &["'0%'", "'30%'", "'100%'"]);
}
