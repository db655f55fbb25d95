//! What the tests of this layer share: samples and the statistics that judge them.

use crate::diagnostic::{Diagnostics, Look, SourceMap, Span, render};
use crate::engine::random::{Draws, StreamKey};
use crate::site::{Resolution, Site, decode, parse};
use crate::traffic::{Flow, TrafficSpec};
use serde::de::DeserializeOwned;

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

/// A scenario's text on the table, while parts of it are resolved.
pub(crate) struct Desk {
    text: String,
    sources: SourceMap,
    found: Diagnostics,
    resolution: Resolution,
}

impl Desk {
    pub(crate) fn new(text: &str) -> Self {
        let mut sources = SourceMap::new();
        sources.add("a.toml", text);
        Self { text: text.to_owned(), sources, found: Diagnostics::new(), resolution: Resolution::new() }
    }

    /// The text as a spec, as far as it is one.
    pub(crate) fn decode<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let table = parse(&self.text, 0, &mut self.found);
        decode(&table, path, &mut self.found)
    }

    /// What came out of the text, or what was found in it.
    pub(crate) fn judge<T>(self, result: Option<T>) -> Result<T, String> {
        let shown = self.shown();
        assert!(result.is_some() || self.found.has_errors(), "nothing came out and nobody said why");
        if self.found.has_errors() { Err(shown) } else { result.ok_or(shown) }
    }

    /// The part at `path`, whose header is the first character.
    pub(crate) fn site(&mut self, path: &str) -> Site<'_> {
        Site::new(path, Span::new(0, 1), &self.sources, &mut self.found, &mut self.resolution)
    }

    /// What was found, as a person sees it.
    pub(crate) fn shown(&self) -> String {
        render(&self.found, &self.sources, Look::Plain)
    }

    /// The resolved text.
    pub(crate) fn resolved(&self) -> String {
        self.resolution.to_toml(&self.sources)
    }
}

#[allow(clippy::cast_precision_loss, reason = "samples are far smaller than 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}

/// The flow `traffic.uploads` with these lines, or what was found. `data/x.csv` holds times, counts and sizes.
pub(crate) fn flow(text: &str) -> Result<Flow, String> {
    let mut desk = Desk::new(text);
    let spec = desk.decode::<TrafficSpec>("traffic.uploads");
    let flow = spec.and_then(|spec| spec.build(&mut desk.site("traffic.uploads"), &files));
    desk.judge(flow)
}

/// The files that the tests know.
pub(crate) fn files(name: &str) -> Result<String, String> {
    match name {
        "data/x.csv" => Ok("t_s,count,bytes,half\n0,94,100,1\n1.5,0,200,2.5\n1.5,187,300,1\n9,3,400,1\n".to_owned()),
        "data/unsorted.csv" => Ok("t_s\n3.5\n3.2\n".to_owned()),
        _ => Err("there is no such file".to_owned()),
    }
}
