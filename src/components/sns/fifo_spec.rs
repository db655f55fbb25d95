//! What a scenario may say about a FIFO topic and its archive.

use super::archive::{Archive, Replay};
use super::ordered::{Crowded, FifoRates, FifoTopic};
use super::policy::too;
use super::quotas::whole;
use super::spec::SnsSpec;
use super::subscription::Topic;
use crate::components::NodeSite;
use crate::components::sqs::{GroupMap, Identity, IdentitySpec, Lately};
use crate::diagnostic::Span;
use crate::engine::SimTime;
use crate::facts::sns::fifo;
use crate::site::{At, ToToml};
use crate::units::Duration;
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};

/// What the throughput of a FIFO topic counts for, and within what deduplication ids must not be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum ThroughputScopeSpec {
    /// For the whole topic.
    Topic,
    /// For each message group alone.
    MessageGroup,
}

impl ToToml for ThroughputScopeSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Topic => "Topic".to_toml(),
            Self::MessageGroup => "MessageGroup".to_toml(),
        }
    }
}

/// What a FIFO topic keeps for a replay.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ArchivePolicySpec {
    /// How long it keeps a message.
    message_retention_period: Option<At<Duration>>,
}

/// A part of the archive that a subscription is given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayPolicySpec {
    /// When the subscription asks, from the start of the run; when it begins, unless said.
    pub(super) at: Option<At<Duration>>,
    /// The time of the first message that it wants.
    starting_point: Option<At<Duration>>,
    /// The time up to which it wants messages; without it, it goes over into what is published from then on.
    ending_point: Option<At<Duration>>,
}

impl ReplayPolicySpec {
    /// When it asks, if that is written.
    pub(super) fn asks_at(self) -> Option<SimTime> {
        self.at.map(|at| SimTime::ZERO + at.value.get())
    }

    /// The replay of a subscription that begins at `begins`.
    pub(super) fn build(
        self,
        span: Span,
        begins: SimTime,
        topic: &Topic,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<Replay> {
        if !topic.archives {
            site.site
                .error(span, "S032", "there is nothing to replay: the topic has no archive")
                .note("only a FIFO topic can have one; a standard topic keeps nothing")
                .hint("write `archive_policy = { message_retention_period = \"30d\" }` at the topic");
            return None;
        }
        let mut part = site.site.part("replay_policy", span);
        let time = |at: Duration| SimTime::ZERO + at.get();
        let at = part.optional("at", self.at).map_or(begins, time);
        if let Some(written) = self.at.filter(|_| at < begins) {
            part.error(written.span, "S031", "the replay is asked for before the subscription begins")
                .hint("ask for it later, or create and confirm the subscription earlier");
            return None;
        }
        let from = part.or_default("starting_point", self.starting_point, Duration::ZERO, "from the first message on");
        let until = part.optional("ending_point", self.ending_point).map(time);
        let from = time(from);
        if let Some(written) = self.ending_point.filter(|_| until.is_some_and(|until| until <= from)) {
            part.error(written.span, "S031", "the replay ends before it starts")
                .hint("write an `ending_point` after the `starting_point`");
            return None;
        }
        Some(Replay { at, from, until })
    }
}

impl SnsSpec {
    /// What only a FIFO topic has; an error for each key that has no effect on a standard one.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn fifo(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> Option<Option<Box<FifoTopic>>> {
        if !is_fifo {
            let scope = ("fifo_throughput_scope", self.fifo_throughput_scope.map(|at| at.span));
            let archive = ("archive_policy", self.archive_policy.map(|at| at.span));
            let keys = self.identity().keys().into_iter().chain([scope, archive]);
            let idle: Vec<_> = keys.filter_map(|(key, span)| Some((key, span?))).collect();
            for &(key, span) in &idle {
                site.site
                    .error(span, "S032", format!("`{key}` has no effect on a standard topic"))
                    .hint("write `fifo_topic = true` too, or leave it out");
            }
            return idle.is_empty().then_some(None);
        }
        let says = self.identity().says("a FIFO topic", site.site);
        let scope = site.site.or_default(
            "fifo_throughput_scope",
            self.fifo_throughput_scope,
            ThroughputScopeSpec::Topic,
            "the service's own",
        );
        let identity = Identity { says, by_group: scope == ThroughputScopeSpec::MessageGroup };
        let by_topic = scope == ThroughputScopeSpec::Topic;
        let rates = FifoRates {
            group: whole(fifo::FIFO_GROUP_RATE.value.get()),
            topic: whole(fifo::FIFO_TOPIC_RATE.value.get()),
            bytes: fifo::FIFO_TOPIC_THROUGHPUT.value.per_second.get(),
        };
        let archive = match self.archive_policy {
            Some(at) => Some(self.archive(at, site)?),
            None => None,
        };
        Some(Some(Box::new(FifoTopic {
            map: GroupMap::new(&site.plan.flow_keys),
            rates,
            crowded: Crowded::ALL.map(|bound| site.throttle(bound.reason())),
            whole: by_topic.then(Default::default),
            groups: BTreeMap::new(),
            lately: Lately::new(identity, fifo::FIFO_DEDUPLICATION_INTERVAL.value.get()),
            deduplicated: site.counter("messages_deduplicated", "messages"),
            bytes_published: site.counter("bytes_published", "bytes"),
            bytes_delivered: site.counter("bytes_delivered", "bytes"),
            archive,
        })))
    }

    const fn identity(&self) -> IdentitySpec {
        IdentitySpec {
            by_content: self.content_based_deduplication,
            id: self.deduplication_id,
            body: self.message_body,
        }
    }

    fn archive(&self, at: At<ArchivePolicySpec>, site: &mut NodeSite<'_, '_>) -> Option<Archive> {
        let replayed = site.counter("messages_replayed", "messages");
        let mut part = site.site.part("archive_policy", at.span);
        let (least, most) = (&fifo::ARCHIVE_RETENTION_MIN, &fifo::ARCHIVE_RETENTION_MAX);
        let written = at.value.message_retention_period;
        if !part.within("message_retention_period", written.as_ref(), least.value..=most.value, &(least, most)) {
            return None;
        }
        let retention = part.required("message_retention_period", written)?;
        // When nobody asks any more, nothing has to be kept.
        let subscribers = self.subscribers();
        let asks =
            subscribers.iter().filter_map(|at| Some(at.replay()?.value.asks_at().unwrap_or_else(|| at.begins())));
        let last_replay = asks.max().unwrap_or(SimTime::ZERO);
        Some(Archive { retention: retention.get(), last_replay, kept: VecDeque::new(), replayed })
    }
}

/// A fact about FIFO topics that is broken by so many subscriptions.
pub(super) fn too_many_for_fifo() -> (u32, String) {
    (fifo::FIFO_SUBSCRIPTIONS_MAX.value, too(&fifo::FIFO_SUBSCRIPTIONS_MAX))
}
