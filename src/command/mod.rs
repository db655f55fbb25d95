//! The verbs, one file each: the only place that joins the layers, and the only one with threads, files and clocks.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the one place that meets the outside world")]

mod check;
mod completions;
mod console;
mod facts;
mod keys;
mod list;
mod messages;
mod new;
mod open;
mod run;
mod schema;
mod simulate;
mod write;

use crate::cli::{Arguments, Command};
use crate::exit::Exit;

/// Does what was asked.
pub fn run(arguments: &Arguments) -> Exit {
    let exit = match &arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::New(arguments) => new::run(arguments),
        Command::Schema => schema::run(),
        Command::Facts(arguments) => facts::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
    };
    if console::is_whole() { exit } else { exit.max(Exit::Failed) }
}
