//! An interval from one long run.

use super::{Interval, confidence_interval, mean};

/// The confidence interval of the long-run mean from one long row of correlated values; `None` for fewer than two
/// batches, or more batches than values.
///
/// Method: non-overlapping batch means (Schmeiser, *Batch size effects in the analysis of simulation output*,
/// Operations Research 30, 1982, which finds 10 to 30 batches best). Neighbours in a queue resemble each other; means of long
/// batches hardly do. What does not fill a batch is left out at the front, where the warm-up is.
pub fn batch_means(values: &[f64], batches: usize, level: f64) -> Option<Interval> {
    let size = values.len().checked_div(batches).filter(|&size| size > 0)?;
    let whole = &values[values.len() - size * batches..];
    let means: Vec<f64> = whole.chunks_exact(size).filter_map(mean).collect();
    confidence_interval(&means, level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    #[test]
    fn batches_of_a_short_row_are_known() {
        // The first value does not fill a batch; the means are 2, 4, 9.
        let row = [1000.0, 1.0, 3.0, 4.0, 4.0, 8.0, 10.0];
        assert_eq!(batch_means(&row, 3, 0.95), confidence_interval(&[2.0, 4.0, 9.0], 0.95));
        assert_eq!(batch_means(&row, 1, 0.95), None);
        assert_eq!(batch_means(&row, 8, 0.95), None);
        assert_eq!(batch_means(&row, 0, 0.95), None);
    }

    #[test]
    fn correlation_widens_the_interval_as_it_must() {
        // An autoregressive row with coefficient 0.9 has 19 times the variance of the mean of an independent one.
        let mut draws = StreamKey::new(3, 0).child("row").stream(0);
        let mut value = 0.0;
        let row: Vec<f64> = (0..100_000)
            .map(|_| {
                value = 0.9 * value + draws.uniform() - 0.5;
                value
            })
            .collect();
        let naive = confidence_interval(&row, 0.95).expect("values").half_width();
        let batched = batch_means(&row, 20, 0.95).expect("batches");
        assert!((3.0..6.5).contains(&(batched.half_width() / naive)), "{}", batched.half_width() / naive);
        assert!(batched.contains(0.0));
    }
}
