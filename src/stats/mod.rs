//! Numbers to claims: pure functions over slices, each naming its method and reference.
//!
//! Same slice, same answer, on every platform: elementary functions come from `libm`, sums run in the order of the
//! slice. Nothing here draws a random number, reads a clock or knows what a message is.

mod batch;
mod estimate;
mod interval;
mod moments;
mod paired;
mod quantile;
mod share;
mod student;

pub use batch::batch_means;
pub use estimate::Estimate;
pub use interval::{Interval, confidence_interval};
pub use moments::{mean, variance};
pub use paired::paired_difference;
pub use quantile::{bucket_quantile, quantile};
pub use share::wilson_interval;
pub use student::{normal_two_sided, student_two_sided};
