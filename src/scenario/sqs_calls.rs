//! A client that makes the calls of a script to the queues of a design, and notes every answer: for replaying what was
//! recorded of other queues. A call takes no time.

#![allow(clippy::disallowed_methods, reason = "a script has a few dozen calls")]

use super::{load, resolve};
use crate::components::{AnyNode, AnyTimer, Shared};
use crate::diagnostic::{Diagnostics, Look, render};
use crate::engine::random::StreamKey;
use crate::engine::{
    Bounds, Kernel, LossId, MsgId, NewJob, NodeId, Observer, Reaction, Settle, Signal, SimDuration, SimTime, World, run,
};
use crate::metrics::{Catalogue, View};

/// One call.
#[derive(Debug, Clone, Copy)]
enum Call {
    /// A message with this number, which is its deduplication id as well, and this key.
    Send { via: NodeId, number: u64, key: u32 },
    /// Up to `max` messages, within `wait` milliseconds.
    Receive { queue: NodeId, max: u16, wait: u16 },
    /// About a message of an earlier receive.
    Settle { queue: NodeId, receive: usize, place: usize, how: Settle },
    /// How many messages are visible, in flight and delayed.
    Count { queue: NodeId },
}

/// A message as it was received.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Got {
    /// The number that it was sent with.
    pub number: u64,
    /// The receive count, and the receipt.
    pub receive: u16,
    msg: MsgId,
}

/// What came of one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answer {
    /// When the call was made.
    pub called: f64,
    /// When the last of its answer came; a receive that is still waiting has none.
    pub answered: Option<f64>,
    /// What was received.
    pub got: Vec<Got>,
    /// Visible, in flight, delayed.
    pub counts: [u64; 3],
}

/// A script, and the queues that it is about.
pub(super) struct Script {
    nodes: Vec<AnyNode>,
    names: Vec<String>,
    catalogue: Catalogue,
    shared: Shared,
    kernel: Kernel<AnyTimer>,
    calls: Vec<(SimTime, Call)>,
}

impl Script {
    /// The nodes of one design: queues, and services that send to them.
    pub(super) fn of(nodes: &str) -> Self {
        let text = format!(
            "[run]\nduration = '1s'\n[traffic.none]\nrate = '0/s'\nkey = {{ distinct = 1000 }}\n{nodes}\n\
             [pipeline.p.entry]\nkind = 'http'\nfrom = 'none'\n"
        );
        let none = |_: &str| Err("there is no such file".to_owned());
        let mut found = Diagnostics::new();
        let loaded = load("replay.toml", &text, &[], &mut |name| none(name), &mut found);
        let resolved = resolve(&loaded, "replay", &none, found);
        let told = render(&resolved.found, &loaded.sources, Look::Plain);
        let mut case = resolved.model.unwrap_or_else(|| panic!("{told}")).cases.swap_remove(0);
        let pipeline = case.pipelines.swap_remove(0);
        let root = StreamKey::new(1, 0);
        let view = View { step: SimDuration::from_secs(1), warmup: SimTime::ZERO, objective: SimDuration::MAX };
        let mut shared = pipeline.shared(&case.works, root, &view);
        let mut nodes = pipeline.nodes.clone();
        // One more node: the client that makes the calls.
        let mut kernel = Kernel::new(nodes.len() + 1, pipeline.loss_kinds());
        for (index, node) in (0..).zip(&mut nodes) {
            node.start(NodeId(index), &mut kernel, &mut shared);
        }
        let names = pipeline.plan.nodes.iter().map(|node| node.name.clone()).collect();
        Self { nodes, names, catalogue: pipeline.catalogue.clone(), shared, kernel, calls: Vec::new() }
    }

    fn node(&self, name: &str) -> NodeId {
        let index = self.names.iter().position(|known| known == name);
        NodeId(u16::try_from(index.unwrap_or_else(|| panic!("there is no {name}"))).expect("small"))
    }

    /// Adds a call; gives back its number.
    fn call(&mut self, at: f64, call: Call) -> usize {
        self.calls.push((SimTime::ZERO + SimDuration::from_secs_f64(at), call));
        self.calls.len() - 1
    }

    /// A message goes to a queue, or to a service that passes it on.
    pub(super) fn send(&mut self, at: f64, via: &str, number: u64, key: u32) -> usize {
        let via = self.node(via);
        self.call(at, Call::Send { via, number, key })
    }

    /// Messages are asked for.
    pub(super) fn receive(&mut self, at: f64, queue: &str, max: u16, wait: f64) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 20 s")]
        let wait = (wait * 1e3) as u16;
        let queue = self.node(queue);
        self.call(at, Call::Receive { queue, max, wait })
    }

    /// What came in place `place` of the answer to the call `receive` is deleted.
    pub(super) fn delete(&mut self, at: f64, queue: &str, receive: usize, place: usize) -> usize {
        let queue = self.node(queue);
        self.call(at, Call::Settle { queue, receive, place, how: Settle::Done })
    }

    /// Its visibility is changed.
    pub(super) fn change(&mut self, at: f64, queue: &str, receive: usize, place: usize, seconds: u16) -> usize {
        let queue = self.node(queue);
        self.call(at, Call::Settle { queue, receive, place, how: Settle::Hide { seconds, works: true } })
    }

    /// The messages of a queue are counted.
    pub(super) fn count(&mut self, at: f64, queue: &str) -> usize {
        let queue = self.node(queue);
        self.call(at, Call::Count { queue })
    }

    /// Makes the calls, in the order of their times; the answers by the numbers of the calls.
    pub(super) fn run(self) -> Vec<Answer> {
        let Self { nodes, names, catalogue, shared, mut kernel, calls } = self;
        let mut order: Vec<usize> = (0..calls.len()).collect();
        order.sort_by_key(|&call| calls[call].0);
        let last = order.last().map_or(SimTime::ZERO, |&call| calls[call].0) + SimDuration::from_secs(60);
        let answers = calls.iter().map(|(at, _)| Answer { called: at.as_secs_f64(), ..Answer::default() }).collect();
        let client = NodeId(u16::try_from(nodes.len()).expect("small"));
        let mut desk = Desk { nodes, names, catalogue, shared, calls, order, next: 0, client, answers };
        let bounds =
            Bounds { duration: last, operated: last, horizon: last, events: 1_000_000, live: 10_000, lane: 10_000 };
        run(&mut desk, &mut kernel, &bounds, LossId(1));
        desk.answers
    }
}

/// What the engine drives.
struct Desk {
    nodes: Vec<AnyNode>,
    names: Vec<String>,
    catalogue: Catalogue,
    shared: Shared,
    calls: Vec<(SimTime, Call)>,
    order: Vec<usize>,
    next: usize,
    client: NodeId,
    answers: Vec<Answer>,
}

impl Desk {
    fn counts(&self, queue: NodeId) -> [u64; 3] {
        ["visible", "in_flight", "delayed"].map(|metric| {
            let is_it = |name: &crate::metrics::MetricName| name.node == queue && name.metric == metric;
            let index = self.catalogue.gauges().iter().position(is_it);
            let index = index.unwrap_or_else(|| panic!("{} has no {metric}", self.names[queue.index()]));
            self.shared.recorder.gauges()[index].value()
        })
    }

    fn told(&mut self, now: SimTime, signal: &Signal, kernel: &Kernel<AnyTimer>) {
        let (slot, got) = match *signal {
            Signal::Receive { msg, slot, receive, .. } => {
                (slot, Some(Got { number: kernel.job_of(msg).number, receive, msg }))
            }
            Signal::Empty { slot, .. } => (slot, None),
            _ => return,
        };
        let answer = &mut self.answers[slot as usize];
        answer.answered = Some(now.as_secs_f64());
        answer.got.extend(got);
    }
}

impl World for Desk {
    type Timer = AnyTimer;

    fn next_arrival(&self) -> SimTime {
        self.order.get(self.next).map_or(SimTime::MAX, |&call| self.calls[call].0)
    }

    fn arrive(&mut self, kernel: &mut Kernel<AnyTimer>) -> Reaction {
        let place = self.order[self.next];
        self.next += 1;
        let slot = u32::try_from(place).expect("small");
        match self.calls[place].1 {
            Call::Send { via, number, key } => {
                self.shared.recorder.jobs.arrived(kernel.now(), number);
                let msg = kernel.create(via, || NewJob { number, work: SimDuration::ZERO, flow: 0, size: 1, key });
                let reaction = self.signal(kernel, via, &Signal::Arrive { msg, port: 0, batched: false });
                self.answers[place].answered = Some(kernel.now().as_secs_f64());
                return reaction;
            }
            Call::Receive { queue, max, wait } => {
                kernel.tell(queue, Signal::Pull { from: self.client, slot, max, wait_ms: wait });
            }
            Call::Settle { queue, receive, place: which, how } => {
                if let Some(&Got { msg, receive, .. }) = self.answers[receive].got.get(which) {
                    // The loan itself is kept to the end, so that its receipt can be used again.
                    kernel.pin(msg);
                    if how == Settle::Done {
                        kernel.done(msg);
                    }
                    kernel.tell(queue, Signal::Settle { msg, receive, how });
                }
            }
            Call::Count { queue } => self.answers[place].counts = self.counts(queue),
        }
        Reaction { node: self.client, holding: 0 }
    }

    fn signal(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId, signal: &Signal) -> Reaction {
        if node == self.client {
            self.told(kernel.now(), signal, kernel);
            return Reaction { node, holding: 0 };
        }
        Reaction { node, holding: self.nodes[node.index()].on(signal, node, kernel, &mut self.shared) }
    }

    fn alarm(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId) -> Reaction {
        Reaction { node, holding: self.nodes[node.index()].on_alarm(node, kernel, &mut self.shared) }
    }

    fn observer(&mut self) -> &mut impl Observer {
        &mut self.shared.recorder.jobs
    }

    fn next_look(&self) -> SimTime {
        self.shared.recorder.next_look()
    }

    fn look(&mut self) {
        self.shared.recorder.look();
    }

    fn goes_on(&mut self, _: SimTime) -> bool {
        true
    }
}
