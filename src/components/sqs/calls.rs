//! How many calls a FIFO queue takes: a fixed number, or so many for each of its partitions.
//!
//! ```text
//!  message group ─▶ partition: 300 calls a second of each kind
//!  one is nearly full ─▶ twice as many partitions; long idle ─▶ half as many
//! ```

use super::flow::Cx;
use super::{Order, Sqs};
use crate::components::limits::CallsPerSecond;
use crate::engine::random::mix;
use crate::engine::{SimDuration, SimTime};

/// The calls that a FIFO queue limits, as indices.
pub(super) mod action {
    pub(in crate::components::sqs) const SEND: usize = 0;
    pub(in crate::components::sqs) const RECEIVE: usize = 1;
    pub(in crate::components::sqs) const DELETE: usize = 2;
    /// How many there are.
    pub(in crate::components::sqs) const COUNT: usize = 3;
}

const SECOND: SimDuration = SimDuration::from_secs(1);

/// The limits on calls.
#[derive(Debug, Clone)]
pub(super) enum Calls {
    /// One for the whole queue.
    Queue([CallsPerSecond; action::COUNT]),
    /// High throughput.
    Partitions(Box<Partitions>),
}

/// What the partitions were told to be -- parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// Calls a second of each kind that one takes.
    pub each: usize,
    /// Calls a second of each kind that all take together.
    pub all: f64,
    /// Calls within a second from which on there are more of them.
    pub crowded: u32,
    /// Partitions at first.
    pub first: u32,
    /// How long they stay without need.
    pub idle: SimDuration,
}

/// The partitions of a queue in high-throughput mode.
#[derive(Debug, Clone)]
pub(super) struct Partitions {
    p: Growth,
    /// Their number is a power of two, so that a split moves no group but into its own half.
    calls: Vec<[CallsPerSecond; action::COUNT]>,
    /// Calls of each kind that all of them took in this second of the clock.
    taken: [f64; action::COUNT],
    /// Calls of each partition and kind in it, taken or not.
    used: Vec<[u32; action::COUNT]>,
    /// When it ends.
    second_ends: SimTime,
    /// When half as many would last have been too few.
    needed: SimTime,
    /// The partitions that the call under way has come to, and whether they took it.
    in_call: Vec<(usize, bool)>,
}

impl Calls {
    /// Whether a call about a message of `group` is taken; `batched` says that it is the call of the message before.
    #[inline(always)]
    pub(super) fn admit(&mut self, action: usize, group: u32, batched: bool, now: SimTime) -> bool {
        match self {
            Self::Queue(calls) => calls[action].admit(now),
            Self::Partitions(partitions) => partitions.admit_in_call(action, group, batched, now),
        }
    }

    /// Whether every message of a batch counts by itself where it lies.
    pub(super) const fn splits_batches(&self) -> bool {
        matches!(self, Self::Partitions(_))
    }
}

impl Sqs {
    /// Whether a FIFO queue has no call left for a message of `group`; `batched`: it comes with the call of the message
    /// before. A call counts as throttled once, however many of its messages are refused.
    pub(super) fn throttles(&mut self, action: usize, group: u32, batched: bool, cx: &mut Cx<'_>) -> bool {
        let Order::Fifo(fifo) = &mut self.order else { return false };
        let before = batched && self.refuses[action];
        let whole = batched && !fifo.calls.splits_batches();
        let refuses = if whole { before } else { !fifo.calls.admit(action, group, batched, cx.now()) };
        cx.count(self.metrics.throttled, u64::from(refuses && !before));
        self.refuses[action] = refuses || before;
        refuses
    }
}

impl Partitions {
    pub(super) fn new(p: Growth) -> Self {
        let count = p.first.max(1).next_power_of_two() as usize;
        let mut this = Self {
            p,
            calls: Vec::new(),
            taken: [0.0; action::COUNT],
            used: Vec::new(),
            second_ends: SimTime::ZERO + SECOND,
            needed: SimTime::ZERO,
            in_call: Vec::new(),
        };
        this.resize(count);
        this
    }

    fn resize(&mut self, count: usize) {
        let each = self.p.each;
        self.calls.resize_with(count, || [(); action::COUNT].map(|()| CallsPerSecond::new(each)));
        self.used.resize(count, [0; action::COUNT]);
    }

    /// More partitions than this would take more calls than the whole queue does.
    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    fn is_enough(&self) -> bool {
        (self.calls.len() * self.p.each) as f64 >= self.p.all
    }

    #[inline(always)]
    fn admit_in_call(&mut self, action: usize, group: u32, batched: bool, now: SimTime) -> bool {
        if now >= self.second_ends {
            self.look_back(now);
        }
        let partition = self.of(group);
        if !batched {
            self.in_call.clear();
        } else if let Some(&(_, taken)) = self.in_call.iter().find(|&&(known, _)| known == partition) {
            return taken;
        }
        let all = &mut self.taken[action];
        let taken = self.calls[partition][action].admit(now) && *all + 1.0 <= self.p.all;
        *all += f64::from(u8::from(taken));
        self.used[partition][action] += 1;
        self.in_call.push((partition, taken));
        taken
    }

    #[allow(clippy::cast_possible_truncation, reason = "the lower bits of a hash")]
    fn of(&self, group: u32) -> usize {
        mix(u64::from(group) + 1) as usize & (self.calls.len() - 1)
    }

    /// At the first call of a second: what was the last one like?
    #[cold]
    fn look_back(&mut self, now: SimTime) {
        let second = now.as_nanos() / SECOND.as_nanos();
        self.second_ends = SimTime::from_nanos((second + 1) * SECOND.as_nanos());
        self.taken.fill(0.0);
        let busiest = self.used.iter().flatten().copied().max().unwrap_or(0);
        self.used.fill([0; action::COUNT]);
        if busiest * 2 >= self.p.crowded {
            self.needed = now;
        }
        if busiest >= self.p.crowded && !self.is_enough() {
            self.resize(self.calls.len() * 2);
        } else if now >= self.needed + self.p.idle && self.calls.len() > 1 {
            self.resize(self.calls.len() / 2);
            self.needed = now;
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.calls.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth =
        Growth { each: 300, all: 70_000.0, crowded: 240, first: 1, idle: SimDuration::from_secs(300) };

    /// Calls taken in each of the seconds, with so many calls a second over so many groups.
    fn taken(partitions: &mut Partitions, seconds: std::ops::Range<u64>, calls: u64, groups: u32) -> Vec<u64> {
        let mut group = 0;
        let mut second = |second: u64| {
            let mut one = |call: u64| {
                group = (group + 1) % groups;
                let at = SimTime::from_nanos(second * 1_000_000_000 + call * 1_000_000_000 / calls);
                partitions.admit_in_call(action::SEND, group, false, at)
            };
            (0..calls).map(|call| u64::from(one(call))).sum()
        };
        seconds.map(&mut second).collect()
    }

    #[test]
    fn partitions_double_while_one_is_crowded_and_none_gives_a_group_more_than_its_own() {
        let mut many = Partitions::new(GROWTH);
        let spread = taken(&mut many, 0..8, 2000, 1000);
        assert_eq!(spread[0], 300);
        assert!(spread.windows(2).all(|pair| pair[0] <= pair[1]) && spread[7] == 2000, "{spread:?}");
        let mut one = Partitions::new(GROWTH);
        assert!(taken(&mut one, 0..20, 2000, 1).iter().all(|&taken| taken == 300));
        assert_eq!(one.count(), 256);
    }

    #[test]
    fn partitions_that_nobody_needs_are_given_up_by_and_by() {
        let mut partitions = Partitions::new(Growth { first: 8, ..GROWTH });
        taken(&mut partitions, 0..1, 1, 1);
        assert_eq!(partitions.count(), 8);
        taken(&mut partitions, 301..302, 1, 1);
        assert_eq!(partitions.count(), 4);
        taken(&mut partitions, 1000..1002, 1, 1);
        assert_eq!(partitions.count(), 2);
    }

    #[test]
    fn a_batch_counts_once_in_each_partition_that_it_comes_to() {
        let mut partitions = Partitions::new(Growth { each: 1, first: 2, all: 2.0, ..GROWTH });
        let groups: Vec<u32> = (0..10).collect();
        let both = groups.iter().map(|&group| partitions.of(group));
        assert_eq!(both.collect::<std::collections::BTreeSet<_>>().len(), 2);
        let at = SimTime::from_nanos(1);
        assert!(groups.iter().all(|&group| partitions.admit_in_call(action::SEND, group, group > 0, at)));
        assert!(!groups.iter().any(|&group| partitions.admit_in_call(action::SEND, group, group > 0, at)));
    }
}
