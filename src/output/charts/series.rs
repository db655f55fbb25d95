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
