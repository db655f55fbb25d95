//! What a poller does after a poll that failed: it pauses, longer each time, before it asks again.
//!
//! A client whose bucket of retries is empty pauses before it returns the error of such a call, because its caller would only
//! poll again at once: to a queue it looks the same whether the client or its caller tries again, so no bucket is kept here.
//!
//! Facts: `http.sdk_backoff_*`. The client library of AWS tries a call a few times and then tells its caller, which asks
//! again because it polls for ever. Simplified: the pauses go on growing across that boundary, until a poll succeeds.

use super::pauses::{BackoffSpec, JitterSpec, build_jitter, policy};
use super::retry::RetryPolicies;
use super::site::NodeSite;
use crate::engine::random::Draws;
use crate::engine::{Refusal, SimDuration};
use crate::facts::http;
use crate::site::{At, Site};
use crate::units::Duration;
use serde::Deserialize;

/// The pauses after polls that failed, as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PollRetriesSpec {
    /// The pause before the next poll, without jitter.
    pub(super) backoff: Option<At<BackoffSpec>>,
    /// The first pause, or every pause of a fixed backoff, after an error or no answer at all.
    pub(super) base: Option<At<Duration>>,
    /// The same after an answer that tells the client to slow down.
    pub(super) base_throttled: Option<At<Duration>>,
    /// No pause is longer.
    pub(super) cap: Option<At<Duration>>,
    /// How much of the pause is left to chance.
    pub(super) jitter: Option<At<JitterSpec>>,
}

/// The failures of one poller since its last success -- state.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    in_a_row: u32,
    pause: SimDuration,
}

impl Failures {
    /// How many there are.
    pub(super) const fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// The pause after one more failure.
    pub(super) fn pause(
        &mut self,
        retries: &RetryPolicies,
        refusal: Refusal,
        draws: impl FnOnce() -> Draws,
    ) -> SimDuration {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.pause = retries.after(refusal).pause(self.in_a_row, self.pause, draws);
        self.pause
    }
}

/// The pauses after polls that failed, with the defaults of the client libraries.
pub(super) fn build(written: Option<At<PollRetriesSpec>>, site: &mut NodeSite<'_, '_>) -> RetryPolicies {
    let span = written.as_ref().map_or(site.site.span(), |at| at.span);
    build_in(&mut site.site.part("retries", span), written.map(|at| at.value).unwrap_or_default())
}

/// The same in a part of the scenario where more is said.
pub(super) fn build_in(part: &mut Site<'_>, written: PollRetriesSpec) -> RetryPolicies {
    let PollRetriesSpec { backoff, base, base_throttled, cap, jitter } = written;
    let backoff = part.or_default("backoff", backoff, BackoffSpec::Exponential, "as the AWS SDKs do");
    let base = part.or_fact("base", base, &http::SDK_BACKOFF_BASE).get();
    let throttled = part.or_fact("base_throttled", base_throttled, &http::SDK_BACKOFF_BASE_THROTTLED).get();
    let cap = part.or_fact("cap", cap, &http::SDK_BACKOFF_MAX).get();
    let jitter = build_jitter(jitter, backoff, part);
    // There is no last attempt.
    let of = |base| policy(u32::MAX, backoff, base, cap, jitter);
    RetryPolicies { failed: of(base), throttled: of(throttled) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    #[test]
    fn pauses_grow_with_the_failures_in_a_row_and_are_longer_when_throttled() {
        let [base, slower, cap] = [100, 1000, 4000].map(SimDuration::from_millis);
        let of = |base| policy(u32::MAX, BackoffSpec::Exponential, base, cap, JitterSpec::None);
        let retries = RetryPolicies { failed: of(base), throttled: of(slower) };
        let draws = || StreamKey::new(1, 0).stream(1);
        let mut failures = Failures::default();
        let mut pauses = |refusal| [0; 6].map(|_| failures.pause(&retries, refusal, draws).as_nanos() / 1_000_000);
        assert_eq!(pauses(Refusal::Failed), [100, 200, 400, 800, 1600, 3200]);
        // What it was refused for last time does not matter: it goes on from where it was.
        assert_eq!(pauses(Refusal::Throttled), [4000; 6]);
        failures = Failures::default();
        let first = failures.pause(&retries, Refusal::Throttled, draws);
        assert_eq!(first, slower);
    }
}
