//! The line below every chart: which scenario, which seed, how many replications, and what a band means.

use super::text;
use crate::report::Report;

/// What a band over replications shows, in the words of the captions.
pub(super) const BAND: &str = "band: lowest to highest replication";
/// The same for a chart that shows means only.
pub(super) const MEANS: &str = "means over them";
/// The same for a chart that counts all jobs.
pub(super) const TOGETHER: &str = "all of them together";

/// The caption; `shows` is one of the constants above.
pub(super) fn of(report: &Report, shows: &str) -> String {
    let title = text::clean(if report.scenario.title.trim().is_empty() {
        &report.scenario.name
    } else {
        &report.scenario.title
    });
    let title: String =
        if title.chars().count() > 90 { title.chars().take(89).chain(['…']).collect() } else { title };
    let replications = match report.run.replications {
        1 if shows == BAND => "1 replication, so no band".to_owned(),
        1 => "1 replication".to_owned(),
        many => format!("{many} replications, {shows}"),
    };
    let partial = if report.run.partial { " · run cut short: the figures cover what had finished" } else { "" };
    format!("{title} · seed {} · {replications}{partial}", report.run.seed)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn it_names_the_run_and_what_a_band_is() {
        let report = fixture::video();
        let caption = of(&report, BAND);
        assert_eq!(
            caption,
            "Ten videos, then a thousand · seed 1 · 20 replications, band: lowest to highest replication"
        );
    }

    #[test]
    fn one_replication_has_no_band_and_a_cut_run_says_so() {
        let mut report = fixture::video();
        report.run.replications = 1;
        report.run.partial = true;
        let caption = of(&report, BAND);
        assert!(caption.contains("1 replication, so no band") && caption.contains("cut short"), "{caption}");
    }
}
