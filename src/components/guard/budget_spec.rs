//! What a scenario may say about what retries are paid from.

use super::budget::{Credits, RetryBudget};
use crate::diagnostic::Span;
use crate::facts::{calls, http};
use crate::site::{At, Site, ToToml};
use crate::units::{Duration, Rate, Share};
use serde::Deserialize;

/// What retries are paid from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct BudgetSpec {
    /// What it is measured by.
    kind: Option<At<BudgetKind>>,
    /// share, `under_way`: retries per request.
    share: Option<At<Share>>,
    /// share: retries a second in any case.
    floor: Option<At<Rate>>,
    /// share: how long what a request has earned can be spent.
    window: Option<At<Duration>>,
    /// `under_way`: retries at once in any case.
    at_least: Option<At<u32>>,
    /// tokens, balance: tokens of a full bucket.
    tokens: Option<At<f64>>,
    /// tokens: what a retry takes.
    cost: Option<At<u32>>,
    /// tokens: what a retry takes after an answer that tells the client to slow down.
    cost_throttled: Option<At<u32>>,
    /// tokens: what a request gives back that succeeds at once.
    refund: Option<At<u32>>,
    /// balance: what a success gives back.
    ratio: Option<At<f64>>,
}

/// What a budget is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(in crate::components) enum BudgetKind {
    /// The requests of the last seconds, as in Finagle.
    Share,
    /// A bucket of tokens, as in the AWS SDKs.
    Tokens,
    /// The requests under way, as in Envoy.
    UnderWay,
    /// Failures against successes, as in gRPC.
    Balance,
}

impl ToToml for BudgetKind {
    fn to_toml(&self) -> String {
        match self {
            Self::Share => "share".to_toml(),
            Self::Tokens => "tokens".to_toml(),
            Self::UnderWay => "under_way".to_toml(),
            Self::Balance => "balance".to_toml(),
        }
    }
}

impl BudgetSpec {
    /// The bucket that the clients of AWS have, as if it were written at `span`.
    pub(in crate::components) fn of_the_sdks(span: Span) -> Self {
        Self { kind: Some(At::new(BudgetKind::Tokens, span)), ..Self::default() }
    }
}

pub(super) fn build_budget(at: &At<BudgetSpec>, site: &mut Site<'_>) -> Option<RetryBudget> {
    let mut part = site.part("retries.budget", at.span);
    let part = &mut part;
    let BudgetSpec { kind, share, floor, window, at_least, tokens, cost, cost_throttled, refund, ratio } = at.value;
    let kind = part.required("kind", kind)?;
    let is = |kinds: &[BudgetKind]| kinds.contains(&kind);
    let spans: [(&str, Option<Span>, &[BudgetKind]); 9] = [
        ("share", share.as_ref().map(|at| at.span), &[BudgetKind::Share, BudgetKind::UnderWay]),
        ("floor", floor.as_ref().map(|at| at.span), &[BudgetKind::Share]),
        ("window", window.as_ref().map(|at| at.span), &[BudgetKind::Share]),
        ("at_least", at_least.as_ref().map(|at| at.span), &[BudgetKind::UnderWay]),
        ("tokens", tokens.as_ref().map(|at| at.span), &[BudgetKind::Tokens, BudgetKind::Balance]),
        ("cost", cost.as_ref().map(|at| at.span), &[BudgetKind::Tokens]),
        ("cost_throttled", cost_throttled.as_ref().map(|at| at.span), &[BudgetKind::Tokens]),
        ("refund", refund.as_ref().map(|at| at.span), &[BudgetKind::Tokens]),
        ("ratio", ratio.as_ref().map(|at| at.span), &[BudgetKind::Balance]),
    ];
    for (key, span) in
        spans.into_iter().filter(|(.., kinds)| !is(kinds)).filter_map(|(key, span, _)| Some((key, span?)))
    {
        part.error(span, "S032", format!("`{key}` has no effect in a budget of kind {}", kind.to_toml()))
            .hint("leave it out, or write another `kind`: share, tokens, under_way, balance");
    }
    for (key, at) in
        [("tokens", &tokens), ("ratio", &ratio)].into_iter().filter_map(|(key, at)| Some((key, at.as_ref()?)))
    {
        if !(at.value > 0.0 && at.value <= 1e9) {
            part.error(at.span, "S031", format!("`{key}` is a positive number")).hint("leave it out for the usual one");
        }
    }
    Some(match kind {
        BudgetKind::Share => {
            let (least, most) = (&calls::BUDGET_WINDOW_MIN, &calls::BUDGET_WINDOW_MAX);
            part.within("window", window.as_ref(), least.value..=most.value, &(least, most));
            let share = part.or_fact("share", share, &calls::BUDGET_SHARE).get();
            let floor = part.or_fact("floor", floor, &calls::BUDGET_FLOOR).get();
            let window = part.or_fact("window", window, &calls::BUDGET_WINDOW).get();
            RetryBudget::Share(Credits::new(share, floor, window))
        }
        BudgetKind::Tokens => {
            let full = f64::from(http::SDK_RETRY_TOKENS.value);
            let why = "as the AWS SDKs, fact http.sdk_retry_tokens";
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
            let max = part.or_default("tokens", tokens, full, why) as u32;
            let cost = part.or_fact("cost", cost, &http::SDK_RETRY_COST);
            let throttled = part.or_fact("cost_throttled", cost_throttled, &http::SDK_RETRY_COST_THROTTLED);
            let refund = part.or_fact("refund", refund, &http::SDK_RETRY_REFUND);
            RetryBudget::tokens(max, [cost, throttled], refund)
        }
        BudgetKind::UnderWay => {
            let share = part.or_fact("share", share, &calls::BUDGET_ACTIVE_SHARE).get();
            RetryBudget::under_way(share, part.or_fact("at_least", at_least, &calls::BUDGET_ACTIVE_FLOOR))
        }
        BudgetKind::Balance => {
            let max = part.or_fact("tokens", tokens, &calls::BUDGET_BALANCE_TOKENS);
            RetryBudget::balance(max, part.or_fact("ratio", ratio, &calls::BUDGET_BALANCE_RATIO))
        }
    })
}
