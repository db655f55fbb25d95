//! A mean that never travels without its interval.

/// The mean of one figure over independent replications, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean over the replications in which the figure could be measured.
    pub mean: f64,
    /// Half the width of the 95 % interval (Student t, n - 1 degrees of freedom); `None` for a single replication,
    /// from which no interval follows.
    pub half_width: Option<f64>,
    /// How many replications measured it.
    pub replications: u32,
}
