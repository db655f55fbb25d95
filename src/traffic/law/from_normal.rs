//! The families that are made from a normal draw: lognormal and gamma.

use super::Family;
use crate::engine::random::Draws;
use crate::traffic::sample::{unit_exponential, unit_normal};
use statrs::distribution::{ContinuousCDF, Normal};

/// The 99th percentile of the unit normal.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// The lognormal law: exp(mu + sigma × normal).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lognormal {
    mu: f64,
    sigma: f64,
}

impl Lognormal {
    pub(super) fn new(mean: f64, cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        Self { mu: libm::log(mean) - 0.5 * variance, sigma: variance.sqrt() }
    }

    pub(super) fn by_percentiles(median: f64, p99: f64) -> Self {
        Self { mu: libm::log(median), sigma: libm::log(p99 / median) / NORMAL_P99 }
    }
}

impl Family for Lognormal {
    #[inline]
    fn draw(&self, draws: &mut Draws) -> f64 {
        libm::exp(self.mu + self.sigma * unit_normal(draws))
    }

    fn mean(&self) -> f64 {
        libm::exp(self.mu + 0.5 * self.sigma * self.sigma)
    }

    fn cv(&self) -> f64 {
        libm::expm1(self.sigma * self.sigma).sqrt()
    }

    fn quantile(&self, p: f64) -> f64 {
        libm::exp(self.mu + self.sigma * Normal::standard().inverse_cdf(p))
    }
}

/// The gamma law, drawn by the method of Marsaglia and Tsang (*A simple method for generating gamma variables*,
/// ACM Transactions on Mathematical Software 26, 2000).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
    /// A third less than the shape that is drawn: d of the paper.
    level: f64,
    /// 1 / sqrt(9 d): c of the paper.
    slope: f64,
}

impl Gamma {
    pub(super) fn new(mean: f64, cv: f64) -> Self {
        let shape = 1.0 / (cv * cv);
        // Below one, the paper draws with shape + 1 and takes a power of a uniform number off.
        let drawn = if shape < 1.0 { shape + 1.0 } else { shape };
        let level = drawn - 1.0 / 3.0;
        Self { shape, scale: mean / shape, level, slope: (9.0 * level).sqrt().recip() }
    }

    /// A draw with scale one and a shape of at least one, over `level`.
    fn cube(&self, draws: &mut Draws) -> f64 {
        loop {
            let normal = unit_normal(draws);
            let root = 1.0 + self.slope * normal;
            if root <= 0.0 {
                continue;
            }
            let cube = root * root * root;
            let uniform = 1.0 - draws.uniform();
            let square = normal * normal;
            // The first test is the paper's squeeze: it spares most of the logarithms.
            if uniform < 1.0 - 0.0331 * square * square
                || libm::log(uniform) < 0.5 * square + self.level * (1.0 - cube + libm::log(cube))
            {
                return cube;
            }
        }
    }
}

impl Family for Gamma {
    fn draw(&self, draws: &mut Draws) -> f64 {
        let value = self.scale * self.level * self.cube(draws);
        // The power 1/shape of a uniform number is exp(-exponential / shape).
        if self.shape < 1.0 { value * libm::exp(-unit_exponential(draws) / self.shape) } else { value }
    }

    fn mean(&self) -> f64 {
        self.shape * self.scale
    }

    fn cv(&self) -> f64 {
        self.shape.sqrt().recip()
    }

    fn quantile(&self, p: f64) -> f64 {
        let unit = statrs::distribution::Gamma::new(self.shape, 1.0).expect("the shape was checked to be positive");
        self.scale * unit.inverse_cdf(p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lognormal_by_percentiles_has_these_percentiles() {
        let law = Lognormal::by_percentiles(0.004, 0.050);
        assert!((law.quantile(0.5) - 0.004).abs() < 1e-12);
        assert!((law.quantile(0.99) - 0.050).abs() < 1e-9);
    }

    #[test]
    fn gamma_with_cv_one_half_has_the_quantiles_of_four_exponential_stages() {
        // Erlang with four stages of mean 5: the median and the p99 of chi-square(8)/2 × 5, from tables.
        let law = Gamma::new(20.0, 0.5);
        assert!((law.quantile(0.5) - 7.344_121_497_3 / 2.0 * 5.0).abs() < 1e-6);
        assert!((law.quantile(0.99) - 20.090_235_029_7 / 2.0 * 5.0).abs() < 1e-6);
    }
}
