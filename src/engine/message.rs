//! Jobs and messages: what arrives, and what carries it through a pipeline.
//!
//! A *job* is one arrival of the traffic and ends in exactly one fate. A *message* is one copy of it on its way: a
//! topic makes one per subscription, a caller one per attempt. A message is owned by exactly one node or wire at any
//! time. Who merely works on it or waits for it *pins* it: the slot is not reused before the last pin is gone, so no
//! id ever points at another message.

use super::signal::{Call, NodeId};
use super::time::{SimDuration, SimTime};

/// A message: an index into the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MsgId(pub(super) u32);

/// A job: an index into the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct JobId(pub(super) u32);

/// A cause of loss: which limit at which node, as registered when the pipeline was built. 0 is "no loss".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LossId(pub u16);

impl LossId {
    /// Success.
    pub const NONE: Self = Self(0);

    /// Whether nothing was lost.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What a loss means for the job, mildest first: of several branches the worst decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossKind {
    /// Still under way when the run ended.
    Unfinished,
    /// The caller gave up.
    TimedOut,
    /// Turned away.
    Rejected,
    /// Older than the retention.
    Expired,
    /// Parked in a dead-letter queue.
    DeadLettered,
    /// Gone.
    Lost,
}

/// How a message's life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What it carries was done, at this moment.
    Done,
    /// It served its purpose: deleted, acknowledged, answered, or an attempt that is over.
    Spent,
    /// It was lost by this cause.
    Lost(LossId),
}

/// One arrival of the traffic.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// Number by which every random property of the job is drawn; the same in every pipeline.
    pub number: u64,
    /// How many jobs arrived before it, the same in every pipeline.
    pub place: u32,
    /// Bytes of its message when it arrived.
    pub size: u32,
    /// The first kind of work that it needs, drawn when it arrived.
    pub work: SimDuration,
    /// When it arrived.
    pub born: SimTime,
    /// When the last of its branches was done for the first time.
    pub last_done: SimTime,
    /// Which flow of the traffic it belongs to.
    pub flow: u16,
    /// Copies that must each be done: one, and one more per further subscriber.
    pub(super) branches: u16,
    /// Branches done.
    pub(super) done: u16,
    /// What was done besides each of its branches once.
    pub(super) besides: Besides,
    /// Branches neither retired nor parked.
    pub(super) undecided: u16,
    pub(super) progress: Progress,
    /// Worst loss so far.
    pub(super) loss: LossId,
    /// Slots in use by its messages.
    pub(super) slots: u32,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Progress {
    /// It has no message but its first, which is on its way and nothing else. Most jobs go from here straight to their end.
    #[default]
    Simple,
    /// Anything else.
    Open,
    /// There was a moment without undecided branches.
    Decided,
}

/// What was done of a job besides each of its branches once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Besides {
    /// Nothing.
    #[default]
    Nothing,
    /// A stray message, before any branch: it may remain the only one.
    Stray,
    /// A stray message, and then a branch: that of its sender, which does not repeat it, or the one that does.
    StrayAndBranch,
    /// Something that had been done before.
    Repeats,
}

impl Besides {
    /// A stray was done of a job of which `done` branches were. Whether nothing had been done before.
    pub(super) const fn stray(&mut self, done: u16) -> bool {
        let first = done == 0 && matches!(self, Self::Nothing);
        *self = if first { Self::Stray } else { Self::Repeats };
        first
    }

    /// A branch was done for the first time. Whether a stray had been before, which it repeats unless it is its sender's.
    pub(super) const fn branch(&mut self) -> bool {
        *self = match self {
            Self::Stray => Self::StrayAndBranch,
            Self::StrayAndBranch => Self::Repeats,
            Self::Nothing | Self::Repeats => return false,
        };
        true
    }
}

impl Job {
    /// Something happens to it that does not happen to most.
    #[inline(always)]
    pub(super) const fn complicate(&mut self) {
        if matches!(self.progress, Progress::Simple) {
            self.progress = Progress::Open;
        }
    }

    /// Whether every branch was done at least once.
    pub const fn is_complete(&self) -> bool {
        self.done == self.branches
    }

    /// Whether a branch was done more than once.
    pub const fn is_repeated(&self) -> bool {
        matches!(self.besides, Besides::StrayAndBranch | Besides::Repeats)
    }

    /// The worst loss of a branch, or none.
    pub const fn loss(&self) -> LossId {
        self.loss
    }
}

/// One copy of a job on its way.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The job it carries.
    pub job: JobId,
    /// Size of the body in bytes.
    pub size: u32,
    /// Index of its partition key or message group among the keys of the flow.
    pub key: u32,
    /// When the store that holds it accepted it.
    pub sent: SimTime,
    /// Times it was handed to a consumer; the number of the newest receive is the valid receipt.
    pub receives: u16,
    /// State that only the store that holds it understands.
    pub mark: u8,
    /// A number that only the store that holds it understands.
    pub tag: u32,
    /// Who waits for an answer.
    pub reply_to: Option<Call>,
    pub(super) place: Place,
    pub(super) pins: u16,
    pub(super) role: Role,
    pub(super) state: State,
    pub(super) branch_done: bool,
    /// The caller has left; work on it, and on what is asked on its behalf, is ghost work.
    pub(super) abandoned: bool,
    pub(super) generation: u32,
}

impl Message {
    /// Whether `node` holds it now, and nobody else does.
    pub fn is_at(&self, node: NodeId) -> bool {
        self.place == Place::Node(node) && self.state != State::Retired
    }

    /// The message as it is now, to be told from a later one in its slot, which is `id`.
    #[inline]
    pub const fn reference(&self, id: MsgId) -> MsgRef {
        MsgRef { id, generation: self.generation }
    }

    /// Whether the caller that waits for it has given up.
    pub const fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    /// Whether the part of the job that it carries was done at least once.
    pub const fn is_done(&self) -> bool {
        self.branch_done
    }

    /// Whether it has been retired, and only pins keep the slot.
    pub const fn is_retired(&self) -> bool {
        matches!(self.state, State::Retired)
    }

    /// Whether it was moved to a dead-letter queue and counts as dead-lettered unless it is done after all.
    pub const fn is_parked(&self) -> bool {
        matches!(self.state, State::Parked { .. })
    }

    /// Whether it was dead-lettered, and somebody works on it or is going to.
    pub(super) const fn is_parked_in_use(&self) -> bool {
        matches!(self.state, State::Parked { is_awaited, .. } if is_awaited || self.pins > 0)
    }
}

/// Who owns a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Wire,
    Node(NodeId),
}

/// What a message is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// A part of the job that must be done.
    #[default]
    Branch,
    /// A request on behalf of a branch that stays where it is.
    Attempt,
    /// A request that a store has taken in although its sender had given it up, or gave it up later: it was sent again,
    /// or counted as failed. The job does not need it, and unless it is the only one, what is done of it is done once
    /// too often.
    Stray,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Live,
    /// Dead-lettered by this loss.
    Parked {
        loss: LossId,
        /// Whether somebody fetches from where it lies: it may be done after all.
        is_awaited: bool,
    },
    Retired,
}

/// A message as it was, not as its slot is now: an id with the generation of the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgRef {
    /// The slot.
    pub id: MsgId,
    pub(super) generation: u32,
}

/// A place for a job and its first message, or for a further message alone. Most jobs have one message and live and die
/// with it: together they cost one look-up.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    pub(super) job: Job,
    pub(super) message: Message,
}

/// Slots that are reused, the one that was freed last first: memory grows with what is alive, not with what has passed.
#[derive(Debug, Clone)]
pub(super) struct Arena {
    slots: Vec<Slot>,
    free: FreeList,
}

/// The free slots: the first one. Each keeps the index of the next one in its message's `tag`.
#[derive(Debug, Clone, Copy)]
pub(super) struct FreeList {
    first: u32,
}

/// No slot: the bound on live messages is below it.
const NONE: u32 = u32::MAX;

impl FreeList {
    /// Nobody needs `message` any more, nor the job in its slot, which is `index`.
    #[inline(always)]
    pub(super) const fn put(&mut self, message: &mut Message, index: u32) {
        message.tag = self.first;
        self.first = index;
    }
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: FreeList { first: NONE } }
    }

    /// A free slot, still as it was left: the caller sets every field in place, because to build a value elsewhere and
    /// move it here costs more than everything else that is done with it.
    #[inline(always)]
    pub(super) fn reserve(&mut self) -> (u32, &mut Slot) {
        if self.free.first == NONE {
            self.grow();
        }
        let index = self.free.first;
        let slot = &mut self.slots[index as usize];
        self.free.first = slot.message.tag;
        (index, slot)
    }

    #[cold]
    fn grow(&mut self) {
        let index = self.len();
        self.slots.push(Slot::default());
        self.put(index);
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.free.put(&mut self.slots[index as usize].message, index);
    }

    /// `msg` is gone. Its slot is free, unless it is that of its job: this one is free with the last of the messages.
    #[inline(always)]
    pub(super) fn free(&mut self, msg: MsgId, job: JobId, is_last: bool) {
        if msg.0 != job.0 {
            self.put(msg.0);
        }
        if is_last {
            self.put(job.0);
        }
    }

    /// A slot, and where to put it when it is free.
    #[inline(always)]
    pub(super) fn get_to_free(&mut self, index: u32) -> (&mut Slot, &mut FreeList) {
        (&mut self.slots[index as usize], &mut self.free)
    }

    /// A message and its job.
    #[inline(always)]
    pub(super) fn pair(&mut self, msg: MsgId) -> (&mut Message, &mut Job) {
        let job = self.get(msg.0).message.job;
        if job.0 == msg.0 {
            let Slot { job, message } = self.get_mut(msg.0);
            return (message, job);
        }
        let slots = self.slots.get_disjoint_mut([msg.0 as usize, job.0 as usize]);
        let [further, first] = slots.expect("a further message is not where its job is");
        (&mut further.message, &mut first.job)
    }

    #[inline]
    pub(super) fn get(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> &mut Slot {
        &mut self.slots[index as usize]
    }

    /// Every message, those that are gone included.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.slots.iter().map(|slot| &slot.message)
    }

    /// Slots ever used, in use or not.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("the bound on live messages is below 2^32")
    }

    /// How many of them are free: goes through all.
    pub(super) fn count_free(&self) -> u32 {
        let next = |&index: &u32| Some(self.get(index).message.tag).filter(|&next| next != NONE);
        let free = std::iter::successors(Some(self.free.first).filter(|&first| first != NONE), next);
        u32::try_from(free.count()).expect("no slot is free twice")
    }
}
