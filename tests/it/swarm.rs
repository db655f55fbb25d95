//! A swarm of small scenarios, drawn at random over all kinds of nodes, with faults, zero and huge capacities: each is
//! legal, comes to its end, and gives every job one fate. The ledger and Little's law are held by the engine itself.

mod functions;
mod guards;
mod queues;

use self::functions::functions;
use self::queues::{polling, queue, queued};
use crate::bench::model;
use rayon::prelude::*;
use std::fmt::Write;
use surgetank::components::Kind;
use surgetank::engine::Bound;
use surgetank::engine::random::{Draws, StreamKey};
use surgetank::metrics::Fate;
use surgetank::scenario::Replication;

/// How many are drawn. Each is a few thousand jobs at most.
const SCENARIOS: u64 = 10_000;
/// Beyond this a scenario is stopped and told so: workers may fail at once and for hours.
const EVENTS_MAX: u64 = 1_000_000;
/// More stopped scenarios than this would hold too little.
const STOPPED_MAX: u64 = SCENARIOS / 10;

/// One scenario being drawn.
struct Drawing {
    draws: Draws,
    text: String,
    /// Nodes that faults can hit, and which faults can.
    nodes: Vec<(&'static str, &'static [&'static str])>,
}

impl Drawing {
    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let place = self.draws.below(choices.len() as u64);
        choices[usize::try_from(place).expect("small")]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.draws.below(100) < percent
    }

    fn line(&mut self, key: &str, choices: &[&str]) {
        let value = self.one_of(choices);
        writeln!(self.text, "{key} = {value}").expect("a string takes everything");
    }

    /// A line that is often left out, so that the default is drawn as well.
    fn maybe(&mut self, key: &str, choices: &[&str]) {
        if self.chance(40) {
            self.line(key, choices);
        }
    }

    fn say(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn node(&mut self, name: &'static str, kind: &str) {
        writeln!(self.text, "[pipeline.p.{name}]\nkind = '{kind}'").expect("a string takes everything");
        self.nodes.push((name, Kind::named(kind).expect("a kind of node").faults));
    }
}

const WORK: [&str; 5] =
    ["'0s'", "'1ms'", "{ exponential = '50ms' }", "{ lognormal = { mean = '1s', cv = 2.0 } }", "'90s'"];
const LATENCIES: [&str; 3] = ["'0s'", "'1ms'", "{ exponential = '20ms' }"];
const DELAYS: [&str; 4] = ["'0s'", "'1s'", "'30s'", "'15min'"];

/// The scenario with this number.
fn scenario(number: u64) -> String {
    let draws = StreamKey::new(number, 0).child("swarm").stream(0);
    let mut d = Drawing { draws, text: String::new(), nodes: Vec::new() };
    writeln!(d.text, "[run]\nduration = '1min'\nmax_events = {EVENTS_MAX}\nseed = {number}").expect("a string");
    d.line("drain", &["'0s'", "'1s'", "'10min'", "'6h'"]);
    d.maybe("warmup", &["'0s'", "'59s'"]);
    d.say("[traffic.jobs]\n");
    d.line("rate", &["'0/s'", "'1/s'", "'20/s'"]);
    d.maybe("arrivals", &["'poisson'", "'regular'"]);
    d.maybe(
        "spike",
        &["{ at = '0s', count = 1 }", "{ at = '10s', count = 500 }", "{ at = '59s', count = 300, over = '1s' }"],
    );
    d.maybe("key", &["{ constant = 'one' }", "{ distinct = 7 }", "{ distinct = 1000, skew = 1.0 }"]);
    d.maybe("size", &["'0B'", "'1KiB'", "'300KiB'", "{ exponential = '1MiB' }"]);
    d.say("[work.job]\n");
    d.line("time", &WORK);
    d.say("[objective]\n");
    d.line("within", &["'0s'", "'1s'", "'1h'"]);
    let design = d.one_of(&[called, guards::balanced, queued, published, streamed, brokered, functions]);
    design(&mut d);
    faults(&mut d);
    d.text
}

/// What a request may say beside its destination.
fn request(d: &mut Drawing, to: &str) -> String {
    let latency = d.one_of(&LATENCIES);
    let timeout = d.one_of(&["'1ms'", "'1s'", "'1h'"]);
    let attempts = d.one_of(&[1, 2, 5]);
    let backoff = d.one_of(&["none", "fixed", "exponential"]);
    let jitter = d.one_of(&["none", "full", "equal", "decorrelated"]);
    let (budget, guard) = (guards::budget(d), guards::guard(d));
    format!(
        "{{ to = '{to}', latency = {latency}, timeout = {timeout}, \
         retries = {{ attempts = {attempts}, backoff = '{backoff}', jitter = '{jitter}'{budget} }}{guard} }}"
    )
}

/// A service that takes the traffic and passes it on.
fn front(d: &mut Drawing, verb: &str, to: &str) {
    d.node("front", "service");
    d.say("from = 'jobs'\n");
    server(d);
    let request = request(d, to);
    writeln!(d.text, "{verb} = {request}").expect("a string takes everything");
}

fn server(d: &mut Drawing) {
    d.maybe("slots", &["1", "3", "4000000000"]);
    d.maybe("accept_queue", &["0", "1", "4000000000"]);
    d.maybe("work", &["'job'"]);
    guards::shedding(d);
}

fn called(d: &mut Drawing) {
    front(d, "calls", "back");
    let sink = d.one_of(&["service", "http", "s3"]);
    d.node("back", sink);
    if sink == "service" {
        server(d);
    } else {
        d.maybe("latency", &LATENCIES);
        d.maybe("fails", &["'0%'", "'30%'", "'100%'"]);
    }
}

fn fleet(d: &mut Drawing, name: &'static str, may_grow: bool) {
    d.node(name, "workers");
    if may_grow && d.chance(40) {
        group(d);
    } else {
        d.line("count", &["1", "3", "100"]);
    }
    d.maybe("work", &["'job'"]);
    d.maybe("speed", &["0.001", "1", "1000"]);
}

/// Machines that come and go.
fn group(d: &mut Drawing) {
    d.line("auto_scaling.min_size", &["0", "1"]);
    d.line("auto_scaling.max_size", &["1", "5", "50"]);
    d.maybe("auto_scaling.workers_per_instance", &["3"]);
    d.maybe("auto_scaling.launch_latency", &["'0s'", "'1s'"]);
    d.maybe("auto_scaling.bootstrap", &["'0s'", "'5min'"]);
    d.maybe("auto_scaling.default_instance_warmup", &["'0s'", "'1min'"]);
    d.maybe("auto_scaling.metric_period", &["'10s'"]);
    d.maybe("auto_scaling.scale_in_protection", &["'while_busy'", "'always'"]);
    d.maybe("auto_scaling.termination_hook", &["{}", "{ heartbeat_timeout = '10s' }"]);
    d.maybe("auto_scaling.warm_pool", &["{}", "{ pool_state = 'running', min_size = 2 }"]);
    d.maybe("auto_scaling.availability_zones", &["3"]);
    d.maybe("auto_scaling.heeds_notice", &["true"]);
    d.maybe("auto_scaling.capacity_rebalance", &["true"]);
    d.line(
        "auto_scaling.policies",
        &[
            "[]",
            "[{ policy_type = 'target_tracking_scaling', target_value = 5, scale_in_points = 1 }]",
            "[{ policy_type = 'target_tracking_scaling', target_value = 1, metric = 'all_messages' }]",
            "[{ policy_type = 'simple_scaling', threshold = 1, scaling_adjustment = 2, cooldown = '0s' }]",
            "[{ policy_type = 'step_scaling', threshold = 9, adjustment_type = 'percent_change_in_capacity', \
             step_adjustments = [{ scaling_adjustment = 50 }] }, { policy_type = 'step_scaling', threshold = 0, \
             comparison_operator = 'less_than_or_equal_to_threshold', adjustment_type = 'exact_capacity', \
             step_adjustments = [{ scaling_adjustment = 0 }] }]",
        ],
    );
}

fn published(d: &mut Drawing) {
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
        ],
    );
    d.maybe("publish_rate", &["'1/s'", "'300/s'"]);
    d.maybe("delivery_latency", &LATENCIES);
    queue(d, "queue", false);
    polling(d, "workers", "queue");
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
    polling(d, "workers", "queue");
    queue(d, "other", false);
    polling(d, "others", "other");
}

fn streamed(d: &mut Drawing) {
    front(d, "sends", "stream");
    d.node("stream", "kinesis");
    d.line("shards", &["1", "3", "50"]);
    d.node("reader", "reader");
    d.say("reads = 'stream'\n");
    d.maybe("retrieval_mode", &["'FANOUT'"]);
    d.maybe("workers", &["1", "2", "60"]);
    d.maybe("batch", &["1", "10000"]);
    d.maybe("retries", &["{ attempts = 1 }", "{ attempts = 9, backoff = 'none' }"]);
    d.maybe("starting_position", &["'TRIM_HORIZON'", "'LATEST'"]);
    d.maybe("checkpoint", &["'batch'", "{ records = 10 }", "{ every = '5s' }"]);
    d.maybe("work", &["'job'"]);
}

fn brokered(d: &mut Drawing) {
    let rabbit = d.chance(60);
    front(d, "sends", "broker");
    if d.chance(30) {
        d.text = d.text.replacen("to = 'broker'", "to = 'broker', expiration = '5s'", 1);
    }
    d.node("broker", "mq");
    d.say(if rabbit { "engine = 'rabbitmq'\n" } else { "engine = 'activemq'\n" });
    if rabbit {
        d.maybe("queue_type", &["'quorum'"]);
        d.maybe("max_length", &["1", "100"]);
        d.maybe("delivery_limit", &["0", "3"]);
        d.maybe("consumer_timeout", &["'1min'", "'2min'"]);
    }
    if rabbit {
        d.maybe("memory_limit", &["'1KiB'", "'1GiB'"]);
    } else {
        d.maybe("storage_limit", &["'1B'", "'100KiB'"]);
        d.maybe("send_fail_if_no_space", &["true"]);
        d.maybe("deployment", &["'ACTIVE_STANDBY_MULTI_AZ'"]);
    }
    d.maybe("message_ttl", &["'1ms'", "'10s'"]);
    d.maybe("confirms", &["true", "false"]);
    d.maybe("prefetch", &["1", "100", "'unlimited'"]);
    fleet(d, "consumers", false);
    d.say("consumes = 'broker'\n");
    d.maybe("auto_ack", &["true", "false"]);
    d.line("latency", &LATENCIES[1..]);
    d.maybe("dispatch_overhead", &["'0s'", "'1ms'"]);
}

/// Up to three faults, anywhere.
fn faults(d: &mut Drawing) {
    let nodes = d.nodes.clone();
    for _ in 0..d.draws.below(4) {
        let (node, possible) = d.one_of(&nodes);
        let kind = d.one_of(possible);
        writeln!(d.text, "[[fault]]\nnode = 'p.{node}'\nkind = '{kind}'").expect("a string takes everything");
        if ["kill", "interrupt", "reboot", "crash", "redrive", "purge"].contains(&kind) {
            d.line("at", &["'0s'", "'30s'", "'70s'"]);
            if kind == "kill" || kind == "interrupt" {
                d.maybe("count", &["1", "50"]);
            }
            if kind == "redrive" {
                d.maybe("rate", &["'1/s'", "'500/s'"]);
            }
            continue;
        }
        d.line("from", &["'0s'", "'10s'", "'60s'"]);
        d.line("to", &["'61s'", "'2min'"]);
        match kind {
            "slow" => d.line("factor", &["0.001", "10.0"]),
            "fails" => d.line("share", &["'0%'", "'50%'", "'100%'"]),
            _ => {}
        }
    }
}

/// Runs a scenario: the jobs by fate, nothing if it needed too many events, or what is wrong with it.
fn judge(number: u64, text: &str) -> Result<Option<Vec<u64>>, String> {
    let model = model(text)?;
    let (case, pipeline) = (&model.cases[0], &model.cases[0].pipelines[0]);
    match case.simulate(pipeline, number, 0, &mut |_| true) {
        Replication::Done(observation) => {
            let sent: u64 = observation.arrivals.iter().map(|&jobs| u64::from(jobs)).sum();
            let ended: u64 = observation.fates.iter().sum();
            if sent == ended {
                Ok(Some(observation.fates.to_vec()))
            } else {
                Err(format!("{sent} sent, {ended} ended"))
            }
        }
        Replication::Exceeded(overrun) if overrun.bound == Bound::Events => Ok(None),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_swarm_of_scenarios_comes_to_its_end_and_gives_every_job_one_fate() {
    let ended = |number: u64| {
        let text = scenario(number);
        let judged = std::panic::catch_unwind(|| judge(number, &text));
        let fates = judged.unwrap_or_else(|_| Err("an invariant broke, see above".to_owned()));
        fates.unwrap_or_else(|why| {
            panic!(
                "scenario {number}: {why}\nto repeat it: surgetank run FILE --seed {number} -r 1, FILE being\n{text}"
            )
        })
    };
    let all: Vec<_> = (1..=SCENARIOS).into_par_iter().map(ended).collect();
    let (mut seen, mut stopped) = (vec![0; Fate::ALL.len()], 0);
    for fates in all {
        stopped += u64::from(fates.is_none());
        seen.iter_mut().zip(fates.unwrap_or_default()).for_each(|(seen, jobs)| *seen += jobs);
    }
    assert!(stopped <= STOPPED_MAX, "{stopped} of {SCENARIOS} scenarios needed more than {EVENTS_MAX} events");
    // A swarm that never saw a fate would hold nothing of it.
    let never: Vec<&str> = Fate::ALL.iter().zip(&seen).filter(|(_, jobs)| **jobs == 0).map(|(f, _)| f.name()).collect();
    assert!(never.is_empty(), "no job was ever {never:?}: {seen:?}");
}
