//! The folder of a run, written whole or not at all.
//!
//! Files go into a fresh folder beside the place of the results and are moved there by one rename when all of them are
//! whole, so that nobody ever sees half a run, and a second run replaces the first cleanly. Only folders that carry our
//! manifest are replaced, only files that it lists are removed, and what others put there is carried over.

mod error;
mod name;
mod swap;

pub use error::OutputError;

use super::manifest::{self, RunRecord};
use crate::report::Report;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Written and removed again before the long work, so that a full disk shows early.
const PROBE_BYTES: usize = 64 * 1024;

/// A folder in the making. Dropped without [`OutputFolder::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct OutputFolder {
    /// Where the results go.
    target: PathBuf,
    /// Where they are until then; `None` once they have moved.
    staging: Option<PathBuf>,
    /// Names of the files opened so far, with `/` on every system.
    files: Vec<String>,
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Name within the folder, with `/` on every system: `charts/backlog.svg`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// A finished folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, in the order of writing, the manifest last.
    pub files: Vec<WrittenFile>,
    /// Where something of an earlier folder was left that could be neither carried over nor removed.
    pub left: Option<PathBuf>,
}

impl OutputFolder {
    /// Makes ready to write `root/name`: checks now, before the long work, that the place may be written and replaced.
    ///
    /// # Errors
    /// When the name is no plain name, something that is not ours is in the way, or the place cannot be written.
    pub fn prepare(root: &Path, name: &str) -> Result<Self, OutputError> {
        if let Some(fault) = name::fault(name) {
            let message = format!("`{name}` cannot be the name of a folder: {fault}");
            return Err(OutputError::new(&message, "rename the scenario file"));
        }
        fs::create_dir_all(root).map_err(|error| OutputError::io("cannot create the folder", root, &error))?;
        let target = root.join(name);
        swap::look(&target)?;
        let fail = |error: io::Error| OutputError::io("cannot write in", root, &error);
        let staging = fresh_sibling(root, name, "new", |path| fs::create_dir(path)).map_err(fail)?;
        let folder = Self { target, staging: Some(staging), files: Vec::new() };
        let probe = folder.staging().join("probe");
        fs::write(&probe, vec![0; PROBE_BYTES]).and_then(|()| fs::remove_file(&probe)).map_err(fail)?;
        Ok(folder)
    }

    /// Where the results will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A folder within this one for what is needed only until the end; whoever asked for it removes it before
    /// [`OutputFolder::finish`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<PathBuf, OutputError> {
        let path = self.staging().join(".scratch");
        fs::create_dir(&path).map_err(|error| self.failed(".scratch", &error))?;
        Ok(path)
    }

    /// Opens a file of the folder for writing while the run goes on: `messages.csv`. Flush it at the end, or a full
    /// disk goes unnoticed; [`OutputFolder::write`] does that itself.
    ///
    /// # Errors
    /// When the name leaves the folder or was used before, or the file cannot be created.
    pub fn open(&mut self, file: &str) -> Result<BufWriter<File>, OutputError> {
        if let Some(fault) = file.split('/').find_map(name::fault) {
            return Err(OutputError::new(&format!("`{file}` cannot be the name of a file: {fault}"), "rename it"));
        }
        let path = self.staging().join(file);
        let create = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            File::create_new(&path)
        };
        let opened = create().map_err(|error| self.failed(file, &error))?;
        self.files.push(file.into());
        Ok(BufWriter::new(opened))
    }

    /// Writes a file of the folder: `summary.csv`, `charts/backlog.svg`.
    ///
    /// # Errors
    /// As [`OutputFolder::open`], and when the file cannot be written.
    pub fn write(
        &mut self,
        file: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let mut out = self.open(file)?;
        content(&mut out).and_then(|()| out.flush()).map_err(|error| self.failed(file, &error))
    }

    /// Writes the manifest and moves the folder to its place.
    ///
    /// # Errors
    /// When the manifest cannot be written or the folder cannot be moved; an earlier run is then where it was.
    pub fn finish(mut self, report: &Report, record: &RunRecord) -> Result<Finished, OutputError> {
        let files = self.sizes()?;
        self.write(manifest::FILE, |out| manifest::write(report, record, &files, out))?;
        let files = self.sizes()?;
        let (root, name) = (self.target.parent().unwrap_or(Path::new("")), self.target.file_name());
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        let free = |path: &Path| match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            _ => Err(ErrorKind::AlreadyExists.into()),
        };
        let aside = fresh_sibling(root, &name, "old", free)
            .map_err(|error| OutputError::io("cannot write in", root, &error))?;
        let left = swap::swap_in(self.staging(), &self.target, &aside)?;
        self.staging = None;
        Ok(Finished { path: self.target.clone(), files, left })
    }

    fn staging(&self) -> &Path {
        self.staging.as_deref().expect("only `finish`, which consumes the folder, takes it")
    }

    fn sizes(&self) -> Result<Vec<WrittenFile>, OutputError> {
        let size = |name: &String| {
            let metadata = fs::metadata(self.staging().join(name)).map_err(|error| self.failed(name, &error))?;
            Ok(WrittenFile { name: name.clone(), bytes: metadata.len() })
        };
        self.files.iter().map(size).collect()
    }

    /// The error names the place that the user knows, not the temporary one.
    fn failed(&self, file: &str, error: &io::Error) -> OutputError {
        OutputError::io("cannot write", &self.target.join(file), error)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        if let Some(staging) = self.staging.take() {
            // Nothing more can be done for a folder that cannot be removed; the error that brought us here is told.
            let _ = fs::remove_dir_all(staging);
        }
    }
}

/// The first hidden name beside the results that `take` accepts; it says that a name is taken with `AlreadyExists`.
fn fresh_sibling(
    root: &Path,
    name: &str,
    purpose: &str,
    take: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let process = std::process::id();
    for number in 0..1000 {
        let path = root.join(format!(".{name}.{purpose}-{process}-{number}"));
        match take(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests;
