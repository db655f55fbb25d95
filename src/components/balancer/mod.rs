//! A load balancer: it hands each request to one of several servers, and the answer back.
//!
//! ```text
//!  Arrive ─▶ a server with room? ─▶ attempt ─▶ answer, or 504 after the idle timeout
//!               │ none                 ▲
//!               ▼                      │ a server has room again
//!          surge queue ────────────────┘
//!               │ full
//!               ▼ 503
//! ```
//! Facts: `http.*`. A server is ejected after bad health checks and comes back after good ones (`checks.rs`); with too few
//! healthy servers, requests go to all. An overload looks like illness: the slow are ejected and the others get their
//! load. A server that is taken out finishes what it has, within the deregistration delay (`leaving.rs`); one that comes
//! may begin slowly (`targets.rs`), and one that fails more than the others may get less (`weights.rs`). What a server
//! answers is passed on as it is, status and all; what the balancer answers itself is in `answers.rs`.

mod answers;
mod checks;
mod health_spec;
mod leaving;
mod spec;
mod targets;
mod weights;

use super::context::Ctx;
use super::fault::Health;
use super::latency::Latency;
use super::site::NodeSite;
use super::slab::Slab;
use super::{Component, Verb};
use crate::engine::{Call, LossId, MsgId, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId, TimingId};
use answers::Own;
use leaving::{Absence, Line};
use spec::LoadBalancerSpec;
use std::collections::VecDeque;
use targets::Targets;

/// A load balancer while it runs.
#[derive(Debug, Clone)]
pub struct LoadBalancer {
    /// The round trip between balancer and server -- parameter.
    latency: Latency,
    /// How long a server may take to answer -- parameter.
    idle_timeout: SimDuration,
    /// Requests that may wait for a server with room -- parameter.
    surge_queue: usize,
    /// How often the servers are checked -- parameter.
    check_every: SimDuration,
    /// How long a server may take to answer a check -- parameter.
    check_timeout: SimDuration,
    /// How often the weights of the servers are looked at, if they have weights -- parameter.
    look_every: Option<SimDuration>,
    /// How long a server that is taken out may go on with what it has -- parameter.
    deregistration_delay: SimDuration,
    /// When which server is taken out -- parameter.
    absences: Vec<Absence>,
    losses: LoadBalancerLosses,
    metrics: LoadBalancerMetrics,
    /// The servers -- parameter and state.
    targets: Targets,
    /// Requests that a server has, and in which order they were sent -- state.
    requests: Slab<Request>,
    line: Line,
    /// Number of the last attempt; tells stale answers -- state.
    serial: u32,
    /// Number of the last round of checks -- state.
    round: u32,
    /// Requests that wait for a server with room, and since when -- state.
    waiting: VecDeque<(MsgId, SimTime)>,
    /// What is wrong with it -- state.
    health: Health,
}

/// A request that a server has.
#[derive(Debug, Clone, Default)]
struct Request {
    msg: MsgId,
    attempt: MsgId,
    target: usize,
    serial: u32,
    /// The answer, on its way back.
    answer: LossId,
}

/// Why a balancer turns a request away.
#[derive(Debug, Clone, Copy)]
struct LoadBalancerLosses {
    /// No server has room, and the surge queue is full: 503.
    spilled: LossId,
    /// The server did not answer before the idle timeout: 504.
    idle: LossId,
    /// No server is registered: 503.
    nobody: LossId,
    /// The server was taken out, and the deregistration delay is over: 502.
    cut: LossId,
    /// The client closed its connection before the answer: 460.
    closed: LossId,
    /// The balancer is down.
    down: LossId,
    /// A fault makes it answer with an error.
    failing: LossId,
}

/// What a balancer counts, in the words of the service.
#[derive(Debug, Clone, Copy)]
struct LoadBalancerMetrics {
    /// Requests that servers have.
    outstanding: GaugeId,
    /// Requests in the surge queue.
    surge_queue_length: GaugeId,
    /// How long requests waited in it; nothing for those that did not.
    wait: TimingId,
    /// Requests turned away because it was full.
    spillover_count: CounterId,
    /// Requests given up at the idle timeout.
    timeouts: CounterId,
    /// What it answered itself, by the status: the client has left; no answer from a server; nobody to ask; none in time.
    answered_460: CounterId,
    answered_502: CounterId,
    answered_503: CounterId,
    answered_504: CounterId,
    /// Servers that are thought to be well.
    healthy_host_count: GaugeId,
    /// Checks that were answered with an error, too late, or not at all.
    failed_checks: CounterId,
}

/// Alarms of a load balancer.
#[derive(Debug, Clone, Copy)]
pub enum LoadBalancerAlarm {
    /// An answer has come back from a server.
    Answered {
        request: u32,
        serial: u32,
    },
    /// The first idle timeout at this server may be due.
    Idle {
        target: usize,
    },
    /// The idle timeout is due of a request whose connection to its server was accepted late.
    Late {
        request: u32,
        serial: u32,
    },
    /// The servers are checked.
    Check,
    /// The time is over in which the checks of this round had to be answered.
    CheckEnds {
        round: u32,
    },
    /// The weights of the servers are looked at.
    Look,
    /// A server is taken out, or comes back.
    Leaves {
        absence: usize,
    },
    Comes {
        absence: usize,
    },
    /// The deregistration delay of a server is over that was taken out by this change.
    Cut {
        target: usize,
        change: u32,
    },
}

type Cx<'a> = Ctx<'a, LoadBalancerAlarm>;

impl Component for LoadBalancer {
    const KIND: &'static str = "load_balancer";
    const ABOUT: &'static str = "hands requests to several servers: algorithms, surge queue, health checks";
    const NOUN: &'static str = "a load balancer";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Targets, Verb::Subscribers];
    const FAULTS: &'static [&'static str] = &["down", "fails"];
    type Spec = LoadBalancerSpec;
    type Alarm = LoadBalancerAlarm;

    fn build(spec: LoadBalancerSpec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        spec.build(site)
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.set(self.metrics.healthy_host_count, self.targets.healthy());
        cx.alarm_after(self.check_every, LoadBalancerAlarm::Check);
        if let Some(every) = self.look_every {
            cx.alarm_after(every, LoadBalancerAlarm::Look);
        }
        self.plan_absences(cx);
    }

    fn on(&mut self, signal: &Signal, cx: &mut Cx<'_>) {
        match *signal {
            Signal::Arrive { msg, .. } => self.admit(msg, cx),
            Signal::Reply { task, attempt, loss } => self.reply(task, attempt, loss, cx),
            Signal::Measure { from, task, attempt } => self.answer_check(from, task, attempt, cx),
            Signal::Hangup { from, slot } => self.caller_left(from, slot, cx),
            Signal::Fault { index, begins } => {
                self.health.change(cx.fault(index).kind, begins);
                if self.health.is_down() {
                    self.drop_all(cx);
                }
            }
            _ => unreachable!("edges of these verbs do not lead to a load balancer"),
        }
    }

    fn on_alarm(&mut self, alarm: LoadBalancerAlarm, cx: &mut Cx<'_>) {
        match alarm {
            LoadBalancerAlarm::Answered { request, serial } => self.answered(request, serial, cx),
            LoadBalancerAlarm::Idle { target } => self.idle(target, cx),
            LoadBalancerAlarm::Late { request, serial } => {
                if alive(&self.requests)((request, serial)) {
                    self.is_due(request, cx);
                    self.serve_waiting(cx);
                }
            }
            LoadBalancerAlarm::Check => self.check(cx),
            LoadBalancerAlarm::CheckEnds { round } => self.check_ends(round, cx),
            LoadBalancerAlarm::Look => {
                self.targets.look();
                if let Some(every) = self.look_every {
                    cx.alarm_after(every, LoadBalancerAlarm::Look);
                }
            }
            LoadBalancerAlarm::Leaves { absence } => self.leaves(absence, cx),
            LoadBalancerAlarm::Comes { absence } => self.comes(absence, cx),
            LoadBalancerAlarm::Cut { target, change } => self.cut(target, change, cx),
        }
    }

    fn holding(&self) -> u64 {
        (self.waiting.len() + self.requests.len()) as u64
    }
}

/// Tells whether a server still has the request that is meant.
fn alive(requests: &Slab<Request>) -> impl Fn((u32, u32)) -> bool + '_ {
    |(request, serial)| requests.get(request).is_some_and(|it| it.serial == serial)
}

impl LoadBalancer {
    fn admit(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        if self.health.is_down() {
            return cx.refuse(msg, self.losses.down);
        }
        if self.health.fails(|| cx.draws_of_attempt(msg)) {
            return cx.refuse(msg, self.losses.failing);
        }
        if !self.targets.any() {
            return self.refuse(msg, Own::Nobody, cx);
        }
        if let Some(target) = self.choose(msg, cx) {
            cx.time(self.metrics.wait, SimDuration::ZERO);
            self.forward(msg, target, cx);
        } else if self.waiting.len() < self.surge_queue {
            self.waiting.push_back((msg, cx.now()));
            cx.set(self.metrics.surge_queue_length, self.waiting.len() as u64);
        } else {
            cx.count(self.metrics.spillover_count, 1);
            self.refuse(msg, Own::Spilled, cx);
        }
    }

    fn choose(&mut self, msg: MsgId, cx: &Cx<'_>) -> Option<usize> {
        self.targets.choose(cx.now(), || cx.draws_of_attempt(msg))
    }

    fn forward(&mut self, msg: MsgId, target: usize, cx: &mut Cx<'_>) {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let (index, request) = self.requests.reserve();
        let leg = cx.latency(&self.latency, cx.number(msg) ^ u64::from(serial)).half();
        let call = Call { node: cx.node(), task: index, attempt: serial, behalf: msg };
        let attempt = cx.request(call, self.targets.server(target).endpoint, leg);
        *request = Request { msg, attempt, target, serial, answer: LossId::NONE };
        let until = cx.now() + self.idle_timeout;
        cx.rise(self.metrics.outstanding);
        let alive = alive(&self.requests);
        self.line.push((index, serial), &alive);
        if let Some(at) = self.targets.sent(target, until, (index, serial), alive) {
            cx.alarm_at(at, LoadBalancerAlarm::Idle { target });
        }
    }

    /// A server has answered. The answer has its way back before it.
    fn reply(&mut self, index: u32, serial: u32, loss: LossId, cx: &mut Cx<'_>) {
        if let Some(target) = checks::target_of(index) {
            return self.judge(target, serial, loss.is_none(), cx);
        }
        let Some(request) = self.requests.get_mut(index).filter(|request| request.serial == serial) else { return };
        request.answer = loss;
        let leg = cx.latency(&self.latency, cx.number(request.msg) ^ u64::from(serial)).half();
        if leg.is_zero() {
            self.answered(index, serial, cx);
        } else {
            cx.alarm_after(leg, LoadBalancerAlarm::Answered { request: index, serial });
        }
    }

    fn answered(&mut self, index: u32, serial: u32, cx: &mut Cx<'_>) {
        if self.requests.get(index).is_none_or(|request| request.serial != serial) {
            return;
        }
        let Some(Request { msg, attempt, target, answer, .. }) = self.requests.remove(index) else { return };
        cx.release(attempt);
        self.over(target, !answer.is_none(), cx);
        if !answer.is_none() {
            self.answer_for(target, answer, cx);
        }
        cx.conclude(msg, answer);
        self.serve_waiting(cx);
    }

    /// A server has one request less.
    fn over(&mut self, target: usize, failed: bool, cx: &mut Cx<'_>) {
        self.targets.over(target, failed);
        cx.fall(self.metrics.outstanding);
    }

    fn idle(&mut self, target: usize, cx: &mut Cx<'_>) {
        while let Some((index, _)) = self.targets.due(target, cx.now(), alive(&self.requests)) {
            self.is_due(index, cx);
        }
        if let Some(at) = self.targets.rearm(target) {
            cx.alarm_at(at, LoadBalancerAlarm::Idle { target });
        }
        self.serve_waiting(cx);
    }

    /// The idle timeout of a request is over; if the server accepted the connection late, not yet.
    fn is_due(&mut self, index: u32, cx: &mut Cx<'_>) {
        let Some(&Request { attempt, target, serial, .. }) = self.requests.get(index) else { return };
        if self.targets.server(target).ignores {
            let until = cx.message(attempt).sent + self.idle_timeout;
            if until > cx.now() {
                return cx.alarm_at(until, LoadBalancerAlarm::Late { request: index, serial });
            }
        }
        cx.count(self.metrics.timeouts, 1);
        self.give_up(index, true, Own::Idle, cx);
    }

    /// A server's answer to a request is not waited for any more; who asked is answered by the balancer.
    fn give_up(&mut self, index: u32, failed: bool, own: Own, cx: &mut Cx<'_>) {
        let Some(Request { msg, attempt, target, serial, .. }) = self.requests.remove(index) else { return };
        let server = self.targets.server(target);
        if server.cancels {
            let leg = cx.latency(&self.latency, cx.number(msg) ^ u64::from(serial)).half();
            cx.tell(leg, server.endpoint.node, Signal::Hangup { from: cx.node(), slot: serial });
        }
        cx.abandon(attempt);
        self.over(target, failed, cx);
        self.refuse(msg, own, cx);
    }

    /// Servers with room take what waits, the oldest first.
    fn serve_waiting(&mut self, cx: &mut Cx<'_>) {
        while let Some(&(msg, since)) = self.waiting.front() {
            let Some(target) = self.choose(msg, cx) else { return };
            self.waiting.pop_front();
            cx.set(self.metrics.surge_queue_length, self.waiting.len() as u64);
            cx.time(self.metrics.wait, cx.now().since(since));
            self.forward(msg, target, cx);
        }
    }

    /// The balancer is down: nobody gets an answer through it.
    fn drop_all(&mut self, cx: &mut Cx<'_>) {
        let indices: Vec<u32> = self.requests.iter().map(|(index, _)| index).collect();
        for index in indices {
            self.give_up(index, false, Own::Down, cx);
        }
        for (msg, _) in std::mem::take(&mut self.waiting) {
            self.refuse(msg, Own::Down, cx);
        }
        cx.set(self.metrics.surge_queue_length, 0);
    }
}
