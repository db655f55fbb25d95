//! The kernel: clock, event list, zero-delay lane, messages and the ledger.
//!
//! Rule of order, stated once: *all zero-delay consequences of an event finish before the next scheduled event, even
//! one at the same instant; ties are first in, first out, arrivals before what was scheduled, faults before arrivals.*
//! (The three-phase method, see Tocher, *The Art of Simulation*, 1963.)

use super::event_list::EventList;
use super::ledger::Ledger;
use super::message::{Ending, Job, JobId, LossId, LossKind, Message, MsgId, MsgRef};
use super::observer::Observer;
use super::signal::{Call, Event, NodeId, Signal, Stimulus, Told};
use super::time::{SimDuration, SimTime};

/// What one arrival of the traffic brings.
#[derive(Debug, Clone, Copy)]
pub struct NewJob {
    /// Number by which the job's random properties are drawn.
    pub number: u64,
    /// The first kind of work that it needs.
    pub work: SimDuration,
    /// Flow of the traffic.
    pub flow: u16,
    /// Size of the message in bytes.
    pub size: u32,
    /// Index of its key.
    pub key: u32,
}

/// Everything that changes during a replication but the state of the nodes. `T` is the alarm type of the nodes.
#[derive(Debug, Clone)]
pub struct Kernel<T> {
    pub(super) now: SimTime,
    pub(super) list: EventList<Event<T>>,
    pub(super) lane: Vec<Told>,
    pub(super) ledger: Ledger,
}

#[cold]
#[inline(never)]
fn is_past(time: SimTime, now: SimTime) -> ! {
    panic!("nothing is scheduled in the past: {time} is before {now}")
}

impl<T: Copy> Kernel<T> {
    /// A kernel for `nodes` nodes; `losses` says what each [`LossId`] means for a job (index 0 is unused).
    pub fn new(nodes: usize, losses: Vec<LossKind>) -> Self {
        let nothing =
            Event { node: NodeId(0), stimulus: Stimulus::Signal(Signal::Hangup { from: NodeId(0), slot: 0 }) };
        Self { now: SimTime::ZERO, list: EventList::new(nothing), lane: Vec::new(), ledger: Ledger::new(nodes, losses) }
    }

    /// The current instant.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// Tells `node` at once: after what is already in the lane, before anything scheduled.
    #[inline(always)]
    pub fn tell(&mut self, node: NodeId, signal: Signal) {
        self.lane.push(Told { node, signal });
    }

    /// Tells `node` after `delay`; at once if there is none.
    #[inline(always)]
    pub fn tell_after(&mut self, delay: SimDuration, node: NodeId, signal: Signal) {
        if delay.is_zero() {
            self.tell(node, signal);
        } else {
            self.tell_later(delay, node, signal);
        }
    }

    /// The same of a signal that is put together only where it is written. Put together before, by parts in memory, it would
    /// be copied from there, and the copy waits for its parts.
    #[inline(always)]
    pub fn tell_made(&mut self, delay: SimDuration, node: NodeId, make: impl FnOnce() -> Signal) {
        if delay.is_zero() {
            self.tell(node, make());
        } else {
            self.tell_later(delay, node, make());
        }
    }

    /// Not inlined: signals are told at many places, and nearly all of them at once.
    #[inline(never)]
    fn tell_later(&mut self, delay: SimDuration, node: NodeId, signal: Signal) {
        self.list.push(self.now + delay, Event { node, stimulus: Stimulus::Signal(signal) });
    }

    /// Sets an alarm of `node` for `time`.
    ///
    /// # Panics
    /// If `time` is in the past: nothing may be scheduled there.
    #[inline(always)]
    pub fn alarm(&mut self, time: SimTime, node: NodeId, alarm: T) {
        if time < self.now {
            is_past(time, self.now);
        }
        self.list.push(time, Event { node, stimulus: Stimulus::Alarm(alarm) });
    }

    /// The alarm to which a node is about to react: there until it sets another.
    #[inline(always)]
    pub const fn ringing(&self) -> Option<&T> {
        match &self.list.taken().stimulus {
            Stimulus::Alarm(alarm) => Some(alarm),
            Stimulus::Signal(_) => None,
        }
    }

    /// A job arrives; its first message is at `node`. What the job is, is read only where it is written.
    #[inline(always)]
    pub fn create(&mut self, node: NodeId, job: impl FnOnce() -> NewJob) -> MsgId {
        self.ledger.create(node, self.now, job)
    }

    /// Another copy of `msg` that must be done as well, owned by the node that owns `msg`.
    pub fn branch(&mut self, msg: MsgId) -> MsgId {
        self.ledger.branch(msg, self.now)
    }

    /// The store that owns an attempt takes it in: it becomes a part of the job that must be done.
    #[inline]
    pub fn accept(&mut self, msg: MsgId) {
        self.ledger.accept(msg);
    }

    /// Whether `msg` is a request on behalf of another message.
    #[inline]
    pub fn is_attempt(&self, msg: MsgId) -> bool {
        self.ledger.is_attempt(msg)
    }

    /// A request on behalf of `msg`, which stays where it is; owned by the node that owns `msg`.
    #[inline]
    pub fn attempt(&mut self, msg: MsgId) -> MsgId {
        self.ledger.attempt(msg, self.now)
    }

    /// A request that is on its way at once and whose answer goes to `call`. If it `is_kept`, the slot stays valid until
    /// [`unpin`](Self::unpin).
    #[inline(always)]
    pub fn request(&mut self, call: Call, is_kept: bool) -> MsgId {
        self.ledger.request(call, is_kept, self.now)
    }

    /// The message leaves the node that owns it.
    #[inline]
    pub fn depart(&mut self, msg: MsgId) {
        self.ledger.depart(msg, self.now);
    }

    /// The message ends its life where it is.
    pub fn retire(&mut self, msg: MsgId, ending: Ending, observer: &mut impl Observer) {
        self.ledger.retire(msg, ending, self.now, observer);
    }

    /// What the message carries was done, and it ends its life where it is.
    #[inline]
    pub fn complete(&mut self, msg: MsgId, observer: &mut impl Observer) {
        self.ledger.complete(msg, self.now, observer);
    }

    /// The same of a message that is all that there is, and ever was, of its job; nothing happens to others. Whether it is
    /// one: such a message is nobody's request on behalf of another.
    #[inline(always)]
    pub fn complete_alone(&mut self, msg: MsgId, observer: &mut impl Observer) -> bool {
        self.ledger.complete_alone(msg, self.now, observer)
    }

    /// The message is dead-lettered and stays where it is; it counts as lost unless it is done after all. Whether it is
    /// awaited where it goes: a run does not end before that is over.
    pub fn park(&mut self, msg: MsgId, loss: LossId, is_awaited: bool, observer: &mut impl Observer) {
        self.ledger.park(msg, loss, is_awaited, self.now, observer);
    }

    /// The message was dead-lettered and is to be done after all.
    pub fn revive(&mut self, msg: MsgId) {
        self.ledger.revive(msg);
    }

    /// The job's branch that `msg` carries was done: returns whether it was the first time.
    #[inline]
    pub fn done(&mut self, msg: MsgId) -> bool {
        self.ledger.done(msg, self.now)
    }

    /// Keeps the slot of `msg` from being reused until [`unpin`](Self::unpin).
    #[inline]
    pub fn pin(&mut self, msg: MsgId) -> &mut Message {
        self.ledger.pin(msg)
    }

    /// Lets go of `msg`.
    #[inline]
    pub fn unpin(&mut self, msg: MsgId, observer: &mut impl Observer) {
        self.ledger.unpin(msg, observer);
    }

    /// The caller that waits for `msg` has given up.
    pub fn abandon(&mut self, msg: MsgId, observer: &mut impl Observer) {
        self.ledger.abandon(msg, self.now, observer);
    }

    /// Whether work on `msg` is for nobody: who waits for it has given up, or who waits for that one, up to the first
    /// caller. What a store has taken in is waited for by nobody and has to be done all the same.
    #[inline]
    pub fn is_for_nobody(&self, msg: MsgId) -> bool {
        let mut msg = msg;
        while self.ledger.is_attempt(msg) {
            let message = self.ledger.message(msg);
            if message.abandoned {
                return true;
            }
            let Some(call) = message.reply_to else { return false };
            msg = call.behalf;
        }
        false
    }

    /// The message itself.
    #[inline]
    pub fn message(&self, msg: MsgId) -> &Message {
        self.ledger.message(msg)
    }

    /// The message itself, to be marked by the store that holds it.
    #[inline]
    pub fn message_mut(&mut self, msg: MsgId) -> &mut Message {
        self.ledger.message_mut(msg)
    }

    /// The job of a message.
    #[inline(always)]
    pub fn job_of(&self, msg: MsgId) -> &Job {
        self.ledger.job(self.ledger.message(msg).job)
    }

    /// A job.
    pub fn job(&self, job: JobId) -> &Job {
        self.ledger.job(job)
    }

    /// The message as it is now, to be told from a later one in the same slot.
    #[inline]
    pub fn reference(&self, msg: MsgId) -> MsgRef {
        self.ledger.message(msg).reference(msg)
    }

    /// Whether the slot still holds that message, not retired.
    #[inline]
    pub fn is_alive(&self, reference: MsgRef) -> bool {
        let message = self.ledger.message(reference.id);
        message.generation == reference.generation && !message.is_retired()
    }

    /// Messages alive, parked ones included.
    pub const fn live(&self) -> u64 {
        self.ledger.live()
    }

    /// The ledger, for reading.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
