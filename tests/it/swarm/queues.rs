//! Queues of the swarm, their senders and those who poll them.

use super::{DELAYS, Drawing, LATENCIES, fleet, front};
use std::fmt::Write;

pub fn queue(d: &mut Drawing, name: &'static str, fifo: bool) {
    d.node(name, "sqs");
    writeln!(d.text, "fifo_queue = {fifo}").expect("a string takes everything");
    d.maybe("visibility_timeout", &["'0s'", "'1s'", "'12h'"]);
    d.maybe("message_retention_period", &["'1min'", "'14d'"]);
    d.maybe("delay", &DELAYS);
    d.maybe("maximum_message_size", &["'1KiB'", "'1MiB'"]);
    d.maybe("in_flight_limit", &["1", "10"]);
    if fifo {
        d.maybe("content_based_deduplication", &["true"]);
        if d.text.ends_with("content_based_deduplication = true\n") {
            d.maybe("message_body", &["'key'", "'same'"]);
        }
        d.maybe("deduplication_scope", &["'message_group'"]);
        if d.text.ends_with("deduplication_scope = 'message_group'\n") {
            d.maybe("fifo_throughput_limit", &["'per_message_group_id'"]);
        }
    } else {
        d.maybe("fair_queue", &["true"]);
        d.maybe("duplicate_probability", &["'0%'", "'20%'"]);
        d.maybe("stale_handle_delete", &["'succeeds'", "'50%'"]);
    }
}

pub fn polling(d: &mut Drawing, name: &'static str, queue: &str) {
    fleet(d, name, true);
    writeln!(d.text, "polls = '{queue}'").expect("a string takes everything");
    d.maybe("max_number_of_messages", &["1", "10"]);
    d.maybe("wait_time", &["'0s'", "'1s'", "'20s'"]);
    // Never nothing at all: what fails at once and is visible again at once would never end.
    d.line("receive_latency", &["'20ms'", "{ lognormal = { mean = '50ms', cv = 1.0 } }"]);
    d.maybe("delete_latency", &LATENCIES);
    d.maybe("visibility_timeout", &["'1s'", "'20s'"]);
    d.maybe("extend_visibility", &["{ every = '500ms', to = '2s' }", "{ every = '30s', to = '12h' }"]);
    d.maybe("after_failure", &["{ visibility = '1s', backoff = 'exponential' }", "{ visibility = '5s' }"]);
    d.maybe("delete_together", &["true"]);
    d.maybe("lost_responses", &["'20%'"]);
}

pub fn queued(d: &mut Drawing) {
    let fifo = d.chance(40);
    front(d, "sends", "queue");
    let more = ["", "", ", batch = { entries = 3, linger = '1s' }", ", batch = { entries = 10 }, delay = '2s'"];
    let more = d.one_of(&more[..if fifo { 3 } else { 4 }]);
    d.text = d.text.replacen("to = 'queue'", &format!("to = 'queue'{more}"), 1);
    queue(d, "queue", fifo);
    if d.chance(60) {
        d.line("dead_letter", &["{ queue = 'failed', max_receive_count = 1 }", "{ queue = 'failed' }"]);
        queue(d, "failed", fifo);
        if d.chance(30) {
            polling(d, "undertakers", "failed");
        }
    }
    polling(d, "workers", "queue");
}
