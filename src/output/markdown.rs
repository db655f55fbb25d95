//! The result page as Markdown, for a pull request or a lesson.

use super::page;
use super::table::markdown as escape;
use crate::report::{PipelineInfo, Report};

/// The page, with a line break at the end. Every word of a stranger is escaped.
pub fn page(report: &Report) -> String {
    let mut lines = vec![format!("# {}", escape(&report.scenario.title)), String::new()];
    if !report.scenario.question.is_empty() {
        lines.extend([escape(&report.scenario.question), String::new()]);
    }
    lines.extend(page::how(report).iter().map(|text| sentence(text)));
    if let Some(note) = page::partial_note(report) {
        lines.extend([String::new(), format!("**{}**", sentence(&note))]);
    }
    lines.push(String::new());
    let design = |design: &PipelineInfo| format!("- **{}**: {}", escape(&design.name), escape(&design.path));
    lines.extend(report.pipelines.iter().map(design));
    for case in 0..report.cases.len() {
        case_section(report, case, &mut lines);
    }
    if !report.expectations.is_empty() {
        lines.extend(["", "## Expectations", ""].map(Into::into));
        lines.extend(page::expectation_table(report).map(|table| table.to_markdown()));
        lines.push(sentence(&page::expectation_sum(report)));
    }
    lines.extend([String::new(), sentence(&page::legend(report)), String::new()]);
    lines.join("\n")
}

fn case_section(report: &Report, case: usize, lines: &mut Vec<String>) {
    if page::has_heading(report) {
        lines.extend([String::new(), format!("## Case {}", escape(&report.cases[case].name))]);
    }
    let faults = page::faults(report, case);
    if !faults.is_empty() {
        lines.extend([String::new(), sentence(&faults)]);
    }
    lines.push(String::new());
    let pipelines = page::pipelines_of(report, case);
    if pipelines.is_empty() {
        lines.push("No replication had finished.".into());
        return;
    }
    lines.push(page::case_table(report, case, &pipelines, usize::MAX).to_markdown());
    for cell in pipelines.iter().filter_map(|&pipeline| report.cell(case, pipeline)) {
        let name = escape(&report.pipelines[cell.pipeline].name);
        let losses = page::losses(cell);
        let losses = if losses.is_empty() { losses } else { format!(" *{}*", sentence(&losses)) };
        lines.push(format!("- **{name}**: {}{losses}", sentence(&cell.verdict)));
    }
}

/// The text, escaped, with a capital first letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{}{stop}", escape(&(capital + letters.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::text::clean;
    use crate::report::fixture;
    use snapbox::{assert_data_eq, file};

    #[test]
    fn the_page_as_markdown() {
        assert_data_eq!(page(&fixture::report()), file!["golden/page.md"].raw());
    }

    #[test]
    fn hostile_text_makes_no_markup() {
        let text = page(&fixture::hostile());
        assert!(!text.contains("<script") && !text.contains("</text") && !text.contains("[x]("), "{text}");
        assert!(text.lines().all(|line| line == clean(line)));
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let rows: Vec<usize> = text.lines().filter(|line| line.starts_with('|')).map(columns).collect();
        assert!(rows.iter().all(|&columns| columns == 7 || columns == 5), "{rows:?}");
    }
}
