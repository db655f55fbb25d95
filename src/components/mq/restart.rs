//! How long a broker is away when it is rebooted, as in its weekly maintenance, or when it crashes.
//!
//! Facts: `mq.single_instance_reboot`, `mq.standby_reboot`, `mq.standby_failover`. The outage of a pair is everything up to
//! the moment when the other machine serves: the crash is noticed, the lock of the shared file system taken, the journal
//! read. The clients come back after that, at their own pace. What was stored is there, because both machines see the
//! same files; what was in memory only is lost.

use super::build::Make;
use super::spec::{DeploymentSpec, EngineSpec, MqSpec, StorageSpec};
use super::{Mq, MqAlarm};
use crate::components::NodeSite;
use crate::components::context::Ctx;
use crate::components::fault::FaultKind;
use crate::components::latency::Latency;
use crate::components::spec::LatencySpec;
use crate::engine::random::mix;
use crate::facts::Fact;
use crate::facts::mq;
use crate::site::At;
use crate::units::Duration;

type Cx<'a> = Ctx<'a, MqAlarm>;

/// How long a broker is away.
#[derive(Debug, Clone)]
pub(super) struct Outages {
    reboot: Latency,
    crash: Latency,
}

impl Mq {
    /// It goes down, and comes up when it is ready.
    pub(super) fn restart(&mut self, fault: u16, kind: FaultKind, cx: &mut Cx<'_>) {
        self.change_health(FaultKind::Down, true, cx);
        let outage = if kind == FaultKind::Crash { &self.p.outages.crash } else { &self.p.outages.reboot };
        let away = cx.latency(outage, mix(u64::from(fault)));
        cx.alarm_after(away, MqAlarm::Restarted);
    }

    pub(super) fn end_restart(&mut self, cx: &mut Cx<'_>) {
        self.change_health(FaultKind::Down, false, cx);
    }
}

impl MqSpec {
    /// How long it is away, by its deployment.
    pub(super) fn outages(&self, make: Make, site: &mut NodeSite<'_, '_>) -> Option<Outages> {
        let s = &mut *site.site;
        let why = "one machine, the cheapest";
        let deployment = s.or_default("deployment", self.deployment, DeploymentSpec::Single, why);
        let (reboot, crash) = (self.reboot_outage.clone(), self.crash_outage.clone());
        if deployment == DeploymentSpec::Single {
            return Some(Outages {
                reboot: single("reboot_outage", reboot, &mq::SINGLE_INSTANCE_REBOOT, site)?,
                crash: single("crash_outage", crash, &mq::SINGLE_INSTANCE_RECOVERY, site)?,
            });
        }
        let span = self.deployment.map_or(s.span(), |at| at.span);
        if make.engine == EngineSpec::RabbitMq {
            s.error(span, "S035", "Amazon MQ does not offer RabbitMQ with a standby")
                .note("it offers a cluster of three machines, which is not simulated")
                .hint("leave `deployment` out");
        }
        if let Some(at) = self.storage.filter(|at| at.value == StorageSpec::Ebs && make.engine == EngineSpec::ActiveMq)
        {
            s.error(at.span, "S035", "a standby cannot reach a disk in one zone")
                .hint("leave `storage` out, and both share a file system");
        }
        Some(Outages {
            reboot: site.latency("reboot_outage", reboot, &mq::STANDBY_REBOOT)?,
            crash: site.latency("crash_outage", crash, &mq::STANDBY_FAILOVER)?,
        })
    }
}

/// The outage of a single machine: what is written, or a time of which no more is known than about how long it is.
fn single(
    key: &str,
    written: Option<At<LatencySpec>>,
    fact: &Fact<Duration>,
    site: &mut NodeSite<'_, '_>,
) -> Option<Latency> {
    if written.is_none() {
        return Some(Latency::Constant(site.site.or_fact(key, None, fact).get()));
    }
    // A time that is written needs no fact; the one of a pair only says what kind of value it is.
    site.latency(key, written, &mq::STANDBY_REBOOT)
}
