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

/// A visible message with its place in the queue.
type Placed = (u64, MsgId);

/// Visible messages of a fair queue, and what its groups have in flight.
#[derive(Debug, Clone)]
pub(super) struct Fair {
    /// Which groups there are -- parameter. Messages without a key are each a group of its own, and never noisy.
    pub map: GroupMap,
    /// How many of its hosts a short poll asks -- parameter.
    sampled: usize,
    groups: Vec<Group>,
    /// Of each host the quiet groups with messages on it, by the place of the first one there.
    quiet: Vec<BTreeSet<(u64, u32)>>,
    /// Noisy groups with messages, those with the fewest in flight first.
    noisy: BTreeSet<(u32, u32)>,
    in_flight: u32,
    /// When each message in flight was received.
    loans: BTreeMap<MsgId, SimTime>,
    /// The consumers' time.
    time: Recent,
    /// The place at the back.
    back: u64,
    /// Not before then is it over with a noisy group because it has sent nothing for long.
    calm_at: SimTime,
}

#[derive(Debug, Clone, Default)]
struct Group {
    /// Its visible messages on each host, in the order of their places; nothing before the first one comes.
    hosts: Vec<VecDeque<Placed>>,
    /// The hosts that have one.
    filled: Sample,
    in_flight: u32,
    is_noisy: bool,
    last_sent: SimTime,
    time: Recent,
}

impl Group {
    /// The place of its first message on this host.
    fn first(&self, host: usize) -> Option<u64> {
        self.hosts.get(host)?.front().map(|&(place, _)| place)
    }

    /// Of the hosts that are asked and have a message the one with the first.
    fn first_host(&self, sample: Sample) -> Option<usize> {
        let hosts = self.filled.within(sample).hosts();
        hosts.filter_map(|host| Some((self.first(host)?, host))).min().map(|(_, host)| host)
    }
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

/// The first place: there is room before it, so that a place can be reckoned back from the last one.
const FIRST_PLACE: u64 = 1 << 33;

impl Fair {
    pub(super) fn new(map: GroupMap, hosts: usize, sampled: usize) -> Self {
        Self {
            map,
            sampled,
            groups: Vec::new(),
            quiet: vec![BTreeSet::new(); hosts],
            noisy: BTreeSet::new(),
            in_flight: 0,
            loans: BTreeMap::new(),
            time: Recent::default(),
            back: FIRST_PLACE,
            calm_at: SimTime::MAX,
        }
    }

    /// A random subset of the hosts: what a short poll asks.
    pub(super) fn some(&self, draws: &mut Draws) -> Sample {
        Sample::of(self.sampled, self.quiet.len(), draws)
    }

    /// How many hosts there are.
    pub(super) const fn hosts(&self) -> usize {
        self.quiet.len()
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

    /// A message can be received: at the back, or in its old place when it comes back early. `tag` is the place that
    /// the queue gave it, as far as 32 bits tell.
    pub(super) fn put(&mut self, msg: MsgId, number: u64, tag: u32, group: u32, comes_back: bool) {
        let place = self.place(tag);
        self.back = self.back.max(place);
        let (place, hosts) = (if comes_back { place } else { self.back }, self.hosts());
        let host = host_of(number, hosts);
        let entry = self.group(group);
        if entry.hosts.is_empty() {
            entry.hosts.resize_with(hosts, VecDeque::new);
        }
        let (before, list) = (entry.first(host), &mut entry.hosts[host]);
        match list.back() {
            Some(&(last, _)) if place < last => {
                let index = list.partition_point(|&(other, _)| other <= place);
                list.insert(index, (place, msg));
            }
            _ => list.push_back((place, msg)),
        }
        self.relist(group, host, before);
    }

    /// The place that a message has, of those with this tag the one that is not far from the back.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the lower half counts, as a distance"
    )]
    fn place(&self, tag: u32) -> u64 {
        self.back.saturating_add_signed(i64::from(tag.wrapping_sub(self.back as u32) as i32))
    }

    /// The first message of a group on a host may be another one than `before`.
    fn relist(&mut self, group: u32, host: usize, before: Option<u64>) {
        let entry = &mut self.groups[group as usize];
        let first = entry.first(host);
        if first == before {
            return;
        }
        let had_any = !entry.filled.is_empty();
        entry.filled.set(host, first.is_some());
        let has_any = !entry.filled.is_empty();
        if entry.is_noisy {
            let listed = (entry.in_flight, group);
            match (had_any, has_any) {
                (false, true) => self.noisy.insert(listed),
                (true, false) => self.noisy.remove(&listed),
                _ => false,
            };
            return;
        }
        let quiet = &mut self.quiet[host];
        if let Some(place) = before {
            quiet.remove(&(place, group));
        }
        if let Some(place) = first {
            quiet.insert((place, group));
        }
    }

    /// Takes what comes next on the hosts that are asked.
    pub(super) fn take(&mut self, sample: Sample, now: SimTime) -> Option<MsgId> {
        if now >= self.calm_at {
            self.calm(now);
        }
        let (host, group) = self.first_quiet(sample).or_else(|| self.first_noisy(sample))?;
        let list = &mut self.groups[group as usize].hosts[host];
        let (place, msg) = list.pop_front()?;
        self.relist(group, host, Some(place));
        Some(msg)
    }

    /// The quiet group whose first message came first, and its host.
    fn first_quiet(&self, sample: Sample) -> Option<(usize, u32)> {
        let asked = self.quiet.iter().enumerate().filter(|&(host, _)| sample.asks(host));
        let firsts = asked.filter_map(|(host, groups)| groups.first().map(|&first| (first, host)));
        firsts.min().map(|((_, group), host)| (host, group))
    }

    /// The noisy group with the fewest messages in flight, and the host of its first one.
    fn first_noisy(&self, sample: Sample) -> Option<(usize, u32)> {
        let mut groups = self.noisy.iter().map(|&(_, group)| group);
        groups.find_map(|group| Some((self.groups[group as usize].first_host(sample)?, group)))
    }

    /// Takes out a message that is there.
    pub(super) fn remove(&mut self, msg: MsgId, number: u64, group: u32) {
        let host = host_of(number, self.hosts());
        let entry = self.group(group);
        let before = entry.first(host);
        if let Some(list) = entry.hosts.get_mut(host) {
            list.retain(|&(_, other)| other != msg);
        }
        self.relist(group, host, before);
    }

    /// So many messages of a group are in flight from now on.
    fn set_in_flight(&mut self, group: u32, in_flight: u32) {
        let entry = &mut self.groups[group as usize];
        let before = std::mem::replace(&mut entry.in_flight, in_flight);
        if entry.is_noisy && !entry.filled.is_empty() {
            self.noisy.remove(&(before, group));
            self.noisy.insert((in_flight, group));
        }
    }

    /// A message is in flight from now on.
    pub(super) fn received(&mut self, msg: MsgId, group: u32, now: SimTime) {
        self.loans.insert(msg, now);
        self.in_flight += 1;
        let in_flight = self.group(group).in_flight + 1;
        self.set_in_flight(group, in_flight);
        self.judge(group, now);
    }

    /// A message is in flight no more.
    pub(super) fn returned(&mut self, msg: MsgId, group: u32, now: SimTime) {
        let Some(received) = self.loans.remove(&msg) else { return };
        let time = now.since(received);
        self.in_flight -= 1;
        self.time.add(time, now);
        let entry = self.group(group);
        entry.time.add(time, now);
        let in_flight = entry.in_flight - 1;
        self.set_in_flight(group, in_flight);
        self.judge(group, now);
    }

    /// Groups may have been noisy for long enough, even if nobody has received anything of them lately.
    #[cold]
    fn calm(&mut self, now: SimTime) {
        self.calm_at = SimTime::MAX;
        let noisy: Vec<u32> = self.noisy.iter().map(|&(_, group)| group).collect();
        for group in noisy {
            self.judge(group, now);
        }
    }

    /// Whether a group is noisy from now on.
    #[allow(clippy::cast_precision_loss, reason = "shares, compared with a tenth")]
    pub(super) fn judge(&mut self, group: u32, now: SimTime) {
        let (in_flight, time) = (self.in_flight, self.time.sum(now));
        let share = sqs::FAIR_NOISY_SHARE.value.get();
        let entry = self.group(group);
        let calm_at = entry.last_sent + sqs::FAIR_QUIET_AFTER.value.get();
        let goes_on = group > 0 && !entry.filled.is_empty() && now < calm_at;
        let many = entry.in_flight >= sqs::FAIR_NOISY_IN_FLIGHT.value
            && f64::from(entry.in_flight) > share * f64::from(in_flight);
        let long = entry.time.sum(now) as f64 > share * time as f64;
        let is_noisy = goes_on && (entry.is_noisy || many || long);
        if is_noisy != entry.is_noisy {
            self.turn(group);
        }
        if is_noisy {
            self.calm_at = self.calm_at.min(calm_at);
        }
    }

    /// A quiet group is noisy from now on, or the other way round.
    #[inline(never)]
    fn turn(&mut self, group: u32) {
        let entry = &mut self.groups[group as usize];
        entry.is_noisy = !entry.is_noisy;
        for host in entry.filled.hosts() {
            let Some(place) = entry.first(host) else { continue };
            if entry.is_noisy {
                self.quiet[host].remove(&(place, group));
            } else {
                self.quiet[host].insert((place, group));
            }
        }
        let listed = (entry.in_flight, group);
        if !entry.is_noisy {
            self.noisy.remove(&listed);
        } else if !entry.filled.is_empty() {
            self.noisy.insert(listed);
        }
    }

    /// All visible messages; some of them may have ended.
    pub(super) fn iter(&self) -> impl Iterator<Item = MsgId> + '_ {
        self.groups.iter().flat_map(|group| group.hosts.iter().flatten().map(|&(_, msg)| msg))
    }

    /// The earliest send time among the first messages of the groups that count, on each host.
    pub(super) fn oldest(&self, sent: impl Fn(MsgId) -> Option<SimTime>) -> Option<SimTime> {
        let first = |list: &VecDeque<Placed>| list.iter().find_map(|&(_, msg)| sent(msg));
        let lists = |group: &Group| group.filled.hosts().filter_map(|host| first(&group.hosts[host])).min();
        self.groups.iter().filter_map(lists).min()
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
        let tag = |index: usize| u32::try_from(index).expect("small");
        let send = |fair: &mut Fair, index: usize, group, second| {
            fair.sent(group, at(second));
            fair.put(msgs[index], 0, tag(index), group, false);
            fair.judge(group, at(second));
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

    /// Some messages, as a kernel makes them.
    fn messages(count: usize) -> Vec<MsgId> {
        let mut kernel = Kernel::<()>::new(1, Vec::new());
        let job = NewJob { number: 0, work: SimDuration::ZERO, flow: 0, size: 1, key: 0 };
        (0..count).map(|_| kernel.create(NodeId(0), || job)).collect()
    }

    #[test]
    fn messages_that_come_back_together_keep_their_places() {
        let (msgs, now, group) = (messages(6), SimTime::ZERO, 1);
        // The places wrap around between the third and the fourth.
        let tag = |index: u32| u32::MAX.wrapping_add(index).wrapping_sub(1);
        let mut fair = Fair::new(GroupMap::new(&[None]), 1, 1);
        fair.back += u64::from(u32::MAX - 3);
        let put = |fair: &mut Fair, index: u32, comes_back| {
            fair.put(msgs[index as usize], 0, tag(index), group, comes_back);
        };
        (0..5).for_each(|index| put(&mut fair, index, false));
        let all = |fair: &mut Fair| std::iter::from_fn(|| fair.take(Hosts::all(), now)).collect::<Vec<_>>();
        assert_eq!(all(&mut fair), msgs[..5]);
        put(&mut fair, 5, false);
        (0..5).for_each(|index| put(&mut fair, index, true));
        assert_eq!(all(&mut fair), msgs);
    }

    #[test]
    fn a_poll_that_asks_some_hosts_finds_what_lies_behind_the_first_message_of_a_group() {
        let (msgs, now) = (messages(2), SimTime::ZERO);
        let number_on = |host| (0..100).find(|&number| host_of(number, 2) == host).expect("one of them");
        for group in [0, 1] {
            let mut fair = Fair::new(GroupMap::new(&[None]), 2, 1);
            fair.put(msgs[0], number_on(0), 1, group, false);
            fair.put(msgs[1], number_on(1), 2, group, false);
            let mut second = Sample::default();
            second.set(1, true);
            let taken = [second, second, Hosts::all()].map(|sample| fair.take(sample, now));
            assert_eq!(taken, [Some(msgs[1]), None, Some(msgs[0])]);
        }
    }
}
