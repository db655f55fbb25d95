//! A warm pool: machines that have done their bootstrap already and wait, so that growing takes no longer than a start.
//!
//! Simplified: what a stopped machine costs, its disk, is left out, and so is the minimum for which each is paid.

/// A warm pool.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    /// Machines of the group and the pool together, at most -- parameter.
    pub most: u32,
    /// Machines in the pool at least -- parameter.
    pub min: u32,
    /// Whether they run while they wait -- parameter.
    pub runs: bool,
    /// Machines that wait -- state.
    ready: u32,
    /// Machines that are being prepared -- state.
    preparing: u32,
}

impl Pool {
    pub(super) const fn new(most: u32, min: u32, runs: bool) -> Self {
        Self { most, min, runs, ready: 0, preparing: 0 }
    }

    /// Machines that it should hold beside a group of `desired`.
    fn size(&self, desired: u32) -> u32 {
        self.most.saturating_sub(desired).max(self.min)
    }

    /// It has been there for a while.
    pub(super) fn fill_at_once(&mut self, desired: u32) {
        self.ready = self.size(desired);
    }

    /// Takes a machine out, if one is ready. Returns whether it still has to boot.
    pub(super) fn take(&mut self) -> Option<bool> {
        self.ready = self.ready.checked_sub(1)?;
        Some(!self.runs)
    }

    /// Returns how many machines have to be prepared; what is too many and ready goes.
    pub(super) fn order(&mut self, desired: u32) -> u32 {
        let size = self.size(desired);
        self.ready = self.ready.min(size);
        let missing = size.saturating_sub(self.ready + self.preparing);
        self.preparing += missing;
        missing
    }

    /// A machine has been prepared; it goes again if it is not wanted any more.
    pub(super) fn prepared(&mut self, desired: u32) {
        self.preparing -= 1;
        self.ready = (self.ready + 1).min(self.size(desired));
    }

    /// Machines that wait.
    pub(super) const fn ready(&self) -> u32 {
        self.ready
    }

    /// Machines in it that are paid for.
    pub(super) const fn billed(&self) -> u32 {
        self.preparing + if self.runs { self.ready } else { 0 }
    }
}
