//! Advice: each piece has a scenario that needs it and one that does not, and can be silenced by who knows better.

mod lessons;
mod scenes;

use lessons::*;
use scenes::*;
use surgetank::diagnostic::{Diagnostics, Look, Severity, render};
use surgetank::scenario::{ADVICE, load, resolve};

fn text((design, edits): (&str, &[(&str, &str)])) -> String {
    let text = edits.iter().fold(format!("{HEAD}{design}"), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    });
    if text.contains("= \"pack\"") { text } else { text.replace(WORK, "") }
}

/// The codes of the warnings, what each points at, and everything as it is printed.
fn advice(text: &str) -> (Vec<(&'static str, String)>, String) {
    let mut found = Diagnostics::new();
    let none = |_: &str| Err("there is no such file".to_owned());
    let loaded = load("a.toml", text, &[], &mut { none }, &mut found);
    let resolved = resolve(&loaded, "a", &none, found);
    let told = render(&resolved.found, &loaded.sources, Look::Plain);
    assert!(resolved.model.is_some(), "{told}");
    let point = |span: surgetank::diagnostic::Span| text.get(span.start..span.end).unwrap_or_default().to_owned();
    let warnings = resolved.found.iter().filter(|found| found.severity == Severity::Warning);
    (warnings.map(|found| (found.code, found.span.map(point).unwrap_or_default())).collect(), told)
}

#[test]
fn each_piece_of_advice_is_given_where_it_is_needed_and_nowhere_else() {
    for &(code, unwise, wise, place) in LESSONS {
        let (given, told) = advice(&text(unwise));
        assert_eq!(given, [(code, place.to_owned())], "{told}");
        assert!(told.contains("= note: ") && told.contains("= hint: "), "it says why and what to do: {told}");
        let (given, told) = advice(&text(wise));
        assert!(given.is_empty(), "{code} is not needed here: {told}");
    }
}

#[test]
fn there_is_a_lesson_for_every_piece_of_advice() {
    let mut taught: Vec<&str> = LESSONS.iter().map(|lesson| lesson.0).collect();
    taught.dedup();
    assert_eq!(taught, ADVICE.iter().map(|advice| advice.code).collect::<Vec<_>>());
}

#[test]
fn who_does_it_on_purpose_can_say_so() {
    for &(code, unwise, ..) in LESSONS {
        let allowed = text(unwise).replace("[run]", &format!("[run]\nallow = [\"{code}\"]"));
        let (given, told) = advice(&allowed);
        assert!(given.is_empty(), "{told}");
    }
}

#[test]
fn the_same_advice_is_given_once_for_all_cases_and_for_each_design() {
    let both = format!("{}{}", QUEUED, QUEUED.replace("queued", "other")).replace("count = 4", "count = 1");
    let cases = "[case.one]\n[case.two]\nset = { \"traffic.orders.rate\" = \"2/s\" }\n";
    let (given, told) = advice(&format!("{HEAD}{both}{cases}"));
    assert_eq!(given.iter().map(|found| found.0).collect::<Vec<_>>(), ["A002", "A002"], "{told}");
}

#[test]
fn too_much_work_is_told_with_the_time_that_it_takes_to_drain() {
    // 600 jobs of 2 s, of which one server does 300 while they come.
    let (_, told) = advice(&text((QUEUED, &[("count = 4", "count = 1")])));
    assert!(told.contains("after 10min it takes at most 10min to work off what is left"), "{told}");
    assert!(told.contains("; the run waits for 1h\n"), "{told}");
    let (_, told) = advice(&text((QUEUED, &[("count = 4", "count = 1"), ("\"2s\"", "\"1min\"")])));
    assert!(told.contains("it takes at most 590min to work off"), "{told}");
}

#[test]
fn attempts_multiply_along_a_chain_of_calls() {
    let layer = |name: &str, from: &str, to: &str, retries: &str| {
        format!("[pipeline.p.{name}]\nkind = 'service'\n{from}calls = {{ to = '{to}', retries = {{ {retries} }} }}\n")
    };
    let design = |retries: [&str; 3]| {
        let chain = [
            layer("first", "from = 'orders'\n", "second", retries[0]),
            layer("second", "", "third", retries[1]),
            layer("third", "", "bottom", retries[2]),
        ];
        advice(&text((&format!("{}[pipeline.p.bottom]\nkind = 'http'\n", chain.concat()), &[])))
    };
    let at_once = "attempts = 3, backoff = 'none'";
    let (given, told) = design([at_once; 3]);
    assert_eq!(given.iter().map(|found| found.0).collect::<Vec<_>>(), ["A007"; 3], "{told}");
    let product = "`bottom` is slow or away, it gets 27 times the load: the attempts multiply, 3 of `first` x 3 of \
                   `second` x 3 of `third`";
    assert!(told.contains(product), "{told}");
    assert!(told.contains("`second` is slow or away, it gets 3 times the load\n"), "{told}");
    // Those who wait between their attempts multiply the load all the same, and need no advice themselves.
    let (given, told) = design(["attempts = 2", "attempts = 1", "attempts = 2, backoff = 'none'"]);
    assert_eq!(given.len(), 1, "{told}");
    assert!(told.contains("4 times the load: the attempts multiply, 2 of `first` x 2 of `third`"), "{told}");
    assert!(design(["attempts = 1", "attempts = 1", "attempts = 2, backoff = 'none'"]).0.is_empty());
}

#[test]
fn who_polls_too_often_is_told_the_key_of_the_node_that_says_so() {
    let workers: Edited = (QUEUED, &[("count = 4", "count = 4\nwait_time = \"0s\"")]);
    let (_, told) = advice(&text(workers));
    assert!(told.contains("write `wait_time = \"20s\"` at `packers`"), "{told}");
    let queue: Edited = (QUEUED, &[("dead_letter =", "receive_message_wait_time = \"0s\"\ndead_letter =")]);
    let (_, told) = advice(&text(queue));
    assert!(told.contains("write `receive_message_wait_time = \"20s\"` at `jobs`"), "{told}");
}

#[test]
fn a_fault_that_only_ends_late_is_no_mistake() {
    let (given, told) = advice(&format!("{HEAD}{QUEUED}{BACKWARD}"));
    assert!(given.is_empty(), "{told}");
}

#[test]
fn machines_of_a_warm_pool_come_although_a_hook_gives_up_all_new_ones() {
    let told = |more: &str| {
        let tracked = text((QUEUED, &[("count = 4", TRACKED)]));
        advice(&tracked.replace("auto_scaling.min_size = 1", &format!("{HOOKED}\n{more}"))).1
    };
    let besides = "ever comes into service but those that are in its warm pool at the beginning";
    assert!(told("auto_scaling.warm_pool = {}").contains(besides));
    let empty = told("auto_scaling.warm_pool = { max_group_prepared_capacity = 1 }");
    assert!(empty.contains("ever comes into service\n"), "{empty}");
}

#[test]
fn a_budget_is_no_advice_for_who_has_one_or_does_not_try_again() {
    let told = |retries: &str| {
        advice(&text((CALLED, &[("accept_queue = 4", "accept_queue = 7")])).replace("attempts = 3", retries)).1
    };
    assert!(told("attempts = 3").contains("or `codel`, or give the retries a budget"));
    for fine in ["attempts = 3, budget = { kind = \"share\" }", "attempts = 1"] {
        let told = told(fine);
        assert!(told.contains("A060") && !told.contains("a budget"), "{told}");
    }
}

#[test]
fn a_group_that_standby_makes_smaller_needs_no_policy() {
    let fault = "[[fault]]\nnode = \"queued.packers\"\nkind = \"standby\"\nfrom = \"1min\"\nto = \"2min\"\ncount = 1\n";
    let group = text((QUEUED, &[("count = 4", "auto_scaling = { min_size = 3, max_size = 9 }")]));
    let (given, told) = advice(&format!("{group}{fault}"));
    assert!(given.is_empty(), "{told}");
}
