//! The text messages that an account has sent: they leave one after the other, and are paid for with one month's money.
//!
//! Every node of a pipeline that sends texts takes its turns and its money here. Each says itself how fast texts go out
//! and how much may be spent, and goes by what all have sent. Simplified: a run lies within one month.

use crate::engine::{SimDuration, SimTime};

/// What a text message is for; each type has turns of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextType {
    /// Not urgent, such as advertisements.
    Promotional,
    /// Somebody waits for it.
    Transactional,
}

/// What may be spent on text messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextMoney {
    /// In a month.
    pub limit: Dollars,
    /// How long sending goes on after the money is spent.
    pub stop_delay: SimDuration,
}

/// An amount of money, in billionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dollars(u64);

impl Dollars {
    /// So many US dollars, nothing or more.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not below nothing")]
    pub(super) fn new(dollars: f64) -> Self {
        Self(libm::round(dollars * 1e9) as u64)
    }

    /// So many times as much.
    pub(super) const fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(count as u64))
    }
}

/// What an account has sent -- state.
#[derive(Debug, Clone, Default)]
pub(super) struct TextsSent {
    /// The earliest time of the next text message of each type.
    next: [SimTime; 2],
    /// What was paid.
    spent: Dollars,
    /// When sending stops, if the money is spent.
    stops: Option<SimTime>,
}

impl TextsSent {
    /// Takes turns for `many` text messages of a type, so far apart: when the last of them leaves.
    pub(super) fn take_turns(&mut self, of: TextType, many: u32, spacing: SimDuration, now: SimTime) -> SimTime {
        let turns = |count: u32| SimDuration::from_nanos(spacing.as_nanos().saturating_mul(u64::from(count)));
        let next = &mut self.next[of as usize];
        let first = (*next).max(now);
        *next = first + turns(many);
        first + turns(many - 1)
    }

    /// How many of `many` text messages can be paid for, at `each`; they are paid then.
    pub(super) fn pay(&mut self, many: u32, each: Dollars, money: TextMoney, now: SimTime) -> u32 {
        let left = money.limit.0.saturating_sub(self.spent.0);
        let affordable = left.checked_div(each.0).map_or(many, |count| u32::try_from(count).unwrap_or(many).min(many));
        let sent = match self.stops {
            Some(stops) if now >= stops => 0,
            Some(_) => many,
            None if affordable < many && !money.stop_delay.is_zero() => {
                self.stops = Some(now + money.stop_delay);
                many
            }
            None => affordable,
        };
        self.spent.0 = self.spent.0.saturating_add(each.times(sent).0);
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: SimDuration = SimDuration::ZERO;

    fn money(stop_delay: SimDuration) -> TextMoney {
        TextMoney { limit: Dollars::new(1.0), stop_delay }
    }

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    #[test]
    fn money_is_spent_to_the_last_part_and_not_beyond() {
        let part = Dollars::new(0.00645);
        let pay = |sent: &mut TextsSent, many, each| sent.pay(many, each, money(AT_ONCE), SimTime::ZERO);
        let mut singly = TextsSent::default();
        assert_eq!((0..1000).map(|_| pay(&mut singly, 1, part)).sum::<u32>(), 155);
        let mut together = TextsSent::default();
        assert_eq!((pay(&mut together, 1000, part), pay(&mut together, 1000, part)), (155, 0));
        // 22 texts of seven parts are 154 parts.
        let mut long = TextsSent::default();
        assert_eq!((pay(&mut long, 1000, part.times(7)), long.spent), (22, part.times(154)));
        assert_eq!(pay(&mut TextsSent::default(), u32::MAX, Dollars::default()), u32::MAX);
    }

    #[test]
    fn sending_goes_on_for_a_while_after_the_money_is_spent() {
        let (mut slow, part) = (TextsSent::default(), Dollars::new(0.00645));
        let money = money(SimDuration::from_secs(2));
        let sent = (0..1000).map(|turn| slow.pay(1, part, money, at(50 * turn))).sum::<u32>();
        // The 156th notices that nothing is left, and two seconds are forty more.
        assert_eq!(sent, 155 + 40);
    }

    #[test]
    fn the_last_of_many_texts_leaves_when_all_before_it_have_left() {
        let (mut sent, of) = (TextsSent::default(), TextType::Promotional);
        let mut turns = |of, many, now| sent.take_turns(of, many, SimDuration::from_millis(50), now);
        assert_eq!([1, 1, 998].map(|many| turns(of, many, SimTime::ZERO)), [at(0), at(50), at(49_950)]);
        assert_eq!(turns(of, 1, at(60_000)), at(60_000));
        // The other type does not wait for them.
        assert_eq!(turns(TextType::Transactional, 1, at(100)), at(100));
    }
}
