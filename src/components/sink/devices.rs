//! Apps on phones to which somebody publishes directly, without a topic: the first notification to a phone that does not
//! have the app any more is accepted and lost, and disables its endpoint; all later ones are refused.
//!
//! ```text
//!  publish ─┬▶ endpoint disabled: refused for good
//!           └▶ accepted ─┬▶ token valid: on its way to the phone
//!                        └▶ token invalid: lost, endpoint disabled
//! ```
//! A publish that is answered with an error, for its `fails` or because of a fault, was not accepted: it is not counted and
//! costs nothing. One that is accepted costs the publish, and the delivery if the push service knows the phone.
//!
//! The endpoint is that of the message's key; messages without keys are all for one. What comes through a topic is the
//! business of its subscription, which has an endpoint and a share of invalid tokens of its own.
//!
//! Left out: an app that registers again and enables its endpoint.

use super::{Ctx, is_direct, topics};
use crate::components::sqs::GroupMap;
use crate::components::{AnyTimer, NodeSite};
use crate::engine::random::{fingerprint, mix};
use crate::engine::{LossId, LossKind, MsgId};
use crate::facts::sns::{self, endpoints};
use crate::metrics::CounterId;
use crate::site::At;
use crate::units::Share;
use std::collections::BTreeSet;

/// What a draw is for.
const TOKENS: u64 = 4 << 32;

/// The endpoints that are published to directly.
#[derive(Debug, Clone)]
pub(super) struct Devices {
    /// Which nodes are topics -- parameter.
    topics: Vec<bool>,
    /// Which endpoint a key is -- parameter.
    map: GroupMap,
    /// The share of phones that do not have the app any more -- parameter.
    invalid: f64,
    /// What the draws are keyed by -- parameter.
    salt: u64,
    /// Endpoints that are disabled -- state.
    disabled: BTreeSet<u32>,
    /// It is refused, because its endpoint is disabled.
    refused: LossId,
    /// It was accepted, and the push service does not know the phone any more.
    unknown: LossId,
    /// Counts direct publishes that were accepted.
    publishes: CounterId,
    /// Counts those of them that the push service took.
    deliveries: CounterId,
    /// Counts endpoints that were disabled.
    endpoints_disabled: CounterId,
}

impl Devices {
    /// The endpoints, if somebody publishes to them without a topic.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn build(
        is_reached: bool,
        invalid: Option<At<Share>>,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<Option<Self>> {
        if !is_reached {
            let Some(at) = invalid else { return Some(None) };
            site.site
                .error(
                    at.span,
                    "S032",
                    "`invalid_tokens` has no effect here: nobody publishes to these phones directly",
                )
                .note("a subscription has a share of its own")
                .hint("write it at the subscriber: `subscribers = { to = \"app\", invalid_tokens = \"5%\" }`");
            return None;
        }
        let invalid = site.site.or_default("invalid_tokens", invalid, Share::ZERO, "every phone still has the app");
        let publishes = site.counter("direct_publishes", "requests");
        site.price("cost", publishes, sns::PUBLISH_PRICE.value.each());
        let deliveries = site.counter("billed_push_deliveries", "requests");
        site.price("cost", deliveries, endpoints::PUSH_DELIVERY_PRICE.value.each());
        Some(Some(Self {
            topics: topics(site),
            map: GroupMap::new(&site.plan.flow_keys),
            invalid: invalid.get(),
            salt: fingerprint(site.plan.nodes[site.node.index()].name.as_bytes()),
            disabled: BTreeSet::new(),
            refused: site.permanent_refusal("endpoint disabled"),
            unknown: site.loss(LossKind::Lost, "the phone does not have the app any more"),
            publishes,
            deliveries,
            endpoints_disabled: site.counter("endpoints_disabled", "endpoints"),
        }))
    }

    /// The endpoint of a direct publish.
    fn endpoint<T: Into<AnyTimer>>(&self, msg: MsgId, cx: &Ctx<'_, T>) -> Option<u32> {
        is_direct(msg, &self.topics, cx).then(|| self.map.group(cx.flow(msg), cx.message(msg).key))
    }

    /// Why a publish is refused, if it is.
    pub(super) fn refusal<T: Into<AnyTimer>>(&self, msg: MsgId, cx: &Ctx<'_, T>) -> Option<LossId> {
        let endpoint = self.endpoint(msg, cx)?;
        self.disabled.contains(&endpoint).then_some(self.refused)
    }

    /// Counts a notification that was accepted. Why it never gets to its phone, if it does not; its endpoint is disabled
    /// then.
    pub(super) fn bounce<T: Into<AnyTimer>>(&mut self, msg: MsgId, cx: &mut Ctx<'_, T>) -> Option<LossId> {
        let endpoint = self.endpoint(msg, cx)?;
        cx.count(self.publishes, 1);
        let draws = |cx: &Ctx<'_, T>| cx.draws(mix(self.salt.wrapping_add(TOKENS | u64::from(endpoint)))).uniform();
        if self.invalid <= 0.0 || draws(cx) >= self.invalid {
            cx.count(self.deliveries, 1);
            return None;
        }
        if self.disabled.insert(endpoint) {
            cx.count(self.endpoints_disabled, 1);
        }
        Some(self.unknown)
    }
}
