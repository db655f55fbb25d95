//! How the texts of a scenario are put together.

use super::*;
use crate::diagnostic::{Look, render};
use crate::site::Origin;

const FILE: &str = "title = 'a'\n[run]\nduration = '30min'\nseed = 1\n[traffic.uploads]\nrate = '10/min'\n\
                    spike = { at = '10min', count = 10 }\n[case.ten]\n[case.thousand]\ntitle = 'Many'\n\
                    set = { \"traffic.uploads.spike.count\" = 1000 }\n[[expect]]\nthat = 'x'\n";

fn nothing(path: &str) -> Result<String, String> {
    Err(format!("{path} was not to be read"))
}

fn with_sets(text: &str, sets: &[&str]) -> (Loaded, Diagnostics) {
    let mut found = Diagnostics::new();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let loaded = load("a.toml", text, &sets, &mut nothing, &mut found);
    (loaded, found)
}

fn extending(text: &str, base: &str) -> (Loaded, Diagnostics) {
    let mut found = Diagnostics::new();
    let mut read = |path: &str| if path == "base.toml" { Ok(base.to_owned()) } else { Err("no such file".to_owned()) };
    let loaded = load("a.toml", text, &[], &mut read, &mut found);
    (loaded, found)
}

fn shown(loaded: &Loaded, found: &Diagnostics) -> String {
    render(found, &loaded.sources, Look::Plain)
}

/// The value at a path, as text.
fn value<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    let mut steps = path.split('.');
    let first = table.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.as_table()?.get(step))
}

fn text(table: &Table, path: &str) -> String {
    value(table, path).map_or("nothing".to_owned(), Value::to_toml)
}

#[test]
fn a_case_changes_what_it_says_and_nothing_else() {
    let (loaded, mut found) = with_sets(FILE, &[]);
    let names: Vec<&str> = loaded.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["ten", "thousand"]);
    assert_eq!(loaded.cases[1].title.as_deref(), Some("Many"));
    let ten = loaded.case(&loaded.cases[0], &mut found);
    let thousand = loaded.case(&loaded.cases[1], &mut found);
    assert_eq!(text(&ten, "traffic.uploads.spike.count"), "10");
    assert_eq!(text(&thousand, "traffic.uploads.spike"), "{ at = \"10min\", count = 1000 }");
    let changed = value(&thousand, "traffic.uploads.spike.count").expect("it is set");
    assert!(matches!(Origin::of(changed.span, &loaded.sources), Origin::Case(_)));
    assert_eq!(loaded.sources.case_at(changed.span), Some("thousand"));
    assert!(found.is_empty(), "{}", shown(&loaded, &found));
}

#[test]
fn a_case_may_use_paths_or_tables() {
    for set in [
        "[case.x]\nset = { traffic = { uploads = { spike = { count = 5 } } } }",
        "[case.x]\nset.traffic.uploads.spike.count = 5",
        "[case.x.set.traffic.uploads.spike]\ncount = 5",
        "[case.x.set]\n'traffic.uploads'.spike = { count = 5, at = '10min' }\n",
        "[case.x.set]\n\"traffic.uploads.spike.count\" = 5\n",
    ] {
        let file = FILE.replace("[case.ten]", &format!("{set}\n[case.ten]"));
        let (loaded, mut found) = with_sets(&file, &[]);
        let x = loaded.case(&loaded.cases[0], &mut found);
        let count = text(&x, "traffic.uploads.spike.count");
        if set.contains("'traffic.uploads'.spike") {
            // A path replaces: the rate is gone, and the decoder will say so.
            assert_eq!(text(&x, "traffic.uploads.rate"), "nothing");
        } else {
            assert_eq!(text(&x, "traffic.uploads.rate"), "\"10/min\"", "{set}");
        }
        assert_eq!(count, "5", "{set}");
        assert!(found.is_empty(), "{set}: {}", shown(&loaded, &found));
    }
}

#[test]
fn a_file_without_cases_has_one() {
    let (loaded, found) = with_sets("title = 'x'\n", &[]);
    assert_eq!(loaded.cases.len(), 1);
    assert_eq!(loaded.cases[0].name, "base");
    assert!(found.is_empty());
}

#[test]
fn the_command_line_has_the_last_word() {
    let (loaded, mut found) = with_sets(FILE, &["traffic.uploads.spike.count=7", "run.duration=1h"]);
    let thousand = loaded.case(&loaded.cases[1], &mut found);
    assert_eq!(text(&thousand, "traffic.uploads.spike.count"), "7");
    assert_eq!(text(&thousand, "run.duration"), "\"1h\"");
    let set = value(&thousand, "run.duration").expect("it is set");
    assert!(matches!(Origin::of(set.span, &loaded.sources), Origin::SetOnCommandLine(_)));
    assert!(found.is_empty(), "{}", shown(&loaded, &found));
}

#[test]
fn the_whole_scenario_printed_is_the_same_scenario() {
    let base = "[run]\ndrain = '1h'\n[case.early]\nset.traffic.uploads.size = '1KiB'\n";
    let file = FILE.replace("title = 'a'", "extends = 'base.toml'\ntitle = 'a'");
    for file in [file.as_str(), "extends = 'base.toml'\n[run]\nseed = 1\n", FILE] {
        for base in [base, "x = 1"] {
            let mut found = Diagnostics::new();
            let sets = ["run.seed=9".to_owned(), "traffic={ uploads = { spike = { count = 7 } } }".to_owned()];
            let first = load("a.toml", file, &sets, &mut |_| Ok(base.to_owned()), &mut found);
            let second = load("b.toml", &first.to_toml(), &[], &mut nothing, &mut found);
            let cases = |loaded: &Loaded| -> Vec<(String, Option<String>, String)> {
                let tables = loaded.cases.iter();
                tables
                    .map(|c| (c.name.clone(), c.title.clone(), loaded.case(c, &mut Diagnostics::new()).to_toml()))
                    .collect()
            };
            assert!(found.is_empty(), "{}", shown(&second, &found));
            assert_eq!(cases(&first), cases(&second), "{}", first.to_toml());
        }
    }
}

#[test]
fn an_error_in_a_set_points_into_its_text() {
    let (loaded, mut found) = with_sets(FILE, &["run.seed=2", "traffic.uplods.rate=1/s", "case.tne.title=x"]);
    loaded.case(&loaded.cases[1], &mut found);
    let shown = shown(&loaded, &found);
    assert!(shown.contains("--set:1:9") && shown.contains("did you mean `uploads`?"), "{shown}");
    assert!(shown.contains("there is no case `tne` to change") && shown.contains("did you mean `ten`?"), "{shown}");
    assert_eq!(found.errors(), 2);
}

#[test]
fn an_error_in_the_path_of_a_case_points_inside_the_string() {
    let file = FILE.replace("traffic.uploads.spike.count\"", "traffic.uplods.spike.count\"");
    let (loaded, mut found) = with_sets(&file, &[]);
    loaded.case(&loaded.cases[1], &mut found);
    let shown = shown(&loaded, &found);
    assert!(shown.contains("a.toml:11:18") && shown.contains("there is no traffic `uplods` to change"), "{shown}");
}

#[test]
fn bad_cases_are_told() {
    let file = "[case.Big]\n[case.x]\ncolour = 1\nset = 3\n[case.y.set]\n\"title\" = 'z'\n\"a..b\" = 1\n";
    let (loaded, found) = with_sets(file, &[]);
    let shown = shown(&loaded, &found);
    for part in [
        "`Big` cannot be the name of a case",
        "unknown key `colour` in `case.x`",
        "`set` must be a table, not a whole number",
        "a case cannot change `title`",
        "`a..b` is not a path",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(found.errors(), 5);
}

#[test]
fn a_file_wins_over_the_one_it_extends() {
    let base = "title = 'base'\n[run]\nduration = '1h'\nseed = 5\n[work.encode]\ntime = { constant = '1s' }\n\
                [[expect]]\nthat = 'base'\n[case.ten]\n";
    let file = "extends = 'base.toml'\ntitle = 'mine'\n[run]\nseed = 7\n[work.encode]\ntime = { exponential = '2s' }\n\
                [[expect]]\nthat = 'mine'\n[case.more]\n";
    let (loaded, found) = extending(file, base);
    assert!(found.is_empty(), "{}", shown(&loaded, &found));
    let table = &loaded.table;
    assert_eq!(text(table, "title"), "\"mine\"");
    assert_eq!(text(table, "run.duration"), "\"1h\"");
    assert_eq!(text(table, "run.seed"), "7");
    assert_eq!(text(table, "work.encode.time"), "{ exponential = \"2s\" }");
    let expectations = table.get("expect").and_then(Value::as_array).expect("it is a list");
    assert_eq!(
        expectations.iter().map(Value::to_toml).collect::<Vec<_>>(),
        ["{ that = \"base\" }", "{ that = \"mine\" }"]
    );
    let names: Vec<&str> = loaded.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["ten", "more"]);
    let duration = value(table, "run.duration").expect("it is in the base");
    assert!(matches!(Origin::of(duration.span, &loaded.sources), Origin::Extended(_)));
}

#[test]
fn an_error_inside_a_base_file_points_to_the_base_file() {
    let (loaded, found) = extending("extends = 'base.toml'\n", "[run]\n\nduration = 5m\n");
    let shown = shown(&loaded, &found);
    assert!(shown.contains("base.toml:3:12"), "{shown}");
    assert!(shown.contains("3 | duration = 5m"), "{shown}");
}

#[test]
fn only_a_file_beside_the_scenario_can_be_extended_and_only_once() {
    for path in
        ["../x.toml", "/etc/passwd", "a/../../x", "C:\\\\x", "\\\\\\\\host\\\\x", "~/x", "http://x/y", "", "a\\u001bb"]
    {
        let (loaded, found) = extending(&format!("extends = \"{path}\"\n"), "");
        let shown = shown(&loaded, &found);
        assert!(shown.contains("error[S003]: a scenario cannot extend"), "{path}: {shown}");
        assert_eq!(loaded.sources.sources().len(), 1, "{path}");
    }
    let (loaded, found) = extending("extends = 'other.toml'\n", "");
    assert!(shown(&loaded, &found).contains("cannot read `other.toml`: no such file"));
    let (loaded, found) = extending("extends = 3\n", "");
    assert!(shown(&loaded, &found).contains("`extends` must be a path in quotes, not a whole number"));
    let (loaded, found) = extending("extends = 'base.toml'\n", "extends = 'base.toml'\n");
    let shown = shown(&loaded, &found);
    assert!(shown.contains("base.toml:1:1") && shown.contains("cannot extend another"), "{shown}");
}
