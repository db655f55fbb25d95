//! What goes wrong on purpose, and when.

use serde::Deserialize;

pub use super::fault_kind::{FAULT_KINDS, FaultKind};
use super::fault_kind::{Keys, kind, label};
use super::names::{Names, NamesSpec, NodeNames, PipelineNames};
use crate::components::Kind;
use crate::diagnostic::{Span, clip, nearest};
use crate::engine::time::SimTime;
use crate::site::{At, Site};
use crate::units::{Duration, Rate, Share};

/// What a scenario may say in one `[[fault]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// Which node it hits: `pipeline.node`, or `*.node` for the node of that name in every pipeline.
    pub node: Option<At<String>>,
    /// `down`: it does nothing, and what it was doing is gone. `hangs`: a service stands still and refuses nothing; after
    /// that, it goes on where it was. `slow`: the work that it begins meanwhile takes longer, to its end, also after the
    /// fault; what it has begun before does not. `fails`: some of its requests fail. `kill`: consumers vanish in the middle
    /// of their work. `interrupt`: spot instances get their notice of two minutes, then they are
    /// gone. `reboot`, `crash`: a broker is away for as long as its deployment takes.
    /// Three are no faults, but what an operator does: `standby` takes machines out of service for a while, which end
    /// what they have begun; `redrive` sends dead letters of a queue back to where they came from, `purge` deletes
    /// everything in it.
    #[cfg_attr(test, schemars(extend("enum" = FAULT_KINDS)))]
    pub kind: Option<At<String>>,
    /// When it begins.
    pub from: Option<At<Duration>>,
    /// When it is over.
    pub to: Option<At<Duration>>,
    /// When consumers are killed, instances get their notice, a broker is rebooted or crashes, a queue is redriven or
    /// purged.
    pub at: Option<At<Duration>>,
    /// `slow`: how many times as long the work takes.
    pub factor: Option<At<f64>>,
    /// `fails`: how large a part of the requests fails.
    pub share: Option<At<Share>>,
    /// `kill`: how many consumers; `interrupt`, `standby`: how many instances. Default: all.
    pub count: Option<At<u32>>,
    /// `standby`: whether the group makes do with fewer machines meanwhile, instead of ordering others for them.
    pub should_decrement_desired_capacity: Option<At<bool>>,
    /// `redrive`: messages a second at most. Default: as fast as the service does it.
    pub rate: Option<At<Rate>>,
    /// In which cases it happens. Default: in all.
    pub case: Option<NamesSpec>,
}

/// A fault, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The nodes it hits, as pipeline and node; at least one.
    pub nodes: Vec<(String, String)>,
    /// What happens to them.
    pub kind: FaultKind,
    /// When it begins.
    pub from: SimTime,
    /// When it is over; equal to `from` for what happens in an instant.
    pub to: SimTime,
    /// In which cases; nothing: in all.
    pub cases: Option<Vec<String>>,
    /// What a chart writes beside it: `encoders down`.
    pub label: String,
    /// Where it is written.
    pub span: Span,
}

impl Fault {
    /// Whether it happens in the case of that name.
    pub fn applies_to(&self, case: &str) -> bool {
        self.cases.as_ref().is_none_or(|cases| cases.iter().any(|name| name == case))
    }
}

impl FaultSpec {
    /// Checks one fault and fills in what is not written. `site` is that of `fault[N]`.
    pub fn resolve(self, names: &Names, site: &mut Site<'_>) -> Option<Fault> {
        let span = site.span();
        let mut fine = self.check_keys(site);
        let decrements = self.should_decrement_desired_capacity.map(|at| at.span);
        let node = self.node.clone().and_then(|node| targets(&node, names, site));
        let written_node = self.node.clone();
        let node_name = site.required("node", self.node);
        let Self { factor, share, count, should_decrement_desired_capacity, rate, .. } = self;
        let kind = kind(self.kind, Keys { factor, share, count, should_decrement_desired_capacity, rate }, site);
        let known: Vec<&str> = names.cases.iter().map(String::as_str).collect();
        let written = self.case.is_some();
        let cases = self.case.and_then(|cases| cases.resolve("case", "case", &known, site));
        fine &= cases.is_some() == written;
        let end_span = self.to.map(|to| to.span);
        if let (Some(kind), Some(node), Some(hit)) = (kind, &written_node, &node) {
            fine &= check_effect(kind, node.span, hit, names, site) && check_group(decrements, hit, names, site);
        }
        let (from, to) = if kind?.is_instant() {
            let at = site.required("at", self.at)?;
            (at, at)
        } else {
            let from = site.required("from", self.from);
            let to = site.required("to", self.to);
            (from?, to?)
        };
        if let Some(span) = end_span.filter(|_| to <= from) {
            site.error(span, "S031", "the fault ends before it begins").label(format!("must be after {from}"));
            return None;
        }
        let time = |at: Duration| SimTime::from_nanos(at.get().as_nanos());
        let label = label(&node_name?, kind?);
        let fault = Fault { nodes: node?, kind: kind?, from: time(from), to: time(to), cases, label, span };
        fine.then_some(fault)
    }

    /// Keys that belong to another kind of fault would be ignored, so they are errors.
    fn check_keys(&self, site: &mut Site<'_>) -> bool {
        let Some(kind) = &self.kind else { return true };
        let decrements = self.should_decrement_desired_capacity.map(|at| at.span);
        let keys: [(&str, Option<Span>, &[&str]); 8] = [
            ("factor", self.factor.as_ref().map(|at| at.span), &["slow"]),
            ("share", self.share.as_ref().map(|at| at.span), &["fails"]),
            ("count", self.count.as_ref().map(|at| at.span), &["kill", "interrupt", "standby"]),
            ("should_decrement_desired_capacity", decrements, &["standby"]),
            ("at", self.at.as_ref().map(|at| at.span), &["kill", "interrupt", "reboot", "crash", "redrive", "purge"]),
            ("rate", self.rate.as_ref().map(|at| at.span), &["redrive"]),
            ("from", self.from.as_ref().map(|at| at.span), &["down", "hangs", "slow", "fails", "standby"]),
            ("to", self.to.as_ref().map(|at| at.span), &["down", "hangs", "slow", "fails", "standby"]),
        ];
        let mut fine = true;
        for (key, span, kinds) in keys {
            let known = FAULT_KINDS.contains(&kind.value.as_str());
            if let Some(span) = span.filter(|_| known && !kinds.contains(&kind.value.as_str())) {
                fine = false;
                site.error(span, "S032", format!("`{key}` means nothing for the fault `{}`", kind.value))
                    .label(format!("only for {}", kinds.join(", ")))
                    .hint("leave it out, or write another `kind`");
            }
        }
        fine
    }
}

/// Whether the fault changes what these nodes do; an error at `span` if not. What is wrong with a node that could not be
/// built was told elsewhere.
fn check_effect(kind: FaultKind, span: Span, hit: &[(String, String)], names: &Names, site: &mut Site<'_>) -> bool {
    let word = kind.word();
    for (pipeline, node) in hit {
        let known = names.pipeline(pipeline).and_then(|pipeline| pipeline.node(node));
        let Some(kind) = known.and_then(|node| Kind::named(node.kind)) else { continue };
        if !kind.faults.contains(&word) {
            site.error(span, "S035", format!("`{node}` is {}, and `{word}` does nothing to it", kind.noun))
                .note(format!("what can happen to {}: {}", kind.noun, kind.faults.join(", ")))
                .hint(match word {
                    "interrupt" | "standby" => "only machines of `workers` can be taken away",
                    "kill" => "only those who work on messages can be killed: `workers` and a `reader`",
                    "redrive" | "purge" => "only a queue can be redriven or purged",
                    "hangs" => "only a `service` can stand still; another is `slow`, or `down`",
                    "reboot" | "crash" => "say how long it is away: `kind = \"down\"` with `from` and `to`",
                    _ => "let it be slow at those who ask it: they say how long their requests take",
                });
            return false;
        }
    }
    true
}

/// Whether there is a group whose capacity can be decremented, where the scenario speaks of it.
fn check_group(written: Option<Span>, hit: &[(String, String)], names: &Names, site: &mut Site<'_>) -> bool {
    let Some(span) = written else { return true };
    let is_group = |(pipeline, node): &(String, String)| {
        let Some(known) = names.pipeline(pipeline) else { return true };
        // A group counts its machines.
        let counts = |node: &NodeNames| node.metrics.iter().any(|metric| metric.starts_with("instances_desired"));
        known.broken || known.node(node).is_none_or(counts)
    };
    if hit.iter().any(is_group) {
        return true;
    }
    site.error(span, "S032", "`should_decrement_desired_capacity` has no effect on workers without `auto_scaling`")
        .hint("leave it out: nobody orders others for them");
    false
}

/// The nodes that `pipeline.node` or `*.node` means.
fn targets(written: &At<String>, names: &Names, site: &mut Site<'_>) -> Option<Vec<(String, String)>> {
    let text = written.value.as_str();
    let Some((pipeline, node)) = text.split_once('.') else {
        site.error(written.span, "S020", format!("`{}` does not say in which pipeline", clip(text, 60)))
            .hint(format!("write `*.{}` for all of them", clip(text, 60)));
        return None;
    };
    if pipeline != "*" && names.pipeline(pipeline).is_none() {
        site.error(written.span, "S020", format!("there is no pipeline `{}`", clip(pipeline, 60)))
            .did_you_mean(nearest(pipeline, names.pipeline_names()));
        return None;
    }
    let meant = names.pipelines.iter().filter(|known| pipeline == "*" || known.name == pipeline);
    let hit: Vec<_> = meant
        .clone()
        .filter(|known| known.broken || known.node(node).is_some())
        .map(|known| (known.name.clone(), node.to_owned()))
        .collect();
    if hit.is_empty() {
        let known: Vec<&str> = meant.flat_map(PipelineNames::node_names).collect();
        let place = if pipeline == "*" { "any pipeline".to_owned() } else { format!("`{pipeline}`") };
        site.error(written.span, "S020", format!("there is no node `{}` in {place}", clip(node, 60)))
            .did_you_mean(nearest(node, known));
        return None;
    }
    Some(hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Look, SourceMap, render};
    use crate::site::{Resolution, decode, parse};

    fn resolve(text: &str) -> (Option<Fault>, String) {
        let kind = |name: &str| match name {
            "broker" => "mq",
            "jobs" => "sqs",
            "encoders" => "workers",
            _ => "service",
        };
        let node = |name: &str| NodeNames { name: name.to_owned(), metrics: Vec::new(), kind: kind(name) };
        let pipeline = |name: &str, nodes: &[&str]| PipelineNames {
            name: name.to_owned(),
            nodes: nodes.iter().map(|name| node(name)).collect(),
            broken: false,
        };
        let names = Names {
            cases: vec!["ten".to_owned(), "thousand".to_owned()],
            metrics: Vec::new(),
            pipelines: vec![pipeline("queued", &["web", "jobs", "encoders"]), pipeline("direct", &["web", "broker"])],
        };
        let mut found = Diagnostics::new();
        let mut sources = SourceMap::new();
        sources.add("a.toml", text);
        let table = parse(text, 0, &mut found);
        let spec: FaultSpec = decode(&table, "fault[0]", &mut found).expect("it decodes");
        let mut resolution = Resolution::new();
        let fault =
            spec.resolve(&names, &mut Site::new("fault[0]", Span::new(0, 0), &sources, &mut found, &mut resolution));
        assert_eq!(fault.is_none(), found.has_errors());
        (fault, render(&found, &sources, Look::Plain))
    }

    #[test]
    fn every_kind_of_fault_is_resolved() {
        let fault =
            resolve("node = 'queued.encoders'\nkind = 'down'\nfrom = '1min'\nto = '2min'").0.expect("it is fine");
        assert_eq!(fault.nodes, [("queued".to_owned(), "encoders".to_owned())]);
        assert_eq!((fault.kind, fault.label.as_str()), (FaultKind::Down, "encoders down"));
        assert_eq!((fault.from.as_secs_f64(), fault.to.as_secs_f64()), (60.0, 120.0));
        assert!(fault.applies_to("ten"));
        let fault = resolve("node = '*.web'\nkind = 'slow'\nfactor = 3\nfrom = '0s'\nto = '1s'\ncase = 'ten'").0;
        let fault = fault.expect("it is fine");
        assert_eq!((fault.nodes.len(), fault.kind), (2, FaultKind::Slow { factor: 3.0 }));
        assert!(fault.applies_to("ten") && !fault.applies_to("thousand"));
        let fails = "node = '*.web'\nkind = 'fails'\nshare = '5%'\nfrom = '0s'\nto = '1s'\ncase = ['ten', 'thousand']";
        assert_eq!(resolve(fails).0.map(|fault| fault.kind), Some(FaultKind::Fails { share: 0.05 }));
        let fault = resolve("node = 'direct.broker'\nkind = 'crash'\nat = '1min'").0.expect("it is fine");
        assert_eq!((fault.kind, fault.from == fault.to), (FaultKind::Crash, true));
        let fault = resolve("node = 'queued.encoders'\nkind = 'kill'\nat = '1min'\ncount = 2").0.expect("it is fine");
        assert_eq!((fault.kind, fault.from == fault.to), (FaultKind::Kill { count: Some(2) }, true));
        let fault = resolve("node = 'queued.encoders'\nkind = 'interrupt'\nat = '1min'").0.expect("it is fine");
        assert_eq!((fault.kind, fault.label.as_str()), (FaultKind::Interrupt { count: None }, "encoders interrupted"));
        let standby = "node = 'queued.encoders'\nkind = 'standby'\nfrom = '1min'\nto = '2min'\ncount = 1";
        let fault = resolve(standby).0.expect("it is fine");
        let kind = FaultKind::Standby { count: Some(1), replaced: false };
        assert_eq!((fault.kind, fault.label.as_str()), (kind, "encoders on standby"));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, part) in [
            ("kind = 'down'\nfrom = '1s'\nto = '2s'", "`fault[0]` needs `node`"),
            ("node = 'web'\nkind = 'down'\nfrom = '1s'\nto = '2s'", "write `*.web` for all of them"),
            ("node = 'queud.web'\nkind = 'down'\nfrom = '1s'\nto = '2s'", "did you mean `queued`?"),
            ("node = '*.encoder'\nkind = 'down'\nfrom = '1s'\nto = '2s'", "did you mean `encoders`?"),
            ("node = '*.web'\nkind = 'dwon'\nfrom = '1s'\nto = '2s'", "did you mean `down`?"),
            ("node = '*.web'\nkind = 'down'\nto = '2s'", "`fault[0]` needs `from`"),
            ("node = '*.web'\nkind = 'down'\nfrom = '3s'\nto = '2s'", "the fault ends before it begins"),
            ("node = '*.web'\nkind = 'slow'\nfrom = '1s'\nto = '2s'", "`fault[0]` needs `factor`"),
            ("node = '*.web'\nkind = 'slow'\nfactor = -1\nfrom = '1s'\nto = '2s'", "work cannot take -1 times as long"),
            ("node = '*.web'\nkind = 'down'\nfactor = 2\nfrom = '1s'\nto = '2s'", "`factor` means nothing"),
            ("node = '*.web'\nkind = 'kill'\nfrom = '1s'\nto = '2s'", "`from` means nothing for the fault `kill`"),
            ("node = '*.web'\nkind = 'reboot'\nat = '1s'", "`web` is a service, and `reboot` does nothing to it"),
            ("node = '*.web'\nkind = 'kill'\nat = '1s'", "only those who work on messages can be killed"),
            (
                "node = '*.jobs'\nkind = 'slow'\nfactor = 2\nfrom = '1s'\nto = '2s'",
                "what can happen to a queue: down, fails, redrive, purge",
            ),
            ("node = '*.broker'\nkind = 'crash'\nfrom = '1s'\nto = '2s'", "`from` means nothing for the fault `crash`"),
            ("node = '*.encoders'\nkind = 'kill'\nat = '1s'\ncount = 0", "killing nobody is no fault"),
            (
                "node = '*.encoders'\nkind = 'standby'\nfrom = '1s'\nto = '2s'\ncount = 0",
                "nobody on standby is no change",
            ),
            (
                "node = '*.encoders'\nkind = 'standby'\nfrom = '1s'\nto = '2s'\n\
                 should_decrement_desired_capacity = false",
                "no effect on workers without `auto_scaling`",
            ),
            ("node = '*.web'\nkind = 'standby'\nfrom = '1s'\nto = '2s'", "only machines of `workers`"),
            ("node = '*.encoders'\nkind = 'kill'\nat = '1s'\ncase = ['ten', 'thosand']", "did you mean `thousand`?"),
        ] {
            let told = resolve(text).1;
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
