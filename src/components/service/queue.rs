//! The accept queue of a server, and who is served next, later, or not at all.
//!
//! Most queues are plain: first come, first served, a bound on their length. The rules beyond that are ways to shed load
//! ("load shedding"): to serve the newest first, to turn away who has waited too long, to let the more important displace
//! the less important. They stand in a box of their own, so that a plain queue costs what a ring costs.

use crate::engine::{MsgId, NodeId, Ring, SimDuration, SimTime};
use std::collections::VecDeque;

/// Requests waiting for a slot.
#[derive(Debug, Clone)]
pub(super) struct AcceptQueue {
    /// How many wait.
    len: usize,
    /// First come, first served, where there are no rules.
    plain: Ring<(MsgId, SimTime)>,
    ruled: Option<Box<RuledQueue>>,
    /// Health checks that wait for their turn; they are no messages, and take no room.
    checks: Vec<InLine>,
}

/// A health check that waits for its turn as a request would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InLine {
    /// Who asks, and for what.
    pub from: NodeId,
    pub task: u32,
    pub attempt: u32,
    since: SimTime,
    /// From then on it is turned away when its turn comes.
    until: SimTime,
}

/// Who is served next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Who has waited longest.
    Fifo,
    /// Who came last.
    Lifo,
    /// Who has waited longest; who came last, once the queue has not been empty for the interval.
    AdaptiveLifo,
}

/// Controlled delay: how long a request may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct CoDel {
    /// So long, once the queue has not been empty for the interval.
    pub target: SimDuration,
    /// So long until then.
    pub interval: SimDuration,
}

/// A queue with rules.
#[derive(Debug, Clone)]
pub(super) struct RuledQueue {
    /// Who is served next -- parameter.
    order: Order,
    /// How long the queue must be in use to count as overloaded -- parameter.
    interval: SimDuration,
    /// How long a request may wait -- parameter.
    codel: Option<CoDel>,
    /// The class of each flow, the most important first -- parameter.
    classes: Vec<usize>,
    /// Who waits, by class, each class in the order of arrival -- state.
    waiting: Vec<VecDeque<Entry>>,
    /// How many wait -- state.
    len: usize,
    /// When the queue was last seen empty -- state.
    last_empty: SimTime,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    msg: MsgId,
    since: SimTime,
    /// From then on it is turned away when its turn comes.
    until: SimTime,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// The request.
    pub msg: MsgId,
    /// Since when it has waited.
    pub since: SimTime,
    /// Whether it has waited for too long.
    pub too_late: bool,
}

/// What becomes of a request that finds the queue full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// It is turned away.
    Refused,
    /// It takes the place of this one, which is less important.
    Displaces(MsgId),
}

impl AcceptQueue {
    /// A queue without rules.
    pub(super) const fn plain() -> Self {
        Self { len: 0, plain: Ring::new(), ruled: None, checks: Vec::new() }
    }

    /// A queue by rules; `classes` gives the class of each flow.
    pub(super) fn ruled(order: Order, interval: SimDuration, codel: Option<CoDel>, classes: Vec<usize>) -> Self {
        let count = classes.iter().max().map_or(1, |last| last + 1);
        let waiting = vec![VecDeque::new(); count];
        let last_empty = SimTime::ZERO;
        let ruled = RuledQueue { order, interval, codel, classes, waiting, len: 0, last_empty };
        Self { ruled: Some(Box::new(ruled)), ..Self::plain() }
    }

    /// How many wait.
    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// A request of this flow joins the queue, which has room.
    #[inline(always)]
    pub(super) fn push(&mut self, msg: MsgId, flow: impl FnOnce() -> u16, now: SimTime) {
        self.len += 1;
        match &mut self.ruled {
            None => self.plain.push_back((msg, now)),
            Some(queue) => queue.push(msg, flow(), now),
        }
    }

    /// A request of this flow finds the queue full.
    #[cold]
    pub(super) fn displace(&mut self, msg: MsgId, flow: impl FnOnce() -> u16, now: SimTime) -> Full {
        self.ruled.as_mut().map_or(Full::Refused, |queue| queue.displace(msg, flow(), now))
    }

    /// A health check joins the line; what the same neighbour asked before, it does not wait for any more.
    pub(super) fn check_waits(&mut self, [task, attempt]: [u32; 2], from: NodeId, now: SimTime) {
        let until = self.ruled.as_ref().map_or(SimTime::MAX, |queue| queue.until(now));
        self.checks.retain(|check| (check.from, check.task) != (from, task));
        self.checks.push(InLine { from, task, attempt, since: now, until });
    }

    /// A slot is free: takes the health checks whose turn it is, each with whether it has waited for too long.
    pub(super) fn checks_in_turn(&mut self, now: SimTime) -> Vec<(InLine, bool)> {
        let mut checks = std::mem::take(&mut self.checks);
        let taken = checks.extract_if(.., |check| match &self.ruled {
            _ if self.len == 0 => true,
            None => self.plain.front().is_none_or(|(_, first)| first > check.since),
            Some(queue) => queue.comes_before_all(check.since, now),
        });
        let taken = taken.map(|check| (check, now > check.until)).collect();
        self.checks = checks;
        taken
    }

    /// Nobody waits any more, and no check either.
    pub(super) fn forget_checks(&mut self) {
        self.checks.clear();
    }

    /// Whether it is more than a ring.
    #[inline(always)]
    pub(super) const fn has_rules(&self) -> bool {
        self.ruled.is_some()
    }

    /// Takes the next request of a queue without rules, with the time since when it has waited.
    #[inline(always)]
    pub(super) fn pop_plain(&mut self) -> Option<(MsgId, SimTime)> {
        let first = self.plain.pop_front()?;
        self.len -= 1;
        Some(first)
    }

    /// Takes the next request, by whatever rules.
    pub(super) fn pop(&mut self, now: SimTime) -> Option<Turn> {
        if self.len == 0 {
            return None;
        }
        self.len -= 1;
        match &mut self.ruled {
            None => self.plain.pop_front().map(|(msg, since)| Turn { msg, since, too_late: false }),
            Some(queue) => queue.pop(now),
        }
    }
}

impl RuledQueue {
    /// Whether the queue has been in use for so long that this is no burst.
    fn is_overloaded(&self, now: SimTime) -> bool {
        self.len > 0 && now.since(self.last_empty) > self.interval
    }

    #[inline(never)]
    fn push(&mut self, msg: MsgId, flow: u16, now: SimTime) {
        if self.len == 0 {
            self.last_empty = now;
        }
        let until = self.until(now);
        self.len += 1;
        let class = self.class(flow);
        self.waiting[class].push_back(Entry { msg, since: now, until });
    }

    /// When a request that comes now has waited for too long.
    fn until(&self, now: SimTime) -> SimTime {
        self.codel
            .map_or(SimTime::MAX, |codel| now + if self.is_overloaded(now) { codel.target } else { codel.interval })
    }

    /// Whether the newest are served first.
    fn takes_newest(&self, now: SimTime) -> bool {
        match self.order {
            Order::Fifo => false,
            Order::Lifo => true,
            Order::AdaptiveLifo => self.is_overloaded(now),
        }
    }

    /// Whether one of the most important that came at this instant would be served before all that wait.
    fn comes_before_all(&self, since: SimTime, now: SimTime) -> bool {
        let Some(class) = self.waiting.first() else { return true };
        if self.takes_newest(now) {
            class.back().is_none_or(|newest| newest.since <= since)
        } else {
            class.front().is_none_or(|oldest| oldest.since > since)
        }
    }

    fn class(&self, flow: u16) -> usize {
        self.classes.get(usize::from(flow)).copied().unwrap_or(0)
    }

    fn displace(&mut self, msg: MsgId, flow: u16, now: SimTime) -> Full {
        let class = self.class(flow);
        let less = self.waiting.iter_mut().skip(class + 1).rev().find(|waiting| !waiting.is_empty());
        let Some(Entry { msg: other, .. }) = less.and_then(VecDeque::pop_back) else { return Full::Refused };
        self.len -= 1;
        self.push(msg, flow, now);
        Full::Displaces(other)
    }

    #[inline(never)]
    fn pop(&mut self, now: SimTime) -> Option<Turn> {
        let newest = self.takes_newest(now);
        let waiting = self.waiting.iter_mut().find(|waiting| !waiting.is_empty())?;
        let Entry { msg, since, until } = if newest { waiting.pop_back() } else { waiting.pop_front() }?;
        self.len -= 1;
        if self.len == 0 {
            self.last_empty = now;
        }
        Some(Turn { msg, since, too_late: now > until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: SimDuration = SimDuration::from_millis(100);

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    fn messages(count: usize) -> Vec<MsgId> {
        let mut kernel = crate::engine::Kernel::<crate::components::AnyTimer>::new(1, Vec::new());
        let job = crate::engine::NewJob { number: 0, work: SimDuration::ZERO, flow: 0, size: 1, key: 0 };
        (0..count).map(|_| kernel.create(crate::engine::NodeId(0), || job)).collect()
    }

    fn drain(queue: &mut AcceptQueue, now: SimTime) -> Vec<(MsgId, bool)> {
        std::iter::from_fn(|| queue.pop(now)).map(|turn| (turn.msg, turn.too_late)).collect()
    }

    #[test]
    fn the_newest_are_first_when_told_so_or_when_the_queue_does_not_drain() {
        let m = messages(3);
        let of = |order, wait: u64| {
            let mut queue = AcceptQueue::ruled(order, INTERVAL, None, Vec::new());
            for &msg in &m {
                queue.push(msg, || 0, at(0));
            }
            let turn = queue.pop(at(wait)).expect("three wait");
            turn.msg
        };
        assert_eq!(of(Order::Fifo, 1000), m[0]);
        assert_eq!(of(Order::Lifo, 0), m[2]);
        assert_eq!((of(Order::AdaptiveLifo, 100), of(Order::AdaptiveLifo, 101)), (m[0], m[2]));
    }

    #[test]
    fn a_burst_may_wait_for_the_interval_and_a_standing_queue_for_the_target() {
        let m = messages(3);
        let codel = CoDel { target: SimDuration::from_millis(5), interval: INTERVAL };
        let mut queue = AcceptQueue::ruled(Order::Fifo, INTERVAL, Some(codel), Vec::new());
        queue.push(m[0], || 0, at(0));
        queue.push(m[1], || 0, at(10));
        assert_eq!(queue.pop(at(100)), Some(Turn { msg: m[0], since: at(0), too_late: false }));
        // In use since 0 without a break: 101 ms later, 5 ms are left to who comes.
        queue.push(m[2], || 0, at(101));
        assert_eq!(drain(&mut queue, at(107)), [(m[1], false), (m[2], true)]);
        queue.push(m[0], || 0, at(200));
        assert_eq!(drain(&mut queue, at(300)), [(m[0], false)], "it has been empty in between");
    }

    #[test]
    fn a_health_check_has_its_turn_after_those_that_came_before_it() {
        let m = messages(3);
        let turns = |mut queue: AcceptQueue, pops: usize| {
            queue.push(m[0], || 0, at(0));
            queue.check_waits([7, 1], NodeId(5), at(1));
            queue.check_waits([7, 2], NodeId(5), at(1));
            queue.push(m[1], || 0, at(2));
            for _ in 0..pops {
                queue.pop(at(3));
            }
            let taken = queue.checks_in_turn(at(200));
            taken.into_iter().map(|(check, late)| (check.attempt, late)).collect::<Vec<_>>()
        };
        let lifo = || AcceptQueue::ruled(Order::Lifo, INTERVAL, None, Vec::new());
        assert_eq!((turns(AcceptQueue::plain(), 0), turns(AcceptQueue::plain(), 1)), (vec![], vec![(2, false)]));
        assert_eq!((turns(lifo(), 0), turns(lifo(), 1)), (vec![], vec![(2, false)]));
        let codel = CoDel { target: SimDuration::from_millis(5), interval: INTERVAL };
        assert_eq!(turns(AcceptQueue::ruled(Order::Fifo, INTERVAL, Some(codel), vec![0]), 2), [(2, true)]);
    }

    #[test]
    fn the_more_important_go_first_and_displace_the_newest_of_the_least_important() {
        let m = messages(5);
        let mut queue = AcceptQueue::ruled(Order::Fifo, INTERVAL, None, vec![1, 0, 2]);
        for (&msg, flow) in m.iter().zip([0, 2, 2, 1]) {
            queue.push(msg, || flow, at(0));
        }
        assert_eq!(queue.displace(m[4], || 0, at(0)), Full::Displaces(m[2]));
        assert_eq!(queue.displace(m[2], || 2, at(0)), Full::Refused);
        let order: Vec<_> = drain(&mut queue, at(1)).into_iter().map(|(msg, _)| msg).collect();
        assert_eq!(order, [m[3], m[0], m[4], m[1]]);
    }
}
