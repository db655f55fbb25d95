//! surgetank.
pub mod engine;
pub mod report;
pub mod stats;
pub mod traffic;
