//! How a read is tried again that was refused, as written and as it runs.
//!
//! Facts: `http.sdk_attempts`, `http.sdk_backoff_*`. The client library of AWS makes the attempts; when they are used up,
//! the consumer library above it comes back at its usual pace.

use crate::components::poll_retry::{self, PollRetriesSpec};
use crate::components::request::{BackoffSpec, JitterSpec};
use crate::components::retry::RetryPolicies;
use crate::facts::http;
use crate::site::{At, Site};
use crate::units::Duration;
use serde::Deserialize;

/// Attempts of a read and the pauses between them, as written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ReadRetriesSpec {
    /// Attempts in all, the first included.
    attempts: Option<At<u32>>,
    /// The pause before the next attempt, without jitter.
    backoff: Option<At<BackoffSpec>>,
    /// The first pause, or every pause of a fixed backoff, after an error or no answer at all.
    base: Option<At<Duration>>,
    /// The same after an answer that tells the reader to slow down.
    base_throttled: Option<At<Duration>>,
    /// No pause is longer.
    cap: Option<At<Duration>>,
    /// How much of the pause is left to chance.
    jitter: Option<At<JitterSpec>>,
}

/// Attempts of a read and the pauses between them -- parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retries {
    /// Attempts in all; at least 1.
    pub attempts: u32,
    /// The pauses between them.
    pub pauses: RetryPolicies,
}

impl ReadRetriesSpec {
    /// The attempts; what is wrong with them is reported.
    pub(super) fn resolve(written: Option<At<Self>>, site: &mut Site<'_>) -> Option<Retries> {
        let span = written.as_ref().map_or(site.span(), |at| at.span);
        let Self { attempts, backoff, base, base_throttled, cap, jitter } =
            written.map(|at| at.value).unwrap_or_default();
        let mut part = site.part("retries", span);
        let none = attempts.filter(|at| at.value == 0);
        let attempts = part.or_fact("attempts", attempts, &http::SDK_ATTEMPTS);
        let pauses = PollRetriesSpec { backoff, base, base_throttled, cap, jitter };
        let pauses = poll_retry::build_in(&mut part, pauses);
        if let Some(at) = none {
            part.error(at.span, "S031", "`attempts` counts the first attempt as well, so it is at least 1")
                .hint("write `attempts = 1` for a reader that waits for its next turn");
            return None;
        }
        Some(Retries { attempts, pauses })
    }
}
