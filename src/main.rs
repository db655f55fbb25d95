//! The `surgetank` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    surgetank::run(std::env::args_os())
}
