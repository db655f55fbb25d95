//! Amazon MQ: `ActiveMQ` and `RabbitMQ`.

use crate::bench::{about, run};
use surgetank::metrics::Fate;

/// A broker whose own time does not matter, jobs that are sent to it, and other nodes.
pub(super) fn broker(run: &str, traffic: &str, broker: &str, others: &str) -> String {
    format!(
        "[run]\n{run}\n[traffic.jobs]\n{traffic}\n[work.job]\ntime = '1s'\n[work.short]\ntime = '1ms'\n\
         [pipeline.p.broker]\nkind = 'mq'\nfrom = 'jobs'\ncpu_per_message = '0s'\n{broker}\n{others}"
    )
}

/// Consumers at no distance.
pub(super) fn crew(name: &str, consumes: &str, count: u32, more: &str) -> String {
    format!("[pipeline.p.{name}]\nkind = 'workers'\nconsumes = '{consumes}'\ncount = {count}\nlatency = '0s'\n{more}\n")
}

pub(super) fn fault(node: &str, kind: &str) -> String {
    format!("[[fault]]\nnode = 'p.{node}'\n{kind}\n")
}

pub(super) const LONG: &str = "duration = '2min'\ndrain = '1h'\nsample_every = '1s'";
pub(super) const ONE: &str = "spike = { at = '1s', count = 1 }";
pub(super) const ACTIVE: &str = "engine = 'activemq'\nstorage_latency = '0s'";
pub(super) const QUORUM: &str = "engine = 'rabbitmq'\nstorage_latency = '0s'";
pub(super) const MEMORY: &str = "engine = 'rabbitmq'\nqueue_type = 'classic'\npersistent = false";
const FAILS: &str = "kind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '1h'";

#[test]
fn claim_82_twenty_producers_on_a_shared_file_system_get_far_more_than_one() {
    let published = |producers: u32| {
        let text = format!(
            "[run]\nduration = '20s'\ndrain = '0s'\n[traffic.jobs]\nrate = '2000/s'\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = {producers}\naccept_queue = 100000\n\
             sends = 'broker'\n[pipeline.p.broker]\nkind = 'mq'\nengine = 'activemq'\nstorage = 'efs'\n"
        );
        run(&text).figure("broker.messages_published") / 20.0
    };
    about(published(1), 80.0, 0.1);
    assert!(published(20) > 8.0 * published(1), "{}", published(20));
}

#[test]
fn claim_83_a_restart_loses_what_is_in_memory_and_keeps_what_is_stored() {
    let restarted = |settings: &str| {
        let down = fault("broker", "kind = 'down'\nfrom = '10s'\nto = '60s'");
        run(&broker(LONG, "spike = { at = '1s', count = 10 }", settings, &down))
    };
    let (gone, there) = (restarted(MEMORY), restarted(QUORUM));
    assert_eq!((gone.lost("broker", "only in memory"), gone.jobs(Fate::Lost)), (10, 10));
    let ready = there.series("broker.message_ready_count");
    assert_eq!((ready.last().expect("samples").1, there.jobs(Fate::Unfinished)), (10.0, 10));
    let loose = restarted(&format!("{ACTIVE}\npersistent = false").replace("storage_latency = '0s'\n", ""));
    assert_eq!(loose.lost("broker", "only in memory"), 10);
}

#[test]
fn claim_85_a_listener_that_always_throws_gets_a_message_seven_times_in_at_least_six_seconds() {
    let text = broker(LONG, ONE, ACTIVE, &(crew("crew", "broker", 1, "work = 'short'") + &fault("crew", FAILS)));
    let ran = run(&text);
    assert_eq!((ran.figure("broker.messages_delivered"), ran.figure("broker.messages_dead_lettered")), (7.0, 1.0));
    assert_eq!((ran.jobs(Fate::DeadLettered), ran.figure("crew.failed")), (1, 7.0));
    // The dead letter is ready in its queue from the seventh failure on: 1 s + 6 pauses of 1 s + 7 ms.
    let ready = ran.series("broker.message_ready_count");
    let first = ready.iter().find(|(time, held)| *time > 1.0 && *held > 0.0).expect("a dead letter").0;
    assert_eq!(first, 8.0);
}

#[test]
fn claim_88_each_group_of_a_virtual_topic_gets_every_message_and_its_consumers_share_them() {
    let senders =
        "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nsends = { to = 'broker.orders', latency = '0s' }\n";
    let text = broker(
        LONG,
        "spike = { at = '1s', count = 100 }",
        &format!("{ACTIVE}\ntopics = {{ orders = ['a', 'b'] }}"),
        &(crew("two", "broker.a", 2, "prefetch = 1\nwork = 'job'")
            + &crew("one", "broker.b", 1, "prefetch = 1\nwork = 'job'")
            + senders),
    );
    let ran = run(&text.replace("kind = 'mq'\nfrom = 'jobs'\n", "kind = 'mq'\n"));
    assert_eq!((ran.figure("two.handled"), ran.figure("one.handled")), (100.0, 100.0));
    assert_eq!(ran.jobs(Fate::DoneInTime), 100);
    about(ran.summary("latency_max"), 100.0, 1e-4);
}

#[test]
fn claim_95_what_a_full_queue_turns_away_is_told_only_to_who_waits_for_confirms() {
    let with = |confirms: bool| {
        let text = format!(
            "[run]\nduration = '10s'\ndrain = '0s'\n[traffic.jobs]\nspike = {{ at = '1s', count = 150 }}\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\n\
             sends = {{ to = 'broker', retries = {{ attempts = 1 }} }}\n\
             [pipeline.p.broker]\nkind = 'mq'\n{MEMORY}\nconfirms = {confirms}\nmax_length = 100\n\
             overflow = 'reject_publish'\n"
        );
        let ran = run(&text);
        assert_eq!((ran.figure("broker.messages_rejected"), ran.lost("broker", "queue full")), (50.0, 50));
        ran.figure("web.served")
    };
    assert_eq!((with(true), with(false)), (100.0, 150.0));
}

#[test]
fn claim_98_after_twenty_failed_deliveries_a_quorum_queue_drops_a_message_and_a_classic_one_never() {
    let poisoned = |settings: &str| {
        let others = crew("crew", "broker", 1, "work = 'job'") + &fault("crew", FAILS);
        run(&broker("duration = '2min'\ndrain = '1s'", ONE, settings, &others))
    };
    let quorum = poisoned(QUORUM);
    assert_eq!((quorum.figure("broker.messages_delivered"), quorum.jobs(Fate::Lost)), (21.0, 1));
    let classic = poisoned(MEMORY);
    assert_eq!(classic.jobs(Fate::Unfinished), 1);
    assert!(classic.figure("broker.messages_delivered") >= 119.0);
}

#[test]
fn claim_100_with_auto_ack_everything_in_the_socket_dies_with_the_client() {
    let others =
        crew("crew", "broker", 1, "auto_ack = true\nwork = 'job'") + &fault("crew", "kind = 'kill'\nat = '1500ms'");
    let ran = run(&broker(LONG, "spike = { at = '1s', count = 500 }", QUORUM, &others));
    assert_eq!((ran.lost("broker", "acknowledged at delivery"), ran.jobs(Fate::Lost)), (500, 500));
}

#[test]
fn claim_101_one_confirm_at_a_time_is_as_slow_as_the_round_trip() {
    let published = |outstanding: u32| {
        let text = format!(
            "[run]\nduration = '10s'\ndrain = '0s'\n[traffic.jobs]\nrate = '30000/s'\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = {outstanding}\naccept_queue = 1000000\n\
             sends = {{ to = 'broker', latency = '5ms' }}\n\
             [pipeline.p.broker]\nkind = 'mq'\n{MEMORY}\ncpu_per_message = '0s'\n"
        );
        run(&text).figure("broker.messages_published") / 10.0
    };
    let alone = published(1);
    assert!(alone <= 200.1 && alone > 198.0, "{alone}");
    about(published(100), 100.0 * alone, 0.02);
}

#[test]
fn what_reaches_the_end_of_its_time_to_live_is_dead_lettered() {
    let text = broker(
        LONG,
        "spike = { at = '1s', count = 3 }",
        &format!("{QUORUM}\nmessage_ttl = '60s'\ndead_letter = 'failed'"),
        &crew("crew", "broker.failed", 1, "work = 'job'"),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("broker.messages_expired"), ran.figure("crew.handled")), (3.0, 3.0));
    about(ran.summary("latency_max"), 63.0, 1e-4);
}

#[test]
fn claim_104_behind_a_head_that_may_wait_a_message_is_dead_lettered_only_when_it_reaches_the_head() {
    let with = |patient: u32| {
        let sender = |flow: &str, more: &str| {
            format!(
                "[pipeline.p.{flow}-web]\nkind = 'service'\nfrom = '{flow}'\n\
                 sends = {{ to = 'broker.jobs', latency = '0s'{more} }}\n"
            )
        };
        run(&format!(
            "[run]\n{LONG}\n[traffic.patient]\nspike = {{ at = '1s', count = {patient} }}\n\
             [traffic.hasty]\nspike = {{ at = '2s', count = 1 }}\n[work.job]\ntime = '1s'\n{}{}\
             [pipeline.p.broker]\nkind = 'mq'\ncpu_per_message = '0s'\n{QUORUM}\nqueues = 'jobs'\n\
             dead_letter = 'failed'\n{}{}{}",
            sender("patient", ""),
            sender("hasty", ", expiration = '60s'"),
            crew("crew", "broker.jobs", 1, "prefetch = 1\nwork = 'job'"),
            crew("inspectors", "broker.failed", 1, "work = 'job'"),
            fault("crew", "kind = 'down'\nfrom = '0s'\nto = '5min'"),
        ))
    };
    // When the patient one leaves for its consumer, after five minutes; alone, after its minute.
    for (patient, waited) in [(1, 298.0), (0, 60.0)] {
        let ran = with(patient);
        assert_eq!((ran.figure("broker.messages_expired"), ran.figure("inspectors.handled")), (1.0, 1.0));
        assert_eq!(ran.figure("crew.handled"), f64::from(patient));
        let seen = ran.series("inspectors.busy").iter().find(|&&(_, busy)| busy > 0.0).expect("it is looked at").0;
        about(seen - 2.0, waited, 0.02);
    }
}

#[test]
fn what_expires_behind_the_head_is_not_delivered_when_the_head_is_gone() {
    let text = format!(
        "[run]\n{LONG}\n[traffic.patient]\nspike = {{ at = '1s', count = 1 }}\n\
         [traffic.hasty]\nspike = {{ at = '2s', count = 3 }}\n[work.job]\ntime = '1s'\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'patient'\nsends = 'broker'\n\
         [pipeline.p.other]\nkind = 'service'\nfrom = 'hasty'\nsends = {{ to = 'broker', expiration = '10s' }}\n\
         [pipeline.p.broker]\nkind = 'mq'\n{QUORUM}\nmessage_ttl = '1h'\n{}{}",
        crew("crew", "broker", 1, "work = 'job'"),
        fault("crew", "kind = 'down'\nfrom = '0s'\nto = '1min'"),
    );
    let ran = run(&text);
    assert_eq!((ran.jobs(Fate::Expired), ran.figure("crew.handled")), (3, 1.0));
}

#[test]
fn claim_103_a_star_in_a_binding_is_one_word_and_a_hash_any_number() {
    let keys = ["video.1.done", "video.1.2.done", "audio.1"];
    let sender = |(index, key): (usize, &str)| {
        format!(
            "[traffic.flow{index}]\nspike = {{ at = '1s', count = 10 }}\n\
             [pipeline.p.web{index}]\nkind = 'service'\nfrom = 'flow{index}'\nsends = 'broker.{key}'\n"
        )
    };
    let senders = keys.into_iter().enumerate().map(sender).collect::<Vec<_>>().concat();
    let ran = run(&format!(
        "[run]\n{LONG}\n[work.job]\ntime = '1s'\n{senders}\
         [pipeline.p.broker]\nkind = 'mq'\n{QUORUM}\nrouting_keys = {keys:?}\n\
         bindings = {{ one = 'video.*.done', every = ['video.#', '#.done'] }}\n{}{}",
        crew("one", "broker.one", 1, "work = 'job'"),
        crew("every", "broker.every", 1, "work = 'job'"),
    ));
    // The key that matches two patterns of a queue leads there once; the one that matches none leads nowhere.
    assert_eq!((ran.figure("one.handled"), ran.figure("every.handled")), (10.0, 20.0));
    assert_eq!(ran.lost("broker", "no queue bound"), 10);
}
