//! Any text at all is refused with places, or becomes a model that runs within its bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use surgetank::diagnostic::{Diagnostics, Look, render};
use surgetank::engine::SimDuration;
use surgetank::scenario::{load, resolve};

fuzz_target!(|text: &str| {
    let nothing = |_: &str| Err("there is no such file".to_owned());
    let mut found = Diagnostics::new();
    let loaded = load("fuzz.toml", text, &[], &mut { nothing }, &mut found);
    let resolved = resolve(&loaded, "fuzz", &nothing, found);
    for finding in resolved.found.iter() {
        assert!(finding.span.and_then(|span| loaded.sources.place(span)).is_some(), "{finding:?}");
    }
    render(&resolved.found, &loaded.sources, Look::Plain);
    assert_eq!(resolved.model.is_none(), resolved.found.has_errors());
    let Some(case) = resolved.model.as_ref().and_then(|model| model.cases.last()) else { return };
    let mut case = case.clone();
    case.run.duration = case.run.duration.min(SimDuration::from_secs(60));
    case.run.drain = case.run.drain.min(SimDuration::from_secs(60));
    case.run.max_events = 3_000;
    case.run.max_live_messages = 3_000;
    for pipeline in &case.pipelines {
        case.simulate(pipeline, 1, 0, &mut |_| true);
    }
});
