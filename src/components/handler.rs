//! What a server or a worker does with one message: its work, then its calls and sends, one after the other.
//!
//! ```text
//!  start ─▶ work ─▶ step 1 ─▶ step 2 ─▶ … ─▶ ended
//!                   │    ▲
//!       refused, or │    │ pause, if attempts are left
//!       no reply    ▼    │
//!                   failed ─▶ ended with the loss
//! ```
//! A step sends a copy of the message, an *attempt*, and waits for the answer. A caller that gives up leaves its attempt
//! where it is: the callee goes on and burns capacity for nobody.

use super::AnyTimer;
use super::context::{Ctx, Endpoint};
use super::latency::Latency;
use super::retry::RetryPolicy;
use super::slab::Slab;
use crate::engine::random::mix;
use crate::engine::{Call, Deadlines, LossId, MsgId, SimDuration, SimTime};
use crate::metrics::CounterId;
use crate::traffic::WorkId;

/// One request that the handling of a message makes.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Who is asked.
    pub to: Endpoint,
    /// Round trip of the request, the callee's own time not counted -- parameter.
    pub latency: Latency,
    /// How long an attempt waits for its answer; `None`: for ever -- parameter.
    pub timeout: Option<SimDuration>,
    /// Attempts and the pauses between them -- parameter.
    pub retries: RetryPolicy,
    /// What the job is lost by when the last attempt has waited in vain.
    pub timed_out: LossId,
}

/// Counters of the requests made.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestCounters {
    /// Attempts, the first ones included.
    pub attempts: CounterId,
    /// Attempts given up for want of an answer.
    pub timeouts: CounterId,
}

/// The handling of messages by one node.
#[derive(Debug, Clone)]
pub(super) struct Handler {
    /// The node's own work on each message -- parameter.
    work: Option<WorkId>,
    /// Requests, in order -- parameter.
    steps: Vec<Step>,
    /// Where requests are counted; a handler without steps has none.
    counters: Option<RequestCounters>,
    /// Factor on the time of work that begins now -- state, changed by faults.
    slowness: f64,
    /// Messages being handled -- state.
    tasks: Slab<Task>,
    /// Number of the last attempt or task; tells stale answers and alarms -- state.
    serial: u32,
    /// Timeouts of the attempts under way, by step -- state.
    timeouts: Vec<Deadlines<(u32, u32)>>,
}

/// A message being handled.
#[derive(Debug, Clone, Default)]
struct Task {
    msg: MsgId,
    slot: u32,
    began: SimTime,
    /// When its own work ends.
    worked: SimTime,
    /// Serial number of what it waits for: its work, its attempt, its pause.
    awaits: u32,
    receive: u16,
    step: u16,
    tries: u32,
    /// The attempt whose answer it waits for.
    attempt: Option<MsgId>,
    /// The answer, on its way back.
    answer: LossId,
    pause: SimDuration,
}

/// Alarms of a handler; its owner passes them on.
#[derive(Debug, Clone, Copy)]
pub enum HandlerAlarm {
    /// The work of a task is done.
    Worked { task: u32, serial: u32 },
    /// The pause before the next attempt is over.
    Paused { task: u32, serial: u32 },
    /// An answer has come all the way back.
    Answered { task: u32, serial: u32 },
    /// The first timeout of this step may be due.
    Timeout { step: u16 },
}

/// A message whose handling has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The message.
    pub msg: MsgId,
    /// The owner's slot that handled it.
    pub slot: u32,
    /// When the handling began.
    pub began: SimTime,
    /// When its own work was to end; what came after that was waiting for others.
    pub worked: SimTime,
    /// The receipt, if the message is on loan.
    pub receive: u16,
    /// Why it failed, or none.
    pub loss: LossId,
}

impl Ended {
    /// The node's own work on the message until `now`, in nanoseconds, without the time that it waited for others.
    #[inline]
    pub(super) fn work(&self, now: SimTime) -> u64 {
        self.worked.min(now).since(self.began).as_nanos()
    }
}

impl Handler {
    /// The node's own work on each message.
    pub(super) const fn work(&self) -> Option<WorkId> {
        self.work
    }

    /// A handler that does `work` and then `steps`.
    pub(super) fn new(work: Option<WorkId>, steps: Vec<Step>, counters: Option<RequestCounters>) -> Self {
        let timeouts = vec![Deadlines::new(); steps.len()];
        Self { work, steps, counters, slowness: 1.0, tasks: Slab::default(), serial: 0, timeouts }
    }

    /// Messages being handled.
    pub(super) const fn busy(&self) -> usize {
        self.tasks.len()
    }

    /// Work that begins from now on takes `slowness` times as long.
    pub(super) const fn slow_down(&mut self, slowness: f64) {
        self.slowness = slowness;
    }

    /// Begins to handle `msg` for the owner's `slot`. Returns the task at once if there is nothing to wait for.
    #[inline(always)]
    pub(super) fn start<T>(&mut self, msg: MsgId, slot: u32, receive: u16, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        let (index, task) = self.tasks.reserve();
        task.msg = msg;
        task.slot = slot;
        task.began = cx.now();
        task.worked = task.began;
        task.awaits = serial;
        task.receive = receive;
        task.step = 0;
        task.tries = 0;
        task.attempt = None;
        task.answer = LossId::NONE;
        task.pause = SimDuration::ZERO;
        let Some(work) = self.work else { return self.next_step(index, cx) };
        let mut duration = cx.work(work, msg);
        #[allow(clippy::float_cmp, reason = "exactly 1 leaves the nanoseconds alone")]
        if self.slowness != 1.0 {
            duration = duration.scaled(self.slowness);
        }
        task.worked = task.began + duration;
        cx.alarm_at(task.worked, T::from(HandlerAlarm::Worked { task: index, serial }));
        None
    }

    /// An alarm rang.
    #[inline(always)]
    pub(super) fn on_alarm<T>(&mut self, alarm: HandlerAlarm, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        match alarm {
            HandlerAlarm::Worked { task: index, serial } => {
                let task = self.tasks.get(index).filter(|task| task.awaits == serial)?;
                if !self.steps.is_empty() {
                    return self.next_step(index, cx);
                }
                let ended = task.ended(LossId::NONE);
                self.tasks.free(index);
                Some(ended)
            }
            HandlerAlarm::Paused { task, serial } => {
                if self.awaits(task) == Some(serial) {
                    self.try_step(task, cx);
                }
                None
            }
            HandlerAlarm::Answered { task, serial } => {
                if self.awaits(task) == Some(serial) {
                    self.answered(task, cx)
                } else {
                    None
                }
            }
            HandlerAlarm::Timeout { .. } => unreachable!("timeouts end several tasks: see on_timeout"),
        }
    }

    /// The timeout alarm of `step` rang: call until it returns `None`, each time dealing with the task that ended.
    pub(super) fn on_timeout<T>(&mut self, step: u16, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let index = usize::from(step);
        loop {
            let (tasks, now) = (&self.tasks, cx.now());
            let alive = |(task, serial)| tasks.get(task).is_some_and(|task: &Task| task.awaits == serial);
            let Some((task, _)) = self.timeouts[index].due(now, alive) else { break };
            self.give_up(task, cx);
            if let Some(counters) = self.counters {
                cx.count(counters.timeouts, 1);
            }
            let loss = self.steps[index].timed_out;
            if let Some(ended) = self.step_failed(task, loss, cx) {
                return Some(ended);
            }
        }
        if let Some(at) = self.timeouts[index].rearm() {
            cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step }));
        }
        None
    }

    /// An answer was given. It still has its way back before it, half of the round trip.
    #[inline]
    pub(super) fn on_reply<T>(&mut self, task: u32, attempt: u32, loss: LossId, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        if self.awaits(task) != Some(attempt) {
            return None;
        }
        let waiting = self.tasks.get_mut(task)?;
        waiting.answer = loss;
        let step = &self.steps[usize::from(waiting.step)];
        let leg = step.leg(waiting, cx);
        if leg.is_zero() {
            return self.answered(task, cx);
        }
        cx.alarm_after(leg, T::from(HandlerAlarm::Answered { task, serial: attempt }));
        None
    }

    fn answered<T>(&mut self, task: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let waiting = self.tasks.get_mut(task)?;
        if let Some(copy) = waiting.attempt.take() {
            cx.release(copy);
        }
        if waiting.answer.is_none() {
            waiting.step += 1;
            self.next_step(task, cx)
        } else {
            let loss = waiting.answer;
            self.step_failed(task, loss, cx)
        }
    }

    /// The owner's slot is gone: its task ends without a word to anybody.
    pub(super) fn cancel<T: Into<AnyTimer>>(&mut self, slot: u32, cx: &mut Ctx<'_, T>) -> Option<Ended> {
        let index = self.tasks.iter().find(|(_, task)| task.slot == slot)?.0;
        self.give_up(index, cx);
        self.end(index, LossId::NONE)
    }

    /// Every task ends at once by `loss`.
    pub(super) fn cancel_all<T: Into<AnyTimer>>(&mut self, loss: LossId, cx: &mut Ctx<'_, T>) -> Vec<Ended> {
        let places: Vec<u32> = self.tasks.iter().map(|(index, _)| index).collect();
        places
            .into_iter()
            .filter_map(|index| {
                self.give_up(index, cx);
                self.end(index, loss)
            })
            .collect()
    }

    #[inline(always)]
    fn end(&mut self, index: u32, loss: LossId) -> Option<Ended> {
        let ended = self.tasks.get(index)?.ended(loss);
        self.tasks.free(index);
        Some(ended)
    }

    fn awaits(&self, task: u32) -> Option<u32> {
        self.tasks.get(task).map(|task| task.awaits)
    }

    const fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    fn give_up<T: Into<AnyTimer>>(&mut self, task: u32, cx: &mut Ctx<'_, T>) {
        if let Some(copy) = self.tasks.get_mut(task).and_then(|task| task.attempt.take()) {
            cx.abandon(copy);
        }
    }

    #[inline(always)]
    fn next_step<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let task = self.tasks.get_mut(index)?;
        if usize::from(task.step) == self.steps.len() {
            return self.end(index, LossId::NONE);
        }
        task.tries = 0;
        task.pause = SimDuration::ZERO;
        self.try_step(index, cx);
        None
    }

    /// Sends an attempt of the task's step.
    fn try_step<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        let Some(task) = self.tasks.get_mut(index) else { return };
        let step = &self.steps[usize::from(task.step)];
        task.awaits = serial;
        task.tries += 1;
        let attempt = cx.attempt(task.msg, Call { node: cx.node(), task: index, attempt: serial, behalf: task.msg });
        task.attempt = Some(attempt);
        let leg = step.leg(task, cx);
        cx.hand_over(attempt, step.to, leg);
        if let Some(counters) = self.counters {
            cx.count(counters.attempts, 1);
        }
        let Some(timeout) = step.timeout else { return };
        let step = task.step;
        let (tasks, deadlines) = (&self.tasks, &mut self.timeouts[usize::from(step)]);
        deadlines.trim(|(task, serial)| tasks.get(task).is_some_and(|task| task.awaits == serial));
        if let Some(at) = deadlines.push(cx.now() + timeout, (index, serial)) {
            cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step }));
        }
    }

    /// Tries again after a pause, or ends the task: after the last attempt, or when the callee refused for good.
    fn step_failed<T>(&mut self, index: u32, loss: LossId, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        let task = self.tasks.get_mut(index)?;
        let Step { retries, to, .. } = &self.steps[usize::from(task.step)];
        if task.tries >= retries.attempts || cx.is_refused_for_good(loss, to.node) {
            return self.end(index, loss);
        }
        let request = task.request(cx);
        task.pause = retries.pause(task.tries, task.pause, || cx.draws(mix(request)));
        task.awaits = serial;
        if task.pause.is_zero() {
            self.try_step(index, cx);
        } else {
            cx.alarm_after(task.pause, T::from(HandlerAlarm::Paused { task: index, serial }));
        }
        None
    }
}

impl Step {
    /// The way to the callee, or back: half of the attempt's round trip.
    #[inline]
    fn leg<T: Into<AnyTimer>>(&self, task: &Task, cx: &Ctx<'_, T>) -> SimDuration {
        if self.latency.is_none() { SimDuration::ZERO } else { cx.latency(&self.latency, task.request(cx)).half() }
    }
}

impl Task {
    /// Its end by `loss`, or by success.
    #[inline]
    const fn ended(&self, loss: LossId) -> Ended {
        let &Self { msg, slot, began, worked, receive, .. } = self;
        Ended { msg, slot, began, worked, receive, loss }
    }

    /// A number for the draws of one attempt: the same in every run, whatever else happens.
    fn request<T: Into<AnyTimer>>(&self, cx: &Ctx<'_, T>) -> u64 {
        cx.number(self.msg) ^ mix((u64::from(self.step) << 32) | u64::from(self.tries))
    }
}
