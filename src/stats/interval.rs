//! Intervals.

use super::{mean, student_two_sided, variance};

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval that reaches `half_width` to both sides of `centre`.
    pub const fn around(centre: f64, half_width: f64) -> Self {
        Self { low: centre - half_width, high: centre + half_width }
    }

    /// Whether `value` lies in it, ends included.
    pub const fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Half its width.
    pub const fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The confidence interval of the mean of independent values: mean ± t s / √n, Student t with n - 1 degrees of freedom
/// (W. S. Gosset, *The probable error of a mean*, Biometrika 6, 1908). `level` is 0.95 or 0.999.
///
/// `None` for fewer than two values, from which no interval follows. The values should be means themselves or
/// otherwise near normal; replications of a simulation are.
pub fn confidence_interval(values: &[f64], level: f64) -> Option<Interval> {
    Some(Interval::around(mean(values)?, half_width(values, level)?))
}

/// Half the width of [`confidence_interval`].
pub(super) fn half_width(values: &[f64], level: f64) -> Option<f64> {
    let variance = variance(values)?;
    let n = u32::try_from(values.len()).unwrap_or(u32::MAX);
    Some(student_two_sided(level, n - 1) * (variance / f64::from(n)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_textbook_sample_is_known() {
        // n = 5, mean 3, s² = 2.5: 3 ± 2.776445 * sqrt(0.5).
        let interval = confidence_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).expect("five values");
        assert!((interval.low - 1.036_757).abs() < 1e-6);
        assert!((interval.high - 4.963_243).abs() < 1e-6);
        assert!(interval.contains(3.0) && !interval.contains(5.0));
    }

    #[test]
    fn a_higher_level_gives_a_wider_interval() {
        let values = [1.0, 2.0, 4.0];
        let at = |level| confidence_interval(&values, level).expect("three values").half_width();
        assert!(at(0.999) > at(0.99) && at(0.99) > at(0.95));
    }

    #[test]
    fn one_value_has_no_interval() {
        assert_eq!(confidence_interval(&[1.0], 0.95), None);
        assert_eq!(confidence_interval(&[], 0.95), None);
    }

    #[test]
    fn the_interval_covers_as_often_as_it_says() {
        use crate::engine::random::StreamKey;
        // 4000 samples of 6 uniform values; a 95 % interval misses the true mean about 200 times. The t interval is
        // slightly off for uniform data, so the bounds are those of a 94 % to 96 % coverage, three deviations wide.
        let key = StreamKey::new(7, 0).child("coverage");
        let misses = (0..4000_u64)
            .filter(|&sample| {
                let mut draws = key.stream(sample);
                let values: Vec<f64> = (0..6).map(|_| draws.uniform()).collect();
                !confidence_interval(&values, 0.95).expect("six values").contains(0.5)
            })
            .count();
        assert!((120..=285).contains(&misses), "{misses} misses");
    }
}
