//! What a component may do: set its own alarms, tell its neighbours, move messages, count.

use super::AnyTimer;
use super::account::Account;
use super::fault::Fault;
use super::latency::Latency;
use super::shared::Shared;
use super::site::LossCause;
use crate::engine::random::{Draws, StreamKey, mix};
use crate::engine::{
    Call, Ending, Kernel, LossId, LossKind, Message, MsgId, MsgRef, NodeId, Signal, SimDuration, SimTime,
};
use crate::metrics::{CounterId, Gauge, GaugeId, TimingId};
use crate::traffic::WorkId;
use std::marker::PhantomData;

/// One reaction of one node. `T` is the node's own alarm type: setting somebody else's does not compile.
pub struct Ctx<'a, T> {
    kernel: &'a mut Kernel<AnyTimer>,
    shared: &'a mut Shared,
    node: NodeId,
    /// The same throughout a reaction.
    now: SimTime,
    timer: PhantomData<fn(T)>,
}

/// The input of a node: which one, and which of its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The node.
    pub node: NodeId,
    /// The port: which queue of a broker, or how a message comes in.
    pub port: u16,
}

impl<'a, T: Into<AnyTimer>> Ctx<'a, T> {
    /// A reaction of `node`.
    pub const fn new(kernel: &'a mut Kernel<AnyTimer>, shared: &'a mut Shared, node: NodeId) -> Self {
        let now = kernel.now();
        Self { kernel, shared, node, now, timer: PhantomData }
    }

    /// The same reaction, to be lent to a function that is not inlined. On the way of nearly every message a reaction lives
    /// in registers; lent itself, it would live in memory, and everything reached through it be read anew at each step.
    #[inline(always)]
    pub const fn aside(&mut self) -> Ctx<'_, T> {
        self.part()
    }

    /// The same reaction, as a part that is shared by several components sees it.
    #[inline(always)]
    pub const fn part<P: Into<AnyTimer>>(&mut self) -> Ctx<'_, P> {
        Ctx { kernel: self.kernel, shared: self.shared, node: self.node, now: self.now, timer: PhantomData }
    }

    /// The current instant.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// The node that reacts.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// Sets an alarm of this node.
    #[inline(always)]
    pub fn alarm_at(&mut self, time: SimTime, timer: T) {
        self.kernel.alarm(time, self.node, timer.into());
    }

    /// Sets an alarm of this node.
    #[inline]
    pub fn alarm_after(&mut self, delay: SimDuration, timer: T) {
        self.alarm_at(self.now() + delay, timer);
    }

    /// Tells a neighbour after `delay`.
    #[inline(always)]
    pub fn tell(&mut self, delay: SimDuration, node: NodeId, signal: Signal) {
        self.kernel.tell_after(delay, node, signal);
    }

    /// The same on the way of nearly every message: the signal is put together only where it is written.
    #[inline(always)]
    pub fn tell_made(&mut self, delay: SimDuration, node: NodeId, make: impl FnOnce() -> Signal) {
        self.kernel.tell_made(delay, node, make);
    }

    /// Hands a message that this node owns over to a neighbour, which gets it after `delay`.
    #[inline]
    pub fn hand_over(&mut self, msg: MsgId, to: Endpoint, delay: SimDuration) {
        self.kernel.depart(msg);
        self.tell(delay, to.node, Signal::Arrive { msg, port: to.port, batched: false });
    }

    /// Sends a request, which gets to `to` after `delay` and whose answer goes to `call`. The slot stays valid until
    /// [`release`](Self::release).
    #[inline(always)]
    pub fn request(&mut self, call: Call, to: Endpoint, delay: SimDuration) -> MsgId {
        self.send(call, true, to, delay)
    }

    /// The same for who does not keep the request in mind: no slot to release.
    #[inline(always)]
    pub fn request_and_forget(&mut self, call: Call, to: Endpoint, delay: SimDuration) -> MsgId {
        self.send(call, false, to, delay)
    }

    #[inline(always)]
    fn send(&mut self, call: Call, is_kept: bool, to: Endpoint, delay: SimDuration) -> MsgId {
        let attempt = self.kernel.request(call, is_kept);
        self.tell_made(delay, to.node, || Signal::Arrive { msg: attempt, port: to.port, batched: false });
        attempt
    }

    /// A copy of `msg` at this node that the job needs only if somebody takes it in.
    pub fn attempt_unanswered(&mut self, msg: MsgId) -> MsgId {
        self.kernel.attempt(msg)
    }

    /// The caller of `attempt` has given up: work on it is ghost work from now on, or work done once too often if a store
    /// has taken it in.
    pub fn abandon(&mut self, attempt: MsgId) {
        self.kernel.abandon(attempt, &mut self.shared.recorder.jobs);
        self.release(attempt);
    }

    /// Whether nobody waits any more for what `msg` asks for.
    #[inline]
    pub fn is_for_nobody(&self, msg: MsgId) -> bool {
        self.kernel.is_for_nobody(msg)
    }

    /// A further copy of `msg` that must be done as well, owned by this node.
    pub fn branch(&mut self, msg: MsgId) -> MsgId {
        self.kernel.branch(msg)
    }

    /// Takes a message in for good, and tells who waits for it. The way of the answer is the caller's business.
    #[inline(always)]
    pub fn accept(&mut self, msg: MsgId) {
        self.kernel.accept(msg);
        self.answer(msg, LossId::NONE);
    }

    /// Turns a message away by `loss`: who waits for it is told, and may try again; if nobody does, it is lost.
    pub fn refuse(&mut self, msg: MsgId, loss: LossId) {
        if self.kernel.is_attempt(msg) {
            self.answer(msg, loss);
            self.retire(msg, Ending::Spent);
        } else {
            self.retire(msg, Ending::Lost(loss));
        }
    }

    /// The same, but who waits for it is told only after `delay`.
    pub fn refuse_after(&mut self, delay: SimDuration, msg: MsgId, loss: LossId) {
        let message = self.kernel.message_mut(msg);
        if let Some(Call { node, task, attempt, .. }) = message.reply_to.take() {
            self.tell(delay, node, Signal::Reply { task, attempt, loss });
        }
        self.refuse(msg, loss);
    }

    /// Ends a request that this node has served (`loss` is none) or failed. What nobody waits for is done, or lost.
    pub fn conclude(&mut self, msg: MsgId, loss: LossId) {
        if !loss.is_none() {
            self.refuse(msg, loss);
        } else if self.kernel.is_attempt(msg) {
            self.answer(msg, loss);
            self.retire(msg, Ending::Spent);
        } else {
            self.complete(msg);
        }
    }

    /// What the message carries is done, and it ends its life here.
    #[inline]
    pub fn complete(&mut self, msg: MsgId) {
        self.kernel.complete(msg, &mut self.shared.recorder.jobs);
    }

    /// The same of a message that is all that there is, and ever was, of its job. Whether it is one; of others nothing is
    /// done here.
    #[inline(always)]
    pub fn complete_alone(&mut self, msg: MsgId) -> bool {
        self.kernel.complete_alone(msg, &mut self.shared.recorder.jobs)
    }

    /// Whether somebody waits for an answer to `msg`, or has waited.
    #[inline]
    pub fn is_attempt(&self, msg: MsgId) -> bool {
        self.kernel.is_attempt(msg)
    }

    /// Whether it is no use to ask `callee` again after it answered with `loss`. What a node further down refused for
    /// good reaches its caller's caller as a 5xx answer, which is worth another attempt.
    pub fn is_refused_for_good(&self, loss: LossId, callee: NodeId) -> bool {
        self.answer_of(loss, callee).is_some_and(|cause| cause.permanent)
    }

    /// Whether `callee` answered with `loss` because it was asked for too much.
    pub fn is_throttled(&self, loss: LossId, callee: NodeId) -> bool {
        self.answer_of(loss, callee).is_some_and(|cause| cause.throttled)
    }

    /// How long `callee` asks to wait before another attempt, by the answer `loss`.
    pub fn retry_after(&self, loss: LossId, callee: NodeId) -> SimDuration {
        self.answer_of(loss, callee).map_or(SimDuration::ZERO, |cause| cause.retry_after)
    }

    /// What became of a request by `loss`, if there was no answer at all: the connection was refused, or none came in time.
    pub fn without_answer(&self, loss: LossId) -> Option<LossKind> {
        let cause = &self.shared.losses[usize::from(loss.0)];
        cause.silent.then_some(cause.kind)
    }

    /// What `callee` says with `loss`, if the answer is its own, or one that it passes on as it is.
    fn answer_of(&self, loss: LossId, callee: NodeId) -> Option<&LossCause> {
        let cause = &self.shared.losses[usize::from(loss.0)];
        let passed_on = || self.shared.passed_on[callee.index()].contains(&cause.node);
        (cause.node == callee || passed_on()).then_some(cause)
    }

    #[inline(always)]
    fn answer(&mut self, msg: MsgId, loss: LossId) {
        let message = self.kernel.message_mut(msg);
        if let Some(Call { node, task, attempt, .. }) = message.reply_to.take()
            && !message.is_abandoned()
        {
            self.tell(SimDuration::ZERO, node, Signal::Reply { task, attempt, loss });
        }
    }

    /// The part of the job that `msg` carries was done: `true` if for the first time.
    #[inline]
    pub fn done(&mut self, msg: MsgId) -> bool {
        self.kernel.done(msg)
    }

    /// The message ends its life here.
    #[inline]
    pub fn retire(&mut self, msg: MsgId, ending: Ending) {
        self.kernel.retire(msg, ending, &mut self.shared.recorder.jobs);
    }

    /// The message is dead-lettered by `loss` and is about to go to the node `to`: it counts as lost unless it is done
    /// after all.
    pub fn park(&mut self, msg: MsgId, loss: LossId, to: NodeId) {
        let is_awaited = self.shared.polled[to.index()];
        self.park_here(msg, loss, is_awaited);
    }

    /// The same of a message that stays in this node, where somebody awaits it or nobody does.
    pub fn park_here(&mut self, msg: MsgId, loss: LossId, is_awaited: bool) {
        self.kernel.park(msg, loss, is_awaited, &mut self.shared.recorder.jobs);
    }

    /// The message was dead-lettered and is to be done after all.
    pub fn revive(&mut self, msg: MsgId) {
        self.kernel.revive(msg);
    }

    /// Keeps the slot of `msg` valid until [`release`](Self::release).
    #[inline]
    pub fn hold(&mut self, msg: MsgId) -> &mut Message {
        self.kernel.pin(msg)
    }

    /// Lets go of `msg`.
    #[inline(always)]
    pub fn release(&mut self, msg: MsgId) {
        self.kernel.unpin(msg, &mut self.shared.recorder.jobs);
    }

    /// A message.
    #[inline]
    pub fn message(&self, msg: MsgId) -> &Message {
        self.kernel.message(msg)
    }

    /// A message that this node holds.
    #[inline]
    pub fn message_mut(&mut self, msg: MsgId) -> &mut Message {
        self.kernel.message_mut(msg)
    }

    /// The message as it is now, to be told from a later one in the same slot.
    #[inline]
    pub fn reference(&self, msg: MsgId) -> MsgRef {
        self.kernel.reference(msg)
    }

    /// Whether that message is still alive.
    #[inline]
    pub fn is_alive(&self, reference: MsgRef) -> bool {
        self.kernel.is_alive(reference)
    }

    /// Whether this node holds the message that is meant, which may have moved on or ended since.
    #[inline]
    pub fn holds(&self, reference: MsgRef) -> bool {
        self.held(reference).is_some()
    }

    /// The message that is meant, if this node holds it.
    #[inline]
    pub fn held(&self, reference: MsgRef) -> Option<&Message> {
        let message = self.kernel.message(reference.id);
        (message.reference(reference.id) == reference && message.is_at(self.node)).then_some(message)
    }

    /// How often a message of a queue was received since it was sent, or sent back: what its consumers are shown.
    pub fn receive_count(&self, msg: MsgId) -> u16 {
        let former = self.shared.account.former_receives(self.reference(msg));
        self.message(msg).receives.wrapping_sub(former)
    }

    /// The number by which everything random about the job of `msg` is drawn.
    #[inline]
    pub fn number(&self, msg: MsgId) -> u64 {
        self.kernel.job_of(msg).number
    }

    /// The flow of the traffic that brought the job of `msg`.
    #[inline]
    pub fn flow(&self, msg: MsgId) -> u16 {
        self.kernel.job_of(msg).flow
    }

    /// How long this work takes for the job of `msg`: the same in every pipeline and at every attempt.
    #[inline(always)]
    pub fn work(&self, work: WorkId, msg: MsgId) -> SimDuration {
        let job = self.kernel.job_of(msg);
        if work == WorkId(0) { job.work } else { self.shared.works.duration(work, job.number) }
    }

    /// The random streams of what messages say: the same at every node.
    pub fn contents(&self) -> StreamKey {
        self.shared.contents
    }

    /// Random numbers of this node that belong to `number` and to nothing else.
    #[inline]
    pub fn draws(&self, number: u64) -> Draws {
        self.shared.keys[self.node.index()].stream(number)
    }

    /// Random numbers for what becomes of the attempt that `msg` is: each attempt has its own chance.
    #[inline]
    pub fn draws_of_attempt(&self, msg: MsgId) -> Draws {
        let attempt = self.kernel.message(msg).reply_to.map_or(0, |call| call.attempt);
        self.draws(self.number(msg) ^ mix(u64::from(attempt) | (1 << 40)))
    }

    /// Random numbers for what becomes of the receive with this number of the message.
    #[inline]
    pub fn draws_of_receive(&self, msg: MsgId, receive: u16) -> Draws {
        self.draws(self.number(msg) ^ mix(u64::from(receive) | (1 << 40)))
    }

    /// The round trip of request number `request` of this node.
    #[inline]
    pub fn latency(&self, latency: &Latency, request: u64) -> SimDuration {
        latency.draw(|| self.draws(request))
    }

    /// What is in use of the account to which all nodes belong.
    pub const fn account(&mut self) -> &mut Account {
        &mut self.shared.account
    }

    /// A fault of the plan.
    pub fn fault(&self, index: u16) -> Fault {
        self.shared.faults[usize::from(index)]
    }

    /// Adds to a counter.
    #[inline]
    pub fn count(&mut self, id: CounterId, amount: u64) {
        self.shared.recorder.add(id, amount);
    }

    /// A gauge and the time at which it changes.
    #[inline]
    pub fn gauge(&mut self, id: GaugeId) -> (&mut Gauge, SimTime) {
        (self.shared.recorder.gauge(id), self.now)
    }

    /// A gauge is one more from now on.
    #[inline(always)]
    pub fn rise(&mut self, id: GaugeId) {
        self.shared.recorder.gauge(id).rise(self.now);
    }

    /// A gauge is one less from now on.
    #[inline(always)]
    pub fn fall(&mut self, id: GaugeId) {
        self.shared.recorder.gauge(id).fall(self.now);
    }

    /// Sets a gauge.
    #[inline]
    pub fn set(&mut self, id: GaugeId, value: u64) {
        let (gauge, now) = self.gauge(id);
        gauge.set(now, value);
    }

    /// Counts a time.
    #[inline(always)]
    pub fn time(&mut self, id: TimingId, value: SimDuration) {
        self.shared.recorder.time(self.now, id, value);
    }
}
