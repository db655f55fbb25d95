//! The README: every command in it runs, prints what is quoted, and every list in it is complete.

use crate::fixture::{repository, text_of};
use clap::CommandFactory;
use std::path::Path;
use std::process::Command;
use surgetank::cli::Arguments;
use surgetank::exit::Exit;
use surgetank::output::files::FILES;

/// A fenced block: what stands behind the fence, and its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

/// A command of the README and the output that is quoted below it.
struct Quoted {
    arguments: Vec<String>,
    output: Vec<String>,
}

/// What stands for any number of lines.
const GAP: &str = "...";
/// How a command of the README begins.
const PROGRAM: &str = "cargo run --release -- ";

/// The README as its blocks, and the text around them.
fn parts() -> (Vec<Block>, String) {
    let (mut blocks, mut prose, mut open) = (Vec::new(), String::new(), None::<Block>);
    for line in text_of("README.md").lines() {
        match (open.as_mut(), line.strip_prefix("```")) {
            (None, Some(language)) => open = Some(Block { language: language.to_owned(), lines: Vec::new() }),
            (None, None) => prose.extend([line, "\n"]),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    (blocks, prose)
}

fn quoted(blocks: &[Block]) -> Vec<Quoted> {
    let mut all: Vec<Quoted> = Vec::new();
    for block in blocks.iter().filter(|block| block.language == "console") {
        let mut current: Option<Quoted> = None;
        for line in &block.lines {
            if let Some(command) = line.strip_prefix("$ ") {
                all.extend(current.take());
                let arguments = command.strip_prefix(PROGRAM);
                assert!(arguments.is_some() || command == "cargo test", "this test cannot run `{command}`");
                let words = |text: &str| text.split(' ').map(str::to_owned).collect();
                current = arguments.map(|text| Quoted { arguments: words(text), output: Vec::new() });
            } else {
                current.as_mut().expect("output stands below a command").output.push(line.clone());
            }
        }
        all.extend(current);
    }
    all
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a temporary folder can be written");
    for entry in std::fs::read_dir(from).expect("a folder of the repository") {
        let path = entry.expect("a readable folder").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

/// Runs the program in a folder, as on a terminal of eighty columns.
fn run(folder: &Path, arguments: &[String]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_surgetank"));
    command.args(arguments).current_dir(folder).env("COLUMNS", "80").env("NO_COLOR", "1");
    let output = command.output().expect("the program was built");
    (output.status.code(), String::from_utf8(output.stdout).expect("the output is text"))
}

/// Whether the lines are the quote, in which a gap stands for any number of lines.
fn matches(quote: &[String], lines: &[&str]) -> bool {
    match quote.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == GAP => (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..])),
        Some((first, rest)) => lines.first().is_some_and(|line| line == first) && matches(rest, &lines[1..]),
    }
}

#[test]
fn every_command_runs_and_prints_what_is_quoted() {
    let place = tempfile::tempdir().expect("a temporary folder");
    copy(&repository("scenarios"), &place.path().join("scenarios"));
    let (blocks, prose) = parts();
    let mut everything = String::new();
    let mut seen: Vec<(Vec<String>, Option<i32>, String)> = Vec::new();
    for Quoted { arguments, output } in quoted(&blocks) {
        let known = seen.iter().find(|(known, ..)| *known == arguments).cloned();
        let (code, text) = known.map_or_else(|| run(place.path(), &arguments), |(_, code, text)| (code, text));
        seen.push((arguments.clone(), code, text.clone()));
        let failed = output.iter().any(|line| line.contains("✗ failed"));
        let expected = if failed { Exit::Expectation } else { Exit::Done };
        assert_eq!(code, Some(expected.code().into()), "{arguments:?}\n{text}");
        let lines: Vec<&str> = text.trim_end().lines().collect();
        assert!(output.is_empty() || matches(&output, &lines), "{arguments:?} prints something else:\n{text}");
        everything.push_str(&text);
    }
    for figure in percentages(&prose) {
        assert!(everything.contains(&figure), "the README says {figure}, and no command of it prints that");
    }
}

/// Every `12.3 %` of a text.
fn percentages(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let pairs = words.windows(2).filter(|pair| pair[1].starts_with('%') && is_number(pair[0]));
    pairs.map(|pair| format!("{} %", pair[0])).collect()
}

#[test]
fn the_scenario_that_it_shows_is_one() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let (blocks, _) = parts();
    let mut shown = blocks.iter().filter(|block| block.language == "toml");
    let text = shown.next().expect("the README shows the language").lines.join("\n");
    std::fs::write(place.path().join("shown.toml"), text).expect("a temporary folder can be written");
    let (code, told) = run(place.path(), &["run", "shown.toml", "--no-charts"].map(str::to_owned));
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn it_names_every_verb_every_option_of_run_every_exit_code_and_every_file() {
    let (_, prose) = parts();
    for verb in Arguments::command().get_subcommands() {
        assert!(prose.contains(&format!("\n| `{}` |", verb.get_name())), "{}", verb.get_name());
    }
    let command = Arguments::command();
    let run = command.find_subcommand("run").expect("a verb");
    for option in run.get_arguments().filter_map(clap::Arg::get_long).filter(|&long| long != "jobs") {
        assert!(prose.contains(&format!("`--{option}")), "--{option}");
    }
    let codes = prose.split("Exit codes:").nth(1).expect("the exit codes").split("\n\n").next().expect("text");
    for exit in [Exit::Done, Exit::Failed, Exit::Usage, Exit::Expectation, Exit::Scenario, Exit::Interrupted] {
        let number = exit.code().to_string();
        assert!(codes.split([' ', '\n']).any(|word| word == number), "{exit:?}");
    }
    for name in FILES.iter().map(|exporter| exporter.file).chain(["messages.csv", "manifest.json", "scenario.toml"]) {
        assert!(prose.contains(&format!("\n| `{name}` |")), "{name}");
    }
}

#[test]
fn its_links_and_pictures_lead_somewhere() {
    let (_, prose) = parts();
    let mut links = 0;
    for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        links += 1;
        assert!(target.starts_with("https://") || repository(target).exists(), "{target}");
    }
    assert!(links >= 4, "{links} links were found");
    for scenario in crate::fixture::scenarios_in("scenarios") {
        assert!(text_of("README.md").contains(&format!("scenarios/{}.toml", crate::fixture::stem(&scenario))));
    }
}

#[test]
fn a_quote_with_gaps_matches_only_what_it_quotes() {
    let quote = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(matches(&quote("a\n...\nd"), &["a", "b", "c", "d"]) && matches(&quote("...\na"), &["a"]));
    for (text, lines) in [("a", vec!["a", "b"]), ("a\n...\nd", vec!["a", "d", "e"]), ("b", vec!["a"]), ("a", vec![])] {
        assert!(!matches(&quote(text), &lines), "{text}");
    }
    assert_eq!(percentages("there are 95 % here, 3 of 4 and `80%` or 9.3 %."), ["95 %", "9.3 %"]);
}
