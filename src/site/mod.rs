//! The place in a scenario where something is built: it says what is wrong there and remembers where each value is
//! from, so that a reader can ask of every number in a run whether it was written, a default of the service or derived.

mod any;
mod at;
mod decode;
mod limits;
mod parse;
mod record;
mod toml_text;
mod tree;

pub use any::Any;
pub use at::At;
pub use decode::{NAME_MAX_CHARS, check_name, decode, take_kind};
pub use limits::Limits;
pub use parse::{TEXT_MAX_BYTES, parse, parse_value};
pub use record::{Origin, Record, Resolution};
pub use toml_text::{ToToml, toml_key, toml_string};
pub use tree::{Data, Entry, Key, Table, Value};

use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span, nearest};
use crate::facts::Fact;

/// One part of a scenario, such as `pipeline.queued.jobs`, while it is resolved.
///
/// Every value that a part takes goes through here exactly once, under the name that the file gives it.
#[derive(Debug)]
pub struct Site<'a> {
    path: String,
    span: Span,
    sources: &'a SourceMap,
    found: &'a mut Diagnostics,
    resolution: &'a mut Resolution,
}

impl<'a> Site<'a> {
    /// The part at `path` (dots between names, empty for the file itself), whose header or value is at `span`.
    pub fn new(
        path: impl Into<String>,
        span: Span,
        sources: &'a SourceMap,
        found: &'a mut Diagnostics,
        resolution: &'a mut Resolution,
    ) -> Self {
        Self { path: path.into(), span, sources, found, resolution }
    }

    /// The part below this one that is written under `key`.
    pub fn part(&mut self, key: &str, span: Span) -> Site<'_> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Site { path, span, sources: self.sources, found: self.found, resolution: self.resolution }
    }

    /// The table number `index` of the list that is written under `key`.
    pub fn item(&mut self, key: &str, index: usize, span: Span) -> Site<'_> {
        self.part(&format!("{key}[{index}]"), span)
    }

    /// Where this is, as in `pipeline.queued.jobs`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last name of the path, as in `jobs`.
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// Header or value of this part, for errors about the whole of it.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The texts of the scenario.
    pub fn sources(&self) -> &SourceMap {
        self.sources
    }

    /// Reports an error; notes and hints can be added to what it gives back.
    pub fn error(&mut self, span: Span, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.found.error(span, code, message)
    }

    /// Reports a warning; notes and hints can be added to what it gives back.
    pub fn warn(&mut self, span: Span, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.found.warn(span, code, message)
    }

    /// How many errors were found anywhere so far: if they grew while a part was resolved, it is not worth building.
    pub fn errors(&self) -> usize {
        self.found.errors()
    }

    /// The name among `candidates` that `name` was probably meant to be.
    pub fn nearest<'c>(&self, name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
        nearest(name, candidates)
    }

    /// Whether `name` can be the name of a `what`; an error if not (see [`check_name`]).
    pub fn check_name(&mut self, name: &At<String>, what: &str) -> bool {
        check_name(&Key { name: name.value.clone(), span: name.span }, what, self.found)
    }

    /// The written value, or else the service's own.
    pub fn or_fact<T: Clone + ToToml>(&mut self, key: &str, written: Option<At<T>>, fact: &Fact<T>) -> T {
        if let Some(at) = written {
            return self.written(key, at);
        }
        self.record(key, fact.value.to_toml(), Origin::Fact(fact.name));
        fact.value.clone()
    }

    /// The written value, or else one that we chose, and why.
    pub fn or_default<T: ToToml>(&mut self, key: &str, written: Option<At<T>>, default: T, why: &str) -> T {
        if let Some(at) = written {
            return self.written(key, at);
        }
        self.record(key, default.to_toml(), Origin::Default(why.to_owned()));
        default
    }

    /// The written value; an error at the header of this part if there is none.
    pub fn required<T: ToToml>(&mut self, key: &str, written: Option<At<T>>) -> Option<T> {
        let Some(at) = written else {
            if self.found.is_misspelt(&format!("{}.{key}", self.path)) {
                return None;
            }
            let message = format!("`{}` needs `{key}`", self.path);
            self.error(self.span, "S012", message).label("missing here");
            return None;
        };
        Some(self.written(key, at))
    }

    /// The same, with advice on what to write.
    pub fn required_as<T: ToToml>(&mut self, key: &str, written: Option<At<T>>, hint: &str) -> Option<T> {
        let errors = self.errors();
        let value = self.required(key, written);
        if self.errors() > errors
            && let Some(told) = self.found.last_mut()
        {
            told.hint(hint);
        }
        value
    }

    /// The written value, if there is one. Leaving it out is a choice of its own and is not recorded.
    pub fn optional<T: ToToml>(&mut self, key: &str, written: Option<At<T>>) -> Option<T> {
        written.map(|at| self.written(key, at))
    }

    /// A value that is written for certain.
    pub fn written<T: ToToml>(&mut self, key: &str, at: At<T>) -> T {
        let origin = Origin::of(at.span, self.sources);
        self.record(key, at.value.to_toml(), origin);
        at.value
    }

    /// Values that are written for certain: one alone, or a list. Nothing is recorded where nothing is written.
    pub fn written_all<T: ToToml>(&mut self, key: &str, list: Vec<At<T>>) -> Vec<T> {
        if let Some(first) = list.first() {
            let origin = Origin::of(first.span, self.sources);
            let toml = if list.len() == 1 { first.value.to_toml() } else { list.to_toml() };
            self.record(key, toml, origin);
        }
        list.into_iter().map(|at| at.value).collect()
    }

    /// Records a value that follows from others, and why; gives it back.
    pub fn derived<T: ToToml>(&mut self, key: &str, value: T, why: &str) -> T {
        self.record(key, value.to_toml(), Origin::Derived(why.to_owned()));
        value
    }

    fn record(&mut self, key: &str, toml: String, origin: Origin) {
        self.resolution.push(Record { path: self.path.clone(), key: key.to_owned(), toml, origin });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Look, SourceKind, render};
    use crate::facts::{Class, Sure};
    use crate::units::Duration;

    const TIMEOUT: Fact<Duration> = Fact {
        name: "sqs.visibility_timeout",
        value: Duration::from_secs(30),
        class: Class::Default,
        what: "how long a received message stays hidden",
        source: "SQS Developer Guide",
        read: "2026-01-01",
        sure: Sure::Stated,
        note: "",
    };

    struct Desk {
        sources: SourceMap,
        found: Diagnostics,
        resolution: Resolution,
    }

    impl Desk {
        fn new() -> Self {
            let mut sources = SourceMap::new();
            sources.add("a.toml", "timeout = \"13h\"\ncase = 1\n");
            sources.add_as(SourceKind::Extended, "base.toml", "x = 1");
            sources.add_as(SourceKind::CommandLine, "--set", "x=2");
            sources.mark_case(Span::new(16, 24), "ten");
            Self { sources, found: Diagnostics::new(), resolution: Resolution::new() }
        }

        fn site(&mut self) -> Site<'_> {
            Site::new("pipeline.q.jobs", Span::new(0, 1), &self.sources, &mut self.found, &mut self.resolution)
        }
    }

    #[test]
    fn every_value_is_remembered_with_its_origin() {
        let mut desk = Desk::new();
        let mut site = desk.site();
        assert_eq!(site.or_fact("timeout", None, &TIMEOUT), Duration::from_secs(30));
        let long = At::new(Duration::from_hours(13), Span::new(10, 15));
        assert_eq!(site.or_fact("a", Some(long), &TIMEOUT), Duration::from_hours(13));
        assert_eq!(site.or_default("b", None, 3_u32, "as many as it takes"), 3);
        assert_eq!(site.optional::<u32>("none", None), None);
        assert_eq!(site.optional("c", Some(At::new(1_u32, Span::new(17, 18)))), Some(1));
        site.part("calls", Span::new(26, 27)).written("to", At::new("x\"y".to_owned(), Span::new(26, 27)));
        site.written("d", At::new(true, Span::new(32, 33)));
        site.derived("e", 0.5, "half of it");
        assert_eq!(
            desk.resolution.to_toml(&desk.sources),
            "[pipeline.q.jobs]\n\
             timeout = \"30s\"  # default, fact sqs.visibility_timeout\n\
             a = \"13h\"  # written, a.toml line 1\n\
             b = 3  # default: as many as it takes\n\
             c = 1  # case ten, a.toml line 2\n\
             d = true  # set on the command line\n\
             e = 0.5  # derived: half of it\n\
             \n\
             [pipeline.q.jobs.calls]\n\
             to = \"x\\\"y\"  # extended, base.toml line 1\n"
        );
        assert!(!desk.found.has_errors());
    }

    #[test]
    fn a_missing_value_is_reported_at_the_header() {
        let mut desk = Desk::new();
        assert_eq!(desk.site().required::<u32>("count", None), None);
        let shown = render(&desk.found, &desk.sources, Look::Plain);
        assert!(shown.contains("error[S012]: `pipeline.q.jobs` needs `count`"), "{shown}");
        assert!(shown.contains("a.toml:1:1"), "{shown}");
    }
}
