//! Amazon MQ: where a broker stops a consumer or a producer, and how long it is away.

use super::brokers::{ACTIVE, MEMORY, QUORUM, broker, crew};
use crate::bench::run;

/// A job that takes 45 minutes, and two consumers of which one is free for it.
fn long_job(settings: &str, more: &str) -> String {
    let text = broker(
        "duration = '35min'\ndrain = '0s'\nsample_every = '1s'",
        "spike = { at = '30s', count = 1 }",
        settings,
        &crew("crew", "broker", 2, &format!("prefetch = 1\nwork = 'job'\n{more}")),
    );
    text.replace("[work.job]\ntime = '1s'", "[work.job]\ntime = '45min'")
}

#[test]
fn claim_97_a_job_of_45_minutes_is_taken_back_and_delivered_again_after_30_to_31_minutes() {
    for settings in [QUORUM, MEMORY] {
        let ran = run(&long_job(settings, ""));
        assert_eq!((ran.figure("broker.messages_redelivered"), ran.figure("broker.consumer_timeouts")), (1.0, 1.0));
        let busy = ran.series("crew.busy");
        let first = |level: f64| busy.iter().find(|&&(_, workers)| workers >= level).expect("so many work").0;
        let held = first(2.0) - first(1.0);
        assert!((1800.0..=1860.0).contains(&held), "{held} s");
    }
    let patient = run(&long_job(&format!("{QUORUM}\nconsumer_timeout = '1h'"), ""));
    assert_eq!(patient.figure("broker.messages_redelivered"), 0.0);
    let told_before = run(&long_job(QUORUM, "auto_ack = true").replace("prefetch = 1\n", ""));
    assert_eq!(told_before.figure("broker.messages_redelivered"), 0.0);
    let active = run(&long_job(ACTIVE, ""));
    assert_eq!((active.figure("broker.messages_redelivered"), active.figure("broker.messages_delivered")), (0.0, 1.0));
}

#[test]
fn a_consumer_that_is_always_too_slow_gets_its_job_again_and_again_until_the_delivery_limit() {
    let text = broker(
        "duration = '1min'\ndrain = '30h'",
        "spike = { at = '30s', count = 1 }",
        &format!("{QUORUM}\ndelivery_limit = 2"),
        &crew("crew", "broker", 1, "work = 'job'"),
    );
    let ran = run(&text.replace("[work.job]\ntime = '1s'", "[work.job]\ntime = '45min'"));
    // Taken back three times. It is done for all that, three times, and no acknowledgement counts.
    assert_eq!((ran.figure("broker.messages_delivered"), ran.figure("broker.consumer_timeouts")), (3.0, 3.0));
    assert_eq!((ran.figure("broker.stale_acknowledgements"), ran.figure("crew.repeated")), (3.0, 2.0));
}

#[test]
fn what_waits_too_long_in_the_hands_of_a_busy_consumer_goes_to_another_in_its_old_order() {
    let late = "[pipeline.p.late]\nkind = 'workers'\nconsumes = 'broker'\ncount = 1\nlatency = '0s'\n\
                work = 'job'\n[[fault]]\nnode = 'p.late'\nkind = 'down'\nfrom = '0s'\nto = '20min'\n";
    let text = broker(
        "duration = '1min'\ndrain = '2h'",
        "spike = { at = '30s', count = 5 }",
        QUORUM,
        &(crew("first", "broker", 1, "work = 'job'") + late),
    );
    let ran = run(&text.replace("[work.job]\ntime = '1s'", "[work.job]\ntime = '10min'"));
    // By minute 31 the first has done three and holds two, one of them at work since 30:30. The other gets both in their
    // order; the first does them all the same, and half a minute sooner.
    assert_eq!((ran.figure("broker.consumer_timeouts"), ran.figure("broker.messages_redelivered")), (1.0, 2.0));
    assert_eq!(ran.figure("broker.stale_acknowledgements"), 2.0);
    assert_eq!(ran.summary("latency_max").round(), 3000.0);
}
