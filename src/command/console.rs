//! What is said to the person at the terminal: results on standard output, everything else on standard error.

use crate::diagnostic::{Diagnostics, Look, SourceMap, render, visible};
use crate::output::style::Style;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a result could not be printed.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a result. A reader that has gone away, as `head` does, is no error; a full disk behind `>` is one.
pub(super) fn result(text: &str) {
    let mut out = anstream::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(why) = printed.map_err(|why| (why.kind() != io::ErrorKind::BrokenPipe).then_some(why))
        && let Some(why) = why
    {
        LOST.store(true, Ordering::Relaxed);
        error(&format!("cannot print the result: {why}"), "look at where standard output goes");
    }
}

/// Whether all results could be printed.
pub(super) fn is_whole() -> bool {
    !LOST.load(Ordering::Relaxed)
}

/// Says something that is not a result.
pub(super) fn say(text: &str) {
    let mut out = anstream::stderr().lock();
    let _ = writeln!(out, "{text}");
}

/// Says what went wrong, and what to do about it.
pub(super) fn error(message: &str, help: &str) {
    let mut text = format!("error: {}", visible(message));
    if !help.is_empty() {
        let _ = write!(text, "\nhelp: {}", visible(help));
    }
    say(&text);
}

/// Says what was found in a scenario.
pub(super) fn findings(found: &Diagnostics, sources: &SourceMap) {
    if !found.is_empty() {
        let look = if io::stderr().is_terminal() { Look::Coloured } else { Look::Plain };
        let mut out = anstream::stderr().lock();
        let _ = out.write_all(render(found, sources, look).as_bytes());
    }
}

/// Whether results are coloured: on a terminal, unless the environment says no.
pub(super) fn style() -> Style {
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    if colours && io::stdout().is_terminal() { Style::Ansi } else { Style::Plain }
}

/// Columns of a page on standard output: what the shell says, or the usual.
pub(super) fn width() -> usize {
    const USUAL: usize = 100;
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(USUAL)
}
