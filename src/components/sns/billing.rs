//! What a topic costs: publishes and deliveries are billed apart, and each protocol has a price of its own.
//!
//! ```text
//!  standard  each publish call, by the started piece of 64 KiB;  each delivery, by the protocol;  texts by their parts
//!  FIFO      each message and its bytes;                         each delivery and its bytes
//!  both      bytes of the bodies that filter policies look through
//! ```
//! Simplified: a publish that is refused costs nothing. Simplified: whether a delivery to a web endpoint that failed is
//! billed is not settled; every attempt is, which is the dearer reading. All others pay for what was delivered, text
//! messages for what was sent first. Simplified: what is delivered counts with the bytes that were published, without
//! the JSON around them.
//!
//! Left out: the free publishes of a month, because a run does not know the rest of it; the storage of an archive, whose
//! price was not found; data transfer between Regions.

use super::counts::SnsMetrics;
use super::ordered::FifoTopic;
use super::protocol::Protocol;
use crate::components::NodeSite;
use crate::facts::sns::{self, endpoints, fifo};
use crate::facts::{BYTES_PER_BILLED_GB, Fact, Price};
use crate::metrics::CounterId;

/// The figure to which all that is paid for adds up.
const COST: &str = "cost";

/// A publish call, which can carry several messages -- state.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PublishCall {
    bytes: u64,
    billed: u64,
}

impl PublishCall {
    /// It carries one more message. Gives back how many pieces more have to be paid for.
    pub(super) fn carries(&mut self, size: u32) -> u64 {
        self.bytes += u64::from(size);
        let pieces = self.bytes.div_ceil(sns::BILLED_CHUNK.value.get()).max(1);
        pieces - std::mem::replace(&mut self.billed, pieces)
    }
}

/// Counters of deliveries that cost something, once a subscription needs them.
#[derive(Default)]
pub(super) struct Billed(Vec<(Protocol, CounterId)>);

impl Billed {
    /// What counts the deliveries to such an endpoint, if they cost something.
    pub(super) fn counter(
        &mut self,
        protocol: Protocol,
        is_fifo: bool,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<CounterId> {
        let (name, price) = delivery(protocol)?;
        if is_fifo || price.value.each() <= 0.0 {
            return None;
        }
        if let Some(&(_, counter)) = self.0.iter().find(|(known, _)| *known == protocol) {
            return Some(counter);
        }
        let counter = site.counter(name, "requests");
        site.price(COST, counter, price.value.each());
        self.0.push((protocol, counter));
        Some(counter)
    }
}

/// What counts the deliveries by a protocol, and what one costs; text messages are paid for by their parts.
const fn delivery(protocol: Protocol) -> Option<(&'static str, &'static Fact<Price>)> {
    Some(match protocol {
        Protocol::Queue => ("billed_sqs_deliveries", &sns::SQS_DELIVERY_PRICE),
        Protocol::Function => ("billed_lambda_deliveries", &sns::LAMBDA_DELIVERY_PRICE),
        Protocol::Stream => ("billed_firehose_deliveries", &sns::FIREHOSE_DELIVERY_PRICE),
        Protocol::Http => ("billed_http_attempts", &sns::HTTP_DELIVERY_PRICE),
        Protocol::Email => ("billed_email_deliveries", &sns::EMAIL_DELIVERY_PRICE),
        Protocol::Push => ("billed_push_deliveries", &endpoints::PUSH_DELIVERY_PRICE),
        Protocol::Text => return None,
    })
}

/// Says what the topic's publishes cost, and the deliveries of a FIFO topic.
pub(super) fn prices(metrics: &SnsMetrics, fifo: Option<&FifoTopic>, site: &mut NodeSite<'_, '_>) {
    let Some(fifo) = fifo else { return site.price(COST, metrics.billed_publishes, sns::PUBLISH_PRICE.value.each()) };
    site.price(COST, metrics.billed_publishes, fifo::FIFO_PUBLISH_PRICE.value.each());
    site.price(COST, fifo.bytes_published, each_byte(&fifo::FIFO_PAYLOAD_PRICE));
    site.price(COST, metrics.delivered, fifo::FIFO_DELIVERY_PRICE.value.each());
    site.price(COST, fifo.bytes_delivered, each_byte(&fifo::FIFO_DELIVERY_PAYLOAD_PRICE));
}

/// A counter of the bytes that filter policies look through.
pub(super) fn scanned(site: &mut NodeSite<'_, '_>) -> CounterId {
    let scanned = site.counter("body_filter_bytes", "bytes");
    site.price(COST, scanned, each_byte(&sns::BODY_FILTER_PRICE));
    scanned
}

/// A counter of the parts of text messages, at what one costs.
pub(super) fn text_parts(price: f64, site: &mut NodeSite<'_, '_>) -> CounterId {
    let parts = site.counter("sms_parts", "parts");
    site.price(COST, parts, price);
    parts
}

#[allow(clippy::cast_precision_loss, reason = "a power of two")]
fn each_byte(gigabyte: &Fact<Price>) -> f64 {
    gigabyte.value.each() / BYTES_PER_BILLED_GB as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_billed_by_its_started_pieces_whatever_messages_it_carries() {
        let kib = 1024;
        let billed = |sizes: &[u32]| {
            let mut call = PublishCall::default();
            sizes.iter().map(|&size| call.carries(size)).collect::<Vec<_>>()
        };
        assert_eq!(billed(&[0]), [1]);
        assert_eq!(billed(&[64 * kib]), [1]);
        assert_eq!(billed(&[64 * kib + 1]), [2]);
        assert_eq!(billed(&[30 * kib, 30 * kib, 30 * kib, 120 * kib]), [1, 0, 1, 2]);
    }
}
