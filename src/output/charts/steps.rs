//! Steps: several intervals of a time series drawn as one, so that a line shows what goes on and not by what chance few
//! things fall into one interval and not the next.

use super::series::Line;
use super::ticks;
use crate::report::human;
use crate::report::{Report, RunInfo};

/// What happened in several intervals of the grid together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// When they begin, in seconds.
    pub from: f64,
    /// When they end.
    pub to: f64,
    /// The mean of their values.
    pub value: f64,
}

impl Line<'_> {
    /// The means of `together` values at a time. They begin anew at each of the `cuts`, in seconds, so that none mixes
    /// what was before a fault with what came after; less than half a step that is left belongs to the one before it.
    pub(super) fn steps(&self, together: usize, cuts: &[f64]) -> Vec<Step> {
        let (run, together, end) = (self.run, together.max(1), self.series.mean.len());
        let mut edges = vec![0, end];
        edges.extend(cuts.iter().map(|cut| run.place(*cut).min(end)));
        edges.sort_unstable();
        let mut steps = Vec::new();
        for pair in edges.windows(2) {
            let mut first = pair[0];
            while first < pair[1] {
                let is_last = 2 * (pair[1] - first) < 3 * together;
                let next = if is_last { pair[1] } else { first + together };
                let values = &self.series.mean[first..next];
                let value = values.iter().sum::<f64>() / count(values.len());
                steps.push(Step { from: run.grid(first), to: run.grid(next), value });
                first = next;
            }
        }
        steps
    }

    /// The line through the middles of steps of `together` values, from its first value to its last, and upright at the
    /// `cuts`; through every value, if a step is a single one.
    pub(super) fn smooth(&self, together: usize, cuts: &[f64]) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = self.mean().next().into_iter().collect();
        if together > 1 {
            points.extend(through(&self.steps(together, cuts), self.run, cuts));
            // The middle of the last step may lie behind the last value.
            let last = self.mean().last().map_or(0.0, |point| point.0);
            points.retain(|point| point.0 < last || last <= 0.0);
            points.extend(self.mean().last().filter(|_| last > 0.0));
            return points;
        }
        for (at, value) in self.mean().skip(1) {
            let (before, old) = points[points.len() - 1];
            let cut = cuts.iter().copied().filter(|cut| *cut > before && *cut <= at).reduce(f64::min);
            points.extend(cut.into_iter().flat_map(|cut| [(cut, old), (cut, value)]));
            points.push((at, value));
        }
        points
    }

    /// How many things an interval counted in which anything was counted, all replications together.
    fn crowd(&self) -> Option<f64> {
        let counted = self.series.mean.iter().filter(|value| **value > 0.0);
        let (sum, intervals) = counted.fold((0.0, 0), |(sum, intervals), value| (sum + value, intervals + 1));
        (intervals > 0).then(|| sum / count(intervals) * f64::from(self.run.replications))
    }
}

/// The line through the middles of steps, upright where one of the `cuts` parts two of them.
pub(super) fn through(steps: &[Step], run: &RunInfo, cuts: &[f64]) -> Vec<(f64, f64)> {
    let cuts: Vec<usize> = cuts.iter().map(|cut| run.place(*cut)).collect();
    let is_cut = |at: f64| cuts.contains(&run.place(at));
    let mut points = Vec::new();
    for (index, &Step { from, to, value }) in steps.iter().enumerate() {
        points.extend((index > 0 && is_cut(from)).then_some((from, value)));
        points.push((f64::midpoint(from, to), value));
        points.extend((index + 1 < steps.len() && is_cut(to)).then_some((to, value)));
    }
    points
}

/// When something happens to a pipeline that steps must not straddle, in seconds: the edges of its faults, and other
/// changes.
pub(super) fn cuts(report: &Report, case: usize, pipeline: usize) -> Vec<f64> {
    let faults = report.cases.get(case).into_iter().flat_map(|case| case.faults.iter().chain(&case.changes));
    let faults = faults.filter(|fault| fault.pipelines.contains(&pipeline));
    faults.flat_map(|fault| [fault.from_s, fault.to_s]).collect()
}

/// The same and the jumps of the traffic, which steps of arrivals must not straddle: a spike has its true height.
pub(super) fn cuts_of_arrivals(report: &Report, case: usize, pipeline: usize) -> Vec<f64> {
    let mut cuts = cuts(report, case, pipeline);
    let jumps = report.cases.get(case).map_or(&[][..], |case| &case.jumps);
    cuts.extend(jumps.iter().chain([&report.run.duration_s]));
    // What comes at an instant is counted in the interval that begins there.
    let instants = jumps.windows(2).filter(|pair| pair[0] >= pair[1]);
    cuts.extend(instants.map(|pair| pair[0] + report.run.sample_s));
    cuts
}

/// So many things counted together are enough: their number is then right within a tenth or so.
const CROWD: f64 = 100.0;
/// Steps wider than this, in pixels, would hide more than they show.
const WIDEST: f64 = 8.0;
/// How many intervals are put together, if that makes a length of time that nobody wonders about.
const TOGETHER: [usize; 14] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 24, 30, 60, 120];

/// Whether a minute or an hour is a whole number of such steps, or they are whole hours.
fn is_round(step_s: f64) -> bool {
    let whole = |number: f64| (number - number.round()).abs() < 1e-9;
    if step_s < 60.0 {
        whole(60.0 / step_s)
    } else if step_s < 3600.0 {
        whole(step_s / 60.0) && whole(3600.0 / step_s)
    } else {
        whole(step_s / 3600.0)
    }
}

/// How many intervals of counts to draw as one, so that a line shows what goes on and not by what chance few things fall
/// into one interval and not the next: no more than necessary, and less than `WIDEST` on a panel of that width.
pub(super) fn together(lines: &[Line<'_>], panel_width: f64, length_s: f64) -> usize {
    together_within(WIDEST, lines, panel_width, length_s)
}

/// The same for steps that are at most so many pixels wide.
pub(super) fn together_within(widest: f64, lines: &[Line<'_>], panel_width: f64, length_s: f64) -> usize {
    let crowd = lines.iter().filter_map(Line::crowd).fold(f64::INFINITY, f64::min);
    let Some(sample_s) = lines.first().map(|line| line.run.sample_s).filter(|sample| *sample > 0.0) else { return 1 };
    let most = (widest / (panel_width * sample_s / length_s)).max(1.0);
    let is_fitting = |together: &usize| *together == 1 || is_round(count(*together) * sample_s);
    let fitting = || TOGETHER.into_iter().take_while(|together| count(*together) <= most).filter(is_fitting);
    fitting().find(|together| count(*together) * crowd >= CROWD).or(fitting().last()).unwrap_or(1)
}

/// What a note says about how long a step is over which something is counted.
pub(super) fn means(lines: &[Line<'_>], together: usize) -> String {
    let step = lines.first().map(|line| line.run.grid(together));
    step.map_or(String::new(), |step| format!(", means over {}", human::seconds(step)))
}

/// The same of what is looked at now and then, which is not seen between two samples.
pub(super) fn samples(lines: &[Line<'_>], together: usize) -> String {
    let Some(line) = lines.first() else { return String::new() };
    let every = each(line.run.sample_s);
    if together > 1 {
        format!("{}, sampled every {every}", means(lines, together))
    } else {
        format!(", sampled every {every}")
    }
}

/// What stands after `every` or `per`: `minute`, `10 s`.
pub(super) fn each(seconds: f64) -> String {
    let length = human::seconds(seconds);
    length.strip_prefix("1 ").map_or(length.clone(), |unit| ticks::unit_name(unit).to_owned())
}

#[allow(clippy::cast_precision_loss, reason = "a number of samples")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::report::Series;

    fn counts(replications: u32, mean: Vec<f64>) -> (RunInfo, Series) {
        let report = fixture::video();
        let run = RunInfo { sample_s: 10.0, replications, ..report.run.clone() };
        (run, Series { mean, ..report.cells[0].series[0].clone() })
    }

    #[test]
    fn steps_hold_as_much_as_the_intervals_they_are_made_of() {
        let (run, series) = counts(1, vec![1.0, 2.0, 6.0, 3.0, 8.0]);
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        let expected = [Step { from: 0.0, to: 30.0, value: 3.0 }, Step { from: 30.0, to: 50.0, value: 5.5 }];
        assert_eq!(line.steps(3, &[]), expected);
        let singles: Vec<f64> = line.steps(1, &[]).iter().map(|step| step.value).collect();
        assert_eq!(singles, series.mean);
    }

    #[test]
    fn no_step_straddles_the_edge_of_a_fault_and_a_short_rest_joins_the_step_before_it() {
        let (run, series) = counts(1, vec![1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 5.0, 5.0]);
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        let told = |cuts: &[f64]| line.steps(3, cuts).iter().map(|step| (step.from, step.to)).collect::<Vec<_>>();
        assert_eq!(told(&[]), [(0.0, 30.0), (30.0, 60.0), (60.0, 90.0)]);
        assert_eq!(told(&[30.0, 70.0]), [(0.0, 30.0), (30.0, 70.0), (70.0, 90.0)]);
        assert_eq!(told(&[61.0, 500.0]), [(0.0, 30.0), (30.0, 70.0), (70.0, 90.0)]);
        let upright = [(15.0, 1.0), (30.0, 1.0), (30.0, 9.0), (50.0, 9.0), (70.0, 9.0), (70.0, 5.0), (80.0, 5.0)];
        assert_eq!(line.smooth(3, &[30.0, 70.0])[1..], upright);
    }

    #[test]
    fn a_smooth_line_goes_through_the_middles_of_its_steps() {
        let (run, series) = counts(1, vec![1.0, 2.0, 6.0, 3.0, 8.0]);
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        assert_eq!(line.smooth(1, &[]), line.mean().collect::<Vec<_>>());
        assert_eq!(line.smooth(4, &[]), [(0.0, 1.0), (25.0, 4.0), (40.0, 8.0)]);
        assert_eq!(
            line.smooth(3, &[]),
            [(0.0, 1.0), (15.0, 3.0), (40.0, 8.0)],
            "the last value, however short its step"
        );
    }

    #[test]
    fn a_line_through_every_value_is_upright_where_a_fault_begins() {
        let (run, series) = counts(1, vec![4.0, 4.0, 0.0, 3.0]);
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        let upright = [(0.0, 4.0), (10.0, 4.0), (17.0, 4.0), (17.0, 0.0), (20.0, 0.0), (30.0, 3.0)];
        assert_eq!(line.smooth(1, &[17.0, 99.0]), upright);
    }

    #[test]
    fn what_arrives_is_parted_at_the_edges_of_a_spike_and_around_an_instant() {
        let mut report = fixture::video();
        report.cases[0].jumps = vec![60.0, 120.0, 300.0, 300.0];
        report.run.sample_s = 10.0;
        report.run.duration_s = 900.0;
        assert_eq!(cuts_of_arrivals(&report, 0, 0), [60.0, 120.0, 300.0, 300.0, 900.0, 310.0]);
        assert!(cuts(&report, 0, 0).is_empty());
    }

    #[test]
    fn an_interval_of_one_is_told_by_its_unit_alone() {
        assert_eq!([each(1.0), each(60.0), each(3600.0), each(10.0)], ["second", "minute", "hour", "10 s"]);
    }

    #[test]
    fn the_fewer_are_counted_the_more_intervals_are_drawn_as_one_as_far_as_there_is_room() {
        let together = |replications, each, intervals: u32| {
            let (run, series) = counts(replications, vec![each; intervals as usize]);
            let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
            together(&[line], 350.0, 10.0 * f64::from(intervals))
        };
        assert_eq!(together(10, 10.0, 300), 1, "a hundred are enough");
        assert_eq!(together(10, 2.5, 300), 6, "four intervals would do, and 40 s are no part of a minute");
        assert_eq!(together(1, 0.1, 3000), 60, "eight pixels at most");
        assert_eq!(together(1, 0.1, 30), 1, "one interval is wider than that");
        assert_eq!(together(1, 0.0, 300), 1, "nothing was counted");
    }
}
