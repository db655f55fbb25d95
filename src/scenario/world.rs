//! One pipeline while it runs: its traffic, its nodes, and what they share.

use crate::components::{AnyNode, AnyTimer, Endpoint, Shared};
use crate::engine::{Kernel, NewJob, NodeId, Observer, Reaction, Signal, SimTime, World};
use crate::traffic::{Arrival, Arrivals};

/// Where a flow enters a pipeline: each place gets a copy of its own.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// The first of them.
    pub first: Endpoint,
    /// The others.
    pub others: Vec<Endpoint>,
}

impl Entrance {
    /// Where a flow enters that enters at all of `places`; none if it enters nowhere.
    pub(super) fn new(places: Vec<Endpoint>) -> Option<Self> {
        let mut others = places;
        let first = (!others.is_empty()).then(|| others.remove(0))?;
        Some(Self { first, others })
    }

    /// The nodes of all places.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::once(&self.first).chain(&self.others).map(|place| place.node)
    }
}

/// What the engine drives.
pub(super) struct PipelineWorld<'a> {
    /// The nodes, by id.
    pub nodes: Vec<AnyNode>,
    /// What they share.
    pub shared: Shared,
    /// The traffic.
    pub arrivals: Arrivals,
    /// Where each flow enters, by flow.
    pub entrances: &'a [Entrance],
    /// Asked now and then whether to go on.
    pub goes_on: &'a mut dyn FnMut(SimTime) -> bool,
}

impl World for PipelineWorld<'_> {
    type Timer = AnyTimer;

    #[inline]
    fn next_arrival(&self) -> SimTime {
        self.arrivals.next_time()
    }

    #[inline(always)]
    fn arrive(&mut self, kernel: &mut Kernel<AnyTimer>) -> Reaction {
        let arrival = self.arrivals.take_next();
        let Entrance { first, ref others } = self.entrances[usize::from(arrival.flow)];
        let msg = kernel.create(first.node, || {
            let &Arrival { number, work, flow, size, key, .. } = arrival;
            NewJob { number, work, flow, size, key }
        });
        self.shared.recorder.jobs.arrived(kernel.now(), arrival.checksum);
        for &to in others {
            let copy = kernel.branch(msg);
            kernel.depart(copy);
            kernel.tell(to.node, Signal::Arrive { msg: copy, port: to.port, batched: false });
        }
        let node = first.node;
        let holding = self.nodes[node.index()].arrive(msg, first.port, node, kernel, &mut self.shared);
        Reaction { node, holding }
    }

    #[inline(always)]
    fn signal(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId, signal: &Signal) -> Reaction {
        let holding = self.nodes[node.index()].on(signal, node, kernel, &mut self.shared);
        Reaction { node, holding }
    }

    #[inline(always)]
    fn alarm(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId) -> Reaction {
        let holding = self.nodes[node.index()].on_alarm(node, kernel, &mut self.shared);
        Reaction { node, holding }
    }

    fn observer(&mut self) -> &mut impl Observer {
        &mut self.shared.recorder.jobs
    }

    #[inline]
    fn next_look(&self) -> SimTime {
        self.shared.recorder.next_look()
    }

    fn look(&mut self) {
        self.shared.recorder.look();
    }

    fn goes_on(&mut self, now: SimTime) -> bool {
        (self.goes_on)(now)
    }
}
