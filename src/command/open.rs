//! A scenario from disk: read, put together, resolved; everything that is wrong with it told.

use super::console;
use crate::diagnostic::Diagnostics;
use crate::exit::Exit;
use crate::output::manifest;
use crate::scenario::{Loaded, Resolved, load, resolve};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path};

/// A scenario and the files that it names.
pub(super) struct Opened {
    /// Stem of the file: the scenario's name, and that of its folder.
    pub name: String,
    /// Its texts.
    pub loaded: Loaded,
    /// What they mean.
    pub resolved: Resolved,
    /// Data files that it read, by the name that it gives them.
    pub data: BTreeMap<String, String>,
}

/// A data file of more bytes is refused.
const DATA_MAX: u64 = 256 << 20;
/// The scenario in the folder of a run.
pub(super) const SCENARIO_FILE: &str = "scenario.toml";
/// A scenario of more bytes is refused.
const TEXT_MAX: u64 = 4 << 20;

/// Opens the scenario in `file` with the `--set` options `sets`.
///
/// # Errors
/// With the exit code, when the file cannot be read; the reason was told.
pub(super) fn open(file: &Path, sets: &[String]) -> Result<Opened, Exit> {
    let shown = file.display().to_string();
    let text = read(file, TEXT_MAX).map_err(|why| {
        let help = if why.contains("UTF-") {
            "save it as UTF-8 text: editors ask for it as the encoding of the file"
        } else {
            "`surgetank list scenarios` shows what is there"
        };
        console::error(&format!("cannot read the scenario `{shown}`: {why}"), help);
        Exit::Failed
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let data = RefCell::new(BTreeMap::new());
    let mut found = Diagnostics::new();
    let mut base = |path: &str| read_beside(folder, path, TEXT_MAX);
    let loaded = load(&shown, &text, sets, &mut base, &mut found);
    let name = scenario_name(file);
    let resolved = {
        let read = |path: &str| {
            let text = read_beside(folder, path, DATA_MAX)?;
            data.borrow_mut().insert(path.to_owned(), text.clone());
            Ok(text)
        };
        resolve(&loaded, &name, &read, found)
    };
    Ok(Opened { name, loaded, resolved, data: data.into_inner() })
}

/// What a scenario is called: as its file. The one in the folder of a run is called `scenario.toml`; it has the name of
/// the scenario that was run, so that its figures can be told to be the same.
pub(super) fn scenario_name(file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    let stem = file.file_stem().map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let of_run = || manifest::scenario_name(&std::fs::read(folder.join(manifest::FILE)).ok()?);
    if file.file_name().is_some_and(|name| name == SCENARIO_FILE) { of_run().unwrap_or(stem) } else { stem }
}

/// A file that a scenario names: beside the scenario or below, nowhere else.
fn read_beside(folder: &Path, path: &str, most: u64) -> Result<String, String> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || path.is_empty() {
        return Err("a file must lie beside the scenario or in a folder below it".to_owned());
    }
    let file = folder.join(relative);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if let (Some(file), Some(folder)) = (real(&file), real(folder))
        && !file.starts_with(folder)
    {
        return Err("it is a link to a file elsewhere, and must lie beside the scenario or below".to_owned());
    }
    read(&file, most)
}

fn read(path: &Path, most: u64) -> Result<String, String> {
    let why = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    };
    let size = std::fs::metadata(path).map_err(why)?;
    if size.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !size.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    if size.len() > most {
        return Err(format!("it has {} bytes, and the most is {most}", size.len()));
    }
    // It may grow while it is read.
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(why)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16 text".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let good = String::from_utf8_lossy(good);
        let line = 1 + good.matches('\n').count();
        let column = 1 + good.chars().rev().take_while(|c| *c != '\n').count();
        format!("line {line}, column {column} is not UTF-8 text")
    })
}
