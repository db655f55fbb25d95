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
    event_keys(d, fifo);
    lambda(d, "other");
    if d.chance(40) {
        lambda(d, "last");
        d.say("from = 'jobs'\n");
        d.maybe("maximum_retry_attempts", &["0"]);
    } else {
        lambda(d, "last");
    }
    d.node("notes", "sns");
    d.say("subscribers = ['last', 'kept']\n");
    d.node("kept", "sqs");
}

/// What is done with the events of a function.
fn event_keys(d: &mut Drawing, fifo: bool) {
    d.maybe("maximum_retry_attempts", &["0", "1", "2"]);
    d.maybe("maximum_event_age", &["'60s'", "'10min'"]);
    d.maybe("throttle_jitter", &["'0%'", "'100%'"]);
    let (on_success, on_failure) = (d.one_of(DESTINATIONS), d.one_of(DESTINATIONS));
    if d.chance(40) {
        writeln!(d.text, "on_success = '{on_success}'").expect("a string takes everything");
    }
    if !fifo && d.chance(30) {
        d.say("dead_letter = 'failed'\n");
    } else if d.chance(60) {
        writeln!(d.text, "on_failure = '{on_failure}'").expect("a string takes everything");
    }
}

/// A queue, a topic, and functions.
const DESTINATIONS: &[&str] = &["kept", "notes", "last", "other"];

/// A function that polls a queue, whose messages stay hidden for a minute at least.
pub(super) fn lambda_that_polls(d: &mut Drawing, name: &'static str, queue: &str, fifo: bool) {
    lambda(d, name);
    writeln!(d.text, "polls = '{queue}'").expect("a string takes everything");
    if !fifo && d.chance(20) {
        d.line("batch_size", &["11", "10000"]);
        d.line("maximum_batching_window", &["'1s'", "'45s'", "'5min'"]);
    } else {
        d.maybe("batch_size", &["1", "3", "10"]);
        if !fifo {
            d.maybe("maximum_batching_window", &["'0s'", "'1s'", "'45s'", "'5min'"]);
        }
    }
    if !fifo {
        d.maybe("messages_at_once", &["1", "4"]);
    }
    d.maybe("report_batch_item_failures", &["true", "false"]);
    if d.chance(30) {
        d.line("provisioned_pollers", &["{}", "{ minimum_pollers = 2, maximum_pollers = 3 }"]);
    } else {
        d.maybe("maximum_concurrency", &["2", "7", "1000"]);
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
    d.maybe("memory_size", &["'128MiB'", "'10GiB'"]);
    d.maybe("architecture", &["'arm64'", "'x86_64'"]);
    d.maybe("runtime", &["'java'", "'rust'", "'java_snap_start'", "'python'", "'node'", "'go'"]);
    d.maybe("init_duration", &["'0s'", "{ exponential = '8s' }"]);
    d.maybe("idle_life", &["'0s'", "'1s'"]);
    d.maybe("work", &["'job'"]);
    d.maybe("speed", &["0.001", "1", "1000"]);
}
