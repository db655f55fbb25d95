//! Topics of the swarm and those who subscribe to them.

use super::queues::{polling, queue};
use super::{Drawing, LATENCIES};

/// A topic with subscribers of all kinds.
pub(super) fn published(d: &mut Drawing) {
    if d.chance(30) {
        return announced(d);
    }
    d.node("topic", "sns");
    d.say("from = 'jobs'\n");
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
        ],
    );
    d.maybe("publish_rate", &["'1/s'", "'300/s'"]);
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
    if d.text.contains("'phone'") {
        d.maybe("sms_attributes", &["{ monthly_spend_limit = 0.1, spend_stop_delay = '0s' }", "{ max_price = 0.0 }"]);
    }
    queue(d, "queue", false);
    polling(d, "workers", "queue", false);
    for (name, kind) in [("hook", "http"), ("box", "email"), ("phone", "sms"), ("app", "push"), ("lake", "firehose")] {
        d.node(name, kind);
        d.maybe("latency", &["'0s'", "'20s'"]);
        d.maybe("fails", &["'0%'", "'30%'", "'100%'"]);
        if kind == "http" {
            d.maybe("status", &["404", "429", "500"]);
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
    d.maybe("fifo_throughput_scope", &["'Topic'", "'MessageGroup'"]);
    d.maybe("delivery_latency", &LATENCIES);
    queue(d, "queue", true);
    polling(d, "workers", "queue", true);
    queue(d, "other", false);
    polling(d, "others", "other", false);
}
