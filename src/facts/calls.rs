//! What stands between a caller and its requests: budgets for retries, breakers, bulkheads, throttling, hedges; and how
//! a server sheds load. Each figure is that of a widespread library, because no standard fixes any.

use crate::units::{Duration, Rate, Share};

use super::table::{OWN, Source, dated, facts, read};

const FINAGLE: Source = read("Finagle blog, Retry Budgets (2016-02-08); the same knobs in tower::retry::budget");
const ENVOY: Source = read("Envoy, api/envoy/config/cluster/v3/circuit_breaker.proto at 01c2c1f");
const GRPC: Source = read("gRPC proposal A6, client retries, at 0070717");
const SRE: Source = read("Site Reliability Engineering (Google, 2016), chapters 21 and 22, as quoted by third parties");
const RESILIENCE: Source = dated("resilience4j, CircuitBreakerConfig and BulkheadConfig at af9e7c9", "2026-05-05");
const FAIL_AT_SCALE: Source = read("B. Maurer, Fail at Scale, ACM Queue 13(8), 2015; from memory");
const GRADIENT: Source = read("Netflix concurrency-limits, Gradient2Limit; from memory");

facts! { "calls";
    BUDGET_SHARE: Share = Share::new(0.2), Default, Stated, FINAGLE,
        "Which share of its requests a caller may try again, under a budget by share.",
        "Each request earns so much of a retry. Google's rule of thumb is a tenth: at most 1.1 attempts for a request.";

    BUDGET_FLOOR: Rate = Rate::per_second(10.0), Default, Stated, FINAGLE,
        "Retries a second that a budget by share allows in any case.",
        "So that a client with few requests can try again at all.";

    BUDGET_WINDOW: Duration = Duration::from_secs(10), Default, Stated, FINAGLE,
        "How long what a request has earned can be spent on a retry.",
        "Between one second and a minute.";

    BUDGET_WINDOW_MIN: Duration = Duration::from_secs(1), Quota, Stated, FINAGLE,
        "The shortest window of a budget by share.",
        "A shorter one is refused.";

    BUDGET_WINDOW_MAX: Duration = Duration::from_secs(60), Quota, Stated, FINAGLE,
        "The longest window of a budget by share.",
        "A longer one is refused.";

    BUDGET_ACTIVE_SHARE: Share = Share::new(0.2), Default, Stated, ENVOY,
        "Retries per request under way, under a budget by what is under way.",
        "Envoy counts requests that wait for a connection as well.";

    BUDGET_ACTIVE_FLOOR: u32 = 3, Default, Stated, ENVOY,
        "Retries at once that such a budget allows in any case.",
        "Without a budget Envoy allows just these.";

    BUDGET_BALANCE_TOKENS: f64 = 10.0, Default, Stated, GRPC,
        "Tokens that a client begins with, under a budget by balance of failures and successes.",
        "A failure takes one; with half of them or fewer left there are no retries. An example of the proposal: gRPC has \
         no value of its own.";

    BUDGET_BALANCE_RATIO: f64 = 0.1, Default, Stated, GRPC,
        "What a success gives back under such a budget, in tokens.",
        "An example of the proposal.";

    THROTTLE_RATIO: f64 = 2.0, Default, Dated, SRE,
        "How many requests a client sends for each that is answered before it turns away its own.",
        "A smaller number is more careful; at 2 the server still sees as many failures as it answers.";

    THROTTLE_WINDOW: Duration = Duration::from_secs(120), Default, Dated, SRE,
        "How far a client looks back that turns away its own requests.",
        "What is older is forgotten.";

    BREAKER_WINDOW: u32 = 100, Default, Stated, RESILIENCE,
        "Calls, or seconds, that a circuit breaker looks at.",
        "It judges by the share of failures among them.";

    BREAKER_MINIMUM: u32 = 100, Default, Stated, RESILIENCE,
        "Calls that a circuit breaker must have seen before it judges.",
        "With 99 calls that all fail it stays closed.";

    BREAKER_FAILURE_RATE: Share = Share::new(0.5), Default, Stated, RESILIENCE,
        "The share of failures at which a circuit breaker opens.",
        "It opens at the call with which the share is reached.";

    BREAKER_SLOW_RATE: Share = Share::ALL, Default, Stated, RESILIENCE,
        "The share of slow calls at which a circuit breaker opens.",
        "At 100 % only when every single one is slow.";

    BREAKER_SLOW_CALL: Duration = Duration::from_secs(60), Default, Stated, RESILIENCE,
        "A call that takes longer is slow for a circuit breaker.",
        "With a shorter timeout no call is ever slow: it fails before.";

    BREAKER_OPEN: Duration = Duration::from_secs(60), Default, Stated, RESILIENCE,
        "How long a circuit breaker stays open.",
        "Meanwhile every call fails at once. The next call after that finds it half-open.";

    BREAKER_HALF_OPEN_CALLS: u32 = 10, Default, Stated, RESILIENCE,
        "Calls that a half-open circuit breaker lets through.",
        "Further ones fail at once until these have ended; then it closes, or opens again.";

    BREAKER_HALF_OPEN_WAIT: Duration = Duration::ZERO, Default, Stated, RESILIENCE,
        "How long a half-open circuit breaker waits for those calls before it opens again; 0s is for ever.",
        "Without a bound, one call that never ends keeps it half-open.";

    BULKHEAD_CALLS: u32 = 25, Default, Stated, RESILIENCE,
        "Calls that a bulkhead lets through at once.",
        "Further ones fail at once, unless they may wait.";

    BULKHEAD_WAIT: Duration = Duration::ZERO, Default, Stated, RESILIENCE,
        "How long a call waits at a full bulkhead.",
        "Not at all.";

    ENVOY_MAX_PENDING: u32 = 1_024, Default, Stated, ENVOY,
        "Requests that wait for a connection in a proxy.",
        "Further ones fail at once. As many connections, and as many requests at once, are the other two limits.";

    CODEL_TARGET: Duration = Duration::from_millis(5), Default, Unsure, FAIL_AT_SCALE,
        "How long a request may have waited when its turn comes, once a queue has not been empty for a while.",
        "The CoDel of network queues, made for servers: what has waited longer is turned away instead of served late.";

    CODEL_INTERVAL: Duration = Duration::from_millis(100), Default, Unsure, FAIL_AT_SCALE,
        "How long a queue may be in use before that rule holds; until then, how long a request may wait.",
        "A burst that is worked off within this time loses nothing.";

    ADAPTIVE_INITIAL: u32 = 20, Default, Unsure, GRADIENT,
        "Requests at once with which an adaptive limit begins.",
        "It grows while answers are as quick as usual, and shrinks as they become slower.";

    ADAPTIVE_MIN: u32 = 20, Default, Unsure, GRADIENT,
        "The fewest requests at once that an adaptive limit comes down to.",
        "Below it the limit would starve on its own noise.";

    ADAPTIVE_MAX: u32 = 200, Default, Unsure, GRADIENT,
        "The most requests at once that an adaptive limit goes up to.",
        "A limit that nothing presses down stays here.";

    ADAPTIVE_SMOOTHING: f64 = 0.2, Default, Unsure, GRADIENT,
        "Which part of a new limit counts when an adaptive limit is changed.",
        "The rest is the old limit.";

    ADAPTIVE_TOLERANCE: f64 = 1.5, Default, Unsure, GRADIENT,
        "How many times as long as usual answers may take before an adaptive limit shrinks.",
        "";

    ADAPTIVE_LONG_WINDOW: u32 = 600, Default, Unsure, GRADIENT,
        "Over how many answers an adaptive limit knows what is usual.",
        "An exponential average.";

    HEDGE_COPIES: u32 = 2, Assumption, Own, OWN,
        "Copies of a request, the first included, that a client sends which hedges.",
        "gRPC has no value of its own; two is what is written about most: it cuts the tail for a few per cent of load.";

    REJECTION_WORK: Duration = Duration::ZERO, Assumption, Own, OWN,
        "What it costs a server to turn a request away, in its own time.",
        "It is never quite nothing; a scenario that is about shedding load should say how much.";
}
