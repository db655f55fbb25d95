//! Synchronous calls: full queues, retries, storms, pools.

use crate::bench::{about, run, run_seeded};
use surgetank::metrics::Fate;

#[test]
fn claim_67_beyond_the_slots_and_the_accept_queue_a_request_is_refused() {
    let ran = run("[run]\nduration = '2s'\ndrain = '1h'\nsample_every = '100ms'\n\
         [traffic.jobs]\nspike = { at = '1s', count = 2000 }\n[work.job]\ntime = '1s'\n\
         [pipeline.p.app]\nkind = 'service'\nfrom = 'jobs'\nslots = 10\naccept_queue = 1024\nwork = 'job'\n");
    assert_eq!((ran.figure("app.busy_max"), ran.figure("app.waiting_max")), (10.0, 1024.0));
    assert_eq!((ran.lost("app", "accept queue full"), ran.jobs(Fate::DoneInTime)), (966, 1034));
}

#[test]
fn a_server_has_200_threads_and_room_for_a_hundred_to_wait_unless_it_is_told_otherwise() {
    let ran = run("[run]\nduration = '2s'\ndrain = '1h'\nsample_every = '100ms'\n\
         [traffic.jobs]\nspike = { at = '1s', count = 1000 }\n[work.job]\ntime = '1s'\n\
         [pipeline.p.app]\nkind = 'service'\nfrom = 'jobs'\nwork = 'job'\n");
    assert_eq!((ran.figure("app.busy_max"), ran.figure("app.waiting_max")), (200.0, 100.0));
    assert_eq!(ran.lost("app", "accept queue full"), 700);
}

#[test]
fn a_caller_that_is_told_to_try_again_waits_at_random_for_up_to_50_ms_and_twice_as_long_each_time() {
    let pauses = |attempts: u32| {
        let ran = hard_outage(&format!("{{ attempts = {attempts} }}"));
        ran.figure("client.busy_time") / ran.sent() as f64
    };
    assert_eq!(pauses(1), 0.0);
    about(pauses(2), 0.025, 0.05);
    about(pauses(4), 0.025 + 0.05 + 0.1, 0.05);
    // Ten doublings would be 51 s: it is never more than twenty.
    about(pauses(12), 0.025 * 511.0 + 2.0 * 10.0, 0.05);
}

/// What part of the jobs was done of those that arrived between two instants, when callers have a second of patience and
/// three retries, and a server that does 100/s stands still from 60 s to 70 s: its gate needs 10 s instead of 10 us.
fn goodput(rate: u32, between: [f64; 2], seed: u64) -> f64 {
    let text = format!(
        "[run]\nduration = '{}s'\ndrain = '0s'\nsample_every = '1s'\n[traffic.jobs]\nrate = '{rate}/s'\n\
         [work.job]\ntime = {{ exponential = '10ms' }}\n[work.tick]\ntime = '10us'\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 1000000\ncalls = {{ to = 'app', latency = '0s',\
         \x20timeout = '1s', retries = {{ attempts = 4, backoff = 'none' }} }}\n\
         [pipeline.p.app]\nkind = 'service'\nslots = 1\naccept_queue = 1000000\nwork = 'job'\n\
         calls = {{ to = 'gate', latency = '0s' }}\n\
         [pipeline.p.gate]\nkind = 'service'\nslots = 1\nwork = 'tick'\n\
         [[fault]]\nnode = 'p.gate'\nkind = 'slow'\nfactor = 1000000\nfrom = '60s'\nto = '70s'\n",
        between[1]
    );
    let ran = run_seeded(&text, seed);
    ran.completions(between) / ran.arrivals(between)
}

#[test]
fn claim_68_retries_that_fill_the_server_keep_it_down_for_ever() {
    for seed in 1..6 {
        assert!(goodput(20, [0.0, 60.0], seed) > 0.95, "seed {seed}");
        let two_minutes_later = goodput(20, [190.0, 220.0], seed);
        assert!(two_minutes_later > 0.95, "seed {seed}: {two_minutes_later}");
        let six_minutes_later = goodput(24, [430.0, 460.0], seed);
        assert!(six_minutes_later > 0.95, "seed {seed}: {six_minutes_later}");
        for rate in [27, 30] {
            assert_eq!(goodput(rate, [100.0, 400.0], seed), 0.0, "{rate}/s, seed {seed}");
        }
    }
}

#[test]
fn claim_70_three_layers_of_three_attempts_send_27_requests_to_the_bottom() {
    let layer = |name: &str, below: &str| {
        format!("[pipeline.p.{name}]\nkind = 'service'\ncalls = {{ to = '{below}', retries = {{ attempts = 3 }} }}\n")
    };
    let ran = run(&format!(
        "[run]\nduration = '10s'\n[traffic.jobs]\nrate = '10/s'\n{}from = 'jobs'\n{}{}\
         [pipeline.p.bottom]\nkind = 'http'\nfails = '100%'\n",
        layer("first", "second"),
        layer("second", "third"),
        layer("third", "bottom"),
    ));
    assert_eq!(ran.figure("bottom.requests"), 27.0 * ran.sent() as f64);
    assert_eq!(ran.jobs(Fate::Rejected), ran.sent());
}

#[test]
fn claim_74_a_full_pool_serves_its_size_over_the_latency_of_what_it_calls() {
    let ran = run("[run]\nduration = '100s'\ndrain = '0s'\n[traffic.jobs]\nrate = '80/s'\n\
         [pipeline.p.pool]\nkind = 'service'\nfrom = 'jobs'\nslots = 5\naccept_queue = 100000\n\
         calls = { to = 'shop', latency = '0s' }\n[pipeline.p.shop]\nkind = 'http'\nlatency = '100ms'\n");
    about(ran.figure("pool.served") / 100.0, 50.0, 0.01);
    about(ran.figure("pool.waiting_max"), 30.0 * 100.0, 0.1);
}

/// Client, and a server that is down from the beginning: a request each 100 ms for 100 s.
fn hard_outage(retries: &str) -> crate::bench::Ran {
    run(&format!(
        "[run]\nduration = '100s'\n[traffic.jobs]\nrate = '10/s'\narrivals = 'regular'\n\
         [pipeline.p.client]\nkind = 'service'\nfrom = 'jobs'\nslots = 1000\n\
         calls = {{ to = 'shop', latency = '0s', retries = {retries} }}\n\
         [pipeline.p.shop]\nkind = 'http'\nlatency = '0s'\nfails = '100%'\n"
    ))
}

#[test]
fn claim_70_a_budget_of_a_tenth_at_each_layer_sends_a_third_more_to_the_bottom() {
    let layer = |name: &str, below: &str| {
        format!(
            "[pipeline.p.{name}]\nkind = 'service'\ncalls = {{ to = '{below}', retries = {{ attempts = 3, \
             budget = {{ kind = 'share', share = '10%', floor = '0/s' }} }} }}\n"
        )
    };
    let ran = run(&format!(
        "[run]\nduration = '100s'\n[traffic.jobs]\nrate = '100/s'\n{}from = 'jobs'\n{}{}\
         [pipeline.p.bottom]\nkind = 'http'\nfails = '100%'\n",
        layer("first", "second"),
        layer("second", "third"),
        layer("third", "bottom"),
    ));
    about(ran.figure("bottom.requests"), 1.331 * ran.sent() as f64, 0.02);
}

#[test]
fn claim_71_a_bucket_of_500_tokens_pays_for_35_retries_and_then_every_call_makes_one_attempt() {
    let ran = hard_outage("{ attempts = 3, budget = { kind = 'tokens' } }");
    assert_eq!(ran.figure("shop.requests"), ran.sent() as f64 + 35.0);
    assert_eq!(ran.jobs(Fate::Rejected), ran.sent());
    let without = hard_outage("{ attempts = 3 }");
    assert_eq!(without.figure("shop.requests"), 3.0 * without.sent() as f64);
}
