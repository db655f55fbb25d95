//! Everything that leaves the program: each exporter sees a [`crate::report::Report`] and nothing below it.

pub mod charts;
