//! The second book of a queue: every message that is there, and what may happen to it next.

use super::Event;
use super::groups::{Groups, Place};
use super::ids::{Id, Taken};
use crate::components::sqs::duplicates::Cause;
use crate::engine::{MsgId, NodeId, SimDuration, SimTime};
use crate::facts::sqs;
use std::collections::BTreeMap;
use std::fmt::Arguments;

/// What the queue was told to be.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub name: String,
    pub is_fifo: bool,
    pub visibility_timeout: SimDuration,
    /// Consumers with a visibility timeout of their own.
    pub asked: Vec<(NodeId, SimDuration)>,
    /// How old a message may become, if it can within the run.
    pub retention: Option<SimDuration>,
    /// How often a message may be received, if there is a dead-letter queue.
    pub max_receive_count: Option<u16>,
    pub in_flight_limit: usize,
    /// Whether a message may be deleted with an outdated receipt.
    pub stale_deletes: bool,
}

/// The message that something happens to, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub now: SimTime,
    pub msg: MsgId,
    /// The number of its job.
    pub job: u64,
    pub group: u32,
    /// When it was sent, as it says itself.
    pub sent: SimTime,
    /// How often it was received, as it says itself.
    pub receives: u16,
    /// How many of these receives were before it was sent back from a dead-letter queue.
    pub former: u16,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// Hidden since it came.
    Delayed,
    Visible,
    InFlight,
}

/// What is known of a message.
#[derive(Debug, Clone, Copy)]
struct Entry {
    stand: Stand,
    /// The end of the time for which it is hidden.
    until: SimTime,
    place: Place,
    /// When its age began.
    sent: SimTime,
    receives: u16,
    /// Of these, those before it was sent back.
    former: u16,
    /// When it was handed out last, and with which batch.
    received: SimTime,
    batch: u64,
    /// Whether its consumer changed how long it is hidden.
    changed: bool,
    /// What the service is about to do twice.
    cause: Option<Cause>,
    deleted: bool,
}

/// Everything known of a queue.
#[derive(Debug, Clone)]
pub(super) struct Book {
    rules: Rules,
    entries: BTreeMap<MsgId, Entry>,
    /// Visible, in flight, delayed.
    counts: [u64; 3],
    groups: Groups,
    taken: Taken,
    /// How many have come.
    came: u64,
    /// The answer that is being made.
    batch: u64,
}

impl Book {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            entries: BTreeMap::new(),
            counts: [0; 3],
            groups: Groups::default(),
            taken: Taken::default(),
            came: 0,
            batch: 0,
        }
    }

    /// Something happens to a message; `id` tells it from others in a FIFO queue.
    ///
    /// # Panics
    /// If it must not happen.
    pub(super) fn enter(&mut self, seen: &Seen, event: Event, id: Option<Id>) {
        match event {
            Event::Sent(hidden) => {
                self.take_in(seen, id);
                self.demand(
                    seen.receives == 0,
                    seen,
                    format_args!("it is new, but was received {} times", seen.receives),
                );
                self.come(seen, hidden);
            }
            Event::Deduplicated => self.refuse(seen, id),
            Event::Buried => self.come(seen, SimDuration::ZERO),
            Event::Redriven(hidden) => {
                let (all, former) = (seen.receives, seen.former);
                self.demand(all == former, seen, format_args!("sent back, but {former} of {all} receives were before"));
                self.come(seen, hidden);
            }
            Event::Shown => self.show(seen),
            Event::Doubled(cause) => self.double(seen, cause),
            Event::Received { by, receive, more } => self.lend(seen, by, receive, more),
            Event::Repeated { by } => self.lend_again(seen, by),
            Event::Hidden { length, granted } => self.hide(seen, length, granted),
            Event::ShownAgain => self.show_again(seen),
            Event::Deleted { receive } => self.delete(seen, receive),
            Event::Left | Event::Expired | Event::Purged | Event::DeadLettered | Event::SentBack => {
                self.leave(seen, event);
            }
        }
    }

    /// The gauges show what the book has: visible, in flight, delayed.
    pub(super) fn compare(&self, shown: [u64; 3], now: SimTime) {
        let (name, counts) = (&self.rules.name, self.counts);
        assert!(
            shown == counts,
            "the queue `{name}` at {now}: its gauges show {shown:?} messages visible, in flight and delayed, but there \
             are {counts:?}"
        );
    }

    fn demand(&self, holds: bool, seen: &Seen, broken: Arguments<'_>) {
        let (name, now, job) = (&self.rules.name, seen.now, seen.job);
        assert!(holds, "the queue `{name}` at {now}, a message of job {job}: {broken}");
    }

    fn entry(&self, seen: &Seen, event: &str) -> Entry {
        let entry = self.entries.get(&seen.msg).copied();
        self.demand(entry.is_some(), seen, format_args!("it is not here, but {event}"));
        entry.expect("it is here")
    }

    /// A message goes from where it stood to where the entry says.
    fn write(&mut self, seen: &Seen, entry: Entry) {
        let before = self.entries.insert(seen.msg, entry);
        if let Some(before) = before {
            self.uncount(seen, before.stand);
        }
        self.counts[place(entry.stand)] += 1;
        if self.rules.is_fifo && entry.stand == Stand::InFlight {
            self.groups.lend(seen.group, entry.batch);
        }
    }

    fn uncount(&mut self, seen: &Seen, stand: Stand) {
        self.counts[place(stand)] -= 1;
        if self.rules.is_fifo && stand == Stand::InFlight {
            self.groups.give_back(seen.group);
        }
    }

    fn take_in(&mut self, seen: &Seen, id: Option<Id>) {
        let Some(id) = id else { return };
        let interval = sqs::FIFO_DEDUPLICATION_INTERVAL.value.get();
        let before = self.taken.lately(id, seen.now, interval);
        self.demand(before.is_none(), seen, format_args!("taken in, but one with its id came at {before:?}"));
        self.taken.take(id, seen.now, interval);
    }

    fn refuse(&self, seen: &Seen, id: Option<Id>) {
        let interval = sqs::FIFO_DEDUPLICATION_INTERVAL.value.get();
        let before = id.and_then(|id| self.taken.lately(id, seen.now, interval));
        self.demand(before.is_some(), seen, format_args!("refused as a duplicate, but none with its id came lately"));
    }

    fn come(&mut self, seen: &Seen, hidden: SimDuration) {
        self.demand(
            !self.entries.contains_key(&seen.msg),
            seen,
            format_args!("it comes, but has been here all the time"),
        );
        let until = seen.now + hidden;
        self.came += 1;
        let place = (until, self.came);
        if self.rules.is_fifo {
            self.groups.join(seen.group, place, seen.msg);
        }
        let entry = Entry {
            stand: Stand::Delayed,
            until,
            place,
            sent: seen.sent,
            receives: seen.receives,
            former: seen.former,
            received: seen.now,
            batch: 0,
            changed: false,
            cause: None,
            deleted: false,
        };
        self.write(seen, entry);
    }

    fn show(&mut self, seen: &Seen) {
        let entry = self.entry(seen, "can be received");
        if entry.stand == Stand::Visible {
            // It is put where it was before: told by then.
            return;
        }
        self.demand(entry.stand == Stand::Delayed, seen, format_args!("it can be received, but is in flight"));
        self.demand(entry.until == seen.now, seen, format_args!("its delay ends at {}", entry.until));
        self.write(seen, Entry { stand: Stand::Visible, ..entry });
    }

    fn double(&mut self, seen: &Seen, cause: Cause) {
        let entry = self.entry(seen, "given out twice");
        self.demand(!self.rules.is_fifo, seen, format_args!("a FIFO queue does nothing twice"));
        self.entries.insert(seen.msg, Entry { cause: Some(cause), ..entry });
    }

    fn lend(&mut self, seen: &Seen, by: NodeId, receive: u16, more: bool) {
        let mut entry = self.entry(seen, "received");
        let (hidden, limit) = (entry.until, self.rules.max_receive_count.unwrap_or(u16::MAX));
        self.demand(entry.stand == Stand::Visible, seen, format_args!("received while hidden until {hidden}"));
        let follows =
            receive == entry.receives.wrapping_add(1) || (entry.receives == u16::MAX && receive > u16::MAX / 2);
        self.demand(follows, seen, format_args!("receive {receive} comes after {}", entry.receives));
        let times = receive.wrapping_sub(entry.former);
        self.demand(times <= limit, seen, format_args!("received {times} times, {limit} are allowed"));
        let old = self.rules.retention.is_some_and(|period| seen.now > entry.sent + period);
        self.demand(!old, seen, format_args!("received too late: it was sent at {}", entry.sent));
        if self.rules.is_fifo {
            self.keep_order(seen, entry.place);
        }
        entry.stand = Stand::InFlight;
        entry.receives = receive;
        entry.changed = false;
        entry.batch = self.batch;
        self.hide_from(seen, by, entry);
        let (in_flight, limit) = (self.counts[place(Stand::InFlight)], self.rules.in_flight_limit);
        self.demand(in_flight <= limit as u64, seen, format_args!("{in_flight} are in flight, {limit} may be"));
        self.batch += u64::from(!more);
    }

    /// Hidden from all others from now on, since this consumer has it.
    fn hide_from(&mut self, seen: &Seen, by: NodeId, entry: Entry) {
        let asked = self.rules.asked.iter().find(|(node, _)| *node == by);
        let length = asked.map_or(self.rules.visibility_timeout, |&(_, length)| length);
        self.write(seen, Entry { until: seen.now + length, received: seen.now, ..entry });
    }

    /// All before it in its group are in the same batch, and no other batch of the group is under way.
    fn keep_order(&self, seen: &Seen, place: Place) {
        let locked = self.groups.batch(seen.group).is_some_and(|batch| batch != self.batch);
        self.demand(!locked, seen, format_args!("received while another batch of group {} is in flight", seen.group));
        let Some(before) = self.groups.before(seen.group, place) else { return };
        let with_it = |entry: &Entry| entry.stand == Stand::InFlight && entry.batch == self.batch;
        let in_order = self.entries.get(&before).is_some_and(with_it);
        self.demand(in_order, seen, format_args!("received before an earlier message of group {}", seen.group));
    }

    fn lend_again(&mut self, seen: &Seen, by: NodeId) {
        let entry = self.entry(seen, "received again");
        let sound = self.rules.is_fifo && entry.stand == Stand::InFlight && !entry.changed;
        self.demand(sound, seen, format_args!("a receive is repeated although something happened to the message"));
        self.hide_from(seen, by, entry);
    }

    fn hide(&mut self, seen: &Seen, length: SimDuration, granted: bool) {
        let entry = self.entry(seen, "its time is changed");
        self.demand(entry.stand == Stand::InFlight, seen, format_args!("its time is changed, but it is not in flight"));
        let until = seen.now + length;
        let may = until <= entry.received + sqs::VISIBILITY_TOTAL_MAX.value.get();
        self.demand(granted == may, seen, format_args!("hidden until {until}: granted is {granted}, allowed {may}"));
        if granted {
            self.entries.insert(seen.msg, Entry { until, changed: true, ..entry });
        }
    }

    fn show_again(&mut self, seen: &Seen) {
        let entry = self.entry(seen, "can be received again");
        self.demand(entry.stand == Stand::InFlight, seen, format_args!("it comes back, but was not in flight"));
        let missed = entry.cause == Some(Cause::MissedReceive) && seen.now == entry.received;
        let over = seen.now == entry.until;
        self.demand(over || missed, seen, format_args!("it comes back, but is hidden until {}", entry.until));
        let kept = !entry.deleted || entry.cause == Some(Cause::MissedDelete);
        self.demand(kept, seen, format_args!("it comes back after its delete"));
        // What is seen after a delete is a message like any other from then on.
        self.write(seen, Entry { stand: Stand::Visible, cause: None, deleted: false, ..entry });
    }

    fn delete(&mut self, seen: &Seen, receive: u16) {
        let entry = self.entry(seen, "deleted");
        let since = entry.receives.wrapping_sub(receive);
        let may = since < entry.receives.wrapping_sub(entry.former) && (since == 0 || self.rules.stale_deletes);
        self.demand(may, seen, format_args!("deleted with receipt {receive}, the newest is {}", entry.receives));
        let in_time = !self.rules.is_fifo || entry.stand == Stand::InFlight;
        self.demand(in_time, seen, format_args!("deleted from a FIFO queue after its time"));
        self.entries.insert(seen.msg, Entry { deleted: true, ..entry });
    }

    fn leave(&mut self, seen: &Seen, event: Event) {
        let entry = self.entry(seen, "leaves");
        let may = match event {
            Event::Left => entry.deleted,
            Event::Expired => self.rules.retention.is_some_and(|period| seen.now >= entry.sent + period),
            Event::DeadLettered => {
                let times = entry.receives.wrapping_sub(entry.former);
                let often = self.rules.max_receive_count.is_some_and(|limit| times >= limit);
                often && entry.stand == Stand::Visible
            }
            Event::SentBack => entry.stand == Stand::Visible,
            _ => true,
        };
        self.demand(may, seen, format_args!("{event:?} does not follow from {entry:?}"));
        self.uncount(seen, entry.stand);
        self.entries.remove(&seen.msg);
        if self.rules.is_fifo {
            self.groups.leave(seen.group, entry.place);
        }
    }
}

/// The place of a count.
const fn place(stand: Stand) -> usize {
    match stand {
        Stand::Visible => 0,
        Stand::InFlight => 1,
        Stand::Delayed => 2,
    }
}
