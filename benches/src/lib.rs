//! What the benchmarks share: hand-written floors, scenarios, a clock that resists a noisy machine.

pub mod clock;
pub mod floor;
pub mod scenario;
