//! The result page of `run`: what happened to every job, read in a minute.

use super::folder::{Finished, WrittenFile};
use super::page;
use super::style::{Style, Tone};
use super::text::{clean, fit, width, wrap};
use crate::report::Report;
use crate::report::human::{bytes, grouped, rough, seconds};

/// Pages are never narrower, or nothing could be said, and never wider, or no eye could follow.
const NARROWEST: usize = 40;
const WIDEST: usize = 132;
/// Columns that a pipeline's name gets at the head of a table; it is written out in the sentences below.
const NAME_COLUMNS: usize = 24;

/// How the page is printed.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Columns of the terminal; 80 where there is none.
    pub width: usize,
    /// Whether to use colours.
    pub style: Style,
    /// What was written, if anything was.
    pub written: Option<&'a Finished>,
    /// How long the run took, in seconds, if that is to be told.
    pub wall_time_s: Option<f64>,
}

/// The page as text, with a line break at the end.
pub fn page(report: &Report, page: &Page<'_>) -> String {
    let mut out = Printer { text: String::new(), width: page.width.clamp(NARROWEST, WIDEST), style: page.style };
    head(report, &mut out);
    for case in 0..report.cases.len() {
        case_section(report, case, &mut out);
    }
    expectations(report, &mut out);
    foot(report, page, &mut out);
    out.text
}

/// Lines under construction.
struct Printer {
    text: String,
    width: usize,
    style: Style,
}

impl Printer {
    /// A paragraph: the first line after `lead`, the others under it.
    fn paragraph(&mut self, lead: &str, indent: usize, tone: Tone, text: &str) {
        for (number, line) in wrap(&clean(text), self.width.saturating_sub(indent)).iter().enumerate() {
            let lead = if number == 0 { lead } else { "" };
            let blanks = " ".repeat(indent.saturating_sub(width(lead)));
            let line = format!("{}{blanks}{}", self.style.paint(Tone::Strong, lead), self.style.paint(tone, line));
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A heading with a rule to the end of the line.
    fn heading(&mut self, title: &str) {
        let title = fit(&clean(title), self.width - 8).into_owned();
        let rule = "─".repeat(self.width.saturating_sub(width(&title) + 4));
        let (left, right) = (self.style.paint(Tone::Quiet, "──"), self.style.paint(Tone::Quiet, &rule));
        let title = self.style.paint(Tone::Strong, &title);
        self.text.extend(["\n", &left, " ", &title, " ", &right, "\n"]);
    }
}

fn head(report: &Report, out: &mut Printer) {
    out.paragraph("", 0, Tone::Strong, &report.scenario.title);
    if !report.scenario.question.is_empty() {
        out.paragraph("", 0, Tone::Normal, &report.scenario.question);
    }
    for sentence in page::how(report) {
        out.paragraph("", 0, Tone::Quiet, &sentence);
    }
    if let Some(note) = page::partial_note(report) {
        out.paragraph("", 0, Tone::Warning, &note);
    }
    out.blank();
    let indent = name_columns(report, out.width);
    for pipeline in &report.pipelines {
        named(out, &pipeline.name, indent, Tone::Normal, &pipeline.path);
    }
}

/// Where the text after a pipeline's name begins, in every list of pipelines.
fn name_columns(report: &Report, page: usize) -> usize {
    let longest = report.pipelines.iter().map(|pipeline| width(&clean(&pipeline.name))).max().unwrap_or(0);
    longest.min(page / 3) + 4
}

/// A pipeline's name, and text beside it; a long name gets a line of its own.
fn named(out: &mut Printer, name: &str, indent: usize, tone: Tone, text: &str) {
    let name = clean(name);
    if width(&name) + 4 > indent {
        out.paragraph("", 2, Tone::Strong, &name);
        out.paragraph("", indent, tone, text);
    } else {
        out.paragraph(&format!("  {name}"), indent, tone, text);
    }
}

fn case_section(report: &Report, case: usize, out: &mut Printer) {
    let faults = page::faults(report, case);
    if page::has_heading(report) {
        out.heading(&format!("case {}", report.cases[case].name));
    } else {
        out.blank();
    }
    if !faults.is_empty() {
        out.paragraph("", 0, Tone::Quiet, &faults);
        out.blank();
    }
    let mut pipelines = &page::pipelines_of(report, case)[..];
    if pipelines.is_empty() {
        out.paragraph("", 0, Tone::Warning, "no replication had finished");
        return;
    }
    let indent = name_columns(report, out.width);
    let all = pipelines;
    let table = |pipelines: &[usize]| page::case_table(report, case, pipelines, NAME_COLUMNS);
    let mut more = false;
    // As many designs side by side as fit, at least one.
    while !pipelines.is_empty() {
        let fits = |count: &usize| table(&pipelines[..*count]).narrow_width() <= out.width;
        let count = (1..=pipelines.len()).rev().find(fits).unwrap_or(1);
        let (now, later) = pipelines.split_at(count);
        if more {
            out.blank();
        }
        more = true;
        out.text += &table(now).to_text(out.width, out.style);
        pipelines = later;
    }
    out.blank();
    for cell in all.iter().filter_map(|&pipeline| report.cell(case, pipeline)) {
        named(out, &report.pipelines[cell.pipeline].name, indent, Tone::Normal, &cell.verdict.replace(" %", "\u{a0}%"));
        let losses = page::losses(cell);
        if !losses.is_empty() {
            out.paragraph("", indent, Tone::Quiet, &losses);
        }
    }
}

fn expectations(report: &Report, out: &mut Printer) {
    if report.expectations.is_empty() {
        return;
    }
    out.heading("expectations");
    if let Some(table) = page::expectation_table(report) {
        out.text += &table.to_text(out.width, out.style);
    }
    let held = report.expectations.iter().all(|expectation| expectation.held);
    out.paragraph("", 0, if held { Tone::Good } else { Tone::Bad }, &page::expectation_sum(report));
}

fn foot(report: &Report, page: &Page<'_>, out: &mut Printer) {
    out.blank();
    out.paragraph("", 0, Tone::Quiet, &page::legend(report));
    if let Some(wall) = page.wall_time_s {
        #[allow(clippy::cast_precision_loss, reason = "for display")]
        let rate = rough((report.run.events as f64 / wall.max(1e-9)).round());
        let events = grouped(report.run.events);
        let text = format!("{events} events in {} ({rate} per second)", seconds(wall));
        out.paragraph("", 0, Tone::Quiet, &text);
    }
    if let Some(written) = page.written {
        #[allow(clippy::cast_precision_loss, reason = "for display")]
        let size = bytes(written.files.iter().map(|file| file.bytes).sum::<u64>() as f64);
        let count = written.files.len();
        let text = format!("wrote {} ({count} files, {size})", written.path.display());
        out.paragraph("", 0, Tone::Strong, &text);
        out.paragraph("", 2, Tone::Quiet, &names(&written.files));
        if let Some(left) = &written.left {
            let text = format!("what was not ours in the earlier folder is now in {}", left.display());
            out.paragraph("", 0, Tone::Warning, &text);
        }
    }
}

/// The files of the folder by name, those of a folder within it together.
fn names(files: &[WrittenFile]) -> String {
    let mut names: Vec<String> = Vec::new();
    for file in files {
        match file.name.split_once('/') {
            Some((folder, name)) => match names.iter_mut().find(|text| text.starts_with(&format!("{folder}/"))) {
                Some(text) => text.extend([" ", name]),
                None => names.push(format!("{folder}/ {name}")),
            },
            None => names.push(file.name.clone()),
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use snapbox::{assert_data_eq, file};

    fn print(report: &Report, width: usize, style: Style) -> String {
        page(report, &Page { width, style, written: None, wall_time_s: None })
    }

    #[test]
    fn the_page_on_a_narrow_terminal() {
        assert_data_eq!(print(&fixture::report(), 80, Style::Plain), file!["golden/page-80.txt"].raw());
    }

    #[test]
    fn the_page_on_a_wide_terminal() {
        assert_data_eq!(print(&fixture::report(), 120, Style::Plain), file!["golden/page-120.txt"].raw());
    }

    #[test]
    fn the_page_with_hostile_names() {
        assert_data_eq!(print(&fixture::hostile(), 80, Style::Plain), file!["golden/page-hostile.txt"].raw());
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_none_carries_a_control_character() {
        for report in [fixture::report(), fixture::hostile()] {
            for columns in 40..=132 {
                for line in print(&report, columns, Style::Plain).lines() {
                    assert!(width(line) <= columns, "{columns}: {line}");
                    assert_eq!(line, clean(line));
                }
            }
        }
    }

    #[test]
    fn colour_changes_no_letter() {
        let painted = print(&fixture::hostile(), 80, Style::Ansi);
        let codes = ["1", "2", "31", "32", "33", "0"].map(|code| format!("\u{1b}[{code}m"));
        let bare = codes.iter().fold(painted.clone(), |text, code| text.replace(code, ""));
        assert_eq!(bare, print(&fixture::hostile(), 80, Style::Plain));
        assert_ne!(bare, painted);
    }

    #[test]
    fn designs_that_do_not_fit_side_by_side_go_below() {
        let mut report = fixture::report();
        for copy in 0..6 {
            let mut cell = report.cell(0, copy % 5).expect("a cell").clone();
            cell.pipeline = report.pipelines.len();
            let mut pipeline = report.pipelines[copy % 5].clone();
            pipeline.name = format!("design_{copy}");
            report.pipelines.push(pipeline);
            report.cells.push(cell);
        }
        let text = print(&report, 80, Style::Plain);
        let case = text.split("case thousand").next().expect("the first case");
        for pipeline in &report.pipelines {
            // In the list at the top, at the head of a table, and before its sentence.
            assert_eq!(case.matches(&pipeline.name).count(), 3, "{}", pipeline.name);
        }
    }

    #[test]
    fn of_many_expectations_only_those_that_failed_are_listed() {
        let mut report = fixture::report();
        let held = report.expectations[0].clone();
        report.expectations.extend(vec![held; 10]);
        let text = print(&report, 80, Style::Plain);
        assert!(text.contains("✗ failed") && !text.contains("✓ held"), "{text}");
        assert!(text.contains("13 of 14 expectations held; expectations.csv lists them"), "{text}");
        report.expectations.retain(|expectation| expectation.held);
        let text = print(&report, 80, Style::Plain);
        assert!(text.contains("all 13 expectations held; expectations.csv lists them"), "{text}");
        assert!(!text.contains("found"), "{text}");
    }

    #[test]
    fn one_replication_prints_no_interval_and_says_why() {
        let mut report = fixture::report();
        report.run.replications = 1;
        for cell in &mut report.cells {
            cell.replications.truncate(1);
            let summary = cell.summary.iter_mut().filter_map(|metric| metric.estimate.as_mut());
            let losses = cell.losses.iter_mut().map(|loss| &mut loss.jobs);
            for estimate in cell.fates.iter_mut().chain(summary).chain(losses) {
                estimate.half_width = None;
            }
        }
        let text = print(&report, 80, Style::Plain);
        assert!(!text.contains('±'), "{text}");
        assert!(text.contains("1 replication, seed 1") && text.contains("--replications"));
    }

    #[test]
    fn a_run_that_was_cut_short_says_so_at_the_top() {
        let mut report = fixture::report();
        report.run.partial = true;
        report.run.replications = 20;
        report.cells.retain(|cell| cell.case == 0);
        let text = print(&report, 80, Style::Plain);
        let head: Vec<&str> = text.lines().take(7).collect();
        assert!(
            head.join(" ").contains("cut short: the figures cover what had finished, at least 4 of 20"),
            "{head:?}"
        );
        assert!(text.contains("no replication had finished"));
    }

    #[test]
    fn a_scenario_without_cases_objective_or_expectations_has_no_empty_section() {
        let mut report = fixture::report();
        report.cases.truncate(1);
        report.cases[0].name = "base".into();
        report.cells.truncate(5);
        report.expectations.clear();
        report.run.objective_s = None;
        let text = print(&report, 80, Style::Plain);
        for absent in ["case base", "expectation", "done late", "in time when", "faults"] {
            assert!(!text.contains(absent), "{absent}");
        }
        assert!(!text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn what_was_written_is_told_with_its_size_and_its_files() {
        let file = |name: &str| WrittenFile { name: name.into(), bytes: 1024 };
        let names = ["summary.csv", "charts/backlog.svg", "charts/backlog.png", "manifest.json"];
        let written = Finished {
            path: "output/video-encoding".into(),
            files: names.map(file).to_vec(),
            left: Some("output/.video-encoding.old-1-0".into()),
        };
        let options = Page { width: 100, style: Style::Plain, written: Some(&written), wall_time_s: Some(0.412) };
        let text = page(&fixture::report(), &options);
        assert!(text.contains("wrote output/video-encoding (4 files, 4 KiB)"), "{text}");
        assert!(text.contains("  summary.csv, charts/ backlog.svg backlog.png, manifest.json\n"), "{text}");
        assert!(text.contains("is now in output/.video-encoding.old-1-0"), "{text}");
        assert!(text.contains("412,733 events in 412 ms (1M per second)"), "{text}");
    }
}
