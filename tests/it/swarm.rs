//! A swarm of small scenarios, drawn at random over all kinds of nodes, with faults, zero and huge capacities: each is
//! legal, comes to its end, and gives every job one fate. The ledger, Little's law and that nothing is busier than it can
//! be are held by the engine itself; what a queue must never do, by the second book that every queue keeps in tests.

mod choreography;
mod functions;
mod guards;
mod judge;
mod queues;
mod scaling;
mod topics;

use self::choreography::choreography;
use self::functions::functions;
use self::judge::judge;
use self::queues::queued;
use self::scaling::fleet;
use self::topics::published;
use rayon::prelude::*;
use std::fmt::Write;
use surgetank::components::Kind;
use surgetank::engine::random::{Draws, StreamKey};
use surgetank::metrics::Fate;

/// How many are drawn. Each is a few thousand jobs at most.
const SCENARIOS: u64 = 10_000;
/// Beyond this a scenario is stopped and told so: workers may fail at once and for hours.
const EVENTS_MAX: u64 = 300_000;
/// More stopped scenarios than this would hold too little.
const STOPPED_MAX: u64 = SCENARIOS / 10;

/// One scenario being drawn.
struct Drawing {
    draws: Draws,
    text: String,
    /// Nodes that faults can hit, and which faults can.
    nodes: Vec<(&'static str, &'static [&'static str])>,
    /// What its functions say of their account, if they say it.
    account_concurrency: Option<u32>,
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
    let mut d = Drawing { draws, text: String::new(), nodes: Vec::new(), account_concurrency: None };
    // The first has room for whatever three functions reserve here, and not for much more.
    d.account_concurrency = d.one_of(&[None, Some(300), Some(20_000)]);
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
    d.maybe(
        "attributes",
        &[
            "{ colour = { red = '50%', blue = '20%' } }",
            "{ colour = 'blue', 'AWS.SNS.SMS.SMSType' = { Transactional = '30%', Promotional = '30%' } }",
        ],
    );
    d.maybe("size", &["'0B'", "'1KiB'", "'300KiB'", "{ exponential = '1MiB' }"]);
    d.say("[work.job]\n");
    d.line("time", &WORK);
    d.say("[objective]\n");
    d.line("within", &["'0s'", "'1s'", "'1h'"]);
    let design = d.one_of(&[called, guards::balanced, queued, published, streamed, brokered, functions, choreography]);
    design(&mut d);
    faults(&mut d);
    d.text
}

/// A request, and what it may say beside its destination.
fn request(d: &mut Drawing, to: &str) -> String {
    request_saying(d, to, "")
}

/// The same with more that only some destinations understand.
fn request_saying(d: &mut Drawing, to: &str, more: &str) -> String {
    let latency = d.one_of(&LATENCIES);
    let timeout = d.one_of(&["'1ms'", "'1s'", "'1h'"]);
    let attempts = d.one_of(&[1, 2, 5]);
    let backoff = d.one_of(&[
        "'none'",
        "'fixed'",
        "'exponential', base_throttled = '0s'",
        "'fixed', base = '0s'",
        "'exponential', cap = '1s'",
    ]);
    let jitter = d.one_of(&["none", "full", "equal", "decorrelated"]);
    let mode = d.one_of(&["", "", "", "mode = 'legacy', ", "mode = 'standard', ", "mode = 'adaptive', "]);
    let (budget, guard) = (guards::budget(d), guards::guard(d));
    format!(
        "{{ to = '{to}'{more}, latency = {latency}, timeout = {timeout}, \
         retries = {{ {mode}attempts = {attempts}, backoff = {backoff}, jitter = '{jitter}'{budget} }}{guard} }}"
    )
}

/// A service that takes the traffic and passes it on.
fn front(d: &mut Drawing, verb: &str, to: &str, more: &[&str]) {
    d.node("front", "service");
    d.say("from = 'jobs'\n");
    server(d);
    let more = d.one_of(more);
    let request = request_saying(d, to, more);
    writeln!(d.text, "{verb} = {request}").expect("a string takes everything");
}

fn server(d: &mut Drawing) {
    d.maybe("tcp_abort_on_overflow", &["false", "true"]);
    behind_the_door(d);
}

fn behind_the_door(d: &mut Drawing) {
    d.maybe("slots", &["1", "3", "4000000000"]);
    d.maybe("accept_queue", &["0", "1", "4000000000"]);
    d.maybe("work", &["'job'"]);
    guards::shedding(d);
}

fn called(d: &mut Drawing) {
    let sink = d.one_of(&["service", "service", "http", "s3"]);
    let ignores = sink == "service" && d.chance(40);
    front(d, "calls", "back", if ignores { &[", connect_timeout = '2s'", ""] } else { &[""] });
    d.node("back", sink);
    if ignores {
        d.say("tcp_abort_on_overflow = false\n");
        behind_the_door(d);
    } else if sink == "service" {
        server(d);
    } else {
        d.maybe("latency", &LATENCIES);
        d.maybe("fails", &["'0%'", "'30%'", "'100%'"]);
        if sink == "http" {
            d.maybe("status", &["404", "429", "503"]);
            d.maybe("retry_after", &["'2s'"]);
        }
    }
}

fn streamed(d: &mut Drawing) {
    front(d, "sends", "stream", &[""]);
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
    front(d, "sends", "broker", &["", "", ", expiration = '5s'"]);
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
    if nodes.iter().any(|&(node, _)| node == "failed") && d.chance(40) {
        // Few of the faults below would find anything to send back.
        d.say("[[fault]]\nnode = 'p.failed'\nkind = 'redrive'\n");
        d.line("at", &["'30s'", "'70s'", "'5min'"]);
        d.maybe("rate", &["'1/s'", "'500/s'"]);
    }
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
        // Some machines do their whole bootstrap on standby.
        d.line("to", if kind == "standby" { &["'61s'", "'2min'", "'10min'"] } else { &["'61s'", "'2min'"] });
        match kind {
            "standby" => {
                d.maybe("count", &["1", "50"]);
                if scaling::is_group(&d.text, node) {
                    d.maybe("should_decrement_desired_capacity", &["true", "false"]);
                }
            }
            "slow" => d.line("factor", &["0.001", "10.0"]),
            "fails" => d.line("share", &["'0%'", "'50%'", "'100%'"]),
            _ => {}
        }
    }
}

/// What a broken invariant said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("an invariant broke, see above").to_owned()
}

#[test]
fn a_swarm_of_scenarios_comes_to_its_end_and_gives_every_job_one_fate() {
    let ended = |number: u64| {
        let text = scenario(number);
        let judged = std::panic::catch_unwind(|| judge(number, &text));
        let fates = judged.unwrap_or_else(|panic| Err(said(&*panic)));
        fates.map_err(|why| {
            format!(
                "scenario {number}: {why}\nto repeat it: surgetank run FILE --seed {number} -r 1, FILE being\n{text}"
            )
        })
    };
    let all: Vec<_> = (1..=SCENARIOS).into_par_iter().map(ended).collect();
    let wrong: Vec<&String> = all.iter().filter_map(|ended| ended.as_ref().err()).collect();
    if let Some(first) = wrong.first() {
        panic!("{} of {SCENARIOS} scenarios went wrong; the first is {first}", wrong.len());
    }
    let (mut seen, mut stopped) = (vec![0; Fate::ALL.len()], 0);
    for fates in all.into_iter().flatten() {
        stopped += u64::from(fates.is_none());
        seen.iter_mut().zip(fates.unwrap_or_default()).for_each(|(seen, jobs)| *seen += jobs);
    }
    assert!(stopped <= STOPPED_MAX, "{stopped} of {SCENARIOS} scenarios needed more than {EVENTS_MAX} events");
    // A swarm that never saw a fate would hold nothing of it.
    let never: Vec<&str> = Fate::ALL.iter().zip(&seen).filter(|(_, jobs)| **jobs == 0).map(|(f, _)| f.name()).collect();
    assert!(never.is_empty(), "no job was ever {never:?}: {seen:?}");
}
