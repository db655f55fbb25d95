//! What a delivery stream accepts: so many records, requests and bytes a second, and no record above a size.

use super::Ctx;
use super::kinds::PutLimits;
use crate::components::limits::EachSecond;
use crate::components::{AnyTimer, NodeSite};
use crate::engine::LossId;
use crate::facts::firehose;
use crate::metrics::CounterId;
use crate::site::At;
use crate::units::Rate;

/// The quotas of a delivery stream, with what is used of them.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    /// The largest record -- parameter.
    record_size_max: u64,
    records: EachSecond,
    requests: EachSecond,
    bytes: EachSecond,
    throttled: LossId,
    too_large: LossId,
    throttled_records: CounterId,
}

impl Intake {
    pub(super) fn build(limits: &PutLimits, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        let records = rate("record_rate", limits.records, &firehose::DIRECT_PUT_RECORDS, site);
        let requests = rate("request_rate", limits.requests, &firehose::DIRECT_PUT_REQUESTS, site);
        let quota = &firehose::DIRECT_PUT_THROUGHPUT;
        let why = format!("as in fact {}", quota.name);
        let bytes = site.site.or_default("bytes_per_second", limits.bytes, quota.value.per_second, &why);
        #[allow(clippy::cast_precision_loss, reason = "a few thousand million at most that anybody means")]
        let bytes = EachSecond::new(bytes.get() as f64);
        Some(Self {
            record_size_max: firehose::RECORD_SIZE_MAX.value.get(),
            records: EachSecond::new(records?),
            requests: EachSecond::new(requests?),
            bytes,
            throttled: site.throttle("throttled: more than a delivery stream accepts in a second"),
            too_large: site.permanent_refusal("record too large"),
            throttled_records: site.counter("throttled_records", "records"),
        })
    }

    /// Why a record of this size is not accepted now, if it is not; what is accepted counts.
    pub(super) fn refusal<T: Into<AnyTimer>>(
        &mut self,
        size: u32,
        batched: bool,
        cx: &mut Ctx<'_, T>,
    ) -> Option<LossId> {
        if u64::from(size) > self.record_size_max {
            return Some(self.too_large);
        }
        let request = if batched { 0.0 } else { 1.0 };
        let (now, size) = (cx.now(), f64::from(size));
        if !(self.records.has(1.0, now) && self.requests.has(request, now) && self.bytes.has(size, now)) {
            cx.count(self.throttled_records, 1);
            return Some(self.throttled);
        }
        self.records.take(1.0);
        self.requests.take(request);
        self.bytes.take(size);
        None
    }
}

/// A rate that is counted by whole seconds.
fn rate(
    key: &str,
    written: Option<At<Rate>>,
    fact: &crate::facts::Fact<Rate>,
    site: &mut NodeSite<'_, '_>,
) -> Option<f64> {
    let rate = site.site.or_fact(key, written, fact).get();
    if let Some(at) = written.filter(|_| rate < 1.0) {
        site.site
            .error(at.span, "S031", format!("`{key}` lets nothing through"))
            .label("must be at least 1/s: it is counted by whole seconds");
        return None;
    }
    Some(rate)
}
