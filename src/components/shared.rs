//! What the nodes of a pipeline have in common while they run.

use super::account::Account;
use super::fault::Fault;
use super::site::LossCause;
use crate::engine::NodeId;
use crate::engine::random::StreamKey;
use crate::metrics::Recorder;
use crate::traffic::Works;

/// What all nodes of a pipeline share during a replication.
#[derive(Debug)]
pub struct Shared {
    /// What is measured.
    pub recorder: Recorder,
    /// The work of every job.
    pub works: Works,
    /// The faults on the timeline.
    pub faults: Vec<Fault>,
    /// One family of random streams per node, keyed by its name.
    pub keys: Vec<StreamKey>,
    /// The random streams of what messages say.
    pub contents: StreamKey,
    /// The causes of loss, by id.
    pub losses: Vec<LossCause>,
    /// Of each node, by id, whose answers it passes on as they are.
    pub passed_on: Vec<Vec<NodeId>>,
    /// What is in use of the account to which all nodes belong.
    pub account: Account,
    /// Of each node, whether anybody fetches from it.
    pub polled: Vec<bool>,
}
