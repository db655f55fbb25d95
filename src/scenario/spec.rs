//! The sections of a scenario, each with its place; traffic, work and nodes stay raw tables, because only their own
//! modules know what may stand in them.

use serde::Deserialize;

use super::expect::ExpectSpec;
use super::fault::FaultSpec;
use super::run::{ObjectiveSpec, RunSpec};
use crate::diagnostic::{Diagnostics, Span, clip, nearest};
use crate::site::{At, Data, Entry, Key, Table, Value, check_name, decode};

/// Every key that may stand at the top of a scenario. `extends` and `case` are dealt with before decoding.
pub const KEYS: [&str; 11] =
    ["title", "question", "extends", "run", "traffic", "work", "objective", "case", "pipeline", "fault", "expect"];

/// One scenario in one case, as written.
#[derive(Debug)]
pub struct ScenarioSpec {
    /// What the scenario is called.
    pub title: Option<At<String>>,
    /// What it asks.
    pub question: Option<At<String>>,
    /// How long and how often; nothing if it is wrong or not written.
    pub run: Option<At<RunSpec>>,
    /// What counts as good; nothing if it is wrong, empty if it is not written.
    pub objective: Option<At<ObjectiveSpec>>,
    /// The traffic, by name.
    pub traffic: Vec<PartSpec>,
    /// The work, by name.
    pub work: Vec<PartSpec>,
    /// The designs, in the order of the text.
    pub pipelines: Vec<PipelineSpec>,
    /// What goes wrong, and when.
    pub faults: Vec<At<FaultSpec>>,
    /// What the author expects to come out.
    pub expectations: Vec<At<ExpectSpec>>,
}

/// A named table whose keys its own module knows.
#[derive(Debug, Clone)]
pub struct PartSpec {
    /// Its name, as in `uploads`.
    pub name: At<String>,
    /// Where it stands, as in `traffic.uploads`.
    pub path: String,
    /// What it says.
    pub table: Table,
}

/// A design: its nodes in the order of the text.
#[derive(Debug, Clone)]
pub struct PipelineSpec {
    /// Its name, as in `queued`.
    pub name: At<String>,
    /// Its nodes; at least one.
    pub nodes: Vec<PartSpec>,
}

#[derive(Debug, Default, Deserialize)]
struct HeadSpec {
    title: Option<At<String>>,
    question: Option<At<String>>,
}

impl ScenarioSpec {
    /// Reads the sections of a scenario, telling every mistake in them. What could not be read is as if it were not
    /// written, so the result is only worth running if no error was found.
    pub fn read(table: &Table, found: &mut Diagnostics) -> Self {
        let unknown = table.iter().filter(|entry| !KEYS.contains(&entry.key.name.as_str()));
        for entry in unknown.take(UNKNOWN_MAX) {
            let near = nearest(&entry.key.name, KEYS);
            found
                .error(entry.key.span, "S010", format!("unknown key `{}` in the file", clip(&entry.key.name, 60)))
                .label("not a section or key of a scenario")
                .did_you_mean(near)
                .note(format!("sections and keys are {}", KEYS.join(", ")));
            if let Some(near) = near {
                found.misspelt(near);
            }
        }
        let mut head = Table::new(Span::new(0, 0), false);
        for name in ["title", "question"] {
            if let Some(entry) = table.entry(name) {
                head.insert(entry.key.clone(), entry.value.clone());
            }
        }
        let head = decode::<HeadSpec>(&head, "", found).unwrap_or_default();
        let traffic = parts(table, "traffic", found);
        if table.get("traffic").is_none() {
            needs(found, "traffic", "`[traffic.NAME]` says what arrives, and when");
        }
        if table.get("run").is_none() {
            needs(found, "run", "write `[run]`, and below it `duration = \"30min\"`: how long new jobs come");
        }
        let run = table.get("run").is_some().then(|| section(table, "run", found)).flatten();
        Self {
            title: head.title,
            question: head.question,
            run,
            objective: section(table, "objective", found),
            traffic,
            work: parts(table, "work", found),
            pipelines: pipelines(table, found),
            faults: list(table, "fault", found),
            expectations: list(table, "expect", found),
        }
    }
}

/// More of anything than this is no scenario that a person could read, and would keep the checks busy for minutes.
const PIPELINES_MAX: usize = 50;
const PARTS_MAX: usize = 500;
const LISTED_MAX: usize = 500;
/// More unknown keys than this say nothing new.
const UNKNOWN_MAX: usize = 40;

/// Whether there are at most `most` of something; an error at `span` if not.
fn few(count: usize, most: usize, what: &str, span: Span, found: &mut Diagnostics) -> bool {
    if count > most {
        found.error(span, "S015", format!("there are {count} {what}; at most {most} are taken"));
    }
    count <= most
}

fn needs(found: &mut Diagnostics, section: &str, hint: &str) {
    if !found.is_misspelt(section) {
        found.error(Span::new(0, 0), "S012", format!("the file needs `{section}`")).hint(hint);
    }
}

/// A section that is one table; as if empty if it is not written.
fn section<T: Default + for<'de> Deserialize<'de>>(
    table: &Table,
    name: &str,
    found: &mut Diagnostics,
) -> Option<At<T>> {
    let Some(value) = table.get(name) else { return Some(At::new(T::default(), Span::new(0, 0))) };
    let spec = decode(as_table(value, name, found)?, name, found)?;
    Some(At::new(spec, value.span))
}

fn as_table<'t>(value: &'t Value, path: &str, found: &mut Diagnostics) -> Option<&'t Table> {
    if value.as_table().is_none() {
        let message = format!("`{}` must be a table, not {}", clip(path, 120), value.data.noun());
        found.error(value.span, "S011", message).hint(format!("write `[{}]`, then its keys", clip(path, 120)));
    }
    value.as_table()
}

/// The named tables of a section.
fn parts(table: &Table, section: &str, found: &mut Diagnostics) -> Vec<PartSpec> {
    let Some(value) = table.get(section) else { return Vec::new() };
    let Some(table) = as_table(value, &format!("{section}.NAME"), found) else { return Vec::new() };
    if !few(table.len(), PARTS_MAX, &format!("parts in `{section}`"), value.span, found) {
        return Vec::new();
    }
    let what = match section {
        "traffic" => "flow of traffic",
        "work" => "kind of work",
        other => other,
    };
    table.iter().filter_map(|entry| part(entry, section, what, found)).collect()
}

fn part(entry: &Entry, path: &str, what: &str, found: &mut Diagnostics) -> Option<PartSpec> {
    let Entry { key: Key { name, span }, value } = entry;
    let named = check_name(&entry.key, what, found);
    let path = format!("{path}.{name}");
    let table = as_table(value, &path, found)?.clone();
    named.then(|| PartSpec { name: At::new(name.clone(), *span), path, table })
}

fn pipelines(table: &Table, found: &mut Diagnostics) -> Vec<PipelineSpec> {
    const HINT: &str = "`[pipeline.NAME.NODE]` is one node of one design";
    let Some(value) = table.get("pipeline") else {
        needs(found, "pipeline", HINT);
        return Vec::new();
    };
    let Some(table) = as_table(value, "pipeline.NAME.NODE", found) else { return Vec::new() };
    let mut pipelines = Vec::new();
    if !few(table.len(), PIPELINES_MAX, "pipelines", value.span, found) {
        return pipelines;
    }
    for entry in table.iter() {
        if is_lonely_node(entry, found) {
            continue;
        }
        let Some(pipeline) = part(entry, "pipeline", "pipeline", found) else { continue };
        if !few(pipeline.table.len(), PARTS_MAX, "nodes", pipeline.table.span(), found) {
            continue;
        }
        let nodes = pipeline.table.iter().filter_map(|node| part(node, &pipeline.path, "node", found)).collect();
        if pipeline.table.is_empty() {
            let message = format!("`{}` has no nodes", pipeline.path);
            found.error(pipeline.table.span(), "S012", message).hint(HINT);
        }
        pipelines.push(PipelineSpec { name: pipeline.name, nodes });
    }
    pipelines
}

/// Whether a node is written where a pipeline should be; an error if so.
fn is_lonely_node(entry: &Entry, found: &mut Diagnostics) -> bool {
    let kind = entry.value.as_table().and_then(|table| table.get("kind"));
    let lonely = kind.is_some_and(|kind| kind.as_table().is_none());
    if lonely {
        let name = clip(&entry.key.name, 40);
        found
            .error(entry.key.span, "S011", format!("`pipeline.{name}` has a `kind`, as only a node has"))
            .label("a pipeline is expected here, then a node")
            .hint(format!("write `[pipeline.main.{name}]`, if `main` is the name of the pipeline"));
    }
    lonely
}

/// A section that is a list of tables.
fn list<T: for<'de> Deserialize<'de>>(table: &Table, name: &str, found: &mut Diagnostics) -> Vec<At<T>> {
    let Some(value) = table.get(name) else { return Vec::new() };
    let Data::Array(items) = &value.data else {
        let message = format!("`{name}` must be a list of tables, not {}", value.data.noun());
        found.error(value.span, "S011", message).hint(format!("write `[[{name}]]`, then its keys"));
        return Vec::new();
    };
    if !few(items.len(), LISTED_MAX, &format!("tables in `{name}`"), value.span, found) {
        return Vec::new();
    }
    let item = |(index, item): (usize, &Value)| {
        let path = format!("{name}[{index}]");
        let spec = decode(as_table(item, &path, found)?, &path, found)?;
        Some(At::new(spec, item.span))
    };
    items.iter().enumerate().filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Look, SourceMap, render};
    use crate::site::parse;

    fn read(text: &str) -> (ScenarioSpec, String) {
        let mut found = Diagnostics::new();
        let mut sources = SourceMap::new();
        sources.add("a.toml", text);
        let table = parse(text, 0, &mut found);
        let spec = ScenarioSpec::read(&table, &mut found);
        (spec, render(&found, &sources, Look::Plain))
    }

    const WHOLE: &str = "title = 'T'\nquestion = 'Q?'\n[run]\nduration = '30min'\n[traffic.uploads]\nrate = '10/min'\n\
                         [work.encode]\ntime = '1s'\n[objective]\nwithin = '5min'\n[pipeline.a.web]\nkind = 'service'\n\
                         [pipeline.a.db]\nkind = 'service'\n[pipeline.b.web]\nkind = 'service'\n\
                         [[fault]]\nnode = 'a.web'\n\
                         [[expect]]\nthat = 'a.lost == 0'\n[[expect]]\nthat = 'b.lost == 0'\n";

    #[test]
    fn every_section_is_found_in_the_order_of_the_text() {
        let (spec, told) = read(WHOLE);
        assert_eq!(told, "");
        assert_eq!(spec.title.map(|title| title.value).as_deref(), Some("T"));
        let names: Vec<(&str, Vec<&str>)> = spec
            .pipelines
            .iter()
            .map(|p| (p.name.value.as_str(), p.nodes.iter().map(|node| node.path.as_str()).collect()))
            .collect();
        assert_eq!(names, [("a", vec!["pipeline.a.web", "pipeline.a.db"]), ("b", vec!["pipeline.b.web"])]);
        assert_eq!((spec.traffic[0].name.value.as_str(), spec.work[0].path.as_str()), ("uploads", "work.encode"));
        assert_eq!((spec.faults.len(), spec.expectations.len()), (1, 2));
    }

    #[test]
    fn mistakes_in_every_section_are_told_together() {
        let text = WHOLE
            .replace("[work.encode]", "[work.Encode]")
            .replace("duration = '30min'", "duration = 30")
            .replace("[pipeline.b.web]\nkind = 'service'", "[pipeline.b]\nweb = 3")
            .replace("title = 'T'", "title = 7\ntrafic = 1");
        let (_, told) = read(&text);
        for part in [
            "a.toml:1:9\n  |\n1 | title = 7",
            "unknown key `trafic` in the file",
            "did you mean `traffic`?",
            "`30` needs a unit",
            "`Encode` cannot be the name of a kind of work",
            "`pipeline.b.web` must be a table, not a whole number",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(told.matches("error[").count(), 5, "{told}");
    }

    #[test]
    fn a_scenario_needs_traffic_and_a_pipeline_with_nodes() {
        let (_, told) = read("[run]\nduration = '1s'\n");
        assert!(told.contains("the file needs `traffic`") && told.contains("the file needs `pipeline`"), "{told}");
        let (_, told) = read("traffic = 3\n[pipeline.a]\n");
        assert!(
            told.contains("`traffic.NAME` must be a table") && told.contains("`pipeline.a` has no nodes"),
            "{told}"
        );
    }

    #[test]
    fn more_than_a_person_could_read_is_refused() {
        let many = |text: fn(usize) -> String| (0..600).map(text).collect::<String>();
        let (_, told) = read(&format!("{WHOLE}{}", many(|i| format!("[pipeline.p{i}.web]\nkind = 'service'\n"))));
        assert!(told.contains("error[S015]: there are 602 pipelines; at most 50 are taken"), "{told}");
        let (_, told) = read(&format!("{WHOLE}{}", many(|i| format!("[[expect]]\nthat = '{i}'\n"))));
        assert!(told.contains("there are 602 tables in `expect`; at most 500 are taken"), "{told}");
        let (_, told) = read(&format!("{WHOLE}{}", many(|i| format!("[pipeline.a.n{i}]\n"))));
        assert!(told.contains("there are 602 nodes; at most 500 are taken"), "{told}");
    }

    #[test]
    fn a_list_section_must_be_a_list() {
        let (_, told) = read(&WHOLE.replace("[[fault]]", "[fault]"));
        assert!(told.contains("`fault` must be a list of tables, not a table") && told.contains("write `[[fault]]`"));
    }
}
