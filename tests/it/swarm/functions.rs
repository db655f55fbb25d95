//! Functions of the swarm.

use super::queues::{dead_letters, queue_for};
use super::{Drawing, LATENCIES, request};
use std::fmt::Write;

/// A function that polls a queue, or is handed events by a topic, and calls another.
pub(super) fn functions(d: &mut Drawing) {
    let (fifo, events) = (d.chance(30), d.chance(50));
    d.node("topic", "sns");
    d.say("from = 'jobs'\n");
    if events || fifo {
        d.say("subscribers = ['function', 'other']\n");
    } else {
        d.say("subscribers = ['queue', 'function']\n");
    }
    queue_for(d, "queue", fifo, &["'60s'", "'15min'", "'12h'"]);
    if events || fifo {
        d.say("from = 'jobs'\n");
    }
    dead_letters(d, "failed");
    d.node("failed", "sqs");
    writeln!(d.text, "fifo_queue = {fifo}").expect("a string takes everything");
    lambda_that_polls(d, "poller", "queue", fifo);
    let to = d.one_of(&["calls", "sends"]);
    let request = request(d, "other");
    writeln!(d.text, "{to} = {request}").expect("a string takes everything");
    lambda(d, "function");
    d.maybe("maximum_retry_attempts", &["0", "1", "2"]);
    d.maybe("maximum_event_age", &["'60s'", "'10min'"]);
    if !fifo {
        d.maybe("dead_letter", &["'failed'"]);
    }
    lambda(d, "other");
}

/// A function that polls a queue, whose messages stay hidden for a minute at least.
pub(super) fn lambda_that_polls(d: &mut Drawing, name: &'static str, queue: &str, fifo: bool) {
    lambda(d, name);
    writeln!(d.text, "polls = '{queue}'").expect("a string takes everything");
    d.maybe("batch_size", &["1", "3", "10"]);
    if !fifo {
        d.maybe("maximum_batching_window", &["'1s'", "'45s'", "'5min'"]);
        d.maybe("messages_at_once", &["1", "4"]);
    }
    d.maybe("report_batch_item_failures", &["true", "false"]);
    if d.chance(30) {
        d.line("provisioned_pollers", &["{}", "{ minimum_pollers = 2, maximum_pollers = 3 }"]);
    } else {
        d.maybe("maximum_concurrency", &["2", "1000"]);
    }
    d.line("receive_latency", &["'20ms'", "{ lognormal = { mean = '50ms', cv = 1.0 } }"]);
    d.maybe("delete_latency", &LATENCIES);
    d.maybe(
        "retries",
        &["{ base = '1s', cap = '1s' }", "{ backoff = 'fixed', base_throttled = '10s', jitter = 'none' }"],
    );
}

fn lambda(d: &mut Drawing, name: &'static str) {
    d.node(name, "lambda");
    d.maybe("timeout", &["'1s'", "'20s'", "'60s'"]);
    d.maybe("reserved_concurrent_executions", &["0", "1", "50"]);
    // All functions belong to one account.
    if let Some(concurrency) = d.account_concurrency {
        writeln!(d.text, "account_concurrency = {concurrency}").expect("a string takes everything");
    }
    d.maybe("runtime", &["'java'", "'rust'", "'java_snap_start'"]);
    d.maybe("init_duration", &["'0s'", "{ exponential = '8s' }"]);
    d.maybe("idle_life", &["'0s'", "'1s'"]);
    d.maybe("work", &["'job'"]);
    d.maybe("speed", &["0.001", "1", "1000"]);
}
