//! Mean and variance of a sample.
//!
//! Method: data shifted by the first value, then the corrected two-pass sum of squares (Chan, Golub, `LeVeque`,
//! *Algorithms for computing the sample variance*, The American Statistician 37, 1983). The shift makes constant data
//! exact, and the mean of whole numbers is rounded only once, so that a file says 10.5 and not 10.499999999999998.

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    let shifted: f64 = values.iter().map(|value| value - first).sum();
    Some(first + shifted / count(values))
}

/// The variance of the population that the sample was drawn from (divisor n - 1); `None` for fewer than two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    let (mut sum, mut squares) = (0.0, 0.0);
    for value in values {
        let distance = value - mean;
        sum += distance;
        squares += distance * distance;
    }
    let n = count(values);
    Some(((squares - sum * sum / n) / (n - 1.0)).max(0.0))
}

#[allow(clippy::cast_precision_loss, reason = "a slice never has 2^53 elements")]
const fn count(values: &[f64]) -> f64 {
    values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_data_are_exact() {
        for constant in [0.1, 1e-300, -7.3, 123_456_789.123] {
            let values = [constant; 7];
            assert_eq!(mean(&values), Some(constant));
            assert_eq!(variance(&values), Some(0.0));
        }
    }

    #[test]
    fn the_mean_of_whole_numbers_is_rounded_once() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(mean(&values), Some(10.5));
        assert_eq!(variance(&values), Some(35.0));
    }

    #[test]
    fn a_large_offset_does_not_eat_the_variance() {
        // 4, 7, 13, 16 have variance 30; the naive sum of squares gives a negative number at this offset.
        let values = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0];
        assert_eq!(variance(&values), Some(30.0));
    }

    #[test]
    fn too_few_values_have_no_moment() {
        assert_eq!(mean(&[]), None);
        assert_eq!(variance(&[5.0]), None);
    }
}
