//! Who leaves: servers that are taken out and come back, and clients that do not wait for their answer.
//!
//! A server that is taken out gets nothing more, and has the deregistration delay to finish what it has; after that its
//! connections are closed, and who still waits gets 502. A client that leaves closes its connection: that is an answer 460,
//! and the balancer counts its request no longer, whether the server goes on with it or not.

use super::answers::Own;
use super::{Cx, LoadBalancer, LoadBalancerAlarm};
use crate::components::traits::Moment;
use crate::diagnostic::Span;
use crate::engine::{NodeId, SimTime};
use crate::site::At;
use std::collections::VecDeque;

/// A time during which a server is not registered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    /// Its place among the servers.
    pub target: usize,
    pub from: SimTime,
    /// When it is registered again, if it is.
    pub to: Option<SimTime>,
}

impl Absence {
    /// When a server of this name goes and comes back, which is written at these places.
    pub(super) fn moments(&self, name: &str, from: Span, to: Option<Span>) -> Vec<Moment> {
        let moment = |at, done: &str, what: &str| Moment {
            at,
            label: format!("{name} {done}"),
            what: what.to_owned(),
            is_for_newcomers: false,
        };
        let out = moment(At::new(self.from, from), "deregistered", "this server is taken out");
        let back = self.to.zip(to).map(|(at, span)| moment(At::new(at, span), "registered", ""));
        [out].into_iter().chain(back).collect()
    }

    /// Whether both are of the same server, and leave no time between them in which it is registered.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let begins_before = |a: &Self, b: &Self| b.to.is_none_or(|to| a.from <= to);
        self.target == other.target && begins_before(self, other) && begins_before(other, self)
    }
}

/// The requests that servers have, in the order in which they were sent: whose client leaves is nearly always among the
/// oldest.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// Each by its place and its serial number; some are over.
    sent: VecDeque<(u32, u32)>,
    /// How many there may be before those that are over are looked for.
    room: usize,
}

/// So many are never too many.
const ROOM: usize = 32;

impl Line {
    /// A request was sent.
    pub(super) fn push(&mut self, token: (u32, u32), is_alive: impl Fn((u32, u32)) -> bool) {
        if self.sent.len() >= self.room {
            self.sent.retain(|&token| is_alive(token));
            self.room = 2 * self.sent.len() + ROOM;
        }
        self.sent.push_back(token);
    }

    /// The place of the first that is meant.
    fn find(&mut self, is_alive: impl Fn((u32, u32)) -> bool, is_meant: impl Fn(u32) -> bool) -> Option<u32> {
        while self.sent.front().is_some_and(|&first| !is_alive(first)) {
            self.sent.pop_front();
        }
        let mut living = self.sent.iter().filter(|&&token| is_alive(token));
        living.find(|(place, _)| is_meant(*place)).map(|&(place, _)| place)
    }
}

impl LoadBalancer {
    /// Sets the alarms of all absences.
    pub(super) fn plan_absences(&self, cx: &mut Cx<'_>) {
        for (absence, &Absence { from, to, .. }) in self.absences.iter().enumerate() {
            cx.alarm_at(from, LoadBalancerAlarm::Leaves { absence });
            if let Some(to) = to {
                cx.alarm_at(to, LoadBalancerAlarm::Comes { absence });
            }
        }
    }

    /// A server is taken out.
    pub(super) fn leaves(&mut self, absence: usize, cx: &mut Cx<'_>) {
        let target = self.absences[absence].target;
        let change = self.targets.deregister(target);
        cx.set(self.metrics.healthy_host_count, self.targets.healthy());
        cx.alarm_after(self.deregistration_delay, LoadBalancerAlarm::Cut { target, change });
        self.serve_waiting(cx);
        if !self.targets.any() {
            for (msg, _) in std::mem::take(&mut self.waiting) {
                self.refuse(msg, Own::Nobody, cx);
            }
            cx.set(self.metrics.surge_queue_length, 0);
        }
    }

    /// A server is registered again.
    pub(super) fn comes(&mut self, absence: usize, cx: &mut Cx<'_>) {
        self.targets.register(self.absences[absence].target, cx.now());
        cx.set(self.metrics.healthy_host_count, self.targets.healthy());
        self.serve_waiting(cx);
    }

    /// The time is over that a server had to finish what it has.
    pub(super) fn cut(&mut self, target: usize, change: u32, cx: &mut Cx<'_>) {
        if self.targets.is_still_gone(target, change) {
            let held = self.requests.iter().filter(|(_, request)| request.target == target);
            let indices: Vec<u32> = held.map(|(index, _)| index).collect();
            for index in indices {
                self.give_up(index, true, Own::Cut, cx);
            }
        }
    }

    /// A client has closed its connection. A server that stops for that is told.
    pub(super) fn caller_left(&mut self, from: NodeId, serial: u32, cx: &mut Cx<'_>) {
        let waits = |msg| cx.message(msg).reply_to.is_some_and(|call| call.node == from && call.attempt == serial);
        if let Some(place) = self.waiting.iter().position(|&(msg, _)| waits(msg)) {
            if let Some((msg, _)) = self.waiting.remove(place) {
                self.refuse(msg, Own::Closed, cx);
            }
            cx.set(self.metrics.surge_queue_length, self.waiting.len() as u64);
            return;
        }
        let requests = &self.requests;
        let is_meant = |index| requests.get(index).is_some_and(|request| waits(request.msg));
        if let Some(index) = self.line.find(super::alive(requests), is_meant) {
            self.give_up(index, false, Own::Closed, cx);
            self.serve_waiting(cx);
        }
    }
}
