//! surgetank.
pub mod engine;
pub mod output;
pub mod report;
pub mod stats;
