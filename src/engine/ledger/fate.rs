//! What becomes of a job as its messages are done, lost and gone.

use crate::engine::message::{Besides, Job, LossId, LossKind, Message, Progress, Role};
use crate::engine::observer::Observer;
use crate::engine::time::SimTime;

/// `message` is gone. Whether it was the last of its job, which then goes with it.
#[inline(always)]
pub(super) fn let_go(message: &Message, job: &mut Job, observer: &mut impl Observer) -> bool {
    job.slots -= 1;
    if job.slots == 0 {
        observer.closed(job, message.key);
    }
    job.slots == 0
}

/// What `message` carries was done. Whether it was the first time.
#[inline(always)]
pub(super) fn mark_done(message: &mut Message, job: &mut Job, now: SimTime) -> bool {
    let again = std::mem::replace(&mut message.branch_done, true);
    if again {
        job.besides = Besides::Repeats;
    } else if message.role == Role::Stray {
        return job.besides.stray(job.done);
    } else {
        job.done += 1;
        job.last_done = now;
        return !job.besides.branch();
    }
    false
}

/// One branch fewer is undecided. Whether it was the last, for the first time.
#[inline(always)]
pub(super) const fn decide(job: &mut Job) -> bool {
    job.undecided -= 1;
    job.undecided == 0 && !matches!(std::mem::replace(&mut job.progress, Progress::Decided), Progress::Decided)
}

/// The worst loss of its branches decides a job.
pub(super) fn blame(job: &mut Job, loss: LossId, kinds: &[LossKind]) {
    let kind = |loss: LossId| kinds[usize::from(loss.0)];
    if job.loss.is_none() || kind(loss) > kind(job.loss) {
        job.loss = loss;
    }
}
