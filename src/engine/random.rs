//! Random numbers that belong to things, not to moments.
//!
//! A draw is a pure function of a *key* — (seed, replication, purpose) — and a *number* — which job, which attempt.
//! Nothing is taken from a shared sequence, so job 731 needs the same work in every pipeline, whatever happened to
//! the jobs before it, and a new component moves nobody's draws: common random numbers by construction.
//!
//! Generator: the 64-bit finaliser and Weyl sequence of `SplitMix64` (Steele, Lea, Flood, *Fast splittable pseudorandom
//! number generators*, OOPSLA 2014). A stream starts at a hashed position of a cycle of 2^64 and is a few draws long.

use rand::rand_core::utils::fill_bytes_via_next_word;
use std::convert::Infallible;

const WEYL: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijective scramble of 64 bits in which every input bit reaches every output bit.
pub const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A checksum that goes on with one more value: a polynomial in an odd number modulo 2^64, so that no single value can
/// change without changing it.
pub const fn fold(checksum: u64, value: u64) -> u64 {
    (checksum ^ (checksum >> 32)).wrapping_mul(WEYL).wrapping_add(value)
}

/// A family of streams: one purpose of one replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKey(u64);

impl StreamKey {
    /// The root of everything random in one replication of a run with this seed.
    pub const fn new(seed: u64, replication: u32) -> Self {
        Self(mix(mix(seed ^ WEYL).wrapping_add(replication as u64 + 1)))
    }

    /// The family for one named purpose, such as a flow's name or `"work"`.
    #[must_use]
    pub fn child(self, name: &str) -> Self {
        Self(mix(self.0 ^ fingerprint(name.as_bytes())))
    }

    /// The stream of the thing with this number within the family.
    pub const fn stream(self, number: u64) -> Draws {
        Draws { state: mix(self.0.wrapping_add(number.wrapping_mul(WEYL))) }
    }
}

/// One stream: an endless row of draws, cheap to start, used for a handful.
#[derive(Debug, Clone)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// The next 64 random bits.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(WEYL);
        mix(self.state)
    }

    /// A uniform number in `[0, 1)` with 53 random bits.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A uniform whole number in `[0, n)`; 0 when `n` is 0. The bias is below `n` / 2^64.
    #[allow(clippy::cast_possible_truncation, reason = "the high half of the product is below n")]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}

impl rand::TryRng for Draws {
    type Error = Infallible;

    #[allow(clippy::cast_possible_truncation, reason = "the upper half is the better half")]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        fill_bytes_via_next_word(dst, || self.try_next_u64())
    }
}

/// A stable 64-bit hash of bytes (FNV-1a, scrambled): the same on every platform and in every version.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_only_on_its_key_and_number() {
        let key = StreamKey::new(1, 0).child("work");
        let first = key.stream(731).next();
        let _ = key.stream(730).next();
        assert_eq!(key.stream(731).next(), first);
        assert_ne!(key.stream(732).next(), first);
        assert_ne!(StreamKey::new(1, 1).child("work").stream(731).next(), first);
        assert_ne!(StreamKey::new(1, 0).child("size").stream(731).next(), first);
    }

    #[test]
    fn first_draws_of_neighbouring_streams_are_uniform_and_uncorrelated() {
        let key = StreamKey::new(42, 3).child("x");
        let n = 100_000_u32;
        let (mut sum, mut lag) = (0.0, 0.0);
        let mut previous = 0.0;
        for i in 0..n {
            let u = key.stream(u64::from(i)).uniform() - 0.5;
            sum += u;
            lag += u * previous;
            previous = u;
        }
        let n = f64::from(n);
        // Standard errors: sqrt(1/12/n) for the mean, 1/12/sqrt(n) for the lag-one product; five of each.
        assert!((sum / n).abs() < 5.0 * (1.0 / 12.0 / n).sqrt());
        assert!((lag / n).abs() < 5.0 / 12.0 / n.sqrt());
    }

    #[test]
    fn below_stays_below() {
        let mut draws = StreamKey::new(0, 0).stream(0);
        assert!((0..1000).all(|_| draws.below(7) < 7));
        assert_eq!(draws.below(0), 0);
    }
}
