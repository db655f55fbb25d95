//! Keys and kinds that exist, but not where they are written, or not by this name: what to write instead.

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::site::{Data, Entry, Table};

/// Keys of a request, which stand where somebody is asked.
const OF_REQUESTS: [&str; 11] = [
    "connect_timeout",
    "timeout",
    "retries",
    "deadline",
    "pool",
    "bulkhead",
    "breaker",
    "throttle",
    "hedge",
    "expiration",
    "batch",
];

/// Words for something that is said otherwise here: as they are written but for capitals and lines between, a key that is
/// known where they stand, and what to write.
const SAID_OTHERWISE: [(&[&str], &str, &str); 9] = [
    (
        &["redrivepolicy", "maxreceivecount", "deadletterqueue", "deadlettertargetarn", "dlq"],
        "fifo_queue",
        "write `dead_letter = { queue = \"failed\", max_receive_count = 5 }`, and `failed` as a queue of its own",
    ),
    (&["deadletterconfig", "deadletterqueue", "dlq"], "memory_size", "write `dead_letter = \"failed\"`"),
    (
        &[
            "minsize",
            "maxsize",
            "desiredcapacity",
            "policies",
            "policy",
            "scheduledactions",
            "warmpool",
            "priceperhour",
        ],
        "auto_scaling",
        "it belongs to a group of machines: `auto_scaling = { min_size = 1, max_size = 10, policies = [...] }`",
    ),
    (&["subscriptions", "endpoints"], "subscribers", "did you mean `subscribers`?"),
    (&["eventsource", "eventsourcemapping", "eventsourcearn", "trigger"], "polls", "did you mean `polls`?"),
    (
        &["invocation", "invocationtype"],
        "maximum_event_age",
        "what comes by `from` or `calls` is waited for; what another node `sends`, or a topic delivers, is an event",
    ),
    (
        &["count", "instances", "replicas", "servers", "workers", "concurrency", "threads"],
        "slots",
        "write `slots`: how many requests are served at once, by all machines together",
    ),
    (
        &["attempts", "maxattempts", "maxretries", "backoff", "jitter"],
        "hedge",
        "it belongs to the retries: `retries = { attempts = 3, backoff = \"exponential\" }`",
    ),
    (&["retrybudget", "budget"], "hedge", "it belongs to the retries: `retries = { budget = { kind = \"share\" } }`"),
];

/// Kinds in other words, which are part of what is written, and what to write.
const KINDS_IN_OTHER_WORDS: [(&[&str], &str); 12] = [
    (&["firehose"], "write `firehose`"),
    (&["rabbitmq"], "write `kind = \"mq\"` and `engine = \"rabbitmq\"`"),
    (&["activemq"], "write `kind = \"mq\"` and `engine = \"activemq\"`"),
    (&["broker", "amazonmq"], "write `mq`"),
    (&["balancer", "alb", "elb", "nlb"], "write `load_balancer`"),
    (&["sqs", "queue"], "write `sqs`"),
    (&["sns", "topic"], "write `sns`"),
    (&["lambda", "function"], "write `lambda`"),
    (&["kinesis", "stream"], "write `kinesis`"),
    (&["worker", "consumer", "poller", "autoscaling", "fleet", "asg"], "write `workers`"),
    (&["bucket", "s3"], "write `s3`"),
    (
        &["server", "database", "dynamo", "fargate", "cache", "api", "web", "db", "rds", "ecs", "ec2"],
        "write `service`: whatever answers requests, and takes its time for each",
    ),
];

/// Adds a hint to what was found in the table of a node, where a key of another place is written there.
pub(super) fn explain(table: &Table, found: &mut Diagnostics) {
    for told in found.iter_mut() {
        let Some(entry) = told.span.and_then(|span| entry_at(table, span)) else { continue };
        let key = entry.key.name.as_str();
        if told.code == "S010" && told.hint.is_none() && OF_REQUESTS.contains(&key) {
            told.hint(format!(
                "it belongs to a request: `calls = {{ to = \"...\", {key} = ... }}`, or the same with `sends`"
            ));
        } else if told.code == "S011" && key == "from" && matches!(entry.value.data, Data::Table(_)) {
            told.hint("write the name of the flow alone, such as `from = \"orders\"`: only a queue can say more of it");
        } else if told.code == "S010" && told.hint.is_none() {
            say_otherwise(key, told);
        }
    }
}

/// Adds a hint to an unknown key that is the word of others for a key here.
fn say_otherwise(key: &str, told: &mut Diagnostic) {
    let word = plain(key);
    let knows = |key: &str| told.notes.iter().any(|note| note.contains(&format!("`{key}`")));
    let hint = SAID_OTHERWISE.iter().find(|(words, known, _)| words.contains(&word.as_str()) && knows(known));
    if let Some((_, _, hint)) = hint {
        told.hint(*hint);
    }
}

/// Adds a hint to a kind that is unknown, where it is the word of others for one that there is.
pub(super) fn explain_kind(kind: &str, found: &mut Diagnostics) {
    let word = plain(kind);
    // A short word may be part of any other.
    let means = |other: &&str| if other.len() > 3 { word.contains(*other) } else { word == *other };
    let near = |kind: &str| word.strip_prefix("amazon").or(word.strip_prefix("aws")).is_some_and(|rest| rest == kind);
    let hint = KINDS_IN_OTHER_WORDS.iter().find(|(words, _)| words.iter().any(|other| means(other) || near(other)));
    if let (Some((_, hint)), Some(told)) = (hint, found.last_mut().filter(|told| told.hint.is_none())) {
        told.hint(*hint);
    }
}

/// A word in small letters, with nothing between them.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The entry whose key or value stands there, in this table or one within.
fn entry_at(table: &Table, span: Span) -> Option<&Entry> {
    table.iter().find_map(|entry| match &entry.value.data {
        _ if [entry.key.span, entry.value.span].contains(&span) => Some(entry),
        Data::Table(inner) => entry_at(inner, span),
        _ => None,
    })
}
