//! What bounds the number of retries: arithmetic of attempts, budgets in all four currencies, clients that hold back.

use super::guards::{FAILING, client, steady};
use crate::bench::{Ran, about, run};

/// A client with these retries, and a shop that does not answer well at these times.
fn outages(duration: &str, retries: &str, times: &[[&str; 2]]) -> Ran {
    let faults = times.iter().map(|[from, to]| {
        format!("[[fault]]\nnode = 'p.shop'\nkind = 'fails'\nshare = '100%'\nfrom = '{from}'\nto = '{to}'\n")
    });
    let shop = format!("kind = 'http'\nlatency = '0s'\n{}", faults.collect::<String>());
    steady(duration, &format!("retries = {{ {retries} }}"), &shop)
}

#[test]
fn claim_69_each_call_makes_as_many_attempts_as_the_powers_of_its_chance_to_fail_add_up_to() {
    let attempts = |share: &str| {
        let shop = format!("kind = 'http'\nlatency = '0s'\nfails = '{share}'");
        let calls = "retries = { attempts = 3, backoff = 'none' }";
        let ran = run(&client("duration = '1000s'\ndrain = '1h'", "rate = '50/s'", calls, &shop));
        ran.figure("shop.requests") / ran.sent() as f64
    };
    about(attempts("50%"), 1.75, 0.01);
    about(attempts("10%"), 1.11, 0.01);
    assert_eq!((attempts("0%"), attempts("100%")), (1.0, 3.0));
}

#[test]
fn claim_72_an_empty_bucket_pays_for_one_retry_for_each_fourteen_successes() {
    let budget = "attempts = 3, backoff = 'none', budget = { kind = 'tokens' }";
    // 35 retries of 14 leave 10 tokens; 140 successes make them 150, which is ten retries.
    let ran = outages("60s", budget, &[["0s", "20050ms"], ["34050ms", "1h"]]);
    assert_eq!(ran.figure("shop.requests"), ran.sent() as f64 + 35.0 + 10.0);
    // A bucket does not hold more than it began with, however much goes well.
    let ran = outages("300s", budget, &[["200050ms", "1h"]]);
    assert_eq!(ran.figure("shop.requests"), ran.sent() as f64 + 35.0);
}

#[test]
fn claim_72_a_retry_that_succeeds_gives_back_what_it_took() {
    let shop = "kind = 'http'\nlatency = '0s'\nfails = '20%'";
    let with = |more: &str| {
        let calls = format!("retries = {{ attempts = 2, backoff = 'none'{more} }}");
        run(&client("duration = '1000s'\ndrain = '1h'", "rate = '10/s'", &calls, shop))
    };
    // Of a hundred calls 20 take 14, and 16 of those give it back; 80 give back one each: the bucket stays full.
    let (bounded, unbounded) = (with(", budget = { kind = 'tokens' }"), with(""));
    assert_eq!(bounded.figure("client.retries_denied"), 0.0);
    assert_eq!(bounded.figure("shop.requests"), unbounded.figure("shop.requests"));
}

#[test]
fn claim_72_a_fifth_of_the_requests_and_ten_a_second_may_be_retries() {
    let retries = |rate: u32| {
        let calls = "retries = { attempts = 50, backoff = 'none', budget = { kind = 'share' } }";
        let traffic = format!("rate = '{rate}/s'\narrivals = 'regular'");
        let ran = run(&client("duration = '200s'\ndrain = '1h'", &traffic, calls, FAILING));
        (ran.figure("shop.requests") - ran.sent() as f64) / 200.0
    };
    // What was not spent in the first moments is there as well: ten seconds of the floor.
    about(retries(100), 30.0, 0.03);
    about(retries(1000), 210.0, 0.03);
}

#[test]
fn claim_72_retries_for_a_tenth_of_the_requests_make_1_1_of_them_at_the_worst() {
    let calls =
        "retries = { attempts = 3, backoff = 'none', budget = { kind = 'share', share = '10%', floor = '0/s' } }";
    let ran = run(&client("duration = '200s'\ndrain = '1h'", "rate = '100/s'", calls, FAILING));
    about(ran.figure("shop.requests") / ran.sent() as f64, 1.1, 0.002);
}

#[test]
fn claim_72_a_client_that_holds_back_sends_twice_what_is_accepted() {
    // Ten a second are done of a hundred that are wanted; there is no room to wait.
    let shop = "kind = 'service'\nslots = 1\naccept_queue = 0\nwork = 'slow'\n[work.slow]\ntime = '100ms'";
    let with = |calls: &str| {
        let text = client("duration = '1000s'\ndrain = '1h'", "rate = '100/s'", calls, shop);
        let ran = run(&text);
        ran.figure("client.attempts") / ran.figure("shop.served")
    };
    about(with("throttle = {}, retries = { attempts = 1 }"), 2.0, 0.1);
    assert!(with("retries = { attempts = 1 }") > 10.0);
}

#[test]
fn claim_72_where_all_calls_are_throttled_a_retry_costs_five_tokens_and_waits_for_a_second() {
    let with = |retries: &str, shop: &str| steady("20s", &format!("retries = {{ {retries} }}"), shop);
    let throttles = "kind = 'lambda'\nreserved_concurrent_executions = 0";
    let ran = with("attempts = 3, backoff = 'none', budget = { kind = 'tokens' }", throttles);
    assert_eq!(ran.figure("shop.throttles"), ran.sent() as f64 + 100.0);
    // The pause after a call that failed begins at 50 ms, after one that was throttled at 1 s.
    let pauses = |retries: &str, shop: &str| {
        let ran = with(retries, shop);
        ran.figure("client.busy_time") / ran.sent() as f64
    };
    let plain = "attempts = 3, jitter = 'none'";
    about(pauses(plain, FAILING), 0.05 + 0.1, 1e-6);
    about(pauses(plain, throttles), 1.0 + 2.0, 1e-6);
    about(pauses("attempts = 3, jitter = 'none', base_throttled = '50ms'", throttles), 0.15, 1e-6);
}
