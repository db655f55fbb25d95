//! A pool of connections, or a bulkhead: so many calls at once, and a queue inside the client for the others.
//!
//! By Little's law a client needs rate times latency of them. When the callee becomes slow the pool runs out, and the
//! queue that everybody looks for at the callee is in the caller.

use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// Who waits for a connection: a task, and the serial number by which it can be told to be still waiting.
pub(super) type Waiter = (u32, u32);

/// A pool of connections.
#[derive(Debug, Clone)]
pub(in crate::components) struct Pool {
    /// Connections -- parameter.
    pub size: u32,
    /// How long a call waits for one; `None`: for ever -- parameter.
    pub max_wait: Option<SimDuration>,
    /// Calls that may wait -- parameter.
    pub max_waiting: u32,
    /// Connections in use -- state.
    pub in_use: u32,
    /// Calls that wait for one, some of which may have given up -- state.
    waiting: VecDeque<(SimTime, Waiter)>,
}

/// What becomes of a call at a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::components) enum Seat {
    /// It has a connection.
    Taken,
    /// It waits.
    Waits,
    /// No connection is free, and it may not wait.
    Refused,
}

impl Pool {
    /// Every connection free.
    pub(super) const fn new(size: u32, max_wait: Option<SimDuration>, max_waiting: u32) -> Self {
        Self { size, max_wait, max_waiting, in_use: 0, waiting: VecDeque::new() }
    }

    /// A call wants a connection.
    pub(in crate::components) fn ask(
        &mut self,
        now: SimTime,
        waiter: Waiter,
        is_waiting: impl Fn(Waiter) -> bool,
    ) -> Seat {
        if self.in_use < self.size {
            self.in_use += 1;
            return Seat::Taken;
        }
        if self.max_wait.is_some_and(SimDuration::is_zero) {
            return Seat::Refused;
        }
        if self.waiting.len() >= self.max_waiting as usize {
            self.waiting.retain(|&(_, waiter)| is_waiting(waiter));
        }
        if self.waiting.len() >= self.max_waiting as usize {
            return Seat::Refused;
        }
        self.waiting.push_back((now, waiter));
        Seat::Waits
    }

    /// Takes a connection if one is free.
    pub(in crate::components) const fn take_free(&mut self) -> bool {
        let free = self.in_use < self.size;
        self.in_use += free as u32;
        free
    }

    /// A connection is free again: it goes to the call that has waited longest, with the moment since which it has.
    pub(in crate::components) fn release(&mut self, is_waiting: impl Fn(Waiter) -> bool) -> Option<(SimTime, Waiter)> {
        self.in_use -= 1;
        while let Some((since, waiter)) = self.waiting.pop_front() {
            if is_waiting(waiter) {
                self.in_use += 1;
                return Some((since, waiter));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_longest_and_still_does_gets_the_next_connection() {
        let mut pool = Pool::new(1, None, 2);
        let alive = |(task, _)| task != 1;
        let seats = [0, 1, 2, 3].map(|task| pool.ask(SimTime::ZERO, (task, 0), |_| true));
        assert_eq!(seats, [Seat::Taken, Seat::Waits, Seat::Waits, Seat::Refused]);
        assert_eq!(pool.release(alive), Some((SimTime::ZERO, (2, 0))));
        assert_eq!((pool.release(alive), pool.in_use), (None, 0));
    }

    #[test]
    fn who_has_given_up_makes_room() {
        let mut pool = Pool::new(1, None, 1);
        assert_eq!(pool.ask(SimTime::ZERO, (0, 0), |_| true), Seat::Taken);
        assert_eq!(pool.ask(SimTime::ZERO, (1, 0), |_| true), Seat::Waits);
        assert_eq!(pool.ask(SimTime::ZERO, (2, 0), |(task, _)| task != 1), Seat::Waits);
    }
}
