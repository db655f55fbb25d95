//! What a standard queue can give out: messages spread over hosts, in loose order.
//!
//! A short poll asks a random subset of the hosts and may miss messages that are there; a long poll asks all of them.
//! How many hosts there are, and how many a short poll asks, is not published: both are parameters.
//!
//! Simplified: a long poll that finds nothing has missed nothing; the real one may now and then if it waits briefly.

use crate::engine::random::{Draws, mix};
use crate::engine::{MsgId, Ring, SimTime};

/// Hosts that a queue can have: a sample of them is a word of bits.
pub(super) const HOSTS_MAX: u32 = u64::BITS;

/// Visible messages of a standard queue.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    lists: Vec<Ring<MsgId>>,
    /// Those that have a message: a bit for each.
    filled: u64,
    /// The places of the first messages of those that have one: to choose among hosts need not look at any message.
    firsts: Box<[u32; HOSTS_MAX as usize]>,
    /// Hosts that a short poll asks.
    sampled: usize,
}

/// Which hosts a poll asks: a bit for each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample(u64);

impl Sample {
    /// So many of the hosts, each of them as likely as the others.
    pub(super) fn of(sampled: usize, hosts: usize, draws: &mut Draws) -> Self {
        let (mut bits, mut left) = (0, sampled);
        for host in 0..hosts {
            if draws.below((hosts - host) as u64) < left as u64 {
                bits |= 1 << host;
                left -= 1;
            }
        }
        Self(bits)
    }

    /// Whether this host is among them.
    pub(super) const fn asks(self, host: usize) -> bool {
        self.0 & 1 << host != 0
    }

    /// Whether there is none.
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds a host, or takes it out.
    pub(super) const fn set(&mut self, host: usize, is_there: bool) {
        self.0 = self.0 & !(1 << host) | (is_there as u64) << host;
    }

    /// Those of them that are in the other sample too.
    pub(super) const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// One after the other.
    pub(super) fn hosts(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let host = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(host)
        })
    }
}

/// The host on which the message of the job with this number lies.
#[allow(clippy::cast_possible_truncation, reason = "below the number of hosts")]
pub(super) fn host_of(number: u64, hosts: usize) -> usize {
    // A product, not a remainder: a division costs as much as all the rest of putting a message there.
    ((u128::from(mix(number)) * hosts as u128) >> 64) as usize
}

/// Whether a place in the queue is before another.
const fn is_before(place: u32, other: u32) -> bool {
    place.wrapping_sub(other) > u32::MAX / 2
}

impl Hosts {
    /// `hosts` hosts (at most [`HOSTS_MAX`]), of which a short poll asks `sampled`.
    pub(super) fn new(hosts: usize, sampled: usize) -> Self {
        Self { lists: vec![Ring::new(); hosts], filled: 0, firsts: Box::new([0; HOSTS_MAX as usize]), sampled }
    }

    /// All hosts: what a long poll asks.
    pub(super) const fn all() -> Sample {
        Sample(u64::MAX)
    }

    /// A random subset: what a short poll asks.
    pub(super) fn some(&self, draws: &mut Draws) -> Sample {
        Sample::of(self.sampled, self.lists.len(), draws)
    }

    /// Puts a new message on its host, at the back. `place` is its place in the queue; places wrap around.
    #[inline(always)]
    pub(super) fn put(&mut self, msg: MsgId, number: u64, place: u32) {
        let index = host_of(number, self.lists.len());
        if self.filled & 1 << index == 0 {
            self.filled |= 1 << index;
            self.firsts[index] = place;
        }
        self.lists[index].push_back(msg);
    }

    /// Puts a message that comes back where it was: behind those that came before it.
    pub(super) fn put_back(&mut self, msg: MsgId, number: u64, place: impl Fn(MsgId) -> u32) {
        let index = host_of(number, self.lists.len());
        let (host, own) = (&mut self.lists[index], place(msg));
        let before = host.partition_point(|other| is_before(place(other), own));
        host.insert(before, msg);
        self.look_at(index, place);
    }

    /// Takes the message that came first among those at the heads of the sampled hosts.
    #[inline(always)]
    pub(super) fn take(&mut self, sample: Sample, place: impl Fn(MsgId) -> u32) -> Option<MsgId> {
        let mut left = sample.0 & self.filled;
        if left == 0 {
            return None;
        }
        let mut index = left.trailing_zeros() as usize;
        let mut first = self.firsts[index];
        left &= left - 1;
        while left != 0 {
            let other = left.trailing_zeros() as usize;
            left &= left - 1;
            let its_first = self.firsts[other];
            if is_before(its_first, first) {
                (index, first) = (other, its_first);
            }
        }
        let msg = self.lists[index].pop_front();
        self.look_at(index, place);
        msg
    }

    /// Looks which message is the first of a host now.
    #[inline(always)]
    fn look_at(&mut self, index: usize, place: impl Fn(MsgId) -> u32) {
        if let Some(first) = self.lists[index].front() {
            self.filled |= 1 << index;
            self.firsts[index] = place(first);
        } else {
            self.filled &= !(1 << index);
        }
    }

    /// Takes out a message that is there.
    pub(super) fn remove(&mut self, msg: MsgId, number: u64, place: impl Fn(MsgId) -> u32) {
        let index = host_of(number, self.lists.len());
        let host = &mut self.lists[index];
        let at = host.iter().position(|other| other == msg);
        if let Some(at) = at {
            host.remove(at);
        }
        self.look_at(index, place);
    }

    /// How many hosts there are.
    pub(super) const fn count(&self) -> usize {
        self.lists.len()
    }

    /// All messages, host by host; some of them may have ended.
    pub(super) fn iter(&self) -> impl Iterator<Item = MsgId> + '_ {
        self.lists.iter().flat_map(Ring::iter)
    }

    /// The earliest send time among the first messages of the hosts that count.
    pub(super) fn oldest(&self, sent: impl Fn(MsgId) -> Option<SimTime>) -> Option<SimTime> {
        self.lists.iter().filter_map(|host| host.iter().find_map(&sent)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::StreamKey;

    #[test]
    fn a_short_poll_asks_exactly_its_number_of_hosts_each_equally_often() {
        let hosts = Hosts::new(10, 5);
        let key = StreamKey::new(1, 0);
        let mut asked = [0_u32; 10];
        for poll in 0..20_000 {
            let Sample(bits) = hosts.some(&mut key.stream(poll));
            assert_eq!(bits.count_ones(), 5);
            for (host, count) in asked.iter_mut().enumerate() {
                *count += u32::from(bits & (1 << host) != 0);
            }
        }
        // Binomial(20000, 1/2): five standard deviations are 354.
        assert!(asked.iter().all(|&count| count.abs_diff(10_000) < 354), "{asked:?}");
    }
}
