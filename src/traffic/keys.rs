//! Keys: who sent a job. They become message groups and partition keys.

use crate::engine::random::{Draws, StreamKey};
use crate::site::{At, Site};
use rand_distr::{Distribution, weighted::WeightedAliasIndex};
use serde::Deserialize;
use std::sync::Arc;

/// The largest skew: beyond it, the first key has all jobs but one in a thousand.
const SKEW_MAX: f64 = 10.0;

/// `{ distinct = 200, skew = 0.9, prefix = "video-" }` or `{ constant = "video-1" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    /// How many different keys there are.
    pub distinct: Option<At<u32>>,
    /// How unequal they are: 0 all alike, 1 the k-th has 1/k of the first one's jobs (Zipf).
    pub skew: Option<At<f64>>,
    /// What the number of a key is appended to.
    pub prefix: Option<At<String>>,
    /// One key for all jobs.
    pub constant: Option<At<String>>,
}

impl KeySpec {
    /// Resolves the keys of a flow; what is wrong with them is reported.
    pub fn build(self, site: &mut Site<'_>) -> Option<Keys> {
        let others =
            [self.distinct.map(|at| at.span), self.skew.map(|at| at.span), self.prefix.as_ref().map(|at| at.span)];
        if let Some(at) = self.constant {
            if let Some(span) = others.into_iter().flatten().next() {
                site.error(span, "S032", "a constant key has nothing else to say")
                    .hint("keep `constant`, or `distinct` with `skew` and `prefix`");
                return None;
            }
            return Some(Keys::constant(site.written("constant", at)));
        }
        let (distinct_span, skew_span) = (others[0], others[1]);
        let skew = site.or_default("skew", self.skew, 0.0, "all keys alike");
        let prefix = site.or_default("prefix", self.prefix, "key-".to_owned(), "any name will do");
        let distinct = site.required("distinct", self.distinct)?;
        if !(1..=Keys::MAX_DISTINCT).contains(&distinct) {
            let message = format!("`distinct` must lie between 1 and {}", Keys::MAX_DISTINCT);
            site.error(distinct_span.unwrap_or_default(), "S031", message);
            return None;
        }
        if !(0.0..=SKEW_MAX).contains(&skew) {
            let message = format!("`skew` must lie between 0 and {SKEW_MAX}");
            site.error(skew_span.unwrap_or_default(), "S031", message)
                .hint("0 makes all keys alike, 0.9 is usual on the web, above 2 the first key has most of the jobs");
            return None;
        }
        Some(Keys::distinct(distinct, skew, prefix))
    }
}

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
    use crate::traffic::check::flow;

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

    #[test]
    fn keys_are_read_as_they_are_written() {
        let keys =
            |text: &str| flow(&format!("rate = '1/s'\nkey = {text}")).map(|flow| flow.keys.expect("it is written"));
        let zipf = keys("{ distinct = 200, skew = 0.9, prefix = 'video-' }").expect("sound");
        assert_eq!((zipf.count(), zipf.text(3).as_str()), (200, "video-3"));
        assert!(zipf.share(0) > 5.0 * zipf.share(10));
        let uniform = keys("{ distinct = 4 }").expect("sound");
        assert_eq!((uniform.share(3), uniform.text(0).as_str()), (0.25, "key-0"));
        assert_eq!(keys("{ constant = 'video-1' }").expect("sound").text(0), "video-1");
        for (text, said) in [
            ("{ skew = 1 }", "`traffic.uploads.key` needs `distinct`"),
            ("{ distinct = 0 }", "`distinct` must lie between 1 and 1000000"),
            ("{ distinct = 2000000 }", "`distinct` must lie between 1 and 1000000"),
            ("{ distinct = 2, skew = -1 }", "`skew` must lie between 0 and 10"),
            ("{ distinct = 2, skew = nan }", "`skew` must lie between 0 and 10"),
            ("{ constant = 'a', skew = 1 }", "a constant key has nothing else to say"),
        ] {
            let shown = keys(text).expect_err(text);
            assert!(shown.contains(said), "{text}: {shown}");
        }
    }
}
