//! The house rules, read off the source text: layers, lengths, no quota in a component, every file in use.

use crate::fixture::repository;
use std::path::{Path, PathBuf};

/// The layers, lowest first; modules of one layer do not know each other, but for what `FRIENDS` says.
const LAYERS: [&[&str]; 9] = [
    &["diagnostic", "units", "engine"],
    &["facts", "metrics", "site"],
    &["components", "traffic"],
    &["scenario"],
    &["stats"],
    &["report"],
    &["output"],
    &["exit", "cli"],
    &["command"],
];

/// Who may know whom within a layer: a component asks the traffic for the work of a job, places and quantities are told
/// with a diagnostic, facts are quantities with a place in a scenario.
const FRIENDS: [(&str, &str); 5] =
    [("components", "traffic"), ("units", "diagnostic"), ("site", "facts"), ("cli", "exit"), ("units", "engine")];

/// Lines of a file: one idea fits in so many.
const LINES: usize = 430;

/// Every Rust file below a folder of the repository, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![repository(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a text");
                files.push((path, text));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no source in {folder}");
    files
}

/// A path as it stands in the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(repository("")).unwrap_or(path).display().to_string()
}

/// The top-level module to which a file of `src` belongs.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(repository("src")).expect("a file of src");
    let first = inside.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The text without the tests at its end: those may look anywhere.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().expect("a name").to_string_lossy();
    name.ends_with("tests") || shown(path).contains("_tests/") || ["bench", "check", "fixture"].contains(&name.as_ref())
}

/// Every top-level module that a text names after `crate::`.
fn modules_named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for rest in line.split("crate::").skip(1) {
            let name: String = rest.chars().take_while(|&c| c.is_ascii_lowercase() || c == '_').collect();
            found.push((index + 1, name));
        }
    }
    found
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn every_layer_knows_only_those_below_it() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").iter().filter(|(path, _)| !is_test(path)) {
        let own = module_of(path);
        let Some(height) = layer(&own) else {
            assert!(["lib", "main"].contains(&own.as_str()), "{}: `{own}` is in no layer", shown(path));
            continue;
        };
        for (line, named) in modules_named(without_tests(text)) {
            let Some(other) = layer(&named) else { continue };
            let is_friend = FRIENDS.contains(&(own.as_str(), named.as_str()));
            if other > height || (other == height && named != own && !is_friend) {
                wrong.push(format!("{}:{line}: `{own}` must not know `{named}`", shown(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_holds_one_idea() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let long: Vec<String> = all
        .filter(|(_, text)| text.lines().count() > LINES)
        .map(|(path, text)| format!("{}: {} lines", shown(&path), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "more than {LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn a_component_has_no_quota_of_its_own() {
    // What a service does after so long, or from so many on, is a fact with a source, not a number in the code.
    let quotas =
        ["Duration::from_secs(", "Duration::from_millis(", "Duration::from_mins(", "Bytes::mib(", "Bytes::kib("];
    let mut wrong = Vec::new();
    for (path, text) in sources("src/components").iter().filter(|(path, _)| !is_test(path)) {
        for (index, line) in without_tests(text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            for quota in quotas {
                let argument = code.split(quota).nth(1).unwrap_or_default();
                // Nothing, and one of something, are no quotas.
                let is_quota = argument.starts_with(|c: char| c.is_ascii_digit())
                    && !["0)", "1)"].iter().any(|plain| argument.starts_with(plain));
                if is_quota {
                    wrong.push(format!("{}:{}: {}", shown(path), index + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "bare quotas in components:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_is_part_of_the_program_or_of_its_tests() {
    for (path, _) in sources("src").into_iter().chain(sources("tests/it")) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if ["lib", "main"].contains(&stem.as_str()) {
            continue;
        }
        let folder = path.parent().expect("a file stands in a folder");
        let (name, place) = if stem == "mod" {
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            (name, folder.parent().expect("not the root"))
        } else {
            (stem, folder)
        };
        // A module is declared in the file of its folder, in the one named like the folder, or, by its path, in the
        // file that it tests.
        let (line, by_path) = (format!("mod {name};"), format!("#[path = \"{name}.rs\"]"));
        let tested = name.strip_suffix("_tests").map(|tested| place.join(format!("{tested}.rs")));
        let candidates = ["mod.rs", "lib.rs", "main.rs"]
            .map(|file| place.join(file))
            .into_iter()
            .chain(tested)
            .chain([place.with_extension("rs")]);
        let mut texts = candidates.filter_map(|file| std::fs::read_to_string(file).ok());
        assert!(
            texts.any(|text| text.lines().any(|known| known.trim_end().ends_with(&line) || known.trim() == by_path)),
            "{} is compiled by nobody",
            shown(&path)
        );
    }
}

#[test]
fn nothing_is_left_for_later() {
    for (path, text) in sources("src") {
        for word in ["todo!", "unimplemented!", "FIXME", "XXX", "dbg!"] {
            let found = text.lines().position(|line| line.contains(word));
            assert!(found.is_none(), "{}:{}: {word}", shown(&path), found.unwrap_or_default() + 1);
        }
    }
}
