//! Timing on a machine that others use too: the two sides in turn, many short rounds, the best round of each.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock and at its own process")]

use std::hint::black_box;
use std::time::Instant;

/// Nanoseconds per item, the best of `rounds` rounds of each side, run in turn. A round gets its number as seed.
pub fn in_turn<A, B>(rounds: u64, items: u64, mut a: impl FnMut(u64) -> A, mut b: impl FnMut(u64) -> B) -> (f64, f64) {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for round in 1..=rounds {
        best.0 = best.0.min(seconds(|| a(round)));
        best.1 = best.1.min(seconds(|| b(round)));
    }
    let per_item = |seconds: f64| seconds * 1e9 / items as f64;
    (per_item(best.0), per_item(best.1))
}

/// Seconds that `work` takes.
pub fn seconds<R>(work: impl FnOnce() -> R) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}
