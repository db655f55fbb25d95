//! How many lanes a mapping has: more while none of them waits for messages, fewer when nothing comes.

use super::{Doing, Lambda, Mapping};
use crate::components::lambda::{Cx, LambdaAlarm};

impl Mapping {
    /// Lanes that are there.
    pub(super) fn active(&self) -> u32 {
        u32::try_from(self.lanes.len() - self.off.len()).unwrap_or(u32::MAX)
    }

    /// The gauges of the lanes.
    fn show_lanes(&self, cx: &mut Cx<'_>) {
        cx.set(self.metrics.pollers, self.active().into());
        if let (Some(gauge), Some(poller)) = (self.metrics.provisioned, self.p.scaling.poller) {
            cx.set(gauge, self.active().div_ceil(poller.lanes).into());
        }
    }

    /// Whether a lane's poll waits at the queue: then there is nothing for one more.
    fn one_waits(&self, cx: &Cx<'_>) -> bool {
        self.lanes.iter().any(|lane| lane.doing == Doing::Asking && lane.asked_at < cx.now())
    }

    /// A lane has ended a round; `true` if it goes away.
    pub(super) fn leaves(&mut self, lane: u32, found_nothing: bool, cx: &mut Cx<'_>) -> bool {
        let active = self.active();
        let kept = if found_nothing { self.p.scaling.idle } else { self.allowed };
        if active <= kept {
            return false;
        }
        self.lane(lane).doing = Doing::Off;
        self.off.push(lane);
        self.allowed = self.allowed.min(active - 1);
        self.show_lanes(cx);
        true
    }
}

impl Lambda {
    /// The run begins: the queue is polled.
    pub(in crate::components::lambda) fn start_polling(&mut self, cx: &mut Cx<'_>) {
        let Some(scaling) = self.mapping.as_ref().map(|mapping| mapping.p.scaling) else { return };
        self.have_lanes(scaling.idle, cx);
    }

    /// Lanes begin until there are so many.
    fn have_lanes(&mut self, count: u32, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        mapping.allowed = mapping.allowed.max(count);
        while let Some(mapping) = self.mapping.as_mut().filter(|mapping| mapping.active() < count) {
            let lane = mapping.off.pop().unwrap_or_else(|| {
                mapping.lanes.push(super::Lane::default());
                u32::try_from(mapping.lanes.len() - 1).expect("lanes are bounded by the facts")
            });
            mapping.show_lanes(cx);
            self.poll(lane, cx);
        }
    }

    /// Messages have come: the lanes that there are when something begins to come, and more if all are in use.
    pub(super) fn something_came(&mut self, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        let start = mapping.p.scaling.start;
        if mapping.active() < start {
            self.have_lanes(start, cx);
        }
        self.grow_later(cx);
        self.look_back_later(cx);
    }

    /// Sets the alarm for one more lane, if there may be one.
    pub(super) fn grow_later(&mut self, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        if mapping.growing
            || mapping.look_back.rests
            || mapping.active() >= mapping.p.scaling.most
            || mapping.one_waits(cx)
        {
            return;
        }
        mapping.growing = true;
        cx.alarm_after(mapping.spacing(), LambdaAlarm::Grow);
    }

    /// One more lane, if none of those that are there waits.
    pub(in crate::components::lambda) fn grow(&mut self, cx: &mut Cx<'_>) {
        let Some(mapping) = self.mapping.as_mut() else { return };
        mapping.growing = false;
        let active = mapping.active();
        if mapping.look_back.rests || active >= mapping.p.scaling.most || mapping.one_waits(cx) {
            return;
        }
        if active > mapping.allowed {
            // One fewer of those that are too many has to go.
            mapping.allowed += 1;
        } else {
            self.have_lanes(active + 1, cx);
        }
        self.grow_later(cx);
    }
}
