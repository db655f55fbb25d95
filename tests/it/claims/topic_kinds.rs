//! Amazon SNS by kind of subscriber: what each takes, how long it is tried, when it gets nothing any more.

use super::topics::{FAILED, LONG, ONE, failing, first, topic};
use crate::bench::{about, model, run};
use surgetank::metrics::Fate;

const QUEUE: &str = "[pipeline.p.jobs]\nkind = 'sqs'\n";
const MAIL: &str = "[pipeline.p.mail]\nkind = 'email'\nlatency = '0s'\ndelivery_time = '0s'\n";
const PHONE: &str = "[pipeline.p.phone]\nkind = 'sms'\nlatency = '0s'\ndelivery_time = '0s'\n";
const APP: &str = "[pipeline.p.app]\nkind = 'push'\nlatency = '0s'\ndelivery_time = '0s'\n";
const HOOK: &str = "[pipeline.p.hook]\nkind = 'http'\nlatency = '0s'\n";

/// A node is away for a time.
fn away(node: &str, from: &str, to: &str) -> String {
    format!("[[fault]]\nnode = 'p.{node}'\nkind = 'down'\nfrom = '{from}'\nto = '{to}'\n")
}

/// Spikes of so many messages at such times.
fn spikes(list: &[(&str, u32)]) -> String {
    let spikes: Vec<String> = list.iter().map(|(at, count)| format!("{{ at = '{at}', count = {count} }}")).collect();
    format!("spikes = [{}]", spikes.join(", "))
}

#[test]
fn claim_33_a_queue_that_cannot_be_reached_is_tried_for_23_days() {
    let long = "duration = '2min'\ndrain = '25d'\nsample_every = '1h'";
    let others = QUEUE.to_owned() + FAILED + &away("jobs", "0s", "25d");
    let ran = run(&topic(long, ONE, "{ to = 'jobs', dead_letter = 'failed' }", &others));
    assert_eq!((ran.figure("events.delivery_attempts"), ran.jobs(Fate::DeadLettered)), (100_016.0, 1));
    let days = first(&ran, "failed.visible", 1.0) / 86_400.0;
    assert!((23.0..23.5).contains(&days), "{days}");
    // Given up means one failed notification, however many attempts that were.
    assert_eq!(ran.figure("events.notifications_failed"), 1.0);
}

#[test]
fn a_mailbox_is_tried_for_hours_and_a_web_endpoint_for_a_minute() {
    let given_up = |subscriber: &str, node: &str| {
        let subscriber = format!("{{ to = '{subscriber}', dead_letter = 'failed' }}");
        let others = node.to_owned() + FAILED + &away(subscriber.split('\'').nth(1).expect("a name"), "0s", "20h");
        let ran = run(&topic("duration = '2min'\ndrain = '24h'\nsample_every = '10s'", ONE, &subscriber, &others));
        (ran.figure("events.delivery_attempts"), first(&ran, "failed.visible", 1.0))
    };
    for (name, node) in [("mail", MAIL), ("phone", PHONE), ("app", APP)] {
        let (attempts, end) = given_up(name, node);
        assert_eq!(attempts, 51.0, "{name}");
        assert!((6.0..7.0).contains(&(end / 3600.0)), "{name}: {end}");
    }
    let (attempts, end) = given_up("hook", HOOK);
    assert!(attempts == 4.0 && (61.0..=70.0).contains(&end), "{attempts} {end}");
}

#[test]
fn claim_36_an_endpoint_that_does_not_answer_is_tried_35_s_after_the_last_attempt_began() {
    let slow = "[pipeline.p.hook]\nkind = 'http'\nlatency = '40s'\n";
    let ran = run(&topic(LONG, ONE, "{ to = 'hook', dead_letter = 'failed' }", &(slow.to_owned() + FAILED)));
    assert_eq!((ran.figure("hook.requests"), ran.figure("events.delivery_timeouts")), (4.0, 4.0));
    // Attempts at 1, 36, 71 and 106 s; the last is given up 15 s later.
    assert_eq!(first(&ran, "failed.visible", 1.0), 121.0);
}

#[test]
fn claim_39_only_a_limit_on_receives_smooths_a_spike() {
    let spike = spikes(&[("1s", 600)]);
    let peak = |subscriber: &str| {
        let slow = "[pipeline.p.hook]\nkind = 'http'\nlatency = '1s'\n";
        let ran = run(&topic(LONG, &spike, subscriber, slow));
        assert_eq!(ran.jobs(Fate::DoneInTime), 600);
        (ran.figure("hook.in_progress_max"), ran.figure("events.undelivered_max"), ran.summary("latency_max"))
    };
    let (pushed, held, _) = peak("'hook'");
    assert_eq!((pushed, held), (600.0, 600.0));
    let (paced, held, last) = peak("{ to = 'hook', max_receives_per_second = 10 }");
    // The first at once, the last of 600 after 59.9 s and a second of work; the rest waits with the topic.
    assert!(paced <= 11.0 && held >= 599.0, "{paced} {held}");
    about(last, 60.9, 0.001);
}

#[test]
fn claim_40_e_mails_above_ten_a_second_switch_their_subscription_off_and_nobody_elses() {
    let spiky = spikes(&[("1s", 1000), ("1min", 5)]);
    let ran = run(&topic(LONG, &spiky, "['mail', 'jobs']", &(MAIL.to_owned() + QUEUE)));
    assert_eq!((ran.figure("mail.emails"), ran.figure("jobs.messages_sent")), (10.0, 1005.0));
    assert_eq!(ran.figure("events.subscriptions_switched_off"), 1.0);
    assert_eq!(ran.lost("events", "the subscription is switched off"), 995);
    let slow = "rate = '1/s'\narrivals = 'regular'";
    let ran = run(&topic("duration = '10s'\ndrain = '1h'", slow, "'mail'", MAIL));
    assert_eq!((ran.figure("mail.emails"), ran.jobs(Fate::DoneInTime)), (ran.sent() as f64, ran.sent()));
    assert!(ran.sent() >= 9);
}

#[test]
fn who_confirms_again_gets_e_mails_again() {
    let spiky = spikes(&[("1s", 11), ("30s", 1), ("1min", 1)]);
    let ran = run(&topic(LONG, &spiky, "{ to = 'mail', confirms_again_after = '40s' }", MAIL));
    assert_eq!((ran.figure("mail.emails"), ran.lost("events", "the subscription is switched off")), (11.0, 2));
}

#[test]
fn claim_41_text_messages_leave_at_twenty_a_second_until_the_money_is_spent() {
    let traffic = format!("{}\nsize = '160B'", spikes(&[("1s", 1000)]));
    let rich = format!("sms_attributes = {{ monthly_spend_limit = 1000 }}\n{PHONE}");
    let ran = run(&topic(LONG, &traffic, "'phone'", &rich));
    assert_eq!((ran.figure("phone.texts"), ran.jobs(Fate::DoneInTime)), (1000.0, 1000));
    assert!((49.9..50.1).contains(&ran.summary("latency_max")), "{}", ran.summary("latency_max"));
    let priced = format!("sms_attributes = {{ price_per_part = 0.00645 }}\n{PHONE}");
    let ran = run(&topic(LONG, &traffic, "'phone'", &priced));
    assert_eq!((ran.figure("phone.texts"), ran.lost("events", "the money for text messages")), (155.0, 845));
    // The same when it is one message to a thousand phones.
    let one = format!("{ONE}\nsize = '160B'");
    let ran = run(&topic(LONG, &one, "{ to = 'phone', count = 1000 }", &rich));
    assert_eq!((ran.figure("phone.texts"), ran.jobs(Fate::DoneInTime)), (1000.0, 1));
    assert!((49.9..50.1).contains(&ran.summary("latency_max")), "{}", ran.summary("latency_max"));
    let ran = run(&topic(LONG, &one, "{ to = 'phone', count = 1000 }", &priced));
    assert_eq!(
        (ran.figure("phone.texts"), ran.figure("events.notifications_lost"), ran.jobs(Fate::Lost)),
        (155.0, 845.0, 1)
    );
}

#[test]
fn a_long_text_is_paid_for_by_its_parts() {
    let sent = |size: &str, attributes: &str| {
        let traffic = format!("{}\nsize = '{size}'", spikes(&[("1s", 1000)]));
        let ran = run(&topic(LONG, &traffic, "'phone'", &format!("sms_attributes = {attributes}\n{PHONE}")));
        (ran.figure("phone.texts"), ran.figure("events.sms_parts"))
    };
    assert_eq!(sent("161B", "{ monthly_spend_limit = 1 }"), (77.0, 154.0));
    assert_eq!(sent("160B", "{ encoding = 'ucs2' }"), (77.0, 154.0));
    assert_eq!(sent("161B", "{ max_price = 0.01 }"), (0.0, 0.0));
    assert_eq!(sent("1601B", "{ monthly_spend_limit = 100 }"), (0.0, 0.0));
    let why = |size: &str, attributes: &str, reason: &str| {
        let traffic = format!("{ONE}\nsize = '{size}'");
        run(&topic(LONG, &traffic, "'phone'", &format!("sms_attributes = {attributes}\n{PHONE}")))
            .lost("events", reason)
    };
    assert_eq!(why("1601B", "{}", "a text message with more characters than are sent"), 1);
    assert_eq!(why("161B", "{ max_price = 0.01 }", "a text message that costs more than `max_price`"), 1);
    // Two seconds more at twenty a second.
    assert_eq!(sent("160B", "{ spend_stop_delay = '2s' }"), (195.0, 195.0));
    assert_eq!(sent("160B", "{ price_per_part = 0, rate = '500/s' }"), (1000.0, 1000.0));
}

#[test]
fn claim_42_a_notification_that_is_older_than_its_time_to_live_is_not_sent() {
    let others = APP.to_owned() + FAILED + &away("app", "0s", "10min");
    let ran = run(&topic(LONG, ONE, "{ to = 'app', time_to_live = '30s', dead_letter = 'failed' }", &others));
    // Attempts 0, 10, 20 and 30 s after the publish, and none after that.
    assert_eq!((ran.figure("app.notifications"), ran.jobs(Fate::Expired)), (4.0, 1));
    let patient = run(&topic(LONG, ONE, "{ to = 'app', dead_letter = 'failed' }", &others));
    assert_eq!((patient.jobs(Fate::Expired), patient.jobs(Fate::DoneInTime)), (0, 1));
}

#[test]
fn a_phone_without_the_app_is_disabled_at_the_first_notification() {
    let twice = spikes(&[("1s", 1), ("10s", 1)]);
    let ran = run(&topic(LONG, &twice, "{ to = 'app', invalid_tokens = '100%' }", APP));
    assert_eq!((ran.figure("app.notifications"), ran.figure("events.endpoints_disabled")), (0.0, 1.0));
    assert_eq!((ran.jobs(Fate::Lost), ran.figure("events.notifications_failed")), (2, 2.0));
    assert_eq!(ran.lost("events", "the endpoint of a phone is disabled: its token is not valid"), 2);
    let ran = run(&topic(LONG, &twice, "{ to = 'app', count = 100_000, invalid_tokens = '5%' }", APP));
    let disabled = ran.figure("events.endpoints_disabled");
    // Binomial(100000, 1/20): five standard deviations are 345.
    assert!((disabled - 5000.0).abs() < 345.0, "{disabled}");
    assert_eq!(ran.figure("app.notifications"), 2.0 * (100_000.0 - disabled));
    assert_eq!(ran.figure("events.notifications_failed"), 2.0 * disabled);
}

#[test]
fn a_delivery_stream_that_throttles_is_tried_by_the_schedule_of_hours() {
    let stream = "[pipeline.p.stream]\nkind = 'firehose'\nlatency = '0s'\n";
    let ran = run(&topic(LONG, &spikes(&[("1s", 3000)]), "'stream'", stream));
    assert_eq!((ran.figure("stream.put_requests"), ran.figure("stream.throttled_records")), (4000.0, 1000.0));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.summary("latency_max")), (3000, 10.0));
    // An outage is another matter: at once, three times, and then by the schedule of weeks.
    let others = stream.to_owned() + &away("stream", "0s", "2s");
    let ran = run(&topic(LONG, ONE, "'stream'", &others));
    assert_eq!((ran.figure("stream.put_requests"), ran.summary("latency_max")), (5.0, 1.0));
    let large = run(&topic(
        LONG,
        &format!("{ONE}\nsize = '1001KiB'"),
        "'stream'",
        &("maximum_message_size = '1MiB'\n".to_owned() + stream),
    ));
    assert_eq!((large.figure("stream.put_requests"), large.jobs(Fate::Lost)), (1.0, 1));
}

#[test]
fn claim_39_a_subscription_gets_nothing_before_it_is_confirmed_and_after_it_is_deleted() {
    let often = spikes(&[("4s", 1), ("9s", 1), ("10s", 1), ("19s", 1), ("20s", 1)]);
    let ran = run(&topic(LONG, &often, "{ to = 'hook', created = '5s', confirmed = '10s', deleted = '20s' }", HOOK));
    assert_eq!((ran.figure("hook.requests"), ran.lost("events", "no subscription took it")), (2.0, 3));
}

#[test]
fn an_endpoint_that_is_there_again_gets_what_is_published_from_then_on() {
    let often = spikes(&[("1s", 1), ("10s", 1), ("19s", 1), ("20s", 1)]);
    let subscriber = "{ to = 'jobs', endpoint_gone = '10s', endpoint_back = '20s' }";
    let ran = run(&topic(LONG, &often, subscriber, QUEUE));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.jobs(Fate::Lost)), (2.0, 2));
}

#[test]
fn only_raw_delivery_and_plain_mail_leave_the_message_as_it_is() {
    let traffic = format!("{ONE}\nsize = '1000B'");
    let bytes = |subscriber: &str, node: &str, name: &str| run(&topic(LONG, &traffic, subscriber, node)).figure(name);
    assert_eq!(bytes("'hook'", HOOK, "hook.bytes"), 1900.0);
    assert_eq!(bytes("{ to = 'hook', raw_message_delivery = true }", HOOK, "hook.bytes"), 1000.0);
    assert_eq!(bytes("'mail'", MAIL, "mail.bytes"), 1000.0);
    assert_eq!(bytes("{ to = 'mail', protocol = 'email-json' }", MAIL, "mail.bytes"), 1900.0);
    assert_eq!(bytes("'phone'", PHONE, "phone.bytes"), 1000.0);
    // A queue that is just large enough for the message is too small for its envelope.
    let small = "[pipeline.p.jobs]\nkind = 'sqs'\nmaximum_message_size = '1KiB'\n";
    assert_eq!(bytes("'jobs'", small, "events.notifications_lost"), 1.0);
    assert_eq!(bytes("{ to = 'jobs', raw_message_delivery = true }", small, "events.notifications_lost"), 0.0);
}

#[test]
fn more_than_ten_attributes_do_not_fit_through_raw_delivery() {
    let attributes = |count: u32| {
        let list: Vec<String> = (0..count).map(|number| format!("a{number} = 1")).collect();
        format!("{ONE}\nattributes = {{ {} }}", list.join(", "))
    };
    let lost = |count: u32, raw: bool| {
        let subscriber = format!("{{ to = 'jobs', raw_message_delivery = {raw} }}");
        run(&topic(LONG, &attributes(count), &subscriber, QUEUE)).jobs(Fate::Lost)
    };
    assert_eq!((lost(10, true), lost(11, true), lost(11, false)), (0, 1, 0));
}

#[test]
fn a_publish_is_billed_by_the_started_piece() {
    let billed = |size: &str| {
        run(&topic(LONG, &format!("{ONE}\nsize = '{size}'"), "'jobs'", QUEUE)).figure("events.billed_publishes")
    };
    assert_eq!((billed("1KiB"), billed("64KiB"), billed("65KiB"), billed("255KiB")), (1.0, 1.0, 2.0, 4.0));
}

#[test]
fn a_region_decides_how_much_can_be_published_in_a_second() {
    let accepted = |more: &str, others: &str| {
        let text = topic(
            "duration = '3s'\ndrain = '0s'",
            "rate = '40000/s'\narrivals = 'regular'\nkey = { distinct = 1000 }",
            "'jobs'",
            &format!("{more}\n{others}"),
        );
        run(&text).figure("events.messages_published") / 3.0
    };
    assert_eq!(accepted("region = 'eu-west-1'", QUEUE), 9_000.0);
    assert_eq!(accepted("region = 'ap-south-1'", QUEUE), 1_500.0);
    assert_eq!(accepted("region = 'eu-south-2'", QUEUE), 300.0);
    let scope = "fifo_topic = true\nfifo_throughput_scope = 'MessageGroup'\nregion =";
    assert_eq!(accepted(&format!("{scope} 'eu-south-2'"), QUEUE), 3_000.0);
    assert_eq!(accepted(&format!("{scope} 'us-west-2'"), QUEUE), 9_000.0);
}

#[test]
fn a_policy_of_the_topic_holds_for_all_web_endpoints_without_one_of_their_own() {
    let hooks = failing(500) + &failing(500).replace("hook", "other");
    let policy = "delivery_policy = { num_retries = 1 }\nmax_receives_per_second = 1\n";
    let subscribers = "['hook', { to = 'other', delivery_policy = { num_retries = 2 } }]";
    let ran = run(&topic(LONG, &spikes(&[("1s", 10)]), subscribers, &format!("{policy}{hooks}")));
    assert_eq!((ran.figure("hook.requests"), ran.figure("other.requests")), (20.0, 30.0));
    assert_eq!(ran.figure("hook.in_progress_max"), 0.0);
}

#[test]
fn a_topic_takes_no_more_subscriptions_than_the_service() {
    let told = |subscribers: &str, others: &str| model(&topic(LONG, ONE, subscribers, others)).expect_err("too many");
    let crowd = "['hook', { to = 'app', count = 12_500_000 }]";
    assert!(told(crowd, &format!("{HOOK}{APP}")).contains("more than 12500000 subscriptions"));
    let filtered = "{ to = 'app', count = 201, filter = { share = '50%' } }";
    assert!(told(filtered, APP).contains("more than 200 subscriptions with a filter"));
    let pending = "{ to = 'hook', count = 5001, confirmed = '1s' }";
    assert!(told(pending, HOOK).contains("more than 5000 subscriptions that wait"));
    let names: Vec<String> = (0..6).map(|number| format!("s{number}")).collect();
    let streams: Vec<String> = names.iter().map(|name| format!("[pipeline.p.{name}]\nkind = 'firehose'\n")).collect();
    let streams = streams.concat();
    assert!(told(&format!("{names:?}"), &streams).contains("more than 5 delivery streams"));
    let many: Vec<String> = (0..101).map(|number| format!("q{number}")).collect();
    let queues: Vec<String> = many.iter().map(|name| format!("[pipeline.p.{name}]\nkind = 'sqs'\n")).collect();
    let queues = queues.concat();
    let large = format!("maximum_message_size = '1MiB'\n{queues}");
    assert!(told(&format!("{many:?}"), &large).contains("more than 100 subscriptions to large messages"));
}
