//! Amazon MQ: where a broker stops a consumer or a producer, and how long it is away.

use super::brokers::{ACTIVE, LONG, MEMORY, ONE, QUORUM, broker, crew, fault};
use crate::bench::{Ran, about, model, over_seeds, run};
use surgetank::metrics::Fate;

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

/// Two hundred messages of a kilobyte at once, for a broker with room for a hundred whose consumers come after a minute.
fn too_many(settings: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '2min'\ndrain = '1h'\nsample_every = '1s'\n\
         [traffic.jobs]\nspike = {{ at = '1s', count = 200 }}\nsize = '1KiB'\n[work.job]\ntime = '1s'\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 200\n\
         sends = {{ to = 'broker', timeout = '1h', retries = {{ attempts = 1 }} }}\n\
         [pipeline.p.broker]\nkind = 'mq'\n{settings}\n{}{}",
        crew("crew", "broker", 10, "prefetch = 1\nwork = 'job'"),
        fault("crew", "kind = 'down'\nfrom = '0s'\nto = '1min'")
    ))
}

const FULL: [&str; 2] = [
    "engine = 'activemq'\npersistent = false\nmemory_limit = '100KiB'",
    "engine = 'activemq'\nstorage_limit = '100KiB'",
];

#[test]
fn claim_86_with_a_full_memory_sends_wait_and_nothing_is_lost_unless_they_are_to_fail() {
    for settings in FULL {
        let ran = too_many(settings);
        for (level, expected) in [("message_ready_count", 100.0), ("message_blocked_count", 100.0)] {
            assert_eq!(ran.series(&format!("broker.{level}"))[30].1, expected, "{settings}: {level}");
        }
        assert_eq!(ran.series("web.busy")[30].1, 100.0, "who is blocked waits");
        assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("web.served")), (200, 200.0));
        // Ten consumers of a second each: they never waited for those who were let in one by one.
        about(ran.summary("latency_max"), 79.0, 0.01);
        let failing = too_many(&format!("{settings}\nsend_fail_if_no_space = true"));
        assert_eq!((failing.lost("broker", "no room"), failing.jobs(Fate::Rejected)), (100, 100));
        assert_eq!((failing.figure("web.served"), failing.figure("broker.message_blocked_count_max")), (100.0, 0.0));
    }
}

#[test]
fn a_rabbitmq_without_memory_stops_its_producers_and_goes_on_with_its_consumers() {
    let memory = format!("{MEMORY}\nmemory_limit = '100KiB'");
    let ran = too_many(&memory);
    let (ready, blocked) = (ran.series("broker.message_ready_count"), ran.series("broker.message_blocked_count"));
    assert_eq!((ready[30].1, blocked[30].1, ran.jobs(Fate::DoneInTime)), (100.0, 100.0, 200));
    // From the minute on ten leave in each second and ten take their place, until nobody waits any more.
    assert!((62..68).all(|second| (80.0..=100.0).contains(&ready[second].1) && blocked[second].1 > 0.0));
    assert_eq!(blocked[72].1, 0.0);
    // What a quorum queue has on disk takes so little memory that the same limit is far away.
    let stored = too_many(&format!("{QUORUM}\nmemory_limit = '100KiB'"));
    assert_eq!(stored.figure("broker.message_blocked_count_max"), 0.0);
    let tight = too_many(&format!("{QUORUM}\nmemory_limit = '3200B'"));
    assert_eq!(tight.series("broker.message_blocked_count")[30].1, 100.0);
}

#[test]
fn producers_that_wait_for_room_lose_their_connection_when_the_broker_goes_down() {
    let text = broker(
        LONG,
        "spike = { at = '1s', count = 20 }\nsize = '1KiB'",
        &format!("{ACTIVE}\nstorage_limit = '10KiB'"),
        &fault("broker", "kind = 'down'\nfrom = '10s'\nto = '20s'"),
    );
    let ran = run(&text);
    assert_eq!((ran.lost("broker", "down"), ran.jobs(Fate::Unfinished)), (10, 10));
}

#[test]
fn claim_91_what_a_stomp_client_sends_is_lost_in_a_restart_unless_it_asks_for_more() {
    let restarted = |more: &str| {
        let settings = format!("engine = 'activemq'\n{more}");
        let reboot = fault("broker", "kind = 'reboot'\nat = '30s'");
        run(&broker(LONG, "spike = { at = '1s', count = 10 }", &settings, &reboot))
    };
    assert_eq!(restarted("protocol = 'stomp'").jobs(Fate::Lost), 10);
    for kept in ["protocol = 'stomp'\npersistent = true", "protocol = 'openwire'"] {
        assert_eq!(restarted(kept).jobs(Fate::Unfinished), 10, "{kept}");
    }
}

/// Ten messages a second, and something that happens to the broker after a minute.
fn hit(deployment: &str, kind: &str) -> String {
    broker(
        "duration = '10min'\ndrain = '10min'\nsample_every = '1s'",
        "rate = '10/s'\narrivals = 'regular'",
        &format!("{ACTIVE}\ndeployment = '{deployment}'"),
        &(crew("crew", "broker", 1, "prefetch = 1\nwork = 'short'")
            + &fault("broker", &format!("kind = '{kind}'\nat = '1min'"))),
    )
}

/// Seconds in which nothing could be sent.
fn outage(ran: &Ran) -> f64 {
    ran.lost("broker", "down") as f64 / 10.0
}

#[test]
fn claim_92_maintenance_takes_a_single_broker_away_for_five_minutes_and_a_pair_for_seconds() {
    about(outage(&run(&hit("SINGLE_INSTANCE", "reboot"))), 300.0, 0.001);
    let pair = over_seeds(&hit("ACTIVE_STANDBY_MULTI_AZ", "reboot"), 1..21, outage);
    assert!(pair.iter().all(|outage| (2.9..=15.1).contains(outage)), "{pair:?}");
    let told = hit("SINGLE_INSTANCE", "reboot").replace("deployment", "reboot_outage = '1min'\ndeployment");
    about(outage(&run(&told)), 60.0, 0.01);
}

#[test]
fn claim_89_a_crash_of_the_active_broker_takes_a_while_and_loses_nothing_that_was_stored() {
    let seeds = 1..41;
    let ran = over_seeds(&hit("ACTIVE_STANDBY_MULTI_AZ", "crash"), seeds, |ran| {
        assert_eq!((ran.jobs(Fate::Lost), ran.jobs(Fate::Unfinished)), (0, 0));
        assert_eq!((ran.sent() - ran.jobs(Fate::Rejected)) as f64, ran.figure("crew.handled"));
        // Nobody waits longer than who is first to be let in again, and has to wait for the consumer.
        (outage(ran), ran.summary("latency_max"))
    });
    for &(outage, waited) in &ran {
        assert!((19.9..=90.1).contains(&outage), "{outage} s");
        // The consumer tries at ever longer distances, thirty seconds at most.
        assert!(waited <= 30.1, "{waited} s");
    }
    assert!(ran.iter().any(|&(_, waited)| waited > 20.0), "somebody has just tried in vain when the broker comes back");
    // Uniform between 20 s and 90 s, within three standard errors.
    let mean = ran.iter().map(|(outage, _)| outage).sum::<f64>() / ran.len() as f64;
    about(mean, 55.0, 3.0 * 70.0 / (12.0 * ran.len() as f64).sqrt() / 55.0);
}

/// A sender whose messages may not wait for longer.
fn expiring(after: &str) -> String {
    format!("[pipeline.p.web]\nkind = 'service'\nsends = {{ to = 'broker', expiration = '{after}' }}")
}

#[test]
fn what_a_broker_cannot_be_is_told() {
    for (settings, said) in [
        (format!("{QUORUM}\nconsumer_timeout = '30s'"), "mq.rabbitmq_ack_timeout_check"),
        (format!("{ACTIVE}\nconsumer_timeout = '1h'"), "`consumer_timeout` has no effect"),
        (format!("{ACTIVE}\nstorage_limit = '201GiB'"), "mq.activemq_storage"),
        (format!("{ACTIVE}\ninstance_type = 'mq.t3.micro'\nstorage_limit = '21GiB'"), "mq.activemq_storage_micro"),
        (format!("{ACTIVE}\nmemory_limit = '1GiB'"), "set `storage_limit`"),
        (format!("{MEMORY}\nmemory_limit = '0B'"), "a broker without room takes no message"),
        (format!("{QUORUM}\nstorage_limit = '1GiB'"), "`storage_limit` has no effect"),
        (format!("{QUORUM}\nsend_fail_if_no_space = true"), "RabbitMQ always makes its senders wait"),
        (format!("{QUORUM}\nprotocol = 'stomp'"), "RabbitMQ on Amazon MQ does not speak stomp"),
        (format!("{ACTIVE}\nprotocol = 'amqp'"), "ActiveMQ here does not speak amqp"),
        (format!("{QUORUM}\ndeployment = 'ACTIVE_STANDBY_MULTI_AZ'"), "does not offer RabbitMQ with a standby"),
        (format!("{ACTIVE}\nstorage = 'ebs'\ndeployment = 'ACTIVE_STANDBY_MULTI_AZ'"), "a standby cannot reach a disk"),
        (format!("{ACTIVE}\nbindings = {{ a = '#' }}"), "ActiveMQ has no exchanges"),
        (format!("{QUORUM}\nbindings = {{ a = '#' }}"), "nothing is sent with a key"),
        (format!("{QUORUM}\nrouting_keys = 'a.b'"), "no queue is bound by a pattern"),
        (format!("{QUORUM}\nrouting_keys = 'a..b'\nbindings = {{ a = '#' }}"), "`a..b` cannot be a routing key"),
        (format!("{QUORUM}\nrouting_keys = ['b', 'b']\nbindings = {{ a = '#' }}"), "`b` is listed twice"),
        (format!("{QUORUM}\nrouting_keys = 'b'\nbindings = {{ a = 'b*' }}"), "`b*` cannot be a pattern"),
        (format!("{QUORUM}\nrouting_keys = 'a'\nbindings = {{ a = '#' }}"), "both a queue and a topic"),
        (format!("{QUORUM}\n{}", expiring("0s")), "a message that may not wait at all"),
    ] {
        let told = model(&broker(LONG, ONE, &settings, "")).expect_err(&settings);
        assert!(told.contains(said), "{settings}: {told}");
    }
}
