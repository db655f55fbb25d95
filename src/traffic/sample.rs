//! The two draws that everything random is made of: the unit exponential and the unit normal.
//!
//! A look-up in the tables of [`ziggurat`](super::ziggurat) and one multiplication for nearly every draw. The few that
//! fall beside the edge of a layer, or beyond the table, take an exponential or a logarithm, from `libm`. That is why
//! they are not left to `rand_distr`, which has the same method: there these functions come from the platform as soon
//! as any dependency turns on `num-traits/std`, and a result must not depend on the platform by a single bit.

use super::ziggurat::{EXPONENTIAL, EXPONENTIAL_TAIL, NORMAL, NORMAL_TAIL};
use crate::engine::random::Draws;

/// An exponential draw with mean one.
#[inline(always)]
pub(crate) fn unit_exponential(draws: &mut Draws) -> f64 {
    let (layer, x) = exponential_point(draws);
    if x < EXPONENTIAL.edges[layer + 1] {
        return x;
    }
    // Not lent: what is lent to a call that is seldom made would have to be in memory at every draw.
    let (x, left) = exponential_beside(layer, x, draws.clone());
    *draws = left;
    x
}

/// A normal draw with mean zero and standard deviation one.
#[inline]
pub(crate) fn unit_normal(draws: &mut Draws) -> f64 {
    let (layer, x) = normal_point(draws);
    if x.abs() < NORMAL.edges[layer + 1] { x } else { normal_beside(layer, x, draws) }
}

/// A layer, and a place in it from zero to its edge: the lowest bits say which, the highest where.
#[inline(always)]
fn exponential_point(draws: &mut Draws) -> (usize, f64) {
    let bits = draws.next();
    let layer = (bits & 0xff) as usize;
    // The bits of a number from 1 to 2, neither end included, less one.
    let share = f64::from_bits((bits >> 12) | 1.0_f64.to_bits()) - (1.0 - f64::EPSILON / 2.0);
    (layer, share * EXPONENTIAL.edges[layer])
}

/// The same from edge to edge, on both sides of zero.
#[inline(always)]
fn normal_point(draws: &mut Draws) -> (usize, f64) {
    let bits = draws.next();
    let layer = (bits & 0xff) as usize;
    let share = f64::from_bits((bits >> 12) | 2.0_f64.to_bits()) - 3.0;
    (layer, share * NORMAL.edges[layer])
}

/// What becomes of a point that is not surely under the density, and what is left of the stream.
#[cold]
fn exponential_beside(mut layer: usize, mut x: f64, mut draws: Draws) -> (f64, Draws) {
    loop {
        if layer == 0 {
            // One number is passed over: another count of them would give all that follows in the stream other values.
            draws.next();
            return (exponential_tail(&mut draws), draws);
        }
        let [low, high] = [EXPONENTIAL.heights[layer], EXPONENTIAL.heights[layer + 1]];
        if high + (low - high) * draws.uniform() < libm::exp(-x) {
            return (x, draws);
        }
        (layer, x) = exponential_point(&mut draws);
        if x < EXPONENTIAL.edges[layer + 1] {
            return (x, draws);
        }
    }
}

/// What becomes of a point that is not surely under the density.
#[cold]
fn normal_beside(mut layer: usize, mut x: f64, draws: &mut Draws) -> f64 {
    loop {
        if layer == 0 {
            return normal_tail(draws).copysign(x);
        }
        let [low, high] = [NORMAL.heights[layer], NORMAL.heights[layer + 1]];
        if high + (low - high) * draws.uniform() < libm::exp(-x * x / 2.0) {
            return x;
        }
        (layer, x) = normal_point(draws);
        if x.abs() < NORMAL.edges[layer + 1] {
            return x;
        }
    }
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
    use rand_distr::{Distribution, Exp1, StandardNormal};
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
    fn but_for_the_tails_they_are_the_draws_of_rand_distr() {
        let key = StreamKey::new(5, 0);
        let (mut tails, mut numbers) = (0, 0);
        for number in 0..300_000 {
            let [mut ours, mut theirs] = [key.stream(number), key.stream(number)];
            let (exponential, other): (f64, f64) = (unit_exponential(&mut ours), Exp1.sample(&mut theirs));
            assert!((exponential < EXPONENTIAL_TAIL) == (other < EXPONENTIAL_TAIL));
            assert!(exponential >= EXPONENTIAL_TAIL || (exponential / other - 1.0).abs() < 1e-9);
            // As many numbers were used.
            let same = ours.next() == theirs.next();
            numbers += u32::from(same || exponential >= EXPONENTIAL_TAIL);
            let (normal, other): (f64, f64) = (unit_normal(&mut ours), StandardNormal.sample(&mut theirs));
            let is_tail = normal.abs() >= NORMAL_TAIL;
            tails += u32::from(is_tail);
            assert!(!same || is_tail || (normal - other).abs() < 1e-8 * other.abs(), "{number}: {normal}, {other}");
        }
        assert_eq!(numbers, 300_000);
        assert!((40..150).contains(&tails), "{tails} of about 77");
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
                4_611_081_404_909_893_207,
                13_830_770_188_661_189_958,
                4_620_372_356_080_458_491,
                4_615_850_952_954_317_949
            ]
        );
    }
}
