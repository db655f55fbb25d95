//! Latency as a complementary cumulative distribution: which share of the jobs takes longer than a time. Both axes are
//! logarithmic, so that the slowest job in a thousand is as visible as the median.

use super::axis::Axis;
use super::facets::f64_of;
use super::labels::{self, Wanted};
use super::page::{Align, Frame, LEFT, Page, Panel, RIGHT, Style};
use super::scene::{Ink, Pen};
use super::{Sketch, caption, facets, page, text, theme, ticks};
use crate::report::human;
use crate::report::{Cell, Fate, Report};

/// The curve of one pipeline under one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Index of the case.
    pub case: usize,
    /// Index of the pipeline.
    pub pipeline: usize,
    /// Jobs sent, all replications together.
    pub sent: f64,
    /// Share of the jobs sent that were never done: the curve levels off there.
    pub never: f64,
    /// Latency in seconds (an edge of a bucket) and the share of the jobs sent that take longer, falling.
    pub points: Vec<(f64, f64)>,
}

/// The numbers this chart draws: the latency buckets summed from above, over the jobs sent. One curve for each
/// pipeline and case with jobs.
pub fn data(report: &Report) -> Vec<Curve> {
    report.cells.iter().filter_map(curve).collect()
}

fn curve(cell: &Cell) -> Option<Curve> {
    let counted: u64 = cell.latency.iter().map(|bucket| bucket.count).sum();
    let fates = cell.fates.iter().map(|fate| fate.mean * f64::from(fate.replications)).sum::<f64>();
    // Fates are means over replications: their product with the number of them is whole but for rounding.
    let done = jobs(counted);
    let sent = fates.max(done);
    if sent <= 0.0 {
        return None;
    }
    let never = if sent - done < 0.5 { 0.0 } else { (sent - done) / sent };
    let mut longer = done;
    let mut points = Vec::new();
    for bucket in cell.latency.iter().filter(|bucket| bucket.count > 0) {
        points.push((bucket.low_s, never + longer / sent));
        longer -= jobs(bucket.count);
        points.push((bucket.high_s, never + longer.max(0.0) / sent));
    }
    points.dedup();
    Some(Curve { case: cell.case, pipeline: cell.pipeline, sent, never, points })
}

#[allow(clippy::cast_precision_loss, reason = "a number of jobs, far below 2^53")]
fn jobs(count: u64) -> f64 {
    count as f64
}

/// Draws the chart; `None` when no job was done anywhere.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let curves = data(report);
    times(&curves, report.run.objective_s)?;
    let objective = report.run.objective_s.map_or("", |_| " The dashed vertical line is the objective.");
    let is_twice = |cell: &Cell| cell.fates.get(Fate::DoneTwice as usize).is_some_and(|jobs| jobs.mean > 0.0);
    let twice = if report.cells.iter().any(is_twice) { " A job done twice counts by the first time." } else { "" };
    let explanation = format!(
        "Share of all jobs sent that take longer than a time; both scales are logarithmic. The lower the better: a \
         curve that reaches the floor has got every job done, one that goes on to the right edge has not.{twice}{objective}"
    );
    let words = ["Latency: how many jobs take longer?", &explanation, caption::TOGETHER];
    let cases: Vec<usize> =
        (0..report.cases.len()).filter(|case| curves.iter().any(|curve| curve.case == *case)).collect();
    Some(page::compose(report, words, |page| {
        let columns = if cases.len() == 4 { 2 } else { cases.len().clamp(1, 3) };
        for row in cases.chunks(columns) {
            draw_row(page, report, &curves, row, columns);
        }
    }))
}

/// The first and the last time on the axis: those of all jobs done, and the objective, with room beside it.
fn times(curves: &[Curve], objective: Option<f64>) -> Option<(f64, f64)> {
    let edges = || curves.iter().flat_map(|curve| &curve.points).map(|(at, _)| *at).filter(|at| at.is_finite());
    let high = edges().fold(f64::NEG_INFINITY, f64::max);
    let low = edges().filter(|at| *at > 0.0).fold(f64::INFINITY, f64::min);
    let objective = objective.filter(|at| at.is_finite() && *at > 0.0).unwrap_or(high);
    let widened = (low.min(objective / ROOM), high.max(objective) * ROOM);
    (high > 0.0).then_some(widened).map(|(low, high)| (low.max(high * 1e-9), high))
}

/// How much longer the axis of time is than the longest time on it.
const ROOM: f64 = 1.15;

/// The lowest share on the axis: the power of ten below one job in all of them; where every curve levels off, a power of
/// ten below the lowest of them, for there is nothing to be seen further down.
fn floor(curves: &[Curve]) -> f64 {
    let most = curves.iter().map(|curve| curve.sent).fold(1.0, f64::max);
    let one_job = libm::exp10(-libm::ceil(libm::log10(most)));
    let lowest = curves.iter().map(|curve| curve.never).fold(1.0, f64::min);
    if lowest > 0.0 { one_job.max(libm::exp10(libm::floor(libm::log10(lowest / 2.0)))) } else { one_job }
}

const GUTTER: f64 = 68.0;
const GAP: f64 = 36.0;
/// Room right of a panel for the shares that were never done, if there are any.
const NEVER: f64 = 80.0;

fn draw_row(page: &mut Page<'_>, report: &Report, curves: &[Curve], cases: &[usize], columns: usize) {
    let Some((low, high)) = times(curves, report.run.objective_s) else { return };
    let never = if curves.iter().any(|curve| curve.never > 0.0) { NEVER } else { 0.0 };
    let width = (RIGHT - LEFT - GUTTER - never - (GAP + never) * f64_of(columns - 1)) / f64_of(columns);
    let names = cases.iter().any(|case| facets::case_label(report, *case).is_some());
    let top = page.top + if names { 48.0 } else { 26.0 };
    let height = if columns == 1 { 420.0 } else { 340.0 };
    for (column, &case) in cases.iter().enumerate() {
        let left = LEFT + GUTTER + f64_of(column) * (width + GAP + never);
        let frame = Frame { left, top, right: left + width, bottom: top + height };
        heading(page, report, case, frame);
        let fits = |axis: &Axis| labels_fit(axis, width);
        let shares = Axis::log_shares(floor(curves), 9);
        let panel = page.panel(frame, Axis::log_times(low, high, fits), shares);
        panel.grid(page);
        if column == 0 {
            panel.side(page);
        }
        let limit = objective(page, &panel, report);
        let here: Vec<&Curve> = curves.iter().filter(|curve| curve.case == case).collect();
        draw_curves(page, &panel, report, &here, &limit);
        draw_never(page, &panel, &here);
        panel.foot(page, true);
    }
    page.top = top + height + 44.0;
}

fn labels_fit(axis: &Axis, width: f64) -> bool {
    axis.ticks.windows(2).all(|pair| {
        let apart = (axis.position(pair[1].at) - axis.position(pair[0].at)) * width;
        let words = |label: &str| Style::SMALL.width(label) / 2.0;
        apart >= words(&pair[0].label) + words(&pair[1].label) + 12.0
    })
}

fn heading(page: &Page<'_>, report: &Report, case: usize, frame: Frame) {
    let Some(label) = facets::case_label(report, case) else { return };
    let style = Style { size: theme::HEADING, ..Style::NAME };
    let name = style.shorten(&label, frame.width());
    page.words(&name, frame.left, frame.top - 30.0, style);
}

/// The objective as a vertical line; gives back where it is, so that names keep off it.
fn objective(page: &Page<'_>, panel: &Panel<'_>, report: &Report) -> Vec<(f64, f64)> {
    let within = |at: &f64| *at >= panel.x.low && *at <= panel.x.high;
    let Some(objective) = report.run.objective_s.filter(within) else { return Vec::new() };
    let Frame { left, top, right, bottom } = panel.frame;
    let (x, _) = panel.place(objective, 1.0);
    page.line(&[(x, top - 4.0), (x, bottom)], Pen::solid(Ink::solid(theme::OBJECTIVE), 1.3).dashed(&[50, 35]));
    let style = Style::SMALL.in_colour(theme::OBJECTIVE).aligned(Align::Centre);
    let label = format!("objective {}", human::seconds(objective));
    let half = style.width(&label) / 2.0;
    // What stands beyond the right end is a heading of its own.
    page.words(&label, x.clamp(left + half, right - half - 10.0), top - 9.0, style);
    vec![(x, top), (x, bottom)]
}

fn draw_curves(page: &Page<'_>, panel: &Panel<'_>, report: &Report, curves: &[&Curve], limit: &[(f64, f64)]) {
    let mut wanted = Vec::new();
    let mut names = Vec::new();
    for curve in curves {
        let line = extended(curve, panel);
        let hue = theme::hue(curve.pipeline);
        panel.curve(line.clone(), Pen::solid(Ink::solid(hue.line), 2.2).dashed(hue.dash));
        let name = report.pipelines.get(curve.pipeline).map_or(String::new(), |pipeline| text::clean(&pipeline.name));
        let name = Style::NAME.shorten(&name, panel.frame.width() * 0.4);
        let places = line.iter().map(|(at, share)| panel.place(*at, *share)).collect();
        wanted.push(Wanted { line: places, width: Style::NAME.width(&name) });
        names.push((name, hue));
    }
    for ((name, hue), place) in names.iter().zip(labels::place(panel.frame, &wanted, limit)) {
        let Some(place) = place else { continue };
        if let Some([from, to]) = place.leader {
            page.line(&[from, to], Pen::solid(Ink::solid(hue.line), 1.0));
            page.dot(from, 2.6, hue.line);
        }
        page.words_beside(name, place.left, place.middle, Style::NAME.in_colour(hue.text).with_rim());
    }
}

/// Right of the panel, where the curves of jobs never done end: how many those are.
fn draw_never(page: &Page<'_>, panel: &Panel<'_>, curves: &[&Curve]) {
    let mut ends: Vec<(f64, &Curve)> = Vec::new();
    for curve in curves.iter().filter(|curve| curve.never > 0.0) {
        let (_, y) = panel.place(panel.x.high, curve.never);
        ends.push((y, curve));
    }
    if ends.is_empty() {
        return;
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Frame { right, top, bottom, .. } = panel.frame;
    page.words("never done", right + 8.0, top - 9.0, Style::SMALL);
    let middles = labels::spread(ends.iter().map(|(y, _)| *y), 17.0, top + 4.0, bottom - 4.0);
    for ((y, curve), middle) in ends.iter().zip(middles) {
        let hue = theme::hue(curve.pipeline);
        page.line(&[(right + 1.0, *y), (right + 9.0, middle)], Pen::solid(Ink::solid(hue.line), 1.2));
        let style = Style { weight: text::Weight::Strong, ..Style::SMALL }.in_colour(hue.text);
        page.words_beside(&ticks::percent(curve.never), right + 13.0, middle, style);
    }
}

/// The curve from the left edge of the panel; to the floor if every job was done, else to the right edge.
fn extended(curve: &Curve, panel: &Panel<'_>) -> Vec<(f64, f64)> {
    let mut line = vec![(panel.x.low, 1.0)];
    line.extend(curve.points.iter().copied());
    if curve.never > 0.0 {
        line.push((panel.x.high, curve.never));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::report::LatencyBucket;

    #[test]
    fn a_curve_falls_from_all_jobs_to_those_never_done() {
        for curve in data(&fixture::video()) {
            assert!(curve.points.windows(2).all(|pair| pair[1].1 <= pair[0].1 && pair[1].0 >= pair[0].0));
            assert!((curve.points[0].1 - 1.0).abs() < 1e-9, "{curve:?}");
            assert!((curve.points.last().map_or(0.0, |last| last.1) - curve.never).abs() < 1e-9);
        }
    }

    #[test]
    fn jobs_never_done_count_as_longer_than_any_time() {
        let mut cell = fixture::video().cells[0].clone();
        cell.latency = vec![LatencyBucket { low_s: 1.0, high_s: 2.0, count: 30 }];
        for (index, fate) in cell.fates.iter_mut().enumerate() {
            fate.mean = if index == 0 || index == 3 { 3.0 } else { 0.0 };
            fate.replications = 10;
        }
        let curve = curve(&cell).expect("jobs were sent");
        assert_eq!(curve.points, [(1.0, 1.0), (2.0, 0.5)]);
        assert!((curve.never - 0.5).abs() < 1e-12 && (curve.sent - 60.0).abs() < 1e-9);
    }

    #[test]
    fn the_objective_is_on_the_axis_and_never_at_its_end() {
        let mut curve = curve(&fixture::video().cells[0]).expect("jobs were sent");
        curve.points = vec![(1.0, 1.0), (20.0, 0.0)];
        for objective in [0.2, 1.0, 20.0, 3600.0] {
            let (low, high) = times(std::slice::from_ref(&curve), Some(objective)).expect("jobs were done");
            assert!(low < objective && objective < high && low <= 1.0 && high > 20.0, "{objective}: {low} to {high}");
        }
    }

    #[test]
    fn where_every_curve_levels_off_the_axis_ends_below_the_lowest() {
        let mut curves = data(&fixture::video());
        for curve in &mut curves {
            (curve.sent, curve.never) = (1e6, 0.3);
        }
        curves[1].never = 0.031;
        assert!((floor(&curves) - 0.01).abs() < 1e-12);
        curves[2].never = 0.0;
        assert!((floor(&curves) - 1e-6).abs() < 1e-12, "one job in a million is worth a look there");
    }

    #[test]
    fn without_any_job_done_there_is_no_such_chart() {
        let mut report = fixture::video();
        report.cells.iter_mut().for_each(|cell| cell.latency.clear());
        assert!(sketch(&report).is_none());
    }
}
