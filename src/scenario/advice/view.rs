//! A design as advice sees it: what its nodes say about themselves, and how many jobs come to each.

use crate::components::{Edge, PlannedNode, Traits, Verb};
use crate::diagnostic::Span;
use crate::engine::{NodeId, SimDuration, SimTime};
use crate::scenario::cycle::{Step, steps};
use crate::scenario::model::{CaseModel, PipelineModel};
use crate::scenario::world::Entrance;
use crate::site::Resolution;
use crate::traffic::{Flow, Law};
use crate::units::Duration;
use std::collections::BTreeMap;

/// One design of one case.
pub(super) struct View<'v> {
    pub case: &'v CaseModel,
    pub pipeline: &'v PipelineModel,
    /// How often a job comes to a place, by place and flow.
    visits: BTreeMap<&'v str, Vec<f64>>,
    /// Where each value came from.
    resolution: &'v Resolution,
}

/// A node with what it says about itself.
#[derive(Clone, Copy)]
pub(super) struct Node<'v> {
    pub name: &'v str,
    pub plan: &'v PlannedNode,
    pub traits: &'v Traits,
}

impl<'v> View<'v> {
    pub(super) fn new(case: &'v CaseModel, pipeline: &'v PipelineModel, resolution: &'v Resolution) -> Self {
        let steps = steps(&pipeline.plan, |edge| !edge.verb.is_for_failures());
        let mut visits = BTreeMap::new();
        for node in &pipeline.plan.nodes {
            fill(&node.name, case, pipeline, &steps, &mut visits);
        }
        Self { case, pipeline, visits, resolution }
    }

    /// Where the value of a key is written, if it is.
    pub(super) fn written(&self, path: &str, key: &str) -> Option<Span> {
        self.resolution.written(path, key)
    }

    /// The nodes, in the order of the text.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'v>> {
        let pipeline = self.pipeline;
        pipeline.plan.nodes.iter().zip(&pipeline.traits).map(|(plan, traits)| Node { name: &plan.name, plan, traits })
    }

    /// The nodes that fetch from a node, or are pushed to by it.
    pub(super) fn takers(&self, from: Node<'v>) -> impl Iterator<Item = Node<'v>> {
        let takes = |verb| matches!(verb, Verb::Polls | Verb::Reads | Verb::Consumes);
        self.nodes().filter(move |node| node.plan.edges.iter().any(|edge| takes(edge.verb) && edge.node() == from.name))
    }

    /// The node that a node fetches from, or is pushed to by.
    pub(super) fn source(&self, of: Node<'v>) -> Option<Node<'v>> {
        let takes = |verb| matches!(verb, Verb::Polls | Verb::Reads | Verb::Consumes);
        let edge = of.plan.edges.iter().find(|edge| takes(edge.verb))?;
        self.nodes().find(|node| node.name == edge.node())
    }

    /// Whether it is the dead-letter queue of another node.
    pub(super) fn takes_dead_letters(&self, queue: Node<'v>) -> bool {
        let buries = |edge: &Edge| edge.verb.is_for_failures() && edge.node() == queue.name;
        self.nodes().any(|node| node.plan.edges.iter().any(buries))
    }

    /// Whether no flow enters this node, it fetches from none, and no other node names it as somebody to hand over to.
    pub(super) fn is_apart(&self, node: Node<'v>) -> bool {
        let is_entered = self.pipeline.entrances.iter().flat_map(Entrance::nodes).any(|id| self.name(id) == node.name);
        let gives = |edge: &&Edge| !matches!(edge.verb, Verb::Polls | Verb::Reads | Verb::Consumes);
        let mut given = self.nodes().flat_map(|other| other.plan.edges.iter().filter(gives));
        !is_entered && self.source(node).is_none() && given.all(|edge| edge.node() != node.name)
    }

    /// Whether queues put dead letters aside in this one, which can be sent back from here.
    pub(super) fn buries_for_queues(&self, queue: Node<'v>) -> bool {
        self.nodes().any(|node| node.traits.retains.is_some() && puts_aside_in(node, queue))
    }

    /// Whether anybody puts dead letters aside in this one.
    pub(super) fn buries(&self, queue: Node<'v>) -> bool {
        self.nodes().any(|node| puts_aside_in(node, queue))
    }

    /// The law of the seconds that one job keeps a server of this node busy.
    fn work(&self, node: Node<'v>) -> Option<&'v Law> {
        let work = node.traits.work?;
        self.case.works.get(usize::from(work.0)).map(|work| &work.time)
    }

    /// Seconds that one job keeps a server of this node busy, on average.
    pub(super) fn mean(&self, node: Node<'v>) -> Option<f64> {
        Some(self.work(node)?.mean() / node.traits.speed.unwrap_or(1.0))
    }

    /// Seconds that half of the jobs exceed.
    pub(super) fn median(&self, node: Node<'v>) -> Option<f64> {
        Some(self.work(node)?.quantile(0.5) / node.traits.speed.unwrap_or(1.0))
    }

    /// Seconds that all but one in a hundred jobs do not exceed.
    pub(super) fn p99(&self, node: Node<'v>) -> Option<f64> {
        Some(self.work(node)?.quantile(0.99) / node.traits.speed.unwrap_or(1.0))
    }

    /// A node by its id.
    pub(super) fn node(&self, id: NodeId) -> Option<Node<'v>> {
        self.nodes().nth(id.index())
    }

    /// The name of a node.
    pub(super) fn name(&self, id: NodeId) -> &'v str {
        self.pipeline.plan.nodes.get(id.index()).map_or("", |node| &node.name)
    }

    /// Each flow with how often each of its jobs comes to a node.
    fn visits(&self, node: Node<'v>) -> impl Iterator<Item = (&'v Flow, f64)> {
        let visits = self.visits.get(node.name).cloned().unwrap_or_default();
        self.case.flows.iter().zip(visits)
    }

    /// Jobs a second of each flow that come to a node, on average and without spikes.
    pub(super) fn rates(&self, node: Node<'v>) -> impl Iterator<Item = (&'v Flow, f64)> {
        let duration = self.case.run.duration.as_secs_f64();
        self.visits(node).map(move |(flow, visits)| (flow, visits * flow.lasting_rate(duration)))
    }

    /// Jobs a second of each flow that come to a node at its peak.
    pub(super) fn peaks(&self, node: Node<'v>) -> impl Iterator<Item = (&'v Flow, f64)> {
        self.visits(node).map(|(flow, visits)| (flow, visits * flow.peak_rate()))
    }

    /// Jobs a second that come to a node, should all flows peak together.
    pub(super) fn peak(&self, node: Node<'v>) -> f64 {
        self.peaks(node).map(|(_, rate)| rate).sum()
    }

    /// Jobs of each flow that come to a node during the run.
    pub(super) fn jobs(&self, node: Node<'v>) -> impl Iterator<Item = (&'v Flow, f64)> {
        let duration = self.case.run.duration.as_secs_f64();
        self.visits(node).map(move |(flow, visits)| (flow, visits * flow.expected_jobs(duration)))
    }

    /// How many servers the work of a node keeps busy on average.
    pub(super) fn busy(&self, node: Node<'v>) -> Option<f64> {
        let rate: f64 = self.rates(node).map(|(_, rate)| rate).sum();
        Some(rate * self.mean(node)?)
    }
}

/// Fills in the visits at a place and at all places before it. There is no way round in a circle: that was checked.
fn fill<'v>(
    place: &'v str,
    case: &CaseModel,
    pipeline: &'v PipelineModel,
    steps: &[Step<'v>],
    visits: &mut BTreeMap<&'v str, Vec<f64>>,
) {
    if visits.contains_key(place) {
        return;
    }
    let entering = |flow: usize| {
        let here = pipeline.entrances[flow].nodes().any(|node| pipeline.plan.nodes[node.index()].name == place);
        if here { 1.0 } else { 0.0 }
    };
    let mut sum: Vec<f64> = (0..case.flows.len()).map(entering).collect();
    for step in steps.iter().filter(|step| step.to == place) {
        fill(step.from, case, pipeline, steps, visits);
        // Those who fetch from one queue share its messages, as do the servers behind a balancer its requests; a stream
        // gives each reader all of them.
        let shared = matches!(step.verb, Verb::Polls | Verb::Consumes | Verb::Targets);
        let takers = steps.iter().filter(|other| other.from == step.from && other.verb == step.verb);
        let share = if shared { takers.map(|_| 1.0).sum::<f64>().recip() } else { 1.0 };
        for (sum, visits) in sum.iter_mut().zip(&visits[step.from]) {
            *sum += visits * share;
        }
    }
    visits.insert(place, sum);
}

/// So many seconds after the start.
pub(super) fn instant(seconds: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(seconds)
}

/// A number for a sentence.
pub(super) fn figure(number: f64) -> String {
    let decimals = if number >= 100.0 { 0 } else { usize::from(number < 10.0) + 1 };
    format!("{number:.decimals$}")
}

/// A long time for a sentence, in seconds, minutes or hours, not shorter than it is.
pub(super) fn length(seconds: f64) -> String {
    let unit = match seconds {
        _ if seconds <= 600.0 => 1.0,
        _ if seconds <= 36_000.0 => 60.0,
        _ => 3600.0,
    };
    // What lacks a millionth of a unit is rounded as what is meant.
    let rounded = ((seconds / unit - 1e-6).ceil() * unit).min(Duration::MAX.as_secs_f64());
    Duration::from(SimDuration::from_secs_f64(rounded)).to_string()
}

/// A length of time for a sentence, not shorter than it is.
pub(super) fn seconds(number: f64) -> String {
    if number < 1.0 { format!("{:.0}ms", (number * 1e3).ceil()) } else { format!("{:.0}s", number.ceil()) }
}

/// Whether a node puts dead letters aside in this queue.
fn puts_aside_in(node: Node<'_>, queue: Node<'_>) -> bool {
    node.plan.edges.iter().any(|edge| edge.verb == Verb::DeadLetter && edge.node() == queue.name)
}
