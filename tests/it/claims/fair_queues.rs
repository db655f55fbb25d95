//! Amazon SQS, fair queues: what their short polls miss, and whom they take for noisy.

use super::queues::{crew, down, queue};
use crate::bench::{Ran, over_seeds, run};
use surgetank::metrics::Fate;

/// A fair queue with messages of one group, and who polls it.
fn fair(run: &str, count: u32, more: &str, others: &str) -> String {
    let traffic = format!("spike = {{ at = '1s', count = {count} }}\nkey = {{ constant = 'a' }}");
    queue(run, &traffic, &format!("fair_queue = true\n{more}"), others)
}

#[test]
fn claim_13_a_short_poll_of_a_fair_queue_misses_what_one_of_a_standard_queue_would() {
    // The first poll after the messages have come finds nothing if all of them lie on the five of ten hosts that it does
    // not ask: with n of them once in 2^n times. It gets one otherwise, and works on it to the end.
    let empty = |key: &str, count: u32| -> f64 {
        let crew =
            crew(1, "work = 'job'\nspeed = 0.001\nwait_time = '0s'\npause_when_empty = '30s'") + &down("0s", "3s");
        let text = fair("duration = '2s'\ndrain = '10s'\nallow = ['A010']", count, "visibility_timeout = '1h'", &crew);
        let empty = |ran: &Ran| ran.figure("jobs.empty_receives");
        let missed = over_seeds(&text.replace("key = { constant = 'a' }\n", key), 0..400, empty);
        // One more before the messages came, when the workers were still there.
        missed.iter().map(|empty| empty - 1.0).sum::<f64>() / 400.0
    };
    for key in ["key = { constant = 'a' }\n", ""] {
        for (count, share) in [(1, 0.5), (2, 0.25), (3, 0.125), (100, 0.0)] {
            let missed = empty(key, count);
            // Binomial(400, share): five standard deviations, at most 0.125.
            let margin = 5.0 * f64::sqrt(share * (1.0 - share) / 400.0);
            assert!((missed - share).abs() <= margin, "{key}{count}: {missed}");
        }
    }
}

#[test]
fn claim_23_short_polls_drain_a_fair_queue_as_fast_as_a_standard_one() {
    let drained = |kind: &str| {
        let text = queue(
            "duration = '2s'\ndrain = '10min'\nallow = ['A010']",
            "spike = { at = '1s', count = 2000 }\nkey = { constant = 'a' }",
            kind,
            &crew(10, "work = 'job'\nspeed = 100\nwait_time = '0s'\npause_when_empty = '1s'"),
        );
        run(&text).summary("latency_max")
    };
    // 2,000 of 10 ms by ten workers are two seconds; a few polls at the end find nothing, and pause.
    let (fair, standard) = (drained("fair_queue = true"), drained(""));
    assert!((2.0..8.0).contains(&fair) && (fair - standard).abs() < 4.0, "{fair} and {standard}");
}

#[test]
fn a_burst_that_meets_waiting_consumers_is_noisy_before_the_next_receive() {
    for idle in [40, 100] {
        let text = format!(
            "[run]\nduration = '20s'\ndrain = '1h'\nsample_every = '1s'\n\
             [traffic.a]\nspike = {{ at = '1s', count = 200 }}\nkey = {{ constant = 'a' }}\n\
             [traffic.b]\nspike = {{ at = '10s', count = 1 }}\nkey = {{ constant = 'b' }}\n\
             [objective]\nwithin = '41500ms'\n[work.job]\ntime = '1h'\n[work.short]\ntime = '1s'\n\
             [pipeline.p.jobs]\nkind = 'sqs'\nfrom = ['a', 'b']\nfair_queue = true\nvisibility_timeout = '12h'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = {idle}\nwork = 'job'\nreceive_latency = '0s'\n\
             [pipeline.p.late]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nwork = 'short'\nreceive_latency = '0s'\n\
             delete_latency = '0s'\n[[fault]]\nnode = 'p.late'\nkind = 'down'\nfrom = '0s'\nto = '50s'\n"
        );
        // `a` has all that is in flight, and a backlog. The worker who comes at 50 s takes `b` first: done at 51 s.
        let ran = run(&text);
        assert_eq!(ran.jobs(Fate::DoneInTime), 1, "{idle}");
    }
}
