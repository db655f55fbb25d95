//! Backlog over time: how much work has come in and is not settled yet, and how long a spike is felt.

use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan};
use super::page::{Align, Frame, Page, Style};
use super::scene::{Ink, Pen};
use super::series::{self, Line};
use super::{Sketch, caption, page, text, theme};
use crate::report::Report;
use crate::report::human::{self, Figure};
use crate::report::names::BACKLOG_MAX;
use crate::stats::Estimate;

/// The lines this chart draws.
#[derive(Debug, Clone)]
pub struct Data<'a> {
    /// Jobs in the system, per case and pipeline.
    pub backlog: Vec<Line<'a>>,
    /// Jobs that arrive in each interval, per case and pipeline.
    pub arrivals: Vec<Line<'a>>,
    /// The worst backlog of the table, per case and pipeline: the most at one moment, also between two samples.
    pub worst: Vec<(usize, usize, Estimate)>,
}

/// The numbers this chart draws: those of the report, unchanged.
pub fn data(report: &Report) -> Data<'_> {
    let worst = report.cells.iter().filter_map(|cell| {
        let estimate = cell.metric(BACKLOG_MAX)?.estimate?;
        Some((cell.case, cell.pipeline, estimate))
    });
    Data {
        backlog: series::of_pipelines(report, "backlog"),
        arrivals: series::of_pipelines(report, "arrivals"),
        worst: worst.collect(),
    }
}

/// Draws the chart; `None` without a backlog series.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let data = data(report);
    if data.backlog.is_empty() {
        return None;
    }
    let own_axes = if report.cases.len() > 1 { " Each case has its own axes." } else { "" };
    let which = if report.pipelines.len() > 1 {
        "one pipeline in colour (line: mean; dot: where the mean is highest), the others in grey"
    } else {
        "their mean, with a dot where it is highest"
    };
    // The peaks of replications do not come at the same moment, nor when a sample is taken.
    let worst = if data.backlog.iter().any(|line| worst(&data, line).is_some()) {
        " Dotted: the worst backlog, which is the mean of what each replication had at its worst moment."
    } else {
        ""
    };
    let explanation = format!("Jobs that have arrived and are not settled yet: {which}.{worst}{own_axes}");
    let words = ["Backlog over time", &explanation, caption::BAND];
    let widest = (0..report.cases.len()).map(|case| series::of_case(&data.backlog, case).len()).max();
    let height = facets::height(report.cases.len(), widest.unwrap_or(0));
    Some(page::compose(report, words, |page| {
        for case in 0..report.cases.len() {
            draw_case(page, report, &data, case, height);
        }
    }))
}

/// Room for the label of the highest point, in pixels.
const HEADROOM: f64 = 24.0;

fn draw_case(page: &mut Page<'_>, report: &Report, data: &Data<'_>, case: usize, height: f64) {
    let lines = series::of_case(&data.backlog, case);
    let arrivals = series::of_case(&data.arrivals, case);
    if lines.is_empty() {
        return;
    }
    let all: Vec<Line<'_>> = lines.iter().chain(&arrivals).copied().collect();
    let worst_of_all = lines.iter().filter_map(|line| worst(data, line)).map(|worst| worst.mean);
    let top = lines.iter().map(Line::top).chain(worst_of_all).fold(0.0, f64::max);
    // Never logarithmic, however small one design's backlog is beside another's: a backlog that is worked off at an even
    // pace has to look like it.
    let values = Axis::amounts(top, HEADROOM / height, Scale::Linear, 5);
    let mut note = format!("jobs{}", series::samples(&lines, 1));
    if let Some(line) = arrivals.first() {
        let interval = if line.series.unit == "1/s" { "second".to_owned() } else { human::seconds(line.run.sample_s) };
        note = format!("{note} · below: arrivals per {interval}");
    }
    let plan = Plan {
        pipelines: lines.iter().map(|line| line.pipeline).collect(),
        note,
        height,
        below: if arrivals.is_empty() { 0.0 } else { 58.0 },
        shared_time: !arrivals.is_empty(),
        end_s: lines.iter().filter_map(stays_until).fold(series::end_of_change(&all), f64::max),
        values,
    };
    let most = arrivals.iter().map(Line::highest).fold(0.0, f64::max);
    let strip = Axis::up_to(most, Scale::Linear);
    facets::block(page, report, case, &plan, |page, facet| {
        draw_facet(page, facet, data, &lines);
        if let Some(line) = arrivals.iter().find(|line| line.pipeline == facet.pipeline).or(arrivals.first()) {
            draw_strip(page, facet, line, &strip);
        }
    });
}

/// When a line ends that has not come down to nothing by then: a picture that stopped where it stopped changing would
/// look as if it went on falling.
fn stays_until(line: &Line<'_>) -> Option<f64> {
    line.series.mean.last().filter(|left| **left > 0.0).map(|_| line.end())
}

/// The worst backlog of the line's pipeline, where it is not the number at the highest point of the line.
fn worst(data: &Data<'_>, line: &Line<'_>) -> Option<Estimate> {
    let own = data.worst.iter().find(|(case, pipeline, _)| (*case, *pipeline) == (line.case, line.pipeline));
    own.map(|(_, _, worst)| *worst).filter(|worst| human::jobs(line.highest()) != jobs(worst))
}

/// A figure as it stands in the table.
fn jobs(estimate: &Estimate) -> String {
    Figure::of(estimate, "jobs").value
}

fn draw_facet(page: &Page<'_>, facet: &Facet<'_>, data: &Data<'_>, lines: &[Line<'_>]) {
    let panel = &facet.panel;
    for other in lines.iter().filter(|line| line.pipeline != facet.pipeline) {
        panel.background(other.mean().collect(), Pen::solid(theme::OTHERS, 1.1));
    }
    let Some(line) = lines.iter().find(|line| line.pipeline == facet.pipeline) else { return };
    let pen = facets::pen(line.pipeline);
    if line.has_band() {
        panel.between(line.high(), line.low(), Ink::pale(pen.ink.rgb, theme::BAND_PERCENT));
    }
    panel.curve(line.mean().collect(), pen);
    let Some((at, top)) = line.peak().filter(|(_, top)| *top > 0.0) else {
        return facet.say(page, "no jobs were under way");
    };
    let (x, y) = panel.place(at, top);
    let strong = Style { weight: text::Weight::Strong, ..Style::SMALL };
    let style = strong.in_colour(theme::hue(line.pipeline).text).with_rim();
    let mut label = human::jobs(top);
    let mut base = y;
    if let Some(worst) = worst(data, line) {
        let (_, height) = panel.place(at, worst.mean);
        let Frame { left, right, .. } = panel.frame;
        page.line(&[(left, height), (right, height)], Pen { dash: &[10, 25], width: 10, ..pen });
        let words = format!("worst {}", jobs(&worst));
        if (y - height).abs() < 2.0 * style.size {
            label = format!("{label}, {words}");
            base = y.min(height);
        } else {
            // On the side where the line has not its highest point.
            let (end, align) =
                if x > f64::midpoint(left, right) { (left + 4.0, Align::Left) } else { (right, Align::Right) };
            page.words(&words, end, height - 4.0, style.aligned(align));
        }
    }
    page.dot((x, y), 3.0, theme::hue(line.pipeline).line);
    let room = style.width(&label) + 8.0;
    let left = if x + room <= panel.frame.right { x + 8.0 } else { x - room };
    page.words_beside(&label, left, base - 10.0, style);
}

/// What arrives, below the panel on the same axis of time.
fn draw_strip(page: &Page<'_>, facet: &Facet<'_>, line: &Line<'_>, amounts: &Axis) {
    let frame = Frame { top: facet.below.top + 26.0, ..facet.below };
    let panel = page.panel(frame, facet.panel.x.clone(), amounts.clone());
    facets::steps(&panel, &line.steps(1, &[]), 1.0);
    if facet.first {
        panel.side(page);
    }
    panel.foot(page, true);
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::scene::Mark;
    use super::*;
    use crate::report::{Series, SummaryMetric};

    #[test]
    fn the_lines_are_those_of_the_report() {
        let report = fixture::video();
        let data = data(&report);
        assert_eq!(data.backlog.len(), 10);
        let cell = &report.cells[3];
        let line = data.backlog.iter().find(|line| (line.case, line.pipeline) == (cell.case, cell.pipeline));
        assert_eq!(line.map(|line| &line.series.mean), cell.pipeline_series("backlog").map(|series| &series.mean));
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
    fn the_worst_backlog_of_the_table_stands_beside_a_line_that_does_not_reach_it() {
        let mut report = fixture::video();
        let told = |report: &Report| {
            let scene = sketch(report).expect("there is a backlog").scene;
            let says = |mark: &&Mark| matches!(mark, Mark::Words(words) if words.text.ends_with("worst 4321"));
            scene.marks.iter().filter(says).count()
        };
        assert_eq!(told(&report), 0);
        let estimate = Some(Estimate { mean: 4321.0, half_width: Some(2.0), replications: 20 });
        report.cells[6].summary.push(SummaryMetric { name: BACKLOG_MAX.to_owned(), unit: "jobs", estimate });
        assert_eq!(told(&report), 1);
    }

    #[test]
    fn a_report_without_series_has_no_such_chart() {
        let mut report = fixture::video();
        report.cells.iter_mut().for_each(|cell| cell.series.clear());
        assert!(sketch(&report).is_none());
    }
}
