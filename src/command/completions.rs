//! `completions`: what a shell needs to complete our command line.

use crate::cli::{Arguments, CompletionsArguments};
use crate::exit::Exit;
use clap::CommandFactory;

/// Prints the completions of a shell.
pub(super) fn run(arguments: &CompletionsArguments) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "surgetank", &mut text);
    super::console::result(&String::from_utf8_lossy(&text));
    Exit::Done
}
