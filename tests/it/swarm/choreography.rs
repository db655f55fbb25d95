//! Choreographies of the swarm: each step takes its messages from a queue and sends on what it has done, and nobody
//! knows the whole way.

use super::functions::lambda_that_polls;
use super::queues::{dead_letters, polling, queue, queue_for, sent};
use super::{Drawing, LATENCIES, front, request_saying};
use std::fmt::Write;

/// What announces a step, where its messages wait, and who does it.
const STEPS: [(&str, &str, &str); 3] =
    [("ordered", "to_bill", "billing"), ("billed", "to_pack", "packing"), ("packed", "to_ship", "shipping")];

/// From a topic, a service or the traffic itself through two or three steps, and perhaps a shop that is told.
pub(super) fn choreography(d: &mut Drawing) {
    let (fifo, steps, told) = (d.chance(30), 2 + usize::from(d.chance(50)), d.chance(50));
    let puts_aside = d.chance(60);
    match d.one_of(&["topic", "service", "traffic"]) {
        "topic" => announce(d, STEPS[0], "from = 'jobs'\n", fifo),
        "service" => front(d, "sends", STEPS[0].1, sent(fifo)),
        _ => {}
    }
    for (index, &(_, waiting, doing)) in STEPS[..steps].iter().enumerate() {
        let is_function = d.chance(50);
        if is_function {
            queue_for(d, waiting, fifo, &["'60s'", "'15min'", "'12h'"]);
        } else {
            queue(d, waiting, fifo);
        }
        if index == 0 && !d.text.contains("'jobs'") {
            d.say("from = 'jobs'\n");
        }
        if puts_aside {
            dead_letters(d, "failed");
        }
        if is_function {
            lambda_that_polls(d, doing, waiting, fifo);
        } else {
            polling(d, doing, waiting, fifo);
        }
        pass_on(d, STEPS[..steps].get(index + 1).copied(), told, fifo);
    }
    if puts_aside {
        queue(d, "failed", fifo);
    }
    if told {
        d.node("shop", "http");
        d.maybe("latency", &LATENCIES);
        d.maybe("fails", &["'0%'", "'30%'", "'100%'"]);
    }
}

/// Where the result of a step goes: to the next one, alone or with others who want to know, or to the shop.
fn pass_on(d: &mut Drawing, next: Option<(&'static str, &'static str, &'static str)>, told: bool, fifo: bool) {
    let Some(step) = next else {
        if told {
            let request = request_saying(d, "shop", "");
            writeln!(d.text, "calls = {request}").expect("a string takes everything");
        }
        return;
    };
    let is_announced = d.chance(40);
    let (to, more) = if is_announced { (step.0, "") } else { (step.1, d.one_of(sent(fifo))) };
    let request = request_saying(d, to, more);
    writeln!(d.text, "sends = {request}").expect("a string takes everything");
    if is_announced {
        announce(d, step, "", fifo);
    }
}

/// A topic for what was done, to which the next step subscribes.
fn announce(d: &mut Drawing, (topic, next, _): (&'static str, &'static str, &'static str), from: &str, fifo: bool) {
    d.node(topic, "sns");
    writeln!(d.text, "{from}fifo_topic = {fifo}\nsubscribers = '{next}'").expect("a string takes everything");
    d.maybe("delivery_latency", &LATENCIES);
}
