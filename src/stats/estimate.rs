//! A mean that never travels without its interval.

use super::{Interval, interval::half_width, mean};

/// The mean of one figure over independent replications, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean over the replications in which the figure could be measured.
    pub mean: f64,
    /// Half the width of the 95 % interval (Student t, n - 1 degrees of freedom); `None` for a single replication,
    /// from which no interval follows.
    pub half_width: Option<f64>,
    /// How many replications measured it.
    pub replications: u32,
}

impl Estimate {
    /// The confidence level of every interval in a report.
    pub const LEVEL: f64 = 0.95;

    /// The estimate from one value per replication, `None` where the figure could not be measured. `None` when no
    /// replication measured it. Constant values give exactly that value and a width of exactly zero.
    ///
    /// Method: [`confidence_interval`](super::confidence_interval) of the measured values.
    pub fn of(values: &[Option<f64>]) -> Option<Self> {
        let measured: Vec<f64> = values.iter().copied().flatten().collect();
        Some(Self {
            mean: mean(&measured)?,
            half_width: half_width(&measured, Self::LEVEL),
            replications: u32::try_from(measured.len()).unwrap_or(u32::MAX),
        })
    }

    /// The 95 % interval; `None` for a single replication.
    pub fn interval(&self) -> Option<Interval> {
        self.half_width.map(|half_width| Interval::around(self.mean, half_width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replications_that_did_not_measure_do_not_count() {
        let estimate = Estimate::of(&[Some(1.0), None, Some(3.0)]).expect("two measured");
        assert_eq!((estimate.mean, estimate.replications), (2.0, 2));
        // t(1) = 12.7062, s / √n = 1.
        assert!((estimate.half_width.expect("two values") - 12.706_204_736).abs() < 1e-8);
    }

    #[test]
    fn constant_values_are_certain() {
        let estimate = Estimate::of(&[Some(0.1); 20]).expect("measured");
        assert_eq!(estimate, Estimate { mean: 0.1, half_width: Some(0.0), replications: 20 });
        assert_eq!(estimate.interval(), Some(Interval { low: 0.1, high: 0.1 }));
    }

    #[test]
    fn one_replication_gives_a_mean_without_an_interval() {
        let estimate = Estimate::of(&[Some(4.0)]).expect("measured");
        assert_eq!(estimate, Estimate { mean: 4.0, half_width: None, replications: 1 });
        assert_eq!(estimate.interval(), None);
    }

    #[test]
    fn nothing_measured_is_no_estimate() {
        assert_eq!(Estimate::of(&[None, None]), None);
        assert_eq!(Estimate::of(&[]), None);
    }
}
