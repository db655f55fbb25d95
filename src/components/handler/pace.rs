//! How fast the work of a handler goes.

use crate::engine::SimDuration;

/// How fast work goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Nothing below applies: the one thing that is looked at for every job.
    pub is_plain: bool,
    /// Factor on the time of work that begins now.
    pub slowness: f64,
    /// Time by which the work that begins next is longer, for what was done before it.
    pub owed: SimDuration,
}

impl Pace {
    /// Work takes as long as is written.
    pub(super) const PLAIN: Self = Self { is_plain: true, slowness: 1.0, owed: SimDuration::ZERO };

    /// The same, with a new look at whether anything applies. A factor of exactly 1 leaves the nanoseconds alone.
    pub(super) fn seen(self) -> Self {
        Self { is_plain: self.slowness.to_bits() == 1.0_f64.to_bits() && self.owed.is_zero(), ..self }
    }

    /// How long this work takes, with what is owed.
    #[cold]
    pub(super) fn stretch(&mut self, duration: SimDuration) -> SimDuration {
        let owed = std::mem::take(&mut self.owed);
        *self = self.seen();
        if self.is_plain { duration + owed } else { duration.scaled(self.slowness) + owed }
    }
}
