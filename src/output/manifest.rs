//! `manifest.json`: what a folder of results is, and the mark that it is ours.
//!
//! ```text
//! program, version, schema_version
//! scenario   name, title, question, hash
//! run        seed, replications, duration_s, drain_s, sample_s, objective_s, percentiles, fingerprint, events, partial
//! flags[]    what the command line changed
//! traffic[]  case, checksum, same_in_every_pipeline
//! files[]    name, bytes
//! timing     started, wall_time_s; missing unless asked for
//! ```
//!
//! Everything but `timing` follows from the scenario, the seed and the program, so two runs of the same give the same
//! bytes; whoever wants a folder that can be compared or committed leaves `timing` out.

use super::folder::WrittenFile;
use super::json::{PROGRAM, RunRow, SCHEMA_VERSION, ScenarioRow, text, write_pretty};
use crate::report::Report;
use serde::Serialize;
use std::io::{self, Write};

/// Name of the file.
pub const FILE: &str = "manifest.json";

/// What a manifest says beyond the report.
#[derive(Debug, Clone, Default)]
pub struct RunRecord {
    /// What the command line changed, as typed: `--seed 7`, `--set traffic.uploads.spike.count=500`. No paths: they
    /// belong to a machine, not to a result.
    pub flags: Vec<String>,
    /// When and how long; `None` where the bytes have to be the same every time.
    pub timing: Option<Timing>,
}

/// The clock on the wall, read by the caller.
#[derive(Debug, Clone)]
pub struct Timing {
    /// When the run began, in RFC 3339: `2030-01-31T12:00:00Z`.
    pub started: String,
    /// How long it took, in seconds.
    pub wall_time_s: f64,
}

#[derive(Serialize)]
struct ManifestRow<'a> {
    program: &'static str,
    version: &'static str,
    schema_version: u32,
    scenario: ScenarioRow,
    run: RunRow,
    flags: Vec<String>,
    traffic: Vec<TrafficRow>,
    files: Vec<FileRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timing: Option<TimingRow<'a>>,
}

#[derive(Serialize)]
struct TrafficRow {
    case: String,
    checksum: String,
    same_in_every_pipeline: bool,
}

#[derive(Serialize)]
struct FileRow<'a> {
    name: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct TimingRow<'a> {
    started: &'a str,
    wall_time_s: f64,
}

/// Writes the manifest of a folder that holds these files.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, record: &RunRecord, files: &[WrittenFile], out: &mut dyn Write) -> io::Result<()> {
    let manifest = ManifestRow {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        schema_version: SCHEMA_VERSION,
        scenario: ScenarioRow::of(&report.scenario),
        run: RunRow::of(&report.run),
        flags: record.flags.iter().map(|flag| text(flag)).collect(),
        traffic: traffic(report),
        files: files.iter().map(|file| FileRow { name: &file.name, bytes: file.bytes }).collect(),
        timing: record
            .timing
            .as_ref()
            .map(|timing| TimingRow { started: &timing.started, wall_time_s: timing.wall_time_s }),
    };
    write_pretty(&manifest, out)
}

/// One checksum per case, and whether every pipeline had it.
fn traffic(report: &Report) -> Vec<TrafficRow> {
    let of_case = |case: usize| {
        let mut checksums =
            report.cells.iter().filter(move |cell| cell.case == case).map(|cell| cell.traffic_checksum.as_str());
        let first = checksums.next()?;
        Some(TrafficRow {
            case: text(&report.cases[case].name),
            checksum: text(first),
            same_in_every_pipeline: checksums.all(|checksum| checksum == first),
        })
    };
    (0..report.cases.len()).filter_map(of_case).collect()
}

/// The scenario that a folder with this manifest belongs to, if it is one of ours.
pub fn scenario_name(manifest: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    (manifest.get("program")?.as_str()? == PROGRAM).then_some(())?;
    Some(manifest.get("scenario")?.get("name")?.as_str()?.to_owned())
}

/// The names of the files that this manifest lists, if it is one of ours; the manifest itself included.
pub fn files_listed(manifest: &[u8]) -> Option<Vec<String>> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    if manifest.get("program")?.as_str()? != PROGRAM {
        return None;
    }
    let files = manifest.get("files")?.as_array()?;
    let names = files.iter().filter_map(|file| Some(file.get("name")?.as_str()?.to_string()));
    Some(names.chain([FILE.to_string()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn manifest(report: &Report, timing: Option<Timing>) -> String {
        let record = RunRecord { flags: vec!["--seed 7".into()], timing };
        let files = [WrittenFile { name: "summary.csv".into(), bytes: 12 }];
        let mut out = Vec::new();
        write(report, &record, &files, &mut out).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn without_timing_the_bytes_are_the_same_every_time() {
        let text = manifest(&fixture::report(), None);
        assert_eq!(text, manifest(&fixture::report(), None));
        assert!(!text.contains("timing") && !text.contains("started"));
    }

    #[test]
    fn timing_is_written_where_it_is_asked_for() {
        let timing = Timing { started: "2030-01-31T12:00:00Z".into(), wall_time_s: 1.25 };
        let text = manifest(&fixture::report(), Some(timing));
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["timing"]["wall_time_s"], 1.25);
        assert_eq!(value["flags"][0], "--seed 7");
        assert_eq!(value["scenario"]["hash"], "5a1f0c93d27be486");
        assert_eq!(value["run"]["events"], 412_733);
    }

    #[test]
    fn traffic_that_differs_between_pipelines_is_said_to() {
        let mut report = fixture::report();
        assert!(traffic(&report).iter().all(|row| row.same_in_every_pipeline));
        report.cells[9].traffic_checksum = "other".into();
        let same: Vec<bool> = traffic(&report).iter().map(|row| row.same_in_every_pipeline).collect();
        assert_eq!(same, [true, false]);
    }

    #[test]
    fn our_manifest_names_its_scenario() {
        let text = manifest(&fixture::report(), None);
        assert_eq!(scenario_name(text.as_bytes()).as_deref(), Some("video-encoding"));
        assert_eq!(scenario_name(text.replace("surgetank", "other").as_bytes()), None);
        assert_eq!(scenario_name(b"{}"), None);
    }

    #[test]
    fn only_our_manifest_lists_our_files() {
        let text = manifest(&fixture::report(), None);
        assert_eq!(files_listed(text.as_bytes()), Some(vec!["summary.csv".to_string(), FILE.to_string()]));
        for other in ["", "{}", r#"{"name": "web app", "files": []}"#, r#"{"program": "other", "files": []}"#] {
            assert_eq!(files_listed(other.as_bytes()), None, "{other}");
        }
    }
}
