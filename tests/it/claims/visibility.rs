//! Amazon SQS: how long a message stays hidden, and what consumers do about it.

use super::queues::{ONE, at, crew, down, failing, queue};
use crate::bench::{Ran, run};
use surgetank::metrics::Fate;

/// Another fleet on the same queue, which is away at first.
fn others(until: &str) -> String {
    crew(1, "work = 'job'\nspeed = 0.01").replace("p.crew", "p.others")
        + &down("0s", until).replace("p.crew", "p.others")
}

#[test]
fn claim_04_a_change_of_visibility_counts_from_its_own_call_and_replaces_what_was_left() {
    // The work takes 100 s; 15 s after it began the worker asks for 10 s.
    let text = queue(
        "duration = '2s'\ndrain = '10min'\nsample_every = '100ms'\nallow = ['A030']",
        ONE,
        "visibility_timeout = '60s'",
        &crew(1, "work = 'job'\nspeed = 0.01\nextend_visibility = { every = '15s', to = '10s' }"),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "jobs.in_flight", 25.9), at(&ran, "jobs.visible", 25.9)), (1.0, 0.0));
    assert_eq!((at(&ran, "jobs.in_flight", 26.0), at(&ran, "jobs.visible", 26.0)), (0.0, 1.0));
    // All further requests for more time come too late.
    assert_eq!((ran.figure("jobs.visibility_changes"), ran.figure("jobs.refused_visibility_changes")), (1.0, 5.0));
}

#[test]
fn claim_05_a_message_that_is_given_up_can_be_received_at_once() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'",
        ONE,
        "visibility_timeout = '30s'",
        &(crew(1, "work = 'job'\nspeed = 0.25\nafter_failure = { visibility = '0s' }") + &failing("0s", "6s")),
    );
    let ran = run(&text);
    // Failed at 5 s, received again at 5 s, done at 9 s; nobody worked on it twice at once.
    assert_eq!((ran.summary("latency_max"), ran.figure("jobs.messages_received")), (8.0, 2.0));
    assert_eq!((ran.figure("jobs.visibility_changes"), ran.figure("jobs.duplicates_overrun")), (1.0, 0.0));
}

#[test]
fn what_is_given_up_can_be_hidden_for_longer_each_time() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'\nsample_every = '1s'",
        ONE,
        "visibility_timeout = '30s'\ndead_letter = { queue = 'failed', max_receive_count = 6 }",
        &(crew(1, "after_failure = { visibility = '2s', backoff = 'exponential', cap = '10s' }")
            + super::queues::FAILED
            + &failing("0s", "1h")),
    );
    let ran = run(&text);
    // Received at 1, 3, 7, 15, 25 and 35 s; what would be the seventh receive finds it gone.
    assert_eq!((at(&ran, "failed.visible", 44.0), at(&ran, "failed.visible", 45.0)), (0.0, 1.0));
    assert_eq!(ran.figure("jobs.messages_received"), 6.0);
}

#[test]
fn claim_06_a_receive_hides_a_message_for_twelve_hours_at_most() {
    // The work takes 20 hours. Every hour the worker asks for two more.
    let slow = "work = 'job'\nspeed = 0.00001388888888888889";
    let text = queue(
        "duration = '2s'\ndrain = '2d'\nsample_every = '1h'",
        ONE,
        "visibility_timeout = '2h'",
        &crew(1, &format!("{slow}\nextend_visibility = {{ every = '1h', to = '2h' }}")),
    );
    let ran = run(&text);
    let hour = 3600.0;
    assert_eq!((at(&ran, "jobs.in_flight", 12.0 * hour), at(&ran, "jobs.in_flight", 13.0 * hour)), (1.0, 0.0));
    // At the tenth hour exactly twelve are reached; the request of the eleventh is refused, it is not shortened.
    assert_eq!(ran.figure("jobs.visibility_changes"), 10.0);
    assert!(ran.figure("jobs.refused_visibility_changes") >= 8.0);
}

#[test]
fn claim_06_right_after_the_receive_twelve_hours_are_too_many() {
    for (to, changes) in [("43200s", 0.0), ("43195s", 1.0)] {
        let beats = format!("extend_visibility = {{ every = '4s', to = '{to}' }}\nwork = 'job'\nspeed = 0.2");
        let text = queue("duration = '2s'\ndrain = '13h'", ONE, "", &crew(1, &beats));
        let ran = run(&text);
        assert_eq!(ran.figure("jobs.visibility_changes"), changes, "{to}");
        assert_eq!(ran.figure("jobs.refused_visibility_changes"), 1.0 - changes, "{to}");
        assert_eq!(ran.jobs(Fate::DoneInTime), 1);
    }
}

#[test]
fn claim_07_the_next_receive_hides_for_the_time_of_the_queue_again() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'\nsample_every = '100ms'\nallow = ['A030']",
        ONE,
        "visibility_timeout = '60s'",
        &(crew(1, "work = 'job'\nspeed = 0.01\nextend_visibility = { every = '15s', to = '10s' }") + &others("20s")),
    );
    let ran = run(&text);
    // Received again at 26 s by somebody who does not ask for more.
    assert_eq!((at(&ran, "jobs.in_flight", 85.9), at(&ran, "jobs.visible", 85.9)), (1.0, 0.0));
    assert_eq!((at(&ran, "jobs.in_flight", 86.0), at(&ran, "jobs.visible", 86.0)), (0.0, 1.0));
    assert!(ran.figure("jobs.duplicates_overrun") >= 1.0);
}

#[test]
fn workers_that_ask_for_more_time_are_not_overtaken() {
    let with = |beats: &str| {
        let text = queue(
            "duration = '2s'\ndrain = '10min'",
            ONE,
            "visibility_timeout = '2s'",
            &crew(5, &format!("work = 'job'\nspeed = 0.1\n{beats}")),
        );
        run(&text)
    };
    let beating = with("extend_visibility = { every = '1s', to = '2s' }");
    assert_eq!((beating.figure("jobs.messages_received"), beating.figure("jobs.messages_deleted")), (1.0, 1.0));
    assert_eq!((beating.figure("jobs.duplicates_overrun"), beating.jobs(Fate::DoneInTime)), (0.0, 1));
    let still = with("");
    assert!(still.figure("jobs.duplicates_overrun") >= 4.0);
}

#[test]
fn a_consumer_may_ask_for_a_visibility_timeout_of_its_own() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'\nsample_every = '100ms'",
        ONE,
        "visibility_timeout = '30s'",
        &(crew(1, "work = 'job'\nspeed = 0.01\nvisibility_timeout = '5s'") + &others("20s")),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "jobs.visible", 5.9), at(&ran, "jobs.visible", 6.0)), (0.0, 1.0));
    // The other fleet, back at 20 s, asks for no time of its own: 30 s.
    assert_eq!((at(&ran, "jobs.visible", 19.9), at(&ran, "jobs.in_flight", 20.0)), (1.0, 1.0));
    assert_eq!((at(&ran, "jobs.visible", 49.9), at(&ran, "jobs.visible", 50.0)), (0.0, 1.0));
}

#[test]
fn messages_in_the_hands_of_a_worker_burn_their_time() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'",
        "spike = { at = '1s', count = 10 }",
        "visibility_timeout = '30s'",
        &(crew(1, "work = 'job'\nspeed = 0.25\nmax_number_of_messages = 10")
            + &down("0s", "2s")
            + &others("20s").replace("speed = 0.01", "speed = 0.25")),
    );
    let ran = run(&text);
    // 4 s each, all hidden from 2 s on: at 32 s the eighth is being worked on, and two have not been begun.
    assert_eq!((ran.figure("jobs.duplicates_overrun"), ran.figure("jobs.messages_received")), (3.0, 13.0));
    assert_eq!(ran.jobs(Fate::DoneTwice), 3);
}

#[test]
fn claim_12_a_message_expires_silently_even_in_flight() {
    let text = queue(
        "duration = '2s'\ndrain = '10min'\nsample_every = '1s'",
        ONE,
        "visibility_timeout = '12h'\nmessage_retention_period = '1min'\n\
         dead_letter = { queue = 'failed', max_receive_count = 1 }",
        &(crew(1, "") + super::queues::FAILED + &failing("0s", "1h")),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "jobs.in_flight", 60.0), at(&ran, "jobs.in_flight", 61.0)), (1.0, 0.0));
    assert_eq!((ran.lost("jobs", "older than the retention"), ran.figure("jobs.messages_dead_lettered")), (1, 0.0));
}

#[test]
fn claim_09_an_answer_that_is_lost_counts_as_a_receive_that_nobody_worked_on() {
    let text = queue(
        "duration = '2s'\ndrain = '2h'",
        "spike = { at = '1s', count = 1000 }",
        "visibility_timeout = '10s'\nduplicate_probability = '0%'",
        &crew(10, "work = 'job'\nlost_responses = '30%'"),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_deleted"), ran.jobs(Fate::DoneInTime)), (1000.0, 1000));
    let lost = ran.figure("crew.lost_responses");
    // Of 1000 / 0.7 answers: 429, and five standard deviations are 124.
    assert!((lost - 428.6).abs() < 124.0, "{lost}");
    assert_eq!((ran.figure("jobs.messages_received_again"), ran.figure("jobs.duplicates_overrun")), (lost, 0.0));
    // With a single chance, what was lost on the way is put aside although nobody ever saw it.
    let once =
        text.replace("'0%'", "'0%'\ndead_letter = { queue = 'failed', max_receive_count = 1 }") + super::queues::FAILED;
    let ran = run(&once);
    let aside = ran.jobs(Fate::DeadLettered);
    assert_eq!((aside as f64, ran.figure("crew.handled")), (ran.figure("crew.lost_responses"), 1000.0 - aside as f64));
    assert!(aside > 200);
}

#[test]
fn workers_that_were_killed_are_not_counted_as_idle() {
    let with = |fault: &str| {
        run(&queue(
            "duration = '2s'\ndrain = '98s'\nsample_every = '1s'",
            "spike = { at = '0s', count = 2000 }",
            "visibility_timeout = '1h'",
            &(crew(10, "work = 'job'") + fault),
        ))
    };
    let killed = with("[[fault]]\nnode = 'p.crew'\nkind = 'kill'\ncount = 5\nat = '10s'\n");
    let away = with(&down("10s", "70s"));
    let there = |ran: &Ran| [9.0, 10.0, 69.0, 70.0].map(|second| at(ran, "crew.workers", second));
    assert_eq!((there(&killed), there(&away)), ([10.0, 5.0, 5.0, 5.0], [10.0, 0.0, 0.0, 10.0]));
    // Somebody always waits: those who are there are always busy, and the others are nowhere.
    assert_eq!((killed.figure("crew.utilisation"), killed.figure("crew.busy_mean")), (1.0, 5.5));
    assert_eq!((away.figure("crew.utilisation"), away.figure("crew.busy_mean")), (1.0, 4.0));
}
