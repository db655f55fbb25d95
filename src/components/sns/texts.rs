//! Text messages: they go out one after the other, each in parts that cost money, until the month's money is spent.
//!
//! An account sends promotions and transactions at a rate of its own each: the type of a message is its attribute
//! [`TYPE_ATTRIBUTE`], or else that of the account. They are paid for with the same money.
//!
//! Simplified: a run lies within one month. Simplified: parts are counted by characters, words are not kept whole.
//! Simplified: what is too much waits for its turn; the service does not say whether it delays or drops it. Simplified:
//! each topic has an account for text messages of its own.

use super::failure::{Failure, Refusal};
use super::{Cx, Delivery, Sns, SnsAlarm};
use crate::components::traits::TextTraits;
use crate::engine::MsgId;
use crate::engine::{SimDuration, SimTime};
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

/// What a text message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextType {
    /// Not urgent, such as advertisements.
    Promotional,
    /// Somebody waits for it.
    Transactional,
}

/// The account that sends text messages, and pays for them.
#[derive(Debug, Clone)]
pub(super) struct TextAccount {
    /// The distance of two text messages of a type -- parameter.
    pub spacing: SimDuration,
    /// What a part costs, in US dollars -- parameter.
    pub price: f64,
    /// What may be spent in a month -- parameter.
    pub limit: f64,
    /// What one text message may cost -- parameter.
    pub max_price: f64,
    /// Characters in a part, and bytes of a character -- parameter.
    pub part_characters: u32,
    pub character_bytes: u32,
    /// How long sending goes on after the money is spent -- parameter.
    pub stop_delay: SimDuration,
    /// Counts the parts that were sent.
    pub parts_sent: CounterId,
    /// The type of those that do not say it -- parameter.
    pub default_type: TextType,
    /// What says the type of the messages of each flow -- parameter.
    pub types: Vec<Option<Content>>,
    /// The earliest time of the next text message of each type -- state.
    pub next: [SimTime; 2],
    /// Parts that were paid for -- state.
    pub paid: u64,
    /// When sending stops, if the money is spent -- state.
    pub stops: Option<SimTime>,
}

/// What rounding may take from the last cent.
const CENT_ROUNDING: f64 = 1e-9;

impl TextAccount {
    /// What it says about itself, for the advice about the scenario.
    pub(super) fn traits(&self, limit: At<f64>) -> TextTraits {
        let &Self { price, part_characters, character_bytes, .. } = self;
        let max_bytes = endpoints::SMS_CHARACTERS_MAX.value.saturating_mul(character_bytes);
        TextTraits { limit, price, part_bytes: part_characters * character_bytes, max_bytes }
    }

    /// The type of a message.
    fn type_of(&self, msg: MsgId, cx: &Cx<'_>) -> TextType {
        let content = self.types.get(usize::from(cx.flow(msg))).and_then(Option::as_ref);
        let values = content.and_then(|content| content.of(cx.contents(), cx.number(msg)));
        match values.as_deref() {
            None | Some([]) => self.default_type,
            Some([Scalar::Text(text), ..]) if text == TRANSACTIONAL => TextType::Transactional,
            Some(_) => TextType::Promotional,
        }
    }

    /// Takes turns for `many` text messages of a type: when the last of them leaves.
    fn take_turns(&mut self, of: TextType, many: u32, now: SimTime) -> SimTime {
        let turns = |count: u32| SimDuration::from_nanos(self.spacing.as_nanos().saturating_mul(u64::from(count)));
        let next = &mut self.next[of as usize];
        let first = (*next).max(now);
        *next = first + turns(many);
        first + turns(many - 1)
    }

    /// The parts of a text of so many bytes; none if it is too long for any.
    fn parts(&self, bytes: u32) -> Option<u32> {
        let characters = bytes.div_ceil(self.character_bytes);
        let fits = characters <= endpoints::SMS_CHARACTERS_MAX.value;
        fits.then(|| characters.div_ceil(self.part_characters).max(1))
    }

    /// How many of `many` text messages in so many parts each can be paid for; they are paid then.
    fn pay(&mut self, many: u32, parts: u32, now: SimTime) -> u32 {
        let each = self.price * f64::from(parts);
        let affordable = if each > 0.0 { self.affordable(each, many) } else { many };
        let sent = match self.stops {
            Some(stops) if now >= stops => 0,
            Some(_) => many,
            None if affordable < many && !self.stop_delay.is_zero() => {
                self.stops = Some(now + self.stop_delay);
                many
            }
            None => affordable,
        };
        self.paid += u64::from(sent) * u64::from(parts);
        sent
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a count of text messages, held below `many`"
    )]
    fn affordable(&self, each: f64, many: u32) -> u32 {
        let left = self.limit - self.price * self.paid as f64;
        libm::floor((left / each + CENT_ROUNDING).clamp(0.0, f64::from(many))) as u32
    }
}

impl Sns {
    /// Text messages wait for their turn.
    pub(super) fn queue_texts(&mut self, index: u32, cx: &mut Cx<'_>) {
        let (Some(&Delivery { published, many, .. }), Some(account)) = (self.deliveries.get(index), &mut self.texts)
        else {
            return;
        };
        let at = account.take_turns(account.type_of(published, cx), many, cx.now());
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
            && let Some(account) = &mut self.texts
        {
            let parts = account.parts(cx.message(published).size);
            let Some(parts) = parts else {
                return self.give_up(index, many, Failure::ForGood(Refusal::LongText), cx);
            };
            if account.price * f64::from(parts) > account.max_price {
                return self.give_up(index, many, Failure::ForGood(Refusal::DearText), cx);
            }
            let sent = account.pay(many, parts, cx.now());
            cx.count(account.parts_sent, u64::from(sent) * u64::from(parts));
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
            limit: 1.0,
            max_price: f64::INFINITY,
            part_characters: 160,
            character_bytes: 1,
            stop_delay: SimDuration::ZERO,
            parts_sent: Catalogue::default().counter(NodeId(0), "sms_parts", "parts"),
            default_type: TextType::Promotional,
            types: Vec::new(),
            next: [SimTime::ZERO; 2],
            paid: 0,
            stops: None,
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

    #[test]
    fn money_is_spent_to_the_last_part_and_not_beyond() {
        let mut singly = account();
        assert_eq!((0..1000).map(|_| singly.pay(1, 1, SimTime::ZERO)).sum::<u32>(), 155);
        let mut together = account();
        assert_eq!((together.pay(1000, 1, SimTime::ZERO), together.pay(1000, 1, SimTime::ZERO)), (155, 0));
        let mut long = account();
        assert_eq!((long.pay(1000, 7, SimTime::ZERO), long.paid), (22, 154));
        let mut free = TextAccount { price: 0.0, ..account() };
        assert_eq!(free.pay(u32::MAX, 1, SimTime::ZERO), u32::MAX);
    }

    #[test]
    fn sending_goes_on_for_a_while_after_the_money_is_spent() {
        let mut slow = TextAccount { stop_delay: SimDuration::from_secs(2), ..account() };
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        let sent = (0..1000).map(|turn| slow.pay(1, 1, at(50 * turn))).sum::<u32>();
        // The 156th notices that nothing is left, and two seconds are forty more.
        assert_eq!(sent, 155 + 40);
    }

    #[test]
    fn the_last_of_many_texts_leaves_when_all_before_it_have_left() {
        let mut account = account();
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        let of = TextType::Promotional;
        assert_eq!([1, 1, 998].map(|many| account.take_turns(of, many, SimTime::ZERO)), [at(0), at(50), at(49_950)]);
        assert_eq!(account.take_turns(of, 1, at(60_000)), at(60_000));
        // The other type does not wait for them.
        assert_eq!(account.take_turns(TextType::Transactional, 1, at(100)), at(100));
    }
}
