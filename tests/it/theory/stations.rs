//! One station in equilibrium: as a service, as a queue with workers, and as a broker with consumers.

use super::exact::{Station, mg1, mmc, mmc_p99, mmck};
use crate::study::{Expected, expected, holds};

/// Traffic and work; a run that is cut, so that averages over time are those of the equilibrium.
fn head(seconds: u32, rate: f64, work: &str) -> String {
    format!(
        "[run]\nduration = '{}s'\nwarmup = '1000s'\ndrain = '0s'\npercentiles = [99]\nsample_every = '1000s'\n\
         [traffic.jobs]\nrate = '{rate}/s'\n[work.serve]\ntime = {work}\n",
        seconds + 1000
    )
}

/// A service of these slots with room for `waiting` requests.
fn service(servers: u32, waiting: u32) -> String {
    format!(
        "[pipeline.p.server]\nkind = 'service'\nfrom = 'jobs'\nslots = {servers}\naccept_queue = {waiting}\n\
         work = 'serve'\n"
    )
}

const UNBOUNDED: u32 = 1_000_000;
const EXPONENTIAL: &str = "{ exponential = '1s' }";

/// What a service measures of a station.
fn figures(station: &Station) -> Vec<Expected> {
    vec![
        expected("server.wait_mean", station.wait),
        expected("latency_mean", station.sojourn),
        expected("backlog_mean", station.in_system),
        expected("server.waiting_mean", station.in_queue),
        expected("server.utilisation", station.utilisation),
    ]
}

#[test]
fn mm1_at_half_load_is_as_theory_says_up_to_its_99th_percentile() {
    let text = head(20_000, 0.5, EXPONENTIAL) + &service(1, UNBOUNDED);
    let mut figures = figures(&mmc(0.5, 1.0, 1));
    // The sojourn is exponential.
    figures.push(expected("latency_p99", 100_f64.ln() / (1.0 - 0.5)));
    holds(&text, 1..61, &figures);
}

#[test]
fn mm1_at_a_load_of_eighty_percent_waits_four_times_as_long_as_at_half_load() {
    let text = head(160_000, 0.8, EXPONENTIAL) + &service(1, UNBOUNDED);
    let mut figures = figures(&mmc(0.8, 1.0, 1));
    figures.push(expected("latency_p99", 100_f64.ln() / (1.0 - 0.8)));
    holds(&text, 1..61, &figures);
}

#[test]
fn mmc_waits_as_erlang_says_up_to_its_99th_percentile() {
    let text = head(20_000, 8.0, EXPONENTIAL) + &service(10, UNBOUNDED);
    let mut figures = figures(&mmc(8.0, 1.0, 10));
    let (wait, sojourn) = mmc_p99(8.0, 1.0, 10);
    figures.push(expected("server.wait_p99", wait));
    figures.push(expected("latency_p99", sojourn));
    holds(&text, 1..61, &figures);
}

#[test]
fn md1_waits_half_as_long_as_mm1() {
    let text = head(18_000, 0.8, "'1s'") + &service(1, UNBOUNDED);
    holds(&text, 1..61, &figures(&mg1(0.8, 1.0, 0.0)));
}

#[test]
fn mg1_waits_as_pollaczek_and_khinchine_say() {
    let text = head(32_000, 0.8, "{ lognormal = { mean = '1s', cv = 0.5 } }") + &service(1, UNBOUNDED);
    holds(&text, 1..61, &figures(&mg1(0.8, 1.0, 0.5)));
    let text = head(52_000, 0.5, "{ gamma = { mean = '1s', cv = 2.0 } }") + &service(1, UNBOUNDED);
    holds(&text, 1..61, &figures(&mg1(0.5, 1.0, 2.0)));
}

#[test]
fn mmck_turns_away_what_theory_says() {
    for (rate, servers, capacity, seconds) in [(0.9, 1, 10, 36_000), (6.0, 5, 20, 5_000)] {
        let station = mmck(rate, 1.0, servers, capacity);
        let mut figures = figures(&station);
        figures.push(expected("rejected / jobs_sent", station.rejected));
        let text = head(seconds, rate, EXPONENTIAL) + &service(servers, capacity - servers);
        holds(&text, 1..61, &figures);
    }
}

#[test]
fn a_queue_with_workers_that_lose_no_time_is_the_same_station() {
    let text = head(13_000, 8.0, EXPONENTIAL)
        + "[pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\nvisibility_timeout = '12h'\nmessage_retention_period = '14d'\n\
           [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'serve'\n\
           receive_latency = '0s'\ndelete_latency = '0s'\n";
    let station = mmc(8.0, 1.0, 10);
    let figures = [
        expected("latency_mean", station.sojourn),
        expected("backlog_mean", station.in_system),
        expected("jobs.visible_mean", station.in_queue),
        expected("jobs.in_flight_mean", station.in_system - station.in_queue),
        expected("crew.utilisation", station.utilisation),
    ];
    holds(&text, 1..61, &figures);
}
