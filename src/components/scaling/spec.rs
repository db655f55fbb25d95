//! What a scenario may say about a group of machines, in the words of the Auto Scaling API.

use super::hooks::{HookSpec, LaunchHookSpec};
use super::machines::{Machines, Order};
use super::measures::{Measures, Metering};
use super::policy::{Policy, Rule};
use super::policy_spec::PolicySpec;
use super::pool::{Pool, PoolSpec};
use super::schedule::{self, Action, ActionSpec};
use super::{Group, GroupMetrics, GroupParameters, Protection};
use crate::components::NodeSite;
use crate::components::spec::{LatencySpec, words};
use crate::components::traits::{Members, ScalingTraits};
use crate::engine::{NodeId, SimDuration, SimTime};
use crate::facts::ec2;
use crate::site::{At, Site, ToToml};
use crate::units::Duration;
use serde::Deserialize;

/// Machines of one group at most: each has a place in memory.
pub(super) const INSTANCES_MAX: u32 = 10_000;
/// Workers of one group at most.
const WORKERS_MAX: u32 = 1_000_000;
/// Zones of one Region at most.
const ZONES_MAX: u16 = 26;

/// An Auto Scaling group of machines.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::components) struct GroupSpec {
    /// The fewest machines.
    min_size: Option<At<u32>>,
    /// The most machines.
    max_size: Option<At<u32>>,
    /// Machines at the beginning; they have been there for a while.
    desired_capacity: Option<At<u32>>,
    /// Workers on each machine.
    workers_per_instance: Option<At<u32>>,
    /// From the order of a machine until it can be reached.
    launch_latency: Option<At<LatencySpec>>,
    /// What it does then before it works: load the program, start it.
    bootstrap: Option<At<Duration>>,
    /// How long a new machine counts as warming up, whichever policy ordered it.
    default_instance_warmup: Option<At<Duration>>,
    /// The pause after a simple step; a warm-up of which nothing is said lasts as long.
    default_cooldown: Option<At<Duration>>,
    /// How often the metrics of the queue are taken: 10s, 30s or 60s.
    metric_period: Option<At<Duration>>,
    /// How long after it was taken a measure reaches the alarms.
    metric_delay: Option<At<Duration>>,
    /// How late the measures of a queue are that wakes from a sleep of more than six hours.
    metric_delay_after_sleep: Option<At<Duration>>,
    /// When the group grows and shrinks.
    policies: Option<At<Vec<At<PolicySpec>>>>,
    /// Which machines are not taken away when the group shrinks.
    scale_in_protection: Option<At<ProtectionSpec>>,
    /// Which machine goes first, within the zone that has most of them.
    termination_policy: Option<At<OrderSpec>>,
    /// Zones over which the machines are spread.
    availability_zones: Option<At<u16>>,
    /// Keeps a new machine out of service until its bootstrap is done.
    launch_hook: Option<At<LaunchHookSpec>>,
    /// Lets a machine that is taken away finish its work.
    termination_hook: Option<At<HookSpec>>,
    /// Machines that have done their bootstrap already and wait.
    warm_pool: Option<At<PoolSpec>>,
    /// Other sizes at times that are known beforehand.
    scheduled_actions: Option<At<Vec<At<ActionSpec>>>>,
    /// Whether another machine is ordered as soon as one gets the notice of an interruption.
    capacity_rebalance: Option<At<bool>>,
    /// Whether the workers on a machine take nothing more once it got the notice of an interruption.
    heeds_notice: Option<At<bool>>,
    /// What a machine costs for an hour, in US dollars.
    price_per_hour: Option<At<f64>>,
}

words! {
    /// Which machines are not taken away when a group shrinks.
    ProtectionSpec {
        /// Any machine may go, also in the middle of its work.
        None = "none",
        /// Each worker protects its machine while it has something to do.
        WhileBusy = "while_busy",
        /// None may go.
        Always = "always",
    }
}

words! {
    /// Which machine goes first.
    OrderSpec {
        /// The one whose next paid hour begins soonest.
        Default = "default",
        /// The one that was launched first.
        Oldest = "oldest_instance",
        /// The one that was launched last.
        Newest = "newest_instance",
        /// The one whose next paid hour begins soonest, said by name.
        NearestHour = "closest_to_next_instance_hour",
    }
}

/// No machine costs more US dollars an hour; more is a slip.
const PRICE_MAX: f64 = 1e6;

/// The sizes of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    /// Workers on each machine.
    pub workers: u32,
}

impl Sizes {
    /// Whether a group can have so many machines with so many workers each.
    pub(super) const fn are_possible(max: u32, workers: u32) -> bool {
        max <= INSTANCES_MAX && workers.saturating_mul(max) <= WORKERS_MAX
    }
}

impl GroupSpec {
    /// Builds the group, which asks `source` how much there is to do. `site` is that of the group's own table; gauges
    /// and counters are those of the node.
    pub(in crate::components) fn build(self, source: NodeId, site: &mut NodeSite<'_, '_>) -> Option<Group> {
        let errors = site.site.errors();
        let sizes = self.sizes(site.site);
        let launch = site.latency("launch_latency", self.launch_latency.clone(), &ec2::LAUNCH_LATENCY);
        let bootstrap = site.site.or_fact("bootstrap", self.bootstrap, &ec2::WORKER_BOOTSTRAP).get();
        let cooldown = site.site.or_fact("default_cooldown", self.default_cooldown, &ec2::DEFAULT_COOLDOWN).get();
        let warmup = self.warmup(site.site);
        let metering = self.metering(site.site);
        let policies = self.policies(warmup, cooldown, site.site);
        let most = sizes.map_or(INSTANCES_MAX, |sizes| sizes.max);
        let pool = self.warm_pool.as_ref().map(|at| at.value.build(most, &mut site.site.part("warm_pool", at.span)));
        let schedule = schedule::build(self.scheduled_actions.as_ref(), sizes, site.site);
        let name = &site.plan.nodes[site.node.index()].name;
        let moments = schedule.iter().flat_map(|action| action.moments(name, site.plan.horizon));
        site.traits.moments.extend(moments);
        let rebalances = self.rebalances(site.site);
        let launch_hook = self.launch_hook.map(|at| at.value.build(&mut site.site.part("launch_hook", at.span)));
        let hook = self.termination_hook.map(|at| at.value.build(&mut site.site.part("termination_hook", at.span)));
        let (protection, order, zones, heeds_notice) = self.choices(site.site);
        let metrics = metrics(pool.as_ref(), launch_hook.is_some(), self.price(site.site), site);
        if site.site.errors() > errors {
            return None;
        }
        let sizes = sizes?;
        let p = GroupParameters {
            source,
            workers_per_instance: sizes.workers,
            launch: launch?,
            bootstrap,
            warmup: warmup.unwrap_or(cooldown),
            protection,
            order,
            launch_hook,
            hook,
            notice: ec2::SPOT_NOTICE.value.get(),
            heeds_notice,
            rebalances,
            billed_at_least: ec2::BILLED_MINIMUM.value.get(),
        };
        let machines = schedule.iter().filter_map(Action::max).fold(sizes.max, u32::max);
        site.traits.members = Some(Members { consumers: machines.saturating_mul(sizes.workers), machines });
        site.traits.scaling = Some(self.traits(&p, sizes, (&policies, &schedule), metering, site));
        if let (Some(traits), Some(pool)) = (&mut site.traits.scaling, &pool) {
            traits.prepared = pool.size(sizes.desired);
        }
        Some(Group {
            p,
            metrics,
            policies,
            schedule,
            min: sizes.min,
            max: sizes.max,
            desired: sizes.desired,
            at_once: false,
            machines: Machines::new(zones),
            measures: Measures::new(metering),
            pool,
            orders: 0,
            billed: 0,
            cooldown: None,
            cools_until: SimTime::ZERO,
            changes: Vec::new(),
        })
    }

    fn sizes(&self, s: &mut Site<'_>) -> Option<Sizes> {
        let errors = s.errors();
        let (min, max) = (s.required("min_size", self.min_size), s.required("max_size", self.max_size));
        let (min, max) = (min?, max?);
        if let Some(at) = self.max_size.filter(|at| !(1..=INSTANCES_MAX).contains(&at.value)) {
            s.error(at.span, "S031", format!("a group has between 1 and {INSTANCES_MAX} machines at most"));
        } else if let Some(at) = self.min_size.filter(|_| min > max) {
            s.error(at.span, "S031", "`min_size` is larger than `max_size`").label(format!("must be at most {max}"));
        }
        let desired = s.or_default("desired_capacity", self.desired_capacity, min, "the smallest size");
        if let Some(at) = self.desired_capacity.filter(|at| min <= max && !(min..=max).contains(&at.value)) {
            s.error(at.span, "S031", "`desired_capacity` is outside the sizes of the group")
                .label(format!("must lie between {min} and {max}"));
        }
        let workers = s.or_default("workers_per_instance", self.workers_per_instance, 1, "one program on each");
        if let Some(at) =
            self.workers_per_instance.filter(|at| at.value == 0 || at.value.saturating_mul(max) > WORKERS_MAX)
        {
            s.error(at.span, "S031", format!("a group has between 1 and {WORKERS_MAX} workers, on all its machines"));
        }
        (s.errors() == errors).then_some(Sizes { min, max, desired, workers })
    }

    /// The warm-up of the group, if it has one of its own.
    fn warmup(&self, s: &mut Site<'_>) -> Option<SimDuration> {
        let warmups = Duration::from_secs(0)..=ec2::INSTANCE_WARMUP_MAX.value;
        let written = self.default_instance_warmup;
        s.within("default_instance_warmup", written.as_ref(), warmups, &ec2::INSTANCE_WARMUP_MAX);
        s.optional("default_instance_warmup", written).map(Duration::get)
    }

    fn metering(&self, s: &mut Site<'_>) -> Metering {
        let period = s.or_fact("metric_period", self.metric_period, &ec2::METRIC_PERIOD);
        let periods = [10, 30, 60].map(Duration::from_secs);
        if let Some(at) = self.metric_period.filter(|at| !periods.contains(&at.value)) {
            s.error(at.span, "S030", format!("`metric_period` is `{period}`, and metrics are not taken that often"))
                .label("must be 10s, 30s or 60s")
                .note(ec2::METRIC_PERIOD.note);
        }
        let delay = s.or_fact("metric_delay", self.metric_delay, &ec2::METRIC_DELAY).get();
        let delays = Duration::from_secs(0)..=ec2::QUEUE_METRIC_DELAY_MAX.value;
        let written = self.metric_delay_after_sleep;
        s.within("metric_delay_after_sleep", written.as_ref(), delays, &ec2::QUEUE_METRIC_DELAY_MAX);
        let late = s.or_fact("metric_delay_after_sleep", written, &ec2::QUEUE_METRIC_DELAY_MAX).get();
        Metering { period: period.get(), delay, sleeps_after: ec2::QUEUE_METRIC_IDLE.value.get(), late }
    }

    fn policies(&self, warmup: Option<SimDuration>, cooldown: SimDuration, s: &mut Site<'_>) -> Vec<Policy> {
        let most = ec2::POLICIES_MAX.value;
        if let Some(at) = self.policies.as_ref().filter(|at| at.value.len() > most as usize) {
            s.error(at.span, "S030", format!("a group has at most {most} policies")).note(ec2::POLICIES_MAX.note);
        }
        let written = self.policies.iter().flat_map(|at| &at.value);
        let built = written.enumerate().map(|(index, at)| {
            let mut part = s.item("policies", index, at.span);
            at.value.clone().build(warmup, cooldown, &mut part)
        });
        built.flatten().collect()
    }

    fn rebalances(&self, s: &mut Site<'_>) -> bool {
        s.or_default("capacity_rebalance", self.capacity_rebalance, false, "as the API has it")
    }

    fn choices(&self, s: &mut Site<'_>) -> (Protection, Order, u16, bool) {
        let why = "new machines are not protected unless asked for";
        let protection = match s.or_default("scale_in_protection", self.scale_in_protection, ProtectionSpec::None, why)
        {
            ProtectionSpec::None => Protection::None,
            ProtectionSpec::WhileBusy => Protection::WhileBusy,
            ProtectionSpec::Always => Protection::Always,
        };
        let why = "as the guide describes it, for machines that are all alike";
        let order = match s.or_default("termination_policy", self.termination_policy, OrderSpec::Default, why) {
            OrderSpec::Default | OrderSpec::NearestHour => Order::NearestHour,
            OrderSpec::Oldest => Order::Oldest,
            OrderSpec::Newest => Order::Newest,
        };
        let zones = s.or_default("availability_zones", self.availability_zones, 1, "all in one place");
        if let Some(at) = self.availability_zones.filter(|at| !(1..=ZONES_MAX).contains(&at.value)) {
            s.error(at.span, "S031", format!("a group is spread over 1 to {ZONES_MAX} zones"));
        }
        let why = "a program has to look for the notice itself";
        let heeds = s.or_default("heeds_notice", self.heeds_notice, false, why);
        (protection, order, zones.max(1), heeds)
    }

    fn price(&self, s: &mut Site<'_>) -> Option<f64> {
        if let Some(at) = self.price_per_hour.filter(|at| !(0.0..=PRICE_MAX).contains(&at.value)) {
            let problem = if at.value > PRICE_MAX { "more than any machine costs" } else { "no amount of money" };
            s.error(at.span, "S031", format!("`price_per_hour` is {problem}: it is in US dollars, and not negative"))
                .label(format!("must lie between 0 and {PRICE_MAX}"));
        }
        s.optional("price_per_hour", self.price_per_hour)
    }

    /// What the group says about itself, for the advice about the scenario.
    fn traits(
        &self,
        p: &GroupParameters,
        sizes: Sizes,
        (policies, schedule): (&[Policy], &[Action]),
        metering: Metering,
        site: &NodeSite<'_, '_>,
    ) -> ScalingTraits {
        let written = self.policies.iter().flat_map(|at| &at.value);
        let points = policies.iter().filter_map(Policy::points_to_shrink).max();
        let raw = policies.iter().zip(written).find_map(|(policy, at)| match policy.rule {
            Rule::Tracking { target, .. } if !policy.metric.is_per_instance => Some(At::new(target, at.span)),
            _ => None,
        });
        ScalingTraits {
            least: site.placed(self.min_size.as_ref(), sizes.min),
            desired: sizes.desired,
            most: site.placed(self.max_size.as_ref(), sizes.max),
            policies: self.policies.as_ref().filter(|_| !policies.is_empty()).map(|at| at.span),
            changes: !schedule.is_empty() || (!policies.is_empty() && sizes.min < sizes.max),
            wakes: policies.iter().any(Policy::wakes) || schedule.iter().any(Action::wakes),
            shrinks_after: points
                .map(|points| site.placed(self.policies.as_ref(), metering.period.scaled(f64::from(points)))),
            cuts_off: p.protection == Protection::None && p.hook.is_none() && policies.iter().any(misses_the_busy),
            raw_target: raw,
            fast_metric: self
                .metric_period
                .filter(|at| !policies.is_empty() && at.value < ec2::METRIC_PERIOD.value)
                .map(|at| At::new(at.value.get(), at.span)),
            gives_up_after: p
                .launch_hook
                .filter(|hook| hook.abandons)
                .map(|hook| site.placed(self.launch_hook.as_ref(), hook.limit)),
            bootstrap: p.bootstrap,
            prepared: 0,
        }
    }
}

/// Whether a policy takes machines away although their workers are busy, because it looks only at what waits.
fn misses_the_busy(policy: &Policy) -> bool {
    policy.shrinks() && !policy.metric.counts_held
}

/// Metrics of the node.
fn metrics(pool: Option<&Pool>, has_hook: bool, price: Option<f64>, site: &mut NodeSite<'_, '_>) -> GroupMetrics {
    let instances = site.gauge("instances", "instances");
    site.integral("instance_time", "s", instances, 1.0);
    if let Some(price) = price {
        site.hourly_price("instance_cost", instances, price);
    }
    GroupMetrics {
        desired: site.gauge("instances_desired", "instances"),
        in_service: site.gauge("instances_in_service", "instances"),
        pending: site.gauge("instances_pending", "instances"),
        warming: site.gauge("instances_warming", "instances"),
        prepared: pool.map(|_| site.gauge("instances_prepared", "instances")),
        waiting: has_hook.then(|| site.gauge("instances_pending_wait", "instances")),
        standby: site.gauge("instances_standby", "instances"),
        instances,
        workers: site.gauge("workers", "workers"),
        launched: site.counter("instances_launched", "instances"),
        terminated: site.counter("instances_terminated", "instances"),
        cut_off: site.counter("instances_terminated_busy", "instances"),
        interrupted: site.counter("instances_interrupted", "instances"),
        abandoned: has_hook.then(|| site.counter("instances_abandoned", "instances")),
        kept: pool
            .filter(|pool| pool.reuses())
            .map(|_| ["instances_reused", "instances_reused_busy"].map(|name| site.counter(name, "instances"))),
    }
}

impl Group {
    /// The gauge of the workers on all machines that run.
    pub(in crate::components) const fn workers_gauge(&self) -> crate::metrics::GaugeId {
        self.metrics.workers
    }

    /// Workers at the beginning, and at most.
    pub(in crate::components) fn workers(&self) -> [u32; 2] {
        let workers = self.p.workers_per_instance;
        let most = self.schedule.iter().filter_map(Action::max).fold(self.max, u32::max);
        [self.desired * workers, most * workers]
    }
}
