//! Amazon SNS: what changes while a topic runs, and what a subscription gets because of it: a filter that is changed, a
//! phone that loses its app, texts of two types, a dead letter that is as new as its move.

use super::topics::{FAILED, LONG, ONE, topic};
use crate::bench::{model, run};
use surgetank::metrics::Fate;

const QUEUE: &str = "[pipeline.p.jobs]\nkind = 'sqs'\n";
const HOUR: &str = "duration = '1h'\ndrain = '3h'\nsample_every = '1min'";

/// Single messages at such times.
fn at(times: &[&str], more: &str) -> String {
    let spikes: Vec<String> = times.iter().map(|time| format!("{{ at = '{time}', count = 1 }}")).collect();
    format!("spikes = [{}]\n{more}", spikes.join(", "))
}

#[test]
fn claim_45_a_changed_filter_is_felt_after_up_to_a_quarter_of_an_hour() {
    let traffic = at(&["1min", "11min", "24min", "1501s", "26min"], "attributes = { type = 'video' }");
    let got = |subscriber: &str| {
        let ran = run(&topic(HOUR, &traffic, subscriber, QUEUE));
        (ran.figure("jobs.messages_sent"), ran.figure("events.notifications_filtered_out"))
    };
    let change =
        |before: &str, after: &str| format!("{{ to = 'jobs'{before}, filter_change = {{ at = '10min'{after} }} }}");
    let (video, audio) = (", filter_policy = { type = ['video'] }", ", filter_policy = { type = ['audio'] }");
    // The change is made at 10 min, and must be felt from 25 min on, which are 1,500 s.
    assert_eq!(got(&change(video, audio)), (3.0, 2.0));
    assert_eq!(got(&change(audio, video)), (2.0, 3.0));
    // A policy that is taken away, and one that comes.
    assert_eq!(got(&change(audio, "")), (2.0, 3.0));
    assert_eq!(got(&change("", audio)), (3.0, 2.0));
    assert_eq!(got(&change(video, &format!("{audio}, lag = '0s'"))), (1.0, 4.0));
    assert_eq!(got(&change("", ", filter = { share = '0%' }, lag = '2min'")), (2.0, 3.0));
}

#[test]
fn claim_45_what_was_published_before_the_change_is_delivered_whatever_the_new_filter_says() {
    let away = "[[fault]]\nnode = 'p.jobs'\nkind = 'down'\nfrom = '0s'\nto = '20min'\n";
    let subscriber = "{ to = 'jobs', filter_change = { at = '1min', lag = '0s', filter = { share = '0%' } } }";
    let ran = run(&topic(HOUR, &at(&["30s", "90s"], ""), subscriber, &format!("{QUEUE}{away}")));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("events.notifications_filtered_out")), (1.0, 1.0));
}

#[test]
fn a_change_that_is_felt_later_than_documented_is_refused() {
    let subscriber = "{ to = 'jobs', filter_change = { at = '1min', lag = '16min' } }";
    let told = model(&topic(LONG, ONE, subscriber, QUEUE)).expect_err("too late");
    assert!(told.contains("fact sns.filter_change_lag_max"), "{told}");
}

#[test]
fn promotions_and_transactions_each_leave_at_a_rate_of_their_own() {
    let phone = "[pipeline.p.phone]\nkind = 'sms'\nlatency = '0s'\ndelivery_time = '0s'\n";
    let last = |attributes: &str, kind: &str| {
        let traffic = format!("spike = {{ at = '1s', count = 1000 }}\nsize = '100B'\n{attributes}");
        let more = format!("sms_attributes = {{ monthly_spend_limit = 100{kind} }}\n{phone}");
        let ran = run(&topic(LONG, &traffic, "'phone'", &more));
        assert_eq!(ran.figure("phone.texts"), 1000.0);
        ran.summary("latency_max")
    };
    let of = |share: &str| {
        format!("attributes = {{ 'AWS.SNS.SMS.SMSType' = {{ Transactional = '{share}', Promotional = '50%' }} }}")
    };
    // All are promotions, or all transactions: one after the other.
    for (attributes, kind) in [
        ("", ""),
        ("", ", default_sms_type = 'Transactional'"),
        ("attributes = { 'AWS.SNS.SMS.SMSType' = 'Transactional' }", ""),
    ] {
        let last = last(attributes, kind);
        assert!((49.9..50.1).contains(&last), "{attributes} {kind} {last}");
    }
    // Half of each: two rows of about five hundred. Five standard deviations of binomial(1000, 1/2) are 79.
    let last = last(&of("50%"), "");
    assert!((25.0..(500.0 + 79.0) / 20.0).contains(&last), "{last}");
}

#[test]
fn a_type_of_text_messages_that_does_not_exist_is_refused() {
    let traffic = format!("{ONE}\nattributes = {{ 'AWS.SNS.SMS.SMSType' = 'transactional' }}");
    let told = model(&topic(LONG, &traffic, "'phone'", "[pipeline.p.phone]\nkind = 'sms'\n")).expect_err("unknown");
    assert!(told.contains("unknown type `transactional`") && told.contains("did you mean `Transactional`"), "{told}");
}

#[test]
fn a_topic_asks_only_of_the_flows_that_come_to_it_what_type_of_text_messages_they_are() {
    let other = |others: &str| {
        let odd = "[traffic.other]\nspike = { at = '1s', count = 1 }\nattributes = { 'AWS.SNS.SMS.SMSType' = 'odd' }\n";
        model(&topic(LONG, ONE, "'phone'", &format!("[pipeline.p.phone]\nkind = 'sms'\n{odd}{others}"))).map(|_| ())
    };
    let queue = "[pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'other'\n";
    assert_eq!(other(queue), Ok(()));
    // A worker fetches from there and publishes what it has done: the topic is two steps behind.
    let workers = "[pipeline.p.w]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nsends = 'events'\n";
    let told = other(&format!("{queue}{workers}")).expect_err("it comes here after all");
    assert!(told.contains("text messages of `other` have the unknown type `odd`"), "{told}");
}

#[test]
fn a_phone_without_the_app_refuses_what_is_published_to_it_directly_after_the_first_time() {
    let direct = |keys: &str, invalid: &str| {
        let traffic = at(&["1s", "10s", "20s"], keys);
        let ran = run(&format!(
            "[run]\nduration = '1min'\n[traffic.news]\n{traffic}\n[pipeline.p.web]\nkind = 'service'\nfrom = 'news'\n\
             sends = {{ to = 'app', retries = {{ attempts = 3 }} }}\n\
             [pipeline.p.app]\nkind = 'push'\ninvalid_tokens = '{invalid}'\n"
        ));
        assert_eq!(ran.sent(), 3);
        let fates = [Fate::DoneInTime, Fate::Lost, Fate::Rejected].map(|fate| ran.jobs(fate));
        (fates, ran.figure("web.attempts"), ran.figure("app.endpoints_disabled"))
    };
    // The first is accepted, and lost; it disables the endpoint, and nobody tries again what is refused for good.
    assert_eq!(direct("", "100%"), ([0, 1, 2], 3.0, 1.0));
    assert_eq!(direct("", "0%"), ([3, 0, 0], 3.0, 0.0));
}

#[test]
fn each_phone_without_the_app_loses_one_direct_notification() {
    let ran = run("[run]\nduration = '1000s'\n[traffic.news]\nrate = '100/s'\nkey = { distinct = 1000 }\n\
         [pipeline.p.app]\nkind = 'push'\nfrom = 'news'\nlatency = '0s'\ninvalid_tokens = '10%'\n");
    let disabled = ran.figure("app.endpoints_disabled");
    // Binomial(1000, 1/10): five standard deviations are 47.
    assert!((disabled - 100.0).abs() < 47.0, "{disabled}");
    assert_eq!(ran.jobs(Fate::Lost) as f64, disabled);
    let refused = ran.jobs(Fate::Rejected) as f64;
    assert!((refused / (ran.sent() as f64 * disabled / 1000.0) - 1.0).abs() < 0.06, "{refused}");
    assert_eq!(ran.figure("app.direct_publishes") + refused, ran.sent() as f64);
}

#[test]
fn phones_of_a_topic_are_not_disabled_by_what_holds_for_direct_publishes() {
    let app = "[pipeline.p.app]\nkind = 'push'\nfrom = 'other'\ninvalid_tokens = '100%'\n\
               [traffic.other]\nspike = { at = '1s', count = 1 }\n";
    let ran = run(&topic(LONG, &at(&["10s", "20s"], ""), "'app'", app));
    assert_eq!((ran.figure("app.notifications"), ran.figure("app.direct_publishes")), (3.0, 1.0));
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.jobs(Fate::Lost)), (2, 1));
}

#[test]
fn claim_33_a_dead_letter_of_a_topic_is_as_old_as_its_move() {
    // The second message is there only for the run to last until then.
    let long = "duration = '29d'\ndrain = '5d'\nsample_every = '1h'";
    let twice = at(&["1s", "28d"], "");
    let away = "[[fault]]\nnode = 'p.jobs'\nkind = 'down'\nfrom = '0s'\nto = '27d'\n";
    let text = topic(long, &twice, "{ to = 'jobs', dead_letter = 'failed' }", &format!("{QUEUE}{FAILED}{away}"));
    let ran = run(&text);
    let held: Vec<f64> =
        ran.series("failed.visible").iter().filter(|(_, held)| *held > 0.0).map(|(time, _)| time / 86_400.0).collect();
    // It stays for the four days of its queue, though it was published 23 days before.
    let (first, last) = (held[0], held[held.len() - 1]);
    assert!((23.0..23.5).contains(&first) && (3.9..=4.05).contains(&(last - first)), "{first} {last}");
}
