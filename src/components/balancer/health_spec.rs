//! What a scenario may say about the health checks of a load balancer.

use super::targets::HealthCheck;
use crate::components::NodeSite;
use crate::components::spec::words;
use crate::engine::SimDuration;
use crate::facts::http;
use crate::site::{At, ToToml};
use crate::units::Duration;
use serde::Deserialize;

words! {
    /// Over what a check is made.
    ProtocolSpec {
        /// Without encryption.
        Http = "http",
        /// Encrypted.
        Https = "https",
    }
}

/// How a balancer finds out who is well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct HealthCheckSpec {
    /// Time between two checks.
    interval: Option<At<Duration>>,
    /// Over what: it decides what the timeout is unless it is written.
    protocol: Option<At<ProtocolSpec>>,
    /// How long a server may take.
    timeout: Option<At<Duration>>,
    /// Good checks in a row until it gets requests again.
    healthy_threshold: Option<At<u32>>,
    /// Bad checks in a row until it gets none.
    unhealthy_threshold: Option<At<u32>>,
    /// With fewer healthy servers, requests go to all.
    minimum_healthy_targets: Option<At<u32>>,
}

impl HealthCheckSpec {
    /// When a server is thought to be ill; how often that is asked, and how long it may take to answer.
    pub(super) fn build(
        written: Option<At<Self>>,
        servers: usize,
        site: &mut NodeSite<'_, '_>,
    ) -> (HealthCheck, [SimDuration; 2]) {
        let span = written.as_ref().map_or(site.site.span(), |at| at.span);
        let mut part = site.site.part("health_check", span);
        let Self { interval, protocol, timeout, healthy_threshold, unhealthy_threshold, minimum_healthy_targets } =
            written.map(|at| at.value).unwrap_or_default();
        let (least, most) = (&http::HEALTH_CHECK_INTERVAL_MIN, &http::HEALTH_CHECK_INTERVAL_MAX);
        let mut fits = part.within("interval", interval.as_ref(), least.value..=most.value, &(least, most));
        let (least, most) = (&http::HEALTH_CHECK_TIMEOUT_MIN, &http::HEALTH_CHECK_TIMEOUT_MAX);
        fits &= part.within("timeout", timeout.as_ref(), least.value..=most.value, &(least, most));
        for (key, at) in [("healthy_threshold", &healthy_threshold), ("unhealthy_threshold", &unhealthy_threshold)] {
            let (least, most) = (&http::HEALTH_THRESHOLD_MIN, &http::HEALTH_THRESHOLD_MAX);
            part.within(key, at.as_ref(), least.value..=most.value, &(least, most));
        }
        let every = part.or_fact("interval", interval, &http::HEALTH_CHECK_INTERVAL).get();
        let why = "servers behind a balancer are usually asked without encryption";
        let patience = match part.or_default("protocol", protocol, ProtocolSpec::Http, why) {
            ProtocolSpec::Http => &http::HEALTH_CHECK_TIMEOUT,
            ProtocolSpec::Https => &http::HEALTH_CHECK_TIMEOUT_HTTPS,
        };
        let written = timeout.or(interval);
        let timeout = part.or_fact("timeout", timeout, patience).get();
        if let Some(at) = written.filter(|_| fits && timeout > every) {
            part.error(at.span, "S031", "a health check may take longer than the time to the next one")
                .label(format!("`timeout` is {}, `interval` {}", Duration::from(timeout), Duration::from(every)))
                .note("the service refuses that: a check ends before the next one begins")
                .hint("write a shorter `timeout`, or a longer `interval`");
        }
        if let Some(at) = minimum_healthy_targets.filter(|at| at.value == 0 || at.value as usize > servers) {
            let what = if at.value == 0 { "no healthy server at all" } else { "more healthy servers than there are" };
            part.error(at.span, "S031", format!("`minimum_healthy_targets` asks for {what}"))
                .label(format!("must lie between 1 and the number of targets, {servers}"));
        }
        let check = HealthCheck {
            healthy_threshold: part.or_fact("healthy_threshold", healthy_threshold, &http::HEALTHY_THRESHOLD),
            unhealthy_threshold: part.or_fact("unhealthy_threshold", unhealthy_threshold, &http::UNHEALTHY_THRESHOLD),
            minimum_healthy: part.or_fact(
                "minimum_healthy_targets",
                minimum_healthy_targets,
                &http::MINIMUM_HEALTHY_TARGETS,
            ),
        };
        (check, [every, timeout])
    }
}
