//! The same traffic through several designs: what the comparison is there to show.

use crate::bench::{about, ran_all};
use surgetank::metrics::Fate;

/// A job of 300 s, ten encoders, and a caller who waits a minute; and the same with a queue.
fn encoders(jobs: u32) -> String {
    format!(
        "[run]\nduration = '10s'\ndrain = '20h'\n[traffic.uploads]\nspike = {{ at = '1s', count = {jobs} }}\n\
         [work.encode]\ntime = '300s'\n\
         [pipeline.called.web]\nkind = 'service'\nfrom = 'uploads'\nslots = 2000\n\
         calls = {{ to = 'encoders', timeout = '60s' }}\n\
         [pipeline.called.encoders]\nkind = 'service'\nslots = 10\naccept_queue = 2000\nwork = 'encode'\n\
         [pipeline.queued.web]\nkind = 'service'\nfrom = 'uploads'\nslots = 2000\nsends = 'jobs'\n\
         [pipeline.queued.jobs]\nkind = 'sqs'\nvisibility_timeout = '10min'\n\
         [pipeline.queued.encoders]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'encode'\n"
    )
}

#[test]
fn claim_76_on_idle_machines_a_queue_adds_tens_of_milliseconds_and_nothing_else() {
    let text = encoders(10).replace("timeout = '60s'", "timeout = '10min'");
    let [called, queued] = &ran_all(&text)[..] else { panic!("two designs") };
    assert_eq!((called.jobs(Fate::DoneInTime), queued.jobs(Fate::DoneInTime)), (10, 10));
    let added = queued.summary("latency_mean") - called.summary("latency_mean");
    assert!((0.005..0.1).contains(&added), "{added} s");
}

#[test]
fn claim_77_a_queue_completes_what_callers_would_not_have_waited_for() {
    let [called, queued] = &ran_all(&encoders(1000))[..] else { panic!("two designs") };
    assert_eq!(called.jobs(Fate::TimedOut), 1000);
    assert_eq!(called.figure("encoders.ghost_time"), called.figure("encoders.busy_time"));
    assert!(called.figure("encoders.busy_time") > 290_000.0);
    assert_eq!(queued.jobs(Fate::DoneInTime), 1000);
    about(queued.summary("latency_max"), 30_000.0, 0.001);
}

#[test]
fn claim_77_a_fleet_that_grows_once_needs_its_reaction_and_two_rounds_of_work() {
    let text = encoders(1000).replace(
        "count = 10\nwork",
        "auto_scaling = { min_size = 10, max_size = 500, policies = [{ policy_type = 'target_tracking_scaling', \
         target_value = 2 }], scale_in_protection = 'while_busy' }\nwork",
    );
    let [_, queued] = &ran_all(&text)[..] else { panic!("two designs") };
    assert_eq!((queued.jobs(Fate::DoneInTime), queued.figure("encoders.instances_terminated_busy")), (1000, 0.0));
    // 990 wait for ten machines: 495 are wanted.
    assert_eq!(queued.figure("encoders.instances_desired_max"), 495.0);
    let last = queued.summary("latency_max") / 60.0;
    assert!((13.0..=16.5).contains(&last), "{last} min");
}

#[test]
fn claim_79_every_job_that_was_sent_is_accounted_for_in_every_design() {
    let all = ran_all(crate::determinism::EVERY_KIND);
    for ran in &all {
        let fates: u64 = Fate::ALL.into_iter().map(|fate| ran.jobs(fate)).sum();
        assert_eq!((fates, ran.summary("jobs_sent")), (all[0].sent(), all[0].sent() as f64));
        assert!(ran.jobs(Fate::DoneInTime) > 0);
    }
}

#[test]
fn claim_80_what_is_under_way_is_what_comes_times_how_long_it_takes() {
    let text = "[run]\nduration = '3h'\nwarmup = '10min'\ndrain = '0s'\n[traffic.jobs]\nrate = '10/s'\n\
        [work.job]\ntime = { gamma = { mean = '900ms', cv = 2.0 } }\n\
        [pipeline.called.web]\nkind = 'service'\nfrom = 'jobs'\ncalls = 'app'\n\
        [pipeline.called.app]\nkind = 'service'\nslots = 10\naccept_queue = 100000\nwork = 'job'\n\
        [pipeline.queued.jobs]\nkind = 'sqs'\nfrom = 'jobs'\nvisibility_timeout = '1h'\n\
        [pipeline.queued.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'job'\n\
        [pipeline.brokered.broker]\nkind = 'mq'\nfrom = 'jobs'\nengine = 'rabbitmq'\n\
        [pipeline.brokered.crew]\nkind = 'workers'\nconsumes = 'broker'\ncount = 10\nprefetch = 1\nwork = 'job'\n";
    for ran in ran_all(text) {
        about(ran.summary("backlog_mean"), ran.summary("throughput_per_s") * ran.summary("latency_mean"), 0.02);
    }
}
