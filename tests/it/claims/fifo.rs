//! Amazon SQS, FIFO queues.

use crate::bench::{about, run};
use surgetank::metrics::Fate;

/// A FIFO queue with workers whose calls take no time; `flows` are the tables of the traffic without `[traffic.NAME]`.
fn fifo(drain: &str, flows: &[(&str, &str)], queue: &str, crew: &str) -> String {
    let tables: Vec<String> = flows.iter().map(|(name, flow)| format!("[traffic.{name}]\n{flow}\n")).collect();
    let names: Vec<&str> = flows.iter().map(|&(name, _)| name).collect();
    format!(
        "[run]\nduration = '100s'\ndrain = '{drain}'\nsample_every = '1s'\n{}[work.job]\ntime = '1s'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\nfrom = {names:?}\n{queue}\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\nreceive_latency = '0s'\ndelete_latency = '0s'\n{crew}\n",
        tables.concat()
    )
}

fn one(key: &str, at: &str) -> String {
    format!("spike = {{ at = '{at}', count = 1 }}\nkey = {{ constant = '{key}' }}")
}

#[test]
fn claim_25_ten_groups_are_worked_on_at_once() {
    let names: Vec<String> = (0..10).map(|group| format!("g{group}")).collect();
    let flows: Vec<String> = names.iter().map(|name| one(name, "1s")).collect();
    let flows: Vec<(&str, &str)> = names.iter().zip(&flows).map(|(name, flow)| (&name[..], &flow[..])).collect();
    let ran = run(&fifo("1min", &flows, "", "count = 10\nwork = 'job'"));
    assert_eq!((ran.figure("crew.busy_max"), ran.summary("latency_max")), (10.0, 1.0));
}

#[test]
fn messages_of_one_group_follow_each_other_whichever_flow_brings_them() {
    let (a, b) = (one("same", "1s"), one("same", "1s"));
    let ran = run(&fifo("1min", &[("a", &a), ("b", &b)], "", "count = 10\nwork = 'job'"));
    assert_eq!((ran.figure("crew.busy_max"), ran.summary("latency_max")), (1.0, 2.0));
}

#[test]
fn claim_26_what_fails_holds_up_its_group_until_it_is_dead_lettered_and_no_other() {
    // Everything fails until 85 s; the other group's message comes after that, while the first still blocks its own.
    let (bad, next, other) = (one("g", "1s"), one("g", "2s"), one("h", "86s"));
    let text = fifo(
        "1min",
        &[("bad", &bad), ("next", &next), ("other", &other)],
        "visibility_timeout = '30s'\ndead_letter = { queue = 'failed', max_receive_count = 3 }",
        "count = 3",
    ) + "[pipeline.p.failed]\nkind = 'sqs'\nfifo_queue = true\n\
         [[fault]]\nnode = 'p.crew'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '85s'\n";
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_dead_lettered"), ran.jobs(Fate::DoneInTime)), (1.0, 2));
    // `next` came at 2 s and is delivered at 91 s, `other` at once.
    assert_eq!((ran.summary("latency_max"), ran.summary("latency_mean")), (89.0, 44.5));
}

#[test]
fn claim_28_a_message_that_was_deleted_is_not_delivered_again_when_it_is_sent_again() {
    let text = "[run]\nduration = '2s'\ndrain = '10min'\n[traffic.jobs]\nspike = { at = '1s', count = 1 }\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nsends = { to = 'jobs', latency = '2s', timeout = '1500ms',\
        \x20retries = { attempts = 2, backoff = 'fixed', base = '60s', jitter = 'none' } }\n\
        [pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\n\
        [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nreceive_latency = '0s'\ndelete_latency = '0s'\n";
    let ran = run(text);
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("jobs.messages_deduplicated")), (2.0, 1.0));
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("jobs.messages_deleted")), (1.0, 1.0));
    // Five minutes later nobody remembers.
    let late = run(&text.replace("base = '60s'", "base = '300s'"));
    assert_eq!((late.figure("jobs.messages_deduplicated"), late.figure("jobs.messages_received")), (0.0, 2.0));
}

#[test]
fn claim_31_of_a_thousand_single_sends_in_a_second_three_hundred_succeed() {
    let text = "[run]\nduration = '1s'\ndrain = '0s'\n[traffic.jobs]\nrate = '1000/s'\narrivals = 'regular'\n\
        key = { distinct = 1000 }\n[pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\nfrom = 'jobs'\n";
    let ran = run(text);
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("jobs.throttled")), (300.0, ran.sent() as f64 - 300.0));
    assert_eq!(ran.lost("jobs", "throttled"), ran.sent() - 300);
}

#[test]
fn claim_32_one_group_does_not_scale() {
    let throughput = |count: u32| {
        let text = format!(
            "[run]\nduration = '200s'\nwarmup = '100s'\ndrain = '0s'\n\
             [traffic.jobs]\nspike = {{ at = '0s', count = 3000, over = '20s' }}\nkey = {{ constant = 'g' }}\n\
             [work.job]\ntime = '100ms'\n[pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\nfrom = 'jobs'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = {count}\nwork = 'job'\n\
             receive_latency = '20ms'\ndelete_latency = '20ms'\n"
        );
        run(&text).figure("crew.handled") / 200.0
    };
    about(throughput(1), 1.0 / 0.140, 0.01);
    about(throughput(100), 1.0 / 0.120, 0.01);
}
