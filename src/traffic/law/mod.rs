//! Laws: how long a piece of work takes and how large a message is.
//!
//! A law is a distribution of a positive quantity (seconds or bytes), given by its mean and its coefficient of
//! variation (cv: standard deviation over mean; 0 = always the same, 1 = as variable as the exponential). Drawing is
//! hot: it is one `match` over the families. Everything else is asked for once per run.
//!
//! A new family is its struct with [`Family`] in the file of its group, and its lines in [`Law`].

mod flat;
mod from_exponential;
mod from_normal;
mod published;
mod spec;
mod written;

pub use flat::{Empirical, Order, Uniform};
pub use from_exponential::{Exponential, Pareto, Weibull};
pub use from_normal::{Gamma, Lognormal};
pub use published::Published;
pub use spec::{
    DrawnFor, EmpiricalSpec, LawSpec, LognormalSpec, MeanSpec, MeanTableSpec, Measure, OrderSpec, ShapeSpec,
    UniformSpec,
};

use super::arrivals::Arrival;
use crate::engine::random::{Draws, StreamKey};
use std::sync::Arc;

/// What every family can say about itself; quantities are seconds or bytes.
pub trait Family {
    /// One value.
    fn draw(&self, draws: &mut Draws) -> f64;
    /// The expected value.
    fn mean(&self) -> f64;
    /// Standard deviation over mean.
    fn cv(&self) -> f64;
    /// The value that a share `p` (in `[0, 1)`) of all draws do not exceed.
    fn quantile(&self, p: f64) -> f64;
}

/// A distribution of a positive quantity with all parameters resolved; seconds or bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// Always the same value.
    Constant(f64),
    /// No memory: the rest of a long job is as long as a new one.
    Exponential(Exponential),
    /// Many small factors multiplied: the usual shape of service times.
    Lognormal(Lognormal),
    /// A sum of exponential stages when its cv is below one.
    Gamma(Gamma),
    /// A hazard that rises or falls with age.
    Weibull(Weibull),
    /// A few giants hold much of the whole.
    Pareto(Pareto),
    /// Every value between two bounds is as likely as any other.
    Uniform(Uniform),
    /// Values that were measured.
    Empirical(Arc<Empirical>),
}

/// Why numbers do not make a law: which parameter, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The parameter as the scenario spells it, such as `cv`.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// Outside this range a cv is a slip of the pen: below, nothing varies; above, single draws outweigh whole runs.
const CV: std::ops::RangeInclusive<f64> = 0.001..=100.0;

impl Law {
    /// One value for no job in particular.
    ///
    /// A law read in the order of jobs has no such value and gives its values at random; whoever resolves a scenario
    /// refuses that order where there is no job.
    #[inline]
    pub fn draw(&self, draws: &mut Draws) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential(family) => family.draw(draws),
            Self::Lognormal(family) => family.draw(draws),
            Self::Gamma(family) => family.draw(draws),
            Self::Weibull(family) => family.draw(draws),
            Self::Pareto(family) => family.draw(draws),
            Self::Uniform(family) => family.draw(draws),
            Self::Empirical(family) => family.draw(draws),
        }
    }

    /// The value that belongs to the job with this draw number; `key` is that of one purpose in one replication.
    ///
    /// A pure function of both: the job has it in every pipeline, whatever came before.
    #[inline]
    pub fn of_job(&self, key: StreamKey, number: u64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Empirical(family) if family.order() == Order::Job => family.of_index(super::index_of(number)),
            _ => self.draw(&mut key.stream(number)),
        }
    }

    /// Gives each of the arriving `jobs` the value that belongs to it: what [`of_job`](Self::of_job) does, with the
    /// family found out once.
    pub(super) fn of_jobs(&self, key: StreamKey, jobs: &mut [Arrival], put: impl Fn(&mut Arrival, f64)) {
        match self {
            Self::Constant(value) => jobs.iter_mut().for_each(|job| put(job, *value)),
            Self::Exponential(family) => draw_each(family, key, jobs, put),
            Self::Lognormal(family) => draw_each(family, key, jobs, put),
            Self::Gamma(family) => draw_each(family, key, jobs, put),
            Self::Weibull(_) | Self::Pareto(_) | Self::Uniform(_) | Self::Empirical(_) => {
                for job in jobs {
                    put(job, self.of_job(key, job.number));
                }
            }
        }
    }

    /// The expected value.
    pub fn mean(&self) -> f64 {
        self.family().map_or_else(|value| value, Family::mean)
    }

    /// Standard deviation over mean; 0 for a constant.
    pub fn cv(&self) -> f64 {
        self.family().map_or(0.0, Family::cv)
    }

    /// The value that a share `p` of all draws do not exceed; `p` is held within `[0, 1)`.
    pub fn quantile(&self, p: f64) -> f64 {
        let p = p.clamp(0.0, 1.0 - f64::EPSILON);
        self.family().map_or_else(|value| value, |family| family.quantile(p))
    }

    fn family(&self) -> Result<&dyn Family, f64> {
        match self {
            Self::Constant(value) => Err(*value),
            Self::Exponential(family) => Ok(family),
            Self::Lognormal(family) => Ok(family),
            Self::Gamma(family) => Ok(family),
            Self::Weibull(family) => Ok(family),
            Self::Pareto(family) => Ok(family),
            Self::Uniform(family) => Ok(family),
            Self::Empirical(family) => Ok(family.as_ref()),
        }
    }
}

#[inline]
fn draw_each(family: &impl Family, key: StreamKey, jobs: &mut [Arrival], put: impl Fn(&mut Arrival, f64)) {
    for job in jobs {
        put(job, family.draw(&mut key.stream(job.number)));
    }
}

/// Constructors from mean and cv; a cv of zero gives [`Law::Constant`] in every family.
impl Law {
    /// Always `value`.
    ///
    /// # Errors
    /// When `value` is negative or not finite. Zero is a law: work that takes no time.
    pub fn constant(value: f64) -> Result<Self, Unfit> {
        if value.is_finite() && value >= 0.0 {
            return Ok(Self::Constant(value));
        }
        Err(Unfit {
            parameter: "mean",
            problem: format!("`{value}` is not a quantity"),
            advice: "give a number of at least zero",
        })
    }

    /// Exponential: its cv is one.
    ///
    /// # Errors
    /// When `mean` is not positive.
    pub fn exponential(mean: f64) -> Result<Self, Unfit> {
        Ok(Self::Exponential(Exponential::new(positive("mean", mean)?)))
    }

    /// Lognormal by mean and cv.
    ///
    /// # Errors
    /// When `mean` is not positive or `cv` is out of range.
    pub fn lognormal(mean: f64, cv: f64) -> Result<Self, Unfit> {
        varied(mean, cv, |mean, cv| Self::Lognormal(Lognormal::new(mean, cv)))
    }

    /// Lognormal by the two figures that services publish: the median and the 99th percentile.
    ///
    /// # Errors
    /// When the median is not positive or the 99th percentile is below it.
    pub fn lognormal_by_percentiles(median: f64, p99: f64) -> Result<Self, Unfit> {
        positive("median", median)?;
        if p99.to_bits() == median.to_bits() {
            return Ok(Self::Constant(median));
        }
        if p99.is_finite() && p99 > median {
            return Ok(Self::Lognormal(Lognormal::by_percentiles(median, p99)));
        }
        Err(Unfit {
            parameter: "p99",
            problem: "the 99th percentile is below the median".to_owned(),
            advice: "one job in a hundred takes longer than `p99`, one in two longer than `median`: exchange the two",
        })
    }

    /// Gamma by mean and cv.
    ///
    /// # Errors
    /// When `mean` is not positive or `cv` is out of range.
    pub fn gamma(mean: f64, cv: f64) -> Result<Self, Unfit> {
        varied(mean, cv, |mean, cv| Self::Gamma(Gamma::new(mean, cv)))
    }

    /// Weibull by mean and cv.
    ///
    /// # Errors
    /// When `mean` is not positive or `cv` is out of range.
    pub fn weibull(mean: f64, cv: f64) -> Result<Self, Unfit> {
        varied(mean, cv, |mean, cv| Self::Weibull(Weibull::new(mean, cv)))
    }

    /// Pareto by mean and cv; its shape is 1 + sqrt(1 + 1/cv²), so above two.
    ///
    /// # Errors
    /// When `mean` is not positive or `cv` is out of range.
    pub fn pareto(mean: f64, cv: f64) -> Result<Self, Unfit> {
        varied(mean, cv, |mean, cv| Self::Pareto(Pareto::new(mean, cv)))
    }

    /// Uniform by mean and cv.
    ///
    /// # Errors
    /// When `mean` is not positive, or `cv` is above 1/sqrt(3): then the lower bound would be negative.
    pub fn uniform(mean: f64, cv: f64) -> Result<Self, Unfit> {
        if cv > 3.0_f64.sqrt().recip() {
            return Err(Unfit {
                parameter: "cv",
                problem: format!("a uniform law of positive values cannot vary as much as cv = {cv}"),
                advice: "use at most 0.577 (that is `min` at zero), or another family, such as gamma",
            });
        }
        varied(mean, cv, |mean, cv| Self::Uniform(Uniform::new(mean, cv)))
    }

    /// Uniform between two bounds.
    ///
    /// # Errors
    /// When `min` is negative or above `max`.
    pub fn uniform_between(min: f64, max: f64) -> Result<Self, Unfit> {
        Self::constant(min).map_err(|unfit| Unfit { parameter: "min", ..unfit })?;
        if !max.is_finite() || max < min {
            let problem = "the largest value is below the smallest".to_owned();
            return Err(Unfit { parameter: "max", problem, advice: "exchange `min` and `max`" });
        }
        Ok(if max > min { Self::Uniform(Uniform::between(min, max)) } else { Self::Constant(min) })
    }

    /// The measured `values`, in that order or at random.
    ///
    /// # Errors
    /// When there is none, or one of them is negative or not finite.
    pub fn empirical(values: Vec<f64>, order: Order) -> Result<Self, Unfit> {
        let advice = "give a column of numbers of at least zero";
        if values.is_empty() {
            return Err(Unfit { parameter: "column", problem: "there is no value in it".to_owned(), advice });
        }
        if let Some(row) = values.iter().position(|value| !value.is_finite() || *value < 0.0) {
            let problem = format!("value {} of it, `{}`, is not a quantity", row + 1, values[row]);
            return Err(Unfit { parameter: "column", problem, advice });
        }
        Ok(Self::Empirical(Arc::new(Empirical::new(values, order))))
    }
}

fn positive(parameter: &'static str, value: f64) -> Result<f64, Unfit> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(Unfit {
        parameter,
        problem: format!("the {parameter} must be more than zero"),
        advice: "give a positive quantity",
    })
}

fn varied(mean: f64, cv: f64, law: impl FnOnce(f64, f64) -> Law) -> Result<Law, Unfit> {
    positive("mean", mean)?;
    if cv == 0.0 {
        return Ok(Law::Constant(mean));
    }
    if CV.contains(&cv) {
        return Ok(law(mean, cv));
    }
    Err(Unfit {
        parameter: "cv",
        problem: format!("cv = {cv} is not between {} and {}", CV.start(), CV.end()),
        advice: "cv is the standard deviation over the mean: 0 never varies, 0.5 is mild, 1 is exponential, 3 is wild",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::check::{assert_mean, draw_many, ks_distance, ks_limit};

    fn families(mean: f64, cv: f64) -> Vec<Law> {
        let make = [Law::lognormal, Law::gamma, Law::weibull, Law::pareto];
        make.iter().map(|make| make(mean, cv).expect("a sound mean and cv")).collect()
    }

    #[test]
    fn mean_and_cv_come_back_as_they_were_given() {
        for cv in [0.001, 0.05, 0.5, 1.0, 2.0, 30.0, 100.0] {
            for law in families(20.0, cv) {
                assert!((law.mean() / 20.0 - 1.0).abs() < 1e-9, "{law:?}: {}", law.mean());
                assert!((law.cv() / cv - 1.0).abs() < 1e-6, "{law:?}: {}", law.cv());
            }
        }
        let uniform = Law::uniform(20.0, 0.4).expect("sound");
        assert!((uniform.mean() - 20.0).abs() < 1e-12 && (uniform.cv() - 0.4).abs() < 1e-12);
        assert!((Law::exponential(3.0).expect("sound").cv() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_that_are_claimed() {
        let mut laws = families(20.0, 0.5);
        laws.extend(families(20.0, 1.3).drain(..3));
        laws.push(Law::uniform_between(2.0, 10.0).expect("sound"));
        laws.push(Law::exponential(20.0).expect("sound"));
        for law in laws {
            let sample = draw_many(200_000, "draws", |draws| law.draw(draws));
            assert_mean(&sample, law.mean());
            if matches!(law, Law::Pareto(_)) {
                continue; // Its fourth moment is infinite, so its sample variance has no standard error.
            }
            let squares: Vec<f64> = sample.iter().map(|x| (x - law.mean()) * (x - law.mean())).collect();
            let variance = law.cv() * law.mean() * law.cv() * law.mean();
            assert_mean(&squares, variance);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_draws() {
        let mut laws = families(20.0, 0.5);
        laws.extend(families(0.004, 2.0));
        laws.push(Law::uniform_between(2.0, 10.0).expect("sound"));
        laws.push(Law::exponential(20.0).expect("sound"));
        for law in laws {
            let sample = draw_many(50_000, "quantiles", |draws| law.draw(draws));
            // The distance between the sample and the law, with the law's function found from its quantiles.
            let cdf = |x: f64| {
                let (mut low, mut high) = (0.0, 1.0);
                for _ in 0..45 {
                    let middle = 0.5 * (low + high);
                    if law.quantile(middle) < x { low = middle } else { high = middle }
                }
                low
            };
            let thinned: Vec<f64> = sample.iter().copied().step_by(10).collect();
            assert!(ks_distance(&thinned, cdf) < ks_limit(5_000), "{law:?}");
        }
    }

    #[test]
    fn a_job_has_its_value_whatever_was_drawn_before() {
        let law = Law::lognormal(20.0, 0.5).expect("sound");
        let key = StreamKey::new(1, 0).child("work.encode");
        let value = law.of_job(key, 731);
        let _ = law.of_job(key, 730);
        assert_eq!(law.of_job(key, 731).to_bits(), value.to_bits());
        assert_ne!(law.of_job(key, 732).to_bits(), value.to_bits());
    }

    #[test]
    fn parameters_that_make_no_law_are_refused_by_name() {
        let refused = |law: Result<Law, Unfit>| law.expect_err("must be refused").parameter;
        assert_eq!(refused(Law::exponential(0.0)), "mean");
        assert_eq!(refused(Law::gamma(f64::NAN, 1.0)), "mean");
        assert_eq!(refused(Law::weibull(1.0, -0.1)), "cv");
        assert_eq!(refused(Law::pareto(1.0, 1e6)), "cv");
        assert_eq!(refused(Law::uniform(1.0, 0.6)), "cv");
        assert_eq!(refused(Law::uniform_between(2.0, 1.0)), "max");
        assert_eq!(refused(Law::lognormal_by_percentiles(2.0, 1.0)), "p99");
        assert_eq!(refused(Law::empirical(vec![], Order::Random)), "column");
        assert_eq!(refused(Law::empirical(vec![1.0, -1.0], Order::Job)), "column");
    }
}
