//! Consumers that hold a message too long: the broker closes their channel and takes back all that went through it.
//!
//! Facts: `mq.rabbitmq_ack_timeout`, `mq.rabbitmq_ack_timeout_check`. A message that waits in the hands of its consumer is
//! held as well as one that is worked on. The consumer learns of it when it acknowledges, in vain, and has another
//! channel after the pause of a client that connects again; meanwhile it goes on with what it has.
//!
//! Simplified: what is taken back counts as a failed delivery, as after the loss of a connection; the documentation does
//! not say so. From `RabbitMQ` 4.3 the timeout is one of quorum queues only, and here it is one of both kinds.

use super::queue::EntryId;
use super::{Entry, Mq, MqAlarm, mark};
use crate::components::context::Ctx;
use crate::engine::{SimDuration, SimTime};

type Cx<'a> = Ctx<'a, MqAlarm>;

impl Mq {
    /// A message was given to a consumer: somebody must look when it has been held for too long.
    pub(super) fn watch_holders(&mut self, cx: &mut Cx<'_>) {
        if self.looks_at == SimTime::MAX {
            self.look_for(cx.now(), cx);
        }
    }

    /// Sets the look that is the first to find a message too late that was given at `given_at`.
    fn look_for(&mut self, given_at: SimTime, cx: &mut Cx<'_>) {
        let Some((timeout, period)) = self.p.consumer_timeout else { return };
        self.looks_at = next_look(given_at + timeout, period);
        cx.alarm_at(self.looks_at, MqAlarm::Look);
    }

    /// Closes the channels of all consumers that hold a message too long.
    pub(super) fn look(&mut self, cx: &mut Cx<'_>) {
        let Some((timeout, _)) = self.p.consumer_timeout else { return };
        let mut late = Vec::new();
        let mut oldest = SimTime::MAX;
        for (_, entry) in self.entries.iter() {
            if cx.message(entry.msg).mark != mark::UNACKNOWLEDGED {
                continue;
            }
            if entry.given_at + timeout <= cx.now() {
                late.push(entry.holder.0);
            } else {
                oldest = oldest.min(entry.given_at);
            }
        }
        self.looks_at = SimTime::MAX;
        if oldest < SimTime::MAX {
            self.look_for(oldest, cx);
        }
        late.sort_unstable();
        late.dedup();
        for consumer in late {
            self.close(consumer, cx);
        }
        self.show(cx);
    }

    fn close(&mut self, consumer: u32, cx: &mut Cx<'_>) {
        cx.count(self.metrics.consumer_timeouts, 1);
        let life = self.consumers.cut(consumer);
        let held =
            |entry: &Entry| entry.holder == (consumer, life) && cx.message(entry.msg).mark == mark::UNACKNOWLEDGED;
        let held: Vec<EntryId> = self.entries.iter().filter(|(_, entry)| held(entry)).map(|(id, _)| id).collect();
        for entry in held {
            self.take_back(entry, cx);
        }
        cx.alarm_after(self.p.reconnect.0, MqAlarm::Reopen { consumer, life });
        self.dispatch(self.consumers.get(consumer).queue, cx);
    }

    /// A consumer whose channel was closed has opened another one.
    pub(super) fn reopen(&mut self, consumer: u32, life: u32, cx: &mut Cx<'_>) {
        if self.health.is_down() || !self.consumers.reopen(consumer, life) {
            return;
        }
        let (queue, life) = (self.consumers.get(consumer).queue, self.consumers.get(consumer).life);
        self.queues[usize::from(queue)].queue_up(consumer, life);
        self.dispatch(queue, cx);
        self.show(cx);
    }
}

/// The first look at `time` or later, when there is one each `period`, counted from the start of the broker.
pub(super) fn next_look(time: SimTime, period: SimDuration) -> SimTime {
    let looks = time.as_nanos().div_ceil(period.as_nanos());
    SimTime::from_nanos(looks.saturating_mul(period.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_never_early_and_less_than_a_period_late() {
        let look = |time| next_look(SimTime::from_nanos(time), SimDuration::from_nanos(60)).as_nanos();
        assert_eq!([look(0), look(1), look(60), look(61), look(1801)], [0, 60, 60, 120, 1860]);
    }
}
