//! Arrivals against completions over time: how fast jobs come in, and how fast a design gets them done.

use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan};
use super::page::Page;
use super::series::{self, Line, Span};
use super::{Sketch, caption, page, steps, ticks};
use crate::report::{Report, Series};

/// The lines this chart draws.
#[derive(Debug, Clone)]
pub struct Data<'a> {
    /// Arrivals, per case and pipeline.
    pub arrivals: Vec<Line<'a>>,
    /// Completions, per case and pipeline.
    pub completions: Vec<Line<'a>>,
    /// The unit of the axis: `s`, `min`, `h` or `d`.
    pub unit: &'static str,
    /// The same unit in seconds.
    pub unit_s: f64,
}

impl Data<'_> {
    /// What the values of a line are multiplied by to become rates per [`Data::unit`].
    pub fn factor(&self, line: &Line<'_>) -> f64 {
        per_second(line.series, line.run.sample_s) * self.unit_s
    }
}

const ARRIVALS: &str = "arrivals";

/// The numbers this chart draws: those of the report, times one factor that turns them into a rate of a handy unit.
pub fn data(report: &Report) -> Data<'_> {
    let arrivals = series::of_pipelines(report, ARRIVALS);
    let completions = series::of_pipelines(report, "completions");
    // The pace of the work decides: a spike would choose a unit in which everything else is next to nothing.
    let highest = |lines: &[Line<'_>]| {
        lines.iter().map(|line| line.highest() * per_second(line.series, line.run.sample_s)).fold(0.0, f64::max)
    };
    let top = if highest(&completions) > 0.0 { highest(&completions) } else { highest(&arrivals) };
    let units = [(1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];
    let (length, unit) = units.into_iter().find(|(seconds, _)| top * seconds >= 5.0).unwrap_or(units[1]);
    Data { arrivals, completions, unit, unit_s: length }
}

/// A count per interval becomes a rate by the length of the interval; a rate is one already.
fn per_second(series: &Series, sample_s: f64) -> f64 {
    if series.unit == "1/s" || sample_s <= 0.0 { 1.0 } else { 1.0 / sample_s }
}

/// Draws the chart; `None` without a series of completions.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let data = data(report);
    if data.completions.is_empty() {
        return None;
    }
    let same = if report.pipelines.len() > 1 { ", the same for every pipeline" } else { "" };
    let explanation = format!(
        "Jobs that arrive (grey steps{same}) and jobs that are done (line: mean). Where the grey is higher, jobs pile up or \
         are turned away or lost; where the line is, what has piled up is worked off."
    );
    let words = ["Arrivals against completions", &explanation, caption::MEANS];
    Some(page::compose(report, words, |page| {
        for case in 0..report.cases.len() {
            draw_case(page, report, &data, case);
        }
    }))
}

/// The sizes of lines between which the axis must make both visible: a spike and the pace at which it is worked off.
const RATIO: f64 = 12.0;

/// Where the steps of a line begin anew.
fn cuts(report: &Report, line: &Line<'_>) -> Vec<f64> {
    if line.series.metric == ARRIVALS {
        steps::cuts_of_arrivals(report, line.case, line.pipeline)
    } else {
        steps::cuts(report, line.case, line.pipeline)
    }
}

fn values(report: &Report, data: &Data<'_>, lines: &[Line<'_>], together: usize) -> Axis {
    let tops = || {
        lines.iter().map(|line| {
            let steps = line.steps(together, &cuts(report, line));
            steps.iter().map(|step| step.value).fold(0.0, f64::max) * data.factor(line)
        })
    };
    let lowest = tops().filter(|top| *top > 0.0).fold(f64::INFINITY, f64::min);
    let knee = if lowest.is_finite() { libm::exp10(libm::floor(libm::log10(lowest / 5.0))) } else { 1.0 };
    Axis::amounts(tops().fold(0.0, f64::max), 0.05, Scale::of(tops(), knee, RATIO), 5)
}

fn draw_case(page: &mut Page<'_>, report: &Report, data: &Data<'_>, case: usize) {
    let completions = series::of_case(&data.completions, case);
    let arrivals = series::of_case(&data.arrivals, case);
    if completions.is_empty() {
        return;
    }
    let all: Vec<Line<'_>> = completions.iter().chain(&arrivals).copied().collect();
    let span = Span::of_case(report, case);
    let together = steps::together(&all, facets::width(completions.len()), span.length());
    let values = values(report, data, &all, together);
    let plan = Plan {
        pipelines: completions.iter().map(|line| line.pipeline).collect(),
        note: format!(
            "jobs per {}{}{}",
            ticks::unit_name(data.unit),
            steps::means(&all, together),
            values.scale.note()
        ),
        height: facets::height(report.cases.len(), completions.len()),
        below: 0.0,
        shared_time: false,
        span,
        values,
    };
    facets::block(page, report, case, &plan, |page, facet| {
        let line = arrivals.iter().find(|line| line.pipeline == facet.pipeline).or(arrivals.first());
        let done = completions.iter().find(|line| line.pipeline == facet.pipeline);
        if let Some(line) = line {
            let steps = line.steps(together, &cuts(report, line));
            facets::steps(&facet.panel, &steps, data.factor(line));
        }
        if let Some(line) = done {
            draw_done(facet, line, data.factor(line), (together, &cuts(report, line)));
        }
        if done.is_some_and(|line| line.highest() <= 0.0) {
            facet.say(page, "no job was done");
        }
    });
}

fn draw_done(facet: &Facet<'_>, line: &Line<'_>, factor: f64, (together, cuts): (usize, &[f64])) {
    // A count belongs to the whole step: its point stands in the middle. After the last one nothing is done.
    let steps = line.steps(together, cuts);
    let rates = steps::through(&steps, line.run, cuts).into_iter().map(|(at, value)| (at, value * factor));
    let end = (line.end() + line.run.sample_s, 0.0);
    let points = series::to_the_end(rates.chain([end]).collect(), facet.panel.x.high);
    facet.panel.curve(points, facets::pen(line.pipeline));
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::scene::Mark;
    use super::*;

    #[test]
    fn a_count_per_interval_is_drawn_as_a_rate_in_a_unit_with_readable_numbers() {
        let report = fixture::video();
        let data = data(&report);
        assert_eq!(data.completions.len(), 10);
        assert_eq!(data.unit, "min");
        let factor = data.factor(&data.completions[0]);
        assert!((factor - 60.0 / report.run.sample_s).abs() < 1e-12, "{factor}");
    }

    #[test]
    fn where_nothing_was_done_words_say_so() {
        let mut report = fixture::video();
        let told = |report: &Report| {
            let scene = sketch(report).expect("there are completions").scene;
            let says = |mark: &&Mark| matches!(mark, Mark::Words(words) if words.text == "no job was done");
            scene.marks.iter().filter(says).count()
        };
        assert_eq!(told(&report), 0);
        for series in report.cells[3].series.iter_mut().filter(|series| series.metric == "completions") {
            series.mean.fill(0.0);
        }
        assert_eq!(told(&report), 1);
    }

    #[test]
    fn a_series_that_is_a_rate_already_is_not_divided_again() {
        let mut series = fixture::video().cells[0].series[0].clone();
        series.unit = "1/s";
        assert!((per_second(&series, 15.0) - 1.0).abs() < f64::EPSILON);
        series.unit = "jobs";
        assert!((per_second(&series, 15.0) - 1.0 / 15.0).abs() < f64::EPSILON);
    }
}
