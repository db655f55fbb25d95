//! Text messages: they go out one after the other, each in parts that cost money, until the month's money is spent.
//!
//! An account sends promotions and transactions at a rate of its own each: the type of a message is its attribute
//! [`TYPE_ATTRIBUTE`], or else that of the account. They are paid for with the same money, by all topics of the account
//! and all who send texts directly (`texts_sent`).
//!
//! Simplified: parts are counted by characters, words are not kept whole. Simplified: what is too much waits for its
//! turn; the service does not say whether it delays or drops it. Simplified: each topic says for itself how fast the
//! account sends and what it may spend.

use super::failure::{Failure, Refusal};
use super::{Cx, Delivery, Sns, SnsAlarm};
use crate::components::AnyTimer;
use crate::components::context::Ctx;
use crate::components::texts_sent::{Dollars, TextMoney, TextType};
use crate::components::traits::TextTraits;
use crate::engine::{MsgId, SimDuration};
use crate::facts::sns::endpoints;
use crate::metrics::CounterId;
use crate::site::At;
use crate::traffic::{Content, Scalar};

/// The attribute of a message that says what type of text message it is.
pub(super) const TYPE_ATTRIBUTE: &str = "AWS.SNS.SMS.SMSType";

/// The type of what is not urgent, as the attribute says it.
pub(super) const PROMOTIONAL: &str = "Promotional";

/// The type of what somebody waits for.
pub(super) const TRANSACTIONAL: &str = "Transactional";

/// What a topic was told of the account that sends text messages, and pays for them.
#[derive(Debug, Clone)]
pub(in crate::components) struct TextAccount {
    /// The distance of two text messages of a type -- parameter.
    pub spacing: SimDuration,
    /// What a part costs, in US dollars -- parameter.
    pub price: f64,
    /// What may be spent -- parameter.
    pub money: TextMoney,
    /// What one text message may cost -- parameter.
    pub max_price: f64,
    /// Characters in a part, and bytes of a character -- parameter.
    pub part_characters: u32,
    pub character_bytes: u32,
    /// Counts the parts that were sent.
    pub parts_sent: CounterId,
    /// The type of those that do not say it -- parameter.
    pub default_type: TextType,
    /// What says the type of the messages of each flow -- parameter.
    pub types: Vec<Option<Content>>,
}

impl TextAccount {
    /// What it says about itself, for the advice about the scenario.
    pub(super) fn traits(&self, limit: At<f64>) -> TextTraits {
        let &Self { price, part_characters, character_bytes, .. } = self;
        let max_bytes = endpoints::SMS_CHARACTERS_MAX.value.saturating_mul(character_bytes);
        TextTraits { limit, price, part_bytes: part_characters * character_bytes, max_bytes }
    }

    /// The type of a message.
    pub(in crate::components) fn type_of<T: Into<AnyTimer>>(&self, msg: MsgId, cx: &Ctx<'_, T>) -> TextType {
        let content = self.types.get(usize::from(cx.flow(msg))).and_then(Option::as_ref);
        let values = content.and_then(|content| content.of(cx.contents(), cx.number(msg)));
        match values.as_deref() {
            None | Some([]) => self.default_type,
            Some([Scalar::Text(text), ..]) if text == TRANSACTIONAL => TextType::Transactional,
            Some(_) => TextType::Promotional,
        }
    }

    /// Whether a text of so many parts costs more than one may.
    pub(in crate::components) fn is_too_dear(&self, parts: u32) -> bool {
        self.price * f64::from(parts) > self.max_price
    }

    /// The parts of a text of so many bytes; none if it is too long for any.
    pub(in crate::components) fn parts(&self, bytes: u32) -> Option<u32> {
        let characters = bytes.div_ceil(self.character_bytes);
        let fits = characters <= endpoints::SMS_CHARACTERS_MAX.value;
        fits.then(|| characters.div_ceil(self.part_characters).max(1))
    }
}

impl Sns {
    /// Text messages wait for their turn.
    pub(super) fn queue_texts(&mut self, index: u32, cx: &mut Cx<'_>) {
        let (Some(&Delivery { published, many, .. }), Some(account)) = (self.deliveries.get(index), &self.texts) else {
            return;
        };
        let (of, spacing, now) = (account.type_of(published, cx), account.spacing, cx.now());
        let at = cx.account().texts.take_turns(of, many, spacing, now);
        if at == cx.now() {
            self.send_texts(index, cx);
        } else {
            cx.alarm_at(at, SnsAlarm::Text { delivery: index });
        }
    }

    /// The turn of text messages has come: they are paid for and sent. What cannot be paid for is given up.
    pub(super) fn send_texts(&mut self, index: u32, cx: &mut Cx<'_>) {
        let Some(&Delivery { published, subscription, failures, many, .. }) = self.deliveries.get(index) else {
            return;
        };
        if self.health.is_down() {
            return self.subscriptions[subscription as usize].backlog.push_back(index);
        }
        // Simplified: it is paid for when it is first sent, whatever the carrier says.
        if failures == 0
            && let Some(account) = &self.texts
        {
            let parts = account.parts(cx.message(published).size);
            let Some(parts) = parts else {
                return self.give_up(index, many, Failure::ForGood(Refusal::LongText), cx);
            };
            if account.is_too_dear(parts) {
                return self.give_up(index, many, Failure::ForGood(Refusal::DearText), cx);
            }
            let (each, money, now) = (Dollars::new(account.price).times(parts), account.money, cx.now());
            let parts_sent = account.parts_sent;
            let sent = cx.account().texts.pay(many, each, money, now);
            cx.count(parts_sent, u64::from(sent) * u64::from(parts));
            if sent < many {
                self.give_up(index, many - sent, Failure::Unpaid, cx);
            }
            if sent == 0 {
                return;
            }
        }
        self.attempt(index, SimDuration::ZERO, cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::NodeId;
    use crate::metrics::Catalogue;

    fn account() -> TextAccount {
        TextAccount {
            spacing: SimDuration::from_millis(50),
            price: 0.00645,
            money: TextMoney { limit: Dollars::new(1.0), stop_delay: SimDuration::ZERO },
            max_price: f64::INFINITY,
            part_characters: 160,
            character_bytes: 1,
            parts_sent: Catalogue::default().counter(NodeId(0), "sms_parts", "parts"),
            default_type: TextType::Promotional,
            types: Vec::new(),
        }
    }

    #[test]
    fn a_text_is_cut_into_parts_by_its_characters() {
        let latin = account();
        let parts = [0, 1, 160, 161, 320, 1_600, 1_601].map(|bytes| latin.parts(bytes));
        assert_eq!(parts, [Some(1), Some(1), Some(1), Some(2), Some(2), Some(10), None]);
        let other = TextAccount { part_characters: 70, character_bytes: 2, ..account() };
        assert_eq!([140, 141, 3_200, 3_202].map(|bytes| other.parts(bytes)), [Some(1), Some(2), Some(23), None]);
    }
}
