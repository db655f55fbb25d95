//! What a group does with its machines, on the bench.

use crate::components::FaultKind;
use crate::components::bench::{Bench, Ran};

/// A queue and a fleet on a group, whose machines boot in a minute, whose calls and measures take no time.
pub(super) fn text(work: &str, group: &str) -> String {
    format!(
        "[work.job]\ntime = \"{work}\"\n[jobs]\nkind = \"sqs\"\nvisibility_timeout = \"1h\"\n\
         [crew]\nkind = \"workers\"\npolls = \"jobs\"\nwork = \"job\"\nreceive_latency = \"0s\"\n\
         delete_latency = \"0s\"\n[crew.auto_scaling]\nlaunch_latency = \"40s\"\nbootstrap = \"20s\"\n\
         metric_delay = \"0s\"\n{group}\n"
    )
}

pub(super) fn fleet(work: &str, group: &str) -> Bench {
    Bench::of(&text(work, group))
}

/// The value of a gauge of the crew after everything that happened at this second.
pub(super) fn at(ran: &Ran, gauge: &str, second: usize) -> u32 {
    ran.gauge("crew", gauge).samples()[second]
}

pub(super) fn tracking(more: &str) -> String {
    format!("policies = [{{ policy_type = \"target_tracking_scaling\"{more} }}]")
}

/// A late job, so that the run goes on until then.
pub(super) fn until(bench: Bench, end: &str) -> Ran {
    bench.job(end, "jobs").until(end).run()
}

#[test]
fn a_group_grows_if_one_policy_says_so_and_shrinks_only_if_all_do() {
    let policy = |metric: &str, target: f64, out: u32, into: u32| {
        format!(
            "{{ policy_type = \"target_tracking_scaling\", metric = \"{metric}\", target_value = {target}, \
             scale_out_points = {out}, scale_in_points = {into} }}"
        )
    };
    let with = |policies: &[String]| {
        let group = format!(
            "min_size = 1\nmax_size = 20\ndesired_capacity = 5\ndefault_instance_warmup = \"0s\"\npolicies = [{}]",
            policies.join(", ")
        );
        until(fleet("2h", &group).jobs(105, "1s", "jobs"), "10min")
    };
    // 100 wait: 20 for each machine is too much for one, and far too little for the other.
    let (wants_more, wants_fewer) =
        (policy("backlog_per_instance", 10.0, 2, 2), policy("backlog_per_instance", 100.0, 2, 2));
    let both = with(&[wants_fewer.clone(), wants_more]);
    assert_eq!((at(&both, "instances_desired", 119), at(&both, "instances_desired", 120)), (5, 10));
    assert_eq!(both.gauge("crew", "instances_desired").max(), 10);
    assert_eq!(both.counter("crew", "instances_terminated"), 0);
    // Of two that want fewer, the one that wants more of them decides, and as late as the later one.
    let later = policy("backlog_per_instance", 50.0, 2, 4);
    let fewer = with(&[wants_fewer.clone(), later]);
    assert_eq!((at(&fewer, "instances_desired", 239), at(&fewer, "instances_desired", 240)), (5, 2));
    // One that never takes machines away is not asked.
    let never = policy("backlog_per_instance", 50.0, 2, 4).replace("scale_in_points = 4", "disable_scale_in = true");
    let alone = with(&[wants_fewer, never]);
    assert_eq!((at(&alone, "instances_desired", 119), at(&alone, "instances_desired", 120)), (5, 1));
}

#[test]
fn machines_are_paid_from_their_order_on_and_for_a_minute_at_least() {
    // One machine is there for 400 s; the notice of two minutes ends another after 120 s, which is then replaced.
    let ran = until(
        fleet("1s", "min_size = 2\nmax_size = 2\nprice_per_hour = 36").fault(
            "crew",
            FaultKind::Interrupt(1),
            "1s",
            "1s",
        ),
        "400s",
    );
    assert_eq!((at(&ran, "instances_in_service", 120), at(&ran, "instances_in_service", 121)), (2, 1));
    assert_eq!((at(&ran, "instances", 121), at(&ran, "instances_in_service", 181)), (2, 2));
    let integrals = ran.integrals("crew");
    assert!(
        (integrals[0].1 - 800.0).abs() < 1e-6 && (ran.cost("crew", "instance_cost") - 8.0).abs() < 1e-6,
        "{integrals:?}"
    );
    // Ordered at 60 s, in service at once, and gone a second later.
    let short = "min_size = 0\nmax_size = 9\ndesired_capacity = 1\nlaunch_latency = \"0s\"\nbootstrap = \"0s\"\n\
                 default_instance_warmup = \"0s\"\nmetric_period = \"10s\"\n";
    let short = text("1s", "").replace("launch_latency = \"40s\"\nbootstrap = \"20s\"\n", short);
    let policies = "policies = [\n\
        { policy_type = \"step_scaling\", threshold = 20, step_adjustments = [{ scaling_adjustment = 2 }] },\n\
        { policy_type = \"step_scaling\", threshold = 20, comparison_operator = \"less_than_threshold\", \
          adjustment_type = \"exact_capacity\", step_adjustments = [{ scaling_adjustment = 0 }] }]\n";
    let ran = until(Bench::of(&(short + policies)).jobs(41, "9500ms", "jobs"), "2min");
    // Three machines do in ten seconds what the one could not: they are gone at the next measure, and paid for until 70 s.
    assert_eq!((at(&ran, "instances_in_service", 10), at(&ran, "instances_in_service", 20)), (3, 0));
    assert_eq!((at(&ran, "instances", 20), at(&ran, "instances", 60), at(&ran, "instances", 70)), (3, 2, 0));
}

#[test]
fn a_worker_that_heeds_the_notice_ends_its_job_and_takes_no_other() {
    let with = |more: &str| {
        let group = format!("min_size = 2\nmax_size = 2\n{more}");
        let bench = fleet("50s", &group).jobs(8, "0s", "jobs");
        until(bench.fault("crew", FaultKind::Interrupt(1), "10s", "10s"), "20min")
    };
    // At 130 s the machine is in the middle of its third job.
    let careless = with("");
    assert_eq!(careless.counter("crew", "instances_terminated_busy"), 1);
    assert_eq!(careless.counter("crew", "handled"), 7);
    let careful = with("heeds_notice = true");
    assert_eq!((careful.counter("crew", "instances_terminated_busy"), careful.counter("crew", "handled")), (0, 8));
    assert_eq!((at(&careful, "busy", 49), at(&careful, "busy", 51)), (2, 1));
    // Its replacement is ordered when it is gone, or else at once.
    assert_eq!((at(&careful, "instances_in_service", 169), at(&careful, "instances_in_service", 170)), (1, 2));
    let ahead = with("heeds_notice = true\ncapacity_rebalance = true");
    assert_eq!((at(&ahead, "instances_in_service", 49), at(&ahead, "instances_in_service", 50)), (2, 3));
    assert_eq!((at(&ahead, "workers", 69), at(&ahead, "workers", 70)), (2, 3));
    assert_eq!((at(&ahead, "instances_in_service", 130), ahead.counter("crew", "instances_launched")), (2, 1));
}

#[test]
fn the_machines_of_a_fleet_that_is_no_group_are_taken_away_after_the_notice_as_well() {
    let fixed = "[work.job]\ntime = \"1h\"\n[jobs]\nkind = \"sqs\"\nvisibility_timeout = \"2h\"\n\
                 [crew]\nkind = \"workers\"\npolls = \"jobs\"\nwork = \"job\"\ncount = 3\nreceive_latency = \"0s\"\n";
    let ran =
        until(Bench::of(fixed).jobs(3, "0s", "jobs").fault("crew", FaultKind::Interrupt(2), "1min", "1min"), "5min");
    assert_eq!((at(&ran, "busy", 179), at(&ran, "busy", 180)), (3, 1));
}

#[test]
fn a_machine_that_is_taken_away_goes_on_for_as_long_as_its_hook_lasts() {
    let with = |hook: &str| {
        let group = format!(
            "min_size = 1\nmax_size = 2\ndesired_capacity = 2\ntermination_hook = {hook}\n{}",
            tracking(", target_value = 1, scale_in_points = 1")
        );
        until(fleet("30min", &group).jobs(2, "0s", "jobs"), "40min")
    };
    // At the first measure nothing waits. Three minutes are not enough; with heartbeats they are.
    let silent = with("{ heartbeat_timeout = \"3min\" }");
    assert_eq!(
        (at(&silent, "instances_in_service", 60), at(&silent, "workers", 239), at(&silent, "workers", 240)),
        (1, 2, 1)
    );
    assert_eq!((silent.counter("crew", "instances_terminated_busy"), silent.counter("crew", "handled")), (1, 1));
    let beating = with("{ heartbeat_timeout = \"3min\", heartbeats = true }");
    assert_eq!((beating.counter("crew", "instances_terminated_busy"), beating.counter("crew", "handled")), (0, 2));
    // It is gone as soon as its work is done.
    assert_eq!((at(&beating, "instances", 1799), at(&beating, "instances", 1801)), (2, 1));
}

#[test]
fn who_asks_for_more_time_now_and_then_gives_less_of_it_away_when_the_machine_goes() {
    let group = format!(
        "min_size = 1\nmax_size = 2\ndesired_capacity = 2\n{}",
        tracking(", target_value = 1, scale_in_points = 1")
    );
    let text = text("30min", &group)
        .replace("\"1h\"", "\"1min\"")
        .replace("work = \"job\"", "work = \"job\"\nextend_visibility = { every = \"25s\", to = \"1min\" }");
    let ran = until(Bench::of(&text).jobs(2, "0s", "jobs"), "5min");
    assert_eq!((at(&ran, "busy", 59), at(&ran, "busy", 60)), (2, 1));
    // It asked last at 50 s, for a minute.
    let visible = ran.gauge("jobs", "visible").samples();
    assert_eq!((visible[109], visible[110]), (0, 1));
}

#[test]
fn a_machine_from_the_warm_pool_needs_no_bootstrap_or_no_boot_either() {
    let with = |pool: &str| {
        let group =
            format!("min_size = 1\nmax_size = 10\n{pool}\n{}", tracking(", target_value = 10, scale_out_points = 1"));
        until(fleet("1h", &group).jobs(31, "1s", "jobs"), "10min")
    };
    let grown = |ran: &Ran| (60..300).find(|&second| at(ran, "workers", second) == 3);
    assert_eq!(grown(&with("")), Some(120));
    let stopped = with("warm_pool = {}");
    assert_eq!(grown(&stopped), Some(100));
    // What the group takes it has beside it no more: ten machines in all.
    assert_eq!((at(&stopped, "instances_prepared", 59), at(&stopped, "instances_prepared", 60)), (9, 7));
    assert_eq!((at(&stopped, "instances", 59), at(&stopped, "instances", 60)), (1, 3));
    let running = with("warm_pool = { pool_state = \"running\" }");
    assert_eq!((grown(&running), at(&running, "instances", 59)), (Some(60), 10));
    let small = with("warm_pool = { max_group_prepared_capacity = 2, min_size = 1 }");
    assert_eq!((at(&small, "instances_prepared", 59), at(&small, "instances_prepared", 60)), (1, 0));
    // One of the two was ready; the pool is filled up again to its least size.
    assert_eq!((at(&small, "workers", 100), at(&small, "workers", 120)), (2, 3));
    assert_eq!((at(&small, "instances_prepared", 119), at(&small, "instances_prepared", 120)), (0, 1));
}

#[test]
fn a_group_follows_the_queue_of_a_broker_as_well() {
    let with = |more: &str| {
        let text = format!(
            "[work.job]\ntime = \"10min\"\n[jobs]\nkind = \"mq\"\nengine = \"rabbitmq\"\nqueues = [\"other\", \"mine\"]\n\
             [crew]\nkind = \"workers\"\nconsumes = \"jobs.mine\"\nprefetch = 2\nwork = \"job\"\n\
             [others]\nkind = \"workers\"\nconsumes = \"jobs.other\"\nprefetch = 1\ncount = 1\n\
             [crew.auto_scaling]\nlaunch_latency = \"1min\"\nbootstrap = \"0s\"\nmetric_delay = \"0s\"\nmin_size = 1\n\
             max_size = 10\ndefault_instance_warmup = \"0s\"\n{more}\n\
             policies = [{{ policy_type = \"target_tracking_scaling\", target_value = 2, scale_out_points = 1, \
             scale_in_points = 4, metric = \"backlog_per_instance\" }}]\n"
        );
        let bench = Bench::of(&text).jobs(10, "1s", "jobs.mine").jobs(50, "1s", "jobs.other");
        bench.job("40min", "jobs.mine").until("41min").run()
    };
    // Eight wait beside the two that the one worker holds: four machines are wanted for them, and hold them all.
    let cut = with("");
    assert_eq!((at(&cut, "instances_desired", 59), at(&cut, "instances_desired", 60)), (1, 4));
    // Nothing waits any more from then on: it shrinks to one machine, and three lose their work. The broker hands it out
    // again at once, so that the group grows again.
    assert_eq!((at(&cut, "instances_in_service", 120), cut.gauge("crew", "busy").max()), (4, 4));
    assert_eq!(at(&cut, "instances_in_service", 360), 1);
    assert!(cut.counter("crew", "instances_terminated_busy") >= 3 && cut.counter("jobs", "messages_redelivered") >= 6);
    // With a hook each worker ends what it has begun, and gives back only what it has not.
    let kind = with("termination_hook = {}");
    assert_eq!(kind.counter("crew", "instances_terminated_busy"), 0);
    assert_eq!((at(&kind, "instances_in_service", 360), at(&kind, "busy", 360)), (1, 4));
    assert!(kind.counter("jobs", "messages_redelivered") >= 3);
}

#[test]
fn faults_hit_the_workers_of_a_group_and_those_that_begin_meanwhile() {
    let group = format!("min_size = 1\nmax_size = 4\n{}", tracking(", target_value = 1, scale_out_points = 1"));
    let ran = until(fleet("10min", &group).jobs(5, "1s", "jobs").fault("crew", FaultKind::Down, "90s", "200s"), "5min");
    assert_eq!((at(&ran, "busy", 89), at(&ran, "busy", 90)), (1, 0));
    // Three more came into service while the program was down.
    assert_eq!((at(&ran, "instances_in_service", 120), at(&ran, "busy", 199), at(&ran, "busy", 201)), (4, 0, 4));
    let killed =
        until(fleet("10min", &group).jobs(5, "1s", "jobs").fault("crew", FaultKind::Kill(2), "150s", "150s"), "5min");
    // Those who were killed begin again at once, with the one message that was left.
    assert_eq!((at(&killed, "busy", 149), at(&killed, "busy", 151)), (4, 3));
}

#[test]
fn an_idle_worker_that_is_killed_while_it_asks_works_no_faster_afterwards() {
    // Its question is on the way to the queue; it is killed, comes back and asks again. Two answers come.
    let text = "[work.job]\ntime = \"10s\"\n[jobs]\nkind = \"sqs\"\n\
                [crew]\nkind = \"workers\"\npolls = \"jobs\"\nwork = \"job\"\ncount = 1\nreceive_latency = \"2s\"\n";
    let bench = Bench::of(text).jobs(4, "0s", "jobs");
    let ran = bench.fault("crew", FaultKind::Kill(1), "500ms", "500ms").until("1h").run();
    assert_eq!((ran.done(), ran.gauge("crew", "busy").max()), (4, 1));
    // What came with the first answer, or the second, was lost to it for a while.
    assert_eq!(ran.counter("jobs", "messages_received_again"), 1);
}

#[test]
fn what_is_said_about_a_group_is_checked() {
    for (group, part) in [
        ("max_size = 3", "needs `min_size`"),
        ("min_size = 4\nmax_size = 3", "`min_size` is larger than `max_size`"),
        ("min_size = 1\nmax_size = 3\ndesired_capacity = 5", "must lie between 1 and 3"),
        ("min_size = 0\nmax_size = 0", "between 1 and 10000 machines"),
        ("min_size = 1\nmax_size = 3\nworkers_per_instance = 0", "between 1 and 1000000 workers"),
        ("min_size = 1\nmax_size = 3\nmetric_period = \"45s\"", "must be 10s, 30s or 60s"),
        ("min_size = 1\nmax_size = 3\ndefault_instance_warmup = \"2h\"", "must lie between 0s and 1h"),
        ("min_size = 1\nmax_size = 3\nmetric_delay_after_sleep = \"1h\"", "must lie between 0s and 15min"),
        ("min_size = 1\nmax_size = 3\nterminaton_hook = {}", "did you mean `termination_hook`?"),
        ("min_size = 1\nmax_size = 3\ntermination_hook = { heartbeat_timeout = \"3d\" }", "between 30s and 2h"),
        ("min_size = 1\nmax_size = 3\nlaunch_hook = { heartbeat_timeout = \"10s\" }", "between 30s and 2h"),
        ("min_size = 1\nmax_size = 3\nlaunch_hook = { default_result = \"contine\" }", "did you mean `continue`?"),
        ("min_size = 1\nmax_size = 3\nscheduled_actions = [{ min_size = 2 }]", "needs `start_time`"),
        ("min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\" }]", "changes nothing"),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", min_size = 4 }]",
            "`min_size` is 4 then, and `max_size` 3",
        ),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", desired_capacity = 2, \
             max_size = 1 }]",
            "`desired_capacity` must lie between 1 and 1 then",
        ),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", max_size = 9 }, \
             { start_time = \"1h\", min_size = 2 }]",
            "at the same time",
        ),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", min_size = 2, every = \"1s\" }]",
            "must be at least 1min",
        ),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", min_size = 2, \
             end_time = \"2h\" }]",
            "`end_time` has no effect",
        ),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", min_size = 2, every = \"1h\", \
             end_time = \"1h\" }]",
            "ends before it begins",
        ),
        (
            "min_size = 1\nmax_size = 3\nscheduled_actions = [{ start_time = \"1h\", max_size = 20000 }]",
            "at most 10000 machines",
        ),
        ("min_size = 1\nmax_size = 3\navailability_zones = 0", "1 to 26 zones"),
        ("min_size = 1\nmax_size = 3\nprice_per_hour = -1", "not negative"),
        ("min_size = 1\nmax_size = 3\nwarm_pool = { min_size = 20000 }", "at most 10000 machines"),
    ] {
        let told = Bench::told(&text("1s", group));
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn what_is_said_about_a_policy_is_checked() {
    let step = "policy_type = \"step_scaling\", threshold = 1";
    for (policy, part) in [
        ("target_value = 1".to_owned(), "needs `policy_type`"),
        ("policy_type = \"target_tracking_scaling\"".to_owned(), "needs `target_value`"),
        ("policy_type = \"target_tracking_scaling\", target_value = 0".to_owned(), "`target_value` is positive"),
        (
            "policy_type = \"target_tracking_scaling\", target_value = 1, threshold = 2".to_owned(),
            "only for \"step_scaling\" and \"simple_scaling\"",
        ),
        (
            "policy_type = \"target_tracking_scaling\", target_value = 1, disable_scale_in = true, scale_in_points = 2"
                .to_owned(),
            "`scale_in_points` has no effect with `disable_scale_in`",
        ),
        ("policy_type = \"target_tracking_scaling\", target_value = 1, scale_out_points = 0".to_owned(), "at least 1"),
        (step.to_owned(), "a step policy needs `step_adjustments`"),
        (
            format!("{step}, step_adjustments = [{{ scaling_adjustment = 1 }}, {{ scaling_adjustment = 2 }}]"),
            "two steps are for the same distance",
        ),
        (
            format!(
                "{step}, step_adjustments = [{{ metric_interval_lower_bound = 5, metric_interval_upper_bound = 5, \
                 scaling_adjustment = 1 }}]"
            ),
            "the step ends before it begins",
        ),
        (
            format!("{step}, adjustment_type = \"exact_capacity\", step_adjustments = [{{ scaling_adjustment = -1 }}]"),
            "a group cannot have exactly -1 machines",
        ),
        (
            format!("{step}, min_adjustment_magnitude = 2, step_adjustments = [{{ scaling_adjustment = 1 }}]"),
            "`min_adjustment_magnitude` has no effect",
        ),
        ("policy_type = \"simple_scaling\", threshold = 1".to_owned(), "needs `scaling_adjustment`"),
        (
            "policy_type = \"simple_scaling\", threshold = 1, scaling_adjustment = 1, \
             estimated_instance_warmup = \"1min\""
                .to_owned(),
            "`estimated_instance_warmup` means nothing",
        ),
    ] {
        let told = Bench::told(&text("1s", &format!("min_size = 1\nmax_size = 3\npolicies = [{{ {policy} }}]")));
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_group_is_printed_with_every_value_that_it_came_to() {
    let group = format!("min_size = 1\nmax_size = 3\nwarm_pool = {{}}\n{}", tracking(", target_value = 5"));
    let resolved = Bench::resolved(&text("1s", &group));
    for line in [
        "desired_capacity = 1  # default: the smallest size",
        "default_cooldown = \"5min\"  # default, fact ec2.default_cooldown",
        "metric_delay_after_sleep = \"15min\"  # default, fact ec2.queue_metric_delay_max",
        "scale_in_protection = \"none\"  # default: ",
        "scale_out_points = 3  # default, fact ec2.scale_out_points",
        "metric = \"backlog_per_instance\"  # default: what the guide advises for a queue",
        "pool_state = \"stopped\"  # default: as the API has it",
    ] {
        assert!(resolved.contains(line), "{line}\n{resolved}");
    }
}
