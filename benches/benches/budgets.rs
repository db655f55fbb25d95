//! The budgets: how much time and memory the program may take, each measured beside its floor.
//!
//! `cargo bench -p surgetank-benches` prints a table; a row that misses its budget is marked and the process fails.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock and at its own process")]

use std::process::Command;
use surgetank_benches::clock::{in_turn, seconds};
use surgetank_benches::floor::{self, chain::Chain};
use surgetank_benches::scenario;

/// Names the case whose memory a process is started for.
const MEMORY: &str = "SURGETANK_MEMORY";

/// A line of the table.
struct Row {
    what: String,
    measured: String,
    floor: String,
    ratio: f64,
    budget: f64,
}

const JOBS: u64 = 100_000;
const ROUNDS: u64 = 25;

fn ratio(what: &str, items: u64, budget: f64, ours: impl FnMut(u64), floor: impl FnMut(u64)) -> Row {
    let (ours, floor) = in_turn(ROUNDS, items, ours, floor);
    Row {
        what: what.to_owned(),
        measured: format!("{ours:.0} ns"),
        floor: format!("{floor:.0} ns"),
        ratio: ours / floor,
        budget,
    }
}

fn main() {
    if was_asked_for_memory() {
        return;
    }
    let mut rows = Vec::new();
    let mm1 = scenario::case(&scenario::mmc(1, 0.8, JOBS));
    rows.push(ratio(
        "M/M/1, load 0.8, one service",
        JOBS,
        1.5,
        |s| drop(scenario::run(&mm1, s)),
        |s| {
            std::hint::black_box(floor::mmc(1, 0.8, JOBS, s));
        },
    ));
    let mm50 = scenario::case(&scenario::mmc(50, 0.9, JOBS));
    rows.push(ratio(
        "M/M/50, load 0.9, one service",
        JOBS,
        1.4,
        |s| drop(scenario::run(&mm50, s)),
        |s| {
            std::hint::black_box(floor::mmc(50, 0.9, JOBS, s));
        },
    ));
    let queued = scenario::case(&scenario::queued(50, 0.9, JOBS, false));
    rows.push(ratio(
        "queued: sqs, 50 workers, long polling, delete",
        JOBS,
        3.5,
        |s| drop(scenario::run(&queued, s)),
        |s| {
            std::hint::black_box(floor::mmc(50, 0.9, JOBS, s));
        },
    ));
    let groups = scenario::case(&scenario::in_groups(50, 0.9, JOBS, 10_000));
    rows.push(ratio(
        "the same with a FIFO queue and 10,000 groups",
        JOBS,
        5.0,
        |s| drop(scenario::run(&groups, s)),
        |s| {
            std::hint::black_box(floor::mmc(50, 0.9, JOBS, s));
        },
    ));
    let (jobs, copies) = (JOBS / 10, JOBS);
    let fan_out = scenario::case(&scenario::fan_out(10, 2, 0.8, jobs));
    rows.push(ratio(
        "fan-out: sns to ten sqs, two workers each",
        copies,
        5.0,
        |s| drop(scenario::run(&fan_out, s)),
        |s| {
            std::hint::black_box(floor::fan_out(10, 2, 0.8, jobs, s));
        },
    ));
    let chain =
        Chain { slots: [200, 200, 100], work: [0.01, 0.02, 0.05], timeout: 0.2, attempts: 3, base: 0.05, rate: 800.0 };
    let three = scenario::case(&scenario::chain(JOBS, &chain));
    rows.push(ratio(
        "three services, timeouts, 3 attempts, backoff",
        JOBS,
        1.8,
        |s| drop(scenario::run(&three, s)),
        |s| {
            std::hint::black_box(floor::chain::run(chain, JOBS, s));
        },
    ));
    rows.push(burst("burst of 1,000,000 into a queue, per job, against 1,000", 1.5, scenario::burst));
    let timers = "the same with a visibility timer for each message";
    rows.push(burst(timers, 2.0, scenario::burst_with_timers));
    rows.push(crowd());
    let missed = print(&rows) + memory();
    if missed > 0 {
        std::process::exit(1);
    }
}

/// Time per job of a large burst against that of a small one.
fn burst(what: &str, budget: f64, text: impl Fn(u64) -> String) -> Row {
    const LARGE: u64 = 1_000_000;
    const SMALL: u64 = 1_000;
    let (large, small) = (scenario::case(&text(LARGE)), scenario::case(&text(SMALL)));
    let best = |rounds: u64, items: u64, case| {
        (1..=rounds).map(|round| seconds(|| scenario::run(case, round))).fold(f64::INFINITY, f64::min) * 1e9
            / items as f64
    };
    let (large, small) = (best(3, LARGE, &large), best(200, SMALL, &small));
    Row {
        what: what.to_owned(),
        measured: format!("{large:.0} ns"),
        floor: format!("{small:.0} ns"),
        ratio: large / small,
        budget,
    }
}

/// Subscriptions of the largest topic that there can be.
const CROWD: u32 = 12_500_000;

/// One publish to the largest topic, resolved and run, against two seconds.
fn crowd() -> Row {
    const SECONDS: f64 = 2.0;
    let one = |seed| seconds(|| scenario::run(&scenario::case(&scenario::crowd(CROWD)), seed));
    let measured = (1..=3).map(one).fold(f64::INFINITY, f64::min);
    Row {
        what: "one publish to 12,500,000 subscribers, against 2 s".to_owned(),
        measured: format!("{:.1} ms", measured * 1e3),
        floor: format!("{SECONDS:.0} s"),
        ratio: measured / SECONDS,
        budget: 1.0,
    }
}

/// Peak memory of this process so far, in MiB; Linux only.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// Asks a process of its own for each peak, because a peak never falls; prints them and counts the budgets missed.
fn memory() -> usize {
    let asked = [
        ("burst", "burst of 1,000,000 into a queue", 128.0),
        ("crowd", "one publish to 12,500,000 subscribers", 256.0),
        ("1m", "1,000,000 jobs, queued", 32.0),
        ("10m", "10,000,000 jobs, queued", 32.0),
    ];
    let mut missed = 0;
    println!("{:<58} {:>9} {:>25}", "peak memory", "MiB", "budget");
    for (which, what, budget) in asked {
        let this = std::env::current_exe().expect("a running program has a path");
        let output = Command::new(this).env(MEMORY, which).output().expect("this program can be started again");
        let peak: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(f64::NAN);
        let holds = peak <= budget;
        missed += usize::from(!holds);
        println!("{what:<58} {peak:>9.1} {budget:>25.0}{}", if holds { "" } else { "  MISSED" });
    }
    missed
}

/// Runs one case and prints its peak, if this process was started for that.
fn was_asked_for_memory() -> bool {
    let Ok(which) = std::env::var(MEMORY) else { return false };
    let text = match which.as_str() {
        "burst" => scenario::burst(1_000_000),
        "crowd" => scenario::crowd(CROWD),
        "1m" => scenario::queued(50, 0.9, 1_000_000, false),
        _ => scenario::queued(50, 0.9, 10_000_000, false),
    };
    drop(scenario::run(&scenario::case(&text), 1));
    println!("{:.1}", peak_mib().unwrap_or(f64::NAN));
    true
}

fn print(rows: &[Row]) -> usize {
    println!("{:<58} {:>9} {:>9} {:>7} {:>7}", "what", "ours", "floor", "ratio", "budget");
    for row in rows {
        let verdict = if row.ratio <= row.budget { "" } else { "  MISSED" };
        println!(
            "{:<58} {:>9} {:>9} {:>7.2} {:>7.2}{verdict}",
            row.what, row.measured, row.floor, row.ratio, row.budget
        );
    }
    rows.iter().filter(|row| row.ratio > row.budget).count()
}
