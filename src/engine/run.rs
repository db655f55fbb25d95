//! The loop: next arrival or next scheduled event, then all its zero-delay consequences, then the books.

use super::event_list::EventList;
use super::kernel::Kernel;
use super::message::LossId;
use super::observer::Observer;
use super::signal::{Event, NodeId, Signal, Stimulus, Told};
use super::time::SimTime;

/// Events between two looks at the bounds and at whether to go on.
const EVENTS_BETWEEN_PAUSES: u64 = 1 << 12;

/// Everything the loop drives: the traffic and the nodes.
pub trait World {
    /// Alarm type of the nodes.
    type Timer: Copy;

    /// When the next job arrives; [`SimTime::MAX`] when there are no more.
    fn next_arrival(&self) -> SimTime;

    /// Brings the next job into the kernel, at the node where it enters, and lets that node react.
    fn arrive(&mut self, kernel: &mut Kernel<Self::Timer>) -> Reaction;

    /// Lets `node` react to a signal.
    fn signal(&mut self, kernel: &mut Kernel<Self::Timer>, node: NodeId, signal: &Signal) -> Reaction;

    /// Lets `node` react to its alarm, which is [ringing](Kernel::ringing).
    fn alarm(&mut self, kernel: &mut Kernel<Self::Timer>, node: NodeId) -> Reaction;

    /// Who is told what becomes of jobs.
    fn observer(&mut self) -> &mut impl Observer;

    /// The next instant at which the world looks at itself; [`SimTime::MAX`] for never.
    fn next_look(&self) -> SimTime;

    /// The world looks at itself: all that happened at [`next_look`](Self::next_look) has happened, and nothing else
    /// will before it is asked for the next.
    fn look(&mut self);

    /// Called every 4,096 events with the current time: `false` stops the run.
    fn goes_on(&mut self, now: SimTime) -> bool;
}

/// A node has reacted.
#[derive(Debug, Clone, Copy)]
pub struct Reaction {
    /// Which one.
    pub node: NodeId,
    /// How many messages it owns now, by its own count.
    pub holding: u64,
}

/// What a run may not exceed.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// New traffic has stopped by then; the run lasts at least that long.
    pub duration: SimTime,
    /// Until then somebody may bring back what was dead-lettered: the run waits for that, if there is any.
    pub operated: SimTime,
    /// The run is cut here, whatever is still under way.
    pub horizon: SimTime,
    /// Events of one replication.
    pub events: u64,
    /// Messages alive at once. This bound and the next are looked at now and then: a run may exceed them by what a few
    /// thousand events bring.
    pub live: u64,
    /// Zero-delay consequences of one event.
    pub lane: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Everything settled, or the horizon was reached.
    Done,
    /// The world asked to stop.
    Interrupted,
    /// A bound was exceeded.
    Exceeded(Bound),
}

/// A bound on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Too many events.
    Events,
    /// Too many messages alive.
    Live,
    /// An endless chain of zero-delay consequences.
    Lane,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Finish {
    /// Why it ended.
    pub stop: Stop,
    /// When it ended.
    pub at: SimTime,
    /// Events dispatched.
    pub events: u64,
    /// The node that reacted most often.
    pub busiest: NodeId,
}

/// Runs `world` until everything has settled after `bounds.duration`, or to `bounds.horizon`.
/// Open jobs are then closed; those under way end by the loss `unfinished`.
pub fn run<W: World>(world: &mut W, kernel: &mut Kernel<W::Timer>, bounds: &Bounds, unfinished: LossId) -> Finish {
    let (stop, at) = advance(world, kernel, bounds);
    while at > world.next_look() {
        world.look();
    }
    kernel.ledger.close(unfinished, at, world.observer());
    let books = kernel.ledger.books();
    Finish { stop, at, events: books.reactions(), busiest: books.busiest() }
}

fn advance<W: World>(world: &mut W, kernel: &mut Kernel<W::Timer>, bounds: &Bounds) -> (Stop, SimTime) {
    let mut watch = Watch::new(bounds, world.next_look());
    let mut batch = Vec::new();
    loop {
        // Those of what was there before the run are the first.
        if let Some(stop) = consequences(world, kernel, &mut watch, &mut batch) {
            return (stop, kernel.now);
        }
        let (arrival, scheduled) = (world.next_arrival(), kernel.list.next_time());
        let mut is_arrival = arrival <= scheduled;
        let next = if is_arrival { arrival } else { scheduled };
        if arrival == scheduled {
            is_arrival = !fault_is_next(&kernel.list);
        }
        if next > watch.limit
            && let Some(end) = watch.go_beyond(world, kernel, arrival, next)
        {
            return (Stop::Done, end);
        }
        kernel.now = next;
        watch.scheduled += 1;
        let reaction = if is_arrival {
            Some(world.arrive(kernel))
        } else {
            kernel.list.take_next();
            let &Event { node, ref stimulus } = kernel.list.taken();
            match *stimulus {
                Stimulus::Alarm(_) => Some(world.alarm(kernel, node)),
                Stimulus::Signal(signal) => {
                    kernel.tell(node, signal);
                    None
                }
            }
        };
        if let Some(stop) = reaction.and_then(|reaction| watch.passes(world, kernel, reaction)) {
            return (stop, kernel.now);
        }
    }
}

/// Whether a fault begins or ends next: it does so before what arrives at the same instant.
#[cold]
#[inline(never)]
fn fault_is_next<T: Copy>(list: &EventList<Event<T>>) -> bool {
    let is_fault = |event: &Event<T>| matches!(event.stimulus, Stimulus::Signal(Signal::Fault { .. }));
    list.next_event().is_some_and(is_fault)
}

/// Zero-delay consequences, in the order in which they were told; what they bring about forms the next batch. They are
/// read where they stand: to move what was just written costs more than most reactions.
#[inline(always)]
fn consequences<W: World>(
    world: &mut W,
    kernel: &mut Kernel<W::Timer>,
    watch: &mut Watch<'_>,
    batch: &mut Vec<Told>,
) -> Option<Stop> {
    while !kernel.lane.is_empty() {
        batch.clear();
        std::mem::swap(batch, &mut kernel.lane);
        for &Told { node, ref signal } in &*batch {
            if let Signal::Arrive { msg, .. } = *signal {
                kernel.ledger.land(msg, node, kernel.now);
            }
            let reaction = world.signal(kernel, node, signal);
            if let Some(stop) = watch.passes(world, kernel, reaction) {
                return Some(stop);
            }
        }
    }
    None
}

/// Time goes on to here without further thought.
fn limit(bounds: &Bounds, next_look: SimTime) -> SimTime {
    let last = SimTime::from_nanos(bounds.horizon.as_nanos().saturating_sub(1));
    next_look.min(bounds.duration).min(last)
}

/// Looks at the bounds of a run, now and then.
struct Watch<'a> {
    bounds: &'a Bounds,
    /// Up to here, and this instant included, time goes on without further thought.
    limit: SimTime,
    /// Events until it looks next.
    left: u64,
    /// Events until it looked last, and those that came to pass since something scheduled did.
    events: u64,
    chain: u64,
    /// What was scheduled and came to pass, now and when it looked last.
    scheduled: u64,
    scheduled_before: u64,
    /// Events from one look to the next.
    stride: u64,
}

impl<'a> Watch<'a> {
    fn new(bounds: &'a Bounds, next_look: SimTime) -> Self {
        let stride = EVENTS_BETWEEN_PAUSES.min(bounds.events.saturating_add(1));
        let limit = limit(bounds, next_look);
        Self { bounds, limit, left: stride, events: 0, chain: 0, scheduled: 0, scheduled_before: 0, stride }
    }

    /// The next thing happens beyond the limit: the world looks at itself before it does. When the run ends, if it ends
    /// before.
    #[cold]
    #[inline(never)]
    fn go_beyond<W: World>(
        &mut self,
        world: &mut W,
        kernel: &Kernel<W::Timer>,
        arrival: SimTime,
        next: SimTime,
    ) -> Option<SimTime> {
        let end = self.end(kernel, arrival, next);
        if end.is_none() {
            while next > world.next_look() {
                world.look();
            }
            self.limit = limit(self.bounds, world.next_look());
        }
        end
    }

    /// When the run ends, if nothing happens in it before `next`.
    fn end<T: Copy>(&self, kernel: &Kernel<T>, arrival: SimTime, next: SimTime) -> Option<SimTime> {
        let Bounds { duration, operated, horizon, .. } = *self.bounds;
        let is_over = || kernel.ledger.is_settled() && (next > operated || kernel.ledger.parked() == 0);
        if arrival == SimTime::MAX && next > duration && is_over() {
            return Some(kernel.now.max(duration));
        }
        (next >= horizon).then_some(horizon)
    }

    /// A node has reacted: its books are compared. Why the run stops here, if it does.
    #[inline(always)]
    fn passes<W: World>(&mut self, world: &mut W, kernel: &mut Kernel<W::Timer>, reaction: Reaction) -> Option<Stop> {
        kernel.ledger.books().check(reaction.node, reaction.holding, kernel.now);
        self.left -= 1;
        if self.left == 0 { self.stop(world, kernel) } else { None }
    }

    /// Why the run stops here, if it does.
    #[cold]
    fn stop<W: World>(&mut self, world: &mut W, kernel: &Kernel<W::Timer>) -> Option<Stop> {
        self.events += self.stride;
        self.chain = if self.scheduled == self.scheduled_before { self.chain + self.stride } else { 0 };
        self.scheduled_before = self.scheduled;
        if self.events > self.bounds.events {
            return Some(Stop::Exceeded(Bound::Events));
        }
        if kernel.ledger.live() > self.bounds.live {
            return Some(Stop::Exceeded(Bound::Live));
        }
        if self.chain > self.bounds.lane {
            return Some(Stop::Exceeded(Bound::Lane));
        }
        self.stride = EVENTS_BETWEEN_PAUSES.min(self.bounds.events.saturating_add(1) - self.events);
        self.left = self.stride;
        (!world.goes_on(kernel.now)).then_some(Stop::Interrupted)
    }
}
