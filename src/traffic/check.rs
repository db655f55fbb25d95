//! What the tests of this layer share: samples and the statistics that judge them.

use crate::engine::random::{Draws, StreamKey};

/// `n` draws, each from the stream of its own number.
pub(crate) fn draw_many(n: u32, name: &str, mut draw: impl FnMut(&mut Draws) -> f64) -> Vec<f64> {
    let key = StreamKey::new(20_261_120, 0).child(name);
    (0..n).map(|number| draw(&mut key.stream(u64::from(number)))).collect()
}

/// The Kolmogorov-Smirnov distance between a sample and a distribution function.
pub(crate) fn ks_distance(sample: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = count(sorted.len());
    sorted.iter().enumerate().fold(0.0, |worst: f64, (i, &x)| {
        let f = cdf(x);
        worst.max((f - count(i) / n).abs()).max((count(i + 1) / n - f).abs())
    })
}

/// The distance that a true sample of `n` exceeds once in ten thousand times (Kolmogorov's limit, 2.2253).
pub(crate) fn ks_limit(n: u32) -> f64 {
    2.2253 / f64::from(n).sqrt()
}

/// Mean and standard error of the mean.
pub(crate) fn mean_and_error(sample: &[f64]) -> (f64, f64) {
    let n = count(sample.len());
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Asserts that `truth` lies within four standard errors of the sample's mean (one false alarm in 16,000).
#[track_caller]
pub(crate) fn assert_mean(sample: &[f64], truth: f64) {
    let (mean, error) = mean_and_error(sample);
    assert!((mean - truth).abs() <= 4.0 * error + 1e-12 * truth.abs(), "mean {mean} +- {error}, but truth is {truth}");
}

#[allow(clippy::cast_precision_loss, reason = "samples are far smaller than 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}
