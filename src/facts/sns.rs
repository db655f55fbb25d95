//! Amazon SNS: what a topic accepts, how it retries for each kind of endpoint, and what it costs.
//!
//! A topic stores nothing for later: each message goes to each subscription along a fixed schedule of attempts and is
//! then given to the subscription's dead-letter queue, or lost. The schedules differ by four orders of magnitude (a
//! minute, hours, weeks), which is why each is written out phase by phase. What holds for one kind of endpoint alone is in
//! [`endpoints`], what holds for FIFO topics alone in [`fifo`].

pub mod endpoints;
pub mod fifo;

use std::fmt;

use crate::units::{Bytes, Duration, Rate, Share};

use super::FactValue;
use super::table::{OWN, Source, dated, facts, read};
use super::values::{Latency, Price};

/// The Regions with the highest rate of publishes, those with the next one, and those with the one after that.
pub const REGIONS: [&[&str]; 3] = [
    &["us-east-1"],
    &["us-west-2", "eu-west-1"],
    &[
        "us-east-2",
        "us-west-1",
        "ap-south-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-central-1",
    ],
];

/// When an undelivered message is tried again: four phases, one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySchedule {
    /// Retries without any wait.
    pub immediate: u32,
    /// Retries with the shortest wait.
    pub pre_backoff: u32,
    /// Retries with growing waits.
    pub backoff: u32,
    /// How the wait grows from the shortest to the longest.
    pub growth: Growth,
    /// Retries with the longest wait.
    pub post_backoff: u32,
    /// The shortest wait.
    pub shortest: Duration,
    /// The longest wait.
    pub longest: Duration,
}

/// How the waits of a backoff phase grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By the same amount each time.
    Linear,
    /// By an amount that itself grows by the same amount each time.
    Arithmetic,
    /// By a constant factor each time.
    Geometric,
    /// By a constant factor each time, as the schedules of the managed endpoints word it.
    Exponential,
}

impl RetrySchedule {
    /// All retries together; the first attempt comes before them.
    pub const fn retries(&self) -> u32 {
        self.immediate + self.pre_backoff + self.backoff + self.post_backoff
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Linear => "linear",
            Self::Arithmetic => "arithmetic",
            Self::Geometric => "geometric",
            Self::Exponential => "exponential",
        })
    }
}

impl fmt::Display for RetrySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { immediate, pre_backoff, backoff, growth, post_backoff, shortest, longest } = self;
        write!(f, "{immediate} at once, {pre_backoff} x {shortest}, ")?;
        write!(f, "{backoff} {growth} from {shortest} to {longest}, {post_backoff} x {longest}")
    }
}

impl FactValue for RetrySchedule {
    const KIND: &'static str = "schedule";
}

const TOPIC: Source = read("Amazon SNS API Reference, SetTopicAttributes (service model of botocore 1.44.5)");
const PUBLISH: Source = read("Amazon SNS API Reference, Publish (service model of botocore 1.44.5)");
const PUBLISH_BATCH: Source = read("Amazon SNS API Reference, PublishBatch (service model of botocore 1.44.5)");
const QUOTAS: Source = read("AWS General Reference, Amazon SNS endpoints and quotas (a copy made in 2025)");
const RETRIES: Source = read("Amazon SNS Developer Guide, Message delivery retries (sns-message-delivery-retries)");
const POLICY: Source =
    read("Amazon SNS Developer Guide, Message delivery retries (awsdocs/amazon-sns-developer-guide, 2022-12)");
const HTTP: Source =
    read("Amazon SNS Developer Guide, Subscribing an HTTP/S endpoint (awsdocs/amazon-sns-developer-guide, 2022-12)");
const FILTERS: Source =
    read("Amazon SNS Developer Guide, Message filtering (awsdocs/amazon-sns-developer-guide, 2022-12)");
const EMAIL_HELP: Source = read("AWS re:Post Knowledge Center, e-mail subscription (sns-email-subscription-disabled)");
const MEASURED: Source = dated(
    "bitesizedserverless.com, Serverless Messaging: Latency Compared (eu-west-1, 1,024 messages each); fitted here",
    "2022-09-05",
);
const PRICES: Source = dated("factualminds.com, Amazon SNS pricing", "2026-06-13");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "sns";
    AWS_MANAGED_RETRIES: RetrySchedule = RetrySchedule {
        immediate: 3, pre_backoff: 2, backoff: 10, growth: Growth::Exponential, post_backoff: 100_000,
        shortest: Duration::from_secs(1), longest: Duration::from_secs(20),
    }, Default, Stated, RETRIES,
        "How SNS retries a queue, a function or a delivery stream that cannot be reached.",
        "100,015 retries over 23 days, then the dead-letter queue or lost. Simplified: the documented total is taken \
         to leave out the first attempt, since it is exactly the sum of the phases.";

    CUSTOMER_MANAGED_RETRIES: RetrySchedule = RetrySchedule {
        immediate: 0, pre_backoff: 2, backoff: 10, growth: Growth::Exponential, post_backoff: 38,
        shortest: Duration::from_secs(10), longest: Duration::from_mins(10),
    }, Default, Stated, RETRIES,
        "How SNS retries e-mail, text messages and mobile push.",
        "50 retries over six hours (the phases add up to 6.8), then the dead-letter queue or lost. Delivery streams \
         that throttle are retried like this too.";

    HTTP_RETRIES: RetrySchedule = RetrySchedule {
        immediate: 0, pre_backoff: 0, backoff: 3, growth: Growth::Linear, post_backoff: 0,
        shortest: Duration::from_secs(20), longest: Duration::from_secs(20),
    }, Default, Stated, RETRIES,
        "How SNS retries a web endpoint unless topic or subscription carry a policy of their own.",
        "Three more attempts, 20 seconds apart, then the dead-letter queue or lost: a minute of outage is enough.";

    RETRY_JITTER: Share = Share::new(0.1), Assumption, Own, OWN,
        "Each wait before a retry is longer or shorter by up to this share, at random.",
        "The documentation says that waits are jittered and not by how much.";

    HTTP_RETRIES_MAX: u32 = 100, Quota, Stated, POLICY,
        "The most retries in a delivery policy for web endpoints.",
        "A policy with more is refused.";

    HTTP_DELAY_MIN: Duration = Duration::from_secs(1), Quota, Stated, POLICY,
        "The shortest wait that a delivery policy can ask for, beside retries at once.",
        "A policy with a shorter one is refused.";

    HTTP_DELAY_MAX: Duration = Duration::from_hours(1), Quota, Stated, POLICY,
        "The longest wait that a delivery policy can ask for.",
        "A policy with a longer one is refused.";

    HTTP_POLICY_TOTAL_MAX: Duration = Duration::from_hours(1), Quota, Stated, POLICY,
        "All waits of a delivery policy for web endpoints together.",
        "A policy that needs longer is refused.";

    HTTP_RECEIVES_MIN: u32 = 1, Quota, Stated, POLICY,
        "The lowest rate a second to which a delivery policy can hold the deliveries of one subscription.",
        "A policy with a lower one is refused. Unless it sets a rate, an endpoint gets every message as it comes.";

    HTTP_TIMEOUT: Duration = Duration::from_secs(15), Quota, Stated, HTTP,
        "How long SNS waits for a web endpoint's answer.",
        "Then the attempt has failed and is retried, as after a 5xx or 429 answer; other 4xx answers end it for good. \
         The rule for 429 is from third-party notes.";

    PUBLISH_RATE: Rate = Rate::per_second(30_000.0), Quota, Stated, QUOTAS,
        "How many messages a second an account can publish in us-east-1, over all its topics.",
        "Beyond it publishing is throttled. Batches save calls, not messages.";

    PUBLISH_RATE_LARGE_REGIONS: Rate = Rate::per_second(9_000.0), Quota, Stated, QUOTAS,
        "The same in us-west-2 and eu-west-1.",
        "Beyond it publishing is throttled.";

    PUBLISH_RATE_MEDIUM_REGIONS: Rate = Rate::per_second(1_500.0), Quota, Dated, QUOTAS,
        "The same for standard topics in eight further large Regions.",
        "Beyond it publishing is throttled; FIFO topics have 3,000 there. Which eight these are is from memory.";

    PUBLISH_RATE_OTHER_REGIONS: Rate = Rate::per_second(300.0), Quota, Dated, QUOTAS,
        "The same for standard topics in all other Regions.",
        "Beyond it publishing is throttled; FIFO topics have 3,000 there.";

    MAXIMUM_MESSAGE_SIZE: Bytes = Bytes::kib(256), Default, Stated, PUBLISH,
        "The largest message that a topic accepts, attributes included.",
        "A larger one is refused. It can be raised, which limits the topic's subscriptions.";

    MAXIMUM_MESSAGE_SIZE_MIN: Bytes = Bytes::kib(1), Quota, Stated, TOPIC,
        "The smallest value that a topic's message size limit can be set to.",
        "A smaller one is refused.";

    MAXIMUM_MESSAGE_SIZE_MAX: Bytes = Bytes::mib(1), Quota, Stated, TOPIC,
        "The largest value that a topic's message size limit can be set to.",
        "A larger one is refused. Above 256 KiB a topic may feed queues, functions and delivery streams only.";

    LARGE_MESSAGE_SUBSCRIPTIONS_MAX: u32 = 100, Quota, Stated, TOPIC,
        "The most subscriptions of a topic whose messages may exceed 256 KiB.",
        "Raising the size of a topic with more, or with other kinds of them, is refused.";

    ENVELOPE_SIZE: Bytes = Bytes::new(900), Assumption, Own, OWN,
        "How much larger a message arrives unless the subscription asks for raw delivery.",
        "The JSON around it with identifiers, time, signature and two links, counted for a topic with a name of twelve \
         letters.";

    BATCH_ENTRIES_MAX: u32 = 10, Quota, Stated, PUBLISH_BATCH,
        "The most messages in one batch.",
        "The whole call is refused.";

    SUBSCRIPTIONS_MAX: u32 = 12_500_000, Quota, Stated, QUOTAS,
        "The most subscriptions of one standard topic.",
        "A further one is refused.";

    FILTER_POLICIES_MAX: u32 = 200, Quota, Stated, QUOTAS,
        "The most filter policies among the subscriptions of one topic.",
        "A further one is refused; an account can have sns.filter_policies_account_max.";

    FILTER_POLICIES_ACCOUNT_MAX: u32 = 10_000, Quota, Stated, QUOTAS,
        "The most filter policies among the subscriptions of all topics of an account.",
        "A further one is refused.";

    FILTER_KEYS_MAX: u32 = 5, Quota, Stated, FILTERS,
        "The most attribute names in one filter policy.",
        "A policy with more is refused.";

    FILTER_COMBINATIONS_MAX: u32 = 150, Quota, Stated, FILTERS,
        "The most combinations of values in one filter policy.",
        "A policy with more is refused.";

    FILTER_SIZE_MAX: Bytes = Bytes::kib(256), Quota, Stated, FILTERS,
        "The largest filter policy.",
        "A larger one is refused.";

    FILTER_CHANGE_LAG_MAX: Duration = Duration::from_mins(15), Default, Stated, FILTERS,
        "How long a topic may still filter as before after a filter policy was changed.",
        "Documented as up to this, and it cannot be shortened; until then a subscription gets what it no longer wants, \
         and misses what it wants now. Simplified: the change is felt by all messages at one moment.";

    EMAIL_RATE: Rate = Rate::per_second(10.0), Quota, Stated, EMAIL_HELP,
        "How many e-mails a second one subscription can take.",
        "It is not slowed down: the subscription is switched off and waits to be confirmed again, later messages do \
         not reach it. This limit cannot be raised.";

    SMS_RATE: Rate = Rate::per_second(20.0), Quota, Dated, QUOTAS,
        "How many text messages a second an account can send, for each of the two types.",
        "Promotional and transactional. Simplified: what is above waits its turn; whether SNS delays or drops it is not stated.";

    SMS_SPEND_MAX: Price = Price::each_one(1.00, "account-month"), Quota, Stated, QUOTAS,
        "How much an account may spend on text messages a month until it asks for more.",
        "Sending stops within minutes of reaching it.";

    PUBLISH_LATENCY: Latency = Latency::of_millis(8, 50), Assumption, Own, OWN,
        "How long a publish takes, as the publisher sees it.",
        "No measurement of it alone. It stores one message, so it is taken to be as fast as sqs.send_latency.";

    DELIVERY_LATENCY: Latency = Latency::of_millis(65, 200), Assumption, Own, MEASURED,
        "From an accepted publish to the first attempt at a function, a web endpoint or another receiver.",
        "73 ms in the middle and 225 ms at p99 were measured from publisher to function; 8 ms are the publish, and the \
         tail keeps its ratio. A sample log of the guide shows 65 ms too.";

    DELIVERY_LATENCY_SQS: Latency = Latency::of_millis(12, 37), Assumption, Own, MEASURED,
        "From an accepted publish to the first attempt at a queue.",
        "The same test needed 40 ms through topic and queue and 28 ms through the queue alone, both FIFO; the \
         difference with the tail of sns.delivery_latency. The p99 values of that pair contradict each other (497 and \
         645 ms).";

    EMAIL_HANDOVER_LATENCY: Latency = Latency::of_millis(100, 1_000), Assumption, Own, OWN,
        "How long a mail system takes to accept an e-mail.",
        "No figure found: a few exchanges of an SMTP session. The way to the inbox comes after it.";

    EMAIL_LATENCY: Latency = Latency::of_millis(5_000, 120_000), Assumption, Own, OWN,
        "From SNS to the inbox.",
        "No figure found beyond seconds to minutes: five seconds in the middle, two minutes for one in a hundred.";

    SMS_LATENCY: Latency = Latency::of_millis(4_000, 60_000), Assumption, Own, OWN,
        "From SNS to the phone.",
        "No figure found beyond seconds to minutes: four seconds in the middle, a minute for one in a hundred.";

    PUBLISH_PRICE: Price = Price::per_million(0.50, "request"), Price, Unsure, PRICES,
        "A publish to a standard topic.",
        "us-east-1. A call counts once for each started sns.billed_chunk of what it carries. Simplified: one that is refused \
         costs nothing.";

    BILLED_CHUNK: Bytes = Bytes::kib(64), Price, Unsure, REMEMBERED,
        "A call that publishes to a standard topic counts once for each started piece of this size.",
        "The same rule as for a queue. A FIFO topic bills messages and bytes instead.";

    FREE_PUBLISHES: u64 = 1_000_000, Price, Unsure, REMEMBERED,
        "How many publishes a month cost nothing, over all topics of an account.",
        "Simplified: not subtracted from a run's cost, because a run does not know the rest of the month.";

    SQS_DELIVERY_PRICE: Price = Price::per_million(0.0, "delivery"), Price, Unsure, PRICES,
        "A delivery to a queue.",
        "Free, data transfer between Regions aside; what the consumer then does with the queue is billed there.";

    LAMBDA_DELIVERY_PRICE: Price = Price::per_million(0.0, "delivery"), Price, Unsure, PRICES,
        "A delivery to a function.",
        "Free; the function's own requests and time are billed there.";

    HTTP_DELIVERY_PRICE: Price = Price::per_million(0.60, "delivery"), Price, Unsure, PRICES,
        "A delivery to a web endpoint.",
        "Assumption: every attempt is counted, retries too; whether failed ones are billed is not settled, and this is the \
         dearer reading.";

    EMAIL_DELIVERY_PRICE: Price = Price::per_million(20.0, "delivery"), Price, Unsure, PRICES,
        "A delivery by e-mail.",
        "Quoted as $2.00 for 100,000. More than thirty times what a web endpoint costs.";

    FIREHOSE_DELIVERY_PRICE: Price = Price::per_million(0.19, "delivery"), Price, Unsure, REMEMBERED,
        "A delivery to a delivery stream.",
        "What the stream does with it is billed there.";

    BODY_FILTER_PRICE: Price = Price::each_one(0.09, "GB"), Price, Unsure, REMEMBERED,
        "Filtering by the message body, by what is scanned, rejected messages included.",
        "Filtering by attributes is free.";
}
