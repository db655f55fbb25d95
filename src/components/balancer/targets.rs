//! The servers behind a load balancer: who gets the next request, who is thought to be well, who is registered at all.

use super::weights::Weights;
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
    /// Any, by weights.
    WeightedRandom,
}

/// When a server is thought to be ill, and when well again.
#[derive(Debug, Clone, Copy)]
pub(super) struct HealthCheck {
    /// Good checks in a row until it is well.
    pub healthy_threshold: u32,
    /// Bad checks in a row until it is ill.
    pub unhealthy_threshold: u32,
    /// With fewer healthy servers, requests go to all.
    pub minimum_healthy: u32,
}

/// A server as the balancer is told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub endpoint: Endpoint,
    /// Whether it is checked at all.
    pub is_checked: bool,
    /// Whether it wants to know that a caller has left.
    pub cancels: bool,
    /// Whether it ignores connections while it is full: its answer is waited for from when it accepts one.
    pub ignores: bool,
}

/// The servers.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    algorithm: Algorithm,
    check: HealthCheck,
    /// Requests that one server has at most -- parameter.
    room: u32,
    /// How long a server that comes gets more from moment to moment; nothing: it gets its full share at once -- parameter.
    slow_start: SimDuration,
    servers: Vec<Target>,
    /// Whose turn it is -- state.
    next: usize,
    /// The share of the requests that each gets, where that differs -- parameter and state.
    weights: Option<Weights>,
}

#[derive(Debug, Clone)]
struct Target {
    server: Server,
    /// Requests that it has.
    outstanding: u32,
    standing: Standing,
    /// Checks in a row that speak against what is thought of it.
    against: u32,
    /// The check that is not answered yet.
    asked: Option<u32>,
    /// Since when it gets more from moment to moment, and what it has saved up of a turn.
    warms: Option<SimTime>,
    saved: f64,
    /// How often it was registered or not: it tells the end of an earlier wait.
    changes: u32,
    /// When its requests are given up.
    idle: Deadlines<Token>,
}

/// What is thought of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has just been registered, and not been checked.
    New,
    /// It is well.
    Healthy,
    /// It is not.
    Ill,
    /// It is not registered.
    Gone,
}

impl Targets {
    /// Servers that are all well and have nothing to do.
    pub(super) fn new(servers: &[Server], algorithm: Algorithm, room: u32, check: HealthCheck) -> Self {
        let target = |&server| Target {
            server,
            outstanding: 0,
            standing: Standing::Healthy,
            against: 0,
            asked: None,
            warms: None,
            saved: 0.0,
            changes: 0,
            idle: Deadlines::new(),
        };
        let servers = servers.iter().map(target).collect();
        Self { algorithm, check, room, slow_start: SimDuration::ZERO, servers, next: 0, weights: None }
    }

    /// Those that come get more from moment to moment for so long.
    pub(super) const fn start_slowly(&mut self, slow_start: SimDuration) {
        self.slow_start = slow_start;
    }

    /// Those that answer with far more errors than the others get less.
    pub(super) fn weigh(&mut self, weights: Weights) {
        self.weights = Some(weights);
    }

    /// A server.
    pub(super) fn server(&self, target: usize) -> Server {
        self.servers[target].server
    }

    /// How many there are, registered or not.
    pub(super) const fn count(&self) -> usize {
        self.servers.len()
    }

    /// How many are thought to be well.
    pub(super) fn healthy(&self) -> u64 {
        self.servers.iter().filter(|target| target.standing == Standing::Healthy).count() as u64
    }

    /// Whether any is registered.
    pub(super) fn any(&self) -> bool {
        self.servers.iter().any(|target| target.standing != Standing::Gone)
    }

    /// The server for the next request; none if none has room.
    pub(super) fn choose(&mut self, now: SimTime, draws: impl FnOnce() -> Draws) -> Option<usize> {
        let open = self.healthy() < u64::from(self.check.minimum_healthy);
        let count = self.servers.len();
        let (room, next) = (self.room, self.next);
        let fits = |target: &Target| {
            target.outstanding < room
                && (target.standing == Standing::Healthy || (open && target.standing != Standing::Gone))
        };
        let mut in_turn = (0..count).map(|step| (next + step) % count).filter(|&index| fits(&self.servers[index]));
        let chosen = match self.algorithm {
            Algorithm::RoundRobin if self.slow_start.is_zero() => in_turn.next(),
            Algorithm::RoundRobin => {
                let candidates: Vec<usize> = in_turn.collect();
                self.in_turn_by_warmth(&candidates, now)
            }
            Algorithm::LeastOutstanding => in_turn.min_by_key(|&index| self.servers[index].outstanding),
            Algorithm::Random | Algorithm::RandomTwoChoices | Algorithm::WeightedRandom => {
                let candidates: Vec<usize> = in_turn.collect();
                self.drawn(&candidates, draws)
            }
        }?;
        self.next = (chosen + 1) % count;
        Some(chosen)
    }

    /// The first whose turn it is: one that is warming up lets so many of its turns pass that it gets its share.
    fn in_turn_by_warmth(&mut self, candidates: &[usize], now: SimTime) -> Option<usize> {
        for &index in candidates {
            let target = &mut self.servers[index];
            let Some(since) = target.warms else { return Some(index) };
            let share = now.since(since).as_secs_f64() / self.slow_start.as_secs_f64();
            if share >= 1.0 {
                target.warms = None;
                return Some(index);
            }
            target.saved += share;
            if target.saved >= 1.0 {
                target.saved -= 1.0;
                return Some(index);
            }
        }
        // Nobody else has room.
        candidates.first().copied()
    }

    fn drawn(&self, candidates: &[usize], draws: impl FnOnce() -> Draws) -> Option<usize> {
        let last = candidates.len().checked_sub(1)?;
        let mut draws = draws();
        if let Some(weights) = &self.weights {
            return weights.draw(candidates, draws.uniform());
        }
        let mut draw = |among: usize| usize::try_from(draws.below(among as u64)).unwrap_or(0);
        let first = draw(candidates.len());
        if self.algorithm != Algorithm::RandomTwoChoices || last == 0 {
            return Some(candidates[first]);
        }
        // Two different ones.
        let second = (first + 1 + draw(last)) % candidates.len();
        let better = |index: usize| self.servers[candidates[index]].outstanding;
        Some(candidates[if better(second) < better(first) { second } else { first }])
    }

    /// A request was sent. Returns the time of an alarm, if one must be set.
    pub(super) fn sent(
        &mut self,
        target: usize,
        until: SimTime,
        token: Token,
        alive: impl Fn(Token) -> bool,
    ) -> Option<SimTime> {
        let target = &mut self.servers[target];
        target.outstanding += 1;
        target.idle.trim(alive);
        target.idle.push(until, token)
    }

    /// A request is over: answered, failed or given up.
    pub(super) fn over(&mut self, target: usize, failed: bool) {
        self.servers[target].outstanding -= 1;
        if let Some(weights) = &mut self.weights {
            weights.answered(target, failed);
        }
    }

    /// The next request at a server that is given up now.
    pub(super) fn due(&mut self, target: usize, now: SimTime, alive: impl Fn(Token) -> bool) -> Option<Token> {
        self.servers[target].idle.due(now, alive)
    }

    /// The time of the next alarm, after everything due was taken.
    pub(super) fn rearm(&mut self, target: usize) -> Option<SimTime> {
        self.servers[target].idle.rearm()
    }

    /// A check of this round is sent to the server, unless it is not checked, or an earlier one is still under way.
    pub(super) fn ask(&mut self, target: usize, round: u32) -> bool {
        let target = &mut self.servers[target];
        let asks = target.server.is_checked && target.standing != Standing::Gone && target.asked.is_none();
        if asks {
            target.asked = Some(round);
        }
        asks
    }

    /// The check of this round has ended. Whether it was the one that was under way, and says something.
    pub(super) fn judge(&mut self, target: usize, round: u32, is_good: bool, now: SimTime) -> bool {
        let Some(target) = self.servers.get_mut(target).filter(|target| target.asked == Some(round)) else {
            return false;
        };
        target.asked = None;
        let enough = match target.standing {
            // Whoever comes is well with the first good check, and ill with the usual number of bad ones.
            Standing::New if is_good => 1,
            Standing::New | Standing::Healthy => self.check.unhealthy_threshold,
            Standing::Ill => self.check.healthy_threshold,
            // It was taken out meanwhile: nobody wants to know any more.
            Standing::Gone => return false,
        };
        let is_as_thought = is_good == (target.standing == Standing::Healthy) && target.standing != Standing::New;
        target.against = if is_as_thought { 0 } else { target.against + 1 };
        if target.against >= enough {
            target.against = 0;
            target.standing = if is_good { Standing::Healthy } else { Standing::Ill };
            target.warms = (is_good && !self.slow_start.is_zero()).then_some(now);
            target.saved = 0.0;
        }
        true
    }

    /// The server is taken out: it gets no more requests. Returns by what its change is known.
    pub(super) fn deregister(&mut self, target: usize) -> u32 {
        let target = &mut self.servers[target];
        target.standing = Standing::Gone;
        target.changes += 1;
        target.changes
    }

    /// The server is there again, and well as soon as a check says so; at once, if it is not checked.
    pub(super) fn register(&mut self, target: usize, now: SimTime) {
        let slow_start = !self.slow_start.is_zero();
        let target = &mut self.servers[target];
        if target.standing == Standing::Gone {
            let is_checked = target.server.is_checked;
            target.standing = if is_checked { Standing::New } else { Standing::Healthy };
            target.warms = (!is_checked && slow_start).then_some(now);
            (target.against, target.saved, target.asked) = (0, 0.0, None);
            target.changes += 1;
        }
    }

    /// Whether nothing has changed since the server was taken out.
    pub(super) fn is_still_gone(&self, target: usize, change: u32) -> bool {
        self.servers[target].changes == change
    }

    /// Looks which servers answer with more errors than the others.
    pub(super) fn look(&mut self) {
        let healthy = self.healthy();
        if let Some(weights) = &mut self.weights {
            weights.look(healthy);
        }
    }
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
