//! A test bench: a few nodes from TOML text, scripted arrivals, the real engine, a record of who was told what when.
//!
//! Each top-level table is a node by its name; a table `[work.NAME]` is a kind of work. Keys are `key-0` to `key-9`.

use super::account::Account;
use super::traits::Traits;
use super::{
    AnyNode, AnySpec, AnyTimer, Endpoint, Fault, FaultKind, KINDS, LossCause, NodeSite, Plan, PlannedNode, Shared,
};
use crate::diagnostic::{Diagnostics, Look, SourceMap, render};
use crate::engine::random::{StreamKey, mix};
use crate::engine::{
    Bounds, Kernel, LossId, NewJob, NodeId, Observer, Reaction, Signal, SimDuration, SimTime, Stop, World, run,
};
use crate::metrics::{Catalogue, Gauge, Recorder, View};
use crate::site::{At, Resolution, Site, check_name, decode, parse, take_kind};
use crate::traffic::{Arrival, Work, WorkSpec, Works};
use crate::units::Duration;
use std::sync::Arc;

/// Keys that jobs can have.
const KEYS: u32 = 10;

/// What arrives at a node by script.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scripted {
    pub at: SimTime,
    pub to: Endpoint,
    pub size: u32,
    pub key: u32,
    pub batched: bool,
}

/// Nodes that were built and wait for arrivals and faults.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    plan: Plan,
    nodes: Vec<AnyNode>,
    catalogue: Catalogue,
    losses: Vec<LossCause>,
    works: Arc<[Work]>,
    script: Vec<Scripted>,
    faults: Vec<Fault>,
    lasts: SimDuration,
    logs: bool,
    resolved: String,
}

/// A run that is over.
pub(super) struct Ran {
    plan: Plan,
    catalogue: Catalogue,
    losses: Vec<LossCause>,
    pub recorder: Recorder,
    /// Every signal: when, to whom, what.
    pub log: Vec<(SimTime, NodeId, Signal)>,
    pub ended: SimTime,
}

/// A time as a scenario writes it.
pub(super) fn time(text: &str) -> SimTime {
    SimTime::ZERO + text.parse::<Duration>().unwrap_or_else(|e| panic!("{text}: {}", e.message())).get()
}

impl Bench {
    /// The nodes of `text`.
    ///
    /// # Panics
    /// If something is wrong with them, with what is wrong.
    pub(super) fn of(text: &str) -> Self {
        match Self::build(text) {
            (Some(bench), _) => bench,
            (None, told) => panic!("{told}"),
        }
    }

    /// What is said about the nodes of `text`: errors and warnings.
    pub(super) fn told(text: &str) -> String {
        Self::build(text).1
    }

    /// The nodes of `text` with every value that they came to.
    pub(super) fn resolved(text: &str) -> String {
        Self::of(text).resolved
    }

    fn build(text: &str) -> (Option<Self>, String) {
        let (mut found, mut sources, mut resolution) = (Diagnostics::new(), SourceMap::new(), Resolution::new());
        sources.add("bench.toml", text);
        let file = parse(text, 0, &mut found);
        let read = |_: &str| Err("the bench has no files".to_owned());
        let mut works = Vec::new();
        let mut drafts = Vec::new();
        for entry in file.iter() {
            let table = entry.value.as_table().expect("a bench is made of tables");
            if entry.key.name == "work" {
                for work in table.iter() {
                    let path = format!("work.{}", work.key.name);
                    let spec = decode::<WorkSpec>(work.value.as_table().expect("a table"), &path, &mut found);
                    let mut site = Site::new(path, work.key.span, &sources, &mut found, &mut resolution);
                    works.extend(spec.and_then(|spec| spec.build(&mut site, &read)));
                }
                continue;
            }
            check_name(&entry.key, "node", &mut found);
            let mut table = table.clone();
            let name = entry.key.name.clone();
            let kind = take_kind(&mut table, &name, KINDS, &mut found);
            let spec =
                kind.and_then(|kind| Some((kind.value, AnySpec::decode(kind.value, &table, &name, &mut found)?)));
            drafts.extend(spec.map(|(kind, spec)| (name, kind, spec, entry.key.span)));
        }
        let nodes = drafts.iter().map(|(name, kind, spec, _)| PlannedNode::of(name.clone(), kind, spec.as_node()));
        let plan = Plan {
            nodes: nodes.collect(),
            works: works.iter().map(|work: &Work| work.name.clone()).collect(),
            wrong_works: Vec::new(),
            flows: vec!["jobs".to_owned()],
            flow_keys: vec![Some(crate::traffic::Keys::distinct(KEYS, 0.0, "key-"))],
            flow_contents: vec![None],
            horizon: SimDuration::from_secs(1 << 30),
            sample_every: SimDuration::from_secs(1),
        };
        let mut losses = vec![LossCause::of_nobody("nothing"), LossCause::of_nobody("the run ended")];
        let (mut catalogue, mut nodes) = (Catalogue::default(), Vec::new());
        for (index, (name, kind, spec, span)) in (0..).zip(drafts) {
            let site = &mut Site::new(name, span, &sources, &mut found, &mut resolution);
            site.written("kind", At::new(kind.to_owned(), span));
            let (catalogue, losses, traits) = (&mut catalogue, &mut losses, &mut Traits::default());
            let mut site = NodeSite { site, read: &read, plan: &plan, node: NodeId(index), catalogue, losses, traits };
            nodes.extend(spec.build(&mut site));
        }
        let told = render(&found, &sources, Look::Plain);
        let fine = !found.has_errors() && nodes.len() == plan.nodes.len();
        let bench = Self {
            plan,
            nodes,
            catalogue,
            losses,
            works: works.into(),
            script: Vec::new(),
            faults: Vec::new(),
            lasts: SimDuration::from_secs(1 << 20),
            logs: true,
            resolved: resolution.to_toml(&sources),
        };
        (fine.then_some(bench), told)
    }

    fn node(&self, name: &str) -> NodeId {
        node(&self.plan, name)
    }

    /// A node, or a port of it as in `broker.jobs`.
    fn endpoint(&self, name: &str) -> Endpoint {
        let (name, port) = name.split_once('.').map_or((name, None), |(name, port)| (name, Some(port)));
        let node = self.node(name);
        let ports = &self.plan.nodes[node.index()].ports;
        let place = |port: &str| ports.iter().position(|known| known == port).expect("a port of that name");
        Endpoint { node, port: u16::try_from(port.map_or(0, place)).expect("small") }
    }

    /// A job of 1,000 bytes arrives at a node, or a port of it as in `broker.jobs`.
    #[must_use]
    pub(super) fn job(self, at: &str, to: &str) -> Self {
        self.jobs(1, at, to)
    }

    /// Several jobs arrive at once.
    #[must_use]
    pub(super) fn jobs(self, count: usize, at: &str, to: &str) -> Self {
        self.jobs_every("0s", count, at, to)
    }

    /// Jobs arrive at equal distances.
    #[must_use]
    pub(super) fn jobs_every(mut self, distance: &str, count: usize, at: &str, to: &str) -> Self {
        let (mut at, to) = (time(at), self.endpoint(to));
        for _ in 0..count {
            self.script.push(Scripted { at, to, size: 1000, key: 0, batched: false });
            at += time(distance).since(SimTime::ZERO);
        }
        self
    }

    /// Changes what was scripted last, as in `.job("1s", "jobs").with(|job| job.size = 7)`.
    #[must_use]
    pub(super) fn with(mut self, change: impl FnOnce(&mut Scripted)) -> Self {
        change(self.script.last_mut().expect("a job was scripted before"));
        self
    }

    /// A node is hit by a fault.
    #[must_use]
    pub(super) fn fault(mut self, name: &str, kind: FaultKind, from: &str, to: &str) -> Self {
        let node = self.node(name);
        self.faults.push(Fault { node, kind, from: time(from), to: time(to) });
        self
    }

    /// The run is cut at this time if it has not settled by then.
    #[must_use]
    pub(super) fn until(mut self, at: &str) -> Self {
        self.lasts = time(at).since(SimTime::ZERO);
        self
    }

    /// No record of signals: for long runs.
    #[must_use]
    pub(super) const fn quiet(mut self) -> Self {
        self.logs = false;
        self
    }

    /// Runs until everything has settled.
    ///
    /// # Panics
    /// If a bound on events or messages is exceeded.
    pub(super) fn run(self) -> Ran {
        let Self { plan, mut nodes, catalogue, losses, works, mut script, faults, lasts, logs, .. } = self;
        script.sort_by_key(|scripted| scripted.at);
        let root = StreamKey::new(1, 0);
        let view = View { step: plan.sample_every, warmup: SimTime::ZERO, objective: SimDuration::MAX };
        let mut shared = Shared {
            recorder: Recorder::new(&catalogue, losses.len(), &view),
            works: Works::new(Arc::clone(&works), root),
            faults: faults.clone(),
            keys: plan.nodes.iter().map(|node| root.child(&node.name)).collect(),
            contents: root.child("contents"),
            losses: losses.clone(),
            passed_on: plan.passed_on(),
            account: Account::default(),
            polled: plan.polled(),
        };
        let mut kernel = Kernel::new(nodes.len(), losses.iter().map(|loss| loss.kind).collect());
        for (index, node) in (0..).zip(&mut nodes) {
            node.start(NodeId(index), &mut kernel, &mut shared);
        }
        for (index, fault) in (0..).zip(&faults) {
            let (from, to) = (fault.from.since(SimTime::ZERO), fault.to.since(SimTime::ZERO));
            kernel.tell_after(from, fault.node, Signal::Fault { index, begins: true });
            kernel.tell_after(to, fault.node, Signal::Fault { index, begins: false });
        }
        let last = script.last().map_or(SimTime::ZERO, |scripted| scripted.at);
        let mut world = Scene { nodes, shared, script, next: 0, log: Vec::new(), logs };
        let horizon = SimTime::ZERO + lasts;
        let bounds =
            Bounds { duration: last, operated: last, horizon, events: 100_000_000, live: 10_000_000, lane: 10_000_000 };
        let finish = run(&mut world, &mut kernel, &bounds, LossId(1));
        assert_eq!(finish.stop, Stop::Done);
        let Scene { mut shared, log, .. } = world;
        shared.recorder.finish(finish.at);
        Ran { plan, catalogue, losses, recorder: shared.recorder, log, ended: finish.at }
    }
}

impl Ran {
    /// What a counter of a node came to.
    pub(super) fn counter(&self, name: &str, metric: &str) -> u64 {
        let node = node(&self.plan, name);
        let names = self.catalogue.counters();
        let index = names.iter().position(|known| known.node == node && known.metric == metric);
        self.recorder.counters()[index.unwrap_or_else(|| panic!("{name} has no counter {metric}"))]
    }

    /// A gauge of a node.
    pub(super) fn gauge(&self, name: &str, metric: &str) -> &Gauge {
        let node = node(&self.plan, name);
        let names = self.catalogue.gauges();
        let index = names.iter().position(|known| known.node == node && known.metric == metric);
        &self.recorder.gauges()[index.unwrap_or_else(|| panic!("{name} has no gauge {metric}"))]
    }

    /// What the gauges of a node added up to over the run.
    pub(super) fn integrals(&self, name: &str) -> Vec<(&'static str, f64)> {
        let node = node(&self.plan, name);
        let integrals = self.catalogue.integrals().iter().filter(|integral| integral.name.node == node);
        integrals.map(|integral| (integral.name.metric, self.recorder.integral(integral))).collect()
    }

    /// What a node was billed in one figure.
    pub(super) fn cost(&self, name: &str, metric: &str) -> f64 {
        let node = node(&self.plan, name);
        let mut bills = self.catalogue.bills().iter();
        let bill = bills.find(|bill| bill.name.node == node && bill.name.metric == metric);
        self.recorder.cost(bill.unwrap_or_else(|| panic!("{name} has no bill {metric}")))
    }

    /// Jobs lost by a cause of a node.
    pub(super) fn lost(&self, name: &str, reason: &str) -> u64 {
        let node = node(&self.plan, name);
        let index = self.losses.iter().position(|loss| loss.node == node && loss.reason == reason);
        let index = index.unwrap_or_else(|| panic!("{name} has no loss {reason}"));
        self.recorder.jobs.lost(LossId(u16::try_from(index).expect("small")))
    }

    /// Jobs done, in whatever way.
    pub(super) fn done(&self) -> u64 {
        let jobs = &self.recorder.jobs;
        jobs.done_in_time() + jobs.done_late() + jobs.done_twice()
    }

    /// When messages reached a node, in seconds.
    pub(super) fn arrivals(&self, name: &str) -> Vec<f64> {
        let node = node(&self.plan, name);
        let arrived = |signal: &Signal| matches!(signal, Signal::Arrive { .. });
        let to_node = self.log.iter().filter(|(_, to, signal)| *to == node && arrived(signal));
        to_node.map(|(at, ..)| at.as_secs_f64()).collect()
    }
}

fn node(plan: &Plan, name: &str) -> NodeId {
    let index = plan.nodes.iter().position(|node| node.name == name);
    NodeId(u16::try_from(index.unwrap_or_else(|| panic!("there is no node {name}"))).expect("a bench is small"))
}

/// What the engine drives.
struct Scene {
    nodes: Vec<AnyNode>,
    shared: Shared,
    script: Vec<Scripted>,
    next: usize,
    log: Vec<(SimTime, NodeId, Signal)>,
    logs: bool,
}

impl World for Scene {
    type Timer = AnyTimer;

    fn next_arrival(&self) -> SimTime {
        self.script.get(self.next).map_or(SimTime::MAX, |scripted| scripted.at)
    }

    fn arrive(&mut self, kernel: &mut Kernel<AnyTimer>) -> Reaction {
        let Scripted { to, size, key, batched, .. } = self.script[self.next];
        let number = mix(self.next as u64);
        self.next += 1;
        let (at, work) = (kernel.now(), SimDuration::ZERO);
        let mut arrival = Arrival { at, number, work, checksum: 0, size, key, flow: 0, source: 0 };
        self.shared.works.meet(std::slice::from_mut(&mut arrival));
        self.shared.recorder.jobs.arrived(at, arrival.checksum);
        let msg = kernel.create(to.node, || NewJob { number, work: arrival.work, flow: 0, size, key });
        self.signal(kernel, to.node, &Signal::Arrive { msg, port: to.port, batched })
    }

    fn signal(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId, signal: &Signal) -> Reaction {
        if self.logs {
            self.log.push((kernel.now(), node, *signal));
        }
        Reaction { node, holding: self.nodes[node.index()].on(signal, node, kernel, &mut self.shared) }
    }

    fn alarm(&mut self, kernel: &mut Kernel<AnyTimer>, node: NodeId) -> Reaction {
        Reaction { node, holding: self.nodes[node.index()].on_alarm(node, kernel, &mut self.shared) }
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

    fn goes_on(&mut self, _: SimTime) -> bool {
        true
    }
}
