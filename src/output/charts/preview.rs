//! Pictures of ordinary and of extreme reports: written to `target/charts-preview/` to be looked at, and checked for
//! what a machine can see: labels that cover each other, marks outside the page, files that are too large.

use super::fixture::{self, Design};
use super::scene::{Mark, Words};
use super::*;
use crate::report::FaultBand;

/// Every report worth looking at, with a name for its folder.
fn reports() -> Vec<(&'static str, Report)> {
    let cases =
        [("ten", 10.0), ("fifty", 50.0), ("hundred", 100.0), ("five-hundred", 500.0), ("thousand", 1e3), ("two", 2e3)];
    let eight: Vec<Design> = (0..8).map(|index| fixture::five()[index % 5].clone()).collect();
    let eight: Vec<Design> = eight
        .into_iter()
        .zip(["synchronous", "queued", "fifo", "published", "streamed", "firehose", "activemq", "rabbitmq"])
        .map(|(design, name)| Design { name: name.to_owned(), ..design })
        .collect();
    vec![
        ("video", fixture::video()),
        ("exported", crate::report::fixture::report()),
        ("exported-hostile", crate::report::fixture::hostile()),
        ("one", fixture::build(&fixture::five()[1..2], &[("base", 100.0)], 5)),
        ("two-by-three", fixture::build(&fixture::five()[..2], &cases[..3], 5)),
        ("eight-by-six", fixture::build(&eight, &cases, 4)),
        ("single", fixture::build(&fixture::five(), &cases[4..5], 1)),
        ("hostile", hostile()),
        ("zero", zero()),
        ("huge", scaled(1e9)),
        ("tiny", scaled(1e-5)),
        ("nodes", fixture::nodes(9)),
        ("faults", faults()),
        ("fates", every_fate()),
    ]
}

fn hostile() -> Report {
    let names = [
        "</text><script>alert(1)</script>",
        "a\u{1b}[31mred\n\n\u{7}",
        "שירות ההזמנות של החנות",
        "漢字の長い名前のパイプライン",
        &"very-long-name-".repeat(20),
    ];
    let designs: Vec<Design> = fixture::five()
        .into_iter()
        .zip(names)
        .map(|(design, name)| Design { name: name.to_owned(), ..design })
        .collect();
    let mut report = fixture::build(&designs, &[("& \"quoted\" <case>", 10.0), (&"long ".repeat(80), 1000.0)], 3);
    report.scenario.title = format!("<b>مرحبا</b> \u{202E}gpj.exe {}", "title that goes on ".repeat(30));
    for node in report.cells.iter_mut().flat_map(|cell| &mut cell.nodes) {
        node.name.push_str("<&>\u{0}日本");
    }
    for series in report.cells.iter_mut().flat_map(|cell| &mut cell.series) {
        if let Some(node) = &mut series.node {
            node.push_str("<&>\u{0}日本");
        }
    }
    report
}

fn zero() -> Report {
    let mut report = fixture::build(&fixture::five()[..3], &[("nothing", 0.0), ("something", 10.0)], 4);
    for cell in report.cells.iter_mut().filter(|cell| cell.case == 0) {
        cell.latency.clear();
        cell.fates.iter_mut().for_each(|fate| fate.mean = 0.0);
        for series in &mut cell.series {
            for values in [&mut series.mean, &mut series.low, &mut series.high] {
                fixture::scale(values, 0.0);
            }
        }
    }
    report
}

/// Everything that is counted or timed, times a factor.
fn scaled(factor: f64) -> Report {
    let mut report = fixture::build(&fixture::five(), &[("ten", 10.0), ("thousand", 1000.0)], 4);
    report.run.sample_s *= factor;
    report.run.objective_s = report.run.objective_s.map(|objective| objective * factor);
    for cell in &mut report.cells {
        cell.latency.iter_mut().for_each(|bucket| {
            bucket.low_s *= factor;
            bucket.high_s *= factor;
        });
        for series in &mut cell.series {
            for values in [&mut series.mean, &mut series.low, &mut series.high] {
                fixture::scale(values, factor);
            }
        }
    }
    report
}

fn faults() -> Report {
    let mut report = fixture::video();
    for (index, (from_s, to_s)) in
        [(0.0, 30.0), (700.0, 700.0), (900.0, 1500.0), (1000.0, 1600.0), (5000.0, 9e9)].into_iter().enumerate()
    {
        let label = ["web killed", "shard 3 slow", "shipping service down", "q", "broker fails 10 %"][index].to_owned();
        report.cases[index % 2].faults.push(FaultBand { label, pipelines: vec![0, index % 5, 4], from_s, to_s });
    }
    for (label, at) in [("crew scheduled: max 9", 600.0), ("", 1200.0), ("mail: other filter", 1300.0)] {
        let change = FaultBand { label: label.to_owned(), pipelines: vec![1, 2], from_s: at, to_s: at };
        report.cases[0].changes.push(change);
    }
    report
}

/// All nine fates in every bar, in different proportions.
fn every_fate() -> Report {
    let mut report = fixture::build(&fixture::five(), &[("even", 10.0), ("uneven", 10.0)], 4);
    for (index, cell) in report.cells.iter_mut().enumerate() {
        for (fate, estimate) in (0_u32..).zip(&mut cell.fates) {
            let falling = 2000.0 / f64::from(1 << fate);
            estimate.mean = match index {
                0 | 6 => 100.0,
                1..=4 => falling,
                7 => 2000.0 / falling,
                _ => {
                    if fate == 0 {
                        1e6
                    } else {
                        f64::from(fate)
                    }
                }
            };
        }
    }
    report
}

fn overlap(a: &Words, b: &Words) -> bool {
    let edges = |words: &Words| {
        let (x, y) = words.at;
        (x, x + words.width(), y - words.size * 7 / 10, y + words.size / 10)
    };
    let ((left, right, top, bottom), (other_left, other_right, other_top, other_bottom)) = (edges(a), edges(b));
    left < other_right && other_left < right && top < other_bottom && other_top < bottom
}

fn words(sketch: &Sketch) -> Vec<&Words> {
    let words = sketch.scene.marks.iter().filter_map(|mark| match mark {
        Mark::Words(words) => Some(words),
        _ => None,
    });
    words.collect()
}

#[test]
fn no_label_covers_another_and_none_leaves_the_page() {
    for (name, report) in reports() {
        for sketch in CHARTS.iter().filter_map(|kind| (kind.sketch)(&report)) {
            let words = words(&sketch);
            for (index, one) in words.iter().enumerate() {
                for other in &words[index + 1..] {
                    assert!(!overlap(one, other), "{name}, {}: `{}` and `{}`", sketch.title, one.text, other.text);
                }
                let (x, y) = one.at;
                let inside =
                    x >= 100 && x + one.width() <= sketch.scene.width - 100 && y > 100 && y < sketch.scene.height - 100;
                assert!(inside, "{name}, {}: `{}` at {x}, {y}", sketch.title, one.text);
                assert!(one.size >= 125, "{name}, {}: `{}` is too small for half size", sketch.title, one.text);
            }
        }
    }
}

#[test]
fn every_mark_is_on_the_page() {
    for (name, report) in reports() {
        for sketch in CHARTS.iter().filter_map(|kind| (kind.sketch)(&report)) {
            let (width, height) = (sketch.scene.width, sketch.scene.height);
            for mark in &sketch.scene.marks {
                let points: Vec<_> = match mark {
                    Mark::Strokes(lines, _) => lines.iter().flatten().copied().collect(),
                    Mark::Fill(outline, _) => outline.clone(),
                    Mark::Dot(centre, ..) => vec![*centre],
                    Mark::Words(_) => continue,
                };
                let inside = points.iter().all(|(x, y)| (0..=width).contains(x) && (0..=height).contains(y));
                assert!(inside, "{name}, {}: {mark:?}", sketch.title);
            }
        }
    }
}

#[test]
fn the_first_page_has_all_charts_small_and_the_same_every_time() {
    let report = fixture::video();
    let charts = draw(&report);
    assert_eq!(charts.iter().map(|chart| chart.name).collect::<Vec<_>>(), CHARTS.map(|kind| kind.name));
    for (chart, again) in charts.iter().zip(draw(&fixture::video())) {
        assert!(chart.svg.len() < 150_000, "{}: {} bytes of SVG", chart.name, chart.svg.len());
        assert!(chart.png.len() < 500_000, "{}: {} bytes of PNG", chart.name, chart.png.len());
        assert!(chart.svg == again.svg && chart.png == again.png, "{} differs", chart.name);
    }
}

#[allow(clippy::disallowed_methods, reason = "writes pictures for the eye")]
#[test]
fn pictures_are_written_to_be_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/charts-preview");
    for (name, report) in reports() {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        for chart in draw(&report) {
            std::fs::write(folder.join(chart.name).with_extension("svg"), &chart.svg).expect("as above");
            std::fs::write(folder.join(chart.name).with_extension("png"), &chart.png).expect("as above");
        }
    }
}
