//! The two draws that everything random is made of: the unit exponential and the unit normal.
//!
//! Both come from the ziggurat samplers of `rand_distr` (Doornik's variant of Marsaglia and Tsang, 2000): a table
//! look-up and one multiplication, no elementary function. Their rare draws from beyond the table do take
//! logarithms, and those come from the platform: `rand_distr` asks for pure-Rust mathematics, but another dependency
//! turns on `num-traits/std` for the whole build, which silently undoes that. So such a draw is thrown away and drawn
//! again here, by the same method, with `libm`: the same bits on every platform.

use crate::engine::random::Draws;
use rand_distr::{Distribution, Exp1, StandardNormal};

/// Where the table of the exponential ziggurat ends and its tail begins.
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
/// Where the table of the normal ziggurat ends and its tails begin.
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;

/// An exponential draw with mean one.
#[inline(always)]
pub(crate) fn unit_exponential(draws: &mut Draws) -> f64 {
    let value: f64 = Exp1.sample(draws);
    if value < EXPONENTIAL_TAIL { value } else { exponential_tail(draws) }
}

/// A normal draw with mean zero and standard deviation one.
#[inline]
pub(crate) fn unit_normal(draws: &mut Draws) -> f64 {
    let value: f64 = StandardNormal.sample(draws);
    if value.abs() < NORMAL_TAIL { value } else { normal_tail(draws).copysign(value) }
}

/// Beyond the table an exponential starts afresh, because it has no memory.
#[cold]
fn exponential_tail(draws: &mut Draws) -> f64 {
    EXPONENTIAL_TAIL - log_uniform(draws)
}

/// A normal draw given that it is beyond the table (Marsaglia, *Generating a variable from the tail of the normal
/// distribution*, Technometrics 1964).
#[cold]
fn normal_tail(draws: &mut Draws) -> f64 {
    loop {
        let beyond = -log_uniform(draws) / NORMAL_TAIL;
        if -2.0 * log_uniform(draws) > beyond * beyond {
            return NORMAL_TAIL + beyond;
        }
    }
}

/// The logarithm of a uniform number in `(0, 1]`.
fn log_uniform(draws: &mut Draws) -> f64 {
    libm::log(1.0 - draws.uniform())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;
    use crate::traffic::check::{draw_many, ks_distance, ks_limit};
    use statrs::distribution::{ContinuousCDF, Exp, Normal};

    #[test]
    fn both_have_the_distribution_of_the_textbook() {
        let exponential = draw_many(200_000, "exponential", unit_exponential);
        let law = Exp::new(1.0).expect("a rate of one");
        assert!(ks_distance(&exponential, |x| law.cdf(x)) < ks_limit(200_000));
        let normal = draw_many(200_000, "normal", unit_normal);
        let law = Normal::standard();
        assert!(ks_distance(&normal, |x| law.cdf(x)) < ks_limit(200_000));
    }

    #[test]
    fn the_tails_have_the_distribution_of_the_textbook() {
        let tail = draw_many(50_000, "tail", exponential_tail);
        let law = Exp::new(1.0).expect("a rate of one");
        assert!(ks_distance(&tail, |x| law.cdf(x - EXPONENTIAL_TAIL)) < ks_limit(50_000));
        let tail = draw_many(50_000, "tail", normal_tail);
        let beyond = |x: f64| Normal::standard().sf(x);
        let below = |x: f64| 1.0 - beyond(x) / beyond(NORMAL_TAIL);
        assert!(ks_distance(&tail, below) < ks_limit(50_000));
    }

    #[test]
    fn the_table_ends_where_rand_distr_says_so() {
        // A draw between the two ends would be from a table that is longer than we think, or a gap in ours.
        let key = StreamKey::new(5, 0);
        let mut nearest_below = 0.0_f64;
        let mut nearest_above = f64::MAX;
        for number in 0..3_000_000 {
            let value: f64 = Exp1.sample(&mut key.stream(number));
            if value < EXPONENTIAL_TAIL {
                nearest_below = nearest_below.max(value);
            } else {
                nearest_above = nearest_above.min(value);
            }
        }
        assert!(EXPONENTIAL_TAIL - nearest_below < 0.02, "{nearest_below}");
        assert!(nearest_above - EXPONENTIAL_TAIL < 0.02, "{nearest_above}");
    }

    #[test]
    fn the_bits_are_pinned() {
        // Sampled values are part of what a scenario means: a change of these is a change of everybody's results.
        let mut draws = StreamKey::new(1, 0).child("pin").stream(0);
        let bits = [
            unit_exponential(&mut draws).to_bits(),
            unit_normal(&mut draws).to_bits(),
            exponential_tail(&mut draws).to_bits(),
            normal_tail(&mut draws).to_bits(),
        ];
        assert_eq!(
            bits,
            [
                4_611_081_404_909_893_136,
                13_830_770_188_661_181_855,
                4_620_372_356_080_458_491,
                4_615_850_952_954_317_949
            ]
        );
    }
}
