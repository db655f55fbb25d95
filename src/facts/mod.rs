//! Quotas, defaults, prices and assumptions of the real services, as data with a source and a date.
//!
//! No component may contain a service's number: it names a fact from here, so that a person can ask where the number
//! comes from (`surgetank facts`), and so that a change of a service is a change of one row.
//!
//! One file per service. Each row of its table is both a typed constant ([`sqs::VISIBILITY_TIMEOUT`]) and a line of the
//! list ([`all`], [`find`]). A new fact is one new row; a new service is a new file, its `mod` line here and its place
//! in `search.rs`. What must hold between facts is checked by the compiler in `relations.rs`.
//!
//! Four marks say how far a fact can be trusted, see [`Sure`]; `Unsure` and `Own` are shown to the user wherever the
//! fact is used. The Region is us-east-1 unless a fact says otherwise.

mod relations;
mod search;
mod table;
mod values;

pub mod calls;
pub mod ec2;
pub mod firehose;
pub mod http;
pub mod kinesis;
pub mod lambda;
pub mod mq;
pub mod s3;
pub mod sns;
pub mod sqs;

use std::fmt;

pub use search::{all, find};
pub use values::{BYTES_PER_BILLED_GB, Between, Latency, Limit, Price, Throughput};

/// One thing that is known (or assumed) about a service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fact<T> {
    /// Where it is found: `service.word_word`, as in `sqs.visibility_timeout`.
    pub name: &'static str,
    /// The value itself, with its unit in the type.
    pub value: T,
    /// Whether a scenario may simply override it.
    pub class: Class,
    /// What it limits or means, in one line that a student understands.
    pub what: &'static str,
    /// Document and page as a person can find it.
    pub source: &'static str,
    /// The day on which the source was read, or which the source itself carries: `YYYY-MM-DD`.
    pub read: &'static str,
    /// How far it can be trusted.
    pub sure: Sure,
    /// What happens beyond it, what our model simplifies, or why we assume it; may be empty.
    pub note: &'static str,
}

/// What kind of statement a fact is, and so how a scenario may depart from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// What the service does unless told otherwise; a scenario overrides it freely.
    Default,
    /// A limit of the service; going beyond it must be said, and the report says so.
    Quota,
    /// What something costs in US dollars.
    Price,
    /// Not published by the service; a stated guess with its reason, and a parameter.
    Assumption,
}

/// How far a fact can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sure {
    /// The service's own documentation or code says so.
    Stated,
    /// Said by older official text or by agreeing third parties on a known date; it may have moved.
    Dated,
    /// One third party, memory, or sources that contradict each other: check before relying on it.
    Unsure,
    /// Chosen or derived here.
    Own,
}

/// A fact without its type, for lists and look-ups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// `service.word_word`.
    pub name: &'static str,
    /// The value as a person writes it, with its unit.
    pub value: String,
    /// What kind of value it is: `duration`, `bytes`, `rate`, `share`, `count`, `number`, `price`, `latency`...
    pub kind: &'static str,
    /// See [`Fact::class`].
    pub class: Class,
    /// See [`Fact::what`].
    pub what: &'static str,
    /// See [`Fact::source`].
    pub source: &'static str,
    /// See [`Fact::read`].
    pub read: &'static str,
    /// See [`Fact::sure`].
    pub sure: Sure,
    /// See [`Fact::note`].
    pub note: &'static str,
}

/// A type that a fact may have: it can be written down and says what kind of value it is.
pub trait FactValue: fmt::Display {
    /// One word for the kind of value, shown in lists.
    const KIND: &'static str;
}

/// How often a message was delivered is counted in 16 bits.
impl FactValue for u16 {
    const KIND: &'static str = "count";
}

impl FactValue for u32 {
    const KIND: &'static str = "count";
}

impl FactValue for u64 {
    const KIND: &'static str = "count";
}

impl FactValue for f64 {
    const KIND: &'static str = "number";
}

impl<T: FactValue> Fact<T> {
    /// The same fact with its value as text.
    pub fn row(&self) -> FactRow {
        FactRow {
            name: self.name,
            value: self.value.to_string(),
            kind: T::KIND,
            class: self.class,
            what: self.what,
            source: self.source,
            read: self.read,
            sure: self.sure,
            note: self.note,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::Quota => "quota",
            Self::Price => "price",
            Self::Assumption => "assumption",
        })
    }
}

impl fmt::Display for Sure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stated => "stated",
            Self::Dated => "dated",
            Self::Unsure => "unsure",
            Self::Own => "own",
        })
    }
}
