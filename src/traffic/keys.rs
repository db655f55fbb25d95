//! Keys: who sent a job. They become message groups and partition keys.

use crate::engine::random::{Draws, StreamKey};
use rand_distr::{Distribution, weighted::WeightedAliasIndex};
use std::sync::Arc;

/// How the keys of a flow are spread over its jobs.
#[derive(Debug, Clone)]
enum Popularity {
    /// One key for all.
    One,
    /// All keys alike.
    Uniform,
    /// The key of rank k has a share proportional to 1 / k^skew (Zipf).
    Zipf { alias: Arc<WeightedAliasIndex<f64>>, skew: f64, total: f64 },
}

/// The keys of one flow; key 0 is the most popular.
#[derive(Debug, Clone)]
pub struct Keys {
    popularity: Popularity,
    distinct: u32,
    /// What the key's number is appended to; for a constant key the whole text.
    prefix: String,
}

impl Keys {
    /// The largest number of keys: their table takes 12 bytes each and is looked up for every job.
    pub const MAX_DISTINCT: u32 = 1_000_000;

    /// The same key for every job.
    pub fn constant(text: impl Into<String>) -> Self {
        Self { popularity: Popularity::One, distinct: 1, prefix: text.into() }
    }

    /// `distinct` keys (held between one and [`Keys::MAX_DISTINCT`]), named by prefix and number.
    ///
    /// With `skew` zero or below all are alike; otherwise the k-th has a share proportional to 1 / k^skew.
    pub fn distinct(distinct: u32, skew: f64, prefix: impl Into<String>) -> Self {
        let distinct = distinct.clamp(1, Self::MAX_DISTINCT);
        let popularity = if skew > 0.0 && distinct > 1 { zipf(distinct, skew) } else { Popularity::Uniform };
        Self { popularity, distinct, prefix: prefix.into() }
    }

    /// The key of the job with this draw number; `key` is that of the replication's keys.
    #[inline]
    pub fn of_job(&self, key: StreamKey, number: u64) -> u32 {
        match &self.popularity {
            Popularity::One => 0,
            _ => self.draw(&mut key.stream(number)),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "keys are numbered below a 32-bit count")]
    fn draw(&self, draws: &mut Draws) -> u32 {
        match &self.popularity {
            Popularity::One => 0,
            Popularity::Uniform => draws.below(u64::from(self.distinct)) as u32,
            Popularity::Zipf { alias, .. } => alias.sample(draws) as u32,
        }
    }

    /// How many keys there are.
    pub fn count(&self) -> u32 {
        self.distinct
    }

    /// The expected share of all jobs that have this key, between 0 and 1.
    pub fn share(&self, key: u32) -> f64 {
        match &self.popularity {
            _ if key >= self.distinct => 0.0,
            Popularity::One => 1.0,
            Popularity::Uniform => f64::from(self.distinct).recip(),
            Popularity::Zipf { skew, total, .. } => weight(key, *skew) / total,
        }
    }

    /// The text of a key, as a service sees it.
    pub fn text(&self, key: u32) -> String {
        match &self.popularity {
            Popularity::One => self.prefix.clone(),
            _ => format!("{}{key}", self.prefix),
        }
    }
}

fn weight(key: u32, skew: f64) -> f64 {
    libm::exp(-skew * libm::log(f64::from(key) + 1.0))
}

/// Walker's alias method: one table look-up and one comparison for each draw, however many keys there are.
fn zipf(distinct: u32, skew: f64) -> Popularity {
    let weights: Vec<f64> = (0..distinct).map(|key| weight(key, skew)).collect();
    let total = weights.iter().sum();
    let alias = WeightedAliasIndex::new(weights).expect("the first weight is one and none is negative");
    Popularity::Zipf { alias: Arc::new(alias), skew, total }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequencies(keys: &Keys, n: u32) -> Vec<f64> {
        let key = StreamKey::new(11, 0).child("key");
        let mut counts = vec![0.0; keys.count() as usize];
        for number in 0..n {
            counts[keys.of_job(key, u64::from(number)) as usize] += 1.0;
        }
        counts
    }

    /// Pearson's chi-square statistic over its degrees of freedom, minus one, in standard deviations.
    fn excess(keys: &Keys) -> f64 {
        let n = 400_000;
        let found = frequencies(keys, n);
        let expected: Vec<f64> = (0..keys.count()).map(|key| f64::from(n) * keys.share(key)).collect();
        let chi: f64 = found.iter().zip(&expected).map(|(found, expected)| (found - expected).powi(2) / expected).sum();
        let freedom = f64::from(keys.count() - 1);
        (chi - freedom) / (2.0 * freedom).sqrt()
    }

    #[test]
    fn zipf_and_uniform_keys_have_their_shares() {
        assert!(excess(&Keys::distinct(200, 0.9, "video-")).abs() < 4.0);
        assert!(excess(&Keys::distinct(50, 2.0, "video-")).abs() < 4.0);
        assert!(excess(&Keys::distinct(200, 0.0, "video-")).abs() < 4.0);
    }

    #[test]
    fn shares_are_those_of_zipf_and_sum_to_one() {
        let keys = Keys::distinct(3, 1.0, "");
        let truth = [6.0 / 11.0, 3.0 / 11.0, 2.0 / 11.0, 0.0];
        assert!(truth.iter().zip(0..).all(|(truth, key)| (keys.share(key) - truth).abs() < 1e-12));
        let keys = Keys::distinct(1_000_000, 1.2, "");
        let sum: f64 = (0..keys.count()).map(|key| keys.share(key)).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn texts_are_prefix_and_number_or_the_constant() {
        assert_eq!(Keys::distinct(200, 0.9, "video-").text(7), "video-7");
        assert_eq!(Keys::constant("video").text(0), "video");
        assert_eq!(Keys::constant("video").of_job(StreamKey::new(1, 0), 7), 0);
    }
}
