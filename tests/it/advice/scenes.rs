//! The scenarios that the lessons begin with.

pub(super) const HEAD: &str = r#"
[run]
duration = "10min"
drain    = "1h"
[traffic.orders]
rate = "1/s"
[work.pack]
time = "2s"
"#;
/// The work of the head, which not every design does.
pub(super) const WORK: &str = "[work.pack]\ntime = \"2s\"\n";
pub(super) const QUEUED: &str = r#"
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
pub(super) const CALLED: &str = r#"
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
pub(super) const STREAMED: &str = r#"
[pipeline.streamed.events]
kind   = "kinesis"
from   = "orders"
shards = 3
[pipeline.streamed.readers]
kind  = "reader"
reads = "events"
"#;
pub(super) const BROKERED: &str = r#"
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
pub(super) const FUNCTIONS: &str = r#"
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
pub(super) const MAILED: &str = r#"
[pipeline.mailed.news]
kind        = "sns"
from        = "orders"
subscribers = "mail"
[pipeline.mailed.mail]
kind = "email"
"#;
pub(super) const PUSHED: &str = r#"
[pipeline.pushed.news]
kind        = "sns"
from        = "orders"
subscribers = { to = "shop" }
[pipeline.pushed.shop]
kind  = "service"
slots = 4
work  = "pack"
"#;
pub(super) const TEXTED: &str = r#"
[pipeline.texted.news]
kind        = "sns"
from        = "orders"
subscribers = "phone"
[pipeline.texted.phone]
kind = "sms"
"#;
pub(super) const GROUPED: &str = r#"
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
pub(super) const BALANCED: &str = r#"
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
pub(super) const APPS: &str = r#"
[pipeline.apps.news]
kind        = "sns"
from        = "orders"
subscribers = { to = "app", count = 1000, invalid_tokens = "0.01%" }
[pipeline.apps.app]
kind = "push"
"#;
pub(super) const MORE_WORK: &str = "[work.wrap]\ntime = \"3s\"\n[work.pack]";
pub(super) const BREAKER_OF_4000: &str =
    "breaker = { minimum_number_of_calls = 4000, sliding_window_size = 5000 }, retries";
pub(super) const BREAKER_OF_3600: &str =
    "breaker = { minimum_number_of_calls = 3600, sliding_window_size = 5000 }, retries";
/// One call a second, three attempts at each: twice as many may come in 17 seconds.
pub(super) const BREAKER_OF_17_SECONDS: &str = "breaker = { sliding_window_type = \"time_based\", sliding_window_size = 17, minimum_number_of_calls = 100 }, retries";
pub(super) const BREAKER_OF_7_SECONDS: &str = "breaker = { sliding_window_type = \"time_based\", sliding_window_size = 7, minimum_number_of_calls = 100 }, retries";
/// Something that stands before the calls of the service that calls.
pub(super) const fn broken(guard: &'static str) -> (&'static str, &'static str) {
    ("retries", guard)
}
