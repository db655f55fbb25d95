//! Expectations from text to verdict.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::{Diagnostics, Look, SourceMap, render};
use crate::scenario::names::{NodeNames, PipelineNames};
use crate::site::{Resolution, decode, parse as parse_toml};

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn names() -> Names {
    let pipeline = |name: &str| PipelineNames {
        name: name.to_owned(),
        nodes: vec![NodeNames {
            name: "jobs".to_owned(),
            metrics: strings(&["backlog_max", "age_mean_s"]),
            kind: "sqs",
        }],
        broken: false,
    };
    Names {
        cases: strings(&["ten", "thousand"]),
        metrics: strings(&[
            "lost",
            "jobs_sent",
            "goodput_share",
            "latency_p50_s",
            "latency_p99_s",
            "latency_p99.9_s",
            "backlog_max",
            "throughput_per_s",
            "sent_bytes",
        ]),
        pipelines: vec![pipeline("queued"), pipeline("synchronous"), pipeline("fan-out")],
    }
}

fn resolve(text: &str) -> (Vec<Expectation>, String) {
    let mut found = Diagnostics::new();
    let mut sources = SourceMap::new();
    sources.add("a.toml", text);
    let table = parse_toml(text, 0, &mut found);
    let spec: ExpectSpec = decode(&table, "expect[0]", &mut found).unwrap_or_default();
    let mut resolution = Resolution::new();
    let site = &mut Site::new("expect[0]", Span::new(0, 0), &sources, &mut found, &mut resolution);
    let expectations = spec.resolve(&names(), site);
    assert_eq!(expectations.is_empty(), found.has_errors());
    (expectations, render(&found, &sources, Look::Plain))
}

/// Judges an expectation in which every figure of `queued` is `queued`, and every other figure is 10.
fn judge(that: &str, queued: f64) -> Verdict {
    let (expectations, told) = resolve(&format!("that = '{that}'"));
    assert_eq!(told, "");
    expectations[0].judge(&|reference| Some(if reference.pipeline == "queued" { queued } else { 10.0 }))
}

#[track_caller]
fn assert_told(that: &str, column: usize, part: &str) {
    let (_, told) = resolve(&format!("that = '{that}'"));
    assert!(told.contains(part), "{that}: {part}: {told}");
    assert!(told.contains(&format!("a.toml:1:{}\n", column + 9)), "{that}: {column}: {told}");
}

#[test]
fn comparisons_hold_or_not_and_say_what_was_found() {
    for (that, queued, held, found) in [
        ("queued.lost == 0", 0.0, true, "queued.lost is 0"),
        ("queued.lost == 0", 12.0, false, "queued.lost is 12"),
        ("queued.lost != 0", 12.0, true, "queued.lost is 12"),
        ("queued.goodput < 50%", 0.25, true, "queued.goodput is 25%"),
        ("queued.goodput <= 0.5", 0.5, true, "queued.goodput is 50%"),
        ("queued.latency_p99 <= 5min", 301.0, false, "queued.latency_p99 is 5.017min"),
        ("queued.latency_p99_s > 1h30min", 9000.0, true, "queued.latency_p99_s is 2.5h"),
        ("queued.latency_p99.9 > 1s", 2.0, true, "queued.latency_p99.9 is 2s"),
        (
            "queued.latency_p50 < synchronous.latency_p50",
            9.0,
            true,
            "queued.latency_p50 is 9s, synchronous.latency_p50 is 10s",
        ),
        (
            "queued.backlog_max < 2 * synchronous.backlog_max",
            20.0,
            false,
            "queued.backlog_max is 20, 2 * synchronous.backlog_max is 20",
        ),
        (
            "queued.jobs.backlog_max >= -(1 + 2) * -4 - 2",
            10.0,
            true,
            "queued.jobs.backlog_max is 10, -(1 + 2) * -4 - 2 is 10",
        ),
        ("fan-out.lost - 1 == 9", 0.0, true, "fan-out.lost - 1 is 9"),
        ("queued.lost / queued.jobs_sent <= 1%", 5.0, false, "queued.lost / queued.jobs_sent is 1"),
        ("queued.throughput >= 30/min", 1.0, true, "queued.throughput is 1/s"),
        ("queued.throughput * 1min >= 60", 1.0, true, "queued.throughput * 1min is 60"),
        ("queued.sent < 1KiB", 512.0, true, "queued.sent is 512B"),
        ("queued.lost/2 == 6", 12.0, true, "queued.lost/2 is 6"),
        ("queued.jobs.age_mean < 1s", 0.5, true, "queued.jobs.age_mean is 500ms"),
    ] {
        assert_eq!(judge(that, queued), Verdict { held, found: found.to_owned() }, "{that}");
    }
}

#[test]
fn rounding_is_no_difference() {
    assert!(judge("queued.lost + 0.2 == 0.3", 0.1).held);
    assert!(judge("queued.lost + 0.2 <= 0.3", 0.1).held);
    assert!(!judge("queued.lost + 0.2 > 0.3", 0.1).held);
}

#[test]
fn what_was_not_measured_or_is_not_defined_does_not_hold() {
    let (expectations, _) = resolve("that = 'queued.latency_p99 < 1s'");
    let verdict = expectations[0].judge(&|_| None);
    assert_eq!(verdict, Verdict { held: false, found: "queued.latency_p99_s was not measured".to_owned() });
    let verdict = judge("1 / queued.lost > 0", 0.0);
    assert_eq!(verdict, Verdict { held: false, found: "1 / queued.lost is not defined".to_owned() });
}

#[test]
fn an_expectation_for_several_pipelines_is_judged_for_each() {
    let (expectations, _) =
        resolve("that = 'lost == 0 * jobs.backlog_max'\npipeline = ['queued', 'fan-out']\ncase = 'ten'");
    let that: Vec<&str> = expectations.iter().map(|expectation| expectation.that.as_str()).collect();
    assert_eq!(that, ["queued: lost == 0 * jobs.backlog_max", "fan-out: lost == 0 * jobs.backlog_max"]);
    let references: Vec<String> = expectations[1].comparison.references().iter().map(ToString::to_string).collect();
    assert_eq!(references, ["fan-out.lost", "fan-out.jobs.backlog_max"]);
    assert!(expectations[0].applies_to("ten") && !expectations[0].applies_to("thousand"));
    assert_eq!(resolve("that = 'lost == queued.lost'\npipeline = '*'").0.len(), 3);
}

#[test]
fn a_mistake_is_pointed_at_inside_the_string() {
    assert_told("queued.lost = 0", 12, "`=` means nothing here");
    assert_told("queued.lost => 0", 12, "write `>=`");
    assert_told("queued.lost ≤ 0", 12, "write `<=`");
    assert_told("queued.lost", 11, "is missing at the end");
    assert_told("", 0, "a number or a figure is missing at the end");
    assert_told("queued.lost == 0 and queued.lost == 1", 17, "one comparison in each `[[expect]]`");
    assert_told("0 < queued.lost < 3", 16, "one comparison in each `[[expect]]`");
    assert_told("queued.lost == (1 + 2", 21, "`)` is missing at the end");
    assert_told("queued.latency_p99 < 5 min", 23, "a unit follows its number without a space: `5min`");
    assert_told("queued.latency_p99 < 5 fortnights", 23, "expected the end, found `fortnights`");
    assert_told("queued.latency_p99 < 5fortnights", 21, "unknown unit `fortnights`");
    assert_told("queued.lost == 0 § 1", 17, "`§` means nothing here");
    assert_told("1 < 2", 0, "this compares no figure of the run");
    assert_told(&format!("{}1 < queued.lost", "(".repeat(60)), 41, "this is nested too deeply");
    assert_told(&format!("queued.lost < {}", "1 + ".repeat(200)), 0, "at most 500 characters");
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_and_all_of_them_at_once() {
    assert_told("queud.lost == 0", 0, "did you mean `queued`?");
    assert_told("queued.losst == 0", 7, "did you mean `lost`?");
    assert_told("queued.latency_p98 < 1s", 7, "there is no metric `latency_p98`");
    assert_told("queued.job.backlog_max == 0", 7, "did you mean `jobs`?");
    assert_told("queued.jobs.backlog_mx == 0", 12, "did you mean `backlog_max`?");
    assert_told("queued.jobs == 0", 7, "`jobs` is a node, not a metric");
    assert_told("lost == 0", 0, "write `queued.lost`, or add `pipeline = \"queued\"`");
    assert_told("a.b.c.d == 0", 0, "has too many parts");
    let (_, told) = resolve("that = 'queud.lost == synchronos.lost'");
    assert_eq!(told.matches("error[S022]").count(), 2, "{told}");
    let (_, told) = resolve("that = 'lost == 0'\npipeline = 'queud'\ncase = 'tan'");
    assert!(told.contains("there is no case `tan`"), "{told}");
}

#[test]
fn of_a_pipeline_with_mistakes_only_what_is_sure_is_told() {
    let mut names = names();
    names.pipelines[1].broken = true;
    let told = |that: &str, pipeline| {
        let slips = parse::parse(that, &names, pipeline).err().unwrap_or_default();
        slips.into_iter().map(|slip| slip.message).collect::<Vec<_>>().join("; ")
    };
    for unsure in ["synchronous.web.x == 0", "synchronous.web.busy_s < 5", "queued.lost / synchronous.web.x < 5s"] {
        assert_eq!(told(unsure, None), "", "{unsure}");
    }
    assert_eq!(told("web.x < 5s", Some("synchronous")), "");
    assert_eq!(told("synchronous.lots == 0", None), "there is no metric `lots`");
    assert_eq!(told("synchronous.web.x = 0", None), "`=` means nothing here");
    assert!(told("synchronous.latency_p99 < 5", None).contains("is a time"));
    assert_eq!(told("synchronous.web.x < queued.web.x", None), "there is no node `web`");
}

#[test]
fn figures_of_different_kinds_are_not_compared() {
    assert_told("queued.latency_p99 < 5", 21, "`queued.latency_p99` is a time, but `5` is a plain number");
    assert_told("queued.latency_p99 < 5", 21, "write `5s` or `5min`");
    assert_told("queued.goodput < 50", 17, "write `50%`");
    assert_told("queued.goodput < 5s", 17, "`queued.goodput` is a share, but `5s` is a time");
    assert_told("queued.latency_p99 + 1 < 5s", 0, "a time + a plain number means nothing");
    assert_told("queued.latency_p99 * 2s < 5s", 0, "a time * a time means nothing");
    assert!(resolve("that = 'queued.latency_p99 > 0'").1.is_empty());
}

#[test]
fn a_string_with_escapes_is_pointed_at_as_a_whole() {
    let (_, told) = resolve("that = \"queued.lost \\u003d 0\"");
    assert!(told.contains("a.toml:1:8\n"), "{told}");
}

proptest! {
    #[test]
    fn no_text_panics(that in "([a-z.]{1,8}|queued\\.lost|[0-9]{1,3}[a-z%/]{0,3}|[-+*/()<>=! ]|.){0,30}") {
        if let Err(slips) = parse::parse(&that, &names(), Some("queued")) {
            prop_assert!(!slips.is_empty());
            prop_assert!(slips.iter().all(|slip| that.get(slip.at.clone()).is_some()), "{:?}", slips);
        }
    }
}
