//! Amazon SNS: FIFO topics, their order, their limits, and what they keep.

use super::topics::{LONG, ONE, topic};
use crate::bench::{model, run};
use surgetank::metrics::Fate;

const ORDERED: &str = "[pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\n";
const LOOSE: &str = "[pipeline.p.jobs]\nkind = 'sqs'\n";

/// A FIFO topic with a queue, and what else is said about them.
fn fifo(traffic: &str, subscriber: &str, more: &str, others: &str) -> String {
    topic(LONG, traffic, subscriber, &format!("fifo_topic = true\n{more}\n{others}"))
}

#[test]
fn claim_44_a_replay_of_the_archive_brings_what_was_published_before_the_subscription() {
    let thrice = "spikes = [{ at = '5s', count = 1 }, { at = '9s', count = 1 }, { at = '12s', count = 1 }]";
    let archive = "archive_policy = { message_retention_period = '30d' }";
    let got = |policy: &str| {
        let subscriber = format!("{{ to = 'jobs', created = '10s'{policy} }}");
        let ran = run(&fifo(thrice, &subscriber, archive, ORDERED));
        (ran.figure("jobs.messages_sent"), ran.figure("events.messages_replayed"))
    };
    assert_eq!(got(""), (1.0, 0.0));
    assert_eq!(got(", replay_policy = { starting_point = '0s' }"), (3.0, 2.0));
    assert_eq!(got(", replay_policy = { starting_point = '6s' }"), (2.0, 1.0));
    // It had the third already, and is given it once more: a queue that remembers it for five minutes drops it.
    assert_eq!(got(", replay_policy = { starting_point = '0s', at = '1min' }"), (4.0, 3.0));
}

#[test]
fn a_replay_with_an_end_does_not_go_over_into_what_comes_live() {
    let often = "spikes = [{ at = '5s', count = 1 }, { at = '9s', count = 1 }, { at = '12s', count = 1 }, \
                 { at = '20s', count = 1 }]";
    let archive = "archive_policy = { message_retention_period = '1d' }";
    let got = |end: &str| {
        let policy = format!("replay_policy = {{ at = '10s', ending_point = '{end}' }}");
        let subscriber = format!("{{ to = 'jobs', created = '10s', {policy} }}");
        run(&fifo(often, &subscriber, archive, ORDERED)).figure("jobs.messages_sent")
    };
    assert_eq!((got("6s"), got("9500ms"), got("15s"), got("1min")), (1.0, 2.0, 3.0, 4.0));
}

#[test]
fn a_replay_finds_nothing_that_is_older_than_the_archive_keeps_it() {
    let text = fifo(
        ONE,
        "{ to = 'jobs', created = '10s', replay_policy = { at = '26h' } }",
        "archive_policy = { message_retention_period = '1d' }",
        ORDERED,
    );
    let ran =
        run(&text.replace("drain = '3h'", "drain = '30h'").replace("sample_every = '1s'", "sample_every = '1min'"));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.lost("events", "no subscription took it")), (0.0, 1));
}

#[test]
fn what_others_had_is_replayed_to_a_newcomer_and_done_when_it_has_it_too() {
    let workers = |queue: &str| format!("[pipeline.p.{queue}-w]\nkind = 'workers'\npolls = '{queue}'\ncount = 1\n");
    let others = format!("{ORDERED}[pipeline.p.late]\nkind = 'sqs'\n{}{}", workers("jobs"), workers("late"));
    let subscribers = "['jobs', { to = 'late', created = '1min', replay_policy = {} }]";
    let ran = run(&fifo(
        "spike = { at = '5s', count = 10 }\nkey = { distinct = 5 }",
        subscribers,
        "archive_policy = { message_retention_period = '1d' }",
        &others,
    ));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("late.messages_sent")), (10.0, 10.0));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("late-w.handled")), (10, 10.0));
    assert!((55.0..56.0).contains(&ran.summary("latency_mean")), "{}", ran.summary("latency_mean"));
}

#[test]
fn claim_45_the_messages_of_a_group_reach_a_fifo_queue_one_after_the_other() {
    let away = "[[fault]]\nnode = 'p.jobs'\nkind = 'down'\nfrom = '0s'\nto = '10s'\n";
    let attempts = |keys: &str, queue: &str| {
        let traffic = format!("spike = {{ at = '1s', count = 30 }}\nkey = {keys}");
        let ran = run(&fifo(&traffic, "'jobs'", "", &format!("{queue}{away}")));
        assert_eq!(ran.figure("jobs.messages_sent"), 30.0);
        ran.figure("events.delivery_attempts")
    };
    let alone = attempts("{ constant = 'a' }", ORDERED);
    // Only the first of a group is tried while the queue is away, and those behind it once each when it is back.
    let tries = alone - 29.0;
    assert!((7.0..20.0).contains(&tries), "{tries}");
    // A standard queue gets them as they come: each is tried on its own.
    assert_eq!(attempts("{ constant = 'a' }", LOOSE), 30.0 * tries);
    // As do groups that have nothing to do with each other.
    let groups = attempts("{ distinct = 30 }", ORDERED);
    assert!(groups > 15.0 * tries && groups < 30.0 * tries, "{groups}");
}

#[test]
fn claim_42_order_holds_to_a_fifo_queue_and_is_lost_on_the_way_to_a_standard_one() {
    // Each needs up to seconds to its queue. In order, each arrives no earlier than those before it.
    let traffic = "spike = { at = '1s', count = 200 }\nkey = { constant = 'a' }";
    let mean = |queue: &str| {
        let text = fifo(traffic, "'jobs'", "", queue).replace("'0s'", "{ exponential = '1s' }");
        run(&text).figure("events.dwell_time_mean")
    };
    let (loose, ordered) = (mean(LOOSE), mean(ORDERED));
    // One second on average, and the mean of the running maximum of 200 of them: the sum of harmonic numbers over 200.
    let harmonic = |n: u32| (1..=n).map(|k| f64::from(k).recip()).sum::<f64>();
    let expected = (1..=200).map(harmonic).sum::<f64>() / 200.0;
    assert!((loose - 1.0).abs() < 0.35 && (ordered - expected).abs() < 2.5, "{loose} {ordered} {expected}");
}

#[test]
fn claim_42_a_fifo_topic_takes_queues_only_and_a_standard_topic_no_fifo_queue() {
    for (kind, noun) in
        [("http", "a web endpoint"), ("email", "a mailbox"), ("sms", "a phone"), ("push", "an app on a phone")]
    {
        let node = format!("[pipeline.p.other]\nkind = '{kind}'\n");
        let told = model(&fifo(ONE, "'other'", "", &node)).expect_err(kind);
        assert!(told.contains(&format!("cannot subscribe to a FIFO topic: it is {noun}")), "{told}");
    }
    let told = model(&topic(LONG, ONE, "'jobs'", ORDERED)).expect_err("no order to go on with");
    assert!(told.contains("cannot subscribe to a standard topic: it is a FIFO queue"), "{told}");
    let names: Vec<String> = (0..101).map(|number| format!("q{number}")).collect();
    let queues: Vec<String> = names.iter().map(|name| format!("[pipeline.p.{name}]\nkind = 'sqs'\n")).collect();
    let queues = queues.concat();
    let told = model(&fifo(ONE, &format!("{names:?}"), "", &queues)).expect_err("too many");
    assert!(told.contains("more than 100 subscriptions"), "{told}");
}

#[test]
fn a_publish_that_is_repeated_within_five_minutes_is_delivered_once_by_a_fifo_topic() {
    let sent = |fifo_topic: bool, latency: &str, timeout: &str| {
        let text = format!(
            "[run]\nduration = '2min'\ndrain = '1h'\n[traffic.news]\n{ONE}\n[pipeline.p.web]\nkind = 'service'\n\
             from = 'news'\nsends = {{ to = 'events', latency = '{latency}', timeout = '{timeout}', \
             retries = {{ attempts = 2, backoff = 'none' }} }}\n[pipeline.p.events]\nkind = 'sns'\n\
             fifo_topic = {fifo_topic}\nsubscribers = 'jobs'\ndelivery_latency = '0s'\n{LOOSE}"
        );
        let ran = run(&text);
        (ran.figure("jobs.messages_sent"), ran.figure("events.messages_published"))
    };
    // The answer comes too late, so the sender publishes again: three seconds, or six minutes, after the first time.
    assert_eq!(sent(false, "4s", "3s"), (2.0, 2.0));
    assert_eq!(sent(true, "4s", "3s"), (1.0, 1.0));
    assert_eq!(sent(true, "13min", "6min"), (2.0, 2.0));
}

#[test]
fn the_same_content_is_delivered_once_in_five_minutes_by_a_topic_that_looks_at_it() {
    // The sizes and flows of the two differ, which are no part of what the body says.
    let twice = |second: &str, key: &str| {
        format!(
            "spike = {{ at = '1s', count = 1 }}\nkey = {{ constant = 'a' }}\nsize = '1KiB'\n[traffic.again]\n\
             spike = {{ at = '{second}', count = 1 }}\nkey = {{ constant = '{key}' }}\nsize = '9KiB'"
        )
    };
    let got = |second: &str, key: &str, more: &str| {
        let text =
            fifo(&twice(second, key), "'jobs'", more, LOOSE).replace("from = 'news'", "from = ['news', 'again']");
        let ran = run(&text.replace("duration = '2min'", "duration = '10min'"));
        let figures = ["events.messages_published", "jobs.messages_sent", "events.messages_deduplicated"];
        // Of both, because the one that is dropped was accepted as well.
        assert_eq!(ran.figure("events.requests"), 2.0);
        // And nobody ever works for its job.
        assert_eq!(ran.summary("lost"), ran.figure("events.messages_deduplicated"));
        figures.map(|name| ran.figure(name))
    };
    let by_content = "content_based_deduplication = true\nmessage_body = 'key'";
    assert_eq!(got("300s", "a", by_content), [1.0, 1.0, 1.0]);
    assert_eq!(got("302s", "a", by_content), [2.0, 2.0, 0.0]);
    assert_eq!(got("2s", "b", by_content), [2.0, 2.0, 0.0]);
    // Off without a word; and each job says something else, unless the scenario says what bodies say.
    assert_eq!(got("2s", "a", ""), [2.0, 2.0, 0.0]);
    assert_eq!(got("2s", "a", "content_based_deduplication = true"), [2.0, 2.0, 0.0]);
    // An id that the publisher gives counts more than the body.
    assert_eq!(got("2s", "a", "content_based_deduplication = true\ndeduplication_id = 'job'"), [2.0, 2.0, 0.0]);
    // The same content in another group is the same, unless the throughput counts by group.
    let same = "content_based_deduplication = true\nmessage_body = 'same'";
    assert_eq!(got("2s", "b", same), [1.0, 1.0, 1.0]);
    let by_group = format!("{same}\nfifo_throughput_scope = 'MessageGroup'");
    assert_eq!(got("2s", "b", &by_group), [2.0, 2.0, 0.0]);
    assert_eq!(got("2s", "a", &by_group), [1.0, 1.0, 1.0]);
}

#[test]
fn a_filtered_subscription_of_a_fifo_topic_gets_a_message_at_most_once() {
    let ran = run(&fifo(
        "spike = { at = '1s', count = 100 }\nkey = { distinct = 10 }",
        "{ to = 'jobs', filter = { share = '50%' } }",
        "",
        ORDERED,
    ));
    let (got, kept) = (ran.figure("jobs.messages_sent"), ran.figure("events.notifications_filtered_out"));
    assert!(got + kept == 100.0 && got > 20.0 && kept > 20.0, "{got} {kept}");
}

#[test]
fn what_a_fifo_queue_cannot_get_while_it_is_out_of_reach_is_lost_without_a_dead_letter_queue() {
    let often = "spikes = [{ at = '1s', count = 1 }, { at = '10s', count = 3 }, { at = '30s', count = 1 }]";
    let subscriber = |rest: &str| format!("{{ to = 'jobs', endpoint_gone = '5s', endpoint_back = '20s'{rest} }}");
    let ran = run(&fifo(often, &subscriber(""), "", ORDERED));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.jobs(Fate::Lost)), (2.0, 3));
    let failed = format!("{ORDERED}{}", ORDERED.replace("jobs", "failed"));
    let ran = run(&fifo(often, &subscriber(", dead_letter = 'failed'"), "", &failed));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.jobs(Fate::DeadLettered)), (2.0, 3));
    assert_eq!(ran.figure("failed.visible_max"), 3.0);
}

/// Messages accepted in a second on average, of so many that come, over three seconds.
fn accepted(rate: &str, keys: &str, more: &str) -> f64 {
    let traffic = format!("rate = '{rate}'\narrivals = 'regular'\nkey = {keys}\nsize = '100B'");
    let text = fifo(&traffic, "'jobs'", more, LOOSE).replace(LONG, "duration = '3s'\ndrain = '0s'");
    (run(&text).figure("events.messages_published") / 3.0).round()
}

#[test]
fn claim_47_one_group_of_a_fifo_topic_takes_300_a_second() {
    assert_eq!(accepted("1000/s", "{ constant = 'a' }", ""), 300.0);
    assert_eq!(accepted("1000/s", "{ constant = 'a' }", "fifo_throughput_scope = 'MessageGroup'"), 300.0);
    assert_eq!(accepted("1000/s", "{ distinct = 100 }", ""), 1000.0);
}

#[test]
fn claim_48_a_fifo_topic_takes_3000_a_second_unless_its_throughput_counts_by_group() {
    assert_eq!(accepted("5000/s", "{ distinct = 1000 }", ""), 3000.0);
    assert_eq!(accepted("5000/s", "{ distinct = 1000 }", "fifo_throughput_scope = 'MessageGroup'"), 5000.0);
    // 20 MB a second, whatever the messages: 200 of 100,000 bytes.
    let traffic = "rate = '250/s'\narrivals = 'regular'\nkey = { distinct = 1000 }\nsize = '100000B'";
    let bytes = |more: &str| {
        let text = fifo(traffic, "'jobs'", more, LOOSE).replace(LONG, "duration = '3s'\ndrain = '0s'");
        (run(&text).figure("events.messages_published") / 3.0).round()
    };
    assert_eq!((bytes(""), bytes("fifo_throughput_scope = 'MessageGroup'")), (200.0, 250.0));
}
