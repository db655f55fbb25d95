//! What is billed: a call counts once for each started piece of 64 KiB that it carries, and once if it carries nothing.
//! Every call is a request, whatever comes of it; one that is refused or fails is billed as one.
//!
//! A call about messages that name a group costs a surcharge on a standard queue; a receive that finds nothing is about
//! none. What a topic delivers is no call of anybody who pays.

use super::flow::Cx;
use super::{Order, Sqs};
use crate::facts::sqs;
use crate::metrics::Tariff;

/// The call under way, as it is billed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Billed {
    /// Bytes of the messages that came with it.
    sent: u64,
    /// Pieces so far.
    pieces: u64,
    /// Whether it is about messages with a group, so that the surcharge is due.
    is_dearer: bool,
}

impl Sqs {
    /// A call is made.
    #[inline(always)]
    pub(super) fn called(&mut self, cx: &mut Cx<'_>) {
        cx.count(self.metrics.requests, 1);
        cx.count(self.metrics.billed_requests, 1);
        self.call = Billed { pieces: 1, ..Billed::default() };
    }

    /// The call that sends carries another message.
    pub(super) fn sends(&mut self, bytes: u32, cx: &mut Cx<'_>) {
        let before = self.call.sent;
        self.call.sent += u64::from(bytes);
        self.bill(further_pieces(self.call.sent) - further_pieces(before), cx);
    }

    /// A response carries so many bytes; its call has been counted.
    pub(super) fn responds(&mut self, bytes: u64, cx: &mut Cx<'_>) {
        self.bill(further_pieces(bytes), cx);
    }

    /// A poll that has waited is answered: its call comes back to it. It has been counted, so that only what it carries
    /// and the surcharge are left.
    pub(super) fn answers_poll(&mut self) {
        if let Order::Fair(_) = self.order {
            self.call = Billed { pieces: 1, ..Billed::default() };
        }
    }

    /// The call is about a message of this group of a fair queue; zero is none.
    pub(super) fn names_group(&mut self, group: u32, cx: &mut Cx<'_>) {
        if group > 0 && !std::mem::replace(&mut self.call.is_dearer, true) {
            self.surcharge(self.call.pieces, cx);
        }
    }

    #[inline(always)]
    fn bill(&mut self, pieces: u64, cx: &mut Cx<'_>) {
        if pieces > 0 {
            self.bill_some(pieces, &mut cx.aside());
        }
    }

    #[cold]
    fn bill_some(&mut self, pieces: u64, cx: &mut Cx<'_>) {
        cx.count(self.metrics.billed_requests, pieces);
        self.call.pieces += pieces;
        if self.call.is_dearer {
            self.surcharge(pieces, cx);
        }
    }

    fn surcharge(&self, pieces: u64, cx: &mut Cx<'_>) {
        if let Some(surcharged) = self.metrics.surcharged_requests {
            cx.count(surcharged, pieces);
        }
    }
}

/// What a request to such a queue costs, if the account has made so many before in this month.
pub(super) fn tariff(is_fifo: bool, before: u64) -> Tariff {
    let step = sqs::REQUEST_PRICE_STEP.value;
    let [each, second, third] = if is_fifo {
        [sqs::FIFO_REQUEST_PRICE, sqs::FIFO_REQUEST_PRICE_SECOND, sqs::FIFO_REQUEST_PRICE_THIRD]
    } else {
        [sqs::REQUEST_PRICE, sqs::REQUEST_PRICE_SECOND, sqs::REQUEST_PRICE_THIRD]
    }
    .map(|price| price.value.each());
    Tariff { each, then: [(step, second), (2 * step, third)], before }
}

/// Pieces after the first, which every call has.
fn further_pieces(bytes: u64) -> u64 {
    let piece = sqs::BILLED_CHUNK.value.get();
    if bytes <= piece { 0 } else { (bytes - 1) / piece }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_piece_counts_as_a_whole_one() {
        let kib = 1024;
        assert_eq!([0, 1, 64 * kib, 64 * kib + 1, 128 * kib, 1024 * kib].map(further_pieces), [0, 0, 0, 1, 1, 15]);
    }

    #[test]
    fn requests_become_cheaper_in_two_steps_of_a_hundred_thousand_million() {
        let million = 1_000_000;
        let cost = |is_fifo: bool, before: u64| tariff(is_fifo, before * million).cost(2 * million);
        let steps = |is_fifo: bool| [0, 99_999, 100_000, 199_999, 200_000].map(|before| cost(is_fifo, before));
        let close = |found: [f64; 5], expected: [f64; 5]| {
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12)
        };
        assert!(close(steps(false), [0.8, 0.7, 0.6, 0.54, 0.48]), "{:?}", steps(false));
        assert!(close(steps(true), [1.0, 0.9, 0.8, 0.75, 0.7]), "{:?}", steps(true));
    }
}
