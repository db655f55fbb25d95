//! Amazon Kinesis Data Streams: what a shard takes and gives, how readers poll, what it costs.
//!
//! All limits are per shard: a stream has room only where its keys fall. AWS writes MB and means 2^20 bytes almost
//! everywhere in these pages, so that is what is meant here. Left out, because nothing here models it yet: on-demand
//! capacity, resharding, the producer library, and the queues and channels of 2026.

use crate::units::{Bytes, Duration, Rate, Share};

use super::table::{OWN, Source, facts, read};
use super::values::{Between, Latency, Price, Throughput};

const CREATE: Source = read("Amazon Kinesis API Reference, CreateStream (service model of botocore 1.44.5)");
const PUT_RECORD: Source = read("Amazon Kinesis API Reference, PutRecord (service model of botocore 1.44.5)");
const PUT_RECORDS: Source = read("Amazon Kinesis API Reference, PutRecords (service model of botocore 1.44.5)");
const GET_RECORDS: Source = read("Amazon Kinesis API Reference, GetRecords (service model of botocore 1.44.5)");
const GET_ITERATOR: Source = read("Amazon Kinesis API Reference, GetShardIterator (service model of botocore 1.44.5)");
const SUBSCRIBE: Source = read("Amazon Kinesis API Reference, SubscribeToShard (service model of botocore 1.44.5)");
const REGISTER: Source =
    read("Amazon Kinesis API Reference, RegisterStreamConsumer (service model of botocore 1.44.5)");
const CONSUMERS: Source = read(
    "Amazon Kinesis Data Streams Developer Guide, Reading data from streams \
     (awsdocs/amazon-kinesis-data-streams-developer-guide, 2022-08)",
);
const RECORD_SIZE: Source =
    read("Amazon Kinesis API Reference, UpdateMaxRecordSize (service model of botocore 1.44.5)");
const RETENTION: Source =
    read("Amazon Kinesis API Reference, IncreaseStreamRetentionPeriod (service model of botocore 1.44.5)");
const QUOTAS: Source =
    read("Amazon Kinesis Data Streams Developer Guide, Quotas and limits (service-sizes-and-limits)");
const LARGE_RECORDS: Source = read("Amazon Kinesis Data Streams Developer Guide, Large records");
const PRODUCERS: Source = read(
    "Amazon Kinesis Data Streams Developer Guide, Troubleshooting producers \
     (awsdocs/amazon-kinesis-data-streams-developer-guide, 2022-08)",
);
const MONITORING: Source = read(
    "Amazon Kinesis Data Streams Developer Guide, Monitoring with CloudWatch \
     (awsdocs/amazon-kinesis-data-streams-developer-guide, 2022-08)",
);
const KCL_POLLING: Source = read("awslabs/amazon-kinesis-client 024eb86e (2026-07), PollingConfig");
const KCL_LEASES: Source = read("awslabs/amazon-kinesis-client 024eb86e (2026-07), LeaseManagementConfig");
const KCL_COORDINATOR: Source = read("awslabs/amazon-kinesis-client 024eb86e (2026-07), DynamoDBLeaseCoordinator");
const KCL_TAKER: Source = read("awslabs/amazon-kinesis-client 024eb86e (2026-07), DynamoDBLeaseTaker; derived here");
const LAMBDA_GUIDE: Source =
    read("AWS Lambda Developer Guide, Using Lambda with Kinesis (awsdocs/aws-lambda-developer-guide, 2023-10)");
const FIREHOSE_GUIDE: Source = read(
    "Amazon Data Firehose Developer Guide, Writing with Kinesis streams \
     (awsdocs/amazon-kinesis-data-firehose-developer-guide, 2023-03)",
);
const FLINK_GUIDE: Source = read(
    "Managed Service for Apache Flink Developer Guide, Throttled sources \
     (awsdocs/amazon-kinesis-data-analytics-developer-guide, 2023-04)",
);
const PRICES: Source = read("trek10.com on Kinesis Data Streams prices; page without a date");
const REMEMBERED: Source = read("one secondary page or from memory; not found on a page of AWS that could be read");

facts! { "kinesis";
    SHARD_BYTES_IN: Throughput = Throughput::mib(1), Quota, Stated, PUT_RECORDS,
        "How many bytes a second one shard takes, data and partition keys together.",
        "Beyond it a record fails with ProvisionedThroughputExceededException. The page of PutRecord says 10 MiB, \
         which is taken here for the burst of large records.";

    SHARD_RECORDS_IN: Rate = Rate::per_second(1_000.0), Quota, Stated, PUT_RECORDS,
        "How many records a second one shard takes.",
        "Beyond it a record fails with ProvisionedThroughputExceededException, however small it is.";

    SHARD_BYTES_OUT: Throughput = Throughput::mib(2), Quota, Stated, GET_RECORDS,
        "How many bytes a second one shard gives to all its polling readers together.",
        "Beyond it reads fail with ProvisionedThroughputExceededException until the second is over.";

    GET_RECORDS_RATE: Rate = Rate::per_second(5.0), Quota, Stated, GET_RECORDS,
        "How many reads a second one shard answers, over all its polling readers together.",
        "Beyond it reads fail: five readers can poll once a second each, a sixth makes all of them fail at times.";

    FAN_OUT_BYTES_OUT: Throughput = Throughput::mib(2), Quota, Stated, SUBSCRIBE,
        "How many bytes a second one shard pushes to each reader with enhanced fan-out.",
        "What is beyond it comes later. The other readers do not notice.";

    FAN_OUT_READERS_MAX: u32 = 20, Quota, Stated, REGISTER,
        "How many readers with enhanced fan-out a stream has at most.",
        "A further one cannot be registered: LimitExceededException.";

    FAN_OUT_LATENCY: Latency = Latency::of_millis(60, 220), Assumption, Own, CONSUMERS,
        "From a put to the reader that it is pushed to.",
        "Only the average is published, kinesis.fan_out_latency_mean, and that it is the same for any number of \
         readers.";

    FAN_OUT_LATENCY_MEAN: Duration = Duration::from_millis(70), Default, Stated, CONSUMERS,
        "How long a record takes on average from the put to a reader that it is pushed to.",
        "What kinesis.fan_out_latency is calibrated on.";

    FAN_OUT_RESUBSCRIBE: Duration = Duration::from_secs(5), Quota, Stated, SUBSCRIBE,
        "How long a reader with enhanced fan-out waits before it subscribes to the same shard again.",
        "Earlier it fails with ResourceInUseException. A subscription ends after five minutes and is renewed.";

    SHARD_BURST: Duration = Duration::from_secs(1), Assumption, Own, OWN,
        "A shard that was idle takes at once what it would take in this time: the depth of its two buckets.",
        "The window over which a shard's rates are judged is not published.";

    LARGE_RECORD_BURST: Bytes = Bytes::mib(10), Quota, Stated, LARGE_RECORDS,
        "How many bytes a shard takes at once if its stream allows records above 1 MiB.",
        "On average it stays at kinesis.shard_bytes_in; large records should be under 2% of the traffic.";

    READ_BURST: Bytes = Bytes::mib(10), Assumption, Own, GET_RECORDS,
        "The depth of a shard's bucket for bytes out.",
        "A read is answered while the bucket is not empty and may overdraw it: this gives both documented rules, 2 MiB \
         a second on average, and five seconds of refused reads after an answer of 10 MiB.";

    PUT_RECORDS_MAX: u32 = 500, Quota, Stated, PUT_RECORDS,
        "The most records in one PutRecords call.",
        "The whole call is refused. Within the limit each record succeeds or fails alone, in an answer that says \
         success.";

    PUT_RECORDS_SIZE_MAX: Bytes = Bytes::mib(10), Quota, Stated, PUT_RECORDS,
        "The most bytes in one PutRecords call, partition keys included.",
        "The whole call is refused. Pages from before October 2025 say 5 MiB.";

    MAX_RECORD_SIZE: Bytes = Bytes::mib(1), Default, Stated, RECORD_SIZE,
        "The largest record, data and partition key together.",
        "A larger one is refused and uses up nothing of the shard.";

    MAX_RECORD_SIZE_MIN: Bytes = Bytes::kib(1_024), Quota, Stated, RECORD_SIZE,
        "The smallest value that a stream's record size limit can be set to.",
        "A smaller one is refused.";

    MAX_RECORD_SIZE_MAX: Bytes = Bytes::kib(10_240), Quota, Stated, RECORD_SIZE,
        "The largest value that a stream's record size limit can be set to.",
        "A larger one is refused.";

    PARTITION_KEY_MAX: u32 = 256, Quota, Stated, PUT_RECORD,
        "The most characters in a partition key; it has at least one.",
        "The record is refused.";

    RANDOM_KEY_SIZE: Bytes = Bytes::new(36), Assumption, Own, OWN,
        "The size of the partition key of a record that has no key of its own.",
        "A producer that has no key to keep in order writes a random UUID, which spreads its records evenly.";

    PUT_ROUNDING: Bytes = Bytes::kib(1), Quota, Dated, PRODUCERS,
        "For its limit a shard rounds the size of a single put up to a multiple of this.",
        "PutRecords rounds the sum of the call instead, so that many small records fit better in one call.";

    RETENTION_PERIOD: Duration = Duration::from_days(1), Default, Stated, RETENTION,
        "A record can be read for this long.",
        "Then it is gone for every reader; one that is too slow misses it without an error.";

    RETENTION_PERIOD_MIN: Duration = Duration::from_days(1), Quota, Stated, RETENTION,
        "The shortest time that a stream can be told to keep records.",
        "A shorter one is refused.";

    RETENTION_PERIOD_MAX: Duration = Duration::from_hours(8_760), Quota, Stated, RETENTION,
        "The longest time that a stream can be told to keep records.",
        "A longer one is refused. Raising it does not bring records back.";

    SHARDS_MAX: u32 = 20_000, Quota, Stated, QUOTAS,
        "The most provisioned shards of an account in us-east-1, us-west-2 and eu-west-1.",
        "More are refused until the quota is raised; other Regions begin at 1,000 or 6,000.";

    GET_RECORDS_MAX: u32 = 10_000, Quota, Stated, GET_RECORDS,
        "The most records in the answer to one read.",
        "Asking for more is an error.";

    GET_RECORDS_SIZE_MAX: Bytes = Bytes::mib(10), Quota, Stated, GET_RECORDS,
        "The most bytes in the answer to one read.",
        "After such an answer reads fail for the next five seconds.";

    ITERATOR_LIFETIME: Duration = Duration::from_mins(5), Quota, Stated, GET_ITERATOR,
        "How long a reader's position can be used after it was given out.",
        "Using it later fails with ExpiredIteratorException.";

    GET_SHARD_ITERATOR_RATE: Rate = Rate::per_second(5.0), Quota, Stated, GET_ITERATOR,
        "How many positions a second one shard gives out.",
        "Beyond it the call fails with ProvisionedThroughputExceededException.";

    ITERATOR_AGE_ALARM: Share = Share::new(0.5), Default, Stated, MONITORING,
        "A reader that lags behind by more than this share of the retention is in danger of losing records.",
        "The guide's advice for an alarm; the service itself does nothing at that point.";

    PUT_RECORD_LATENCY: Latency = Latency::of_millis(10, 60), Assumption, Own, OWN,
        "How long the put of a single record takes, as the producer sees it.",
        "Never published. The record is stored in three zones before the answer.";

    PUT_RECORDS_LATENCY: Latency = Latency::of_millis(30, 150), Assumption, Own, OWN,
        "How long a PutRecords call with 500 records of 1 KB takes.",
        "Never published. A longer version of kinesis.put_record_latency.";

    PUT_TO_VISIBLE_LATENCY: Latency = Latency::of_millis(25, 250), Assumption, Own, OWN,
        "From an accepted put to the moment at which a read can return the record.",
        "Two pages of the guide contradict each other: at once, and about three seconds. With polling added this gives \
         less than the official averages of 200 ms for one reader and 1 s for five.";

    GET_RECORDS_LATENCY: Latency = Latency::of_millis(10, 60), Assumption, Own, OWN,
        "How long one read takes, as the reader sees it.",
        "Never published; taken to be as fast as a put.";

    CHECKPOINT_LATENCY: Latency = Latency::of_millis(10, 60), Assumption, Own, OWN,
        "How long a reader needs to store how far it has come.",
        "Never published. It is one write to a DynamoDB table; taken to be as fast as a put.";

    KCL_IDLE_TIME: Duration = Duration::from_millis(1_500), Default, Stated, KCL_POLLING,
        "How long the consumer library waits between two reads of a shard.",
        "In its versions 2 and 3; version 1 and the guide say one second.";

    KCL_IDLE_TIME_MIN: Duration = Duration::from_millis(200), Quota, Stated, KCL_POLLING,
        "The shortest wait that the consumer library accepts: five reads a second.",
        "A shorter one is raised to it.";

    KCL_MAX_RECORDS: u32 = 10_000, Default, Stated, KCL_POLLING,
        "How many records the consumer library asks for in one read.",
        "More is not possible.";

    LAMBDA_POLL_PERIOD: Duration = Duration::from_secs(1), Default, Stated, LAMBDA_GUIDE,
        "How often AWS Lambda reads an idle shard.",
        "While there is a backlog it reads on without a wait.";

    FIREHOSE_POLL_PERIOD: Duration = Duration::from_secs(1), Default, Stated, FIREHOSE_GUIDE,
        "How often a delivery stream reads each shard of its source.",
        "Its reads count against the shard's five a second, and it never gives up.";

    FLINK_POLL_PERIOD: Duration = Duration::from_millis(200), Default, Stated, FLINK_GUIDE,
        "How often a Flink application reads each shard unless told otherwise.",
        "It uses up all reads of the shard: every other polling reader is refused.";

    KCL_FAILOVER_TIME: Duration = Duration::from_secs(10), Default, Stated, KCL_LEASES,
        "A worker of the consumer library that has not renewed its lease for this long can be replaced.",
        "Being noticed takes longer, see kinesis.kcl_takeover.";

    KCL_RENEW_INTERVAL: Duration = Duration::from_millis(3_308), Default, Stated, KCL_LEASES,
        "How often a worker of the consumer library renews its leases.",
        "A third of the failover time less 25 ms.";

    KCL_SCAN_INTERVAL: Duration = Duration::from_millis(20_050), Default, Stated, KCL_COORDINATOR,
        "How often a worker of the consumer library looks for leases that nobody renews.",
        "Twice the failover time and 25 ms. Version 3 has one leader that looks every 20 seconds.";

    KCL_TAKEOVER: Between = Between::of_secs(17, 40), Default, Own, KCL_TAKER,
        "How long the shards of a dead worker stand still until another worker takes them over.",
        "Two scans of the same observer must find the same lease counter. With many other workers the first to notice \
         is near the lower end. Then records since the last checkpoint repeat.";

    SHARD_HOUR_PRICE: Price = Price::each_one(0.015, "shard-hour"), Price, Dated, PRICES,
        "A provisioned shard for an hour, busy or idle.",
        "us-east-1.";

    PUT_UNIT_PRICE: Price = Price::per_million(0.014, "put unit"), Price, Dated, PRICES,
        "Storing a record, once for each started kinesis.put_unit_size.",
        "us-east-1. Failed puts are taken to be free, which one secondary source says.";

    PUT_UNIT_SIZE: Bytes = Bytes::kib(25), Price, Dated, PRICES,
        "A record counts as one put unit for each started piece of this size.",
        "Each record alone, also inside one call: a thousand records of 100 bytes are a thousand units.";

    EXTENDED_RETENTION_PRICE: Price = Price::each_one(0.020, "shard-hour"), Price, Unsure, REMEMBERED,
        "The surcharge for a shard-hour of a stream that keeps records for more than a day, up to seven days.",
        "us-east-1.";

    LONG_RETENTION_PRICE: Price = Price::each_one(0.023, "GB-month"), Price, Unsure, REMEMBERED,
        "Keeping records beyond seven days.",
        "us-east-1. Reading them costs another $0.021 per GB.";

    HASH_KEY_BITS: u32 = 128, Quota, Stated, CREATE,
        "How many bits the hash of a partition key has; the shards divide its range among them.",
        "A key's place is fixed: one busy key is one busy shard, whatever the number of shards.";
}
