//! AWS Lambda: how many copies of a function run at once, how fast that number grows, how it retries and what it costs.

use crate::units::{Bytes, Duration, Rate};

use super::table::{Source, facts, read};
use super::values::Price;

const GUIDE: Source = read("AWS Lambda Developer Guide, Quotas (awsdocs/aws-lambda-developer-guide, 2023-10)");
const SCALING: Source = read("AWS Lambda Developer Guide, Scaling behavior (scaling-behavior)");
const QUEUE_SCALING: Source = read("AWS Lambda Developer Guide, Scaling of queue pollers (services-sqs-scaling)");
const MAPPING: Source = read("AWS Lambda API Reference, CreateEventSourceMapping (service model of botocore 1.44.5)");
const INVOKE: Source = read("AWS Lambda API Reference, Invoke (service model of botocore 1.44.5)");
const ASYNC: Source = read("AWS Lambda API Reference, PutFunctionEventInvokeConfig (service model of botocore 1.44.5)");
const ASYNC_GUIDE: Source =
    read("AWS Lambda Developer Guide, Asynchronous invocation (awsdocs/aws-lambda-developer-guide, 2023-10)");
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

    TIMEOUT_MAX: Duration = Duration::from_secs(900), Quota, Stated, GUIDE,
        "The longest time that one request of a function can take.",
        "It is stopped, and whatever it worked on starts again.";

    PAYLOAD_MAX: Bytes = Bytes::mib(6), Quota, Stated, INVOKE,
        "The largest request or answer of a synchronous call of a function.",
        "The call is refused.";

    ASYNC_PAYLOAD_MAX: Bytes = Bytes::mib(1), Quota, Stated, INVOKE,
        "The largest event handed to a function without waiting for it.",
        "It is refused. Pages from before the end of 2025 say 256 KB.";

    ASYNC_RETRIES: u32 = 2, Default, Stated, ASYNC,
        "How often an event is tried again after the function failed.",
        "After one minute and after two more; then it goes to the dead-letter queue or is dropped.";

    ASYNC_EVENT_AGE_MAX: Duration = Duration::from_hours(6), Default, Stated, ASYNC_GUIDE,
        "How long an event waits while its function has no room.",
        "Then it goes to the dead-letter queue or is dropped, without having run once.";

    SQS_BATCH_SIZE: u32 = 10, Default, Stated, MAPPING,
        "How many messages of a queue a function gets at once.",
        "If it fails all of them come back, unless it says which.";

    SQS_CONCURRENCY_START: u32 = 5, Default, Stated, QUEUE_SCALING,
        "How many copies of a function begin to work on a queue that fills.",
        "Then it grows by lambda.sqs_concurrency_growth.";

    SQS_CONCURRENCY_GROWTH: Rate = Rate::per_second(5.0), Quota, Stated, QUEUE_SCALING,
        "How fast more copies of a function come to work on a queue: 300 a minute.",
        "From 5 to 1,250 it takes a little over four minutes.";

    SQS_CONCURRENCY_MAX: u32 = 1_250, Quota, Unsure, QUEUE_SCALING,
        "The most copies of a function that work on one queue.",
        "More messages wait in the queue. An older version of the page says 1,000.";

    KINESIS_BATCH_SIZE: u32 = 100, Default, Stated, MAPPING,
        "How many records of a shard a function gets at once.",
        "A batch that fails blocks its shard until it succeeds or its records expire.";

    REQUEST_PRICE: Price = Price::per_million(0.20, "request"), Price, Unsure, PRICES,
        "A request to a function.",
        "us-east-1.";

    DURATION_PRICE: Price = Price::each_one(0.000_016_666_7, "GB-second"), Price, Unsure, PRICES,
        "A function's time, by the memory it has, rounded up to a millisecond.",
        "us-east-1, x86; about a fifth less on ARM.";
}
