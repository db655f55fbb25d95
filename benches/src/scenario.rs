//! Scenarios for the benchmarks, run through the program with everything on: ledger, histograms, time series.

use surgetank::diagnostic::{Diagnostics, Look, render};
use surgetank::metrics::Observation;
use surgetank::scenario::{CaseModel, Replication, load, resolve};

/// Resolves a scenario text.
///
/// # Panics
/// If the text is wrong: it is ours.
pub fn case(text: &str) -> CaseModel {
    let mut found = Diagnostics::new();
    let loaded = load("bench.toml", text, &[], &mut |_| Err(String::new()), &mut found);
    let resolved = resolve(&loaded, "bench", &|_| Err(String::new()), found);
    let said = render(&resolved.found, &loaded.sources, Look::Plain);
    resolved.model.unwrap_or_else(|| panic!("{said}")).cases.remove(0)
}

/// One replication of the first pipeline.
///
/// # Panics
/// If it does not finish.
pub fn run(case: &CaseModel, seed: u64) -> Observation {
    match case.simulate(&case.pipelines[0], seed, 0, &mut |_| true) {
        Replication::Done(observation) => *observation,
        other => panic!("{other:?}"),
    }
}

/// The sections that every benchmark has. Time is in seconds, as the mean service is one second.
fn head(jobs: u64, rate: f64) -> String {
    let seconds = jobs as f64 / rate;
    format!(
        "[run]\nduration = \"{seconds}s\"\ndrain = \"1d\"\n[traffic.f]\nrate = \"{rate}/s\"\n\
         [work.w]\ntime = {{ exponential = \"1s\" }}\n[objective]\nwithin = \"10s\"\n"
    )
}

/// M/M/c as one service.
pub fn mmc(servers: u32, load: f64, jobs: u64) -> String {
    head(jobs, load * f64::from(servers))
        + &format!(
            "[pipeline.p.s]\nkind = \"service\"\nfrom = \"f\"\nslots = {servers}\naccept_queue = 4000000000\nwork = \"w\"\n"
        )
}

const NO_LATENCY: &str = "receive_latency = \"0s\"\ndelete_latency = \"0s\"\n";

/// A queue with visibility and receipts, workers with long polling, delete.
pub fn queued(workers: u32, load: f64, jobs: u64, network: bool) -> String {
    let latency = if network { "" } else { NO_LATENCY };
    head(jobs, load * f64::from(workers))
        + &format!(
            "[pipeline.p.q]\nkind = \"sqs\"\nfrom = \"f\"\n[pipeline.p.w]\nkind = \"workers\"\npolls = \"q\"\n\
             count = {workers}\nwork = \"w\"\n{latency}"
        )
}

/// The same with a FIFO queue and so many message groups, in high-throughput mode.
pub fn in_groups(workers: u32, load: f64, jobs: u64, groups: u32) -> String {
    queued(workers, load, jobs, false)
        .replace("[work.w]", &format!("key = {{ distinct = {groups} }}\n[work.w]"))
        .replace("from = \"f\"\n", &format!("from = \"f\"\n{HIGH_THROUGHPUT}"))
}

const HIGH_THROUGHPUT: &str = "fifo_queue = true\ndeduplication_scope = \"message_group\"\n\
                               fifo_throughput_limit = \"per_message_group_id\"\npartitions = 16\n";

/// A topic with so many queues, each with so many workers.
pub fn fan_out(queues: u32, workers: u32, load: f64, jobs: u64) -> String {
    let names: Vec<String> = (0..queues).map(|queue| format!("\"q{queue}\"")).collect();
    let mut text = head(jobs, load * f64::from(workers));
    text += &format!(
        "[pipeline.p.events]\nkind = \"sns\"\nfrom = \"f\"\nsubscribers = [{}]\ndelivery_latency = \"0s\"\n",
        names.join(", ")
    );
    for queue in 0..queues {
        text += &format!(
            "[pipeline.p.q{queue}]\nkind = \"sqs\"\n[pipeline.p.w{queue}]\nkind = \"workers\"\npolls = \"q{queue}\"\n\
             count = {workers}\nwork = \"w\"\n{NO_LATENCY}"
        );
    }
    text
}

/// One message to so many phones.
pub fn crowd(members: u32) -> String {
    format!(
        "[run]\nduration = \"1s\"\ndrain = \"1h\"\n[traffic.f]\nspike = {{ at = \"0s\", count = 1 }}\n\
         [pipeline.p.events]\nkind = \"sns\"\nfrom = \"f\"\nsubscribers = {{ to = \"app\", count = {members} }}\n\
         [pipeline.p.app]\nkind = \"push\"\nfails = \"1%\"\n"
    )
}

/// A burst of jobs at one instant into a queue with 20 workers.
pub fn burst(jobs: u64) -> String {
    let seconds = jobs / 10 + 100;
    format!(
        "[run]\nduration = \"1s\"\ndrain = \"{seconds}s\"\n[traffic.f]\nspike = {{ at = \"0s\", count = {jobs} }}\n\
         [work.w]\ntime = {{ exponential = \"1s\" }}\n[pipeline.p.q]\nkind = \"sqs\"\nfrom = \"f\"\n\
         [pipeline.p.w]\nkind = \"workers\"\npolls = \"q\"\ncount = 20\n\
         work = \"w\"\n{NO_LATENCY}"
    )
}

/// The same with workers that choose the visibility timeout and ask for more while they work: each message in flight has
/// an end of invisibility of its own.
pub fn burst_with_timers(jobs: u64) -> String {
    burst(jobs) + "visibility_timeout = \"40s\"\nextend_visibility = { every = \"2s\", to = \"30s\" }\n"
}

/// Three services in a row with timeouts, three attempts and backoff.
pub fn chain(jobs: u64, chain: &crate::floor::chain::Chain) -> String {
    let mut text = format!(
        "[run]\nduration = \"{}s\"\ndrain = \"1d\"\n[traffic.f]\nrate = \"{}/s\"\n",
        jobs as f64 / chain.rate,
        chain.rate
    );
    for (tier, mean) in chain.work.iter().enumerate() {
        text += &format!("[work.w{tier}]\ntime = {{ exponential = \"{mean}s\" }}\n");
    }
    for (tier, slots) in chain.slots.iter().enumerate() {
        text += &format!("[pipeline.p.s{tier}]\nkind = \"service\"\nslots = {slots}\nwork = \"w{tier}\"\n");
        text += "accept_queue = 4000000000\n";
        if tier == 0 {
            text += "from = \"f\"\n";
        }
        if tier + 1 < chain.slots.len() {
            text += &format!(
                "calls = {{ to = \"s{}\", timeout = \"{}s\", latency = \"0s\", retries = {{ attempts = {}, \
                 base = \"{}s\", jitter = \"full\" }} }}\n",
                tier + 1,
                chain.timeout,
                chain.attempts,
                chain.base
            );
        }
    }
    text
}
