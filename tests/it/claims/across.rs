//! The same traffic through several designs: what the comparison is there to show.

use crate::bench::{Ran, about, ran_all};
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

/// A thousand messages within ten seconds, and a web endpoint that has room for ten at a time, each for a second.
fn spike(designs: &str) -> Vec<Ran> {
    ran_all(&format!(
        "[run]\nduration = '1min'\ndrain = '12h'\nsample_every = '1s'\nallow = ['A040']\n\
         [traffic.orders]\nrate = '1/s'\nspike = {{ at = '20s', count = 1000, over = '10s' }}\n\
         [work.book]\ntime = '1s'\n{designs}"
    ))
}

/// The endpoint of such a design.
fn shop(design: &str, more: &str) -> String {
    format!("[pipeline.{design}.shop]\nkind = 'service'\nslots = 10\naccept_queue = 0\nwork = 'book'\n{more}")
}

#[test]
fn claim_78_a_topic_hands_the_spike_on_and_a_queue_keeps_it_back() {
    let pushed = "[pipeline.pushed.topic]\nkind = 'sns'\nfrom = 'orders'\nsubscribers = 'shop'\n";
    let queued = "[pipeline.queued.topic]\nkind = 'sns'\nfrom = 'orders'\nsubscribers = 'jobs'\n\
                  [pipeline.queued.jobs]\nkind = 'sqs'\n[pipeline.queued.crew]\nkind = 'workers'\npolls = 'jobs'\n\
                  count = 10\nwork = 'book'\n";
    let ran = spike(&[pushed, &shop("pushed", ""), queued].concat());
    let [pushed, queued] = &ran[..] else { panic!("two designs") };
    // Four attempts in a minute are too few for what ten can do in a minute: most of the spike is lost, and the endpoint
    // is asked several times over for it.
    assert!(pushed.jobs(Fate::Lost) > 500, "{}", pushed.jobs(Fate::Lost));
    assert!(pushed.figure("topic.delivery_attempts") > 3.0 * pushed.sent() as f64);
    // The queue loses nothing, and what it cannot do at once it does later: at ten a second.
    assert_eq!((queued.jobs(Fate::DoneInTime), queued.jobs(Fate::Lost)), (queued.sent(), 0));
    about(queued.figure("crew.busy_max"), 10.0, 0.0);
    assert!(queued.summary("latency_max") > 80.0, "{}", queued.summary("latency_max"));
    // For those it serves at once, who is called directly is faster.
    assert!(pushed.summary("latency_p50") < queued.summary("latency_p50"));
}

#[test]
fn claim_78_a_queue_turns_loss_into_waiting_and_makes_no_server_faster() {
    let called = "[pipeline.called.web]\nkind = 'service'\nfrom = 'orders'\nslots = 5000\n\
                  calls = { to = 'shop', latency = '0s', retries = { attempts = 1 } }\n";
    let queued = "[pipeline.queued.jobs]\nkind = 'sqs'\nfrom = 'orders'\n\
                  [pipeline.queued.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'book'\n";
    let ran = spike(&[called, &shop("called", ""), queued].concat());
    let [called, queued] = &ran[..] else { panic!("two designs") };
    // Ten seconds of a hundred a second, of which ten can be served: nine of ten are turned away, and nobody waits.
    about(called.jobs(Fate::Rejected) as f64, 0.9 * 1000.0, 0.03);
    assert!(called.summary("latency_max") < 1.1);
    assert_eq!(queued.jobs(Fate::DoneInTime), queued.sent());
    // Both do the same in a second; the queue needs it for all of the thousand.
    let busiest = |ran: &Ran| {
        let seconds = (20..30).map(|at| ran.completions([f64::from(at), f64::from(at) + 1.0]));
        seconds.fold(0.0, f64::max)
    };
    assert!(busiest(called) <= 20.0 && busiest(queued) <= 20.0, "{} {}", busiest(called), busiest(queued));
    assert!((90.0..125.0).contains(&queued.summary("drain")), "{}", queued.summary("drain"));
}

#[test]
fn claim_78_a_queue_works_off_a_backlog_that_nobody_wants_any_more() {
    // Eight a second for ten workers, who are away for ten minutes; a job is of use for a minute.
    let ran = ran_all(
        "[run]\nduration = '60min'\ndrain = '1h'\nsample_every = '1s'\nallow = ['A040']\n\
         [objective]\nwithin = '1min'\n[traffic.orders]\nrate = '8/s'\n[work.book]\ntime = '1s'\n\
         [pipeline.queued.jobs]\nkind = 'sqs'\nfrom = 'orders'\nvisibility_timeout = '5min'\n\
         [pipeline.queued.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 10\nwork = 'book'\n\
         receive_latency = '0s'\ndelete_latency = '0s'\n\
         [[fault]]\nnode = 'queued.crew'\nkind = 'kill'\nat = '5min'\n\
         [[fault]]\nnode = 'queued.crew'\nkind = 'down'\nfrom = '5min'\nto = '15min'\n",
    );
    let queued = &ran[0];
    // 4,800 wait then, and two a second more are done than come: what comes is late until 600 are left, after 35 minutes.
    let late = queued.jobs(Fate::DoneLate) as f64;
    about(late, 8.0 * (600.0 + 2100.0), 0.06);
    about(queued.completions([1000.0, 3000.0]) / 2000.0, 10.0, 0.02);
    assert_eq!(
        queued.jobs(Fate::DoneInTime) + queued.jobs(Fate::DoneLate) + queued.jobs(Fate::DoneTwice),
        queued.sent()
    );
}

#[test]
fn claim_78_every_design_gets_the_same_jobs_at_the_same_instants() {
    let all = ran_all(crate::determinism::EVERY_KIND);
    assert!(all.len() > 5);
    for ran in &all {
        assert_eq!((ran.traffic_checksum(), ran.sent()), (all[0].traffic_checksum(), all[0].sent()));
    }
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
