//! surgetank.
pub mod components;
pub mod diagnostic;
pub mod engine;
pub mod facts;
pub mod metrics;
pub mod output;
pub mod report;
pub mod scenario;
pub mod site;
pub mod stats;
pub mod traffic;
pub mod units;
