//! Utilisation and concurrency: how many servers of each node are busy over time, and how well they are used overall.

mod key;

use self::key::Key;
use super::axis::{Axis, Scale};
use super::facets::{self, Facet, Plan, f64_of};
use super::page::{Align, Frame, Page, Style};
use super::scene::{Ink, Pen, Rgb};
use super::series::{self, Line, Span};
use super::{Sketch, caption, page, steps, text, theme};
use crate::report::human::{self, Figure};
use crate::report::{Cell, Report};
use crate::stats::Estimate;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The most servers that were busy at one moment.
    pub most: Option<Estimate>,
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
        let most = figure("busy", "max");
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
    let pipelines = |case: usize| {
        let pipelines: BTreeSet<usize> =
            nodes.iter().filter(|node| node.case == case).map(|node| node.pipeline).collect();
        pipelines.len()
    };
    let widest = (0..report.cases.len()).map(pipelines).max().unwrap_or(0);
    let explanation = explanation(&nodes, key::has_most(facets::width(widest)));
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
fn explanation(nodes: &[Node<'_>], has_words: bool) -> String {
    let mut text = "Busy servers of each node over time.".to_owned();
    if nodes.iter().any(|node| node.most.is_some() && node.busy.is_some()) {
        text.push_str(if has_words { " Most: how many" } else { " Dotted, where no line shows it: the most that" });
        text.push_str(" were busy at one moment, a mean of the replications too.");
    }
    if nodes.iter().any(|node| node.there.is_some()) {
        text.push_str(" Pale: how many servers there are, where they can come and go.");
    }
    text.push_str(" Bars: the share of its servers' time that a node was busy, up to the last job of the pipeline.");
    let functions = || nodes.iter().filter(|node| node.is_function()).filter_map(|node| node.servers);
    if let (Some(least), Some(most)) = (functions().min(), functions().max()) {
        let of = if least == most { format!("the {}", human::grouped(most)) } else { "the".to_owned() };
        let _ = write!(text, " A function's share is of {of} environments that it can have at once.");
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
    let span = Span::of_case(report, case);
    // As many jobs as make the pace of completions readable make the number of busy servers readable as well.
    let completions = series::of_pipelines(report, "completions");
    let width = facets::width(pipelines.len());
    let together = steps::together_within(WIDEST, &series::of_case(&completions, case), width, span.length());
    let cuts: Vec<Vec<f64>> = (0..report.pipelines.len()).map(|index| steps::cuts(report, case, index)).collect();
    let cuts_of = |pipeline: usize| cuts.get(pipeline).map_or(&[][..], Vec::as_slice);
    let drawn: Vec<&Node<'_>> = pipelines.iter().flat_map(|&pipeline| chosen(nodes, pipeline).0).collect();
    let key = Key::of(&drawn, width);
    let dotted = |node: &Node<'_>| node.most.filter(|_| node.busy.is_some() && !key::has_most(width));
    let top = |node: &Node<'_>| {
        let lines = node.busy.iter().chain(&node.there).map(|line| highest(line, together, cuts_of(line.pipeline)));
        lines.chain(dotted(node).map(|most| most.mean)).fold(0.0, f64::max)
    };
    // Small nodes beside a large one may be flat; a design beside another may not.
    let of_pipeline = |pipeline: &usize| {
        drawn.iter().filter(|node| node.pipeline == *pipeline).map(|node| top(node)).fold(0.0, f64::max)
    };
    let tops: Vec<f64> = pipelines.iter().map(of_pipeline).collect();
    let height = facets::height(report.cases.len(), pipelines.len()).min(240.0);
    let scale = Scale::of(tops.iter().copied(), 1.0, 12.0);
    let values = Axis::amounts(tops.iter().copied().fold(0.0, f64::max), HEADROOM / height, scale, 5);
    let rows = |pipeline: &usize| {
        let (nodes, more) = chosen(nodes, *pipeline);
        nodes.len() + usize::from(more > 0)
    };
    let plan = Plan {
        note: format!("busy servers{}{}", steps::samples(&lines, together), values.scale.note()),
        height,
        below: f64_of(pipelines.iter().map(rows).max().unwrap_or(0)) * key::ROW + 8.0,
        shared_time: false,
        span,
        values,
        pipelines,
    };
    facets::block(page, report, case, &plan, |page, facet| {
        let (nodes, more) = chosen(nodes, facet.pipeline);
        let cuts = cuts_of(facet.pipeline);
        let pens: Vec<Pen> = nodes.iter().map(|node| pen(facet.pipeline, slots.get(node.name).copied())).collect();
        if !key::has_most(width) {
            draw_most(page, facet, nodes.iter().copied().zip(&pens), (together, cuts));
        }
        draw_lines(facet, nodes.iter().copied().zip(&pens), (together, cuts));
        key.draw(page, facet, (&nodes, more), &pens);
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

/// The most that were busy at one moment, dotted, of the node with the highest, unless its line shows it, or the one of
/// all the servers that there are.
fn draw_most<'n, 'a: 'n>(
    page: &Page<'_>,
    facet: &Facet<'_>,
    nodes: impl Iterator<Item = (&'n Node<'a>, &'n Pen)>,
    (together, cuts): (usize, &[f64]),
) {
    let top = |line: &Option<Line<'_>>| line.as_ref().map(|line| highest(line, together, cuts));
    let known = nodes.filter_map(|(node, pen)| Some((node.most?, top(&node.busy)?, node, pen)));
    // Of several with as many, the one whose line comes nearest.
    let is_more = |a: (f64, f64), b: (f64, f64)| a.0 > b.0 || (a.0 >= b.0 && a.1 > b.1);
    let known: Vec<_> = known.collect();
    let highest = known
        .iter()
        .copied()
        .reduce(|best, next| if is_more((next.0.mean, next.1), (best.0.mean, best.1)) { next } else { best });
    let Some((most, seen, node, pen)) = highest else { return };
    let height = |value: f64| facet.panel.place(0.0, value).1;
    let y = height(most.mean);
    let is_shown = |value: f64| (height(value) - y).abs() < APART;
    if height(seen) - y < APART || top(&node.there).is_some_and(is_shown) {
        return;
    }
    let Frame { left, right, .. } = facet.panel.frame;
    page.line(&[(left, y), (right, y)], Pen { dash: &[10, 25], width: 10, ..*pen });
    let style = Style::SMALL.in_colour(theme::hue(facet.pipeline).text).aligned(Align::Right).with_rim();
    let words = format!("most at once: {}", figure(&most));
    let name = if known.len() > 1 { format!("{}, ", text::clean(node.name)) } else { String::new() };
    let room = right - left - style.width(&words);
    page.words(&format!("{}{words}", style.shorten(&name, room)), right, y - 3.0, style);
}

/// A number of servers as it stands in the table.
fn figure(servers: &Estimate) -> String {
    Figure::of(servers, "servers").value
}

fn draw_lines<'n, 'a: 'n>(
    facet: &Facet<'_>,
    nodes: impl Iterator<Item = (&'n Node<'a>, &'n Pen)>,
    (together, cuts): (usize, &[f64]),
) {
    for (node, pen) in nodes {
        if let Some(line) = &node.there {
            let pale = Pen::solid(Ink::pale(theme::hue(facet.pipeline).line, 55), 1.2);
            facet.panel.curve(series::to_the_end(line.smooth(together, cuts), facet.panel.x.high), pale);
        }
        if let Some(line) = &node.busy {
            facet.panel.curve(series::to_the_end(line.smooth(together, cuts), facet.panel.x.high), *pen);
        }
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
