//! A scenario, resolved: everything checked, every name an id, ready to run as often as wanted.

use super::expect::Expectation;
use super::fault::Fault;
use super::run::Run;
use super::world::{Entrance, PipelineWorld};
use crate::components::{self, Account, AnyNode, LossCause, Plan, Shared, Traits};
use crate::engine::random::StreamKey;
use crate::engine::{self, Bound, Bounds, Kernel, LossKind, NodeId, Signal, SimDuration, SimTime, Stop};
use crate::metrics::{Catalogue, Frame, JobSink, NodeColumn, Observation, Recorder, View, node_columns};
use crate::traffic::{Arrivals, Flow, Work, Works};
use std::sync::Arc;

/// The longest chain of zero-delay consequences of one event: beyond it there is no end to it.
const LANE_BOUND: u64 = 50_000_000;

/// A scenario, resolved.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its title; the name of the file if it has none.
    pub title: String,
    /// What it asks; may be empty.
    pub question: String,
    /// The variations.
    pub cases: Vec<CaseModel>,
    /// What the author expects to come out.
    pub expectations: Vec<Expectation>,
    /// Hash of the resolved text.
    pub hash: u64,
}

/// One variation, resolved.
#[derive(Debug, Clone)]
pub struct CaseModel {
    /// Its name.
    pub name: String,
    /// How long and how often.
    pub run: Run,
    /// A job done later than this after its arrival is late.
    pub objective: Option<SimDuration>,
    /// Grid of the time series.
    pub sample_every: SimDuration,
    /// The faults of this case.
    pub faults: Vec<Fault>,
    /// The designs.
    pub pipelines: Vec<PipelineModel>,
    /// The traffic.
    pub flows: Arc<[Flow]>,
    /// The work.
    pub works: Arc<[Work]>,
}

/// One design, resolved: pristine nodes that every replication starts from.
#[derive(Debug, Clone)]
pub struct PipelineModel {
    /// Its name.
    pub name: String,
    /// Names, kinds and edges of its nodes.
    pub plan: Plan,
    /// Its nodes as they are before a run.
    pub nodes: Vec<AnyNode>,
    /// What they say about themselves, by id.
    pub traits: Vec<Traits>,
    /// Names of its metrics.
    pub catalogue: Catalogue,
    /// What can go wrong with a job in it; index 0 is "nothing".
    pub losses: Vec<LossCause>,
    /// Where each flow enters.
    pub entrances: Vec<Entrance>,
    /// Its faults.
    pub faults: Vec<components::Fault>,
}

/// A run that would have needed more than it may use.
#[derive(Debug, Clone)]
pub struct Overrun {
    /// The case.
    pub case: String,
    /// The design.
    pub pipeline: String,
    /// The replication.
    pub replication: u32,
    /// What was exceeded.
    pub bound: Bound,
    /// The limit.
    pub limit: u64,
    /// When it happened.
    pub at: SimTime,
    /// The node that reacted most often.
    pub busiest: String,
}

/// What became of one replication.
#[derive(Debug, Clone)]
pub enum Replication {
    /// It ran to its end.
    Done(Box<Observation>),
    /// It was asked to stop.
    Interrupted,
    /// It exceeded a bound.
    Exceeded(Box<Overrun>),
}

impl PipelineModel {
    /// The figures of its nodes, in the order of [`Observation::nodes`].
    pub fn node_columns(&self) -> Vec<NodeColumn> {
        node_columns(&self.catalogue)
    }

    /// The way of a job through it: `web → jobs (sqs) ← encoders`.
    pub fn path(&self) -> String {
        super::path::path(&self.plan.nodes, self.entrances.iter().flat_map(Entrance::nodes))
    }

    /// What each cause of loss means for a job.
    pub fn loss_kinds(&self) -> Vec<LossKind> {
        self.losses.iter().map(|loss| loss.kind).collect()
    }

    /// What its nodes share at the beginning of a replication, whose random streams grow from `root`.
    pub(super) fn shared(&self, works: &Arc<[Work]>, root: StreamKey, view: &View) -> Shared {
        Shared {
            recorder: Recorder::new(&self.catalogue, self.losses.len(), view),
            works: Works::new(Arc::clone(works), root),
            faults: self.faults.clone(),
            keys: self.plan.nodes.iter().map(|node| root.child("node").child(&node.name)).collect(),
            contents: root.child("contents"),
            losses: self.losses.clone(),
            passed_on: self.plan.passed_on(),
            account: Account::default(),
            polled: self.plan.polled(),
        }
    }
}

impl CaseModel {
    /// No replication lasts longer.
    pub fn horizon(&self) -> SimTime {
        SimTime::ZERO + self.run.duration + self.run.drain
    }

    /// Simulates one replication of one pipeline. `goes_on` is asked now and then, with the simulated time.
    ///
    /// # Panics
    /// If an invariant of the engine breaks: an error in surgetank, told with what repeats it.
    pub fn simulate(
        &self,
        pipeline: &PipelineModel,
        seed: u64,
        replication: u32,
        goes_on: &mut dyn FnMut(SimTime) -> bool,
    ) -> Replication {
        self.simulate_telling(pipeline, seed, replication, goes_on, None)
    }

    /// As [`CaseModel::simulate`], and tells `sink` what became of every job.
    ///
    /// # Panics
    /// As [`CaseModel::simulate`].
    pub fn simulate_telling(
        &self,
        pipeline: &PipelineModel,
        seed: u64,
        replication: u32,
        goes_on: &mut dyn FnMut(SimTime) -> bool,
        sink: Option<Box<dyn JobSink>>,
    ) -> Replication {
        let root = StreamKey::new(seed, replication);
        let warmup = SimTime::ZERO + self.run.warmup;
        let objective = self.objective.unwrap_or(SimDuration::MAX);
        let view = View { step: self.sample_every, warmup, objective };
        let mut shared = pipeline.shared(&self.works, root, &view);
        if let Some(sink) = sink {
            shared.recorder.jobs.tell(sink);
        }
        let kinds = pipeline.loss_kinds();
        let mut kernel = Kernel::new(pipeline.nodes.len(), kinds.clone());
        let mut nodes = pipeline.nodes.clone();
        for (index, node) in (0_u16..).zip(&mut nodes) {
            node.start(NodeId(index), &mut kernel, &mut shared);
        }
        schedule_faults(pipeline, &mut kernel);
        let until = SimTime::ZERO + self.run.duration;
        let arrivals = Arrivals::new(Arc::clone(&self.flows), shared.works.clone(), root, until);
        let mut world = PipelineWorld { nodes, shared, arrivals, entrances: &pipeline.entrances, goes_on };
        let bounds = Bounds {
            duration: until,
            operated: pipeline.faults.iter().filter_map(components::Fault::operates_until).fold(until, SimTime::max),
            horizon: self.horizon(),
            events: self.run.max_events,
            live: self.run.max_live_messages,
            lane: LANE_BOUND,
        };
        let finish = engine::run(&mut world, &mut kernel, &bounds, engine::LossId(UNFINISHED));
        match finish.stop {
            Stop::Interrupted => return Replication::Interrupted,
            Stop::Exceeded(bound) => {
                let limit = match bound {
                    Bound::Events => bounds.events,
                    Bound::Live => bounds.live,
                    Bound::Lane => bounds.lane,
                };
                let busiest = pipeline.plan.nodes.get(finish.busiest.index()).map_or("", |node| &node.name).to_owned();
                let (case, pipeline) = (self.name.clone(), pipeline.name.clone());
                let overrun = Overrun { case, pipeline, replication, bound, limit, at: finish.at, busiest };
                return Replication::Exceeded(Box::new(overrun));
            }
            Stop::Done => {}
        }
        world.shared.recorder.finish(finish.at);
        let frame = Frame {
            catalogue: &pipeline.catalogue,
            losses: &kinds,
            percentiles: &self.run.percentiles,
            warmup,
            ended: finish.at,
            events: finish.events,
            fault_ended: pipeline.faults.iter().map(|fault| fault.to).max(),
        };
        Replication::Done(Box::new(Observation::of(&world.shared.recorder, &frame)))
    }
}

/// The first cause that is registered in every pipeline.
pub(super) const UNFINISHED: u16 = 1;

fn schedule_faults(pipeline: &PipelineModel, kernel: &mut Kernel<components::AnyTimer>) {
    for (index, fault) in (0_u16..).zip(&pipeline.faults) {
        kernel.tell_after(fault.from.since(SimTime::ZERO), fault.node, Signal::Fault { index, begins: true });
        if fault.to > fault.from {
            kernel.tell_after(fault.to.since(SimTime::ZERO), fault.node, Signal::Fault { index, begins: false });
        }
    }
}
