//! The engine: clock, event list, random streams, messages, ledger.
//!
//! It knows no service, no file and no text, and compiles to WebAssembly: no threads, no wall clock. What a node is,
//! and which alarms it sets, is the business of the layers above, through [`World`].

mod books;
mod deadlines;
mod event_list;
mod kernel;
mod ledger;
mod message;
mod observer;
pub mod random;
mod ring;
mod run;
mod signal;
pub mod time;

pub use deadlines::Deadlines;
pub use event_list::EVENTS_MAX;
pub use kernel::{Kernel, NewJob};
pub use ledger::Ledger;
pub use message::{Ending, Job, JobId, LossId, LossKind, Message, MsgId, MsgRef};
pub use observer::Observer;
pub use ring::Ring;
pub use run::{Bound, Bounds, Finish, Reaction, Stop, World, run};
pub use signal::{Call, NodeId, Refusal, Settle, Signal};
pub use time::{SimDuration, SimTime};
