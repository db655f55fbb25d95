//! From the texts of a scenario to what it asks for: extended, overridden, split into cases, decoded and checked.
//!
//! ```text
//! file + extends + --set ─load▶ Loaded ─case▶ Table ─ScenarioSpec::read▶ parts ─resolve▶ Run, Fault, Expectation
//! ```
//! No file is opened here: texts come in as strings, and a base file through a function of the caller.

mod assign;
mod expect;
mod fault;
mod load;
mod names;
mod run;
mod spec;

pub use assign::Setting;
pub use expect::{Comparison, ExpectSpec, Expectation, Reference, Verdict};
pub use fault::{FAULT_KINDS, Fault, FaultKind, FaultSpec};
pub use load::{Case, Loaded, load};
pub use names::{Names, NamesSpec, NodeNames, PipelineNames};
pub use run::{ObjectiveSpec, Run, RunSpec};
pub use spec::{KEYS, PartSpec, PipelineSpec, ScenarioSpec};

#[cfg(test)]
mod hostile_tests;
