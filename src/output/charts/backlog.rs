//! Backlog over time: how much work has come in and is not settled yet, and how long a spike is felt.

use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan};
use super::page::{Align, Frame, Page, Style};
use super::scene::{Ink, Pen};
use super::series::{self, Line, Span};
use super::{Sketch, caption, page, steps, text, theme};
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
        "one pipeline in colour (line: mean; dot: where the mean is highest), what others do in grey"
    } else {
        "their mean, with a dot where it is highest"
    };
    // The peaks of replications do not come at the same moment, nor when a sample is taken.
    let worst = if data.backlog.iter().any(|line| Peak::of(&data, line).is_some_and(|peak| peak.is_apart)) {
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
    let top = top(data, &lines);
    // Never logarithmic, however small one design's backlog is beside another's: a backlog that is worked off at an even
    // pace has to look like it.
    let values = Axis::amounts(top, HEADROOM / height, Scale::Linear, 5);
    let mut note = format!("jobs{}", steps::samples(&lines, 1));
    if let Some(line) = arrivals.first() {
        let interval = steps::each(if line.series.unit == "1/s" { 1.0 } else { line.run.sample_s });
        note = format!("{note} · below: arrivals per {interval}");
    }
    let plan = Plan {
        pipelines: lines.iter().map(|line| line.pipeline).collect(),
        note,
        height,
        below: if arrivals.is_empty() { 0.0 } else { 58.0 },
        shared_time: !arrivals.is_empty(),
        span: Span::of_case(report, case),
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

/// The highest value that is drawn in a case.
fn top(data: &Data<'_>, lines: &[Line<'_>]) -> f64 {
    let worst = data.worst.iter().filter(|(case, ..)| lines.iter().any(|line| line.case == *case));
    lines.iter().map(Line::top).chain(worst.map(|(.., worst)| worst.mean)).fold(0.0, f64::max)
}

/// The worst backlog of a line's pipeline.
struct Peak {
    worst: Estimate,
    /// Whether it lies so far above the highest point of the line that it can be seen.
    is_apart: bool,
    /// Whether it is another number, seen or not.
    is_other: bool,
}

/// A dotted line nearer than this to the highest point, as a share of the axis, would say nothing.
const APART: f64 = 0.015;

impl Peak {
    fn of(data: &Data<'_>, line: &Line<'_>) -> Option<Self> {
        let own = data.worst.iter().find(|(case, pipeline, _)| (*case, *pipeline) == (line.case, line.pipeline));
        let &(.., worst) = own?;
        let axis = top(data, &series::of_case(&data.backlog, line.case));
        let above = worst.mean - line.highest();
        Some(Self { worst, is_apart: above > APART * axis, is_other: above > 0.1 * worst.mean })
    }

    /// An amount with the digits of the figure in the table.
    fn figure(&self, amount: f64) -> String {
        Figure::of(&Estimate { mean: amount, ..self.worst }, "jobs").value
    }
}

fn draw_facet(page: &Page<'_>, facet: &Facet<'_>, data: &Data<'_>, lines: &[Line<'_>]) {
    let panel = &facet.panel;
    let end_s = panel.x.high;
    for other in lines.iter().filter(|line| line.pipeline != facet.pipeline) {
        panel.background(series::to_the_end(other.mean().collect(), end_s), Pen::solid(theme::OTHERS, 1.1));
    }
    let Some(line) = lines.iter().find(|line| line.pipeline == facet.pipeline) else { return };
    let pen = facets::pen(line.pipeline);
    if line.has_band() {
        panel.between(line.high(), line.low(), Ink::pale(pen.ink.rgb, theme::BAND_PERCENT));
    }
    panel.curve(series::to_the_end(line.mean().collect(), end_s), pen);
    let Some((at, top)) = line.peak().filter(|(_, top)| *top > 0.0) else {
        return facet.say(page, "no jobs were under way");
    };
    let (x, y) = panel.place(at, top);
    let strong = Style { weight: text::Weight::Strong, ..Style::SMALL };
    let style = strong.in_colour(theme::hue(line.pipeline).text).with_rim();
    let peak = Peak::of(data, line);
    // Where the two cannot be told apart, the figure is that of the table.
    let mut label = match &peak {
        Some(peak) if peak.is_apart => peak.figure(top),
        Some(peak) if peak.is_other => format!("{}, worst {}", peak.figure(top), peak.figure(peak.worst.mean)),
        Some(peak) => peak.figure(peak.worst.mean),
        None => human::jobs(top),
    };
    let mut base = y;
    if let Some(peak) = peak.filter(|peak| peak.is_apart) {
        let (_, height) = panel.place(at, peak.worst.mean);
        let Frame { left, right, .. } = panel.frame;
        page.line(&[(left, height), (right, height)], Pen { dash: &[10, 25], width: 10, ..pen });
        let words = format!("worst {}", peak.figure(peak.worst.mean));
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
    use crate::report::SummaryMetric;

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
