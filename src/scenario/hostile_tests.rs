//! Whatever stands in a scenario, loading it ends, in little time, with a tree or with errors that have a place.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::diagnostic::{Diagnostics, Look, is_hidden, render, rows};
use crate::site::{At, Resolution, Site, decode, take_kind};
use crate::units::{Bytes, Duration, Rate, Share};

/// Stands for the specs of services and traffic: one key of every type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
struct AnySpec {
    rate: Option<At<Rate>>,
    spike: Option<At<SpikeSpec>>,
    size: Option<At<Bytes>>,
    slots: Option<At<u32>>,
    time: Option<At<TimeSpec>>,
    share: Option<At<Share>>,
    calls: Option<At<NamesSpec>>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
struct SpikeSpec {
    at: At<Duration>,
    count: Option<At<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
enum TimeSpec {
    Constant(At<Duration>),
    Lognormal { mean: At<Duration>, cv: At<f64> },
}

const SEED: &str = r#"
title    = "Ten videos, then a thousand"
question = "What happens?"
[run]
duration = "30min"
percentiles = [50, 99.9]
[traffic.uploads]
rate  = "10/min"
spike = { at = "10min", count = 10 }
size  = "2KiB"
[work.encode]
time = { lognormal = { mean = "20s", cv = 0.5 } }
[objective]
within = "5min"
[case.ten]
[case.thousand]
set = { "traffic.uploads.spike.count" = 1000 }
[pipeline.synchronous.web]
kind  = "service"
slots = 200
calls = "encoders"
[pipeline.synchronous.encoders]
kind  = "service"
share = "5%"
[[fault]]
node = "*.encoders"
kind = "slow"
factor = 2
from = "1min"
to = "2min"
[[expect]]
that = "synchronous.lost == 0"
[[expect]]
case = "thousand"
that = "synchronous.goodput < 50% * 2"
"#;

/// Pieces that are likely to hurt.
const PIECES: [&str; 44] = [
    "\n",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    ".",
    ",",
    "#",
    "\\",
    "\u{1b}[2J",
    "\u{202e}",
    "\0",
    "\r",
    "é",
    "日本",
    "-1",
    "1e999",
    "99999999999999999999",
    "nan",
    "true",
    "[run]\n",
    "[case.x]\n",
    "set = 3\n",
    "[[expect]]\n",
    "[pipeline.a]\n",
    "extends = 'base.toml'\n",
    "kind = ",
    "set = { a.b = 1 }\n",
    "that = '((((1'\n",
    "0x",
    "_",
    "..",
    "*",
    "1979-05-27",
    "a.b.c.d.e.f.g = 1\n",
    "case = ['ten', 3]\n",
    "\"../x\" = 1\n",
    "[fault]\n",
];

/// The whole way from texts to resolved sections, and everything that is printed on it.
fn whole_way(text: &str, base: &str, sets: &[String]) -> (bool, Diagnostics, String) {
    let mut found = Diagnostics::new();
    let loaded = load("a.toml", text, sets, &mut |_| Ok(base.to_owned()), &mut found);
    let mut resolution = Resolution::new();
    for case in &loaded.cases {
        let table = loaded.case(case, &mut found);
        let spec = ScenarioSpec::read(&table, &mut found);
        let mut names = Names { metrics: vec!["lost".to_owned(), "goodput_share".to_owned()], ..Names::default() };
        names.cases.extend(loaded.cases.iter().map(|case| case.name.clone()));
        for pipeline in &spec.pipelines {
            let node =
                |node: &PartSpec| NodeNames { name: node.name.value.clone(), metrics: Vec::new(), kind: "service" };
            let nodes = pipeline.nodes.iter().map(node).collect();
            names.pipelines.push(PipelineNames { name: pipeline.name.value.clone(), nodes, broken: false });
        }
        let nodes = spec.pipelines.into_iter().flat_map(|pipeline| pipeline.nodes);
        for mut part in nodes.chain(spec.traffic).chain(spec.work) {
            if part.path.starts_with("pipeline") {
                take_kind(&mut part.table, &part.path, &["service", "sqs"], &mut found);
            }
            decode::<AnySpec>(&part.table, &part.path, &mut found);
        }
        let sources = &loaded.sources;
        if let Some(At { value: run, span }) = spec.run {
            run.resolve(&mut Site::new("run", span, sources, &mut found, &mut resolution));
        }
        for (index, fault) in spec.faults.into_iter().enumerate() {
            let path = format!("fault[{index}]");
            fault.value.resolve(&names, &mut Site::new(path, fault.span, sources, &mut found, &mut resolution));
        }
        for (index, expect) in spec.expectations.into_iter().enumerate() {
            let path = format!("expect[{index}]");
            let site = &mut Site::new(path, expect.span, sources, &mut found, &mut resolution);
            for expectation in expect.value.resolve(&names, site) {
                expectation.judge(&|_| Some(1.0));
            }
        }
    }
    for diagnostic in found.iter() {
        let span = diagnostic.span.expect("every finding has a place");
        assert!(loaded.sources.place(span).is_some(), "{diagnostic:?}");
    }
    let printed = format!(
        "{}{:?}{}",
        render(&found, &loaded.sources, Look::Plain),
        rows(&found, &loaded.sources),
        resolution.to_toml(&loaded.sources)
    );
    (found.has_errors(), found, printed)
}

fn assert_printable(printed: &str) {
    assert!(!printed.chars().any(|c| c != '\n' && is_hidden(c)), "{printed:?}");
}

/// Where to cut, how much to drop, and what to put there.
type Wound = (usize, usize, usize);

fn wounded(seed: &str, wounds: &[Wound]) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for (at, dropped, piece) in wounds {
        let at = at % (text.len() + 1);
        let end = (at + dropped).min(text.len());
        // Now and then a part of the text itself, so that tables and keys meet twice.
        let own: String = text.iter().skip(piece * 7 % (text.len() + 1)).take(*piece).collect();
        let piece = PIECES.get(*piece).map_or(own, |piece| (*piece).to_owned());
        text.splice(at..end, piece.chars());
    }
    text.into_iter().collect()
}

fn wounds() -> impl Strategy<Value = Vec<Wound>> {
    prop::collection::vec((any::<usize>(), prop_oneof![4 => 0..4usize, 1 => 0..200usize], 0..80usize), 0..6)
}

#[test]
fn the_seed_itself_is_fine() {
    let (errors, found, printed) = whole_way(SEED, "", &[]);
    assert!(!errors, "{printed}");
    assert!(found.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_wounded_scenario_gives_a_tree_or_errors_with_a_place(file in wounds(), base in wounds()) {
        let text = wounded(SEED, &file);
        let (_, _, printed) = whole_way(&text, &wounded(SEED, &base), &[]);
        assert_printable(&printed);
    }

    #[test]
    fn a_wounded_set_gives_a_tree_or_errors_with_a_place(cuts in wounds(), which in 0..5usize, any in ".{0,30}") {
        let seed = [
            "run.duration=10min",
            "pipeline.synchronous.web.slots = 3",
            "case.thousand.set={ \"run.seed\" = 1 }",
            "expect.0.that=synchronous.lost == 1",
            "fault={}",
        ][which];
        let (_, _, printed) = whole_way(SEED, "", &[wounded(seed, &cuts), any]);
        assert_printable(&printed);
    }

    #[test]
    fn any_text_at_all_gives_a_tree_or_errors_with_a_place(text in "(?s).{0,200}") {
        let (_, _, printed) = whole_way(&text, &text, std::slice::from_ref(&text));
        assert_printable(&printed);
    }
}

#[test]
fn a_megabyte_of_anything_ends_in_little_time() {
    let many =
        |count: usize, piece: &dyn Fn(usize) -> String| (0..count).fold(String::new(), |text, i| text + &piece(i));
    let floods = [
        many(100_000, &|i| format!("k{i} = 1\n")),
        many(50_000, &|i| format!("[pipeline.p{i}.web]\n")),
        many(50_000, &|i| format!("[pipeline.a.N{i}]\n")),
        many(50_000, &|i| format!("[case.c{i}]\n")),
        many(50_000, &|_| "[[expect]]\nthat = 'x'\n".to_owned()),
        format!("[case.x.set]\n{}", many(50_000, &|i| format!("'a{i}' = 1\n"))),
        format!("extends = 'base.toml'\n{}", many(100_000, &|i| format!("k{i} = 1\n"))),
        format!("[pipeline.a.web]\ncalls = [{}]\n", "3,".repeat(200_000)),
        format!("[run]\nduration = \"{}\"\n", "1h".repeat(300_000)),
        format!("{} = 1\n", "k".repeat(1_000_000)),
        format!("[pipeline.{}]\n", "k".repeat(1_000_000)),
        format!("x = '{}'\n[[expect]]\nthat = '{}'\n", "(".repeat(500_000), "(".repeat(500_000)),
        "\u{1b}".repeat(1_000_000),
        "= ".repeat(500_000),
        "=\n".repeat(500_000),
        "[".repeat(1_000_000),
        "a.".repeat(500_000),
        "'".repeat(1_000_000),
    ];
    for flood in &floods {
        let sets = [flood.clone(), format!("{}=1", flood.replace('=', ""))];
        let (errors, _, printed) = whole_way(flood, flood, &sets);
        assert!(errors, "{}", &flood[..40]);
        assert!(printed.len() < 1_000_000, "{}: {}", &flood[..40], printed.len());
        assert_printable(&printed);
    }
}
