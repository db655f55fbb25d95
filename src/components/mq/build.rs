//! How a broker is built from what a scenario says.

use super::layout;
use super::room::Room;
use super::spec::{EngineSpec, MqSpec, OverflowSpec, ProtocolSpec, QueueTypeSpec, StorageSpec};
use super::stages::{Processors, Storage};
use super::{Mq, MqLosses, MqMetrics, MqParameters, Overflow, PrefetchSpec};
use crate::components::fault::Health;
use crate::components::latency::Latency;
use crate::components::slab::Slab;
use crate::components::spec::many;
use crate::components::{NodeSite, NodeSpec};
use crate::diagnostic::Span;
use crate::engine::{Deadlines, LossKind, SimDuration, SimTime};
use crate::facts::mq::{self, instances};
use crate::facts::{Fact, Limit};
use crate::site::{Site, ToToml};
use crate::units::Duration;

/// What follows from the engine and the kind of its queues.
#[derive(Debug, Clone, Copy)]
pub(super) struct Make {
    pub(super) engine: EngineSpec,
    /// Whether failed deliveries are counted.
    pub(super) counts: bool,
    /// Whether a message is always stored.
    pub(super) stores: bool,
}

impl MqSpec {
    pub(super) fn build(self, site: &mut NodeSite<'_, '_>) -> Option<Mq> {
        let errors = site.site.errors();
        self.entries(site);
        let make = self.make(site);
        let machine = self.instance(site);
        let layout = layout::build(&self, self.dead_letter_queue().as_deref(), site);
        let storage = self.storage(make?, site);
        let p = self.parameters(make?, machine, site);
        let metrics = metrics(machine.map_or(1, |machine| machine.processors), site);
        let (storage, layout, p) = (storage?, layout?, p?);
        let losses = losses(p.confirms, layout.dead_letter.is_some(), site);
        if site.site.errors() > errors {
            return None;
        }
        let queues = vec![super::Queue::default(); layout.queues.into()];
        Some(Mq {
            p,
            losses,
            metrics,
            layout,
            queues,
            entries: Slab::new(),
            room: Room::default(),
            arriving: 0,
            ready: 0,
            unacknowledged: 0,
            paused: 0,
            pauses: Deadlines::new(),
            consumers: super::Consumers::default(),
            looks_at: SimTime::MAX,
            processors: Processors::new(machine?.processors as usize),
            storage,
            health: Health::default(),
            takers: Vec::new(),
        })
    }

    fn entries(&self, site: &mut NodeSite<'_, '_>) {
        let name = site.site.name().to_owned();
        let several = self.main_ports(&name) > 1;
        let flows = many(self.from.clone());
        for flow in &flows {
            if several {
                let ports = self.ports(&name).join(", ");
                site.site
                    .error(flow.span, "S021", format!("`{name}` has several destinations: {ports}"))
                    .hint("let a service take the traffic and say where it `sends` it");
            }
        }
        site.site.written_all("from", flows);
    }

    fn make(&self, site: &mut NodeSite<'_, '_>) -> Option<Make> {
        let s = &mut *site.site;
        let engine =
            s.required_as("engine", self.engine, "write `engine = \"rabbitmq\"` or `engine = \"activemq\"`")?;
        if engine == EngineSpec::ActiveMq {
            let why = "ActiveMQ has no exchanges: write `topics`";
            no_effect(s, "routing_keys", self.routing_keys.as_ref().map(|at| at.span), why);
            no_effect(s, "bindings", self.bindings.as_ref().map(|at| at.span), why);
            no_effect(s, "queue_type", self.queue_type.map(|at| at.span), "only RabbitMQ has types of queues");
            return Some(Make { engine, counts: true, stores: false });
        }
        let why = "the queues of RabbitMQ 4";
        let stores = s.or_default("queue_type", self.queue_type, QueueTypeSpec::Quorum, why) == QueueTypeSpec::Quorum;
        no_effect(s, "redelivery_delay", self.redelivery_delay.map(|at| at.span), "RabbitMQ delivers again at once");
        if let Some(at) = self.persistent.filter(|at| stores && !at.value) {
            s.error(at.span, "S035", "a quorum queue always stores its messages")
                .hint("write `queue_type = \"classic\"` for messages that are kept in memory only");
        }
        if let Some(at) = self.delivery_limit.filter(|_| !stores) {
            s.error(at.span, "S032", "`delivery_limit` has no effect: a classic queue does not count deliveries")
                .hint("leave it out, or write `queue_type = \"quorum\"`");
        }
        Some(Make { engine, counts: stores, stores })
    }

    /// The machine.
    fn instance(&self, site: &mut NodeSite<'_, '_>) -> Option<instances::Shape> {
        let s = &mut *site.site;
        let span = self.instance_type.as_ref().map_or(s.span(), |at| at.span);
        let why = "the smallest machine that is not just for trying things out";
        let name = s.or_default("instance_type", self.instance_type.clone(), "mq.m5.large".to_owned(), why);
        if let Some(instance) = instances::find(&name) {
            return Some(instance.shape.value);
        }
        let known = || instances::INSTANCES.iter().map(|instance| instance.name);
        let nearest = s.nearest(&name, known());
        s.error(span, "S013", "there is no such machine, or nothing is known of it here")
            .did_you_mean(nearest)
            .note(format!("machines: {}", known().collect::<Vec<_>>().join(", ")));
        None
    }

    fn storage(&self, make: Make, site: &mut NodeSite<'_, '_>) -> Option<Storage> {
        let s = &mut *site.site;
        if !self.is_persistent() && !make.stores {
            let unused = [
                ("storage", self.storage.map(|at| at.span)),
                ("storage_latency", self.storage_latency.as_ref().map(|at| at.span)),
                ("storage_bandwidth", self.storage_bandwidth.map(|at| at.span)),
            ];
            for (key, span) in unused {
                no_effect(s, key, span, "messages that are not persistent are not stored");
            }
            return Some(Storage::new(Latency::None, 1));
        }
        let (default, why) = match make.engine {
            EngineSpec::RabbitMq => (StorageSpec::Ebs, "the only storage of RabbitMQ on Amazon MQ"),
            EngineSpec::ActiveMq => (StorageSpec::Efs, "the default of ActiveMQ on Amazon MQ"),
        };
        let storage = s.or_default("storage", self.storage, default, why);
        if let Some(at) = self.storage.filter(|at| make.engine == EngineSpec::RabbitMq && at.value != default) {
            s.error(at.span, "S035", "Amazon MQ does not offer RabbitMQ on EFS").hint("leave `storage` out");
        }
        let bandwidth = if let Some(at) = self.storage_bandwidth {
            s.written("storage_bandwidth", at)
        } else {
            let why = "fact mq.storage_bandwidth, the baseline of a general-purpose disk";
            s.derived("storage_bandwidth", mq::STORAGE_BANDWIDTH.value.per_second, why)
        };
        if let Some(at) = self.storage_bandwidth.filter(|at| at.value.get() == 0) {
            s.error(at.span, "S031", "storage that takes no bytes stores nothing");
            return None;
        }
        let fact = match storage {
            StorageSpec::Ebs => &mq::STORAGE_LATENCY_EBS,
            StorageSpec::Efs => &mq::STORAGE_LATENCY_EFS,
        };
        let latency = site.latency("storage_latency", self.storage_latency.clone(), fact)?;
        Some(Storage::new(latency, bandwidth.get()))
    }

    fn parameters(
        &self,
        make: Make,
        machine: Option<instances::Shape>,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<MqParameters> {
        let is_rabbit = make.engine == EngineSpec::RabbitMq;
        let persistent = self.persistent(make, site);
        let room = self.room(make, machine?, site);
        let outages = self.outages(make, site);
        let s = &mut *site.site;
        let (confirms, why) = if is_rabbit || persistent {
            (true, "a sender that cares about its message waits for the broker's word")
        } else {
            (false, "ActiveMQ does not answer a sender of messages that are not persistent")
        };
        let confirms = s.or_default("confirms", self.confirms, confirms, why);
        let cpu = s.or_fact("cpu_per_message", self.cpu_per_message, &mq::CPU_PER_MESSAGE).get();
        let take_in = cpu.scaled(mq::CPU_TAKE_IN_SHARE.value.get());
        let hand_out = cpu.scaled(1.0 - mq::CPU_TAKE_IN_SHARE.value.get());
        let prefetch = self.prefetch(make, site);
        site.traits.prefetch = Some(site.placed(self.prefetch.as_ref(), prefetch));
        let delivery_limit = self.delivery_limit(make, site);
        let s = &mut *site.site;
        let redelivery_delay = match make.engine {
            EngineSpec::RabbitMq => None,
            EngineSpec::ActiveMq => {
                Some(s.or_fact("redelivery_delay", self.redelivery_delay, &mq::ACTIVEMQ_REDELIVERY_DELAY).get())
            }
        };
        let consumer_timeout = self.consumer_timeout(make, site);
        self.record_dead_letter(make, persistent, site);
        let max_length = self.max_length(make, site);
        let s = &mut *site.site;
        if let Some(at) = self.message_ttl.filter(|at| at.value.get().is_zero()) {
            s.error(at.span, "S031", "a message that may not wait at all is never delivered");
        }
        let message_ttl = s.optional("message_ttl", self.message_ttl).map(Duration::get);
        let (reconnect, longest) = match make.engine {
            EngineSpec::RabbitMq => (&mq::RABBITMQ_RECONNECT, &mq::RABBITMQ_RECONNECT),
            EngineSpec::ActiveMq => (&mq::ACTIVEMQ_RECONNECT, &mq::ACTIVEMQ_RECONNECT_MAX),
        };
        let reconnect = s.or_fact("reconnect", self.reconnect, reconnect).get();
        let longest = s.or_fact("reconnect_max", self.reconnect_max, longest).get();
        let size = if is_rabbit { mq::RABBITMQ_MAX_MESSAGE_SIZE.value.get() } else { u64::MAX };
        Some(MqParameters {
            persistent,
            confirms,
            max_message_size: u32::try_from(size).unwrap_or(u32::MAX),
            take_in,
            hand_out,
            prefetch,
            prefetch_max: if make.stores { mq::RABBITMQ_QUORUM_PREFETCH_MAX.value } else { u32::MAX },
            refill: (!is_rabbit).then_some(mq::ACTIVEMQ_PREFETCH_REFILL.value.get()),
            delivery_limit: delivery_limit?,
            consumer_timeout,
            redelivery_delay,
            max_length,
            message_ttl,
            expiry_scan: (!is_rabbit).then_some(mq::ACTIVEMQ_EXPIRY_SCAN.value.get()),
            room,
            outages: outages?,
            reconnect: (reconnect, longest.max(reconnect)),
        })
    }

    /// Whether messages are stored.
    fn persistent(&self, make: Make, site: &mut NodeSite<'_, '_>) -> bool {
        let s = &mut *site.site;
        let (protocol, why) = match make.engine {
            EngineSpec::RabbitMq => (ProtocolSpec::Amqp, "the only protocol of RabbitMQ on Amazon MQ"),
            EngineSpec::ActiveMq => (ProtocolSpec::OpenWire, "the protocol of its own clients"),
        };
        if let Some(at) = self.protocol
            && (at.value == ProtocolSpec::Amqp) != (make.engine == EngineSpec::RabbitMq)
        {
            let broker = if make.engine == EngineSpec::RabbitMq { "RabbitMQ on Amazon MQ" } else { "ActiveMQ here" };
            s.error(at.span, "S035", format!("{broker} does not speak {}", at.value.to_toml().trim_matches('"')))
                .hint(format!("leave it out, or write `protocol = {}`", protocol.to_toml()));
        }
        s.or_default("protocol", self.protocol, protocol, why);
        let why = match self.protocol {
            Some(at) if at.value == ProtocolSpec::Stomp => "a STOMP client has to ask for it with every message",
            _ if make.stores => "a quorum queue stores every message",
            _ => "for messages that must not be lost",
        };
        s.or_default("persistent", self.persistent, self.is_persistent(), why)
    }

    fn prefetch(&self, make: Make, site: &mut NodeSite<'_, '_>) -> u32 {
        let s = &mut *site.site;
        let asked = match (self.prefetch, make.engine) {
            (Some(at), _) => s.written("prefetch", at),
            (None, EngineSpec::RabbitMq) => PrefetchSpec::of(s.or_fact("prefetch", None, &mq::RABBITMQ_PREFETCH)),
            (None, EngineSpec::ActiveMq) => {
                PrefetchSpec::of(Limit::Of(s.or_fact("prefetch", None, &mq::ACTIVEMQ_QUEUE_PREFETCH)))
            }
        };
        match asked {
            PrefetchSpec::Unlimited => u32::MAX,
            PrefetchSpec::Of(count) => count.into(),
        }
    }

    /// Failed deliveries that a message may have.
    fn delivery_limit(&self, make: Make, site: &mut NodeSite<'_, '_>) -> Option<u32> {
        const ANY: i64 = -1;
        if !make.counts {
            return Some(u32::MAX);
        }
        let s = &mut *site.site;
        let fact: &Fact<u16> = match make.engine {
            EngineSpec::RabbitMq => &mq::RABBITMQ_DELIVERY_LIMIT,
            EngineSpec::ActiveMq => &mq::ACTIVEMQ_MAX_REDELIVERIES,
        };
        if !s.within("delivery_limit", self.delivery_limit.as_ref(), ANY..=u16::MAX.into(), fact) {
            return None;
        }
        let limit = match self.delivery_limit {
            Some(at) => s.written("delivery_limit", at),
            None => s.or_fact("delivery_limit", None, fact).into(),
        };
        // -1 does not fit and becomes the limit that nothing reaches.
        Some(u32::try_from(limit).unwrap_or(u32::MAX))
    }

    /// How long a consumer may hold a message, and how often the broker looks.
    fn consumer_timeout(&self, make: Make, site: &mut NodeSite<'_, '_>) -> Option<(SimDuration, SimDuration)> {
        let s = &mut *site.site;
        if make.engine == EngineSpec::ActiveMq {
            let why = "with ActiveMQ a consumer may hold a message for as long as it is connected";
            no_effect(s, "consumer_timeout", self.consumer_timeout.map(|at| at.span), why);
            return None;
        }
        let check = &mq::RABBITMQ_ACK_TIMEOUT_CHECK;
        s.within("consumer_timeout", self.consumer_timeout.as_ref(), check.value..=Duration::MAX, check);
        let timeout = s.or_fact("consumer_timeout", self.consumer_timeout, &mq::RABBITMQ_ACK_TIMEOUT);
        site.traits.lets_hold = Some(site.placed(self.consumer_timeout.as_ref(), timeout.get()));
        Some((timeout.get(), check.value.get()))
    }

    fn record_dead_letter(&self, make: Make, persistent: bool, site: &mut NodeSite<'_, '_>) {
        let s = &mut *site.site;
        match (&self.dead_letter, make.engine) {
            (Some(at), EngineSpec::ActiveMq) if !persistent => {
                no_effect(s, "dead_letter", Some(at.span), "ActiveMQ drops dead letters that are not persistent");
            }
            (Some(at), _) => {
                s.written("dead_letter", at.clone());
            }
            (None, EngineSpec::ActiveMq) if persistent => {
                let why = "ActiveMQ has one queue for the dead letters of all its queues";
                s.or_default("dead_letter", None, self.dead_letter_queue().unwrap_or_default(), why);
            }
            (None, _) => {}
        }
    }

    fn max_length(&self, make: Make, site: &mut NodeSite<'_, '_>) -> Option<(usize, Overflow)> {
        let s = &mut *site.site;
        if make.engine == EngineSpec::ActiveMq {
            let why = "ActiveMQ limits the memory of a queue, not its length";
            no_effect(s, "max_length", self.max_length.map(|at| at.span), why);
        }
        let Some(at) = self.max_length else {
            no_effect(s, "overflow", self.overflow.map(|at| at.span), "without `max_length` no queue is full");
            return None;
        };
        if at.value == 0 {
            s.error(at.span, "S031", "a queue that may have no message takes none");
            return None;
        }
        let most = s.written("max_length", at) as usize;
        let overflow = s.or_default("overflow", self.overflow, OverflowSpec::DropHead, "the default of RabbitMQ");
        Some(match overflow {
            OverflowSpec::DropHead => (most, Overflow::DropHead),
            OverflowSpec::RejectPublish => (most, Overflow::RejectPublish),
        })
    }
}

/// An error if something is written that would be ignored.
pub(super) fn no_effect(s: &mut Site<'_>, key: &str, span: Option<Span>, why: &str) {
    if let Some(span) = span {
        s.error(span, "S032", format!("`{key}` has no effect: {why}")).hint("leave it out");
    }
}

fn losses(confirms: bool, has_dead_letters: bool, site: &mut NodeSite<'_, '_>) -> MqLosses {
    // Whoever does not wait for a confirm is not turned away: the message vanishes without a word.
    let rejected = if confirms { LossKind::Rejected } else { LossKind::Lost };
    let grave = |gone| if has_dead_letters { LossKind::DeadLettered } else { gone };
    MqLosses {
        down: site.loss(LossKind::Rejected, "down"),
        failing: site.loss(LossKind::Rejected, "answered with an error"),
        too_large: site.permanent_refusal("message too large"),
        no_space: site.loss(LossKind::Rejected, "no room for more messages"),
        rejected: site.loss(rejected, "queue full"),
        unroutable: site.loss(LossKind::Lost, "no queue bound to the topic"),
        in_memory: site.loss(LossKind::Lost, "only in memory when the broker went down"),
        acknowledged: site.loss(LossKind::Lost, "acknowledged at delivery, and not done"),
        too_often: site.loss(grave(LossKind::Lost), "delivered in vain too often"),
        expired: site.loss(grave(LossKind::Expired), "older than the time to live"),
        dropped: site.loss(grave(LossKind::Lost), "dropped to make room in a full queue"),
    }
}

fn metrics(cores: u32, site: &mut NodeSite<'_, '_>) -> MqMetrics {
    MqMetrics {
        busy: site.gauge_of("busy", "processors", cores.into()),
        blocked: site.gauge("message_blocked_count", "messages"),
        arriving: site.gauge("message_arriving_count", "messages"),
        ready: site.gauge("message_ready_count", "messages"),
        unacknowledged: site.gauge("message_unacknowledged_count", "messages"),
        published: site.counter("messages_published", "messages"),
        confirmed: site.counter("messages_confirmed", "messages"),
        rejected: site.counter("messages_rejected", "messages"),
        delivered: site.counter("messages_delivered", "messages"),
        redelivered: site.counter("messages_redelivered", "messages"),
        acknowledged: site.counter("messages_acknowledged", "messages"),
        stale_acknowledgements: site.counter("stale_acknowledgements", "messages"),
        consumer_timeouts: site.counter("consumer_timeouts", "channels"),
        dead_lettered: site.counter("messages_dead_lettered", "messages"),
        expired: site.counter("messages_expired", "messages"),
        writes: site.counter("storage_writes", "writes"),
        written: site.counter("storage_written", "bytes"),
        write_time: site.counter("storage_write_time", "s"),
    }
}
