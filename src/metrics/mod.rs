//! Run to numbers: counters, gauges, histograms and the fates of jobs of one replication.

mod bill;
mod drain;
mod fate;
mod gauge;
mod histogram;
mod jobs;
mod observation;
mod recorder;
mod recovery;

pub use bill::{Bill, Tariff};
pub use fate::Fate;
pub use gauge::{Gauge, Tally};
pub use histogram::Histogram;
pub use jobs::{JobBook, JobEnd, JobSink};
pub use observation::{Column, Frame, NodeColumn, Observation, columns, node_columns, percentile_name};
pub use recorder::{Capacity, Catalogue, CounterId, GaugeId, MetricName, Recorder, TimingId, View};
