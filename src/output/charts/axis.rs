//! An axis: which value lies where. Our own, because plotters' linear axis cannot choose its ticks and its
//! logarithmic one has no zero.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};

use super::series::Span;
use super::ticks::{self, Division, Tick};
use crate::report::human;

/// How values are spread over an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal ratios.
    Log,
    /// Linear from zero to the knee, logarithmic above: zero is where it belongs and a thousand still fits.
    Symlog {
        /// Where the logarithm begins; positive.
        knee: f64,
    },
}

impl Scale {
    /// Linear, unless things of which these are the sizes differ by more than `ratio`, so that the smaller ones would
    /// be flat: then linear only up to `knee` and logarithmic above.
    pub(super) fn of(sizes: impl Iterator<Item = f64>, knee: f64, ratio: f64) -> Self {
        let positive = sizes.filter(|size| *size > 0.0 && size.is_finite());
        let (low, high) = positive.fold((f64::INFINITY, 0.0), |(low, high), size| (size.min(low), size.max(high)));
        if high > ratio * low && high > 50.0 * knee { Self::Symlog { knee } } else { Self::Linear }
    }

    /// What a note beside the axis says about it.
    pub(super) fn note(self) -> String {
        match self {
            Self::Symlog { knee } => format!(" (logarithmic above {})", human::rough(knee)),
            Self::Linear | Self::Log => String::new(),
        }
    }
}

/// A range of values, spread by a scale, with its ticks. Values outside are drawn at the end they are nearest to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// How values are spread.
    pub scale: Scale,
    /// First value.
    pub low: f64,
    /// Last value; above the first.
    pub high: f64,
    /// Places that are labelled.
    pub ticks: Vec<Tick>,
}

/// Length of the linear part of a [`Scale::Symlog`] axis, in decades.
const LINEAR_DECADES: f64 = 0.4;

impl Axis {
    /// Amounts from zero to `top`, which has at least the share `headroom` of the axis above it; at most about `most`
    /// ticks.
    pub(super) fn amounts(top: f64, headroom: f64, scale: Scale, most: usize) -> Self {
        match scale {
            Scale::Symlog { knee } => {
                let decades = LINEAR_DECADES + libm::log10(top.clamp(knee * 10.0, 1e18) / knee);
                let high = knee * libm::exp10(decades / (1.0 - headroom) - LINEAR_DECADES);
                let decades = ticks::from_knee(knee, high, 1).len();
                let every = decades.div_ceil(most.max(2) + 1).max(1);
                Self { scale, low: 0.0, high, ticks: ticks::from_knee(knee, high, every) }
            }
            Scale::Linear | Scale::Log => {
                let high = if top.is_finite() && top > 0.0 { top.clamp(1e-12, 1e18) / (1.0 - headroom) } else { 1.0 };
                Self { scale: Scale::Linear, low: 0.0, high, ticks: ticks::numbers(high, most) }
            }
        }
    }

    /// Amounts from zero to `high`, rounded up to a number that nobody wonders about, with these two as the only
    /// ticks: for a strip.
    pub(super) fn up_to(high: f64, scale: Scale) -> Self {
        const ROUND: [f64; 11] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
        let high = if high.is_finite() && high > 0.0 { high.clamp(1e-12, 1e18) } else { 1.0 };
        let power = libm::exp10(libm::floor(libm::log10(high)));
        let round = ROUND.into_iter().find(|round| round * power >= high * (1.0 - 1e-9));
        let high = round.unwrap_or(10.0) * power;
        let tick = |at: f64| Tick { at, label: human::rough(at) };
        Self { scale, low: 0.0, high, ticks: vec![tick(0.0), tick(high)] }
    }

    /// Simulated time in seconds.
    pub(super) fn clock(span: Span, most: usize) -> Self {
        let high = if span.to_s.is_finite() && span.to_s > 0.0 { span.to_s.max(1e-9) } else { 1.0 };
        let low = if (0.0..high).contains(&span.from_s) { span.from_s } else { 0.0 };
        Self { scale: Scale::Linear, low, high, ticks: ticks::times(low, high, most) }
    }

    /// Times from `low` to `high` seconds by ratio, widened to the next fine ticks, divided as finely as `fits`
    /// allows, which is asked about the axis so divided.
    pub(super) fn log_times(low: f64, high: f64, fits: impl Fn(&Self) -> bool) -> Self {
        let low = if low.is_finite() { low.clamp(1e-9, 1e12) } else { 1.0 };
        let high = if high.is_finite() { high.clamp(low * 1.001, 1e13) } else { low * 10.0 };
        let all = ticks::log_times(0.0, f64::INFINITY, Division::Fine);
        let from = all.iter().rev().find(|tick| tick.at <= low * (1.0 + 1e-9)).map_or(low, |tick| tick.at);
        let to = all.iter().find(|tick| tick.at >= high * (1.0 - 1e-9)).map_or(high, |tick| tick.at);
        let divided =
            |division| Self { scale: Scale::Log, low: from, high: to, ticks: ticks::log_times(from, to, division) };
        [Division::Fine, Division::Medium, Division::Decades]
            .into_iter()
            .map(divided)
            .find(fits)
            .unwrap_or_else(|| divided(Division::Sparse))
    }

    /// Shares from `low` to 1 by ratio, at most about `most` ticks.
    pub(super) fn log_shares(low: f64, most: usize) -> Self {
        let low = low.clamp(1e-8, 0.1);
        let all = ticks::log_shares(low, 1).len();
        let every = all.div_ceil(most.max(2)).max(1);
        Self { scale: Scale::Log, low, high: 1.0, ticks: ticks::log_shares(low, every) }
    }

    /// Where a value lies: 0 at the beginning, 1 at the end, never outside.
    pub(super) fn position(&self, value: f64) -> f64 {
        let spread = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => libm::log10(value.max(1e-300)),
            Scale::Symlog { knee } if value <= knee => LINEAR_DECADES * value / knee,
            Scale::Symlog { knee } => LINEAR_DECADES + libm::log10(value / knee),
        };
        let (low, high) = (spread(self.low), spread(self.high));
        let share = (spread(value) - low) / (high - low);
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[allow(clippy::cast_possible_truncation, reason = "between two limits that are i32 themselves")]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (from, to) = (f64::from(limit.0), f64::from(limit.1));
        (from + (to - from) * self.position(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_leaves_its_axis() {
        let axes = [
            Axis::amounts(100.0, 0.0, Scale::Linear, 4),
            Axis::amounts(1000.0, 0.1, Scale::Symlog { knee: 1.0 }, 6),
            Axis::log_shares(1e-4, 6),
            Axis::log_times(0.1, 1e4, |_| true),
        ];
        for axis in axes {
            for value in [f64::NEG_INFINITY, -5.0, 0.0, 1e-300, 0.5, 1e6, f64::INFINITY, f64::NAN] {
                let place = axis.map(&value, (100, 900));
                assert!((100..=900).contains(&place), "{value} lies at {place} on {axis:?}");
            }
        }
    }

    #[test]
    fn zero_has_a_place_of_its_own_below_one() {
        let axis = Axis::amounts(900.0, 0.1, Scale::Symlog { knee: 1.0 }, 6);
        assert!(axis.position(0.0) < 1e-12);
        assert!(axis.position(0.5) > 0.0 && axis.position(0.5) < axis.position(1.0));
        let decade = axis.position(100.0) - axis.position(10.0);
        assert!((axis.position(10.0) - axis.position(1.0) - decade).abs() < 1e-12, "decades are equally long");
    }

    #[test]
    fn only_sizes_far_apart_need_a_logarithm() {
        assert_eq!(Scale::of([12.0, 1000.0].into_iter(), 1.0, 40.0), Scale::Symlog { knee: 1.0 });
        assert_eq!(Scale::of([400.0, 1000.0].into_iter(), 1.0, 40.0), Scale::Linear);
        assert_eq!(Scale::of([0.0, 0.0].into_iter(), 1.0, 40.0), Scale::Linear);
        assert_eq!(Scale::of([0.01, 3.0].into_iter(), 1.0, 40.0), Scale::Linear, "all of it is small");
    }

    #[test]
    fn the_division_of_a_logarithmic_axis_is_the_finest_that_fits() {
        let coarse = Axis::log_times(0.01, 40_000.0, |axis| axis.ticks.len() < 9);
        assert!(coarse.ticks.len() < 9 && coarse.ticks.iter().any(|tick| tick.label == "1 min"), "{coarse:?}");
        let fine = Axis::log_times(1.0, 100.0, |axis| axis.ticks.len() < 9);
        assert!(fine.ticks.iter().any(|tick| tick.label == "30 s"));
    }

    #[test]
    fn the_top_of_a_strip_is_a_round_number_near_what_it_has_to_hold() {
        for (high, label) in [(4.1, "5"), (32.0, "40"), (6021.0, "8000"), (1.4, "1.5"), (10.0, "10"), (11.4, "12")] {
            let axis = Axis::up_to(high, Scale::Linear);
            assert_eq!(axis.ticks.last().map(|tick| tick.label.as_str()), Some(label), "{high}");
            assert!(axis.high >= high && axis.high < 1.4 * high, "{high} on {axis:?}");
        }
    }

    #[test]
    fn an_axis_of_nothing_is_an_axis_all_the_same() {
        assert!(Axis::clock(Span { from_s: 0.0, to_s: 0.0 }, 5).high > 0.0);
        assert!(Axis::amounts(0.0, 0.1, Scale::Linear, 4).high > 0.0);
        let point = Axis::log_times(3.0, 3.0, |_| true);
        assert!(point.high > point.low);
    }
}
