//! Advice: each piece has a scenario that needs it and one that does not, and can be silenced by who knows better.

use surgetank::diagnostic::{Diagnostics, Look, Severity, render};
use surgetank::scenario::{ADVICE, load, resolve};

const HEAD: &str = r#"
[run]
duration = "10min"
drain    = "1h"
[traffic.orders]
rate = "1/s"
[work.pack]
time = "2s"
"#;
const QUEUED: &str = r#"
[pipeline.queued.web]
kind  = "service"
from  = "orders"
sends = "jobs"
[pipeline.queued.jobs]
kind        = "sqs"
dead_letter = { queue = "failed" }
[pipeline.queued.failed]
kind = "sqs"
[pipeline.queued.packers]
kind  = "workers"
polls = "jobs"
count = 4
work  = "pack"
"#;
const CALLED: &str = r#"
[pipeline.called.web]
kind  = "service"
from  = "orders"
calls = { to = "back", timeout = "5s", retries = { attempts = 3 } }
[pipeline.called.back]
kind  = "service"
slots = 4
accept_queue = 4
work  = "pack"
"#;
const STREAMED: &str = r#"
[pipeline.streamed.events]
kind   = "kinesis"
from   = "orders"
shards = 3
[pipeline.streamed.readers]
kind  = "reader"
reads = "events"
"#;
const BROKERED: &str = r#"
[pipeline.brokered.jobs]
kind   = "mq"
engine = "rabbitmq"
from   = "orders"
[pipeline.brokered.packers]
kind     = "workers"
consumes = "jobs"
prefetch = 5
count    = 4
work     = "pack"
"#;
const FUNCTIONS: &str = r#"
[pipeline.functions.jobs]
kind               = "sqs"
from               = "orders"
visibility_timeout = "3min"
dead_letter        = { queue = "failed", max_receive_count = 5 }
[pipeline.functions.failed]
kind = "sqs"
[pipeline.functions.packers]
kind       = "lambda"
polls      = "jobs"
timeout    = "30s"
batch_size = 5
work       = "pack"
"#;
const MAILED: &str = r#"
[pipeline.mailed.news]
kind        = "sns"
from        = "orders"
subscribers = "mail"
[pipeline.mailed.mail]
kind = "email"
"#;
const PUSHED: &str = r#"
[pipeline.pushed.news]
kind        = "sns"
from        = "orders"
subscribers = { to = "shop" }
[pipeline.pushed.shop]
kind  = "service"
slots = 4
work  = "pack"
"#;
const TEXTED: &str = r#"
[pipeline.texted.news]
kind        = "sns"
from        = "orders"
subscribers = "phone"
[pipeline.texted.phone]
kind = "sms"
"#;
const GROUPED: &str = r#"
[pipeline.grouped.news]
kind        = "sns"
fifo_topic  = true
from        = "orders"
subscribers = "jobs"
[pipeline.grouped.jobs]
kind        = "sqs"
fifo_queue  = true
dead_letter = { queue = "failed" }
[pipeline.grouped.failed]
kind       = "sqs"
fifo_queue = true
[pipeline.grouped.packers]
kind  = "workers"
polls = "jobs"
count = 4
"#;
const BALANCED: &str = r#"
[pipeline.balanced.front]
kind       = "load_balancer"
from       = "orders"
targets    = ["a", "b"]
deregister = { target = "a", from = "9min" }
[pipeline.balanced.a]
kind = "http"
[pipeline.balanced.b]
kind = "http"
"#;
const APPS: &str = r#"
[pipeline.apps.news]
kind        = "sns"
from        = "orders"
subscribers = { to = "app", count = 1000, invalid_tokens = "0.01%" }
[pipeline.apps.app]
kind = "push"
"#;
const AWAY: &str = "[[fault]]\nnode = \"pushed.shop\"\nkind = \"down\"\nfrom = \"1min\"\nto = \"3min\"\n[work.pack]";
const SPIKE: (&str, &str) =
    ("rate = \"1/s\"", "rate = \"1/s\"\nspike = { at = \"1min\", count = 100, over = \"10s\" }");
const BACKWARD: &str = "[[fault]]\nnode = \"queued.packers\"\nkind = \"down\"\nfrom = \"1min\"\nto = \"20h\"\n";
const FIFO: (&str, &str) = ("kind        = \"sqs\"", "kind = \"sqs\"\nfifo_queue = true");
const FIFO_TOO: (&str, &str) =
    ("kind = \"sqs\"\n[pipeline.queued.packers]", "kind = \"sqs\"\nfifo_queue = true\n[pipeline.queued.packers]");

/// A scenario with some of its text replaced.
type Edited = (&'static str, &'static [(&'static str, &'static str)]);

/// For each code: a scenario that needs the advice, one that does not, and the text that the warning points at.
const LESSONS: &[(&str, Edited, Edited, &str)] = &[
    (
        "A001",
        (QUEUED, &[("polls = \"jobs\"", "polls = \"jobs\"\nmax_number_of_messages = 10"), FAST_ENOUGH]),
        (QUEUED, &[("polls = \"jobs\"", "polls = \"jobs\"\nmax_number_of_messages = 10")]),
        "\"19s\"",
    ),
    ("A002", (QUEUED, &[("count = 4", "count = 1")]), (QUEUED, &[("count = 4", "count = 2")]), "1"),
    ("A003", (QUEUED, &[("dead_letter = { queue = \"failed\" }", "")]), (QUEUED, &[]), "jobs"),
    (
        "A004",
        (QUEUED, &[FIFO, FIFO_TOO, ("\"1/s\"", "\"1/s\"\nkey = { distinct = 10, skew = 3 }")]),
        (QUEUED, &[FIFO, FIFO_TOO, ("\"1/s\"", "\"1/s\"\nkey = { distinct = 10 }")]),
        "jobs",
    ),
    ("A004", (QUEUED, &[FIFO, FIFO_TOO]), (QUEUED, &[]), "jobs"),
    ("A005", (STREAMED, &[("\"1/s\"", "\"3100/s\"")]), (STREAMED, &[("\"1/s\"", "\"2900/s\"")]), "3"),
    (
        "A005",
        (STREAMED, &[("\"1/s\"", "\"1200/s\"\nkey = { constant = \"a\" }")]),
        (STREAMED, &[("\"1/s\"", "\"1200/s\"\nkey = { distinct = 9 }")]),
        "3",
    ),
    ("A006", (CALLED, &[("\"5s\"", "\"1s\"")]), (CALLED, &[]), "\"1s\""),
    ("A007", (CALLED, &[("attempts = 3", "attempts = 3, backoff = \"none\"")]), (CALLED, &[]), "3"),
    ("A008", (QUEUED, &[("\"1h\"", "\"10s\"")]), (QUEUED, &[("\"1h\"", "\"30s\"")]), "jobs"),
    (
        "A008",
        (QUEUED, &[("dead_letter =", "message_retention_period = \"2h\"\ndead_letter =")]),
        (QUEUED, &[("dead_letter =", "message_retention_period = \"1h\"\ndead_letter =")]),
        "\"2h\"",
    ),
    (
        "A008",
        (QUEUED, &[("dead_letter =", "message_retention_period = \"3h\"\ndead_letter =")]),
        (QUEUED, &[("failed]\nkind = \"sqs\"", "failed]\nkind = \"sqs\"\nmessage_retention_period = \"14d\"")]),
        "\"3h\"",
    ),
    ("A009", (BROKERED, &[("prefetch = 5", "prefetch = 100")]), (BROKERED, &[]), "100"),
    ("A010", (QUEUED, &[("count = 4", "count = 4\nwait_time = \"0s\"")]), (QUEUED, &[]), "\"0s\""),
    ("A011", (QUEUED, &[("[work.pack]", LATE)]), (QUEUED, &[("[work.pack]", "[work.pack]")]), "[[fault]]"),
    (
        "A011",
        (QUEUED, &[("\"1/s\"", "\"1/s\"\nspike = { at = \"10min\", count = 9 }")]),
        (QUEUED, &[("\"1/s\"", "\"1/s\"\nspike = { at = \"599s\", count = 9 }")]),
        "\"10min\"",
    ),
    (
        "A011",
        (QUEUED, &[("count = 4", TRACKED), ("auto_scaling.max_size", ACTION), ("69min", "70min")]),
        (QUEUED, &[("count = 4", TRACKED), ("auto_scaling.max_size", ACTION)]),
        "\"70min\"",
    ),
    (
        "A011",
        (BALANCED, &[("\"9min\"", "\"2h\"")]),
        (BALANCED, &[]),
        "\"2h\"",
    ),
    (
        "A011",
        (GROUPED, &[("\"jobs\"\n[", "{ to = \"jobs\", created = \"10min\" }\n[")]),
        (GROUPED, &[("\"jobs\"\n[", "{ to = \"jobs\", created = \"9min\" }\n[")]),
        "\"10min\"",
    ),
    (
        "A011",
        (MAILED, &[("\"mail\"", "{ to = \"mail\", filter_change = { at = \"1min\" } }")]),
        (MAILED, &[("\"mail\"", "{ to = \"mail\", filter_change = { at = \"1min\", lag = \"1min\" } }")]),
        "\"1min\"",
    ),
    (
        "A012",
        (BROKERED, &[("\"2s\"", "\"61s\""), SELDOM, ONE_AHEAD, HELD]),
        (BROKERED, &[("\"2s\"", "\"59s\""), SELDOM, ONE_AHEAD, HELD]),
        "\"1min\"",
    ),
    (
        "A013",
        (QUEUED, &[("\"workers\"\npolls = \"jobs\"\ncount", "\"service\"\nfrom  = \"orders\"\nslots")]),
        (QUEUED, &[]),
        "jobs",
    ),
    ("A013", (QUEUED, &[("sends = \"jobs\"", "")]), (QUEUED, &[]), "jobs"),
    (
        "A014",
        (QUEUED, &[("[work.pack]", KILLED), ("count = 4", "count = 5")]),
        (QUEUED, &[("[work.pack]", KILLED)]),
        "[[fault]]",
    ),
    ("A020", (FUNCTIONS, &[("\"3min\"", "\"179s\"")]), (FUNCTIONS, &[]), "\"179s\""),
    ("A020", (FUNCTIONS, &[GATHERS]), (FUNCTIONS, &[GATHERS, ("\"3min\"", "\"4min\"")]), "\"3min\""),
    ("A021", (FUNCTIONS, &[("count = 5", "count = 4")]), (FUNCTIONS, &[]), "4"),
    ("A022", (FUNCTIONS, &[RESERVED]), (FUNCTIONS, &[RESERVED, ("polls ", "maximum_concurrency = 5\npolls ")]), "5"),
    ("A023", (FUNCTIONS, &[("\"2s\"", "\"7s\"")]), (FUNCTIONS, &[("\"2s\"", "\"6s\"")]), "\"30s\""),
    (
        "A030",
        (QUEUED, &[("count = 4", "count = 4\nextend_visibility = { every = \"30s\", to = \"40s\" }")]),
        (QUEUED, &[("count = 4", "count = 4\nextend_visibility = { every = \"10s\", to = \"40s\" }")]),
        "{ every = \"30s\", to = \"40s\" }",
    ),
    (
        "A030",
        (QUEUED, &[("count = 4", "count = 4\nextend_visibility = { every = \"10s\", to = \"5s\" }")]),
        (QUEUED, &[("count = 4", "count = 4\nextend_visibility = { every = \"10s\", to = \"15s\" }")]),
        "{ every = \"10s\", to = \"5s\" }",
    ),
    (
        "A031",
        (QUEUED, &[("kind = \"sqs\"\n[pipeline.queued.packers]", SOON_FORGOTTEN)]),
        (QUEUED, &[("kind = \"sqs\"\n[pipeline.queued.packers]", SOON_FORGOTTEN), KEPT_SHORTER]),
        "\"30min\"",
    ),
    (
        "A032",
        (QUEUED, &[("queue = \"failed\"", "queue = \"failed\", max_receive_count = 1")]),
        (QUEUED, &[("queue = \"failed\"", "queue = \"failed\", max_receive_count = 2")]),
        "1",
    ),
    ("A040", (MAILED, &[("\"1/s\"", "\"11/s\"")]), (MAILED, &[("\"1/s\"", "\"9/s\"")]), "\"mail\""),
    ("A040", (MAILED, &[SPIKE, ("10s", "5s")]), (MAILED, &[SPIKE, ("100", "50")]), "\"mail\""),
    (
        "A041",
        (PUSHED, &[("[work.pack]", AWAY)]),
        (PUSHED, &[("[work.pack]", AWAY), ("\"3min\"", "\"2min\"")]),
        "\"shop\"",
    ),
    (
        "A042",
        (PUSHED, &[SPIKE]),
        (PUSHED, &[SPIKE, ("to = \"shop\"", "to = \"shop\", max_receives_per_second = 2")]),
        "\"shop\"",
    ),
    (
        "A043",
        (TEXTED, &[]),
        (TEXTED, &[("\"phone\"", "\"phone\"\nsms_attributes = { monthly_spend_limit = 28 }")]),
        "news",
    ),
    (
        "A043",
        (TEXTED, &[("\"phone\"", "\"phone\"\nsms_attributes = { monthly_spend_limit = 20 }")]),
        (TEXTED, &[("\"1/s\"", "\"15/min\"\nsize = \"160B\"")]),
        "20",
    ),
    (
        "A044",
        (GROUPED, &[("\"1/s\"", "\"400/s\"")]),
        (GROUPED, &[("\"1/s\"", "\"400/s\"\nkey = { distinct = 10 }")]),
        "news",
    ),
    ("A045", (TEXTED, &[LONG_TEXT]), (TEXTED, &[FEW_TEXTS, ("[work.pack]", "size = \"160B\"\n[work.pack]")]), "\"phone\""),
    (
        "A046",
        (APPS, &[("\"0.01%\"", "\"0.1%\"")]),
        (APPS, &[]),
        "\"app\"",
    ),
    (
        "A050",
        (QUEUED, &[("count = 4", TRACKED), ("min_size = 1", "min_size = 0")]),
        (QUEUED, &[("count = 4", TRACKED)]),
        "0",
    ),
    (
        "A050",
        (QUEUED, &[("count = 4", TRACKED), ("min_size = 1", "min_size = 0\nauto_scaling.desired_capacity = 2")]),
        (QUEUED, &[("count = 4", TRACKED), ("min_size = 1", "min_size = 0"), ("policies = [", WOKEN)]),
        "0",
    ),
    (
        "A051",
        (QUEUED, &[("count = 4", TRACKED), LONG, SELDOM, HIDDEN]),
        (QUEUED, &[("count = 4", TRACKED), LONG, SELDOM, HIDDEN, ("min_size = 1", PROTECTED)]),
        POLICIES,
    ),
    (
        "A052",
        (QUEUED, &[("count = 4", TRACKED), ("target_value = 10", "target_value = 10, metric = \"visible_messages\"")]),
        (QUEUED, &[("count = 4", TRACKED)]),
        RAW,
    ),
    (
        "A053",
        (QUEUED, &[("count = 4", TRACKED), ("auto_scaling.min_size = 1", HOOKED)]),
        (QUEUED, &[("count = 4", TRACKED), ("auto_scaling.min_size = 1", HOOKED), ("heartbeat_timeout =", BEATING)]),
        "{ heartbeat_timeout = \"30s\" }",
    ),
    (
        "A060",
        (CALLED, &[("accept_queue = 4", "accept_queue = 7")]),
        (CALLED, &[("accept_queue = 4", "accept_queue = 6")]),
        "7",
    ),
    ("A060", (CALLED, &[("accept_queue = 4", "")]), (CALLED, &[("accept_queue = 4", "expired = \"dropped\"")]), "back"),
];
const GATHERS: (&str, &str) = ("timeout    =", "maximum_batching_window = \"1min\"\ntimeout    =");
const RESERVED: (&str, &str) = ("timeout    =", "reserved_concurrent_executions = 5\ntimeout    =");
const SOON_FORGOTTEN: &str = "kind = \"sqs\"\nmessage_retention_period = \"30min\"\n[pipeline.queued.packers]";
const KEPT_SHORTER: (&str, &str) = ("dead_letter =", "message_retention_period = \"20min\"\ndead_letter =");
/// A group of machines that follows the backlog of each.
const TRACKED: &str = "auto_scaling.min_size = 1\nauto_scaling.max_size = 9\n\
                       auto_scaling.policies = [{ policy_type = \"target_tracking_scaling\", target_value = 10 }]";
const ACTION: &str = "auto_scaling.scheduled_actions = [{ start_time = \"69min\", desired_capacity = 2 }]\nauto_scaling.max_size";
const LONG_TEXT: (&str, &str) = ("\"1/s\"", "\"1/s\"\nsize = \"1601B\"");
const FEW_TEXTS: (&str, &str) = ("\"1/s\"", "\"1/min\"");
/// As many as there are.
const KILLED: &str = "[[fault]]\nnode = \"queued.packers\"\nkind = \"kill\"\nat = \"1min\"\ncount = 4\n[work.pack]";
const POLICIES: &str = "[{ policy_type = \"target_tracking_scaling\", target_value = 10 }]";
const RAW: &str = "{ policy_type = \"target_tracking_scaling\", target_value = 10, metric = \"visible_messages\" }";
/// A policy more, which looks at all that wait.
const WOKEN: &str = "policies = [{ policy_type = \"step_scaling\", threshold = 1, \
                     step_adjustments = [{ metric_interval_lower_bound = 0, scaling_adjustment = 1 }] }, ";
/// Machines that need a minute, and get half of it.
const HOOKED: &str = "auto_scaling.min_size = 1\nauto_scaling.launch_hook = { heartbeat_timeout = \"30s\" }";
const BEATING: &str = "heartbeats = true, heartbeat_timeout =";
const LONG: (&str, &str) = ("\"2s\"", "\"16min\"");
const HIDDEN: (&str, &str) = ("dead_letter =", "visibility_timeout = \"20min\"\ndead_letter =");
const PROTECTED: &str = "min_size = 1\nauto_scaling.scale_in_protection = \"while_busy\"";
/// Ten messages at once take twenty seconds.
const FAST_ENOUGH: (&str, &str) = ("dead_letter =", "visibility_timeout = \"19s\"\ndead_letter =");
const SELDOM: (&str, &str) = ("\"1/s\"", "\"1/h\"");
const ONE_AHEAD: (&str, &str) = ("prefetch = 5", "prefetch = 1");
const HELD: (&str, &str) = ("engine = \"rabbitmq\"", "engine = \"rabbitmq\"\nconsumer_timeout = \"1min\"");
const LATE: &str = "[[fault]]\nnode = \"queued.packers\"\nkind = \"down\"\nfrom = \"2h\"\nto = \"3h\"\n[work.pack]";

fn text((design, edits): Edited) -> String {
    edits.iter().fold(format!("{HEAD}{design}"), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    })
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
        advice(&format!("{HEAD}{}[pipeline.p.bottom]\nkind = 'http'\n", chain.concat()))
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
