//! Text messages that somebody sends to phones directly, without a topic.
//!
//! ```text
//!  publish ─┬▶ too long, or dearer than allowed: refused for good
//!           └▶ accepted ─┬▶ the month's money is spent: lost
//!                        └▶ paid for, waits for its turn ─▶ on its way to the phone
//! ```
//! They take turns and money with the texts of all topics of the account. Simplified: one is paid for when the carrier
//! accepts it, and then waits for its turn. What comes through a topic is the topic's business.

use super::{Ctx, is_direct, topics};
use crate::components::sns::{SmsAttributesSpec, TextAccount};
use crate::components::texts_sent::Dollars;
use crate::components::{AnyTimer, NodeSite};
use crate::engine::{LossId, LossKind, MsgId, SimDuration};
use crate::site::At;

/// The texts that are sent directly.
#[derive(Debug, Clone)]
pub(super) struct DirectTexts {
    /// Which nodes are topics -- parameter.
    topics: Vec<bool>,
    /// What may be sent, and what it costs -- parameter.
    account: TextAccount,
    /// It has more characters than are sent.
    too_long: LossId,
    /// It costs more than one text may.
    too_dear: LossId,
    /// The money is spent.
    unpaid: LossId,
}

impl DirectTexts {
    /// The texts, if somebody sends some without a topic.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn build(
        is_reached: bool,
        written: Option<At<SmsAttributesSpec>>,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<Option<Self>> {
        if !is_reached {
            let Some(at) = written else { return Some(None) };
            site.site
                .error(
                    at.span,
                    "S032",
                    "`sms_attributes` has no effect here: nobody sends texts to these phones directly",
                )
                .note("a topic says for itself what its text messages may cost")
                .hint("write it at the topic");
            return None;
        }
        let span = written.as_ref().map_or_else(|| site.site.span(), |at| at.span);
        let account = written.map(|at| at.value).unwrap_or_default().build(span, site)?;
        Some(Some(Self {
            topics: topics(site),
            account,
            too_long: site.permanent_refusal("a text message with more characters than are sent"),
            too_dear: site.permanent_refusal("a text message that costs more than `max_price`"),
            unpaid: site.loss(LossKind::Lost, "the money for text messages is spent"),
        }))
    }

    /// What the parts of a text cost, if it may be sent at all.
    fn price(&self, size: u32) -> Result<(u32, Dollars), LossId> {
        let parts = self.account.parts(size).ok_or(self.too_long)?;
        if self.account.is_too_dear(parts) {
            return Err(self.too_dear);
        }
        Ok((parts, Dollars::new(self.account.price).times(parts)))
    }

    /// Why a text is refused, if it is.
    pub(super) fn refusal<T: Into<AnyTimer>>(&self, msg: MsgId, cx: &Ctx<'_, T>) -> Option<LossId> {
        if is_direct(msg, &self.topics, cx) { self.price(cx.message(msg).size).err() } else { None }
    }

    /// A text was accepted: it is paid for. How long it waits for its turn, or why it goes nowhere.
    pub(super) fn send<T: Into<AnyTimer>>(&self, msg: MsgId, cx: &mut Ctx<'_, T>) -> Result<SimDuration, LossId> {
        if !is_direct(msg, &self.topics, cx) {
            return Ok(SimDuration::ZERO);
        }
        let ((parts, price), now) = (self.price(cx.message(msg).size)?, cx.now());
        if cx.account().texts.pay(1, price, self.account.money, now) == 0 {
            return Err(self.unpaid);
        }
        cx.count(self.account.parts_sent, parts.into());
        let (of, spacing) = (self.account.type_of(msg, cx), self.account.spacing);
        Ok(cx.account().texts.take_turns(of, 1, spacing, now).since(now))
    }
}
