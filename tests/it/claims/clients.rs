//! What a client library does by itself: the retry modes of the AWS SDKs, waits that a server asks for, connections that are
//! ignored, and work that is stopped because its caller has left. (Sections 7.1, 7.2 and 7.7 of the fact sheet.)

use super::guards::{FAILING, client, steady};
use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

#[test]
fn claim_71_the_standard_mode_is_three_attempts_paid_for_by_a_bucket_and_the_legacy_mode_is_five() {
    let requests = |retries: &str| {
        let ran = steady("100s", &format!("retries = {{ {retries} }}"), FAILING);
        ran.figure("shop.requests") - ran.sent() as f64
    };
    assert_eq!((requests("mode = 'standard'"), requests("mode = 'adaptive'")), (35.0, 35.0));
    assert_eq!(requests("mode = 'legacy'"), 4.0 * 1000.0);
    assert_eq!(requests("mode = 'standard', budget = { kind = 'tokens', tokens = 140.0 }"), 10.0);
    // The pauses of the older mode are up to 1, 2, 4 and 8 s, drawn at random.
    let legacy = steady("100s", "retries = { mode = 'legacy' }", FAILING);
    about(legacy.figure("client.busy_time") / legacy.sent() as f64, 7.5, 0.05);
}

/// A hundred requests a second, and a function that does fifty: it throttles the others.
fn throttled(mode: &str) -> Ran {
    let shop = "kind = 'lambda'\nreserved_concurrent_executions = 5\nwork = 'each'\ninit_duration = '0s'\n\
                [work.each]\ntime = '100ms'";
    let calls = format!("retries = {{ mode = '{mode}' }}");
    run(&client("duration = '120s'\ndrain = '0s'", "rate = '100/s'", &calls, shop))
}

#[test]
fn a_client_in_adaptive_mode_that_is_throttled_sends_what_is_accepted_and_keeps_the_rest_back() {
    let (standard, adaptive) = (throttled("standard"), throttled("adaptive"));
    assert!(standard.figure("shop.throttles") > 0.4 * standard.sent() as f64);
    let refused = adaptive.figure("shop.throttles") / adaptive.figure("client.attempts");
    assert!(refused < 0.2, "{refused}");
    // What comes beyond what is accepted stays in the client, and there is no end to it.
    let held = adaptive.figure("client.held_back_max");
    assert!((4_000.0..8_000.0).contains(&held), "{held}");
    assert!(adaptive.figure("client.attempts") / 120.0 > 35.0);
}

#[test]
fn a_client_waits_as_long_as_the_server_asks_but_no_more_than_five_seconds_longer() {
    let pause = |shop: &str, retries: &str| {
        let ran = steady("20s", &format!("retries = {{ attempts = 2, jitter = 'none', {retries} }}"), shop);
        ran.figure("client.busy_time") / ran.sent() as f64
    };
    about(pause(FAILING, ""), 0.05, 1e-6);
    about(pause(&format!("{FAILING}\nretry_after = '3s'"), ""), 3.0, 1e-6);
    about(pause(&format!("{FAILING}\nretry_after = '1min'"), ""), 5.05, 1e-6);
    about(pause(&format!("{FAILING}\nretry_after = '3s'"), "base = '10s'"), 10.0, 1e-6);
    // Nobody asked for that when the older mode was made.
    about(pause(&format!("{FAILING}\nretry_after = '3s'"), "mode = 'legacy'"), 1.0, 1e-6);
}

#[test]
fn a_server_that_sheds_load_asks_for_a_wait_as_well_and_one_that_is_down_asks_for_nothing() {
    let retries = "retries = { attempts = 2, jitter = 'none' }";
    // One of three gets the slot, and the others find it free after two seconds.
    let full = three_at_once("retry_after = '2s'", retries);
    assert_eq!(full.figure("shop.served"), 2.0);
    about(full.figure("client.busy_time"), 0.5 + 2.5 + 2.0, 1e-9);
    let down = "retry_after = '2s'\n[[fault]]\nnode = 'p.shop'\nkind = 'down'\nfrom = '0s'\nto = '1h'";
    about(three_at_once(down, retries).figure("client.busy_time"), 3.0 * 0.05, 1e-9);
}

#[test]
fn claim_72_an_answer_429_asks_the_client_to_slow_down() {
    let pause = |status: &str| {
        let shop = format!("{FAILING}\nstatus = {status}");
        let ran = steady("20s", "retries = { attempts = 2, jitter = 'none' }", &shop);
        ran.figure("client.busy_time") / ran.sent() as f64
    };
    about(pause("503"), 0.05, 1e-6);
    about(pause("429"), 1.0, 1e-6);
    assert_eq!(pause("404"), 0.0);
}

#[test]
fn a_balancer_passes_on_what_a_server_says_to_its_client() {
    let of = |retries: &str, shop: &str| {
        let shop =
            format!("kind = 'load_balancer'\ntargets = 'hook'\nlatency = '0s'\n[pipeline.p.hook]\n{FAILING}\n{shop}");
        let ran = steady("20s", &format!("retries = {{ {retries} }}"), &shop);
        let calls = ran.sent() as f64;
        let [attempts, denied] = ["client.attempts", "client.retries_denied"].map(|name| ran.value(name));
        (attempts / calls, ran.figure("client.busy_time") / calls, denied)
    };
    let budget = "jitter = 'none', budget = { kind = 'tokens', tokens = 50 }";
    // A client error stays one, and nobody tries again.
    assert_eq!(of(&format!("attempts = 3, {budget}"), "status = 404").0, 1.0);
    // To slow down is a second of pause and five tokens, not 50 ms and 14: ten retries of 200 calls, not three.
    let (attempts, pause, denied) = of(&format!("attempts = 2, {budget}"), "status = 429");
    assert_eq!((attempts, denied), (1.05, 190.0));
    about(pause, 1.0 * 0.05, 1e-6);
    let (_, pause, denied) = of(&format!("attempts = 2, {budget}"), "retry_after = '3s'");
    about(pause, 3.0 * 3.0 / 200.0, 1e-6);
    assert_eq!(denied, 197.0);
}

/// Three requests at once to a server with one slot and nobody who may wait.
fn three_at_once(server: &str, calls: &str) -> Ran {
    let shop =
        format!("kind = 'service'\nslots = 1\naccept_queue = 0\nwork = 'half'\n{server}\n[work.half]\ntime = '500ms'");
    run(&client("duration = '10s'\ndrain = '1h'", "spike = { at = '1s', count = 3 }", calls, &shop))
}

#[test]
fn a_connection_that_is_ignored_is_tried_again_after_1_3_and_7_s_and_then_fails() {
    let refused = three_at_once("", "");
    assert_eq!((refused.jobs(Fate::DoneInTime), refused.lost("shop", "accept queue full")), (1, 2));
    let ignored = three_at_once("tcp_abort_on_overflow = false", "");
    assert_eq!(ignored.jobs(Fate::DoneInTime), 3);
    about(ignored.summary("latency_max"), 3.5, 1e-9);
    about(ignored.summary("latency_p50"), 1.5, 0.01);
    assert_eq!(ignored.figure("shop.ignored_connections"), 3.0);
    let impatient = three_at_once("tcp_abort_on_overflow = false", "connect_timeout = '2s'");
    assert_eq!((impatient.jobs(Fate::DoneInTime), impatient.lost("shop", "no connection")), (2, 1));
    assert_eq!(impatient.jobs(Fate::TimedOut), 1);
    // The client learns of it when its time is over, not before.
    about(impatient.figure("client.busy_time"), 0.5 + 1.5 + 2.0, 1e-9);
    // A server that stays full: at 0, 1, 3, 7, 15 and 31 s, and after a minute nobody waits any more.
    let never = three_at_once("tcp_abort_on_overflow = false", "timeout = '1h'").figure("shop.ignored_connections");
    assert_eq!(never, 3.0);
    let long = "tcp_abort_on_overflow = false\n[[fault]]\nnode = 'p.shop'\nkind = 'slow'\nfactor = 1000\nfrom = '0s'\nto = '2s'";
    let long = three_at_once(long, "timeout = '2h'");
    assert_eq!(long.figure("shop.ignored_connections"), 2.0 * 6.0);
    about(long.figure("client.busy_time"), 500.0 + 60.0 + 60.0, 1e-9);
}

#[test]
fn a_balancer_waits_ten_seconds_for_a_connection() {
    let ran = run(&TWO_AT_A_FULL_SERVER.replace("LB", ""));
    // At 0, 1, 3 and 7 s; the next would be at 15 s.
    assert_eq!(ran.figure("app.ignored_connections"), 4.0);
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.lost("app", "no connection")), (1, 1));
    about(ran.figure("lb.outstanding_mean") * ran.summary("ended_s"), 30.0 + 10.0, 0.01);
}

/// A server with one slot is busy from 1 s to 58 s, and a request knocks at 52, 53, 55 and 59 s: it is done at 116 s.
fn connected_late(node: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '60s'\ndrain = '1h'\n[traffic.first]\nspike = {{ at = '1s', count = 1 }}\n\
         [traffic.jobs]\nspike = {{ at = '52s', count = 1 }}\n[work.long]\ntime = '57s'\n\
         [pipeline.p.other]\nkind = 'service'\nfrom = 'first'\n\
         calls = {{ to = 'app', latency = '0s', timeout = '1h' }}\n\
         [pipeline.p.caller]\nfrom = 'jobs'\n{node}\n\
         [pipeline.p.app]\nkind = 'service'\nslots = 1\naccept_queue = 0\nwork = 'long'\ntcp_abort_on_overflow = false\n"
    ))
}

#[test]
fn an_answer_is_waited_for_from_when_the_connection_was_accepted() {
    let service = |timeout: &str| {
        connected_late(&format!("kind = 'service'\ncalls = {{ to = 'app', latency = '0s', timeout = '{timeout}' }}"))
    };
    let balancer = |timeout: &str| {
        connected_late(&format!("kind = 'load_balancer'\ntargets = 'app'\nlatency = '0s'\nidle_timeout = '{timeout}'"))
    };
    for done in [service("60s"), service("58s"), balancer("60s"), balancer("58s")] {
        assert_eq!((done.jobs(Fate::DoneInTime), done.summary("ended_s")), (2, 116.0));
        assert_eq!(done.figure("app.ignored_connections"), 3.0);
    }
    // 56 s after the connection is 115 s.
    let given_up = service("56s");
    assert_eq!(given_up.figure("caller.timeouts"), 1.0);
    about(given_up.figure("caller.busy_time"), 115.0 - 52.0, 1e-9);
    assert_eq!(balancer("56s").figure("caller.answered_504"), 1.0);
    // A balancer waits ten seconds for a connection, however short its idle timeout is; for the answer of who has one 2 s.
    let never = run(&TWO_AT_A_FULL_SERVER.replace("LB", "idle_timeout = '2s'"));
    assert_eq!(
        (never.lost("app", "no connection"), never.lost("lb", "504"), never.figure("lb.answered_504")),
        (1, 1, 2.0)
    );
    about(never.figure("lb.outstanding_mean") * never.summary("ended_s"), 2.0 + 10.0, 0.01);
}

const TWO_AT_A_FULL_SERVER: &str = "[run]\nduration = '60s'\ndrain = '1h'\n[traffic.jobs]\n\
    spike = { at = '1s', count = 2 }\n[work.job]\ntime = '30s'\n\
    [pipeline.p.lb]\nkind = 'load_balancer'\nfrom = 'jobs'\ntargets = 'app'\nlatency = '0s'\nLB\n\
    [pipeline.p.app]\nkind = 'service'\nslots = 1\naccept_queue = 0\nwork = 'job'\ntcp_abort_on_overflow = false\n";

/// Twenty callers with a second of patience, five slots, and work of ten seconds.
fn callers_leave(server: &str, between: &str, to: &str) -> Ran {
    let shop =
        format!("kind = 'service'\nslots = 5\naccept_queue = 100\nwork = 'long'\n{server}\n[work.long]\ntime = '10s'");
    let text = client(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 20 }",
        "timeout = '1s', retries = { attempts = 1 }",
        &shop,
    );
    run(&format!("{}{between}", text.replace("to = 'shop'", &format!("to = '{to}'"))))
}

#[test]
fn claim_75_work_whose_caller_has_left_stops_only_where_a_server_is_told_to_stop_it() {
    let went_on = callers_leave("", "", "shop");
    assert_eq!((went_on.figure("shop.busy_time"), went_on.summary("ended_s")), (200.0, 41.0));
    let dropped = callers_leave("expired = 'dropped'", "", "shop");
    assert_eq!((dropped.figure("shop.busy_time"), dropped.summary("ended_s")), (50.0, 11.0));
    // The five that were worked on stop when their callers leave; the others are dropped.
    let stopped = callers_leave("expired = 'cancelled'", "", "shop");
    assert_eq!((stopped.figure("shop.busy_time"), stopped.summary("ended_s")), (5.0, 2.0));
    assert_eq!((stopped.jobs(Fate::TimedOut), stopped.figure("shop.ghost_time")), (20, 5.0));
}

#[test]
fn who_stops_its_work_stops_what_it_asked_for_and_a_balancer_passes_it_on() {
    let layer =
        "[pipeline.p.layer]\nkind = 'service'\nexpired = 'cancelled'\ncalls = { to = 'shop', latency = '0s' }\n";
    let chained = callers_leave("expired = 'cancelled'", layer, "layer");
    assert_eq!((chained.figure("shop.busy_time"), chained.figure("layer.busy_time")), (5.0, 20.0));
    let layer = layer.replace("expired = 'cancelled'\n", "");
    // The layer goes on, and so nobody tells the shop to stop; what waits there is dropped all the same.
    assert_eq!(callers_leave("expired = 'cancelled'", &layer, "layer").figure("shop.busy_time"), 50.0);
    let balancer = "[pipeline.p.lb]\nkind = 'load_balancer'\ntargets = 'shop'\nlatency = '0s'\n";
    let balanced = callers_leave("expired = 'cancelled'", balancer, "lb");
    assert_eq!((balanced.figure("shop.busy_time"), balanced.figure("lb.outstanding_max")), (5.0, 20.0));
    assert_eq!(callers_leave("", balancer, "lb").figure("shop.busy_time"), 200.0);
}
