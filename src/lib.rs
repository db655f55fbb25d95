//! surgetank.
pub mod engine;
pub mod facts;
pub mod report;
pub mod stats;
