//! Traffic: when jobs arrive, how large they are, who sends them, and how much work they need.
//!
//! Everything random about a job is a pure function of the seed, the replication, the flow, the source within the flow
//! and the job's place in that source. Nothing depends on what else is simulated or in which order: job 731 is the same
//! job in every pipeline, and another spike leaves the base traffic alone.

#![cfg_attr(
    test,
    allow(
        clippy::float_cmp,
        clippy::cast_precision_loss,
        reason = "tests compare exact values and count small samples"
    )
)]

pub mod law;
pub mod pattern;

mod arrivals;
mod columns;
mod contents;
mod keys;
mod sample;
mod spec;
mod work;
mod ziggurat;

#[cfg(test)]
mod check;

pub use arrivals::{Arrival, Arrivals, Flow, Source, index_of, number};
pub use columns::ReadFile;
pub use contents::{Content, Contents, Fields, Scalar};
pub use keys::{KeySpec, Keys};
pub use law::{DrawnFor, Law, LawSpec, Published};
pub use spec::{TrafficSpec, WorkSpec};
pub use work::{Work, WorkId, Works};
