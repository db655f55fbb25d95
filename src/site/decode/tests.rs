//! What an author is told about a table that cannot be decoded.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::*;
use crate::diagnostic::{Look, SourceMap, render};
use crate::site::parse;
use crate::units::{Duration, Share};

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
struct QueueSpec {
    visibility_timeout: Option<At<Duration>>,
    count: Option<At<u32>>,
    fails: Option<At<Share>>,
    dead_letter: Option<At<DeadLetterSpec>>,
    time: Option<At<TimeSpec>>,
    calls: Option<At<CallsSpec>>,
    list: Option<Vec<At<u8>>>,
    fast: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
struct DeadLetterSpec {
    queue: At<String>,
    max_receive_count: At<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
enum TimeSpec {
    None,
    Constant(At<Duration>),
    Lognormal { mean: At<Duration>, cv: At<f64> },
}

/// A name, or a table with more to say: the way such things are written by hand.
#[derive(Debug)]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
enum CallsSpec {
    Name(String),
    Full(FullSpec),
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it decodes is of interest")]
struct FullSpec {
    to: At<String>,
    timeout: Option<At<Duration>>,
}

impl<'de> Deserialize<'de> for CallsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;
        impl<'de> Visitor<'de> for Both {
            type Value = CallsSpec;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a node or a table with `to`")
            }
            fn visit_str<E>(self, name: &str) -> Result<CallsSpec, E> {
                Ok(CallsSpec::Name(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CallsSpec, A::Error> {
                FullSpec::deserialize(MapAccessDeserializer::new(map)).map(CallsSpec::Full)
            }
        }
        deserializer.deserialize_any(Both)
    }
}

/// Each finding as `line:column message (hint or label)`.
fn findings(text: &str) -> (bool, Vec<String>) {
    let mut found = Diagnostics::new();
    let mut sources = SourceMap::new();
    sources.add("a.toml", text);
    let table = parse(text, 0, &mut found);
    let spec = decode::<QueueSpec>(&table, "pipeline.q.jobs", &mut found);
    let shown = found.sorted().into_iter().map(|d| {
        let place = d.span.and_then(|span| sources.place(span)).expect("every finding has a place");
        let more = d.hint.as_deref().unwrap_or("");
        format!("{}:{} {} {} {more}", place.line, place.column, d.code, d.message).trim_end().to_owned()
    });
    (spec.is_some(), shown.collect())
}

#[track_caller]
fn assert_findings(text: &str, expected: &[&str]) {
    assert_eq!(findings(text).1, expected, "{text}");
}

#[test]
fn a_table_without_mistakes_decodes() {
    let text = "visibility_timeout = '5min'\ncount = 3\nfails = '5%'\ntime = { lognormal = { mean = '1s', cv = 1 } }\n\
                calls = 'x'\nlist = [1, 2]\nfast = true\ndead_letter.queue = 'd'\ndead_letter.max_receive_count = 3\n";
    assert_eq!(findings(text), (true, vec![]));
    assert_eq!(findings("time = 'none'\ncalls = { to = 'x' }"), (true, vec![]));
}

#[test]
fn the_place_of_each_value_is_that_in_the_text() {
    let mut found = Diagnostics::new();
    let table = parse("count = 3\ncalls = { to = 'x', timeout = '1s' }\n[dead_letter]\nqueue = 'x'", 100, &mut found);
    let spec: QueueSpec = decode(&table, "", &mut found).unwrap_or_else(|| {
        let mut table = table.clone();
        table.remove("dead_letter");
        decode(&table, "", &mut found).expect("the rest is complete")
    });
    assert_eq!(spec.count, Some(At::new(3, crate::diagnostic::Span::new(108, 109))));
    let Some(At { value: CallsSpec::Full(full), span }) = spec.calls else { panic!("it is a table") };
    assert_eq!((span.start, full.to.span.start, full.timeout.map(|t| t.span.start)), (118, 125, Some(140)));
}

#[test]
fn every_error_of_a_table_is_told_in_one_go() {
    assert_findings(
        "visibility_timeout = 30\ncount = -1\ncolour = 'red'\nfails = '101%'\nfast = 'yes'\nlist = [1, 300, 'x', 4]\n",
        &[
            "1:22 S011 `30` needs a unit: write `30s`, `30min` or `30ms`",
            "2:9 S011 `count` must be a whole number from 0 to 4294967295, not `-1`",
            "3:1 S010 unknown key `colour` in `pipeline.q.jobs`",
            "4:9 S011 `101%` is too much; a share is at most 100%",
            "5:8 S011 `fast` must be `true` or `false`, not the string `yes`",
            "6:12 S011 `list` must be a whole number from 0 to 255, not `300`",
            "6:17 S011 `list` must be a whole number from 0 to 255, not the string `x`",
        ],
    );
}

#[test]
fn a_near_key_is_proposed_and_unknown_keys_do_not_hide_the_rest() {
    let (decoded, told) = findings("visibilty_timeout = '1s'\ncuont = 1\n");
    assert_eq!(
        told,
        [
            "1:1 S010 unknown key `visibilty_timeout` in `pipeline.q.jobs` did you mean `visibility_timeout`?",
            "2:1 S010 unknown key `cuont` in `pipeline.q.jobs` did you mean `count`?",
        ]
    );
    assert!(decoded);
}

#[test]
fn errors_inside_inner_tables_have_their_own_place() {
    assert_findings(
        "[dead_letter]\nqueue = 1\nmax_receive_count = 'x'\n",
        &[
            "2:9 S011 `queue` must be a string in quotes, not `1`",
            "3:21 S011 `max_receive_count` must be a whole number from 0 to 65535, not the string `x`",
        ],
    );
    assert_findings(
        "dead_letter = { queue = 'x' }",
        &["1:15 S012 `pipeline.q.jobs.dead_letter` needs `max_receive_count`"],
    );
    assert_findings(
        "[dead_letter]\nqueue = 'x'\n",
        &["1:1 S012 `pipeline.q.jobs.dead_letter` needs `max_receive_count`"],
    );
}

#[test]
fn what_only_follows_from_a_misspelt_key_is_not_told() {
    assert_findings(
        "dead_letter = { queu = 'x', max_receive_count = 3 }",
        &["1:17 S010 unknown key `queu` in `pipeline.q.jobs.dead_letter` did you mean `queue`?"],
    );
}

#[test]
fn a_choice_names_the_choices() {
    assert_findings(
        "time = { lognorml = { mean = '1s' } }",
        &["1:10 S011 `lognorml` is not known here did you mean `lognormal`?"],
    );
    assert_findings("time = 'constnt'", &["1:8 S011 `constnt` is not known here did you mean `constant`?"]);
    assert_findings(
        "time = { constant = '1s', lognormal = { } }",
        &["1:8 S011 `pipeline.q.jobs.time` must say exactly one thing, not `constant`, `lognormal`"],
    );
    assert_findings("time = { }", &["1:8 S011 `pipeline.q.jobs.time` must say exactly one thing, not nothing"]);
    assert_findings(
        "time = { lognormal = { mean = 1, cv = 'x', sd = 2 } }",
        &[
            "1:31 S011 `1` needs a unit: write `1s`, `1min` or `1ms`",
            "1:39 S011 `cv` must be a number, not the string `x`",
            "1:44 S010 unknown key `sd` in `pipeline.q.jobs.time.lognormal`",
        ],
    );
    assert_eq!(findings("time = 7").1.len(), 1);
    assert_eq!(findings("time = 'lognormal'").1.len(), 1);
}

#[test]
fn a_hand_written_type_loses_no_key_and_no_place() {
    assert_findings(
        "calls = { to = 'x', retries = 3 }",
        &["1:21 S010 unknown key `retries` in `pipeline.q.jobs.calls`"],
    );
    assert_findings("calls = { to = 'x', timeout = 3 }", &["1:31 S011 `3` needs a unit: write `3s`, `3min` or `3ms`"]);
    assert_findings("calls = 3", &["1:9 S011 `calls` must be the name of a node or a table with `to`, not `3`"]);
}

#[test]
fn dates_and_enormous_numbers_are_no_values_of_ours() {
    assert_findings(
        "count = 2020-01-01",
        &["1:9 S011 `count` must be a whole number from 0 to 4294967295, not a date or time"],
    );
    assert_findings("count = 99999999999999999999", &["1:9 S011 this number is too large"]);
}

#[test]
fn a_flood_of_errors_is_cut_in_bounded_time() {
    let text = (0..200_000).fold(String::new(), |text, i| text + &format!("k{i} = 1\n"));
    let (decoded, told) = findings(&text);
    assert!(!decoded);
    assert_eq!(told.len(), ERRORS_MAX);
}

#[test]
fn a_kind_is_one_of_the_registry() {
    let kinds = ["service", "sqs", "workers"];
    let kind = |text: &str| {
        let mut found = Diagnostics::new();
        let mut table = parse(text, 0, &mut found);
        let kind = take_kind(&mut table, "pipeline.q.jobs", &kinds, &mut found);
        let mut sources = SourceMap::new();
        sources.add("a.toml", text);
        (kind.map(|at| at.value), table.len(), render(&found, &sources, Look::Plain))
    };
    assert_eq!(kind("kind = 'sqs'\na = 1"), (Some("sqs"), 1, String::new()));
    let shown = kind("kind = 'worker'").2;
    assert!(shown.contains("error[S013]: there is no kind `worker`"), "{shown}");
    assert!(
        shown.contains("did you mean `workers`?") && shown.contains("kinds: `service`, `sqs`, `workers`"),
        "{shown}"
    );
    assert!(kind("a = 1").2.contains("error[S012]: `pipeline.q.jobs` needs `kind`"));
    assert!(kind("kind = 3").2.contains("`kind` must be a string in quotes, not a whole number"));
}

#[test]
fn a_name_is_plain_or_told_how_to_be() {
    let told = |name: &str| {
        let mut found = Diagnostics::new();
        let key = Key { name: name.to_owned(), span: crate::diagnostic::Span::new(0, 1) };
        let fine = check_name(&key, "node", &mut found);
        assert_eq!(fine, found.is_empty());
        found.iter().next().map(|d| (d.message.clone(), d.hint.clone().unwrap_or_default()))
    };
    for name in ["a", "web-2", "dead_letters", &"x".repeat(40)] {
        assert_eq!(told(name), None);
    }
    let (message, hint) = told("My Node").expect("it is refused");
    assert_eq!(message, "`My Node` cannot be the name of a node");
    assert_eq!(hint, "write `my_node`, for example");
    for name in ["", "2web", "_x", "../x", "a.b", "größe", "a\u{1b}[2J", "<svg>", "a\nb", &"x".repeat(41)] {
        assert!(told(name).is_some(), "{name}");
    }
}
