//! Quantiles of a sample and of a histogram.

/// The quantile `p` (0 to 1) of a sorted sample; `None` of nothing.
///
/// Method: linear interpolation between the two nearest order statistics, type 7 of Hyndman and Fan (*Sample quantiles
/// in statistical packages*, The American Statistician 50, 1996): what R, `NumPy` and spreadsheets give by default.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    debug_assert!(sorted.is_sorted(), "quantile of an unsorted sample");
    let last = sorted.len().checked_sub(1)?;
    let position = last as f64 * p.clamp(0.0, 1.0);
    let below = position as usize;
    let (low, high) = (sorted[below], sorted[last.min(below + 1)]);
    Some(low + (high - low) * (position - below as f64))
}

/// The quantile `p` (0 to 1) of a histogram, given as (lower edge, upper edge, count) with rising edges; `None` when it
/// is empty.
///
/// Method: the bucket that holds the p n-th value, and within it linear interpolation, as if its values were spread
/// evenly (the inverse of the piecewise linear distribution function). The error is below the width of that bucket.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn bucket_quantile<I>(buckets: I, p: f64) -> Option<f64>
where
    I: IntoIterator<Item = (f64, f64, u64)>,
    I::IntoIter: Clone,
{
    let buckets = buckets.into_iter();
    let total: u64 = buckets.clone().map(|(_, _, count)| count).sum();
    let rank = total as f64 * p.clamp(0.0, 1.0);
    let mut passed = 0.0;
    let mut found = None;
    for (low, high, count) in buckets.filter(|&(_, _, count)| count > 0) {
        let count = count as f64;
        if passed + count >= rank {
            return Some(low + (high - low) * ((rank - passed) / count));
        }
        passed += count;
        found = Some(high);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_sample_are_those_of_r() {
        // R: quantile(c(1, 2, 4, 8, 16), c(0, .1, .5, .9, 1)) gives 1.0, 1.4, 4.0, 12.8, 16.0.
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expected) in [(0.0, 1.0), (0.1, 1.4), (0.5, 4.0), (0.9, 12.8), (1.0, 16.0)] {
            assert!((quantile(&sorted, p).expect("not empty") - expected).abs() < 1e-12);
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.99), Some(3.0));
    }

    #[test]
    fn quantiles_of_a_histogram_interpolate_within_the_bucket() {
        let buckets = [(0.0, 1.0, 50), (1.0, 2.0, 0), (2.0, 4.0, 50)];
        assert_eq!(bucket_quantile(buckets, 0.25), Some(0.5));
        assert_eq!(bucket_quantile(buckets, 0.5), Some(1.0));
        assert_eq!(bucket_quantile(buckets, 0.75), Some(3.0));
        assert_eq!(bucket_quantile(buckets, 1.0), Some(4.0));
        assert_eq!(bucket_quantile([(0.0, 1.0, 0)], 0.5), None);
    }

    #[test]
    fn a_fine_histogram_gives_nearly_the_quantiles_of_the_sample() {
        let sample: Vec<f64> = (0..1000).map(|i| f64::from(i * i)).collect();
        let width = 1000.0;
        let buckets: Vec<(f64, f64, u64)> = (0..1000)
            .map(|bucket| {
                let low = f64::from(bucket) * width;
                let inside = sample.iter().filter(|&&value| value >= low && value < low + width).count();
                (low, low + width, inside as u64)
            })
            .collect();
        for p in [0.1, 0.5, 0.9, 0.99] {
            let exact = quantile(&sample, p).expect("not empty");
            assert!((bucket_quantile(buckets.iter().copied(), p).expect("not empty") - exact).abs() < 2.0 * width);
        }
    }
}
