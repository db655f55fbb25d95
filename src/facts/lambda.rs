//! AWS Lambda: how many copies of a function run at once, how fast that number grows, how it retries and what it costs.

use crate::units::{Bytes, Duration, Rate, Share};

use super::table::{OWN, Source, facts, read};
use super::values::{Latency, Price, Throughput};

const GUIDE: Source = read("AWS Lambda Developer Guide, Quotas (awsdocs/aws-lambda-developer-guide, 2023-10)");
const SCALING: Source = read("AWS Lambda Developer Guide, Scaling behavior (scaling-behavior)");
const QUEUE_SCALING: Source = read("AWS Lambda Developer Guide, Scaling of queue pollers (services-sqs-scaling)");
const MAPPING: Source = read("AWS Lambda API Reference, CreateEventSourceMapping (service model of botocore 1.44.5)");
const INVOKE: Source = read("AWS Lambda API Reference, Invoke (service model of botocore 1.44.5)");
const ASYNC: Source = read("AWS Lambda API Reference, PutFunctionEventInvokeConfig (service model of botocore 1.44.5)");
const ASYNC_GUIDE: Source =
    read("AWS Lambda Developer Guide, Asynchronous invocation (awsdocs/aws-lambda-developer-guide, 2023-10)");
const FUNCTION: Source = read("AWS Lambda API Reference, CreateFunction (service model of botocore 1.44.5)");
const RESERVED: Source = read("AWS Lambda API Reference, PutFunctionConcurrency (service model of botocore 1.44.5)");
const ENVIRONMENT: Source =
    read("AWS Lambda Developer Guide, Execution environment (awsdocs/aws-lambda-developer-guide, 2023-10)");
const QUEUES: Source =
    read("AWS Lambda Developer Guide, Using Lambda with Amazon SQS (awsdocs/aws-lambda-developer-guide, 2023-10)");
const PROVISIONED: Source = read("AWS What's New 2025-11-14 and AWS News Blog, provisioned mode for SQS");
const QUEUE_CENTRE: Source = read("AWS re:Post knowledge center, lambda-sqs-scaling");
const COLD: Source = read("edjgeek.com, table of cold starts (a third party, checked by its author 2026-04)");
const PRICES: Source = read("aws.amazon.com/lambda/pricing (2026; figures from memory)");

facts! { "lambda";
    ACCOUNT_CONCURRENCY: u32 = 1_000, Quota, Stated, GUIDE,
        "How many requests all functions of an account work on at once in a Region.",
        "Further ones are refused with 429. New accounts begin lower; raised on request.";

    SCALE_UP_STEP: u32 = 1_000, Quota, Stated, SCALING,
        "How many copies a function can gain within lambda.scale_up_period.",
        "Faster growth is refused with 429. Older pages know a burst of 3,000 and then 500 a minute.";

    SCALE_UP_PERIOD: Duration = Duration::from_secs(10), Quota, Stated, SCALING,
        "The time in which a function can gain lambda.scale_up_step copies.",
        "What is not used does not add up.";

    UNRESERVED_CONCURRENCY_MIN: u32 = 100, Quota, Stated, RESERVED,
        "How much of the account's concurrency no function can reserve.",
        "Reserving more is refused.";

    REQUESTS_PER_CONCURRENCY: u32 = 10, Quota, Stated, GUIDE,
        "How many requests a second are taken for each one that may be worked on at once.",
        "Further ones are refused with 429. What a function has reserved counts for it alone, the rest of the account's \
         concurrency for all others together. It shows only with functions that need less than a tenth of a second. \
         Calls and the pollers of queues are counted, and events from outside; not those that other services of AWS \
         hand over.";

    SCALE_UP_REQUESTS: u32 = 10_000, Quota, Stated, SCALING,
        "By how many requests a second a function can grow within lambda.scale_up_period.",
        "Faster growth is refused with 429. It shows only where an account has more concurrency than usual.";

    TIMEOUT: Duration = Duration::from_secs(3), Default, Stated, FUNCTION,
        "How long a request of a function can take unless it says otherwise.",
        "It is stopped then, and counts as failed.";

    TIMEOUT_MAX: Duration = Duration::from_secs(900), Quota, Stated, GUIDE,
        "The longest time that one request of a function can take.",
        "It is stopped, and whatever it worked on starts again.";

    MEMORY: Bytes = Bytes::mib(128), Default, Stated, FUNCTION,
        "The memory that a function has unless it says otherwise.",
        "Its time is paid for by memory.";

    MEMORY_MIN: Bytes = Bytes::mib(128), Quota, Stated, GUIDE,
        "The least memory that a function can have.",
        "Less is refused.";

    MEMORY_MAX: Bytes = Bytes::mib(10_240), Quota, Stated, GUIDE,
        "The most memory that a function can have.",
        "More is refused. At 1,769 MB a function has the power of one processor; how fast it is then is said by `speed`.";

    INIT_LIMIT: Duration = Duration::from_secs(10), Quota, Stated, ENVIRONMENT,
        "The longest time that a new copy of a function can take to get ready.",
        "Then it starts again as a part of its first request, whose timeout it uses up.";

    INIT_PYTHON: Latency = Latency::of_millis(300, 1_000), Assumption, Unsure, COLD,
        "How long a new copy of a Python function takes to get ready.",
        "The middle of the ranges given, 0.2 to 0.4 s and 0.8 to 1.2 s. What the function loads itself comes on top.";

    INIT_NODE: Latency = Latency::of_millis(275, 800), Assumption, Unsure, COLD,
        "How long a new copy of a Node.js function takes to get ready.",
        "The middle of the ranges given, 0.2 to 0.35 s and 0.6 to 1 s.";

    INIT_GO: Latency = Latency::of_millis(75, 200), Assumption, Unsure, COLD,
        "How long a new copy of a Go function takes to get ready.",
        "The middle of the ranges given, 50 to 100 ms and 150 to 250 ms.";

    INIT_RUST: Latency = Latency::of_millis(65, 150), Assumption, Unsure, COLD,
        "How long a new copy of a Rust function takes to get ready.",
        "The middle of the ranges given, 50 to 80 ms and 100 to 200 ms.";

    INIT_JAVA: Latency = Latency::of_millis(3_500, 8_000), Assumption, Unsure, COLD,
        "How long a new copy of a Java function takes to get ready.",
        "The middle of the ranges given, 2 to 5 s and 6 to 10 s.";

    INIT_JAVA_SNAP_START: Latency = Latency::of_millis(115, 300), Assumption, Unsure, COLD,
        "How long a new copy of a Java function with SnapStart takes to get ready.",
        "The middle of the ranges given, 90 to 140 ms and 200 to 400 ms.";

    IDLE_LIFE: Duration = Duration::from_mins(10), Assumption, Unsure, OWN,
        "How long a copy of a function without requests is kept.",
        "Not published; third parties saw 5 to 15 minutes.";

    INVOKE_LATENCY: Latency = Latency::of_millis(10, 50), Assumption, Own, OWN,
        "Round trip of a call of a function, its own time not counted.",
        "Not published; taken to be like a send to a queue.";

    PAYLOAD_MAX: Bytes = Bytes::mib(6), Quota, Stated, INVOKE,
        "The largest request or answer of a synchronous call of a function.",
        "The call is refused.";

    ASYNC_PAYLOAD_MAX: Bytes = Bytes::mib(1), Quota, Stated, INVOKE,
        "The largest event handed to a function without waiting for it.",
        "It is refused. Pages from before the end of 2025 say 256 KB.";

    ASYNC_RETRIES: u32 = 2, Default, Stated, ASYNC,
        "How often an event is tried again after the function failed.",
        "After one minute and after two more; then it goes to the dead-letter queue or is dropped.";

    ASYNC_RETRY_WAIT: Duration = Duration::from_mins(1), Default, Stated, ASYNC_GUIDE,
        "How long an event waits after the function failed for the first time.",
        "After the second failure it waits for lambda.async_retry_wait_second.";

    ASYNC_RETRY_WAIT_SECOND: Duration = Duration::from_mins(2), Default, Stated, ASYNC_GUIDE,
        "How long an event waits after the function failed for the second time.",
        "After the third failure it goes to the dead-letter queue or is dropped.";

    ASYNC_THROTTLE_WAIT: Duration = Duration::from_secs(1), Default, Stated, ASYNC_GUIDE,
        "How long an event waits that found no room for the first time.",
        "The wait doubles each time, up to lambda.async_throttle_wait_max.";

    ASYNC_THROTTLE_WAIT_MAX: Duration = Duration::from_mins(5), Default, Stated, ASYNC_GUIDE,
        "The longest wait of an event that finds no room.",
        "A copy of the function can be idle while events wait that long.";

    ASYNC_THROTTLE_JITTER: Share = Share::new(0.1), Assumption, Own, OWN,
        "Each wait of an event that finds no room is shorter by up to this share, at random.",
        "The guide says how the waits grow and nothing of chance. Without any, events that came together would all come \
         again together, and most of them would find no room each time.";

    ASYNC_EVENT_AGE_MAX: Duration = Duration::from_hours(6), Default, Stated, ASYNC_GUIDE,
        "How long an event waits while its function has no room.",
        "Then it goes to the dead-letter queue or is dropped, without having run once. No function can ask for longer.";

    ASYNC_EVENT_AGE_MIN: Duration = Duration::from_secs(60), Quota, Stated, ASYNC,
        "The shortest age at which a function can have its events given up.",
        "A shorter one is refused.";

    SQS_BATCH_SIZE: u32 = 10, Default, Stated, MAPPING,
        "How many messages of a queue a function gets at once.",
        "If it fails all of them come back, unless it says which.";

    SQS_BATCH_SIZE_MAX: u32 = 10_000, Quota, Stated, MAPPING,
        "The most messages of a standard queue that a function gets at once.",
        "Above 10 a batching window of a second or more is needed.";

    SQS_FIFO_BATCH_SIZE_MAX: u32 = 10, Quota, Stated, MAPPING,
        "The most messages of a FIFO queue that a function gets at once.",
        "And it has no batching window.";

    SQS_BATCH_SIZE_WITHOUT_WINDOW_MAX: u32 = 10, Quota, Stated, MAPPING,
        "The most messages that a function gets at once without a batching window.",
        "More than one receive returns have to be gathered, which takes a window of a second or more.";

    SQS_BATCHING_WINDOW: Duration = Duration::from_secs(0), Default, Stated, MAPPING,
        "How long messages of a queue are gathered before a function gets them.",
        "0: it gets what one receive returns.";

    SQS_BATCHING_WINDOW_MAX: Duration = Duration::from_secs(300), Quota, Stated, MAPPING,
        "The longest time for which messages of a queue are gathered.",
        "A longer one is refused.";

    SQS_POLL_WAIT: Duration = Duration::from_secs(20), Default, Stated, QUEUES,
        "How long a poll of a queue waits on behalf of a function.",
        "With little traffic a batch waits for that long even if its window is shorter.";

    SQS_BATCH_IN_PARALLEL: u32 = 1, Assumption, Own, OWN,
        "How many messages of one batch a function works on at the same time.",
        "That is up to its author; one after the other is what a plain loop does.";

    SQS_POLLERS_IDLE: u32 = 2, Default, Stated, QUEUE_CENTRE,
        "How many pollers are left at a queue in which nothing comes.",
        "To save polls, unless a maximum concurrency is set. With the first messages \
         lambda.sqs_concurrency_start are back.";

    SQS_CONCURRENCY_START: u32 = 5, Default, Stated, QUEUE_SCALING,
        "How many copies of a function begin to work on a queue that fills.",
        "Then it grows by lambda.sqs_concurrency_growth.";

    SQS_CONCURRENCY_GROWTH: Rate = Rate::per_second(5.0), Quota, Stated, QUEUE_SCALING,
        "How fast more copies of a function come to work on a queue: 300 a minute.",
        "From 5 to 1,250 it takes a little over four minutes.";

    SQS_CONCURRENCY_MAX: u32 = 1_250, Quota, Unsure, QUEUE_SCALING,
        "The most copies of a function that work on one queue.",
        "More messages wait in the queue. An older version of the page says 1,000.";

    SQS_MAXIMUM_CONCURRENCY_MIN: u32 = 2, Quota, Stated, MAPPING,
        "The lowest limit that can be set for the copies of a function that work on one queue.",
        "A lower one is refused.";

    SQS_MAXIMUM_CONCURRENCY_MAX: u32 = 1_000, Quota, Stated, MAPPING,
        "The highest limit that can be set for the copies of a function that work on one queue.",
        "Without a limit it is lambda.sqs_concurrency_max.";

    SQS_LOOK_BACK: Duration = Duration::from_mins(1), Assumption, Own, OWN,
        "How often the pollers of a queue look at how their batches fared.",
        "They are in trouble if more of them failed or were let go than were done, or if more wait with a batch that \
         found no room than have one at work. The guide says only that concurrency falls gradually.";

    SQS_TROUBLE_DIVISOR: u32 = 2, Assumption, Own, OWN,
        "By how much the number of pollers of a queue is divided after each lambda.sqs_look_back in trouble.",
        "It does not fall below lambda.sqs_concurrency_start, and does not grow until they look again.";

    SQS_GROWTH_HALVINGS_MAX: u32 = 8, Assumption, Own, OWN,
        "How often lambda.sqs_concurrency_growth is halved at most: once for each lambda.sqs_look_back in trouble.",
        "After each one without trouble it doubles again. Halved eight times it is about one a minute.";

    SQS_VISIBILITY_MARGIN: Duration = Duration::from_secs(30), Default, Stated, QUEUES,
        "By how much messages that are gathered stay hidden beyond the window and the function's timeout together.",
        "It counts where these two are longer than the queue's own visibility timeout.";

    SQS_VISIBILITY_FACTOR: u32 = 6, Default, Stated, QUEUES,
        "How many times the function's timeout a queue should hide its messages, by the guide's advice.",
        "So that a batch can be tried again when the function was throttled. A window comes on top. A queue that hides \
         them for less than one timeout is refused (from memory).";

    SQS_RECEIVES_ADVISED: u32 = 5, Default, Stated, QUEUES,
        "How many receives before the dead-letter queue the guide advises, at least, for a queue that a function reads.",
        "A batch that is let go because the function was throttled has used one up.";

    PROVISIONED_POLLERS_MIN: u32 = 2, Default, Stated, MAPPING,
        "How many pollers of a queue are always there in provisioned mode, unless said otherwise; at least as many.",
        "Each is paid for by the hour.";

    PROVISIONED_POLLERS_MIN_MAX: u32 = 200, Quota, Stated, MAPPING,
        "The most pollers that can always be there in provisioned mode.",
        "More are refused.";

    PROVISIONED_POLLERS: u32 = 200, Default, Stated, MAPPING,
        "The most pollers of a queue in provisioned mode, unless said otherwise.",
        "Two hundred keep 2,000 copies of a function at work.";

    PROVISIONED_POLLERS_MAX: u32 = 10_000, Quota, Unsure, MAPPING,
        "The most pollers of a queue that can be asked for in provisioned mode.",
        "The guide still says 2,000.";

    PROVISIONED_INVOKES: u32 = 10, Quota, Stated, PROVISIONED,
        "How many copies of a function one provisioned poller keeps at work.",
        "More messages wait for the next poller.";

    PROVISIONED_THROUGHPUT: Throughput = Throughput::mib(1), Quota, Stated, PROVISIONED,
        "How much one provisioned poller fetches.",
        "Then it waits. The page says 1 MB.";

    PROVISIONED_POLLS: Rate = Rate::per_second(10.0), Quota, Unsure, PROVISIONED,
        "How many polls a second one provisioned poller makes.",
        "Then it waits. From memory.";

    PROVISIONED_GROWTH: Rate = Rate::per_minute(1_000.0), Quota, Stated, PROVISIONED,
        "How fast more copies of a function come to work on a queue in provisioned mode: 1,000 a minute.",
        "From 20 to 1,250 it takes about 74 seconds.";

    PROVISIONED_CONCURRENCY_MAX: u32 = 20_000, Quota, Stated, PROVISIONED,
        "The most copies of a function that work on one queue in provisioned mode.",
        "More messages wait in the queue.";

    KINESIS_BATCH_SIZE: u32 = 100, Default, Stated, MAPPING,
        "How many records of a shard a function gets at once.",
        "A batch that fails blocks its shard until it succeeds or its records expire.";

    PROVISIONED_POLLER_PRICE: Price = Price::each_one(0.009_25, "poller-hour"), Price, Unsure, PROVISIONED,
        "A provisioned poller.",
        "us-east-1; not verified. The price list counts event poller units; taken to be one for each poller.";

    REQUEST_PRICE: Price = Price::per_million(0.20, "request"), Price, Unsure, PRICES,
        "A request to a function.",
        "us-east-1. What is refused with 429 costs nothing; each further try of an event is a request.";

    ASYNC_BILLED_FIRST: Bytes = Bytes::kib(256), Price, Stated, PRICES,
        "How much of an event is in the price of its request.",
        "Beyond it each started lambda.async_billed_chunk is one request more.";

    ASYNC_BILLED_CHUNK: Bytes = Bytes::kib(64), Price, Stated, PRICES,
        "A piece of an event beyond lambda.async_billed_first that costs as much as a request.",
        "An event of 1 MiB costs thirteen requests. Taken to be counted once, when the event is taken in.";

    BILLED_PIECE: Duration = Duration::from_millis(1), Price, Stated, PRICES,
        "A function's time is billed in pieces of this length, for each request.",
        "The time to get ready is billed as well (third parties, since August 2025).";

    DURATION_PRICE: Price = Price::each_one(0.000_016_666_7, "GB-second"), Price, Unsure, PRICES,
        "A function's time, by the memory it has, rounded up to a millisecond.",
        "us-east-1, x86. A GB is 1,024 MiB.";

    DURATION_PRICE_ARM: Price = Price::each_one(0.000_013_333_4, "GB-second"), Price, Unsure, PRICES,
        "The same on ARM.",
        "us-east-1; about a fifth less than on x86.";
}
