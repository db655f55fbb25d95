//! Synchronous calls: what a client library, a server and a load balancer do unless told otherwise.
//!
//! Not one service but the parts between two services. The client's figures are those of the AWS client for Python, the
//! server's those of Apache Tomcat, because both are widespread and publish theirs; a scenario sets its own.

use crate::units::{Duration, Rate, Share};

use super::table::{OWN, Source, facts, read};
use super::values::{Latency, Price};

const RETRY: Source = read("botocore 1.44.5, retries/standard.py");
const RETRY_QUOTA_CODE: Source = read("botocore 1.44.5, retries/quota.py and retries/standard.py");
const ADAPTIVE: Source = read("botocore 1.44.5, retries/adaptive.py, retries/throttling.py and retries/bucket.py");
const CLIENT: Source = read("botocore 1.44.5, endpoint.py (default configuration)");
const TOMCAT: Source = read("Apache Tomcat, HTTP connector attributes (as quoted by third parties)");
const CLASSIC_BALANCER: Source = read(
    "Elastic Load Balancing, User Guide for Classic Load Balancers, CloudWatch metrics \
     (awsdocs/elb-classic-load-balancers-user-guide, 2023-06-15)",
);
const BALANCER_API: Source =
    read("Elastic Load Balancing API Reference, ModifyLoadBalancerAttributes (service model of botocore 1.44.5)");
const BALANCER_GUIDE: Source = read(
    "Elastic Load Balancing, User Guide for Application Load Balancers, Troubleshooting \
     (awsdocs/elb-application-load-balancers-user-guide, 2023-06-15)",
);
const LINUX: Source =
    read("Linux: a full accept queue and net.ipv4.tcp_abort_on_overflow (as quoted by third parties)");
const SEMANTICS: Source = read("RFC 9110, HTTP Semantics, section 15");
const MORE_STATUS_CODES: Source = read("RFC 6585, Additional HTTP Status Codes, section 4");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "http";
    SDK_ATTEMPTS: u32 = 3, Default, Stated, RETRY,
        "How often a client library tries a call, counting the first time.",
        "Every layer of a chain does so: with three layers, one call at the top that keeps failing is 27 at the \
         bottom. The client of DynamoDB tries four times, the older mode, still selectable, five times.";

    SDK_BACKOFF_BASE: Duration = Duration::from_millis(50), Default, Stated, RETRY,
        "The longest wait of a client library before its first retry after an error; the shortest is none.",
        "It doubles with each retry, and the wait is drawn at random below it: full jitter.";

    SDK_BACKOFF_BASE_THROTTLED: Duration = Duration::from_secs(1), Default, Stated, RETRY,
        "The same after an answer that tells the caller to slow down.",
        "It doubles with each retry.";

    SDK_BACKOFF_MAX: Duration = Duration::from_secs(20), Default, Stated, RETRY,
        "The longest wait before any retry.",
        "Here the doubling stops.";

    SDK_RETRY_AFTER_MAX: Duration = Duration::from_secs(5), Default, Stated, RETRY,
        "By how much a server that names a waiting time can lengthen the client library's own wait.",
        "A longer time is cut to this.";

    SDK_RETRY_TOKENS: u32 = 500, Default, Stated, RETRY_QUOTA_CODE,
        "How many tokens a client holds at most; its retries use them up.",
        "With too few left it does not retry: a hard outage costs 35 retries in all, not two for each call.";

    SDK_RETRY_COST: u32 = 14, Default, Stated, RETRY_QUOTA_CODE,
        "How many tokens a retry takes.",
        "A retry that succeeds gives them back.";

    SDK_RETRY_COST_THROTTLED: u32 = 5, Default, Stated, RETRY_QUOTA_CODE,
        "How many tokens a retry takes after an answer that tells the caller to slow down.",
        "A retry that succeeds gives them back.";

    SDK_RETRY_REFUND: u32 = 1, Default, Stated, RETRY_QUOTA_CODE,
        "How many tokens a call that succeeds at once gives back.",
        "In the long run one retry for every fourteen successful calls.";

    SDK_LEGACY_ATTEMPTS: u32 = 5, Default, Stated, RETRY,
        "How often a client library tries a call in its older mode, counting the first time.",
        "Still selectable: `mode = \"legacy\"`.";

    SDK_LEGACY_BACKOFF_BASE: Duration = Duration::from_secs(1), Default, Unsure, REMEMBERED,
        "The longest wait before the first retry in the older mode.",
        "It doubles with each retry, and the wait is drawn at random below it.";

    SDK_SEND_CUT: f64 = 0.7, Default, Stated, ADAPTIVE,
        "What is left of a client's rate when it is told to slow down, in the adaptive mode.",
        "Before the first such answer it sends as fast as it likes.";

    SDK_SEND_CUBIC: f64 = 0.4, Default, Stated, ADAPTIVE,
        "How fast the rate of such a client grows again.",
        "By a cubic curve: fast at first, slow around the rate at which it was told to slow down, then fast again.";

    SDK_SEND_MEASURED_MAX: f64 = 2.0, Default, Stated, ADAPTIVE,
        "How many times the rate that it measures such a client may send at most.",
        "So that a client that has little to send does not save up a burst.";

    SDK_SEND_RATE_MIN: Rate = Rate::per_second(0.5), Default, Stated, ADAPTIVE,
        "The lowest rate of such a client.",
        "";

    SDK_SEND_SMOOTHING: f64 = 0.8, Default, Unsure, REMEMBERED,
        "What part the newest measurement is of the rate that such a client measures.",
        "The rest is what it had measured before.";

    SDK_SEND_WINDOW: Duration = Duration::from_millis(500), Default, Unsure, REMEMBERED,
        "Over which time such a client measures its rate.",
        "";

    SDK_CONNECT_TIMEOUT: Duration = Duration::from_secs(60), Default, Stated, CLIENT,
        "How long a client library tries to connect.",
        "Its newer presets shorten it to 3.1 s, or 1.1 s within a Region.";

    SDK_READ_TIMEOUT: Duration = Duration::from_secs(60), Default, Stated, CLIENT,
        "How long a client library waits for an answer.",
        "Then the call has failed for the caller; the server does not notice and works on.";

    SDK_CONNECTIONS: u32 = 10, Default, Stated, CLIENT,
        "How many calls one client can have open at once.",
        "Further calls wait inside the client: with 20 ms a call, 500 calls a second is all it can do. The first client for \
         Java has 50.";

    CALL_LATENCY: Latency = Latency::of_millis(2, 10), Assumption, Own, OWN,
        "What network and load balancer add to one call and its answer within a Region.",
        "Not published. About a millisecond between zones and as much in the balancer, with an occasional slow one; \
         the server's own time comes on top.";

    ENDPOINT_LATENCY: Latency = Latency::of_millis(50, 500), Assumption, Own, OWN,
        "How long a web endpoint of somebody else takes to answer, its distance included.",
        "Not published by anybody. A small request across the internet: fifty milliseconds in the middle, half a \
         second for one in a hundred. The caller's own http.call_latency comes on top.";

    STATUS_UNSUCCESSFUL: u16 = 300, Default, Stated, SEMANTICS,
        "Answers from this status on are no success.",
        "Redirections count as failures here: nobody follows them.";

    STATUS_CLIENT_ERROR: u16 = 400, Default, Stated, SEMANTICS,
        "Answers from this status on say that the request is wrong.",
        "The same request would get the same answer again, but for http.status_too_many_requests.";

    STATUS_TOO_MANY_REQUESTS: u16 = 429, Default, Stated, MORE_STATUS_CODES,
        "The answer that tells a client to slow down.",
        "The one client error that is worth another attempt.";

    STATUS_SERVER_ERROR: u16 = 500, Default, Stated, SEMANTICS,
        "Answers from this status on say that the server failed, this one without saying why.",
        "Worth another attempt.";

    STATUS_MAX: u16 = 599, Default, Stated, SEMANTICS,
        "The last status that has a meaning.",
        "";

    TOMCAT_MAX_THREADS: u32 = 200, Default, Dated, TOMCAT,
        "How many requests a server works on at once.",
        "Further ones wait to be accepted.";

    TOMCAT_ACCEPT_COUNT: u32 = 100, Default, Dated, TOMCAT,
        "How many connections wait while all of a server's threads are busy.",
        "Further ones are refused; or the system ignores their first packet, which the client sees as a slow connect. \
         That is what Linux does unless it is told to refuse: `tcp_abort_on_overflow`.";

    TOMCAT_CONNECTION_TIMEOUT: Duration = Duration::from_secs(60), Default, Dated, TOMCAT,
        "How long a server waits for the request on an open connection.",
        "The connection is closed. The configuration file that comes with it says 20 seconds.";

    TOMCAT_MAX_CONNECTIONS: u32 = 8_192, Default, Unsure, REMEMBERED,
        "How many connections a server holds open at once, busy or not.",
        "Further ones wait in the system's own queue.";

    LISTEN_BACKLOG_MAX: u32 = 4_096, Default, Unsure, REMEMBERED,
        "The most connections that Linux keeps waiting for a server to accept them.",
        "A server's own bound counts if it is smaller. 128 before Linux 5.4.";

    SURGE_QUEUE: u32 = 1_024, Quota, Stated, CLASSIC_BALANCER,
        "How many requests each node of a Classic Load Balancer keeps while no server is free.",
        "Further ones are answered with 503 and counted as spillover. Application Load Balancers document no such \
         queue.";

    ALB_IDLE_TIMEOUT: Duration = Duration::from_secs(60), Default, Stated, BALANCER_API,
        "How long an Application Load Balancer waits for a server's answer.",
        "The client gets 504; the server does not notice and works on.";

    ALB_IDLE_TIMEOUT_MAX: Duration = Duration::from_secs(4_000), Quota, Stated, BALANCER_API,
        "The longest time that an Application Load Balancer can be told to wait for an answer; the shortest is a \
         second.",
        "A longer one is refused: work that takes longer cannot be answered through it.";

    ALB_CONNECT_TIMEOUT: Duration = Duration::from_secs(10), Quota, Stated, BALANCER_GUIDE,
        "How long an Application Load Balancer tries to connect to a server.",
        "The client gets 504.";

    HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(30), Default, Stated, BALANCER_API,
        "How often a load balancer checks whether a server is well.",
        "Between 5 and 300 seconds.";

    HEALTH_CHECK_INTERVAL_MIN: Duration = Duration::from_secs(5), Quota, Stated, BALANCER_API,
        "The shortest interval between two health checks.",
        "A shorter one is refused.";

    HEALTH_CHECK_INTERVAL_MAX: Duration = Duration::from_secs(300), Quota, Stated, BALANCER_API,
        "The longest interval between two health checks.",
        "A longer one is refused.";

    HEALTH_CHECK_TIMEOUT: Duration = Duration::from_secs(6), Default, Stated, BALANCER_API,
        "How long a server may take to answer a health check.",
        "6 seconds for HTTP, 10 for HTTPS; between 2 and 120 seconds.";

    HEALTH_CHECK_TIMEOUT_MIN: Duration = Duration::from_secs(2), Quota, Stated, BALANCER_API,
        "The shortest timeout of a health check.",
        "A shorter one is refused.";

    HEALTH_CHECK_TIMEOUT_MAX: Duration = Duration::from_secs(120), Quota, Stated, BALANCER_API,
        "The longest timeout of a health check.",
        "A longer one is refused.";

    HEALTH_CHECK_TIMEOUT_HTTPS: Duration = Duration::from_secs(10), Default, Stated, BALANCER_API,
        "How long a server may take to answer a health check over HTTPS.",
        "Over plain HTTP it is http.health_check_timeout.";

    HEALTHY_THRESHOLD: u32 = 5, Default, Stated, BALANCER_API,
        "Good checks in a row after which a server gets requests again.",
        "Between 2 and 10.";

    UNHEALTHY_THRESHOLD: u32 = 2, Default, Stated, BALANCER_API,
        "Bad checks in a row after which a server gets no more requests.",
        "Between 2 and 10. What it has got already goes on.";

    HEALTH_THRESHOLD_MIN: u32 = 2, Quota, Stated, BALANCER_API,
        "The fewest checks in a row that change what is thought of a server.",
        "Fewer are refused.";

    HEALTH_THRESHOLD_MAX: u32 = 10, Quota, Stated, BALANCER_API,
        "The most checks in a row that are needed to change what is thought of a server.",
        "More are refused.";

    MINIMUM_HEALTHY_TARGETS: u32 = 1, Default, Stated, BALANCER_API,
        "With fewer healthy servers than this, requests go to all of them.",
        "The balancer fails open: a check that is wrong about everybody must not take everything down.";

    SLOW_START: Duration = Duration::ZERO, Default, Stated, BALANCER_API,
        "How long a server that comes gets a growing share of the requests; 0s gives it its full share at once.",
        "Only where servers are asked in turn.";

    SLOW_START_MIN: Duration = Duration::from_secs(30), Quota, Stated, BALANCER_API,
        "The shortest slow start, if there is one.",
        "A shorter one is refused.";

    SLOW_START_MAX: Duration = Duration::from_secs(900), Quota, Stated, BALANCER_API,
        "The longest slow start.",
        "A longer one is refused.";

    DEREGISTRATION_DELAY: Duration = Duration::from_secs(300), Default, Stated, BALANCER_API,
        "How long a server that is taken out may go on with the requests that it has.",
        "Then its connections are closed, and whoever still waits gets 502. New requests it does not get from the first \
         moment on.";

    DEREGISTRATION_DELAY_MAX: Duration = Duration::from_secs(3_600), Quota, Stated, BALANCER_API,
        "The longest deregistration delay; the shortest is none.",
        "A longer one is refused.";

    ANOMALY_TARGETS_MIN: u32 = 3, Default, Unsure, REMEMBERED,
        "How many healthy servers there must be for one of them to count as an anomaly.",
        "With weighted random routing and anomaly mitigation, which is off unless it is asked for.";

    ANOMALY_PART_MAX: Share = Share::new(0.5), Default, Unsure, REMEMBERED,
        "The largest part of the servers that anomaly mitigation gives fewer requests.",
        "";

    ANOMALY_LOOK: Duration = Duration::from_secs(10), Assumption, Own, OWN,
        "How often a balancer compares the errors of its servers.",
        "Not published. Often enough to act before health checks do.";

    ANOMALY_RATIO: f64 = 3.0, Assumption, Own, OWN,
        "How many times the errors of the others make a server an anomaly.",
        "Not published. Less would punish a server for its luck with a few errors.";

    ANOMALY_ERRORS_MIN: Share = Share::new(0.05), Assumption, Own, OWN,
        "A server with a smaller share of errors is no anomaly, however few the others have.",
        "Not published. Without it a single error among none would be enough.";

    ANOMALY_CUT: Share = Share::new(0.5), Assumption, Own, OWN,
        "What is left of an anomaly's weight at each look.",
        "Not published but for the shape: it is cut by a factor, and given back in equal steps.";

    ANOMALY_FLOOR: Share = Share::new(0.01), Assumption, Own, OWN,
        "The least weight of an anomaly.",
        "Not published. It must get a few requests, or nobody would see that it is well again.";

    ANOMALY_RECOVERY: Share = Share::new(0.1), Assumption, Own, OWN,
        "What a server gets back of its full weight at each look at which it is no anomaly.",
        "Not published. It has its full weight again after ten looks.";

    CONNECT_FIRST_RETRY: Duration = Duration::from_secs(1), Default, Dated, LINUX,
        "How long a client waits for the answer to its first packet before it sends it again; each time twice as long.",
        "Attempts at 0, 1, 3, 7, 15 seconds. A full accept queue shows first as a step of one second in the latency.";

    CONNECT_RETRIES: u32 = 6, Default, Unsure, REMEMBERED,
        "How often a client sends its first packet again before the connection has failed.",
        "The last time after 63 seconds; most clients give up earlier, at their own timeout.";

    ALB_HOUR_PRICE: Price = Price::each_one(0.0225, "balancer-hour"), Price, Unsure, REMEMBERED,
        "An Application Load Balancer for an hour, busy or idle.",
        "us-east-1.";

    ALB_CAPACITY_PRICE: Price = Price::each_one(0.008, "LCU-hour"), Price, Unsure, REMEMBERED,
        "What an Application Load Balancer's traffic costs, in its own capacity units.",
        "us-east-1. Simplified: not counted in a run's cost, because the unit mixes four measures of traffic.";
}
