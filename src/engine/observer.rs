//! Who is told what becomes of jobs, as the ledger finds out.

use super::{Job, SimTime};

/// Who is told what becomes of jobs.
///
/// The end of a run decides nothing: a job that is under way then is closed without having been decided.
pub trait Observer {
    /// The last undecided branch of a job was decided: it is no longer under way.
    fn decided(&mut self, now: SimTime);

    /// Nothing refers to the job any more: its fate is final. `key` is that of its messages.
    fn closed(&mut self, job: &Job, key: u32);

    /// The same of a job that was done and of which nothing was done twice.
    fn done_once(&mut self, job: &Job, key: u32);
}

/// Passes on how jobs end when the run does, but not that they were decided: nobody drained what was left over.
pub(super) struct AtTheEnd<'o, O>(pub &'o mut O);

impl<O: Observer> Observer for AtTheEnd<'_, O> {
    fn decided(&mut self, _: SimTime) {}

    fn closed(&mut self, job: &Job, key: u32) {
        self.0.closed(job, key);
    }

    fn done_once(&mut self, job: &Job, key: u32) {
        self.0.done_once(job, key);
    }
}
