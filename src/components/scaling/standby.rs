//! Standby: machines that an operator takes out of service for a while. They stay in the group, are paid for, end what
//! they have begun and take nothing more.
//!
//! Simplified: the program on the machine heeds its state. A group at its largest size takes a machine back and gives
//! another one away, where the service lets it wait.

use super::machines::State;
use super::{Change, Group, Timer};
use crate::components::context::Ctx;

impl Group {
    /// So many machines go on standby. The group makes do with fewer meanwhile, but not with fewer than its smallest
    /// size; or others are ordered for them.
    pub(in crate::components) fn stand_by<T: Timer>(&mut self, count: u32, replaced: bool, cx: &mut Ctx<'_, T>) {
        let most = if replaced { count } else { count.min(self.desired.saturating_sub(self.min)) };
        let places: Vec<u32> = self.machines.serving().take(most as usize).collect();
        for place in places {
            if !replaced {
                self.desired -= 1;
            }
            self.machines.change(place, State::Standby);
            if self.machines.works(place) {
                self.changes.push(Change::Drains(place));
            }
        }
        self.replace(cx);
        self.show(cx);
    }

    /// So many of them come back into service, and warm up again.
    pub(in crate::components) fn come_back<T: Timer>(&mut self, count: u32, cx: &mut Ctx<'_, T>) {
        let places: Vec<u32> = self.machines.standing_by().take(count as usize).collect();
        for place in places {
            self.desired = (self.desired + 1).min(self.max);
            self.machines.set_warmup(place, self.p.warmup);
            self.enter_service(place, cx);
            if self.machines.bootstrap(place).is_zero() {
                // One that had not begun before, or whose workers have ended, begins.
                let back = if self.machines.works(place) { Change::Returns(place) } else { Change::Begins(place) };
                self.machines.set_works(place, true);
                self.changes.push(back);
            }
        }
        self.at_once |= self.members() > self.desired;
        self.prepare(cx);
        self.show(cx);
    }
}
