//! The time series that charts draw: which line belongs to whom, and when it stops saying anything.

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

    /// The last moment before the first change, in seconds, if there is one.
    fn first_change(&self) -> Option<f64> {
        let Series { mean, high, low, .. } = self.series;
        let changed = |values: &[f64]| values.windows(2).position(|pair| (pair[1] - pair[0]).abs() > 1e-9);
        [mean, high, low].into_iter().filter_map(|values| changed(values)).min().map(|index| self.run.grid(index))
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

/// The part of a run that an axis of time shows, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Where it begins.
    pub from_s: f64,
    /// Where it ends.
    pub to_s: f64,
}

impl Span {
    /// What there is to see in a case, the same in every chart: to a little after the last change, so that a picture does
    /// not spend its width on hours in which nothing happens, and from a little before the first one, if that comes late.
    pub(super) fn of_case(report: &Report, case: usize) -> Self {
        let cells = report.cells.iter().filter(|cell| cell.case == case);
        let lines = cells.flat_map(|cell| {
            let drawn = cell.series.iter().filter(|series| DRAWN.contains(&series.metric) && !series.mean.is_empty());
            drawn.map(|series| Line { case, pipeline: cell.pipeline, series, run: &report.run })
        });
        let lines: Vec<Line<'_>> = lines.collect();
        let backlog = lines.iter().filter(|line| line.series.node.is_none() && line.series.metric == BACKLOG);
        let to_s = backlog.filter_map(stays_until).fold(end_of_change(&lines), f64::max);
        let info = report.cases.get(case);
        let planned =
            info.into_iter().flat_map(|case| case.faults.iter().chain(&case.changes)).map(|fault| fault.from_s);
        let first = lines.iter().filter_map(Line::first_change).chain(planned).fold(to_s, f64::min);
        let from_s = if first > LATE * to_s { first - 0.1 * (to_s - first) } else { 0.0 };
        Self { from_s, to_s }
    }

    /// How long it is.
    pub(super) fn length(self) -> f64 {
        self.to_s - self.from_s
    }
}

/// The share of a run after which a first change comes late.
const LATE: f64 = 0.5;

/// What charts draw over time.
const BACKLOG: &str = "backlog";
const DRAWN: [&str; 5] = [BACKLOG, "arrivals", "completions", "busy", "workers"];

/// A little after the last change of any line: that nothing more happens can be seen.
fn end_of_change(lines: &[Line<'_>]) -> f64 {
    let end = lines.iter().map(Line::end).fold(0.0, f64::max);
    let change = lines.iter().map(Line::last_change).fold(0.0, f64::max);
    if change > 0.0 { (change * 1.04).min(end.max(change * 1.015)) } else { end }
}

/// When a line ends that has not come down to nothing by then: a picture that stopped where it stopped changing would
/// look as if it went on falling.
fn stays_until(line: &Line<'_>) -> Option<f64> {
    line.series.mean.last().filter(|left| **left > 0.0).map(|_| line.end())
}

/// A line that stays as it is to the end of the axis of time, where a run that has settled before the others has no more
/// to tell.
pub(super) fn to_the_end(mut points: Vec<(f64, f64)>, end_s: f64) -> Vec<(f64, f64)> {
    let last = points.last().filter(|(at, _)| *at < end_s).map(|(_, value)| (end_s, *value));
    points.extend(last);
    points
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

    #[test]
    fn an_axis_begins_a_little_before_a_first_change_that_comes_late() {
        let mut report = fixture::video();
        report.cells.iter_mut().for_each(|cell| cell.series.retain(|series| series.metric == BACKLOG));
        let mut begin = |first: usize| {
            for series in report.cells.iter_mut().flat_map(|cell| &mut cell.series) {
                series.mean = vec![0.0; 101];
                series.mean[first..100].fill(3.0);
                (series.low, series.high) = (series.mean.clone(), series.mean.clone());
            }
            Span::of_case(&report, 0)
        };
        assert_eq!(begin(20).from_s, 0.0);
        let Span { from_s, to_s } = begin(81);
        let first = 80.0 * report.run.sample_s;
        assert!(from_s < first && from_s > 0.9 * first && to_s > first, "{from_s} {to_s}");
    }

    #[test]
    fn a_backlog_that_stays_is_shown_to_its_end() {
        let report = fixture::video();
        let mut series = report.cells[0].series[0].clone();
        series.mean = vec![0.0, 120.0, 120.0, 120.0];
        let left = |series: &Series| stays_until(&Line { case: 0, pipeline: 0, series, run: &report.run });
        assert_eq!(left(&series), Some(3.0 * report.run.sample_s));
        series.mean[3] = 0.0;
        assert_eq!(left(&series), None);
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
