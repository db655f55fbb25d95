//! Hostile text: thousands of scenarios with slips of the pen, torn lines, numbers beyond all measure and foreign
//! characters. Each of them is refused with a place, or runs within its bounds; none brings the program down.
//!
//! Which mutants there are is decided by their numbers alone. After a failure, call `try_out` with the number
//! that it names.

use crate::fixture::{repository, scenarios_in};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use surgetank::diagnostic::{Diagnostics, Look, is_hidden, render};
use surgetank::engine::SimDuration;
use surgetank::scenario::{Model, Replication, load, resolve};

/// How many mutants are tried.
const COUNT: u64 = 3_000;
/// A mutant that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows of a data file that a mutant gets: the files are not what is tested here.
const ROWS: usize = 100;

/// Numbers and quantities that are likely to hurt.
const EXTREMES: [&str; 22] = [
    "0",
    "-1",
    "1",
    "2",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "9223372036854775807",
    "1e308",
    "-0.0",
    "nan",
    "inf",
    "0.0000000001",
    "\"0s\"",
    "\"1ns\"",
    "\"36500d\"",
    "\"0/s\"",
    "\"1000000000/s\"",
    "\"0%\"",
    "\"100%\"",
    "\"0B\"",
    "\"1000GiB\"",
];
/// Characters that are likely to hurt.
const PIECES: [&str; 26] = [
    "\u{1b}[2J",
    "\u{202e}",
    "\0",
    "\r",
    "\u{feff}",
    "é",
    "日本",
    "𝔘",
    "\u{301}",
    "\"",
    "'",
    "\"\"\"",
    "\\",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    "..",
    ",",
    "#",
    "*",
    "\n",
    "\t",
];

/// A small generator of the test's own: the mutants must not change with a library.
struct Dice(u64);

impl Dice {
    /// A number below `sides`, which is at least one (`SplitMix64`).
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) >> 33).expect("31 bits") % sides
    }

    fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }
}

/// The texts that are mutated: those that run, and those that do not.
struct Seeds {
    good: Vec<String>,
    bad: Vec<String>,
}

impl Seeds {
    fn new() -> Self {
        let texts = |folder: &str| -> Vec<String> {
            let bytes = scenarios_in(folder).into_iter().map(|file| std::fs::read(file).expect("a readable file"));
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
        };
        Self { good: [texts("scenarios"), texts("src/command/templates")].concat(), bad: texts("tests/bad") }
    }

    fn mutant(&self, number: u64) -> String {
        let mut dice = Dice(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let list = if dice.below(4) == 0 { &self.bad } else { &self.good };
        let mut text = dice.pick(list).clone();
        for _ in 0..=dice.below(4) {
            let other = dice.pick(&self.good).clone();
            text = mutate(&text, &other, &mut dice);
        }
        text
    }
}

/// The parts of a text that are numbers, alone or in quotes with a unit, or words.
fn tokens(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let inside = c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '/' | '%' | '-');
        match start {
            None if inside => start = Some(at),
            Some(from) if !inside => {
                tokens.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    tokens.retain(|token| wanted(&text[token.clone()]));
    tokens
}

fn mutate(text: &str, other: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let (one, two) = (dice.below(lines.len()), dice.below(lines.len()));
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = *dice.pick(&boundaries);
    let is_number = |word: &str| word.trim_start_matches('"').starts_with(|c: char| c.is_ascii_digit());
    match dice.below(12) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(two, lines[one].clone()),
        2 => lines.swap(one, two),
        3 => lines.insert(one, dice.pick(&other.lines().collect::<Vec<_>>()).to_string()),
        4 => return text.chars().enumerate().filter(|(index, _)| *index != at).map(|(_, c)| c).collect(),
        5 => return format!("{}{}{}", &text[..at], dice.pick(&PIECES), &text[at..]),
        6 => return text[..at].to_owned(),
        7 => return replace(text, '"', "", dice),
        8 | 9 => {
            let numbers = tokens(text, is_number);
            let extreme = *dice.pick(&EXTREMES);
            return swap_in(text, &numbers, extreme, dice);
        }
        10 => {
            let (here, there) = (tokens(text, |word| !is_number(word)), tokens(other, |word| !is_number(word)));
            let word = if there.is_empty() { "x" } else { &other[dice.pick(&there).clone()] };
            return swap_in(text, &here, word, dice);
        }
        _ => {
            let new = *dice.pick(&["==", ":", " ", "=\n"]);
            return replace(text, '=', new, dice);
        }
    }
    lines.join("\n")
}

/// Puts `new` in the place of one of `places`.
fn swap_in(text: &str, places: &[std::ops::Range<usize>], new: &str, dice: &mut Dice) -> String {
    if places.is_empty() {
        return text.to_owned();
    }
    let place = dice.pick(places);
    format!("{}{new}{}", &text[..place.start], &text[place.end..])
}

/// Puts `new` in the place of one of the characters `old`.
fn replace(text: &str, old: char, new: &str, dice: &mut Dice) -> String {
    let places: Vec<_> = text.match_indices(old).map(|(at, old)| at..at + old.len()).collect();
    swap_in(text, &places, new, dice)
}

/// Data files and bases that the seeds name; a mutant gets no others.
fn read(path: &str) -> Result<String, String> {
    let folder = match path {
        "data/aws_load_balancer_requests.csv" => "scenarios",
        "base/counts.csv" | "base/slip.toml" | "base/broken.toml" | "base/extending.toml" => "tests/bad",
        _ => return Err("there is no such file".to_owned()),
    };
    let text = std::fs::read_to_string(repository(folder).join(path)).map_err(|error| error.to_string())?;
    Ok(text.lines().take(ROWS).collect::<Vec<_>>().join("\n"))
}

/// Refuses a text with a place, or runs it within its bounds.
fn try_out(text: &str) -> bool {
    let mut found = Diagnostics::new();
    let loaded = load("mutant.toml", text, &[], &mut read, &mut found);
    let resolved = resolve(&loaded, "mutant", &read, found);
    for finding in resolved.found.iter() {
        let span = finding.span.unwrap_or_else(|| panic!("this has no place: {finding:?}"));
        assert!(loaded.sources.place(span).is_some(), "{finding:?}");
    }
    let told = render(&resolved.found, &loaded.sources, Look::Plain);
    assert!(!told.chars().any(|c| c != '\n' && is_hidden(c)), "{told:?}");
    assert_eq!(resolved.model.is_none(), resolved.found.has_errors(), "{told}");
    let Some(model) = &resolved.model else { return false };
    simulate(model);
    true
}

/// One replication of every pipeline of the last case, with little time and little room.
fn simulate(model: &Model) {
    let mut case = model.cases.last().expect("a model has a case").clone();
    case.run.duration = case.run.duration.min(SimDuration::from_secs(60));
    case.run.drain = case.run.drain.min(SimDuration::from_secs(60));
    case.run.max_events = 3_000;
    case.run.max_live_messages = 3_000;
    for pipeline in &case.pipelines {
        let outcome = case.simulate(pipeline, 1, 0, &mut |_| true);
        assert!(!matches!(outcome, Replication::Interrupted), "nobody asked for it");
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

#[test]
fn every_mutant_is_refused_with_a_place_or_runs_within_its_bounds() {
    let (news, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        let seeds = Seeds::new();
        for number in 1..=COUNT {
            let text = seeds.mutant(number);
            if news.send((number, None)).is_err() {
                return;
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| try_out(&text)));
            let outcome = outcome.map_err(|panic| format!("{}\n--- mutant {number}:\n{text}", words(panic.as_ref())));
            if news.send((number, Some(outcome))).is_err() {
                return;
            }
        }
    });
    let (mut ran, mut refused, mut last) = (0, 0, 0);
    loop {
        match inbox.recv_timeout(PATIENCE) {
            Ok((number, None)) => last = number,
            Ok((_, Some(Ok(true)))) => ran += 1,
            Ok((_, Some(Ok(false)))) => refused += 1,
            Ok((number, Some(Err(words)))) => panic!("mutant {number}: {words}"),
            Err(RecvTimeoutError::Timeout) => panic!("mutant {last} hangs:\n{}", Seeds::new().mutant(last)),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    assert_eq!(ran + refused, COUNT, "all of them were tried");
    assert!(ran > COUNT / 20 && refused > COUNT / 4, "mutants of both kinds: {ran} ran, {refused} were refused");
}

#[test]
fn the_same_number_is_the_same_mutant() {
    let seeds = Seeds::new();
    assert_eq!(seeds.mutant(7), seeds.mutant(7));
    assert_ne!(seeds.mutant(7), seeds.mutant(8));
}
