//! The result of a run as JSON: what `run --format json` prints.
//!
//! The structure, stable within a `schema_version` (fields may be added, none removed or given another meaning):
//!
//! ```text
//! schema_version, program, version
//! scenario       name, title, question, hash
//! run            seed, replications, duration_s, drain_s, sample_s, objective_s, percentiles, fingerprint, events,
//!                partial
//! cases[]        name, faults[]: label, pipelines[] (names), from_s, to_s
//! pipelines[]    name, path
//! results[]      one per case and pipeline, all pipelines of the first case first:
//!                case, pipeline, replications, verdict, traffic_checksum,
//!                metrics{}  by the names of summary.csv: unit, mean, ci_low, ci_high, replications
//!                fates{}    by fate: the same, without unit
//!                losses[]   node, reason, fate, jobs (the same again)
//! expectations[] case, that, held, found
//! expectations_held
//! folder         where the files are, or null
//! ```
//!
//! `null` means not measured. Numbers read back to the same double; text is free of control characters.

use super::text::clean;
use crate::report::{Cell, Fate, Report, RunInfo, ScenarioInfo};
use crate::stats::Estimate;
use serde::{Serialize, Serializer};
use std::io::{self, Write};

/// Version of the structure of every JSON file and of the columns of every CSV file.
pub const SCHEMA_VERSION: u32 = 1;
/// Who wrote it.
pub const PROGRAM: &str = "surgetank";

/// Writes the report, indented, with a line break at the end.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, folder: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    write_pretty(&PageRow::of(report, folder), out)
}

pub(super) fn write_pretty(row: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, row)?;
    writeln!(out)
}

/// Text made harmless.
pub(super) fn text(text: &str) -> String {
    clean(text).into_owned()
}

/// A number, or `null` for what is none; never a negative zero, never an integer with a `.0`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) Option<f64>);

impl Serialize for Number {
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked by the comparison")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.filter(|number| number.is_finite()) {
            None => serializer.serialize_none(),
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => serializer.serialize_i64(number as i64),
            Some(number) => serializer.serialize_f64(number),
        }
    }
}

/// An object that keeps its order.
struct Object<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct PageRow {
    schema_version: u32,
    program: &'static str,
    version: &'static str,
    scenario: ScenarioRow,
    run: RunRow,
    cases: Vec<CaseRow>,
    pipelines: Vec<PipelineRow>,
    results: Vec<ResultRow>,
    expectations: Vec<ExpectationRow>,
    expectations_held: bool,
    folder: Option<String>,
}

/// The scenario, in every JSON file.
#[derive(Serialize)]
pub(super) struct ScenarioRow {
    name: String,
    title: String,
    question: String,
    hash: String,
}

/// How it was run, in every JSON file.
#[derive(Serialize)]
pub(super) struct RunRow {
    seed: u64,
    replications: u32,
    duration_s: Number,
    drain_s: Number,
    sample_s: Number,
    objective_s: Number,
    percentiles: Vec<Number>,
    fingerprint: String,
    events: u64,
    partial: bool,
}

#[derive(Serialize)]
struct CaseRow {
    name: String,
    faults: Vec<FaultRow>,
}

#[derive(Serialize)]
struct FaultRow {
    label: String,
    pipelines: Vec<String>,
    from_s: Number,
    to_s: Number,
}

#[derive(Serialize)]
struct PipelineRow {
    name: String,
    path: String,
}

#[derive(Serialize)]
struct ResultRow {
    case: String,
    pipeline: String,
    replications: usize,
    verdict: String,
    traffic_checksum: String,
    metrics: Object<MetricRow>,
    fates: Object<EstimateRow>,
    losses: Vec<LossRow>,
}

#[derive(Serialize)]
struct MetricRow {
    unit: &'static str,
    #[serde(flatten)]
    estimate: EstimateRow,
}

#[derive(Serialize)]
struct EstimateRow {
    mean: Number,
    ci_low: Number,
    ci_high: Number,
    replications: u32,
}

#[derive(Serialize)]
struct LossRow {
    node: String,
    reason: String,
    fate: &'static str,
    jobs: EstimateRow,
}

#[derive(Serialize)]
struct ExpectationRow {
    case: String,
    that: String,
    held: bool,
    found: String,
}

impl PageRow {
    fn of(report: &Report, folder: Option<&str>) -> Self {
        let pipeline = |index: &usize| text(&report.pipelines[*index].name);
        let fault = |fault: &crate::report::FaultBand| FaultRow {
            label: text(&fault.label),
            pipelines: fault.pipelines.iter().map(pipeline).collect(),
            from_s: Number(Some(fault.from_s)),
            to_s: Number(Some(fault.to_s)),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            program: PROGRAM,
            version: env!("CARGO_PKG_VERSION"),
            scenario: ScenarioRow::of(&report.scenario),
            run: RunRow::of(&report.run),
            cases: report
                .cases
                .iter()
                .map(|case| CaseRow { name: text(&case.name), faults: case.faults.iter().map(fault).collect() })
                .collect(),
            pipelines: report
                .pipelines
                .iter()
                .map(|pipeline| PipelineRow { name: text(&pipeline.name), path: text(&pipeline.path) })
                .collect(),
            results: report.cells.iter().map(|cell| ResultRow::of(report, cell)).collect(),
            expectations: report
                .expectations
                .iter()
                .map(|expectation| ExpectationRow {
                    case: text(&report.cases[expectation.case].name),
                    that: text(&expectation.that),
                    held: expectation.held,
                    found: text(&expectation.found),
                })
                .collect(),
            expectations_held: report.expectations.iter().all(|expectation| expectation.held),
            folder: folder.map(text),
        }
    }
}

impl ScenarioRow {
    pub(super) fn of(scenario: &ScenarioInfo) -> Self {
        Self {
            name: text(&scenario.name),
            title: text(&scenario.title),
            question: text(&scenario.question),
            hash: text(&scenario.hash),
        }
    }
}

impl RunRow {
    pub(super) fn of(run: &RunInfo) -> Self {
        Self {
            seed: run.seed,
            replications: run.replications,
            duration_s: Number(Some(run.duration_s)),
            drain_s: Number(Some(run.drain_s)),
            sample_s: Number(Some(run.sample_s)),
            objective_s: Number(run.objective_s),
            percentiles: run.percentiles.iter().map(|&percent| Number(Some(percent))).collect(),
            fingerprint: text(&run.fingerprint),
            events: run.events,
            partial: run.partial,
        }
    }
}

impl ResultRow {
    fn of(report: &Report, cell: &Cell) -> Self {
        let metrics = cell.summary.iter().map(|metric| {
            let row = MetricRow { unit: metric.unit, estimate: EstimateRow::of(metric.estimate.as_ref()) };
            (text(&metric.name), row)
        });
        let fates = Fate::ALL.iter().zip(&cell.fates);
        Self {
            case: text(&report.cases[cell.case].name),
            pipeline: text(&report.pipelines[cell.pipeline].name),
            replications: cell.replications.len(),
            verdict: text(&cell.verdict),
            traffic_checksum: text(&cell.traffic_checksum),
            metrics: Object(metrics.collect()),
            fates: Object(fates.map(|(fate, jobs)| (fate.name().into(), EstimateRow::of(Some(jobs)))).collect()),
            losses: cell
                .losses
                .iter()
                .map(|loss| LossRow {
                    node: text(&loss.node),
                    reason: text(&loss.reason),
                    fate: loss.fate.name(),
                    jobs: EstimateRow::of(Some(&loss.jobs)),
                })
                .collect(),
        }
    }
}

impl EstimateRow {
    fn of(estimate: Option<&Estimate>) -> Self {
        let interval = estimate.and_then(Estimate::interval);
        Self {
            mean: Number(estimate.map(|estimate| estimate.mean)),
            ci_low: Number(interval.map(|interval| interval.low)),
            ci_high: Number(interval.map(|interval| interval.high)),
            replications: estimate.map_or(0, |estimate| estimate.replications),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use proptest::prelude::*;
    use serde_json::Value;

    fn page(report: &Report) -> Value {
        let mut out = Vec::new();
        write(report, Some("output/video-encoding"), &mut out).expect("memory");
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn every_documented_field_is_there() {
        let page = page(&fixture::report());
        for field in [
            "/schema_version",
            "/program",
            "/version",
            "/scenario/question",
            "/scenario/hash",
            "/run/seed",
            "/run/objective_s",
            "/run/percentiles/2",
            "/run/fingerprint",
            "/run/events",
            "/run/partial",
            "/cases/1/faults/0/pipelines/4",
            "/cases/1/faults/0/from_s",
            "/pipelines/4/path",
            "/results/9/verdict",
            "/results/9/traffic_checksum",
            "/results/5/metrics/latency_p99_9_s/ci_low",
            "/results/5/fates/timed_out/mean",
            "/results/5/losses/0/reason",
            "/results/5/losses/0/jobs/replications",
            "/expectations/3/found",
            "/expectations_held",
            "/folder",
        ] {
            assert!(page.pointer(field).is_some(), "{field}");
        }
    }

    #[test]
    fn figures_are_those_of_the_report_and_null_where_nothing_was_measured() {
        let report = fixture::report();
        let page = page(&report);
        for (index, cell) in report.cells.iter().enumerate() {
            for metric in &cell.summary {
                let found = &page["results"][index]["metrics"][&metric.name]["mean"];
                // The reader of serde_json is off by a last bit now and then; the text is exact, see below.
                let close = |(a, b): (f64, f64)| (a - b).abs() <= 1e-15 * b.abs();
                let pair = found.as_f64().zip(metric.estimate.map(|estimate| estimate.mean));
                assert!(pair.is_none_or(close) && found.is_null() == metric.estimate.is_none(), "{}", metric.name);
            }
        }
        assert!(page["results"][0]["metrics"]["cost_usd"]["mean"].is_null());
        assert_eq!(page["expectations_held"], false);
    }

    #[test]
    fn metrics_keep_the_order_of_the_summary() {
        let report = fixture::report();
        let mut out = Vec::new();
        write(&report, None, &mut out).expect("memory");
        let page = String::from_utf8(out).expect("text");
        let page = page.split_once("\"metrics\"").expect("metrics").1;
        let places: Vec<_> =
            report.cells[0].summary.iter().map(|metric| page.find(&format!("\"{}\"", metric.name))).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some));
    }

    #[test]
    fn numbers_read_back_and_integers_look_like_integers() {
        let json = |number| serde_json::to_string(&Number(number)).expect("JSON");
        assert_eq!(json(Some(1800.0)), "1800");
        assert_eq!(json(Some(-0.0)), "0");
        assert_eq!(json(Some(0.1)), "0.1");
        assert_eq!(json(Some(f64::NAN)), "null");
        assert_eq!(json(None), "null");
    }

    proptest! {
        #[test]
        fn every_number_reads_back_bit_by_bit(number in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
            let text = serde_json::to_string(&Number(Some(number))).expect("JSON");
            prop_assert_eq!(text.parse(), Ok(number));
        }
    }

    #[test]
    fn hostile_text_is_harmless() {
        let mut report = fixture::report();
        report.scenario.title = "a\u{9b}2J\u{202e}".into();
        assert_eq!(page(&report)["scenario"]["title"], "a\\u{9b}2J\\u{202e}");
    }
}
