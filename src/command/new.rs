//! `new`: a commented scenario to start from.

use super::console;
use crate::cli::NewArguments;
use crate::diagnostic::nearest;
use crate::exit::Exit;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// A scenario to start from.
pub(super) struct Template {
    /// Its name.
    pub name: &'static str,
    /// What it compares.
    pub about: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every template.
pub(super) const TEMPLATES: &[Template] = &[Template {
    name: "queue",
    about: "a synchronous call against a queue, under a spike",
    text: include_str!("templates/queue.toml"),
}];

/// Writes a template to a file that does not exist yet.
pub(super) fn run(arguments: &NewArguments) -> Exit {
    let Some(template) = TEMPLATES.iter().find(|template| template.name == arguments.template) else {
        let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        let help = match nearest(&arguments.template, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        console::error(&format!("there is no template `{}`", arguments.template), &help);
        return Exit::Usage;
    };
    if arguments.file == Path::new("-") {
        console::result(template.text);
        return Exit::Done;
    }
    let shown = arguments.file.display().to_string();
    let written =
        OpenOptions::new().write(true).create_new(true).open(&arguments.file).and_then(|mut file| {
            file.write_all(template.text.as_bytes()).map_err(|error| abandon(&arguments.file, error))
        });
    match written {
        Ok(()) => {
            console::say(&format!("wrote {shown}; now: surgetank run {shown}"));
            Exit::Done
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            console::error(&format!("`{shown}` exists already"), "choose another name; nothing was changed");
            Exit::Failed
        }
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            console::error(&format!("cannot write `{shown}`: the disk is full"), "free some space");
            Exit::Failed
        }
        Err(error) => {
            console::error(&format!("cannot write `{shown}`: {error}"), "choose a place that may be written");
            Exit::Failed
        }
    }
}

/// A file of which a part is missing is not left behind.
fn abandon(file: &Path, error: std::io::Error) -> std::io::Error {
    let _ = std::fs::remove_file(file);
    error
}
