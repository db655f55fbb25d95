//! Where a node is built: its neighbours by name, the metrics and losses that it registers.

use super::account::Claims;
use super::context::Endpoint;
use super::edge::{Edge, NodeSpec, Verb};
use super::traits::Traits;
use crate::engine::{LossId, LossKind, NodeId, SimDuration};
use crate::metrics::{Catalogue, CounterId, GaugeId, MetricName, Tariff, TimingId};
use crate::site::{At, Site};
use crate::traffic::{Contents, Keys, ReadFile, WorkId};
use crate::units::Duration;
use std::sync::Arc;

/// What is known of all nodes of a pipeline before the first is built.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The nodes, by id.
    pub nodes: Vec<PlannedNode>,
    /// Names of the kinds of work, by id.
    pub works: Vec<String>,
    /// Names of works that are written, but may be wrong.
    pub wrong_works: Vec<String>,
    /// The names of the flows, by id.
    pub flows: Vec<String>,
    /// The keys of each flow; none if its jobs have no key.
    pub flow_keys: Vec<Option<Keys>>,
    /// What the messages of each flow say; none if they say nothing by which somebody could filter.
    pub flow_contents: Vec<Option<Arc<Contents>>>,
    /// No replication lasts longer.
    pub horizon: SimDuration,
    /// Distance of samples.
    pub sample_every: SimDuration,
}

impl Plan {
    /// Of each node, whether any other fetches from it.
    pub fn polled(&self) -> Vec<bool> {
        let fetches = |edge: &&Edge| matches!(edge.verb, Verb::Polls | Verb::Reads | Verb::Consumes);
        let edges = || self.nodes.iter().flat_map(|node| node.edges.iter().filter(fetches));
        self.nodes.iter().map(|node| edges().any(|edge| edge.node() == node.name)).collect()
    }

    /// Of each node, by id, whose answers it passes on as they are: a balancer those of its servers, with their status and
    /// what they ask for. What a function could not do the balancer answers itself.
    pub fn passed_on(&self) -> Vec<Vec<NodeId>> {
        let behind = |planned: &PlannedNode| {
            let mut found: Vec<NodeId> = self.targets_of(planned).collect();
            let mut next = 0;
            // A balancer may stand behind another.
            while let Some(&target) = found.get(next) {
                next += 1;
                let more = self.targets_of(&self.nodes[target.index()]).filter(|more| !found.contains(more));
                let more: Vec<NodeId> = more.collect();
                found.extend(more);
            }
            found
        };
        self.nodes.iter().map(behind).collect()
    }

    /// The servers of a balancer that answer in their own words.
    fn targets_of<'a>(&'a self, planned: &'a PlannedNode) -> impl Iterator<Item = NodeId> + 'a {
        let names = planned.edges.iter().filter(|edge| edge.verb == Verb::Targets).map(Edge::node);
        let place = |name: &str| self.nodes.iter().position(|node| node.name == name && node.kind != "lambda");
        names.filter_map(place).filter_map(|index| Some(NodeId(u16::try_from(index).ok()?)))
    }
}

/// A node before it is built.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each says something else about the node")]
pub struct PlannedNode {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// The names of the flows that enter here.
    pub flows: Vec<String>,
    /// Its edges, all checked: they lead to nodes that take them.
    pub edges: Vec<Edge>,
    /// The ports that others can name.
    pub ports: Vec<String>,
    /// The shards of a stream.
    pub shards: u32,
    /// Whether it is a FIFO queue, or a FIFO topic.
    pub is_fifo: bool,
    /// Whether it is a queue that serves the groups of its messages in turn.
    pub is_fair: bool,
    /// How long it hides what somebody has fetched, if it is a queue.
    pub hides: Option<Duration>,
    /// How long it lets a receive wait that does not say so itself, if it is a queue that says it.
    pub waits: Option<At<Duration>>,
    /// What it says about the account that it shares with others.
    pub claims: Claims,
    /// Whether it stops work whose caller has left, and so wants to know of that.
    pub cancels: bool,
    /// Whether a connection that finds it full is ignored.
    pub ignores_connections: bool,
}

impl PlannedNode {
    /// The node that `spec` describes.
    pub fn of(name: String, kind: &'static str, spec: &dyn NodeSpec) -> Self {
        Self {
            kind,
            flows: spec.flows().into_iter().map(|at| at.value).collect(),
            edges: spec.edges(),
            ports: spec.ports(&name),
            shards: spec.shards(),
            is_fifo: spec.is_fifo(),
            is_fair: spec.is_fair(),
            hides: spec.hides(),
            waits: spec.waits(),
            claims: spec.claims(),
            cancels: spec.cancels(),
            ignores_connections: spec.ignores_connections(),
            name,
        }
    }
}

/// A cause of loss that a node registered.
#[derive(Debug, Clone, Copy)]
pub struct LossCause {
    /// The node.
    pub node: NodeId,
    /// The limit or event, in words.
    pub reason: &'static str,
    /// What it means for a job.
    pub kind: LossKind,
    /// Whether it is no use to try again, as after most 4xx answers; a caller that knows the services does not.
    pub permanent: bool,
    /// Whether the callee was asked for too much, and says so.
    pub throttled: bool,
    /// Whether there is no answer at all, only a connection that is refused or ignored.
    pub silent: bool,
    /// How long the callee asks its caller to wait before another attempt.
    pub retry_after: SimDuration,
}

impl LossCause {
    /// A cause of which no more is to be said.
    const fn of(node: NodeId, reason: &'static str, kind: LossKind) -> Self {
        let retry_after = SimDuration::ZERO;
        Self { node, reason, kind, permanent: false, throttled: false, silent: false, retry_after }
    }

    /// The cause of what is no loss of any node.
    pub const fn of_nobody(reason: &'static str) -> Self {
        Self::of(NodeId(0), reason, LossKind::Unfinished)
    }
}

/// The place where one node is built.
pub struct NodeSite<'s, 'a> {
    /// Its part of the scenario.
    pub site: &'s mut Site<'a>,
    /// Reads a file that the scenario names.
    pub read: &'s ReadFile<'s>,
    /// All nodes.
    pub plan: &'s Plan,
    /// Its id.
    pub node: NodeId,
    /// Where metrics are registered.
    pub catalogue: &'s mut Catalogue,
    /// Where causes of loss are registered; index 0 is "no loss".
    pub losses: &'s mut Vec<LossCause>,
    /// What the node says about itself, for the advice about the scenario.
    pub traits: &'s mut Traits,
}

impl NodeSite<'_, '_> {
    /// A number that only grows; unit `s` counts nanoseconds.
    pub fn counter(&mut self, metric: &'static str, unit: &'static str) -> CounterId {
        self.catalogue.counter(self.node, metric, unit)
    }

    /// A value that rises and falls; unit `s` counts milliseconds.
    pub fn gauge(&mut self, metric: &'static str, unit: &'static str) -> GaugeId {
        self.catalogue.gauge(self.node, metric, unit)
    }

    /// A value that rises to `capacity` at most; its mean over that is reported as utilisation.
    pub fn gauge_of(&mut self, metric: &'static str, unit: &'static str, capacity: u64) -> GaugeId {
        self.catalogue.gauge_of(self.node, metric, unit, capacity)
    }

    /// A value that rises to that of another gauge at most; its mean over the other's is reported as utilisation.
    pub fn gauge_within(&mut self, metric: &'static str, unit: &'static str, whole: GaugeId) -> GaugeId {
        self.catalogue.gauge_within(self.node, metric, unit, whole)
    }

    /// What a gauge adds up to over time; a second of one is worth `each`.
    pub fn integral(&mut self, metric: &'static str, unit: &'static str, of: GaugeId, each: f64) {
        self.catalogue.integral(self.node, metric, unit, of, each);
    }

    /// What part one counter is of another.
    pub fn share(&mut self, metric: &'static str, part: CounterId, whole: CounterId) {
        self.catalogue.share(self.node, metric, part, whole);
    }

    /// What all that is counted by `counter` costs, at so many dollars for each.
    pub fn price(&mut self, metric: &'static str, counter: CounterId, each: f64) {
        self.tariff(metric, counter, Tariff::flat(each));
    }

    /// What all that is counted by `counter` costs, where many are cheaper than few.
    pub fn tariff(&mut self, metric: &'static str, counter: CounterId, tariff: Tariff) {
        self.catalogue.price(self.node, metric, counter, tariff);
    }

    /// What it costs that there are as many as a gauge says, at so many dollars for an hour of one.
    pub fn hourly_price(&mut self, metric: &'static str, gauge: GaugeId, each: f64) {
        const HOUR: f64 = 3600.0;
        self.catalogue.price_of_time(self.node, metric, gauge, each / HOUR);
    }

    /// How much `part` comes to for each `whole`; `unit` is that of the part.
    pub fn ratio(&mut self, metric: &'static str, unit: &'static str, part: CounterId, whole: CounterId) {
        self.catalogue.ratio(MetricName { node: self.node, metric, unit }, part, whole);
    }

    /// A distribution of times.
    pub fn timing(&mut self, metric: &'static str) -> TimingId {
        self.catalogue.timing(self.node, metric)
    }

    /// A cause of loss. As a refusal it is worth another attempt: an overload, an outage, a 5xx or 429 answer.
    pub fn loss(&mut self, kind: LossKind, reason: &'static str) -> LossId {
        self.register(LossCause::of(self.node, reason, kind))
    }

    /// A refusal of what is too much, which says so: who pushes may then wait longer than after an outage.
    pub fn throttle(&mut self, reason: &'static str) -> LossId {
        let cause = LossCause::of(self.node, reason, LossKind::Rejected);
        self.register(LossCause { throttled: true, ..cause })
    }

    /// A refusal that the next attempt would meet as well: the request itself is at fault, a 4xx answer.
    pub fn permanent_refusal(&mut self, reason: &'static str) -> LossId {
        let cause = LossCause::of(self.node, reason, LossKind::Rejected);
        self.register(LossCause { permanent: true, ..cause })
    }

    /// Whoever this node turns away is asked to wait for so long: all causes that it has registered so far, but for
    /// `down`, because a node that is down says nothing.
    pub fn ask_to_wait(&mut self, retry_after: SimDuration, down: LossId) {
        for (index, cause) in self.losses.iter_mut().enumerate() {
            if cause.node == self.node && cause.kind == LossKind::Rejected && index != usize::from(down.0) {
                cause.retry_after = retry_after;
            }
        }
    }

    /// Who is turned away like this gets no answer, only no connection: a balancer answers in its place.
    pub fn says_nothing(&mut self, loss: LossId) {
        self.losses[usize::from(loss.0)].silent = true;
    }

    fn register(&mut self, cause: LossCause) -> LossId {
        self.losses.push(cause);
        LossId(u16::try_from(self.losses.len() - 1).expect("the number of nodes of a pipeline is bounded"))
    }

    /// The neighbour that an edge of this node leads to; it was checked before any node was built.
    pub fn target(&self, to: &At<String>) -> Option<Endpoint> {
        let edge = Edge::new(Verb::Sends, to.clone());
        let index = self.plan.nodes.iter().position(|node| node.name == edge.node())?;
        let ports = &self.plan.nodes[index].ports;
        let port = match edge.port() {
            Some(name) => ports.iter().position(|port| port == name)?,
            None => 0,
        };
        Some(Endpoint { node: NodeId(u16::try_from(index).ok()?), port: u16::try_from(port).ok()? })
    }

    /// The kind of a neighbour.
    pub fn kind_of(&self, node: NodeId) -> &'static str {
        self.plan.nodes[node.index()].kind
    }

    /// Whether a neighbour wants to know that who called it has left: it stops its work then, or it is a balancer, which
    /// counts what its servers have for somebody.
    pub fn cancels(&self, node: NodeId) -> bool {
        let planned = &self.plan.nodes[node.index()];
        planned.cancels || planned.edges.iter().any(|edge| edge.verb == Verb::Targets)
    }

    /// The nodes with an edge of this verb to this node, each with the edge, in the order of the file.
    pub fn incoming(&self, verb: Verb) -> Vec<(NodeId, &Edge)> {
        let name = &self.plan.nodes[self.node.index()].name;
        let mut found = Vec::new();
        for (index, node) in (0_u16..).zip(&self.plan.nodes) {
            let edges = node.edges.iter().filter(|edge| edge.verb == verb && edge.node() == name);
            found.extend(edges.map(|edge| (NodeId(index), edge)));
        }
        found
    }

    /// Of each flow whether its jobs may come to this node, by whichever way.
    pub fn comes_here(&self) -> Vec<bool> {
        let nodes = &self.plan.nodes;
        let takes = |edge: &Edge| matches!(edge.verb, Verb::Polls | Verb::Reads | Verb::Consumes);
        let hands = |from: &PlannedNode, to: &PlannedNode| {
            from.edges.iter().any(|edge| !takes(edge) && edge.node() == to.name)
                || to.edges.iter().any(|edge| takes(edge) && edge.node() == from.name)
        };
        let mut before = vec![self.node.index()];
        let mut next = 0;
        while let Some(&to) = before.get(next) {
            next += 1;
            for (from, node) in nodes.iter().enumerate() {
                if !before.contains(&from) && hands(node, &nodes[to]) {
                    before.push(from);
                }
            }
        }
        self.plan.flows.iter().map(|flow| before.iter().any(|&node| nodes[node].flows.contains(flow))).collect()
    }

    /// What is written at a place, or else what holds without it, at the name of the node.
    pub fn placed<T, U>(&self, written: Option<&At<T>>, value: U) -> At<U> {
        At::new(value, written.map_or_else(|| self.site.span(), |at| at.span))
    }

    /// The kind of work written under `key`; an error if the scenario has none of this name.
    pub fn work(&mut self, key: &str, written: Option<At<String>>) -> Option<Option<WorkId>> {
        let Some(at) = written else { return Some(None) };
        let (name, span) = (at.value.clone(), at.span);
        self.site.written(key, at);
        if let Some(index) = self.plan.works.iter().position(|work| *work == name) {
            return Some(Some(WorkId(u16::try_from(index).ok()?)));
        }
        if self.plan.wrong_works.contains(&name) {
            // What is wrong with it was told where it is written.
            return None;
        }
        let nearest = crate::diagnostic::nearest(&name, self.plan.works.iter().map(String::as_str));
        let diagnostic = self.site.error(span, "S020", format!("there is no work `{name}`"));
        if nearest.is_some() || !self.plan.works.is_empty() {
            diagnostic.note(format!("works: {}", self.plan.works.join(", "))).did_you_mean(nearest);
        } else {
            diagnostic.hint(format!("describe it: `[work.{name}]`, and below it `time = \"20s\"`"));
        }
        None
    }
}
