//! What a topic does, seen from outside; the names with a number are claims that can be checked against the service.

use crate::components::FaultKind;
use crate::components::bench::{Bench, Ran};
use proptest::prelude::*;

/// A topic that takes no time and leaves nothing to chance, and its subscribers.
fn topic(subscribers: &str, others: &str) -> Bench {
    Bench::of(&text(subscribers, others))
}

fn text(subscribers: &str, others: &str) -> String {
    format!(
        "[events]\nkind = \"sns\"\nsubscribers = {subscribers}\ndelivery_latency = \"0s\"\n\
         retry_jitter = \"0%\"\n{others}"
    )
}

const QUEUE: &str = "[queue]\nkind = \"sqs\"\n";
const FAILED: &str = "[failed]\nkind = \"sqs\"\n";

fn hook(rest: &str) -> String {
    format!("[hook]\nkind = \"http\"\nlatency = \"0s\"\n{rest}\n")
}

/// A queue with workers that need no time.
fn worked(name: &str) -> String {
    format!(
        "[{name}]\nkind = \"sqs\"\n[{name}-workers]\nkind = \"workers\"\npolls = \"{name}\"\ncount = 2\n\
         receive_latency = \"10ms\"\ndelete_latency = \"0s\"\n"
    )
}

fn total(ran: &Ran, metric: &str) -> u64 {
    ran.counter("events", metric)
}

#[test]
fn claim_34_a_queue_that_is_gone_is_not_tried_again() {
    let gone = |rest: &str| format!("{{ to = \"queue\", endpoint_gone = \"10s\"{rest} }}");
    let lost = topic(&gone(""), QUEUE).job("9s", "events").job("10s", "events").run();
    assert_eq!((total(&lost, "notifications_delivered"), total(&lost, "notifications_failed")), (1, 1));
    assert_eq!(
        (total(&lost, "delivery_attempts"), lost.lost("events", "the endpoint of a subscriber is gone")),
        (2, 1)
    );
    let dead_letter = gone(", dead_letter = \"failed\"");
    let kept = topic(&dead_letter, &format!("{QUEUE}{FAILED}")).job("10s", "events").until("1h").run();
    assert_eq!((kept.arrivals("queue"), kept.arrivals("failed")), (vec![], vec![10.0]));
    assert_eq!(total(&kept, "notifications_redriven_to_dlq"), 1);
    assert_eq!(kept.gauge("failed", "visible").max(), 1);
}

#[test]
fn a_message_that_its_queue_can_never_take_is_not_tried_again() {
    let small = "[queue]\nkind = \"sqs\"\nmaximum_message_size = \"1KiB\"\n";
    let enveloped = topic("\"queue\"", small).job("0s", "events").run();
    assert_eq!((total(&enveloped, "delivery_attempts"), total(&enveloped, "notifications_lost")), (1, 1));
    assert_eq!(enveloped.lost("events", "larger than a subscriber takes"), 1);
    let raw = topic("{ to = \"queue\", raw_message_delivery = true }", small).job("0s", "events").until("1h").run();
    assert_eq!(total(&raw, "notifications_delivered"), 1);
}

#[test]
fn claim_35_an_endpoint_that_always_fails_is_tried_at_0_20_40_and_60_s() {
    let failing = hook("fails = \"100%\"\nstatus = 500");
    let lost = topic("\"hook\"", &failing).job("0s", "events").run();
    assert_eq!(lost.arrivals("hook"), [0.0, 20.0, 40.0, 60.0]);
    assert_eq!(total(&lost, "notifications_failed"), 4);
    assert_eq!(lost.lost("events", "not delivered after all retries"), 1);
    assert_eq!(lost.ended.as_secs_f64(), 60.0);
    let dead_letter = "{ to = \"hook\", dead_letter = \"failed\" }";
    let kept = topic(dead_letter, &format!("{failing}{FAILED}")).job("0s", "events").until("1h").run();
    assert_eq!(kept.arrivals("failed"), [60.0]);
    assert_eq!((kept.done(), total(&kept, "notifications_lost")), (0, 0));
}

#[test]
fn an_endpoint_that_does_not_answer_is_tried_again_35_s_after_the_last_attempt_began() {
    let slow = "[hook]\nkind = \"http\"\nlatency = \"100s\"\n";
    let ran = topic("\"hook\"", slow).job("0s", "events").run();
    assert_eq!(ran.arrivals("hook"), [0.0, 35.0, 70.0, 105.0]);
    assert_eq!((total(&ran, "delivery_timeouts"), ran.counter("hook", "requests")), (4, 4));
    let in_time = "[hook]\nkind = \"http\"\nlatency = \"14s\"\n";
    let ran = topic("\"hook\"", in_time).job("0s", "events").run();
    assert_eq!((total(&ran, "delivery_timeouts"), ran.done(), ran.ended.as_secs_f64()), (0, 1, 14.0));
}

#[test]
fn claim_37_a_404_ends_a_delivery_and_a_429_does_not() {
    let tried = |status: &str| {
        let ran = topic("\"hook\"", &hook(&format!("fails = \"100%\"\nstatus = {status}"))).job("0s", "events").run();
        assert_eq!(ran.done(), 0);
        ran.arrivals("hook")
    };
    for status in ["400", "404", "410", "499"] {
        assert_eq!(tried(status), [0.0], "{status}");
    }
    for status in ["302", "429", "500", "503"] {
        assert_eq!(tried(status), [0.0, 20.0, 40.0, 60.0], "{status}");
    }
}

#[test]
fn claim_38_a_custom_policy_runs_through_its_four_phases() {
    let policy = "{ num_retries = 7, num_no_delay_retries = 1, num_min_delay_retries = 2, num_max_delay_retries = 1, \
                  min_delay_target = \"1s\", max_delay_target = \"9s\", backoff_function = \"linear\" }";
    let subscriber = format!("{{ to = \"hook\", delivery_policy = {policy} }}");
    let ran = topic(&subscriber, &hook("fails = \"100%\"")).job("0s", "events").run();
    assert_eq!(ran.arrivals("hook"), [0.0, 0.0, 1.0, 2.0, 3.0, 8.0, 17.0, 26.0]);
}

#[test]
fn claim_43_one_publish_makes_a_delivery_for_each_subscriber_that_wants_it() {
    let queues: String = (0..10).map(|i| worked(&format!("q{i}"))).collect();
    let all: Vec<String> = (0..10).map(|i| format!("\"q{i}\"")).collect();
    let ran = topic(&format!("[{}]", all.join(", ")), &queues).jobs_every("1s", 100, "0s", "events").run();
    assert_eq!((total(&ran, "messages_published"), total(&ran, "notifications_delivered")), (100, 1000));
    assert_eq!((ran.done(), ran.recorder.jobs.done_in_time()), (100, 100));
    let half = "[\"queue\", { to = \"hook\", filter = { share = \"30%\" } }]";
    let text = format!("{}{}", worked("queue"), hook(""));
    let ran = topic(half, &text).jobs_every("1s", 10_000, "0s", "events").quiet().run();
    let (kept, dropped) = (ran.counter("hook", "requests"), total(&ran, "notifications_filtered_out"));
    assert_eq!((kept + dropped, ran.counter("queue", "messages_sent")), (10_000, 10_000));
    // Binomial(10000, 0.3): 2.576 standard deviations are 118.
    assert!(kept.abs_diff(3000) < 118, "{kept}");
    assert_eq!(ran.done(), 10_000);
}

#[test]
fn claim_44_what_is_published_before_a_subscription_is_created_never_reaches_it() {
    let ran = topic("{ to = \"hook\", created = \"10s\" }", &hook("")).job("9s", "events").job("10s", "events").run();
    assert_eq!(ran.arrivals("hook"), [10.0]);
    assert_eq!((ran.done(), ran.lost("events", "no subscription took it")), (1, 1));
}

#[test]
fn claim_46_what_is_published_beyond_30_000_a_second_is_throttled() {
    for batched in [false, true] {
        let mut bench = topic("\"hook\"", &hook(""));
        for millis in 0..2000 {
            for entry in 0..40 {
                let at = format!("{millis}ms");
                bench = bench.job(&at, "events").with(|job| job.batched = batched && entry % 10 > 0);
            }
        }
        let ran = bench.quiet().run();
        assert_eq!((total(&ran, "messages_published"), total(&ran, "throttled")), (60_000, 20_000));
        let throttled = "throttled: more messages a second than an account publishes";
        assert_eq!((ran.done(), ran.lost("events", throttled)), (60_000, 20_000));
        assert_eq!(total(&ran, "requests"), if batched { 8000 } else { 80_000 });
    }
}

#[test]
fn a_spike_on_an_endpoint_that_is_down_comes_back_as_a_second_spike_20_s_later() {
    let ran = topic("\"hook\"", &hook(""))
        .jobs(100, "60s", "events")
        .job("64s", "events")
        .fault("hook", FaultKind::Down, "59s", "65s")
        .run();
    let at = |second: f64| ran.arrivals("hook").iter().filter(|at| **at == second).count();
    assert_eq!((at(60.0), at(64.0), at(80.0), at(84.0)), (100, 1, 100, 1));
    assert_eq!((ran.done(), ran.counter("hook", "errors")), (101, 101));
    assert_eq!(ran.gauge("events", "retrying").max(), 101);
}

#[test]
fn a_service_behind_a_topic_sees_its_refusals_again() {
    let service = "[hook]\nkind = \"service\"\nslots = 10\naccept_queue = 0\nwork = \"handle\"\n\
                   [work.handle]\ntime = \"1s\"\n";
    let ran = topic("\"hook\"", service).jobs(25, "0s", "events").run();
    let mut at = ran.arrivals("hook");
    at.dedup();
    assert_eq!((at, ran.arrivals("hook").len()), (vec![0.0, 20.0, 40.0], 25 + 15 + 5));
    assert_eq!(ran.done(), 25);
}

#[test]
fn a_queue_that_is_down_is_tried_at_once_then_ever_more_slowly() {
    let ran =
        topic("\"queue\"", &worked("queue")).job("0s", "events").fault("queue", FaultKind::Down, "0s", "2min").run();
    let at = ran.arrivals("queue");
    assert_eq!(at[..6], [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    let waits: Vec<f64> = at[5..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((waits[0] - 1.0).abs() < 1e-9 && (waits[9] - 20.0).abs() < 1e-6, "{waits:?}");
    assert!(waits[..10].is_sorted() && waits[10..].iter().all(|wait| (wait - 20.0).abs() < 1e-6), "{waits:?}");
    assert!((120.0..140.0).contains(at.last().expect("it was tried")));
    assert_eq!((ran.done(), total(&ran, "notifications_failed")), (1, 0));
}

#[test]
fn a_limit_on_receives_spreads_a_spike_and_keeps_the_rest_with_the_topic() {
    let ran = topic("{ to = \"hook\", max_receives_per_second = 10 }", &hook("")).jobs(50, "1s", "events").run();
    let at = ran.arrivals("hook");
    assert_eq!(at.len(), 50);
    assert!(at.windows(2).all(|pair| (pair[1] - pair[0] - 0.1).abs() < 1e-9), "{at:?}");
    assert_eq!(ran.gauge("events", "undelivered").samples()[1..4], [49, 39, 29]);
}

#[test]
fn a_topic_that_is_down_refuses_and_holds_back_what_is_due() {
    let failing = hook("");
    let ran = topic("\"hook\"", &failing)
        .job("0s", "events")
        .job("15s", "events")
        .fault("hook", FaultKind::Down, "0s", "1s")
        .fault("events", FaultKind::Down, "10s", "30s")
        .run();
    assert_eq!(ran.arrivals("hook"), [0.0, 30.0]);
    assert_eq!((ran.done(), ran.lost("events", "down")), (1, 1));
}

#[test]
fn a_topic_that_fails_refuses_a_share_of_what_is_published() {
    let fault = FaultKind::Fails(0.25);
    let ran =
        topic("\"hook\"", &hook("")).jobs(10_000, "1s", "events").fault("events", fault, "0s", "2s").quiet().run();
    // Binomial(10000, 1/4): five standard deviations are 217.
    assert!(ran.lost("events", "answered with an error").abs_diff(2500) < 217);
}

#[test]
fn a_job_is_done_when_its_last_subscriber_is() {
    let slow = "[hook]\nkind = \"http\"\nlatency = \"5s\"\n";
    let ran = topic("[\"queue\", \"hook\"]", &format!("{}{slow}", worked("queue"))).job("0s", "events").run();
    assert_eq!((ran.done(), ran.ended.as_secs_f64()), (1, 5.0));
    assert!(ran.recorder.jobs.latency().mean().is_some_and(|mean| (mean - 5.0).abs() < 1e-6));
}

#[test]
fn one_lost_notification_loses_the_job_whatever_the_others_do() {
    let text = format!("{}{}", worked("queue"), hook("fails = \"100%\"\nstatus = 404"));
    let ran = topic("[\"queue\", \"hook\"]", &text).job("0s", "events").run();
    assert_eq!((ran.counter("queue-workers", "handled"), ran.done()), (1, 0));
    assert_eq!(ran.lost("events", "a subscriber answered with a client error, 4xx"), 1);
}

#[test]
fn what_everybody_filters_out_is_done_and_what_nobody_subscribed_to_is_lost() {
    let nobody = topic("{ to = \"hook\", filter = { share = \"0%\" } }", &hook("")).jobs(5, "0s", "events").run();
    assert_eq!((nobody.done(), total(&nobody, "notifications_filtered_out")), (5, 5));
    let empty = topic("[]", "").jobs(5, "0s", "events").run();
    assert_eq!((empty.done(), empty.lost("events", "no subscription took it")), (0, 5));
}

#[test]
fn a_filter_on_keys_gets_the_messages_of_these_keys() {
    let mut bench = topic("{ to = \"hook\", filter = { key = [\"key-7\", \"key-2\"] } }", &hook(""));
    for key in 0..10 {
        bench = bench.job(&format!("{key}s"), "events").with(|job| job.key = key);
    }
    assert_eq!(bench.run().arrivals("hook"), [2.0, 7.0]);
}

#[test]
fn another_subscriber_changes_nothing_for_those_before_it() {
    let filtered = "{ to = \"hook\", filter = { share = \"50%\" } }";
    let one = topic(&format!("[{filtered}]"), &hook("")).jobs_every("1s", 200, "0s", "events").run();
    let other = "[other]\nkind = \"http\"\n";
    let subscribers = format!("[{{ to = \"other\", filter = {{ share = \"50%\" }} }}, {filtered}]");
    let two = topic(&subscribers, &format!("{}{other}", hook(""))).jobs_every("1s", 200, "0s", "events").run();
    assert_eq!(one.arrivals("hook"), two.arrivals("hook"));
    assert_ne!(two.arrivals("other"), two.arrivals("hook"));
}

#[test]
fn a_publisher_is_answered_before_anything_is_delivered() {
    let text = format!(
        "[web]\nkind = \"service\"\nslots = 1\nsends = {{ to = \"events\", latency = \"100ms\" }}\n{}",
        text("{ to = \"hook\", delivery_latency = \"3s\" }", &hook(""))
    );
    let ran = Bench::of(&text).jobs(2, "0s", "web").run();
    // A round trip for each publish, one after the other; half of it passes before the publish.
    assert_eq!(ran.arrivals("events"), [0.05, 0.15]);
    assert_eq!(ran.arrivals("hook"), [3.05, 3.15]);
    assert_eq!((ran.done(), ran.counter("web", "served")), (2, 2));
}

#[test]
fn a_publisher_tries_a_throttled_publish_again_but_not_a_message_that_is_too_large() {
    let web = "[web]\nkind = \"service\"\nslots = 100\n\
               sends = { to = \"events\", latency = \"0s\", retries = { backoff = \"fixed\", base = \"1s\", \
               jitter = \"none\" } }\n";
    let text = text("\"hook\"", &format!("publish_rate = \"2/s\"\n{}{web}", hook("")));
    let ran = Bench::of(&text).jobs(5, "0s", "web").run();
    assert_eq!(ran.arrivals("events").len(), 5 + 3 + 1);
    assert_eq!((ran.done(), total(&ran, "throttled")), (5, 4));
    let large = Bench::of(&text).job("0s", "web").with(|job| job.size = 300_000).run();
    assert_eq!((large.arrivals("events").len(), large.lost("events", "message too large")), (1, 1));
}

#[test]
fn jitter_spreads_the_retries_around_their_time() {
    let jittery = text("\"hook\"", &hook("")).replace("\"0%\"", "\"10%\"");
    let ran = Bench::of(&jittery).jobs(1000, "0s", "events").fault("hook", FaultKind::Down, "0s", "1s").run();
    let retries: Vec<f64> = ran.arrivals("hook").into_iter().filter(|at| *at > 0.0).collect();
    assert!(retries.iter().all(|at| (18.0..=22.0).contains(at)));
    let mean = retries.iter().sum::<f64>() / 1000.0;
    // Uniform over 4 s: five standard errors are 0.18.
    assert!((mean - 20.0).abs() < 0.18, "{mean}");
}

#[test]
fn mail_that_is_not_accepted_is_tried_for_hours() {
    let mailbox = "[mail]\nkind = \"email\"\nlatency = \"0s\"\ndelivery_time = \"7s\"\n";
    let ran = topic("\"mail\"", mailbox).job("0s", "events").fault("mail", FaultKind::Down, "0s", "3h").run();
    let at = ran.arrivals("mail");
    assert_eq!(at[..3], [0.0, 10.0, 20.0]);
    assert!(at.last().is_some_and(|last| (10_800.0..11_400.0).contains(last)));
    assert_eq!((ran.done(), ran.ended.as_secs_f64()), (1, at[at.len() - 1] + 7.0));
}

#[test]
fn what_cannot_work_is_an_error_that_teaches() {
    for (subscribers, others, part) in [
        ("{ to = \"queue\", max_receives_per_second = 3 }", QUEUE, "only deliveries to web endpoints have it"),
        ("{ to = \"queue\", delivery_policy = { num_retries = 3 } }", QUEUE, "fact sns.aws_managed_retries"),
        ("{ to = \"hook\", max_receives_per_second = 0 }", "", "outside its range"),
        ("{ to = \"hook\", delivery_policy = { num_retries = 101 } }", "", "fact sns.http_retries_max"),
        ("{ to = \"hook\", delivery_policy = { min_delay_target = \"1min\" } }", "", "`max_delay_target = \"1min\"`"),
        ("{ to = \"hook\", delivery_policy = { num_no_delay_retries = 4 } }", "", "lower the counts of the phases"),
        ("{ to = \"hook\", delivery_policy = { max_delay_target = \"2h\" } }", "", "fact sns.http_delay_max"),
        (
            "{ to = \"hook\", delivery_policy = { num_retries = 61, max_delay_target = \"1min\", \
             num_max_delay_retries = 61 } }",
            "",
            "the waits of this policy add up to",
        ),
        ("[\"hook\", \"hook\"]", "", "`hook` subscribes twice"),
        ("{ to = \"hook\", filter = {} }", "", "a filter says which messages"),
        ("{ to = \"hook\", filter = { key = \"key-77\" } }", "", "no message has the key `key-77`"),
        ("\"hook\"", "publish_rate = \"10/min\"\n", "lets nothing through"),
        ("\"hook\"", "maximum_message_size = \"512KiB\"\n", "`hook` cannot subscribe"),
        (
            "\"queue\"",
            "delivery_policy = { num_retries = 1 }\n[queue]\nkind = \"sqs\"\n",
            "no subscriber is a web endpoint",
        ),
    ] {
        let others = if others.is_empty() || others.starts_with(['p', 'm']) {
            format!("{others}{}", hook(""))
        } else {
            others.to_owned()
        };
        let told = Bench::told(&text(subscribers, &others));
        assert!(told.contains(part), "{subscribers}: {told}");
    }
    assert!(Bench::told(&text("[]", "")).contains("a topic without subscribers loses every message"));
}

#[test]
fn what_was_resolved_reads_back_as_the_same() {
    let policy = "delivery_policy = { num_retries = 9, num_no_delay_retries = 2, backoff_function = \"geometric\" }";
    let rich = "[\"queue\", { to = \"hook\", filter = { share = \"50%\", key = [\"key-1\", \"key-3\"] }, \
                max_receives_per_second = 10, dead_letter = \"failed\", raw_message_delivery = true, created = \"1s\", \
                endpoint_gone = \"1h\", delivery_latency = \"5ms\" }, \
                { to = \"other\", delivery_policy = { num_retries = 1 } }]";
    let others = format!(
        "{policy}\n{QUEUE}{FAILED}{}[other]\nkind = \"http\"\nlatency = \"50ms\"\nfails = \"5%\"\nstatus = 429\n",
        hook("")
    );
    let values = |text: &str| {
        let lines = Bench::resolved(text);
        lines.lines().map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for subscribers in [rich, "\"hook\"", "{ to = \"hook\", filter = { key = \"key-1\" } }"] {
        let first = values(&text(subscribers, &others));
        assert_eq!(values(&first.join("\n")), first);
        assert!(first.contains(&"backoff_function = \"geometric\"".to_owned()), "{first:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The engine holds the ledger and Little's law on its own; here it is notifications that are accounted for.
    #[test]
    fn every_notification_is_delivered_filtered_out_dead_lettered_or_lost(
        jobs in 1_usize..60,
        (share, fails, status) in (0_u32..=100, 0_u32..=100, prop::sample::select(vec![404, 429, 500])),
        (limit, dead_letter, count) in (prop::option::of(1_u32..20), any::<bool>(), 1_u32..200),
        faults in prop::collection::vec((0_usize..4, 0_usize..3, 0_u32..100, 1_u32..300), 0..6),
    ) {
        let limit = limit.map_or_else(String::new, |limit| format!(", max_receives_per_second = {limit}"));
        let dead_letter = if dead_letter { ", dead_letter = \"failed\"" } else { "" };
        let subscribers = format!(
            "[\"queue\", {{ to = \"hook\", count = {count}, filter = {{ share = \"{share}%\" }}{limit}{dead_letter} }}, \
             \"web\"]"
        );
        let service = "[web]\nkind = \"service\"\nslots = 2\naccept_queue = 3\nwork = \"handle\"\n\
                       [work.handle]\ntime = { exponential = \"8s\" }\n";
        let others = format!(
            "{}{}{FAILED}{service}",
            worked("queue"),
            hook(&format!("fails = \"{fails}%\"\nstatus = {status}")).replace("0s", "7s")
        );
        let text = text(&subscribers, &others).replace("delivery_latency = \"0s\"\n", "");
        let text = text.replace("0%\"\n[queue]", "10%\"\n[queue]");
        let mut bench = Bench::of(&text).jobs_every("1500ms", jobs, "0s", "events").until("10d");
        let kinds = [FaultKind::Down, FaultKind::Slow(3.0), FaultKind::Fails(0.5)];
        for (node, kind, from, lasts) in faults {
            let node = ["events", "hook", "web", "queue"][node];
            bench = bench.fault(node, kinds[kind], &format!("{from}s"), &format!("{}s", from + lasts));
        }
        let ran = bench.run();
        let ended = ["delivered", "filtered_out", "redriven_to_dlq", "lost"];
        let ended: u64 = ended.iter().map(|end| total(&ran, &format!("notifications_{end}"))).sum();
        prop_assert_eq!(ended, u64::from(2 + count) * total(&ran, "messages_published"));
        prop_assert_eq!(ran.gauge("events", "undelivered").value(), 0);
        prop_assert_eq!(ran.gauge("events", "retrying").value(), 0);
    }
}
