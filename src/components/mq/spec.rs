//! What a scenario may say about a broker.

use super::PrefetchSpec;
use super::layout::{self, TopicsSpec};
use crate::components::spec::{LatencySpec, OneOrMany, all, words};
use crate::components::{Edge, NodeSpec};
use crate::site::{At, ToToml};
use crate::units::{Bytes, Duration};
use serde::Deserialize;

/// An Amazon MQ broker.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MqSpec {
    /// The flows of traffic that are sent here directly.
    pub(super) from: Option<At<OneOrMany<String>>>,
    /// Which broker it is.
    pub(super) engine: Option<At<EngineSpec>>,
    /// One machine, or a pair of which one stands by.
    pub(super) deployment: Option<At<DeploymentSpec>>,
    /// How long it is away when it is rebooted.
    pub(super) reboot_outage: Option<At<LatencySpec>>,
    /// How long it is away when it crashes.
    pub(super) crash_outage: Option<At<LatencySpec>>,
    /// The machine that it runs on, as AWS writes it: mq.m5.large.
    pub(super) instance_type: Option<At<String>>,
    /// `RabbitMQ`: what its queues are.
    pub(super) queue_type: Option<At<QueueTypeSpec>>,
    /// What its clients speak; decides whether messages are stored, if that is not said.
    pub(super) protocol: Option<At<ProtocolSpec>>,
    /// Its queues.
    pub(super) queues: Option<At<OneOrMany<String>>>,
    /// Its topics, each with the queues that get a copy of what is sent to it.
    pub(super) topics: Option<At<TopicsSpec>>,
    /// `RabbitMQ`: the keys that messages are sent with, as in `broker.video.1.done`; words with dots between them.
    pub(super) routing_keys: Option<At<OneOrMany<String>>>,
    /// `RabbitMQ`: queues, each with the patterns of the keys that it gets. `*` is one word, `#` any number of words.
    pub(super) bindings: Option<At<TopicsSpec>>,
    /// Whether messages are stored, so that they outlive the broker.
    pub(super) persistent: Option<At<bool>>,
    /// What they are stored on.
    pub(super) storage: Option<At<StorageSpec>>,
    /// How long a write takes to be safe, however small it is.
    pub(super) storage_latency: Option<At<LatencySpec>>,
    /// Bytes that storage takes in a second.
    pub(super) storage_bandwidth: Option<At<Bytes>>,
    /// Bytes of messages that it keeps in memory; beyond, senders wait.
    pub(super) memory_limit: Option<At<Bytes>>,
    /// `ActiveMQ`: bytes of messages that it stores; beyond, senders wait.
    pub(super) storage_limit: Option<At<Bytes>>,
    /// `ActiveMQ`: whether senders hear that there is no room instead of waiting for it.
    pub(super) send_fail_if_no_space: Option<At<bool>>,
    /// Whether a sender waits until its message is safe; else it goes on when the message arrives.
    pub(super) confirms: Option<At<bool>>,
    /// How long one processor is busy with one message, half of it before the message is stored.
    pub(super) cpu_per_message: Option<At<Duration>>,
    /// Messages pushed to a consumer before it acknowledges any, if the consumer does not say otherwise.
    pub(super) prefetch: Option<At<PrefetchSpec>>,
    /// Failed deliveries that a message may have; -1: any number.
    pub(super) delivery_limit: Option<At<i64>>,
    /// `RabbitMQ`: how long a consumer may hold a message without acknowledging it.
    pub(super) consumer_timeout: Option<At<Duration>>,
    /// `ActiveMQ`: how long a consumer waits before it tries a message again that failed.
    pub(super) redelivery_delay: Option<At<Duration>>,
    /// The queue for messages that nobody gets any more; without one they are gone.
    pub(super) dead_letter: Option<At<String>>,
    /// Messages that a queue may have ready.
    pub(super) max_length: Option<At<u32>>,
    /// What a full queue does.
    pub(super) overflow: Option<At<OverflowSpec>>,
    /// How long a message may wait in a queue.
    pub(super) message_ttl: Option<At<Duration>>,
    /// How long a client waits before it tries to connect again to a broker that went away.
    pub(super) reconnect: Option<At<Duration>>,
    /// The longest of these waits, each of which is twice as long as the one before.
    pub(super) reconnect_max: Option<At<Duration>>,
}

words! {
    /// Which broker it is.
    EngineSpec {
        /// `RabbitMQ` 4.
        RabbitMq = "rabbitmq",
        /// `ActiveMQ` Classic.
        ActiveMq = "activemq",
    }
}

words! {
    /// How many machines a broker has.
    DeploymentSpec {
        /// One.
        Single = "SINGLE_INSTANCE",
        /// `ActiveMQ`: two that share a file system, of which one stands by.
        ActiveStandby = "ACTIVE_STANDBY_MULTI_AZ",
    }
}

words! {
    /// What the queues of `RabbitMQ` are.
    QueueTypeSpec {
        /// Always stored; failed deliveries are counted.
        Quorum = "quorum",
        /// Stored if asked for; failed deliveries are not counted.
        Classic = "classic",
    }
}

words! {
    /// What the clients of a broker speak.
    ProtocolSpec {
        /// The protocol of Java clients of `ActiveMQ`: messages are stored.
        OpenWire = "openwire",
        /// A protocol of text, for `ActiveMQ`: messages are not stored unless the client asks for it.
        Stomp = "stomp",
        /// The protocol of `RabbitMQ`.
        Amqp = "amqp",
    }
}

words! {
    /// What messages are stored on.
    StorageSpec {
        /// A disk in one zone.
        Ebs = "ebs",
        /// A file system that several zones share.
        Efs = "efs",
    }
}

words! {
    /// What a full queue does.
    OverflowSpec {
        /// Its oldest message makes room.
        DropHead = "drop_head",
        /// The new message is turned away.
        RejectPublish = "reject_publish",
    }
}

impl NodeSpec for MqSpec {
    fn edges(&self) -> Vec<Edge> {
        Vec::new()
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }

    fn ports(&self, name: &str) -> Vec<String> {
        layout::names(self, name, self.dead_letter_queue().as_deref()).ports
    }

    fn main_ports(&self, name: &str) -> usize {
        layout::names(self, name, self.dead_letter_queue().as_deref()).main
    }
}

impl MqSpec {
    /// Whether messages are stored, as written or as the protocol has it.
    pub(super) fn is_persistent(&self) -> bool {
        let is_stomp = self.protocol.is_some_and(|at| at.value == ProtocolSpec::Stomp);
        self.persistent.map_or(!is_stomp, |at| at.value)
    }

    /// The dead-letter queue, written or the one that `ActiveMQ` always has.
    pub(super) fn dead_letter_queue(&self) -> Option<String> {
        let is_active = self.engine.is_some_and(|at| at.value == EngineSpec::ActiveMq);
        let default = (is_active && self.is_persistent()).then(|| "dlq".to_owned());
        self.dead_letter.clone().map(|at| at.value).or(default)
    }
}
