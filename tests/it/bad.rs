//! What the program says to a scenario that is wrong. Every file in `tests/bad` has one mistake, and beside it stands
//! what `check` answers, word by word.
//!
//! `cargo test --test it rewrite_the_answers -- --ignored` writes the answers anew. Read each of them as somebody who
//! has never seen the program: it must say what is wrong, where, why, and what to do.

use crate::fixture::{repository, scenarios_in, stem, text_of};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `check` prints about a file of the corpus, and its exit code.
fn answer(file: &Path) -> (String, Option<i32>) {
    let path = format!("bad/{}.toml", stem(file));
    let output = Command::new(env!("CARGO_BIN_EXE_surgetank"))
        .current_dir(repository("tests"))
        .args(["check", &path])
        .output()
        .expect("the program can be started");
    assert!(output.stdout.is_empty(), "{path}: only results belong on standard output");
    (String::from_utf8(output.stderr).expect("what is printed is UTF-8"), output.status.code())
}

fn golden_of(file: &Path) -> PathBuf {
    file.with_extension("stderr")
}

fn golden(file: &Path) -> String {
    std::fs::read_to_string(golden_of(file)).unwrap_or_default()
}

#[test]
fn every_mistake_is_answered_as_it_was_last_read() {
    let mut different = String::new();
    for file in scenarios_in("tests/bad") {
        let (said, expected) = (answer(&file).0, golden(&file));
        if said != expected {
            let name = stem(&file);
            different += &["=== ", name, ": expected\n", &expected, "=== ", name, ": said\n", &said].concat();
        }
    }
    assert!(different.is_empty(), "read them, then run `rewrite_the_answers`:\n{different}");
}

#[test]
#[ignore = "it writes the answers instead of comparing them"]
fn rewrite_the_answers() {
    for file in scenarios_in("tests/bad") {
        std::fs::write(golden_of(&file), answer(&file).0).expect("the folder can be written");
    }
}

#[test]
fn every_mistake_ends_with_the_code_of_an_invalid_scenario_and_a_place() {
    for file in scenarios_in("tests/bad") {
        let name = stem(&file);
        let (said, code) = answer(&file);
        if said.starts_with("error: cannot read") {
            assert_eq!(code, Some(1), "{name}: {said}");
            continue;
        }
        let errors = said.matches("error[").count();
        let warns = name.starts_with("warning-");
        assert_eq!(code, Some(if warns { 0 } else { 104 }), "{name}: {said}");
        assert_eq!(errors == 0, warns, "{name}: {said}");
        let findings = errors + said.matches("warning[").count();
        assert_eq!(said.matches("--> bad/").count(), findings, "{name}: every finding has a place\n{said}");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{name}: {said:?}");
    }
}

#[test]
fn there_is_an_answer_for_every_file_and_a_file_for_every_answer() {
    let folder = std::fs::read_dir(repository("tests/bad")).expect("a readable folder");
    let stems = |extension: &str| -> BTreeSet<String> {
        let paths = std::fs::read_dir(repository("tests/bad")).expect("a readable folder");
        let paths = paths.map(|entry| entry.expect("a readable folder").path());
        paths
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .map(|path| stem(&path).to_owned())
            .collect()
    };
    assert!(folder.count() > 200);
    assert_eq!(stems("toml"), stems("stderr"));
}

/// The codes in a text, in the form that `wanted` gives them: `[S001]`.
fn codes(text: &str, before: &str, after: &str) -> BTreeSet<String> {
    let found = text.match_indices(before).filter_map(|(at, _)| {
        let code = text.get(at + before.len()..at + before.len() + 4)?;
        let plain = code.starts_with('S') && code[1..].bytes().all(|byte| byte.is_ascii_digit());
        (plain && text[at + before.len() + 4..].starts_with(after)).then(|| code.to_owned())
    });
    found.collect()
}

#[test]
fn every_code_is_explained_and_has_an_example() {
    let explained = codes(&text_of("src/diagnostic/mod.rs"), "//! | ", " |");
    let mut used = BTreeSet::new();
    let mut folders = vec![repository("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                used.extend(codes(&std::fs::read_to_string(path).expect("a readable file"), "\"", "\""));
            }
        }
    }
    assert_eq!(used, explained, "the table in `src/diagnostic/mod.rs` has every code that is used, and no other");
    let shown: BTreeSet<String> =
        scenarios_in("tests/bad").iter().flat_map(|file| codes(&golden(file), "[", "]")).collect();
    assert_eq!(shown, explained, "every code has a scenario that provokes it");
}

#[test]
fn faults_and_expectations_are_checked_although_a_pipeline_has_mistakes() {
    let text = "[run]\nduration = '10min'\n[traffic.jobs]\nrate = '1/s'\n[work.pack]\ntime = '2s'\n\
         [pipeline.direct.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 0\n\
         [pipeline.queued.jobs]\nkind = 'sqs'\nfrom = 'jobs'\n\
         [pipeline.queued.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 4\nwork = 'pack'\n\
         [[fault]]\nnode = 'direct.web'\nkind = 'down'\nfrom = '1min'\nto = '2min'\n\
         [[fault]]\nnode = 'queued.crow'\nkind = 'down'\nfrom = '1min'\nto = '2min'\n\
         [[expect]]\nthat = 'direct.web.busy_max == 3'\n\
         [[expect]]\nthat = 'queued.jobs.visible_mix == 0'\n[[expect]]\nthat = 'direct.lots == 0'\n";
    let told = crate::bench::model(text).expect_err("there are mistakes");
    for part in ["serves nobody", "no node `crow`", "no metric `visible_mix`", "no metric `lots`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.matches("error[").count(), 4, "{told}");
}
