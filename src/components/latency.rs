//! The time that a request spends on the network and in the front of a service, there and back.

use crate::engine::SimDuration;
use crate::engine::random::Draws;
use crate::traffic::Law;

/// A round trip: half of it passes before the request takes effect, half before the answer is there.
#[derive(Debug, Clone)]
pub enum Latency {
    /// No time passes.
    None,
    /// Always the same.
    Constant(SimDuration),
    /// Drawn for each request, in seconds.
    Drawn(Law),
}

impl Latency {
    /// The round trip of one request.
    #[inline]
    pub fn draw(&self, draws: impl FnOnce() -> Draws) -> SimDuration {
        match self {
            Self::None => SimDuration::ZERO,
            Self::Constant(duration) => *duration,
            Self::Drawn(law) => SimDuration::from_secs_f64(law.draw(&mut draws())),
        }
    }

    /// Whether no time ever passes.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}
