//! Setting one value deep inside a scenario: `--set path=value` and the `set` of a case.
//!
//! A path is written as in TOML (`traffic.uploads.spike.count`); a number in it counts the tables of a list
//! (`fault.0.factor` or `fault[0].factor`). Keys that do not exist yet are made; whether they may exist is found when the tree is decoded.
//! Only the names of parts must exist, because a new part with a single key is always a slip.

use crate::diagnostic::{Diagnostics, Span, clip, nearest};
use crate::site::{Data, Key, Table, Value, parse_value};

/// A value and where to put it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Names from the outside to the inside; never empty.
    pub path: Vec<Key>,
    /// What to put there. A table replaces what is there.
    pub value: Value,
}

impl Setting {
    /// Reads the text of a `--set`, whose first byte has the position `base`. A value that is no TOML is a string,
    /// so that nobody has to quote quotes for a shell: `run.duration=30min`.
    pub fn parse(text: &str, base: usize, found: &mut Diagnostics) -> Option<Self> {
        let whole = Span::new(base, base + text.len());
        let Some(equals) = split_at_equals(text) else {
            found
                .error(whole, "S004", format!("`--set {}` has no value", clip(text, 60)))
                .hint("write `--set path=value`, for example `--set run.duration=10min`");
            return None;
        };
        let path = split_path(&text[..equals], base, found)?;
        let written = text[equals + 1..].trim();
        let start = base + equals + 1 + (text[equals + 1..].len() - text[equals + 1..].trim_start().len());
        let span = Span::new(start, start + written.len());
        if written.is_empty() {
            found
                .error(whole, "S004", format!("`--set {}` has no value", clip(text, 60)))
                .hint("an empty text is written `\"\"`");
            return None;
        }
        let text = || Value::new(Data::String(written.to_owned()), span);
        Some(Self { path, value: parse_value(written, start).unwrap_or_else(text) })
    }

    /// Puts the value into `root`. Errors (`S004`) point at the name in the path that leads nowhere.
    pub fn apply(&self, root: &mut Table, found: &mut Diagnostics) {
        put(root, &self.path, 0, &self.value, found);
    }

    /// The outermost name of the path.
    pub fn section(&self) -> &str {
        self.path.first().map_or("", |key| key.name.as_str())
    }
}

/// Where the first `=` outside quotes is.
fn split_at_equals(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '=') => return Some(at),
            _ => {}
        }
        None
    })
}

/// The deepest path that is taken; scenarios are less deep.
const STEPS_MAX: usize = 16;

/// Splits a dotted path whose first byte has the position `base`. Names may be quoted, without escapes.
pub(super) fn split_path(text: &str, base: usize, found: &mut Diagnostics) -> Option<Vec<Key>> {
    let whole = Span::new(base, base + text.len());
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let before = rest.len() - rest.trim_start().len();
        let start = base + (text.len() - rest.len()) + before;
        rest = rest.trim_start();
        let (name, after) = if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
            rest[1..].split_once(quote).unwrap_or(("", "?"))
        } else {
            rest.split_at(rest.find(|c: char| c == '.' || c.is_whitespace()).unwrap_or(rest.len()))
        };
        let end = start + (rest.len() - after.len());
        let after = after.trim_start();
        let next = after.strip_prefix('.');
        if name.is_empty() || (next.is_none() && !after.is_empty()) || path.len() >= STEPS_MAX {
            found
                .error(whole, "S004", format!("`{}` is not a path", clip(text, 60)))
                .hint("a path is names with dots between them, such as `traffic.uploads.spike.count`");
            return None;
        }
        let span = Span::new(start, end);
        match counted(name).filter(|_| end - start == name.len()) {
            // `fault[0]` as the messages write it.
            Some((list, index)) => {
                path.push(Key { name: list.to_owned(), span });
                path.push(Key { name: index.to_owned(), span });
            }
            None => path.push(Key { name: name.to_owned(), span }),
        }
        match next {
            Some(next) => rest = next,
            None => return Some(path),
        }
    }
}

/// List and number of `fault[0]`.
fn counted(name: &str) -> Option<(&str, &str)> {
    let (list, index) = name.strip_suffix(']')?.split_once('[')?;
    let plain = !list.is_empty() && !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    plain.then_some((list, index))
}

/// How deep the names of parts go in each section, and what they are called.
fn parts(section: &str) -> &'static [&'static str] {
    match section {
        "traffic" => &["traffic"],
        "work" => &["work"],
        "case" => &["case"],
        "pipeline" => &["pipeline", "node"],
        _ => &[],
    }
}

fn put(table: &mut Table, path: &[Key], depth: usize, value: &Value, found: &mut Diagnostics) {
    let key = &path[depth];
    if depth + 1 == path.len() {
        table.insert(key.clone(), value.clone());
        return;
    }
    if table.get(&key.name).is_none() {
        let what = depth.checked_sub(1).and_then(|level| parts(&path[0].name).get(level));
        if let Some(what) = what {
            let known: Vec<&str> = table.names().collect();
            found
                .error(key.span, "S004", format!("there is no {what} `{}` to change", clip(&key.name, 60)))
                .did_you_mean(nearest(&key.name, known));
            return;
        }
        let new = Table::new(key.span, table.is_inline());
        table.insert(key.clone(), Value::new(Data::Table(new), key.span));
    }
    let Some(inner) = table.get_mut(&key.name) else { return };
    let noun = inner.data.noun();
    match &mut inner.data {
        Data::Table(inner) => put(inner, path, depth + 1, value, found),
        Data::Array(items) => put_item(items, path, depth + 1, value, found),
        _ => {
            found
                .error(path[depth + 1].span, "S004", format!("`{}` is {noun}", clip(&key.name, 60)))
                .label("so nothing can be set inside it");
        }
    }
}

fn put_item(items: &mut [Value], path: &[Key], depth: usize, value: &Value, found: &mut Diagnostics) {
    let key = &path[depth];
    let count = items.len();
    let item = key.name.parse::<usize>().ok().and_then(|index| items.get_mut(index));
    match item {
        Some(item) if depth + 1 == path.len() => *item = value.clone(),
        Some(Value { data: Data::Table(table), .. }) => put(table, path, depth + 1, value, found),
        _ => {
            let list = clip(&path[depth - 1].name, 60);
            found
                .error(key.span, "S004", format!("`{list}` is a list of {count}"))
                .hint(format!("its items are counted from zero: `{list}.0`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::parse;

    fn names(text: &str) -> Option<Vec<(String, usize, usize)>> {
        let mut found = Diagnostics::new();
        let path = split_path(text, 100, &mut found);
        assert_eq!(path.is_none(), found.has_errors(), "{text}");
        path.map(|path| path.into_iter().map(|key| (key.name, key.span.start, key.span.end)).collect())
    }

    fn after(file: &str, set: &str) -> Result<String, String> {
        let mut found = Diagnostics::new();
        let mut table = parse(file, 0, &mut found);
        if let Some(setting) = Setting::parse(set, 1000, &mut found) {
            setting.apply(&mut table, &mut found);
        }
        match found.sorted().first() {
            None => Ok(table.to_toml()),
            Some(d) => {
                let at = d.span.expect("every error has a place").start - 1000;
                Err(format!("{at}: {} {}", d.message, d.hint.as_deref().unwrap_or(&d.label)))
            }
        }
    }

    #[test]
    fn a_path_is_names_with_dots() {
        let key = |name: &str, start, end| (name.to_owned(), start, end);
        assert_eq!(names("a"), Some(vec![key("a", 100, 101)]));
        assert_eq!(names("a.b-c"), Some(vec![key("a", 100, 101), key("b-c", 102, 105)]));
        assert_eq!(
            names(" a . \"b.c\" .'d'"),
            Some(vec![key("a", 101, 102), key("b.c", 105, 110), key("d", 112, 115)])
        );
        for bad in ["", ".", "a.", ".a", "a..b", "a b", "\"a", "\"a\"b", &"a.".repeat(40)] {
            assert_eq!(names(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_value_that_is_no_toml_is_a_text() {
        assert_eq!(after("[run]\n", "run.duration=30min").as_deref(), Ok("\n[run]\nduration = \"30min\"\n"));
        assert_eq!(after("", "a=10/min").as_deref(), Ok("a = \"10/min\"\n"));
        assert_eq!(after("", "a=1_000").as_deref(), Ok("a = 1000\n"));
        assert_eq!(after("", "a = { b = [1, true] }").as_deref(), Ok("a = { b = [1, true] }\n"));
        assert_eq!(after("", "a=\"30min\"").as_deref(), Ok("a = \"30min\"\n"));
        assert_eq!(after("", "a=[1, 2").as_deref(), Ok("a = \"[1, 2\"\n"));
        assert_eq!(after("", "'x=y'=1").as_deref(), Ok("\"x=y\" = 1\n"));
    }

    #[test]
    fn a_value_is_set_where_the_path_leads() {
        let file = "[pipeline.q.web]\ncalls = { to = 'x' }\n[[fault]]\nfactor = 1\n";
        let set = |text: &str| after(file, text).expect("the path leads somewhere");
        assert!(set("pipeline.q.web.calls.to=y").contains("calls = { to = \"y\" }"));
        assert!(set("pipeline.q.web.calls.retries.attempts=3").contains("to = \"x\", retries = { attempts = 3 }"));
        assert!(set("pipeline.q.web.calls={ to = 'z' }").contains("calls = { to = \"z\" }"));
        assert!(set("fault.0.factor=2").contains("[[fault]]\nfactor = 2"));
        assert!(set("fault[0].factor=2").contains("[[fault]]\nfactor = 2"));
        assert!(set("'fault[0]'.factor=2").contains("[\"fault[0]\"]\nfactor = 2"));
        assert!(set("traffic.new={ rate = '1/s' }").contains("new = { rate = \"1/s\" }"));
        assert!(set("objective.within=1s").contains("[objective]\nwithin = \"1s\""));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_pointed_at() {
        let file = "[pipeline.queued.web]\nslots = 1\n[[fault]]\nfactor = 1\n";
        let error = |text: &str| after(file, text).expect_err("the path leads nowhere");
        assert_eq!(
            error("pipeline.queud.web.slots=2"),
            "9: there is no pipeline `queud` to change did you mean `queued`?"
        );
        assert_eq!(error("pipeline.queued.wep.slots=2"), "16: there is no node `wep` to change did you mean `web`?");
        assert_eq!(
            error("pipeline.queued.web.slots.x=2"),
            "26: `slots` is a whole number so nothing can be set inside it"
        );
        assert_eq!(error("fault.1.factor=2"), "6: `fault` is a list of 1 its items are counted from zero: `fault.0`");
        assert!(error("run.duration").starts_with("0: `--set run.duration` has no value"));
        assert!(error("run.duration=").starts_with("0: `--set run.duration=` has no value"));
        assert!(error("=1").starts_with("0: `` is not a path"));
    }
}
