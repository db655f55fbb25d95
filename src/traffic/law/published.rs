//! Laws of the services themselves: what a fact says unless the scenario says something else.

use super::{DrawnFor, Law, LawSpec};
use crate::facts::{Between, Fact, Latency};
use crate::site::{At, Site, ToToml};
use crate::traffic::columns::ReadFile;
use crate::units::Duration;

/// A fact that is a law of time.
pub trait Published: Clone + ToToml {
    /// The law, in seconds.
    fn law(&self) -> Law;
}

impl Published for Latency {
    fn law(&self) -> Law {
        let (median, p99) = (self.median.as_secs_f64(), self.p99.as_secs_f64());
        Law::lognormal_by_percentiles(median, p99).expect("a latency has a positive median below its 99th percentile")
    }
}

impl Published for Between {
    fn law(&self) -> Law {
        Law::uniform_between(self.from.as_secs_f64(), self.to.as_secs_f64()).expect("a range begins before it ends")
    }
}

/// As a scenario would write it, so that a resolved one reads back as the same law.
impl ToToml for Latency {
    fn to_toml(&self) -> String {
        format!("{{ lognormal = {{ median = \"{}\", p99 = \"{}\" }} }}", self.median, self.p99)
    }
}

impl ToToml for Between {
    fn to_toml(&self) -> String {
        format!("{{ uniform = {{ min = \"{}\", max = \"{}\" }} }}", self.from, self.to)
    }
}

impl LawSpec<Duration> {
    /// Resolves the written law of something that happens again and again, or else the service's own.
    pub fn or_fact<F: Published>(
        written: Option<At<Self>>,
        key: &str,
        fact: &Fact<F>,
        site: &mut Site<'_>,
        read: &ReadFile<'_>,
    ) -> Option<Law> {
        match written {
            Some(at) => Self::build(at, key, DrawnFor::Event, site, read),
            None => Some(site.or_fact(key, None, fact).law()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{kinesis, mq, sqs};
    use crate::traffic::check::{Desk, files};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct CallSpec {
        latency: Option<At<LawSpec<Duration>>>,
    }

    fn resolve(text: &str, fact: &Fact<impl Published>) -> (Law, String) {
        let mut desk = Desk::new(text);
        let spec = desk.decode::<CallSpec>("").expect("well formed");
        let law = LawSpec::or_fact(spec.latency, "latency", fact, &mut desk.site(""), &files);
        (law.expect("sound"), desk.resolved())
    }

    #[test]
    fn a_law_that_is_not_written_is_the_fact_and_reads_back_as_the_same() {
        for fact in [&sqs::SEND_LATENCY, &kinesis::PUT_RECORD_LATENCY, &mq::NETWORK_LATENCY] {
            let (law, text) = resolve("", fact);
            assert!((law.quantile(0.99) / fact.value.p99.as_secs_f64() - 1.0).abs() < 1e-9);
            assert!(text.contains(&format!("# default, fact {}", fact.name)), "{text}");
            assert_eq!(resolve(&text, fact).0, law, "{text}");
        }
    }

    #[test]
    fn a_written_law_takes_its_place() {
        let (law, _) = resolve("latency = '3ms'", &sqs::SEND_LATENCY);
        assert_eq!(law, Law::Constant(0.003));
    }

    #[test]
    fn a_range_is_a_uniform_law() {
        let range = Between::of_secs(10, 30);
        assert!((range.law().mean() - 20.0).abs() < 1e-12);
        assert_eq!(range.to_toml(), "{ uniform = { min = \"10s\", max = \"30s\" } }");
    }
}
