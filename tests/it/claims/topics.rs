//! Amazon SNS.

use crate::bench::{Ran, about, model, run};
use crate::study::{Expected, Study, expected};
use surgetank::metrics::Fate;

/// A topic that takes no time and leaves nothing to chance, and its subscribers.
pub fn topic(run: &str, traffic: &str, subscribers: &str, others: &str) -> String {
    format!(
        "[run]\n{run}\n[traffic.news]\n{traffic}\n[pipeline.p.events]\nkind = 'sns'\nfrom = 'news'\n\
         subscribers = {subscribers}\ndelivery_latency = '0s'\nretry_jitter = '0%'\n{others}"
    )
}

pub const LONG: &str = "duration = '2min'\ndrain = '3h'\nsample_every = '1s'";
pub const ONE: &str = "spike = { at = '1s', count = 1 }";
pub const FAILED: &str = "[pipeline.p.failed]\nkind = 'sqs'\n";

/// A web endpoint that answers every request with this status, at once.
pub fn failing(status: u16) -> String {
    format!("[pipeline.p.hook]\nkind = 'http'\nlatency = '0s'\nfails = '100%'\nstatus = {status}\n")
}

/// When the gauge first had this value or more, in seconds.
pub fn first(ran: &Ran, gauge: &str, value: f64) -> f64 {
    let series = ran.series(gauge);
    series.iter().find(|(_, held)| *held >= value).unwrap_or_else(|| panic!("{gauge} never came to {value}")).0
}

#[test]
fn claim_34_a_queue_that_is_gone_is_not_tried_again() {
    let twice = "spikes = [{ at = '1s', count = 1 }, { at = '20s', count = 1 }]";
    let with = |dead_letter: &str| {
        let subscriber = format!("{{ to = 'jobs', endpoint_gone = '10s'{dead_letter} }}");
        run(&topic(LONG, twice, &subscriber, &format!("[pipeline.p.jobs]\nkind = 'sqs'\n{FAILED}")))
    };
    let lost = with("");
    assert_eq!((lost.figure("events.delivery_attempts"), lost.figure("events.notifications_delivered")), (2.0, 1.0));
    assert_eq!((lost.jobs(Fate::Lost), lost.figure("failed.visible_max")), (1, 0.0));
    let kept = with(", dead_letter = 'failed'");
    assert_eq!((kept.figure("events.delivery_attempts"), first(&kept, "failed.visible", 1.0)), (2.0, 20.0));
    assert_eq!((kept.jobs(Fate::Lost), kept.jobs(Fate::DeadLettered)), (0, 1));
}

#[test]
fn claim_35_an_endpoint_that_always_fails_is_given_up_after_four_attempts_in_a_minute() {
    let subscriber = "{ to = 'hook', dead_letter = 'failed' }";
    let ran = run(&topic(LONG, ONE, subscriber, &(failing(500) + FAILED)));
    assert_eq!((ran.figure("hook.requests"), ran.figure("events.notifications_failed")), (4.0, 4.0));
    // Attempts at 1, 21, 41 and 61 s.
    assert_eq!((first(&ran, "failed.visible", 1.0), ran.jobs(Fate::DeadLettered)), (61.0, 1));
    let lost = run(&topic(LONG, ONE, "'hook'", &failing(500)));
    assert_eq!((lost.figure("hook.requests"), lost.jobs(Fate::Lost)), (4.0, 1));
}

#[test]
fn failures_at_a_web_endpoint_count_one_by_one_and_at_a_queue_once_when_it_is_given_up() {
    let failed = |to: &str, node: &str| run(&topic(LONG, ONE, to, node)).figure("events.notifications_failed");
    assert_eq!(failed("'hook'", &failing(500)), 4.0);
    assert_eq!(failed("{ to = 'jobs', endpoint_gone = '0s' }", "[pipeline.p.jobs]\nkind = 'sqs'\n"), 1.0);
}

#[test]
fn claim_48_a_topic_takes_a_quarter_of_a_mebibyte_unless_it_is_told_to_take_more() {
    let refused = |size: &str, more: &str| {
        let traffic = format!("{ONE}\nsize = '{size}'");
        let jobs = format!("{more}[pipeline.p.jobs]\nkind = 'sqs'\n");
        run(&topic(LONG, &traffic, "{ to = 'jobs', raw_message_delivery = true }", &jobs))
            .lost("events", "message too large")
    };
    assert_eq!((refused("256KiB", ""), refused("262145B", "")), (0, 1));
    let large = "maximum_message_size = '1MiB'\n";
    assert_eq!((refused("1MiB", large), refused("1048577B", large)), (0, 1));
}

#[test]
fn claim_48_a_topic_for_large_messages_feeds_a_hundred_queues_functions_and_streams_at_most() {
    let large = |subscribers: &str, nodes: &str| {
        model(&topic(LONG, ONE, subscribers, &format!("maximum_message_size = '1MiB'\n{nodes}")))
    };
    let node = |name: &str, kind: &str| format!("[pipeline.p.{name}]\nkind = '{kind}'\n");
    for kind in ["http", "email", "sms", "push"] {
        let told = large("'other'", &node("other", kind)).err().unwrap_or_else(|| panic!("{kind} was let in"));
        assert!(told.contains("`other` cannot subscribe to a topic with messages above 256KiB"), "{told}");
    }
    let function = format!("[work.look]\ntime = '1s'\n{}work = 'look'\n", node("other", "lambda"));
    for (kind, node) in [("sqs", node("other", "sqs")), ("firehose", node("other", "firehose")), ("lambda", function)] {
        assert!(large("'other'", &node).is_ok(), "{kind} was refused");
    }
    let queues = |count: u32| {
        let names: Vec<String> = (0..count).map(|number| format!("q{number}")).collect();
        let nodes: String = names.iter().map(|name| node(name, "sqs")).collect();
        large(&format!("{names:?}"), &nodes)
    };
    assert!(queues(100).is_ok());
    assert!(queues(101).err().is_some_and(|told| told.contains("more than 100 subscriptions to large messages")));
    // At the default size there is no such limit.
    let names: Vec<String> = (0..101).map(|number| format!("q{number}")).collect();
    let nodes: String = names.iter().map(|name| node(name, "sqs")).collect();
    assert!(model(&topic(LONG, ONE, &format!("{names:?}"), &nodes)).is_ok());
}

#[test]
fn claim_37_a_client_error_ends_a_delivery_but_for_too_many_requests() {
    let requests = |status| run(&topic(LONG, ONE, "'hook'", &failing(status))).figure("hook.requests");
    assert_eq!((requests(404), requests(429), requests(503)), (1.0, 4.0, 4.0));
    // A balancer between them passes the status on.
    let balanced = |status| {
        let balancer = "[pipeline.p.lb]\nkind = 'load_balancer'\ntargets = 'hook'\nlatency = '0s'\n";
        run(&topic(LONG, ONE, "'lb'", &(failing(status) + balancer))).figure("hook.requests")
    };
    assert_eq!((balanced(404), balanced(429), balanced(503)), (1.0, 4.0, 4.0));
}

#[test]
fn claim_38_fifty_retries_end_within_2300_seconds() {
    let policy = "{ num_retries = 50, num_no_delay_retries = 3, num_min_delay_retries = 2, num_max_delay_retries = 35, \
        min_delay_target = '1s', max_delay_target = '60s', backoff_function = 'exponential' }";
    let subscriber = format!("{{ to = 'hook', delivery_policy = {policy}, dead_letter = 'failed' }}");
    let ran = run(&topic(LONG, ONE, &subscriber, &(failing(500) + FAILED)));
    assert_eq!(ran.figure("hook.requests"), 51.0);
    let end = first(&ran, "failed.visible", 1.0) - 1.0;
    // 35 retries a minute apart are 2,100 s; two a second apart, and ten in between.
    assert!((2_100.0..2_300.0).contains(&end), "{end}");
}

#[test]
fn claim_43_one_publish_is_a_delivery_for_each_subscriber_whose_filter_lets_it_through() {
    let queues: Vec<String> = (0..5).map(|queue| format!("[pipeline.p.q{queue}]\nkind = 'sqs'\n")).collect();
    let text = topic(
        "duration = '1000s'\ndrain = '0s'",
        "rate = '10/s'\narrivals = 'regular'",
        "['q0', 'q1', 'q2', 'q3', { to = 'q4', filter = { share = '30%' } }]",
        &queues.concat(),
    );
    let look = |ran: &Ran| {
        let sent = ran.sent() as f64;
        assert_eq!(ran.figure("q0.messages_sent"), sent);
        assert_eq!(ran.figure("q4.messages_sent") + ran.figure("events.notifications_filtered_out"), sent);
        vec![ran.figure("events.notifications_delivered") / sent, ran.figure("q4.messages_sent") / sent]
    };
    let figures = [expected("deliveries of a publish", 4.3), expected("let through", 0.3)];
    Study::of(&text, 1..21, look).holds(&figures.map(|figure| Expected { precision: 0.02, ..figure }));
}

#[test]
fn claim_44_a_subscription_does_not_get_what_was_published_before_it() {
    let twice = "spikes = [{ at = '9s', count = 1 }, { at = '10s', count = 1 }]";
    let ran = run(&topic(LONG, twice, "{ to = 'jobs', created = '10s' }", "[pipeline.p.jobs]\nkind = 'sqs'\n"));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.lost("events", "no subscription took it")), (1.0, 1));
}

#[test]
fn claim_46_publishes_beyond_30_000_a_second_are_throttled() {
    let text = topic(
        "duration = '3s'\ndrain = '0s'",
        "rate = '40000/s'\narrivals = 'regular'",
        "'jobs'",
        "[pipeline.p.jobs]\nkind = 'sqs'\n",
    );
    let ran = run(&text);
    assert_eq!(ran.figure("events.messages_published"), 90_000.0);
    assert_eq!((ran.lost("events", "throttled"), ran.sent()), (ran.sent() - 90_000, ran.sent()));
    assert!(ran.sent().abs_diff(120_000) <= 1);
    // In batches it is as many messages, by a tenth of the calls, and paid for by the call.
    let batched = |size: &str| {
        run(&format!(
            "[run]\nduration = '3s'\ndrain = '0s'\n[traffic.news]\nrate = '40000/s'\narrivals = 'regular'\nsize = '{size}'\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'news'\nslots = 100000\n\
             sends = {{ to = 'events', latency = '0s', batch = {{}}, retries = {{ attempts = 1 }} }}\n\
             [pipeline.p.events]\nkind = 'sns'\nsubscribers = 'jobs'\n[pipeline.p.jobs]\nkind = 'sqs'\n"
        ))
    };
    let ran = batched("1KiB");
    assert_eq!(ran.figure("events.messages_published"), 90_000.0);
    about(ran.figure("events.requests"), 12_000.0, 0.001);
    // Nine batches of twelve have a message that is accepted, and the last of each second only some.
    about(ran.figure("events.billed_publishes"), 9_000.0, 0.001);
    // No call carries more than 256 KiB: two of these go together, and are three pieces of 64 KiB.
    let ran = batched("90KiB");
    about(ran.figure("events.requests"), 60_000.0, 0.001);
    about(ran.figure("events.billed_publishes"), 45_000.0 * 3.0, 0.001);
}
