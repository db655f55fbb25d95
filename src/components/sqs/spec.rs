//! What a scenario may say about a queue, in the words of its API.

use super::entry::EntrySpec;
use crate::components::spec::OneOrMany;
use crate::components::{Edge, NodeSpec, Verb};
use crate::facts::sqs;
use crate::site::{At, ToToml};
use crate::units::{Bytes, Duration, Rate, Share};
use serde::{Deserialize, Deserializer};

/// An Amazon SQS queue.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SqsSpec {
    /// The flows of traffic that are sent here directly, each by its name or with a delay of its messages.
    pub(super) from: Option<At<OneOrMany<EntrySpec>>>,
    /// A FIFO queue: order and locks by message group, deduplication, limits on calls.
    pub(super) fifo_queue: Option<At<bool>>,
    /// How long a received message stays hidden from other consumers.
    pub(super) visibility_timeout: Option<At<Duration>>,
    /// How old a message may become.
    pub(super) message_retention_period: Option<At<Duration>>,
    /// How long a new message is hidden.
    pub(super) delay: Option<At<Duration>>,
    /// How long a receive waits for the first message that does not say so itself; 0s is a short poll.
    pub(super) receive_message_wait_time: Option<At<Duration>>,
    /// The largest message.
    pub(super) maximum_message_size: Option<At<Bytes>>,
    /// Messages in flight at once.
    pub(super) in_flight_limit: Option<At<u32>>,
    /// Where messages go that were received too often.
    pub(super) dead_letter: Option<At<DeadLetterSpec>>,
    /// Standard: what deleting with an outdated receipt does: "ignored", "succeeds", or how often it works, as "10%".
    pub(super) stale_handle_delete: Option<At<StaleDeleteSpec>>,
    /// Which of the long polls that wait gets the next message.
    pub(super) waiting_polls: Option<At<WaitingSpec>>,
    /// Requests that the account has made before in this month: many more cost less.
    pub(super) requests_this_month: Option<At<u64>>,
    /// Standard: how often the service itself delivers a message twice.
    pub(super) duplicate_probability: Option<At<Share>>,
    /// Standard: whether messages name their key as message group, so that quiet groups are served before noisy ones.
    pub(super) fair_queue: Option<At<bool>>,
    /// FIFO: whether messages without a deduplication id are told apart by what their bodies say.
    pub(super) content_based_deduplication: Option<At<bool>>,
    /// FIFO: what senders write as deduplication id.
    pub(super) deduplication_id: Option<At<IdSpec>>,
    /// FIFO: what the body of a message says; other attributes do not count.
    pub(super) message_body: Option<At<BodySpec>>,
    /// FIFO: within what deduplication ids must not be the same.
    pub(super) deduplication_scope: Option<At<ScopeSpec>>,
    /// FIFO: what the limit on calls is for; by group is high throughput.
    pub(super) fifo_throughput_limit: Option<At<LimitSpec>>,
    /// FIFO, high throughput: calls a second of each kind that all partitions take together; it depends on the Region.
    pub(super) high_throughput_rate: Option<At<Rate>>,
    /// FIFO, high throughput: partitions at first.
    pub(super) partitions: Option<At<u32>>,
    /// Hosts that the messages of a standard queue are spread over.
    pub(super) hosts: Option<At<u32>>,
    /// Hosts that a short poll asks.
    pub(super) hosts_sampled: Option<At<u32>>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetterSpec {
    /// The dead-letter queue, of the same kind.
    pub(super) queue: At<String>,
    /// Receives before a message moves.
    pub(super) max_receive_count: Option<At<u32>>,
}

/// What deleting with an outdated receipt does.
#[derive(Debug, Clone, Copy)]
pub(super) enum StaleDeleteSpec {
    /// The message stays.
    Ignored,
    /// The message is deleted although somebody else works on it.
    Succeeds,
    /// It is deleted so often.
    Sometimes(Share),
}

impl<'de> Deserialize<'de> for StaleDeleteSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "ignored" => Ok(Self::Ignored),
            "succeeds" => Ok(Self::Succeeds),
            share if share.ends_with('%') => share
                .parse()
                .map(Self::Sometimes)
                .map_err(|error: crate::units::UnitError| serde::de::Error::custom(error.message())),
            _ => Err(serde::de::Error::custom("expected \"ignored\", \"succeeds\" or a share such as \"10%\"")),
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for StaleDeleteSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StaleDelete".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let share = generator.subschema_for::<Share>();
        schemars::json_schema!({ "anyOf": [{ "type": "string", "enum": ["ignored", "succeeds"] }, share] })
    }
}

impl ToToml for StaleDeleteSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Ignored => "ignored".to_toml(),
            Self::Succeeds => "succeeds".to_toml(),
            Self::Sometimes(share) => share.to_toml(),
        }
    }
}

/// Makes an enum whose values are words of a scenario.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub(in crate::components) enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant),*
        }

        impl ToToml for $name {
            fn to_toml(&self) -> String {
                match self { $(Self::$variant => $word.to_toml()),* }
            }
        }
    };
}

words! {
    /// Which of the polls that wait is served next.
    WaitingSpec {
        /// The one that has waited longest.
        Longest = "longest",
        /// Any of them.
        Any = "any",
    }
}

words! {
    /// What senders write as deduplication id.
    IdSpec {
        /// Which job it is: what is sent again has the same id.
        Job = "job",
        /// Nothing: the body counts.
        None = "none",
    }
}

words! {
    /// What the body of a message says.
    BodySpec {
        /// Which job it is.
        Job = "job",
        /// Which key it has, and nothing else.
        Key = "key",
        /// Always the same.
        Same = "same",
    }
}

words! {
    /// Within what deduplication ids must not be the same.
    ScopeSpec {
        /// The queue.
        Queue = "queue",
        /// The message group.
        Group = "message_group",
    }
}

words! {
    /// What the limit on calls is for.
    LimitSpec {
        /// The queue.
        Queue = "per_queue",
        /// The message group: the queue has as many partitions as it needs.
        Group = "per_message_group_id",
    }
}

impl NodeSpec for SqsSpec {
    fn edges(&self) -> Vec<Edge> {
        let dead_letter = self.dead_letter.iter();
        dead_letter.map(|at| Edge::new(Verb::DeadLetter, at.value.queue.clone())).collect()
    }

    fn flows(&self) -> Vec<At<String>> {
        self.entries().into_iter().map(|entry| entry.flow).collect()
    }

    fn is_fifo(&self) -> bool {
        self.fifo_queue.as_ref().is_some_and(|at| at.value)
    }

    fn is_fair(&self) -> bool {
        self.fair_queue.is_some_and(|at| at.value)
    }

    fn hides(&self) -> Option<Duration> {
        Some(self.visibility_timeout.map_or(sqs::VISIBILITY_TIMEOUT.value, |at| at.value))
    }

    fn waits(&self) -> Option<At<Duration>> {
        self.receive_message_wait_time
    }
}
