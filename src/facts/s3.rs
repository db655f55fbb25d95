//! Amazon S3: what storing an object takes and costs. Only as much as the end of a pipeline needs.

use crate::units::Rate;

use super::table::{OWN, Source, facts, read};
use super::values::{Latency, Price};

const PERFORMANCE: Source =
    read("Amazon S3 User Guide, Best practices design patterns: optimizing Amazon S3 performance");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "s3";
    PUT_LATENCY: Latency = Latency::of_millis(100, 400), Assumption, Own, OWN,
        "How long storing a small object takes.",
        "The user guide speaks of roughly 100 to 200 ms for small objects; the tail is a guess. Simplified: the \
         caller's own http.call_latency comes on top, the time that a large object needs on the network does not.";

    PUT_RATE: Rate = Rate::per_second(3_500.0), Quota, Stated, PERFORMANCE,
        "How many objects a second can at least be stored under one prefix of a bucket.",
        "Beyond it some requests are answered with 503 until the bucket has spread the prefix. Simplified: not held \
         against a pipeline, because a scenario does not name its objects.";

    PUT_PRICE: Price = Price { usd: 0.005, per: 1_000, unit: "request" }, Price, Unsure, REMEMBERED,
        "Storing an object.",
        "us-east-1, standard storage; what is stored is billed by the month on top.";
}
