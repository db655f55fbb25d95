//! What to say when a file cannot be written.

use crate::output::text::clean;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why the results could not be written: what failed, where, why, and what to do.
#[derive(Debug)]
pub struct OutputError {
    message: String,
    help: String,
}

impl OutputError {
    /// `message` is one sentence without a full stop, `help` the next action.
    pub(super) fn new(message: &str, help: impl Into<String>) -> Self {
        Self { message: clean(message).into_owned(), help: clean(&help.into()).into_owned() }
    }

    /// An error of the system while doing `what` (`cannot write`) to a path.
    pub(super) fn io(what: &str, path: &Path, error: &io::Error) -> Self {
        let shown = path.display();
        let elsewhere = "choose another place with `--out`";
        let (why, help) = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                ("the disk is full".into(), format!("free some space, or {elsewhere}"))
            }
            ErrorKind::PermissionDenied => ("permission denied".into(), format!("allow writing there, or {elsewhere}")),
            ErrorKind::ReadOnlyFilesystem => ("the file system is read-only".into(), elsewhere.into()),
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                ("a file is in the way".into(), format!("move that file, or {elsewhere}"))
            }
            ErrorKind::ResourceBusy | ErrorKind::DirectoryNotEmpty => (
                "something else is using it".into(),
                "close the programs that have its files open, and run again".into(),
            ),
            _ => (error.to_string(), format!("mend that, or {elsewhere}")),
        };
        Self::new(&format!("{what} `{shown}`: {why}"), help)
    }

    /// What the user can do about it.
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OutputError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_a_full_disk() {
        let error = OutputError::io("cannot write", Path::new("output/a/summary.csv"), &ErrorKind::StorageFull.into());
        assert_eq!(error.to_string(), "cannot write `output/a/summary.csv`: the disk is full");
        assert_eq!(error.help(), "free some space, or choose another place with `--out`");
    }

    #[test]
    fn a_hostile_path_cannot_reach_the_terminal() {
        let error = OutputError::io("cannot write", Path::new("\u{1b}[2J"), &ErrorKind::PermissionDenied.into());
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
