//! Utilisation and concurrency: how many servers of each node are busy over time, and how well they are used overall.

use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan, f64_of};
use super::page::{Frame, Page, Style};
use super::scene::{Ink, Pen, Rgb};
use super::series::{self, Line};
use super::{Sketch, caption, page, text, theme, ticks};
use crate::report::{Cell, Report};
use crate::stats::Estimate;

/// A node of one pipeline under one case.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// Index of the case.
    pub case: usize,
    /// Index of the pipeline.
    pub pipeline: usize,
    /// Name of the node.
    pub name: &'a str,
    /// Busy servers over time.
    pub busy: Option<Line<'a>>,
    /// Servers that there are over time, where they come and go.
    pub there: Option<Line<'a>>,
    /// Share of the time of its servers that it was busy.
    pub utilisation: Option<Estimate>,
}

/// The numbers this chart draws: the `busy` series and the `utilisation` of every node that has one of them, and the
/// `workers` of those whose machines come and go.
pub fn data(report: &Report) -> Vec<Node<'_>> {
    report.cells.iter().flat_map(|cell| nodes(report, cell)).collect()
}

fn nodes<'a>(report: &'a Report, cell: &'a Cell) -> impl Iterator<Item = Node<'a>> {
    cell.nodes.iter().filter_map(move |node| {
        let line = |metric: &str| {
            let series = cell.series.iter().find(|series| {
                series.metric == metric && series.node.as_deref() == Some(&node.name) && !series.mean.is_empty()
            });
            series.map(|series| Line { case: cell.case, pipeline: cell.pipeline, series, run: &report.run })
        };
        // A fleet of which nobody comes or goes has no line of its own for that.
        let scales = node.metrics.iter().any(|metric| metric.metric == "instances_in_service");
        let (busy, there) = (line("busy"), line("workers").filter(|line| scales || line.varies()));
        let mut metrics = node.metrics.iter().filter(|metric| metric.metric == "utilisation");
        let utilisation = metrics.find(|metric| metric.statistic == "mean").and_then(|metric| metric.estimate);
        let known = busy.is_some() || utilisation.is_some();
        known.then(|| Node { case: cell.case, pipeline: cell.pipeline, name: &node.name, busy, there, utilisation })
    })
}

/// Draws the chart; `None` when no node has servers.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let nodes = data(report);
    if nodes.iter().all(|node| node.busy.is_none()) {
        return None;
    }
    let explanation = if nodes.iter().any(|node| node.there.is_some()) {
        "Busy servers of each node over time; a pale line is all there are where they come and go. Bars: the share of \
         its servers' time that a node was busy, with 95 % interval; at 100 %, jobs wait for it."
    } else {
        "Busy servers of each node over time. Bars: the share of its servers' time that a node was busy, \
         with 95 % interval; at 100 %, jobs wait for it."
    };
    let words = ["Utilisation: busy servers per node", explanation, caption::MEANS];
    Some(page::compose(report, words, |page| {
        for case in 0..report.cases.len() {
            let nodes: Vec<&Node<'_>> = nodes.iter().filter(|node| node.case == case).collect();
            draw_case(page, report, case, &nodes);
        }
    }))
}

/// The most nodes of a pipeline that are drawn: those with the most servers busy.
const MOST: usize = 4;
/// Steps wider than this, in pixels, would hide how many servers a spike kept busy.
const WIDEST: f64 = 4.0;
/// Height of a row of the key below a panel.
const ROW: f64 = 21.0;

/// The nodes of a pipeline that are drawn, and how many are not.
fn chosen<'n, 'a>(nodes: &[&'n Node<'a>], pipeline: usize) -> (Vec<&'n Node<'a>>, usize) {
    let all: Vec<&Node<'a>> = nodes.iter().copied().filter(|node| node.pipeline == pipeline).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    let top = |node: &Node<'_>| node.busy.map_or(0.0, |line| line.highest());
    order.sort_by(|a, b| top(all[*b]).total_cmp(&top(all[*a])));
    order.truncate(MOST);
    order.sort_unstable();
    (order.iter().map(|index| all[*index]).collect(), all.len().saturating_sub(MOST))
}

fn draw_case(page: &mut Page<'_>, report: &Report, case: usize, nodes: &[&Node<'_>]) {
    let lines: Vec<Line<'_>> = nodes.iter().flat_map(|node| node.busy.into_iter().chain(node.there)).collect();
    if lines.is_empty() {
        return;
    }
    let mut pipelines: Vec<usize> = nodes.iter().map(|node| node.pipeline).collect();
    pipelines.dedup();
    let end_s = series::end_of_change(&lines);
    // As many jobs as make the pace of completions readable make the number of busy servers readable as well.
    let completions = series::of_pipelines(report, "completions");
    let width = facets::width(pipelines.len());
    let together = series::together_within(WIDEST, &series::of_case(&completions, case), width, end_s);
    let highest = |line: &Line<'_>| line.smooth(together).into_iter().map(|(_, value)| value).fold(0.0, f64::max);
    let tops = || lines.iter().map(highest);
    let values = Axis::amounts(tops().fold(0.0, f64::max), 0.05, Scale::of(tops(), 1.0, 12.0), 5);
    let rows = |pipeline: &usize| {
        let (nodes, more) = chosen(nodes, *pipeline);
        nodes.len() + usize::from(more > 0)
    };
    let peaks = if together > 1 { " (peaks are higher)" } else { "" };
    let plan = Plan {
        note: format!("busy servers{}{peaks}{}", series::means(&lines, together), values.scale.note()),
        height: facets::height(report.cases.len(), pipelines.len()).min(240.0),
        below: f64_of(pipelines.iter().map(rows).max().unwrap_or(0)) * ROW + 8.0,
        shared_time: false,
        end_s,
        values,
        pipelines,
    };
    facets::block(page, report, case, &plan, |page, facet| {
        let (nodes, more) = chosen(nodes, facet.pipeline);
        draw_facet(page, facet, (&nodes, more), together);
        if nodes.iter().all(|node| node.busy.is_none_or(|line| line.highest() <= 0.0)) {
            facet.say(page, "no server was seen busy");
        }
    });
}

/// Lines of the nodes of one pipeline: the same hue, told apart by dashes and lightness.
fn pen(pipeline: usize, node: usize) -> Pen {
    const DASHES: [&[i32]; MOST] = [&[], &[60, 30], &[20, 22], &[80, 25, 20, 25]];
    let Rgb(red, green, blue) = theme::hue(pipeline).line;
    let darker = |channel: u8| if node.is_multiple_of(2) { channel } else { channel - channel / 3 };
    Pen { dash: DASHES[node % MOST], ..Pen::solid(Ink::solid(Rgb(darker(red), darker(green), darker(blue))), 1.9) }
}

fn draw_facet(page: &Page<'_>, facet: &Facet<'_>, (nodes, more): (&[&Node<'_>], usize), together: usize) {
    let hue = theme::hue(facet.pipeline);
    let frame = facet.below;
    let names = nodes.iter().map(|node| Style::SMALL.width(&text::clean(node.name))).fold(0.0, f64::max);
    let room = names.min((frame.width() - 28.0 - 58.0) * 0.65);
    let left = frame.left + 28.0 + room + 10.0;
    let scale = Frame { left, right: (frame.right - 48.0).min(left + 260.0), ..frame };
    for (index, node) in nodes.iter().enumerate() {
        let pen = pen(facet.pipeline, index);
        if let Some(line) = &node.there {
            facet.panel.curve(line.smooth(together), Pen::solid(Ink::pale(hue.line, 55), 1.2));
        }
        if let Some(line) = &node.busy {
            facet.panel.curve(line.smooth(together), pen);
        }
        let middle = frame.top + 14.0 + ROW * f64_of(index);
        page.line(&[(frame.left, middle), (frame.left + 21.0, middle)], pen);
        let name = Style::SMALL.shorten(&text::clean(node.name), room);
        page.words_beside(&name, frame.left + 28.0, middle, Style::SMALL.in_colour(theme::INK));
        let Some(estimate) = node.utilisation else { continue };
        let bar = Frame { top: middle - 5.0, bottom: middle + 5.0, ..scale };
        let at = |share: f64| bar.left + bar.width() * share.clamp(0.0, 1.0);
        page.fill(bar, theme::GRID);
        page.fill(Frame { right: at(estimate.mean), ..bar }, Ink::pale(hue.line, 70));
        if let Some(half) = estimate.half_width.filter(|half| half * bar.width() > 0.7) {
            let ends = [(at(estimate.mean - half), middle), (at(estimate.mean + half), middle)];
            page.line(&ends, Pen::solid(Ink::solid(theme::INK), 1.4));
        }
        page.words_beside(&ticks::percent(estimate.mean), bar.right + 7.0, middle, Style::SMALL.in_colour(theme::INK));
    }
    if more > 0 {
        let middle = frame.top + 14.0 + ROW * f64_of(nodes.len());
        page.words_beside(&format!("and {more} more"), frame.left + 28.0, middle, Style::SMALL);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::report::Series;

    #[test]
    fn every_node_with_servers_is_there_with_its_figures() {
        let report = fixture::video();
        let nodes = data(&report);
        let encoders: Vec<&Node<'_>> = nodes.iter().filter(|node| node.name == "encoders").collect();
        assert_eq!(encoders.len(), 10);
        assert!(encoders.iter().all(|node| node.busy.is_some() && node.utilisation.is_some()));
    }

    #[test]
    fn how_many_servers_there_are_is_there_where_they_come_and_go() {
        let mut report = fixture::nodes(2);
        let busy = report.cells[0].series.iter().position(|series| series.metric == "busy").expect("the model has it");
        let workers = Series { metric: "workers", ..report.cells[0].series[busy].clone() };
        report.cells[0].series.push(workers);
        let nodes = data(&report);
        let there: Vec<bool> = nodes.iter().map(|node| node.there.is_some()).collect();
        assert_eq!(there, [true, false], "the model's servers vary");
        assert_eq!(nodes[0].there.map(|line| line.highest()), nodes[0].busy.map(|line| line.highest()));
        assert!(sketch(&report).is_some());
    }

    #[test]
    fn a_fleet_that_stays_as_it_is_has_no_line_for_it() {
        let mut report = fixture::nodes(1);
        let busy = report.cells[0].series.iter().find(|series| series.metric == "busy").expect("the model has it");
        let always = Series { metric: "workers", mean: vec![10.0; busy.mean.len()], ..busy.clone() };
        report.cells[0].series.push(always);
        assert!(data(&report)[0].there.is_none());
    }

    #[test]
    fn of_many_nodes_the_busiest_are_drawn_in_their_order_and_the_rest_counted() {
        let report = fixture::nodes(9);
        let all = data(&report);
        let nodes: Vec<&Node<'_>> = all.iter().filter(|node| node.case == 0).collect();
        let (shown, more) = chosen(&nodes, 0);
        let names: Vec<&str> = shown.iter().map(|node| node.name).collect();
        assert_eq!((names, more), (vec!["node-5", "node-6", "node-7", "node-8"], 5));
    }
}
