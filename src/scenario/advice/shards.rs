//! A stream that gets more than its shards take.

use super::Warnings;
use super::view::{View, figure};

/// Warns when the lasting traffic exceeds the limits of all shards together, or its hottest key those of one shard.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for stream in view.nodes() {
        let Some(shards) = stream.traits.shards else { continue };
        let needs = |records: f64, bytes: f64| (records / shards.records).max(bytes / shards.bytes);
        let all: f64 = view.rates(stream).map(|(flow, rate)| needs(rate, rate * flow.size.mean())).sum();
        let hottest = |(flow, rate): (&crate::traffic::Flow, f64)| {
            let rate = rate * flow.keys.as_ref()?.share(0);
            Some((needs(rate, rate * flow.size.mean()), flow.keys.as_ref()?.text(0)))
        };
        let hottest = view.rates(stream).filter_map(hottest).max_by(|one, other| one.0.total_cmp(&other.0));
        let count = shards.count.value;
        let message = match hottest {
            _ if all > f64::from(count) => {
                format!("what comes to `{}` fills {} shards, and it has {count}", stream.name, figure(all))
            }
            Some((load, key)) if load > 1.0 => {
                format!("the records of `{key}` alone fill {} shards of `{}`", figure(load), stream.name)
            }
            _ => continue,
        };
        warnings
            .warn(shards.count.span, message)
            .note(format!(
                "a shard takes {} records and {} bytes a second, and all records of one key go to one shard",
                shards.records, shards.bytes
            ))
            .hint("add shards if all of them are full, or spread the jobs over more keys if one of them is");
    }
}
