//! How every job ended: one bar per pipeline and case, from the jobs done in time to those still under way, which
//! together are all jobs sent.

use super::facets::{self, f64_of};
use super::page::{Align, Frame, LEFT, Page, RIGHT, Style};
use super::scene::{Ink, Pen, Rgb};
use super::text::{self, CAP_HEIGHT};
use super::{Sketch, caption, page, theme, ticks};
use crate::report::human;
use crate::report::{Fate, Report};

/// The bar of one pipeline under one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Index of the case.
    pub case: usize,
    /// Index of the pipeline.
    pub pipeline: usize,
    /// Jobs sent: mean over replications.
    pub sent: f64,
    /// Shares of the jobs sent by fate, in the order of [`Fate::ALL`]: means over replications, as goodput is in the table;
    /// all 0 when none was sent.
    pub shares: [f64; Fate::ALL.len()],
}

/// The numbers this chart draws: the fates of the report, unchanged.
pub fn data(report: &Report) -> Vec<Bar> {
    let bars = report.cells.iter().filter(|cell| !cell.fates.is_empty()).map(|cell| Bar {
        case: cell.case,
        pipeline: cell.pipeline,
        sent: cell.fates.iter().map(|fate| fate.mean).sum(),
        shares: Fate::ALL.map(|fate| cell.share(fate).mean),
    });
    bars.collect()
}

/// Where the bars end: at the right, less the room for the notes behind them if there are any.
fn right_end(bars: &[Bar]) -> f64 {
    let widest = RIGHT - 22.0;
    let notes = |right: f64| bars.iter().flat_map(move |bar| outside(bar, right - LEFT - NAMES));
    if notes(widest).next().is_none() {
        return widest;
    }
    let room = notes(RIGHT - NOTES).map(|line| Style::SMALL.width(&line)).fold(0.0, f64::max);
    RIGHT - (room + 14.0).min(NOTES)
}

/// Draws the chart; `None` when no job was sent anywhere.
pub fn sketch(report: &Report) -> Option<Sketch> {
    let bars = data(report);
    if bars.iter().all(|bar| bar.sent <= 0.0) {
        return None;
    }
    let right = right_end(&bars);
    let has_notes = bars.iter().any(|bar| !outside(bar, right - LEFT - NAMES).is_empty());
    let notes = if has_notes { " What is too narrow for its share stands at the end of its bar." } else { "" };
    let explanation = format!("Share of all jobs sent, by how they ended; each bar is 100 %.{notes}");
    let words = ["Fates: how every job ended", &explanation, caption::MEANS];
    Some(page::compose(report, words, |page| {
        key(page, &bars);
        for case in 0..report.cases.len() {
            let bars: Vec<&Bar> = bars.iter().filter(|bar| bar.case == case).collect();
            if !bars.is_empty() {
                draw_case(page, report, case, &bars, right);
            }
        }
    }))
}

/// How a fate looks: its colour, and whether stripes tell it from its neighbours without colour.
struct Look {
    rgb: Rgb,
    striped: bool,
    dark: bool,
}

/// Pale for good ends, strong for bad ones, none of them the colour of a pipeline; neighbours differ in lightness.
fn look(fate: Fate) -> Look {
    let (rgb, striped, dark) = match fate {
        Fate::DoneInTime => (Rgb(0x8C, 0xCB, 0xB0), false, false),
        Fate::DoneLate => (Rgb(0xF7, 0xE6, 0xA8), false, false),
        Fate::DoneTwice => (Rgb(0xCD, 0xA5, 0x44), true, false),
        Fate::Rejected => (Rgb(0xE5, 0x8F, 0x78), false, false),
        Fate::TimedOut => (Rgb(0xA8, 0x44, 0x3A), false, true),
        Fate::Expired => (Rgb(0xB9, 0xA3, 0xD6), true, false),
        Fate::DeadLettered => (Rgb(0x6A, 0x55, 0x8F), false, true),
        Fate::Lost => (Rgb(0x2B, 0x2B, 0x33), false, true),
        Fate::Unfinished => (Rgb(0xDA, 0xDD, 0xE2), true, false),
    };
    Look { rgb, striped, dark }
}

const NAMES: f64 = 176.0;
/// The widest column of notes at the ends of the bars.
const NOTES: f64 = 250.0;

/// Which colour is which fate, for those that occur.
fn key(page: &mut Page<'_>, bars: &[Bar]) {
    let mut left = LEFT;
    for (index, fate) in Fate::ALL.into_iter().enumerate() {
        if bars.iter().all(|bar| bar.shares[index] <= 0.0) {
            continue;
        }
        let width = 18.0 + 7.0 + Style::BODY.width(fate.label()) + 22.0;
        if left + width > RIGHT {
            left = LEFT;
            page.top += 26.0;
        }
        segment(page, Frame { left, top: page.top, right: left + 18.0, bottom: page.top + 14.0 }, &look(fate));
        page.words_beside(fate.label(), left + 25.0, page.top + 7.0, Style::BODY.in_colour(theme::INK));
        left += width;
    }
    page.top += 34.0;
}

fn draw_case(page: &mut Page<'_>, report: &Report, case: usize, bars: &[&Bar], right: f64) {
    facets::heading(page, report, case, "share of the jobs sent");
    let left = LEFT + NAMES;
    let (height, pitch) = if bars.len() * report.cases.len() > 16 { (28.0, 38.0) } else { (34.0, 46.0) };
    let top = page.top;
    let bottom = top + f64_of(bars.len()) * pitch - (pitch - height) + 6.0;
    for tick in 0..=5_u32 {
        let x = left + (right - left) * f64::from(tick) / 5.0;
        page.line(&[(x, top - 4.0), (x, bottom)], Pen::solid(theme::GRID, 1.0));
        let label = format!("{} %", tick * 20);
        page.words(&label, x, bottom + 6.0 + theme::SMALL * CAP_HEIGHT, Style::SMALL.aligned(Align::Centre));
    }
    for (index, bar) in bars.iter().enumerate() {
        let top = top + f64_of(index) * pitch;
        let frame = Frame { left, top, right, bottom: top + height };
        title(page, report, bar, frame);
        draw_bar(page, bar, frame);
    }
    page.top = bottom + 40.0;
}

fn title(page: &Page<'_>, report: &Report, bar: &Bar, frame: Frame) {
    let middle = f64::midpoint(frame.top, frame.bottom);
    let style = Style::NAME.in_colour(theme::hue(bar.pipeline).text);
    let name = report.pipelines.get(bar.pipeline).map_or(String::new(), |pipeline| text::clean(&pipeline.name));
    page.words_beside(&style.shorten(&name, NAMES - 14.0), LEFT, middle - 8.5, style);
    page.words_beside(&format!("{} sent", human::jobs(bar.sent)), LEFT, middle + 9.0, Style::SMALL);
}

fn draw_bar(page: &Page<'_>, bar: &Bar, frame: Frame) {
    let middle = f64::midpoint(frame.top, frame.bottom);
    if bar.sent <= 0.0 {
        page.words_beside("no jobs were sent", frame.left + 8.0, middle, Style::SMALL.with_rim());
        return;
    }
    let mut left = frame.left;
    for (index, fate) in Fate::ALL.into_iter().enumerate().filter(|(index, _)| bar.shares[*index] > 0.0) {
        let right = left + frame.width() * bar.shares[index];
        let look = look(fate);
        // A hair's breadth can be seen, also at the end of the bar.
        let visible = left.min(frame.right - 0.8);
        segment(page, Frame { left: visible, right: right.max(visible + 0.8).min(frame.right), ..frame }, &look);
        if let Some(label) = inside(bar, index, frame.width()) {
            let style = Style::SMALL.in_colour(if look.dark { Rgb(255, 255, 255) } else { theme::INK });
            let half = style.width(&label) / 2.0 + 4.0;
            let centre = f64::midpoint(left, right);
            if look.striped {
                let chip = Frame { left: centre - half, right: centre + half, top: middle - 9.0, bottom: middle + 9.0 };
                page.fill(chip, Ink::solid(look.rgb));
            }
            page.words_beside(&label, centre, middle, style.aligned(Align::Centre));
        }
        left = right;
    }
    let notes = outside(bar, frame.width());
    let first = middle - 8.5 * f64_of(notes.len().saturating_sub(1));
    for (index, note) in notes.iter().enumerate() {
        page.words_beside(note, frame.right + 12.0, first + 17.0 * f64_of(index), Style::SMALL.in_colour(theme::INK));
    }
}

fn full(bar: &Bar, fate: usize) -> String {
    format!("{} {}", Fate::ALL[fate].label(), ticks::percent(bar.shares[fate]))
}

/// What stands inside a part of a bar: fate and share, or the share alone, or nothing, as there is room.
fn inside(bar: &Bar, fate: usize, bar_width: f64) -> Option<String> {
    let room = bar.shares[fate] * bar_width - 12.0;
    [full(bar, fate), ticks::percent(bar.shares[fate])].into_iter().find(|label| Style::SMALL.width(label) <= room)
}

/// What stands at the end of a bar, in at most two lines: the parts with nothing inside, in their order; where these are
/// too many, the smallest are only counted.
fn outside(bar: &Bar, bar_width: f64) -> Vec<String> {
    let narrow = (0..Fate::ALL.len()).filter(|fate| bar.shares[*fate] > 0.0 && inside(bar, *fate, bar_width).is_none());
    let mut largest: Vec<usize> = narrow.collect();
    largest.sort_by(|a, b| bar.shares[*b].total_cmp(&bar.shares[*a]));
    let lines = |shown: usize| {
        let mut shown = largest[..shown].to_vec();
        let more = largest.len() - shown.len();
        let more = (more > 0).then(|| format!("+{more}"));
        shown.sort_unstable();
        let parts = shown.iter().map(|fate| full(bar, *fate).replace(' ', "\u{a0}"));
        let words: Vec<String> = parts.chain(more).collect();
        text::wrap(&words.join(", "), NOTES - 12.0, theme::SMALL, usize::MAX)
    };
    (0..=largest.len()).rev().map(lines).find(|lines| lines.len() <= 2).unwrap_or_default()
}

/// A filled rectangle with a thin white edge to its right and, if striped, lines across it.
fn segment(page: &Page<'_>, frame: Frame, look: &Look) {
    page.fill(frame, Ink::solid(look.rgb));
    if look.striped {
        let pen = Pen::solid(Ink::solid(darker(look.rgb)), 1.4);
        for [from, to] in stripes(frame) {
            page.line(&[from, to], pen);
        }
    }
    if frame.width() > 4.0 {
        let pen = Pen::solid(Ink::solid(Rgb(255, 255, 255)), 1.0);
        page.line(&[(frame.right, frame.top), (frame.right, frame.bottom)], pen);
    }
}

fn darker(Rgb(red, green, blue): Rgb) -> Rgb {
    let darker = |channel: u8| channel - channel / 5;
    Rgb(darker(red), darker(green), darker(blue))
}

/// Lines that rise from left to right at 45 degrees, cut off at the edges.
fn stripes(frame: Frame) -> Vec<[(f64, f64); 2]> {
    let (width, height) = (frame.width(), frame.bottom - frame.top);
    let mut lines = Vec::new();
    // Each line is x - y = offset, with y upwards from the lower edge.
    let mut offset = 4.0 - height;
    while offset < width {
        let (from, to) = (offset.max(0.0), (offset + height).min(width));
        if to - from > 0.5 {
            lines.push([
                (frame.left + from, frame.bottom - (from - offset)),
                (frame.left + to, frame.bottom - (to - offset)),
            ]);
        }
        offset += 7.0;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_shares_of_a_bar_add_up_to_all_jobs() {
        for bar in data(&fixture::video()) {
            let sum: f64 = (0..Fate::ALL.len()).map(|fate| bar.shares[fate]).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{bar:?}");
        }
    }

    #[test]
    fn stripes_stay_inside() {
        let frame = Frame { left: 10.0, top: 20.0, right: 31.0, bottom: 50.0 };
        let lines = stripes(frame);
        assert!(!lines.is_empty());
        for (x, y) in lines.into_iter().flatten() {
            assert!((10.0..=31.0).contains(&x) && (20.0..=50.0).contains(&y), "({x}, {y})");
        }
    }

    #[test]
    fn no_fate_looks_like_another_or_like_a_pipeline() {
        let looks: Vec<Look> = Fate::ALL.into_iter().map(look).collect();
        for (index, one) in looks.iter().enumerate() {
            assert!((0..8).all(|pipeline| theme::hue(pipeline).line != one.rgb));
            assert!(looks[index + 1..].iter().all(|other| other.rgb != one.rgb));
        }
    }

    #[test]
    fn no_jobs_at_all_is_no_chart() {
        let mut report = fixture::video();
        report.cells.iter_mut().flat_map(|cell| &mut cell.fates).for_each(|fate| fate.mean = 0.0);
        assert!(sketch(&report).is_none());
    }
}
