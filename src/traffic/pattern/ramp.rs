//! `ramp`: a rate that goes from one value to another in a straight line and stays there.

use super::{Curve, Spacing, Stretch};
use crate::site::{At, Site};
use crate::units::{Duration, Rate};
use serde::Deserialize;

/// `{ from = "0/s", to = "50/s", over = "10min" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RampSpec {
    /// When the rate begins to change; until then it is `from`.
    pub at: Option<At<Duration>>,
    /// The rate before.
    pub from: Option<At<Rate>>,
    /// The rate after.
    pub to: Option<At<Rate>>,
    /// How long the change takes.
    pub over: Option<At<Duration>>,
}

impl RampSpec {
    pub(crate) fn build(self, spacing: Spacing, site: &mut Site<'_>) -> Option<Curve> {
        let at = site.or_default("at", self.at, Duration::ZERO, "from the start").as_secs_f64();
        let from = site.or_default("from", self.from, Rate::ZERO, "from nothing").get();
        let (to, over) = (site.required("to", self.to), site.required("over", self.over));
        let (to, over) = (to?.get(), over?.as_secs_f64());
        let stretch = |length, from, to| Stretch { length, from, to };
        Some(Curve::new(&[stretch(at, from, from), stretch(over, from, to), stretch(f64::INFINITY, to, to)], spacing))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use crate::traffic::check::flow;

    #[test]
    fn a_ramp_rises_in_its_window_and_stays() {
        let flow = flow("ramp = { at = '1min', from = '10/s', to = '50/s', over = '2min' }").expect("sound");
        let expected = [60.0, 120.0, 180.0, 190.0].map(|until| flow.sources[0].pattern.expected(until));
        assert_eq!(expected, [600.0, 600.0 + 1_200.0, 600.0 + 3_600.0, 600.0 + 3_600.0 + 500.0]);
        assert!((flow.peak_rate() - 50.0).abs() < 1e-12);
    }

    #[test]
    fn a_ramp_begins_at_once_and_at_nothing_unless_told_otherwise() {
        let flow = flow("ramp = { to = '20/s', over = '1min' }").expect("sound");
        assert!((flow.expected_jobs(90.0) - 1_200.0).abs() < 1e-9);
    }

    #[test]
    fn a_ramp_without_its_end_names_all_that_is_missing() {
        let shown = flow("ramp = { from = '1/s' }").expect_err("it is not whole");
        assert!(shown.contains("`traffic.uploads.ramp` needs `to`"), "{shown}");
        assert!(shown.contains("`traffic.uploads.ramp` needs `over`"), "{shown}");
    }
}
