//! Publishes that come in batches: a sender keeps its messages until so many are together or the first has waited long
//! enough, and publishes them by one call. A batch saves calls; each of its messages counts against every rate, and
//! succeeds or fails on its own.
//!
//! Simplified: a client's buffer stands in front of the topic, behind the network, as that of a queue does.

use super::{Cx, Sns, SnsAlarm};
use crate::components::{NodeSite, Verb};
use crate::engine::{MsgId, NodeId, SimDuration};

/// The senders that publish in batches.
#[derive(Debug, Clone)]
pub(super) struct Batches(Vec<Sender>);

#[derive(Debug, Clone)]
struct Sender {
    node: NodeId,
    /// How many messages it puts into one call -- parameter.
    entries: usize,
    /// How long the first waits for the others -- parameter.
    linger: SimDuration,
    /// Its messages that wait for others -- state.
    buffer: Vec<MsgId>,
    /// Their bytes -- state.
    bytes: u64,
    /// The buffer that waits now, told from those before it -- state.
    serial: u32,
}

impl Batches {
    /// The nodes that publish here in batches; nothing if none does.
    pub(super) fn of(site: &NodeSite<'_, '_>) -> Option<Box<Self>> {
        let sender = |(node, (entries, linger)): (NodeId, (u32, crate::units::Duration))| Sender {
            node,
            entries: entries as usize,
            linger: linger.get(),
            buffer: Vec::new(),
            bytes: 0,
            serial: 0,
        };
        let incoming = site.incoming(Verb::Sends);
        let senders: Vec<Sender> =
            incoming.into_iter().filter_map(|(node, edge)| Some((node, edge.batch?))).map(sender).collect();
        (!senders.is_empty()).then(|| Box::new(Self(senders)))
    }
}

impl Sns {
    /// A message comes from a sender: alone, or it waits for others first.
    pub(super) fn gather(&mut self, msg: MsgId, batched: bool, cx: &mut Cx<'_>) {
        let (node, size) = (cx.message(msg).reply_to.map(|call| call.node), u64::from(cx.message(msg).size));
        let most = u64::from(self.maximum_message_size);
        let senders = self.batches.as_mut().map_or(&mut [][..], |batches| &mut batches.0[..]);
        let Some(index) = senders.iter().position(|sender| Some(sender.node) == node) else {
            return self.publish(msg, batched, cx);
        };
        if senders[index].bytes + size > most {
            // One more would be too much for a call.
            self.flush(index, cx);
        }
        let Some(sender) = self.batches.as_mut().map(|batches| &mut batches.0[index]) else { return };
        self.open += 1;
        sender.bytes += size;
        sender.buffer.push(msg);
        if sender.buffer.len() >= sender.entries {
            self.flush(index, cx);
        } else if sender.buffer.len() == 1 {
            let alarm = SnsAlarm::Batch { sender: u16::try_from(index).unwrap_or(u16::MAX), serial: sender.serial };
            cx.alarm_after(sender.linger, alarm);
        }
    }

    /// A batch has waited long enough, unless it was full before.
    pub(super) fn end_linger(&mut self, sender: u16, serial: u32, cx: &mut Cx<'_>) {
        let index = usize::from(sender);
        if self.batches.as_ref().is_some_and(|batches| batches.0[index].serial == serial) {
            self.flush(index, cx);
        }
    }

    fn flush(&mut self, index: usize, cx: &mut Cx<'_>) {
        let Some(sender) = self.batches.as_mut().map(|batches| &mut batches.0[index]) else { return };
        let batch = std::mem::take(&mut sender.buffer);
        sender.bytes = 0;
        sender.serial = sender.serial.wrapping_add(1);
        for (place, msg) in batch.into_iter().enumerate() {
            self.open -= 1;
            self.publish(msg, place > 0, cx);
        }
    }
}
