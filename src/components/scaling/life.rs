//! The life of a machine: ordered, in service, taken away by its group or by somebody else.

use super::machines::State;
use super::{Change, Group, GroupAlarm, IsBusy, ORDERS, Protection, Timer, VICTIMS};
use crate::components::context::Ctx;
use crate::engine::SimDuration;
use crate::engine::random::mix;

impl Group {
    /// Machines that the group counts as its own for good or will soon.
    fn members(&self) -> u32 {
        let noticed = if self.p.rebalances { 0 } else { self.machines.count(State::Noticed) };
        self.machines.settling() + self.machines.count(State::Warm) + noticed
    }

    /// Orders what is missing.
    pub(super) fn order<T: Timer>(&mut self, warmup: SimDuration, cx: &mut Ctx<'_, T>) {
        while self.members() < self.desired {
            let boots = self.pool.as_mut().and_then(super::Pool::take);
            let time = match boots {
                Some(false) => SimDuration::ZERO,
                Some(true) => self.boot_time(cx),
                None => self.boot_time(cx) + self.p.bootstrap,
            };
            let place = self.machines.add(State::Pending, cx.now(), warmup);
            self.billed += 1;
            cx.count(self.metrics.launched, 1);
            cx.alarm_after(time, T::from(GroupAlarm::Ready { place, life: self.machines.life(place) }));
        }
        self.prepare(cx);
    }

    /// Replaces what is gone without having been taken away by the group.
    pub(super) fn replace<T: Timer>(&mut self, cx: &mut Ctx<'_, T>) {
        self.order(self.p.warmup, cx);
    }

    fn boot_time<T: Timer>(&mut self, cx: &Ctx<'_, T>) -> SimDuration {
        self.orders += 1;
        cx.latency(&self.p.launch, mix(self.orders | ORDERS))
    }

    /// Brings the warm pool to its size.
    pub(super) fn prepare<T: Timer>(&mut self, cx: &mut Ctx<'_, T>) {
        let missing = self.pool.as_mut().map_or(0, |pool| pool.order(self.desired));
        for _ in 0..missing {
            let time = self.boot_time(cx) + self.p.bootstrap;
            cx.alarm_after(time, T::from(GroupAlarm::Prepared));
        }
    }

    /// A machine has booted and done its bootstrap.
    pub(super) fn ready<T: Timer>(&mut self, place: u32, cx: &mut Ctx<'_, T>) {
        let warmup = self.machines.warmup(place);
        if warmup.is_zero() {
            self.machines.change(place, State::Warm);
        } else {
            self.machines.change(place, State::Warming);
            cx.alarm_after(warmup, T::from(GroupAlarm::Warm { place, life: self.machines.life(place) }));
        }
        self.changes.push(Change::Begins(place));
        if self.machines.count(State::Pending) == 0
            && let Some(cooldown) = self.cooldown.take()
        {
            self.cools_until = cx.now() + cooldown;
        }
    }

    /// Takes away what is too many, as far as nothing protects it.
    pub(super) fn take_away<T: Timer>(&mut self, is_busy: IsBusy<'_>, cx: &mut Ctx<'_, T>) {
        // While one boots or warms up, none goes.
        while self.machines.settling() == 0 && self.members() > self.desired {
            let may_go = |place| match self.p.protection {
                Protection::None => true,
                Protection::WhileBusy => !is_busy(place),
                Protection::Always => false,
            };
            let number = mix(u64::from(self.members()) | VICTIMS) ^ cx.now().as_nanos();
            let draw = |equals| cx.draws(number).below(equals);
            let Some(place) = self.machines.victim(self.p.order, cx.now(), may_go, draw) else { break };
            let Some(hook) = self.p.hook else {
                self.remove(place, is_busy(place), cx);
                continue;
            };
            self.machines.change(place, State::Leaving);
            self.changes.push(Change::Drains(place));
            cx.alarm_after(hook, T::from(GroupAlarm::Ends { place, life: self.machines.life(place) }));
        }
    }

    /// The workers on a machine have ended what they had to do. One that has a notice stays until it is taken away.
    pub(in crate::components) fn drained<T: Timer>(&mut self, place: u32, cx: &mut Ctx<'_, T>) {
        if self.machines.state(place) == State::Leaving {
            self.remove(place, false, cx);
            self.show(cx);
        }
    }

    /// So many machines get a notice that they will be taken away.
    pub(in crate::components) fn interrupt<T: Timer>(&mut self, count: u32, cx: &mut Ctx<'_, T>) {
        let victims: Vec<u32> = self.machines.serving().take(count as usize).collect();
        for place in victims {
            cx.count(self.metrics.interrupted, 1);
            self.machines.change(place, State::Noticed);
            cx.alarm_after(self.p.notice, T::from(GroupAlarm::Ends { place, life: self.machines.life(place) }));
            if self.p.heeds_notice {
                self.changes.push(Change::Drains(place));
            }
        }
        self.replace(cx);
        self.show(cx);
    }

    /// A machine is gone.
    pub(super) fn remove<T: Timer>(&mut self, place: u32, is_busy: bool, cx: &mut Ctx<'_, T>) {
        cx.count(self.metrics.terminated, 1);
        if is_busy {
            cx.count(self.metrics.cut_off, 1);
        }
        let paid = self.machines.launched(place) + self.p.billed_at_least;
        if paid > cx.now() {
            cx.alarm_at(paid, T::from(GroupAlarm::Paid));
        } else {
            self.billed -= 1;
        }
        self.machines.change(place, State::Gone);
        self.changes.push(Change::Stops(place));
    }
}
