//! What a scenario may say about the pollers of a function, in the words of `CreateEventSourceMapping`.

use super::LambdaSpec;
use crate::components::NodeSite;
use crate::components::lambda::billing;
use crate::components::lambda::mapping::{Mapping, MappingMetrics, MappingParameters, ProvisionedPoller, Scaling};
use crate::components::poll_retry::{self, PollRetriesSpec};
use crate::components::spec::LatencySpec;
use crate::diagnostic::Span;
use crate::engine::SimDuration;
use crate::facts::{lambda, sqs};
use crate::metrics::GaugeId;
use crate::site::At;
use crate::units::Duration;
use serde::Deserialize;

/// Pollers that are paid for by the hour.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ProvisionedSpec {
    /// Pollers that are always there.
    minimum_pollers: Option<At<u32>>,
    /// Pollers at most.
    maximum_pollers: Option<At<u32>>,
}

/// What is said about the pollers of a function.
pub(super) struct MappingSpec {
    polls: Option<At<String>>,
    batch_size: Option<At<u32>>,
    window: Option<At<Duration>>,
    maximum_concurrency: Option<At<u32>>,
    provisioned: Option<At<ProvisionedSpec>>,
    reports: Option<At<bool>>,
    messages_at_once: Option<At<u32>>,
    retries: Option<At<PollRetriesSpec>>,
    receive_latency: Option<At<LatencySpec>>,
    delete_latency: Option<At<LatencySpec>>,
}

impl MappingSpec {
    pub(super) fn of(spec: LambdaSpec) -> Self {
        Self {
            polls: spec.polls,
            batch_size: spec.batch_size,
            window: spec.maximum_batching_window,
            maximum_concurrency: spec.maximum_concurrency,
            provisioned: spec.provisioned_pollers,
            reports: spec.report_batch_item_failures,
            messages_at_once: spec.messages_at_once,
            retries: spec.retries,
            receive_latency: spec.receive_latency,
            delete_latency: spec.delete_latency,
        }
    }

    /// The mapping; none if the function polls nothing. The outer one says whether all is well.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn build(self, timeout: Duration, site: &mut NodeSite<'_, '_>) -> Option<Option<Mapping>> {
        let Some(polls) = self.polls.clone() else { return self.refuse_all(site).then_some(None) };
        let queue = site.target(&polls)?.node;
        let (is_fifo, hides) = {
            let planned = &site.plan.nodes[queue.index()];
            (planned.is_fifo, planned.hides?)
        };
        refuse_short_visibility(&polls, hides, timeout, site);
        site.site.written("polls", polls);
        let (batch_size, window) = self.batch(is_fifo, site);
        let s = &mut *site.site;
        let reports = s.or_default("report_batch_item_failures", self.reports, false, "a failure fails the batch");
        if let Some(at) = self.messages_at_once.filter(|at| at.value == 0) {
            s.error(at.span, "S031", "`messages_at_once` is at least 1").hint("1 is one after the other");
        }
        let messages_at_once = s.or_fact("messages_at_once", self.messages_at_once, &lambda::SQS_BATCH_IN_PARALLEL);
        if let Some(at) = self.messages_at_once.filter(|at| is_fifo && at.value > 1) {
            s.error(at.span, "S032", "the messages of a FIFO queue are worked on in their order, one after the other")
                .hint("leave `messages_at_once` out");
        }
        let scaling = self.scaling(site);
        let retries = poll_retry::build(self.retries, site);
        let own = if is_fifo { &sqs::FIFO_RECEIVE_LATENCY } else { &sqs::RECEIVE_LATENCY };
        let receive_latency = site.latency("receive_latency", self.receive_latency, own);
        let delete_latency = site.latency("delete_latency", self.delete_latency, &sqs::DELETE_LATENCY);
        let metrics = MappingMetrics {
            pollers: site.gauge("pollers", "pollers"),
            prefetched: site.gauge("prefetched", "messages"),
            failed_polls: site.counter("failed_polls", "requests"),
            let_go: site.counter("batches_let_go", "batches"),
            provisioned: scaling.and_then(|scaling| scaling.poller).map(|_| provisioned(site)),
        };
        let visibility = gathered_visibility(hides.get(), window, timeout.get());
        site.traits.batch = batch_size.div_ceil(messages_at_once.max(1));
        if let (Some(servers), Some(function), Some(scaling)) =
            (&mut site.traits.servers, &mut site.traits.function, &scaling)
        {
            servers.value = servers.value.min(scaling.most);
            function.pollers = Some(scaling.most);
        }
        let p = MappingParameters {
            queue,
            is_fifo,
            batch_size,
            batch_bytes: lambda::PAYLOAD_MAX.value.get(),
            window,
            visibility,
            reports,
            messages_at_once,
            scaling: scaling?,
            retries,
            receive_latency: receive_latency?,
            delete_latency: delete_latency?,
        };
        Some(Some(Mapping::new(p, metrics)))
    }

    /// Messages of a batch, and how long they are gathered.
    fn batch(&self, is_fifo: bool, site: &mut NodeSite<'_, '_>) -> (u32, SimDuration) {
        let s = &mut *site.site;
        let most = if is_fifo { &lambda::SQS_FIFO_BATCH_SIZE_MAX } else { &lambda::SQS_BATCH_SIZE_MAX };
        s.within("batch_size", self.batch_size.as_ref(), 1..=most.value, most);
        let batch_size = s.or_fact("batch_size", self.batch_size, &lambda::SQS_BATCH_SIZE);
        let windows = Duration::ZERO..=lambda::SQS_BATCHING_WINDOW_MAX.value;
        s.within("maximum_batching_window", self.window.as_ref(), windows, &lambda::SQS_BATCHING_WINDOW_MAX);
        if let Some(at) = self.window.filter(|at| is_fifo && at.value > Duration::ZERO) {
            s.error(at.span, "S032", "a function that polls a FIFO queue has no batching window")
                .hint("leave it out, or take a standard queue");
        }
        let window = s.or_fact("maximum_batching_window", self.window, &lambda::SQS_BATCHING_WINDOW);
        let without = lambda::SQS_BATCH_SIZE_WITHOUT_WINDOW_MAX;
        if let Some(at) = self.batch_size.filter(|at| !is_fifo && at.value > without.value)
            && window < Duration::from_secs(1)
        {
            s.error(at.span, "S035", format!("a batch of more than {} needs a batching window", without.value))
                .note(format!("{} (fact {})", without.what, without.name))
                .hint("write `maximum_batching_window = \"1s\"` or more");
        }
        (batch_size, window.get())
    }

    /// How many pollers there are.
    fn scaling(&self, site: &mut NodeSite<'_, '_>) -> Option<Scaling> {
        let s = &mut *site.site;
        let (least, most) = (&lambda::SQS_MAXIMUM_CONCURRENCY_MIN, &lambda::SQS_MAXIMUM_CONCURRENCY_MAX);
        let limit = self.maximum_concurrency;
        s.within("maximum_concurrency", limit.as_ref(), least.value..=most.value, &(least, most));
        let limit = s.optional("maximum_concurrency", limit);
        if let Some(provisioned) = self.provisioned {
            if let Some(at) = self.maximum_concurrency {
                s.error(at.span, "S032", "`maximum_concurrency` has no effect with `provisioned_pollers`")
                    .hint("leave one of them out: ten times `maximum_pollers` is the limit then");
                return None;
            }
            return provisioned.value.build(provisioned.span, site);
        }
        let spacing = SimDuration::from_secs_f64(lambda::SQS_CONCURRENCY_GROWTH.value.get().recip());
        let (start, most) = (lambda::SQS_CONCURRENCY_START.value, lambda::SQS_CONCURRENCY_MAX.value);
        Some(match limit {
            Some(most) => Scaling { idle: start.min(most), start: start.min(most), most, spacing, poller: None },
            None => Scaling { idle: lambda::SQS_POLLERS_IDLE.value, start, most, spacing, poller: None },
        })
    }

    /// Without a queue, what is said about polling would be ignored.
    fn refuse_all(&self, site: &mut NodeSite<'_, '_>) -> bool {
        let keys = [
            ("batch_size", self.batch_size.map(|at| at.span)),
            ("maximum_batching_window", self.window.map(|at| at.span)),
            ("maximum_concurrency", self.maximum_concurrency.map(|at| at.span)),
            ("provisioned_pollers", self.provisioned.map(|at| at.span)),
            ("report_batch_item_failures", self.reports.map(|at| at.span)),
            ("messages_at_once", self.messages_at_once.map(|at| at.span)),
            ("retries", self.retries.map(|at| at.span)),
            ("receive_latency", self.receive_latency.as_ref().map(|at| at.span)),
            ("delete_latency", self.delete_latency.as_ref().map(|at| at.span)),
        ];
        let written: Vec<(&str, Span)> = keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
        for &(key, span) in &written {
            site.site
                .error(span, "S032", format!("`{key}` has no effect: this function polls no queue"))
                .hint("name the queue with `polls`, or leave it out");
        }
        written.is_empty()
    }
}

impl ProvisionedSpec {
    fn build(self, span: Span, site: &mut NodeSite<'_, '_>) -> Option<Scaling> {
        let mut part = site.site.part("provisioned_pollers", span);
        let least = &lambda::PROVISIONED_POLLERS_MIN;
        let (minimums, maximums) = (&lambda::PROVISIONED_POLLERS_MIN_MAX, &lambda::PROVISIONED_POLLERS_MAX);
        let (minimum, maximum) = (self.minimum_pollers, self.maximum_pollers);
        part.within("minimum_pollers", minimum.as_ref(), least.value..=minimums.value, &(least, minimums));
        part.within("maximum_pollers", maximum.as_ref(), least.value..=maximums.value, &(least, maximums));
        let from = part.or_fact("minimum_pollers", minimum, &lambda::PROVISIONED_POLLERS_MIN);
        let to = part.or_fact("maximum_pollers", maximum, &lambda::PROVISIONED_POLLERS);
        if from > to {
            part.error(span, "S031", "`minimum_pollers` is above `maximum_pollers`")
                .note(format!("from {from} to {to}"))
                .hint("raise `maximum_pollers`");
            return None;
        }
        let each = lambda::PROVISIONED_INVOKES.value;
        let start = from.saturating_mul(each);
        let most = to.saturating_mul(each).min(lambda::PROVISIONED_CONCURRENCY_MAX.value);
        let spacing = SimDuration::from_secs_f64(lambda::PROVISIONED_GROWTH.value.get().recip());
        #[allow(clippy::cast_precision_loss, reason = "a few million bytes")]
        let bytes = lambda::PROVISIONED_THROUGHPUT.value.per_second.get() as f64;
        let poller = Some(ProvisionedPoller { lanes: each, bytes, polls: lambda::PROVISIONED_POLLS.value.get() });
        Some(Scaling { idle: start, start, most, spacing, poller })
    }
}

/// The pollers that are paid for by the hour.
fn provisioned(site: &mut NodeSite<'_, '_>) -> GaugeId {
    let pollers = site.gauge("provisioned_pollers", "pollers");
    billing::price_pollers(pollers, site);
    pollers
}

/// How long a queue hides what a function fetches: longer than it says itself, if messages are gathered and that would
/// be too short for the function.
pub(in crate::components) fn gathered_visibility(
    usual: SimDuration,
    window: SimDuration,
    timeout: SimDuration,
) -> SimDuration {
    if window.is_zero() || window + timeout <= usual {
        return usual;
    }
    window + timeout + lambda::SQS_VISIBILITY_MARGIN.value.get()
}

/// A queue that shows a message again while the function may still work on it is refused.
fn refuse_short_visibility(polls: &At<String>, hides: Duration, timeout: Duration, site: &mut NodeSite<'_, '_>) {
    if hides >= timeout {
        return;
    }
    let name = site.site.name().to_owned();
    let message = format!("`{}` hides a message for {hides}, and `{name}` may work on it for {timeout}", polls.value);
    let advised = u64::from(lambda::SQS_VISIBILITY_FACTOR.value) * timeout.get().as_nanos();
    site.site
        .error(polls.span, "S035", message)
        .label("the service refuses to poll such a queue")
        .note("the visibility timeout of the queue must not be shorter than the timeout of the function")
        .hint(format!(
            "set `visibility_timeout` of `{}` to {}, six times the function's timeout, or shorten `timeout`",
            polls.value,
            Duration::from_nanos(advised.min(sqs::VISIBILITY_TIMEOUT_MAX.value.get().as_nanos()))
        ));
}
