//! The pauses between attempts as they are written: their shape, and what chance does to them.

use super::retry::{Backoff, Jitter, RetryPolicy};
use crate::engine::SimDuration;
use crate::site::{At, Site, ToToml};
use serde::Deserialize;

/// The shape of the pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BackoffSpec {
    /// At once.
    None,
    /// Always the same.
    Fixed,
    /// Doubled each time.
    Exponential,
}

/// What chance does to a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum JitterSpec {
    /// Nothing.
    None,
    /// Anything between nothing and the pause.
    Full,
    /// Half of it is kept.
    Equal,
    /// Between the base and three times the last pause.
    Decorrelated,
}

impl ToToml for BackoffSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::None => "none",
            Self::Fixed => "fixed",
            Self::Exponential => "exponential",
        };
        word.to_toml()
    }
}

impl ToToml for JitterSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Equal => "equal",
            Self::Decorrelated => "decorrelated",
        };
        word.to_toml()
    }
}

/// What chance does to pauses of this shape, if the scenario does not say it. Whoever asks for a fixed pause wants it fixed:
/// resilience4j, whose word that is, leaves nothing of it to chance either.
pub(super) fn build_jitter(written: Option<At<JitterSpec>>, backoff: BackoffSpec, part: &mut Site<'_>) -> JitterSpec {
    let (usual, why) = match backoff {
        BackoffSpec::Fixed => (JitterSpec::None, "a fixed pause is always the same"),
        BackoffSpec::None | BackoffSpec::Exponential => (JitterSpec::Full, "as the AWS SDKs do"),
    };
    part.or_default("jitter", written, usual, why)
}

/// How attempts are paced.
pub(super) const fn policy(
    attempts: u32,
    backoff: BackoffSpec,
    base: SimDuration,
    cap: SimDuration,
    jitter: JitterSpec,
) -> RetryPolicy {
    let backoff = match backoff {
        BackoffSpec::None => Backoff::None,
        BackoffSpec::Fixed => Backoff::Fixed(base),
        BackoffSpec::Exponential => Backoff::Exponential { base, cap },
    };
    let jitter = match jitter {
        JitterSpec::None => Jitter::None,
        JitterSpec::Full => Jitter::Full,
        JitterSpec::Equal => Jitter::Equal,
        JitterSpec::Decorrelated => Jitter::Decorrelated,
    };
    RetryPolicy { attempts, backoff, jitter }
}
