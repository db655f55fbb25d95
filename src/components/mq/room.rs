//! Room for messages: a broker that has none left reads nothing from its producers, and they wait.
//!
//! Facts: `mq.activemq_memory_usage`, `mq.activemq_storage`, `mq.rabbitmq_memory_watermark`. What `ActiveMQ` stores fills its
//! storage, what it does not store its memory. `RabbitMQ` has little of a stored message in memory, and all of one that
//! is not stored.
//!
//! Simplified: a message counts from when it is read to when it is acknowledged, each copy by itself, with its size
//! alone. What `ActiveMQ` does not store is not written to its temporary store either. The disk of `RabbitMQ` has no end.

use super::build::{Make, no_effect};
use super::spec::{EngineSpec, MqSpec};
use super::{Mq, MqAlarm, mark};
use crate::components::NodeSite;
use crate::components::context::Ctx;
use crate::engine::{MsgId, SimDuration};
use crate::facts::Fact;
use crate::facts::mq::{self, instances};
use crate::site::{At, Site};
use crate::units::Bytes;
use std::collections::VecDeque;

type Cx<'a> = Ctx<'a, MqAlarm>;

/// How much room there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoomParameters {
    /// Bytes.
    limit: u64,
    /// What a message takes of it; nothing: its size.
    each: Option<u64>,
    /// Whether producers are told that there is no room; else they wait for it.
    refuses: bool,
}

/// How much of it is taken, and who waits for some.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    used: u64,
    /// Messages that have not been read from their producers, first come, first served.
    blocked: VecDeque<MsgId>,
    /// Whether an alarm is set to let them in.
    is_opening: bool,
}

impl Room {
    /// Whether nothing more is read; whoever comes has to wait behind those who wait already.
    pub(super) fn is_full(&self, p: &RoomParameters) -> bool {
        self.used >= p.limit || !self.blocked.is_empty()
    }

    /// A message of this size takes its room.
    pub(super) const fn fill(&mut self, size: u32, p: &RoomParameters) {
        self.used += p.takes(size);
    }

    /// Messages whose producers wait.
    pub(super) fn blocked(&self) -> usize {
        self.blocked.len()
    }
}

impl RoomParameters {
    const fn takes(&self, size: u32) -> u64 {
        match self.each {
            Some(bytes) => bytes,
            None => size as u64,
        }
    }
}

impl Mq {
    /// There is no room for a message: its producer waits, or hears of it.
    pub(super) fn hold_up(&mut self, msg: MsgId, port: u16, cx: &mut Cx<'_>) {
        if self.p.room.refuses {
            cx.count(self.metrics.rejected, 1);
            return cx.refuse(msg, self.losses.no_space);
        }
        let message = cx.message_mut(msg);
        message.mark = mark::ARRIVING;
        message.tag = port.into();
        self.room.blocked.push_back(msg);
        cx.set(self.metrics.blocked, self.room.blocked() as u64);
    }

    /// A message no longer takes room.
    pub(super) fn make_space(&mut self, msg: MsgId, cx: &mut Cx<'_>) {
        self.room.used -= self.p.room.takes(cx.message(msg).size);
        // By an alarm and not at once: who is let in may push out others, who make room again.
        if !self.room.blocked.is_empty() && !self.room.is_opening && self.room.used < self.p.room.limit {
            self.room.is_opening = true;
            cx.alarm_after(SimDuration::ZERO, MqAlarm::Room);
        }
    }

    /// Reads what waits, as far as there is room.
    pub(super) fn let_in(&mut self, cx: &mut Cx<'_>) {
        self.room.is_opening = false;
        while self.room.used < self.p.room.limit
            && let Some(msg) = self.room.blocked.pop_front()
        {
            let port = u16::try_from(cx.message(msg).tag).expect("it was made from a port");
            self.take(msg, port, cx);
        }
        cx.set(self.metrics.blocked, self.room.blocked() as u64);
        self.show(cx);
    }

    /// The broker goes down: the connections of those who wait break.
    pub(super) fn turn_away_blocked(&mut self, cx: &mut Cx<'_>) {
        for msg in std::mem::take(&mut self.room.blocked) {
            cx.refuse(msg, self.losses.down);
        }
        cx.set(self.metrics.blocked, 0);
    }
}

impl MqSpec {
    /// How much room there is on that machine.
    pub(super) fn room(&self, make: Make, machine: instances::Shape, site: &mut NodeSite<'_, '_>) -> RoomParameters {
        let s = &mut *site.site;
        let (persistent, memory) = (self.is_persistent(), machine.memory);
        if make.engine == EngineSpec::RabbitMq {
            let why = "RabbitMQ on Amazon MQ stores as much as its disk takes";
            no_effect(s, "storage_limit", self.storage_limit.map(|at| at.span), why);
            let why = "RabbitMQ always makes its senders wait";
            no_effect(s, "send_fail_if_no_space", self.send_fail_if_no_space.map(|at| at.span), why);
            let why = "of the machine's memory, fact mq.rabbitmq_memory_watermark";
            let default = share_of(memory, mq::RABBITMQ_MEMORY_WATERMARK.value.get());
            let limit = limit("memory_limit", self.memory_limit, default, why, s);
            let each = persistent.then_some(mq::RABBITMQ_QUORUM_MESSAGE_MEMORY.value.get());
            return RoomParameters { limit, each, refuses: false };
        }
        let limit = if persistent {
            let why = "what is stored does not have to stay in memory; set `storage_limit`";
            no_effect(s, "memory_limit", self.memory_limit.map(|at| at.span), why);
            let fact: &Fact<Bytes> =
                if memory <= Bytes::gib(1) { &mq::ACTIVEMQ_STORAGE_MICRO } else { &mq::ACTIVEMQ_STORAGE };
            s.within("storage_limit", self.storage_limit.as_ref(), Bytes::new(1)..=fact.value, fact);
            s.or_fact("storage_limit", self.storage_limit, fact).get()
        } else {
            let why = "messages that are not persistent are not stored; set `memory_limit`";
            no_effect(s, "storage_limit", self.storage_limit.map(|at| at.span), why);
            let why = "of the machine's memory, facts mq.activemq_heap and mq.activemq_memory_usage";
            let share = mq::ACTIVEMQ_HEAP.value.get() * mq::ACTIVEMQ_MEMORY_USAGE.value.get();
            limit("memory_limit", self.memory_limit, share_of(memory, share), why, s)
        };
        let why = "senders wait until there is room";
        let refuses = s.or_default("send_fail_if_no_space", self.send_fail_if_no_space, false, why);
        RoomParameters { limit, each: None, refuses }
    }
}

/// What is written under `key`, or what follows from the machine.
fn limit(key: &str, written: Option<At<Bytes>>, default: Bytes, why: &str, s: &mut Site<'_>) -> u64 {
    let Some(at) = written else { return s.derived(key, default, why).get() };
    if at.value == Bytes::ZERO {
        s.error(at.span, "S031", "a broker without room takes no message");
    }
    s.written(key, at).get()
}

/// So much of the memory of a machine, in whole mebibytes.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of the memory of a machine"
)]
fn share_of(memory: Bytes, share: f64) -> Bytes {
    let mebibytes = memory.get() as f64 * share / Bytes::mib(1).get() as f64;
    Bytes::mib(mebibytes as u64)
}
