//! surgetank.
pub mod diagnostic;
pub mod engine;
pub mod facts;
pub mod report;
pub mod site;
pub mod stats;
pub mod traffic;
pub mod units;
