//! Any text at all becomes a tree, or findings that have a place and can be printed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use surgetank::diagnostic::{Diagnostics, Look, SourceMap, is_hidden, render};
use surgetank::site::parse;

fuzz_target!(|text: &str| {
    let mut found = Diagnostics::new();
    let mut sources = SourceMap::new();
    let base = sources.add("fuzz.toml", text);
    let table = parse(text, base, &mut found);
    for finding in found.iter() {
        assert!(finding.span.and_then(|span| sources.place(span)).is_some(), "{finding:?}");
    }
    let told = render(&found, &sources, Look::Plain);
    assert!(!told.chars().any(|c| c != '\n' && is_hidden(c)), "{told:?}");
    // What was understood can be written, and reads back as the same.
    if !found.has_errors() {
        let written = table.to_toml();
        let again = parse(&written, 0, &mut found);
        assert!(!found.has_errors() && again.to_toml() == written, "{written}");
    }
});
