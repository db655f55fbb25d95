//! Queues of the swarm, their senders and those who poll them.

use super::scaling::fleet;
use super::{DELAYS, Drawing, LATENCIES, front};
use std::fmt::Write;

/// A queue that hides what is received for any time.
pub(super) fn queue(d: &mut Drawing, name: &'static str, fifo: bool) {
    queue_for(d, name, fifo, &["'0s'", "'1s'", "'30s'", "'12h'"]);
}

/// A queue that hides what is received for one of these times.
pub(super) fn queue_for(d: &mut Drawing, name: &'static str, fifo: bool, visibility_timeouts: &[&str]) {
    d.node(name, "sqs");
    writeln!(d.text, "fifo_queue = {fifo}").expect("a string takes everything");
    d.line("visibility_timeout", visibility_timeouts);
    d.maybe("message_retention_period", &["'1min'", "'14d'"]);
    d.maybe("delay", &DELAYS);
    d.maybe("receive_message_wait_time", &["'0s'", "'1s'", "'20s'"]);
    d.maybe("requests_this_month", &["0", "99999999990", "1000000000000"]);
    d.maybe("maximum_message_size", &["'1KiB'", "'1MiB'"]);
    // None is an error, and so are more than a FIFO queue can have.
    d.maybe("in_flight_limit", if fifo { &["1", "10", "120000"] } else { &["1", "10", "4000000000"] });
    d.maybe("waiting_polls", &["'any'"]);
    if fifo {
        ordered(d);
    } else {
        d.maybe("stale_handle_delete", &["'succeeds'", "'50%'"]);
        d.maybe("fair_queue", &["true"]);
        d.maybe("duplicate_probability", &["'0%'", "'20%'", "'100%'"]);
        d.maybe("hosts", &["1", "64"]);
        d.maybe("hosts_sampled", &["1"]);
    }
}

/// What only a FIFO queue has.
fn ordered(d: &mut Drawing) {
    let by_content = d.chance(40);
    if by_content {
        d.say("content_based_deduplication = true\n");
        let explicit = d.chance(20);
        if explicit {
            d.say("deduplication_id = 'job'\n");
        } else {
            d.maybe("message_body", &["'key'", "'same'"]);
        }
    }
    if d.chance(40) {
        d.say("deduplication_scope = 'message_group'\n");
        if d.chance(50) {
            d.say("fifo_throughput_limit = 'per_message_group_id'\n");
            d.maybe("high_throughput_rate", &["'300/s'", "'9000/s'"]);
            d.maybe("partitions", &["1", "2", "256"]);
        }
    }
}

/// What becomes of messages that are received too often. The other queue is of the same kind.
pub(super) fn dead_letters(d: &mut Drawing, queue: &str) {
    let most = d.one_of(&["", ", max_receive_count = 1", ", max_receive_count = 3", ", max_receive_count = 1000"]);
    writeln!(d.text, "dead_letter = {{ queue = '{queue}'{most} }}").expect("a string takes everything");
}

/// A fleet that polls a queue.
pub(super) fn polling(d: &mut Drawing, name: &'static str, queue: &str, fifo: bool) {
    fleet(d, name, true);
    writeln!(d.text, "polls = '{queue}'").expect("a string takes everything");
    d.maybe("max_number_of_messages", &["1", "10"]);
    d.maybe("wait_time", &["'0s'", "'1s'", "'20s'"]);
    d.maybe("pause_when_empty", &["'1s'", "'1min'"]);
    // Never nothing at all: what fails at once and is visible again at once would never end.
    d.line("receive_latency", &["'20ms'", "{ lognormal = { mean = '50ms', cv = 1.0 } }"]);
    d.maybe("delete_latency", &LATENCIES);
    d.maybe("visibility_timeout", &["'0s'", "'1s'", "'20s'"]);
    d.maybe("extend_visibility", &["{ every = '500ms', to = '2s' }", "{ every = '1s', to = '12h' }"]);
    d.maybe(
        "after_failure",
        &[
            "{ visibility = '0s' }",
            "{ visibility = '5s' }",
            "{ visibility = '1s', backoff = 'exponential' }",
            "{ visibility = '1s', backoff = 'exponential', cap = '2s' }",
        ],
    );
    d.maybe(
        "retries",
        &["{ base = '1s', cap = '1s' }", "{ backoff = 'fixed', base_throttled = '10s', jitter = 'none' }"],
    );
    d.maybe("delete_together", &["true"]);
    d.maybe("lost_responses", &["'20%'", "'100%'"]);
    if fifo {
        d.maybe("receive_request_attempt_id", &["true"]);
    }
}

/// A service that sends to a queue, or traffic that comes there by itself; with or without a dead-letter queue.
pub(super) fn queued(d: &mut Drawing) {
    let fifo = d.chance(40);
    let directly = d.chance(30);
    if !directly {
        front(d, "sends", "queue", sent(fifo));
    }
    queue(d, "queue", fifo);
    if directly {
        let entries = ["'jobs'", "{ flow = 'jobs', delay = '0s' }", "{ flow = 'jobs', delay = '3s' }"];
        d.line("from", if fifo { &entries[..1] } else { &entries });
    }
    if d.chance(60) {
        dead_letters(d, "failed");
        queue(d, "failed", fifo);
        if d.chance(30) {
            polling(d, "undertakers", "failed", fifo);
        }
    }
    polling(d, "workers", "queue", fifo);
}

/// What a sender may say about its messages.
pub(super) const fn sent(fifo: bool) -> &'static [&'static str] {
    let all = &[
        "",
        "",
        ", batch = { entries = 3, linger = '1s' }",
        ", batch = { entries = 10, linger = '0s' }",
        ", batch = { entries = 10 }, delay = '2s'",
        ", delay = '15min'",
    ];
    if fifo { all.split_at(4).0 } else { all }
}
