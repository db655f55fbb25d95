//! A fair queue: a standard queue whose messages name a group, and which serves quiet groups before noisy ones.
//!
//! ```text
//!  more than a tenth of what is in flight, or of the consumers' time ─▶ noisy
//!  quiet: oldest message first ─▶ then noisy: the group with the fewest in flight first
//! ```
//! Facts: `sqs.fair_*`. Nothing is thrown away, held back or kept in order: a group that is alone gets everything.

use super::fifo::GroupMap;
use super::standard::{Sample, host_of};
use crate::engine::random::Draws;
use crate::engine::{MsgId, SimDuration, SimTime};
use crate::facts::sqs;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Visible messages of a fair queue, and what its groups have in flight.
#[derive(Debug, Clone)]
pub(super) struct Fair {
    /// Which groups there are -- parameter. Messages without a key are each a group of its own, and never noisy.
    pub map: GroupMap,
    /// Hosts that the messages are spread over, and how many of them a short poll asks -- parameters.
    hosts: usize,
    sampled: usize,
    groups: Vec<Group>,
    /// Groups with visible messages, by the place of the first.
    quiet: BTreeSet<(u64, u32)>,
    /// The same of noisy groups, those with the fewest messages in flight first.
    noisy: BTreeSet<(u32, u64, u32)>,
    in_flight: u32,
    /// When each message in flight was received.
    loans: BTreeMap<MsgId, SimTime>,
    /// The consumers' time.
    time: Recent,
    places: u64,
    /// Not before then is it over with a noisy group because it has sent nothing for long.
    calm_at: SimTime,
}

#[derive(Debug, Clone, Default)]
struct Group {
    /// Place, message, host.
    messages: VecDeque<(u64, MsgId, usize)>,
    in_flight: u32,
    is_noisy: bool,
    last_sent: SimTime,
    time: Recent,
}

/// Time spent in this period and in the one before it.
#[derive(Debug, Clone, Copy, Default)]
struct Recent {
    period: u64,
    now: u64,
    before: u64,
}

impl Recent {
    fn turn(&mut self, now: SimTime) {
        let period = now.since(SimTime::ZERO).as_nanos() / sqs::FAIR_RECENT.value.get().as_nanos();
        match period - self.period {
            0 => return,
            1 => self.before = self.now,
            _ => self.before = 0,
        }
        (self.period, self.now) = (period, 0);
    }

    fn add(&mut self, time: SimDuration, now: SimTime) {
        self.turn(now);
        self.now += time.as_nanos();
    }

    fn sum(&mut self, now: SimTime) -> u64 {
        self.turn(now);
        self.now + self.before
    }
}

/// The first place: there is room before it for what comes back.
const FIRST_PLACE: u64 = 1 << 60;

impl Fair {
    pub(super) fn new(map: GroupMap, hosts: usize, sampled: usize) -> Self {
        Self {
            map,
            hosts,
            sampled,
            groups: Vec::new(),
            quiet: BTreeSet::new(),
            noisy: BTreeSet::new(),
            in_flight: 0,
            loans: BTreeMap::new(),
            time: Recent::default(),
            places: FIRST_PLACE,
            calm_at: SimTime::MAX,
        }
    }

    /// A random subset of the hosts: what a short poll asks.
    pub(super) fn some(&self, draws: &mut Draws) -> Sample {
        Sample::of(self.sampled, self.hosts, draws)
    }

    /// How many hosts there are.
    pub(super) const fn hosts(&self) -> usize {
        self.hosts
    }

    fn group(&mut self, group: u32) -> &mut Group {
        let index = group as usize;
        if index >= self.groups.len() {
            self.groups.resize_with(index + 1, Group::default);
        }
        &mut self.groups[index]
    }

    /// A message of `group` is sent.
    pub(super) fn sent(&mut self, group: u32, now: SimTime) {
        self.group(group).last_sent = now;
    }

    /// A message can be received: at the back, or in front of its group when it comes back early.
    pub(super) fn put(&mut self, msg: MsgId, number: u64, group: u32, in_front: bool) {
        self.places += 1;
        let (last, host) = (self.places, host_of(number, self.hosts));
        self.unlist(group);
        let entry = self.group(group);
        if in_front {
            let place = entry.messages.front().map_or(last, |&(first, ..)| first) - 1;
            entry.messages.push_front((place, msg, host));
        } else {
            entry.messages.push_back((last, msg, host));
        }
        self.list(group);
    }

    fn unlist(&mut self, group: u32) {
        let entry = self.group(group);
        let (in_flight, is_noisy) = (entry.in_flight, entry.is_noisy);
        let Some(&(place, ..)) = entry.messages.front() else { return };
        if is_noisy {
            self.noisy.remove(&(in_flight, place, group));
        } else {
            self.quiet.remove(&(place, group));
        }
    }

    fn list(&mut self, group: u32) {
        let entry = self.group(group);
        let (in_flight, is_noisy) = (entry.in_flight, entry.is_noisy);
        let Some(&(place, ..)) = entry.messages.front() else { return };
        if is_noisy {
            self.noisy.insert((in_flight, place, group));
        } else {
            self.quiet.insert((place, group));
        }
    }

    /// Takes what comes next on the hosts that are asked.
    pub(super) fn take(&mut self, sample: Sample, now: SimTime) -> Option<MsgId> {
        if now >= self.calm_at {
            self.calm(now);
        }
        let groups = &self.groups;
        let is_asked =
            |group: u32| groups[group as usize].messages.front().is_some_and(|&(.., host)| sample.asks(host));
        let quiet = self.quiet.iter().map(|&(_, group)| group);
        let noisy = self.noisy.iter().map(|&(.., group)| group);
        let group = quiet.chain(noisy).find(|&group| is_asked(group))?;
        self.unlist(group);
        let (_, msg, _) = self.group(group).messages.pop_front()?;
        self.list(group);
        Some(msg)
    }

    /// Takes out a message that is there.
    pub(super) fn remove(&mut self, msg: MsgId, group: u32) {
        self.unlist(group);
        self.group(group).messages.retain(|&(_, other, _)| other != msg);
        self.list(group);
    }

    /// A message is in flight from now on.
    pub(super) fn received(&mut self, msg: MsgId, group: u32, now: SimTime) {
        self.loans.insert(msg, now);
        self.in_flight += 1;
        self.unlist(group);
        self.group(group).in_flight += 1;
        self.judge(group, now);
        self.list(group);
    }

    /// A message is in flight no more.
    pub(super) fn returned(&mut self, msg: MsgId, group: u32, now: SimTime) {
        let Some(received) = self.loans.remove(&msg) else { return };
        let time = now.since(received);
        self.in_flight -= 1;
        self.time.add(time, now);
        self.unlist(group);
        let entry = self.group(group);
        entry.in_flight -= 1;
        entry.time.add(time, now);
        self.judge(group, now);
        self.list(group);
    }

    /// Groups may have been noisy for long enough, even if nobody has received anything of them lately.
    #[cold]
    fn calm(&mut self, now: SimTime) {
        self.calm_at = SimTime::MAX;
        let noisy: Vec<u32> = self.noisy.iter().map(|&(.., group)| group).collect();
        for group in noisy {
            self.unlist(group);
            self.judge(group, now);
            self.list(group);
        }
    }

    /// Whether a group is noisy from now on.
    #[allow(clippy::cast_precision_loss, reason = "shares, compared with a tenth")]
    fn judge(&mut self, group: u32, now: SimTime) {
        let (in_flight, time) = (self.in_flight, self.time.sum(now));
        let share = sqs::FAIR_NOISY_SHARE.value.get();
        let entry = self.group(group);
        let calm_at = entry.last_sent + sqs::FAIR_QUIET_AFTER.value.get();
        let goes_on = group > 0 && !entry.messages.is_empty() && now < calm_at;
        let many = entry.in_flight >= sqs::FAIR_NOISY_IN_FLIGHT.value
            && f64::from(entry.in_flight) > share * f64::from(in_flight);
        let long = entry.time.sum(now) as f64 > share * time as f64;
        entry.is_noisy = goes_on && (entry.is_noisy || many || long);
        if entry.is_noisy {
            self.calm_at = self.calm_at.min(calm_at);
        }
    }

    /// All visible messages; some of them may have ended.
    pub(super) fn iter(&self) -> impl Iterator<Item = MsgId> + '_ {
        self.groups.iter().flat_map(|group| group.messages.iter().map(|&(_, msg, _)| msg))
    }

    /// The earliest send time among the first messages of the groups that count.
    pub(super) fn oldest(&self, sent: impl Fn(MsgId) -> Option<SimTime>) -> Option<SimTime> {
        let first = |group: &Group| group.messages.iter().find_map(|&(_, msg, _)| sent(msg));
        self.groups.iter().filter_map(first).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::sqs::standard::Hosts;
    use crate::engine::{Kernel, NewJob, NodeId};

    #[test]
    fn a_noisy_group_that_has_sent_nothing_for_five_minutes_waits_for_nobody_any_more() {
        let mut kernel = Kernel::<()>::new(1, Vec::new());
        let job = NewJob { number: 0, work: SimDuration::ZERO, flow: 0, size: 1, key: 0 };
        let msgs: Vec<MsgId> = (0..100).map(|_| kernel.create(NodeId(0), || job)).collect();
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let (loud, quiet) = (1, 2);
        let mut fair = Fair::new(GroupMap::new(&[None]), 1, 1);
        let send = |fair: &mut Fair, index: usize, group, second| {
            fair.sent(group, at(second));
            fair.put(msgs[index], 0, group, false);
        };
        for index in 0..50 {
            send(&mut fair, index, loud, 0);
        }
        // Forty in flight, and nothing of anybody else.
        for msg in &msgs[..40] {
            assert_eq!(fair.take(Hosts::all(), at(1)), Some(*msg));
            fair.received(*msg, loud, at(1));
        }
        send(&mut fair, 50, quiet, 2);
        assert_eq!(fair.take(Hosts::all(), at(2)), Some(msgs[50]));
        send(&mut fair, 51, quiet, 299);
        send(&mut fair, 52, quiet, 299);
        assert_eq!(fair.take(Hosts::all(), at(299)), Some(msgs[51]));
        // From then on what came first goes first.
        assert_eq!(fair.take(Hosts::all(), at(300)), Some(msgs[40]));
    }
}
