//! The ledger: every message accounted for, every job one fate.
//!
//! The only place where messages are made, moved and ended, so that two identities can be held at any time:
//! `created + copied = retired + alive`, and alive = on wires + held by the nodes. The nodes count what they hold on
//! their own; [`Books::check`] compares that after every event with what came in and what left during it, in release
//! builds too.

mod closing;
mod fate;

use self::fate::{blame, decide, let_go, mark_done};
use super::books::Books;
use super::kernel::NewJob;
use super::message::{
    Arena, Besides, Ending, Job, JobId, LossId, LossKind, Message, MsgId, Place, Progress, Role, Slot, State,
};
use super::observer::Observer;
use super::signal::{Call, NodeId};
use super::time::SimTime;

/// Messages made, ended and owned.
#[derive(Debug, Clone)]
pub struct Ledger {
    arena: Arena,
    loss_kinds: Vec<LossKind>,
    created: u64,
    copied: u64,
    retired: u64,
    /// Retired messages to which nobody refers any more.
    freed: u64,
    parked: u64,
    /// Parked messages on which somebody still works, or is going to: what may yet be done.
    parked_in_use: u64,
    books: Books,
}

impl Ledger {
    pub(super) fn new(nodes: usize, loss_kinds: Vec<LossKind>) -> Self {
        Self {
            arena: Arena::new(),
            loss_kinds,
            created: 0,
            copied: 0,
            retired: 0,
            freed: 0,
            parked: 0,
            parked_in_use: 0,
            books: Books::new(nodes),
        }
    }

    #[inline(always)]
    pub(super) fn create(&mut self, node: NodeId, now: SimTime, new: impl FnOnce() -> NewJob) -> MsgId {
        let (id, slot) = self.arena.reserve();
        let new = new();
        let job = &mut slot.job;
        job.number = new.number;
        job.work = new.work;
        job.born = now;
        job.last_done = now;
        job.flow = new.flow;
        job.place = place_of(self.created);
        job.size = new.size;
        job.branches = 1;
        job.done = 0;
        job.besides = Besides::Nothing;
        job.undecided = 1;
        job.progress = Progress::Simple;
        job.loss = LossId::NONE;
        job.slots = 1;
        fill(&mut slot.message, JobId(id), (new.size, new.key), Role::Branch, Place::Node(node), now);
        self.created += 1;
        self.books.enter(node, now);
        MsgId(id)
    }

    /// A further message of `job` in a free slot.
    #[inline(always)]
    fn add(&mut self, job: JobId, says: (u32, u32), role: Role, place: Place, now: SimTime) -> MsgId {
        self.copied += 1;
        let parent = self.job_mut(job);
        parent.slots += 1;
        parent.complicate();
        let (id, slot) = self.arena.reserve();
        fill(&mut slot.message, job, says, role, place, now);
        MsgId(id)
    }

    pub(super) fn branch(&mut self, msg: MsgId, now: SimTime) -> MsgId {
        if self.message(msg).role == Role::Stray {
            return self.copy(msg, Role::Stray, now);
        }
        let copy = self.copy(msg, Role::Branch, now);
        let job = self.job_mut(self.message(msg).job);
        job.branches += 1;
        job.undecided += 1;
        copy
    }

    /// An attempt that stays where `msg` is.
    pub(super) fn attempt(&mut self, msg: MsgId, now: SimTime) -> MsgId {
        self.copy(msg, Role::Attempt, now)
    }

    /// An attempt that is on its way at once. The slot is pinned if the caller keeps it in mind.
    #[inline(always)]
    pub(super) fn request(&mut self, call: Call, is_kept: bool, now: SimTime) -> MsgId {
        let original = self.message(call.behalf);
        let (job, says) = (original.job, (original.size, original.key));
        let id = self.add(job, says, Role::Attempt, Place::Wire, now);
        let message = self.message_mut(id);
        message.reply_to = Some(call);
        message.pins = u16::from(is_kept);
        id
    }

    #[inline]
    pub(super) fn accept(&mut self, msg: MsgId) {
        let message = &mut self.arena.get_mut(msg.0).message;
        if message.role != Role::Attempt {
            return;
        }
        if message.abandoned {
            message.role = Role::Stray;
            return;
        }
        message.role = Role::Branch;
        let job = message.job;
        let job = self.job_mut(job);
        job.branches += 1;
        job.undecided += 1;
    }

    /// Who waits for the answer to this attempt has given up. If a store has taken it in already, the job needs it no
    /// more.
    pub(super) fn abandon(&mut self, msg: MsgId, now: SimTime, observer: &mut impl Observer) {
        let (message, job) = self.arena.pair(msg);
        job.complicate();
        message.abandoned = true;
        if message.role != Role::Branch {
            return;
        }
        message.role = Role::Stray;
        job.branches -= 1;
        if message.branch_done {
            job.done -= 1;
            job.besides.stray(job.done);
        }
        if message.state == State::Live && decide(job) {
            observer.decided(now);
        }
    }

    #[inline]
    pub(super) fn is_attempt(&self, msg: MsgId) -> bool {
        self.message(msg).role == Role::Attempt
    }

    fn copy(&mut self, msg: MsgId, role: Role, now: SimTime) -> MsgId {
        let original = self.message(msg);
        let (job, says, place) = (original.job, (original.size, original.key), original.place);
        if let Place::Node(node) = place {
            self.books.enter(node, now);
        }
        self.add(job, says, role, place, now)
    }

    #[inline(always)]
    pub(super) fn depart(&mut self, msg: MsgId, now: SimTime) {
        let message = &mut self.arena.get_mut(msg.0).message;
        let Place::Node(node) = std::mem::replace(&mut message.place, Place::Wire) else {
            panic!("a message on the wire cannot depart");
        };
        self.books.leave(node, now);
    }

    /// The message reaches `node`, which owns it from now on.
    #[inline(always)]
    pub(super) fn land(&mut self, msg: MsgId, node: NodeId, now: SimTime) {
        let message = &mut self.arena.get_mut(msg.0).message;
        assert!(message.place == Place::Wire, "a message reached {node:?} without having departed");
        message.place = Place::Node(node);
        self.books.enter(node, now);
    }

    /// A message ends.
    pub(super) fn retire(&mut self, msg: MsgId, ending: Ending, now: SimTime, observer: &mut impl Observer) {
        self.end(msg, ending, now, observer);
    }

    /// A message ends because what it carries is done.
    pub(super) fn complete(&mut self, msg: MsgId, now: SimTime, observer: &mut impl Observer) {
        if !self.complete_alone(msg, now, observer) {
            self.end(msg, Ending::Done, now, observer);
        }
    }

    /// The same of a message that is all that there is, and ever was, of its job, where the way is short. Whether it is one.
    #[inline(always)]
    pub(super) fn complete_alone(&mut self, msg: MsgId, now: SimTime, observer: &mut impl Observer) -> bool {
        let (Slot { message, job }, free) = self.arena.get_to_free(msg.0);
        if message.job != JobId(msg.0) || job.progress != Progress::Simple || message.pins > 0 {
            return false;
        }
        job.progress = Progress::Decided;
        job.done = 1;
        job.last_done = now;
        message.state = State::Retired;
        self.retired += 1;
        self.freed += 1;
        if let Place::Node(node) = message.place {
            self.books.leave(node, now);
        }
        observer.decided(now);
        observer.done_once(job, message.key);
        free.put(message, msg.0);
        true
    }

    fn end(&mut self, msg: MsgId, ending: Ending, now: SimTime, observer: &mut impl Observer) {
        let (message, job) = self.arena.pair(msg);
        job.complicate();
        let was_in_use = message.is_parked_in_use();
        let state = std::mem::replace(&mut message.state, State::Retired);
        assert!(state != State::Retired, "a message is retired once");
        self.retired += 1;
        if let Place::Node(node) = message.place {
            self.books.leave(node, now);
        }
        if message.role != Role::Attempt {
            if ending == Ending::Done {
                mark_done(message, job, now);
            }
            let needed = message.role == Role::Branch;
            let loss = match (ending, state) {
                // What was dead-lettered may be lost in another way afterwards; else it stays dead-lettered.
                (Ending::Lost(loss), _) | (_, State::Parked { loss, .. }) => loss,
                (Ending::Done | Ending::Spent, _) => LossId::NONE,
            };
            if needed && !loss.is_none() && !message.branch_done {
                blame(job, loss, &self.loss_kinds);
            }
            if matches!(state, State::Parked { .. }) {
                self.parked -= 1;
                self.parked_in_use -= u64::from(was_in_use);
            } else if needed && decide(job) {
                observer.decided(now);
            }
        }
        if message.pins == 0 {
            self.freed += 1;
            let (id, is_last) = (message.job, let_go(message, job, observer));
            self.arena.free(msg, id, is_last);
        }
    }

    /// A message is put aside, where somebody fetches it or nobody does; or from there to another such place.
    pub(super) fn park(
        &mut self,
        msg: MsgId,
        loss: LossId,
        is_awaited: bool,
        now: SimTime,
        observer: &mut impl Observer,
    ) {
        let (message, job) = self.arena.pair(msg);
        if message.role == Role::Attempt || message.state == State::Retired {
            return;
        }
        let (was_parked, was_in_use) = (message.is_parked(), message.is_parked_in_use());
        let first = if let State::Parked { loss, .. } = message.state { loss } else { loss };
        message.state = State::Parked { loss: first, is_awaited };
        self.parked += u64::from(!was_parked);
        self.parked_in_use += u64::from(message.is_parked_in_use());
        self.parked_in_use -= u64::from(was_in_use);
        if was_parked {
            return;
        }
        job.complicate();
        if message.role == Role::Branch && decide(job) {
            observer.decided(now);
        }
    }

    /// What was dead-lettered is to be done after all, as if it had just been sent.
    pub(super) fn revive(&mut self, msg: MsgId) {
        let (message, job) = self.arena.pair(msg);
        if !message.is_parked() {
            return;
        }
        self.parked -= 1;
        self.parked_in_use -= u64::from(message.is_parked_in_use());
        message.state = State::Live;
        job.undecided += u16::from(message.role == Role::Branch);
    }

    #[inline(always)]
    pub(super) fn done(&mut self, msg: MsgId, now: SimTime) -> bool {
        let (message, job) = self.arena.pair(msg);
        job.complicate();
        debug_assert!(message.role != Role::Attempt, "an attempt is answered, not done");
        mark_done(message, job, now)
    }

    #[inline]
    pub(super) fn pin(&mut self, msg: MsgId) -> &mut Message {
        let message = &mut self.arena.get_mut(msg.0).message;
        message.pins += 1;
        if message.pins == 1 && matches!(message.state, State::Parked { is_awaited: false, .. }) {
            self.parked_in_use += 1;
        }
        message
    }

    #[inline]
    pub(super) fn unpin(&mut self, msg: MsgId, observer: &mut impl Observer) {
        let message = &mut self.arena.get_mut(msg.0).message;
        message.pins -= 1;
        if message.pins == 0 && matches!(message.state, State::Parked { is_awaited: false, .. }) {
            self.parked_in_use -= 1;
        }
        self.free_if_unused(msg, observer);
    }

    /// The slot of a retired message that nobody refers to may be used again, and that of its job after the last of them.
    #[inline]
    fn free_if_unused(&mut self, msg: MsgId, observer: &mut impl Observer) {
        let (message, job) = self.arena.pair(msg);
        if message.pins > 0 || message.state != State::Retired {
            return;
        }
        self.freed += 1;
        let (id, is_last) = (message.job, let_go(message, job, observer));
        self.arena.free(msg, id, is_last);
    }

    #[inline]
    pub(super) fn message(&self, msg: MsgId) -> &Message {
        &self.arena.get(msg.0).message
    }

    #[inline]
    pub(super) fn message_mut(&mut self, msg: MsgId) -> &mut Message {
        &mut self.arena.get_mut(msg.0).message
    }

    #[inline]
    pub(super) fn job(&self, job: JobId) -> &Job {
        &self.arena.get(job.0).job
    }

    #[inline]
    fn job_mut(&mut self, job: JobId) -> &mut Job {
        &mut self.arena.get_mut(job.0).job
    }

    /// Messages alive, parked ones included.
    pub const fn live(&self) -> u64 {
        self.created + self.copied - self.retired
    }

    /// Messages that were dead-lettered and still are.
    pub(super) const fn parked(&self) -> u64 {
        self.parked
    }

    /// Whether nothing but parked messages is left, and nobody works any more on these or on what has ended.
    pub(super) fn is_settled(&self) -> bool {
        self.in_use() == self.parked && self.parked_in_use == 0
    }

    /// Messages that are alive or referred to.
    const fn in_use(&self) -> u64 {
        self.created + self.copied - self.freed
    }

    /// Jobs that arrived.
    pub const fn created(&self) -> u64 {
        self.created
    }

    /// The books of the nodes.
    pub(super) const fn books(&mut self) -> &mut Books {
        &mut self.books
    }

    /// A slot is free when its message is retired and no pin is left.
    #[inline]
    fn is_free(&self, index: u32) -> bool {
        let message = &self.arena.get(index).message;
        message.is_retired() && message.pins == 0
    }
}

/// The place of the next job among those that arrived. Only a list of all jobs asks for it, and nobody writes one of four
/// thousand million rows.
#[allow(clippy::cast_possible_truncation, reason = "the places of such a list begin anew")]
const fn place_of(created: u64) -> u32 {
    created as u32
}

/// A fresh message of `job` with this size and key.
#[inline(always)]
const fn fill(message: &mut Message, job: JobId, says: (u32, u32), role: Role, place: Place, now: SimTime) {
    message.job = job;
    (message.size, message.key) = says;
    message.sent = now;
    message.tag = 0;
    message.reply_to = None;
    message.place = place;
    message.state = State::Live;
    message.receives = 0;
    message.pins = 0;
    message.mark = 0;
    message.branch_done = false;
    message.abandoned = false;
    message.role = role;
    message.generation = message.generation.wrapping_add(1);
}
