//! The reference run in `output/video-encoding/`: a fresh run of the same scenario gives the same bytes.

use crate::fixture::{argument, repository, surgetank};
use std::collections::BTreeMap;
use std::path::Path;
use surgetank::exit::Exit;

const SCENARIO: &str = "scenarios/video-encoding.toml";
const FOLDER: &str = "output/video-encoding";
/// What `.gitignore` leaves out because it is large. The manifest holds the sizes of these files and a fingerprint of
/// every figure, so that a change in them shows all the same.
const LEFT_OUT: [&str; 2] = ["histogram.csv", "timeseries.csv"];
/// The one picture that the README shows as PNG.
const PICTURE: &str = "charts/fates.png";

fn is_kept(name: &str) -> bool {
    let is_png = Path::new(name).extension().is_some_and(|extension| extension == "png");
    !LEFT_OUT.contains(&name) && (name == PICTURE || !is_png)
}

/// The kept files below a folder, by their name with `/`.
fn kept(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, before)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
            let name = format!("{before}{name}");
            if path.is_dir() {
                folders.push((path, format!("{name}/")));
            } else if is_kept(&name) {
                files.insert(name, std::fs::read(&path).expect("a readable file"));
            }
        }
    }
    files
}

/// Where two files part: the line, and what stands there in each.
fn difference(kept: &[u8], fresh: &[u8]) -> String {
    let (kept, fresh) = (String::from_utf8_lossy(kept), String::from_utf8_lossy(fresh));
    let lines = kept.lines().zip(fresh.lines()).enumerate();
    let mut parting = lines.filter(|(_, (kept, fresh))| kept != fresh);
    parting.next().map_or_else(
        || "one ends before the other".to_owned(),
        |(number, (kept, fresh))| format!("line {}:\n  kept  {kept:.200}\n  fresh {fresh:.200}", number + 1),
    )
}

#[test]
fn a_fresh_run_gives_the_bytes_of_the_reference_run() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let exit = surgetank(&["run", SCENARIO, "--out", argument(place.path()), "--quiet"]);
    assert_eq!(exit, Exit::Done);
    let fresh = kept(&place.path().join("video-encoding"));
    let reference = kept(&repository(FOLDER));
    let help = format!("if that is meant, or another run is in {FOLDER}: cargo run --release -- run {SCENARIO}");
    for (name, bytes) in &fresh {
        let there = reference.get(name).unwrap_or_else(|| panic!("{FOLDER}/{name} is missing; {help}"));
        assert!(there == bytes, "{FOLDER}/{name} is not what a run gives, {}\n{help}", difference(there, bytes));
    }
    let extra: Vec<&String> = reference.keys().filter(|name| !fresh.contains_key(*name)).collect();
    assert!(extra.is_empty(), "no run writes {extra:?} in {FOLDER}; {help}");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let run = |jobs: &str| {
        let place = tempfile::tempdir().expect("a temporary folder");
        let out = argument(place.path());
        let exit = surgetank(&["run", SCENARIO, "-r", "3", "--jobs", jobs, "--out", out, "--quiet", "--no-charts"]);
        assert!(matches!(exit, Exit::Done | Exit::Expectation));
        let folder = place.path().join("video-encoding");
        let mut files = kept(&folder);
        files.extend(LEFT_OUT.map(|name| (name.to_owned(), std::fs::read(folder.join(name)).expect("written"))));
        files
    };
    let (one, three) = (run("1"), run("3"));
    assert_eq!(one.keys().collect::<Vec<_>>(), three.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(&three[name] == bytes, "{name}: {}", difference(bytes, &three[name]));
    }
}
