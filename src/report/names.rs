//! Names that more than one part has to agree on: who fills a report, who prints it, and who writes expectations.

/// Jobs sent into the pipeline.
pub const JOBS_SENT: &str = "jobs_sent";
/// Share of the jobs sent that were done in time.
pub const GOODPUT: &str = "goodput_share";
/// Largest number of jobs that waited at one moment.
pub const BACKLOG_MAX: &str = "backlog_max";
/// What the whole design costs, as far as prices are known.
pub const COST: &str = "cost_usd";
/// Time from the largest backlog until it was drained, in seconds.
pub const DRAIN: &str = "drain_s";
/// Time from the end of the last fault until as much is done in time as arrives, in seconds.
pub const RECOVERY: &str = "recovery_s";
/// Share of the nodes' own work that was for nobody.
pub const WASTED_WORK: &str = "wasted_work_share";

/// The name of a percentile: `p50`, `p99`, `p99_9`. It carries its number, so that no file needs a legend.
pub fn percentile(percent: f64) -> String {
    format!("p{percent}").replace('.', "_")
}

/// The column of a latency percentile: `latency_p99_9_s`.
pub fn latency_percentile(percent: f64) -> String {
    format!("latency_{}_s", percentile(percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_carries_its_number() {
        assert_eq!(percentile(50.0), "p50");
        assert_eq!(percentile(99.99), "p99_99");
        assert_eq!(latency_percentile(99.9), "latency_p99_9_s");
    }
}
