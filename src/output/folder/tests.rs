//! The folder against a real file system.

use super::*;
use crate::output::files::{FILES, write_all};
use crate::report::fixture;
use std::collections::BTreeSet;
use tempfile::TempDir;

/// A place of its own for a test.
fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs into `root/run` with these files.
fn run(root: &Path, files: &[&str]) -> Finished {
    let mut folder = OutputFolder::prepare(root, "run").expect("a writable place");
    for file in files {
        folder.write(file, |out| out.write_all(b"new")).expect("writable");
    }
    folder.finish(&fixture::report(), &RunRecord::default()).expect("movable")
}

/// Everything under a folder, hidden things included.
fn tree(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().expect("a type").is_dir() {
            found.extend(tree(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}")));
        }
        found.insert(name);
    }
    found
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn a_run_leaves_its_files_and_nothing_else() {
    let place = place();
    let root = place.path().join("deep/output");
    let mut folder = OutputFolder::prepare(&root, "video-encoding").expect("a writable place");
    write_all(&fixture::report(), &mut folder).expect("writable");
    assert!(!folder.target().exists(), "nothing is in its place before all of it is");
    let finished = folder.finish(&fixture::report(), &RunRecord::default()).expect("movable");
    assert_eq!(finished.path, root.join("video-encoding"));
    assert_eq!(finished.files.len(), FILES.len() + 1);
    assert!(finished.files.iter().all(|file| file.bytes > 0));
    assert_eq!(tree(&root).len(), FILES.len() + 2);
}

#[test]
fn the_manifest_lists_every_file_with_its_size() {
    let place = place();
    run(place.path(), &["summary.csv", "charts/backlog.svg"]);
    let manifest = fs::read(place.path().join("run/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["files"][1]["name"], "charts/backlog.svg");
    assert_eq!(manifest["files"][1]["bytes"], 3);
}

#[test]
fn a_second_run_replaces_the_first_and_leaves_no_stale_file() {
    let place = place();
    run(place.path(), &["summary.csv", "stale.csv", "charts/stale.svg"]);
    let finished = run(place.path(), &["summary.csv"]);
    assert_eq!(finished.left, None);
    assert_eq!(tree(place.path()), set(&["run", "run/summary.csv", "run/manifest.json"]));
}

#[test]
fn what_somebody_else_put_into_our_folder_survives() {
    let place = place();
    run(place.path(), &["summary.csv", "charts/backlog.svg"]);
    let ours = place.path().join("run");
    fs::create_dir(ours.join("mine")).expect("writable");
    for foreign in ["notes.md", "charts/drawing.svg", "mine/data.csv"] {
        fs::write(ours.join(foreign), "precious").expect("writable");
    }
    let finished = run(place.path(), &["summary.csv"]);
    assert_eq!(finished.left, None);
    for foreign in ["notes.md", "charts/drawing.svg", "mine/data.csv"] {
        assert_eq!(fs::read_to_string(ours.join(foreign)).expect("still there"), "precious");
    }
    assert!(!ours.join("charts/backlog.svg").exists());
}

#[test]
fn what_cannot_be_carried_over_is_left_aside_and_told() {
    let place = place();
    run(place.path(), &["summary.csv"]);
    fs::write(place.path().join("run/backlog.svg"), "precious").expect("writable");
    let left = run(place.path(), &["summary.csv", "backlog.svg"]).left.expect("something is left");
    assert_eq!(fs::read_to_string(left.join("backlog.svg")).expect("still there"), "precious");
    assert_eq!(fs::read_to_string(place.path().join("run/backlog.svg")).expect("the new one"), "new");
}

#[test]
fn a_foreign_folder_is_never_replaced() {
    let place = place();
    let foreign = place.path().join("run");
    fs::create_dir(&foreign).expect("writable");
    for manifest in [None, Some("{}"), Some(r#"{"program": "other", "files": []}"#)] {
        fs::write(foreign.join("thesis.tex"), "precious").expect("writable");
        if let Some(text) = manifest {
            fs::write(foreign.join("manifest.json"), text).expect("writable");
        }
        let error = OutputFolder::prepare(place.path(), "run").expect_err("not ours");
        assert!(error.to_string().contains("holds something else"), "{error}");
        assert!(error.help().contains("--out"));
        assert!(foreign.join("thesis.tex").exists());
    }
}

#[test]
fn a_folder_that_became_foreign_during_the_run_is_not_replaced_either() {
    let place = place();
    let folder = OutputFolder::prepare(place.path(), "run").expect("a free place");
    fs::create_dir(place.path().join("run")).expect("writable");
    fs::write(place.path().join("run/thesis.tex"), "precious").expect("writable");
    folder.finish(&fixture::report(), &RunRecord::default()).expect_err("not ours");
    assert_eq!(tree(place.path()), set(&["run", "run/thesis.tex"]));
}

#[test]
fn an_empty_folder_is_used() {
    let place = place();
    fs::create_dir(place.path().join("run")).expect("writable");
    run(place.path(), &["summary.csv"]);
    assert!(place.path().join("run/summary.csv").exists());
}

#[test]
fn a_file_where_the_folder_should_be_is_an_error_before_the_work() {
    let place = place();
    fs::write(place.path().join("run"), "precious").expect("writable");
    let error = OutputFolder::prepare(place.path(), "run").expect_err("a file is in the way");
    assert!(error.to_string().contains("a file with that name is in the way"), "{error}");
    let error = OutputFolder::prepare(&place.path().join("run"), "x").expect_err("the root is a file");
    assert!(error.to_string().contains("a file is in the way"), "{error}");
    assert_eq!(fs::read_to_string(place.path().join("run")).expect("still there"), "precious");
}

#[test]
fn no_name_leads_out_of_the_root() {
    let place = place();
    for name in ["..", "../x", "/tmp/x", "a/../../x", ".", "", "a\\..\\x", ".run.new-1-0"] {
        let error = OutputFolder::prepare(place.path(), name).expect_err(name);
        assert!(error.to_string().contains("cannot be the name of a folder"), "{error}");
    }
    let mut folder = OutputFolder::prepare(place.path(), "run").expect("a free place");
    for file in ["../x", "/tmp/x", "a/../../x", "a//b", "charts/", "", "..\\x"] {
        assert!(folder.open(file).is_err(), "{file}");
    }
}

#[test]
fn a_failing_file_leaves_nothing_behind_and_the_first_run_untouched() {
    let place = place();
    run(place.path(), &["summary.csv"]);
    let mut folder = OutputFolder::prepare(place.path(), "run").expect("ours");
    folder.write("a.csv", |out| out.write_all(b"half")).expect("writable");
    let error = folder.write("b.csv", |_| Err(ErrorKind::StorageFull.into())).expect_err("full");
    assert!(error.to_string().contains("b.csv`: the disk is full"), "{error}");
    drop(folder);
    assert_eq!(tree(place.path()), set(&["run", "run/summary.csv", "run/manifest.json"]));
}

#[test]
fn a_file_is_written_once() {
    let place = place();
    let mut folder = OutputFolder::prepare(place.path(), "run").expect("a free place");
    folder.write("a.csv", |_| Ok(())).expect("writable");
    folder.write("a.csv", |_| Ok(())).expect_err("taken");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_is_never_followed() {
        let place = place();
        let precious = place.path().join("elsewhere");
        fs::create_dir(&precious).expect("writable");
        run(&precious, &["summary.csv"]);
        symlink(precious.join("run"), place.path().join("run")).expect("a link");
        let error = OutputFolder::prepare(place.path(), "run").expect_err("a link");
        assert!(error.to_string().contains("it is a link"), "{error}");
        assert!(precious.join("run/summary.csv").exists());
    }

    #[test]
    fn a_link_within_our_folder_is_moved_and_what_it_leads_to_untouched() {
        let place = place();
        run(place.path(), &["charts/backlog.svg"]);
        let (ours, precious) = (place.path().join("run"), place.path().join("elsewhere"));
        fs::create_dir(&precious).expect("writable");
        fs::write(precious.join("backlog.svg"), "precious").expect("writable");
        fs::remove_dir_all(ours.join("charts")).expect("writable");
        symlink(&precious, ours.join("charts")).expect("a link");
        run(place.path(), &["summary.csv"]);
        assert_eq!(fs::read_to_string(precious.join("backlog.svg")).expect("still there"), "precious");
    }

    #[test]
    fn a_place_that_may_not_be_written_is_an_error_before_the_work() {
        let place = place();
        let root = place.path().join("closed");
        fs::create_dir(&root).expect("writable");
        fs::set_permissions(&root, fs::Permissions::from_mode(0o555)).expect("ours");
        // Permissions do not stop the administrator, for whom the kernel has folders of its own.
        let root = if fs::create_dir(root.join("probe")).is_ok() { PathBuf::from("/sys/surgetank") } else { root };
        if cfg!(target_os = "linux") || root.starts_with(place.path()) {
            let error = OutputFolder::prepare(&root, "run").expect_err("closed");
            let told = ["permission denied", "read-only"].iter().any(|why| error.to_string().contains(why));
            assert!(told && error.to_string().contains(&*root.to_string_lossy()), "{error}");
            assert!(error.help().contains("--out"));
        }
    }
}
