//! Comparison charts: the same traffic through several designs, one picture per question, as SVG and as PNG.
//!
//! Pure functions from a report to pictures: no files, no clock, no system font. A chart is one file here and one line
//! of [`CHARTS`]; each can be drawn on its own, so a caller may draw them in parallel. The numbers a chart shows are
//! those of its `data` function, which are those of the report, which are those of the CSV files.
//!
//! plotters maps values to places and draws on a scene; both file formats are written from that scene.

mod axis;
pub mod backlog;
mod caption;
mod facets;
pub mod fates;
#[cfg(test)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a model for tests, with small numbers"
)]
mod fixture;
mod labels;
pub mod latency;
mod page;
mod png;
mod scene;
pub mod series;
mod steps;
mod svg;
mod text;
mod theme;
mod thin;
pub mod throughput;
mod ticks;
pub mod utilisation;

use crate::report::Report;

/// A chart that can be drawn, and how.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// File stem: `backlog`.
    pub name: &'static str,
    /// What it shows, in one line for a list.
    pub about: &'static str,
    /// Draws it; `None` when the report has nothing to show for it.
    pub sketch: fn(&Report) -> Option<Sketch>,
}

/// Every chart, in the order of a page that shows them all.
pub const CHARTS: [Kind; 5] = [
    Kind { name: "backlog", about: "backlog over time, with arrivals and faults", sketch: backlog::sketch },
    Kind { name: "latency", about: "share of jobs that take longer than a time", sketch: latency::sketch },
    Kind { name: "fates", about: "how every job ended, in shares of the jobs sent", sketch: fates::sketch },
    Kind { name: "throughput", about: "arrivals against completions over time", sketch: throughput::sketch },
    Kind { name: "utilisation", about: "busy servers per node over time, and their use", sketch: utilisation::sketch },
];

/// A chart that is drawn but not yet written in a format, so that one asks only for what one needs.
#[derive(Debug, Clone)]
pub struct Sketch {
    title: String,
    caption: String,
    scene: scene::Scene,
}

impl Sketch {
    /// What the chart is about: its headline.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What stands around the picture in words: how to read it, and which run it shows. For an alternative text.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// The picture as SVG: the same bytes for the same report.
    pub fn svg(&self) -> String {
        svg::write(&self.scene, &self.title, &self.caption)
    }

    /// The picture as PNG at twice its size: the same bytes for the same report.
    pub fn png(&self) -> Vec<u8> {
        png::write(&self.scene)
    }
}

/// A chart in both formats.
#[derive(Debug, Clone)]
pub struct Chart {
    /// File stem.
    pub name: &'static str,
    /// Headline.
    pub title: String,
    /// The picture as SVG.
    pub svg: String,
    /// The picture as PNG.
    pub png: Vec<u8>,
}

impl Kind {
    /// Draws the chart in both formats; `None` when the report has nothing to show for it.
    pub fn draw(&self, report: &Report) -> Option<Chart> {
        let sketch = (self.sketch)(report)?;
        Some(Chart { name: self.name, title: sketch.title.clone(), svg: sketch.svg(), png: sketch.png() })
    }
}

/// Every chart the report has something to show for, in both formats, in the order of [`CHARTS`].
pub fn draw(report: &Report) -> Vec<Chart> {
    CHARTS.iter().filter_map(|kind| kind.draw(report)).collect()
}

#[cfg(test)]
mod preview;
