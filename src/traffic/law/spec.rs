//! Laws as they are written: `"20s"`, or `{ lognormal = { mean = "20s", cv = 0.5 } }`.

use super::{Law, Order, Unfit};
use crate::diagnostic::Span;
use crate::site::{At, Site, ToToml};
use crate::traffic::columns::{CsvFile, ReadFile};
use crate::units::{Bytes, Duration};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a law can be about: a unit with a number behind it.
pub trait Measure: Copy + ToToml + DeserializeOwned {
    /// One of the base unit, which a plain number in a file counts.
    const ONE: Self;
    /// In seconds or bytes.
    fn base(self) -> f64;
}

impl Measure for Duration {
    const ONE: Self = Self::from_secs(1);

    fn base(self) -> f64 {
        self.as_secs_f64()
    }
}

impl Measure for Bytes {
    const ONE: Self = Self::new(1);

    #[allow(clippy::cast_precision_loss, reason = "beyond 2^53 bytes no law is exact to the byte")]
    fn base(self) -> f64 {
        self.get() as f64
    }
}

/// A law as written.
#[derive(Debug, Clone, PartialEq)]
pub enum LawSpec<Q> {
    /// `"20s"`
    Constant(Q),
    /// `{ exponential = "20s" }` or `{ exponential = { mean = "20s" } }`
    Exponential(At<MeanSpec<Q>>),
    /// `{ lognormal = { mean = "20s", cv = 0.5 } }` or by `median` and `p99`
    Lognormal(At<LognormalSpec<Q>>),
    /// `{ gamma = { mean = "20s", cv = 0.5 } }`
    Gamma(At<ShapeSpec<Q>>),
    /// `{ weibull = { mean = "20s", cv = 0.5 } }`
    Weibull(At<ShapeSpec<Q>>),
    /// `{ pareto = { mean = "20s", cv = 2.0 } }`
    Pareto(At<ShapeSpec<Q>>),
    /// `{ uniform = { min = "10s", max = "30s" } }` or by `mean` and `cv`
    Uniform(At<UniformSpec<Q>>),
    /// `{ empirical = { file = "data/x.csv", column = "service_s" } }`
    Empirical(At<EmpiricalSpec<Q>>),
}

/// The mean of an exponential law, alone or as a table.
#[derive(Debug, Clone, PartialEq)]
pub enum MeanSpec<Q> {
    /// `"20s"`
    Alone(Q),
    /// `{ mean = "20s" }`
    Table(MeanTableSpec<Q>),
}

/// `{ mean = "20s" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MeanTableSpec<Q> {
    /// The expected value.
    pub mean: Option<At<Q>>,
}

/// Mean and coefficient of variation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ShapeSpec<Q> {
    /// The expected value.
    pub mean: Option<At<Q>>,
    /// Standard deviation over mean: 0 never varies, 1 is as variable as the exponential.
    pub cv: Option<At<f64>>,
}

/// Mean and cv, or median and 99th percentile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LognormalSpec<Q> {
    /// The expected value.
    pub mean: Option<At<Q>>,
    /// Standard deviation over mean.
    pub cv: Option<At<f64>>,
    /// Half of all values are smaller.
    pub median: Option<At<Q>>,
    /// One value in a hundred is larger.
    pub p99: Option<At<Q>>,
}

/// Two bounds, or mean and cv.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UniformSpec<Q> {
    /// The smallest value.
    pub min: Option<At<Q>>,
    /// The largest value.
    pub max: Option<At<Q>>,
    /// The expected value.
    pub mean: Option<At<Q>>,
    /// Standard deviation over mean, at most 0.577.
    pub cv: Option<At<f64>>,
}

/// A column of measured values.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EmpiricalSpec<Q> {
    /// A CSV file beside the scenario, whose first line names its columns.
    pub file: Option<At<String>>,
    /// The name of the column.
    pub column: Option<At<String>>,
    /// `random` draws any row for a job, `job` gives the first row to the first job and so on.
    pub order: Option<At<OrderSpec>>,
    /// What a 1 in the column means; one second or one byte unless said otherwise.
    pub unit: Option<At<Q>>,
}

/// In which order measured values are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderSpec {
    /// Any row, for each job anew.
    Random,
    /// The first row for the first job, and again from the top after the last row.
    Job,
}

impl ToToml for OrderSpec {
    fn to_toml(&self) -> String {
        let word = match self {
            Self::Random => "random",
            Self::Job => "job",
        };
        word.to_toml()
    }
}

/// What a law is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawnFor {
    /// A job of the traffic: values can go by the job's place in its source.
    Job,
    /// Anything else, such as the latency of one call: there is no such place.
    Event,
}

impl<Q: Measure> LawSpec<Q> {
    /// Resolves the law that is written under `key` of this part; what is wrong with it is reported there.
    pub fn build(
        at: At<Self>,
        key: &str,
        drawn_for: DrawnFor,
        site: &mut Site<'_>,
        read: &ReadFile<'_>,
    ) -> Option<Law> {
        let whole = at.span;
        let mut law = site.part(key, whole);
        match at.value {
            Self::Constant(value) => {
                let value = site.written(key, At::new(value, whole));
                Law::constant(value.base()).map_err(|unfit| report(site, whole, &unfit)).ok()
            }
            Self::Exponential(at) => at.value.build(&mut law, at.span),
            Self::Lognormal(at) => at.value.build(&mut law.part("lognormal", at.span)),
            Self::Gamma(at) => at.value.build(&mut law.part("gamma", at.span), Law::gamma),
            Self::Weibull(at) => at.value.build(&mut law.part("weibull", at.span), Law::weibull),
            Self::Pareto(at) => at.value.build(&mut law.part("pareto", at.span), Law::pareto),
            Self::Uniform(at) => at.value.build(&mut law.part("uniform", at.span)),
            Self::Empirical(at) => at.value.build(&mut law.part("empirical", at.span), drawn_for, read),
        }
    }
}

/// Reports why numbers make no law, at the number that is to blame.
fn report(site: &mut Site<'_>, span: Span, unfit: &Unfit) {
    site.error(span, "S031", unfit.problem.clone()).hint(unfit.advice);
}

/// The value of a required key in base units, and where it is written.
fn base<Q: Measure>(site: &mut Site<'_>, key: &str, written: Option<At<Q>>) -> Option<At<f64>> {
    let span = written.map_or_else(|| site.span(), |at| at.span);
    site.required(key, written).map(|value| At::new(value.base(), span))
}

/// Resolves a law of two numbers, both of which are wanted before either is judged.
fn pair<A: Measure>(
    site: &mut Site<'_>,
    (first_key, first): (&str, Option<At<A>>),
    second: Option<At<f64>>,
    make: impl FnOnce(f64, f64) -> Result<Law, Unfit>,
) -> Option<Law> {
    let first = base(site, first_key, first);
    let (first, second) = (first?, second?);
    let blame = |unfit: &Unfit| if unfit.parameter == first_key { first.span } else { second.span };
    make(first.value, second.value).map_err(|unfit| report(site, blame(&unfit), &unfit)).ok()
}

/// The cv of a law, which has to be written.
fn cv(site: &mut Site<'_>, written: Option<At<f64>>) -> Option<At<f64>> {
    let span = written.map_or_else(|| site.span(), |at| at.span);
    site.required("cv", written).map(|value| At::new(value, span))
}

/// Reports the keys of a second way to say the same.
fn either(site: &mut Site<'_>, spans: [Option<Span>; 2], message: &str, hint: &str) -> Option<()> {
    let Some(span) = spans.into_iter().flatten().next() else { return Some(()) };
    site.error(span, "S032", message).hint(hint);
    None
}

impl<Q: Measure> MeanSpec<Q> {
    fn build(self, law: &mut Site<'_>, span: Span) -> Option<Law> {
        let mean = match self {
            Self::Alone(mean) => At::new(law.written("exponential", At::new(mean, span)).base(), span),
            Self::Table(table) => base(&mut law.part("exponential", span), "mean", table.mean)?,
        };
        Law::exponential(mean.value).map_err(|unfit| report(law, mean.span, &unfit)).ok()
    }
}

impl<Q: Measure> ShapeSpec<Q> {
    fn build(self, site: &mut Site<'_>, make: fn(f64, f64) -> Result<Law, Unfit>) -> Option<Law> {
        let cv = cv(site, self.cv);
        pair(site, ("mean", self.mean), cv, make)
    }
}

impl<Q: Measure> LognormalSpec<Q> {
    fn build(self, site: &mut Site<'_>) -> Option<Law> {
        if self.median.is_none() && self.p99.is_none() {
            return ShapeSpec { mean: self.mean, cv: self.cv }.build(site, Law::lognormal);
        }
        let message = "a lognormal law is given twice";
        let hint = "keep `mean` and `cv`, or `median` and `p99`";
        either(site, [self.mean.map(|at| at.span), self.cv.map(|at| at.span)], message, hint)?;
        let p99 = base(site, "p99", self.p99);
        pair(site, ("median", self.median), p99, Law::lognormal_by_percentiles)
    }
}

impl<Q: Measure> UniformSpec<Q> {
    fn build(self, site: &mut Site<'_>) -> Option<Law> {
        if self.mean.is_none() && self.cv.is_none() {
            let max = base(site, "max", self.max);
            return pair(site, ("min", self.min), max, Law::uniform_between);
        }
        let message = "a uniform law is given twice";
        let hint = "keep `min` and `max`, or `mean` and `cv`";
        either(site, [self.min.map(|at| at.span), self.max.map(|at| at.span)], message, hint)?;
        ShapeSpec { mean: self.mean, cv: self.cv }.build(site, Law::uniform)
    }
}

impl<Q: Measure> EmpiricalSpec<Q> {
    fn build(self, site: &mut Site<'_>, drawn_for: DrawnFor, read: &ReadFile<'_>) -> Option<Law> {
        let by_job = self.order.filter(|at| at.value == OrderSpec::Job && drawn_for == DrawnFor::Event);
        let order = site.or_default("order", self.order, OrderSpec::Random, "rows are draws from what was measured");
        let unit = site.or_default("unit", self.unit, Q::ONE, "a plain number counts base units");
        if let Some(at) = by_job {
            let message = "`order = \"job\"` needs jobs to go by, and here there are none";
            site.error(at.span, "S032", message).hint("write `order = \"random\"`");
            return None;
        }
        let file = CsvFile::open(site, self.file, read);
        let values = file?.column(site, "column", self.column)?;
        let values = values.into_iter().map(|cell| cell.value * unit.base()).collect();
        let order = if order == OrderSpec::Job { Order::Job } else { Order::Random };
        let span = site.span();
        Law::empirical(values, order).map_err(|unfit| report(site, span, &unfit)).ok()
    }
}
