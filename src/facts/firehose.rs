//! Amazon Data Firehose: what a delivery stream accepts by direct put. Left out, because nothing here models it yet: its
//! buffers and destinations.

use crate::units::{Bytes, Rate};

use super::table::{OWN, Source, facts, read};
use super::values::{Latency, Throughput};

const LIMITS: Source =
    read("Amazon Kinesis Data Firehose Developer Guide, Quota (awsdocs/amazon-kinesis-data-firehose-developer-guide)");

facts! { "firehose";
    DIRECT_PUT_RECORDS: Rate = Rate::per_second(500_000.0), Quota, Stated, LIMITS,
        "How many records a second a delivery stream accepts in the three largest Regions.",
        "Beyond it records are throttled. 100,000 elsewhere; the API reference still says 5,000. Raised on request.";

    DIRECT_PUT_REQUESTS: Rate = Rate::per_second(2_000.0), Quota, Stated, LIMITS,
        "How many requests a second a delivery stream accepts in the three largest Regions.",
        "Beyond it they are throttled. 1,000 elsewhere. A topic puts each message by a request of its own.";

    DIRECT_PUT_THROUGHPUT: Throughput = Throughput::mib(5), Quota, Stated, LIMITS,
        "How many bytes a second a delivery stream accepts in the three largest Regions.",
        "Beyond it records are throttled. 1 MiB/s elsewhere.";

    RECORD_SIZE_MAX: Bytes = Bytes::kib(1_000), Quota, Stated, LIMITS,
        "The largest record of a delivery stream.",
        "A larger one is refused.";

    PUT_LATENCY: Latency = Latency::of_millis(10, 60), Assumption, Own, OWN,
        "How long a delivery stream takes to accept a record.",
        "No measurement found; taken to be about as fast as a put of kinesis.";
}
