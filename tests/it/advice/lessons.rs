//! What advice is about: for each piece a scenario that needs it, and one that does not.
use super::scenes::*;

pub(super) const AWAY: &str =
    "[[fault]]\nnode = \"pushed.shop\"\nkind = \"down\"\nfrom = \"1min\"\nto = \"3min\"\n[work.pack]";
pub(super) const SPIKE: (&str, &str) =
    ("rate = \"1/s\"", "rate = \"1/s\"\nspike = { at = \"1min\", count = 100, over = \"10s\" }");
pub(super) const BACKWARD: &str =
    "[[fault]]\nnode = \"queued.packers\"\nkind = \"down\"\nfrom = \"1min\"\nto = \"20h\"\n";
pub(super) const FIFO: (&str, &str) = ("kind        = \"sqs\"", "kind = \"sqs\"\nfifo_queue = true");
pub(super) const FIFO_TOO: (&str, &str) =
    ("kind = \"sqs\"\n[pipeline.queued.packers]", "kind = \"sqs\"\nfifo_queue = true\n[pipeline.queued.packers]");

/// A scenario with some of its text replaced.
pub(super) type Edited = (&'static str, &'static [(&'static str, &'static str)]);

/// For each code: a scenario that needs the advice, one that does not, and the text that the warning points at.
pub(super) const LESSONS: &[(&str, Edited, Edited, &str)] = &[
    (
        "A001",
        (QUEUED, &[("polls = \"jobs\"", "polls = \"jobs\"\nmax_number_of_messages = 10"), FAST_ENOUGH]),
        (QUEUED, &[("polls = \"jobs\"", "polls = \"jobs\"\nmax_number_of_messages = 10")]),
        "\"19s\"",
    ),
    ("A002", (QUEUED, &[("count = 4", "count = 1")]), (QUEUED, &[("count = 4", "count = 2")]), "1"),
    ("A003", (QUEUED, &[("dead_letter = { queue = \"failed\" }", ""), NOT_KEPT]), (QUEUED, &[]), "jobs"),
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
    (
        "A010",
        (QUEUED, &[("dead_letter =", "receive_message_wait_time = \"0s\"\ndead_letter =")]),
        (
            QUEUED,
            &[
                ("dead_letter =", "receive_message_wait_time = \"0s\"\ndead_letter ="),
                ("count = 4", "count = 4\nwait_time = \"20s\""),
            ],
        ),
        "\"0s\"",
    ),
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
    ("A011", (BALANCED, &[("\"9min\"", "\"2h\"")]), (BALANCED, &[]), "\"2h\""),
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
        "A013",
        (CALLED, &[("calls = {", "[pipeline.called.cache]\nkind = \"service\"\ncalls = {")]),
        (CALLED, &[]),
        "cache",
    ),
    (
        "A013",
        (PUSHED, &[("from        = \"orders\"", ""), ("slots", "from = \"orders\"\nslots")]),
        (PUSHED, &[]),
        "news",
    ),
    (
        "A014",
        (QUEUED, &[("[work.pack]", KILLED), ("count = 4", "count = 5")]),
        (QUEUED, &[("[work.pack]", KILLED), ("count = 4", "count = 3")]),
        "[[fault]]",
    ),
    (
        "A015",
        (QUEUED, &[WITHIN, ("\"2s\"", "\"6s\""), ("count = 4", "count = 9")]),
        (QUEUED, &[WITHIN, ("\"2s\"", "\"5s\""), ("count = 4", "count = 9")]),
        "\"5s\"",
    ),
    (
        "A015",
        (QUEUED, &[WITHIN, ("dead_letter =", "delay = \"6s\"\ndead_letter =")]),
        (QUEUED, &[WITHIN, ("dead_letter =", "delay = \"5s\"\ndead_letter =")]),
        "\"5s\"",
    ),
    (
        "A016",
        (QUEUED, &[("[work.pack]", REDRIVEN), ("queued.failed", "queued.jobs")]),
        (QUEUED, &[("[work.pack]", REDRIVEN)]),
        "[[fault]]",
    ),
    ("A017", (QUEUED, &[("[work.pack]", MORE_WORK)]), (QUEUED, &[]), "\"3s\""),
    (
        "A018",
        (QUEUED, &[("[work.pack]", KILLED)]),
        (QUEUED, &[("[work.pack]", KILLED), ("count = 4", "count = 3")]),
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
    (
        "A045",
        (TEXTED, &[LONG_TEXT]),
        (TEXTED, &[FEW_TEXTS, ("[work.pack]", "size = \"160B\"\n[work.pack]")]),
        "\"phone\"",
    ),
    ("A046", (APPS, &[("\"0.01%\"", "\"0.1%\"")]), (APPS, &[]), "\"app\""),
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
        "A054",
        (QUEUED, &[("count = 4", "auto_scaling = { min_size = 3, max_size = 9 }")]),
        (QUEUED, &[("count = 4", "auto_scaling = { min_size = 3, max_size = 3 }")]),
        "9",
    ),
    (
        "A054",
        (QUEUED, &[("count = 4", TRACKED), ("min_size = 1", "min_size = 9")]),
        (QUEUED, &[("count = 4", TRACKED)]),
        POLICIES,
    ),
    (
        "A055",
        (QUEUED, &[("count = 4", TRACKED), ("auto_scaling.min_size = 1", OFTEN)]),
        (QUEUED, &[("count = 4", TRACKED)]),
        "\"10s\"",
    ),
    (
        "A060",
        (CALLED, &[("accept_queue = 4", "accept_queue = 7")]),
        (CALLED, &[("accept_queue = 4", "accept_queue = 6")]),
        "7",
    ),
    ("A060", (CALLED, &[("accept_queue = 4", "")]), (CALLED, &[("accept_queue = 4", "expired = \"dropped\"")]), "back"),
    // 600 jobs in ten minutes, three attempts at each.
    ("A061", (CALLED, &[broken(BREAKER_OF_4000)]), (CALLED, &[broken(BREAKER_OF_3600)]), "4000"),
    ("A061", (CALLED, &[broken(BREAKER_OF_7_SECONDS)]), (CALLED, &[broken(BREAKER_OF_17_SECONDS)]), "100"),
    (
        "A062",
        (CALLED, &[broken("hedge = { after = \"5s\" }, retries")]),
        (CALLED, &[broken("hedge = { after = \"4s\" }, retries")]),
        "\"5s\"",
    ),
];
pub(super) const GATHERS: (&str, &str) = ("timeout    =", "maximum_batching_window = \"1min\"\ntimeout    =");
pub(super) const RESERVED: (&str, &str) = ("timeout    =", "reserved_concurrent_executions = 5\ntimeout    =");
pub(super) const SOON_FORGOTTEN: &str =
    "kind = \"sqs\"\nmessage_retention_period = \"30min\"\n[pipeline.queued.packers]";
pub(super) const KEPT_SHORTER: (&str, &str) = ("dead_letter =", "message_retention_period = \"20min\"\ndead_letter =");
/// A group of machines that follows the backlog of each.
pub(super) const TRACKED: &str = "auto_scaling.min_size = 1\nauto_scaling.max_size = 9\n\
                       auto_scaling.policies = [{ policy_type = \"target_tracking_scaling\", target_value = 10 }]";
pub(super) const ACTION: &str =
    "auto_scaling.scheduled_actions = [{ start_time = \"69min\", desired_capacity = 2 }]\nauto_scaling.max_size";
pub(super) const LONG_TEXT: (&str, &str) = ("\"1/s\"", "\"1/s\"\nsize = \"1601B\"");
pub(super) const FEW_TEXTS: (&str, &str) = ("\"1/s\"", "\"1/min\"");
/// As many as there are.
pub(super) const KILLED: &str =
    "[[fault]]\nnode = \"queued.packers\"\nkind = \"kill\"\nat = \"1min\"\ncount = 4\n[work.pack]";
pub(super) const REDRIVEN: &str = "[[fault]]\nnode = \"queued.failed\"\nkind = \"redrive\"\nat = \"1min\"\n[work.pack]";
pub(super) const WITHIN: (&str, &str) = ("[work.pack]", "[objective]\nwithin = \"5s\"\n[work.pack]");
pub(super) const NOT_KEPT: (&str, &str) = ("[pipeline.queued.failed]\nkind = \"sqs\"\n", "");
pub(super) const POLICIES: &str = "[{ policy_type = \"target_tracking_scaling\", target_value = 10 }]";
pub(super) const RAW: &str =
    "{ policy_type = \"target_tracking_scaling\", target_value = 10, metric = \"visible_messages\" }";
/// A policy more, which looks at all that wait.
pub(super) const WOKEN: &str = "policies = [{ policy_type = \"step_scaling\", threshold = 1, \
                     step_adjustments = [{ metric_interval_lower_bound = 0, scaling_adjustment = 1 }] }, ";
/// Machines that need a minute, and get half of it.
pub(super) const HOOKED: &str = "auto_scaling.min_size = 1\nauto_scaling.launch_hook = { heartbeat_timeout = \"30s\" }";
pub(super) const OFTEN: &str = "auto_scaling.min_size = 1\nauto_scaling.metric_period = \"10s\"";
pub(super) const BEATING: &str = "heartbeats = true, heartbeat_timeout =";
pub(super) const LONG: (&str, &str) = ("\"2s\"", "\"16min\"");
pub(super) const HIDDEN: (&str, &str) = ("dead_letter =", "visibility_timeout = \"20min\"\ndead_letter =");
pub(super) const PROTECTED: &str = "min_size = 1\nauto_scaling.scale_in_protection = \"while_busy\"";
/// Ten messages at once take twenty seconds.
pub(super) const FAST_ENOUGH: (&str, &str) = ("dead_letter =", "visibility_timeout = \"19s\"\ndead_letter =");
pub(super) const SELDOM: (&str, &str) = ("\"1/s\"", "\"1/h\"");
pub(super) const ONE_AHEAD: (&str, &str) = ("prefetch = 5", "prefetch = 1");
pub(super) const HELD: (&str, &str) = ("engine = \"rabbitmq\"", "engine = \"rabbitmq\"\nconsumer_timeout = \"1min\"");
pub(super) const LATE: &str =
    "[[fault]]\nnode = \"queued.packers\"\nkind = \"down\"\nfrom = \"2h\"\nto = \"3h\"\n[work.pack]";
