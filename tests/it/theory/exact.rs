//! Closed forms. Rates per second, times in seconds; held to values that were computed with other means.

use crate::fixture::text_of;

/// A station in equilibrium.
#[derive(Debug, Clone, Copy)]
pub struct Station {
    /// From arrival to the start of service, zeros included; of those who were let in.
    pub wait: f64,
    /// From arrival to the end of service.
    pub sojourn: f64,
    /// Waiting and in service.
    pub in_system: f64,
    /// Waiting.
    pub in_queue: f64,
    /// Share of the servers in use.
    pub utilisation: f64,
    /// Share of the arrivals that is turned away.
    pub rejected: f64,
}

impl Station {
    /// The rest follows from the wait by Little's law.
    fn of(rate: f64, wait: f64, service: f64, servers: u32, rejected: f64) -> Self {
        let (sojourn, let_in) = (wait + service, rate * (1.0 - rejected));
        let utilisation = let_in * service / f64::from(servers);
        Self { wait, sojourn, in_system: let_in * sojourn, in_queue: let_in * wait, utilisation, rejected }
    }
}

/// The share of the jobs that wait in M/M/c, by the recursion for the loss formula.
fn mmc_waits(rate: f64, service: f64, servers: u32) -> f64 {
    let offered = rate * service;
    let blocked = (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b));
    blocked / (1.0 - offered / f64::from(servers) * (1.0 - blocked))
}

/// What one job in a hundred exceeds in M/M/c: its wait and its sojourn. Who waits does so for an exponential time; the
/// sojourn is that and the service, and its tail is turned round by bisection.
pub fn mmc_p99(rate: f64, service: f64, servers: u32) -> (f64, f64) {
    let waits = mmc_waits(rate, service, servers);
    let (ends, serves) = (f64::from(servers) / service - rate, service.recip());
    let wait = (100.0 * waits).ln().max(0.0) / ends;
    let tail = |time: f64| {
        let (served, waited) = ((-serves * time).exp(), (-ends * time).exp());
        let both = if (ends / serves - 1.0).abs() < 1e-9 {
            (1.0 + serves * time) * served
        } else {
            (ends * served - serves * waited) / (ends - serves)
        };
        (1.0 - waits) * served + waits * both
    };
    let (mut low, mut high) = (0.0, 1000.0 * (ends.recip() + service));
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        *if tail(middle) > 0.01 { &mut low } else { &mut high } = middle;
    }
    (wait, f64::midpoint(low, high))
}

/// M/M/c (Erlang, 1917).
pub fn mmc(rate: f64, service: f64, servers: u32) -> Station {
    let load = rate * service / f64::from(servers);
    let waits = mmc_waits(rate, service, servers);
    Station::of(rate, waits * service / (f64::from(servers) * (1.0 - load)), service, servers, 0.0)
}

/// M/G/1 (Pollaczek, 1930; Khinchine, 1932) with a service time of this coefficient of variation.
pub fn mg1(rate: f64, service: f64, cv: f64) -> Station {
    let load = rate * service;
    Station::of(rate, load * service * (1.0 + cv * cv) / (2.0 * (1.0 - load)), service, 1, 0.0)
}

/// M/M/c with room for `capacity` jobs, those in service included: the birth-and-death chain, summed up.
pub fn mmck(rate: f64, service: f64, servers: u32, capacity: u32) -> Station {
    let mut weights = vec![1.0];
    for n in 1..=capacity {
        weights.push(weights[weights.len() - 1] * rate * service / f64::from(n.min(servers)));
    }
    let all: f64 = weights.iter().sum();
    let rejected = weights[weights.len() - 1] / all;
    let waiting = |(n, weight): (u32, &f64)| f64::from(n.saturating_sub(servers)) * weight / all;
    let in_queue = (0..).zip(&weights).map(waiting).sum::<f64>();
    Station::of(rate, in_queue / (rate * (1.0 - rejected)), service, servers, rejected)
}

#[test]
fn the_closed_forms_are_right() {
    let mut checked = 0;
    for line in text_of("tests/data/theory/steady.csv").lines().filter(|line| !line.starts_with('#')).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |index: usize| fields[index].parse::<f64>().expect("a number");
        let count = |index: usize| fields[index].parse::<u32>().expect("a whole number");
        let (rate, service) = (number(2), number(3));
        let station = match fields[1] {
            "M/M/c" => mmc(rate, service, count(4)),
            "M/G/1" => mg1(rate, service, number(5)),
            "M/M/c/K" => mmck(rate, service, count(4), count(6)),
            other => panic!("unknown model {other}"),
        };
        let value = match fields[7] {
            "wait" => station.wait,
            "sojourn" => station.sojourn,
            "in_system" => station.in_system,
            "in_queue" => station.in_queue,
            "utilisation" => station.utilisation,
            "rejected" => station.rejected,
            "wait_p99" => mmc_p99(rate, service, count(4)).0,
            "sojourn_p99" => mmc_p99(rate, service, count(4)).1,
            other => panic!("unknown metric {other}"),
        };
        assert!((value / number(8) - 1.0).abs() < 1e-9, "{line}: {value}");
        checked += 1;
    }
    assert!(checked >= 42, "{checked} values");
}
