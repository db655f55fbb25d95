//! Amazon SNS: what publishes and deliveries cost, in us-east-1.

use super::topics::{FAILED, LONG, ONE, failing, topic};
use crate::bench::{Ran, about, run};
use surgetank::metrics::Fate;

const QUEUE: &str = "[pipeline.p.jobs]\nkind = 'sqs'\n";
const GB: f64 = 1_073_741_824.0;

/// A thousand messages of this size.
fn thousand(size: &str) -> String {
    format!("spike = {{ at = '1s', count = 1000 }}\nsize = '{size}'\nkey = {{ distinct = 500 }}")
}

fn cost(ran: &Ran) -> f64 {
    ran.figure("events.cost_usd")
}

#[test]
fn a_publish_is_paid_for_by_the_piece_and_a_delivery_to_a_queue_or_a_function_not_at_all() {
    let paid = |size: &str, subscriber: &str, node: &str| cost(&run(&topic(LONG, &thousand(size), subscriber, node)));
    let function = "[work.look]\ntime = '1ms'\n[pipeline.p.look]\nkind = 'lambda'\nwork = 'look'\n";
    about(paid("1KiB", "'jobs'", QUEUE), 1000.0 * 0.50 / 1e6, 1e-9);
    about(paid("1KiB", "'look'", function), 1000.0 * 0.50 / 1e6, 1e-9);
    about(paid("65KiB", "'jobs'", QUEUE), 2000.0 * 0.50 / 1e6, 1e-9);
}

#[test]
fn each_protocol_has_a_price_for_its_deliveries() {
    let publishes = 1000.0 * 0.50 / 1e6;
    let paid = |kind: &str, count: u32| {
        let node = format!("[pipeline.p.end]\nkind = '{kind}'\n");
        let many = if count > 1 { format!(", count = {count}") } else { String::new() };
        cost(&run(&topic(LONG, &thousand("100B"), &format!("{{ to = 'end'{many} }}"), &node))) - publishes
    };
    about(paid("http", 1), 1000.0 * 0.60 / 1e6, 1e-6);
    about(paid("http", 100), 100_000.0 * 0.60 / 1e6, 1e-6);
    about(paid("push", 1), 1000.0 * 0.50 / 1e6, 1e-6);
    about(paid("push", 100), 100_000.0 * 0.50 / 1e6, 1e-6);
    about(paid("firehose", 1), 1000.0 * 0.19 / 1e6, 1e-6);
    // Ten e-mails go out before the subscription is switched off.
    about(paid("email", 1), 10.0 * 2.00 / 1e5, 1e-6);
    // A dollar for text messages, to the last part that it pays for.
    about(paid("sms", 1), 155.0 * 0.00645, 1e-6);
}

#[test]
fn text_messages_cost_what_the_scenario_says_for_each_part() {
    let sms =
        "sms_attributes = { price_per_part = 0.05, monthly_spend_limit = 1000 }\n[pipeline.p.end]\nkind = 'sms'\n";
    let ran = run(&topic(LONG, &thousand("161B"), "'end'", sms));
    about(cost(&ran), 2000.0 * 0.05 + 1000.0 * 0.50 / 1e6, 1e-9);
}

#[test]
fn every_attempt_at_a_web_endpoint_is_paid_for_and_elsewhere_what_was_delivered() {
    let publish = 0.50 / 1e6;
    let ran = run(&topic(LONG, ONE, "{ to = 'hook', dead_letter = 'failed' }", &(failing(500) + FAILED)));
    about(cost(&ran), publish + 4.0 * 0.60 / 1e6, 1e-9);
    let app = "[pipeline.p.app]\nkind = 'push'\nfails = '100%'\n";
    let long = "duration = '2min'\ndrain = '10h'\nsample_every = '1min'";
    let ran = run(&topic(long, ONE, "'app'", app));
    assert_eq!((ran.figure("app.notifications"), ran.jobs(Fate::Lost)), (51.0, 1));
    about(cost(&ran), publish, 1e-9);
}

#[test]
fn a_fifo_topic_bills_messages_and_bytes_in_both_directions() {
    let queues =
        "fifo_topic = true\n[pipeline.p.one]\nkind = 'sqs'\nfifo_queue = true\n[pipeline.p.two]\nkind = 'sqs'\n";
    let ran = run(&topic(LONG, &thousand("100KiB"), "['one', 'two']", queues).replace("count = 1000", "count = 100"));
    let bytes = 100.0 * 102_400.0;
    assert_eq!((ran.figure("events.billed_publishes"), ran.figure("events.notifications_delivered")), (100.0, 200.0));
    let publishes = 100.0 * 0.30 / 1e6 + bytes / GB * 0.017;
    about(cost(&ran), publishes + 200.0 * 0.01 / 1e6 + 2.0 * bytes / GB * 0.001, 1e-9);
}

#[test]
fn to_look_into_bodies_is_paid_for_by_what_is_looked_through_rejected_or_not_and_attributes_are_free() {
    let paid = |scope: &str| {
        let policy = format!("filter_policy = {{ kind = ['x'] }}, filter_policy_scope = '{scope}'");
        let hook = "[pipeline.p.hook]\nkind = 'http'\n";
        let ran = run(&topic(LONG, &thousand("1000B"), &format!("{{ to = 'hook', count = 150, {policy} }}"), hook));
        assert_eq!(ran.figure("events.notifications_filtered_out"), 150_000.0);
        cost(&ran) - 1000.0 * 0.50 / 1e6
    };
    about(paid("MessageBody"), 150.0 * 1e6 / GB * 0.09, 1e-6);
    assert!(paid("MessageAttributes").abs() < 1e-12);
}

#[test]
fn a_direct_publish_to_a_phone_costs_the_publish_and_the_delivery() {
    let ran = run(&format!(
        "[run]\nduration = '1min'\n[traffic.news]\n{}\n[pipeline.p.app]\nkind = 'push'\nfrom = 'news'\n",
        thousand("100B")
    ));
    about(ran.figure("app.cost_usd"), 1000.0 * 1.00 / 1e6, 1e-9);
}

#[test]
fn a_direct_publish_that_fails_costs_nothing_and_one_to_a_phone_without_the_app_only_the_publish() {
    let paid = |app: &str| {
        let ran = run(&format!(
            "[run]\nduration = '1min'\n[traffic.news]\n{}\n[pipeline.p.app]\nkind = 'push'\nfrom = 'news'\n{app}\n",
            thousand("100B")
        ));
        let counts = ["direct_publishes", "billed_push_deliveries"].map(|name| ran.figure(&format!("app.{name}")));
        (counts, ran.figure("app.cost_usd"), ran.jobs(Fate::Rejected) as f64)
    };
    let (counts, cost, rejected) = paid("fails = '100%'");
    assert_eq!((counts, rejected), ([0.0, 0.0], 1000.0));
    assert!(cost.abs() < 1e-12, "{cost}");
    let ([publishes, deliveries], cost, rejected) = paid("fails = '25%'");
    assert!(publishes == deliveries && publishes + rejected == 1000.0 && rejected > 150.0, "{publishes} {rejected}");
    about(cost, publishes * 1.00 / 1e6, 1e-9);
    let ([publishes, deliveries], cost, _) = paid("invalid_tokens = '100%'");
    assert!(publishes >= 1.0 && deliveries == 0.0, "{publishes} {deliveries}");
    about(cost, publishes * 0.50 / 1e6, 1e-9);
}
