//! The shapes that a fact's value can have beside plain units: a latency, a price, a range, a limit that may be absent.

use std::fmt;

use crate::units::{Bytes, Duration, Rate, Share};

use super::FactValue;

/// Bytes in a "GB" on a price list: the services bill by 2^30.
pub const BYTES_PER_BILLED_GB: u64 = 1 << 30;

/// How long one request takes: a lognormal law given by two of its percentiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Half of the requests are faster.
    pub median: Duration,
    /// One request in a hundred is slower.
    pub p99: Duration,
}

/// What something costs in US dollars, in the Region us-east-1 unless its fact says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Dollars for `per` pieces.
    pub usd: f64,
    /// How many pieces these dollars buy; never zero.
    pub per: u64,
    /// What is counted, in the singular: `request`, `shard-hour`, `GB`.
    pub unit: &'static str,
}

/// So many bytes in each second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throughput {
    /// Bytes in one second.
    pub per_second: Bytes,
}

/// A time that is only known to lie between two bounds; drawn uniformly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// The shortest.
    pub from: Duration,
    /// The longest.
    pub to: Duration,
}

/// A limit that a service may not have at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// No limit.
    Unlimited,
    /// At most so many.
    Of(u32),
}

impl Latency {
    /// A latency by its median and 99th percentile in milliseconds.
    pub const fn of_millis(median: u64, p99: u64) -> Self {
        Self { median: Duration::from_millis(median), p99: Duration::from_millis(p99) }
    }

    /// A latency by its median and 99th percentile in microseconds.
    pub const fn of_micros(median: u64, p99: u64) -> Self {
        Self { median: Duration::from_micros(median), p99: Duration::from_micros(p99) }
    }
}

impl Price {
    /// `usd` dollars for one `unit`.
    pub const fn each_one(usd: f64, unit: &'static str) -> Self {
        Self { usd, per: 1, unit }
    }

    /// `usd` dollars for a million of `unit`.
    pub const fn per_million(usd: f64, unit: &'static str) -> Self {
        Self { usd, per: 1_000_000, unit }
    }

    /// Dollars for a single piece.
    #[allow(clippy::cast_precision_loss, reason = "price lists count in round numbers far below 2^53")]
    pub const fn each(self) -> f64 {
        self.usd / self.per as f64
    }
}

impl Throughput {
    /// `mib` times 2^20 bytes a second.
    pub const fn mib(mib: u64) -> Self {
        Self { per_second: Bytes::mib(mib) }
    }
}

impl Between {
    /// From `from` to `to` seconds.
    pub const fn of_secs(from: u64, to: u64) -> Self {
        Self { from: Duration::from_secs(from), to: Duration::from_secs(to) }
    }

    /// From `from` to `to` milliseconds.
    pub const fn of_millis(from: u64, to: u64) -> Self {
        Self { from: Duration::from_millis(from), to: Duration::from_millis(to) }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "median {}, p99 {}", self.median, self.p99)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two decimals as on a price tag, more only where the price has more.
        let tag = format!("{:.2}", self.usd);
        let cents = if tag.parse() == Ok(self.usd) { tag } else { self.usd.to_string() };
        let units = match self.unit.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{}s", self.unit),
        };
        match self.per {
            1 => write!(f, "${cents} per {}", self.unit),
            1_000_000 => write!(f, "${cents} per million {units}"),
            per => write!(f, "${cents} per {per} {units}"),
        }
    }
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.per_second)
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::Of(most) => write!(f, "{most}"),
        }
    }
}

impl FactValue for Latency {
    const KIND: &'static str = "latency";
}

impl FactValue for Price {
    const KIND: &'static str = "price";
}

impl FactValue for Throughput {
    const KIND: &'static str = "throughput";
}

impl FactValue for Between {
    const KIND: &'static str = "range";
}

impl FactValue for Limit {
    const KIND: &'static str = "limit";
}

impl FactValue for Duration {
    const KIND: &'static str = "duration";
}

impl FactValue for Bytes {
    const KIND: &'static str = "bytes";
}

impl FactValue for Rate {
    const KIND: &'static str = "rate";
}

impl FactValue for Share {
    const KIND: &'static str = "share";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_reads_like_a_price_list() {
        assert_eq!(Price::per_million(0.4, "request").to_string(), "$0.40 per million requests");
        assert_eq!(Price::each_one(0.015, "shard-hour").to_string(), "$0.015 per shard-hour");
        assert_eq!(Price { usd: 2.0, per: 1000, unit: "delivery" }.to_string(), "$2.00 per 1000 deliveries");
    }

    #[test]
    fn a_million_single_prices_are_the_price_of_a_million() {
        assert!((Price::per_million(0.4, "request").each() * 1e6 - 0.4).abs() < 1e-12);
    }

    #[test]
    fn a_limit_that_is_absent_says_so() {
        assert_eq!(Limit::Unlimited.to_string(), "unlimited");
        assert_eq!(Limit::Of(2000).to_string(), "2000");
    }
}
