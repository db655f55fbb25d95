//! The machines of a group: in which state each is, in which zone it stands, and which one goes first.

use crate::engine::{SimDuration, SimTime};
use crate::facts::ec2;
use std::collections::VecDeque;

/// What a machine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is none in this place.
    Gone,
    /// Ordered: it boots.
    Pending,
    /// It can be reached, and a lifecycle hook keeps it out of service until it has done its bootstrap.
    Waiting,
    /// In service, but not yet counted for good.
    Warming,
    /// In service.
    Warm,
    /// In service, and will be taken away by somebody else.
    Noticed,
    /// Out of service for a while.
    Standby,
    /// Taken out of service, and finishing its work.
    Leaving,
}

const STATES: usize = 8;

/// A machine, or the place of one that was.
#[derive(Debug, Clone, Copy)]
struct Machine {
    state: State,
    /// Told apart from the one that was here before, and from itself in another state.
    life: u16,
    /// Told apart from the one that was here before.
    birth: u16,
    zone: u16,
    launched: SimTime,
    warmup: SimDuration,
    /// What it has to do before its workers begin, until that is done.
    bootstrap: SimDuration,
    /// Whether its workers have begun and are not gone.
    works: bool,
    /// Whether it goes into the warm pool when it leaves the group.
    is_kept: bool,
}

/// In which order machines are taken away, within the zone that has most of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The one whose next paid hour begins soonest.
    NearestHour,
    Oldest,
    Newest,
}

/// All machines of a group.
#[derive(Debug, Clone)]
pub(super) struct Machines {
    places: Vec<Machine>,
    /// Places without a machine, the one that was left first in front.
    free: VecDeque<u32>,
    counts: [u32; STATES],
    /// Those whose workers have begun and are not gone.
    working: u32,
    /// Machines in each zone, but for those that leave.
    zones: Vec<u32>,
}

impl Machines {
    pub(super) fn new(zones: u16) -> Self {
        Self {
            places: Vec::new(),
            free: VecDeque::new(),
            counts: [0; STATES],
            working: 0,
            zones: vec![0; zones.into()],
        }
    }

    /// How many are in this state.
    pub(super) const fn count(&self, state: State) -> u32 {
        self.counts[state as usize]
    }

    /// Those that do their work and count in the metric.
    pub(super) const fn in_service(&self) -> u32 {
        self.count(State::Warming) + self.count(State::Warm) + self.count(State::Noticed)
    }

    /// Those on which workers may be found.
    pub(super) const fn working(&self) -> u32 {
        self.working
    }

    /// Those that were ordered and are not in service yet.
    pub(super) const fn pending(&self) -> u32 {
        self.count(State::Pending) + self.count(State::Waiting)
    }

    /// Those that were ordered and do not count for good yet.
    pub(super) const fn settling(&self) -> u32 {
        self.pending() + self.count(State::Warming)
    }

    /// A new one, in the zone that has fewest. Returns its place.
    #[allow(clippy::cast_possible_truncation, reason = "groups and their zones are bounded")]
    pub(super) fn add(&mut self, state: State, now: SimTime, warmup: SimDuration) -> u32 {
        let zone = (0..self.zones.len()).min_by_key(|&zone| self.zones[zone]).unwrap_or(0);
        self.zones[zone] += 1;
        self.counts[state as usize] += 1;
        let place = self.free.pop_front().unwrap_or(self.places.len() as u32);
        let before = self.places.get(place as usize);
        let [life, birth] = before.map_or([0; 2], |before| [before.life.wrapping_add(1), before.birth.wrapping_add(1)]);
        let (zone, bootstrap) = (zone as u16, SimDuration::ZERO);
        let (works, is_kept) = (false, false);
        let machine = Machine { state, life, birth, zone, launched: now, warmup, bootstrap, works, is_kept };
        match self.places.get_mut(place as usize) {
            Some(before) => *before = machine,
            None => self.places.push(machine),
        }
        place
    }

    /// A machine goes over into another state. What was set for it in the one before is void.
    pub(super) fn change(&mut self, place: u32, to: State) {
        if to == State::Gone {
            self.set_works(place, false);
        }
        let machine = &mut self.places[place as usize];
        self.counts[machine.state as usize] -= 1;
        self.counts[to as usize] += 1;
        let counted = |state| !matches!(state, State::Gone | State::Leaving);
        if counted(machine.state) && !counted(to) {
            self.zones[usize::from(machine.zone)] -= 1;
        }
        machine.state = to;
        machine.life = machine.life.wrapping_add(1);
        if to == State::Gone {
            self.counts[State::Gone as usize] -= 1;
            self.free.push_back(place);
        }
    }

    pub(super) fn state(&self, place: u32) -> State {
        self.places.get(place as usize).map_or(State::Gone, |machine| machine.state)
    }

    /// Tells the machine in this place, in its state, from all others.
    pub(super) fn life(&self, place: u32) -> u16 {
        self.places[place as usize].life
    }

    pub(super) fn is_same(&self, place: u32, life: u16) -> bool {
        self.places[place as usize].life == life
    }

    /// Tells the machine in this place from all others, in whatever state.
    pub(super) fn birth(&self, place: u32) -> u16 {
        self.places[place as usize].birth
    }

    pub(super) fn is_born(&self, place: u32, birth: u16) -> bool {
        self.places[place as usize].birth == birth
    }

    /// Its workers have begun, or are gone.
    pub(super) fn set_works(&mut self, place: u32, works: bool) {
        let before = std::mem::replace(&mut self.places[place as usize].works, works);
        self.working = self.working + u32::from(works) - u32::from(before);
    }

    pub(super) fn works(&self, place: u32) -> bool {
        self.places.get(place as usize).is_some_and(|machine| machine.works)
    }

    /// What it has to do yet before its workers begin.
    pub(super) fn set_bootstrap(&mut self, place: u32, left: SimDuration) {
        self.places[place as usize].bootstrap = left;
    }

    pub(super) fn bootstrap(&self, place: u32) -> SimDuration {
        self.places[place as usize].bootstrap
    }

    /// When it leaves the group, the warm pool keeps it.
    pub(super) fn set_kept(&mut self, place: u32) {
        self.places[place as usize].is_kept = true;
    }

    pub(super) fn is_kept(&self, place: u32) -> bool {
        self.places[place as usize].is_kept
    }

    pub(super) fn launched(&self, place: u32) -> SimTime {
        self.places[place as usize].launched
    }

    pub(super) fn warmup(&self, place: u32) -> SimDuration {
        self.places[place as usize].warmup
    }

    pub(super) fn set_warmup(&mut self, place: u32, warmup: SimDuration) {
        self.places[place as usize].warmup = warmup;
    }

    /// The places of those on standby, in order.
    pub(super) fn standing_by(&self) -> impl Iterator<Item = u32> {
        let stands_by = |machine: &Machine| machine.state == State::Standby;
        (0..).zip(&self.places).filter(move |(_, machine)| stands_by(machine)).map(|(place, _)| place)
    }

    /// The places of those in service that nobody takes away, in order.
    pub(super) fn serving(&self) -> impl Iterator<Item = u32> {
        let is_serving = |machine: &Machine| matches!(machine.state, State::Warming | State::Warm);
        (0..).zip(&self.places).filter(move |(_, machine)| is_serving(machine)).map(|(place, _)| place)
    }

    /// The machine that goes next of those that may: of the zone that has most of them, the first in `order`; `draw`
    /// decides between equals, given how many there are.
    pub(super) fn victim(
        &self,
        order: Order,
        now: SimTime,
        may_go: impl Fn(u32) -> bool,
        draw: impl FnOnce(u64) -> u64,
    ) -> Option<u32> {
        let may_go: Vec<u32> = self.serving().filter(|&place| may_go(place)).collect();
        let of = |place: u32| &self.places[place as usize];
        let crowd = |place: u32| self.zones[usize::from(of(place).zone)];
        let most = may_go.iter().map(|&place| crowd(place)).max()?;
        let rank = |place: u32| match order {
            Order::NearestHour => {
                let hour = ec2::BILLED_HOUR.value.get().as_nanos();
                hour - now.since(of(place).launched).as_nanos() % hour
            }
            Order::Oldest => of(place).launched.as_nanos(),
            Order::Newest => u64::MAX - of(place).launched.as_nanos(),
        };
        let in_crowd = || may_go.iter().copied().filter(|&place| crowd(place) == most);
        let first = in_crowd().map(rank).min()?;
        let equals: Vec<u32> = in_crowd().filter(|&place| rank(place) == first).collect();
        equals.get(usize::try_from(draw(equals.len() as u64)).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    /// Machines that were launched at these seconds, one after the other.
    fn launched(zones: u16, seconds: &[u64]) -> Machines {
        let mut machines = Machines::new(zones);
        for &second in seconds {
            machines.add(State::Warm, at(second), SimDuration::ZERO);
        }
        machines
    }

    fn victim(machines: &Machines, order: Order, now: u64) -> Option<u32> {
        machines.victim(order, at(now), |_| true, |_| 0)
    }

    #[test]
    fn the_zone_that_has_most_gives_a_machine_first() {
        let mut machines = launched(3, &[0, 1, 2, 3, 4]);
        // Two in each of the first zones, one in the third.
        assert_eq!(victim(&machines, Order::Newest, 10), Some(4));
        machines.change(4, State::Gone);
        assert_eq!(victim(&machines, Order::Newest, 10), Some(3));
        machines.change(3, State::Leaving);
        assert_eq!(victim(&machines, Order::Newest, 10), Some(2));
        // The next one comes where there are fewest, in the place that is free.
        let place = machines.add(State::Pending, at(20), SimDuration::ZERO);
        assert_eq!((place, machines.settling(), machines.in_service(), machines.pending()), (4, 1, 3, 1));
    }

    #[test]
    fn the_workers_of_a_machine_are_there_from_their_begin_until_it_is_gone() {
        let mut machines = launched(1, &[0, 1]);
        let birth = machines.birth(1);
        machines.set_works(1, true);
        machines.set_works(1, true);
        machines.change(1, State::Noticed);
        assert!(machines.is_born(1, birth) && machines.works(1) && machines.working() == 1);
        machines.change(1, State::Gone);
        let place = machines.add(State::Pending, at(9), SimDuration::ZERO);
        assert!(place == 1 && !machines.is_born(1, birth) && !machines.works(1) && machines.working() == 0);
    }

    #[test]
    fn the_nearest_paid_hour_decides_then_chance() {
        let machines = launched(1, &[0, 1000, 1000, 3000]);
        // At 4,500 s they are 900, 3,500, 3,500 and 1,500 seconds into their hours.
        assert_eq!(victim(&machines, Order::NearestHour, 4500), Some(1));
        assert_eq!(machines.victim(Order::NearestHour, at(4500), |_| true, |equals| equals - 1), Some(2));
        assert_eq!(victim(&machines, Order::Oldest, 4500), Some(0));
        assert_eq!(machines.victim(Order::Oldest, at(4500), |place| place == 3, |_| 0), Some(3));
        assert_eq!(machines.victim(Order::Oldest, at(4500), |_| false, |_| 0), None);
    }
}
