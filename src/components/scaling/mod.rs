//! An Amazon EC2 Auto Scaling group: machines that come and go with what there is to do.
//!
//! ```text
//!  ordered ─ launch ─▶ (hook) ─▶ in service: warming ─ warm-up ─▶ warm ──┬─▶ leaving (hook) ─▶ gone, or warm pool
//!     ▲                            │      ▲                             │ or at once
//!     │ policies, once a period    │      └───▶ standby, for a while ◀──┤
//!     │ schedule                   └────── notice of two minutes ───────┴─▶ gone, and replaced
//! ```
//! Facts: `ec2.*`. The policies see measures that are taken once a period and known later ([`measures`]); each says what
//! it wants ([`policy`]). The group grows if one of them says so, and shrinks if all that ever shrink say so and no
//! machine is on its way or warming up. A machine that is taken away stops in the middle of its work, unless a protection
//! or a lifecycle hook keeps it: its message comes back when the visibility timeout ends, and not before.
//!
//! Simplified: growth by a target counts from the machines by which the measure was divided. A group that wanted to take
//! away more machines than were free of protection looks again at every measure. Left out: health checks, predictive
//! scaling, mixed instances and weights, and so the parts of the default termination policy that tell machines of
//! different templates apart.

mod hooks;
mod launch;
#[cfg(test)]
mod launch_tests;
mod life;
mod machines;
mod measures;
mod policy;
mod policy_spec;
mod pool;
mod schedule;
mod spec;
mod standby;
#[cfg(test)]
mod standby_tests;
#[cfg(test)]
mod tests;

pub(super) use spec::GroupSpec;

use self::hooks::LaunchHook;
use self::machines::{Machines, Order, State};
use self::measures::Measures;
use self::policy::{Measure, Opinion, Policy, Rule, Size};
use self::pool::Pool;
use self::schedule::Action;
use super::AnyTimer;
use super::context::Ctx;
use super::latency::Latency;
use crate::engine::{NodeId, Signal, SimDuration, SimTime};
use crate::metrics::{CounterId, GaugeId};

/// What a group was told to be.
#[derive(Debug, Clone)]
struct GroupParameters {
    /// Who is asked how much there is to do.
    source: NodeId,
    workers_per_instance: u32,
    /// From the order of a machine until it can be reached.
    launch: Latency,
    /// What it does then before it works.
    bootstrap: SimDuration,
    /// How long a machine counts as warming up that no policy ordered.
    warmup: SimDuration,
    protection: Protection,
    order: Order,
    /// What keeps a machine out of service until its bootstrap is done.
    launch_hook: Option<LaunchHook>,
    /// How long a machine may go on that is taken away; none: not at all.
    hook: Option<SimDuration>,
    /// How long before it is taken away a spot instance gets its notice.
    notice: SimDuration,
    /// Whether its workers take nothing more from then on.
    heeds_notice: bool,
    /// Whether another machine is ordered then, and not only when this one is gone.
    rebalances: bool,
    /// A machine is paid for at least this long.
    billed_at_least: SimDuration,
}

/// Which machines are not taken away when a group shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    None,
    /// Those on which a worker has something to do.
    WhileBusy,
    /// All.
    Always,
}

/// What a group counts.
#[derive(Debug, Clone, Copy)]
struct GroupMetrics {
    /// Machines that it is to have.
    desired: GaugeId,
    /// Machines that do their work.
    in_service: GaugeId,
    /// Machines that boot, or that a hook keeps out of service.
    pending: GaugeId,
    /// Machines in service that do not count for good yet.
    warming: GaugeId,
    /// Machines that wait in the warm pool.
    prepared: Option<GaugeId>,
    /// Machines that a hook keeps out of service.
    waiting: Option<GaugeId>,
    /// Machines out of service for a while.
    standby: GaugeId,
    /// Machines that are paid for.
    instances: GaugeId,
    /// Workers on all machines that run.
    workers: GaugeId,
    /// Machines that were ordered, for the group or for its warm pool.
    launched: CounterId,
    /// Machines that are gone, from the group or from its warm pool.
    terminated: CounterId,
    /// Of them, those on which a worker was in the middle of its work.
    cut_off: CounterId,
    /// Machines that got a notice.
    interrupted: CounterId,
    /// Of those that are gone, machines that a hook gave up.
    abandoned: Option<CounterId>,
    /// Machines that went back into the warm pool, and of them those on which a worker was in the middle of its work.
    kept: Option<[CounterId; 2]>,
}

/// A group while it runs.
#[derive(Debug, Clone)]
pub(super) struct Group {
    p: GroupParameters,
    metrics: GroupMetrics,
    /// Parameters, and the points that their alarms have seen -- state.
    policies: Vec<Policy>,
    /// What it is to be at which time -- parameters.
    schedule: Vec<Action>,
    /// The fewest and the most machines, by now -- state.
    min: u32,
    max: u32,
    /// Machines that it is to have -- state.
    desired: u32,
    /// Whether what is too many goes although others boot or warm up -- state.
    at_once: bool,
    machines: Machines,
    measures: Measures,
    pool: Option<Pool>,
    /// Machines ordered so far; each has its own time to boot -- state.
    orders: u64,
    /// Machines that are paid for, the warm pool not counted -- state.
    billed: u32,
    /// The pause after a simple step, while its machines still boot -- state.
    cooldown: Option<SimDuration>,
    /// Until then no simple step is taken -- state.
    cools_until: SimTime,
    /// What the owner has to do about it.
    changes: Vec<Change>,
}

/// What becomes of the workers on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// They begin.
    Begins(u32),
    /// They take nothing more, and [`Group::drained`] is told when the last one has ended.
    Drains(u32),
    /// They are gone.
    Stops(u32),
    /// Those that took nothing more go on.
    Returns(u32),
}

/// Alarms of a group; its owner passes them on.
#[derive(Debug, Clone, Copy)]
pub enum GroupAlarm {
    /// Time to measure.
    Measure,
    /// A measure is known.
    Known,
    /// A machine can be reached.
    Ready { place: u32, life: u16 },
    /// A hook holds a machine no longer.
    Hooked { place: u32, life: u16 },
    /// A machine has done its bootstrap.
    Works { place: u32, birth: u16 },
    /// A machine counts for good.
    Warm { place: u32, life: u16 },
    /// The time of a machine is up.
    Ends { place: u32, life: u16 },
    /// A machine that is gone has been paid for.
    Paid,
    /// A machine for the warm pool is ready.
    Prepared,
    /// Time for a scheduled action.
    Scheduled { index: u16 },
}

/// The alarms of an owner of a group.
pub(super) trait Timer: Into<AnyTimer> + From<GroupAlarm> {}

impl<T: Into<AnyTimer> + From<GroupAlarm>> Timer for T {}

/// Whether a worker on this machine has something to do.
pub(super) type IsBusy<'a> = &'a dyn Fn(u32) -> bool;

/// Draws of times to boot, and of which machine goes, apart from those of latencies.
const ORDERS: u64 = 1 << 60;
const VICTIMS: u64 = 1 << 61;

impl Group {
    /// Workers on each machine.
    pub(super) const fn workers_per_instance(&self) -> u32 {
        self.p.workers_per_instance
    }

    /// Whether there are workers on this machine, or should be.
    pub(super) fn is_running(&self, place: u32) -> bool {
        self.machines.works(place)
    }

    /// What the owner has to do since it asked last.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The run begins: the machines that are wanted are there, and have been for a while.
    pub(super) fn start<T: Timer>(&mut self, cx: &mut Ctx<'_, T>) {
        for _ in 0..self.desired {
            let place = self.machines.add(State::Warm, cx.now(), SimDuration::ZERO);
            self.begin_work(place);
        }
        self.billed = self.desired;
        if let Some(pool) = &mut self.pool {
            pool.fill_at_once(self.desired);
        }
        self.plan(cx);
        cx.alarm_after(self.measures.period(), T::from(GroupAlarm::Measure));
        self.show(cx);
    }

    /// An alarm rang.
    pub(super) fn on_alarm<T: Timer>(&mut self, alarm: GroupAlarm, is_busy: IsBusy<'_>, cx: &mut Ctx<'_, T>) {
        match alarm {
            GroupAlarm::Measure => {
                cx.tell(SimDuration::ZERO, self.p.source, Signal::Measure { from: cx.node(), task: 0, attempt: 0 });
                cx.alarm_after(self.measures.period(), T::from(GroupAlarm::Measure));
            }
            GroupAlarm::Known => {
                let measure = self.measures.arrived(cx.now());
                self.decide(measure, is_busy, cx);
            }
            GroupAlarm::Ready { place, life } if self.machines.is_same(place, life) => self.ready(place, cx),
            GroupAlarm::Hooked { place, life } if self.machines.is_same(place, life) => self.unhook(place, cx),
            GroupAlarm::Works { place, birth } if self.machines.is_born(place, birth) => self.begin_work(place),
            GroupAlarm::Warm { place, life } if self.machines.is_same(place, life) => {
                self.machines.change(place, State::Warm);
            }
            GroupAlarm::Ends { place, life } if self.machines.is_same(place, life) => {
                self.remove(place, is_busy(place), cx);
                self.replace(cx);
            }
            GroupAlarm::Ready { .. }
            | GroupAlarm::Hooked { .. }
            | GroupAlarm::Works { .. }
            | GroupAlarm::Warm { .. }
            | GroupAlarm::Ends { .. } => {}
            GroupAlarm::Paid => self.billed -= 1,
            GroupAlarm::Prepared => self.prepared(cx),
            GroupAlarm::Scheduled { index } => self.act(index, is_busy, cx),
        }
        self.show(cx);
    }

    /// The answer to a measurement has come.
    pub(super) fn measured<T: Timer>(
        &mut self,
        [waiting, held]: [u32; 2],
        calls: u16,
        is_busy: IsBusy<'_>,
        cx: &mut Ctx<'_, T>,
    ) {
        let measure = Measure { waiting, held, instances: self.machines.in_service() };
        let known = self.measures.take(cx.now(), measure, calls);
        cx.alarm_at(known, T::from(GroupAlarm::Known));
        // What was protected before may be free now.
        self.take_away(is_busy, cx);
        self.show(cx);
    }

    /// Asks the policies, and does what they agree on.
    fn decide<T: Timer>(&mut self, measure: Option<Measure>, is_busy: IsBusy<'_>, cx: &mut Ctx<'_, T>) {
        let size = Size { desired: self.desired, settling: self.machines.settling(), cools_until: self.cools_until };
        let (mut grows, mut shrinks, mut vetoed) = (None, None, false);
        for (index, policy) in self.policies.iter_mut().enumerate() {
            match policy.judge(measure, size, cx.now()) {
                Opinion::Out(wanted) if grows.is_none_or(|(most, _)| wanted > most) => grows = Some((wanted, index)),
                Opinion::In(wanted) if shrinks.is_none_or(|(most, _)| wanted > most) => shrinks = Some((wanted, index)),
                Opinion::Out(_) | Opinion::In(_) => {}
                Opinion::Keep => vetoed |= policy.shrinks(),
            }
        }
        if let Some((wanted, policy)) = grows {
            let wanted = wanted.clamp(self.min, self.max);
            if wanted > self.desired {
                let warmup = self.policies[policy].warmup;
                self.desired = wanted;
                self.order(warmup, cx);
                self.cool_down(policy, cx.now());
            }
        } else if let Some((wanted, policy)) = shrinks.filter(|_| !vetoed && size.settling == 0) {
            let wanted = wanted.clamp(self.min, self.max);
            if wanted < self.desired {
                self.desired = wanted;
                self.take_away(is_busy, cx);
                self.prepare(cx);
                self.cool_down(policy, cx.now());
            }
        }
    }

    /// A simple policy has acted: it pauses, from when what it ordered is in service.
    fn cool_down(&mut self, policy: usize, now: SimTime) {
        let Rule::Simple { cooldown, .. } = self.policies[policy].rule else { return };
        if self.machines.pending() > 0 {
            self.cooldown = Some(cooldown);
            self.cools_until = SimTime::MAX;
        } else {
            self.cools_until = now + cooldown;
        }
    }

    /// Brings the gauges up to date.
    fn show<T: Timer>(&self, cx: &mut Ctx<'_, T>) {
        let Self { metrics, machines, .. } = self;
        let pool = self.pool.as_ref();
        for (gauge, value) in [
            (metrics.desired, self.desired),
            (metrics.in_service, machines.in_service()),
            (metrics.pending, machines.pending()),
            (metrics.warming, machines.count(State::Warming)),
            (metrics.standby, machines.count(State::Standby)),
            (metrics.instances, self.billed + pool.map_or(0, Pool::billed)),
        ] {
            cx.set(gauge, value.into());
        }
        let workers = u64::from(machines.working()) * u64::from(self.p.workers_per_instance);
        cx.set(metrics.workers, workers);
        if let (Some(gauge), Some(pool)) = (metrics.prepared, pool) {
            cx.set(gauge, pool.ready().into());
        }
        if let Some(gauge) = metrics.waiting {
            cx.set(gauge, machines.count(State::Waiting).into());
        }
    }
}
