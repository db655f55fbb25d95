//! `messages.csv`: one row per job, with what became of it. Written only when it is asked for.
//!
//! `scenario, case, pipeline, replication` (from 0)`, flow, job, arrival_s, size_bytes, key, work_s, fate, cause, node,
//! done_s, latency_s`. `job` counts the arrivals of a replication from 0: the same job has the same number in every
//! pipeline of a case. `key` is empty where the traffic has none; `work_s` is the first kind of work that it needs.
//! `cause` and `node` say which limit ended a job that was not done; `done_s` and `latency_s` are empty then. A job
//! that was done twice has the moment of its first time.

use super::{CONTEXT, Field, Rows};
use std::io::{self, Write};

/// Name of the file.
pub const FILE: &str = "messages.csv";

/// A job and what became of it; times in simulated seconds.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Scenario, case and pipeline.
    pub context: [&'a str; 3],
    /// The replication, from 0.
    pub replication: u32,
    /// The name of its flow.
    pub flow: &'a str,
    /// How many jobs of the replication arrived before it.
    pub job: u64,
    /// When it arrived.
    pub arrival_s: f64,
    /// Bytes of its message.
    pub size: u32,
    /// Its key; empty without one.
    pub key: &'a str,
    /// The first kind of work that it needs.
    pub work_s: f64,
    /// How it ended: the name of a fate.
    pub fate: &'a str,
    /// Which limit or event ended it, and at which node; empty if it was done.
    pub cause: [&'a str; 2],
    /// When it was done, and how long after its arrival.
    pub done_s: Option<(f64, f64)>,
}

/// The file under construction.
pub struct Messages<'a>(Rows<'a>);

impl<'a> Messages<'a> {
    /// A file with its header.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        let others =
            ["replication", "flow", "job", "arrival_s", "size_bytes", "key", "work_s", "fate", "cause", "node"];
        Ok(Self(Rows::new(out, CONTEXT.iter().chain(&others).chain(&["done_s", "latency_s"]))?))
    }

    /// Adds a job.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        let number = |number: f64| Field::Number(Some(number));
        self.0.row(row.context.map(Field::Text).into_iter().chain([
            Field::Count(row.replication.into()),
            Field::Text(row.flow),
            Field::Count(row.job),
            number(row.arrival_s),
            Field::Count(row.size.into()),
            Field::Text(row.key),
            number(row.work_s),
            Field::Text(row.fate),
            Field::Text(row.cause[0]),
            Field::Text(row.cause[1]),
            Field::Number(row.done_s.map(|(at, _)| at)),
            Field::Number(row.done_s.map(|(_, latency)| latency)),
        ]))
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
