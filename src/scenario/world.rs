//! One pipeline while it runs: its traffic, its nodes, and what they share.

use crate::components::{AnyNode, AnyTimer, Endpoint, Shared};
use crate::engine::{Kernel, NewJob, NodeId, Observer, Reaction, Signal, SimTime, World};
use crate::traffic::{Arrival, Arrivals};

/// What the engine drives.
pub(super) struct PipelineWorld<'a> {
    /// The nodes, by id.
    pub nodes: Vec<AnyNode>,
    /// What they share.
    pub shared: Shared,
    /// The traffic.
    pub arrivals: Arrivals,
    /// Where each flow enters, by flow; several entries get a copy each.
    pub entries: &'a [Vec<Endpoint>],
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
        let &Arrival { number, work, checksum, flow, size, key, .. } = self.arrivals.take_next();
        let entries = &self.entries[usize::from(flow)];
        let (&first, others) = entries.split_first().expect("a flow without an entry is left out of the traffic");
        let msg = kernel.create(&NewJob { number, work, flow, size, key }, first.node);
        self.shared.recorder.jobs.arrived(kernel.now(), checksum);
        for &to in others {
            let copy = kernel.branch(msg);
            kernel.depart(copy);
            kernel.tell(to.node, Signal::Arrive { msg: copy, port: to.port, batched: false });
        }
        self.signal(kernel, first.node, &Signal::Arrive { msg, port: first.port, batched: false })
    }

    #[inline(always)]
    fn signal(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId, signal: &Signal) -> Reaction {
        let holding = self.nodes[node.index()].on(signal, node, kernel, &mut self.shared);
        Reaction { node, holding }
    }

    #[inline(always)]
    fn alarm(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId, alarm: AnyTimer) -> Reaction {
        let holding = self.nodes[node.index()].on_alarm(alarm, node, kernel, &mut self.shared);
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
