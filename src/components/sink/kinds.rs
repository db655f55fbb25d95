//! The kinds of sinks: what each is, and what a scenario may say about it.

use super::{AlarmOf, SinkKind};
use crate::components::sns::SmsAttributesSpec;
use crate::components::spec::{LatencySpec, OneOrMany, all};
use crate::components::{Edge, NodeSpec, Verb};
use crate::facts::sns::endpoints;
use crate::facts::{self, Fact, firehose, http, s3, sns};
use crate::site::At;
use crate::units::{Bytes, Duration, Rate, Share};
use serde::Deserialize;

/// What a scenario may say about any sink.
#[derive(Debug, Clone, Default)]
pub struct SinkParts {
    pub(super) from: Option<At<OneOrMany<String>>>,
    pub(super) latency: Option<At<LatencySpec>>,
    pub(super) delivery_time: Option<At<LatencySpec>>,
    pub(super) fails: Option<At<Share>>,
    pub(super) status: Option<At<u16>>,
    pub(super) retry_after: Option<At<Duration>>,
    pub(super) limits: PutLimits,
    pub(super) invalid_tokens: Option<At<Share>>,
    pub(super) sms_attributes: Option<At<SmsAttributesSpec>>,
}

/// What a delivery stream accepts in a second.
#[derive(Debug, Clone, Default)]
pub(super) struct PutLimits {
    pub records: Option<At<Rate>>,
    pub requests: Option<At<Rate>>,
    pub bytes: Option<At<Bytes>>,
}

/// An Amazon S3 bucket into which objects are put.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct S3Spec {
    /// The flows of traffic that are stored here directly.
    from: Option<At<OneOrMany<String>>>,
    /// How long a put takes.
    latency: Option<At<LatencySpec>>,
    /// The share of puts that fail; the client may try again.
    fails: Option<At<Share>>,
}

/// A web endpoint of somebody else.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HttpSpec {
    /// The flows of traffic that go here directly.
    from: Option<At<OneOrMany<String>>>,
    /// How long it takes to answer.
    latency: Option<At<LatencySpec>>,
    /// The share of requests that it answers with an error.
    fails: Option<At<Share>>,
    /// The status of its errors: 4xx but 429 is for good, all others are worth another attempt.
    status: Option<At<u16>>,
    /// How long callers are told to wait after an error; a client that knows the header waits so much longer.
    retry_after: Option<At<Duration>>,
}

/// A mailbox.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailSpec {
    /// The flows of traffic that are mailed directly.
    from: Option<At<OneOrMany<String>>>,
    /// How long the mail system takes to accept an e-mail.
    latency: Option<At<LatencySpec>>,
    /// How long an accepted e-mail is on its way to the inbox.
    delivery_time: Option<At<LatencySpec>>,
    /// The share of e-mails that the mail system does not accept now.
    fails: Option<At<Share>>,
}

/// Phones that get text messages.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SmsSpec {
    /// The flows of traffic that are sent here directly.
    from: Option<At<OneOrMany<String>>>,
    /// How long the carrier takes to accept a text message.
    latency: Option<At<LatencySpec>>,
    /// How long an accepted text message is on its way to the phone.
    delivery_time: Option<At<LatencySpec>>,
    /// The share of text messages that the carrier does not accept now.
    fails: Option<At<Share>>,
    /// What the account allows for text messages that are sent here directly.
    sms_attributes: Option<At<SmsAttributesSpec>>,
}

/// Phones that get notifications for an app.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PushSpec {
    /// The flows of traffic that are sent here directly.
    from: Option<At<OneOrMany<String>>>,
    /// How long the push service takes to accept a notification.
    latency: Option<At<LatencySpec>>,
    /// How long an accepted notification is on its way to the phone.
    delivery_time: Option<At<LatencySpec>>,
    /// The share of notifications that the push service does not accept now.
    fails: Option<At<Share>>,
    /// Of the phones that are published to directly, the share that does not have the app any more: the first
    /// notification is lost and disables the endpoint, which is that of the message's key; later ones are refused.
    invalid_tokens: Option<At<Share>>,
}

/// An Amazon Data Firehose stream, as far as it accepts records.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FirehoseSpec {
    /// The flows of traffic that are put here directly.
    from: Option<At<OneOrMany<String>>>,
    /// How long a put takes.
    latency: Option<At<LatencySpec>>,
    /// The share of puts that fail; the client may try again.
    fails: Option<At<Share>>,
    /// Records that it accepts in a second.
    record_rate: Option<At<Rate>>,
    /// Requests that it accepts in a second.
    request_rate: Option<At<Rate>>,
    /// Bytes that it accepts in a second.
    bytes_per_second: Option<At<Bytes>>,
}

/// Amazon S3.
#[derive(Debug, Clone, Copy)]
pub struct Bucket;

/// A web endpoint.
#[derive(Debug, Clone, Copy)]
pub struct WebEndpoint;

/// A mailbox.
#[derive(Debug, Clone, Copy)]
pub struct Mailbox;

/// Text messages.
#[derive(Debug, Clone, Copy)]
pub struct Phone;

/// Notifications for an app.
#[derive(Debug, Clone, Copy)]
pub struct App;

/// Amazon Data Firehose.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryStream;

impl SinkKind for Bucket {
    const KIND: &'static str = "s3";
    const ABOUT: &'static str = "an Amazon S3 bucket: objects are put there, and that is the end of the path";
    const NOUN: &'static str = "a bucket";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Sends];
    const LATENCY: &'static Fact<facts::Latency> = &s3::PUT_LATENCY;
    const ONWARD: Option<&'static Fact<facts::Latency>> = None;
    const COUNTERS: [&'static str; 3] = ["put_requests", "bytes_uploaded", "5xx_errors"];
    type Alarm = AlarmOf<Self>;
    type Spec = S3Spec;
}

impl SinkKind for WebEndpoint {
    const KIND: &'static str = "http";
    const ABOUT: &'static str = "somebody else's web endpoint: it answers each request, sometimes with an error";
    const NOUN: &'static str = "a web endpoint";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Targets, Verb::Sends, Verb::Subscribers];
    const LATENCY: &'static Fact<facts::Latency> = &http::ENDPOINT_LATENCY;
    const ONWARD: Option<&'static Fact<facts::Latency>> = None;
    const COUNTERS: [&'static str; 3] = ["requests", "bytes", "errors"];
    type Alarm = AlarmOf<Self>;
    type Spec = HttpSpec;
}

impl SinkKind for Mailbox {
    const KIND: &'static str = "email";
    const ABOUT: &'static str = "a mailbox: accepted by the mail system at once, in the inbox later";
    const NOUN: &'static str = "a mailbox";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Sends, Verb::Subscribers];
    const LATENCY: &'static Fact<facts::Latency> = &sns::EMAIL_HANDOVER_LATENCY;
    const ONWARD: Option<&'static Fact<facts::Latency>> = Some(&sns::EMAIL_LATENCY);
    const COUNTERS: [&'static str; 3] = ["emails", "bytes", "errors"];
    type Alarm = AlarmOf<Self>;
    type Spec = EmailSpec;
}

impl SinkKind for Phone {
    const KIND: &'static str = "sms";
    const ABOUT: &'static str = "phones that get text messages: accepted by the carrier at once, there later";
    const NOUN: &'static str = "a phone";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Sends, Verb::Subscribers];
    const LATENCY: &'static Fact<facts::Latency> = &endpoints::SMS_HANDOVER_LATENCY;
    const ONWARD: Option<&'static Fact<facts::Latency>> = Some(&sns::SMS_LATENCY);
    const COUNTERS: [&'static str; 3] = ["texts", "bytes", "errors"];
    type Alarm = AlarmOf<Self>;
    type Spec = SmsSpec;
}

impl SinkKind for App {
    const KIND: &'static str = "push";
    const ABOUT: &'static str = "phones that get notifications for an app through their makers' push services";
    const NOUN: &'static str = "an app on a phone";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Calls, Verb::Sends, Verb::Subscribers];
    const LATENCY: &'static Fact<facts::Latency> = &endpoints::PUSH_HANDOVER_LATENCY;
    const ONWARD: Option<&'static Fact<facts::Latency>> = Some(&endpoints::PUSH_LATENCY);
    const COUNTERS: [&'static str; 3] = ["notifications", "bytes", "errors"];
    type Alarm = AlarmOf<Self>;
    type Spec = PushSpec;
}

impl SinkKind for DeliveryStream {
    const KIND: &'static str = "firehose";
    const ABOUT: &'static str =
        "an Amazon Data Firehose stream: accepts records up to its quotas, and there the path ends";
    const NOUN: &'static str = "a delivery stream";
    const ACCEPTS: &'static [Verb] = &[Verb::From, Verb::Sends, Verb::Subscribers];
    const LATENCY: &'static Fact<facts::Latency> = &firehose::PUT_LATENCY;
    const ONWARD: Option<&'static Fact<facts::Latency>> = None;
    const COUNTERS: [&'static str; 3] = ["put_requests", "bytes", "errors"];
    type Alarm = AlarmOf<Self>;
    type Spec = FirehoseSpec;
}

impl From<S3Spec> for SinkParts {
    fn from(S3Spec { from, latency, fails }: S3Spec) -> Self {
        Self { from, latency, fails, ..Self::default() }
    }
}

impl From<HttpSpec> for SinkParts {
    fn from(HttpSpec { from, latency, fails, status, retry_after }: HttpSpec) -> Self {
        Self { from, latency, fails, status, retry_after, ..Self::default() }
    }
}

impl From<EmailSpec> for SinkParts {
    fn from(EmailSpec { from, latency, delivery_time, fails }: EmailSpec) -> Self {
        Self { from, latency, delivery_time, fails, ..Self::default() }
    }
}

impl From<SmsSpec> for SinkParts {
    fn from(SmsSpec { from, latency, delivery_time, fails, sms_attributes }: SmsSpec) -> Self {
        Self { from, latency, delivery_time, fails, sms_attributes, ..Self::default() }
    }
}

impl From<PushSpec> for SinkParts {
    fn from(PushSpec { from, latency, delivery_time, fails, invalid_tokens }: PushSpec) -> Self {
        Self { from, latency, delivery_time, fails, invalid_tokens, ..Self::default() }
    }
}

impl From<FirehoseSpec> for SinkParts {
    fn from(spec: FirehoseSpec) -> Self {
        let FirehoseSpec { from, latency, fails, record_rate, request_rate, bytes_per_second } = spec;
        let limits = PutLimits { records: record_rate, requests: request_rate, bytes: bytes_per_second };
        Self { from, latency, fails, limits, ..Self::default() }
    }
}

macro_rules! flows_only {
    ($($spec:ty),*) => { $(
        impl NodeSpec for $spec {
            fn edges(&self) -> Vec<Edge> {
                Vec::new()
            }

            fn flows(&self) -> Vec<At<String>> {
                all(self.from.as_ref())
            }
        }
    )* };
}

flows_only!(S3Spec, HttpSpec, EmailSpec, SmsSpec, PushSpec, FirehoseSpec);
