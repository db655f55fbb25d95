//! One measurement for a profiler: `mm1`, `mm50`, `queued`, `fan_out` or `chain`, of the program or of the floor.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock and at its own process")]

use surgetank_benches::floor::{self, chain::Chain};
use surgetank_benches::scenario;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let jobs: u64 = args.get(3).and_then(|s| s.parse().ok()).unwrap_or(200_000);
    let chain =
        Chain { slots: [200, 200, 100], work: [0.01, 0.02, 0.05], timeout: 0.2, attempts: 3, base: 0.05, rate: 800.0 };
    let text = match args[2].as_str() {
        "mm1" => scenario::mmc(1, 0.8, jobs),
        "mm50" => scenario::mmc(50, 0.9, jobs),
        "queued" => scenario::queued(50, 0.9, jobs, false),
        "fan_out" => scenario::fan_out(10, 2, 0.8, jobs),
        "burst" => scenario::burst(jobs),
        _ => scenario::chain(jobs, &chain),
    };
    if args[1] == "ours" {
        let case = scenario::case(&text);
        for s in 1..=1 {
            let t = std::time::Instant::now();
            let o = scenario::run(&case, s);
            println!("{:.1} ns/job {} events", t.elapsed().as_secs_f64() * 1e9 / jobs as f64, o.events);
        }
    } else {
        for s in 1..=1 {
            let t = std::time::Instant::now();
            match args[2].as_str() {
                "mm1" => {
                    std::hint::black_box(floor::mmc(1, 0.8, jobs, s));
                }
                "mm50" | "queued" => {
                    std::hint::black_box(floor::mmc(50, 0.9, jobs, s));
                }
                "fan_out" => {
                    std::hint::black_box(floor::fan_out(10, 2, 0.8, jobs, s));
                }
                _ => {
                    std::hint::black_box(floor::chain::run(chain, jobs, s));
                }
            }
            println!("{:.1} ns/job", t.elapsed().as_secs_f64() * 1e9 / jobs as f64);
        }
    }
}
