//! Lifecycle hooks: they hold a machine before it comes into service, or before it is gone, until its program says that
//! it has done what it had to do, or the time is up.
//!
//! Facts: `ec2.hook_timeout`, `ec2.hook_timeout_min`, `ec2.hook_timeout_max`, `ec2.hook_time_max`,
//! `ec2.hook_heartbeats_max`.
//!
//! Simplified: the program says so at the very moment when it is done. One that sends heartbeats never misses one.

use crate::components::spec::words;
use crate::engine::SimDuration;
use crate::facts::ec2;
use crate::site::{At, Site, ToToml};
use crate::units::Duration;
use serde::Deserialize;

/// A lifecycle hook at the end of a machine's life.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct HookSpec {
    /// How long the machine may go on.
    heartbeat_timeout: Option<At<Duration>>,
    /// Whether it sends heartbeats while it works, each of which begins that time anew.
    heartbeats: Option<At<bool>>,
}

/// A lifecycle hook at the beginning of a machine's life.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct LaunchHookSpec {
    /// How long the bootstrap may take.
    heartbeat_timeout: Option<At<Duration>>,
    /// Whether it sends heartbeats meanwhile, each of which begins that time anew.
    heartbeats: Option<At<bool>>,
    /// What becomes of a machine that is not ready by then.
    default_result: Option<At<ResultSpec>>,
}

words! {
    /// What becomes of a machine whose hook has run out.
    ResultSpec {
        /// It is given up, and another one is ordered.
        Abandon = "abandon",
        /// It comes into service as it is.
        Continue = "continue",
    }
}

/// A lifecycle hook at the beginning of a machine's life -- parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaunchHook {
    /// How long it holds a machine at most.
    pub limit: SimDuration,
    /// Whether a machine that is not ready by then is given up.
    pub abandons: bool,
}

impl LaunchHookSpec {
    pub(super) fn build(self, s: &mut Site<'_>) -> LaunchHook {
        let Self { heartbeat_timeout, heartbeats, default_result } = self;
        let limit = HookSpec { heartbeat_timeout, heartbeats }.build(s);
        let result = s.or_default("default_result", default_result, ResultSpec::Abandon, "as the API has it");
        LaunchHook { limit, abandons: result == ResultSpec::Abandon }
    }
}

impl HookSpec {
    /// How long it holds a machine at most.
    pub(super) fn build(self, s: &mut Site<'_>) -> SimDuration {
        let written = self.heartbeat_timeout;
        let (least, most) = (&ec2::HOOK_TIMEOUT_MIN, &ec2::HOOK_TIMEOUT_MAX);
        s.within("heartbeat_timeout", written.as_ref(), least.value..=most.value, &(least, most));
        let timeout = s.or_fact("heartbeat_timeout", written, &ec2::HOOK_TIMEOUT).get();
        if !s.or_default("heartbeats", self.heartbeats, false, "the program says nothing meanwhile") {
            return timeout;
        }
        let all = timeout.scaled(f64::from(ec2::HOOK_HEARTBEATS_MAX.value));
        all.min(ec2::HOOK_TIME_MAX.value.get())
    }
}
