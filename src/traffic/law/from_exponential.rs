//! The families that are one formula away from an exponential draw: exponential, Weibull and Pareto.

use super::Family;
use crate::engine::random::Draws;
use crate::traffic::sample::unit_exponential;

/// The exponential law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    mean: f64,
}

impl Exponential {
    pub(super) const fn new(mean: f64) -> Self {
        Self { mean }
    }
}

impl Family for Exponential {
    #[inline(always)]
    fn draw(&self, draws: &mut Draws) -> f64 {
        self.mean * unit_exponential(draws)
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn cv(&self) -> f64 {
        1.0
    }

    fn quantile(&self, p: f64) -> f64 {
        self.mean * exponential_quantile(p)
    }
}

/// The Weibull law: an exponential draw to the power 1/shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weibull {
    scale: f64,
    shape: f64,
    inverse_shape: f64,
}

impl Weibull {
    pub(super) fn new(mean: f64, cv: f64) -> Self {
        let shape = weibull_shape(cv);
        let scale = mean / libm::exp(libm::lgamma(1.0 + 1.0 / shape));
        Self { scale, shape, inverse_shape: 1.0 / shape }
    }
}

impl Family for Weibull {
    #[inline]
    fn draw(&self, draws: &mut Draws) -> f64 {
        // exp(log(x) / k) is x^(1/k); `libm::pow` takes three times as long and its last bits do not matter here.
        self.scale * libm::exp(libm::log(unit_exponential(draws)) * self.inverse_shape)
    }

    fn mean(&self) -> f64 {
        self.scale * libm::exp(libm::lgamma(1.0 + self.inverse_shape))
    }

    fn cv(&self) -> f64 {
        weibull_cv(self.shape)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.scale * libm::pow(exponential_quantile(p), self.inverse_shape)
    }
}

/// cv² = Γ(1 + 2/k) / Γ(1 + 1/k)² - 1.
fn weibull_cv(shape: f64) -> f64 {
    libm::expm1(libm::lgamma(1.0 + 2.0 / shape) - 2.0 * libm::lgamma(1.0 + 1.0 / shape)).sqrt()
}

/// The shape with this cv, by halving the interval of its logarithm: cv falls as the shape rises.
fn weibull_shape(cv: f64) -> f64 {
    let (mut low, mut high) = (libm::log(0.01), libm::log(1e5));
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if weibull_cv(libm::exp(middle)) > cv {
            low = middle;
        } else {
            high = middle;
        }
    }
    libm::exp(0.5 * (low + high))
}

/// The Pareto law (type I): the share of draws above `x` is (scale/x)^shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pareto {
    scale: f64,
    shape: f64,
    inverse_shape: f64,
}

impl Pareto {
    pub(super) fn new(mean: f64, cv: f64) -> Self {
        let shape = 1.0 + (1.0 + 1.0 / (cv * cv)).sqrt();
        Self { scale: mean * (shape - 1.0) / shape, shape, inverse_shape: 1.0 / shape }
    }
}

impl Family for Pareto {
    #[inline]
    fn draw(&self, draws: &mut Draws) -> f64 {
        // The logarithm of a Pareto draw over its scale is exponential.
        self.scale * libm::exp(unit_exponential(draws) * self.inverse_shape)
    }

    fn mean(&self) -> f64 {
        self.scale * self.shape / (self.shape - 1.0)
    }

    fn cv(&self) -> f64 {
        (self.shape * (self.shape - 2.0)).sqrt().recip()
    }

    fn quantile(&self, p: f64) -> f64 {
        self.scale * libm::exp(exponential_quantile(p) * self.inverse_shape)
    }
}

/// -ln(1 - p), exact for small `p` as well.
fn exponential_quantile(p: f64) -> f64 {
    -libm::log1p(-p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weibull_with_cv_one_is_the_exponential() {
        let weibull = Weibull::new(20.0, 1.0);
        assert!((weibull.shape - 1.0).abs() < 1e-12);
        assert!((weibull.scale - 20.0).abs() < 1e-10);
    }

    #[test]
    fn quantiles_are_the_closed_forms() {
        // ln 100 = 4.605170185988091: the p99 of an exponential with mean one.
        assert!((Exponential::new(2.0).quantile(0.99) - 9.210_340_371_976_182).abs() < 1e-12);
        // cv = 1/sqrt(3) is shape 3 with scale 2/3 of the mean; above half of all draws lies scale * 2^(1/3).
        let pareto = Pareto::new(3.0, 3.0_f64.sqrt().recip());
        assert!((pareto.quantile(0.5) - 2.0 * libm::cbrt(2.0)).abs() < 1e-12);
    }
}
