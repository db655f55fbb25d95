//! What is billed: a call counts once for each started piece of 64 KiB that it carries, and once if it carries nothing.

use super::Sqs;
use super::flow::Cx;
use crate::facts::sqs;

impl Sqs {
    /// A call is made.
    pub(super) fn called(&mut self, cx: &mut Cx<'_>) {
        cx.count(self.metrics.requests, 1);
        cx.count(self.metrics.billed_requests, 1);
        self.sent_in_call = 0;
    }

    /// The call that sends carries another message.
    pub(super) fn sends(&mut self, bytes: u32, cx: &mut Cx<'_>) {
        let before = self.sent_in_call;
        self.sent_in_call += u64::from(bytes);
        self.bill(further_pieces(self.sent_in_call) - further_pieces(before), cx);
    }

    /// A response carries so many bytes; its call has been counted.
    pub(super) fn responds(&self, bytes: u64, cx: &mut Cx<'_>) {
        self.bill(further_pieces(bytes), cx);
    }

    fn bill(&self, pieces: u64, cx: &mut Cx<'_>) {
        if pieces > 0 {
            cx.count(self.metrics.billed_requests, pieces);
        }
    }
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
}
