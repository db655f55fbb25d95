//! What a scenario may say about a stream, in the words of its API.

use super::fan_out::Subscription;
use super::{Kinesis, KinesisLosses, KinesisMetrics, KinesisParameters, ReaderMetrics, Shard, ShardMap, View};
use crate::components::fault::Health;
use crate::components::limits::{CallsPerSecond, TokenBucket};
use crate::components::spec::{LatencySpec, OneOrMany, all, many};
use crate::components::{Edge, NodeSite, NodeSpec, ShardTraits, Verb};
use crate::engine::LossKind;
use crate::facts::kinesis;
use crate::site::At;
use crate::units::{Bytes, Duration};
use serde::Deserialize;

/// An Amazon Kinesis data stream with a fixed number of shards.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KinesisSpec {
    /// The flows of traffic that are put here directly.
    from: Option<At<OneOrMany<String>>>,
    /// Shards: each takes 1 MiB and 1000 records a second, and only the records of its own keys.
    shards: Option<At<u32>>,
    /// How long a record can be read.
    retention_period: Option<At<Duration>>,
    /// The largest record, data and partition key together.
    max_record_size: Option<At<Bytes>>,
    /// How long an idle shard saves up what it would take: that much it takes at once.
    bucket_depth: Option<At<Duration>>,
    /// How long it takes from a put to the moment at which a read returns the record.
    visible_latency: Option<At<LatencySpec>>,
}

/// Deeper buckets would hide the limits that they belong to.
const BUCKET_DEPTH_MAX: Duration = Duration::from_mins(1);

impl NodeSpec for KinesisSpec {
    fn edges(&self) -> Vec<Edge> {
        Vec::new()
    }

    fn flows(&self) -> Vec<At<String>> {
        all(self.from.as_ref())
    }

    fn shards(&self) -> u32 {
        self.shards.as_ref().map_or(0, |at| at.value.min(kinesis::SHARDS_MAX.value))
    }
}

impl KinesisSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Kinesis> {
        let errors = site.site.errors();
        site.site.written_all("from", many(self.from.clone()));
        let s = &mut *site.site;
        s.within("shards", self.shards.as_ref(), 1..=kinesis::SHARDS_MAX.value, &kinesis::SHARDS_MAX);
        let shards = s.required("shards", self.shards);
        let p = self.parameters(site);
        let shard = self.shard(site);
        let fan_out = fan_out(site);
        let readers: Vec<_> = site.incoming(Verb::Reads).into_iter().map(|(node, _)| node).collect();
        let losses = losses(site);
        let metrics = metrics(&readers, site);
        if site.site.errors() > errors {
            return None;
        }
        let shards = u16::try_from(shards?).ok()?;
        #[allow(clippy::cast_precision_loss, reason = "a limit of a megabyte")]
        let bytes = kinesis::SHARD_BYTES_IN.value.per_second.get() as f64;
        let records = kinesis::SHARD_RECORDS_IN.value.get();
        let count = site.placed(self.shards.as_ref(), u32::from(shards));
        site.traits.shards = Some(ShardTraits { count, records, bytes });
        site.traits.keeps = self.retention_period.map(|at| at.map(Duration::get));
        let view = |&pushed: &bool| View { subscription: pushed.then(Subscription::new), ..View::default() };
        let of_a_shard: Vec<View> = fan_out.iter().map(view).collect();
        let of_a_shard = if of_a_shard.is_empty() { vec![View::default()] } else { of_a_shard };
        Some(Kinesis {
            p: p?,
            losses,
            metrics,
            map: ShardMap::new(&site.plan.flow_keys, shards),
            readers,
            shards: vec![shard; usize::from(shards)],
            views: std::iter::repeat_n(of_a_shard, usize::from(shards)).flatten().collect(),
            fans_out: fan_out.contains(&true),
            unread: 0,
            lent: 0,
            most_puts: 0,
            health: Health::default(),
            answer: Vec::new(),
        })
    }

    fn parameters(&self, site: &mut NodeSite<'_, '_>) -> Option<KinesisParameters> {
        let s = &mut *site.site;
        let (least, most) = (&kinesis::RETENTION_PERIOD_MIN, &kinesis::RETENTION_PERIOD_MAX);
        s.within("retention_period", self.retention_period.as_ref(), least.value..=most.value, &(least, most));
        let period = s.or_fact("retention_period", self.retention_period, &kinesis::RETENTION_PERIOD).get();
        let (least, most) = (&kinesis::MAX_RECORD_SIZE_MIN, &kinesis::MAX_RECORD_SIZE_MAX);
        s.within("max_record_size", self.max_record_size.as_ref(), least.value..=most.value, &(least, most));
        let size = s.or_fact("max_record_size", self.max_record_size, &kinesis::MAX_RECORD_SIZE);
        let latency = self.visible_latency.clone();
        let visible_latency = site.latency("visible_latency", latency, &kinesis::PUT_TO_VISIBLE_LATENCY);
        Some(KinesisParameters {
            retention_period: (period < site.plan.horizon).then_some(period),
            max_record_size: size.get(),
            visible_latency: visible_latency?,
            sample_every: site.plan.sample_every,
        })
    }

    /// The limits of each shard, with nothing used of them.
    #[allow(clippy::cast_precision_loss, reason = "limits of some megabytes")]
    fn shard(&self, site: &mut NodeSite<'_, '_>) -> Shard {
        let s = &mut *site.site;
        let depths = Duration::from_millis(1)..=BUCKET_DEPTH_MAX;
        s.within("bucket_depth", self.bucket_depth.as_ref(), depths, &kinesis::SHARD_BURST);
        let depth = s.or_fact("bucket_depth", self.bucket_depth, &kinesis::SHARD_BURST).as_secs_f64();
        let bytes_in = kinesis::SHARD_BYTES_IN.value.per_second.get() as f64;
        let records_in = kinesis::SHARD_RECORDS_IN.value.get();
        let bytes_out = kinesis::SHARD_BYTES_OUT.value.per_second.get() as f64;
        let allows_large = self.max_record_size.is_some_and(|at| at.value > kinesis::MAX_RECORD_SIZE.value);
        let large = if allows_large { kinesis::LARGE_RECORD_BURST.value.get() as f64 } else { 0.0 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number of calls")]
        let calls = kinesis::GET_RECORDS_RATE.value.get() as usize;
        Shard {
            bytes_in: TokenBucket::new(bytes_in, (bytes_in * depth).max(large)),
            records_in: TokenBucket::new(records_in, records_in * depth),
            bytes_out: TokenBucket::new(bytes_out, kinesis::READ_BURST.value.get() as f64),
            calls: CallsPerSecond::new(calls),
            puts: 0,
        }
    }
}

/// Which readers have enhanced fan-out; too many of them are an error.
fn fan_out(site: &mut NodeSite<'_, '_>) -> Vec<bool> {
    let edges: Vec<Edge> = site.incoming(Verb::Reads).into_iter().map(|(_, edge)| edge.clone()).collect();
    let most = &kinesis::FAN_OUT_READERS_MAX;
    if let Some(edge) = edges.iter().filter(|edge| edge.fans_out).nth(most.value as usize) {
        let message =
            format!("`{}` has more readers with `retrieval_mode = \"FANOUT\"` than it can have", site.site.name());
        site.site
            .error(edge.to.span, "S030", message)
            .label(format!("there are {} before it", most.value))
            .note(format!("{} (fact {}; {}; read {})", most.what, most.name, most.source, most.read));
    }
    edges.iter().map(|edge| edge.fans_out).collect()
}

fn losses(site: &mut NodeSite<'_, '_>) -> KinesisLosses {
    KinesisLosses {
        throttled: site.throttle("throttled: more than the shard takes"),
        too_large: site.loss(LossKind::Rejected, "record too large"),
        bad_key: site.loss(LossKind::Rejected, "partition key empty or too long"),
        down: site.loss(LossKind::Rejected, "down"),
        failing: site.loss(LossKind::Rejected, "answered with an error"),
        trimmed: site.loss(LossKind::Expired, "trimmed unread: older than the retention period"),
        skipped: site.loss(LossKind::Lost, "older than the starting position of a reader"),
        passed_over: site.loss(LossKind::Lost, "a reader failed to process it and went on"),
    }
}

fn metrics(readers: &[crate::engine::NodeId], site: &mut NodeSite<'_, '_>) -> KinesisMetrics {
    let metrics = KinesisMetrics {
        put_calls: site.counter("put_calls", "requests"),
        put_records: site.counter("put_records", "records"),
        hottest_shard_records: site.counter("hottest_shard_records", "records"),
        incoming_records: site.counter("incoming_records", "records"),
        incoming_bytes: site.counter("incoming_bytes", "bytes"),
        put_payload_units: site.counter("put_payload_units", "units"),
        write_throttled: site.counter("write_provisioned_throughput_exceeded", "records"),
        get_records_calls: site.counter("get_records_calls", "requests"),
        records_read: site.counter("records_read", "records"),
        bytes_read: site.counter("bytes_read", "bytes"),
        read_throttled: site.counter("read_provisioned_throughput_exceeded", "requests"),
        records_trimmed: site.counter("records_trimmed", "records"),
        unread: site.gauge("unread", "records"),
        iterator_age: site.gauge("iterator_age", "s"),
        readers: readers
            .iter()
            .map(|&reader| ReaderMetrics {
                iterator_age: site.catalogue.gauge(reader, "iterator_age", "s"),
                millis_behind_latest: site.catalogue.gauge(reader, "millis_behind_latest", "s"),
            })
            .collect(),
    };
    site.share("hottest_shard_share", metrics.hottest_shard_records, metrics.put_records);
    metrics
}
