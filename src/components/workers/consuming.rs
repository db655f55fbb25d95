//! Workers that a broker pushes to: registered once, each gets as many messages ahead as its prefetch allows.
//!
//! ```text
//!  end of work ─▶ acknowledgement ─half a round trip─▶ broker ─▶ next message ─half a round trip─▶ begin
//!       │
//!       └─ the next message is here already ─ overhead ─▶ begin
//! ```

use super::{Doing, InHand, Workers, WorkersAlarm};
use crate::components::context::Ctx;
use crate::components::latency::Latency;
use crate::components::mq::subscribe;
use crate::engine::{MsgId, Settle, Signal, SimDuration};

/// How a fleet is pushed to.
#[derive(Debug, Clone)]
pub(super) struct Consuming {
    /// Messages pushed ahead of acknowledgements, as the pull asks for them.
    pub(super) prefetch: u16,
    /// Whether a message counts as acknowledged when it is pushed.
    pub(super) auto_ack: bool,
    /// Round trip between worker and broker.
    pub(super) latency: Latency,
    /// Pause between a message and the next one that is here already.
    pub(super) dispatch_overhead: SimDuration,
}

type Cx<'a> = Ctx<'a, WorkersAlarm>;

impl Workers {
    /// Registers a worker at the broker, which takes `leg` on the way.
    pub(super) fn subscribe(&mut self, worker: u32, leg: SimDuration, cx: &mut Cx<'_>) {
        let now = cx.now();
        let place = self.worker(worker);
        (place.doing, place.last_came, place.free_at) = (Doing::Idle, now, now);
        let &Consuming { prefetch, auto_ack, .. } = self.p.consuming();
        let wait_ms = if auto_ack { subscribe::AUTO_ACK } else { subscribe::WITH_ACK };
        cx.tell(leg, self.p.node, Signal::Pull { from: cx.node(), slot: worker, max: prefetch, wait_ms });
    }

    /// A worker that had gone connects again.
    pub(super) fn subscribe_again(&mut self, worker: u32, cx: &mut Cx<'_>) {
        let leg = self.round_trip(|p| &p.consuming().latency, cx).half();
        self.subscribe(worker, leg, cx);
    }

    /// The broker has pushed a message, which is now on its way. One connection keeps the order.
    #[inline(never)]
    pub(super) fn pushed(&mut self, msg: MsgId, worker: u32, receive: u16, cx: &mut Cx<'_>) {
        let leg = self.round_trip(|p| &p.consuming().latency, cx).half();
        let now = cx.now();
        self.prefetched += 1;
        let place = self.worker(worker);
        let at = (now + leg).max(place.last_came);
        place.last_came = at;
        place.hands.push_back(InHand { msg, receive, at });
        if place.doing == Doing::Idle {
            self.go_on(worker, cx);
        }
        cx.set(self.metrics.prefetched, self.prefetched as u64);
    }

    /// Begins with the next message, once it has come and the worker is free.
    #[inline(never)]
    pub(super) fn go_on(&mut self, worker: u32, cx: &mut Cx<'_>) {
        // Not by recursion: a worker may hold a million messages that need no time.
        loop {
            let place = self.worker(worker);
            if place.leaving {
                return self.kill(worker, cx);
            }
            let Some(next) = place.hands.front() else {
                place.doing = Doing::Idle;
                return;
            };
            let at = next.at.max(place.free_at);
            if at > cx.now() {
                place.doing = Doing::Waiting;
                let life = place.life;
                return cx.alarm_at(at, WorkersAlarm::Begin { worker, life });
            }
            let Some(ended) = self.begin(worker, cx) else { return };
            self.conclude(ended, cx);
        }
    }

    /// What is done is acknowledged, what failed is handed back; the worker does not wait for an answer.
    #[inline(never)]
    pub(super) fn settle_pushed(&mut self, msg: MsgId, worker: u32, receive: u16, done: bool, cx: &mut Cx<'_>) {
        let &Consuming { auto_ack, dispatch_overhead, .. } = self.p.consuming();
        // What counts as acknowledged already needs no word on the network; only the books need it.
        let leg = if auto_ack { SimDuration::ZERO } else { self.round_trip(|p| &p.consuming().latency, cx).half() };
        let how = if done { Settle::Done } else { Settle::GiveBack };
        cx.tell(leg, self.p.node, Signal::Settle { msg, receive, how });
        self.worker(worker).free_at = cx.now() + dispatch_overhead;
    }
}
