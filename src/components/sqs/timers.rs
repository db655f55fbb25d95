//! Ends of invisibility where they are not all equally long: consumers that ask for a time of their own, or change it.
//!
//! Where every receive hides for the queue's own time, a ring of deadlines does; the first change turns it into this.

use crate::engine::{Deadlines, MsgId, MsgRef, NodeId, SimDuration, SimTime};
use crate::facts::sqs;
use std::collections::BTreeMap;

/// A receive of a message, told from all others.
pub(super) type Receive = (MsgRef, u16);

/// Why a message does not stay hidden for as long as was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// The ends of invisibility of the messages in flight, each by itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    /// Consumers that ask for a time of their own -- parameter.
    asked: Vec<(NodeId, SimDuration)>,
    ends: BTreeMap<(SimTime, u64), Receive>,
    loans: BTreeMap<MsgId, Loan>,
    serial: u64,
    /// When the first pending alarm rings.
    armed: Option<SimTime>,
}

#[derive(Debug, Clone, Copy)]
struct Loan {
    received: SimTime,
    end: (SimTime, u64),
    changed: bool,
}

impl Timers {
    /// For consumers that ask for a time of their own, and those that repeat receives, by which a time begins anew;
    /// nothing if there are none.
    pub(super) fn of(asked: Vec<(NodeId, SimDuration)>, repeats: bool) -> Option<Box<Self>> {
        (repeats || !asked.is_empty()).then(|| Box::new(Self { asked, ..Self::default() }))
    }

    /// Takes over what a ring holds, where all messages are hidden for `length`.
    pub(super) fn adopt(
        ring: &Deadlines<Receive>,
        length: SimDuration,
        is_in_flight: impl Fn(Receive) -> bool,
    ) -> Self {
        let mut timers = Self::default();
        for (end, receive) in ring.iter().filter(|&(_, receive)| is_in_flight(receive)) {
            let received = SimTime::ZERO + (end.since(SimTime::ZERO) - length);
            timers.put(receive, received, end, false);
        }
        timers
    }

    /// How long what this consumer receives stays hidden; `own` is the queue's own time.
    pub(super) fn length(&self, consumer: NodeId, own: SimDuration) -> SimDuration {
        self.asked.iter().find(|(node, _)| *node == consumer).map_or(own, |&(_, asked)| asked)
    }

    fn put(&mut self, receive: Receive, received: SimTime, end: SimTime, changed: bool) {
        self.serial += 1;
        let end = (end, self.serial);
        if let Some(before) = self.loans.insert(receive.0.id, Loan { received, end, changed }) {
            self.ends.remove(&before.end);
        }
        self.ends.insert(end, receive);
    }

    /// A message is received and hidden for `length`.
    pub(super) fn begin(&mut self, receive: Receive, now: SimTime, length: SimDuration) {
        self.put(receive, now, now + length, false);
    }

    /// A message in flight is to stay hidden for `length` from now on.
    pub(super) fn change(&mut self, receive: Receive, now: SimTime, length: SimDuration) -> Result<(), TooLong> {
        let Some(&Loan { received, .. }) = self.loans.get(&receive.0.id) else { return Ok(()) };
        if now + length > received + sqs::VISIBILITY_TOTAL_MAX.value.get() {
            return Err(TooLong);
        }
        self.put(receive, received, now + length, true);
        Ok(())
    }

    /// The receive is repeated: the message is hidden anew. Not if its time was changed meanwhile.
    pub(super) fn is_unchanged(&self, msg: MsgId) -> bool {
        self.loans.get(&msg).is_none_or(|loan| !loan.changed)
    }

    /// The message is not in flight any more.
    pub(super) fn forget(&mut self, msg: MsgId) {
        if let Some(loan) = self.loans.remove(&msg) {
            self.ends.remove(&loan.end);
        }
    }

    /// The next message whose time is over.
    pub(super) fn due(&mut self, now: SimTime) -> Option<Receive> {
        let (&(at, _), &receive) = self.ends.first_key_value()?;
        (at <= now).then(|| {
            self.forget(receive.0.id);
            receive
        })
    }

    /// The time for which an alarm must be set, if none is pending for then or earlier.
    pub(super) fn alarm(&mut self) -> Option<SimTime> {
        let (&(at, _), _) = self.ends.first_key_value()?;
        if self.armed.is_some_and(|armed| armed <= at) {
            return None;
        }
        self.armed = Some(at);
        Some(at)
    }

    /// An alarm rang.
    pub(super) fn rang(&mut self, now: SimTime) {
        self.armed = self.armed.filter(|&armed| armed > now);
    }

    /// The receives under way, those that end first before the others.
    pub(super) fn iter(&self) -> impl Iterator<Item = Receive> + '_ {
        self.ends.values().copied()
    }
}
