//! The budgets: how much time and memory the program may take, each measured beside its floor.
//!
//! `cargo bench -p surgetank-benches` prints a table; a row that misses its budget is marked and the process fails.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock and at its own process")]

use surgetank_benches::clock::{in_turn, seconds};
use surgetank_benches::floor::{self, chain::Chain};
use surgetank_benches::scenario;

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
    rows.push(burst());
    let missed = print(&rows);
    memory();
    if missed > 0 {
        std::process::exit(1);
    }
}

/// Time per job of a large burst against that of a small one.
fn burst() -> Row {
    const LARGE: u64 = 1_000_000;
    const SMALL: u64 = 1_000;
    let (large, small) = (scenario::case(&scenario::burst(LARGE)), scenario::case(&scenario::burst(SMALL)));
    let best = |rounds: u64, items: u64, case| {
        (1..=rounds).map(|round| seconds(|| scenario::run(case, round))).fold(f64::INFINITY, f64::min) * 1e9
            / items as f64
    };
    let (large, small) = (best(3, LARGE, &large), best(200, SMALL, &small));
    Row {
        what: "burst of 1,000,000 into a queue, per job, against 1,000".to_owned(),
        measured: format!("{large:.0} ns"),
        floor: format!("{small:.0} ns"),
        ratio: large / small,
        budget: 1.5,
    }
}

/// Peak memory of this process so far, in MiB; Linux only.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// Peak memory, each case in a process of its own: a peak never falls.
fn memory() {
    if let Ok(which) = std::env::var("SURGETANK_MEMORY") {
        let text = match which.as_str() {
            "burst" => scenario::burst(1_000_000),
            "1m" => scenario::queued(50, 0.9, 1_000_000, false),
            _ => scenario::queued(50, 0.9, 10_000_000, false),
        };
        drop(scenario::run(&scenario::case(&text), 1));
        println!("{:.1}", peak_mib().unwrap_or(f64::NAN));
        std::process::exit(0);
    }
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
