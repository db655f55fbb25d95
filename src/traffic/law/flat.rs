//! The families that need no shape: uniform, and values that were measured.

use super::Family;
use crate::engine::random::Draws;

/// The uniform law between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniform {
    low: f64,
    width: f64,
}

impl Uniform {
    pub(super) fn new(mean: f64, cv: f64) -> Self {
        let half = mean * cv * 3.0_f64.sqrt();
        Self { low: (mean - half).max(0.0), width: 2.0 * half }
    }

    pub(super) fn between(low: f64, high: f64) -> Self {
        Self { low, width: high - low }
    }
}

impl Family for Uniform {
    #[inline]
    fn draw(&self, draws: &mut Draws) -> f64 {
        self.low + self.width * draws.uniform()
    }

    fn mean(&self) -> f64 {
        self.low + 0.5 * self.width
    }

    fn cv(&self) -> f64 {
        self.width / 12.0_f64.sqrt() / self.mean()
    }

    fn quantile(&self, p: f64) -> f64 {
        self.low + self.width * p
    }
}

/// In which order measured values are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each draw takes any of them.
    Random,
    /// The first job gets the first value, the second the second; after the last it begins again.
    Job,
}

/// Measured values, all as likely as each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Empirical {
    values: Vec<f64>,
    order: Order,
}

impl Empirical {
    pub(super) fn new(values: Vec<f64>, order: Order) -> Self {
        assert!(!values.is_empty(), "a measured law has at least one value");
        Self { values, order }
    }

    /// Whether the values go by job or at random.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The value of the job with this place in its source.
    pub(crate) fn of_index(&self, index: u32) -> f64 {
        self.values[index as usize % self.values.len()]
    }
}

impl Family for Empirical {
    #[allow(clippy::cast_possible_truncation, reason = "the drawn place is below a length that is a usize")]
    fn draw(&self, draws: &mut Draws) -> f64 {
        self.values[draws.below(self.values.len() as u64) as usize]
    }

    #[allow(clippy::cast_precision_loss, reason = "a file has fewer than 2^53 rows")]
    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    #[allow(clippy::cast_precision_loss, reason = "a file has fewer than 2^53 rows")]
    fn cv(&self) -> f64 {
        let mean = self.mean();
        if mean == 0.0 {
            return 0.0;
        }
        let squares: f64 = self.values.iter().map(|value| (value - mean) * (value - mean)).sum();
        (squares / self.values.len() as f64).sqrt() / mean
    }

    /// The smallest value that at least a share `p` of the values do not exceed.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the rank is between zero and a length that is a usize"
    )]
    fn quantile(&self, p: f64) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (p * sorted.len() as f64).ceil() as usize;
        sorted[rank.clamp(1, sorted.len()) - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;
    use crate::traffic::law::Law;
    use crate::traffic::number;

    #[test]
    fn measured_values_by_job_come_in_their_order_and_begin_again() {
        let law = Law::empirical(vec![5.0, 7.0, 11.0], Order::Job).expect("sound");
        let key = StreamKey::new(1, 0);
        let values: Vec<f64> = (0..5).map(|index| law.of_job(key, number("uploads", "rate", index))).collect();
        assert_eq!(values, [5.0, 7.0, 11.0, 5.0, 7.0]);
    }

    #[test]
    fn measured_values_at_random_are_equally_likely() {
        let law = Law::empirical(vec![5.0, 7.0, 11.0], Order::Random).expect("sound");
        let sample = crate::traffic::check::draw_many(30_000, "empirical", |draws| law.draw(draws));
        let sevens: Vec<f64> = sample.iter().map(|&value| f64::from(value == 7.0)).collect();
        crate::traffic::check::assert_mean(&sevens, 1.0 / 3.0);
    }

    #[test]
    fn measured_quantiles_are_values_of_the_file() {
        let law = Empirical::new(vec![4.0, 1.0, 3.0, 2.0], Order::Random);
        assert_eq!([0.0, 0.25, 0.26, 0.5, 0.99].map(|p| law.quantile(p)), [1.0, 1.0, 2.0, 2.0, 4.0]);
        assert!((law.mean() - 2.5).abs() < 1e-12);
        assert!((law.cv() - 1.25_f64.sqrt() / 2.5).abs() < 1e-12);
    }
}
