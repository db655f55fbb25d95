//! What the author of a scenario expects to come out: `queued.lost == 0`, `synchronous.goodput < 50%`,
//! `queued.backlog_max < 2 * brokered.backlog_max`.
//!
//! One comparison of two sides; a side is arithmetic over numbers, quantities with units and figures of the run
//! (`pipeline.metric` or `pipeline.node.metric`). Metrics may leave out their unit: `latency_p99` finds
//! `latency_p99_s`.
//! There is no `and`: two expectations say the same, and each gets its own verdict.

mod dimension;
mod parse;
mod reference;
mod token;
mod verdict;

use serde::Deserialize;

pub use parse::Comparison;
pub use reference::Reference;
pub use verdict::Verdict;

use super::names::{Names, NamesSpec};
use crate::diagnostic::Span;
use crate::site::{At, Site};

/// What a scenario may say in one `[[expect]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpectSpec {
    /// What must hold, such as `queued.lost == 0` or `synchronous.goodput < 50%`.
    pub that: Option<At<String>>,
    /// In which cases it must hold. Default: in all.
    pub case: Option<NamesSpec>,
    /// For which pipelines it must hold, each on its own; `that` then needs no name of a pipeline. `*`: for all.
    pub pipeline: Option<NamesSpec>,
}

/// An expectation, resolved.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// For people: the text as written, with the pipeline in front if the text does not name it.
    pub that: String,
    /// In which cases; nothing: in all.
    pub cases: Option<Vec<String>>,
    /// What must hold.
    pub comparison: Comparison,
    /// Where it is written.
    pub span: Span,
}

impl Expectation {
    /// Whether it is judged in the case of that name.
    pub fn applies_to(&self, case: &str) -> bool {
        self.cases.as_ref().is_none_or(|cases| cases.iter().any(|name| name == case))
    }

    /// The pipelines that it is about.
    pub fn pipelines(&self) -> Vec<&str> {
        self.comparison.references().into_iter().map(|reference| reference.pipeline.as_str()).collect()
    }

    /// Judges it: `lookup` gives the mean of a figure, or nothing if it was not measured.
    pub fn judge(&self, lookup: &dyn Fn(&Reference) -> Option<f64>) -> Verdict {
        self.comparison.judge(lookup)
    }
}

/// A mistake in the text of an expectation, at a range of its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slip {
    pub at: std::ops::Range<usize>,
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl Slip {
    /// A mistake in the grammar.
    pub(super) fn new(at: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        Self { at, code: "S021", message: message.into(), hint: None }
    }

    /// The same with another code.
    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same with advice.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl ExpectSpec {
    /// Checks one expectation: one result for each pipeline it names, or a single one. `site` is that of `expect[N]`.
    pub fn resolve(self, names: &Names, site: &mut Site<'_>) -> Vec<Expectation> {
        let known: Vec<&str> = names.cases.iter().map(String::as_str).collect();
        let cases = match self.case {
            Some(cases) => match cases.resolve("case", "case", &known, site) {
                Some(cases) => Some(cases),
                None => return Vec::new(),
            },
            None => None,
        };
        let pipelines = match self.pipeline {
            Some(pipelines) => match pipelines_of(pipelines, names, site) {
                Some(pipelines) => pipelines.into_iter().map(Some).collect(),
                None => return Vec::new(),
            },
            None => vec![None],
        };
        let span = self.that.as_ref().map(|that| that.span);
        let (Some(that), Some(span)) = (site.required("that", self.that), span) else { return Vec::new() };
        let mut expectations = Vec::new();
        for pipeline in pipelines {
            match parse::parse(&that, names, pipeline.as_deref()) {
                Ok(comparison) => {
                    let that = match &pipeline {
                        Some(pipeline) => format!("{pipeline}: {that}"),
                        None => that.clone(),
                    };
                    expectations.push(Expectation { that, cases: cases.clone(), comparison, span });
                }
                Err(slips) => {
                    for slip in slips {
                        tell(slip, &that, span, site);
                    }
                    return Vec::new();
                }
            }
        }
        expectations
    }
}

/// The pipelines of `pipeline = ...`; `*` means all.
fn pipelines_of(written: NamesSpec, names: &Names, site: &mut Site<'_>) -> Option<Vec<String>> {
    if let [only] = written.0.as_slice()
        && only.value == "*"
    {
        site.written("pipeline", At::new("*".to_owned(), only.span));
        return Some(names.pipeline_names().map(str::to_owned).collect());
    }
    let known: Vec<&str> = names.pipeline_names().collect();
    written.resolve("pipeline", "pipeline", &known, site)
}

/// Reports a mistake at its place inside the string, if the string is written without escapes.
fn tell(slip: Slip, that: &str, span: Span, site: &mut Site<'_>) {
    let start = site.sources().content_start(span, that);
    let at = start.map_or(span, |start| Span::from(slip.at).moved(start));
    let diagnostic = site.error(at, slip.code, slip.message);
    diagnostic.hint = slip.hint;
}

#[cfg(test)]
mod tests;
