//! How a machine comes into a group: ordered, booted, held by a lifecycle hook, in service, at work.
//!
//! Without a hook a machine is in service as soon as it can be reached, though its program is not there yet: it counts in
//! the metric, and does nothing. With one it waits outside until its bootstrap is done; if that takes longer than the
//! hook allows, the machine is given up and another one ordered, or it comes into service as it is.

use super::machines::State;
use super::{Change, Group, GroupAlarm, LaunchHook, ORDERS, Timer};
use crate::components::context::Ctx;
use crate::engine::random::mix;
use crate::engine::{SimDuration, SimTime};

impl Group {
    /// Orders what is missing.
    pub(super) fn order<T: Timer>(&mut self, warmup: SimDuration, cx: &mut Ctx<'_, T>) {
        while self.members() < self.desired {
            let boots = self.pool.as_mut().and_then(super::Pool::take);
            let time = if boots == Some(false) { SimDuration::ZERO } else { self.boot_time(cx) };
            let place = self.machines.add(State::Pending, cx.now(), warmup);
            // One of the warm pool was launched for the pool.
            if boots.is_none() {
                self.machines.set_bootstrap(place, self.p.bootstrap);
                cx.count(self.metrics.launched, 1);
            }
            self.billed += 1;
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

    /// The hook that gives up every machine, because their bootstrap takes longer than it allows.
    fn hopeless(&self) -> Option<LaunchHook> {
        self.p.launch_hook.filter(|hook| hook.abandons && hook.limit < self.p.bootstrap)
    }

    /// Brings the warm pool to its size.
    pub(super) fn prepare<T: Timer>(&mut self, cx: &mut Ctx<'_, T>) {
        let Some([missing, gone]) = self.pool.as_mut().map(|pool| pool.order(self.desired)) else { return };
        cx.count(self.metrics.launched, missing.into());
        cx.count(self.metrics.terminated, gone.into());
        let bootstrap = self.hopeless().map_or(self.p.bootstrap, |hook| hook.limit);
        for _ in 0..missing {
            let time = self.boot_time(cx) + bootstrap;
            cx.alarm_after(time, T::from(GroupAlarm::Prepared));
        }
    }

    /// A machine of the warm pool has done its bootstrap, or is given up.
    pub(super) fn prepared<T: Timer>(&mut self, cx: &mut Ctx<'_, T>) {
        let is_hopeless = self.hopeless().is_some();
        let Some(pool) = &mut self.pool else { return };
        if !is_hopeless {
            let is_wanted = pool.prepared(self.desired);
            return cx.count(self.metrics.terminated, u64::from(!is_wanted));
        }
        pool.abandoned();
        cx.count(self.metrics.terminated, 1);
        self.count_abandoned(cx);
        self.prepare(cx);
    }

    fn count_abandoned<T: Timer>(&self, cx: &mut Ctx<'_, T>) {
        if let Some(counter) = self.metrics.abandoned {
            cx.count(counter, 1);
        }
    }

    /// A machine can be reached.
    pub(super) fn ready<T: Timer>(&mut self, place: u32, cx: &mut Ctx<'_, T>) {
        let bootstrap = self.machines.bootstrap(place);
        match self.p.launch_hook {
            Some(hook) if !bootstrap.is_zero() => {
                self.machines.change(place, State::Waiting);
                let life = self.machines.life(place);
                cx.alarm_after(bootstrap.min(hook.limit), T::from(GroupAlarm::Hooked { place, life }));
            }
            _ => self.begin_service(place, bootstrap, cx),
        }
    }

    /// The hook holds a machine no longer: its bootstrap is done, or the time is up.
    pub(super) fn unhook<T: Timer>(&mut self, place: u32, cx: &mut Ctx<'_, T>) {
        let Some(hook) = self.p.launch_hook else { return };
        let left = self.machines.bootstrap(place) - hook.limit;
        if left.is_zero() || !hook.abandons {
            return self.begin_service(place, left, cx);
        }
        self.count_abandoned(cx);
        self.remove(place, false, cx);
        self.replace(cx);
        self.end_launches(cx.now());
    }

    /// A new machine comes into service, and has so much to do yet before it works.
    fn begin_service<T: Timer>(&mut self, place: u32, left: SimDuration, cx: &mut Ctx<'_, T>) {
        self.machines.set_bootstrap(place, left);
        self.enter_service(place, cx);
        if left.is_zero() {
            self.begin_work(place);
        } else {
            cx.alarm_after(left, T::from(GroupAlarm::Works { place, birth: self.machines.birth(place) }));
        }
        self.end_launches(cx.now());
    }

    /// A machine is in service, and warms up.
    pub(super) fn enter_service<T: Timer>(&mut self, place: u32, cx: &mut Ctx<'_, T>) {
        let warmup = self.machines.warmup(place);
        if warmup.is_zero() {
            return self.machines.change(place, State::Warm);
        }
        self.machines.change(place, State::Warming);
        cx.alarm_after(warmup, T::from(GroupAlarm::Warm { place, life: self.machines.life(place) }));
    }

    /// A machine has done its bootstrap. It takes nothing if it is to stop at once.
    pub(super) fn begin_work(&mut self, place: u32) {
        self.machines.set_bootstrap(place, SimDuration::ZERO);
        match self.machines.state(place) {
            State::Noticed if self.p.heeds_notice => {}
            State::Warming | State::Warm | State::Noticed => {
                self.machines.set_works(place, true);
                self.changes.push(Change::Begins(place));
            }
            State::Gone | State::Pending | State::Waiting | State::Standby | State::Leaving => {}
        }
    }

    /// The pause after a simple step begins when what it ordered is in service.
    fn end_launches(&mut self, now: SimTime) {
        if self.machines.pending() == 0
            && let Some(cooldown) = self.cooldown.take()
        {
            self.cools_until = now + cooldown;
        }
    }
}
