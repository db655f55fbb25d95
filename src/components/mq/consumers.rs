//! The consumers of a broker and their credit: how many more messages each may be pushed.

use crate::engine::{NodeId, SimTime};
use std::collections::BTreeMap;

/// How a consumer registers: the `wait_ms` of its pull says that it waits for ever, and how it acknowledges.
pub(crate) mod subscribe {
    /// It acknowledges each message when it has dealt with it.
    pub(crate) const WITH_ACK: u16 = u16::MAX;
    /// A message counts as acknowledged when it is handed over.
    pub(crate) const AUTO_ACK: u16 = u16::MAX - 1;
}

/// How many messages a consumer may have been pushed and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// So many; `u32::MAX`: no limit.
    pub size: u32,
    /// Acknowledgements that are collected before their credit is given back.
    pub refill: u32,
}

/// A consumer.
#[derive(Debug, Clone)]
pub(super) struct Consumer {
    /// The fleet it belongs to.
    pub node: NodeId,
    /// Its number in the fleet.
    pub slot: u32,
    /// The queue that it consumes.
    pub queue: u16,
    /// Whether a message counts as acknowledged when it is handed over.
    pub auto_ack: bool,
    /// Number of its connection: what was given to an earlier one is not this one's.
    pub life: u32,
    window: Window,
    state: State,
    /// Pushed, and their credit not given back.
    used: u32,
    /// Acknowledged, and their credit not given back.
    collected: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connected,
    /// The broker went away; it tries to connect again.
    Cut,
    /// It is gone.
    Gone,
}

impl Consumer {
    /// Whether it is connected, by the connection of that number.
    pub(super) fn is_connected(&self, life: u32) -> bool {
        self.state == State::Connected && self.life == life
    }

    /// It is pushed a message. Returns whether it has credit for another.
    pub(super) fn take(&mut self) -> bool {
        self.used += 1;
        self.used < self.window.size
    }

    /// It has dealt with a message that was pushed to the connection of that number. Returns whether it has credit
    /// now and had none before.
    pub(super) fn give_back(&mut self, life: u32) -> bool {
        if !self.is_connected(life) {
            return false;
        }
        self.collected += 1;
        if self.collected < self.window.refill {
            return false;
        }
        let had_none = self.used == self.window.size;
        self.used -= std::mem::take(&mut self.collected);
        had_none
    }

    fn connect(&mut self) {
        self.life = self.life.wrapping_add(1);
        self.state = State::Connected;
        self.used = 0;
        self.collected = 0;
    }
}

/// All consumers of a broker, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Consumers {
    list: Vec<Consumer>,
    places: BTreeMap<(NodeId, u32), u32>,
    /// Number of the last loss of all connections, and when it was.
    cut: u32,
    cut_at: SimTime,
}

impl Consumers {
    /// Whether anybody has ever consumed from a queue.
    pub(super) fn any_at(&self, queue: u16) -> bool {
        self.list.iter().any(|consumer| consumer.queue == queue)
    }

    /// The consumer in this place.
    pub(super) fn get(&self, consumer: u32) -> &Consumer {
        &self.list[consumer as usize]
    }

    /// The consumer in this place.
    pub(super) fn get_mut(&mut self, consumer: u32) -> &mut Consumer {
        &mut self.list[consumer as usize]
    }

    /// A consumer registers; if the broker is not `reachable`, it tries again together with the others.
    pub(super) fn register(&mut self, new: Registration, reachable: bool) -> u32 {
        let Registration { node, slot, queue, auto_ack, window } = new;
        let next = u32::try_from(self.list.len()).expect("the number of workers is bounded");
        let place = *self.places.entry((node, slot)).or_insert(next);
        if place == next {
            let (life, state) = (0, State::Gone);
            self.list.push(Consumer { node, slot, queue, auto_ack, life, window, state, used: 0, collected: 0 });
        }
        let consumer = self.get_mut(place);
        if reachable {
            consumer.connect();
        } else {
            consumer.state = State::Cut;
        }
        place
    }

    /// A consumer is gone: its place, if it is known.
    pub(super) fn hang_up(&mut self, node: NodeId, slot: u32) -> Option<u32> {
        let place = *self.places.get(&(node, slot))?;
        self.get_mut(place).state = State::Gone;
        Some(place)
    }

    /// The broker goes down: all connections are lost.
    pub(super) fn cut_all(&mut self, now: SimTime) {
        self.cut = self.cut.wrapping_add(1);
        self.cut_at = now;
        for consumer in self.list.iter_mut().filter(|consumer| consumer.state == State::Connected) {
            consumer.state = State::Cut;
        }
    }

    /// The consumer in this place loses its channel, and no other does. Returns the number of that connection.
    pub(super) fn cut(&mut self, place: u32) -> u32 {
        let consumer = self.get_mut(place);
        consumer.state = State::Cut;
        consumer.life
    }

    /// It has a channel again, unless something else has happened to it since it lost that one.
    pub(super) fn reopen(&mut self, place: u32, life: u32) -> bool {
        let consumer = self.get_mut(place);
        let waits = consumer.state == State::Cut && consumer.life == life;
        if waits {
            consumer.connect();
        }
        waits
    }

    /// Number of the last loss of all connections, and when it was.
    pub(super) const fn last_cut(&self) -> (u32, SimTime) {
        (self.cut, self.cut_at)
    }

    /// Those that lost their connection have it again; returns their places.
    pub(super) fn reconnect(&mut self) -> Vec<u32> {
        let cut = (0_u32..).zip(&mut self.list).filter(|(_, consumer)| consumer.state == State::Cut);
        cut.map(|(place, consumer)| {
            consumer.connect();
            place
        })
        .collect()
    }
}

/// What a consumer says when it registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registration {
    /// The fleet it belongs to.
    pub node: NodeId,
    /// Its number in the fleet.
    pub slot: u32,
    /// The queue.
    pub queue: u16,
    /// Whether a message counts as acknowledged when it is handed over.
    pub auto_ack: bool,
    /// Its credit.
    pub window: Window,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(size: u32, refill: u32) -> Consumers {
        let mut consumers = Consumers::default();
        let window = Window { size, refill };
        let new = Registration { node: NodeId(1), slot: 0, queue: 0, auto_ack: false, window };
        assert_eq!(consumers.register(new, true), 0);
        consumers
    }

    #[test]
    fn credit_comes_back_with_each_acknowledgement_or_when_enough_are_collected() {
        let mut consumers = consumer(2, 1);
        let one = consumers.get_mut(0);
        assert_eq!((one.take(), one.take(), one.give_back(1), one.take()), (true, false, true, false));
        let mut consumers = consumer(4, 2);
        let one = consumers.get_mut(0);
        assert_eq!([one.take(), one.take(), one.take(), one.take()], [true, true, true, false]);
        assert_eq!(
            [one.give_back(1), one.give_back(1), one.give_back(1), one.give_back(1)],
            [false, true, false, false]
        );
        assert_eq!([one.take(), one.take(), one.take(), one.take()], [true, true, true, false]);
    }

    #[test]
    fn a_new_connection_owes_nothing_to_the_old_one() {
        let mut consumers = consumer(1, 1);
        assert!(!consumers.get_mut(0).take());
        consumers.cut_all(SimTime::from_nanos(5));
        assert!(!consumers.get(0).is_connected(1));
        assert_eq!(consumers.reconnect(), [0]);
        assert!(consumers.get(0).is_connected(2) && !consumers.get_mut(0).give_back(1));
        assert_eq!(consumers.hang_up(NodeId(1), 0), Some(0));
        consumers.cut_all(SimTime::from_nanos(6));
        assert!(consumers.reconnect().is_empty(), "who is gone does not come back");
    }
}
