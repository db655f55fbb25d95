//! Two stations in a row. What leaves an M/M/1 station is a Poisson stream again (Burke, 1956), so that the second is an
//! M/M/1 station as if it stood alone.

use super::exact::mmc;
use crate::study::{expected, holds};

#[test]
fn a_service_and_the_workers_behind_it_are_two_mm1_stations() {
    let text = "[run]\nduration = '11000s'\nwarmup = '1000s'\ndrain = '0s'\nsample_every = '1000s'\n\
        [traffic.jobs]\nrate = '1/s'\n\
        [work.first]\ntime = { exponential = '500ms' }\n[work.second]\ntime = { exponential = '600ms' }\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 1\naccept_queue = 1000000\nwork = 'first'\n\
        sends = { to = 'jobs', latency = '0s' }\n\
        [pipeline.p.jobs]\nkind = 'sqs'\nvisibility_timeout = '12h'\nmessage_retention_period = '14d'\n\
        [pipeline.p.worker]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nwork = 'second'\n\
        receive_latency = '0s'\ndelete_latency = '0s'\n";
    let (first, second) = (mmc(1.0, 0.5, 1), mmc(1.0, 0.6, 1));
    let figures = [
        expected("web.wait_mean", first.wait),
        expected("web.waiting_mean", first.in_queue),
        expected("web.utilisation", first.utilisation),
        expected("jobs.visible_mean", second.in_queue),
        expected("worker.utilisation", second.utilisation),
        expected("latency_mean", first.sojourn + second.sojourn),
        expected("backlog_mean", first.in_system + second.in_system),
    ];
    holds(text, 1..61, &figures);
}

#[test]
fn what_a_topic_hands_on_from_one_service_reaches_the_next_as_a_poisson_stream() {
    let text = "[run]\nduration = '11000s'\nwarmup = '1000s'\ndrain = '0s'\nsample_every = '1000s'\n\
        [traffic.jobs]\nrate = '1/s'\n\
        [work.first]\ntime = { exponential = '600ms' }\n[work.second]\ntime = { exponential = '500ms' }\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 1\naccept_queue = 1000000\nwork = 'first'\n\
        sends = { to = 'events', latency = '0s' }\n\
        [pipeline.p.events]\nkind = 'sns'\nsubscribers = 'shop'\ndelivery_latency = '0s'\n\
        [pipeline.p.shop]\nkind = 'service'\nslots = 1\naccept_queue = 1000000\nwork = 'second'\n";
    let (first, second) = (mmc(1.0, 0.6, 1), mmc(1.0, 0.5, 1));
    let figures = [
        expected("web.wait_mean", first.wait),
        expected("shop.wait_mean", second.wait),
        expected("shop.waiting_mean", second.in_queue),
        expected("latency_mean", first.sojourn + second.sojourn),
        expected("backlog_mean", first.in_system + second.in_system),
    ];
    holds(text, 1..61, &figures);
}
