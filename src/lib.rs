//! surgetank puts the same traffic, job by job, through several designs, and tells what happened to every job.
//!
//! ```text
//! scenario.toml ─parse▶ Spec (+spans) ─resolve▶ Model ─build▶ Kernel + nodes ─run▶ Recorder      x replications, in parallel
//!                                         ▲                                          │
//!                                       facts                  Report ◀─stats──── one Observation per replication
//!                                                                └▶ csv │ charts │ terminal
//! ```
//!
//! Layers, each knowing only those to its left; a test reads the `use crate::` lines and holds them to it:
//!
//! `diagnostic`, `units`, `engine` → `facts`, `metrics`, `site` → `components`, `traffic` → `scenario` → `stats` →
//! `report` → `output` → `command` → `main`

pub mod cli;
pub mod command;
pub mod components;
pub mod diagnostic;
pub mod engine;
pub mod exit;
pub mod facts;
pub mod metrics;
pub mod output;
pub mod report;
pub mod scenario;
pub mod site;
pub mod stats;
pub mod traffic;
pub mod units;

use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with these arguments, the first being its own name, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match cli::Arguments::try_parse_from(arguments) {
        Ok(arguments) => command::run(&arguments).into(),
        Err(error) => {
            // Help and version are results, anything else is a wrong command line. A closed pipe is nobody's error.
            let _ = error.print();
            if error.use_stderr() { exit::Exit::Usage.into() } else { exit::Exit::Done.into() }
        }
    }
}
