//! Faults as the nodes see them: what is wrong, from when to when.

use crate::engine::random::Draws;
use crate::engine::{NodeId, SimTime};
use crate::facts;

/// A fault on the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// The node it hits.
    pub node: NodeId,
    /// What is wrong.
    pub kind: FaultKind,
    /// When it begins.
    pub from: SimTime,
    /// When it ends; the same as `from` for an instant.
    pub to: SimTime,
}

/// What is wrong with a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// It answers no request, and what it was doing is gone.
    Down,
    /// It stands still: nothing begins, nothing goes on, and nothing is lost.
    Hangs,
    /// Everything that begins takes so many times as long.
    Slow(f64),
    /// It answers this share of its requests with an error.
    Fails(f64),
    /// So many of its consumers stop without a word, and come back at the end of the fault.
    Kill(u32),
    /// So many of its machines are taken away after a notice.
    Interrupt(u32),
    /// So many of its machines go out of service, and come back at the end of the fault.
    Standby {
        /// How many.
        count: u32,
        /// Whether others are ordered for them.
        replaced: bool,
    },
    /// It is rebooted in good order, and is back when it is ready.
    Reboot,
    /// It crashes, and is back when it is ready.
    Crash,
    /// The dead letters in it are sent back to where they came from, at most so many a second.
    Redrive(f64),
    /// Everything in it is deleted.
    Purge,
}

impl Fault {
    /// Until when it may bring back what was dead-lettered, or take it away, if it is of that kind. What is being sent back
    /// counts as in use.
    pub fn operates_until(&self) -> Option<SimTime> {
        match self.kind {
            FaultKind::Redrive(_) => Some(self.from),
            FaultKind::Purge => Some(self.from + facts::sqs::PURGE_TIME.value.get()),
            _ => None,
        }
    }
}

/// The state of a node under the faults of its timeline; faults may overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    /// How many faults there are at once.
    faults: u32,
    down: u32,
    hangs: u32,
    slow: Vec<f64>,
    fails: Vec<f64>,
}

impl Health {
    /// A fault begins or ends. Kills and restarts are the business of the node.
    pub(super) fn change(&mut self, kind: FaultKind, begins: bool) {
        match kind {
            FaultKind::Kill(_)
            | FaultKind::Interrupt(_)
            | FaultKind::Standby { .. }
            | FaultKind::Reboot
            | FaultKind::Crash
            | FaultKind::Redrive(_)
            | FaultKind::Purge => return,
            FaultKind::Down if begins => self.down += 1,
            FaultKind::Down => self.down -= 1,
            FaultKind::Hangs if begins => self.hangs += 1,
            FaultKind::Hangs => self.hangs -= 1,
            FaultKind::Slow(factor) => toggle(&mut self.slow, factor, begins),
            FaultKind::Fails(share) => toggle(&mut self.fails, share, begins),
        }
        self.faults = if begins { self.faults + 1 } else { self.faults - 1 };
    }

    /// Whether it answers at all.
    pub(super) const fn is_down(&self) -> bool {
        self.down > 0
    }

    /// Whether it stands still.
    pub(super) const fn hangs(&self) -> bool {
        self.hangs > 0
    }

    /// How many times as long everything takes.
    pub(super) fn slowness(&self) -> f64 {
        self.slow.iter().product()
    }

    /// Whether nothing is wrong.
    pub(super) const fn is_sound(&self) -> bool {
        self.faults == 0
    }

    /// Whether a fault makes the request fail to which these draws belong.
    #[inline(always)]
    pub(super) fn fails(&self, draws: impl FnOnce() -> Draws) -> bool {
        !self.is_sound() && {
            let share = self.failing_share();
            share > 0.0 && draws().uniform() < share
        }
    }

    /// The share of requests that fail.
    #[cold]
    pub(super) fn failing_share(&self) -> f64 {
        1.0 - self.fails.iter().map(|share| 1.0 - share).product::<f64>()
    }
}

fn toggle(active: &mut Vec<f64>, value: f64, begins: bool) {
    if begins {
        active.push(value);
    } else if let Some(index) = active.iter().position(|&other| other.to_bits() == value.to_bits()) {
        active.swap_remove(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_overlap_and_end_one_by_one() {
        let mut health = Health::default();
        health.change(FaultKind::Slow(2.0), true);
        health.change(FaultKind::Slow(3.0), true);
        health.change(FaultKind::Fails(0.5), true);
        health.change(FaultKind::Fails(0.5), true);
        assert!((health.slowness() - 6.0).abs() < 1e-12 && (health.failing_share() - 0.75).abs() < 1e-12);
        health.change(FaultKind::Slow(2.0), false);
        assert!((health.slowness() - 3.0).abs() < 1e-12);
        health.change(FaultKind::Down, true);
        assert!(health.is_down() && !health.is_sound());
    }
}
