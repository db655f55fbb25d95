//! What overload does to synchronous calls: timeouts that free nobody, pools that starve, and what shedding saves.

use super::guards::client;
use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

/// Callers with a second of patience, 150 a second of them, and a server that does 100.
fn overloaded(server: &str) -> Ran {
    let shop = format!("kind = 'service'\nslots = 10\nwork = 'each'\n{server}\n[work.each]\ntime = '100ms'");
    let calls = "timeout = '1s', retries = { attempts = 1 }";
    run(&client("duration = '200s'\ndrain = '0s'\nsample_every = '1s'", "rate = '150/s'", calls, &shop))
}

/// Of what the server can do, which part was of use to somebody, when it has been overloaded for long.
fn goodput(ran: &Ran) -> f64 {
    ran.completions([100.0, 200.0]) / 100.0 / 100.0
}

#[test]
fn claim_75_without_shedding_goodput_falls_to_nothing_and_with_it_stays_near_the_capacity() {
    let unbounded = overloaded("accept_queue = 1000000");
    assert_eq!(goodput(&unbounded), 0.0);
    // It works as hard as ever.
    about(unbounded.figure("shop.utilisation"), 1.0, 0.01);
    for server in ["accept_queue = 50", "accept_queue = 1000000\nexpired = 'dropped'\nqueue_order = 'lifo'"] {
        let share = goodput(&overloaded(server));
        assert!((0.95..=1.01).contains(&share), "{server}: {share}");
    }
}

#[test]
fn claim_75_a_queue_longer_than_the_patience_of_its_callers_is_dead_on_arrival() {
    // 100/s for a second, less the tenth of a second of the work: 90 may wait.
    assert!(goodput(&overloaded("accept_queue = 85")) > 0.95);
    assert_eq!(goodput(&overloaded("accept_queue = 120")), 0.0);
    // Nobody waits longer than the queue is long: nine rounds of ten, and then the work itself.
    let longest = overloaded("accept_queue = 85").summary("latency_max");
    assert!((0.95..=1.0).contains(&longest), "{longest} s");
}

#[test]
fn claim_75_a_timeout_does_not_free_the_server() {
    let shop = "kind = 'service'\nslots = 5\naccept_queue = 100\nwork = 'long'\n[work.long]\ntime = '10s'";
    let calls = "timeout = '1s', retries = { attempts = 1 }";
    let ran = run(&client("duration = '2s'\ndrain = '1h'", "spike = { at = '1s', count = 20 }", calls, shop));
    assert_eq!(ran.jobs(Fate::TimedOut), 20);
    // All twenty are worked on to the end, in four rounds, for nobody.
    assert_eq!((ran.figure("shop.busy_time"), ran.figure("shop.ghost_time")), (200.0, 200.0));
    assert_eq!(ran.summary("ended_s"), 41.0);
}

#[test]
fn claim_75_when_answers_take_three_times_as_long_a_pool_starves_that_was_half_empty() {
    let with = |latency: &str| {
        let shop = format!("kind = 'http'\nlatency = '{latency}'");
        run(&client(
            "duration = '100s'\ndrain = '0s'",
            "rate = '50/s'\narrivals = 'regular'",
            "pool = { size = 10 }",
            &shop,
        ))
    };
    // 50 a second for 95 ms need five connections, for three times as long fifteen.
    let (quick, slow) = (with("95ms"), with("285ms"));
    assert_eq!((quick.figure("client.connections_max"), quick.figure("client.waiting_for_connection_max")), (5.0, 0.0));
    assert_eq!(slow.figure("client.connections_max"), 10.0);
    about(slow.figure("shop.requests") / 100.0, 10.0 / 0.285, 0.01);
    about(slow.figure("client.waiting_for_connection_max"), (50.0 - 10.0 / 0.285) * 100.0, 0.02);
}
