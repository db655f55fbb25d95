//! Workers on machines that come and go: what the group of machines decides is done to the workers here.

use super::{Doing, Source, Worker, Workers, WorkersAlarm};
use crate::components::context::Ctx;
use crate::components::scaling::{Change, Group, IsBusy};
use crate::facts::ec2;
use std::ops::Range;

type Cx<'a> = Ctx<'a, WorkersAlarm>;

impl Worker {
    /// Whether it has a message in its hands or on its mind.
    fn is_busy(&self) -> bool {
        self.doing == Doing::Handling || !self.hands.is_empty()
    }
}

/// The workers on a machine.
const fn on(machine: u32, each: u32) -> Range<u32> {
    machine * each..(machine + 1) * each
}

impl Workers {
    /// Lets the group react, and does to the workers what it decides.
    #[inline(never)]
    pub(super) fn scale(&mut self, cx: &mut Cx<'_>, react: impl FnOnce(&mut Group, IsBusy<'_>, &mut Cx<'_>)) {
        let Some(mut group) = self.group.take() else { return };
        let each = group.workers_per_instance();
        let is_busy = |machine: u32| {
            on(machine, each).any(|worker| self.workers.get(worker as usize).is_some_and(Worker::is_busy))
        };
        react(&mut group, &is_busy, cx);
        let changes = group.take_changes();
        self.group = Some(group);
        for change in changes {
            match change {
                Change::Begins(machine) => self.begin_on(on(machine, each), cx),
                Change::Drains(machine) => self.drain(on(machine, each), cx),
                Change::Stops(machine) => self.stop(on(machine, each), cx),
                Change::Returns(machine) => self.resume(on(machine, each), cx),
            }
        }
    }

    fn begin_on(&mut self, machine: Range<u32>, cx: &mut Cx<'_>) {
        if self.workers.len() < machine.end as usize {
            self.workers.resize(machine.end as usize, Worker { doing: Doing::Dead, ..Worker::default() });
        }
        for worker in machine.clone() {
            self.worker(worker).leaving = false;
        }
        if self.health.is_down() {
            return;
        }
        for worker in machine {
            self.connect(worker, cx);
        }
    }

    /// A worker that was not there asks for work.
    fn connect(&mut self, worker: u32, cx: &mut Cx<'_>) {
        match self.p.source {
            Source::Polls(_) => self.poll(worker, cx),
            Source::Consumes(_) => self.subscribe_again(worker, cx),
        }
    }

    /// They end what they have begun. Those that wait for the answer of a queue take what it brings; those that are
    /// pushed to give back what they have not begun.
    fn drain(&mut self, machine: Range<u32>, cx: &mut Cx<'_>) {
        for worker in machine.clone() {
            self.worker(worker).leaving = true;
        }
        for worker in machine.clone() {
            if self.p.is_pushed() && self.worker(worker).doing != Doing::Handling {
                self.kill(worker, cx);
            }
        }
        self.has_left(machine.start, cx);
    }

    fn stop(&mut self, machine: Range<u32>, cx: &mut Cx<'_>) {
        for worker in machine {
            self.worker(worker).leaving = false;
            self.kill(worker, cx);
        }
    }

    /// A worker whose machine goes has ended what it had to do.
    #[inline(never)]
    pub(super) fn leave(&mut self, worker: u32, cx: &mut Cx<'_>) {
        self.worker(worker).doing = Doing::Dead;
        self.worker(worker).life = self.worker(worker).life.wrapping_add(1);
        self.count_workers(cx);
        self.has_left(worker, cx);
    }

    /// They took nothing more, and go on.
    fn resume(&mut self, workers: Range<u32>, cx: &mut Cx<'_>) {
        for worker in workers {
            self.worker(worker).leaving = false;
            if self.worker(worker).doing == Doing::Dead && !self.health.is_down() {
                self.connect(worker, cx);
            }
        }
    }

    /// Machines go out of service. In a fleet that is no group each worker has one of its own.
    pub(super) fn stand_by(&mut self, count: u32, replaced: bool, cx: &mut Cx<'_>) {
        if self.group.is_some() {
            return self.scale(cx, |group, _, cx| group.stand_by(count, replaced, cx));
        }
        let mut left = count;
        for worker in self.places() {
            let place = self.worker(worker);
            if left > 0 && place.doing != Doing::Dead && !place.leaving {
                left -= 1;
                self.drain(worker..worker + 1, cx);
            }
        }
        self.count_workers(cx);
    }

    /// They come back.
    pub(super) fn come_back(&mut self, count: u32, cx: &mut Cx<'_>) {
        if self.group.is_some() {
            return self.scale(cx, |group, _, cx| group.come_back(count, cx));
        }
        let mut left = count;
        for worker in self.places() {
            if left > 0 && self.worker(worker).leaving {
                left -= 1;
                self.resume(worker..worker + 1, cx);
            }
        }
        self.count_workers(cx);
    }

    /// Tells the group if nobody is left on the machine of a worker that goes.
    pub(super) fn has_left(&mut self, worker: u32, cx: &mut Cx<'_>) {
        if !self.worker(worker).leaving {
            return;
        }
        let Some(each) = self.group.as_ref().map(|group| group.workers_per_instance()) else { return };
        let machine = worker / each;
        if on(machine, each).all(|worker| self.worker(worker).doing == Doing::Dead) {
            self.scale(cx, |group, _, cx| group.drained(machine, cx));
        }
    }

    /// Machines get a notice. Those of a fleet that is no group ignore it, and are replaced as soon as they are gone.
    pub(super) fn interrupt(&mut self, count: u32, cx: &mut Cx<'_>) {
        if self.group.is_some() {
            return self.scale(cx, |group, _, cx| group.interrupt(count, cx));
        }
        cx.alarm_after(ec2::SPOT_NOTICE.value.get(), WorkersAlarm::Interrupted { count });
    }

    /// So many workers stop without a word: the first ones that there are.
    pub(super) fn kill_some(&mut self, count: u32, cx: &mut Cx<'_>) {
        let mut left = count;
        for worker in self.places() {
            if left > 0 && self.worker(worker).doing != Doing::Dead {
                left -= 1;
                self.kill(worker, cx);
            }
        }
        self.count_workers(cx);
    }

    /// Takes stock of the workers of a fleet that is no group: those who were killed are not there to be idle.
    pub(super) fn count_workers(&mut self, cx: &mut Cx<'_>) {
        if let Some(gauge) = self.metrics.workers {
            let there = self.workers.iter().filter(|worker| worker.doing != Doing::Dead).count();
            cx.set(gauge, there as u64);
        }
    }

    /// Those who were stopped begin again, unless a fault keeps them or their machine has gone or goes.
    pub(super) fn revive(&mut self, cx: &mut Cx<'_>) {
        if self.health.is_down() {
            return;
        }
        for worker in self.places() {
            let has_machine =
                self.group.as_ref().is_none_or(|group| group.is_running(worker / group.workers_per_instance()));
            let place = self.worker(worker);
            if place.doing == Doing::Dead && !place.leaving && has_machine {
                self.connect(worker, cx);
            }
        }
        self.count_workers(cx);
    }

    #[allow(clippy::cast_possible_truncation, reason = "a fleet is bounded")]
    fn places(&self) -> Range<u32> {
        0..self.workers.len() as u32
    }
}
