//! The rows below a panel of utilisation: the line of each node, its name, its share of time, and the most at once.

use super::super::facets::{Facet, f64_of};
use super::super::page::{Frame, Page, Style};
use super::super::scene::{Ink, Pen};
use super::super::{text, theme};
use super::{Node, figure};
use crate::report::human::Figure;
use crate::stats::Estimate;

/// Height of a row.
pub(super) const ROW: f64 = 21.0;

/// The columns of the rows below the panels of a case, the same in all, so that their bars can be compared.
pub(super) struct Key {
    /// Room for the names, in pixels.
    names: f64,
    /// Room for the shares behind the bars.
    shares: f64,
    /// Room for the most at one moment, where the panels are wide enough.
    most: Option<f64>,
}

/// Whether a panel so wide, in pixels, has room for the most at one moment.
pub(super) fn has_most(panel_width: f64) -> bool {
    panel_width >= 240.0
}

/// Room for the line before a name.
const SAMPLE: f64 = 28.0;
/// Room between columns, and between a bar and the figures.
const BETWEEN: f64 = 10.0;
const AFTER: f64 = 7.0;

impl Key {
    /// Measures what there is to say of the nodes of a case.
    pub(super) fn of(nodes: &[&Node<'_>], panel_width: f64) -> Self {
        let widest =
            |words: &mut dyn Iterator<Item = String>| words.map(|words| Style::SMALL.width(&words)).fold(0.0, f64::max);
        let shares = widest(&mut nodes.iter().filter_map(|node| Some(share(&node.utilisation?))));
        let most = has_most(panel_width).then(|| widest(&mut nodes.iter().filter_map(|node| node.most_words())));
        let names = widest(&mut nodes.iter().map(|node| text::clean(node.name)));
        let key = Self { names, shares, most };
        let room = panel_width - SAMPLE - BETWEEN - key.figures();
        Self { names: names.min(room * 0.78), ..key }
    }

    /// Room for the figures behind the bars, and before them.
    fn figures(&self) -> f64 {
        AFTER + self.shares + self.most.map_or(0.0, |most| BETWEEN + most)
    }

    /// Where the bars begin and end.
    fn bars(&self, frame: Frame) -> (f64, f64) {
        let left = frame.left + SAMPLE + self.names + BETWEEN;
        (left, (frame.right - self.figures()).min(left + 260.0))
    }

    /// A row for each node below the panel: its line, its name, and its share of time.
    pub(super) fn draw(&self, page: &Page<'_>, facet: &Facet<'_>, (nodes, more): (&[&Node<'_>], usize), pens: &[Pen]) {
        let hue = theme::hue(facet.pipeline);
        let frame = facet.below;
        let (left, right) = self.bars(frame);
        for (index, (node, pen)) in nodes.iter().zip(pens).enumerate() {
            let middle = frame.top + 14.0 + ROW * f64_of(index);
            if node.busy.is_some() {
                page.line(&[(frame.left, middle), (frame.left + 21.0, middle)], *pen);
            }
            let name = Style::SMALL.shorten(&text::clean(node.name), self.names);
            page.words_beside(&name, frame.left + SAMPLE, middle, Style::SMALL.in_colour(theme::INK));
            let Some(estimate) = node.utilisation else { continue };
            let bar = Frame { left, right, top: middle - 5.0, bottom: middle + 5.0 };
            page.fill(bar, theme::GRID);
            page.fill(
                Frame { right: left + bar.width() * estimate.mean.clamp(0.0, 1.0), ..bar },
                Ink::pale(hue.line, 70),
            );
            page.words_beside(&share(&estimate), right + AFTER, middle, Style::SMALL.in_colour(theme::INK));
            if let Some(words) = node.most_words().filter(|_| self.most.is_some()) {
                page.words_beside(&words, right + AFTER + self.shares + BETWEEN, middle, Style::SMALL);
            }
        }
        if more > 0 {
            let middle = frame.top + 14.0 + ROW * f64_of(nodes.len());
            page.words_beside(&format!("and {more} more"), frame.left + SAMPLE, middle, Style::SMALL);
        }
    }
}

/// A share as it stands in the table.
fn share(estimate: &Estimate) -> String {
    Figure::of(estimate, "1").value
}

impl Node<'_> {
    fn most_words(&self) -> Option<String> {
        Some(format!("most {}", figure(&self.most.filter(|_| self.busy.is_some())?)))
    }
}
