//! Reports to files and pages: everything that leaves the program.
//!
//! [`files::FILES`] is the registry of what every run writes; [`folder`] puts it on disk, whole or not at all;
//! [`terminal`], [`markdown`] and [`json`] are what `run` prints. All of it sees a [`Report`](crate::report::Report)
//! and nothing else, so that each part can be tested with a hand-made one, and nothing here reads a clock.

pub mod charts;
pub mod csv;
pub mod files;
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it writes the files of a run")]
pub mod folder;
pub mod json;
pub mod manifest;
pub mod markdown;
mod page;
pub mod style;
pub mod table;
pub mod terminal;
pub mod text;
