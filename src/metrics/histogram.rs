//! A histogram of times with a relative error of at most 2^-11 (three digits), mergeable without loss.
//!
//! Log-linear buckets: below 1024 ns each nanosecond has its own, above that each power of two is cut into 1024 equal
//! parts. The index is a shift and an addition (the idea of HDR histograms; Tene, 2012). Up to 10,000 values are kept
//! as they are, so that percentiles of short runs are exact.

use crate::engine::SimDuration;

const SUB_BUCKET_BITS: u32 = 10;
const SUB_BUCKETS: u64 = 1 << SUB_BUCKET_BITS;
const EXACT_UP_TO: usize = 10_000;

/// Values are put into their buckets so many at a time.
const BLOCK: usize = 512;

/// Counts of durations. It is read when the recording has ended.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u32>,
    /// The values as they came: all of them, or those that are not in a bucket yet.
    recent: Vec<u64>,
    /// How many are in the buckets.
    total: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    /// Counts one value.
    #[inline(always)]
    pub fn record(&mut self, value: SimDuration) {
        if self.recent.len() == self.recent.capacity() {
            self.make_room();
        }
        self.recent.push(value.as_nanos());
    }

    /// Keeps more values as they are, or puts them into their buckets.
    #[cold]
    fn make_room(&mut self) {
        let all = self.recent.len();
        if self.total == 0 && all < EXACT_UP_TO {
            self.recent.reserve_exact((2 * all).clamp(BLOCK / 8, EXACT_UP_TO) - all);
            return;
        }
        self.fill_buckets();
        self.recent.clear();
        self.recent.shrink_to(BLOCK);
    }

    fn fill_buckets(&mut self) {
        if self.recent.is_empty() {
            return;
        }
        // All bits together are no less than the largest value, and less than twice as much.
        let bits = self.recent.iter().fold(0, |bits, nanos| bits | nanos);
        let buckets = index_of(bits) + 1;
        if self.counts.len() < buckets {
            self.counts.resize(buckets, 0);
        }
        let (mut sum, mut largest) = (0, 0);
        for &nanos in &self.recent {
            self.counts[index_of(nanos)] += 1;
            sum += u128::from(nanos);
            largest = nanos.max(largest);
        }
        self.sum += sum;
        self.max = self.max.max(largest);
        self.total += self.recent.len() as u64;
    }

    /// Ends the recording.
    pub(super) fn finish(&mut self) {
        let all = self.total == 0;
        self.fill_buckets();
        if !all {
            self.recent = Vec::new();
        }
    }

    /// All values, if there were few enough.
    fn exact(&self) -> Option<&[u64]> {
        (self.recent.len() as u64 == self.total).then_some(&self.recent)
    }

    /// Number of values.
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// Mean in seconds; `None` without values. Exact but for the final division.
    #[allow(clippy::cast_precision_loss, reason = "a mean for statistics")]
    pub fn mean(&self) -> Option<f64> {
        (self.total > 0).then(|| self.sum as f64 / self.total as f64 / 1e9)
    }

    /// Largest value in seconds, exact; `None` without values.
    pub fn max(&self) -> Option<f64> {
        (self.total > 0).then(|| SimDuration::from_nanos(self.max).as_secs_f64())
    }

    /// The smallest value such that `percent` % of the values are not above it (nearest rank), in seconds: exact up to
    /// 10,000 values, else the middle of its bucket. `None` without values.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are far below 2^53"
    )]
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let rank = ((percent / 100.0 * self.total as f64).ceil() as u64).clamp(1, self.total);
        if let Some(values) = self.exact() {
            let mut values = values.to_vec();
            let (_, value, _) = values.select_nth_unstable(rank as usize - 1);
            return Some(SimDuration::from_nanos(*value).as_secs_f64());
        }
        let mut seen = 0;
        for (index, &count) in self.counts.iter().enumerate() {
            seen += u64::from(count);
            if seen >= rank {
                let (low, high) = bounds_of(index);
                return Some(SimDuration::from_nanos(low.midpoint(high - 1).min(self.max)).as_secs_f64());
            }
        }
        self.max()
    }

    /// Values at most `bound`; exact up to 10,000 values, else to the width of a bucket.
    pub fn count_within(&self, bound: SimDuration) -> u64 {
        if let Some(values) = self.exact() {
            return values.iter().filter(|&&value| value <= bound.as_nanos()).count() as u64;
        }
        let last = index_of(bound.as_nanos());
        self.counts.iter().take(last + 1).map(|&count| u64::from(count)).sum()
    }

    /// Every occupied bucket: lower edge, upper edge (exclusive), count.
    pub fn buckets(&self) -> impl Iterator<Item = (SimDuration, SimDuration, u64)> + '_ {
        self.counts.iter().enumerate().filter(|&(_, &count)| count > 0).map(|(index, &count)| {
            let (low, high) = bounds_of(index);
            (SimDuration::from_nanos(low), SimDuration::from_nanos(high), u64::from(count))
        })
    }
}

/// The bucket of a value: as many of its leading bits as tell apart one part in 1024, below all shorter values.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "at most 55 * 1024 buckets")]
const fn index_of(nanos: u64) -> usize {
    let shift = u64::BITS - 1 - SUB_BUCKET_BITS - (nanos | SUB_BUCKETS).leading_zeros();
    (((shift as u64) << SUB_BUCKET_BITS) + (nanos >> shift)) as usize
}

/// The values of a bucket: lowest, and one more than the highest.
const fn bounds_of(index: usize) -> (u64, u64) {
    let index = index as u64;
    if index < SUB_BUCKETS {
        return (index, index + 1);
    }
    let shift = index / SUB_BUCKETS - 1;
    let low = (index % SUB_BUCKETS + SUB_BUCKETS) << shift;
    (low, low.saturating_add(1 << shift))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow_and_gapless() {
        let mut draws = StreamKey::new(1, 0).stream(0);
        for value in (0..5000).chain((0..100_000).map(|_| draws.next() >> draws.below(63))) {
            let (low, high) = bounds_of(index_of(value));
            assert!(low <= value && value < high, "{value} in {low}..{high}");
            assert!((high - low) <= 1 + low / SUB_BUCKETS, "{low}..{high} is wider than one part in 1024");
        }
        for index in 0..40_000 {
            assert_eq!(bounds_of(index).1, bounds_of(index + 1).0);
            assert_eq!(index_of(bounds_of(index).0), index);
        }
    }

    #[test]
    fn percentiles_are_exact_up_to_ten_thousand_values_and_within_a_thousandth_beyond() {
        let of = |values: u64| {
            let mut histogram = Histogram::default();
            for nanos in 1..=values {
                histogram.record(SimDuration::from_nanos(nanos * 1_000_003));
            }
            histogram.finish();
            histogram
        };
        let histogram = of(10_000);
        assert_eq!(histogram.percentile(99.0), Some(9_900.0 * 0.001_000_003));
        assert_eq!(histogram.percentile(0.0), Some(0.001_000_003));
        assert_eq!(histogram.max(), Some(10.000_03));
        assert_eq!(histogram.buckets().map(|(_, _, count)| count).sum::<u64>(), 10_000);
        let histogram = of(20_000);
        let median = histogram.percentile(50.0).expect("there are values");
        assert!((median / 10.000_03 - 1.0).abs() < 1e-3);
        assert_eq!(histogram.count_within(SimDuration::from_secs(100)), 20_000);
        assert_eq!(histogram.buckets().map(|(_, _, count)| count).sum::<u64>(), 20_000);
    }

    #[test]
    fn nothing_measured_is_not_zero() {
        let mut histogram = Histogram::default();
        histogram.finish();
        assert_eq!((histogram.mean(), histogram.max(), histogram.percentile(50.0)), (None, None, None));
    }
}
