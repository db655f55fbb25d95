//! Keys that exist, but not where they are written: where they belong.

use crate::diagnostic::Diagnostics;
use crate::site::{Data, Table};

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

/// Adds a hint to what was found in the table of a node, where a key of another place is written there.
pub(super) fn explain(table: &Table, found: &mut Diagnostics) {
    for told in found.iter_mut() {
        let Some(entry) = table.iter().find(|entry| [entry.key.span, entry.value.span].map(Some).contains(&told.span))
        else {
            continue;
        };
        let key = entry.key.name.as_str();
        if told.code == "S010" && told.hint.is_none() && OF_REQUESTS.contains(&key) {
            told.hint(format!(
                "it belongs to a request: `calls = {{ to = \"...\", {key} = ... }}`, or the same with `sends`"
            ));
        } else if told.code == "S011" && key == "from" && matches!(entry.value.data, Data::Table(_)) {
            told.hint("write the name of the flow alone, such as `from = \"orders\"`: only a queue can say more of it");
        }
    }
}
