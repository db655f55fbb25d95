//! Where paths end: a bucket, somebody else's web endpoint, a mailbox, a phone, a delivery stream.
//!
//! ```text
//!  Arrive ─▶ latency ─▶ answer: 2xx, or an error for a share of the requests
//!                         └▶ e-mail, text, push: on its way, done when it is there
//! ```
//! A sink takes any number of requests at once, so it never queues; only a delivery stream has quotas, and refuses what
//! is above them (`intake`). Phones that do not have an app any more refuse what is published to them directly
//! (`devices`), and text messages that are sent directly wait for their turn and are paid for (`texts`). What a sink
//! answers with success is done, or on its way. The rates at which e-mails and the texts of a topic go out are the
//! topic's business.
//!
//! A topic may send one request for many like receivers: its `tag` says how many. Then the answer leaves in the `tag` how
//! many of them failed, so that the rest of the request goes on as the one message that it is.
//!
//! Facts: `s3.put_latency`, `http.endpoint_latency`, `http.status_*`, `sns.email_*`, `sns.sms_*`, `sns.push_*`,
//! `firehose.*`.
//!
//! Simplified: a bucket's limit on requests per prefix is not held against a pipeline, because a scenario does not name
//! its objects. Simplified: what a delivery stream does with what it accepted is not modelled.

mod devices;
mod intake;
mod kinds;
mod texts;

#[cfg(test)]
mod tests;

pub(super) use kinds::{App, Bucket, DeliveryStream, Mailbox, Phone, SinkParts, WebEndpoint};

use super::binomial::binomial;
use super::context::Ctx;
use super::fault::Health;
use super::latency::Latency;
use super::spec::many;
use super::{AnyTimer, Component, NodeSite, NodeSpec, Verb};
use crate::engine::random::mix;
use crate::engine::{Ending, LossId, LossKind, MsgId, NodeId, Signal, SimDuration};
use crate::facts::{self, Fact, http};
use crate::metrics::{CounterId, GaugeId};
use crate::site::At;
use crate::units::{Duration, Share};
use devices::Devices;
use intake::Intake;
use std::fmt::Debug;
use std::marker::PhantomData;
use texts::DirectTexts;

/// Sets the draws of answers to health checks apart from all others.
const CHECKS: u64 = 1 << 61;

/// A bucket: Amazon S3.
pub(super) type S3 = Sink<Bucket>;
/// Somebody else's web endpoint.
pub(super) type Http = Sink<WebEndpoint>;
/// Somebody's mailbox.
pub(super) type Email = Sink<Mailbox>;
/// Phones that get text messages.
pub(super) type Sms = Sink<Phone>;
/// Phones that get notifications for an app.
pub(super) type Push = Sink<App>;
/// A delivery stream.
pub(super) type Firehose = Sink<DeliveryStream>;

/// What tells one kind of sink from another.
pub trait SinkKind: Copy + Debug + 'static {
    /// The kind as a scenario writes it.
    const KIND: &'static str;
    /// What it is, in a line.
    const ABOUT: &'static str;
    /// What it is called in a sentence.
    const NOUN: &'static str;
    /// The edges that may lead to it.
    const ACCEPTS: &'static [Verb];
    /// How long it takes to answer.
    const LATENCY: &'static Fact<facts::Latency>;
    /// How long what it took is on its way after the answer, if it is not there at once.
    const ONWARD: Option<&'static Fact<facts::Latency>>;
    /// What it calls its requests, their bytes and its errors.
    const COUNTERS: [&'static str; 3];
    /// Its alarms: a type of its own for each kind, so that no kind can set another's.
    type Alarm: Copy + Into<AnyTimer> + From<SinkAlarm> + Into<SinkAlarm>;
    /// What a scenario may say about it.
    type Spec: NodeSpec + serde::de::DeserializeOwned + Into<SinkParts>;
}

/// A sink while it runs.
#[derive(Debug, Clone)]
pub struct Sink<K> {
    /// How long it takes to answer -- parameter.
    latency: Latency,
    /// How long what it took is on its way after the answer; `None`: it is there at once -- parameter.
    onward: Option<Latency>,
    /// The share of requests that it answers with an error -- parameter.
    fails: f64,
    /// What only one kind of sink has -- parameter and state.
    special: Option<Box<Special>>,
    losses: SinkLosses,
    metrics: SinkMetrics,
    /// Messages that are not answered, or on their way -- state.
    held: u64,
    /// What is wrong with it -- state.
    health: Health,
    /// How often it went down: what was begun before is gone -- state.
    outages: u32,
    kind: PhantomData<K>,
}

/// What only one kind of sink has.
#[derive(Debug, Clone)]
enum Special {
    /// A delivery stream: what it takes in a second.
    Stream(Intake),
    /// Apps on phones: those whose endpoints are disabled.
    Apps(Devices),
    /// Phones that get texts directly.
    Phones(Box<DirectTexts>),
}

impl Special {
    /// Why a request is refused, if it is.
    fn refusal<T: Into<AnyTimer>>(&mut self, msg: MsgId, batched: bool, cx: &mut Ctx<'_, T>) -> Option<LossId> {
        match self {
            Self::Stream(intake) => intake.refusal(cx.message(msg).size, batched, cx),
            Self::Apps(devices) => devices.refusal(msg, cx),
            Self::Phones(texts) => texts.refusal(msg, cx),
        }
    }

    /// Counts what was accepted, if that costs something. How long it waits before it sets out, or why it goes nowhere.
    fn send<T: Into<AnyTimer>>(&mut self, msg: MsgId, cx: &mut Ctx<'_, T>) -> Result<SimDuration, LossId> {
        match self {
            Self::Stream(_) => Ok(SimDuration::ZERO),
            Self::Apps(devices) => devices.bounce(msg, cx).map_or(Ok(SimDuration::ZERO), Err),
            Self::Phones(texts) => texts.send(msg, cx),
        }
    }
}

/// Why a sink does not take a request.
#[derive(Debug, Clone, Copy)]
struct SinkLosses {
    /// It answered with an error.
    failing: LossId,
    /// It is down.
    down: LossId,
}

/// What a sink counts.
#[derive(Debug, Clone, Copy)]
struct SinkMetrics {
    /// Requests that reached it.
    requests: CounterId,
    /// Their bytes.
    bytes: CounterId,
    /// Requests answered with an error, or not at all.
    errors: CounterId,
    /// Requests not answered yet.
    in_progress: GaugeId,
}

/// An alarm of a sink.
#[derive(Debug, Clone, Copy)]
pub struct SinkAlarm {
    msg: MsgId,
    /// How often it had been down when the request came.
    outages: u32,
    what: Due,
}

/// An alarm of a sink of kind `K`.
#[derive(Debug, Clone, Copy)]
pub struct AlarmOf<K>(SinkAlarm, PhantomData<K>);

impl<K> From<SinkAlarm> for AlarmOf<K> {
    fn from(alarm: SinkAlarm) -> Self {
        Self(alarm, PhantomData)
    }
}

impl<K> From<AlarmOf<K>> for SinkAlarm {
    fn from(AlarmOf(alarm, _): AlarmOf<K>) -> Self {
        alarm
    }
}

/// What an alarm of a sink is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// The answer to a request.
    Answer,
    /// The arrival of what was on its way.
    Arrival,
}

impl<K: SinkKind> Component for Sink<K> {
    const KIND: &'static str = K::KIND;
    const ABOUT: &'static str = K::ABOUT;
    const NOUN: &'static str = K::NOUN;
    const ACCEPTS: &'static [Verb] = K::ACCEPTS;
    type Spec = K::Spec;
    type Alarm = K::Alarm;

    fn build(spec: K::Spec, site: &mut NodeSite<'_, '_>) -> Option<Self> {
        let spec: SinkParts = spec.into();
        let (invalid_tokens, sms_attributes) = (spec.invalid_tokens, spec.sms_attributes);
        let SinkParts { from, latency, delivery_time, fails, status, retry_after, limits, .. } = spec;
        let is_reached =
            from.is_some() || [Verb::Calls, Verb::Sends].iter().any(|&verb| !site.incoming(verb).is_empty());
        site.site.written_all("from", many(from));
        let latency = site.latency("latency", latency, K::LATENCY);
        let onward = K::ONWARD.map(|fact| site.latency("delivery_time", delivery_time, fact));
        let fails = site.site.or_default("fails", fails, Share::ZERO, "it takes every request");
        let special = match K::KIND {
            DeliveryStream::KIND => Some(Special::Stream(Intake::build(&limits, site)?)),
            App::KIND => Devices::build(is_reached, invalid_tokens, site)?.map(Special::Apps),
            Phone::KIND => {
                DirectTexts::build(is_reached, sms_attributes, site)?.map(|texts| Special::Phones(Box::new(texts)))
            }
            _ => None,
        };
        let losses = SinkLosses { failing: failing::<K>(status, site)?, down: site.loss(LossKind::Rejected, "down") };
        if K::KIND == WebEndpoint::KIND {
            let retry_after = site.site.optional("retry_after", retry_after);
            site.ask_to_wait(retry_after.map_or(SimDuration::ZERO, Duration::get), losses.down);
        }
        let [requests, bytes, errors] = K::COUNTERS;
        let metrics = SinkMetrics {
            requests: site.counter(requests, "requests"),
            bytes: site.counter(bytes, "bytes"),
            errors: site.counter(errors, "requests"),
            in_progress: site.gauge("in_progress", "requests"),
        };
        let onward = match onward {
            Some(onward) => Some(onward?),
            None => None,
        };
        Some(Self {
            latency: latency?,
            onward,
            fails: fails.get(),
            special: special.map(Box::new),
            losses,
            metrics,
            held: 0,
            health: Health::default(),
            outages: 0,
            kind: PhantomData,
        })
    }

    fn on(&mut self, signal: &Signal, cx: &mut Ctx<'_, K::Alarm>) {
        match *signal {
            Signal::Arrive { msg, batched, .. } => self.take(msg, batched, cx),
            Signal::Fault { index, begins } => {
                let fault = cx.fault(index).kind;
                let was_down = self.health.is_down();
                self.health.change(fault, begins);
                self.outages += u32::from(self.health.is_down() && !was_down);
            }
            Signal::Measure { from, task, attempt } => self.answer_check(from, [task, attempt], cx),
            Signal::Receive { .. }
            | Signal::Pull { .. }
            | Signal::Empty { .. }
            | Signal::Settle { .. }
            | Signal::Reply { .. }
            | Signal::Hangup { .. }
            | Signal::Measured { .. } => unreachable!("edges of these verbs do not lead to a sink"),
        }
    }

    fn on_alarm(&mut self, alarm: K::Alarm, cx: &mut Ctx<'_, K::Alarm>) {
        let alarm: SinkAlarm = alarm.into();
        self.held -= 1;
        if alarm.what == Due::Arrival {
            return arrive(alarm.msg, cx);
        }
        let many = u64::from(receivers(alarm.msg, cx));
        let (gauge, now) = cx.gauge(self.metrics.in_progress);
        gauge.set(now, gauge.value() - many);
        if alarm.outages == self.outages {
            self.answer(alarm.msg, cx);
        } else {
            // Simplified: who waits for the answer learns of the outage only now.
            self.refuse(alarm.msg, self.losses.down, cx);
        }
    }

    fn holding(&self) -> u64 {
        self.held
    }
}

/// What its errors mean for who asks: only a web endpoint can say so.
fn failing<K: SinkKind>(status: Option<At<u16>>, site: &mut NodeSite<'_, '_>) -> Option<LossId> {
    let (first, last) = (&http::STATUS_UNSUCCESSFUL, &http::STATUS_MAX);
    if !site.site.within("status", status.as_ref(), first.value..=last.value, &(first, last)) {
        return None;
    }
    let status = match (K::KIND == WebEndpoint::KIND, status) {
        (true, status) => site.site.or_fact("status", status, &http::STATUS_SERVER_ERROR),
        (false, _) => http::STATUS_SERVER_ERROR.value,
    };
    let client_error = (http::STATUS_CLIENT_ERROR.value..http::STATUS_SERVER_ERROR.value).contains(&status);
    Some(if status == http::STATUS_TOO_MANY_REQUESTS.value {
        site.throttle("answered that there were too many requests")
    } else if client_error {
        site.permanent_refusal("answered with a client error")
    } else {
        site.loss(LossKind::Rejected, "answered with an error")
    })
}

/// Which nodes are topics.
fn topics(site: &NodeSite<'_, '_>) -> Vec<bool> {
    site.plan.nodes.iter().map(|node| node.kind == "sns").collect()
}

/// Whether a request comes from somebody who is not a topic.
fn is_direct<T: Into<AnyTimer>>(msg: MsgId, topics: &[bool], cx: &Ctx<'_, T>) -> bool {
    cx.message(msg).reply_to.is_none_or(|call| !topics[call.node.index()])
}

/// How many receivers a request is for.
fn receivers<T: Into<AnyTimer>>(msg: MsgId, cx: &Ctx<'_, T>) -> u32 {
    cx.message(msg).tag.max(1)
}

/// What was on its way is there.
fn arrive<T: Into<AnyTimer>>(msg: MsgId, cx: &mut Ctx<'_, T>) {
    cx.done(msg);
    cx.retire(msg, Ending::Spent);
}

/// A number for the draws of one request: the job's, and which attempt of whom it is.
fn request<T: Into<AnyTimer>>(msg: MsgId, purpose: u64, cx: &Ctx<'_, T>) -> u64 {
    let attempt = cx.message(msg).reply_to.map_or(0, |call| u64::from(call.node.0) << 32 | u64::from(call.attempt));
    cx.number(msg) ^ mix(attempt | purpose << 48)
}

impl<K: SinkKind> Sink<K> {
    fn take(&mut self, msg: MsgId, batched: bool, cx: &mut Ctx<'_, K::Alarm>) {
        let many = u64::from(receivers(msg, cx));
        let size = cx.message(msg).size;
        cx.count(self.metrics.requests, many);
        cx.count(self.metrics.bytes, many * u64::from(size));
        if self.health.is_down() {
            return self.refuse(msg, self.losses.down, cx);
        }
        if let Some(special) = &mut self.special
            && let Some(loss) = special.refusal(msg, batched, cx)
        {
            return self.refuse(msg, loss, cx);
        }
        let mut latency = cx.latency(&self.latency, request(msg, 0, cx));
        if !self.health.is_sound() {
            latency = latency.scaled(self.health.slowness());
        }
        if latency.is_zero() {
            return self.answer(msg, cx);
        }
        let (gauge, now) = cx.gauge(self.metrics.in_progress);
        gauge.set(now, gauge.value() + many);
        self.wait(msg, Due::Answer, latency, cx);
    }

    /// A balancer asks whether a request would be answered: it is, like any other.
    fn answer_check(&self, from: NodeId, [task, attempt]: [u32; 2], cx: &mut Ctx<'_, K::Alarm>) {
        let number = mix(u64::from(task) << 32 | u64::from(attempt));
        let failing = 1.0 - (1.0 - self.fails) * (1.0 - self.health.failing_share());
        let (loss, delay) = if self.health.is_down() {
            (self.losses.down, SimDuration::ZERO)
        } else {
            let fails = failing > 0.0 && cx.draws(number ^ mix(CHECKS)).uniform() < failing;
            let latency = cx.latency(&self.latency, number).scaled(self.health.slowness());
            (if fails { self.losses.failing } else { LossId::NONE }, latency)
        };
        cx.tell(delay, from, Signal::Reply { task, attempt, loss });
    }

    fn wait(&mut self, msg: MsgId, what: Due, delay: SimDuration, cx: &mut Ctx<'_, K::Alarm>) {
        self.held += 1;
        cx.alarm_after(delay, SinkAlarm { msg, outages: self.outages, what }.into());
    }

    fn answer(&mut self, msg: MsgId, cx: &mut Ctx<'_, K::Alarm>) {
        let failing = 1.0 - (1.0 - self.fails) * (1.0 - self.health.failing_share());
        let many = receivers(msg, cx);
        let failed = if failing > 0.0 { binomial(many, failing, &mut cx.draws(request(msg, 1, cx))) } else { 0 };
        if failed == many {
            return self.refuse(msg, self.losses.failing, cx);
        }
        let mut turn = SimDuration::ZERO;
        if let Some(special) = &mut self.special {
            match special.send(msg, cx) {
                Ok(wait) => turn = wait,
                Err(loss) => {
                    cx.accept(msg);
                    return cx.retire(msg, Ending::Lost(loss));
                }
            }
        }
        // Who asked on behalf of many learns how many of them failed; it is nothing that a single request has.
        cx.message_mut(msg).tag = failed;
        cx.count(self.metrics.errors, failed.into());
        let Some(onward) = &self.onward else {
            let loss = if failed == 0 { LossId::NONE } else { self.losses.failing };
            return cx.conclude(msg, loss);
        };
        let delay = turn + cx.latency(onward, request(msg, 2, cx));
        cx.accept(msg);
        if delay.is_zero() {
            arrive(msg, cx);
        } else {
            self.wait(msg, Due::Arrival, delay, cx);
        }
    }

    fn refuse(&self, msg: MsgId, loss: LossId, cx: &mut Ctx<'_, K::Alarm>) {
        cx.count(self.metrics.errors, receivers(msg, cx).into());
        cx.refuse(msg, loss);
    }
}
