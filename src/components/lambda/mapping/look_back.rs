//! Once a minute a mapping looks back: it is polled by fewer while its function fails or has no room.
//!
//! ```text
//!  a minute of trouble: half as many lanes, none more for a minute, growth half as fast
//!  a minute without:    growth twice as fast, up to its usual pace
//! ```
//! A minute is of trouble if more batches failed or were let go in it than were done, or if more lanes wait with a batch
//! that found no room than have one at work when it ends. The guide says only that concurrency falls gradually.

use super::{Doing, Lambda, Mapping};
use crate::components::lambda::{Cx, LambdaAlarm};
use crate::engine::SimDuration;
use crate::facts::lambda;

/// What a mapping knows when it looks back -- state.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LookBack {
    /// Batches that were done since it looked last.
    done: u32,
    /// Those that failed or were let go.
    failed: u32,
    /// How often its growth has been halved.
    halvings: u32,
    /// Whether it gets no more lanes until it looks again.
    pub rests: bool,
    /// Whether an alarm is set for the next look.
    armed: bool,
}

impl Mapping {
    /// A batch has ended: all of it failed or was let go, or not.
    pub(super) const fn note_batch(&mut self, failed: bool) {
        if failed {
            self.look_back.failed += 1;
        } else {
            self.look_back.done += 1;
        }
    }

    /// The least time between two lanes that begin now.
    pub(super) fn spacing(&self) -> SimDuration {
        let usual = self.p.scaling.spacing.as_nanos();
        SimDuration::from_nanos(usual.saturating_mul(1 << self.look_back.halvings))
    }

    /// Looks back at what happened since it looked last. Whether there is something to look at later.
    fn look_back(&mut self) -> bool {
        let lanes = |doing| self.lanes.iter().filter(|lane| lane.doing == doing).count();
        let (throttled, running) = (lanes(Doing::Throttled), lanes(Doing::Running));
        let LookBack { done, failed, halvings, rests, .. } = self.look_back;
        let trouble = failed > done || throttled > running;
        let mut halvings = halvings.saturating_sub(1);
        if trouble {
            halvings = (self.look_back.halvings + 1).min(lambda::SQS_GROWTH_HALVINGS_MAX.value);
            let fewer = self.allowed.min(self.active()) / lambda::SQS_TROUBLE_DIVISOR.value;
            self.allowed = fewer.max(self.p.scaling.start);
        }
        let quiet = done == 0 && failed == 0 && throttled == 0 && running == 0;
        let armed = !quiet || rests || halvings > 0;
        self.look_back = LookBack { done: 0, failed: 0, halvings, rests: trouble, armed };
        armed
    }
}

impl Lambda {
    /// Messages have come: the mapping looks back in a minute.
    pub(super) fn look_back_later(&mut self, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        if !std::mem::replace(&mut mapping.look_back.armed, true) {
            cx.alarm_after(lambda::SQS_LOOK_BACK.value.get(), LambdaAlarm::LookBack);
        }
    }

    /// A minute is over.
    pub(in crate::components::lambda) fn look_back(&mut self, cx: &mut Cx<'_>) {
        if self.mapping.as_mut().is_some_and(|mapping| mapping.look_back()) {
            cx.alarm_after(lambda::SQS_LOOK_BACK.value.get(), LambdaAlarm::LookBack);
        }
        self.grow_later(cx);
    }
}
