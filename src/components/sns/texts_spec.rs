//! What a scenario may say about text messages.

use super::billing::text_parts;
use super::spec::SnsSpec;
use super::texts::{PROMOTIONAL, TRANSACTIONAL, TYPE_ATTRIBUTE, TextAccount};
use crate::components::NodeSite;
use crate::components::texts_sent::{Dollars, TextMoney, TextType};
use crate::diagnostic::{Span, nearest};
use crate::engine::SimDuration;
use crate::facts::sns::{self, endpoints};
use crate::site::{At, ToToml};
use crate::traffic::{Content, Scalar};
use crate::units::{Duration, Rate};
use serde::Deserialize;

/// What the account allows for text messages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct SmsAttributesSpec {
    /// What may be spent in a month, in US dollars.
    monthly_spend_limit: Option<At<f64>>,
    /// What one part costs in the country of the phones, in US dollars.
    price_per_part: Option<At<f64>>,
    /// What one text message may cost, in US dollars; a dearer one is not sent.
    max_price: Option<At<f64>>,
    /// Text messages that go out in a second, of each type.
    rate: Option<At<Rate>>,
    /// The type of text messages whose `attributes` do not say it as `AWS.SNS.SMS.SMSType`.
    default_sms_type: Option<At<SmsTypeSpec>>,
    /// The alphabet of the texts.
    encoding: Option<At<EncodingSpec>>,
    /// How long text messages still go out after the money is spent.
    spend_stop_delay: Option<At<Duration>>,
}

/// What a text message is for; each type has a rate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum SmsTypeSpec {
    /// What is not urgent, such as advertisements.
    Promotional,
    /// What somebody waits for, such as a code to sign in with.
    Transactional,
}

impl ToToml for SmsTypeSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Promotional => PROMOTIONAL.to_toml(),
            Self::Transactional => TRANSACTIONAL.to_toml(),
        }
    }
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
        spec.build(span, site).map(|account| Some(Box::new(account)))
    }
}

/// No account spends more US dollars on text messages; more is a slip.
const AMOUNT_MAX: f64 = 1e9;

impl SmsAttributesSpec {
    /// What was told of the account.
    pub(in crate::components) fn build(self, span: Span, site: &mut NodeSite<'_, '_>) -> Option<TextAccount> {
        let mut part = site.site.part("sms_attributes", span);
        let mut fine = true;
        for (key, written) in [
            ("monthly_spend_limit", self.monthly_spend_limit),
            ("price_per_part", self.price_per_part),
            ("max_price", self.max_price),
        ] {
            if let Some(at) = written.filter(|at| !(0.0..=AMOUNT_MAX).contains(&at.value)) {
                part.error(at.span, "S031", format!("`{key}` must be an amount of US dollars, nothing or more"))
                    .label(format!("must lie between 0 and {AMOUNT_MAX}"))
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
        let default_type =
            part.or_default("default_sms_type", self.default_sms_type, SmsTypeSpec::Promotional, "the service's own");
        let encoding = part.or_default("encoding", self.encoding, EncodingSpec::Gsm, "Latin letters");
        let stop_delay =
            part.or_fact("spend_stop_delay", self.spend_stop_delay, &endpoints::SMS_SPEND_STOP_DELAY).get();
        let (part_characters, character_bytes) = match encoding {
            EncodingSpec::Gsm => (endpoints::SMS_PART_CHARACTERS.value, 1),
            EncodingSpec::Ucs2 => (endpoints::SMS_PART_CHARACTERS_UCS2.value, 2),
        };
        let types = types_of_flows(span, site);
        let account = TextAccount {
            spacing: SimDuration::from_secs_f64(if rate > 0.0 { rate.recip() } else { 0.0 }),
            price,
            money: TextMoney { limit: Dollars::new(limit), stop_delay },
            max_price,
            part_characters,
            character_bytes,
            parts_sent: text_parts(price, site),
            default_type: match default_type {
                SmsTypeSpec::Promotional => TextType::Promotional,
                SmsTypeSpec::Transactional => TextType::Transactional,
            },
            types: types?,
        };
        site.traits.texts = Some(account.traits(site.placed(self.monthly_spend_limit.as_ref(), limit)));
        fine.then_some(account)
    }
}

/// What says the type of the text messages of each flow; an error for a type that does not exist, of a flow that comes
/// here: what the attributes of all others mean is not this topic's business.
fn types_of_flows(span: Span, site: &mut NodeSite<'_, '_>) -> Option<Vec<Option<Content>>> {
    let mut fine = true;
    let mut types = Vec::new();
    for (index, (flow, contents)) in site.plan.flows.iter().zip(&site.plan.flow_contents).enumerate() {
        let content = contents.as_ref().and_then(|contents| contents.attributes.get(TYPE_ATTRIBUTE));
        let values: Vec<&Scalar> = match content {
            Some(Content::Fixed(values)) => values.iter().collect(),
            Some(Content::Spread { values, .. }) => values.iter().map(|(_, value)| value).collect(),
            Some(Content::Nested(_)) | None => Vec::new(),
        };
        let names = [PROMOTIONAL, TRANSACTIONAL];
        let unknown =
            values.into_iter().find(|value| !matches!(value, Scalar::Text(text) if names.contains(&text.as_str())));
        if let Some(value) = unknown.filter(|_| site.comes_here()[index]) {
            let text = if let Scalar::Text(text) = value { text.as_str() } else { "" };
            let hint = format!("`{TYPE_ATTRIBUTE}` is `{PROMOTIONAL}` or `{TRANSACTIONAL}`");
            site.site
                .error(span, "S031", format!("the text messages of `{flow}` have the unknown type `{text}`"))
                .note(format!("a topic that feeds phones reads the attribute `{TYPE_ATTRIBUTE}` of the traffic"))
                .hint(hint)
                .did_you_mean(nearest(text, names));
            fine = false;
        }
        types.push(content.cloned());
    }
    fine.then_some(types)
}
