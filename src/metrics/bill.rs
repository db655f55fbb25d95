//! What nodes pay for: what is counted, and what is there.

use super::recorder::{CounterId, GaugeId, MetricName};

/// What a node is billed for, in one figure.
#[derive(Debug, Clone)]
pub struct Bill {
    /// What it is called; its unit is the dollar.
    pub name: MetricName,
    /// What is paid for.
    pub(super) items: Vec<Billed>,
}

/// Something that is paid for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Billed {
    /// Whatever this counts.
    Counted(CounterId, Tariff),
    /// Every second of one of these, at so many dollars: machines that are there.
    Present(GaugeId, f64),
}

/// What one of something costs that becomes cheaper the more of it there was: a price in three steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tariff {
    /// Dollars for each of the first.
    pub each: f64,
    /// After how many each costs how much.
    pub then: [(u64, f64); 2],
    /// How many there had been before.
    pub before: u64,
}

impl Tariff {
    /// Always the same.
    pub const fn flat(each: f64) -> Self {
        Self { each, then: [(u64::MAX, each), (u64::MAX, each)], before: 0 }
    }

    /// What `count` of them cost.
    #[allow(clippy::cast_precision_loss, reason = "a figure for statistics")]
    pub fn cost(&self, count: u64) -> f64 {
        let [(first, second), (last, third)] = self.then;
        let up_to = self.before.saturating_add(count);
        let between = |from: u64, to: u64| up_to.min(to).saturating_sub(self.before.max(from)) as f64;
        between(0, first) * self.each + between(first, last) * second + between(last, u64::MAX) * third
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crosses_a_step_is_paid_in_part_at_each_price() {
        let tariff = |before| Tariff { each: 4.0, then: [(10, 2.0), (20, 1.0)], before };
        assert_eq!([0, 5, 9, 10, 18, 30].map(|before| tariff(before).cost(3)), [12.0, 12.0, 8.0, 6.0, 5.0, 3.0]);
        assert_eq!((tariff(0).cost(25), tariff(0).cost(0)), (65.0, 0.0));
        assert_eq!((Tariff::flat(0.5).cost(7), Tariff::flat(0.5).cost(0)), (3.5, 0.0));
    }
}
