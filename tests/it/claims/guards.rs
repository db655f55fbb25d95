//! What stands before synchronous calls, and how servers shed load: pools, breakers, budgets, hedges, deadlines, queues.

use crate::bench::{Ran, about, run, run_seeded};
use surgetank::metrics::Fate;

/// A client that calls a shop, `calls` saying how, and what the shop is.
pub fn client(run: &str, traffic: &str, calls: &str, shop: &str) -> String {
    format!(
        "[run]\n{run}\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = {{ exponential = '10ms' }}\n\
         [pipeline.p.client]\nkind = 'service'\nfrom = 'jobs'\nslots = 1000000\n\
         calls = {{ to = 'shop', latency = '0s', {calls} }}\n[pipeline.p.shop]\n{shop}\n"
    )
}

pub const FAILING: &str = "kind = 'http'\nlatency = '0s'\nfails = '100%'";

pub fn steady(duration: &str, calls: &str, shop: &str) -> Ran {
    let run_for = format!("duration = '{duration}'\ndrain = '1h'");
    run(&client(&run_for, "rate = '10/s'\narrivals = 'regular'", calls, shop))
}

#[test]
fn claim_73_a_breaker_opens_at_the_hundredth_call_for_a_minute_and_then_lets_ten_through() {
    // The last call of 100 s is number 1000, 29 s after the ten of the half-open breaker.
    let ran = steady("100s", "breaker = {}", FAILING);
    assert_eq!(ran.figure("shop.requests"), 110.0);
    assert_eq!(ran.lost("client", "circuit breaker open"), ran.sent() - 110);
    let ran = steady("9900ms", "breaker = {}", FAILING);
    assert_eq!((ran.sent(), ran.figure("client.rejected_by_breaker")), (99, 0.0));
    // Half of the calls fail.
    let ran = steady("65s", "breaker = {}", "kind = 'http'\nlatency = '0s'\nfails = '50%'");
    assert!(ran.figure("client.rejected_by_breaker") <= ran.sent() as f64 - 100.0);
}

#[test]
fn claim_74_a_full_pool_completes_its_size_over_the_latency_and_the_queue_is_in_the_client() {
    let ran = run(&client(
        "duration = '100s'\ndrain = '0s'",
        "rate = '80/s'",
        "pool = { size = 5 }",
        "kind = 'http'\nlatency = '100ms'",
    ));
    about(ran.figure("shop.requests") / 100.0, 50.0, 0.01);
    about(ran.figure("client.waiting_for_connection_max"), 30.0 * 100.0, 0.1);
    assert_eq!(ran.figure("client.connections_max"), 5.0);
}

#[test]
fn a_bulkhead_fails_what_is_beyond_it_at_once() {
    let ran = run(&client(
        "duration = '10s'",
        "spike = { at = '1s', count = 100 }",
        "bulkhead = {}",
        "kind = 'http'\nlatency = '1s'",
    ));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.lost("client", "no connection free")), (25, 75));
}

#[test]
fn who_waits_for_a_connection_for_too_long_gives_up() {
    let ran = run(&client(
        "duration = '10s'\ndrain = '1h'",
        "spike = { at = '1s', count = 10 }",
        "pool = { size = 2, max_wait = '2500ms' }, retries = { attempts = 1 }",
        "kind = 'http'\nlatency = '1s'",
    ));
    // Two at once, and two more each second: the last at 2 s are not late yet.
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.lost("client", "no connection free")), (6, 4));
}

#[test]
fn a_deadline_spans_all_attempts_and_pauses() {
    let calls = "timeout = '1s', deadline = '2500ms', retries = { attempts = 9, backoff = 'none' }";
    let ran = steady("10s", calls, "kind = 'http'\nlatency = '1h'");
    assert_eq!(ran.figure("client.attempts"), 3.0 * ran.sent() as f64);
    assert_eq!(ran.lost("client", "deadline exceeded"), ran.sent());
    about(ran.figure("client.busy_time"), 2.5 * ran.sent() as f64, 1e-9);
}

#[test]
fn what_is_due_already_is_not_sent_when_a_connection_becomes_free() {
    let traffic = "spike = { at = '1s', count = 1000 }";
    let calls = "pool = { size = 1 }, deadline = '2500ms'";
    let ran = run(&client("duration = '10s'\ndrain = '1h'", traffic, calls, "kind = 'http'\nlatency = '1s'"));
    // At 1, 2 and 3 s. All that wait are due at 3.5 s, when the third is given up.
    assert_eq!((ran.figure("client.attempts"), ran.jobs(Fate::DoneInTime)), (3.0, 2));
    assert_eq!(ran.lost("client", "deadline exceeded"), 998);
    assert_eq!(ran.figure("client.waiting_for_connection_max"), 999.0);
    assert_eq!(ran.series("client.waiting_for_connection").last().map(|&(_, waiting)| waiting), Some(0.0));
}

#[test]
fn a_fixed_pause_is_the_same_each_time_unless_it_is_left_to_chance() {
    let waited = |jitter: &str| {
        let ran =
            steady("20s", &format!("retries = {{ attempts = 3, backoff = 'fixed', base = '500ms'{jitter} }}"), FAILING);
        ran.figure("client.busy_time") / ran.sent() as f64
    };
    // The retry of resilience4j: three attempts, 500 ms apart.
    about(waited(""), 1.0, 1e-9);
    about(waited(", jitter = 'full'"), 0.5, 0.1);
}

#[test]
fn who_tries_again_asks_an_open_breaker_again() {
    let calls =
        |retries: &str| format!("breaker = {{ minimum_number_of_calls = 1, sliding_window_size = 1 }}{retries}");
    let shop = "kind = 'http'\nlatency = '0s'\n[[fault]]\nnode = 'p.shop'\nkind = 'fails'\nshare = '100%'\n\
                from = '0s'\nto = '30s'";
    let traffic = "spikes = [{ at = '1s', count = 1 }, { at = '60500ms', count = 1 }]";
    let with = |retries: &str| run(&client("duration = '100s'", traffic, &calls(retries), shop));
    let three = with(", retries = { attempts = 3, backoff = 'fixed', base = '500ms' }");
    // It is open from 1 s to 61 s. The first call asks it again at 1.5 and 2 s, the second at 61 s, when it passes.
    assert_eq!((three.figure("shop.requests"), three.figure("client.rejected_by_breaker")), (2.0, 3.0));
    assert_eq!((three.jobs(Fate::DoneInTime), three.jobs(Fate::Rejected)), (1, 1));
    about(three.summary("latency_max"), 0.5, 1e-9);
    let one = with("");
    assert_eq!((one.jobs(Fate::DoneInTime), one.figure("client.rejected_by_breaker")), (0, 1.0));
    // A retry that the breaker does not let through is none that a budget by what is under way counts.
    let paid = with(", retries = { attempts = 3, backoff = 'fixed', base = '500ms', budget = { kind = 'under_way' } }");
    assert_eq!((paid.jobs(Fate::DoneInTime), paid.figure("client.retries_denied")), (1, 0.0));
}

#[test]
fn a_trial_of_a_breaker_that_takes_too_long_ends_when_its_wait_does() {
    let breaker = "breaker = { minimum_number_of_calls = 1, sliding_window_size = 1, \
                   permitted_number_of_calls_in_half_open_state = 1, max_wait_duration_in_half_open_state = '5s' }";
    let shop = "kind = 'http'\nlatency = '0s'\n[[fault]]\nnode = 'p.shop'\nkind = 'fails'\nshare = '100%'\n\
                from = '20s'\nto = '40s'\n[[fault]]\nnode = 'p.shop'\nkind = 'slow'\nfactor = 20\nfrom = '80s'\nto = '91s'";
    let at = |times: &[u32]| {
        let spikes: Vec<String> = times.iter().map(|at| format!("{{ at = '{at}s', count = 1 }}")).collect();
        let traffic = format!("spikes = [{}]", spikes.join(", "));
        let shop = shop.replace("latency = '0s'", "latency = '1s'");
        let ran = run(&client("duration = '300s'\ndrain = '1h'", &traffic, breaker, &shop));
        (ran.figure("shop.requests"), ran.lost("client", "circuit breaker open"))
    };
    // It opens at 31 s, and the call at 92 s is a trial that is answered in a second.
    assert_eq!(at(&[30, 92, 120]), (3.0, 0));
    // The trial at 90 s is answered at 110 s. The breaker is open from 95 s to 155 s.
    assert_eq!(at(&[29, 90, 120, 121]), (2.0, 2));
    assert_eq!(at(&[29, 90, 120, 154, 156, 170]), (4.0, 2));
    assert_eq!(at(&[29, 90, 190, 192]), (4.0, 0));
}

#[test]
fn a_hedge_cuts_the_tail_for_as_many_copies_as_answers_are_slow() {
    let shop = "kind = 'http'\nlatency = { lognormal = { mean = '81.6ms', cv = 1.29 } }";
    let of = |calls: &str| run(&client("duration = '1000s'", "rate = '20/s'", calls, shop));
    let (plain, hedged) = (of(""), of("hedge = { after = '200ms' }"));
    assert!(hedged.summary("latency_p99") < 0.7 * plain.summary("latency_p99"));
    let slow = hedged.figure("client.hedges") / hedged.sent() as f64;
    // ln(200/50) over the sigma of ln(500/50)/2.326 is 1.4 standard deviations.
    about(slow, 0.081, 0.1);
    assert_eq!(hedged.figure("shop.requests"), hedged.figure("client.attempts"));
    assert_eq!(hedged.jobs(Fate::DoneInTime), hedged.sent(), "a copy that is answered too late changes nothing");
}

#[test]
fn after_an_error_the_next_copy_is_not_waited_for() {
    let of = |calls: &str, shop: &str| {
        let shop = format!("kind = 'http'\nlatency = '100ms'\nfails = '100%'\n{shop}");
        let ran = steady("10s", &format!("hedge = {{ after = '200ms' }}{calls}"), &shop);
        (ran.figure("client.attempts") / ran.sent() as f64, ran.figure("client.busy_time") / ran.sent() as f64)
    };
    let (copies, time) = of("", "");
    assert_eq!(copies, 2.0);
    about(time, 0.1 + 0.1, 1e-9);
    // No other copy would get another answer than 404.
    assert_eq!(of("", "status = 404").0, 1.0);
    // The tokens of gRPC: ten, and each failure takes one. The third call comes to six, and has the last copy.
    assert_eq!(of(", retries = { attempts = 1, budget = { kind = 'balance' } }", "").0, 1.03);
}

#[test]
fn claim_72_a_client_that_throttles_itself_sends_hardly_anything_into_an_outage() {
    let ran = steady("100s", "throttle = {}, retries = { attempts = 1 }", FAILING);
    // The chance to send request r + 1 is 1 / (r + 1): about ln(1000) of a thousand.
    assert!(ran.figure("shop.requests") < 25.0, "{}", ran.figure("shop.requests"));
    assert_eq!(
        ran.lost("client", "turned away by the client itself") as f64,
        ran.figure("client.turned_away_by_client")
    );
}

#[test]
fn claim_72_envoy_allows_three_retries_at_once() {
    let calls = "retries = { attempts = 2, backoff = 'fixed', base = '1s', jitter = 'none', \
                 budget = { kind = 'under_way', share = '0%' } }";
    let ran = run(&client("duration = '10s'", "spike = { at = '1s', count = 100 }", calls, FAILING));
    assert_eq!((ran.figure("shop.requests"), ran.figure("client.retries_denied")), (103.0, 97.0));
}

#[test]
fn claim_72_envoy_allows_a_fifth_of_what_is_under_way_to_be_retries() {
    let calls = "retries = { attempts = 2, backoff = 'fixed', base = '1s', jitter = 'none', \
                 budget = { kind = 'under_way' } }";
    let shop = "kind = 'http'\nlatency = '10ms'\nfails = '100%'";
    let with = |count: u32| {
        let ran = run(&client("duration = '10s'", &format!("spike = {{ at = '1s', count = {count} }}"), calls, shop));
        (ran.figure("shop.requests") - f64::from(count), ran.figure("client.retries_denied"))
    };
    // A fifth of a hundred; of nineteen, which is not four; and three in any case.
    assert_eq!((with(100), with(19), with(5)), ((20.0, 80.0), (3.0, 16.0), (3.0, 2.0)));
}

#[test]
fn claim_72_grpc_stops_at_half_of_its_tokens() {
    let calls = "retries = { attempts = 2, backoff = 'none', budget = { kind = 'balance' } }";
    let ran = steady("10s", calls, FAILING);
    // Each failure takes one of ten tokens: after the fifth there are five, and no more retries. The first five attempts
    // are two calls with their retries, and one without.
    assert_eq!(ran.figure("shop.requests"), ran.sent() as f64 + 2.0);
}

/// Goodput of 70/s five minutes after an outage of ten seconds, at a server that does 100/s, for callers with a second of
/// patience (the last case of the section on metastable failure).
fn recovers(retries: &str, server: &str) -> bool {
    let calls = format!("timeout = '1s', retries = {{ {retries} }}");
    let shop = format!(
        "kind = 'service'\nslots = 1\nwork = 'job'\n{server}\ncalls = {{ to = 'gate', latency = '0s' }}\n\
         [pipeline.p.gate]\nkind = 'service'\nslots = 1\nwork = 'tick'\n\
         [work.tick]\ntime = '10us'\n\
         [[fault]]\nnode = 'p.gate'\nkind = 'slow'\nfactor = 1000000\nfrom = '60s'\nto = '70s'"
    );
    let text = client("duration = '400s'\ndrain = '0s'\nsample_every = '1s'", "rate = '70/s'", &calls, &shop);
    let goodput = |seed| {
        let ran = run_seeded(&text, seed);
        ran.completions([370.0, 400.0]) / ran.arrivals([370.0, 400.0])
    };
    let of_seeds = [goodput(1), goodput(2), goodput(3)];
    let up = of_seeds.iter().filter(|&&share| share > 0.9).count();
    let down = of_seeds.iter().filter(|&&share| share < 0.05).count();
    assert!(up == 3 || down == 3, "{retries} {server}: {of_seeds:?}");
    up == 3
}

const UNBOUNDED: &str = "accept_queue = 1000000";
const AT_ONCE: &str = "attempts = 4, backoff = 'none'";

#[test]
fn claim_69_backoff_does_not_cure_a_retry_storm() {
    assert!(recovers("attempts = 1", UNBOUNDED));
    assert!(!recovers(AT_ONCE, UNBOUNDED));
    for base in ["100ms", "1s"] {
        assert!(!recovers(&format!("attempts = 4, base = '{base}', jitter = 'full'"), UNBOUNDED), "{base}");
    }
}

#[test]
fn claim_69_budgets_short_queues_and_dropped_work_cure_a_retry_storm() {
    assert!(recovers(
        "attempts = 4, backoff = 'none', budget = { kind = 'share', share = '10%', floor = '1/s' }",
        UNBOUNDED
    ));
    assert!(recovers(AT_ONCE, "accept_queue = 50"));
    assert!(recovers(AT_ONCE, &format!("{UNBOUNDED}\nqueue_order = 'lifo'")));
    assert!(recovers(AT_ONCE, &format!("{UNBOUNDED}\nexpired = 'dropped'")));
    assert!(recovers(AT_ONCE, &format!("{UNBOUNDED}\ncodel = {{}}")));
    assert!(recovers(AT_ONCE, &format!("{UNBOUNDED}\nadaptive_limit = {{ min = 5, max = 50 }}")));
}

#[test]
fn the_more_important_flow_is_served_whatever_the_other_sends() {
    let ran = run(
        "[run]\nduration = '100s'\ndrain = '1min'\n[traffic.orders]\nrate = '40/s'\n[traffic.browsing]\nrate = '200/s'\n\
         [work.job]\ntime = '10ms'\n[pipeline.p.shop]\nkind = 'service'\nfrom = ['orders', 'browsing']\nslots = 1\n\
         accept_queue = 20\nwork = 'job'\npriorities = ['orders', 'browsing']\n",
    );
    let displaced = ran.lost("shop", "displaced by a more important request");
    assert!(displaced > 1000, "{displaced}");
    // 100/s are served: all 40 orders, 60 of the others.
    about(ran.lost("shop", "accept queue full") as f64 + displaced as f64, 140.0 * 100.0, 0.05);
    assert!(ran.summary("latency_max") < 10.0);
}

#[test]
fn to_turn_requests_away_costs_what_could_have_served_others() {
    let text = "[run]\nduration = '200s'\ndrain = '1min'\n[traffic.jobs]\nrate = '200/s'\n[work.job]\ntime = '10ms'\n\
         [pipeline.p.shop]\nkind = 'service'\nfrom = 'jobs'\nslots = 1\naccept_queue = 10\nwork = 'job'\n\
         rejection_work = '2ms'\n";
    // x served and 200 - x turned away a second: 10 x + 2 (200 - x) = 1000.
    about(run(text).figure("shop.served") / 200.0, 75.0, 0.03);
}
