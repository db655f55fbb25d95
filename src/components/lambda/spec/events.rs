//! What a scenario may say about the events of a function.

use super::LambdaSpec;
use crate::components::lambda::billing;
use crate::components::lambda::destination::Destination;
use crate::components::lambda::events::{EventLosses, EventMetrics, Events};
use crate::components::slab::Slab;
use crate::components::{NodeSite, Verb};
use crate::engine::LossKind;
use crate::facts::lambda;
use crate::site::At;
use crate::units::Duration;

/// How others hand events over.
const HAND_OVER: [Verb; 4] = [Verb::Sends, Verb::Subscribers, Verb::OnSuccess, Verb::OnFailure];

impl LambdaSpec {
    /// What is done with events; nothing if nobody hands any over. The outer one says whether all is well.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn events(&self, site: &mut NodeSite<'_, '_>) -> Option<Option<Events>> {
        let comes = |verb: &Verb| !site.incoming(*verb).is_empty();
        if !HAND_OVER.iter().any(comes) {
            return self.refuse_keys_of_events(site).then_some(None);
        }
        let (least, most) = (&lambda::ASYNC_EVENT_AGE_MIN, &lambda::ASYNC_EVENT_AGE_MAX);
        let s = &mut *site.site;
        let age = self.maximum_event_age;
        let mut fine = s.within("maximum_event_age", age.as_ref(), least.value..=most.value, &(least, most));
        let attempts = 0..=lambda::ASYNC_RETRIES.value;
        let written = self.maximum_retry_attempts;
        fine &= s.within("maximum_retry_attempts", written.as_ref(), attempts, &lambda::ASYNC_RETRIES);
        let maximum_retry_attempts = s.or_fact("maximum_retry_attempts", written, &lambda::ASYNC_RETRIES);
        let age: Duration = s.or_fact("maximum_event_age", self.maximum_event_age, &lambda::ASYNC_EVENT_AGE_MAX);
        let jitter = s.or_fact("throttle_jitter", self.throttle_jitter, &lambda::ASYNC_THROTTLE_JITTER);
        let on_success = destination("on_success", self.on_success.as_ref(), site);
        let on_failure = destination("on_failure", self.on_failure.as_ref(), site);
        let dead_letter = destination("dead_letter", self.dead_letter.as_ref(), site);
        if let (Some(at), Some(_)) = (&self.on_failure, &self.dead_letter) {
            fine = false;
            site.site.error(at.span, "S032", "`on_failure` and `dead_letter` say the same").hint(
                "leave one of them out: a dead-letter queue is a queue, `on_failure` may be a topic or a function too",
            );
        }
        let (on_success, on_failure) = (on_success?, on_failure?.or(dead_letter?));
        let kind = match on_failure {
            Some(Destination::Queue(_)) => LossKind::DeadLettered,
            // A topic keeps nothing.
            Some(Destination::Topic(_) | Destination::Function(_)) | None => LossKind::Lost,
        };
        let losses = EventLosses {
            failed: site.loss(kind, "event failed after all retries"),
            too_old: site.loss(kind, "event older than the maximum event age"),
            stopped: site.loss(kind, "reserved concurrency is 0"),
        };
        let metrics = EventMetrics {
            received: site.counter("async_events_received", "messages"),
            dropped: site.counter("async_events_dropped", "messages"),
            further_requests: site.counter("async_extra_requests", "requests"),
            waiting: site.gauge("waiting", "messages"),
            age: site.timing("async_event_age"),
        };
        billing::price_events(metrics.further_requests, site);
        fine.then(|| {
            Some(Events {
                maximum_retry_attempts,
                maximum_event_age: age.get(),
                throttle_jitter: jitter.get(),
                on_success,
                on_failure,
                losses,
                metrics,
                open: Slab::new(),
                waiting: 0,
            })
        })
    }

    /// Without events, what is said about them would be ignored.
    fn refuse_keys_of_events(&self, site: &mut NodeSite<'_, '_>) -> bool {
        let keys = [
            ("maximum_retry_attempts", self.maximum_retry_attempts.map(|at| at.span)),
            ("maximum_event_age", self.maximum_event_age.map(|at| at.span)),
            ("throttle_jitter", self.throttle_jitter.map(|at| at.span)),
            ("dead_letter", self.dead_letter.as_ref().map(|at| at.span)),
            ("on_success", self.on_success.as_ref().map(|at| at.span)),
            ("on_failure", self.on_failure.as_ref().map(|at| at.span)),
        ];
        let written: Vec<_> = keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
        for &(key, span) in &written {
            let message = format!("`{key}` has no effect: nobody hands events over to this function");
            site.site.error(span, "S032", message).hint(
                "leave it out: a caller is told that it failed, and a message of a queue goes to the queue's own \
                 dead-letter queue",
            );
        }
        written.is_empty()
    }
}

/// Where events go on; nothing if nothing is written. The outer one says whether all is well.
#[allow(clippy::option_option, reason = "the outer one says whether all is well")]
fn destination(key: &str, written: Option<&At<String>>, site: &mut NodeSite<'_, '_>) -> Option<Option<Destination>> {
    let Some(at) = written.cloned() else { return Some(None) };
    let node = site.target(&at)?.node;
    if site.plan.nodes[node.index()].is_fifo {
        let what = if site.kind_of(node) == "sns" { "topic" } else { "queue" };
        site.site
            .error(at.span, "S035", format!("a function leaves its events to a standard {what}"))
            .label(format!("`{}` is a FIFO {what}", at.value))
            .hint(format!("leave `fifo_{what}` out there"));
        return None;
    }
    let destination = match site.kind_of(node) {
        "sqs" => Destination::Queue(node),
        "sns" => Destination::Topic(node),
        _ => Destination::Function(node),
    };
    site.site.written(key, at);
    Some(Some(destination))
}
