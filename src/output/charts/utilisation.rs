//! Utilisation and concurrency: how many servers of each node are busy over time, and how well they are used overall.

use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan, f64_of};
use super::page::{Align, Frame, Page, Style};
use super::scene::{Ink, Pen, Rgb};
use super::series::{self, Line};
use super::{Sketch, caption, page, text, theme};
use crate::report::human::{self, Figure};
use crate::report::{Cell, Report};
use crate::stats::Estimate;
use std::collections::BTreeMap;
use std::fmt::Write as _;

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
    /// The most servers that were busy at one moment: the mean of that over the replications.
    pub most: Option<f64>,
    /// Share of the time of its servers that it was busy.
    pub utilisation: Option<Estimate>,
    /// How many servers it can have, if that is a fixed number.
    pub servers: Option<u64>,
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
        let figure = |metric: &str, statistic: &str| {
            let wanted = node.metrics.iter().find(|row| row.metric == metric && row.statistic == statistic);
            wanted.and_then(|row| row.estimate)
        };
        let utilisation = figure("utilisation", "mean");
        let most = figure("busy", "max").map(|most| most.mean);
        let known = busy.is_some() || utilisation.is_some();
        known.then(|| Node {
            case: cell.case,
            pipeline: cell.pipeline,
            name: &node.name,
            busy,
            there,
            most,
            utilisation,
            servers: node.servers,
        })
    })
}

/// Draws the chart; `None` when no node has servers.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let nodes = data(report);
    if nodes.iter().all(|node| node.busy.is_none()) {
        return None;
    }
    let explanation = explanation(&nodes);
    let words = ["Utilisation: busy servers per node", &explanation, caption::MEANS];
    let slots = slots(&nodes);
    Some(page::compose(report, words, |page| {
        for case in 0..report.cases.len() {
            let nodes: Vec<&Node<'_>> = nodes.iter().filter(|node| node.case == case).collect();
            draw_case(page, report, case, (&nodes, &slots));
        }
    }))
}

/// What is to be seen: nothing is explained that is not there.
fn explanation(nodes: &[Node<'_>]) -> String {
    let mut text = "Busy servers of each node over time, and the most at once.".to_owned();
    if nodes.iter().any(|node| node.there.is_some()) {
        text.push_str(" A pale line is all there are where they come and go.");
    }
    text.push_str(" Bars: the share of its servers' time that a node was busy, with 95 % interval.");
    let functions = || nodes.iter().filter(|node| node.is_function()).filter_map(|node| node.servers);
    if let (Some(least), Some(most)) = (functions().min(), functions().max()) {
        let of = if least == most { format!("the {}", human::grouped(most)) } else { "the".to_owned() };
        let _ = write!(text, " For a function that is of {of} environments that it can have at once.");
    }
    text
}

impl Node<'_> {
    /// Whether its servers are environments of a function: it may have far more of them than there ever are.
    fn is_function(&self) -> bool {
        self.busy.is_some_and(|line| line.series.unit == "environments")
    }
}

/// The most nodes of a pipeline that are drawn, those with the most servers busy; one more where it is the only one, for
/// `and 1 more` takes as much room as its name.
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
    order.truncate(if all.len() == MOST + 1 { MOST + 1 } else { MOST });
    order.sort_unstable();
    (order.iter().map(|index| all[*index]).collect(), all.len() - order.len())
}

/// Which dashes a name has, the same in every panel: the first that no name has beside which it is drawn.
fn slots<'a>(nodes: &[Node<'a>]) -> BTreeMap<&'a str, usize> {
    let mut panels: Vec<Vec<&'a str>> = Vec::new();
    let mut places: Vec<(usize, usize)> = nodes.iter().map(|node| (node.case, node.pipeline)).collect();
    places.dedup();
    for (case, pipeline) in places {
        let of_case: Vec<&Node<'a>> = nodes.iter().filter(|node| node.case == case).collect();
        panels.push(chosen(&of_case, pipeline).0.iter().map(|node| node.name).collect());
    }
    let mut slots = BTreeMap::new();
    for name in panels.iter().flatten() {
        let beside = || panels.iter().filter(|panel| panel.contains(name)).flatten();
        let is_free = |slot: &usize| beside().all(|other| slots.get(other) != Some(slot));
        if !slots.contains_key(name) {
            let free = (0..nodes.len()).find(is_free).unwrap_or(0);
            slots.insert(*name, free);
        }
    }
    slots
}

/// The nodes of a case, and the dashes of every name.
type Nodes<'n, 'a> = (&'n [&'n Node<'a>], &'n BTreeMap<&'a str, usize>);

fn draw_case(page: &mut Page<'_>, report: &Report, case: usize, (nodes, slots): Nodes<'_, '_>) {
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
    let cuts: Vec<Vec<f64>> = (0..report.pipelines.len()).map(|index| series::cuts(report, case, index)).collect();
    let cuts_of = |pipeline: usize| cuts.get(pipeline).map_or(&[][..], Vec::as_slice);
    let drawn: Vec<&Node<'_>> = pipelines.iter().flat_map(|&pipeline| chosen(nodes, pipeline).0).collect();
    let tops = || lines.iter().map(|line| highest(line, together, cuts_of(line.pipeline)));
    let tops = || tops().chain(drawn.iter().filter_map(|node| node.most.filter(|_| node.busy.is_some())));
    let height = facets::height(report.cases.len(), pipelines.len()).min(240.0);
    let room = HEADROOM / height;
    let values = Axis::amounts(tops().fold(0.0, f64::max), room, Scale::of(tops(), 1.0, 12.0), 5);
    let rows = |pipeline: &usize| {
        let (nodes, more) = chosen(nodes, *pipeline);
        nodes.len() + usize::from(more > 0)
    };
    let plan = Plan {
        note: format!("busy servers{}{}", series::samples(&lines, together), values.scale.note()),
        height,
        below: f64_of(pipelines.iter().map(rows).max().unwrap_or(0)) * ROW + 8.0,
        shared_time: false,
        end_s,
        values,
        pipelines,
    };
    facets::block(page, report, case, &plan, |page, facet| {
        let (nodes, more) = chosen(nodes, facet.pipeline);
        let cuts = cuts_of(facet.pipeline);
        let pens: Vec<Pen> = nodes.iter().map(|node| pen(facet.pipeline, slots.get(node.name).copied())).collect();
        draw_most(page, facet, nodes.iter().copied().zip(&pens), (together, cuts));
        draw_lines(facet, nodes.iter().copied().zip(&pens), (together, cuts));
        draw_key(page, facet, (&nodes, more), &pens);
        if nodes.iter().all(|node| node.busy.is_none_or(|line| line.highest() <= 0.0)) {
            facet.say(page, "no server was seen busy");
        }
    });
}

/// The highest point of a line as it is drawn.
fn highest(line: &Line<'_>, together: usize, cuts: &[f64]) -> f64 {
    line.smooth(together, cuts).into_iter().map(|(_, value)| value).fold(0.0, f64::max)
}

/// Lines of the nodes of one pipeline: the same hue, told apart by dashes and lightness.
fn pen(pipeline: usize, slot: Option<usize>) -> Pen {
    const DASHES: [&[i32]; 7] =
        [&[], &[60, 30], &[20, 22], &[80, 25, 20, 25], &[120, 40], &[40, 20, 15, 20, 15, 20], &[150, 30, 30, 30]];
    let slot = slot.unwrap_or(0);
    let Rgb(red, green, blue) = theme::hue(pipeline).line;
    let darker = |channel: u8| if slot.is_multiple_of(2) { channel } else { channel - channel / 3 };
    let ink = Ink::solid(Rgb(darker(red), darker(green), darker(blue)));
    Pen::solid(ink, 1.9).dashed(DASHES[slot % DASHES.len()])
}

/// Room for the number at the highest dotted line, in pixels.
const HEADROOM: f64 = 18.0;
/// A dotted line nearer than this to the top of its curve, in pixels, would say nothing.
const APART: f64 = 5.0;

/// The most that were busy at one moment, dotted, of the node with the highest, unless its line shows it.
fn draw_most<'n, 'a: 'n>(
    page: &Page<'_>,
    facet: &Facet<'_>,
    nodes: impl Iterator<Item = (&'n Node<'a>, &'n Pen)>,
    (together, cuts): (usize, &[f64]),
) {
    let known = nodes.filter_map(|(node, pen)| Some((node.most?, node.busy?, pen)));
    let Some((most, line, pen)) = known.reduce(|best, next| if next.0 > best.0 { next } else { best }) else { return };
    let height = |value: f64| facet.panel.place(0.0, value).1;
    let y = height(most);
    if height(highest(&line, together, cuts)) - y < APART {
        return;
    }
    let Frame { left, right, .. } = facet.panel.frame;
    page.line(&[(left, y), (right, y)], Pen { dash: &[10, 25], width: 10, ..*pen });
    let style = Style::SMALL.in_colour(theme::hue(facet.pipeline).text).aligned(Align::Right).with_rim();
    page.words(&format!("most at once: {}", human::jobs(most)), right, y - 3.0, style);
}

fn draw_lines<'n, 'a: 'n>(
    facet: &Facet<'_>,
    nodes: impl Iterator<Item = (&'n Node<'a>, &'n Pen)>,
    (together, cuts): (usize, &[f64]),
) {
    for (node, pen) in nodes {
        if let Some(line) = &node.there {
            let pale = Pen::solid(Ink::pale(theme::hue(facet.pipeline).line, 55), 1.2);
            facet.panel.curve(to_the_end(line.smooth(together, cuts), facet), pale);
        }
        if let Some(line) = &node.busy {
            facet.panel.curve(to_the_end(line.smooth(together, cuts), facet), *pen);
        }
    }
}

/// A run that ends before the others leaves what there is as it is: its line does not stop in the middle of the panel.
fn to_the_end(mut points: Vec<(f64, f64)>, facet: &Facet<'_>) -> Vec<(f64, f64)> {
    let end = facet.panel.x.high;
    let last = points.last().filter(|(at, _)| *at < end).map(|(_, value)| (end, *value));
    points.extend(last);
    points
}

/// Room for the words behind a bar, in pixels: its share, and the most at one moment where the panel is wide enough.
const SHARE: f64 = 54.0;
const WITH_MOST: f64 = SHARE + 66.0;
const WIDE: f64 = 240.0;

/// A row for each node below the panel: its line, its name, and its share of time.
fn draw_key(page: &Page<'_>, facet: &Facet<'_>, (nodes, more): (&[&Node<'_>], usize), pens: &[Pen]) {
    let hue = theme::hue(facet.pipeline);
    let frame = facet.below;
    let names = nodes.iter().map(|node| Style::SMALL.width(&text::clean(node.name))).fold(0.0, f64::max);
    let is_wide = frame.width() >= WIDE;
    let words = if is_wide { WITH_MOST } else { SHARE };
    let room = names.min((frame.width() - 28.0 - 10.0 - words) * 0.7);
    let left = frame.left + 28.0 + room + 10.0;
    let scale = Frame { left, right: (frame.right - words).min(left + 260.0), ..frame };
    for (index, (node, pen)) in nodes.iter().zip(pens).enumerate() {
        let middle = frame.top + 14.0 + ROW * f64_of(index);
        if node.busy.is_some() {
            page.line(&[(frame.left, middle), (frame.left + 21.0, middle)], *pen);
        }
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
        let share = Figure::of(&estimate, "1").value;
        page.words_beside(&share, bar.right + 7.0, middle, Style::SMALL.in_colour(theme::INK));
        if let Some(most) = node.most.filter(|_| is_wide && node.busy.is_some()) {
            page.words_beside(&format!("most {}", human::jobs(most)), bar.right + SHARE + 7.0, middle, Style::SMALL);
        }
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
        let (shown, more) = chosen(&nodes[..5], 0);
        assert_eq!((shown.len(), more), (5, 0), "the only one more has room where it would be counted");
    }

    #[test]
    fn a_node_has_its_dashes_in_every_panel_and_shares_them_with_none_beside_it() {
        let mut report = fixture::video();
        report.cells[1].nodes.remove(0);
        let nodes = data(&report);
        let slots = slots(&nodes);
        assert_eq!((slots["web"], slots["encoders"]), (0, 1), "also where it is the only one");
    }
}
