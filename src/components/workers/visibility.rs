//! What workers that poll do about the time for which their messages stay hidden: they ask for one of their own, for
//! more while they work, and give up what failed before it is over.

use super::{Workers, WorkersAlarm};
use crate::components::NodeSite;
use crate::components::context::Ctx;
use crate::components::request::BackoffSpec;
use crate::engine::{MsgId, Settle, Signal, SimDuration};
use crate::facts::sqs;
use crate::site::At;
use crate::units::Duration;
use serde::Deserialize;

type Cx<'a> = Ctx<'a, WorkersAlarm>;

/// How workers ask for more time, as written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ExtendSpec {
    /// How often, counted from the begin of the work.
    every: Option<At<Duration>>,
    /// How long the message is to stay hidden from then on.
    to: Option<At<Duration>>,
}

/// What workers do with a message that failed, as written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AfterFailureSpec {
    /// How long it is to stay hidden from then on; 0s: it can be received at once.
    visibility: Option<At<Duration>>,
    /// Whether it is hidden for longer each time that it fails.
    backoff: Option<At<BackoffSpec>>,
    /// No message is hidden for longer.
    cap: Option<At<Duration>>,
}

/// How a message that failed is hidden -- parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct AfterFailure {
    seconds: u16,
    doubles: bool,
    cap: u16,
}

impl AfterFailure {
    /// For so many seconds when it has been received so often.
    pub(super) fn seconds(self, receives: u16) -> u16 {
        let doublings = if self.doubles { u32::from(receives.max(1) - 1).min(u16::BITS) } else { 0 };
        let seconds = u64::from(self.seconds) << doublings;
        u16::try_from(seconds.min(u64::from(self.cap))).unwrap_or(u16::MAX)
    }
}

/// Workers that ask for more time while they work.
#[derive(Debug, Clone)]
pub(super) struct Beats {
    /// How often, and for how many seconds -- parameters.
    every: SimDuration,
    to: u16,
    /// What each worker works on, with its receipt and a number of its own -- state.
    working_on: Vec<Option<(MsgId, u16, u32)>>,
    serial: u32,
}

/// A time that the service counts in whole seconds.
fn whole(key: &str, at: Option<At<Duration>>, default: Duration, site: &mut crate::site::Site<'_>) -> u16 {
    let written = at.map_or(default, |at| at.value);
    let second = SimDuration::from_secs(1).as_nanos();
    if let Some(at) = at.filter(|at| at.value.get().as_nanos() % second > 0) {
        site.error(at.span, "S031", format!("`{key}` is {}, and the service counts whole seconds", at.value))
            .hint("round it up");
    }
    let zero = Duration::from_secs(0);
    site.within(key, at.as_ref(), zero..=sqs::VISIBILITY_TIMEOUT_MAX.value, &sqs::VISIBILITY_TIMEOUT_MAX);
    u16::try_from(written.get().as_nanos() / second).unwrap_or(u16::MAX)
}

/// How workers ask for more time, if they do.
pub(super) fn extend(written: Option<At<ExtendSpec>>, site: &mut NodeSite<'_, '_>) -> Option<Box<Beats>> {
    let At { value: ExtendSpec { every, to }, span } = written?;
    let mut part = site.site.part("extend_visibility", span);
    if let Some(at) = every.filter(|at| at.value.get().is_zero()) {
        part.error(at.span, "S031", "`every` must be longer than nothing")
            .hint("a third of the time that the message stays hidden is usual");
    }
    let seconds = whole("to", to, Duration::from_secs(0), &mut part);
    let (every, to) = (part.required("every", every), part.required("to", to));
    let (every, to) = (every?, to?);
    site.traits.extends = Some(At::new((every.get(), to.get()), span));
    Some(Box::new(Beats { every: every.get(), to: seconds, working_on: Vec::new(), serial: 0 }))
}

/// What workers do with a message that failed, if they do anything.
pub(super) fn after_failure(
    written: Option<At<AfterFailureSpec>>,
    site: &mut NodeSite<'_, '_>,
) -> Option<AfterFailure> {
    let At { value: AfterFailureSpec { visibility, backoff, cap }, span } = written?;
    let mut part = site.site.part("after_failure", span);
    let zero = Duration::from_secs(0);
    let seconds = whole("visibility", visibility, zero, &mut part);
    part.or_default("visibility", visibility, zero, "it can be received at once");
    let backoff = part.or_default("backoff", backoff, BackoffSpec::Fixed, "the same each time");
    let longest = whole("cap", cap, sqs::VISIBILITY_TIMEOUT_MAX.value, &mut part);
    part.or_fact("cap", cap, &sqs::VISIBILITY_TIMEOUT_MAX);
    if let Some(at) = visibility.filter(|at| at.value.get().is_zero() && backoff == BackoffSpec::Exponential) {
        part.error(at.span, "S031", "nothing stays nothing, however often it is doubled")
            .hint("let `visibility` be the time after the first failure, such as \"1s\"");
    }
    let seconds = if backoff == BackoffSpec::None { 0 } else { seconds };
    Some(AfterFailure { seconds, doubles: backoff == BackoffSpec::Exponential, cap: longest })
}

impl Workers {
    /// A worker begins with a message: from now on it asks for more time now and then.
    #[inline(never)]
    pub(super) fn begin_beating(&mut self, worker: u32, msg: MsgId, receive: u16, cx: &mut Cx<'_>) {
        let Some(beats) = &mut self.beats else { return };
        beats.serial = beats.serial.wrapping_add(1);
        let (place, serial) = (worker as usize, beats.serial);
        if place >= beats.working_on.len() {
            beats.working_on.resize(place + 1, None);
        }
        beats.working_on[place] = Some((msg, receive, serial));
        cx.alarm_after(beats.every, WorkersAlarm::Beat { worker, serial });
    }

    /// It has done with the message, in whatever way.
    #[inline(never)]
    pub(super) fn end_beating(&mut self, worker: u32) {
        if let Some(working_on) = self.beats.as_mut().and_then(|beats| beats.working_on.get_mut(worker as usize)) {
            *working_on = None;
        }
    }

    /// It asks for more time, unless it works on something else by now. It does not wait for the answer.
    #[inline(never)]
    pub(super) fn beat(&mut self, worker: u32, serial: u32, cx: &mut Cx<'_>) {
        let Some(beats) = &self.beats else { return };
        let (every, seconds) = (beats.every, beats.to);
        let Some((msg, receive, _)) = beats.working_on[worker as usize].filter(|&(.., own)| own == serial) else {
            return;
        };
        let leg = self.round_trip(|p| &p.polling().delete_latency, cx).half();
        // The loan may end before this has come to the queue.
        cx.hold(msg);
        let how = Settle::Hide { seconds, works: true };
        cx.tell(leg, self.p.node, Signal::Settle { msg, receive, how });
        cx.alarm_after(every, WorkersAlarm::Beat { worker, serial });
    }

    /// What failed is hidden for as long as the workers say, and the worker waits for the answer.
    #[inline(never)]
    pub(super) fn give_up(&mut self, msg: MsgId, receive: u16, how: AfterFailure, cx: &mut Cx<'_>) -> SimDuration {
        let trip = self.round_trip(|p| &p.polling().delete_latency, cx);
        // If it has been received again meanwhile, the receipt is outdated and the request comes to nothing.
        let how = Settle::Hide { seconds: how.seconds(cx.receive_count(msg)), works: false };
        cx.tell(trip.half(), self.p.node, Signal::Settle { msg, receive, how });
        trip
    }
}
