//! What a handler does when something for which a step waits is due.

use super::{AnyTimer, Due, Ended, Handler, HandlerAlarm, Step, Task, What};
use crate::components::context::Ctx;
use crate::components::guard::Answer;
use crate::engine::Deadlines;

impl Handler {
    /// The alarm of a step rang: call until it returns `None`, each time dealing with the task that ended.
    #[inline(never)]
    pub(in crate::components) fn on_timeout<T>(&mut self, due: Due, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let Due { step, what } = due;
        let index = usize::from(step);
        if matches!(what, What::Rate) {
            return self.send_those_held_back(step, cx);
        }
        loop {
            let (tasks, now) = (&self.tasks, cx.now());
            let alive = |(task, serial)| tasks.get(task).is_some_and(|task: &Task| task.is_due(what, step, serial));
            let ring = ring_of(&mut self.timeouts, &mut self.steps, index, what)?;
            let Some((task, _)) = ring.due(now, alive) else { break };
            let ended = match what {
                What::Attempt => self.attempt_is_due(task, cx),
                What::Connection => {
                    let loss = self.steps[index].guard.as_ref()?.no_connection();
                    self.attempt_failed(task, loss, cx)
                }
                What::Request => {
                    let (_, loss) = self.steps[index].guard.as_ref()?.deadline?;
                    if self.tasks.get(task).is_some_and(Task::asks) {
                        self.conclude(task, Answer::Failed, cx);
                    }
                    self.fail_request(task, loss, cx)
                }
                What::Hedge => {
                    self.hedge(task, cx);
                    None
                }
                What::Rate => unreachable!("those who are held back have no common deadline"),
            };
            if ended.is_some() {
                return ended;
            }
        }
        if let Some(at) = ring_of(&mut self.timeouts, &mut self.steps, index, what)?.rearm() {
            cx.alarm_at(at, T::from(HandlerAlarm::Timeout { step: due }));
        }
        None
    }

    /// An attempt has waited for its answer for as long as it may; if its connection was accepted late, not yet.
    pub(super) fn attempt_is_due<T>(&mut self, index: u32, cx: &mut Ctx<'_, T>) -> Option<Ended>
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        let task = self.tasks.get(index)?;
        let step = &self.steps[usize::from(task.step)];
        if step.ignores
            && let (Some(attempt), Some(timeout)) = (task.attempt, step.timeout)
        {
            let until = cx.message(attempt).sent + timeout;
            if until > cx.now() {
                cx.alarm_at(until, T::from(HandlerAlarm::Late { task: index, serial: task.awaits }));
                return None;
            }
        }
        let loss = step.timed_out;
        if let Some(counters) = self.counters {
            cx.count(counters.timeouts, 1);
        }
        self.attempt_failed(index, loss, cx)
    }
}

/// The instants at which something of a step is due.
fn ring_of<'a>(
    timeouts: &'a mut [Deadlines<(u32, u32)>],
    steps: &'a mut [Step],
    step: usize,
    what: What,
) -> Option<&'a mut Deadlines<(u32, u32)>> {
    if matches!(what, What::Attempt) {
        return timeouts.get_mut(step);
    }
    let guard = steps.get_mut(step)?.guard.as_mut()?;
    Some(match what {
        What::Attempt | What::Rate => unreachable!("taken elsewhere"),
        What::Request => &mut guard.deadlines,
        What::Connection => &mut guard.patience,
        What::Hedge => &mut guard.hedges,
    })
}

impl Task {
    /// Whether what was to be due at this `step` still matters.
    const fn is_due(&self, what: What, step: u16, serial: u32) -> bool {
        match what {
            What::Attempt | What::Hedge => self.awaits == serial,
            What::Request => self.guarded.request == serial && self.step == step,
            What::Connection => self.awaits == serial && self.guarded.queued,
            What::Rate => false,
        }
    }
}
