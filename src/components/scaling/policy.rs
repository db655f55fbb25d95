//! What a policy makes of a measure: grow, shrink, or leave it.
//!
//! Everything here is a function of the measures that have come so far; what is done about it is the group's business.

use crate::engine::{SimDuration, SimTime};

/// What was measured at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    /// Messages that wait.
    pub waiting: u32,
    /// Messages that somebody works on.
    pub held: u32,
    /// Machines in service.
    pub instances: u32,
}

/// What a policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Metric {
    /// Whether what is being worked on counts as well.
    pub counts_held: bool,
    /// Whether it is divided by the machines in service.
    pub is_per_instance: bool,
}

impl Metric {
    /// The messages that count.
    fn messages(self, measure: Measure) -> f64 {
        let held = if self.counts_held { measure.held } else { 0 };
        f64::from(measure.waiting) + f64::from(held)
    }

    /// The value; none if it is divided by no machine at all.
    fn value(self, measure: Measure) -> Option<f64> {
        let messages = self.messages(measure);
        match measure.instances {
            0 if self.is_per_instance => None,
            instances if self.is_per_instance => Some(messages / f64::from(instances)),
            _ => Some(messages),
        }
    }
}

/// On which side of its threshold an alarm goes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Above,
    AtOrAbove,
    Below,
    AtOrBelow,
}

impl Comparison {
    /// Whether it is about large values.
    pub(super) const fn is_about_much(self) -> bool {
        matches!(self, Self::Above | Self::AtOrAbove)
    }
}

/// An alarm: so many points in a row on the wrong side of a threshold. A point that is missing ends the row.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    comparison: Comparison,
    threshold: f64,
    points: u32,
    /// Points on the wrong side in a row -- state.
    streak: u32,
}

impl Alarm {
    pub(super) const fn new(comparison: Comparison, threshold: f64, points: u32) -> Self {
        Self { comparison, threshold, points, streak: 0 }
    }

    /// Another point. Whether the alarm is on.
    fn is_on(&mut self, value: Option<f64>) -> bool {
        let breaches = value.is_some_and(|value| match self.comparison {
            Comparison::Above => value > self.threshold,
            Comparison::AtOrAbove => value >= self.threshold,
            Comparison::Below => value < self.threshold,
            Comparison::AtOrBelow => value <= self.threshold,
        });
        self.streak = if breaches { self.streak.saturating_add(1) } else { 0 };
        self.streak >= self.points
    }
}

/// What the number of an adjustment means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AdjustmentType {
    /// So many more, or fewer.
    Change,
    /// Exactly so many.
    Exact,
    /// So many per cent more, or fewer.
    Percent,
}

/// How the size of a group is changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adjustment {
    pub kind: AdjustmentType,
    pub amount: i32,
    /// A change by per cent is at least so large.
    pub at_least: u32,
}

impl Adjustment {
    /// The size that a group of `size` machines is to have.
    #[allow(clippy::cast_possible_truncation, reason = "a part of a 32-bit number")]
    fn apply(self, size: u32) -> u32 {
        let size = i64::from(size);
        let amount = i64::from(self.amount);
        let sized = match self.kind {
            AdjustmentType::Exact => amount,
            AdjustmentType::Change => size + amount,
            AdjustmentType::Percent => {
                // What is not whole is rounded towards no change, but a change is at least one machine.
                let change = (size * amount / 100).abs().max(i64::from(self.at_least)).max(1);
                size + change * amount.signum()
            }
        };
        u32::try_from(sized.max(0)).unwrap_or(u32::MAX)
    }

    const fn shrinks(self, comparison: Comparison) -> bool {
        self.amount < 0 || (matches!(self.kind, AdjustmentType::Exact) && !comparison.is_about_much())
    }
}

/// One step of a step policy: which adjustment belongs to which distance from the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// From this distance on.
    pub lower: f64,
    /// Up to that distance.
    pub upper: f64,
    /// What is done.
    pub adjustment: Adjustment,
}

/// What a policy does.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// Keeps its metric near a target.
    Tracking {
        target: f64,
        /// Too much for some time.
        high: Alarm,
        /// Too little for some time; none: it never shrinks.
        low: Option<Alarm>,
    },
    /// Acts by how far its metric is beyond a threshold.
    Steps { alarm: Alarm, steps: Vec<Step> },
    /// Does always the same, and then nothing for a while.
    Simple { alarm: Alarm, adjustment: Adjustment, cooldown: SimDuration },
}

/// A policy of a group.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub metric: Metric,
    pub rule: Rule,
    /// For how long the machines that it orders count as warming up.
    pub warmup: SimDuration,
}

/// The group as a policy sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Machines that it is to have.
    pub desired: u32,
    /// Of them, those that were ordered and do not count yet: they boot or warm up.
    pub settling: u32,
    /// Until then a simple policy does nothing.
    pub cools_until: SimTime,
}

/// What a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opinion {
    /// Nothing.
    Keep,
    /// At least so many machines.
    Out(u32),
    /// No more than so many machines.
    In(u32),
}

impl Policy {
    /// Whether it ever takes machines away: who never does is not asked whether others may.
    pub(super) fn shrinks(&self) -> bool {
        match &self.rule {
            Rule::Tracking { low, .. } => low.is_some(),
            Rule::Steps { alarm, steps } => steps.iter().any(|step| step.adjustment.shrinks(alarm.comparison)),
            Rule::Simple { alarm, adjustment, .. } => adjustment.shrinks(alarm.comparison),
        }
    }

    /// Whether it can make a group grow that has no machines.
    pub(super) fn wakes(&self) -> bool {
        let grows = |alarm: &Alarm, adjustment: &Adjustment| alarm.comparison.is_about_much() && adjustment.amount > 0;
        !self.metric.is_per_instance
            && match &self.rule {
                // A target is met by a multiple of the machines that there are.
                Rule::Tracking { .. } => false,
                Rule::Steps { alarm, steps } => steps.iter().any(|step| grows(alarm, &step.adjustment)),
                Rule::Simple { alarm, adjustment, .. } => grows(alarm, adjustment),
            }
    }

    /// How many measures in a row it takes at least before it takes machines away.
    pub(super) fn points_to_shrink(&self) -> Option<u32> {
        let alarm = match &self.rule {
            Rule::Tracking { low, .. } => low.as_ref()?,
            Rule::Steps { alarm, .. } | Rule::Simple { alarm, .. } => alarm,
        };
        self.shrinks().then_some(alarm.points)
    }

    /// What it makes of one more measure; none is missing data.
    pub(super) fn judge(&mut self, measure: Option<Measure>, size: Size, now: SimTime) -> Opinion {
        let value = measure.and_then(|measure| self.metric.value(measure));
        match &mut self.rule {
            Rule::Tracking { target, high, low } => {
                // Both alarms see every point.
                let (high, low) = (high.is_on(value), low.as_mut().is_some_and(|low| low.is_on(value)));
                let Some(measure) = measure else { return Opinion::Keep };
                let wanted = tracked(self.metric, measure, *target);
                match () {
                    () if high => Opinion::Out(wanted),
                    () if low => Opinion::In(wanted),
                    () => Opinion::Keep,
                }
            }
            Rule::Steps { alarm, steps } => {
                let Some(value) = value.filter(|_| alarm.is_on(value)) else {
                    return Opinion::Keep;
                };
                let distance = value - alarm.threshold;
                let is_much = alarm.comparison.is_about_much();
                let step = steps.iter().find(|step| {
                    if is_much {
                        (step.lower..step.upper).contains(&distance)
                    } else {
                        step.lower < distance && distance <= step.upper
                    }
                });
                step.map_or(Opinion::Keep, |step| adjusted(step.adjustment, size))
            }
            Rule::Simple { alarm, adjustment, .. } => {
                if alarm.is_on(value) && now >= size.cools_until {
                    adjusted(*adjustment, Size { settling: 0, ..size })
                } else {
                    Opinion::Keep
                }
            }
        }
    }
}

/// The machines that bring a metric to its target: in proportion, and rounded up, so that rather one too many stays.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and bounded")]
fn tracked(metric: Metric, measure: Measure, target: f64) -> u32 {
    let messages = metric.messages(measure);
    let factor = if metric.is_per_instance { 1.0 } else { f64::from(measure.instances) };
    // A share of a millionth comes from dividing, not from messages.
    (messages * factor / target - 1e-6).ceil().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// Machines that were ordered already are not ordered again: growth counts from those that do their work.
fn adjusted(adjustment: Adjustment, size: Size) -> Opinion {
    let (exact, settled) = (adjustment.kind == AdjustmentType::Exact, size.desired.saturating_sub(size.settling));
    let grown = adjustment.apply(settled);
    match () {
        () if exact && grown > size.desired => Opinion::Out(grown),
        () if exact && grown < size.desired => Opinion::In(grown),
        () if exact || adjustment.amount == 0 => Opinion::Keep,
        () if adjustment.amount > 0 => Opinion::Out(grown),
        () => Opinion::In(adjustment.apply(size.desired)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKLOG: Metric = Metric { counts_held: false, is_per_instance: true };
    const VISIBLE: Metric = Metric { counts_held: false, is_per_instance: false };

    fn measure(waiting: u32, held: u32, instances: u32) -> Measure {
        Measure { waiting, held, instances }
    }

    fn size(desired: u32, settling: u32) -> Size {
        Size { desired, settling, cools_until: SimTime::ZERO }
    }

    fn tracking(metric: Metric, target: f64, points: u32) -> Policy {
        let high = Alarm::new(Comparison::Above, target, points);
        let low = Some(Alarm::new(Comparison::Below, target * 0.9, points));
        Policy { metric, rule: Rule::Tracking { target, high, low }, warmup: SimDuration::ZERO }
    }

    #[test]
    fn a_target_is_met_in_proportion_and_rounded_up() {
        for (metric, seen, target, wanted) in [
            (BACKLOG, measure(1500, 0, 10), 100.0, 15),
            (BACKLOG, measure(850, 0, 10), 100.0, 9),
            (BACKLOG, measure(7, 0, 3), 1.0, 7),
            (BACKLOG, measure(0, 20, 20), 3.0, 0),
            (Metric { counts_held: true, ..BACKLOG }, measure(0, 20, 20), 1.0, 20),
            (VISIBLE, measure(1500, 0, 10), 100.0, 150),
        ] {
            assert_eq!(tracked(metric, seen, target), wanted, "{metric:?} {seen:?} {target}");
        }
    }

    #[test]
    fn an_alarm_wants_its_points_in_a_row_and_a_missing_one_ends_the_row() {
        let mut policy = tracking(BACKLOG, 100.0, 3);
        let mut judge = |measure| policy.judge(measure, size(10, 0), SimTime::ZERO);
        let high = Some(measure(1500, 0, 10));
        assert_eq!([judge(high), judge(high), judge(None), judge(high), judge(high)], [Opinion::Keep; 5]);
        assert_eq!(judge(high), Opinion::Out(15));
        // Divided by no machine at all it is no number.
        assert_eq!(judge(Some(measure(1500, 0, 0))), Opinion::Keep);
        assert_eq!(judge(high), Opinion::Keep);
    }

    #[test]
    fn between_the_target_and_a_tenth_below_it_nothing_happens() {
        let mut policy = tracking(BACKLOG, 100.0, 1);
        let mut judge = |waiting| policy.judge(Some(measure(waiting, 0, 10)), size(10, 0), SimTime::ZERO);
        assert_eq!([judge(900), judge(950), judge(1000)], [Opinion::Keep; 3]);
        assert_eq!((judge(899), judge(1001)), (Opinion::In(9), Opinion::Out(11)));
    }

    #[test]
    fn a_step_is_chosen_by_the_distance_and_counts_from_what_has_settled() {
        let adjustment = |amount| Adjustment { kind: AdjustmentType::Change, amount, at_least: 0 };
        let steps = vec![
            Step { lower: 0.0, upper: 100.0, adjustment: adjustment(1) },
            Step { lower: 100.0, upper: f64::INFINITY, adjustment: adjustment(3) },
        ];
        let alarm = Alarm::new(Comparison::AtOrAbove, 50.0, 1);
        let mut policy = Policy { metric: VISIBLE, rule: Rule::Steps { alarm, steps }, warmup: SimDuration::ZERO };
        let mut judge = |waiting, size| policy.judge(Some(measure(waiting, 0, 4)), size, SimTime::ZERO);
        assert_eq!(judge(49, size(4, 0)), Opinion::Keep);
        assert_eq!(judge(50, size(4, 0)), Opinion::Out(5));
        // The one that was ordered is still warming up: it is not ordered once more.
        assert_eq!(judge(149, size(5, 1)), Opinion::Out(5));
        assert_eq!(judge(150, size(5, 1)), Opinion::Out(7));
    }

    #[test]
    fn a_change_by_per_cent_is_rounded_towards_nothing_but_is_at_least_one() {
        let percent = |amount, at_least| Adjustment { kind: AdjustmentType::Percent, amount, at_least };
        assert_eq!(percent(25, 0).apply(51), 63);
        assert_eq!(percent(-25, 0).apply(51), 39);
        assert_eq!((percent(10, 0).apply(3), percent(-10, 0).apply(3)), (4, 2));
        assert_eq!((percent(25, 5).apply(10), percent(-50, 8).apply(4)), (15, 0));
        assert_eq!(Adjustment { kind: AdjustmentType::Exact, amount: 7, at_least: 0 }.apply(51), 7);
    }
}
