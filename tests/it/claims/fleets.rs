//! Amazon EC2 Auto Scaling: fleets that follow the backlog of a queue.

use crate::bench::{Ran, about, over_seeds, run};
use surgetank::metrics::Fate;

/// A fleet on a group of machines that boot in a minute, a queue before it, and calls that take no time.
fn fleet(run: &str, traffic: &str, work: &str, group: &str) -> String {
    format!(
        "[run]\n{run}\nallow = ['A001', 'A002', 'A050', 'A051', 'A052']\n[traffic.jobs]\n{traffic}\n\
         [work.job]\ntime = '{work}'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\nvisibility_timeout = '1h'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\nwork = 'job'\nreceive_latency = '0s'\n\
         delete_latency = '0s'\n\
         [pipeline.p.crew.auto_scaling]\nlaunch_latency = '40s'\nbootstrap = '20s'\nmetric_delay = '0s'\n{group}\n"
    )
}

/// A target of messages for each machine.
fn target(value: f64, more: &str) -> String {
    format!("policies = [{{ policy_type = 'target_tracking_scaling', target_value = {value}{more} }}]")
}

/// The value of a gauge of the crew at an instant.
fn at(ran: &Ran, gauge: &str, second: f64) -> f64 {
    let series = ran.series(&format!("crew.{gauge}"));
    let sample = series.iter().find(|(time, _)| (time - second).abs() < 1e-6);
    sample.unwrap_or_else(|| panic!("no sample of {gauge} at {second} s, only {}", series.len())).1
}

/// When a gauge of the crew first had this value, in seconds.
fn first(ran: &Ran, gauge: &str, is: impl Fn(f64) -> bool) -> Option<f64> {
    ran.series(&format!("crew.{gauge}")).iter().find(|(_, value)| is(*value)).map(|(time, _)| *time)
}

const SIZES: &str = "min_size = 1\nmax_size = 100\n";

#[test]
fn claim_59_ten_machines_with_150_messages_each_become_15_where_100_is_the_target() {
    // Ten are taken at once and not counted any more; nothing ends within the hour.
    let text = fleet(
        "duration = '10min'\ndrain = '0s'\nsample_every = '1s'",
        "spike = { at = '1s', count = 1510 }",
        "2h",
        &format!("{SIZES}desired_capacity = 10\n{}", target(100.0, "")),
    );
    let ran = run(&text);
    assert_eq!(ran.series("jobs.visible")[60].1, 1500.0);
    // The third measure, at three minutes, makes it grow, once.
    assert_eq!((at(&ran, "instances_desired", 179.0), at(&ran, "instances_desired", 180.0)), (10.0, 15.0));
    assert_eq!(ran.figure("crew.instances_desired_max"), 15.0);
    // They can be reached 40 s later, and work when their bootstrap is done.
    assert_eq!((at(&ran, "instances_in_service", 219.0), at(&ran, "instances_in_service", 220.0)), (10.0, 15.0));
    assert_eq!((at(&ran, "workers", 239.0), at(&ran, "workers", 240.0)), (10.0, 15.0));
}

#[test]
fn claim_60_a_group_that_shrinks_takes_away_rather_one_machine_too_few() {
    // 850 for ten machines is 85 for each: 8.5 would do, so nine stay.
    let text = fleet(
        "duration = '20min'\ndrain = '0s'\nsample_every = '1s'",
        "spike = { at = '1s', count = 860 }",
        "2h",
        &format!("{SIZES}desired_capacity = 10\n{}", target(100.0, "")),
    );
    let ran = run(&text);
    assert_eq!((at(&ran, "instances_desired", 899.0), at(&ran, "instances_desired", 900.0)), (10.0, 9.0));
    assert_eq!((ran.figure("crew.instances_terminated"), ran.figure("crew.instances_desired_max")), (1.0, 10.0));
}

/// A step up from nothing when something waits.
const WAKE: &str = "{ policy_type = 'step_scaling', threshold = 1, evaluation_periods = 3, \
                    step_adjustments = [{ metric_interval_lower_bound = 0, scaling_adjustment = 10 }] }";

#[test]
fn claim_61_no_new_worker_runs_before_two_minutes_and_the_boot() {
    for second in [1, 59, 61, 100, 119] {
        let text = fleet(
            "duration = '10min'\ndrain = '0s'\nsample_every = '1s'",
            &format!("spike = {{ at = '{second}s', count = 1000 }}"),
            "1h",
            &format!("{SIZES}{}", target(1.0, "")),
        );
        let reaction = first(&run(&text), "workers", |value| value > 1.0).expect("it grows");
        let waited = reaction - f64::from(second);
        assert!((180.0..=240.0).contains(&waited), "{waited} s after {second} s");
    }
}

#[test]
fn claim_61_with_nothing_said_the_first_machine_helps_after_three_to_six_minutes() {
    let text = "[run]\nduration = '20min'\ndrain = '0s'\nsample_every = '1s'\nallow = ['A002']\n\
        [traffic.jobs]\nrate = '20/min'\nspike = { at = '305s', count = 1000 }\n[work.job]\ntime = '1s'\n\
        [pipeline.p.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n\
        [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\nwork = 'job'\n\
        auto_scaling = { min_size = 1, max_size = 20, policies = [{ policy_type = 'target_tracking_scaling', \
        target_value = 20 }] }\n";
    let reactions =
        over_seeds(text, 1..41, |ran| first(ran, "workers", |value| value > 1.0).expect("it grows") - 305.0);
    let (shortest, longest) = reactions.iter().fold((f64::MAX, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
    // Measures at 360, 420 and 480 s, half a minute until the last is known, a minute of bootstrap, and the boot.
    assert!(shortest > 265.0 && longest < 360.0, "{shortest} s to {longest} s");
    assert!(longest - shortest > 3.0, "all boot in {shortest} s");
}

#[test]
fn claim_61_the_measures_of_a_queue_that_slept_are_a_quarter_of_an_hour_late() {
    let after = |hours: u32| {
        let text = fleet(
            &format!("duration = '{}min'\ndrain = '0s'\nsample_every = '10s'", hours * 60 + 30),
            &format!("spike = {{ at = '{hours}h', count = 1000 }}"),
            "1h",
            &format!("min_size = 0\nmax_size = 100\npolicies = [{WAKE}]"),
        );
        first(&run(&text), "workers", |value| value > 0.0).expect("it wakes") - f64::from(hours) * 3600.0
    };
    // Three measures and the boot; the queue still reports.
    assert_eq!(after(5), 180.0);
    // A quarter of an hour after the first minute in which it was awake, and the boot.
    assert_eq!(after(7), 960.0);
}

/// Twenty machines, each with a job of half an hour, looked at for so long.
fn encoding(minutes: u32, more: &str, policy: &str) -> Ran {
    run(&fleet(
        &format!("duration = '{minutes}min'\ndrain = '0s'\nsample_every = '1s'"),
        "spike = { at = '1s', count = 20 }",
        "30min",
        &format!("{SIZES}desired_capacity = 20\n{more}\n{}", target(1.0, policy)),
    ))
}

#[test]
fn claim_62_workers_in_the_middle_of_long_jobs_are_taken_away_because_nothing_waits() {
    let bare = encoding(40, "", "");
    assert_eq!((at(&bare, "instances_in_service", 899.0), at(&bare, "instances_in_service", 900.0)), (20.0, 1.0));
    assert_eq!((bare.figure("crew.instances_terminated_busy"), bare.jobs(Fate::DoneInTime)), (19.0, 1));
    for (remedy, policy) in [
        ("scale_in_protection = 'while_busy'", ""),
        ("scale_in_protection = 'always'", ""),
        ("termination_hook = {}", ""),
        ("", ", metric = 'messages_per_instance'"),
        ("", ", disable_scale_in = true"),
    ] {
        let ran = encoding(40, remedy, policy);
        assert_eq!(ran.figure("crew.instances_terminated_busy"), 0.0, "{remedy}{policy}");
        assert_eq!(ran.jobs(Fate::DoneInTime), 20, "{remedy}{policy}");
        about(ran.summary("latency_max"), 1800.0, 1e-3);
    }
}

#[test]
fn claim_62_protection_holds_a_machine_until_its_work_is_done_and_no_longer() {
    let ran = encoding(40, "scale_in_protection = 'while_busy'", "");
    assert_eq!((at(&ran, "instances_desired", 900.0), at(&ran, "instances_in_service", 1859.0)), (1.0, 20.0));
    // Done at 1,801 s; the group looks again at its next measure.
    assert_eq!(at(&ran, "instances_in_service", 1860.0), 1.0);
}

#[test]
fn claim_63_what_a_terminated_worker_held_comes_back_when_its_visibility_ends() {
    let ran = encoding(65, "", "");
    // Received in the first second and hidden for an hour. One goes to the worker that was left.
    let visible = ran.series("jobs.visible");
    assert_eq!((visible[3600].1, visible[3601].1), (0.0, 18.0));
    // Three measures and a minute later come seventeen machines for the others.
    assert_eq!((visible[3839].1, visible[3840].1), (18.0, 1.0));
    assert_eq!(ran.figure("jobs.messages_received_again"), 18.0);
}

#[test]
fn claim_64_a_group_without_machines_that_follows_the_backlog_of_each_stays_without() {
    let text = |policies: &str| {
        fleet(
            "duration = '1h'\ndrain = '2h'",
            "spike = { at = '1s', count = 1000 }",
            "1s",
            &format!("min_size = 0\nmax_size = 100\n{policies}"),
        )
    };
    let ran = run(&text(&target(10.0, "")));
    assert_eq!((ran.figure("crew.instances_launched"), ran.jobs(Fate::Unfinished)), (0.0, 1000));
    // A step by what waits in all wakes it, and the target goes on from there.
    let both = target(10.0, "").replace("policies = [", &format!("policies = [{WAKE}, "));
    let ran = run(&text(&both));
    assert_eq!(ran.jobs(Fate::Unfinished), 0);
    assert!(ran.figure("crew.instances_in_service_max") >= 10.0);
}

#[test]
fn claim_65_while_machines_warm_up_none_is_taken_away() {
    // Sixteen machines come for what waits; it is done long before their warm-up is over.
    let warming = |warmup: &str| {
        run(&fleet(
            "duration = '1h'\ndrain = '0s'\nsample_every = '10s'",
            "spike = { at = '1s', count = 1800 }",
            "1s",
            &format!("{SIZES}default_instance_warmup = '{warmup}'\n{}", target(100.0, ", scale_in_points = 1")),
        ))
    };
    let shrinks = |ran: &Ran| {
        let series = ran.series("crew.instances_desired");
        let place = series.windows(2).position(|pair| pair[1].1 < pair[0].1).expect("it shrinks");
        series[place + 1].0
    };
    let (long, short) = (warming("20min"), warming("1min"));
    // Ordered at 3 min, in service at 4 min.
    assert_eq!(at(&long, "instances_warming", 240.0), 16.0);
    assert!((1440.0..=1500.0).contains(&shrinks(&long)), "{}", shrinks(&long));
    assert!(shrinks(&short) < 600.0, "{}", shrinks(&short));
}

#[test]
fn claim_66_a_cooldown_holds_back_simple_steps_and_nothing_else() {
    let with = |group: &str, policy: &str| {
        let text = fleet(
            "duration = '30min'\ndrain = '0s'\nsample_every = '10s'",
            "rate = '1/s'",
            "1h",
            &format!("{SIZES}{group}\npolicies = [{policy}]"),
        );
        let series = run(&text).series("crew.instances_desired");
        let changes = series.windows(2).filter(|pair| pair[1].1 > pair[0].1);
        changes.map(|pair| pair[1].0).collect::<Vec<f64>>()
    };
    // From when the machine that was ordered is in service, five minutes pass, and then the next measure acts.
    let simple = with("", "{ policy_type = 'simple_scaling', threshold = 1, scaling_adjustment = 1 }");
    assert_eq!(simple[..3], [60.0, 420.0, 780.0]);
    let shorter =
        with("", "{ policy_type = 'simple_scaling', threshold = 1, scaling_adjustment = 1, cooldown = '1min' }");
    assert_eq!(shorter[..3], [60.0, 180.0, 300.0]);
    let at_once = "default_instance_warmup = '0s'";
    let step = with(
        at_once,
        "{ policy_type = 'step_scaling', threshold = 1, \
         step_adjustments = [{ metric_interval_lower_bound = 0, scaling_adjustment = 1 }] }",
    );
    assert_eq!(step[..3], [60.0, 120.0, 180.0]);
    let tracking = with(at_once, "{ policy_type = 'target_tracking_scaling', target_value = 10 }");
    assert_eq!(tracking[0], 180.0);
    assert!(tracking[1] - tracking[0] <= 120.0, "{tracking:?}");
}

#[test]
fn claim_66_a_spot_machine_is_gone_two_minutes_after_its_notice_and_its_message_an_hour_after_its_receive() {
    let text = fleet(
        "duration = '2h'\ndrain = '1h'\nsample_every = '1s'",
        "spike = { at = '1s', count = 2 }",
        "30min",
        "min_size = 2\nmax_size = 2",
    );
    let with = |more: &str| {
        run(&format!("{text}{more}[[fault]]\nnode = 'p.crew'\nkind = 'interrupt'\nat = '10min'\ncount = 1\n"))
    };
    let ran = with("");
    assert_eq!((ran.figure("crew.instances_interrupted"), ran.figure("crew.instances_terminated_busy")), (1.0, 1.0));
    // Nothing happens for two minutes; only then another machine is ordered.
    assert_eq!((at(&ran, "busy", 719.0), at(&ran, "busy", 720.0)), (2.0, 1.0));
    assert_eq!((at(&ran, "instances_pending", 719.0), at(&ran, "instances_pending", 720.0)), (0.0, 1.0));
    assert_eq!((at(&ran, "instances_in_service", 759.0), at(&ran, "instances_in_service", 760.0)), (1.0, 2.0));
    // What it held is hidden for its hour, although others are idle, and then worked on from the beginning.
    assert_eq!((at(&ran, "busy", 3600.0), at(&ran, "busy", 3601.0)), (0.0, 1.0));
    about(ran.summary("latency_max"), 3600.0 + 1800.0, 1e-3);
    // With the rebalancing of capacity another one is ordered at the notice.
    let ahead = with("capacity_rebalance = true\n");
    assert_eq!((at(&ahead, "instances_pending", 599.0), at(&ahead, "instances_pending", 600.0)), (0.0, 1.0));
    assert_eq!(at(&ahead, "instances_in_service", 719.0), 3.0);
}
