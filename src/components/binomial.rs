//! How many of many alike come out one way: one draw for all of them instead of one for each.

use crate::engine::random::Draws;

/// Up to here each is drawn on its own.
const SINGLY: u32 = 64;

/// Of `n`, each with this `chance` and independent of the others, how many it hits.
///
/// Few are drawn one by one. For many, the distribution function is inverted, from its mode outwards: exact but for
/// rounding, in as many steps as the result is away from the mode.
pub(super) fn binomial(n: u32, chance: f64, draws: &mut Draws) -> u32 {
    if chance <= 0.0 || n == 0 {
        return 0;
    }
    if chance >= 1.0 {
        return n;
    }
    if n <= SINGLY {
        let mut hit = 0;
        for _ in 0..n {
            hit += u32::from(draws.uniform() < chance);
        }
        return hit;
    }
    invert(n, chance, draws.uniform())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the mode lies between nothing and n")]
fn invert(n: u32, chance: f64, mut left: f64) -> u32 {
    let count = f64::from(n);
    let mode = libm::floor((count + 1.0) * chance).min(count) as u32;
    let odds = chance / (1.0 - chance);
    let of_mode = {
        let k = f64::from(mode);
        let ways = libm::lgamma(count + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(count - k + 1.0);
        libm::exp(ways + k * libm::log(chance) + (count - k) * libm::log1p(-chance))
    };
    left -= of_mode;
    let (mut low, mut high) = (mode, mode);
    let (mut of_low, mut of_high) = (of_mode, of_mode);
    while left >= 0.0 && (of_low > 0.0 || of_high > 0.0) {
        of_high = if high < n { of_high * odds * f64::from(n - high) / f64::from(high + 1) } else { 0.0 };
        if of_high > 0.0 {
            high += 1;
            left -= of_high;
            if left < 0.0 {
                return high;
            }
        }
        of_low = if low > 0 { of_low * f64::from(low) / (odds * f64::from(n - low + 1)) } else { 0.0 };
        if of_low > 0.0 {
            low -= 1;
            left -= of_low;
            if left < 0.0 {
                return low;
            }
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    /// Mean and variance over many draws.
    fn moments(n: u32, chance: f64, rounds: u32) -> (f64, f64) {
        let key = StreamKey::new(7, 0).child("binomial");
        let drawn: Vec<f64> =
            (0..rounds).map(|round| f64::from(binomial(n, chance, &mut key.stream(u64::from(round))))).collect();
        let mean = drawn.iter().sum::<f64>() / f64::from(rounds);
        let variance = drawn.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / f64::from(rounds - 1);
        (mean, variance)
    }

    #[test]
    fn mean_and_variance_are_those_of_the_binomial_law() {
        for (n, chance) in [(1, 0.3), (64, 0.5), (65, 0.5), (1000, 0.001), (1000, 0.999), (12_500_000, 0.07)] {
            let rounds = 20_000;
            let (mean, variance) = moments(n, chance, rounds);
            let (true_mean, true_variance) = (f64::from(n) * chance, f64::from(n) * chance * (1.0 - chance));
            // Five standard errors of the mean; the variance of a nearly normal law has a relative one of sqrt(2/n), that
            // of a rare event one of sqrt(3/n) at most.
            let error = 5.0 * (true_variance / f64::from(rounds)).sqrt();
            assert!((mean - true_mean).abs() < error, "{n} {chance}: {mean} not {true_mean}");
            let error = 5.0 * (3.0 / f64::from(rounds)).sqrt();
            assert!((variance / true_variance - 1.0).abs() < error, "{n} {chance}: {variance} not {true_variance}");
        }
    }

    #[test]
    fn what_is_certain_is_not_drawn() {
        let mut draws = StreamKey::new(1, 0).stream(0);
        assert_eq!(
            (binomial(9, 0.0, &mut draws), binomial(9, 1.0, &mut draws), binomial(0, 0.5, &mut draws)),
            (0, 9, 0)
        );
    }

    #[test]
    fn the_inverted_law_adds_up_to_one() {
        // What is left for the last thousand-millionth lies six standard deviations from the mean, of 15.8 each.
        let far = invert(1000, 0.5, 1.0 - 1e-9).abs_diff(500);
        assert!((85..110).contains(&far), "{far}");
    }
}
