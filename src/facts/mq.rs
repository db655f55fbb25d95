//! Amazon MQ: how `RabbitMQ` and Apache `ActiveMQ` hand out messages, where they stop, how fast their storage is, what
//! they cost.
//!
//! A broker is machines, not a service without a size: its limits depend on the instance ([`instances`]), and it costs
//! the same idle as busy. The service times are guesses that are calibrated on the few figures that AWS publishes;
//! tests below hold them to these figures. Left out, because nothing here models it yet: networks of brokers, credit
//! flow inside `RabbitMQ`, the wire cost of each protocol.

pub mod instances;

use crate::units::{Bytes, Duration, Rate, Share};

use super::table::{OWN, Source, facts, read};
use super::values::{Between, Latency, Limit, Price, Throughput};

const ACTIVEMQ_PREFETCH: Source = read("apache/activemq c3580e7 (2026-08), ActiveMQPrefetchPolicy");
const ACTIVEMQ_REDELIVERY: Source = read("apache/activemq c3580e7 (2026-08), RedeliveryPolicy");
const ACTIVEMQ_PREFETCH_PAGE: Source =
    read("ActiveMQ Classic documentation, What is the prefetch limit for (apache/activemq-website 5436c60, 2026-08)");
const ACTIVEMQ_DESTINATION: Source = read("apache/activemq c3580e7 (2026-08), BaseDestination");
const ACTIVEMQ_LOCKER: Source = read("apache/activemq c3580e7 (2026-08), AbstractLocker");
const ACTIVEMQ_FAILOVER: Source =
    read("ActiveMQ Classic documentation, Failover transport (apache/activemq-website 5436c60, 2026-08)");
const RABBITMQ_CONSUMERS: Source =
    read("RabbitMQ documentation, Consumers: acknowledgement timeout (rabbitmq-website 0acf2a4, 2026-08)");
const RABBITMQ_CONFIRMS: Source =
    read("RabbitMQ documentation, Consumer acknowledgements and confirms (rabbitmq-website 0acf2a4, 2026-08)");
const RABBITMQ_QUORUM: Source = read("RabbitMQ documentation, Quorum queues (rabbitmq-website 0acf2a4, 2026-08)");
const RABBITMQ_LIMITS: Source = read("RabbitMQ documentation, Limits (rabbitmq-website 0acf2a4, 2026-08)");
const RABBITMQ_MEMORY: Source = read("RabbitMQ documentation, Memory (rabbitmq-website 0acf2a4, 2026-08)");
const RABBITMQ_HEARTBEATS: Source = read("RabbitMQ documentation, Heartbeats (rabbitmq-website 0acf2a4, 2026-08)");
const RABBITMQ_HARD_LIMITS: Source = read("Amazon MQ Developer Guide, RabbitMQ limits (rabbitmq-resource-hard-limit)");
const RABBITMQ_BENCHMARK: Source = read("RabbitMQ blog of 2024-08-21, AMQP benchmarks; derived here");
const MQ_LIMITS: Source = read("Amazon MQ Developer Guide, Quotas (amazon-mq-limits)");
const MQ_STORAGE: Source =
    read("Amazon MQ Developer Guide, Broker storage (awsdocs/amazon-mq-developer-guide, 2022-05)");
const MQ_REBOOT: Source =
    read("Amazon MQ Developer Guide, Rebooting a broker (awsdocs/amazon-mq-developer-guide, 2022-05)");
const MQ_CONFIGURATION: Source =
    read("Amazon MQ Developer Guide, ActiveMQ child element details (awsdocs/amazon-mq-developer-guide, 2022-05)");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "mq";
    ACTIVEMQ_QUEUE_PREFETCH: u32 = 1_000, Default, Stated, ACTIVEMQ_PREFETCH,
        "How many messages of a queue a broker pushes to one ActiveMQ consumer before it acknowledges.",
        "With long jobs the first consumers take everything and the others idle: set 1.";

    ACTIVEMQ_TOPIC_PREFETCH: u32 = 32_767, Default, Stated, ACTIVEMQ_PREFETCH,
        "The same for a subscriber to a topic that does not outlive its connection.",
        "With more than twice as many waiting, a subscriber counts as slow.";

    ACTIVEMQ_DURABLE_TOPIC_PREFETCH: u32 = 100, Default, Stated, ACTIVEMQ_PREFETCH,
        "The same for a subscriber to a topic whose messages are kept while it is away.",
        "Taken from the source code; a page of the documentation says 1,000.";

    ACTIVEMQ_PREFETCH_REFILL: Share = Share::new(0.5), Default, Stated, ACTIVEMQ_PREFETCH_PAGE,
        "Once a consumer has acknowledged this share of its prefetch, the broker pushes as many again.",
        "So it does not wait for the last message of a batch.";

    ACTIVEMQ_MAX_REDELIVERIES: u16 = 6, Default, Stated, ACTIVEMQ_REDELIVERY,
        "How often a message that its consumer rolled back is delivered again.",
        "Seven deliveries in all, then the one queue for dead letters that all queues share.";

    ACTIVEMQ_REDELIVERY_DELAY: Duration = Duration::from_secs(1), Default, Stated, ACTIVEMQ_REDELIVERY,
        "The pause before a message that was rolled back is delivered again.",
        "The consumer waits with it and takes no other; the broker does not know of it.";

    ACTIVEMQ_BACKOFF_MULTIPLIER: f64 = 5.0, Default, Stated, ACTIVEMQ_REDELIVERY,
        "The factor between the pauses before redeliveries, if growing pauses are switched on.",
        "They are off unless asked for.";

    ACTIVEMQ_REDELIVERY_JITTER: Share = Share::new(0.15), Default, Stated, ACTIVEMQ_REDELIVERY,
        "The pause is longer or shorter by up to this share at random, if jitter is switched on.",
        "It is off unless asked for.";

    ACTIVEMQ_EXPIRY_SCAN: Duration = Duration::from_secs(30), Default, Stated, ACTIVEMQ_DESTINATION,
        "How often a broker looks for messages that outlived their time.",
        "They also go when it is their turn to be delivered; by default to the queue for dead letters.";

    ACTIVEMQ_MEMORY_USAGE: Share = Share::new(0.7), Default, Stated, MQ_CONFIGURATION,
        "The share of a broker's heap that may hold messages.",
        "When it is full, senders wait; nothing is dropped.";

    ACTIVEMQ_HEAP: Share = Share::new(0.5), Assumption, Own, OWN,
        "The share of an instance's memory that is taken to be the heap of ActiveMQ.",
        "Amazon MQ does not publish it. Half is a usual choice, the rest serves system and file cache.";

    ACTIVEMQ_STORAGE: Bytes = Bytes::gib(200), Quota, Stated, MQ_LIMITS,
        "How much an ActiveMQ broker can store, on all instances but the smallest.",
        "When it is full, senders of persistent messages wait.";

    ACTIVEMQ_STORAGE_MICRO: Bytes = Bytes::gib(20), Quota, Stated, MQ_LIMITS,
        "How much an ActiveMQ broker can store on the smallest instances.",
        "When it is full, senders of persistent messages wait.";

    ACTIVEMQ_CONNECTIONS: u32 = 2_000, Quota, Stated, MQ_LIMITS,
        "How many connections an ActiveMQ broker takes for each protocol, on all instances but the smallest.",
        "A further one is refused while other protocols still connect. Pages from 2022 say 1,000.";

    ACTIVEMQ_CONNECTIONS_MICRO: u32 = 300, Quota, Stated, MQ_LIMITS,
        "How many connections an ActiveMQ broker takes for each protocol on the smallest instances.",
        "A further one is refused. Pages from 2022 say 100.";

    RABBITMQ_PREFETCH: Limit = Limit::Unlimited, Default, Stated, RABBITMQ_CONFIRMS,
        "How many messages a broker pushes to one RabbitMQ consumer before it acknowledges.",
        "Without a limit the first consumer gets the whole queue. 100 to 300 is fastest, 1 is fairest.";

    RABBITMQ_QUORUM_PREFETCH_MAX: u32 = 2_000, Quota, Stated, RABBITMQ_QUORUM,
        "The most that a quorum queue pushes to one consumer, whatever was asked for.",
        "The queue waits for acknowledgements.";

    RABBITMQ_DELIVERY_LIMIT: u16 = 20, Default, Stated, RABBITMQ_QUORUM,
        "How many failed deliveries a quorum queue allows a message; one more and it is dead-lettered.",
        "Without a dead-letter exchange it is dropped. From RabbitMQ 4.0; 3.13 delivers for ever, and so do classic \
         queues. From 4.3 a message that its consumer hands back does not count as failed.";

    RABBITMQ_ACK_TIMEOUT: Duration = Duration::from_mins(30), Default, Stated, RABBITMQ_CONSUMERS,
        "A consumer that holds a message for this long without acknowledging it loses it.",
        "The message is delivered again while the first consumer may still work on it. From 4.3 in quorum queues only.";

    RABBITMQ_ACK_TIMEOUT_CHECK: Duration = Duration::from_secs(60), Default, Stated, RABBITMQ_CONSUMERS,
        "How often a broker looks for consumers that hold a message too long.",
        "So the timeout strikes up to this much late.";

    RABBITMQ_HEARTBEAT: Duration = Duration::from_secs(60), Default, Stated, RABBITMQ_HEARTBEATS,
        "A connection without a sign of life for this long is taken for dead.",
        "Signs are sent at half of it, so that two must be missed. Then its messages are delivered to others.";

    RABBITMQ_CHANNELS_MAX: u32 = 2_047, Default, Stated, RABBITMQ_LIMITS,
        "The most channels of one connection.",
        "A further one closes the connection.";

    RABBITMQ_CONSUMERS_MAX: u32 = 1_000, Quota, Stated, RABBITMQ_HARD_LIMITS,
        "The most consumers of one channel.",
        "A further one is refused.";

    RABBITMQ_MAX_MESSAGE_SIZE: Bytes = Bytes::mib(16), Default, Stated, RABBITMQ_LIMITS,
        "The largest message that RabbitMQ 4 accepts.",
        "The channel is closed with an error.";

    RABBITMQ_MAX_MESSAGE_SIZE_MAX: Bytes = Bytes::mib(128), Quota, Stated, RABBITMQ_HARD_LIMITS,
        "The largest value that the message size limit can be set to on Amazon MQ.",
        "A larger one is refused.";

    RABBITMQ_QUORUM_MESSAGE_MEMORY: Bytes = Bytes::new(32), Default, Stated, RABBITMQ_QUORUM,
        "How much memory each message waiting in a quorum queue takes at least, besides what is on disk.",
        "About a megabyte for 30,000 messages.";

    RABBITMQ_MEMORY_WATERMARK: Share = Share::new(0.6), Assumption, Own, RABBITMQ_MEMORY,
        "When a node uses more than this share of its memory, publishers on all nodes are stopped.",
        "Consumers go on, nothing is dropped. RabbitMQ's own default; what Amazon MQ sets is not published. 40% in \
         3.13.";

    RABBITMQ_RECONNECT: Duration = Duration::from_secs(5), Default, Unsure, REMEMBERED,
        "A client that lost its connection tries again after this time, and again.",
        "The Java client; other clients do not try by themselves, and none does for its first connection.";

    ACTIVEMQ_RECONNECT: Duration = Duration::from_millis(10), Default, Stated, ACTIVEMQ_FAILOVER,
        "A client that lost its connection tries again after this time, which then doubles.",
        "Clients of other protocols than OpenWire need logic of their own.";

    ACTIVEMQ_RECONNECT_MAX: Duration = Duration::from_secs(30), Default, Stated, ACTIVEMQ_FAILOVER,
        "The longest wait of a client between two attempts to connect.",
        "After a long outage a client comes back up to this much after its broker.";

    NETWORK_LATENCY: Latency = Latency::of_micros(160, 500), Assumption, Own, MQ_STORAGE,
        "From a client to the broker and back within a zone.",
        "Not published. With mq.cpu_per_message it makes about the documented 5,000 messages a second of one sender \
         whose messages are not stored.";

    CPU_PER_MESSAGE: Duration = Duration::from_micros(35), Assumption, Own, RABBITMQ_BENCHMARK,
        "How long one processor of the broker is busy with one message: taken in, handed out, acknowledged.",
        "RabbitMQ moved 88,500 messages a second on three processors, 34 microseconds each; on a desktop, not on \
         Amazon MQ. Taken for ActiveMQ too.";

    CPU_TAKE_IN_SHARE: Share = Share::new(0.5), Assumption, Own, OWN,
        "How much of the processor time of a message is spent before it is stored; the rest is spent to hand it out.",
        "Not measured. What goes to several queues is taken in once and handed out once for each.";

    STORAGE_LATENCY_EFS: Latency = Latency::of_micros(10_500, 40_000), Assumption, Own, MQ_STORAGE,
        "How long it takes to have messages safe on a file system that several zones share (the default of ActiveMQ).",
        "Calibrated so that one sender who waits for each message gets the documented 80 a second. Senders share a \
         write, so that many of them get more.";

    STORAGE_LATENCY_EBS: Latency = Latency::of_micros(1_500, 6_000), Assumption, Own, MQ_STORAGE,
        "How long it takes to have messages safe on a disk in one zone (RabbitMQ, or ActiveMQ if asked for).",
        "Calibrated so that one sender who waits for each message gets the documented 500 a second.";

    STORAGE_BANDWIDTH: Throughput = Throughput::mib(125), Assumption, Own, OWN,
        "How many bytes a second the storage of a broker takes.",
        "The baseline of a general-purpose disk. It binds for large messages; the guide puts the change at about 100 \
         KB.";

    EFS_SEND_RATE: Rate = Rate::per_second(80.0), Default, Stated, MQ_STORAGE,
        "How many persistent messages of 1 KB one sender gets stored on a shared file system, one after the other.",
        "A measurement of the guide, and what mq.storage_latency_efs is calibrated on.";

    EBS_SEND_RATE: Rate = Rate::per_second(500.0), Default, Stated, MQ_STORAGE,
        "How many persistent messages of 1 KB one sender gets stored on a disk in one zone, one after the other.",
        "A measurement of the guide, and what mq.storage_latency_ebs is calibrated on.";

    MEMORY_SEND_RATE: Rate = Rate::per_second(5_000.0), Default, Stated, MQ_STORAGE,
        "How many messages of 1 KB one sender gets accepted if they are not stored.",
        "A measurement of the guide. Such messages are gone after a restart or a failover.";

    SINGLE_INSTANCE_REBOOT: Duration = Duration::from_mins(5), Default, Stated, MQ_REBOOT,
        "About how long a broker of a single instance is away when it is rebooted.",
        "What was stored is there afterwards, what was in memory only is lost.";

    SINGLE_INSTANCE_RECOVERY: Duration = Duration::from_mins(5), Assumption, Own, OWN,
        "About how long a broker of a single instance is away when it crashes.",
        "Not published. As long as a reboot, because the machine has to be started again as well.";

    STANDBY_REBOOT: Between = Between::of_secs(3, 15), Assumption, Own, MQ_REBOOT,
        "How long a pair of brokers is away when it is rebooted.",
        "The guide says a few seconds. The second one must get the lock that the first gives up, see \
         mq.standby_lock_wait.";

    STANDBY_FAILOVER: Between = Between::of_secs(20, 90), Assumption, Own, MQ_REBOOT,
        "How long a pair of brokers is away when the active one crashes.",
        "The guide says a short while. The crash must be noticed, the lock taken and the journal read again.";

    STANDBY_LOCK_WAIT: Duration = Duration::from_secs(10), Default, Stated, ACTIVEMQ_LOCKER,
        "How often the second broker of a pair tries to take over.",
        "On average half of it passes although the first is already gone.";

    RABBITMQ_ELECTION: Between = Between::of_millis(200, 2_000), Assumption, Own, RABBITMQ_QUORUM,
        "How long a quorum queue stands still when the node that led it is stopped in good order.",
        "Not published. Every connection to that node is cut as well.";

    RABBITMQ_ELECTION_CRASH: Between = Between::of_secs(5, 15), Assumption, Own, RABBITMQ_QUORUM,
        "How long a quorum queue stands still when the node that led it crashes.",
        "Not published. The others must first notice it.";

    EFS_STORAGE_PRICE: Price = Price::each_one(0.30, "GB-month"), Price, Unsure, REMEMBERED,
        "Keeping messages on a shared file system.",
        "us-east-1.";

    EBS_STORAGE_PRICE: Price = Price::each_one(0.10, "GB-month"), Price, Unsure, REMEMBERED,
        "Keeping messages on a disk in one zone.",
        "us-east-1. Three times in a cluster of three.";

    TRANSFER_PRICE: Price = Price::each_one(0.01, "GB"), Price, Unsure, REMEMBERED,
        "Moving messages between zones, each way.",
        "us-east-1. Nothing between the nodes of a broker. There is no price for a message.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean seconds of a lognormal latency: `median * exp(sigma^2 / 2)`, where `z99 * sigma = ln(p99 / median)`.
    fn mean_secs(latency: Latency) -> f64 {
        const Z99: f64 = 2.326_347_874_040_841;
        let (median, p99) = (latency.median.get().as_secs_f64(), latency.p99.get().as_secs_f64());
        let sigma = libm::log(p99 / median) / Z99;
        median * libm::exp(sigma * sigma / 2.0)
    }

    /// How many messages a second one sender gets rid of who waits for each, if storing takes `storage` seconds.
    fn rate_of_one_sender(storage: f64) -> f64 {
        let take_in = CPU_PER_MESSAGE.value.get().as_secs_f64() * CPU_TAKE_IN_SHARE.value.get();
        1.0 / (mean_secs(NETWORK_LATENCY.value) + take_in + storage)
    }

    fn assert_within_5_percent(is: f64, should: f64) {
        assert!((is / should - 1.0).abs() < 0.05, "{is} messages a second instead of {should}");
    }

    #[test]
    fn the_assumed_latencies_of_efs_make_the_documented_rate_of_one_sender() {
        assert_within_5_percent(rate_of_one_sender(mean_secs(STORAGE_LATENCY_EFS.value)), EFS_SEND_RATE.value.get());
    }

    #[test]
    fn the_assumed_latencies_of_ebs_make_the_documented_rate_of_one_sender() {
        assert_within_5_percent(rate_of_one_sender(mean_secs(STORAGE_LATENCY_EBS.value)), EBS_SEND_RATE.value.get());
    }

    #[test]
    fn without_storage_one_sender_gets_the_documented_rate() {
        assert_within_5_percent(rate_of_one_sender(0.0), MEMORY_SEND_RATE.value.get());
    }
}
