//! What several tests need: the files of the repository, and scenarios that are run through the public interface.

use clap::Parser;
use std::path::{Path, PathBuf};
use surgetank::cli::Arguments;
use surgetank::diagnostic::{Diagnostics, Look, render};
use surgetank::exit::Exit;
use surgetank::scenario::{Resolved, load, resolve};

/// A file or folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the repository.
pub fn text_of(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The scenario files of a folder of the repository, in the order of their names.
pub fn scenarios_in(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(!files.is_empty(), "no scenarios in {folder}");
    files
}

/// The stem of a file name.
pub fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|stem| stem.to_str()).expect("a plain file name")
}

/// A scenario file resolved as `check` does it, and everything that was said about it.
pub fn resolved(file: &Path) -> (Resolved, String) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let folder = file.parent().expect("a file stands in a folder");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|error| error.to_string());
    let mut found = Diagnostics::new();
    let loaded = load(stem(file), &text, &[], &mut { read }, &mut found);
    let resolved = resolve(&loaded, stem(file), &read, found);
    let told = render(&resolved.found, &loaded.sources, Look::Plain);
    (resolved, told)
}

/// Does what a command line says, in this process.
pub fn surgetank(arguments: &[&str]) -> Exit {
    let whole = std::iter::once("surgetank").chain(arguments.iter().copied());
    surgetank::command::run(&Arguments::try_parse_from(whole).unwrap_or_else(|error| panic!("{error}")))
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().expect("paths of the tests are plain")
}
