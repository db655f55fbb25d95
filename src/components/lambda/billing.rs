//! What a function is billed for: each request, its time by the memory that it has, and what is large about its events.

use super::LambdaMetrics;
use crate::components::NodeSite;
use crate::engine::SimDuration;
use crate::facts::{Fact, Price, lambda};
use crate::metrics::CounterId;
use crate::units::Bytes;

/// The figure of a node.
const COST: &str = "cost";

/// The time that is paid for: whole pieces.
pub(super) fn billed(time: SimDuration) -> SimDuration {
    let piece = lambda::BILLED_PIECE.value.get().as_nanos();
    SimDuration::from_nanos(time.as_nanos().div_ceil(piece).saturating_mul(piece))
}

/// Requests that an event of this size costs beyond those of its tries.
pub(super) fn further_requests(event: u32) -> u64 {
    let (first, piece) = (lambda::ASYNC_BILLED_FIRST.value.get(), lambda::ASYNC_BILLED_CHUNK.value.get());
    u64::from(event).saturating_sub(first).div_ceil(piece)
}

/// Puts the prices on what the function counts.
pub(super) fn price(metrics: &LambdaMetrics, memory: Bytes, per_second: &Fact<Price>, site: &mut NodeSite<'_, '_>) {
    site.price(COST, metrics.invocations, lambda::REQUEST_PRICE.value.each());
    let nanoseconds = SimDuration::from_secs(1).as_nanos();
    #[allow(clippy::cast_precision_loss, reason = "both are far below 2^53")]
    let gigabyte_seconds = memory.get() as f64 / crate::facts::BYTES_PER_BILLED_GB as f64 / nanoseconds as f64;
    site.price(COST, metrics.billed_time, gigabyte_seconds * per_second.value.each());
}

/// Puts the price of requests on the further ones of events.
pub(super) fn price_events(further: CounterId, site: &mut NodeSite<'_, '_>) {
    site.price(COST, further, lambda::REQUEST_PRICE.value.each());
}

/// Puts the price on pollers that are paid for by the hour.
pub(super) fn price_pollers(pollers: crate::metrics::GaugeId, site: &mut NodeSite<'_, '_>) {
    site.hourly_price(COST, pollers, lambda::PROVISIONED_POLLER_PRICE.value.each());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_millisecond_is_billed_as_a_whole_one() {
        let of = |nanos| billed(SimDuration::from_nanos(nanos)).as_nanos();
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(of), [0, 1_000_000, 1_000_000, 2_000_000]);
    }

    #[test]
    fn an_event_beyond_256_kib_costs_a_request_for_each_started_64() {
        let kib = 1024;
        let of = [0, 256 * kib, 256 * kib + 1, 320 * kib, 320 * kib + 1, 1024 * kib].map(further_requests);
        assert_eq!(of, [0, 0, 1, 1, 2, 12]);
    }
}
