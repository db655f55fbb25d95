//! The unit-rate clock that the patterns bend.

use crate::engine::random::{Draws, StreamKey};
use crate::site::ToToml;
use crate::traffic::sample::unit_exponential;
use serde::Deserialize;

/// How far apart two jobs of a source are on the unit-rate clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// An exponential step: a Poisson process, as from many senders who do not know of each other.
    Poisson,
    /// A step of exactly one, the first after half a step, so that a window of whole steps holds as many jobs.
    Regular,
}

/// How the jobs of a rate follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpacingSpec {
    /// At random, as from many senders who do not know of each other.
    Poisson,
    /// At equal distances, as from a clock.
    Regular,
}

impl ToToml for SpacingSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::Poisson => "poisson",
            Self::Regular => "regular",
        };
        word.to_toml()
    }
}

impl From<SpacingSpec> for Spacing {
    fn from(spec: SpacingSpec) -> Self {
        match spec {
            SpacingSpec::Poisson => Self::Poisson,
            SpacingSpec::Regular => Self::Regular,
        }
    }
}

/// The steps taken so far: job `i` is at `E_1 + … + E_i`.
#[derive(Debug, Clone)]
pub struct Beat {
    spacing: Spacing,
    draws: Draws,
    passed: f64,
    index: u32,
}

impl Beat {
    /// The clock of one source in one replication.
    ///
    /// The steps are one stream of draws: step `i` follows from the key and `i` alone, because a source's jobs have
    /// only one order.
    pub fn start(spacing: Spacing, key: StreamKey) -> Self {
        let passed = if spacing == Spacing::Regular { -0.5 } else { 0.0 };
        Self { spacing, draws: key.child("steps").stream(0), passed, index: 0 }
    }

    /// Where the next job is on the unit-rate clock, and its number.
    #[inline(always)]
    pub fn step(&mut self) -> (f64, u32) {
        self.passed += match self.spacing {
            Spacing::Poisson => unit_exponential(&mut self.draws),
            Spacing::Regular => 1.0,
        };
        let index = self.index;
        self.index = index.wrapping_add(1);
        (self.passed, index)
    }
}
