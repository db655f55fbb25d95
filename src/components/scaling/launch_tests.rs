//! How machines come into a group, and what the warm pool takes back, on the bench.

use super::tests::{at, fleet, text, tracking, until};
use crate::components::bench::{Bench, Ran};

fn counter(ran: &Ran, what: &str) -> u64 {
    ran.counter("crew", &format!("instances_{what}"))
}

/// A group that orders two machines at the first measure, at 60 s. They can be reached at 100 s.
fn growing(bootstrap: &str, more: &str, end: &str) -> Ran {
    let group =
        format!("min_size = 1\nmax_size = 10\n{more}\n{}", tracking(", target_value = 10, scale_out_points = 1"));
    let text = text("1h", &group).replace("bootstrap = \"20s\"", &format!("bootstrap = \"{bootstrap}\""));
    until(Bench::of(&text).jobs(31, "1s", "jobs"), end)
}

#[test]
fn without_a_hook_a_machine_is_in_service_before_it_works() {
    let ran = growing("20s", "", "10min");
    assert_eq!((at(&ran, "instances_in_service", 99), at(&ran, "instances_in_service", 100)), (1, 3));
    assert_eq!((at(&ran, "workers", 119), at(&ran, "workers", 120), at(&ran, "busy", 120)), (1, 3, 3));
}

#[test]
fn a_launch_hook_keeps_a_machine_out_of_service_until_it_is_ready() {
    let ran = growing("20s", "launch_hook = {}", "10min");
    assert_eq!((at(&ran, "instances_pending_wait", 99), at(&ran, "instances_pending_wait", 100)), (0, 2));
    assert_eq!((at(&ran, "instances_in_service", 119), at(&ran, "instances_in_service", 120)), (1, 3));
    // It is paid for meanwhile.
    assert_eq!((at(&ran, "instances", 60), at(&ran, "instances_pending", 119), at(&ran, "workers", 120)), (3, 2, 3));
    assert_eq!(ran.counter("crew", "instances_abandoned"), 0);
}

#[test]
fn a_machine_that_is_not_ready_when_its_hook_runs_out_is_given_up_or_comes_as_it_is() {
    let hook = |more: &str| growing("50s", &format!("launch_hook = {{ heartbeat_timeout = \"30s\"{more} }}"), "5min");
    // Given up at 130, 200 and 270 s, and another one ordered each time: the group never grows.
    let abandoned = hook("");
    assert_eq!((at(&abandoned, "instances_pending", 131), abandoned.counter("crew", "instances_abandoned")), (2, 6));
    assert_eq!((abandoned.counter("crew", "instances_launched"), abandoned.gauge("crew", "busy").max()), (8, 1));
    assert_eq!(abandoned.gauge("crew", "instances_in_service").max(), 1);
    let continued = hook(", default_result = \"continue\"");
    assert_eq!((at(&continued, "instances_in_service", 129), at(&continued, "instances_in_service", 130)), (1, 3));
    assert_eq!((at(&continued, "workers", 149), at(&continued, "workers", 150)), (1, 3));
    let beating = hook(", heartbeats = true");
    assert_eq!((at(&beating, "instances_in_service", 149), at(&beating, "instances_in_service", 150)), (1, 3));
}

#[test]
fn a_hook_holds_a_machine_before_it_is_in_the_warm_pool() {
    let with = |hook: &str| {
        growing("50s", &format!("warm_pool = {{ min_size = 1, max_group_prepared_capacity = 1 }}\n{hook}"), "10min")
    };
    // One of the two comes out of the pool, which is filled up again.
    let fine = with("launch_hook = {}");
    assert_eq!((at(&fine, "workers", 99), at(&fine, "workers", 100), at(&fine, "workers", 150)), (1, 2, 3));
    assert_eq!((at(&fine, "instances_prepared", 149), at(&fine, "instances_prepared", 150)), (0, 1));
    let hopeless = with("launch_hook = { heartbeat_timeout = \"30s\" }");
    assert_eq!((at(&hopeless, "workers", 100), hopeless.gauge("crew", "workers").max()), (2, 2));
    assert_eq!(at(&hopeless, "instances_prepared", 599), 0);
    assert!(hopeless.counter("crew", "instances_abandoned") > 8);
    // Whoever was given up had been launched, and is gone.
    let counted = |ran: &Ran| ["launched", "terminated", "abandoned"].map(|what| counter(ran, what));
    let [launched, terminated, abandoned] = counted(&hopeless);
    // One was there at the beginning, and one in the pool; two are in the group at the end, one more is on its way into
    // it and one into the pool.
    assert_eq!((terminated, launched + 2), (abandoned, terminated + 4));
    // One came out of the pool and was launched before the run, one for the group and one for the pool.
    assert_eq!(counted(&fine), [2, 0, 0]);
}

#[test]
fn a_warm_pool_takes_back_what_the_group_gives_away_if_it_is_told_to() {
    let with = |pool: &str, more: &str| {
        let group = format!(
            "min_size = 1\nmax_size = 4\ndesired_capacity = 3\nwarm_pool = {{ {pool} }}\n{more}\n\
             scheduled_actions = [{{ start_time = \"100s\", desired_capacity = 1 }}]"
        );
        until(fleet("200s", &group).jobs(3, "0s", "jobs"), "10min")
    };
    let reuses = "instance_reuse_policy = { reuse_on_scale_in = true }";
    let thrown_away = with("", "");
    assert_eq!((at(&thrown_away, "instances_prepared", 99), at(&thrown_away, "instances_prepared", 159)), (1, 1));
    assert_eq!(
        (at(&thrown_away, "instances_prepared", 160), thrown_away.counter("crew", "instances_terminated")),
        (3, 2)
    );
    let kept = with(reuses, "");
    assert_eq!((at(&kept, "instances_prepared", 99), at(&kept, "instances_prepared", 100)), (1, 3));
    assert_eq!((kept.counter("crew", "instances_reused"), kept.counter("crew", "instances_terminated")), (2, 0));
    // Both lose their work, and neither is terminated.
    assert_eq!((counter(&kept, "reused_busy"), counter(&kept, "terminated_busy")), (2, 0));
    assert_eq!((counter(&thrown_away, "terminated_busy"), at(&kept, "instances", 101)), (2, 1));
    // With a hook they come when they have done their work, and nothing is prepared in their stead.
    let later = with(reuses, "termination_hook = {}");
    assert_eq!((at(&later, "instances_prepared", 199), at(&later, "instances_prepared", 201)), (1, 3));
    assert_eq!((at(&later, "instances", 150), counter(&later, "reused_busy")), (3, 0));
    // A pool that has no more room sends the rest away.
    let small = with(&format!("{reuses}, max_group_prepared_capacity = 3"), "");
    assert_eq!((at(&small, "instances_prepared", 99), at(&small, "instances_prepared", 100)), (0, 2));
    let full = with(&format!("{reuses}, max_group_prepared_capacity = 2"), "");
    assert_eq!((counter(&full, "reused"), counter(&full, "terminated")), (1, 1));
    assert_eq!((counter(&full, "reused_busy"), counter(&full, "terminated_busy")), (1, 1));
}
