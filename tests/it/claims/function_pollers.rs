//! AWS Lambda: how many pollers fetch messages of a queue for a function that fails, or that has no room.
//!
//! The guide says that concurrency falls gradually then. How fast is the model's: once a minute, by half
//! (`lambda.sqs_look_back`), down to the five that begin.

use super::mappings::{AT_ONCE, at, polling, spike};
use crate::bench::{Ran, run};
use surgetank::metrics::Fate;

const ALWAYS_FAILS: &str = "[[fault]]\nnode = 'p.f'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '10h'\n";

/// Five thousand messages, each of which fails after `work`.
fn failing(work: &str, timeout: &str, visibility: &str, function: &str) -> Ran {
    run(&polling(
        "duration = '2s'\ndrain = '20min'\nsample_every = '1s'",
        &spike(5_000),
        work,
        &format!("visibility_timeout = '{visibility}'"),
        &format!("{AT_ONCE}timeout = '{timeout}'\nbatch_size = 1\n{function}\n{ALWAYS_FAILS}"),
    ))
}

#[test]
fn pollers_of_a_function_that_fails_fall_to_the_five_that_begin_however_long_its_work_is() {
    // Three hundred more in the first minute at most, and then half as many each minute: 305, 152, 76, 38, 19, 9, 5.
    for (work, timeout, visibility) in [("1s", "3s", "30s"), ("5s", "10s", "30s")] {
        let ran = failing(work, timeout, visibility, "");
        let pollers = |second| at(&ran, "f.pollers", second);
        assert!((200.0..=305.0).contains(&ran.figure("f.pollers_max")), "{work}");
        assert!(pollers(120.0) <= 153.0 && pollers(240.0) <= 77.0, "{work}: {} {}", pollers(120.0), pollers(240.0));
        assert!((500..1200).all(|second| pollers(f64::from(second)) <= 5.0), "{work}");
    }
    // With work of a minute, the first failures come in the second one: they are noticed when it ends.
    let ran = failing("60s", "90s", "15min", "");
    assert!(ran.figure("f.pollers_max") <= 605.0);
    assert!((at(&ran, "f.pollers", 240.0), at(&ran, "f.pollers", 700.0)) <= (303.0, 5.0));
    // With work of five minutes, only after five.
    let ran = failing("5min", "10min", "60min", "");
    let pollers = |second| at(&ran, "f.pollers", second);
    assert!(pollers(300.0) >= 1_200.0 && pollers(1_000.0) < 200.0, "{} {}", pollers(300.0), pollers(1_000.0));
}

#[test]
fn provisioned_pollers_of_a_function_that_fails_fall_to_those_that_are_always_there() {
    let ran = failing("1s", "3s", "30s", "provisioned_pollers = { minimum_pollers = 3 }");
    // Three pollers with ten lanes each, and a thousand more in the first minute at most.
    assert!((300.0..=1_030.0).contains(&ran.figure("f.pollers_max")), "{}", ran.figure("f.pollers_max"));
    assert!((600..1200).all(|second| at(&ran, "f.pollers", f64::from(second)) <= 30.0));
}

/// A thousand messages of 25 s for a function that works on five at once.
fn throttled(queue: &str) -> Ran {
    run(&polling(
        "duration = '2s'\ndrain = '6h'\nsample_every = '1s'",
        &spike(1_000),
        "25s",
        queue,
        "timeout = '30s'\nbatch_size = 1\nreserved_concurrent_executions = 5\n[pipeline.p.failed]\nkind = 'sqs'",
    ))
}

#[test]
fn pollers_of_a_function_without_room_fall_and_stay_low() {
    for visibility in ["30s", "300s"] {
        let ran = throttled(&format!("visibility_timeout = '{visibility}'"));
        let pollers = |second| at(&ran, "f.pollers", f64::from(second));
        assert!(ran.figure("f.pollers_max") <= 305.0, "{visibility}");
        // What a lane holds is tried until the visibility timeout is over, so the many of the first minute go then.
        let later: Vec<f64> = (600..4_800).map(pollers).collect();
        let mean = later.iter().sum::<f64>() / 4_200.0;
        assert!(later.iter().all(|&pollers| pollers < 40.0) && mean < 15.0, "{visibility}: {mean}");
        // Five at once are enough for what five environments do: 1,000 x 25 s / 5.
        assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::DoneTwice), 1_000);
        assert!((5_000.0..5_600.0).contains(&ran.summary("latency_max")), "{}", ran.summary("latency_max"));
    }
}

#[test]
fn the_advice_of_the_guide_keeps_messages_of_a_crowded_function_out_of_the_dead_letter_queue() {
    // Six times the function's timeout, and five receives.
    let dead = |queue: &str| throttled(&format!("{queue}, max_receive_count = 5 }}")).jobs(Fate::DeadLettered);
    let advised = dead("visibility_timeout = '180s'\ndead_letter = { queue = 'failed'");
    let short = dead("visibility_timeout = '30s'\ndead_letter = { queue = 'failed'");
    assert!(advised < 20 && short > advised, "{advised} {short}");
}

#[test]
fn a_few_failures_do_not_keep_pollers_from_growing() {
    // A hundred messages a second of a second each need a hundred environments, and each tenth fails.
    let ran = run(&polling(
        "duration = '6min'\ndrain = '1h'\nsample_every = '1s'",
        "rate = '100/s'",
        "1s",
        "visibility_timeout = '30s'",
        "timeout = '3s'\nbatch_size = 1\ncalls = { to = 'shop', latency = '0s' }\n\
         [pipeline.p.shop]\nkind = 'http'\nlatency = '0s'\nfails = '10%'",
    ));
    assert!((60..360).all(|second| at(&ran, "f.pollers", f64::from(second)) >= 100.0));
    // The backlog of the first half minute is gone long before the end.
    assert!((180..360).all(|second| at(&ran, "jobs.visible", f64::from(second)) < 100.0));
    assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
}

#[test]
fn pollers_that_mostly_have_room_are_in_no_trouble() {
    // 1,250 pollers, and an account with a thousand environments: 250 are throttled, a thousand are not.
    let ran = run(&polling(
        "duration = '2s'\ndrain = '3h'\nsample_every = '1s'",
        &spike(2_500),
        "10min",
        "visibility_timeout = '90min'",
        "timeout = '15min'\nbatch_size = 1",
    ));
    assert!(ran.figure("f.throttles") > 0.0);
    assert!((260..1_200).all(|second| at(&ran, "f.pollers", f64::from(second)) == 1_250.0));
    assert!((260..1_200).all(|second| at(&ran, "f.concurrent_executions", f64::from(second)) >= 980.0));
    assert_eq!(ran.jobs(Fate::DoneInTime), 2_500);
}

#[test]
fn growth_comes_back_when_a_function_has_room_again() {
    let text = polling(
        "duration = '2s'\ndrain = '1h'\nsample_every = '1s'",
        &spike(12_000),
        "5s",
        "visibility_timeout = '5min'",
        &format!(
            "{AT_ONCE}timeout = '10s'\nbatch_size = 1\n\
             [[fault]]\nnode = 'p.f'\nkind = 'fails'\nshare = '100%'\nfrom = '63s'\nto = '3min'"
        ),
    );
    let ran = run(&text);
    let pollers = |second| at(&ran, "f.pollers", second);
    // Five a second from the first second on. The second minute is of trouble: at its end half of 605 may stay, and no
    // more come in the third. That is of trouble too.
    assert_eq!((pollers(60.0), pollers(120.0)), (300.0, 600.0));
    assert!(pollers(130.0) <= 302.0 && pollers(180.0) <= 302.0, "{} {}", pollers(130.0), pollers(180.0));
    assert!(pollers(190.0) <= 151.0 && pollers(190.0) >= 2.0, "{}", pollers(190.0));
    assert_eq!(ran.jobs(Fate::DoneInTime), 12_000);
}
