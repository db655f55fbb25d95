//! One design: its nodes decoded, their edges checked, then built.

use super::model::{PipelineModel, UNFINISHED};
use super::spec::PipelineSpec;
use super::world::Entrance;
use super::{cycle, misplaced};
use crate::components::{AnySpec, Edge, Endpoint, KINDS, Kind, LossCause, NodeSite, Plan, PlannedNode, Traits, Verb};
use crate::diagnostic::{Diagnostics, SourceMap, nearest};
use crate::engine::NodeId;
use crate::metrics::Catalogue;
use crate::site::{At, Data, Resolution, Site, take_kind};
use crate::traffic::{Flow, ReadFile};

/// What a pipeline needs to know of the rest of the scenario, and where it reports.
pub(super) struct Desk<'d> {
    pub sources: &'d SourceMap,
    pub found: &'d mut Diagnostics,
    pub resolution: &'d mut Resolution,
    pub read: &'d ReadFile<'d>,
    pub flows: &'d [Flow],
    /// Names of traffic that is written, but wrong.
    pub wrong_flows: &'d [String],
    /// Works, keys, horizon and grid; its list of nodes is empty.
    pub plan: &'d Plan,
}

/// A node that was decoded and not yet built.
struct Draft {
    name: At<String>,
    path: String,
    kind: &'static Kind,
    spec: AnySpec,
}

/// Builds a pipeline; everything that is wrong with it is reported.
pub(super) fn build(spec: PipelineSpec, desk: &mut Desk<'_>) -> Option<PipelineModel> {
    let name = spec.name;
    let count = spec.nodes.len();
    let drafts: Vec<Draft> = spec.nodes.into_iter().filter_map(|node| draft(node, desk)).collect();
    let complete = drafts.len() == count;
    let mut plan = desk.plan.clone();
    plan.nodes = drafts.iter().map(planned).collect();
    if !check_edges(&drafts, &plan, complete, desk) {
        return None;
    }
    if complete && !cycle::check(&plan, desk.found) {
        return None;
    }
    let entrances = entrances(&drafts, &name, complete, desk);
    let mut catalogue = Catalogue::default();
    let mut losses = vec![LossCause::of_nobody("nothing"), LossCause::of_nobody("the run ended")];
    debug_assert!(losses.len() == usize::from(UNFINISHED) + 1);
    let (mut nodes, mut traits) = (Vec::new(), Vec::new());
    for (index, Draft { name, path, kind, spec }) in (0_u16..).zip(drafts) {
        let mut site = Site::new(path, name.span, desk.sources, desk.found, desk.resolution);
        site.written("kind", At::new(kind.name.to_owned(), name.span));
        let mut own = Traits { span: name.span, ..Traits::default() };
        let mut site = NodeSite {
            site: &mut site,
            read: desk.read,
            plan: &plan,
            node: NodeId(index),
            catalogue: &mut catalogue,
            losses: &mut losses,
            traits: &mut own,
        };
        nodes.extend(spec.build(&mut site));
        traits.push(own);
    }
    let built = complete && nodes.len() == plan.nodes.len();
    let (name, entrances) = (name.value, entrances?);
    built.then(|| PipelineModel { name, plan, nodes, traits, catalogue, losses, entrances, faults: Vec::new() })
}

fn draft(node: super::spec::PartSpec, desk: &mut Desk<'_>) -> Option<Draft> {
    let super::spec::PartSpec { name, path, mut table } = node;
    let written = table.get("kind").cloned();
    let Some(kind) = take_kind(&mut table, &path, KINDS, desk.found) else {
        if let Some(Data::String(kind)) = written.map(|value| value.data) {
            misplaced::explain_kind(&kind, desk.found);
        }
        return None;
    };
    let mut told = Diagnostics::new();
    let spec = AnySpec::decode(kind.value, &table, &path, &mut told);
    misplaced::explain(&table, &mut told);
    desk.found.append(told);
    let spec = spec?;
    Some(Draft { name, path, kind: Kind::named(kind.value)?, spec })
}

fn planned(draft: &Draft) -> PlannedNode {
    PlannedNode::of(draft.name.value.clone(), draft.kind.name, draft.spec.as_node())
}

/// Whether every edge leads to a node, and a port of it, that takes such edges. A node that could not be decoded is not
/// missed (`complete` is false then).
fn check_edges(drafts: &[Draft], plan: &Plan, complete: bool, desk: &mut Desk<'_>) -> bool {
    let mut fine = true;
    for (draft, node) in drafts.iter().zip(&plan.nodes) {
        for edge in &node.edges {
            fine &= check_edge(draft, edge, drafts, plan, complete, desk);
        }
    }
    fine
}

fn check_edge(from: &Draft, edge: &Edge, drafts: &[Draft], plan: &Plan, complete: bool, desk: &mut Desk<'_>) -> bool {
    let (verb, name, span) = (edge.verb.phrase(), edge.node(), edge.to.span);
    let Some(index) = plan.nodes.iter().position(|node| node.name == name) else {
        if complete {
            let names = plan.nodes.iter().map(|node| node.name.as_str());
            let message = format!("`{}` {verb} `{name}`, but there is no such node in this pipeline", from.name.value);
            desk.found
                .error(span, "S024", message)
                .note(format!("nodes here: {}", names.clone().collect::<Vec<_>>().join(", ")))
                .did_you_mean(nearest(name, names));
        }
        return false;
    };
    let (target, ports) = (&drafts[index], &plan.nodes[index].ports);
    if !target.kind.accepts.contains(&edge.verb) {
        let message = format!("`{}` {verb} `{name}`, but `{name}` is {}", from.name.value, target.kind.noun);
        desk.found
            .error(span, "S025", message)
            .label(format!("{} does not take `{}`", target.kind.noun, edge.verb.word()))
            .hint(hint_for(from.kind, edge.verb, target.kind));
        return false;
    }
    match edge.port() {
        Some(port) if !ports.iter().any(|known| known == port) => {
            let message = format!("`{name}` has no part `{port}`");
            let diagnostic = desk.found.error(span, "S024", message);
            diagnostic.did_you_mean(nearest(port, ports.iter().map(String::as_str)));
            if ports.is_empty() {
                diagnostic.hint(format!("write `{name}` alone: {} has no parts", target.kind.noun));
            } else {
                diagnostic.note(format!("its parts: {}", ports.join(", ")));
            }
            false
        }
        None if target.spec.as_node().main_ports(name) > 1 => {
            let example = format!("{name}.{}", ports[0]);
            let message = format!("`{name}` has several destinations: {}", ports.join(", "));
            desk.found.error(span, "S024", message).hint(format!("name one of them: `{example}`"));
            false
        }
        _ => true,
    }
}

/// What to write instead of a verb that does not fit.
fn hint_for(from: &Kind, verb: Verb, target: &Kind) -> String {
    let fitting = |verbs: &[Verb]| verbs.iter().find(|verb| target.accepts.contains(verb)).map(|verb| verb.word());
    let word = match verb {
        Verb::Calls | Verb::Targets | Verb::Sends | Verb::From => fitting(&[Verb::Sends, Verb::Calls]),
        Verb::Polls | Verb::Reads | Verb::Consumes => fitting(&[Verb::Polls, Verb::Reads, Verb::Consumes]),
        Verb::Subscribers | Verb::DeadLetter | Verb::OnSuccess | Verb::OnFailure => None,
    };
    match (word, verb) {
        (Some("calls"), _) => "use `calls`: it answers, so somebody waits for it".to_owned(),
        (Some("sends"), _) => "use `sends`: it takes the message and answers at once".to_owned(),
        (Some(word), _) => format!("use `{word}`"),
        (None, Verb::Subscribers) => format!(
            "{} delivers to queues, functions, services, web endpoints, mailboxes, phones and delivery streams",
            from.noun
        ),
        (None, Verb::DeadLetter) => "a dead-letter queue is a queue of its own".to_owned(),
        (None, Verb::OnSuccess | Verb::OnFailure) => {
            "a function passes its events on to a standard queue, a standard topic or another function".to_owned()
        }
        (None, Verb::Polls | Verb::Reads | Verb::Consumes) => {
            format!("nothing can be fetched from {}: name what keeps the messages", target.noun)
        }
        (None, _) => format!("nothing can be handed to {}: put a queue between, from which it fetches", target.noun),
    }
}

/// Where each flow enters; every flow must enter every pipeline, or the designs would not meet the same traffic.
fn entrances(drafts: &[Draft], pipeline: &At<String>, complete: bool, desk: &mut Desk<'_>) -> Option<Vec<Entrance>> {
    let mut places = vec![Vec::new(); desk.flows.len()];
    let mut fine = true;
    for (index, draft) in (0_u16..).zip(drafts) {
        for flow in draft.spec.as_node().flows() {
            if let Some(flow) = desk.flows.iter().position(|known| known.name == flow.value) {
                places[flow].push(Endpoint { node: NodeId(index), port: 0 });
            } else {
                fine = false;
                if desk.flows.is_empty() || desk.wrong_flows.contains(&flow.value) {
                    // What is wrong with it was told where it is written.
                    continue;
                }
                let names = desk.flows.iter().map(|flow| flow.name.as_str());
                let message = format!("there is no traffic `{}`", flow.value);
                let diagnostic = desk.found.error(flow.span, "S020", message);
                diagnostic.note(format!("traffic: {}", names.clone().collect::<Vec<_>>().join(", ")));
                diagnostic.did_you_mean(nearest(&flow.value, names));
            }
        }
    }
    if complete && fine && !drafts.is_empty() {
        for (flow, places) in desk.flows.iter().zip(&places) {
            if places.is_empty() {
                fine = false;
                let message = format!("no node of pipeline `{}` takes the traffic `{}`", pipeline.value, flow.name);
                desk.found
                    .error(pipeline.span, "S026", message)
                    .note("all designs of a scenario meet the same traffic, so that they can be compared")
                    .hint(format!("write `from = \"{}\"` at the node where it enters", flow.name));
            }
        }
    }
    if fine { places.into_iter().map(Entrance::new).collect() } else { None }
}
