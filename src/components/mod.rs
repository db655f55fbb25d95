//! The services: one file each, and the only list of them.
//!
//! Each file has the same order inside: what the real service does and what is left out; what it was told to be; what it
//! counts; its state; its alarms; its behaviour; tests. Components speak signals and never call each other. A new
//! service is a new file and a line in `registry!`.

mod account;
mod balancer;
#[cfg(test)]
mod bench;
mod binomial;
mod context;
mod edge;
mod fault;
mod guard;
mod handler;
mod kinesis;
mod lambda;
mod latency;
mod limits;
mod mq;
mod pauses;
mod poll_retry;
mod polls;
mod reader;
mod request;
mod retry;
mod scaling;
mod service;
mod shared;
mod sink;
mod site;
mod slab;
mod sns;
mod spec;
mod sqs;
mod texts_sent;
mod traits;
mod workers;

pub use account::{Account, Claims, FunctionClaims};
pub use context::{Ctx, Endpoint};
pub use edge::{Edge, NodeSpec, Verb};
pub use fault::{Fault, FaultKind};
pub use shared::Shared;
pub use site::{LossCause, NodeSite, Plan, PlannedNode};
pub use traits::{
    FunctionTraits, JudgeTraits, Members, Moment, PushTraits, RequestTraits, ScalingTraits, ShardTraits, ShortPolls,
    TextTraits, Traits,
};

use crate::diagnostic::Diagnostics;
use crate::engine::{Kernel, MsgId, NodeId, Signal};

/// What every service is to the engine.
pub trait Component: Sized + Clone {
    /// The kind as a scenario writes it.
    const KIND: &'static str;
    /// What it is, in a line.
    const ABOUT: &'static str;
    /// What it is called in a sentence: "a queue".
    const NOUN: &'static str;
    /// The edges that may lead to it.
    const ACCEPTS: &'static [Verb];
    /// The faults that change what it does, as a scenario writes them.
    const FAULTS: &'static [&'static str] = &["down", "slow", "fails"];
    /// What a scenario may say about it.
    type Spec: NodeSpec + serde::de::DeserializeOwned;
    /// Its own alarms.
    type Alarm: Copy + Into<AnyTimer>;

    /// Resolves what was written; what is wrong with it is reported at the site.
    fn build(spec: Self::Spec, site: &mut NodeSite<'_, '_>) -> Option<Self>;

    /// The run begins.
    fn start(&mut self, cx: &mut Ctx<'_, Self::Alarm>) {
        let _ = cx;
    }

    /// Reacts to a signal.
    fn on(&mut self, signal: &Signal, cx: &mut Ctx<'_, Self::Alarm>);

    /// Reacts to its own alarm.
    fn on_alarm(&mut self, alarm: Self::Alarm, cx: &mut Ctx<'_, Self::Alarm>);

    /// Messages that it owns right now, by its own count.
    fn holding(&self) -> u64;
}

/// A kind of node.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As a scenario writes it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What it is called in a sentence.
    pub noun: &'static str,
    /// The edges that may lead to it.
    pub accepts: &'static [Verb],
    /// The faults that change what it does.
    pub faults: &'static [&'static str],
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ABOUT.iter().find(|kind| kind.name == name)
    }
}

/// Makes the node enum, the alarm enum and everything that is said once for each service.
macro_rules! registry {
    ($($variant:ident => $component:ty),* $(,)?) => {
        /// A node of any kind. Which one is told apart at every event: a tag of its own is read faster than one that
        /// hides in the spare values of a field.
        #[derive(Debug, Clone)]
        #[repr(u8)]
        #[expect(clippy::large_enum_variant, reason = "a run has a few nodes, and a box would cost every signal a step")]
        pub enum AnyNode {
            $(#[doc = concat!("A `", stringify!($variant), "`.")] $variant($component)),*
        }

        /// An alarm of a node of any kind.
        #[derive(Debug, Clone, Copy)]
        pub enum AnyTimer {
            $(#[doc = concat!("Of a `", stringify!($variant), "`.")] $variant(<$component as Component>::Alarm)),*
        }

        $(
            impl From<<$component as Component>::Alarm> for AnyTimer {
                #[inline]
                fn from(alarm: <$component as Component>::Alarm) -> Self {
                    Self::$variant(alarm)
                }
            }

            impl From<$component> for AnyNode {
                fn from(component: $component) -> Self {
                    Self::$variant(component)
                }
            }
        )*

        /// The kinds, as a scenario writes them.
        pub const KINDS: &[&str] = &[$(<$component as Component>::KIND),*];

        /// Every kind with what is said about it.
        pub const ABOUT: &[Kind] = &[$(Kind {
            name: <$component as Component>::KIND,
            about: <$component as Component>::ABOUT,
            noun: <$component as Component>::NOUN,
            accepts: <$component as Component>::ACCEPTS,
            faults: <$component as Component>::FAULTS,
        }),*];

        /// Every kind with what it is and the schema of what may be said about it, all but `kind` itself.
        #[cfg(test)]
        pub fn node_schemas(
            generator: &mut schemars::SchemaGenerator,
        ) -> Vec<(&'static str, &'static str, schemars::Schema)> {
            vec![$((
                <$component as Component>::KIND,
                <$component as Component>::ABOUT,
                <<$component as Component>::Spec as schemars::JsonSchema>::json_schema(generator),
            )),*]
        }

        /// What a scenario says about a node of any kind.
        #[allow(clippy::large_enum_variant, reason = "there are a few at a time, and only while a scenario is read")]
        pub enum AnySpec {
            $(#[doc = concat!("Of a `", stringify!($variant), "`.")] $variant(<$component as Component>::Spec)),*
        }

        impl AnySpec {
            /// Decodes the table of a node of this kind; all errors in it are reported.
            pub fn decode(kind: &str, table: &crate::site::Table, path: &str, found: &mut Diagnostics) -> Option<Self> {
                match kind {
                    $(<$component as Component>::KIND => crate::site::decode(table, path, found).map(Self::$variant),)*
                    _ => None,
                }
            }

            /// What can be said before it is built.
            pub fn as_node(&self) -> &dyn NodeSpec {
                match self { $(Self::$variant(spec) => spec),* }
            }

            /// Builds the node.
            pub fn build(self, site: &mut NodeSite<'_, '_>) -> Option<AnyNode> {
                match self { $(Self::$variant(spec) => <$component>::build(spec, site).map(AnyNode::$variant)),* }
            }
        }

        impl AnyNode {
            /// The kind, as a scenario writes it.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$component as Component>::KIND),* }
            }

            /// The run begins.
            pub fn start(&mut self, node: NodeId, kernel: &mut Kernel<AnyTimer>, shared: &mut Shared) {
                match self { $(Self::$variant(component) => component.start(&mut Ctx::new(kernel, shared, node))),* }
            }

            /// Lets the node react to a signal. Returns how many messages it owns then, by its own count.
            #[inline(always)]
            pub fn on(&mut self, signal: &Signal, node: NodeId, kernel: &mut Kernel<AnyTimer>, shared: &mut Shared) -> u64 {
                match self {
                    $(Self::$variant(component) => {
                        component.on(signal, &mut Ctx::new(kernel, shared, node));
                        component.holding()
                    })*
                }
            }

            /// Lets the node react to a message that arrives as the first of its job: as [`on`](Self::on), but the signal
            /// is only put together where it is not taken apart at once.
            #[inline(always)]
            pub fn arrive(
                &mut self,
                msg: MsgId,
                port: u16,
                node: NodeId,
                kernel: &mut Kernel<AnyTimer>,
                shared: &mut Shared,
            ) -> u64 {
                match self {
                    $(Self::$variant(component) => {
                        let signal = Signal::Arrive { msg, port, batched: false };
                        component.on(&signal, &mut Ctx::new(kernel, shared, node));
                        component.holding()
                    })*
                }
            }

            /// Lets the node react to its alarm, which is [ringing](Kernel::ringing). Returns how many messages it owns then, by its own count.
            #[inline(always)]
            pub fn on_alarm(
                &mut self,
                node: NodeId,
                kernel: &mut Kernel<AnyTimer>,
                shared: &mut Shared,
            ) -> u64 {
                match self {
                    $(Self::$variant(component) => {
                        let Some(&AnyTimer::$variant(alarm)) = kernel.ringing() else {
                            unreachable!("a node sets only its own alarms");
                        };
                        component.on_alarm(alarm, &mut Ctx::new(kernel, shared, node));
                        component.holding()
                    })*
                }
            }
        }
    };
}

registry! {
    Email => sink::Email,
    Firehose => sink::Firehose,
    Http => sink::Http,
    Push => sink::Push,
    S3 => sink::S3,
    Sms => sink::Sms,
    Service => service::Service,
    Sns => sns::Sns,
    Sqs => sqs::Sqs,
    Mq => mq::Mq,
    Workers => workers::Workers,
    Kinesis => kinesis::Kinesis,
    Reader => reader::Reader,
    Lambda => lambda::Lambda,
    LoadBalancer => balancer::LoadBalancer,
}
