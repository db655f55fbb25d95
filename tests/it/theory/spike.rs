//! M(t)/M/c: a spike over a station that is empty at first, against the expectation at fixed instants.

use crate::bench::Ran;
use crate::fixture::text_of;
use crate::study::{Expected, Study, expected};

/// An instant of a reference: jobs in the system and in the queue.
struct Instant {
    second: f64,
    in_system: f64,
    in_queue: f64,
}

impl Instant {
    /// Whether the queue is large enough to be measured to a few percent.
    fn queue_counts(&self) -> bool {
        self.in_queue > 1.0 && self.in_queue > self.in_system / 20.0
    }
}

/// The reference of a case.
fn reference(case: &str) -> Vec<Instant> {
    let text = text_of("tests/data/theory/spikes.csv");
    let rows = text.lines().filter_map(|line| line.strip_prefix(case));
    let numbers = rows.map(|row| row.split(',').skip(1).map(|field| field.parse().expect("a number")).collect());
    numbers.map(|row: Vec<f64>| Instant { second: row[0], in_system: row[1], in_queue: row[2] }).collect()
}

/// Runs a scenario often and compares what is under way, and what waits, at each instant of the reference, as far as
/// the queue counts. `precision` says what is asked of what waits at which instant.
fn follows(case: &str, text: &str, replications: u64, precision: impl Fn(f64) -> f64) {
    let instants = reference(case);
    assert!(instants.len() > 10, "{case} has {} instants", instants.len());
    let at = |series: &[(f64, f64)], second: f64| {
        let sample = series.iter().find(|(time, _)| (time - second).abs() < 1e-9);
        // No sample: everything was over before.
        sample.map_or(0.0, |&(_, value)| value)
    };
    let look = |ran: &Ran| {
        let (backlog, waiting) = (ran.backlog(), ran.series("server.waiting"));
        let of = |instant: &Instant| {
            let waiting = instant.queue_counts().then(|| at(&waiting, instant.second));
            std::iter::once(at(&backlog, instant.second)).chain(waiting)
        };
        instants.iter().flat_map(of).collect()
    };
    let figures = instants.iter().flat_map(|instant| {
        let &Instant { second, in_system, in_queue } = instant;
        let of =
            |what: &str, jobs, precision| Expected { precision, ..expected(&format!("{what} at {second} s"), jobs) };
        let waiting = instant.queue_counts().then(|| of("waiting", in_queue, precision(second)));
        std::iter::once(of("under way", in_system, NARROW)).chain(waiting)
    });
    Study::of(text, 1..replications + 1, look).holds(&figures.collect::<Vec<_>>());
}

fn station(seconds: u32, every: &str, phases: &str, servers: u32, work: &str) -> String {
    format!(
        "[run]\nduration = '{seconds}s'\ndrain = '0s'\nsample_every = '{every}'\n[traffic.jobs]\nphases = [{phases}]\n\
         [work.serve]\ntime = {{ exponential = '{work}' }}\n\
         [pipeline.p.server]\nkind = 'service'\nfrom = 'jobs'\nslots = {servers}\naccept_queue = 1000000\n\
         work = 'serve'\n"
    )
}

/// What is asked of a mean, unless it is of a queue that is there in few of the runs.
const NARROW: f64 = 0.03;

#[test]
fn ten_encodes_that_meet_ten_workers() {
    let text = station(250, "10s", "{ for = '10s', rate = '1/s' }", 10, "120s");
    // What waits at 10 s is mostly nothing.
    follows("SPK-02", &text, 10_000, |second| if second > 10.0 { NARROW } else { 0.06 });
}

#[test]
fn a_thousand_encodes_that_meet_a_hundred_workers() {
    let text = station(1310, "10s", "{ for = '10s', rate = '100/s' }", 100, "120s");
    // The queue ends at about 1070 s, sooner or later.
    let hard = |second: f64| (1000.0..1200.0).contains(&second);
    follows("SPK-04", &text, 3_300, |second| if hard(second) { 0.15 } else { NARROW });
}

#[test]
fn a_spike_that_comes_and_goes() {
    let phases = "{ for = '8s', rate = '30/s' }, { for = '3s', rate = '200/s' }, { rate = '30/s' }";
    let text = station(24, "50ms", phases, 10, "100ms");
    // The queue begins at 8 s and ends at about 15 s, sooner or later.
    let hard = |second: f64| (8.01..8.1).contains(&second) || (14.0..17.0).contains(&second);
    follows("SPK-06", &text, 30_000, |second| if hard(second) { 0.07 } else { NARROW });
}

/// Runs a scenario often, to the horizon of its case, and compares what holds over all of that time. `precision` is
/// asked of the wait.
fn averages(case: &str, replications: u64, precision: f64, scenario: impl Fn(u32) -> String) {
    let text = text_of("tests/data/theory/spike_averages.csv");
    let row = text.lines().find_map(|line| line.strip_prefix(case)).expect("a row of that case");
    let fields: Vec<f64> = row.split(',').skip(1).map(|field| field.parse().expect("a number")).collect();
    let [horizon, arrivals, in_system, wait] = fields[..] else { panic!("four figures: {row}") };
    // Nobody is left waiting at the horizon, so the waits of all who came have been counted.
    let look = |ran: &Ran| {
        let sent = ran.sent() as f64;
        let waits = if sent > 0.0 { ran.figure("server.wait_mean") * sent } else { 0.0 };
        vec![sent / arrivals, ran.summary("backlog_mean"), waits / arrivals]
    };
    let columns =
        [expected("arrivals", 1.0), expected("under way", in_system), Expected { precision, ..expected("wait", wait) }];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of seconds")]
    let study = Study::of(&scenario(horizon as u32), 1..replications + 1, look);
    study.holds(&columns);
}

#[test]
fn a_spike_waits_as_long_as_theory_says_over_all_of_its_time() {
    averages("SPK-04", 300, NARROW, |seconds| {
        station(seconds, "1000s", "{ for = '10s', rate = '100/s' }", 100, "120s")
    });
    let phases = "{ for = '8s', rate = '30/s' }, { for = '3s', rate = '200/s' }, { rate = '30/s' }";
    averages("SPK-06", 1000, NARROW, |seconds| station(seconds, "1s", phases, 10, "100ms"));
    // Hardly anybody waits, so it takes many runs to see how long, even roughly.
    averages("SPK-02", 40_000, 0.05, |seconds| station(seconds, "1000s", "{ for = '10s', rate = '1/s' }", 10, "120s"));
}
