//! What is done to a group by the clock or by an operator, on the bench.

use super::tests::{at, fleet, text, until};
use crate::components::FaultKind;
use crate::components::bench::Bench;

#[test]
fn a_scheduled_action_waits_neither_for_measures_nor_for_a_warm_up() {
    let group = "min_size = 1\nmax_size = 5\nscheduled_actions = [\
        { start_time = \"300s\", max_size = 6, min_size = 1, desired_capacity = 2 }, \
        { start_time = \"100s\", min_size = 4 }, { start_time = \"400s\", max_size = 1 }]";
    let ran = until(fleet("1h", group), "10min");
    // The smallest size takes the desired one along, and so does the largest.
    assert_eq!((at(&ran, "instances_desired", 99), at(&ran, "instances_desired", 100)), (1, 4));
    assert_eq!((at(&ran, "instances_in_service", 139), at(&ran, "instances_in_service", 140)), (1, 4));
    // Three of the four still warm up.
    assert_eq!((at(&ran, "instances_warming", 299), at(&ran, "instances_in_service", 300)), (3, 2));
    assert_eq!((at(&ran, "instances_in_service", 399), at(&ran, "instances_in_service", 400)), (2, 1));
}

#[test]
fn machines_that_boot_go_as_well_once_they_are_there() {
    let group = "min_size = 0\nmax_size = 5\nscheduled_actions = [\
        { start_time = \"100s\", desired_capacity = 4 }, { start_time = \"110s\", desired_capacity = 1 }]";
    let ran = until(fleet("1h", group), "10min");
    assert_eq!((at(&ran, "instances_pending", 111), at(&ran, "instances_in_service", 140)), (4, 4));
    assert_eq!((at(&ran, "instances_in_service", 179), at(&ran, "instances_in_service", 180)), (4, 1));
}

#[test]
fn a_scheduled_action_is_repeated_until_its_end() {
    let group = "min_size = 1\nmax_size = 5\nscheduled_actions = [\
        { start_time = \"60s\", every = \"2min\", end_time = \"250s\", desired_capacity = 3 }, \
        { start_time = \"2min\", every = \"2min\", desired_capacity = 1 }]";
    let ran = until(fleet("1h", group), "10min");
    let desired = [59, 60, 120, 180, 240, 300, 360].map(|second| at(&ran, "instances_desired", second));
    assert_eq!(desired, [1, 3, 1, 3, 1, 1, 1]);
}

#[test]
fn a_machine_on_standby_ends_its_work_takes_no_more_and_comes_back() {
    let with = |count: u32, replaced: bool| {
        let group = "min_size = 1\nmax_size = 4\ndesired_capacity = 3";
        let bench = fleet("100s", group).jobs(40, "0s", "jobs");
        until(bench.fault("crew", FaultKind::Standby { count, replaced }, "50s", "305s"), "10min")
    };
    let fewer = with(2, false);
    let [desired, serving, standing, paid] =
        ["instances_desired", "instances_in_service", "instances_standby", "instances"]
            .map(|gauge| at(&fewer, gauge, 51));
    assert_eq!((desired, serving, standing, paid), (1, 1, 2, 3));
    assert_eq!((at(&fewer, "busy", 99), at(&fewer, "busy", 101), at(&fewer, "workers", 101)), (3, 1, 1));
    assert_eq!((at(&fewer, "busy", 304), at(&fewer, "busy", 306), at(&fewer, "instances_desired", 306)), (1, 3, 3));
    assert_eq!((at(&fewer, "instances_warming", 306), fewer.counter("crew", "instances_terminated")), (2, 0));
    // The group keeps its smallest size.
    assert_eq!(at(&with(9, false), "instances_standby", 51), 2);
    // Others come for them; of those that come back one is too many.
    let replaced = with(2, true);
    assert_eq!((at(&replaced, "instances_desired", 51), at(&replaced, "instances_in_service", 90)), (3, 3));
    assert_eq!((at(&replaced, "instances_in_service", 306), at(&replaced, "instances_in_service", 360)), (5, 4));
}

#[test]
fn a_worker_that_comes_back_before_it_has_ended_its_work_just_goes_on() {
    let bench = fleet("100s", "min_size = 1\nmax_size = 2\ndesired_capacity = 2").jobs(4, "0s", "jobs");
    let kind = FaultKind::Standby { count: 1, replaced: false };
    let ran = until(bench.fault("crew", kind, "10s", "20s"), "4min");
    assert_eq!((ran.counter("crew", "handled"), at(&ran, "busy", 101), at(&ran, "workers", 15)), (4, 2, 2));
}

#[test]
fn workers_without_a_group_stand_by_as_well() {
    let fixed = "[work.job]\ntime = \"100s\"\n[jobs]\nkind = \"sqs\"\nvisibility_timeout = \"2h\"\n\
                 [crew]\nkind = \"workers\"\npolls = \"jobs\"\nwork = \"job\"\ncount = 3\nreceive_latency = \"0s\"\n\
                 delete_latency = \"0s\"\n";
    let bench = Bench::of(fixed).jobs(40, "0s", "jobs");
    let ran = until(bench.fault("crew", FaultKind::Standby { count: 2, replaced: false }, "50s", "305s"), "10min");
    assert_eq!((at(&ran, "busy", 99), at(&ran, "busy", 101), at(&ran, "workers", 101)), (3, 1, 1));
    assert_eq!((at(&ran, "busy", 304), at(&ran, "busy", 306), at(&ran, "workers", 306)), (1, 3, 3));
}

#[test]
fn a_machine_that_goes_on_standby_before_it_has_begun_works_when_it_comes_back() {
    let with = |to: &str| {
        let group = "min_size = 0\nmax_size = 4\ndesired_capacity = 1\n\
                     scheduled_actions = [{ start_time = \"1min\", desired_capacity = 3 }]";
        let text = text("1h", group).replace("bootstrap = \"20s\"", "bootstrap = \"5min\"");
        let kind = FaultKind::Standby { count: 9, replaced: false };
        until(Bench::of(&text).jobs(9, "0s", "jobs").fault("crew", kind, "2min", to), "15min")
    };
    // Two machines are in service at 100 s and would begin at 400 s. They have nothing more to do when they come back.
    let late = with("10min");
    assert_eq!((at(&late, "instances_standby", 121), at(&late, "busy", 599)), (3, 1));
    assert_eq!((at(&late, "workers", 601), at(&late, "busy", 601)), (3, 3));
    // Who comes back before that begins in time.
    let early = with("5min");
    assert_eq!((at(&early, "busy", 301), at(&early, "busy", 399), at(&early, "busy", 401)), (1, 1, 3));
}
