//! What a scenario may say about the events of a function.

use super::LambdaSpec;
use crate::components::lambda::events::{EventLosses, EventMetrics, Events};
use crate::components::slab::Slab;
use crate::components::{NodeSite, Verb};
use crate::engine::LossKind;
use crate::facts::lambda;
use crate::units::Duration;

impl LambdaSpec {
    /// What is done with events; nothing if nobody hands any over. The outer one says whether all is well.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn events(&self, site: &mut NodeSite<'_, '_>) -> Option<Option<Events>> {
        let comes = |verb| !site.incoming(verb).is_empty();
        if !comes(Verb::Sends) && !comes(Verb::Subscribers) {
            return self.refuse_keys_of_events(site).then_some(None);
        }
        let (least, most) = (&lambda::ASYNC_EVENT_AGE_MIN, &lambda::ASYNC_EVENT_AGE_MAX);
        let s = &mut *site.site;
        let age = self.maximum_event_age;
        let broken = if age.is_some_and(|at| at.value < least.value) { least } else { most };
        let mut fine = s.within("maximum_event_age", age.as_ref(), least.value..=most.value, broken);
        let attempts = 0..=lambda::ASYNC_RETRIES.value;
        let written = self.maximum_retry_attempts;
        fine &= s.within("maximum_retry_attempts", written.as_ref(), attempts, &lambda::ASYNC_RETRIES);
        let maximum_retry_attempts = s.or_fact("maximum_retry_attempts", written, &lambda::ASYNC_RETRIES);
        let age: Duration = s.or_fact("maximum_event_age", self.maximum_event_age, &lambda::ASYNC_EVENT_AGE_MAX);
        let mut dead_letter = None;
        if let Some(at) = self.dead_letter.clone() {
            let node = site.target(&at)?.node;
            if site.plan.nodes[node.index()].is_fifo {
                fine = false;
                site.site
                    .error(at.span, "S035", "a function leaves its events to a standard queue")
                    .label(format!("`{}` is a FIFO queue", at.value))
                    .hint("leave `fifo_queue` out there");
            }
            site.site.written("dead_letter", at);
            dead_letter = Some(node);
        }
        let kind = if dead_letter.is_some() { LossKind::DeadLettered } else { LossKind::Lost };
        let losses = EventLosses {
            failed: site.loss(kind, "event failed after all retries"),
            too_old: site.loss(kind, "event older than the maximum event age"),
            stopped: site.loss(kind, "reserved concurrency is 0"),
        };
        let metrics = EventMetrics {
            received: site.counter("async_events_received", "messages"),
            dropped: site.counter("async_events_dropped", "messages"),
            waiting: site.gauge("waiting", "messages"),
            age: site.timing("async_event_age"),
        };
        fine.then(|| {
            Some(Events {
                maximum_retry_attempts,
                maximum_event_age: age.get(),
                dead_letter,
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
            ("dead_letter", self.dead_letter.as_ref().map(|at| at.span)),
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
