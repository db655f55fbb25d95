//! How a machine leaves a group: taken away by the group itself, or by somebody else.

use super::machines::State;
use super::{Change, Group, GroupAlarm, IsBusy, Protection, Timer, VICTIMS};
use crate::components::context::Ctx;
use crate::engine::random::mix;

impl Group {
    /// Machines that the group counts as its own for good or will soon.
    pub(super) fn members(&self) -> u32 {
        let noticed = if self.p.rebalances { 0 } else { self.machines.count(State::Noticed) };
        self.machines.settling() + self.machines.count(State::Warm) + noticed
    }

    /// Takes away what is too many, as far as nothing protects it.
    pub(super) fn take_away<T: Timer>(&mut self, is_busy: IsBusy<'_>, cx: &mut Ctx<'_, T>) {
        // While one boots or warms up, no policy takes one away; who says how many there are to be does not wait.
        while (self.at_once || self.machines.settling() == 0) && self.members() > self.desired {
            let may_go = |place| match self.p.protection {
                Protection::None => true,
                Protection::WhileBusy => !is_busy(place),
                Protection::Always => false,
            };
            let number = mix(u64::from(self.members()) | VICTIMS) ^ cx.now().as_nanos();
            let draw = |equals| cx.draws(number).below(equals);
            let Some(place) = self.machines.victim(self.p.order, cx.now(), may_go, draw) else { break };
            if self.pool.as_mut().is_some_and(|pool| pool.expect(self.desired)) {
                self.machines.set_kept(place);
            }
            let Some(hook) = self.p.hook.filter(|_| self.machines.works(place)) else {
                self.remove(place, is_busy(place), cx);
                continue;
            };
            self.machines.change(place, State::Leaving);
            self.changes.push(Change::Drains(place));
            cx.alarm_after(hook, T::from(GroupAlarm::Ends { place, life: self.machines.life(place) }));
        }
        self.at_once &= self.members() > self.desired;
    }

    /// The workers on a machine have ended what they had to do. One that has a notice stays until it is taken away, and
    /// one on standby until it comes back.
    pub(in crate::components) fn drained<T: Timer>(&mut self, place: u32, cx: &mut Ctx<'_, T>) {
        match self.machines.state(place) {
            State::Leaving => self.remove(place, false, cx),
            State::Standby => self.machines.set_works(place, false),
            _ => return,
        }
        self.show(cx);
    }

    /// So many machines get a notice that they will be taken away.
    pub(in crate::components) fn interrupt<T: Timer>(&mut self, count: u32, cx: &mut Ctx<'_, T>) {
        let victims: Vec<u32> = self.machines.serving().take(count as usize).collect();
        for place in victims {
            cx.count(self.metrics.interrupted, 1);
            self.machines.change(place, State::Noticed);
            cx.alarm_after(self.p.notice, T::from(GroupAlarm::Ends { place, life: self.machines.life(place) }));
            if self.p.heeds_notice && self.machines.works(place) {
                self.changes.push(Change::Drains(place));
            }
        }
        self.replace(cx);
        self.show(cx);
    }

    /// A machine is gone, or goes back into the warm pool.
    pub(super) fn remove<T: Timer>(&mut self, place: u32, is_busy: bool, cx: &mut Ctx<'_, T>) {
        let is_kept =
            self.machines.is_kept(place) && self.pool.as_mut().is_some_and(|pool| pool.came_back(self.desired));
        let [gone, cut_off] = match self.metrics.kept {
            Some(kept) if is_kept => kept,
            _ => [self.metrics.terminated, self.metrics.cut_off],
        };
        cx.count(gone, 1);
        if is_busy {
            cx.count(cut_off, 1);
        }
        let paid = self.machines.launched(place) + self.p.billed_at_least;
        if paid > cx.now() {
            cx.alarm_at(paid, T::from(GroupAlarm::Paid));
        } else {
            self.billed -= 1;
        }
        if self.machines.works(place) {
            self.changes.push(Change::Stops(place));
        }
        self.machines.change(place, State::Gone);
    }
}
