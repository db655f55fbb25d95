//! Amazon SNS: what the topics of an account share, and the limits on a second wherever it begins.

use super::topics::{LONG, topic};
use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

const JOBS: &str = "[pipeline.p.jobs]\nkind = 'sqs'\n";
const PHONE: &str = "[pipeline.p.phone]\nkind = 'sms'\nlatency = '0s'\ndelivery_time = '0s'\n";

/// So many messages within a second that begins in the middle of one of the clock.
fn across(count: u32, keys: &str, more: &str) -> Ran {
    let traffic = format!("spike = {{ at = '1500ms', count = {count}, over = '1s' }}\n{keys}");
    run(&topic("duration = '4s'\ndrain = '0s'", &traffic, "'jobs'", &format!("{more}\n{JOBS}")))
}

#[test]
fn claim_46_a_second_of_publishes_is_any_second_and_not_one_of_the_clock() {
    let ran = across(40_000, "", "");
    assert_eq!(ran.figure("events.messages_published"), 30_000.0);
    assert_eq!(ran.lost("events", "throttled: more messages a second than an account publishes"), 10_000);
}

#[test]
fn claim_47_a_second_of_a_group_is_any_second_and_the_loss_says_which_bound_it_was() {
    let of = |ran: &Ran, what: &str| ran.lost("events", &format!("throttled: more {what} publishes"));
    let ran = across(1_000, "key = { constant = 'a' }", "fifo_topic = true");
    assert_eq!(ran.figure("events.messages_published"), 300.0);
    assert_eq!(of(&ran, "messages a second than a message group"), 700);
    let ran = across(5_000, "key = { distinct = 1000 }", "fifo_topic = true");
    assert_eq!(ran.figure("events.messages_published"), 3_000.0);
    assert_eq!(of(&ran, "messages a second than a FIFO topic"), 2_000);
    // 20 MB a second: 200 of 100,000 bytes.
    let ran = across(300, "key = { distinct = 1000 }\nsize = '100000B'", "fifo_topic = true");
    assert_eq!(ran.figure("events.messages_published"), 200.0);
    assert_eq!(of(&ran, "bytes a second than a FIFO topic"), 100);
}

#[test]
fn a_message_of_a_mebibyte_reaches_a_function_and_a_queue_although_there_is_json_around_it() {
    let large = "spike = { at = '1s', count = 1 }\nsize = '1MiB'";
    let others = format!("maximum_message_size = '1MiB'\n[pipeline.p.f]\nkind = 'lambda'\n{JOBS}");
    let ran = run(&topic(LONG, large, "['jobs', 'f']", &others));
    assert_eq!((ran.figure("events.notifications_delivered"), ran.figure("jobs.messages_sent")), (2.0, 1.0));
}

/// Two topics with a thousand texts each, at the same time.
fn two_topics(attributes: &str) -> Ran {
    let topic = |name: &str, flow: &str| {
        format!(
            "[traffic.{flow}]\nspike = {{ at = '1s', count = 1000 }}\nsize = '160B'\n\
             [pipeline.p.{name}]\nkind = 'sns'\nfrom = '{flow}'\nsubscribers = 'phone'\ndelivery_latency = '0s'\n\
             retry_jitter = '0%'\nsms_attributes = {{ price_per_part = 0.00645{attributes} }}\n"
        )
    };
    run(&format!("[run]\n{LONG}\n{}{}{PHONE}", topic("news", "first"), topic("codes", "second")))
}

#[test]
fn the_topics_of_an_account_spend_the_money_for_texts_together_and_take_turns() {
    // A dollar pays for 155 parts, whoever sends them.
    let ran = two_topics("");
    assert_eq!((ran.figure("phone.texts"), ran.jobs(Fate::Lost)), (155.0, 1845));
    // Twenty a second, all together: the last of 2,000 leaves after 1,999 x 50 ms.
    let ran = two_topics(", monthly_spend_limit = 100");
    assert_eq!(ran.figure("phone.texts"), 2000.0);
    about(ran.summary("latency_max"), 99.95, 0.001);
    // Promotions and transactions have a rate each. The money is the same.
    let ran = two_topics(", default_sms_type = 'Transactional'");
    assert_eq!(ran.figure("phone.texts"), 155.0);
}

#[test]
fn texts_that_are_sent_without_a_topic_follow_the_same_rules() {
    let direct = |size: &str, phone: &str| {
        run(&format!(
            "[run]\n{LONG}\n[traffic.news]\nspike = {{ at = '1s', count = 1000 }}\nsize = '{size}'\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'news'\nslots = 2000\n\
             sends = {{ to = 'phone', latency = '0s' }}\n{PHONE}{phone}"
        ))
    };
    let ran = direct("160B", "sms_attributes = { monthly_spend_limit = 1000 }");
    assert_eq!((ran.jobs(Fate::DoneInTime), ran.figure("phone.sms_parts")), (1000, 1000.0));
    assert!((49.9..50.1).contains(&ran.summary("latency_max")), "{}", ran.summary("latency_max"));
    let ran = direct("160B", "sms_attributes = { price_per_part = 0.00645 }");
    assert_eq!((ran.figure("phone.sms_parts"), ran.lost("phone", "the money for text messages")), (155.0, 845));
    about(ran.figure("phone.cost"), 155.0 * 0.00645, 1e-9);
    // 154 parts of two each.
    let ran = direct("161B", "sms_attributes = { price_per_part = 0.00645 }");
    assert_eq!((ran.figure("phone.sms_parts"), ran.jobs(Fate::DoneInTime)), (154.0, 77));
    let ran = direct("1601B", "sms_attributes = { price_per_part = 0.00645 }");
    assert_eq!(ran.lost("phone", "a text message with more characters"), 1000);
}
