//! FIFO topics: order, rates, deduplication, archive.

use crate::facts::table::{Source, dated, facts, read};
use crate::facts::values::{Price, Throughput};
use crate::units::{Bytes, Duration, Rate};

const TOPIC: Source = read("Amazon SNS API Reference, CreateTopic (service model of botocore 1.44.5)");
const QUOTAS: Source = read("AWS General Reference, Amazon SNS endpoints and quotas (a copy made in 2025)");
const THROUGHPUT: Source = read("Amazon SNS Developer Guide, High throughput for FIFO topics (fifo-high-throughput)");
const ARCHIVE: Source =
    read("Amazon SNS Developer Guide, Message archiving and replay (fifo-message-archiving-replay)");
const PRICES: Source = dated("factualminds.com, Amazon SNS pricing", "2026-06-13");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "sns";
    FIFO_GROUP_RATE: Rate = Rate::per_second(300.0), Quota, Stated, THROUGHPUT,
        "How many messages a second of one group a FIFO topic accepts.",
        "Beyond it publishing is throttled. More groups are the only remedy.";

    FIFO_TOPIC_RATE: Rate = Rate::per_second(3_000.0), Quota, Stated, THROUGHPUT,
        "How many messages a second a FIFO topic accepts over all groups, unless its throughput counts by group.",
        "Beyond it publishing is throttled. With `fifo_throughput_scope = \"MessageGroup\"` only the account's own \
         rate holds beside that of each group.";

    FIFO_TOPIC_THROUGHPUT: Throughput = Throughput { per_second: Bytes::new(20_000_000) }, Quota, Stated, THROUGHPUT,
        "How many bytes a second a FIFO topic accepts over all groups, unless its throughput counts by group.",
        "Beyond it publishing is throttled.";

    PUBLISH_RATE_FIFO_OTHER_REGIONS: Rate = Rate::per_second(3_000.0), Quota, Dated, QUOTAS,
        "How many messages a second an account can publish to FIFO topics outside the three largest Regions.",
        "Beyond it publishing is throttled.";

    FIFO_SUBSCRIPTIONS_MAX: u32 = 100, Quota, Stated, QUOTAS,
        "The most subscriptions of one FIFO topic; all of them are queues.",
        "A further one is refused.";

    FIFO_DEDUPLICATION_INTERVAL: Duration = Duration::from_mins(5), Quota, Stated, TOPIC,
        "How long a FIFO topic remembers what was published.",
        "A publish with the same deduplication id succeeds within it, and nothing is delivered.";

    ARCHIVE_RETENTION_MIN: Duration = Duration::from_days(1), Quota, Stated, ARCHIVE,
        "The shortest time that a FIFO topic can keep its messages for a replay.",
        "A shorter one is refused.";

    ARCHIVE_RETENTION_MAX: Duration = Duration::from_days(365), Quota, Stated, ARCHIVE,
        "The longest time that a FIFO topic can keep its messages for a replay.",
        "A longer one is refused.";

    FIFO_PUBLISH_PRICE: Price = Price::per_million(0.30, "message"), Price, Unsure, PRICES,
        "A message that is published to a FIFO topic.",
        "sns.fifo_payload_price comes on top. Batches save calls, not messages.";

    FIFO_PAYLOAD_PRICE: Price = Price::each_one(0.017, "GB"), Price, Unsure, REMEMBERED,
        "The bytes published to a FIFO topic.",
        "us-east-1.";

    FIFO_DELIVERY_PRICE: Price = Price::per_million(0.01, "delivery"), Price, Unsure, REMEMBERED,
        "A delivery from a FIFO topic.",
        "sns.fifo_delivery_payload_price comes on top.";

    FIFO_DELIVERY_PAYLOAD_PRICE: Price = Price::each_one(0.001, "GB"), Price, Unsure, REMEMBERED,
        "The bytes delivered from a FIFO topic.",
        "us-east-1.";
}
