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
//! where it is: the callee goes on and burns capacity for nobody. What stands before an attempt, if anything does, is its
//! [`Guard`].

mod attempts;
mod connections;
mod pace;
mod standstill;
mod timeouts;

use super::AnyTimer;
use super::context::{Ctx, Endpoint};
use super::guard::Guard;
use super::latency::Latency;
use super::retry::RetryPolicies;
use super::slab::Slab;
use crate::engine::{Deadlines, LossId, MsgId, Refusal, SimDuration, SimTime};
use crate::metrics::CounterId;
use crate::traffic::WorkId;
use pace::Pace;

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
    pub retries: RetryPolicies,
    /// How much longer than its own pause it waits at most if the callee asks for that -- parameter.
    pub heeds: SimDuration,
    /// What the job is lost by when the last attempt has waited in vain.
    pub timed_out: LossId,
    /// Whether the callee wants to know when nobody waits for its answer any more -- parameter.
    pub cancels: bool,
    /// Whether the callee ignores connections while it is full: then its answer is waited for from when it accepts one
    /// -- parameter.
    pub ignores: bool,
    /// What stands before its attempts, if anything does.
    pub guard: Option<Box<Guard>>,
}

/// Counters of the requests made.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestCounters {
    /// Attempts, the first ones included.
    pub attempts: CounterId,
    /// Attempts given up for want of an answer.
    pub timeouts: CounterId,
    /// Requests that were answered well, by whichever attempt.
    pub answered: CounterId,
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
    /// How fast work goes -- state, changed by faults.
    pace: Pace,
    /// Messages being handled -- state.
    tasks: Slab<Task>,
    /// Number of the last attempt or task; tells stale answers and alarms -- state.
    serial: u32,
    /// Timeouts of the attempts under way, by step -- state.
    timeouts: Vec<Deadlines<(u32, u32)>>,
    /// What a message is given up by whose caller has left: nothing more is asked on its behalf -- parameter.
    caller_left: Option<LossId>,
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
    /// What only a step with a guard needs. Nothing of it is left when a step is over.
    guarded: Guarded,
}

/// A task at a step with a guard.
#[derive(Debug, Clone, Default)]
struct Guarded {
    /// Serial number of the request: it tells stale deadlines.
    request: u32,
    /// When the request must have ended.
    due: SimTime,
    /// When the attempt left.
    sent: SimTime,
    /// Whether it waits for a connection.
    queued: bool,
    /// Whether it waits until the client may send again.
    held: bool,
    /// Connections that it holds.
    seats: u32,
    /// Which retry the budget has paid for: the attempt under way, or the next.
    paid: Option<Refusal>,
    /// In which trial of a circuit breaker the attempt was let through; zero: in none.
    trial: u32,
    /// How many copies of the attempt were sent, itself included.
    sent_copies: u32,
    /// Further copies of the attempt that are under way.
    copies: Vec<Copy>,
}

/// A further copy of an attempt, sent to hedge against a slow answer.
#[derive(Debug, Clone, Copy)]
struct Copy {
    serial: u32,
    /// By what its draws are numbered.
    number: u32,
    attempt: MsgId,
    answer: LossId,
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
    /// An attempt whose connection was accepted late has waited for its answer for long enough.
    Late { task: u32, serial: u32 },
    /// The first of the things for which a step waits may be due.
    Timeout { step: Due },
}

/// What may be due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    step: u16,
    what: What,
}

/// What a step waits for, each time equally long.
#[derive(Debug, Clone, Copy)]
enum What {
    /// The timeout of an attempt.
    Attempt,
    /// The deadline of a request.
    Request,
    /// The end of the patience to wait for a connection.
    Connection,
    /// Another copy.
    Hedge,
    /// The moment at which a client that sends less may send again.
    Rate,
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

/// Tells whether a task still waits for what has this serial number.
fn still_awaits(tasks: &Slab<Task>) -> impl Fn((u32, u32)) -> bool + '_ {
    |(task, serial)| tasks.get(task).is_some_and(|task| task.awaits == serial)
}

/// Tells whether a task still waits for what has this serial number, and its request is not due at this instant: nothing is
/// sent any more for one that is, whichever is told first.
fn still_may_send(tasks: &Slab<Task>, now: SimTime) -> impl Fn((u32, u32)) -> bool + '_ {
    move |(task, serial)| tasks.get(task).is_some_and(|task| task.awaits == serial && now < task.guarded.due)
}

impl Handler {
    /// The node's own work on each message.
    pub(super) const fn work(&self) -> Option<WorkId> {
        self.work
    }

    /// A handler that does `work` and then `steps`.
    pub(super) fn new(work: Option<WorkId>, steps: Vec<Step>, counters: Option<RequestCounters>) -> Self {
        let timeouts = vec![Deadlines::new(); steps.len()];
        Self {
            work,
            steps,
            counters,
            pace: Pace::PLAIN,
            tasks: Slab::default(),
            serial: 0,
            timeouts,
            caller_left: None,
        }
    }

    /// Messages being handled.
    pub(super) const fn busy(&self) -> usize {
        self.tasks.len()
    }

    /// Work that begins from now on takes `slowness` times as long.
    pub(super) fn slow_down(&mut self, slowness: f64) {
        self.pace = Pace { slowness, ..self.pace }.seen();
    }

    /// The work that begins next takes so much longer.
    pub(super) fn owe(&mut self, time: SimDuration) {
        self.pace = Pace { owed: self.pace.owed + time, ..self.pace }.seen();
    }

    /// From now on, nothing more is asked on behalf of messages whose caller has left: they are given up by `loss`.
    pub(super) const fn gives_up_with_the_caller(&mut self, loss: LossId) {
        self.caller_left = Some(loss);
    }

    /// Begins to handle `msg` for the owner's `slot`. Returns the task at once if there is nothing to wait for.
    #[inline(always)]
    pub(super) fn start<T>(&mut self, msg: MsgId, slot: u32, receive: u16, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let (index, _) = self.tasks.reserve();
        self.start_at(index, msg, slot, receive, cx)
    }

    /// The same in the place of a task that has [ended with its work](Self::ends_with_its_work).
    #[inline(always)]
    pub(super) fn start_at<T>(
        &mut self,
        index: u32,
        msg: MsgId,
        slot: u32,
        receive: u16,
        cx: &mut Ctx<'_, T>,
    ) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let serial = self.next_serial();
        // First of all: the loop goes on from the instant at which it ends.
        let began = cx.now();
        let mut worked = began;
        if let Some(work) = self.work {
            let mut duration = cx.work(work, msg);
            if !self.pace.is_plain {
                duration = self.pace.stretch(duration);
            }
            worked = began + duration;
            cx.alarm_at(worked, T::from(HandlerAlarm::Worked { task: index, serial }));
        }
        let task = self.tasks.at(index);
        task.msg = msg;
        task.slot = slot;
        task.began = began;
        task.worked = worked;
        task.awaits = serial;
        task.receive = receive;
        task.step = 0;
        task.tries = 0;
        task.attempt = None;
        task.answer = LossId::NONE;
        task.pause = SimDuration::ZERO;
        if self.work.is_some() { None } else { self.next_step(index, &mut cx.aside()) }
    }

    /// Whether a task whose work is done has nothing to do after it: the way of nearly all of them, so it is short, and
    /// apart from the ways of the others. Its place is kept for the next one, or to be [given back](Self::leave).
    #[inline(always)]
    pub(super) fn ends_with_its_work(&self, task: u32, serial: u32) -> bool {
        self.steps.is_empty() && self.tasks.get(task).is_some_and(|task| task.awaits == serial)
    }

    /// What such a task was; it stays in its place.
    #[inline(always)]
    pub(super) fn ended(&mut self, task: u32) -> Ended {
        self.tasks.at(task).ended(LossId::NONE)
    }

    /// What such a task was, and nobody is in its place any more.
    #[inline(always)]
    pub(super) fn leave(&mut self, task: u32) -> Ended {
        let ended = self.ended(task);
        self.tasks.free(task);
        ended
    }

    /// An alarm rang that is not the [end of all](Self::ends_with_its_work) there is to do.
    #[inline(never)]
    pub(super) fn on_alarm<T>(&mut self, alarm: HandlerAlarm, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        match alarm {
            HandlerAlarm::Worked { task: index, serial } => {
                if self.awaits(index) == Some(serial) {
                    self.next_step(index, cx)
                } else {
                    None
                }
            }
            HandlerAlarm::Paused { task, serial } => {
                if self.awaits(task) == Some(serial) {
                    self.try_step(task, &mut cx.aside())
                } else {
                    None
                }
            }
            HandlerAlarm::Answered { task, serial } => self.answered(task, serial, &mut cx.aside()),
            HandlerAlarm::Late { task, serial } => {
                if self.awaits(task) == Some(serial) {
                    self.attempt_is_due(task, &mut cx.aside())
                } else {
                    None
                }
            }
            HandlerAlarm::Timeout { .. } => unreachable!("timeouts end several tasks: see on_timeout"),
        }
    }

    /// The owner's slot is gone: its task ends without a word to anybody.
    pub(super) fn cancel<T>(&mut self, slot: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let index = self.tasks.iter().find(|(_, task)| task.slot == slot)?.0;
        self.quit(index, cx);
        self.end(index, LossId::NONE)
    }

    /// Every task ends at once by `loss`.
    pub(super) fn cancel_all<T>(&mut self, loss: LossId, cx: &mut Ctx<'_, T>) -> Vec<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let places: Vec<u32> = self.tasks.iter().map(|(index, _)| index).collect();
        for &index in &places {
            // Nobody waits any more: a connection that becomes free goes to none of them.
            let serial = self.next_serial();
            if let Some(task) = self.tasks.get_mut(index) {
                task.awaits = serial;
            }
        }
        let mut end = |index| {
            self.quit(index, cx);
            self.end(index, loss)
        };
        places.into_iter().filter_map(&mut end).collect()
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
}

impl Task {
    /// Its end by `loss`, or by success.
    #[inline]
    const fn ended(&self, loss: LossId) -> Ended {
        let &Self { msg, slot, began, worked, receive, .. } = self;
        Ended { msg, slot, began, worked, receive, loss }
    }
}
