//! A warm pool: machines that have done their bootstrap already and wait, so that growing takes no longer than a start.
//!
//! With `instance_reuse_policy` what a group that shrinks gives away comes back into it, as long as
//! it has room.
//!
//! Simplified: what a stopped machine costs, its disk, is left out, and so is the minimum for which each is paid. A
//! stopped machine and a hibernated one are there again equally soon.

use super::spec::INSTANCES_MAX;
use crate::components::spec::words;
use crate::site::{At, Site, ToToml};
use serde::Deserialize;

words! {
    /// What the machines of a warm pool do while they wait.
    PoolStateSpec {
        /// They have to boot, but have done their bootstrap.
        Stopped = "stopped",
        /// They have to boot, and wake with their memory as it was.
        Hibernated = "hibernated",
        /// They run, and are paid for.
        Running = "running",
    }
}

/// A warm pool.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PoolSpec {
    /// Machines of group and pool together, at most. Default: the largest size of the group, whatever it is by then.
    max_group_prepared_capacity: Option<At<u32>>,
    /// Machines in the pool at least.
    min_size: Option<At<u32>>,
    /// What they do while they wait.
    pool_state: Option<At<PoolStateSpec>>,
    /// What becomes of machines that the group gives away.
    instance_reuse_policy: Option<At<ReuseSpec>>,
}

/// What becomes of machines that a group with a warm pool gives away.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ReuseSpec {
    /// Whether they go back into the pool when the group shrinks.
    reuse_on_scale_in: Option<At<bool>>,
}

impl PoolSpec {
    /// Builds the pool of a group that has `max` machines at most.
    pub(super) fn build(&self, max: u32, s: &mut Site<'_>) -> Pool {
        let most = self.max_group_prepared_capacity;
        if let Some(at) = most.filter(|at| at.value > INSTANCES_MAX) {
            s.error(at.span, "S031", format!("a group and its pool have at most {INSTANCES_MAX} machines"));
        }
        let most_now = s.or_default("max_group_prepared_capacity", most, max, "the largest size of the group");
        let min = s.or_default("min_size", self.min_size, 0, "as the API has it");
        if let Some(at) = self.min_size.filter(|at| at.value > INSTANCES_MAX) {
            s.error(at.span, "S031", format!("a pool has at most {INSTANCES_MAX} machines"));
        }
        let state = s.or_default("pool_state", self.pool_state, PoolStateSpec::Stopped, "as the API has it");
        let reuses = self.instance_reuse_policy.is_some_and(|at| {
            let mut part = s.part("instance_reuse_policy", at.span);
            part.or_default("reuse_on_scale_in", at.value.reuse_on_scale_in, false, "as the API has it")
        });
        let mut pool = Pool::new(most_now, min, state == PoolStateSpec::Running);
        (pool.follows_group, pool.reuses) = (most.is_none(), reuses);
        pool
    }
}

/// A warm pool.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    /// Machines of the group and the pool together, at most.
    most: u32,
    /// Whether that is the largest size of the group -- parameter.
    follows_group: bool,
    /// Machines in the pool at least -- parameter.
    min: u32,
    /// Whether they run while they wait -- parameter.
    runs: bool,
    /// Whether it takes back what the group gives away -- parameter.
    reuses: bool,
    /// Machines that wait -- state.
    ready: u32,
    /// Machines that are being prepared -- state.
    preparing: u32,
    /// Machines that finish their work in the group and come back then -- state.
    coming: u32,
}

impl Pool {
    const fn new(most: u32, min: u32, runs: bool) -> Self {
        Self { most, follows_group: true, min, runs, reuses: false, ready: 0, preparing: 0, coming: 0 }
    }

    /// Machines that it should hold beside a group of `desired`.
    pub(super) fn size(&self, desired: u32) -> u32 {
        self.most.saturating_sub(desired).max(self.min)
    }

    /// Whether it takes back what the group gives away.
    pub(super) const fn reuses(&self) -> bool {
        self.reuses
    }

    /// The group has another largest size now.
    pub(super) const fn group_may_have(&mut self, max: u32) {
        if self.follows_group {
            self.most = max;
        }
    }

    /// It has been there for a while.
    pub(super) fn fill_at_once(&mut self, desired: u32) {
        self.ready = self.size(desired);
    }

    /// Takes a machine out, if one is ready. Returns whether it still has to boot.
    pub(super) fn take(&mut self) -> Option<bool> {
        self.ready = self.ready.checked_sub(1)?;
        Some(!self.runs)
    }

    /// Returns how many machines have to be prepared, and how many go: those that are ready and too many.
    pub(super) fn order(&mut self, desired: u32) -> [u32; 2] {
        let size = self.size(desired);
        let gone = self.ready.saturating_sub(size);
        self.ready -= gone;
        let missing = size.saturating_sub(self.ready + self.preparing + self.coming);
        self.preparing += missing;
        [missing, gone]
    }

    /// A machine has been prepared. Whether it is still wanted; it goes again if not.
    pub(super) fn prepared(&mut self, desired: u32) -> bool {
        self.preparing -= 1;
        self.add(desired)
    }

    /// A machine waits from now on, or goes if there are enough. Whether it waits.
    fn add(&mut self, desired: u32) -> bool {
        let has_room = self.ready < self.size(desired);
        self.ready = (self.ready + 1).min(self.size(desired));
        has_room
    }

    /// A machine that was being prepared has been given up.
    pub(super) const fn abandoned(&mut self) {
        self.preparing -= 1;
    }

    /// A machine is about to leave the group. Whether there is room for it.
    pub(super) fn expect(&mut self, desired: u32) -> bool {
        let has_room = self.reuses && self.ready + self.preparing + self.coming < self.size(desired);
        self.coming += u32::from(has_room);
        has_room
    }

    /// It has left the group. Whether it is still wanted; it goes if not.
    pub(super) fn came_back(&mut self, desired: u32) -> bool {
        self.coming -= 1;
        self.add(desired)
    }

    /// Machines that wait.
    pub(super) const fn ready(&self) -> u32 {
        self.ready
    }

    /// Machines in it that are paid for.
    pub(super) const fn billed(&self) -> u32 {
        self.preparing + if self.runs { self.ready } else { 0 }
    }
}
