//! What a scenario may say about a reader, in the words of the Kinesis Client Library.

use super::checkpoint::CheckpointSpec;
use super::retries::ReadRetriesSpec;
use super::{Processor, Reader, ReaderMetrics, ReaderParameters, Retrieval, StartingPosition, Worker};
use crate::components::fault::Health;
use crate::components::handler::Handler;
use crate::components::request::{RequestSpec, Requests};
use crate::components::spec::{LatencySpec, OneOrMany};
use crate::components::traits::Members;
use crate::components::{Edge, NodeSite, NodeSpec, Verb};
use crate::facts::kinesis;
use crate::site::{At, ToToml};
use crate::units::Duration;
use serde::Deserialize;

/// An application that reads a stream, in the manner of the Kinesis Client Library.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReaderSpec {
    /// The stream.
    reads: Option<At<String>>,
    /// Instances of the application: the shards are spread over them.
    workers: Option<At<u32>>,
    /// Whether it polls the stream, or has it pushed over a connection of its own: enhanced fan-out.
    retrieval_mode: Option<At<RetrievalModeSpec>>,
    /// `FANOUT`: from a put to the reader.
    push_latency: Option<At<LatencySpec>>,
    /// Records asked for in one read.
    batch: Option<At<u32>>,
    /// Pause between two reads of a shard.
    idle_time_between_reads: Option<At<Duration>>,
    /// How a read is tried again that was refused, before the next pause between reads.
    retries: Option<At<ReadRetriesSpec>>,
    /// Where a reader begins that has no checkpoint yet.
    starting_position: Option<At<StartingPositionSpec>>,
    /// When it stores how far it has come: `"batch"`, `{ records = 100 }` or `{ every = "60s" }`.
    checkpoint: Option<At<CheckpointSpec>>,
    /// How long the shards of a dead worker stand still.
    lease_takeover: Option<At<LatencySpec>>,
    /// The work on each record.
    work: Option<At<String>>,
    /// Round trip of a read.
    get_records_latency: Option<At<LatencySpec>>,
    /// Round trip of a checkpoint.
    checkpoint_latency: Option<At<LatencySpec>>,
    /// Who is called for each record.
    calls: Option<At<OneOrMany<RequestSpec>>>,
    /// Where the result is handed over.
    sends: Option<At<OneOrMany<RequestSpec>>>,
}

/// How records come to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum RetrievalModeSpec {
    /// It asks for them, and shares the limits of each shard with others that do.
    #[serde(rename = "POLLING")]
    Polling,
    /// They are pushed to it: enhanced fan-out.
    #[serde(rename = "FANOUT")]
    FanOut,
}

impl ToToml for RetrievalModeSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::Polling => "POLLING".to_toml(),
            Self::FanOut => "FANOUT".to_toml(),
        }
    }
}

/// Where a reader begins that has no checkpoint yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StartingPositionSpec {
    /// At the oldest record that is still there.
    TrimHorizon,
    /// At the tip: what is there already is never read.
    Latest,
}

impl ToToml for StartingPositionSpec {
    fn to_toml(&self) -> String {
        match self {
            Self::TrimHorizon => "TRIM_HORIZON".to_toml(),
            Self::Latest => "LATEST".to_toml(),
        }
    }
}

impl NodeSpec for ReaderSpec {
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Requests { calls: self.calls.clone(), sends: self.sends.clone() }.edges();
        let fans_out = self.retrieval_mode.is_some_and(|at| at.value == RetrievalModeSpec::FanOut);
        edges.extend(self.reads.clone().map(|to| Edge { fans_out, ..Edge::new(Verb::Reads, to) }));
        edges
    }
}

impl ReaderSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Reader> {
        let errors = site.site.errors();
        let stream = self.reads.clone().and_then(|reads| site.target(&reads));
        let shards = stream.map_or(0, |stream| site.plan.nodes[stream.node.index()].shards);
        site.site.required("reads", self.reads.clone());
        let s = &mut *site.site;
        let instances = 1..=kinesis::SHARDS_MAX.value;
        s.within("workers", self.workers.as_ref(), instances, &kinesis::SHARDS_MAX);
        let workers = s.or_default("workers", self.workers, 1, "a single instance has all shards");
        let batches = 1..=kinesis::GET_RECORDS_MAX.value;
        s.within("batch", self.batch.as_ref(), batches, &kinesis::GET_RECORDS_MAX);
        let batch = s.or_fact("batch", self.batch, &kinesis::KCL_MAX_RECORDS);
        let retrieval = self.retrieval(site);
        let s = &mut *site.site;
        let why = "as the consumer library does: nothing is missed";
        let position =
            s.or_default("starting_position", self.starting_position, StartingPositionSpec::TrimHorizon, why);
        let checkpoint = CheckpointSpec::resolve(self.checkpoint, s);
        let retries = ReadRetriesSpec::resolve(self.retries, site.site);
        let takeover = site.latency("lease_takeover", self.lease_takeover, &kinesis::KCL_TAKEOVER);
        let work = site.work("work", self.work);
        let store = site.latency("checkpoint_latency", self.checkpoint_latency, &kinesis::CHECKPOINT_LATENCY);
        let requests = Requests { calls: self.calls, sends: self.sends }.build(site);
        let metrics = metrics(shards, site);
        if site.site.errors() > errors {
            return None;
        }
        let p = ReaderParameters {
            stream: stream?.node,
            batch: u16::try_from(batch).ok()?,
            retrieval: retrieval?,
            retries: retries?,
            starting_position: match position {
                StartingPositionSpec::TrimHorizon => StartingPosition::TrimHorizon,
                StartingPositionSpec::Latest => StartingPosition::Latest,
            },
            checkpoint: checkpoint?,
            lease_takeover: takeover?,
            checkpoint_latency: store?,
        };
        let (steps, counters) = requests?;
        site.traits.work = work?;
        site.traits.members = Some(Members { consumers: workers, machines: workers });
        site.traits.servers = Some(site.placed(None::<&At<u32>>, shards));
        Some(Reader {
            p,
            metrics,
            handler: Handler::new(work?, steps, counters),
            shards: vec![Processor::default(); shards as usize],
            workers: vec![Worker::default(); workers as usize],
            in_hand: 0,
            deaths: 0,
            health: Health::default(),
        })
    }
}

impl ReaderSpec {
    /// How records come to it.
    fn retrieval(&self, site: &mut NodeSite<'_, '_>) -> Option<Retrieval> {
        let s = &mut *site.site;
        let why = "the one without an extra price; the consumer library itself begins with FANOUT";
        let mode = s.or_default("retrieval_mode", self.retrieval_mode, RetrievalModeSpec::Polling, why);
        let (pause, read, push) = (self.idle_time_between_reads, &self.get_records_latency, &self.push_latency);
        let unused = match mode {
            RetrievalModeSpec::Polling => [("push_latency", push.as_ref().map(|at| at.span)), ("", None)],
            RetrievalModeSpec::FanOut => [
                ("idle_time_between_reads", pause.map(|at| at.span)),
                ("get_records_latency", read.as_ref().map(|at| at.span)),
            ],
        };
        for (key, span) in unused.into_iter().filter_map(|(key, span)| Some((key, span?))) {
            let message = format!("`{key}` has no effect with `retrieval_mode = {}`", mode.to_toml());
            s.error(span, "S032", message).hint("leave it out");
        }
        if mode == RetrievalModeSpec::FanOut {
            let latency = site.latency("push_latency", push.clone(), &kinesis::FAN_OUT_LATENCY)?;
            return Some(Retrieval::FanOut { latency });
        }
        let pauses = kinesis::KCL_IDLE_TIME_MIN.value..=Duration::MAX;
        s.within("idle_time_between_reads", pause.as_ref(), pauses, &kinesis::KCL_IDLE_TIME_MIN);
        let pause = s.or_fact("idle_time_between_reads", pause, &kinesis::KCL_IDLE_TIME).get();
        let latency = site.latency("get_records_latency", read.clone(), &kinesis::GET_RECORDS_LATENCY)?;
        Some(Retrieval::Polling { pause, latency })
    }
}

fn metrics(shards: u32, site: &mut NodeSite<'_, '_>) -> ReaderMetrics {
    ReaderMetrics {
        busy: site.gauge_of("busy", "shards", shards.into()),
        in_hand: site.gauge("in_hand", "records"),
        standby_workers: site.gauge("standby_workers", "workers"),
        records_processed: site.counter("records_processed", "records"),
        repeated: site.counter("repeated", "records"),
        failed: site.counter("failed", "records"),
        checkpoints: site.counter("checkpoints", "requests"),
        lost_leases: site.counter("lost_leases", "leases"),
        busy_time: site.counter("busy_time", "s"),
        work_time: site.counter("work_time", "s"),
        repeated_time: site.counter("repeated_time", "s"),
    }
}
