//! From the texts to the model: every case decoded, checked and built, all mistakes of all of them told at once.

use super::advice;
use super::expect::Expectation;
use super::fault::{Fault, FaultKind};
use super::load::{Case, Loaded};
use super::model::{CaseModel, Model, PipelineModel};
use super::names::{Names, NodeNames, PipelineNames};
use super::pipeline::{self, Desk};
use super::run::Run;
use super::spec::{PartSpec, ScenarioSpec};
use super::too_large;
use crate::components::{self, Plan};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::engine::random::fingerprint;
use crate::engine::{NodeId, SimDuration};
use crate::metrics::columns;
use crate::site::{Resolution, Site, Table, Value, decode};
use crate::traffic::{Flow, ReadFile, TrafficSpec, Work, WorkSpec};
use std::sync::Arc;

/// A scenario after resolving, with everything that was said about it.
pub struct Resolved {
    /// The model; none if there were errors.
    pub model: Option<Model>,
    /// Every value with its origin, by case.
    pub resolutions: Vec<(String, Resolution)>,
    /// Errors and warnings, each once.
    pub found: Diagnostics,
}

/// Resolves every case of a scenario. `name` stands for a missing title; `read` reads a file that the scenario names.
pub fn resolve(loaded: &Loaded, name: &str, read: &ReadFile<'_>, mut found: Diagnostics) -> Resolved {
    let mut cases = Vec::new();
    let mut resolutions = Vec::new();
    let mut head = None;
    let mut complete = true;
    let misread = misread_lines(&found, &loaded.sources);
    for case in &loaded.cases {
        let mut told = Diagnostics::new();
        let mut resolution = Resolution::new();
        let resolved = resolve_case(loaded, case, read, &mut told, &mut resolution);
        found.append_new(told);
        resolutions.push((case.name.clone(), resolution));
        match resolved {
            Some((model, title, question, expectations)) => {
                cases.push(model);
                head.get_or_insert((title, question, expectations));
            }
            None => complete = false,
        }
    }
    advice::once_each(&mut found);
    if !misread.is_empty() {
        drop_guesswork(&mut found, &loaded.sources, &misread);
    }
    let hash = resolutions.iter().fold(0_u64, |hash, (case, resolution)| {
        let text = resolution.canonical();
        hash.rotate_left(1) ^ fingerprint(case.as_bytes()) ^ fingerprint(text.as_bytes())
    });
    let model = head.filter(|_| complete && !found.has_errors()).map(|(title, question, expectations)| Model {
        title: title.unwrap_or_else(|| name.to_owned()),
        question: question.unwrap_or_default(),
        cases,
        expectations,
        hash,
    });
    Resolved { model, resolutions, found }
}

/// A line of one of the texts, counted from one.
type Line = (String, usize);

fn line_of(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Line> {
    let place = sources.place(diagnostic.span?)?;
    Some((place.name.to_owned(), place.line))
}

/// Whether the writing itself is at fault.
fn is_misread(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.code, "S001" | "S002")
}

/// The lines that could not be read, and whether the shape of the file suffers from it: a broken header or bracket
/// changes what the lines after it belong to.
fn misread_lines(found: &Diagnostics, sources: &SourceMap) -> Vec<(Line, bool)> {
    let misread = found.iter().filter(|diagnostic| is_misread(diagnostic));
    let line = |diagnostic: &Diagnostic| {
        let line = line_of(diagnostic, sources)?;
        let text = diagnostic.span.and_then(|span| sources.source_at(span.start)).map(|source| source.line(line.1));
        let shape = text.is_none_or(|text| text.contains(['[', ']', '{', '}']));
        Some((line, shape))
    };
    misread.filter_map(line).collect()
}

/// After mistakes in the writing, only findings about what does stand in other lines are kept: that something is
/// missing may follow from the line that could not be read.
fn drop_guesswork(found: &mut Diagnostics, sources: &SourceMap, misread: &[(Line, bool)]) {
    let shape = misread.iter().any(|(_, shape)| *shape);
    found.retain(|diagnostic| {
        let about_writing = matches!(diagnostic.code, "S003" | "S010" | "S011" | "S013" | "S014");
        let elsewhere =
            line_of(diagnostic, sources).is_some_and(|line| misread.iter().all(|(misread, _)| *misread != line));
        is_misread(diagnostic) || (about_writing && elsewhere && !shape)
    });
}

/// The names in a section as they are written, put into small letters: whatever refers to one of them has been told
/// what is wrong with it.
fn written_names(table: &Table, section: &str) -> Vec<String> {
    let section = table.get(section).and_then(Value::as_table);
    section.into_iter().flat_map(Table::names).map(str::to_lowercase).collect()
}

type CaseParts = (CaseModel, Option<String>, Option<String>, Vec<Expectation>);

fn resolve_case(
    loaded: &Loaded,
    case: &Case,
    read: &ReadFile<'_>,
    found: &mut Diagnostics,
    resolution: &mut Resolution,
) -> Option<CaseParts> {
    let table = loaded.case(case, found);
    let spec = ScenarioSpec::read(&table, found);
    let mut site = Site::new("", Span::new(0, 0), &loaded.sources, found, resolution);
    let title = site.optional("title", spec.title);
    let question = site.optional("question", spec.question);
    let run = spec.run.and_then(|run| run.value.resolve(&mut site.part("run", run.span)));
    let objective = spec.objective.and_then(|it| it.value.resolve(&mut site.part("objective", it.span)));
    let (wrong_flows, wrong_works) = (written_names(&table, "traffic"), written_names(&table, "work"));
    let places: Vec<(String, Span)> =
        spec.traffic.iter().map(|part| (part.name.value.clone(), part.name.span)).collect();
    let flows = flows(spec.traffic, &mut Parts { loaded, read, found, resolution });
    let works = works(spec.work, &mut Parts { loaded, read, found, resolution });
    let run = run?;
    let sample_every = run.grid();
    let plan = Plan { wrong_works, ..plan(&run, sample_every, &flows, &works) };
    let sources = &loaded.sources;
    let (mut pipelines, mut known) = (Vec::new(), Vec::new());
    for pipeline in spec.pipelines {
        let mut desk = Desk { sources, found, resolution, read, flows: &flows, wrong_flows: &wrong_flows, plan: &plan };
        let name = pipeline.name.value.clone();
        let built = pipeline::build(pipeline, &mut desk);
        known.push(pipeline_names(name, built.as_ref()));
        pipelines.extend(built);
    }
    let complete = pipelines.len() == known.len();
    let names = Names {
        cases: loaded.cases.iter().map(|case| case.name.clone()).collect(),
        metrics: columns(&run.percentiles).into_iter().map(|column| column.name).collect(),
        pipelines: known,
    };
    let mut faults = Vec::new();
    for (index, fault) in spec.faults.into_iter().enumerate() {
        let mut file = Site::new("", Span::new(0, 0), sources, found, resolution);
        faults.extend(fault.value.resolve(&names, &mut file.item("fault", index, fault.span)));
    }
    faults.retain(|fault| fault.applies_to(&case.name));
    let mut expectations = Vec::new();
    for (index, expect) in spec.expectations.into_iter().enumerate() {
        let mut file = Site::new("", Span::new(0, 0), sources, found, resolution);
        expectations.extend(expect.value.resolve(&names, &mut file.item("expect", index, expect.span)));
    }
    if !complete {
        return None;
    }
    for pipeline in &mut pipelines {
        plan_faults(pipeline, &faults);
    }
    let (flows, works) = (Arc::from(flows), Arc::from(works));
    let name = case.name.clone();
    let model = CaseModel { name, run, objective, sample_every, faults, pipelines, flows, works };
    too_large::check(&model, &places, found);
    advice::advise(&model, resolution, found);
    Some((model, title, question, expectations))
}

/// Where the parts of a case report.
struct Parts<'p> {
    loaded: &'p Loaded,
    read: &'p ReadFile<'p>,
    found: &'p mut Diagnostics,
    resolution: &'p mut Resolution,
}

impl Parts<'_> {
    fn site(&mut self, path: &str, span: Span) -> Site<'_> {
        Site::new(path, span, &self.loaded.sources, self.found, self.resolution)
    }
}

fn flows(parts: Vec<PartSpec>, desk: &mut Parts<'_>) -> Vec<Flow> {
    let mut flows = Vec::new();
    for PartSpec { name, path, table } in parts {
        let Some(spec) = decode::<TrafficSpec>(&table, &path, desk.found) else { continue };
        let read = desk.read;
        flows.extend(spec.build(&mut desk.site(&path, name.span), read));
    }
    flows
}

fn works(parts: Vec<PartSpec>, desk: &mut Parts<'_>) -> Vec<Work> {
    let mut works = Vec::new();
    for PartSpec { name, path, table } in parts {
        let Some(spec) = decode::<WorkSpec>(&table, &path, desk.found) else { continue };
        let read = desk.read;
        works.extend(spec.build(&mut desk.site(&path, name.span), read));
    }
    works
}

fn plan(run: &Run, sample_every: SimDuration, flows: &[Flow], works: &[Work]) -> Plan {
    Plan {
        nodes: Vec::new(),
        works: works.iter().map(|work| work.name.clone()).collect(),
        wrong_works: Vec::new(),
        flows: flows.iter().map(|flow| flow.name.clone()).collect(),
        flow_keys: flows.iter().map(|flow| flow.keys.clone()).collect(),
        flow_contents: flows.iter().map(|flow| flow.contents.clone()).collect(),
        horizon: run.duration + run.drain,
        sample_every,
    }
}

/// What faults and expectations can refer to in a design; of one that could not be built, its own name.
fn pipeline_names(name: String, built: Option<&PipelineModel>) -> PipelineNames {
    let Some(pipeline) = built else { return PipelineNames { name, nodes: Vec::new(), broken: true } };
    let columns = pipeline.node_columns();
    let of = |index: usize| columns.iter().filter(move |column| column.node.index() == index);
    let nodes = pipeline.plan.nodes.iter().enumerate().map(|(index, node)| NodeNames {
        name: node.name.clone(),
        metrics: of(index).map(crate::metrics::NodeColumn::name).collect(),
        kind: node.kind,
    });
    PipelineNames { name, nodes: nodes.collect(), broken: false }
}

/// The faults that hit nodes of this pipeline, by id.
fn plan_faults(pipeline: &mut PipelineModel, faults: &[Fault]) {
    for fault in faults {
        for (_, name) in fault.nodes.iter().filter(|(name, _)| *name == pipeline.name) {
            let Some(index) = pipeline.plan.nodes.iter().position(|node| node.name == *name) else { continue };
            let kind = match fault.kind {
                FaultKind::Down => components::FaultKind::Down,
                FaultKind::Hangs => components::FaultKind::Hangs,
                FaultKind::Slow { factor } => components::FaultKind::Slow(factor),
                FaultKind::Fails { share } => components::FaultKind::Fails(share),
                FaultKind::Kill { count } => components::FaultKind::Kill(count.unwrap_or(u32::MAX)),
                FaultKind::Interrupt { count } => components::FaultKind::Interrupt(count.unwrap_or(u32::MAX)),
                FaultKind::Standby { count, replaced } => {
                    components::FaultKind::Standby { count: count.unwrap_or(u32::MAX), replaced }
                }
                FaultKind::Reboot => components::FaultKind::Reboot,
                FaultKind::Crash => components::FaultKind::Crash,
                FaultKind::Redrive { rate } => components::FaultKind::Redrive(rate),
                FaultKind::Purge => components::FaultKind::Purge,
            };
            let node = NodeId(u16::try_from(index).expect("the number of nodes is bounded"));
            pipeline.faults.push(components::Fault { node, kind, from: fault.from, to: fault.to });
        }
    }
}
