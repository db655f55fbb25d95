//! Topics of the swarm and those who subscribe to them.

use super::queues::{polling, queue};
use super::{Drawing, LATENCIES, front};

/// Where topics are, and how many messages a second an account publishes there.
const REGIONS: [&str; 5] = ["'us-east-1'", "'us-west-2'", "'eu-central-1'", "'eu-south-2'", "'ap-southeast-2'"];

/// A topic with subscribers of all kinds.
pub(super) fn published(d: &mut Drawing) {
    if d.chance(30) {
        return announced(d);
    }
    let direct = d.chance(70);
    if !direct {
        front(d, "sends", "topic", &["", ", batch = {}", ", batch = { entries = 3, linger = '2s' }"]);
    }
    d.node("topic", "sns");
    if direct {
        d.say("from = 'jobs'\n");
    }
    d.line(
        "subscribers",
        &[
            "['queue', 'hook']",
            "['hook', { to = 'queue', filter = { share = '50%' } }]",
            "['queue', 'hook', 'box']",
            "['queue', { to = 'hook', count = 7 }, { to = 'box', count = 3, confirms_again_after = '5s' }]",
            "[{ to = 'phone', count = 1000 }, 'lake', { to = 'app', count = 12_000_000, invalid_tokens = '10%' }]",
            "[{ to = 'phone', dead_letter = 'queue' }, { to = 'app', time_to_live = '1s' }, { to = 'box', deleted = '30s' }]",
            "[{ to = 'queue', endpoint_gone = '10s', endpoint_back = '20s' }, { to = 'hook', max_receives_per_second = 3 }]",
            "[{ to = 'queue', raw_message_delivery = true, delivery_latency = '5s' }, \
              { to = 'hook', confirmed = '20s', delivery_policy = { num_retries = 2, num_no_delay_retries = 1 }, \
              dead_letter = 'queue' }, { to = 'box', protocol = 'email-json' }]",
            "[{ to = 'queue', filter_policy = { colour = ['red'] } }, { to = 'lake', filter_policy_scope = 'MessageBody', \
              filter_policy = { colour = [{ exists = false }] } }]",
            "[{ to = 'queue', filter = { share = '0%' }, filter_change = { at = '10s', lag = '0s' } }, { to = 'lake', \
              filter_change = { at = '0s', lag = '20s', filter_policy = { colour = ['red', { prefix = 'b' }] } } }]",
            "[{ to = 'hook', created = '10s', confirmed = '20s', deleted = '50s', raw_message_delivery = true }, \
              { to = 'queue', created = '30s' }, { to = 'phone', count = 3 }]",
            "['phone', { to = 'hook', protocol = 'http', filter = { share = '10%' }, filter_change = { at = '5s', \
              lag = '5s', filter = { share = '90%' } } }, { to = 'lake', raw_message_delivery = true }]",
        ],
    );
    limits(d);
    queue(d, "queue", false);
    polling(d, "workers", "queue", false);
    endpoints(d);
}

/// What a topic is told beside its subscribers.
fn limits(d: &mut Drawing) {
    d.maybe("publish_rate", &["'1/s'", "'300/s'"]);
    d.maybe("region", &REGIONS);
    let managed = !["hook", "box", "phone", "app"].iter().any(|name| d.text.contains(&format!("'{name}'")));
    d.maybe("maximum_message_size", if managed { &["'1KiB'", "'1MiB'"] } else { &["'1KiB'", "'100KiB'"] });
    d.maybe("delivery_latency", &LATENCIES);
    d.maybe("retry_jitter", &["'0%'", "'100%'"]);
    if d.text.contains("'hook'") {
        d.maybe(
            "delivery_policy",
            &[
                "{ num_retries = 0 }",
                "{ num_retries = 10, min_delay_target = '1s', max_delay_target = '2s', backoff_function = 'exponential', \
                 num_min_delay_retries = 1, num_max_delay_retries = 1 }",
            ],
        );
    }
    if d.text.contains("'hook'") {
        d.maybe("max_receives_per_second", &["1", "100"]);
    }
    if d.text.contains("'phone'") {
        d.maybe(
            "sms_attributes",
            &[
                "{ monthly_spend_limit = 0.1, spend_stop_delay = '0s' }",
                "{ max_price = 0.0 }",
                "{ monthly_spend_limit = 100, default_sms_type = 'Transactional', encoding = 'ucs2', rate = '500/s' }",
                "{ monthly_spend_limit = 1, price_per_part = 0.01, spend_stop_delay = '30s' }",
            ],
        );
    }
}

/// Those who are no queues.
fn endpoints(d: &mut Drawing) {
    for (name, kind) in [("hook", "http"), ("box", "email"), ("phone", "sms"), ("app", "push"), ("lake", "firehose")] {
        d.node(name, kind);
        d.maybe("latency", &["'0s'", "'20s'"]);
        d.maybe("fails", &["'0%'", "'30%'", "'100%'"]);
        match kind {
            "http" => d.maybe("status", &["404", "429", "500"]),
            "firehose" => {
                d.maybe("record_rate", &["'1/s'", "'10/s'"]);
                d.maybe("bytes_per_second", &["'1KiB'", "'1MiB'"]);
            }
            "email" | "sms" | "push" => d.maybe("delivery_time", &["'0s'", "'1min'"]),
            _ => {}
        }
        if kind == "push" && d.chance(20) {
            // Somebody publishes to the phones directly as well.
            d.say("from = 'jobs'\n");
            d.maybe("invalid_tokens", &["'0%'", "'30%'", "'100%'"]);
        }
    }
}

/// A FIFO topic, whose queues may come late and ask for what they missed.
fn announced(d: &mut Drawing) {
    d.node("topic", "sns");
    d.say("from = 'jobs'\nfifo_topic = true\narchive_policy = { message_retention_period = '1d' }\n");
    d.line(
        "subscribers",
        &[
            "['queue', 'other']",
            "['queue', { to = 'other', created = '20s', replay_policy = {} }]",
            "[{ to = 'other', replay_policy = { at = '40s', ending_point = '30s' } }, { to = 'queue', endpoint_gone = '20s' }]",
            "{ to = 'queue', created = '30s', filter = { share = '50%' }, replay_policy = { starting_point = '10s' } }",
        ],
    );
    d.maybe("content_based_deduplication", &["true\nmessage_body = 'key'", "true\ndeduplication_id = 'job'", "false"]);
    d.maybe("fifo_throughput_scope", &["'Topic'", "'MessageGroup'"]);
    d.maybe("region", &REGIONS);
    d.maybe("publish_rate", &["'5/s'"]);
    d.maybe("retry_jitter", &["'0%'", "'100%'"]);
    d.maybe("delivery_latency", &LATENCIES);
    queue(d, "queue", true);
    polling(d, "workers", "queue", true);
    let written = d.text.len();
    queue(d, "other", false);
    // A FIFO topic names no group to a standard queue, which cannot be fair then.
    let other = d.text.split_off(written).replace("fair_queue = true\n", "");
    d.text.push_str(&other);
    polling(d, "others", "other", false);
}
