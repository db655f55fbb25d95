//! What an account and a topic may have: publishes a second by Region, subscriptions of each kind, large messages.

use super::Protocol;
use super::fifo_spec::too_many_for_fifo;
use super::policy::too;
use super::spec::SnsSpec;
use super::subscriber::SubscriberSpec;
use super::texts::TextAccount;
use crate::components::NodeSite;
use crate::diagnostic::nearest;
use crate::engine::{SimDuration, SimTime};
use crate::facts::Fact;
use crate::facts::sns::{self, endpoints, fifo};
use crate::site::{At, ToToml};
use crate::units::{Bytes, Duration, Rate};
use serde::Deserialize;

/// The Region of a topic that names none.
pub(super) const HOME_REGION: &str = "us-east-1";

/// What the account allows for text messages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SmsAttributesSpec {
    /// What may be spent in a month, in US dollars.
    monthly_spend_limit: Option<At<f64>>,
    /// What one part costs in the country of the phones, in US dollars.
    price_per_part: Option<At<f64>>,
    /// What one text message may cost, in US dollars; a dearer one is not sent.
    max_price: Option<At<f64>>,
    /// Text messages that go out in a second.
    rate: Option<At<Rate>>,
    /// The alphabet of the texts.
    encoding: Option<At<EncodingSpec>>,
    /// How long text messages still go out after the money is spent.
    spend_stop_delay: Option<At<Duration>>,
}

/// The alphabet of text messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum EncodingSpec {
    /// Latin letters: 160 to a part, a byte of the message each.
    Gsm,
    /// Any others: 70 to a part, two bytes of the message each.
    Ucs2,
}

impl ToToml for EncodingSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Gsm => "gsm".to_toml(),
            Self::Ucs2 => "ucs2".to_toml(),
        }
    }
}

impl SnsSpec {
    /// The rate of publishes, by Region unless it is written.
    pub(super) fn publish_rate(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> f64 {
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
        rate
    }

    /// The largest message. Above the default, a topic may feed managed endpoints only, and not many.
    pub(super) fn size(&self, site: &mut NodeSite<'_, '_>) -> Bytes {
        let written = self.maximum_message_size;
        let sizes = sns::MAXIMUM_MESSAGE_SIZE_MIN.value..=sns::MAXIMUM_MESSAGE_SIZE_MAX.value;
        site.site.within("maximum_message_size", written.as_ref(), sizes, &sns::MAXIMUM_MESSAGE_SIZE_MAX);
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
    }

    /// The account that pays for text messages, if some go out.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn texts(&self, are_sent: bool, site: &mut NodeSite<'_, '_>) -> Option<Option<Box<TextAccount>>> {
        if !are_sent {
            if let Some(at) = self.sms_attributes {
                site.site
                    .error(at.span, "S032", "`sms_attributes` has no effect: no subscriber gets text messages")
                    .hint("leave it out, or let a node of kind `sms` subscribe");
                return None;
            }
            return Some(None);
        }
        let span = self.sms_attributes.map_or_else(|| site.site.span(), |at| at.span);
        let spec = self.sms_attributes.map(|at| at.value).unwrap_or_default();
        let parts_sent = site.counter("sms_parts", "parts");
        spec.build(span, parts_sent, site).map(|account| Some(Box::new(account)))
    }
}

impl SmsAttributesSpec {
    fn build(
        self,
        span: crate::diagnostic::Span,
        parts_sent: crate::metrics::CounterId,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<TextAccount> {
        let mut part = site.site.part("sms_attributes", span);
        let mut fine = true;
        for (key, written) in [
            ("monthly_spend_limit", self.monthly_spend_limit),
            ("price_per_part", self.price_per_part),
            ("max_price", self.max_price),
        ] {
            if let Some(at) = written.filter(|at| !(at.value >= 0.0 && at.value.is_finite())) {
                part.error(at.span, "S031", format!("`{key}` must be an amount of US dollars, nothing or more"))
                    .hint(format!("write `{key} = 0.01`, for example"));
                fine = false;
            }
        }
        let (most, each) = (&sns::SMS_SPEND_MAX, &endpoints::SMS_PART_PRICE);
        let why = |name: &str| format!("as in fact {name}");
        let limit =
            part.or_default("monthly_spend_limit", self.monthly_spend_limit, most.value.each(), &why(most.name));
        let price = part.or_default("price_per_part", self.price_per_part, each.value.each(), &why(each.name));
        let max_price = part.optional("max_price", self.max_price).unwrap_or(f64::INFINITY);
        let rate = part.or_fact("rate", self.rate, &sns::SMS_RATE).get();
        if let Some(at) = self.rate.filter(|_| rate <= 0.0) {
            part.error(at.span, "S031", "`rate` lets nothing through")
                .label("must be more than nothing")
                .hint("leave it out for the rate of the service");
            fine = false;
        }
        let encoding = part.or_default("encoding", self.encoding, EncodingSpec::Gsm, "Latin letters");
        let stop_delay =
            part.or_fact("spend_stop_delay", self.spend_stop_delay, &endpoints::SMS_SPEND_STOP_DELAY).get();
        let (part_characters, character_bytes) = match encoding {
            EncodingSpec::Gsm => (endpoints::SMS_PART_CHARACTERS.value, 1),
            EncodingSpec::Ucs2 => (endpoints::SMS_PART_CHARACTERS_UCS2.value, 2),
        };
        let account = TextAccount {
            spacing: SimDuration::from_secs_f64(if rate > 0.0 { rate.recip() } else { 0.0 }),
            price,
            limit,
            max_price,
            part_characters,
            character_bytes,
            stop_delay,
            parts_sent,
            next: SimTime::ZERO,
            paid: 0,
            stops: None,
        };
        site.traits.texts = Some(account.traits(site.placed(self.monthly_spend_limit.as_ref(), limit)));
        fine.then_some(account)
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
