//! Text to model, and model to run: extended, overridden, split into cases, decoded, checked, built, simulated.
//!
//! ```text
//! file + extends + --set ─load▶ Loaded ─case▶ Table ─ScenarioSpec::read▶ parts ─resolve▶ Model ─simulate▶ Observation
//! ```
//! No file is opened here: texts come in as strings, and a base file through a function of the caller.

mod advice;
mod assign;
mod cycle;
mod expect;
mod fault;
mod fault_kind;
mod load;
mod misplaced;
mod model;
mod names;
mod path;
mod pipeline;
#[cfg(test)]
mod rabbitmq_tests;
mod resolve;
mod resolved_text;
mod run;
mod spec;
#[cfg(test)]
mod sqs_calls;
#[cfg(test)]
mod sqs_recordings_tests;
mod too_large;
mod world;

pub use advice::{ADVICE, Advice};
pub use assign::Setting;
pub use expect::{Comparison, ExpectSpec, Expectation, Reference, Verdict};
pub use fault::{FAULT_KINDS, Fault, FaultKind, FaultSpec};
pub use load::{Case, Loaded, load};
pub use model::{CaseModel, Model, Overrun, PipelineModel, Replication};
pub use names::{Names, NamesSpec, NodeNames, PipelineNames};
pub use resolve::{Resolved, resolve};
pub use run::{ObjectiveSpec, Run, RunSpec};
pub use spec::{KEYS, PartSpec, PipelineSpec, ScenarioSpec};

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod schema_tests;
