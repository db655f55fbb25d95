//! AWS Lambda: pollers that are paid for by the hour, and grow faster.

use super::mappings::{AT_ONCE, at, long_jobs, polling, spike};
use crate::bench::{about, run};

#[test]
fn claim_49_two_provisioned_pollers_begin_with_twenty_and_gain_a_thousand_a_minute() {
    let ran = long_jobs(1500, "account_concurrency = 10000\nprovisioned_pollers = {}");
    let running = |second| at(&ran, "f.concurrent_executions", second);
    assert_eq!([running(1.0), running(31.0), running(61.0)], [20.0, 520.0, 1020.0]);
    for second in 2..=80 {
        let gained = running(f64::from(second)) - running(f64::from(second) - 1.0);
        assert!(gained <= 17.0, "{gained} in second {second}");
    }
    assert_eq!(at(&ran, "f.pollers", 0.0), 20.0);
    let few = long_jobs(500, "provisioned_pollers = { minimum_pollers = 3, maximum_pollers = 4 }");
    let running = |second| at(&few, "f.concurrent_executions", second);
    assert_eq!([running(1.0), running(2.0), running(60.0)], [30.0, 40.0, 40.0]);
}

#[test]
fn a_provisioned_poller_fetches_a_mebibyte_a_second() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        &format!("{}\nsize = '128KiB'", spike(800)),
        "0s",
        "",
        &format!("{AT_ONCE}batch_size = 1\nprovisioned_pollers = {{ minimum_pollers = 2, maximum_pollers = 2 }}"),
    );
    // A hundred mebibytes by two pollers.
    about(run(&text).summary("latency_max"), 50.0, 0.05);
}

#[test]
fn a_provisioned_poller_makes_ten_polls_a_second() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'",
        &spike(1000),
        "0s",
        "",
        &format!("{AT_ONCE}batch_size = 1\nprovisioned_pollers = {{ minimum_pollers = 2, maximum_pollers = 2 }}"),
    );
    // A thousand messages, one with each poll, by two pollers.
    about(run(&text).summary("latency_max"), 50.0, 0.05);
}
