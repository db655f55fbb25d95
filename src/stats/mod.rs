//! Numbers to claims: pure functions over slices, each naming its method and reference.

mod estimate;

pub use estimate::Estimate;
