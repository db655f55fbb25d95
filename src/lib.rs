//! surgetank.
pub mod engine;
pub mod metrics;
pub mod report;
pub mod stats;
