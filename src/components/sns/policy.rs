//! The delivery policy of a subscription by HTTP: written in the words of its API, resolved to a retry schedule.

use super::schedule::Schedule;
use crate::facts::Fact;
use crate::facts::sns::{self, Growth, RetrySchedule};
use crate::site::{At, Site, ToToml};
use crate::units::Duration;
use serde::Deserialize;

/// When a web endpoint that fails is tried again; four phases, one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryPolicySpec {
    /// All retries together. What the other three counts leave is the backoff phase.
    num_retries: Option<At<u32>>,
    /// Retries at once.
    num_no_delay_retries: Option<At<u32>>,
    /// Retries with the shortest wait, before the backoff phase.
    num_min_delay_retries: Option<At<u32>>,
    /// Retries with the longest wait, after the backoff phase.
    num_max_delay_retries: Option<At<u32>>,
    /// The shortest wait.
    min_delay_target: Option<At<Duration>>,
    /// The longest wait.
    max_delay_target: Option<At<Duration>>,
    /// How the waits of the backoff phase grow from the shortest to the longest.
    backoff_function: Option<At<BackoffFunctionSpec>>,
}

/// How the waits of the backoff phase grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BackoffFunctionSpec {
    /// By the same amount each time.
    Linear,
    /// By an amount that itself grows.
    Arithmetic,
    /// By a constant factor.
    Geometric,
    /// By a constant factor.
    Exponential,
}

impl From<BackoffFunctionSpec> for Growth {
    fn from(function: BackoffFunctionSpec) -> Self {
        match function {
            BackoffFunctionSpec::Linear => Self::Linear,
            BackoffFunctionSpec::Arithmetic => Self::Arithmetic,
            BackoffFunctionSpec::Geometric => Self::Geometric,
            BackoffFunctionSpec::Exponential => Self::Exponential,
        }
    }
}

impl ToToml for BackoffFunctionSpec {
    fn to_toml(&self) -> String {
        Growth::from(*self).to_string().to_toml()
    }
}

impl DeliveryPolicySpec {
    /// The schedule of this policy; `site` is that of `delivery_policy`.
    pub(super) fn build(self, site: &mut Site<'_>) -> Option<Schedule> {
        let least = &sns::HTTP_DELAY_MIN;
        let most = &sns::HTTP_DELAY_MAX;
        let retries = 0..=sns::HTTP_RETRIES_MAX.value;
        let mut fine = site.within("num_retries", self.num_retries.as_ref(), retries, &sns::HTTP_RETRIES_MAX);
        for (key, written) in [("min_delay_target", self.min_delay_target), ("max_delay_target", self.max_delay_target)]
        {
            fine &= site.within(key, written.as_ref(), least.value..=most.value, &(least, most));
        }
        let schedule = self.resolve(site)?;
        let needs = Schedule::new(&schedule);
        if !fine {
            return None;
        }
        let most = &sns::HTTP_POLICY_TOTAL_MAX;
        if needs.total() > most.value.get() {
            let (total, span) = (Duration::from_nanos(needs.total().as_nanos()), site.span());
            site.error(span, "S030", format!("the waits of this policy add up to {total}"))
                .label(format!("must not exceed {}", most.value))
                .note(too(most))
                .hint("fewer retries, or shorter waits; what is still not delivered belongs into a dead-letter queue");
            return None;
        }
        Some(needs)
    }

    /// The phases, with what is not written filled in and checked against each other.
    fn resolve(self, site: &mut Site<'_>) -> Option<RetrySchedule> {
        let default = &sns::HTTP_RETRIES;
        let why = format!("as in fact {}", default.name);
        let own = default.value;
        let all = site.or_default("num_retries", self.num_retries, own.retries(), &why);
        let immediate = site.or_default("num_no_delay_retries", self.num_no_delay_retries, own.immediate, &why);
        let before = site.or_default("num_min_delay_retries", self.num_min_delay_retries, own.pre_backoff, &why);
        let after = site.or_default("num_max_delay_retries", self.num_max_delay_retries, own.post_backoff, &why);
        let shortest = site.or_default("min_delay_target", self.min_delay_target, own.shortest, &why);
        let longest = site.or_default("max_delay_target", self.max_delay_target, own.longest, &why);
        let function = site.or_default("backoff_function", self.backoff_function, BackoffFunctionSpec::Linear, &why);
        let phases = immediate.checked_add(before).and_then(|sum| sum.checked_add(after));
        let Some(backoff) = phases.and_then(|phases| all.checked_sub(phases)) else {
            let span = self.num_retries.map_or_else(|| site.span(), |at| at.span);
            site.error(span, "S031", format!("the phases have more retries than there are: `num_retries` is {all}"))
                .note("`num_retries` counts the retries of all phases; the backoff phase has those that are left")
                .hint("raise `num_retries`, or lower the counts of the phases");
            return None;
        };
        if shortest > longest {
            let span = self.min_delay_target.or(self.max_delay_target).map_or_else(|| site.span(), |at| at.span);
            site.error(span, "S031", "`min_delay_target` is longer than `max_delay_target`")
                .label(format!("waits go from {shortest} to {longest}"))
                .hint(format!("write `max_delay_target = \"{shortest}\"` or longer"));
            return None;
        }
        let growth = function.into();
        Some(RetrySchedule { immediate, pre_backoff: before, backoff, growth, post_backoff: after, shortest, longest })
    }
}

/// A fact as a note: what it limits and where that is said.
pub(super) fn too<T>(fact: &Fact<T>) -> String {
    format!("{} (fact {}; {}; read {})", fact.what, fact.name, fact.source, fact.read)
}
