//! What an account and a topic may have: publishes a second by Region, subscriptions of each kind, large messages.

use super::Protocol;
use super::fifo_spec::too_many_for_fifo;
use super::policy::too;
use super::spec::SnsSpec;
use super::subscriber::SubscriberSpec;
use crate::components::NodeSite;
use crate::components::account::SubscriptionClaims;
use crate::diagnostic::nearest;
use crate::facts::Fact;
use crate::facts::sns::{self, endpoints, fifo};
use crate::site::At;
use crate::units::{Bytes, Rate};

/// The Region of a topic that names none.
pub(super) const HOME_REGION: &str = "us-east-1";

impl SnsSpec {
    /// The rate of publishes, by Region unless it is written.
    pub(super) fn publish_rate(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> u64 {
        let own = HOME_REGION.to_owned();
        let region = site.site.or_default("region", self.region.clone(), own, "all prices and quotas are of this one");
        if let Some(at) = self.region.as_ref().filter(|_| !looks_like_a_region(&region)) {
            let known = sns::REGIONS.iter().flat_map(|regions| regions.iter().copied());
            site.site
                .error(at.span, "S020", format!("`{region}` is not the name of a Region"))
                .did_you_mean(nearest(&region, known))
                .hint("write it as AWS does: `eu-west-1`");
        }
        let rate = site.site.or_fact("publish_rate", self.publish_rate, rate_in(&region, is_fifo)).get();
        if let Some(at) = self.publish_rate.filter(|_| rate < 1.0) {
            site.site
                .error(at.span, "S031", "`publish_rate` lets nothing through")
                .label("must be at least 1/s: it is counted by whole seconds");
        }
        whole(rate)
    }

    /// The largest message. Above the default, a topic may feed managed endpoints only, and not many.
    pub(super) fn size(&self, site: &mut NodeSite<'_, '_>) -> Bytes {
        let written = self.maximum_message_size;
        let (least, most) = (&sns::MAXIMUM_MESSAGE_SIZE_MIN, &sns::MAXIMUM_MESSAGE_SIZE_MAX);
        site.site.within("maximum_message_size", written.as_ref(), least.value..=most.value, &(least, most));
        let size = site.site.or_fact("maximum_message_size", written, &sns::MAXIMUM_MESSAGE_SIZE);
        let usual = sns::MAXIMUM_MESSAGE_SIZE.value;
        if size <= usual {
            return size;
        }
        let subscribers = self.subscribers();
        for to in subscribers.iter().map(At::to) {
            let Some(endpoint) = site.target(&to) else { continue };
            if !Protocol::of(site.kind_of(endpoint.node)).is_managed() {
                let message = format!("`{}` cannot subscribe to a topic with messages above {usual}", to.value);
                site.site
                    .error(to.span, "S035", message)
                    .note(sns::MAXIMUM_MESSAGE_SIZE_MAX.note)
                    .hint("let it read from a queue of its own that subscribes, or leave the size at its default");
            }
        }
        let most = &sns::LARGE_MESSAGE_SUBSCRIPTIONS_MAX;
        exceed(&subscribers, |_| true, most.value, "subscriptions to large messages", &too(most), site);
        size
    }

    /// Whether there are no more subscriptions than a topic can have, of any kind.
    pub(super) fn check_counts(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) {
        let subscribers = self.subscribers();
        let all = &sns::SUBSCRIPTIONS_MAX;
        let (most, source) = if is_fifo { too_many_for_fifo() } else { (all.value, too(all)) };
        exceed(&subscribers, |_| true, most, "subscriptions", &source, site);
        let policies = &sns::FILTER_POLICIES_MAX;
        exceed(&subscribers, At::filters, policies.value, "subscriptions with a filter", &too(policies), site);
        let pending = &endpoints::PENDING_SUBSCRIPTIONS_MAX;
        exceed(&subscribers, At::waits, pending.value, "subscriptions that wait to be confirmed", &too(pending), site);
        let streams = &endpoints::FIREHOSE_SUBSCRIPTIONS_MAX;
        let is_stream: Vec<bool> = subscribers
            .iter()
            .map(|at| site.target(&at.to()).is_some_and(|to| Protocol::of(site.kind_of(to.node)) == Protocol::Stream))
            .collect();
        let streaming: Vec<_> =
            subscribers.into_iter().zip(is_stream).filter_map(|(at, is)| is.then_some(at)).collect();
        exceed(&streaming, |_| true, streams.value, "delivery streams", &too(streams), site);
        exceed_together(|claims| claims.pending, pending, "subscriptions that wait to be confirmed", site);
        let policies = &sns::FILTER_POLICIES_ACCOUNT_MAX;
        exceed_together(|claims| claims.filters, policies, "subscriptions with a filter", site);
    }

    /// What the topic needs of what its account has for subscriptions.
    pub(super) fn subscription_claims(&self) -> SubscriptionClaims {
        let subscribers = self.subscribers();
        let sum = |is_counted: fn(&At<SubscriberSpec>) -> bool| {
            let counts = subscribers.iter().filter(|at| is_counted(at)).map(At::count);
            counts.fold(0, u32::saturating_add)
        };
        SubscriptionClaims { pending: sum(At::waits), filters: sum(At::filters) }
    }
}

/// An error if the topic has more than `most` of its account's subscriptions of a kind together with the topics that are
/// written before it.
fn exceed_together(of: fn(SubscriptionClaims) -> u32, most: &Fact<u32>, what: &str, site: &mut NodeSite<'_, '_>) {
    let (before, from_here) = site.plan.nodes.split_at(site.node.index());
    let earlier = before.iter().fold(0, |sum: u32, node| sum.saturating_add(of(node.claims.subscriptions)));
    let own = from_here.first().map_or(0, |node| of(node.claims.subscriptions));
    let all = earlier.saturating_add(own);
    // One that is too many alone has been told so.
    if own > 0 && own.max(earlier) <= most.value && all > most.value {
        let span = site.site.span();
        site.site
            .error(span, "S030", format!("the topics of this account have more than {} {what} together", most.value))
            .label(format!("with this one {all}"))
            .note(too(most));
    }
}

/// An error if more of the subscriptions than `most` are of a kind; a subscription with a `count` is as many.
fn exceed(
    subscribers: &[At<SubscriberSpec>],
    is_counted: impl Fn(&At<SubscriberSpec>) -> bool,
    most: u32,
    what: &str,
    source: &str,
    site: &mut NodeSite<'_, '_>,
) {
    let mut counted = 0_u64;
    // One that is too many alone has been told so.
    let sound = |at: &&At<SubscriberSpec>| at.count() <= sns::SUBSCRIPTIONS_MAX.value && is_counted(at);
    for at in subscribers.iter().filter(sound) {
        counted += u64::from(at.count());
        if counted > u64::from(most) {
            site.site
                .error(at.span, "S030", format!("this topic has more than {most} {what}"))
                .label(format!("with this one {counted}"))
                .note(source);
            return;
        }
    }
}

/// What may come in a second, in whole pieces.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no rate is below nothing")]
pub(super) const fn whole(rate: f64) -> u64 {
    rate as u64
}

/// The rate of publishes of an account in a Region.
fn rate_in(region: &str, is_fifo: bool) -> &'static Fact<Rate> {
    let class = sns::REGIONS.iter().position(|regions| regions.contains(&region));
    match (class, is_fifo) {
        (Some(0), _) => &sns::PUBLISH_RATE,
        (Some(1), _) => &sns::PUBLISH_RATE_LARGE_REGIONS,
        (_, true) => &fifo::PUBLISH_RATE_FIFO_OTHER_REGIONS,
        (Some(_), false) => &sns::PUBLISH_RATE_MEDIUM_REGIONS,
        (None, false) => &sns::PUBLISH_RATE_OTHER_REGIONS,
    }
}

/// Whether a name has the form of a Region's: letters, then words, then a number, with hyphens between.
fn looks_like_a_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            words.len() >= 2
                && words.iter().all(|word| letters(word))
                && number.len() == 1
                && number.chars().all(|c| c.is_ascii_digit())
        }
        None => false,
    }
}
