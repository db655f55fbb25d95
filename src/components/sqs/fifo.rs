//! What a FIFO queue can give out: groups in order, each locked while a message of it is in flight.
//!
//! It looks for a free group among its first messages only (fact `sqs.fifo_search_window`): what is sent behind a long
//! backlog of one busy group is not seen, however many groups are free there.

use super::calls::Calls;
use super::identity::Lately;
use super::line::Line;
use crate::engine::{MsgId, SimTime};
use crate::traffic::Keys;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// Which message group a key of a flow is: keys that read the same are the same group, whichever flow they come from.
#[derive(Debug, Clone)]
pub(in crate::components) struct GroupMap(Arc<[FlowGroups]>);

/// The groups of one flow.
#[derive(Debug, Clone)]
enum FlowGroups {
    /// Its messages have no keys: they are one group, together with those of all such flows.
    One,
    /// No other flow has keys, so that a key's number will do.
    OfNumber,
    /// By the number of the key.
    Shared(Vec<u32>),
}

impl GroupMap {
    /// Compares the keys of all flows.
    pub(in crate::components) fn new(flows: &[Option<Keys>]) -> Self {
        let alone = flows.iter().flatten().count() < 2;
        let mut known = BTreeMap::new();
        let mut number = |text: String| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX) + 1;
            *known.entry(text).or_insert(next)
        };
        let groups = |keys: &Option<Keys>| match keys {
            None => FlowGroups::One,
            Some(_) if alone => FlowGroups::OfNumber,
            Some(keys) => FlowGroups::Shared((0..keys.count()).map(|key| number(keys.text(key))).collect()),
        };
        Self(flows.iter().map(groups).collect())
    }

    /// The group of a message with this key of this flow.
    #[inline]
    pub(in crate::components) fn group(&self, flow: u16, key: u32) -> u32 {
        match &self.0[usize::from(flow)] {
            FlowGroups::One => 0,
            FlowGroups::OfNumber => key + 1,
            FlowGroups::Shared(groups) => groups[key as usize],
        }
    }
}

/// What only a FIFO queue has.
#[derive(Debug, Clone)]
pub(super) struct Fifo {
    /// Which groups there are.
    pub map: GroupMap,
    /// Its groups.
    pub groups: Groups,
    /// Messages sent lately.
    pub lately: Lately,
    /// The limits on calls.
    pub calls: Calls,
}

/// The groups of a FIFO queue, with all their messages, in flight or not.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    /// By the number of the group.
    by_number: Vec<Group>,
    /// Groups that had a message to give and none in flight when they were put here, by the place of their first message
    /// in the queue. What has changed since is seen when they come to the top.
    free: First,
    window: Window,
}

/// Numbers with groups, the least first. It stands apart from the others: most of the time it is the only one.
#[derive(Debug, Clone, Default)]
struct First {
    least: Option<(u64, u32)>,
    others: BinaryHeap<Reverse<(u64, u32)>>,
}

impl First {
    #[inline(always)]
    fn push(&mut self, entry: (u64, u32)) {
        match self.least {
            None => self.least = Some(entry),
            Some(least) => {
                self.least = Some(least.min(entry));
                self.others.push(Reverse(least.max(entry)));
            }
        }
    }

    #[inline(always)]
    fn pop(&mut self) {
        self.least = if self.others.is_empty() { None } else { self.others.pop().map(|Reverse(entry)| entry) };
    }
}

#[derive(Debug, Clone, Default)]
struct Group {
    /// In the order sent; those in flight stay in their places.
    messages: Line,
    /// Received and not yet deleted, visible again, expired or dead-lettered.
    in_flight: u32,
}

impl Groups {
    /// No messages; the queue looks through the first `window` of them for a free group.
    pub(super) fn new(window: usize) -> Self {
        Self { by_number: Vec::new(), free: First::default(), window: Window::new(window) }
    }

    fn group(&mut self, group: u32) -> &mut Group {
        let index = group as usize;
        if index >= self.by_number.len() {
            self.by_number.resize_with(index + 1, Group::default);
        }
        &mut self.by_number[index]
    }

    /// A new message of `group` becomes visible.
    pub(super) fn put(&mut self, msg: MsgId, group: u32) {
        let place = self.window.put(msg);
        let entry = self.group(group);
        if entry.messages.push((place, msg)) {
            self.free.push((place, group));
        }
    }

    /// The free group whose first message is the oldest, if that is among the messages that the service looks through.
    pub(super) fn first_free(&mut self) -> Option<u32> {
        while let Some((place, group)) = self.free.least {
            let entry = &self.by_number[group as usize];
            if entry.in_flight == 0 && entry.messages.front().is_some_and(|(first, _)| first == place) {
                return self.window.sees(place).then_some(group);
            }
            self.free.pop();
        }
        None
    }

    /// Takes the next message of the group that `batch` is about; if there is none, the first of the group that is
    /// [`first_free`](Self::first_free), which is locked by it and which `batch` is about from then on.
    pub(super) fn take(&mut self, batch: &mut Option<u32>) -> Option<MsgId> {
        if let Some(group) = *batch {
            let entry = &mut self.by_number[group as usize];
            // Those in flight are its first ones: the group was free when the batch was begun.
            if let Some((_, msg)) = entry.messages.get(entry.in_flight as usize) {
                entry.in_flight += 1;
                return Some(msg);
            }
        }
        let group = self.first_free()?;
        self.free.pop();
        *batch = Some(group);
        let entry = &mut self.by_number[group as usize];
        entry.in_flight += 1;
        entry.messages.front().map(|(_, msg)| msg)
    }

    /// A message leaves the queue for good. `was_in_flight`: else it was visible.
    #[inline(always)]
    pub(super) fn remove(&mut self, msg: MsgId, group: u32, was_in_flight: bool) {
        let entry = &mut self.by_number[group as usize];
        if let Some(place) = entry.messages.remove(msg) {
            self.window.remove(place);
        }
        if was_in_flight {
            self.unlock(group);
        } else {
            self.list(group);
        }
    }

    /// A message in flight is visible again, in its old place.
    pub(super) fn unlock(&mut self, group: u32) {
        self.by_number[group as usize].in_flight -= 1;
        self.list(group);
    }

    /// Lists a group that can give a message.
    #[inline(always)]
    fn list(&mut self, group: u32) {
        let entry = &self.by_number[group as usize];
        if entry.in_flight == 0
            && let Some((place, _)) = entry.messages.front()
        {
            self.free.push((place, group));
        }
    }

    /// All messages, by group.
    pub(super) fn iter(&self) -> impl Iterator<Item = MsgId> + '_ {
        self.by_number.iter().flat_map(|group| group.messages.iter().map(|(_, msg)| msg))
    }

    /// When the first message of the queue was sent that counts, in flight or not.
    pub(super) fn oldest(&self, sent: impl Fn(MsgId) -> Option<SimTime>) -> Option<SimTime> {
        self.window.here.iter().copied().flatten().find_map(sent)
    }
}

/// The first so many messages of a queue, however many have left from between them.
#[derive(Debug, Clone)]
struct Window {
    /// How many -- parameter.
    size: usize,
    /// The message with the place `first` and those after it, as far as they are still here; the first of them is.
    here: VecDeque<Option<MsgId>>,
    first: u64,
    /// The messages before this place are in the window, and how many of them are still here.
    end: u64,
    inside: usize,
}

impl Window {
    const fn new(size: usize) -> Self {
        Self { size, here: VecDeque::new(), first: 0, end: 0, inside: 0 }
    }

    /// The place of a new message.
    fn put(&mut self, msg: MsgId) -> u64 {
        let place = self.first + self.here.len() as u64;
        self.here.push_back(Some(msg));
        if self.inside < self.size {
            self.inside += 1;
            self.end = place + 1;
        }
        place
    }

    const fn sees(&self, place: u64) -> bool {
        place < self.end
    }

    #[allow(clippy::cast_possible_truncation, reason = "places in a list in memory")]
    fn remove(&mut self, place: u64) {
        if place < self.end {
            self.inside -= 1;
            while let Some(&here) = self.here.get((self.end - self.first) as usize) {
                self.end += 1;
                if here.is_some() {
                    self.inside += 1;
                    break;
                }
            }
        }
        if place > self.first {
            self.here[(place - self.first) as usize] = None;
            return;
        }
        self.here.pop_front();
        self.first += 1;
        while self.here.front() == Some(&None) {
            self.here.pop_front();
            self.first += 1;
        }
        self.end = self.end.max(self.first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimDuration;

    /// Some messages, as a kernel makes them.
    fn messages(count: usize) -> Vec<MsgId> {
        let mut kernel = crate::engine::Kernel::<()>::new(1, Vec::new());
        let job = crate::engine::NewJob { number: 0, work: SimDuration::ZERO, flow: 0, size: 1, key: 0 };
        (0..count).map(|_| kernel.create(crate::engine::NodeId(0), || job)).collect()
    }

    #[test]
    fn a_window_holds_its_number_of_messages_whoever_leaves() {
        let mut window = Window::new(3);
        let msgs = messages(8);
        let places: Vec<u64> = msgs[..6].iter().map(|&msg| window.put(msg)).collect();
        let seen = |window: &Window| places.iter().filter(|&&place| window.sees(place)).copied().collect::<Vec<_>>();
        assert_eq!(seen(&window), [0, 1, 2]);
        window.remove(4);
        assert_eq!(seen(&window), [0, 1, 2]);
        window.remove(1);
        assert_eq!(seen(&window), [0, 1, 2, 3]);
        window.remove(0);
        // The fourth has left before: the window goes on to the fifth.
        assert_eq!((window.sees(5), window.inside), (true, 3));
        window.remove(2);
        assert_eq!((window.inside, window.put(msgs[6]), window.inside, window.sees(6)), (2, 6, 3, true));
        assert!(!{
            window.put(msgs[7]);
            window.sees(7)
        });
    }

    #[test]
    fn a_group_is_given_out_from_its_first_message_and_locked_as_a_whole() {
        let msgs = messages(4);
        let msg = |number: usize| msgs[number];
        let mut groups = Groups::new(100);
        for (number, group) in [(0, 5), (1, 6), (2, 5), (3, 5)] {
            groups.put(msg(number), group);
        }
        let take = |groups: &mut Groups, max| {
            let mut batch = None;
            (0..max).map_while(|_| groups.take(&mut batch)).collect::<Vec<_>>()
        };
        assert_eq!(groups.first_free(), Some(5));
        assert_eq!(take(&mut groups, 2), [msg(0), msg(2)]);
        assert_eq!(groups.first_free(), Some(6));
        assert_eq!(take(&mut groups, 2), [msg(1)]);
        assert_eq!(groups.first_free(), None);
        groups.remove(msg(2), 5, true);
        assert_eq!(groups.first_free(), None);
        groups.unlock(5);
        assert_eq!(groups.first_free(), Some(5));
        assert_eq!(take(&mut groups, 10), [msg(0), msg(3)]);
    }
}
