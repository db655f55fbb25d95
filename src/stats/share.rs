//! Shares.

use super::{Interval, normal_two_sided};

/// The confidence interval of a share, given how many of `trials` independent trials succeeded; `None` without a trial.
///
/// Method: the score interval (E. B. Wilson, *Probable inference, the law of succession, and statistical inference*,
/// JASA 22, 1927). Unlike share ± z s it stays within 0 and 1, and none of a thousand still leaves room for a few.
/// Jobs of one run are not independent of each other: use it over replications or seeds, not over jobs.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn wilson_interval(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let share = successes.min(trials) as f64 / n;
    let z = normal_two_sided(level);
    let shrink = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / shrink;
    let half_width = z / shrink * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let Interval { low, high } = Interval::around(centre, half_width);
    Some(Interval { low: low.max(0.0), high: high.min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_literature() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3, and R's prop.test(correct = FALSE).
        for (successes, trials, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
        {
            let interval = wilson_interval(successes, trials, 0.95).expect("trials");
            assert!((interval.low - low).abs() < 5e-5, "{interval:?}");
            assert!((interval.high - high).abs() < 5e-5, "{interval:?}");
        }
    }

    #[test]
    fn certainty_is_never_claimed() {
        let interval = wilson_interval(10, 10, 0.95).expect("trials");
        assert!(interval.low < 1.0 && interval.high <= 1.0);
        assert_eq!(wilson_interval(0, 0, 0.95), None);
    }
}
