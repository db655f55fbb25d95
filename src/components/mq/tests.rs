//! What a broker does, seen from outside; the names with a number are claims that can be checked against the service.

use crate::components::FaultKind;
use crate::components::bench::{Bench, Ran};
use crate::engine::Signal;

/// A broker whose own time does not matter, with more lines of its table.
fn rabbit(more: &str) -> String {
    format!(
        "[broker]\nkind = \"mq\"\nengine = \"rabbitmq\"\ncpu_per_message = \"0s\"\nstorage_latency = \"0s\"\n{more}\n"
    )
}

/// The same with queues in memory.
fn memory(more: &str) -> String {
    format!(
        "[broker]\nkind = \"mq\"\nengine = \"rabbitmq\"\nqueue_type = \"classic\"\npersistent = false\n\
         cpu_per_message = \"0s\"\n{more}\n"
    )
}

fn active(more: &str) -> String {
    format!(
        "[broker]\nkind = \"mq\"\nengine = \"activemq\"\ncpu_per_message = \"0s\"\nstorage_latency = \"0s\"\n{more}\n"
    )
}

/// A fleet at no distance that works for a second on each message.
fn fleet(name: &str, consumes: &str, count: usize, more: &str) -> String {
    format!(
        "[{name}]\nkind = \"workers\"\nconsumes = \"{consumes}\"\ncount = {count}\nwork = \"second\"\nlatency = \"0s\"\n\
         {more}\n"
    )
}

const SECOND: &str = "[work.second]\ntime = \"1s\"\n";

/// Senders that each wait for the broker before they send again.
fn senders(count: usize, more: &str) -> String {
    format!(
        "[senders]\nkind = \"service\"\nslots = {count}\naccept_queue = 100000\nsends = {{ to = \"broker\"{more} }}\n"
    )
}

fn bench<const N: usize>(parts: [&str; N]) -> Bench {
    Bench::of(&parts.concat())
}

fn broker(ran: &Ran, metric: &str) -> u64 {
    ran.counter("broker", metric)
}

/// When messages were handed to workers, in milliseconds.
fn deliveries(ran: &Ran) -> Vec<u64> {
    let received = ran.log.iter().filter(|(.., signal)| matches!(signal, Signal::Receive { .. }));
    received.map(|(at, ..)| at.as_nanos() / 1_000_000).collect()
}

/// What senders were told: the time, and whether their message is safe.
fn answers(ran: &Ran) -> Vec<(f64, bool)> {
    let answer = |signal: &Signal| if let Signal::Reply { loss, .. } = signal { Some(loss.is_none()) } else { None };
    ran.log.iter().filter_map(|(at, _, signal)| Some((at.as_secs_f64(), answer(signal)?))).collect()
}

/// Messages a second that so many senders get stored.
fn send_rate(broker: &str, count: usize, messages: usize, size: u32) -> f64 {
    let mut bench = bench([&senders(count, ""), broker]);
    for _ in 0..messages {
        bench = bench.job("0s", "senders").with(|job| job.size = size);
    }
    let ran = bench.until("10min").run();
    let answers = answers(&ran);
    assert!(answers.len() == messages && answers.iter().all(|(_, safe)| *safe));
    let last = answers.last().expect("there are messages").0;
    f64::from(u32::try_from(messages).expect("small")) / last
}

#[test]
fn claim_82_producers_share_the_writes_of_a_shared_file_system() {
    let efs = "[broker]\nkind = \"mq\"\nengine = \"activemq\"\n";
    let alone = send_rate(efs, 1, 1000, 1000);
    assert!((72.0..=88.0).contains(&alone), "one producer gets about 80 a second: {alone}");
    let twenty = send_rate(efs, 20, 8000, 1000);
    assert!(twenty > 8.0 * alone, "{twenty}");
    let large = send_rate(efs, 400, 2000, 1 << 20);
    assert!((110.0..=125.0).contains(&large), "125 MiB/s are 125 of 1 MiB: {large}");
}

#[test]
fn claim_83_a_restart_loses_what_is_in_memory_and_keeps_what_is_stored() {
    let restarted = |text: &str| {
        let bench = Bench::of(text).jobs(10, "1s", "broker").fault("broker", FaultKind::Down, "2s", "60s");
        bench.until("2min").run()
    };
    let gone = restarted(&memory(""));
    assert_eq!(gone.lost("broker", "only in memory when the broker went down"), 10);
    assert_eq!(gone.gauge("broker", "message_ready_count").value(), 0);
    let there = restarted(&rabbit(""));
    assert_eq!(there.gauge("broker", "message_ready_count").value(), 10);
}

#[test]
fn a_restart_delivers_again_what_was_not_acknowledged_once_the_clients_are_back() {
    let parts = [rabbit(""), fleet("workers", "broker", 1, "prefetch = 1"), SECOND.replace("1s", "3s")];
    let bench = Bench::of(&parts.concat()).jobs(2, "0s", "broker").fault("broker", FaultKind::Down, "1s", "2s");
    let ran = bench.run();
    // Cut at 1 s, the client tries again 5 s later. It had gone on with its message, and nobody took its word for it.
    assert_eq!(deliveries(&ran), [0, 6000, 9000]);
    assert_eq!((broker(&ran, "stale_acknowledgements"), broker(&ran, "messages_redelivered")), (1, 1));
    assert_eq!((ran.recorder.jobs.done_twice(), ran.done()), (1, 2));
}

#[test]
fn what_is_sent_while_the_broker_is_down_is_refused() {
    let retries = ", retries = { attempts = 1 }";
    let bench = bench([&senders(1, retries), &rabbit("")]).job("1s", "senders").job("3s", "senders");
    let ran = bench.fault("broker", FaultKind::Down, "0s", "2s").until("1min").run();
    assert_eq!(answers(&ran).iter().map(|(_, safe)| *safe).collect::<Vec<_>>(), [false, true]);
    assert_eq!(ran.lost("broker", "down"), 1);
}

#[test]
fn claim_85_a_listener_that_always_throws_gets_a_message_seven_times_a_second_apart() {
    let work = SECOND.replace("1s", "1ms");
    let bench = bench([&active(""), &fleet("workers", "broker", 1, ""), &work]).job("0s", "broker");
    let ran = bench.fault("workers", FaultKind::Fails(1.0), "0s", "1h").run();
    assert_eq!(deliveries(&ran), [0, 1001, 2002, 3003, 4004, 5005, 6006]);
    assert_eq!(broker(&ran, "messages_dead_lettered"), 1);
    assert_eq!(ran.lost("broker", "delivered in vain too often"), 1);
    assert_eq!(ran.gauge("broker", "message_ready_count").value(), 1, "it lies in the queue for dead letters");
}

#[test]
fn a_message_that_waits_for_another_try_is_given_up_when_its_consumer_dies() {
    let parts =
        [&active("prefetch = 1"), &fleet("workers", "broker", 1, ""), &fleet("others", "broker", 1, ""), SECOND];
    let bench = bench(parts).job("0s", "broker");
    let bench = bench.fault("workers", FaultKind::Fails(1.0), "0s", "1h");
    let ran = bench.fault("workers", FaultKind::Kill(1), "1500ms", "1h").run();
    assert_eq!(deliveries(&ran), [0, 1500]);
    assert_eq!(ran.counter("others", "handled"), 1);
}

#[test]
fn claim_88_each_group_of_a_virtual_topic_gets_every_message_once() {
    let parts: [&str; _] = [
        &active("topics = { orders = [\"a\", \"b\"] }"),
        &fleet("group-a", "broker.a", 2, "prefetch = 1"),
        &fleet("group-b", "broker.b", 1, "prefetch = 1"),
        SECOND,
    ];
    let ran = bench(parts).jobs(100, "0s", "broker.orders").run();
    assert_eq!((ran.counter("group-a", "handled"), ran.counter("group-b", "handled")), (100, 100));
    assert_eq!((ran.done(), ran.recorder.jobs.done_twice()), (100, 0));
    assert_eq!((broker(&ran, "messages_published"), broker(&ran, "messages_acknowledged")), (100, 200));
}

#[test]
fn claim_95_what_a_full_queue_rejects_vanishes_without_confirms_and_is_told_with_them() {
    let sent = |confirms: bool| {
        let limits = format!("confirms = {confirms}\nmax_length = 100\noverflow = \"reject_publish\"");
        let bench = bench([&senders(1, ", latency = \"0s\", retries = { attempts = 1 }"), &memory(&limits)]);
        bench.jobs(150, "0s", "senders").until("1min").run()
    };
    for confirms in [true, false] {
        let ran = sent(confirms);
        let safe = answers(&ran).iter().filter(|(_, safe)| *safe).count();
        assert_eq!(safe, if confirms { 100 } else { 150 });
        assert_eq!((broker(&ran, "messages_rejected"), ran.lost("broker", "queue full")), (50, 50));
        assert_eq!(broker(&ran, "messages_confirmed"), if confirms { 100 } else { 0 });
    }
}

#[test]
fn a_full_queue_drops_its_oldest_message_unless_told_otherwise() {
    let limits = "max_length = 100\ndead_letter = \"failed\"";
    let parts: [&str; _] = [&memory(limits), &fleet("inspectors", "broker.failed", 1, ""), SECOND];
    let ran = bench(parts).jobs(150, "0s", "broker").until("1h").run();
    assert_eq!((broker(&ran, "messages_dead_lettered"), broker(&ran, "messages_rejected")), (50, 0));
    assert_eq!(ran.gauge("broker", "message_ready_count").value(), 100);
    assert_eq!((ran.counter("inspectors", "handled"), ran.done()), (50, 50));
}

#[test]
fn one_full_queue_of_a_topic_does_not_keep_the_others_from_their_copies() {
    let limits = "topics = { orders = [\"a\", \"b\"] }\nmax_length = 1\noverflow = \"reject_publish\"";
    let parts: [&str; _] = [&memory(limits), &fleet("group-a", "broker.a", 1, "prefetch = 1"), SECOND];
    let ran = bench(parts).jobs_every("5s", 3, "0s", "broker.orders").until("1min").run();
    assert_eq!((ran.counter("group-a", "handled"), broker(&ran, "messages_rejected")), (3, 2));
    assert_eq!(ran.lost("broker", "queue full"), 2);
}

#[test]
fn claim_98_a_quorum_queue_drops_a_poison_message_and_a_classic_one_delivers_it_for_ever() {
    let work = SECOND.replace("1s", "10ms");
    let poisoned = |broker: &str| {
        let bench = bench([broker, &fleet("workers", "broker", 1, ""), &work]).job("0s", "broker");
        bench.fault("workers", FaultKind::Fails(1.0), "0s", "1h").until("1min").run()
    };
    let quorum = poisoned(&rabbit(""));
    assert_eq!(broker(&quorum, "messages_delivered"), 21);
    assert_eq!(
        (quorum.lost("broker", "delivered in vain too often"), broker(&quorum, "messages_dead_lettered")),
        (1, 0)
    );
    let classic = poisoned(&memory(""));
    assert_eq!((broker(&classic, "messages_delivered"), classic.done()), (6000, 0));
    let unlimited = poisoned(&rabbit("delivery_limit = -1"));
    assert_eq!(broker(&unlimited, "messages_delivered"), 6000);
}

#[test]
fn claim_100_what_lies_in_the_socket_of_a_client_with_auto_ack_dies_with_it() {
    let parts: [&str; _] = [&rabbit(""), &fleet("workers", "broker", 1, "auto_ack = true"), SECOND];
    let bench = bench(parts).jobs(500, "0s", "broker");
    let ran = bench.fault("workers", FaultKind::Kill(1), "500ms", "1h").run();
    assert_eq!(ran.lost("broker", "acknowledged at delivery, and not done"), 500);
    assert_eq!((broker(&ran, "messages_acknowledged"), broker(&ran, "messages_redelivered")), (500, 0));
}

#[test]
fn claim_101_a_sender_that_waits_for_each_confirm_is_slow_and_a_hundred_are_a_hundred_times_faster() {
    let broker = memory("instance_type = \"mq.m5.4xlarge\"").replace("cpu_per_message = \"0s\"\n", "");
    let rate = |count: usize, messages: usize| {
        let parts: [&str; _] = [&senders(count, ", latency = \"5ms\""), &broker];
        let ran = bench(parts).jobs(messages, "0s", "senders").until("1min").run();
        let last = answers(&ran).last().expect("there are messages").0 + 0.0025;
        f64::from(u32::try_from(messages).expect("small")) / last
    };
    let alone = rate(1, 400);
    assert!(alone <= 200.0 && alone > 195.0, "{alone}");
    let hundred = rate(100, 40_000);
    assert!((hundred / alone / 100.0 - 1.0).abs() < 0.05, "{hundred}");
}

#[test]
fn a_dead_consumer_gives_back_what_it_held_at_once_and_in_order() {
    let parts: [&str; _] = [
        &memory(""),
        &fleet("workers", "broker", 1, "prefetch = 3"),
        &fleet("others", "broker", 1, "prefetch = 1"),
        SECOND,
    ];
    let bench = bench(parts).jobs(6, "0s", "broker");
    let ran = bench.fault("workers", FaultKind::Kill(1), "1500ms", "1h").run();
    // Three and one at 0 s, one and one at 1 s; from 1.5 s on there is one consumer left.
    assert_eq!(deliveries(&ran), [0, 0, 0, 0, 1000, 1000, 2000, 3000, 4000]);
    assert_eq!((broker(&ran, "messages_redelivered"), ran.done(), ran.recorder.jobs.done_twice()), (3, 6, 0));
    assert_eq!(ran.ended.as_secs_f64(), 5.0);
}

#[test]
fn a_busy_consumer_at_prefetch_1_waits_a_round_trip_and_with_a_buffer_only_for_itself() {
    let started = |prefetch: u32| {
        let consumer = fleet("workers", "broker", 1, &format!("prefetch = {prefetch}\ndispatch_overhead = \"1ms\""));
        let parts: [&str; _] = [&memory(""), &consumer.replace("latency = \"0s\"", "latency = \"200ms\""), SECOND];
        bench(parts).jobs(3, "0s", "broker").run().ended.as_secs_f64()
    };
    assert_eq!(started(1), 0.1 + 3.0 + 2.0 * 0.2 + 0.1);
    assert_eq!(started(3), 0.1 + 3.0 + 2.0 * 0.001 + 0.1);
}

#[test]
fn consumers_of_unequal_speed_share_evenly_with_a_buffer_and_by_their_pace_without() {
    // The speeds and counts of a recording of a real ActiveMQ 5.17.
    let handled = |prefetch: &str| {
        let work = SECOND.replace("1s", "20ms");
        let consumer = |name, speed| fleet(name, "broker", 1, &format!("{prefetch}\nspeed = {speed}"));
        let parts: [&str; _] =
            [&active(""), &consumer("a", "1.0"), &consumer("b", "1.0"), &consumer("c", "0.2"), &work];
        let ran = bench(parts).jobs(60, "0s", "broker").run();
        ["a", "b", "c"].map(|name| ran.counter(name, "handled"))
    };
    assert_eq!(handled(""), [20, 20, 20]);
    let [a, b, c] = handled("prefetch = 1");
    assert!(a.abs_diff(28) <= 2 && b.abs_diff(26) <= 2 && c.abs_diff(6) <= 2, "{a} {b} {c}");
}

#[test]
fn a_message_expires_its_time_to_live_after_it_came_unless_somebody_holds_it() {
    let parts: [&str; _] = [
        &memory("message_ttl = \"500ms\"\ndead_letter = \"failed\""),
        &fleet("workers", "broker", 1, "prefetch = 1"),
        &fleet("inspectors", "broker.failed", 5, ""),
        SECOND,
    ];
    let ran = bench(parts).jobs_every("100ms", 3, "0s", "broker").run();
    assert_eq!(deliveries(&ran), [0, 600, 700]);
    assert_eq!((broker(&ran, "messages_expired"), broker(&ran, "messages_dead_lettered")), (2, 2));
}

#[test]
fn what_comes_back_too_old_is_not_delivered_again() {
    let parts: [&str; _] = [
        &memory("message_ttl = \"1500ms\""),
        &fleet("workers", "broker", 1, ""),
        &fleet("others", "broker", 1, ""),
        SECOND,
    ];
    let bench = bench(parts).job("0s", "broker").fault("workers", FaultKind::Fails(1.0), "0s", "1h");
    let slow = bench.fault("workers", FaultKind::Slow(2.0), "0s", "1h").run();
    assert_eq!((deliveries(&slow).len(), slow.lost("broker", "older than the time to live")), (1, 1));
}

#[test]
fn a_topic_without_queues_keeps_nothing() {
    let ran = bench([&memory("topics = { orders = [] }")]).job("0s", "broker.orders").run();
    assert_eq!(ran.lost("broker", "no queue bound to the topic"), 1);
}

#[test]
fn processors_serve_first_come_first_served() {
    let broker = memory("instance_type = \"mq.m5.large\"").replace("\"0s\"", "\"2s\"");
    let parts: [&str; _] = [&broker, &fleet("workers", "broker", 1, "auto_ack = true"), SECOND];
    let ran = bench(parts).jobs(4, "0s", "broker").run();
    // Two processors; a second to take each in, then a second to hand each out.
    assert_eq!(deliveries(&ran), [3000, 3000, 4000, 4000]);
    assert_eq!(ran.gauge("broker", "busy").max(), 2);
    let slow = bench(parts).job("0s", "broker").fault("broker", FaultKind::Slow(3.0), "0s", "1h").run();
    assert_eq!(deliveries(&slow), [6000]);
}

#[test]
fn mistakes_say_what_to_write() {
    let workers = |more: &str| format!("[workers]\nkind = \"workers\"\ncount = 1\n{more}\n");
    let consumers = workers("consumes = \"broker.orders\"");
    let topic = rabbit("topics = { orders = [\"billing\"] }");
    for (text, part) in [
        (rabbit("persistent = false"), "a quorum queue always stores its messages"),
        (rabbit("storage = \"efs\""), "Amazon MQ does not offer RabbitMQ on EFS"),
        (rabbit("instance_type = \"mq.m5.larg\""), "did you mean `mq.m5.large`?"),
        (rabbit("redelivery_delay = \"1s\""), "`redelivery_delay` has no effect: RabbitMQ delivers again at once"),
        (rabbit("overflow = \"drop_head\""), "`overflow` has no effect: without `max_length`"),
        (rabbit("max_length = 0"), "a queue that may have no message takes none"),
        (rabbit("prefetch = 0"), "a number from 1 to 65534, or \"unlimited\""),
        (rabbit("delivery_limit = -2"), "must lie between -1 and 65535"),
        (rabbit("queues = [\"a\", \"a\"]"), "the queue `a` is listed twice"),
        (rabbit("queues = []"), "a broker has from one to 10000 queues and topics"),
        (rabbit("queues = [\"A\"]"), "`A` cannot be the name of a queue"),
        (rabbit("queues = [\"a\"]\ntopics = { a = [\"b\"] }"), "`a` is both a queue and a topic"),
        (memory("delivery_limit = 3"), "a classic queue does not count deliveries"),
        (memory("storage = \"ebs\""), "messages that are not persistent are not stored"),
        (active("max_length = 3"), "ActiveMQ limits the memory of a queue"),
        (active("queue_type = \"quorum\""), "only RabbitMQ has types of queues"),
        (
            active("persistent = false\ndead_letter = \"x\"").replace("storage_latency = \"0s\"\n", ""),
            "ActiveMQ drops dead",
        ),
        ([topic.as_str(), &consumers].concat(), "consume a queue that is bound to it: `broker.billing`"),
        (workers(""), "needs `polls` or `consumes`"),
        (
            [rabbit(""), workers("consumes = \"broker\"\npolls = \"broker\"")].concat(),
            "either `polls` a queue or `consumes`",
        ),
        ([rabbit(""), workers("consumes = \"broker\"\nwait_time = \"1s\"")].concat(), "`wait_time` has no effect"),
        ([rabbit(""), workers("consumes = \"broker\"\nprefetch = 1\nauto_ack = true")].concat(), "with `auto_ack`"),
    ] {
        let told = Bench::told(&text);
        assert!(told.contains(part), "{part}: {told}");
    }
}
