//! Traffic: when jobs arrive, how large they are, who sends them, and how much work they need.
//!
//! Everything random about a job is a pure function of the seed, the replication, the flow, the source within the flow
//! and the job's place in that source. Nothing depends on what else is simulated or in which order: job 731 is the same
//! job in every pipeline, and another spike leaves the base traffic alone.

mod arrivals;
mod keys;
mod law;
mod pattern;
mod sample;
mod work;

#[cfg(test)]
mod check;

pub use arrivals::{Arrival, Arrivals, Flow, Source, index_of, number};
pub use keys::Keys;
pub use law::{Family, Law, Order, Unfit};
pub use pattern::{
    AnyPattern, Curve, Daily, OnOff, Pattern, Rows, Spacing, Spike, Spread, Steady, Stretch, Trace, Volume,
};
pub use work::{Work, WorkId, Works};
