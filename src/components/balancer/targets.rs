//! The servers behind a load balancer: who gets the next request, and who is thought to be well.

use crate::components::context::Endpoint;
use crate::engine::random::Draws;
use crate::engine::{Deadlines, SimDuration, SimTime};

/// A request at a server, told apart from later ones in its place.
type Token = (u32, u32);

/// How a server is chosen among those that are well and have room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest requests; among equals the next in turn.
    LeastOutstanding,
    /// The better of two that are drawn.
    RandomTwoChoices,
    /// Any.
    Random,
}

/// When a server is thought to be ill, and when well again.
#[derive(Debug, Clone, Copy)]
pub(super) struct HealthCheck {
    /// A request that is not answered for so long is a bad sign.
    pub timeout: SimDuration,
    /// Good checks in a row until it is well.
    pub healthy_threshold: u32,
    /// Bad checks in a row until it is ill.
    pub unhealthy_threshold: u32,
    /// With fewer healthy servers, requests go to all.
    pub minimum_healthy: u32,
}

/// The servers.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    algorithm: Algorithm,
    check: HealthCheck,
    /// Requests that one server has at most -- parameter.
    room: u32,
    servers: Vec<Target>,
    /// Whose turn it is -- state.
    next: usize,
}

#[derive(Debug, Clone)]
struct Target {
    endpoint: Endpoint,
    /// Requests that it has.
    outstanding: u32,
    /// Answers since the last check; how many of them were errors, and how many came within the check's timeout.
    answers: u32,
    errors: u32,
    quick: u32,
    is_healthy: bool,
    /// Checks in a row that speak against what is thought of it.
    against: u32,
    /// When its requests are given up.
    idle: Deadlines<Token>,
    /// When they were sent: the idle timeout before that.
    oldest: std::collections::VecDeque<(SimTime, Token)>,
}

impl Targets {
    /// Servers that are all well and have nothing to do.
    pub(super) fn new(endpoints: Vec<Endpoint>, algorithm: Algorithm, room: u32, check: HealthCheck) -> Self {
        let target = |endpoint| Target {
            endpoint,
            outstanding: 0,
            answers: 0,
            errors: 0,
            quick: 0,
            is_healthy: true,
            against: 0,
            idle: Deadlines::new(),
            oldest: std::collections::VecDeque::new(),
        };
        Self { algorithm, check, room, servers: endpoints.into_iter().map(target).collect(), next: 0 }
    }

    /// Where a server is.
    pub(super) fn endpoint(&self, target: usize) -> Endpoint {
        self.servers[target].endpoint
    }

    /// How many are thought to be well.
    pub(super) fn healthy(&self) -> u64 {
        self.servers.iter().filter(|target| target.is_healthy).count() as u64
    }

    /// The server for the next request; none if none has room.
    pub(super) fn choose(&mut self, draws: impl FnOnce() -> Draws) -> Option<usize> {
        let open = self.healthy() < u64::from(self.check.minimum_healthy);
        let count = self.servers.len();
        let (room, next) = (self.room, self.next);
        let fits = |target: &Target| target.outstanding < room && (open || target.is_healthy);
        let mut in_turn = (0..count).map(|step| (next + step) % count).filter(|&index| fits(&self.servers[index]));
        let chosen = match self.algorithm {
            Algorithm::RoundRobin => in_turn.next(),
            Algorithm::LeastOutstanding => in_turn.min_by_key(|&index| self.servers[index].outstanding),
            Algorithm::Random | Algorithm::RandomTwoChoices => {
                let candidates: Vec<usize> = in_turn.collect();
                if candidates.is_empty() {
                    return None;
                }
                let mut draws = draws();
                let mut draw = |among: usize| usize::try_from(draws.below(among as u64)).unwrap_or(0);
                let first = draw(candidates.len());
                if self.algorithm == Algorithm::Random || candidates.len() == 1 {
                    Some(candidates[first])
                } else {
                    // Two different ones.
                    let second = (first + 1 + draw(candidates.len() - 1)) % candidates.len();
                    let better = |index: usize| self.servers[candidates[index]].outstanding;
                    Some(candidates[if better(second) < better(first) { second } else { first }])
                }
            }
        }?;
        self.next = (chosen + 1) % count;
        Some(chosen)
    }

    /// A request was sent. Returns the time of an alarm, if one must be set.
    pub(super) fn sent(
        &mut self,
        target: usize,
        now: SimTime,
        idle_timeout: SimDuration,
        token: Token,
        alive: impl Fn(Token) -> bool,
    ) -> Option<SimTime> {
        let target = &mut self.servers[target];
        target.outstanding += 1;
        while target.oldest.front().is_some_and(|&(_, token)| !alive(token)) {
            target.oldest.pop_front();
        }
        target.oldest.push_back((now, token));
        target.idle.trim(alive);
        target.idle.push(now + idle_timeout, token)
    }

    /// A request is over: answered, failed or given up, after `took`.
    pub(super) fn over(&mut self, target: usize, failed: bool, took: SimDuration) {
        let target = &mut self.servers[target];
        target.outstanding -= 1;
        target.answers += 1;
        target.errors += u32::from(failed);
        target.quick += u32::from(!failed && took <= self.check.timeout);
    }

    /// The next request at a server that is given up now.
    pub(super) fn due(&mut self, target: usize, now: SimTime, alive: impl Fn(Token) -> bool) -> Option<Token> {
        self.servers[target].idle.due(now, alive)
    }

    /// The time of the next alarm, after everything due was taken.
    pub(super) fn rearm(&mut self, target: usize) -> Option<SimTime> {
        self.servers[target].idle.rearm()
    }

    /// Looks how the servers are.
    pub(super) fn check(&mut self, now: SimTime, alive: impl Fn(Token) -> bool) {
        let HealthCheck { timeout, healthy_threshold, unhealthy_threshold, .. } = self.check;
        for target in &mut self.servers {
            while target.oldest.front().is_some_and(|&(_, token)| !alive(token)) {
                target.oldest.pop_front();
            }
            let hangs = target.oldest.front().is_some_and(|&(sent, _)| now.since(sent) > timeout);
            let is_slow = target.quick == 0 && (hangs || target.answers > 0);
            let is_good = !is_slow && 2 * target.errors <= target.answers;
            (target.answers, target.errors, target.quick) = (0, 0, 0);
            target.against = if is_good == target.is_healthy { 0 } else { target.against + 1 };
            let enough = if target.is_healthy { unhealthy_threshold } else { healthy_threshold };
            if target.against >= enough {
                target.is_healthy = is_good;
                target.against = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::NodeId;
    use crate::engine::random::StreamKey;

    const IDLE: SimDuration = SimDuration::from_secs(60);

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn targets(algorithm: Algorithm, room: u32) -> Targets {
        let endpoints = (0..3).map(|node| Endpoint { node: NodeId(node), port: 0 }).collect();
        let timeout = SimDuration::from_secs(6);
        let check = HealthCheck { timeout, healthy_threshold: 5, unhealthy_threshold: 2, minimum_healthy: 1 };
        Targets::new(endpoints, algorithm, room, check)
    }

    fn chosen(targets: &mut Targets, number: u64) -> Option<usize> {
        let chosen = targets.choose(|| StreamKey::new(1, 0).stream(number))?;
        let _ = targets.sent(chosen, at(0), IDLE, (0, 0), |_| true);
        Some(chosen)
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
        targets.over(1, false, SimDuration::ZERO);
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
        let fail = |targets: &mut Targets| {
            chosen(targets, 0);
            targets.over(0, true, SimDuration::ZERO);
        };
        fail(&mut targets);
        targets.check(at(30), |_| false);
        assert_eq!(targets.healthy(), 3);
        targets.next = 0;
        fail(&mut targets);
        targets.check(at(60), |_| false);
        assert_eq!(targets.healthy(), 2);
        assert_eq!(
            (chosen(&mut targets, 0), chosen(&mut targets, 0), chosen(&mut targets, 0)),
            (Some(1), Some(2), Some(1))
        );
        for second in 3..7 {
            targets.check(at(30 * second), |_| false);
        }
        assert_eq!(targets.healthy(), 2);
        targets.check(at(300), |_| false);
        assert_eq!(targets.healthy(), 3);
    }

    #[test]
    fn when_all_are_ill_requests_go_to_all() {
        let mut targets = targets(Algorithm::RoundRobin, 9);
        for _ in 0..3 {
            chosen(&mut targets, 0);
        }
        targets.check(at(30), |_| true);
        targets.check(at(60), |_| true);
        assert_eq!(targets.healthy(), 0);
        assert_eq!(chosen(&mut targets, 0), Some(0));
    }
}
