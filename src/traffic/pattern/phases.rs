//! `phases`: one rate after another, each reached at once or in a straight line.

use super::{Curve, Spacing, Stretch};
use crate::site::{At, Site};
use crate::units::{Duration, Rate};
use serde::Deserialize;

/// `{ for = "5min", rate = "10/s" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PhaseSpec {
    /// How long it lasts; may be left out in the last phase, which then lasts as long as the traffic does.
    #[serde(rename = "for")]
    pub length: Option<At<Duration>>,
    /// The rate, or the rate at its end if it is a ramp.
    pub rate: Option<At<Rate>>,
    /// Whether the rate goes there in a straight line from that of the phase before (from nothing in the first).
    pub ramp: Option<At<bool>>,
}

/// Joins the phases; after the last there is no traffic.
pub(crate) fn build(phases: At<Vec<At<PhaseSpec>>>, spacing: Spacing, site: &mut Site<'_>) -> Option<Curve> {
    if phases.value.is_empty() {
        site.error(phases.span, "S040", "this list has no phases")
            .hint("write at least one, such as `{ for = \"5min\", rate = \"10/s\" }`");
        return None;
    }
    let last = phases.value.len() - 1;
    let mut stretches = Some(Vec::with_capacity(phases.value.len()));
    let mut before = 0.0;
    for (i, at) in phases.value.into_iter().enumerate() {
        let stretch = at.value.build(before, i == last, &mut site.item("phases", i, at.span));
        before = stretch.map_or(before, |stretch| stretch.to);
        // The phases after a wrong one are judged too, so that all mistakes are reported at once.
        stretches = stretches.zip(stretch).map(|(mut stretches, stretch)| {
            stretches.push(stretch);
            stretches
        });
    }
    Some(Curve::new(&stretches?, spacing))
}

impl PhaseSpec {
    fn build(self, before: f64, last: bool, site: &mut Site<'_>) -> Option<Stretch> {
        let endless = last && self.length.is_none();
        let ramp_span = self.ramp.filter(|at| at.value).map(|at| at.span);
        let ramp = site.or_default("ramp", self.ramp, false, "the rate changes at once");
        let rate = site.required("rate", self.rate);
        if endless {
            let to = rate?.get();
            if let Some(span) = ramp_span {
                site.error(span, "S012", "a ramp needs a length").hint("say how long it takes: `for = \"5min\"`");
                return None;
            }
            return Some(Stretch { length: f64::INFINITY, from: to, to });
        }
        let length = site.required("for", self.length);
        let to = rate?.get();
        Some(Stretch { length: length?.as_secs_f64(), from: if ramp { before } else { to }, to })
    }
}

#[cfg(test)]
mod tests {
    use crate::traffic::check::flow;

    #[test]
    fn phases_follow_each_other_and_then_there_is_silence() {
        let text = "phases = [{ for = '1min', rate = '10/s' }, { for = '30s', rate = '40/s', ramp = true }, \
                    { for = '10s', rate = '0/s' }, { for = '10s', rate = '1/s' }]";
        let flow = flow(text).expect("sound");
        let expected = [60.0, 75.0, 90.0, 100.0, 110.0, 1e6].map(|until| flow.expected_jobs(until));
        assert_eq!(expected, [600.0, 862.5, 1_350.0, 1_350.0, 1_360.0, 1_360.0]);
    }

    #[test]
    fn the_last_phase_may_go_on() {
        let flow =
            flow("[[phases]]\nfor = '1min'\nrate = '20/s'\nramp = true\n[[phases]]\nrate = '5/s'").expect("sound");
        assert!((flow.expected_jobs(100.0) - 800.0).abs() < 1e-9);
    }

    #[test]
    fn every_wrong_phase_is_reported() {
        let shown = flow("phases = [{ rate = '1/s' }, { for = '5s' }, { rate = '2/s', ramp = true }]").expect_err("no");
        for said in [
            "`traffic.uploads.phases[0]` needs `for`",
            "`traffic.uploads.phases[1]` needs `rate`",
            "a ramp needs a length",
        ] {
            assert!(shown.contains(said), "{said}: {shown}");
        }
        assert!(flow("phases = []").expect_err("no").contains("this list has no phases"));
    }
}
