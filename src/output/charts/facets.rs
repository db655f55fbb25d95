//! A block per case, and in it one small panel per pipeline: the pipeline in colour, the others in grey behind it.
//!
//! Designs that behave alike would cover each other in one panel; side by side, on the same axes, each can be read
//! and all can be compared.

use super::axis::Axis;
use super::page::{Align, Frame, LEFT, Page, Panel, RIGHT, Style};
use super::scene::{Ink, Pen};
use super::series::Span;
use super::steps::Step;
use super::text::{self, CAP_HEIGHT};
use super::theme;
use crate::report::{FaultBand, Report};

/// Room for the labels of the axis from bottom to top.
const GUTTER: f64 = 58.0;
/// Room between two panels side by side.
const GAP: f64 = 38.0;
/// Room for the name of a pipeline above its panel.
const NAME: f64 = 25.0;
/// Room for one row of names of faults.
const LANE: f64 = 19.0;
/// Room for the labels of the axis of time.
const FOOT: f64 = 24.0;

/// What a block looks like.
pub(super) struct Plan {
    /// The pipelines that have something to show in this case, in their order.
    pub pipelines: Vec<usize>,
    /// What stands beside the name of the case: what is measured, in which unit, on which scale.
    pub note: String,
    /// Height of a panel.
    pub height: f64,
    /// Room below each panel, for a strip or for bars; 0 for none.
    pub below: f64,
    /// Whether the labels of time stand at the foot of what is below, which then shares the axis.
    pub shared_time: bool,
    /// What the axis of time shows.
    pub span: Span,
    /// The axis of values, the same for every panel.
    pub values: Axis,
}

/// A small panel, ready to be drawn into.
pub(super) struct Facet<'a> {
    /// Whose it is.
    pub pipeline: usize,
    /// The panel, with grid and faults but without lines.
    pub panel: Panel<'a>,
    /// The room below it.
    pub below: Frame,
    /// Whether it is the leftmost of its row, which has the labels.
    pub first: bool,
}

impl Facet<'_> {
    /// Says in the middle of the panel why there is nothing to be seen in it.
    pub(super) fn say(&self, page: &Page<'_>, words: &str) {
        let Frame { left, top, right, bottom } = self.panel.frame;
        let (x, y) = (f64::midpoint(left, right), f64::midpoint(top, bottom));
        let style = Style::SMALL.aligned(Align::Centre).with_rim();
        page.words_beside(&style.shorten(words, right - left), x, y, style);
    }
}

/// Panels beside each other for a number of pipelines: rows of equal length where one row would be too narrow.
fn columns(pipelines: usize) -> usize {
    match pipelines {
        0..=5 => pipelines.max(1),
        6 | 9 => 3,
        _ => 4,
    }
}

/// Width of a panel in a block of so many pipelines.
pub(super) fn width(pipelines: usize) -> f64 {
    let columns = columns(pipelines);
    (RIGHT - LEFT - GUTTER - GAP * f64_of(columns - 1)) / f64_of(columns)
}

/// Height of a panel in a chart of so many cases and pipelines: the more rows, the lower.
pub(super) fn height(cases: usize, pipelines: usize) -> f64 {
    match cases * pipelines.div_ceil(columns(pipelines)) {
        0 | 1 => 300.0,
        2 => 215.0,
        3 | 4 => 165.0,
        _ => 125.0,
    }
}

/// The most ticks that fit an axis of time of a panel in a block of so many pipelines.
fn time_ticks(panel_width: f64) -> usize {
    [(900.0, 12), (500.0, 8), (320.0, 6), (230.0, 5)]
        .into_iter()
        .find(|(least, _)| panel_width >= *least)
        .map_or(4, |(_, most)| most)
}

/// The heading of a case and the block below it; moves the page on.
pub(super) fn block<'a>(
    page: &mut Page<'a>,
    report: &Report,
    case: usize,
    plan: &Plan,
    mut paint: impl FnMut(&Page<'a>, &Facet<'a>),
) {
    heading(page, report, case, &plan.note);
    let events = events(report, case, plan.span.to_s);
    let columns = columns(plan.pipelines.len());
    let width = width(plan.pipelines.len());
    let lanes = f64_of(lanes(&events)) * LANE;
    for row in plan.pipelines.chunks(columns) {
        let top = page.top + NAME + lanes;
        for (column, &pipeline) in row.iter().enumerate() {
            let left = LEFT + GUTTER + f64_of(column) * (width + GAP);
            let frame = Frame { left, top, right: left + width, bottom: top + plan.height };
            name(page, report, pipeline, frame.left, page.top, width);
            let time = Axis::clock(plan.span, time_ticks(width));
            let panel = page.panel(frame, time, plan.values.clone());
            // The grid first: a fault of an instant may lie on one of its lines.
            panel.grid(page);
            shade(page, &panel, pipeline, &events);
            let first = column == 0;
            if first {
                panel.side(page);
            }
            let under = frame.bottom + if plan.shared_time { 0.0 } else { FOOT };
            let below = Frame { top: under, bottom: under + plan.below, ..frame };
            // Before the lines: one that lies at nothing is to be seen.
            panel.foot(page, !plan.shared_time);
            paint(page, &Facet { pipeline, panel, below, first });
        }
        page.top = top + plan.height + FOOT + plan.below + 12.0;
    }
    page.top += 6.0;
}

/// A rule, the name of the case and a note beside it.
pub(super) fn heading(page: &mut Page<'_>, report: &Report, case: usize, note: &str) {
    page.line(&[(LEFT, page.top), (RIGHT, page.top)], Pen::solid(theme::GRID, 2.0));
    page.top += 12.0;
    let style = Style { size: theme::HEADING, ..Style::NAME };
    let base = page.top + style.size * CAP_HEIGHT;
    let mut left = LEFT;
    if let Some(label) = case_label(report, case) {
        let name = style.shorten(&label, (RIGHT - LEFT) * 0.4);
        page.words(&name, left, base, style);
        left += style.width(&name) + 14.0;
    }
    page.words(&Style::BODY.shorten(note, RIGHT - left), left, base, Style::BODY);
    page.top = base + 14.0;
}

/// What a panel says it is about, if there is any other: names in a file are often as short as `ten`.
pub(super) fn case_label(report: &Report, case: usize) -> Option<String> {
    let case = report.cases.get(case).filter(|case| report.cases.len() > 1 || case.name != "base")?;
    Some(format!("Case {}", text::clean(&case.name)))
}

fn name(page: &Page<'_>, report: &Report, pipeline: usize, left: f64, top: f64, room: f64) {
    let style = Style::NAME.in_colour(theme::hue(pipeline).text);
    let name = report.pipelines.get(pipeline).map_or(String::new(), |pipeline| text::clean(&pipeline.name));
    page.words(&style.shorten(&name, room), left, top + 4.0 + style.size * CAP_HEIGHT, style);
}

/// What happens at a set time: a fault, or, if not, something that somebody does.
#[derive(Clone, Copy)]
struct Event<'r> {
    band: &'r FaultBand,
    is_fault: bool,
}

/// The events of a case before the end of the axis of time: faults first.
fn events(report: &Report, case: usize, end_s: f64) -> Vec<Event<'_>> {
    let Some(case) = report.cases.get(case) else { return Vec::new() };
    let faults = case.faults.iter().map(|band| Event { band, is_fault: true });
    let changes = case.changes.iter().map(|band| Event { band, is_fault: false });
    faults.chain(changes).filter(|Event { band, .. }| band.from_s < end_s && band.to_s >= band.from_s).collect()
}

/// Rows for the names of events above a panel.
fn lanes(events: &[Event<'_>]) -> usize {
    events.iter().filter(|event| !event.band.label.is_empty()).count().min(2)
}

/// The time of every fault that this pipeline has, shaded, and a dashed line for what else is done to it, with their names
/// in lanes above the panel.
fn shade(page: &Page<'_>, panel: &Panel<'_>, pipeline: usize, events: &[Event<'_>]) {
    let Frame { left: edge, right: end, top, bottom } = panel.frame;
    let mut taken: [Vec<(f64, f64)>; 2] = [Vec::new(), Vec::new()];
    let lanes = lanes(events);
    let mut hidden = 0;
    for Event { band, is_fault } in events.iter().filter(|event| event.band.pipelines.contains(&pipeline)) {
        let colour = if *is_fault { theme::FAULT_TEXT } else { theme::GREY_TEXT };
        let style = Style::SMALL.in_colour(colour);
        let (left, _) = panel.place(band.from_s, 0.0);
        let (right, _) = panel.place(band.to_s, 0.0);
        if !is_fault {
            page.line(&[(left, top), (left, bottom)], Pen::solid(Ink::pale(colour, 70), 1.0).dashed(&[30, 30]));
        } else if right - left < 1.5 {
            page.line(&[(left, top), (left, bottom)], Pen::solid(theme::FAULT_INSTANT, 1.2));
        } else {
            page.fill(Frame { left, right, ..panel.frame }, theme::FAULT);
        }
        if band.label.is_empty() {
            continue;
        }
        let room = end - edge - if events.len() > lanes { 34.0 } else { 0.0 };
        let label = style.shorten(&text::clean(&band.label), room);
        let width = style.width(&label);
        let begin = left.min(edge + room - width).max(edge);
        let free =
            |lane: &&mut Vec<(f64, f64)>| lane.iter().all(|(from, to)| begin > to + 8.0 || begin + width < from - 8.0);
        let Some((row, lane)) = taken.iter_mut().take(lanes).enumerate().find(|(_, lane)| free(lane)) else {
            hidden += 1;
            continue;
        };
        lane.push((begin, begin + width));
        let base = top - 6.0 - f64_of(row) * LANE;
        page.words(&label, begin, base, style);
        page.line(&[(left, top), (left, base + 3.0)], Pen::solid(Ink::solid(colour), 1.0));
    }
    if hidden > 0 {
        let style = Style::SMALL.aligned(Align::Right);
        page.words(&format!("+{hidden}"), end, top - 6.0, style);
    }
}

/// The pen for the line that a panel is about.
pub(super) fn pen(pipeline: usize) -> Pen {
    Pen::solid(Ink::solid(theme::hue(pipeline).line), 1.9)
}

/// What arrives, as steps with a filling, closed at its end; each value is multiplied by `factor`.
pub(super) fn steps(panel: &Panel<'_>, steps: &[Step], factor: f64) {
    let corners = steps.iter().flat_map(|Step { from, to, value }| [(*from, value * factor), (*to, value * factor)]);
    let corners: Vec<(f64, f64)> = corners.collect();
    panel.between(corners.iter().copied(), corners.iter().map(|(at, _)| (*at, 0.0)), theme::ARRIVALS);
    let end = corners.last().map(|(at, _)| (*at, 0.0));
    panel.curve(corners.into_iter().chain(end).collect(), Pen::solid(theme::ARRIVALS_EDGE, 1.0));
}

#[allow(clippy::cast_precision_loss, reason = "a handful of columns and rows")]
pub(super) fn f64_of(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_panels_are_full_or_nearly_so() {
        for pipelines in 1..=16_usize {
            let columns = columns(pipelines);
            let last = pipelines % columns;
            assert!(columns <= 5 && (last == 0 || pipelines > 5), "{pipelines} in rows of {columns}");
        }
        assert_eq!((columns(6), columns(8)), (3, 4));
    }
}
