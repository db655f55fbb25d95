//! Run to numbers: counters, gauges, histograms and the fates of jobs of one replication.

mod gauge;
mod histogram;
mod jobs;
mod recorder;

pub use gauge::{Gauge, Tally};
pub use histogram::Histogram;
pub use jobs::JobBook;
pub use recorder::{Catalogue, CounterId, Frame, GaugeId, MetricName, Recorder, TimingId};
