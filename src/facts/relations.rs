//! What must hold between facts, checked by the compiler: a default lies in its range, a batch fits its limit.
//!
//! A fact that is changed without those it depends on does not compile.

use crate::units::{Bytes, Duration, Share};

use super::sns::{RetrySchedule, endpoints, fifo};
use super::{Between, Latency, ec2, firehose, http, kinesis, lambda, mq, s3, sns, sqs};

const fn ns(duration: Duration) -> u64 {
    duration.get().as_nanos()
}

#[allow(clippy::cast_precision_loss, reason = "facts are far shorter than the 104 days up to which this is exact")]
const fn secs(duration: Duration) -> f64 {
    ns(duration) as f64 / 1e9
}

const fn no_longer(shorter: Duration, longer: Duration) -> bool {
    ns(shorter) <= ns(longer)
}

const fn no_larger(smaller: Bytes, larger: Bytes) -> bool {
    smaller.get() <= larger.get()
}

const fn spread(latency: Latency) -> bool {
    ns(latency.median) > 0 && ns(latency.median) < ns(latency.p99)
}

const fn in_order(range: Between) -> bool {
    ns(range.from) < ns(range.to)
}

const fn proper(share: Share) -> bool {
    share.get() >= 0.0 && share.get() <= 1.0
}

const fn sound(schedule: &RetrySchedule) -> bool {
    no_longer(schedule.shortest, schedule.longest) && schedule.retries() > 0
}

// SQS: defaults lie in their ranges.
const _: () = assert!(no_longer(sqs::VISIBILITY_TIMEOUT.value, sqs::VISIBILITY_TIMEOUT_MAX.value));
const _: () = assert!(no_longer(sqs::VISIBILITY_TIMEOUT_MAX.value, sqs::VISIBILITY_TOTAL_MAX.value));
const _: () = assert!(no_longer(sqs::MESSAGE_RETENTION_PERIOD_MIN.value, sqs::MESSAGE_RETENTION_PERIOD.value));
const _: () = assert!(no_longer(sqs::MESSAGE_RETENTION_PERIOD.value, sqs::MESSAGE_RETENTION_PERIOD_MAX.value));
const _: () = assert!(no_longer(sqs::DELAY.value, sqs::DELAY_MAX.value));
const _: () = assert!(no_longer(sqs::RECEIVE_MESSAGE_WAIT_TIME.value, sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value));
const _: () = assert!(sqs::MAX_NUMBER_OF_MESSAGES.value <= sqs::MAX_NUMBER_OF_MESSAGES_MAX.value);
const _: () = assert!(no_larger(sqs::MAXIMUM_MESSAGE_SIZE_MIN.value, sqs::MAXIMUM_MESSAGE_SIZE.value));
const _: () = assert!(no_larger(sqs::MAXIMUM_MESSAGE_SIZE.value, sqs::MAXIMUM_MESSAGE_SIZE_MAX.value));
const _: () = assert!(sqs::MAX_RECEIVE_COUNT_MIN.value <= sqs::MAX_RECEIVE_COUNT.value);
const _: () = assert!(sqs::MAX_RECEIVE_COUNT.value <= sqs::MAX_RECEIVE_COUNT_MAX.value);
// A message lives longer than it can be hidden at the defaults, or no redelivery would ever be seen.
const _: () = assert!(no_longer(sqs::VISIBILITY_TIMEOUT.value, sqs::MESSAGE_RETENTION_PERIOD_MIN.value));
// A batch can carry one largest message, and a receive fits below the in-flight limits.
const _: () = assert!(no_larger(sqs::MAXIMUM_MESSAGE_SIZE_MAX.value, sqs::BATCH_SIZE_MAX.value));
const _: () = assert!(sqs::BATCH_ENTRIES_MAX.value == sqs::MAX_NUMBER_OF_MESSAGES_MAX.value);
const _: () = assert!(sqs::BATCH_ENTRIES_MAX.value <= sqs::IN_FLIGHT_MAX.value);
const _: () = assert!(sqs::BATCH_ENTRIES_MAX.value <= sqs::FIFO_IN_FLIGHT_MAX.value);
// Who calls more pays less for each call.
const _: () = assert!(sqs::REQUEST_PRICE.value.usd > sqs::REQUEST_PRICE_SECOND.value.usd);
const _: () = assert!(sqs::REQUEST_PRICE_SECOND.value.usd > sqs::REQUEST_PRICE_THIRD.value.usd);
const _: () = assert!(sqs::FIFO_REQUEST_PRICE.value.usd > sqs::FIFO_REQUEST_PRICE_SECOND.value.usd);
const _: () = assert!(sqs::FIFO_REQUEST_PRICE_SECOND.value.usd > sqs::FIFO_REQUEST_PRICE_THIRD.value.usd);
// What is in flight must lie within what a FIFO queue looks through.
const _: () = assert!(sqs::FIFO_IN_FLIGHT_MAX.value <= sqs::FIFO_SEARCH_WINDOW.value);
// A short poll sees a part, not all and not nothing.
const _: () = assert!(sqs::SHORT_POLL_SAMPLED.value < sqs::SHORT_POLL_HOSTS.value);
const _: () = assert!(sqs::SHORT_POLL_SAMPLED.value > 0);
const _: () = assert!(proper(sqs::DUPLICATE_PROBABILITY.value) && proper(sqs::STALE_HANDLE_DELETES.value));
const _: () = assert!(no_larger(sqs::BILLED_CHUNK.value, sqs::MAXIMUM_MESSAGE_SIZE_MAX.value));
const _: () = assert!(spread(sqs::SEND_LATENCY.value) && spread(sqs::RECEIVE_LATENCY.value));
const _: () = assert!(spread(sqs::FIFO_SEND_LATENCY.value) && spread(sqs::FIFO_RECEIVE_LATENCY.value));
const _: () = assert!(spread(sqs::DELETE_LATENCY.value));

// SNS: the phases of each schedule add up to the documented totals.
const _: () = assert!(sound(&sns::AWS_MANAGED_RETRIES.value) && sns::AWS_MANAGED_RETRIES.value.retries() == 100_015);
const _: () =
    assert!(sound(&sns::CUSTOMER_MANAGED_RETRIES.value) && sns::CUSTOMER_MANAGED_RETRIES.value.retries() == 50);
const _: () = assert!(sound(&sns::HTTP_RETRIES.value) && sns::HTTP_RETRIES.value.retries() == 3);
// The default policy is one that a subscriber may also ask for.
const _: () = assert!(sns::HTTP_RETRIES.value.retries() <= sns::HTTP_RETRIES_MAX.value);
const _: () = assert!(no_longer(sns::HTTP_DELAY_MIN.value, sns::HTTP_RETRIES.value.shortest));
const _: () = assert!(no_longer(sns::HTTP_RETRIES.value.longest, sns::HTTP_DELAY_MAX.value));
const _: () = assert!(no_longer(sns::HTTP_DELAY_MAX.value, sns::HTTP_POLICY_TOTAL_MAX.value));
const _: () = assert!(no_larger(sns::MAXIMUM_MESSAGE_SIZE_MIN.value, sns::MAXIMUM_MESSAGE_SIZE.value));
const _: () = assert!(no_larger(sns::MAXIMUM_MESSAGE_SIZE.value, sns::MAXIMUM_MESSAGE_SIZE_MAX.value));
// Whatever a topic accepts, a queue accepts too.
const _: () = assert!(no_larger(sns::MAXIMUM_MESSAGE_SIZE_MAX.value, sqs::MAXIMUM_MESSAGE_SIZE_MAX.value));
const _: () = assert!(sns::BATCH_ENTRIES_MAX.value == sqs::BATCH_ENTRIES_MAX.value);
const _: () = assert!(sns::FILTER_POLICIES_MAX.value <= sns::SUBSCRIPTIONS_MAX.value);
const _: () = assert!(sns::PUBLISH_RATE.value.get() > sns::PUBLISH_RATE_LARGE_REGIONS.value.get());
const _: () = assert!(sns::PUBLISH_RATE_MEDIUM_REGIONS.value.get() > sns::PUBLISH_RATE_OTHER_REGIONS.value.get());
const _: () = assert!(spread(sns::PUBLISH_LATENCY.value) && spread(sns::DELIVERY_LATENCY.value));
const _: () = assert!(spread(sns::DELIVERY_LATENCY_SQS.value));
const _: () = assert!(spread(sns::EMAIL_HANDOVER_LATENCY.value));
const _: () = assert!(spread(sns::EMAIL_LATENCY.value) && spread(sns::SMS_LATENCY.value));
const _: () = assert!(spread(endpoints::SMS_HANDOVER_LATENCY.value) && spread(endpoints::PUSH_HANDOVER_LATENCY.value));
const _: () = assert!(spread(endpoints::PUSH_LATENCY.value) && spread(firehose::PUT_LATENCY.value));
const _: () = assert!(endpoints::SMS_PART_CHARACTERS_UCS2.value < endpoints::SMS_PART_CHARACTERS.value);
const _: () = assert!(endpoints::SMS_PART_CHARACTERS.value <= endpoints::SMS_CHARACTERS_MAX.value);
const _: () = assert!(endpoints::SMS_PART_PRICE.value.each() < sns::SMS_SPEND_MAX.value.each());
const _: () = assert!(fifo::FIFO_GROUP_RATE.value.get() < fifo::FIFO_TOPIC_RATE.value.get());
const _: () = assert!(fifo::FIFO_TOPIC_RATE.value.get() <= sns::PUBLISH_RATE.value.get());
const _: () = assert!(fifo::FIFO_SUBSCRIPTIONS_MAX.value <= sns::SUBSCRIPTIONS_MAX.value);
const _: () = assert!(no_longer(fifo::ARCHIVE_RETENTION_MIN.value, fifo::ARCHIVE_RETENTION_MAX.value));
const _: () = assert!(ns(fifo::FIFO_DEDUPLICATION_INTERVAL.value) == ns(sqs::FIFO_DEDUPLICATION_INTERVAL.value));

// Kinesis: defaults lie in their ranges, and the two descriptions of the read limit agree.
const _: () = assert!(no_larger(kinesis::MAX_RECORD_SIZE_MIN.value, kinesis::MAX_RECORD_SIZE.value));
const _: () = assert!(no_larger(kinesis::MAX_RECORD_SIZE.value, kinesis::MAX_RECORD_SIZE_MAX.value));
const _: () = assert!(no_larger(kinesis::MAX_RECORD_SIZE_MAX.value, kinesis::PUT_RECORDS_SIZE_MAX.value));
const _: () = assert!(no_larger(kinesis::MAX_RECORD_SIZE_MAX.value, kinesis::GET_RECORDS_SIZE_MAX.value));
const _: () = assert!(no_larger(kinesis::MAX_RECORD_SIZE_MAX.value, kinesis::LARGE_RECORD_BURST.value));
const _: () = assert!(no_longer(kinesis::RETENTION_PERIOD_MIN.value, kinesis::RETENTION_PERIOD.value));
const _: () = assert!(no_longer(kinesis::RETENTION_PERIOD.value, kinesis::RETENTION_PERIOD_MAX.value));
const _: () = assert!(kinesis::READ_BURST.value.get() == kinesis::GET_RECORDS_SIZE_MAX.value.get());
const _: () = assert!(kinesis::GET_RECORDS_SIZE_MAX.value.get() / kinesis::SHARD_BYTES_OUT.value.per_second.get() == 5);
const _: () = assert!(no_longer(kinesis::KCL_IDLE_TIME_MIN.value, kinesis::KCL_IDLE_TIME.value));
// At the shortest wait one reader alone uses up the reads of a shard.
const _: () = assert!(kinesis::GET_RECORDS_RATE.value.get() * secs(kinesis::KCL_IDLE_TIME_MIN.value) <= 1.0);
const _: () = assert!(kinesis::KCL_MAX_RECORDS.value <= kinesis::GET_RECORDS_MAX.value);
const _: () = assert!(no_longer(kinesis::KCL_RENEW_INTERVAL.value, kinesis::KCL_FAILOVER_TIME.value));
const _: () = assert!(no_longer(kinesis::KCL_FAILOVER_TIME.value, kinesis::KCL_TAKEOVER.value.from));
const _: () = assert!(in_order(kinesis::KCL_TAKEOVER.value));
const _: () = assert!(no_larger(kinesis::PUT_ROUNDING.value, kinesis::PUT_UNIT_SIZE.value));
const _: () = assert!(spread(kinesis::PUT_RECORD_LATENCY.value) && spread(kinesis::PUT_RECORDS_LATENCY.value));
const _: () = assert!(spread(kinesis::PUT_TO_VISIBLE_LATENCY.value) && spread(kinesis::GET_RECORDS_LATENCY.value));
const _: () = assert!(spread(kinesis::CHECKPOINT_LATENCY.value) && spread(kinesis::FAN_OUT_LATENCY.value));
const _: () = assert!(no_longer(kinesis::FAN_OUT_LATENCY.value.median, kinesis::FAN_OUT_LATENCY_MEAN.value));

// Amazon MQ.
const _: () = assert!(no_larger(mq::RABBITMQ_MAX_MESSAGE_SIZE.value, mq::RABBITMQ_MAX_MESSAGE_SIZE_MAX.value));
const _: () = assert!(no_larger(mq::ACTIVEMQ_STORAGE_MICRO.value, mq::ACTIVEMQ_STORAGE.value));
const _: () = assert!(mq::ACTIVEMQ_CONNECTIONS_MICRO.value <= mq::ACTIVEMQ_CONNECTIONS.value);
const _: () = assert!(no_longer(mq::ACTIVEMQ_RECONNECT.value, mq::ACTIVEMQ_RECONNECT_MAX.value));
const _: () = assert!(no_longer(mq::RABBITMQ_ACK_TIMEOUT_CHECK.value, mq::RABBITMQ_ACK_TIMEOUT.value));
const _: () = assert!(proper(mq::CPU_TAKE_IN_SHARE.value) && proper(mq::ACTIVEMQ_PREFETCH_REFILL.value));
const _: () = assert!(proper(mq::ACTIVEMQ_MEMORY_USAGE.value) && proper(mq::RABBITMQ_MEMORY_WATERMARK.value));
const _: () = assert!(spread(mq::STORAGE_LATENCY_EFS.value) && spread(mq::STORAGE_LATENCY_EBS.value));
const _: () = assert!(spread(mq::NETWORK_LATENCY.value));
const _: () = assert!(in_order(mq::STANDBY_REBOOT.value) && in_order(mq::STANDBY_FAILOVER.value));
const _: () = assert!(in_order(mq::RABBITMQ_ELECTION.value) && in_order(mq::RABBITMQ_ELECTION_CRASH.value));
// A crash takes longer than a planned stop.
const _: () = assert!(no_longer(mq::STANDBY_REBOOT.value.to, mq::STANDBY_FAILOVER.value.from));
const _: () = assert!(no_longer(mq::RABBITMQ_ELECTION.value.to, mq::RABBITMQ_ELECTION_CRASH.value.from));

// Synchronous calls: a hard outage costs 35 retries out of a full bucket, or 100 throttled ones.
const _: () = assert!(http::SDK_RETRY_TOKENS.value / http::SDK_RETRY_COST.value == 35);
const _: () = assert!(http::SDK_RETRY_TOKENS.value / http::SDK_RETRY_COST_THROTTLED.value == 100);
const _: () = assert!(no_longer(http::SDK_BACKOFF_BASE.value, http::SDK_BACKOFF_BASE_THROTTLED.value));
const _: () = assert!(no_longer(http::SDK_BACKOFF_BASE_THROTTLED.value, http::SDK_BACKOFF_MAX.value));
const _: () = assert!(no_longer(http::ALB_IDLE_TIMEOUT.value, http::ALB_IDLE_TIMEOUT_MAX.value));
const _: () = assert!(no_longer(http::HEALTH_CHECK_TIMEOUT.value, http::HEALTH_CHECK_TIMEOUT_HTTPS.value));
const _: () = assert!(no_longer(http::HEALTH_CHECK_TIMEOUT_HTTPS.value, http::HEALTH_CHECK_TIMEOUT_MAX.value));
const _: () = assert!(no_longer(http::SLOW_START_MIN.value, http::SLOW_START_MAX.value));
const _: () = assert!(no_longer(http::DEREGISTRATION_DELAY.value, http::DEREGISTRATION_DELAY_MAX.value));
const _: () = assert!(http::TOMCAT_ACCEPT_COUNT.value <= http::LISTEN_BACKLOG_MAX.value);
const _: () = assert!(http::TOMCAT_MAX_THREADS.value <= http::TOMCAT_MAX_CONNECTIONS.value);
const _: () = assert!(spread(http::CALL_LATENCY.value) && spread(http::ENDPOINT_LATENCY.value));
const _: () = assert!(http::STATUS_UNSUCCESSFUL.value < http::STATUS_CLIENT_ERROR.value);
const _: () = assert!(http::STATUS_CLIENT_ERROR.value < http::STATUS_TOO_MANY_REQUESTS.value);
const _: () = assert!(http::STATUS_TOO_MANY_REQUESTS.value < http::STATUS_SERVER_ERROR.value);
const _: () = assert!(http::STATUS_SERVER_ERROR.value < http::STATUS_MAX.value);

// S3.
const _: () = assert!(spread(s3::PUT_LATENCY.value));
// A client that long-polls a queue must not give up before the queue answers.
const _: () = assert!(no_longer(sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value, http::SDK_READ_TIMEOUT.value));

// Lambda and EC2.
const _: () = assert!(lambda::SQS_CONCURRENCY_START.value <= lambda::SQS_CONCURRENCY_MAX.value);
const _: () = assert!(lambda::SCALE_UP_STEP.value <= lambda::ACCOUNT_CONCURRENCY.value);
const _: () = assert!(no_larger(lambda::ASYNC_PAYLOAD_MAX.value, lambda::PAYLOAD_MAX.value));
const _: () = assert!(no_longer(lambda::TIMEOUT.value, lambda::TIMEOUT_MAX.value));
const _: () = assert!(lambda::SQS_BATCH_SIZE.value <= lambda::SQS_BATCH_SIZE_WITHOUT_WINDOW_MAX.value);
const _: () = assert!(lambda::SQS_BATCH_SIZE_WITHOUT_WINDOW_MAX.value <= sqs::MAX_NUMBER_OF_MESSAGES_MAX.value);
const _: () = assert!(lambda::SQS_POLLERS_IDLE.value <= lambda::SQS_CONCURRENCY_START.value);
const _: () = assert!(no_longer(lambda::SQS_POLL_WAIT.value, sqs::RECEIVE_MESSAGE_WAIT_TIME_MAX.value));
const _: () = assert!(lambda::PROVISIONED_POLLERS_MIN.value <= lambda::PROVISIONED_POLLERS.value);
const _: () = assert!(lambda::PROVISIONED_POLLERS.value <= lambda::PROVISIONED_POLLERS_MAX.value);
const _: () = assert!(no_longer(lambda::ASYNC_RETRY_WAIT.value, lambda::ASYNC_RETRY_WAIT_SECOND.value));
const _: () = assert!(no_longer(lambda::ASYNC_THROTTLE_WAIT.value, lambda::ASYNC_THROTTLE_WAIT_MAX.value));
const _: () = assert!(no_longer(lambda::ASYNC_EVENT_AGE_MIN.value, lambda::ASYNC_EVENT_AGE_MAX.value));
const _: () = assert!(spread(lambda::INIT_PYTHON.value) && spread(lambda::INIT_NODE.value));
const _: () = assert!(spread(lambda::INIT_GO.value) && spread(lambda::INIT_RUST.value));
const _: () = assert!(spread(lambda::INIT_JAVA.value) && spread(lambda::INIT_JAVA_SNAP_START.value));
const _: () = assert!(spread(lambda::INVOKE_LATENCY.value));
const _: () = assert!(lambda::KINESIS_BATCH_SIZE.value <= kinesis::GET_RECORDS_MAX.value);
const _: () = assert!(no_longer(ec2::DEFAULT_COOLDOWN.value, ec2::INSTANCE_WARMUP_MAX.value));
const _: () = assert!(no_longer(ec2::HOOK_TIMEOUT.value, ec2::HOOK_TIME_MAX.value));
const _: () = assert!(no_longer(ec2::METRIC_DELAY.value, ec2::METRIC_PERIOD.value));
const _: () = assert!(ec2::SCALE_OUT_POINTS.value < ec2::SCALE_IN_POINTS.value);
const _: () = assert!(spread(ec2::LAUNCH_LATENCY.value));
