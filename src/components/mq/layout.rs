//! The names that others use for the queues and topics of a broker, and which of them leads where.

use super::spec::{EngineSpec, MqSpec};
use crate::components::spec::{OneOrMany, many};
use crate::components::{Edge, NodeSite, Verb};
use crate::engine::{NodeId, SimDuration};
use crate::site::At;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Ports of a broker at most.
const PORTS_MAX: usize = 10_000;

/// Names as written, each with others: topics with the queues that are bound to them, queues with patterns.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TopicsSpec(pub Vec<(String, At<OneOrMany<String>>)>);

impl<'de> Deserialize<'de> for TopicsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Topics;
        impl<'de> Visitor<'de> for Topics {
            type Value = TopicsSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table in which each name has a name or a list of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TopicsSpec, A::Error> {
                let mut topics = Vec::new();
                while let Some(topic) = map.next_entry()? {
                    topics.push(topic);
                }
                Ok(TopicsSpec(topics))
            }
        }
        deserializer.deserialize_map(Topics)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for TopicsSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Topics".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let queues = generator.subschema_for::<OneOrMany<String>>();
        schemars::json_schema!({ "type": "object", "additionalProperties": queues })
    }
}

/// Where each port of a broker leads. The ports are its queues, its topics, the queues that only a topic names, and
/// last the dead-letter queue, if nothing else names it.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// By port: the queues that get what is sent there. One for a queue.
    pub ports: Vec<Vec<u16>>,
    /// Number of queues.
    pub queues: u16,
    /// The dead-letter queue.
    pub dead_letter: Option<u16>,
    /// Senders that say how long their messages may wait, each with the port to which it sends them.
    pub expirations: Vec<Expiration>,
    /// By node: the queue that it consumes.
    consumed: Vec<Option<u16>>,
}

/// How long the messages of a sender to a port may wait in a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiration {
    node: NodeId,
    port: u16,
    pub after: SimDuration,
}

/// The ports with their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Names of the ports.
    pub ports: Vec<String>,
    /// How many of them, from the first, somebody may mean who names none.
    pub main: usize,
}

impl Layout {
    /// What this sender says about how long its messages to a port may wait: a number, 0 if nothing.
    pub(super) fn expiration(&self, sender: Option<NodeId>, port: u16) -> u16 {
        let is_it = |rule: &Expiration| Some(rule.node) == sender && rule.port == port;
        let place = self.expirations.iter().position(is_it).map_or(0, |place| place + 1);
        u16::try_from(place).expect("the number of nodes of a pipeline is bounded")
    }

    /// How long a message may wait of which the sender says what has this number.
    pub(super) fn expires_after(&self, number: u16) -> Option<SimDuration> {
        self.expirations.get(usize::from(number).checked_sub(1)?).map(|rule| rule.after)
    }

    /// The queue that the fleet `node` consumes.
    pub(super) fn consumed_by(&self, node: NodeId) -> Option<u16> {
        self.consumed.get(node.index()).copied().flatten()
    }
}

/// The queues as written; if there are none and no topics, one that is called like the broker.
fn queues(spec: &MqSpec, name: &str) -> Vec<String> {
    match (&spec.queues, &spec.topics, &spec.bindings) {
        (None, None, None) => vec![name.to_owned()],
        (written, ..) => many(written.clone()).into_iter().map(|at| at.value).collect(),
    }
}

/// The ports of a broker called `name`; a name that is written twice counts once.
pub(super) fn names(spec: &MqSpec, name: &str, dead_letter: Option<&str>) -> Names {
    let mut ports = Vec::new();
    let mut add = |name: &String| {
        if !ports.contains(name) {
            ports.push(name.clone());
        }
    };
    queues(spec, name).iter().for_each(&mut add);
    let topics = spec.all_topics();
    for (topic, _) in &topics {
        add(topic);
    }
    for queue in topics.iter().flat_map(|(_, bound)| &bound.value.0) {
        add(&queue.value);
    }
    spec.bindings.iter().flat_map(|at| &at.value.0).for_each(|(queue, _)| add(queue));
    let main = ports.len();
    if let Some(dead_letter) = dead_letter.filter(|name| !ports.iter().any(|port| port == name)) {
        ports.push(dead_letter.to_owned());
    }
    Names { ports, main }
}

/// Checks what is written and lays out the ports; records what there is.
pub(super) fn build(spec: &MqSpec, dead_letter: Option<&str>, site: &mut NodeSite<'_, '_>) -> Option<Layout> {
    let name = site.site.name().to_owned();
    let names = names(spec, &name, dead_letter);
    let topics = spec.all_topics();
    let mut sound = check_names(spec, &topics, site) & spec.check_bindings(site);
    if !(1..=PORTS_MAX).contains(&names.main) {
        let span = spec.queues.as_ref().map_or(site.site.span(), |at| at.span);
        site.site.error(span, "S031", format!("a broker has from one to {PORTS_MAX} queues and topics"));
        return None;
    }
    let is_topic = |port: &String| topics.iter().any(|(topic, _)| topic == port);
    let queue_names: Vec<&String> = names.ports.iter().filter(|port| !is_topic(port)).collect();
    let number = |queue: &str| {
        let place = queue_names.iter().position(|name| *name == queue)?;
        u16::try_from(place).ok()
    };
    let leads_to = |port: &String| match topics.iter().find(|(topic, _)| topic == port) {
        Some((_, bound)) => bound.value.0.iter().filter_map(|queue| number(&queue.value)).collect(),
        None => number(port).into_iter().collect(),
    };
    let ports = names.ports.iter().map(leads_to).collect();
    let mut consumed = vec![None; site.plan.nodes.len()];
    let edges: Vec<(NodeId, At<String>, String)> = site
        .incoming(Verb::Consumes)
        .into_iter()
        .map(|(node, edge)| (node, edge.to.clone(), edge.port().unwrap_or(&names.ports[0]).to_owned()))
        .collect();
    for (node, to, port) in edges {
        if let Some((_, bound)) = topics.iter().find(|(topic, _)| *topic == port) {
            sound = false;
            let error =
                site.site.error(to.span, "S022", format!("`{}` is a topic, and a topic keeps nothing", to.value));
            if let Some(queue) = bound.value.0.first() {
                error.hint(format!("consume a queue that is bound to it: `{name}.{}`", queue.value));
            }
        }
        consumed[node.index()] = number(&port);
    }
    let dead_letter = dead_letter.and_then(number);
    let expirations = expirations(spec, &names, site)?;
    record(spec, &name, site);
    sound.then(|| Layout {
        ports,
        queues: u16::try_from(queue_names.len()).unwrap_or(u16::MAX),
        dead_letter,
        expirations,
        consumed,
    })
}

/// What senders say about how long their messages may wait; nothing if something is wrong with it.
fn expirations(spec: &MqSpec, names: &Names, site: &mut NodeSite<'_, '_>) -> Option<Vec<Expiration>> {
    let edges: Vec<(NodeId, Edge)> =
        site.incoming(Verb::Sends).into_iter().map(|(node, edge)| (node, edge.clone())).collect();
    let mut found = Vec::new();
    let mut sound = true;
    for (node, edge) in edges {
        let Some(at) = edge.expiration else { continue };
        let wrong = if spec.engine.is_some_and(|engine| engine.value == EngineSpec::ActiveMq) {
            Some(("ActiveMQ looks for such messages all over its queues, which is not simulated", "leave it out"))
        } else if at.value.get().is_zero() {
            Some(("a message that may not wait at all is never delivered", "give it some time"))
        } else {
            None
        };
        if let Some((message, hint)) = wrong {
            sound = false;
            site.site.error(at.span, "S035", message).hint(hint);
        }
        let port = edge.port().and_then(|port| names.ports.iter().position(|name| name == port)).unwrap_or(0);
        found.push(Expiration { node, port: u16::try_from(port).ok()?, after: at.value.get() });
    }
    sound.then_some(found)
}

/// Whether every name can be one, and none is both a queue and a topic.
fn check_names(spec: &MqSpec, topics: &[(String, At<OneOrMany<String>>)], site: &mut NodeSite<'_, '_>) -> bool {
    let queues = many(spec.queues.clone());
    let bound = topics.iter().flat_map(|(_, bound)| many(Some(bound.clone())));
    let queues: Vec<At<String>> = queues.into_iter().chain(bound).chain(spec.dead_letter.clone()).collect();
    let mut sound = true;
    for queue in &queues {
        sound &= site.site.check_name(queue, "queue");
    }
    let listed = many(spec.queues.clone());
    for (index, queue) in listed.iter().enumerate() {
        if listed[..index].iter().any(|other| other.value == queue.value) {
            sound = false;
            site.site.error(queue.span, "S035", format!("the queue `{}` is listed twice", queue.value));
        }
    }
    for (topic, bound) in topics {
        let topic = At::new(topic.clone(), bound.span);
        sound &= spec.is_routing_key(&topic.value) || site.site.check_name(&topic, "topic");
        if let Some(queue) = queues.iter().find(|queue| queue.value == topic.value) {
            sound = false;
            site.site.error(queue.span, "S035", format!("`{}` is both a queue and a topic", queue.value));
        }
    }
    sound
}

fn record(spec: &MqSpec, name: &str, site: &mut NodeSite<'_, '_>) {
    match &spec.queues {
        Some(at) => {
            let names: Vec<String> = at.value.0.iter().map(|queue| queue.value.clone()).collect();
            site.site.written("queues", At::new(names, at.span));
        }
        None if spec.topics.is_none() && spec.bindings.is_none() => {
            site.site.or_default("queues", None, vec![name.to_owned()], "one queue, called like the broker");
        }
        None => {}
    }
    if let Some(topics) = &spec.topics {
        let mut part = site.site.part("topics", topics.span);
        for (topic, bound) in &topics.value.0 {
            let queues: Vec<String> = bound.value.0.iter().map(|queue| queue.value.clone()).collect();
            part.written(topic, At::new(queues, bound.span));
        }
    }
    spec.record_bindings(site);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::NodeSpec;
    use crate::diagnostic::Diagnostics;
    use crate::site::{decode, parse};

    #[test]
    fn who_names_no_port_means_the_only_one_that_is_not_for_dead_letters() {
        for (text, main, ports) in [
            ("engine = 'activemq'", 1, "jobs, dlq"),
            ("engine = 'activemq'\npersistent = false", 1, "jobs"),
            ("engine = 'rabbitmq'\ndead_letter = 'failed'", 1, "jobs, failed"),
            ("engine = 'rabbitmq'\nqueues = ['a', 'b']", 2, "a, b"),
            ("engine = 'rabbitmq'\ntopics = { t = ['a', 'b'], u = 'b' }", 4, "t, u, a, b"),
            ("engine = 'rabbitmq'\nqueues = 'a'\ntopics = { t = 'a' }\ndead_letter = 'a'", 2, "a, t"),
        ] {
            let mut found = Diagnostics::new();
            let spec: MqSpec = decode(&parse(text, 0, &mut found), "jobs", &mut found).expect("it decodes");
            assert_eq!((spec.main_ports("jobs"), spec.ports("jobs").join(", ").as_str()), (main, ports), "{text}");
        }
    }
}
