//! Backlog over time: how much work has come in and is not settled yet, and how long a spike is felt.

use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan};
use super::page::{Frame, Page, Style};
use super::scene::{Ink, Pen};
use super::series::{self, Line};
use super::{Sketch, caption, page, text, theme, ticks};
use crate::report::Report;

/// The lines this chart draws.
#[derive(Debug, Clone)]
pub struct Data<'a> {
    /// Jobs in the system, per case and pipeline.
    pub backlog: Vec<Line<'a>>,
    /// Jobs that arrive in each interval, per case and pipeline.
    pub arrivals: Vec<Line<'a>>,
}

/// The numbers this chart draws: those of the report, unchanged.
pub fn data(report: &Report) -> Data<'_> {
    Data { backlog: series::of_pipelines(report, "backlog"), arrivals: series::of_pipelines(report, "arrivals") }
}

/// Draws the chart; `None` without a backlog series.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let data = data(report);
    if data.backlog.is_empty() {
        return None;
    }
    let explanation = "Jobs that have arrived and are not settled yet. Each panel shows one pipeline in colour \
                       (line: mean, dot: its highest point) and the others in grey behind it.";
    let words = ["Backlog over time", explanation, caption::BAND];
    let values = values(&data.backlog);
    Some(page::compose(report, words, |page| {
        for case in 0..report.cases.len() {
            draw_case(page, report, &data, case, &values);
        }
    }))
}

/// One axis for all panels of the chart, so that every two of them can be compared.
fn values(lines: &[Line<'_>]) -> Axis {
    let scale = scale(lines.iter().map(Line::top), 1.0);
    let top = lines.iter().map(Line::top).fold(0.0, f64::max);
    Axis::amounts(top * 1.08, scale, 5)
}

/// Linear, unless panels would differ so much in size that the lower ones would be flat: then linear only up to
/// `knee` and logarithmic above.
pub(super) fn scale(tops: impl Iterator<Item = f64>, knee: f64) -> Scale {
    let (low, high) =
        tops.filter(|top| *top > 0.0).fold((f64::INFINITY, 0.0), |(low, high), top| (top.min(low), top.max(high)));
    if high > 12.0 * low && high > 50.0 * knee { Scale::Symlog { knee } } else { Scale::Linear }
}

/// How a note names the scale.
pub(super) fn scale_note(axis: &Axis) -> String {
    match axis.scale {
        Scale::Symlog { knee } => format!(" (logarithmic above {})", ticks::figure(knee)),
        Scale::Linear | Scale::Log => String::new(),
    }
}

fn draw_case(page: &mut Page<'_>, report: &Report, data: &Data<'_>, case: usize, values: &Axis) {
    let of_case = |lines: &[Line<'_>]| lines.iter().any(|line| line.case == case);
    if !of_case(&data.backlog) {
        return;
    }
    let lines: Vec<Line<'_>> = data.backlog.iter().filter(|line| line.case == case).copied().collect();
    let arrivals: Vec<Line<'_>> = data.arrivals.iter().filter(|line| line.case == case).copied().collect();
    let all: Vec<Line<'_>> = lines.iter().chain(&arrivals).copied().collect();
    let mut note = format!("jobs{}", scale_note(values));
    if !arrivals.is_empty() {
        let unit = if arrivals[0].series.unit == "1/s" {
            "per second".to_owned()
        } else {
            format!("per {}", ticks::duration(report.run.sample_s))
        };
        note.push_str(&format!(" · below: arrivals {unit}"));
    }
    let plan = Plan {
        pipelines: lines.iter().map(|line| line.pipeline).collect(),
        note,
        height: facets::height(report.cases.len(), lines.len()),
        below: if arrivals.is_empty() { 0.0 } else { 58.0 },
        shared_time: !arrivals.is_empty(),
        end_s: series::end_of_change(&all, 0.0),
        values: values.clone(),
    };
    let top = arrivals.iter().map(Line::peak).fold(0.0, |top, peak| peak.map_or(top, |(_, value)| value.max(top)));
    facets::block(page, report, case, &plan, |page, facet| {
        draw_facet(page, facet, &lines);
        if let Some(line) = arrivals.iter().find(|line| line.pipeline == facet.pipeline).or(arrivals.first()) {
            draw_strip(page, facet, line, top);
        }
    });
}

fn draw_facet(page: &Page<'_>, facet: &Facet<'_>, lines: &[Line<'_>]) {
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
    let Some((at, top)) = line.peak().filter(|(_, top)| *top > 0.0) else { return };
    let (x, y) = panel.place(at, top);
    let style =
        Style { weight: text::Weight::Strong, ..Style::SMALL }.in_colour(theme::hue(line.pipeline).text).with_rim();
    page.dot((x, y), 3.0, theme::hue(line.pipeline).line);
    let label = ticks::figure(top);
    let room = style.width(&label) + 8.0;
    let left = if x + room <= panel.frame.right { x + 8.0 } else { x - room };
    page.words_beside(&label, left, (y - 8.0).max(panel.frame.top + 8.0), style);
}

/// What arrives, below the panel on the same axis of time.
fn draw_strip(page: &Page<'_>, facet: &Facet<'_>, line: &Line<'_>, top: f64) {
    let frame = Frame { top: facet.below.top + 26.0, ..facet.below };
    let panel = page.panel(frame, facet.panel.x.clone(), Axis::up_to(top, facet.panel.y.scale));
    facets::steps(&panel, line.mean(), line.sample_s, 1.0);
    if facet.first {
        panel.side(page);
    }
    panel.foot(page, true);
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

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
    fn ten_and_a_thousand_share_one_axis_with_a_knee() {
        assert_eq!(scale([12.0, 1000.0].into_iter(), 1.0), Scale::Symlog { knee: 1.0 });
        assert_eq!(scale([400.0, 1000.0].into_iter(), 1.0), Scale::Linear);
        assert_eq!(scale([0.0, 0.0].into_iter(), 1.0), Scale::Linear);
        assert_eq!(scale([0.1, 3.0].into_iter(), 1.0), Scale::Linear);
    }

    #[test]
    fn a_report_without_series_has_no_such_chart() {
        let mut report = fixture::video();
        report.cells.iter_mut().for_each(|cell| cell.series.clear());
        assert!(sketch(&report).is_none());
    }
}
