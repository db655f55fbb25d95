//! A handler that stands still, as a process that is stopped: its work ends so much later.

use super::{AnyTimer, Handler, HandlerAlarm};
use crate::components::context::Ctx;
use crate::engine::{LossId, SimDuration};

impl Handler {
    /// Nothing goes on: the ends of all work that are planned do not count any more.
    pub(in crate::components) fn stop_work(&mut self) {
        for index in self.at_work() {
            let serial = self.next_serial();
            if let Some(task) = self.tasks.get_mut(index) {
                task.awaits = serial;
            }
        }
    }

    /// After so long all work goes on where it was.
    pub(in crate::components) fn resume_work<T>(&mut self, after: SimDuration, cx: &mut Ctx<'_, T>)
    where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        for index in self.at_work() {
            if let Some(task) = self.tasks.get_mut(index) {
                task.worked += after;
                cx.alarm_at(task.worked, T::from(HandlerAlarm::Worked { task: index, serial: task.awaits }));
            }
        }
    }

    /// An answer was given to a handler that stands still: it comes to it, and is noticed as soon as it goes on.
    pub(in crate::components) fn on_reply_unnoticed<T>(
        &mut self,
        task: u32,
        attempt: u32,
        loss: LossId,
        cx: &mut Ctx<'_, T>,
    ) where
        T: Into<AnyTimer> + From<HandlerAlarm>,
    {
        if let Some(leg) = self.note_answer(task, attempt, loss, cx) {
            cx.alarm_after(leg, T::from(HandlerAlarm::Answered { task, serial: attempt }));
        }
    }

    /// The tasks whose own work is not done.
    fn at_work(&self) -> Vec<u32> {
        let at_work = |task: &super::Task| self.work.is_some() && task.step == 0 && task.tries == 0;
        self.tasks.iter().filter(|(_, task)| at_work(task)).map(|(index, _)| index).collect()
    }
}
