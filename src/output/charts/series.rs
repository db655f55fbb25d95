//! The time series that charts draw: which line belongs to whom, and when it stops saying anything.

use crate::report::human;
use crate::report::{Report, RunInfo, Series};

/// One line over time, as drawn and as in `timeseries.csv`.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Index of the case.
    pub case: usize,
    /// Index of the pipeline.
    pub pipeline: usize,
    /// The values: mean and band, one for each point of the grid.
    pub series: &'a Series,
    /// How the report was run: it has the grid.
    pub run: &'a RunInfo,
}

impl<'a> Line<'a> {
    /// Time in seconds and mean of every sample.
    pub fn mean(&self) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.timed(&self.series.mean)
    }

    /// Time in seconds and lowest replication of every sample.
    pub fn low(&self) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.timed(&self.series.low)
    }

    /// Time in seconds and highest replication of every sample.
    pub fn high(&self) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.timed(&self.series.high)
    }

    /// The highest mean and its time in seconds; the first of several.
    pub fn peak(&self) -> Option<(f64, f64)> {
        self.mean().filter(|(_, value)| value.is_finite()).fold(None, |best, (at, value)| match best {
            Some((_, top)) if top >= value => best,
            _ => Some((at, value)),
        })
    }

    /// The highest mean; 0 without any.
    pub fn highest(&self) -> f64 {
        self.peak().map_or(0.0, |(_, value)| value)
    }

    /// The highest value of the band (or of the mean, where there is none).
    pub fn top(&self) -> f64 {
        let values = self.series.high.iter().chain(&self.series.mean).copied();
        values.filter(|value| value.is_finite()).fold(0.0, f64::max)
    }

    fn timed(&self, values: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        let run = self.run;
        values.iter().enumerate().map(move |(index, value)| (run.grid(index), *value))
    }

    /// Whether the replications differ anywhere, so that there is a band to draw.
    pub fn has_band(&self) -> bool {
        self.series.low.len() == self.series.mean.len()
            && self.series.high.len() == self.series.mean.len()
            && self.series.low != self.series.high
    }

    /// Whether the mean is not always the same.
    pub(super) fn varies(&self) -> bool {
        self.series.mean.windows(2).any(|pair| (pair[1] - pair[0]).abs() > 1e-9)
    }

    /// Time of the last change, in seconds: after it every value is the one before.
    fn last_change(&self) -> f64 {
        let changed = |values: &[f64]| {
            let last = values.len().saturating_sub(1);
            (1..=last).rev().find(|&index| (values[index] - values[index - 1]).abs() > 1e-9).unwrap_or(0)
        };
        let index = changed(&self.series.mean).max(changed(&self.series.high)).max(changed(&self.series.low));
        self.run.grid(index)
    }

    /// Time of the last value, in seconds.
    pub fn end(&self) -> f64 {
        self.run.grid(self.series.mean.len().saturating_sub(1))
    }
}

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
    /// `cuts`; as it is, if every step is a single value.
    pub(super) fn smooth(&self, together: usize, cuts: &[f64]) -> Vec<(f64, f64)> {
        if together <= 1 {
            return self.mean().collect();
        }
        let mut points: Vec<(f64, f64)> = self.mean().next().into_iter().collect();
        points.extend(through(&self.steps(together, cuts), self.run, cuts));
        let before = points.last().map_or(0.0, |point| point.0);
        points.extend(self.mean().last().filter(|point| point.0 > before));
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
pub(super) fn together(lines: &[Line<'_>], panel_width: f64, end_s: f64) -> usize {
    together_within(WIDEST, lines, panel_width, end_s)
}

/// The same for steps that are at most so many pixels wide.
pub(super) fn together_within(widest: f64, lines: &[Line<'_>], panel_width: f64, end_s: f64) -> usize {
    let crowd = lines.iter().filter_map(Line::crowd).fold(f64::INFINITY, f64::min);
    let Some(sample_s) = lines.first().map(|line| line.run.sample_s).filter(|sample| *sample > 0.0) else { return 1 };
    let most = (widest / (panel_width * sample_s / end_s)).max(1.0);
    let is_fitting = |together: &usize| *together == 1 || is_round(count(*together) * sample_s);
    let fitting = || TOGETHER.into_iter().take_while(|together| count(*together) <= most).filter(is_fitting);
    fitting().find(|together| count(*together) * crowd >= CROWD).or(fitting().last()).unwrap_or(1)
}

/// What a note says about how long a step is, if it is longer than an interval of the report.
pub(super) fn means(lines: &[Line<'_>], together: usize) -> String {
    let step = lines.first().filter(|_| together > 1).map(|line| line.run.grid(together));
    step.map_or(String::new(), |step| format!(", means over {}", human::seconds(step)))
}

/// The same of what is looked at now and then, which is not seen between two samples.
pub(super) fn samples(lines: &[Line<'_>], together: usize) -> String {
    let Some(line) = lines.first() else { return String::new() };
    let every = format!("every {}", human::seconds(line.run.sample_s));
    match means(lines, together) {
        means if means.is_empty() => format!(", sampled {every}"),
        means => format!("{means} of samples {every}"),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number of samples")]
fn count(number: usize) -> f64 {
    number as f64
}

/// The series of one metric of every pipeline as a whole, in the order of the cells.
pub fn of_pipelines<'a>(report: &'a Report, metric: &str) -> Vec<Line<'a>> {
    let lines = report.cells.iter().filter_map(|cell| {
        let series = cell.pipeline_series(metric).filter(|series| !series.mean.is_empty())?;
        Some(Line { case: cell.case, pipeline: cell.pipeline, series, run: &report.run })
    });
    lines.collect()
}

/// The lines of one case.
pub(super) fn of_case<'a>(lines: &[Line<'a>], case: usize) -> Vec<Line<'a>> {
    lines.iter().filter(|line| line.case == case).copied().collect()
}

/// Where the axis of time ends, in seconds: a little after the last change of any line, so that a picture does not
/// spend its width on hours in which nothing happens; at most where the longest line ends.
pub(super) fn end_of_change(lines: &[Line<'_>]) -> f64 {
    let end = lines.iter().map(Line::end).fold(0.0, f64::max);
    let change = lines.iter().map(Line::last_change).fold(0.0, f64::max);
    if change > 0.0 { (change * 1.04).min(end) } else { end }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_axis_ends_a_little_after_the_last_change() {
        let report = fixture::video();
        let run = RunInfo { sample_s: 10.0, ..report.run.clone() };
        let mut series = report.cells[0].series[0].clone();
        series.mean = vec![0.0; 1000];
        series.low = series.mean.clone();
        series.high = series.mean.clone();
        series.high[100] = 5.0;
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        assert!((end_of_change(&[line]) - 1010.0 * 1.04).abs() < 1e-9);
        series.high[100] = 0.0;
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        assert!((end_of_change(&[line]) - 9990.0).abs() < 1e-9, "nothing ever changes: all of it");
    }

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
        assert_eq!(line.smooth(3, &[]), [(0.0, 1.0), (15.0, 3.0), (40.0, 5.5)]);
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

    #[test]
    fn the_peak_is_the_first_of_equal_ones() {
        let report = fixture::video();
        let run = RunInfo { sample_s: 2.0, ..report.run.clone() };
        let mut series = report.cells[0].series[0].clone();
        series.mean = vec![1.0, 7.0, 3.0, 7.0, f64::NAN];
        let line = Line { case: 0, pipeline: 0, series: &series, run: &run };
        assert_eq!(line.peak(), Some((2.0, 7.0)));
    }
}
