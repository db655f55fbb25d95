//! The loop: next arrival or next scheduled event, then all its zero-delay consequences, then the books.

use super::kernel::Kernel;
use super::ledger::Observer;
use super::message::LossId;
use super::signal::{Event, NodeId, Signal, Stimulus};
use super::time::SimTime;

/// Events between two looks at the bound on events and at whether to go on.
const EVENTS_BETWEEN_PAUSES: u64 = 1 << 16;

/// Everything the loop drives: the traffic and the nodes.
pub trait World {
    /// Alarm type of the nodes.
    type Timer: Copy;

    /// When the next job arrives; [`SimTime::MAX`] when there are no more.
    fn next_arrival(&self) -> SimTime;

    /// Brings the next job into the kernel and says which node is told.
    fn arrive(&mut self, kernel: &mut Kernel<Self::Timer>) -> Event<Self::Timer>;

    /// Lets a node react. Returns how many messages it owns then, by its own count.
    fn dispatch(&mut self, kernel: &mut Kernel<Self::Timer>, event: &Event<Self::Timer>) -> u64;

    /// Who is told what becomes of jobs.
    fn observer(&mut self) -> &mut impl Observer;

    /// Called every 65,536 events with the current time: `false` stops the run.
    fn goes_on(&mut self, now: SimTime) -> bool;
}

/// What a run may not exceed.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// New traffic has stopped by then; the run lasts at least that long.
    pub duration: SimTime,
    /// The run is cut here, whatever is still under way.
    pub horizon: SimTime,
    /// Events of one replication.
    pub events: u64,
    /// Messages alive at once.
    pub live: u64,
    /// Zero-delay consequences of one event.
    pub lane: usize,
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
    let mut tally = Tally {
        reactions: vec![0; kernel.ledger.nodes()],
        events: 0,
        pause: EVENTS_BETWEEN_PAUSES.min(bounds.events.saturating_add(1)),
        batch: Vec::new(),
    };
    let (stop, at) = advance(world, kernel, bounds, &mut tally);
    kernel.ledger.close(unfinished, at, world.observer());
    Finish { stop, at, events: tally.events, busiest: tally.busiest() }
}

fn advance<W: World>(
    world: &mut W,
    kernel: &mut Kernel<W::Timer>,
    bounds: &Bounds,
    tally: &mut Tally<W::Timer>,
) -> (Stop, SimTime) {
    // What the nodes told each other when they were started comes before the first arrival.
    if !drain_lane(world, kernel, bounds, tally) {
        return (Stop::Exceeded(Bound::Lane), kernel.now);
    }
    loop {
        let (arrival, scheduled) = (world.next_arrival(), kernel.list.next_time());
        let next = arrival.min(scheduled);
        if arrival == SimTime::MAX && next > bounds.duration && kernel.ledger.is_settled() {
            return (Stop::Done, kernel.now.max(bounds.duration));
        }
        if next >= bounds.horizon {
            return (Stop::Done, bounds.horizon);
        }
        kernel.now = next;
        if arrival <= scheduled {
            let event = world.arrive(kernel);
            deliver(world, kernel, &event, tally);
        } else if let Some((_, event)) = kernel.list.pop() {
            deliver(world, kernel, &event, tally);
        }
        if !kernel.lane.is_empty() && !drain_lane(world, kernel, bounds, tally) {
            return (Stop::Exceeded(Bound::Lane), kernel.now);
        }
        if kernel.ledger.live() > bounds.live {
            return (Stop::Exceeded(Bound::Live), kernel.now);
        }
        if tally.events >= tally.pause {
            if tally.events > bounds.events {
                return (Stop::Exceeded(Bound::Events), kernel.now);
            }
            tally.pause = (tally.events + EVENTS_BETWEEN_PAUSES).min(bounds.events.saturating_add(1));
            if !world.goes_on(kernel.now) {
                return (Stop::Interrupted, kernel.now);
            }
        }
    }
}

/// All zero-delay consequences, in the order in which they were told; `false` if there is no end to them. What a batch
/// brings about forms the next batch. Events are read where they stand: to move what was just written costs more than
/// most reactions.
fn drain_lane<W: World>(
    world: &mut W,
    kernel: &mut Kernel<W::Timer>,
    bounds: &Bounds,
    tally: &mut Tally<W::Timer>,
) -> bool {
    let mut batch = std::mem::take(&mut tally.batch);
    let mut done = 0;
    while !kernel.lane.is_empty() {
        std::mem::swap(&mut batch, &mut kernel.lane);
        done += batch.len();
        for event in &batch {
            deliver(world, kernel, event, tally);
        }
        batch.clear();
        if done > bounds.lane {
            return false;
        }
    }
    tally.batch = batch;
    true
}

/// One stimulus to one node, then the books.
#[inline(always)]
fn deliver<W: World>(
    world: &mut W,
    kernel: &mut Kernel<W::Timer>,
    event: &Event<W::Timer>,
    tally: &mut Tally<W::Timer>,
) {
    let node = event.node;
    if let Stimulus::Signal(Signal::Arrive { msg, .. }) = event.stimulus {
        kernel.ledger.land(msg, node, kernel.now);
    }
    let holding = world.dispatch(kernel, event);
    kernel.ledger.check(node, holding, kernel.now);
    tally.count(node);
}

/// Reactions per node: who is the busiest when a bound is exceeded.
struct Tally<T> {
    reactions: Vec<u64>,
    events: u64,
    /// The number of events at which the world is asked next whether to go on.
    pause: u64,
    /// The events of the lane being worked on; kept for its memory.
    batch: Vec<Event<T>>,
}

impl<T> Tally<T> {
    #[inline]
    fn count(&mut self, node: NodeId) {
        self.reactions[node.index()] += 1;
        self.events += 1;
    }

    fn busiest(&self) -> NodeId {
        let most =
            self.reactions.iter().enumerate().max_by_key(|&(index, &reactions)| (reactions, std::cmp::Reverse(index)));
        NodeId(most.map_or(0, |(index, _)| u16::try_from(index).expect("node ids have 16 bits")))
    }
}
