//! What SNS does for one kind of endpoint and for no other: confirmation, e-mail, text messages, mobile push, raw
//! delivery.

use crate::facts::table::{OWN, Source, dated, facts, read};
use crate::facts::values::{Latency, Price};
use crate::units::Duration;

const SUBSCRIBE: Source = read("Amazon SNS API Reference, Subscribe (service model of botocore 1.44.5)");
const PUBLISH: Source = read("Amazon SNS API Reference, Publish (service model of botocore 1.44.5)");
const QUOTAS: Source = read("AWS General Reference, Amazon SNS endpoints and quotas (a copy made in 2025)");
const TEXTS: Source =
    read("Amazon SNS Developer Guide, Mobile text messaging (awsdocs/amazon-sns-developer-guide, 2022-12)");
const TIME_TO_LIVE: Source =
    read("Amazon SNS Developer Guide, Using the time to live (awsdocs/amazon-sns-developer-guide, 2022-12)");
const RAW: Source =
    read("Amazon SNS Developer Guide, Raw message delivery (awsdocs/amazon-sns-developer-guide, 2022-12)");
const PRICES: Source = dated("factualminds.com, Amazon SNS pricing", "2026-06-13");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "sns";
    CONFIRMATION_TOKEN_LIFE: Duration = Duration::from_days(2), Quota, Dated, SUBSCRIBE,
        "How long the link is valid by which a web endpoint or a mailbox confirms its subscription.",
        "Later it confirms nothing. The guide of 2022 removes what is not confirmed after three days instead.";

    PENDING_SUBSCRIPTIONS_MAX: u32 = 5_000, Quota, Dated, QUOTAS,
        "The most subscriptions of an account that wait for their confirmation at once.",
        "A further one is refused.";

    FIREHOSE_SUBSCRIPTIONS_MAX: u32 = 5, Quota, Stated, QUOTAS,
        "The most delivery streams that subscribe to one topic.",
        "A further one is refused.";

    RAW_ATTRIBUTES_MAX: u32 = 10, Quota, Stated, RAW,
        "The most attributes of a message that a queue gets by raw delivery.",
        "A message with more is a client error: it is not tried again, and lost without a dead-letter queue.";

    SMS_PART_CHARACTERS: u32 = 160, Quota, Stated, TEXTS,
        "Characters of the GSM alphabet in one part of a text message.",
        "140 bytes of 7 bits each. A longer text is sent, and billed, in several parts.";

    SMS_PART_CHARACTERS_UCS2: u32 = 70, Quota, Stated, TEXTS,
        "Characters of any other alphabet in one part of a text message.",
        "140 bytes of 16 bits each. One such character makes the whole text one of them.";

    SMS_CHARACTERS_MAX: u32 = 1_600, Quota, Stated, PUBLISH,
        "The most characters in one text message, over all its parts.",
        "Assumption: a longer one is refused for good; whether SNS refuses or cuts it is not stated for topics.";

    SMS_PART_PRICE: Price = Price::each_one(0.00645, "part"), Price, Unsure, REMEMBERED,
        "One part of a text message to a phone in the United States.",
        "Each country has its own price, and the carrier's fees come on top: say your own in `sms_attributes`.";

    SMS_SPEND_STOP_DELAY: Duration = Duration::ZERO, Assumption, Own, OWN,
        "How long text messages still go out after the month's money is spent.",
        "Documented as within minutes, so an account may spend more than it allows; nothing is the cautious guess.";

    SMS_HANDOVER_LATENCY: Latency = Latency::of_millis(200, 1_500), Assumption, Own, OWN,
        "How long a carrier takes to accept a text message.",
        "No figure found. The way to the phone comes after it.";

    PUSH_TIME_TO_LIVE: Duration = Duration::from_days(28), Default, Stated, TIME_TO_LIVE,
        "How old a notification for a phone may become, counted from its publish.",
        "An older one is not sent. Message, then provider, may set a shorter time.";

    PUSH_HANDOVER_LATENCY: Latency = Latency::of_millis(50, 500), Assumption, Own, OWN,
        "How long a push service takes to accept a notification.",
        "No figure found: a request over an open connection, as sns.delivery_latency holds the rest.";

    PUSH_LATENCY: Latency = Latency::of_millis(500, 30_000), Assumption, Own, OWN,
        "From the push service to the phone.",
        "No figure found: at once if the phone is awake and online, half a minute for one in a hundred.";

    PUSH_DELIVERY_PRICE: Price = Price::per_million(0.50, "delivery"), Price, Unsure, PRICES,
        "A delivery to a push service.",
        "us-east-1.";
}
