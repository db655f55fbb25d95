//! Who gets the next request, who is ejected, and who comes back.

use super::*;
use crate::engine::NodeId;
use crate::engine::random::StreamKey;

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(secs)
}

fn targets(algorithm: Algorithm, room: u32) -> Targets {
    let endpoint = |node| Endpoint { node: NodeId(node), port: 0 };
    let server = |node| Server { endpoint: endpoint(node), is_checked: true, cancels: false, ignores: false };
    let check = HealthCheck { healthy_threshold: 5, unhealthy_threshold: 2, minimum_healthy: 1 };
    Targets::new(&[server(0), server(1), server(2)], algorithm, room, check)
}

fn chosen_at(targets: &mut Targets, number: u64, now: SimTime) -> Option<usize> {
    let chosen = targets.choose(now, || StreamKey::new(1, 0).stream(number))?;
    let _ = targets.sent(chosen, at(1 << 20), (0, 0), |_| true);
    Some(chosen)
}

fn chosen(targets: &mut Targets, number: u64) -> Option<usize> {
    chosen_at(targets, number, at(0))
}

fn check(targets: &mut Targets, target: usize, round: u32, is_good: bool) {
    assert!(targets.ask(target, round));
    assert!(targets.judge(target, round, is_good, at(u64::from(round))));
}

#[test]
fn one_after_the_other_as_long_as_there_is_room() {
    let mut targets = targets(Algorithm::RoundRobin, 2);
    let order: Vec<_> = (0..7).map(|number| chosen(&mut targets, number)).collect();
    assert_eq!(order, [Some(0), Some(1), Some(2), Some(0), Some(1), Some(2), None]);
}

#[test]
fn the_one_with_the_fewest_requests_is_next() {
    let mut targets = targets(Algorithm::LeastOutstanding, 9);
    for _ in 0..3 {
        chosen(&mut targets, 0);
    }
    targets.over(1, false);
    assert_eq!(chosen(&mut targets, 0), Some(1));
}

#[test]
fn the_better_of_two_keeps_the_servers_level() {
    let spread = |algorithm| {
        let mut targets = targets(algorithm, u32::MAX);
        for number in 0..3000 {
            chosen(&mut targets, number);
        }
        let of = |index: usize| targets.servers[index].outstanding;
        (0..3).map(of).max().unwrap_or(0) - (0..3).map(of).min().unwrap_or(0)
    };
    assert!(spread(Algorithm::RandomTwoChoices) <= 4);
    assert!(spread(Algorithm::Random) > 4);
}

#[test]
fn two_bad_checks_eject_a_server_and_five_good_ones_bring_it_back() {
    let mut targets = targets(Algorithm::RoundRobin, 9);
    check(&mut targets, 0, 1, false);
    check(&mut targets, 0, 2, true);
    check(&mut targets, 0, 3, false);
    assert_eq!(targets.healthy(), 3, "the two were not in a row");
    check(&mut targets, 0, 4, false);
    assert_eq!(targets.healthy(), 2);
    let three = [0, 1, 2].map(|number| chosen(&mut targets, number));
    assert_eq!(three, [Some(1), Some(2), Some(1)]);
    for round in 5..9 {
        check(&mut targets, 0, round, true);
    }
    assert_eq!(targets.healthy(), 2);
    check(&mut targets, 0, 9, true);
    assert_eq!(targets.healthy(), 3);
}

#[test]
fn an_answer_that_comes_after_its_check_changes_nothing() {
    let mut targets = targets(Algorithm::RoundRobin, 9);
    assert!(targets.ask(0, 1) && !targets.ask(0, 2), "one at a time");
    assert!(!targets.judge(0, 2, false, at(1)));
    assert!(targets.judge(0, 1, false, at(1)) && !targets.judge(0, 1, false, at(1)));
}

#[test]
fn when_all_are_ill_requests_go_to_all_that_are_registered() {
    let mut targets = targets(Algorithm::RoundRobin, 9);
    for target in 0..3 {
        check(&mut targets, target, 1, false);
        check(&mut targets, target, 2, false);
    }
    assert_eq!(targets.healthy(), 0);
    targets.deregister(0);
    assert_eq!((chosen(&mut targets, 0), chosen(&mut targets, 0)), (Some(1), Some(2)));
    targets.deregister(1);
    targets.deregister(2);
    assert!(!targets.any() && chosen(&mut targets, 0).is_none());
}

#[test]
fn who_is_registered_is_well_after_one_good_check() {
    let mut targets = targets(Algorithm::RoundRobin, 9);
    let change = targets.deregister(1);
    assert!(targets.is_still_gone(1, change) && !targets.ask(1, 1));
    targets.register(1, at(0));
    assert!(!targets.is_still_gone(1, change));
    assert_eq!(targets.healthy(), 2);
    check(&mut targets, 1, 2, true);
    assert_eq!(targets.healthy(), 3);
}

#[test]
fn who_comes_gets_its_share_little_by_little() {
    let mut targets = targets(Algorithm::RoundRobin, u32::MAX);
    targets.start_slowly(SimDuration::from_secs(100));
    targets.deregister(0);
    targets.register(0, at(0));
    check(&mut targets, 0, 0, true);
    let share = |targets: &mut Targets, secs: u64| {
        let to_it = (0..900).filter(|&number| chosen_at(targets, number, at(secs)) == Some(0));
        to_it.count()
    };
    // A quarter of a turn of its own beside two whole ones, a half, and then as much as anybody.
    assert_eq!(share(&mut targets, 25), 100);
    assert_eq!(share(&mut targets, 50), 180);
    assert_eq!(share(&mut targets, 100), 300);
}

#[test]
fn the_check_of_a_server_that_was_taken_out_meanwhile_says_nothing() {
    let mut targets = targets(Algorithm::RoundRobin, 9);
    assert!(targets.ask(1, 1));
    targets.deregister(1);
    assert!(!targets.judge(1, 1, false, at(6)));
}
