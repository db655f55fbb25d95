//! Putting a finished folder in the place of an earlier one, without touching anything that is not ours.

use super::error::OutputError;
use crate::output::manifest;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// No manifest of ours is longer than this.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// What is at the place where results are to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Free,
    /// A folder without anything in it.
    Empty,
    /// Results of an earlier run: the files that it wrote, as its manifest lists them.
    Ours(Vec<String>),
}

/// Looks at the place.
///
/// # Errors
/// When it is a file, a link, or a folder that is not ours, which must not be replaced.
pub(super) fn look(target: &Path) -> Result<Place, OutputError> {
    let blocked = |what: &str| {
        let message = format!("cannot write results to `{}`: {what}", target.display());
        Err(OutputError::new(&message, "move it away, or choose another place with `--out`"))
    };
    let kind = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Free),
        Err(error) => return Err(OutputError::io("cannot look at", target, &error)),
    };
    if kind.is_symlink() {
        return blocked("it is a link, and what it leads to is not ours to replace");
    }
    if !kind.is_dir() {
        return blocked("a file with that name is in the way");
    }
    let fail = |error: io::Error| OutputError::io("cannot read", target, &error);
    if fs::read_dir(target).map_err(fail)?.next().is_none() {
        return Ok(Place::Empty);
    }
    match read_manifest(&target.join(manifest::FILE)).as_deref().and_then(manifest::files_listed) {
        Some(files) => Ok(Place::Ours(files)),
        None => blocked("the folder holds something else (it has no manifest of ours)"),
    }
}

fn read_manifest(path: &Path) -> Option<Vec<u8>> {
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LONGEST_MANIFEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Puts `fresh` at `target`. An earlier run there is moved to `aside` first and its files are removed after, so that at
/// every moment one of the two is whole. What somebody else put into the earlier folder is carried over.
///
/// Returns where something was left that could be neither carried over nor removed.
///
/// # Errors
/// When a folder cannot be moved; the earlier results are then back in their place.
pub(super) fn swap_in(fresh: &Path, target: &Path, aside: &Path) -> Result<Option<PathBuf>, OutputError> {
    let moved = |error: io::Error| OutputError::io("cannot put the results at", target, &error);
    match look(target)? {
        Place::Free => fs::rename(fresh, target).map_err(moved)?,
        Place::Empty => {
            fs::remove_dir(target).map_err(moved)?;
            fs::rename(fresh, target).map_err(moved)?;
        }
        Place::Ours(files) => {
            let replaced = |error: io::Error| OutputError::io("cannot replace", target, &error);
            fs::rename(target, aside).map_err(replaced)?;
            if let Err(error) = fs::rename(fresh, target) {
                // If even this fails, the earlier results are whole beside their place, under a name that starts alike.
                let _ = fs::rename(aside, target);
                return Err(replaced(error));
            }
            clear(aside, target, Path::new(""), &files);
            if fs::remove_dir(aside).is_err() && aside.exists() {
                return Ok(Some(aside.to_path_buf()));
            }
        }
    }
    Ok(None)
}

/// Removes our files from the old folder and carries everything else over into the new one, where nothing is in the
/// way. Failures leave things where they are: the caller sees that the old folder is still there.
fn clear(old: &Path, new: &Path, within: &Path, ours: &[String]) {
    let Ok(entries) = fs::read_dir(old.join(within)) else { return };
    for entry in entries.flatten() {
        let path = within.join(entry.file_name());
        // The manifest writes `/` on every system.
        let name = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let (from, to) = (old.join(&path), new.join(&path));
        if is_folder && ours.iter().any(|file| file.starts_with(&format!("{name}/"))) {
            clear(old, new, &path, ours);
            let _ = fs::remove_dir(from);
        } else if !is_folder && ours.contains(&name) {
            let _ = fs::remove_file(from);
        } else if fs::symlink_metadata(&to).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            let _ = to.parent().map(fs::create_dir_all);
            let _ = fs::rename(from, to);
        }
    }
}
