//! Amazon SQS: what a queue does by default, where it stops, how long its calls take and what they cost.
//!
//! Standard queues first, then what an operator does with a queue, what differs for FIFO queues, latencies and prices.

use crate::units::{Bytes, Duration, Rate, Share};

use super::table::{OWN, Source, dated, facts, read};
use super::values::{Latency, Price};

const ATTRIBUTES: Source = read("Amazon SQS API Reference, SetQueueAttributes (service model of botocore 1.44.5)");
const SEND: Source = read("Amazon SQS API Reference, SendMessage (service model of botocore 1.44.5)");
const SEND_BATCH: Source = read("Amazon SQS API Reference, SendMessageBatch (service model of botocore 1.44.5)");
const RECEIVE: Source = read("Amazon SQS API Reference, ReceiveMessage (service model of botocore 1.44.5)");
const EXTEND: Source = read("Amazon SQS API Reference, ChangeMessageVisibility (service model of botocore 1.44.5)");
const DELETE: Source = read("Amazon SQS API Reference, DeleteMessage (service model of botocore 1.44.5)");
const METRICS: Source =
    read("Amazon SQS Developer Guide, Available CloudWatch metrics (awsdocs/amazon-sqs-developer-guide, 2023-06-15)");
const MESSAGE_QUOTAS: Source = read("Amazon SQS Developer Guide, Message quotas (quotas-messages)");
const REDRIVE_HELP: Source = read("AWS re:Post Knowledge Center, SQS dead-letter queue (sqs-dead-letter-queue)");
const FIFO_THROTTLING: Source =
    read("Amazon SQS Developer Guide, FIFO throttling issues (troubleshooting-fifo-throttling-issues)");
const FIFO_BACKLOG: Source =
    read("Amazon SQS Developer Guide, A large backlog of one group (avoid-backlog-with-the-same-message-group-id)");
const FAIR: Source = read("Amazon SQS Developer Guide, Fair queues in detail (sqs-fair-queues-detailed)");
const MOVE: Source = read("Amazon SQS API Reference, StartMessageMoveTask (service model of botocore 1.44.5)");
const PURGE: Source = read("Amazon SQS API Reference, PurgeQueue (service model of botocore 1.44.5)");
const BUFFERS: Source = read(
    "Amazon SQS Developer Guide, Client-side buffering (awsdocs/amazon-sqs-developer-guide, client-side-buffering, \
     2023-06-15)",
);
const PARTITIONS: Source = read(
    "Amazon SQS Developer Guide, Partitions and data distribution (awsdocs/amazon-sqs-developer-guide, 2023-06-15)",
);
const MEASURED: Source = dated(
    "bitesizedserverless.com, Serverless Messaging: Latency Compared (eu-west-1, 1,024 messages each); fitted here",
    "2022-09-05",
);
const PRICES: Source =
    dated("factualminds.com, Amazon SQS pricing (agrees with cloudburn.io of 2026-03-14)", "2026-06-13");

facts! { "sqs";
    VISIBILITY_TIMEOUT: Duration = Duration::from_secs(30), Default, Stated, ATTRIBUTES,
        "A received message stays hidden from other consumers for this long.",
        "If it is not deleted by then it becomes visible again and is received once more: work is done twice.";

    VISIBILITY_TIMEOUT_MAX: Duration = Duration::from_hours(12), Quota, Stated, ATTRIBUTES,
        "The longest visibility timeout that a queue or a receive may ask for; the shortest is zero.",
        "A longer one is refused.";

    VISIBILITY_TOTAL_MAX: Duration = Duration::from_hours(12), Quota, Stated, EXTEND,
        "However often it is extended, one receive hides a message for at most this long.",
        "Counted from the receive; an extension beyond what is left is an error, it is not shortened to fit.";

    MESSAGE_RETENTION_PERIOD: Duration = Duration::from_days(4), Default, Stated, ATTRIBUTES,
        "A message that nobody deletes is dropped this long after it was sent.",
        "In flight or not, silently, and not to the dead-letter queue. Being received again does not restart it.";

    MESSAGE_RETENTION_PERIOD_MIN: Duration = Duration::from_mins(1), Quota, Stated, ATTRIBUTES,
        "The shortest time that a queue can be told to keep messages.",
        "A shorter one is refused.";

    MESSAGE_RETENTION_PERIOD_MAX: Duration = Duration::from_days(14), Quota, Stated, ATTRIBUTES,
        "The longest time that a queue can be told to keep messages.",
        "A longer one is refused.";

    DELAY: Duration = Duration::from_secs(0), Default, Stated, ATTRIBUTES,
        "A message that was just sent stays hidden for this long before its first receive.",
        "A single message of a standard queue may carry a delay of its own; on a FIFO queue only the queue has one.";

    DELAY_MAX: Duration = Duration::from_mins(15), Quota, Stated, ATTRIBUTES,
        "The longest delay of a queue or of a message.",
        "A longer one is refused.";

    RECEIVE_MESSAGE_WAIT_TIME: Duration = Duration::from_secs(0), Default, Stated, ATTRIBUTES,
        "How long a receive waits for a first message that does not say so itself; zero means short polling.",
        "Simplified: `workers` wait as long as is possible unless they or the queue say otherwise. Short polling asks only some of the queue's hosts and may come back empty although messages exist.";

    RECEIVE_MESSAGE_WAIT_TIME_MAX: Duration = Duration::from_secs(20), Quota, Stated, ATTRIBUTES,
        "The longest wait of a receive (long polling).",
        "It returns with the first message, it does not wait for a full batch. A longer wait is refused.";

    MAX_NUMBER_OF_MESSAGES: u32 = 1, Default, Stated, RECEIVE,
        "How many messages one receive asks for.",
        "It may get fewer, even if more are there.";

    MAX_NUMBER_OF_MESSAGES_MAX: u32 = 10, Quota, Stated, RECEIVE,
        "The most messages that one receive can return.",
        "Asking for more is an error.";

    MAXIMUM_MESSAGE_SIZE: Bytes = Bytes::mib(1), Default, Stated, ATTRIBUTES,
        "The largest message that a queue accepts unless it was told to accept less.",
        "Older pages still say 256 KiB, which was the limit until August 2025.";

    MAXIMUM_MESSAGE_SIZE_MIN: Bytes = Bytes::kib(1), Quota, Stated, ATTRIBUTES,
        "The smallest value that a queue's message size limit can be set to.",
        "A smaller one is refused.";

    MAXIMUM_MESSAGE_SIZE_MAX: Bytes = Bytes::mib(1), Quota, Stated, SEND,
        "The largest message that any queue accepts, attributes included.",
        "The send is refused; larger things are stored elsewhere and the message points to them.";

    BATCH_ENTRIES_MAX: u32 = 10, Quota, Stated, SEND_BATCH,
        "The most entries in one batch of sends, deletes or visibility changes.",
        "The whole call is refused. Within the limit each entry succeeds or fails alone, in an answer that says \
         success.";

    BATCH_SIZE_MAX: Bytes = Bytes::mib(1), Quota, Stated, SEND_BATCH,
        "The most bytes in one batch, all its messages together.",
        "The whole call is refused.";

    MESSAGE_ATTRIBUTES_MAX: u32 = 10, Quota, Stated, MESSAGE_QUOTAS,
        "The most attributes that a message can carry beside its body.",
        "The send is refused.";

    MESSAGE_GROUP_ID_MAX: u32 = 128, Quota, Stated, SEND,
        "The most characters in the name of a message group.",
        "The send is refused.";

    MAX_RECEIVE_COUNT: u16 = 10, Default, Stated, ATTRIBUTES,
        "How often a message is delivered before the queue gives it to its dead-letter queue.",
        "It moves at the next attempt to receive it, not when its last timeout ends: if nobody polls, nothing moves.";

    MAX_RECEIVE_COUNT_MIN: u16 = 1, Quota, Stated, ATTRIBUTES,
        "The fewest deliveries before the dead-letter queue.",
        "With one, a single lost answer is enough to send a message there that nobody ever saw.";

    MAX_RECEIVE_COUNT_MAX: u16 = 1000, Quota, Dated, REDRIVE_HELP,
        "The most deliveries before the dead-letter queue.",
        "A higher one is refused.";

    RECEIVES_BEFORE_BACK_OF_QUEUE: u16 = 3, Quota, Stated, METRICS,
        "A message that was received this often without being deleted goes to the back of the queue.",
        "With or without a dead-letter queue, so a poison message does not hold up the others. Standard queues.";

    IN_FLIGHT_MAX: u32 = 120_000, Quota, Stated, EXTEND,
        "About how many messages of a standard queue can be received and not yet deleted.",
        "Beyond it a short poll fails with OverLimit and a long poll finds nothing (the API page knows only the \
         error). Simplified: exact here; in truth approximate, and raised on request.";

    EXPIRED_HANDLE_DELETES: Share = Share::new(1.0), Default, Unsure, DELETE,
        "How often a delete still works on a standard queue after the timeout ended, if nobody received it since.",
        "Follows from the wording of the page. On a FIFO queue such a delete fails with an error.";

    STALE_HANDLE_DELETES: Share = Share::new(0.0), Assumption, Own, DELETE,
        "How often a delete with an outdated handle works: the message was received again in the meantime.",
        "The page says that it succeeds and might not delete, without a figure. Never is the cautious choice: work \
         that takes longer than the timeout is then repeated until the dead-letter queue takes the message.";

    DUPLICATE_PROBABILITY: Share = Share::new(0.000_001), Assumption, Own, OWN,
        "How often a standard queue by itself delivers a message a second time.",
        "A host that missed the delete hands out its copy. Called rare and never published; one report of a busy queue \
         lies between 1e-8 and 1e-6 per message. Set 0.1% to see its effect in class.";

    SENT_AGAIN_WITHIN: Duration = Duration::from_mins(15), Assumption, Own, OWN,
        "For how long a further copy of a message counts as sent again for want of an answer.",
        "It only bounds what is remembered for the count: client libraries give up within seconds.";

    SEND_BATCH_LINGER: Duration = Duration::from_millis(200), Default, Stated, BUFFERS,
        "How long a client that buffers waits for further messages before it sends a batch that is not full.",
        "The default of the buffered client for Java; a client of one's own may do as it likes.";

    FAIR_NOISY_SHARE: Share = Share::new(0.1), Quota, Stated, FAIR,
        "A message group is noisy if it has more than this share of what is in flight, or of the consumers' time.",
        "Messages of quiet groups are then handed out first. Approximate in the service, exact here.";

    FAIR_NOISY_IN_FLIGHT: u32 = 30, Quota, Stated, FAIR,
        "A message group with fewer messages in flight is not noisy because of its share of them.",
        "So that a queue with a handful of messages in flight does not take everybody for noisy.";

    FAIR_QUIET_AFTER: Duration = Duration::from_mins(5), Quota, Stated, FAIR,
        "A message group that has sent nothing for this long is not noisy any more.",
        "Nor is one whose messages have all been handed out.";

    FAIR_RECENT: Duration = Duration::from_mins(1), Assumption, Own, OWN,
        "How far back a fair queue looks when it compares how much time the consumers spent on each message group.",
        "The page says recent, without a figure. Simplified: this minute and the one before it.";

    REDRIVE_RATE_MAX: Rate = Rate::per_second(500.0), Quota, Stated, MOVE,
        "The most messages a second that a redrive out of a dead-letter queue can be told to move.",
        "A higher rate is refused.";

    REDRIVE_RATE: Rate = Rate::per_second(500.0), Assumption, Own, OWN,
        "How many messages a second a redrive moves that was not told a rate.",
        "The service finds a rate by itself and does not say which; the highest that one can ask for is taken.";

    REDRIVE_TIME_MAX: Duration = Duration::from_hours(36), Quota, Stated, MOVE,
        "How long a redrive runs at most.",
        "What has not been moved by then stays where it is.";

    PURGE_TIME: Duration = Duration::from_mins(1), Quota, Stated, PURGE,
        "How long a purge takes at most.",
        "Until then a message may still be received, and one that is sent meanwhile may vanish. Simplified: each host of \
         the queue is emptied at a random moment within this time.";

    PURGE_INTERVAL: Duration = Duration::from_mins(1), Quota, Stated, PURGE,
        "How long after one purge of a queue the next one is possible.",
        "Before that it fails with PurgeQueueInProgress.";

    SHORT_POLL_HOSTS: u32 = 10, Assumption, Own, OWN,
        "How many hosts a queue spreads its messages over, each message on one of them.",
        "Never published. Simplified: real messages have several copies; one place each keeps the effect, which is \
         that a short poll does not see everything.";

    SHORT_POLL_SAMPLED: u32 = 5, Assumption, Own, OWN,
        "How many of its hosts a queue asks for one short poll.",
        "Never published. Half of them means that a single message is missed every second time; a long poll asks all.";

    FIFO_CALL_RATE: Rate = Rate::per_second(300.0), Quota, Stated, FIFO_THROTTLING,
        "How many calls a second of each kind (send, receive, delete) a FIFO queue takes.",
        "Beyond it calls fail with a throttling error, also if messages wait. It counts calls, so that batches of ten \
         carry 3,000 messages a second.";

    FIFO_HIGH_THROUGHPUT_RATE: Rate = Rate::per_second(70_000.0), Quota, Dated, MESSAGE_QUOTAS,
        "How many calls a second of each kind a FIFO queue takes in high-throughput mode.",
        "us-east-1, us-west-2 and eu-west-1; 19,000 in us-east-2 and eu-central-1, less elsewhere. It needs \
         deduplication by group, and groups that can be spread.";

    FIFO_PARTITION_RATE: Rate = Rate::per_second(300.0), Quota, Stated, PARTITIONS,
        "How many calls a second of each kind one partition of a FIFO queue takes in high-throughput mode.",
        "A message group lies in one partition and cannot be split: no group gets more than this.";

    FIFO_PARTITIONS_AT_FIRST: u32 = 1, Assumption, Own, OWN,
        "How many partitions a FIFO queue in high-throughput mode begins with.",
        "Never published. A queue that was busy before has more: set `partitions`.";

    FIFO_PARTITION_GROWS_AT: Share = Share::new(0.8), Assumption, Own, OWN,
        "A FIFO queue gets more partitions when one has used this share of its calls within a second.",
        "The guide says: as the load comes near the limit. Simplified: all partitions are split in two at once.";

    FIFO_PARTITIONS_SHRINK_AFTER: Duration = Duration::from_mins(5), Assumption, Own, OWN,
        "A FIFO queue gives up half of its partitions when none has needed them for this long.",
        "The guide says only that idle partitions are removed.";

    RECEIVE_ATTEMPT_LIFE: Duration = Duration::from_mins(5), Quota, Stated, RECEIVE,
        "How long a receive from a FIFO queue that got no answer can be repeated as the same attempt.",
        "The repeat gets the same messages with the same receipts, and hides them anew, unless one of them was deleted, \
         changed or is visible again.";

    FIFO_DEDUPLICATION_INTERVAL: Duration = Duration::from_mins(5), Quota, Stated, SEND,
        "A second message with the same deduplication id within this time is accepted but never delivered.",
        "Also if the first is long done. Simplified: counted from the first send; whether a suppressed one restarts it \
         is not documented.";

    FIFO_IN_FLIGHT_MAX: u32 = 120_000, Quota, Stated, EXTEND,
        "How many messages of a FIFO queue can be received and not yet deleted.",
        "Beyond it receives find nothing, without an error. Pages from before the end of 2024 say 20,000.";

    FIFO_SEARCH_WINDOW: u32 = 120_000, Quota, Stated, FIFO_BACKLOG,
        "How many of its first messages a FIFO queue looks through for a group that is free.",
        "A longer backlog of one busy group hides every group behind it. Pages from before the end of 2024 say 20,000.";

    SEND_LATENCY: Latency = Latency::of_millis(8, 50), Assumption, Own, MEASURED,
        "How long a send to a standard queue takes, as the sender sees it.",
        "From one function to another 16 ms in the middle and 105 ms at p99 were measured, what the functions add \
         included; half of the median is given to each of send and receive, and most of the tail to the receive. A \
         message is on its way for half of each: 11 ms in the middle and 62 ms at p99 with workers that wait. A flow that \
         enters at the queue itself takes no time to send.";

    RECEIVE_LATENCY: Latency = Latency::of_millis(8, 90), Assumption, Own, MEASURED,
        "How long a receive takes when messages are there.",
        "Its p99 makes send and receive together reach the measured 105 ms (their median is then 19 ms, 16 measured).";

    DELETE_LATENCY: Latency = Latency::of_millis(6, 38), Assumption, Own, MEASURED,
        "How long a delete or a change of visibility takes.",
        "No measurement. A little faster than a send because nothing is stored; the same ratio of p99 to median.";

    FIFO_SEND_LATENCY: Latency = Latency::of_millis(9, 410), Assumption, Own, MEASURED,
        "How long a send to a FIFO queue takes, as the sender sees it.",
        "Two equal legs that together reach the measured 28 ms in the middle and 645 ms at p99; the test was short and \
         its tail may hold first-time effects.";

    FIFO_RECEIVE_LATENCY: Latency = Latency::of_millis(9, 410), Assumption, Own, MEASURED,
        "How long a receive from a FIFO queue takes when a free group is there.",
        "The second of the two equal legs of sqs.fifo_send_latency.";

    REQUEST_PRICE: Price = Price::per_million(0.40, "request"), Price, Dated, PRICES,
        "A call to a standard queue, empty receives and deletes included.",
        "us-east-1. What a topic delivers is no call: it costs nothing here.";

    REQUEST_PRICE_SECOND: Price = Price::per_million(0.30, "request"), Price, Dated, PRICES,
        "A call to a standard queue after the first 100 billion of a month.",
        "us-east-1. Say what the account has used before with `requests_this_month`.";

    REQUEST_PRICE_THIRD: Price = Price::per_million(0.24, "request"), Price, Dated, PRICES,
        "A call to a standard queue after the first 200 billion of a month.",
        "us-east-1. Simplified: each queue counts its own calls, though the account has one count for all.";

    REQUEST_PRICE_STEP: u64 = 100_000_000_000, Price, Dated, PRICES,
        "How many calls of a month each of the two dearer steps of the price has.",
        "The same number for standard and for FIFO queues.";

    FIFO_REQUEST_PRICE: Price = Price::per_million(0.50, "request"), Price, Dated, PRICES,
        "A call to a FIFO queue.",
        "us-east-1. The sources agree on this first step and differ on the cheaper ones.";

    FIFO_REQUEST_PRICE_SECOND: Price = Price::per_million(0.40, "request"), Price, Unsure, PRICES,
        "A call to a FIFO queue after the first 100 billion of a month.",
        "us-east-1. The sources differ.";

    FIFO_REQUEST_PRICE_THIRD: Price = Price::per_million(0.35, "request"), Price, Unsure, PRICES,
        "A call to a FIFO queue after the first 200 billion of a month.",
        "us-east-1. The sources differ.";

    FAIR_REQUEST_SURCHARGE: Price = Price::per_million(0.10, "request"), Price, Unsure, PRICES,
        "What a call to a standard queue costs on top if its messages have a message group.",
        "us-east-1. Told by one source only. Simplified: a receive that finds nothing is about no message, and costs none.";

    FREE_REQUESTS: u64 = 1_000_000, Price, Dated, PRICES,
        "How many calls a month cost nothing, over all queues of an account.",
        "Simplified: not subtracted from a run's cost, because a run does not know the rest of the month.";

    BILLED_CHUNK: Bytes = Bytes::kib(64), Price, Dated, PRICES,
        "A call counts once for each started piece of this size.",
        "A message of 1 MiB is billed as 16 requests; ten messages of 6 KB in one batch as one.";
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    /// Quantiles of a lognormal latency in milliseconds, at the middles of equally likely steps.
    fn quantiles(latency: Latency) -> Vec<f64> {
        const STEPS: u32 = 1000;
        let normal = Normal::standard();
        let (median, p99) = (latency.median.get().as_secs_f64() * 1e3, latency.p99.get().as_secs_f64() * 1e3);
        let sigma = libm::log(p99 / median) / normal.inverse_cdf(0.99);
        (0..STEPS)
            .map(|step| normal.inverse_cdf((f64::from(step) + 0.5) / f64::from(STEPS)))
            .map(|z| median * libm::exp(sigma * z))
            .collect()
    }

    /// Median and 99th percentile in milliseconds of two independent latencies, one after the other.
    fn both(first: Latency, second: Latency) -> (f64, f64) {
        let second = quantiles(second);
        let mut sums: Vec<f64> = quantiles(first).iter().flat_map(|a| second.iter().map(move |b| a + b)).collect();
        sums.sort_by(f64::total_cmp);
        (sums[sums.len() / 2], sums[sums.len() / 100 * 99])
    }

    #[test]
    fn send_and_receive_reach_the_tail_that_was_measured_from_producer_to_consumer() {
        let (median, p99) = both(SEND_LATENCY.value, RECEIVE_LATENCY.value);
        assert!((median - 19.0).abs() < 0.5, "the note says 19 ms in the middle, it is {median}");
        assert!((p99 / 105.0 - 1.0).abs() < 0.05, "105 ms were measured, these make {p99}");
    }

    #[test]
    fn the_two_legs_through_a_fifo_queue_reach_what_was_measured() {
        let (median, p99) = both(FIFO_SEND_LATENCY.value, FIFO_RECEIVE_LATENCY.value);
        assert!((median / 28.1 - 1.0).abs() < 0.05, "28.1 ms were measured in the middle, these make {median}");
        assert!((p99 / 645.0 - 1.0).abs() < 0.05, "645 ms were measured at p99, these make {p99}");
    }

    #[test]
    fn a_message_alone_is_missed_by_every_second_short_poll() {
        assert_eq!(SHORT_POLL_SAMPLED.value * 2, SHORT_POLL_HOSTS.value);
    }
}
