//! The texts of a scenario put together: the file, what it extends, what the command line sets, what a case changes.

use std::fmt::Write as _;

use serde::Deserialize;

use super::assign::{Setting, split_path};
use crate::diagnostic::{Diagnostics, SourceKind, SourceMap, Span, clip, is_hidden, nearest};
use crate::site::{At, Data, Entry, Key, Table, Value, check_name, decode, parse, toml_key, toml_string};

/// A scenario as its texts give it, before anything in it is understood.
#[derive(Debug)]
pub struct Loaded {
    /// All its texts.
    pub sources: SourceMap,
    /// Everything but the cases, with what the command line sets.
    pub table: Table,
    /// The variations, in the order of the text; one named `base` if the file has none.
    pub cases: Vec<Case>,
    settings: Vec<Setting>,
}

/// A variation of a scenario.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Where it is named.
    pub span: Span,
    changes: Vec<Change>,
    /// Whether it stands for a file without cases.
    is_base: bool,
}

/// What a case changes.
#[derive(Debug, Clone)]
enum Change {
    /// A whole tree, joined key by key.
    Tree(Table),
    /// One value, put in place of what is there.
    Value(Setting),
}

#[derive(Debug, Deserialize)]
struct CaseSpec {
    title: Option<At<String>>,
}

/// Puts a scenario together. `name` is the path of the file as the user gave it, `text` its content, `sets` the
/// texts of the `--set` options; `read` gives the content of the file that the scenario extends, or says why it cannot.
///
/// After errors, what follows from the result is guesswork when the writing itself is at fault (`S001`, `S002`);
/// otherwise it is worth decoding, so that all errors are told at once.
pub fn load(
    name: &str,
    text: &str,
    sets: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, String>,
    found: &mut Diagnostics,
) -> Loaded {
    let mut sources = SourceMap::new();
    let base = sources.add(name, text);
    let file = parse(text, base, found);
    let mut table = extend(file, name, &mut sources, read, found);
    let mut settings = Vec::new();
    for set in sets {
        let base = sources.add_as(SourceKind::CommandLine, "--set", set.as_str());
        let Some(setting) = Setting::parse(set, base, found) else { continue };
        if setting.section() == "extends" {
            found.error(setting.path[0].span, "S004", "`extends` cannot be set, it is part of the file");
            continue;
        }
        setting.apply(&mut table, found);
        settings.push(setting);
    }
    let cases = take_cases(&mut table, &mut sources, found);
    settings.retain(|setting| setting.section() != "case");
    Loaded { sources, table, cases, settings }
}

impl Loaded {
    /// The scenario of one case: its changes are applied, and then what the command line sets, which has the last word.
    pub fn case(&self, case: &Case, found: &mut Diagnostics) -> Table {
        let mut table = self.table.clone();
        for change in &case.changes {
            match change {
                Change::Tree(over) => table.merge(over.clone(), &mut join_case),
                Change::Value(setting) => setting.apply(&mut table, found),
            }
        }
        let mut told_before = Diagnostics::new();
        for setting in &self.settings {
            setting.apply(&mut table, &mut told_before);
        }
        table
    }

    /// The whole scenario in one TOML text, with cases and with what the command line sets, but without comments:
    /// loading it gives the same cases again.
    pub fn to_toml(&self) -> String {
        let mut out = self.table.to_toml();
        for case in self.cases.iter().filter(|_| !self.is_single()) {
            let _ = writeln!(out, "\n[case.{}]", toml_key(&case.name));
            if let Some(title) = &case.title {
                let _ = writeln!(out, "title = {}", toml_string(title));
            }
            let mut set = Table::new(case.span, true);
            // What the command line sets is in the table already, but a case must not take it back.
            let settings = if case.changes.is_empty() { &[] } else { self.settings.as_slice() };
            let settings = settings.iter().map(|setting| Change::Value(setting.clone()));
            for change in case.changes.iter().cloned().chain(settings) {
                let entries = match change {
                    Change::Tree(tree) => tree.into_entries(),
                    Change::Value(Setting { path, value }) => {
                        let names: Vec<String> = path.iter().map(|key| toml_key(&key.name)).collect();
                        vec![Entry { key: Key { name: names.join("."), span: value.span }, value }]
                    }
                };
                for Entry { key, value } in entries {
                    // The later of two changes of one value counts, and it must come last.
                    set.remove(&key.name);
                    set.insert(key, value);
                }
            }
            if !set.is_empty() {
                let _ = writeln!(out, "set = {}", Value::new(Data::Table(set), case.span).to_toml());
            }
        }
        out
    }

    /// Whether the file has no cases.
    fn is_single(&self) -> bool {
        matches!(self.cases.as_slice(), [only] if only.is_base)
    }
}

/// Joins the file with the one it extends, if any.
fn extend(
    mut file: Table,
    name: &str,
    sources: &mut SourceMap,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
    found: &mut Diagnostics,
) -> Table {
    let Some(Entry { value, .. }) = file.remove("extends") else { return file };
    let Some(path) = value.as_str() else {
        found.error(value.span, "S003", format!("`extends` must be a path in quotes, not {}", value.data.noun()));
        return file;
    };
    if let Err(why) = check_path(path) {
        found
            .error(value.span, "S003", format!("a scenario cannot extend `{}`", clip(path, 60)))
            .label(why)
            .hint("name a file in the same folder, or in one below it");
        return file;
    }
    let folder = name.rfind(['/', '\\']).map_or("", |end| &name[..=end]);
    if path.trim_start_matches("./") == &name[folder.len()..] {
        found.error(value.span, "S003", "a scenario cannot extend itself").hint("name another file, or leave it out");
        return file;
    }
    let text = match read(path) {
        Ok(text) => text,
        Err(why) => {
            found
                .error(value.span, "S003", format!("cannot read `{}`: {why}", clip(path, 60)))
                .hint("a path is counted from the folder of the scenario");
            return file;
        }
    };
    let base = sources.add_as(SourceKind::Extended, format!("{folder}{path}"), text.as_str());
    let mut table = parse(&text, base, found);
    if let Some(entry) = table.remove("extends") {
        found
            .error(entry.key.span, "S003", "a file that is extended cannot extend another")
            .hint("one level is enough to keep it readable: move both into one base file");
    }
    table.merge(file, &mut join_extending);
    table.move_to(Span::new(0, 0));
    table
}

/// Whether a path stays in the folder of the scenario, on every platform.
fn check_path(path: &str) -> Result<(), &'static str> {
    let drive = path.get(1..2) == Some(":") || path.contains("://");
    if path.is_empty() {
        Err("this is empty")
    } else if path.starts_with(['/', '\\', '~']) || drive {
        Err("this leads out of the folder of the scenario")
    } else if path.split(['/', '\\']).any(|step| step == "..") {
        Err("`..` leads out of the folder of the scenario")
    } else if path.chars().any(is_hidden) || path.len() > 255 {
        Err("this is no name of a file")
    } else {
        Ok(())
    }
}

/// The extending file wins. Sections are joined key by key; lists of tables (faults, expectations) follow each other;
/// everything else, and so a table written inline, is one value and is replaced.
fn join_extending(old: &mut Entry, new: Entry) {
    match (&mut old.value.data, new.value.data) {
        (Data::Table(table), Data::Table(over)) if !table.is_inline() && !over.is_inline() => {
            table.move_to(over.span());
            table.merge(over, &mut join_extending);
            old.value.span = new.value.span;
        }
        (Data::Array(items), Data::Array(more)) if all_tables(items) && all_tables(&more) => items.extend(more),
        (_, data) => *old = Entry { key: new.key, value: Value::new(data, new.value.span) },
    }
}

fn all_tables(items: &[Value]) -> bool {
    items.iter().all(|item| item.as_table().is_some_and(|table| !table.is_inline()))
}

/// A case wins too; it changes single values, so even inline tables are joined.
fn join_case(old: &mut Entry, new: Entry) {
    match (&mut old.value.data, new.value.data) {
        (Data::Table(table), Data::Table(over)) => table.merge(over, &mut join_case),
        (_, data) => *old = Entry { key: new.key, value: Value::new(data, new.value.span) },
    }
}

/// More cases than this are a sweep, which is another command.
const CASES_MAX: usize = 50;
/// A case with more changes than this is another scenario.
const CHANGES_MAX: usize = 200;

/// Takes the cases out of the scenario.
fn take_cases(table: &mut Table, sources: &mut SourceMap, found: &mut Diagnostics) -> Vec<Case> {
    let base = || {
        let (title, span, changes) = (None, Span::new(0, 0), Vec::new());
        vec![Case { name: "base".to_owned(), title, span, changes, is_base: true }]
    };
    let Some(Entry { value, .. }) = table.remove("case") else { return base() };
    let Data::Table(cases) = value.data else {
        let message = format!("`case` must be a section such as `[case.busy]`, not {}", value.data.noun());
        found.error(value.span, "S011", message);
        return base();
    };
    if cases.is_empty() {
        return base();
    }
    if cases.len() > CASES_MAX {
        found.error(value.span, "S015", format!("there are {} cases; at most {CASES_MAX} are taken", cases.len()));
        return base();
    }
    let mut out = Vec::new();
    for Entry { key, value } in cases.into_entries() {
        let named = check_name(&key, "case", found);
        let Data::Table(mut case) = value.data else {
            let message = format!("`case.{}` must be a table, not {}", clip(&key.name, 60), value.data.noun());
            found.error(value.span, "S011", message);
            continue;
        };
        let set = case.remove("set");
        refuse_unknown(&mut case, &key.name, found);
        let spec: Option<CaseSpec> = decode(&case, &format!("case.{}", key.name), found);
        let changes = set.map_or(Vec::new(), |set| changes(&key.name, set.value, sources, found));
        if named {
            let title = spec.and_then(|spec| spec.title).map(|title| title.value);
            out.push(Case { name: key.name, title, span: case.span(), changes, is_base: false });
        }
    }
    out
}

/// Takes out what no case has.
fn refuse_unknown(case: &mut Table, name: &str, found: &mut Diagnostics) {
    let unknown: Vec<Key> = case.iter().map(|entry| entry.key.clone()).filter(|key| key.name != "title").collect();
    for key in unknown.into_iter().take(CHANGES_MAX) {
        found
            .error(key.span, "S010", format!("unknown key `{}` in `case.{}`", clip(&key.name, 60), clip(name, 60)))
            .label("not a key here")
            .did_you_mean(nearest(&key.name, ["title", "set"]))
            .note("keys here: `title`, `set`");
        case.remove(&key.name);
    }
}

/// Reads the `set` of a case: keys with dots are paths, other keys are trees.
fn changes(case: &str, set: Value, sources: &mut SourceMap, found: &mut Diagnostics) -> Vec<Change> {
    let Data::Table(set) = set.data else {
        found
            .error(set.span, "S011", format!("`set` must be a table, not {}", set.data.noun()))
            .hint("write `set = { \"traffic.uploads.rate\" = \"100/min\" }`");
        return Vec::new();
    };
    if set.len() > CHANGES_MAX {
        found.error(set.span(), "S005", format!("a case changes at most {CHANGES_MAX} values, not {}", set.len()));
        return Vec::new();
    }
    let mut changes = Vec::new();
    for Entry { key, value } in set.into_entries() {
        mark(&value, case, sources);
        let Some(path) = path_of(&key, sources, found) else { continue };
        if matches!(path[0].name.as_str(), "case" | "extends" | "title" | "question") {
            found
                .error(path[0].span, "S005", format!("a case cannot change `{}`", path[0].name))
                .label("this belongs to the scenario as a whole");
            continue;
        }
        changes.push(match value.data {
            Data::Table(_) if path.len() == 1 => {
                let mut tree = Table::new(key.span, false);
                tree.insert(key, value);
                Change::Tree(tree)
            }
            _ => Change::Value(Setting { path, value }),
        });
    }
    changes
}

/// The path that a key of `set` is. Its names have places of their own if it is written in quotes without escapes.
fn path_of(key: &Key, sources: &SourceMap, found: &mut Diagnostics) -> Option<Vec<Key>> {
    let inside = sources.content_start(key.span, &key.name);
    let mut inner = Diagnostics::new();
    let path = split_path(&key.name, inside.unwrap_or(0), &mut inner);
    for diagnostic in inner.iter() {
        let mut diagnostic = diagnostic.clone();
        diagnostic.code = "S005";
        diagnostic.at(key.span);
        found.push(diagnostic);
    }
    let mut path = path?;
    if inside.is_none() {
        for step in &mut path {
            step.span = key.span;
        }
    }
    Some(path)
}

/// Remembers that a value belongs to a case, so that its origin can be told.
fn mark(value: &Value, case: &str, sources: &mut SourceMap) {
    match value.as_table() {
        Some(table) if !table.is_inline() => table.iter().for_each(|entry| mark(&entry.value, case, sources)),
        _ => sources.mark_case(value.span, case),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
